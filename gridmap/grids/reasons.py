"""Why grids are outside the bounds: with the proof, or with the plain statement that nothing better was found."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from gridmap.findings import Finding, finding
from gridmap.grids.certificate import Certificate
from gridmap.grids.community import Outcome
from gridmap.grids.plan import Plan, bounds_finding, out_of_bounds
from gridmap.rules import Rules
from gridmap.texts import Word

TOLD_BY_ATOMS = "atom_above_maximum"
"""This proof is one atom's own size, which splitting the atoms has told already."""


WHOLE_PART = "part_"
"""Proofs whose codes begin so are about a part as a whole; the others name one atom in it."""

PROVED_HOUSEHOLDS = "proved_households"
"""The word of a finding that tells a proof: how many households of the part must stay outside the bounds."""

REASONS = ("grid_not_found", "grid_outside_proved", "grid_outside_partly_proved")


def bounds_findings(plan: Plan, proofs: Mapping[str, Sequence[Certificate]], *, kept: Collection[str] = ()) -> list[Finding]:
    """Return a finding for every ordinary grid outside the bounds, and the proofs that stand behind them.

    ``proofs`` gives the certificates of each community that was planned. Grids are said to be unavoidably outside only when their part has no more
    households outside the bounds than are proved to be the least. Where fewer are proved, the finding tells both numbers for the grids that the proof
    is about: all of a part that is proved as a whole, else the one with the atom that it names. Every other grid is "not found in this effort".
    ``kept`` are grids that were not to change: proofs hold only while they stay, and where that matters a finding says so.
    """
    outside = {str(grid_id): grid for grid_id, grid in out_of_bounds(plan).iterrows()}
    reasons: dict[str, Finding] = {}
    findings: list[Finding] = []
    for community_id, its in proofs.items():
        in_parts: dict[tuple[str, ...], list[str]] = {}
        for proof in its:
            its_grids = dict.fromkeys(plan.grid_of.reindex(list(proof.atoms)).dropna())
            in_parts[proof.atoms] = [grid_id for grid_id in its_grids if grid_id in outside]
            if proof.code != TOLD_BY_ATOMS:
                findings.append(_told(proof, community_id, plan, in_parts[proof.atoms]))
        # Of several proofs about a grid the one that proves most is told.
        for proof in sorted(its, key=lambda proof: -proof.violation_households):
            for grid_id, reason in _reasons(plan, proof, in_parts[proof.atoms], outside).items():
                reasons.setdefault(grid_id, reason)
        findings += _kept_condition(plan, community_id, its, kept)
    for grid_id, grid in outside.items():
        # A grid that was to stay as it is was not searched for.
        bare = "grid_out_of_bounds" if grid_id in kept else "grid_not_found"
        findings.append(reasons.get(grid_id) or bounds_finding(bare, grid, grid_id, plan.rules))
    return findings


def optimality_findings(outcomes: Mapping[str, Outcome]) -> list[Finding]:
    """Return what is proved of the weighted sum, in one sentence for all communities; nothing when no proof was tried.

    ``outcomes`` are those of the communities that were planned, by community.
    """
    gaps = [outcome.gap for outcome in outcomes.values()]
    known = [gap for gap in gaps if gap is not None]
    if not known:
        return []
    proved, together = sum(gap == 0 for gap in known), max(outcome.drawn_together for outcome in outcomes.values() if outcome.gap is not None)
    words: dict[str, Any] = {"communities": len(gaps), **({"limit": together} if together else {})}
    if proved == len(gaps):
        return [finding("plan_proved_together" if together else "plan_proved", "", **words)]
    # Rounded up: "at most" must stay true.
    words |= {"proved": proved, "bounded": len(known) - proved, "gap": math.ceil(1000 * max(known)) / 10, "open": len(gaps) - len(known)}
    return [finding("plan_proved_partly_together" if together else "plan_proved_partly", "", **words)]


def _reasons(plan: Plan, proof: Certificate, in_part: Sequence[str], outside: Mapping[str, Any]) -> dict[str, Finding]:
    """Return what a proof says of the grids outside the bounds in its part, by grid."""
    found = _households_off([outside[grid_id] for grid_id in in_part], plan.rules)
    code, concerned = "grid_outside_proved", in_part
    if found > proof.violation_households:
        code = "grid_outside_partly_proved"
        concerned = in_part if proof.code.startswith(WHOLE_PART) else [grid_id for grid_id in in_part if grid_id == plan.grid_of[proof.subject]]
        found = _households_off([outside[grid_id] for grid_id in concerned], plan.rules)
    words: dict[str, Word] = {"proof": proof.subject, "proved": proof.violation_households, "found": found}
    made = {grid_id: bounds_finding(code, outside[grid_id], grid_id, plan.rules) for grid_id in concerned}
    return {grid_id: dataclasses.replace(each, words={**each.words, **words}) for grid_id, each in made.items()}


def _households_off(grids: Sequence[Any], rules: Rules) -> int:
    """Sum what grids have below the minimum or above the maximum."""
    bounds = rules.grid
    return sum(max(bounds.households_min - int(each["households"]), int(each["households"]) - bounds.households_max, 0) for each in grids)


def _told(proof: Certificate, community_id: str, plan: Plan, concerned: Sequence[str]) -> Finding:
    """Return the proof as an error, for it tells of a rule that is not met, placed on the map and at its grid when it is about one grid only."""
    place = plan.atoms.geometry[proof.subject].representative_point()
    grid_id = concerned[0] if len(concerned) == 1 else None
    told = proof.finding(community_id)
    words = {**told.words, PROVED_HOUSEHOLDS: proof.violation_households}
    return dataclasses.replace(told, severity="error", grid_id=grid_id, x=float(place.x), y=float(place.y), words=words)


def _kept_condition(plan: Plan, community_id: str, proofs: Sequence[Certificate], kept: Collection[str]) -> Iterator[Finding]:
    """Yield a finding when proofs of a community rest on grids that were to stay."""
    its = [grid_id for grid_id in kept if grid_id in plan.grids.index and plan.grids["community_id"][grid_id] == community_id]
    if its and any(proof.code != TOLD_BY_ATOMS for proof in proofs):
        yield finding("proof_with_kept_grids", community_id, community_id=community_id, value=len(its))


def with_carried(made: Sequence[Finding], start: Plan, rules: Rules, community: str) -> list[Finding]:
    """Return the findings of a plan in which only ``community`` was planned anew: what ``start`` knows of the others, its proofs too, still holds.

    It takes the place of the bare statement that a grid is outside the bounds. With other bounds nothing is carried over.
    """
    if (start.rules.grid.households_min, start.rules.grid.households_max) != (rules.grid.households_min, rules.grid.households_max):
        return list(made)
    known = {(each.code, each.subject) for each in made}
    carried = [each for each in start.findings if each.community_id not in (None, community) and (each.code, each.subject) not in known]
    reasoned = {each.grid_id for each in carried if each.code in REASONS}
    return [each for each in made if not (each.code == "grid_out_of_bounds" and each.grid_id in reasoned)] + carried

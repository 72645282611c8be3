"""Why grids are outside the bounds: with the proof, or with the plain statement that nothing better was found."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Mapping, Sequence

from gridmap.findings import Finding, finding
from gridmap.grids.certificate import Certificate
from gridmap.grids.plan import Plan, bounds_finding, out_of_bounds
from gridmap.rules import Rules

TOLD_BY_ATOMS = "atom_above_maximum"
"""This proof is one atom's own size, which splitting the atoms has told already."""


REASONS = ("grid_not_found", "grid_outside_proved", "grid_outside_partly_proved")


def bounds_findings(plan: Plan, proofs: Mapping[str, Sequence[Certificate]], *, kept: Collection[str] = ()) -> list[Finding]:
    """Return a finding for every ordinary grid outside the bounds, and the proofs that stand behind them.

    ``proofs`` gives the certificates of each community that was planned. A grid outside the bounds is said to be unavoidable only when its part has
    no more households outside the bounds than are proved to be the least; where fewer are proved, the finding tells both numbers; where nothing is
    proved, it says "not found in this effort". ``kept`` are grids that were not to change: proofs hold only while they stay, and where that matters
    a finding says so.
    """
    outside = {str(grid_id): grid for grid_id, grid in out_of_bounds(plan).iterrows()}
    bounds = plan.rules.grid
    short = {
        name: max(bounds.households_min - int(grid["households"]), int(grid["households"]) - bounds.households_max) for name, grid in outside.items()
    }
    findings: list[Finding] = []
    proved: dict[str, Finding] = {}
    for community_id, its in proofs.items():
        for proof in its:
            concerned = [grid_id for grid_id in dict.fromkeys(plan.grid_of.reindex(list(proof.atoms)).dropna()) if grid_id in outside]
            found = sum(short[grid_id] for grid_id in concerned)
            if proof.code != TOLD_BY_ATOMS:
                findings.append(_told(proof, community_id, plan, concerned))
            for grid_id in concerned:
                code = "grid_outside_proved" if found <= proof.violation_households else "grid_outside_partly_proved"
                words = {"proof": proof.subject, "proved": proof.violation_households, "found": found}
                made = bounds_finding(code, outside[grid_id], grid_id, plan.rules)
                # An atom above the maximum can only be worse than its own proof when others joined it, which the other proof tells better.
                proved.setdefault(grid_id, dataclasses.replace(made, words={**made.words, **words}))
        findings += _kept_condition(plan, community_id, its, kept)
    findings += [
        proved[grid_id] if grid_id in proved else bounds_finding(_unproved(grid_id, kept), grid, grid_id, plan.rules)
        for grid_id, grid in outside.items()
    ]
    return findings


def _unproved(grid_id: str, kept: Collection[str]) -> str:
    """A grid that was to stay as it is was not searched for."""
    return "grid_out_of_bounds" if grid_id in kept else "grid_not_found"


def _told(proof: Certificate, community_id: str, plan: Plan, concerned: Sequence[str]) -> Finding:
    """Return the proof as an error, for it tells of a rule that is not met, placed on the map and at its grid when it is about one grid only."""
    place = plan.atoms.geometry[proof.subject].representative_point()
    grid_id = concerned[0] if len(concerned) == 1 else None
    return dataclasses.replace(proof.finding(community_id), severity="error", grid_id=grid_id, x=float(place.x), y=float(place.y))


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

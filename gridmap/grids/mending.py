"""Local repair: only what breaks the rules in a plan is divided anew, together with the grids beside it; all else stays as it is."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gridmap.errors import RequestError
from gridmap.findings import Finding, finding
from gridmap.grids.certificate import Certificate, certificates, parts, violation_bound
from gridmap.grids.community import Job, community_jobs
from gridmap.grids.continuity import named_grids
from gridmap.grids.dedicated import dedicated_groups
from gridmap.grids.existing import missing_households
from gridmap.grids.graph import CommunityGraph, Ints, Truths
from gridmap.grids.plan import ORDINARY, Plan, broken_promises, grid_parts, grids_table, now, out_of_bounds, program_version, some
from gridmap.grids.reasons import PROVED_HOUSEHOLDS, REASONS, bounds_findings
from gridmap.grids.search import search

RINGS = 3
"""How many rings of grids around a violated one are divided anew at most; beyond that it is a new plan, not a repair."""

GRIDS_DIVIDED = 16
"""How many grids of a community are divided anew, counted each time, before no further ring is tried: whoever redraws a plan waits for it."""

PROMISES = ("atom_unassigned", "grid_crosses_communities", "grid_disconnected")
"""Findings that say that a plan, an office's own or one redrawn by hand, breaks what every plan promises."""


@dataclass(frozen=True, eq=False)
class Repair:
    """A repair to accept or to reject: what would change from ``plan.parent`` to ``plan``.

    ``moves``: DataFrame indexed by atom id with ``from_grid`` (text, missing where the atom was in no grid), ``to_grid`` (text) and ``households``
    (int64). Ids live on by the best matching of old and new grids, so its sum is the least number of households that have to change grid.
    ``violated`` are the grids that broke a rule, ``communities`` those with such grids or with atoms in no grid. ``before`` and ``after`` are the
    findings about these communities; in ``after`` a grid that is still outside the bounds comes with the proof that it must be so, where there is
    one. ``outside_before`` and ``outside_after`` count the households outside the bounds there; a grid in parts counts part by part.

    When nothing better was found ``moves`` is empty and ``plan`` is the plan that was given, itself.
    """

    plan: Plan
    moves: pd.DataFrame
    violated: tuple[str, ...]
    communities: tuple[str, ...]
    outside_before: int
    outside_after: int
    before: tuple[Finding, ...]
    after: tuple[Finding, ...]

    @property
    def households_moved(self) -> int:
        """How many households change grid."""
        return int(self.moves["households"].sum())

    def as_dict(self) -> dict[str, Any]:
        """Return the difference as plain values for ``--json``; findings as their codes and subjects."""
        moves = self.moves.rename_axis("atom_id").reset_index().astype(object)
        return {
            "moves": moves.where(moves.notna(), None).to_dict("records"),
            "households_moved": self.households_moved,
            "violated": list(self.violated),
            "communities": list(self.communities),
            "outside_before": self.outside_before,
            "outside_after": self.outside_after,
        }


def repair(
    plan: Plan,
    *,
    keep: Sequence[str] = (),
    community: str | None = None,
    name: str | None = None,
    author: str | None = None,
    seed: int = 0,
) -> Repair:
    """Return how a plan that breaks rules, redrawn by hand perhaps, can be mended where it does, and nowhere else.

    A grid is violated when it is an ordinary one outside the bounds of the plan's rules, lies in parts, or lies in several communities. It is divided
    anew together with the grids that can be walked to from it directly; only while households are left outside the bounds that are not proved to be
    unavoidable, the grids around these join in, ring by ring, as long as they are few. No more households are outside the bounds afterwards than
    before, and every grid that was touched is connected. Grids named in ``keep`` and dedicated grids never change; a kept grid that is violated
    itself is told in ``after``. Grids that live on keep id, name, worker and code. With ``community`` the others stay as they are.

    The same plan, ``keep`` and ``seed`` give the same repair. Raises ``RequestError`` when the plan has no such grid or community.
    """
    _check_request(plan, keep, community)
    dedicated = plan.grids.index[(plan.grids["kind"] != ORDINARY).to_numpy()]
    # A school in no grid joins none: it becomes a dedicated grid, as in a new plan.
    lone = (plan.grid_of.isna() & plan.atoms["dedicated"]).to_numpy(dtype=bool)
    free = ~plan.grid_of.isin([*keep, *dedicated]).to_numpy() & ~lone
    part = grid_parts(plan.atoms, plan.neighbours, plan.grid_of)
    wrong = _violated_atoms(plan, part)
    if community is not None:
        wrong = wrong & (plan.atoms["community_id"] == community).to_numpy(dtype=bool)
    stuck = sorted({str(each) for each in plan.grid_of[wrong & ~free].dropna()} & set(keep))
    wrong = wrong & (free | lone)
    violated = tuple(sorted({str(each) for each in plan.grid_of[wrong].dropna()}))
    communities = tuple(dict.fromkeys(str(each) for each in plan.atoms["community_id"][wrong]))
    own = free & plan.atoms["community_id"].isin(communities).to_numpy()
    jobs = community_jobs(plan.atoms[own], plan.neighbours, plan.grid_of, plan.rules, seed=seed, effort="quick")

    names = pd.Series(pd.array([None] * int(lone.sum()), dtype="str"), index=plan.atoms.index[lone])
    drafts = dedicated_groups(plan.atoms[lone], plan.neighbours, names).reindex(plan.atoms.index).astype("Int64")
    proofs: dict[str, Sequence[Certificate]] = {}
    before = after = 0
    for job in jobs:
        at = plan.atoms.index.get_indexer(list(job.atoms))
        pieces = pd.DataFrame({"grid": plan.grid_of.iloc[at], "part": part.iloc[at]}).groupby(["grid", "part"], dropna=False, sort=False).ngroup()
        mended = _Mended(job, pieces.to_numpy(dtype=np.int64))
        before += int(mended.outside().sum())
        mended.mend(np.asarray(wrong[at]))
        after += int(mended.outside().sum())
        proofs[job.community_id] = mended.proofs
        drafts.iloc[at] = mended.labels + (int(drafts.max()) + 1 if drafts.notna().any() else 0)

    grid_of = plan.grid_of.where(drafts.isna().to_numpy(), named_grids(drafts, plan.grid_of, plan.atoms, plan.grids.index)).astype("str")
    mended_plan = _changed(plan, grid_of.rename("grid_id"), name=name, author=author, seed=seed)
    findings = _findings(mended_plan, {each: its for each, its in proofs.items() if not _proved_already(plan, mended_plan, each)}, keep)
    if mended_plan is not plan:
        mended_plan = dataclasses.replace(mended_plan, findings=tuple(findings))
    told, tells = ([each for each in made if _concerns(each, communities, (*violated, *stuck))] for made in (plan.findings, findings))
    tells += [finding("kept_grid_violated", each, grid_id=each, community_id=str(plan.grids["community_id"][each])) for each in stuck]
    return Repair(mended_plan, _moves(plan, grid_of), violated, communities, before, after, tuple(told), tuple(tells))


def _check_request(plan: Plan, keep: Sequence[str], community: str | None) -> None:
    for grid_id in keep:
        if grid_id not in plan.grids.index:
            raise RequestError("grid_unknown", grid=grid_id, plan=plan.name)
    known = sorted(set(plan.atoms["community_id"]))
    if community is not None and community not in known:
        raise RequestError("community_unknown", community=community, communities=some(known))


def _violated_atoms(plan: Plan, part: pd.Series) -> Truths:
    """Say of each atom whether its grid breaks a rule, or it is in none."""
    apart = set(plan.grid_of[(part > 0).to_numpy()].dropna()) | set(out_of_bounds(plan).index)
    return np.asarray(plan.grid_of.isna() | plan.grid_of.isin(apart), dtype=np.bool_)


class _Mended:
    """One community in repair: ``labels`` number its grids, each of them connected, at first the connected pieces of the plan's own."""

    def __init__(self, job: Job, pieces: Ints) -> None:
        self.job, self.labels = job, pieces
        self.proofs: list[Certificate] = []
        self.certified = False
        self.start = np.full(len(pieces), -1, np.int64) if job.start is None else job.start

    def outside(self) -> Ints:
        """Return how many households of each grid, by its number, are outside the bounds."""
        used = np.bincount(self.labels) > 0
        load = np.bincount(self.labels, weights=self.job.graph.households).astype(np.int64)
        return np.where(used, np.maximum(self.job.minimum - load, 0) + np.maximum(load - self.job.maximum, 0), 0)

    def mend(self, wrong: Truths) -> None:
        """Divide anew what is ``wrong`` and what lies around it, ring by ring, until no households are outside the bounds that need not be."""
        bad = np.unique(self.labels[wrong])
        tried: set[bytes] = set()
        divided = 0
        for rings in range(1, RINGS + 1):
            for region in _regions(self.job.graph, self.labels, bad, rings):
                grids = len(np.unique(self.labels[region]))
                if region.tobytes() in tried or (rings > 1 and divided + grids > GRIDS_DIVIDED):
                    continue
                tried.add(region.tobytes())
                divided += grids
                self._divide_anew(region, loose=rings == 1 and self._in_parts(region))
            bad = self._avoidable()
            if not len(bad):
                return

    def _in_parts(self, region: Ints) -> bool:
        """Say whether a region has atoms in no grid, or two pieces of one grid: then it has to change in any case."""
        pairs = np.unique(np.stack((self.start[region], self.labels[region])), axis=1)
        return bool((pairs[0] < 0).any() or len(np.unique(pairs[0])) < pairs.shape[1])

    def _divide_anew(self, region: Ints, *, loose: bool) -> None:
        """Search for better grids in a region; without better ones, or as good ones where it is ``loose``, nothing changes."""
        job, graph = self.job, self.job.graph.part(region)
        result = search(graph, job.minimum, job.maximum, effort="quick", seed=job.seed, start=self.start[region])
        now_outside = int(self.outside()[np.unique(self.labels[region])].sum())
        if result.violation_households < now_outside + loose:
            self.labels = self.labels.copy()
            self.labels[region] = result.labels + int(self.labels.max()) + 1
            self.labels = np.unique(self.labels, return_inverse=True)[1].astype(np.int64)
        if _is_closed(job.graph, region):
            self._add(result.certificates)

    def _add(self, proofs: Sequence[Certificate]) -> None:
        known = {(proof.code, proof.subject) for proof in self.proofs}
        self.proofs += [proof for proof in proofs if (proof.code, proof.subject) not in known]

    def _avoidable(self) -> Ints:
        """Return the numbers of the grids outside the bounds, but for parts where no fewer households can be outside."""
        outside = self.outside()
        if not outside.any():
            return np.flatnonzero(outside)
        graph, job = self.job.graph, self.job
        if not self.certified:
            self._add(certificates(graph, job.minimum, job.maximum))
            self.certified = True
        atom_at = {atom: position for position, atom in enumerate(graph.atom_ids)}
        for part in [*parts(graph, job.maximum), *(np.array([giant]) for giant in np.flatnonzero(graph.households > job.maximum))]:
            inside = set(part.tolist())
            least = violation_bound([proof for proof in self.proofs if atom_at[proof.subject] in inside])
            its = np.unique(self.labels[part])
            if outside[its].sum() <= least:
                outside[its] = 0
        return np.flatnonzero(outside)


def _regions(graph: CommunityGraph, labels: Ints, bad: Ints, rings: int) -> list[Ints]:
    """Return the positions of the atoms of the grids ``bad`` and of ``rings`` rings of grids around them, one region for each connected piece."""
    a, b = labels[graph.first[graph.crossable]], labels[graph.second[graph.crossable]]
    near = np.zeros(int(labels.max()) + 1, np.bool_)
    near[bad] = True
    for _ in range(rings):
        near[np.concatenate((a[near[b]], b[near[a]]))] = True
    among = near[labels]
    return graph.components(among)


def _is_closed(graph: CommunityGraph, region: Ints) -> bool:
    """Say whether no way leads out of a region: then what is proved about it holds for the community."""
    inside = np.zeros(len(graph), np.bool_)
    inside[region] = True
    return not (graph.crossable & (inside[graph.first] != inside[graph.second])).any()


def _changed(plan: Plan, grid_of: pd.Series, *, name: str | None, author: str | None, seed: int) -> Plan:
    """Return the plan with the grids of ``grid_of``; the plan itself when they are the same. Its findings are still those of the old plan."""
    moved = _moves(plan, grid_of)
    if moved.empty:
        return plan
    touched = {*moved["from_grid"].dropna(), *moved["to_grid"]}
    own = grid_of.isin(touched).to_numpy()
    told = pd.DataFrame(plan.grids.drop(columns="geometry")).reindex(sorted({*plan.grids.index, *touched}))
    made = grids_table(plan.atoms[own], grid_of[own], told)
    grids = pd.concat([plan.grids[~plan.grids.index.isin(touched)], made]).sort_index()
    origin = dataclasses.replace(
        plan.origin,
        author=plan.origin.author if author is None else author,
        made_at=now(),
        seed=seed,
        effort="quick",
        parent=plan.name,
        version=program_version(),
    )
    return dataclasses.replace(
        plan, name=plan.name if name is None else name, grid_of=grid_of, grids=grids, origin=origin, parent=plan, moved=tuple(moved.index)
    )


def _moves(plan: Plan, grid_of: pd.Series) -> pd.DataFrame:
    table = pd.DataFrame({"from_grid": plan.grid_of, "to_grid": grid_of, "households": plan.atoms["households"]}, index=plan.atoms.index)
    return table[(plan.grid_of.fillna("") != grid_of.fillna("")).to_numpy()]


def _proved_already(old: Plan, new: Plan, community_id: str) -> bool:
    """Say whether the old plan's own findings tell proofs about a community, which hold on when nothing was moved there."""
    moved = new.atoms["community_id"].reindex(list(new.moved) if new is not old else [])
    return community_id not in set(moved) and any(PROVED_HOUSEHOLDS in each.words for each in old.findings if each.community_id == community_id)


def _concerns(each: Finding, communities: Collection[str], violated: Collection[str]) -> bool:
    return each.community_id in communities or each.grid_id in violated


def _findings(plan: Plan, proofs: Mapping[str, Sequence[Certificate]], keep: Collection[str]) -> list[Finding]:
    """Return the findings of a mended plan: those on the communities in ``proofs`` anew, all others as they were."""
    anew = (*REASONS, "grid_out_of_bounds", "grid_households_missing", "proof_with_kept_grids")
    stays = [
        each
        for each in plan.findings
        if each.code not in PROMISES and not (each.community_id in proofs and (each.code in anew or PROVED_HOUSEHOLDS in each.words))
    ]
    made = [*bounds_findings(plan, proofs, kept=keep), *missing_households(plan)]
    broken = broken_promises(plan.atoms, plan.neighbours, plan.grid_of)
    return [*stays, *broken, *(each for each in made if each.community_id in proofs)]

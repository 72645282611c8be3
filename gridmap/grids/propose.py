"""A district in, a plan out: communities one by one or on all cores, with the same result."""

from __future__ import annotations

import dataclasses
from collections.abc import MutableMapping, Sequence
from typing import Any

import geopandas as gpd
import pandas as pd

from gridmap.errors import RequestError
from gridmap.findings import Finding, finding
from gridmap.grids.atoms import split_atoms
from gridmap.grids.community import community_jobs, run_communities
from gridmap.grids.continuity import named_grids
from gridmap.grids.daily_rounds import with_short_rounds
from gridmap.grids.dedicated import dedicated_groups, divided_communities
from gridmap.grids.existing import missing_households
from gridmap.grids.plan import (
    EFFORTS,
    Effort,
    Origin,
    Plan,
    main_grids,
    now,
    plan_from_assignment,
    program_version,
    some,
)
from gridmap.grids.reasons import bounds_findings, optimality_findings, with_carried
from gridmap.grids.tiling import Tiling, tile
from gridmap.ground.tables import District
from gridmap.progress import Progress, silent
from gridmap.rules import Rules
from gridmap.run_jobs import workers_kept


@workers_kept()
def propose(
    district: District,
    rules: Rules,
    *,
    tiling: Tiling | None = None,
    name: str = "plan",
    seed: int = 0,
    effort: Effort = "normal",
    cores: int | None = 1,
    start: Plan | None = None,
    keep: Sequence[str] = (),
    community: str | None = None,
    author: str = "",
    taken: Sequence[str] = (),
    resume: MutableMapping[str, dict[str, Any]] | None = None,
    progress: Progress = silent,
) -> Plan:
    """Return a plan of household-balanced grids for a district.

    Every atom is in one grid, no grid crosses a community, every grid is connected, and ordinary grids hold as many households as ``rules`` ask
    wherever that is found possible. A grid outside the bounds is a finding, with the proof that it must be so, or else the statement that nothing
    better was found in this effort.

    ``tiling`` is made when absent. ``start`` is an earlier plan to stay close to: its grid ids live on where a grid continues. Grids named in
    ``keep`` never change. With ``community`` only that community is planned anew, all others stay as in ``start``. ``cores=None`` uses all.
    ``resume`` keeps the result of every finished community under a key that tells its whole problem, so that a run that was broken off goes on where
    it stood. ``taken`` are ids that new grids may not get; theirs count on from these. The same input, rules, seed and effort give the same plan, on
    one core or many. Raises ``RequestError`` for a request that makes no sense.
    """
    _check_request(district, rules, effort, start, keep, community)
    if tiling is None:
        tiling = tile(district, cores=cores, progress=progress)
    ground = district.fingerprint()
    if tiling.fingerprint != ground:
        raise RequestError("tiling_of_other_ground")
    progress("step_atoms", 0, 1)
    atoms, neighbours, findings = split_atoms(district, tiling, rules.grid.households_max)
    progress("step_atoms", 1, 1)
    earlier = _earlier_grids(atoms, start)
    fixed = _fixed_grids(atoms, earlier, start, keep, community)
    names = pd.Series(district.buildings["name"].reindex(atoms["source_building_id"]).to_numpy(), index=atoms.index)
    dedicated = dedicated_groups(atoms, neighbours, names)[lambda its: fixed[its.index].isna()]
    free = atoms.index[(fixed.isna() & ~atoms.index.isin(dedicated.index)).to_numpy()]
    findings += divided_communities(atoms, neighbours)

    jobs = community_jobs(atoms.loc[free], neighbours, earlier, rules, seed=seed, effort=effort)
    outcomes = run_communities(jobs, cores=cores, resume={} if resume is None else resume, progress=progress)
    round_findings: list[Finding] = []
    if rules.weights.daily_round > 0 and jobs:
        outcomes, round_findings = with_short_rounds(district, atoms, jobs, outcomes, rules.weights.daily_round, cores=cores, progress=progress)
    drafts = dedicated.reindex(atoms.index).astype("Int64")
    for job, outcome in zip(jobs, outcomes, strict=True):
        drafts.loc[list(job.atoms)] = outcome.labels + (int(drafts.max()) + 1 if drafts.notna().any() else 0)

    progress("step_boundaries", 0, 1)
    grid_of = fixed.fillna(named_grids(drafts, earlier, atoms, [*taken, *([] if start is None else start.grids.index)]))
    origin = Origin(author, now(), seed, effort, ground, parent=None if start is None else start.name, version=program_version())
    # Grids that stay may be in parts already when the earlier plan is an office's own; that is told, not refused.
    told, lenient = _known_grids(start, fixed), start is not None
    plan = plan_from_assignment(name, atoms, neighbours, grid_of, rules, origin, grids=told, findings=findings, lenient=lenient)
    progress("step_boundaries", 1, 1)
    proofs = {job.community_id: outcome.certificates for job, outcome in zip(jobs, outcomes, strict=True)}
    made = [*plan.findings, *bounds_findings(plan, proofs, kept=set(fixed.dropna())), *missing_households(plan)]
    made += optimality_findings({job.community_id: outcome for job, outcome in zip(jobs, outcomes, strict=True)}) + round_findings
    return dataclasses.replace(plan, findings=tuple(made if start is None or community is None else with_carried(made, start, rules, community)))


def _check_request(district: District, rules: Rules, effort: str, start: Plan | None, keep: Sequence[str], community: str | None) -> None:
    """Refuse a request that makes no sense, whatever the data."""
    bounds = rules.grid
    if bounds.households_min < 1 or bounds.households_max < bounds.households_min:
        raise RequestError("bounds_senseless", minimum=bounds.households_min, maximum=bounds.households_max)
    if effort not in EFFORTS:
        raise RequestError("effort_unknown", effort=effort, efforts=", ".join(EFFORTS))
    if community is not None and community not in set(district.buildings["community_id"]):
        communities = sorted(set(district.buildings["community_id"]))
        raise RequestError("community_unknown", community=community, communities=some(communities))
    if start is None and community is not None:
        raise RequestError("community_needs_start")
    if start is None and keep:
        raise RequestError("keep_needs_start")
    for grid_id in keep:
        if start is not None and grid_id not in start.grids.index:
            raise RequestError("grid_unknown", grid=grid_id, plan=start.name)


def _earlier_grids(atoms: gpd.GeoDataFrame, start: Plan | None) -> pd.Series:
    """Return the grid of ``start`` for each atom, text, missing where it has none.

    An atom that ``start`` does not know (its rules split buildings otherwise) is in the grid that holds most households of its building.
    """
    if start is None:
        return pd.Series(pd.array([None] * len(atoms), dtype="str"), index=atoms.index)
    same = start.grid_of.reindex(atoms.index)
    return same.fillna(atoms["source_building_id"].map(main_grids(start)))


def _fixed_grids(atoms: gpd.GeoDataFrame, earlier: pd.Series, start: Plan | None, keep: Sequence[str], community: str | None) -> pd.Series:
    """Return the grid of each atom that must not move, missing for all others.

    Raises ``RequestError`` when the ground has changed so that what should stay cannot: buildings of a kept grid are gone, or a community that should
    stay has buildings that ``start`` does not know.
    """
    stays = earlier.isin(list(keep))
    if community is not None:
        others = atoms["community_id"] != community
        strangers = others & earlier.isna() & (start is not None)
        if strangers.any():
            raise RequestError(
                "start_of_other_ground", value=int(strangers.sum()), example=str(atoms.index[strangers][0]), plan="" if start is None else start.name
            )
        stays |= others
    if start is not None:
        known = set(atoms["source_building_id"])
        sources = start.atoms["source_building_id"]
        gone = {each: int((~sources[(start.grid_of == each).to_numpy()].isin(known)).sum()) for each in keep}
        faults = [finding("kept_grid_gone", each, grid_id=each, value=number) for each, number in gone.items() if number]
        if faults:
            raise RequestError("kept_grid_changed", findings=faults, plan=start.name)
    return earlier.where(stays)


def _known_grids(start: Plan | None, fixed: pd.Series) -> pd.DataFrame | None:
    """Return what the earlier plan tells of grids: names and workers of all, kinds and codes of those that do not change."""
    if start is None:
        return None
    grids = pd.DataFrame(start.grids[["kind", "code", "name", "worker"]])
    grids.loc[~grids.index.isin(fixed), ["kind", "code"]] = None
    return grids

"""Mergers of communities below a threshold: what dissolves into what.

Each merger is a connected group of communities of which at most one is not below the threshold; that one stays, else the one with most households. Of
all such groups up to the maximum the best set that holds every community once is found.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from gridmap.errors import RequestError
from gridmap.findings import Finding, finding
from gridmap.grids.boundaries import grid_polygons
from gridmap.grids.coarsen import Level, coarsen_communities
from gridmap.grids.division import Limits, empty_region, price_sets
from gridmap.grids.graph import CommunityGraph, Ints, Truths, community_graph
from gridmap.grids.plan import Plan, some
from gridmap.grids.recombine import Candidates, CoverEffort, best_cover
from gridmap.grids.treecut import net_of
from gridmap.ground.tables import District, typed_table
from gridmap.rules import Rules

SETS_MOST = 100_000
"""Groups listed in one part of the city; where there are more, larger ones are left out."""
EFFORT = CoverEffort(candidates=20_000, nodes=500_000, rounds=300)


@dataclass(frozen=True, slots=True)
class MergerBounds:
    """Sizes of a community in households: below ``below`` it is merged, ``target`` is aimed at, ``maximum`` is the most that a merger may make."""

    below: int
    target: int
    maximum: int


@dataclass(frozen=True, eq=False)
class Mergers:
    """Which community goes on in which.

    ``into``: Series by community_id: the community that it belongs to afterwards, itself where nothing changes. ``merged``: GeoDataFrame of the
    communities that take in others, indexed by community_id, with ``code``, ``name``, ``street_office`` (text, may be missing), ``dissolves`` (text,
    the ids of those that dissolve into it, joined by commas), ``communities`` (int64, itself and those), ``households_before``, ``households``
    (int64) and ``geometry``. ``level`` holds the communities as they are, ``ground`` the district's fingerprint.
    """

    merged: gpd.GeoDataFrame
    into: pd.Series
    bounds: MergerBounds
    level: Level
    findings: tuple[Finding, ...]
    ground: str

    @property
    def dissolved(self) -> pd.Series:
        """The communities that dissolve, each with the one that it goes into."""
        return self.into[self.into != self.into.index]


def merger_bounds(rules: Rules, *, below: int | None = None, target: int | None = None, maximum: int | None = None) -> MergerBounds:
    """Return the sizes of the rules, or others where they are given; raises ``RequestError`` when they make no sense.

    >>> import gridmap
    >>> merger_bounds(gridmap.load_rules("nantong"), below=1200)
    MergerBounds(below=1200, target=3500, maximum=5000)
    """
    its = rules.community
    chosen = [own if given is None else given for given, own in zip((below, target, maximum), _sizes(its), strict=True)]
    bounds = MergerBounds(*chosen)
    if maximum is None and target is not None:
        # A larger target alone moves the most that a merger may make with it.
        bounds = dataclasses.replace(bounds, maximum=max(bounds.maximum, target))
    if not 1 <= bounds.below <= bounds.target <= bounds.maximum:
        raise RequestError("merger_bounds_senseless", below=bounds.below, target=bounds.target, maximum=bounds.maximum)
    return bounds


def _sizes(its: object) -> tuple[int, int, int]:
    return tuple(int(getattr(its, name)) for name in ("households_merge_below", "households_target", "households_max"))  # type: ignore[return-value]


def propose_mergers(
    district: District,
    rules: Rules,
    *,
    plan: Plan | None = None,
    bounds: MergerBounds | None = None,
    keep: Collection[str] = (),
    across_offices: bool = False,
) -> Mergers:
    """Propose mergers of the communities below the threshold with neighbours, towards the target.

    Only communities that lie side by side with a border that one may cross are merged, in one street office unless ``across_offices``. A community
    that is not below the threshold may take in small ones and is otherwise left alone; those in ``keep`` and those whose households are all unknown
    take no part. First, communities stay below the threshold by as few households as can be; then the mergers come as near to the target and have
    borders as short as can be. Raises ``RequestError`` for sizes that make no sense and for unknown communities.

    >>> import gridmap
    >>> town = gridmap.sample_district(6000, communities=5, street_offices=1)
    >>> mergers = propose_mergers(town, gridmap.load_rules("nantong"))
    >>> bool((mergers.merged["households"] >= 1500).all())
    True
    """
    bounds = bounds or merger_bounds(rules)
    unknown = [each for each in keep if each not in district.communities.index]
    if unknown:
        raise RequestError("community_unknown", community=some(unknown), communities=some(district.communities.index))
    level = coarsen_communities(district, plan, across_offices=across_offices)
    weights = dataclasses.replace(rules.weights, unevenness=rules.weights.level_unevenness)
    graph = community_graph(level.atoms, level.neighbours, dataclasses.replace(rules, weights=weights))
    silent = (level.atoms["households_source"] == "missing").to_numpy()
    apart = silent | level.atoms.index.isin(list(keep))
    small = (graph.households < bounds.below) & ~apart
    keeper = np.arange(len(graph))
    findings: list[Finding] = []
    for part in _parts(graph, small, apart):
        groups = _groups(graph.part(part), small[part], bounds.maximum)
        if len(groups) > SETS_MOST:
            first = str(level.atoms.index[part[0]])
            findings.append(finding("mergers_not_all_tried", first, value=len(part), limit=SETS_MOST, community_id=first))
        for members in _best_groups(graph.part(part), groups[:SETS_MOST], small[part], bounds):
            its = part[members]
            large = its[~small[its]]
            keeper[its] = large[0] if len(large) else its[np.lexsort((its, -graph.households[its]))[0]]
    into = pd.Series(pd.array(level.atoms.index[keeper], dtype="str"), index=level.atoms.index, name="into")
    merged = _merged(district, level, into)
    findings += [*_still_small(graph, small, keeper, bounds, level, apart), *_unknown_households(level)]
    return Mergers(merged, into, bounds, level, tuple(findings), district.fingerprint())


def merged_district(district: District, mergers: Mergers) -> District:
    """Return the district after the mergers: dissolved communities are gone, their buildings and land belong to those that they went into.

    The communities that stay keep their ids, names and codes. Raises ``RequestError`` when the mergers were proposed for other ground.
    """
    if mergers.ground != district.fingerprint():
        raise RequestError("mergers_of_other_ground")
    communities = district.communities.drop(index=mergers.dissolved.index)
    geometry = communities.geometry.copy()
    geometry.loc[mergers.merged.index] = mergers.merged.geometry
    homes = district.buildings["community_id"].map(mergers.into)
    return district.with_tables(
        {
            "communities": typed_table("communities", communities.set_geometry(geometry)),
            "buildings": typed_table("buildings", district.buildings.assign(community_id=homes)),
        }
    )


def _parts(graph: CommunityGraph, small: Truths, apart: Truths) -> Iterator[Ints]:
    """Yield the communities of each part that mergers can reach across; those with nothing to merge are left out."""
    useful = graph.crossable & (small[graph.first] | small[graph.second]) & ~apart[graph.first] & ~apart[graph.second]
    narrowed = dataclasses.replace(graph, crossable=useful)
    for part in narrowed.components():
        if len(part) > 1:
            yield part


def _best_groups(graph: CommunityGraph, several: Sequence[Sequence[int]], small: Truths, bounds: MergerBounds) -> list[Ints]:
    """Return the best of the groups of ``several`` communities of a part, each community in one at most."""
    groups = [[atom] for atom in range(len(graph))] + [list(group) for group in several]
    atoms = np.concatenate([np.array(group, np.int64) for group in groups])
    start = np.concatenate(([0], np.cumsum([len(group) for group in groups]))).astype(np.int64)
    net = net_of(graph)
    limits = Limits(bounds.below, bounds.maximum, bounds.target, graph.barrier_dm, 0, graph.unevenness_dm, 0)
    cost = np.zeros(len(groups), np.int64)
    price_sets(net, limits, empty_region(net), atoms, start, cost)
    # One household below the threshold outweighs all that any division of the part could cost otherwise.
    weight = len(graph) * int(cost.max()) + 1
    lacking = [max(0, bounds.below - int(graph.households[group].sum())) if small[group].any() else 0 for group in groups]
    candidates = Candidates(atoms, start, (cost + weight * np.array(lacking, np.int64)).astype(np.float64))
    best = best_cover(candidates, len(graph), np.arange(len(graph)), EFFORT)
    return [group for group in np.split(best.atoms, best.start[1:-1]) if len(group) > 1]


def _groups(graph: CommunityGraph, small: Truths, maximum: int) -> Sequence[Sequence[int]]:
    """Return the connected groups of two or more communities up to the maximum, at most one of them not small; the smaller groups first, and of these
    up to :data:`SETS_MOST`, and one more where there are more.
    """
    near: list[set[int]] = [set() for _ in range(len(graph))]
    for one, other in zip(graph.first[graph.crossable].tolist(), graph.second[graph.crossable].tolist(), strict=True):
        near[one].add(other)
        near[other].add(one)
    known = {frozenset((atom,)) for atom in range(len(graph))}
    listed: list[Sequence[int]] = []
    while known and len(listed) <= SETS_MOST:
        grown: set[frozenset[int]] = set()
        for group in sorted(known, key=sorted):
            large = sum(not small[atom] for atom in group)
            households = sum(int(graph.households[atom]) for atom in group)
            for atom in sorted(set().union(*(near[each] for each in group)) - group):
                if households + graph.households[atom] <= maximum and large + (not small[atom]) <= 1:
                    grown.add(group | {atom})
        listed += sorted(sorted(group) for group in grown)
        known = grown
    return listed[: SETS_MOST + 1]


def _merged(district: District, level: Level, into: pd.Series) -> gpd.GeoDataFrame:
    sizes = into.groupby(into.to_numpy()).size()
    kept = [each for each in into.index if sizes.get(each, 0) > 1]
    atoms, communities = level.atoms, district.communities.loc[kept]
    its = {each: [str(other) for other in into.index[(into == each).to_numpy()] if other != each] for each in kept}
    polygons = grid_polygons(atoms.geometry, into.where(into.isin(kept)))
    columns = {
        "code": communities["division_code"].array,
        "name": communities["name"].array,
        "street_office": communities["street_office"].array,
        "dissolves": pd.array([", ".join(its[each]) for each in kept], dtype="str"),
        "communities": np.array([len(its[each]) + 1 for each in kept], np.int64),
        "households_before": atoms["households"].loc[kept].to_numpy(dtype=np.int64),
        "households": np.array([int(atoms["households"].loc[[each, *its[each]]].sum()) for each in kept], np.int64),
    }
    index = pd.Index(kept, dtype="str", name="community_id")
    return gpd.GeoDataFrame(columns, geometry=polygons.reindex(kept).to_numpy(), index=index, crs=atoms.crs)


def _still_small(graph: CommunityGraph, small: Truths, keeper: Ints, bounds: MergerBounds, level: Level, apart: Truths) -> Iterator[Finding]:
    """Tell of each community that stays below the threshold, and why."""
    after = np.bincount(keeper, weights=graph.households, minlength=len(graph)).astype(np.int64)
    for atom in np.flatnonzero(small & (keeper == np.arange(len(graph))) & (after < bounds.below)):
        beside = graph.indices[graph.indptr[atom] : graph.indptr[atom + 1]]
        reached = graph.indices[graph.indptr[atom] : graph.crossable_end[atom]]
        free = reached[~apart[reached]]
        if not len(free):
            code = "community_beside_none" if not len(beside) else "community_shut_in"
        elif (graph.households[free] + graph.households[atom] > bounds.maximum).all():
            code = "community_beside_large"
        else:
            code = "community_still_small"
        place = level.atoms.geometry.iloc[atom].representative_point()
        name, value = graph.atom_ids[atom], int(after[atom])
        words: dict[str, Any] = {"maximum": bounds.maximum, "beside": some(graph.atom_ids[each] for each in beside)}
        yield finding(code, name, value=value, limit=bounds.below, unit="households", community_id=name, x=float(place.x), y=float(place.y), **words)


def _unknown_households(level: Level) -> Iterator[Finding]:
    short = level.atoms[level.atoms["households_missing"] > 0]
    for community_id, its in short.iterrows():
        code = "community_households_unknown" if its["households_source"] == "missing" else "level_households_missing"
        yield finding(code, str(community_id), value=int(its["households_missing"]), community_id=str(community_id))

"""Areas (片区): whole communities joined, connected, balanced, with the same search that divides communities into grids."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd

from gridmap.errors import RequestError
from gridmap.findings import Finding, finding
from gridmap.grids.boundaries import grid_polygons
from gridmap.grids.coarsen import Level, coarsen_communities
from gridmap.grids.division import arithmetic_violation
from gridmap.grids.evenly import divided_into
from gridmap.grids.graph import CommunityGraph, Ints, community_graph
from gridmap.grids.plan import Effort, Plan
from gridmap.grids.search import search
from gridmap.ground.codes import area_codes, reading_order
from gridmap.ground.tables import District
from gridmap.rules import Rules

Unit = Literal["households", "communities"]


@dataclass(frozen=True, slots=True)
class AreaBounds:
    """What an area must hold: ``minimum`` to ``maximum`` households or communities, both inside."""

    unit: Unit
    minimum: int
    maximum: int


@dataclass(frozen=True, eq=False)
class Areas:
    """Which community is in which area.

    ``areas``: GeoDataFrame indexed by area_id (text) with ``code`` (text, may be missing), ``name`` (text, missing until somebody gives one),
    ``street_office`` (text, missing when there are several), ``communities`` (int64), ``households`` (int64), ``households_missing`` (int64,
    buildings whose households are unknown), ``grids`` (Int64, missing without a plan) and ``geometry``, the union of the communities.

    ``area_of``: Series of area ids (text) by community_id. ``bounds`` is None when a number of areas was asked for. ``level`` holds the communities
    as atoms; ``ground`` is the fingerprint of the district, ``plan`` the name of the plan that the grids were counted in.
    """

    name: str
    areas: gpd.GeoDataFrame
    area_of: pd.Series
    bounds: AreaBounds | None
    level: Level
    findings: tuple[Finding, ...]
    ground: str
    plan: str | None = None


def propose_areas(
    district: District,
    rules: Rules,
    *,
    plan: Plan | None = None,
    count: int | None = None,
    bounds: AreaBounds | None = None,
    across_offices: bool = False,
    name: str = "areas",
    seed: int = 0,
    effort: Effort = "normal",
) -> Areas:
    """Return areas made of whole communities: connected over borders that one may cross, and inside one street office unless ``across_offices``.

    With ``count`` there are that many, as even in households as was found; else each holds what ``bounds`` ask, by default the households that
    ``rules`` ask of an area. What cannot be is a finding with its reason. ``plan`` tells how many grids each area has. Raises ``RequestError`` for
    bounds or a count that make no sense.

    >>> import gridmap
    >>> town = gridmap.sample_district(6000, communities=4, street_offices=1)
    >>> propose_areas(town, gridmap.load_rules("nantong"), count=2).areas["communities"].sum()
    np.int64(4)
    """
    communities = len(district.communities)
    if count is not None and not 1 <= count <= communities:
        raise RequestError("areas_count_senseless", count=count, communities=communities)
    if bounds is None:
        bounds = AreaBounds("households", rules.area.households_min, rules.area.households_max)
    if bounds.minimum < 1 or bounds.maximum < bounds.minimum:
        raise RequestError("areas_bounds_senseless", minimum=bounds.minimum, maximum=bounds.maximum, of=f"unit_{bounds.unit}")
    level = coarsen_communities(district, plan, across_offices=across_offices)
    graph = _graph(level, rules)
    if count is not None:
        labels = divided_into(graph, count, effort=effort, seed=seed)
        findings = _count_findings(graph, labels, count)
        area_of, areas = _tables(district, level, labels)
        return Areas(name, areas, area_of, None, level, (*findings, *_missing(level)), district.fingerprint(), plan.name if plan else None)
    found = search(_counted(graph, bounds.unit), bounds.minimum, bounds.maximum, effort=effort, seed=seed)
    area_of, areas = _tables(district, level, found.labels)
    told = list(_bounds_findings(areas, area_of, graph, bounds, proved=found.proved))
    return Areas(name, areas, area_of, bounds, level, (*told, *_missing(level)), district.fingerprint(), plan.name if plan else None)


def _graph(level: Level, rules: Rules) -> CommunityGraph:
    weights = dataclasses.replace(rules.weights, unevenness=rules.weights.level_unevenness)
    return community_graph(level.atoms, level.neighbours, dataclasses.replace(rules, weights=weights))


def _counted(graph: CommunityGraph, unit: Unit) -> CommunityGraph:
    """Return the graph with what the bounds count: households, or each community as one, which then weighs as much as the mean community does."""
    if unit == "households":
        return graph
    mean = max(1, round(float(graph.households.mean()))) if len(graph) else 1
    return dataclasses.replace(graph, households=np.ones(len(graph), np.int64), unevenness_dm=graph.unevenness_dm * mean)


def _tables(district: District, level: Level, labels: Ints) -> tuple[pd.Series, gpd.GeoDataFrame]:
    """Name the areas in reading order and sum them up."""
    atoms = level.atoms
    centre = atoms.geometry.centroid
    placed = pd.DataFrame({"x": centre.x, "y": centre.y, "area": atoms.geometry.area}).groupby(labels).agg({"x": "mean", "y": "mean", "area": "sum"})
    order = reading_order(placed["x"], placed["y"], placed["area"], [f"{each:04d}" for each in placed.index])
    digits = max(2, len(str(len(order))))
    rank = np.argsort(order)
    area_of = pd.Series(pd.array([f"A{rank[label] + 1:0{digits}d}" for label in labels], dtype="str"), index=atoms.index, name="area_id")
    polygons = grid_polygons(atoms.geometry, area_of).rename_axis("area_id")
    sums = atoms.groupby(area_of.to_numpy(), sort=True)[["households", "households_missing"]].sum()
    told = district.communities.groupby(area_of.to_numpy(), sort=True)
    offices = told["street_office"].agg(lambda its: its.iloc[0] if its.nunique(dropna=False) == 1 else None)
    grids = atoms.groupby(area_of.to_numpy(), sort=True)["grids"].sum(min_count=1)
    columns = {
        "code": pd.array(area_codes([list(its) for _, its in told["division_code"]]), dtype="str"),
        "name": pd.array([None] * len(polygons), dtype="str"),
        "street_office": pd.array(offices, dtype="str"),
        "communities": told.size().to_numpy(dtype=np.int64),
        "households": sums["households"].to_numpy(dtype=np.int64),
        "households_missing": sums["households_missing"].to_numpy(dtype=np.int64),
        "grids": pd.array(grids, dtype="Int64"),
    }
    return area_of, gpd.GeoDataFrame(columns, geometry=polygons, index=polygons.index, crs=atoms.crs)


def _missing(level: Level) -> list[Finding]:
    """Tell the communities of which households are unknown: areas and mergers count too few there."""
    short = level.atoms[level.atoms["households_missing"] > 0]
    return [finding("level_households_missing", str(each), value=int(number)) for each, number in short["households_missing"].items()]


def _count_findings(graph: CommunityGraph, labels: Ints, count: int) -> list[Finding]:
    found = []
    groups = len(np.unique(labels))
    if groups > count:
        found.append(finding("areas_parts_above_count", graph.atom_ids[0], value=groups, limit=count))
    share = int(graph.households.sum()) // count
    for atom in np.flatnonzero(graph.households > share):
        if count > 1:
            value = int(graph.households[atom])
            found.append(finding("area_community_above_share", graph.atom_ids[atom], value=value, limit=share, unit="households", count=count))
    return found


def _bounds_findings(areas: gpd.GeoDataFrame, area_of: pd.Series, graph: CommunityGraph, bounds: AreaBounds, *, proved: bool) -> Iterator[Finding]:
    """Tell of each area outside the bounds, and why."""
    counted = _counted(graph, bounds.unit).households
    part_of = np.zeros(len(graph), np.int64)
    parts = graph.components()
    for number, part in enumerate(parts):
        part_of[part] = number
    for area_id, area in areas.iterrows():
        value = int(area[bounds.unit])
        if bounds.minimum <= value <= bounds.maximum:
            continue
        own = np.flatnonzero((area_of == area_id).to_numpy())
        part = parts[part_of[own[0]]]
        total = int(counted[part].sum())
        words: dict[str, Any] = {"minimum": bounds.minimum, "maximum": bounds.maximum, "of": f"unit_{bounds.unit}"}
        words |= {"total": total, "number": len(part)}
        if len(own) == 1 and value > bounds.maximum:
            code, words["community"] = "area_of_one_large_community", graph.atom_ids[own[0]]
        elif total < bounds.minimum:
            code = "area_part_too_small"
        elif arithmetic_violation(total, bounds.minimum, bounds.maximum):
            code = "area_part_indivisible"
        else:
            code = "area_outside_proved" if proved else "area_not_found"
        limit = bounds.minimum if value < bounds.minimum else bounds.maximum
        place = area["geometry"].representative_point()
        yield finding(code, str(area_id), value=value, limit=limit, unit=bounds.unit, x=float(place.x), y=float(place.y), **words)

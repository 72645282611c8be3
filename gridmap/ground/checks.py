"""Checks of a district: what is wrong or doubtful on the ground before anything is planned."""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely

from gridmap.findings import Finding, finding
from gridmap.ground.datum import datum_findings
from gridmap.ground.estimates import estimate_findings, floors_findings, lived_in
from gridmap.ground.tables import District
from gridmap.rules import Rules

OVERLAP = 0.5
"""A building that lies on another with more than this share of its area is told of."""


def check_district(district: District, rules: Rules) -> list[Finding]:
    """Return every finding on the ground tables of ``district``, community by community where that is shorter.

    Whether parts of a community hang together is found with the neighbour table, when cells are made.
    """
    by_rules = (_households_estimated, _communities_too_small, _buildings_too_large)
    plain = (
        _households_missing,
        _communities_without_buildings,
        _compounds_without_households,
        _ids,
        _geometry,
        _buildings_on_buildings,
        _venues_outside,
        _gates,
    )
    return [each for check in by_rules for each in check(district, rules)] + [each for check in plain for each in check(district)]


def check_datum(district: District) -> list[Finding]:
    """Return a warning for each layer that looks shifted against another."""
    return datum_findings(district.tables())


def _households_missing(district: District) -> list[Finding]:
    buildings = district.buildings
    missing = buildings["households"].isna()
    tally = pd.DataFrame({"missing": missing, "all": 1}).groupby(buildings["community_id"], sort=True).sum()
    return [
        finding("households_missing", str(community), value=int(row["missing"]), limit=int(row["all"]), community_id=str(community))
        for community, row in tally.iterrows()
        if row["missing"]
    ]


def _households_estimated(district: District, rules: Rules) -> list[Finding]:
    return [*estimate_findings(district.buildings, rules.estimate), *_floors(district, rules)]


def _floors(district: District, rules: Rules) -> list[Finding]:
    # Areas of land have no floors.
    return floors_findings(district.buildings, rules.estimate) if district.cells == "build" else []


def _communities_without_buildings(district: District) -> list[Finding]:
    empty = ~district.communities.index.isin(district.buildings["community_id"].unique())
    return [_of_community(district, "community_without_buildings", community) for community in district.communities.index[empty]]


def _communities_too_small(district: District, rules: Rules) -> list[Finding]:
    """A community below the minimum of one grid cannot have a grid in bounds."""
    buildings = district.buildings[~district.buildings["dedicated"].to_numpy(dtype=bool)]
    totals = buildings["households"].fillna(0).groupby(buildings["community_id"], sort=True).sum()
    small = totals[totals < rules.grid.households_min]
    return [
        _of_community(district, "community_below_minimum", community, value=int(total), limit=rules.grid.households_min)
        for community, total in small.items()
    ]


def _of_community(district: District, code: str, community: object, **numbers: int) -> Finding:
    name = str(community)
    area = district.communities.geometry.get(community)
    place = None if area is None or area.is_empty else shapely.point_on_surface(area)
    x, y = (None, None) if place is None else (float(place.x), float(place.y))
    return finding(code, name, value=numbers.get("value"), limit=numbers.get("limit"), community_id=name, x=x, y=y)


def _of_buildings(district: District, code: str, where: np.ndarray, *, column: str | None = None, limit: int | None = None) -> list[Finding]:
    chosen = district.buildings[where]
    points = shapely.point_on_surface(chosen.geometry.to_numpy())
    values = [None] * len(chosen) if column is None else [None if pd.isna(value) else value for value in chosen[column]]
    return [
        finding(
            code,
            str(building),
            value=int(value) if isinstance(value, int | np.integer) else value,
            limit=limit,
            community_id=str(community),
            x=float(point.x),
            y=float(point.y),
        )
        for building, community, point, value in zip(chosen.index, chosen["community_id"], points, values, strict=True)
    ]


def _buildings_too_large(district: District, rules: Rules) -> list[Finding]:
    """A building above the maximum is divided by stairwells. With too few it stays out of bounds; where their number is unknown it is assumed."""
    buildings = district.buildings
    limit = rules.grid.households_max
    households = buildings["households"].fillna(0).to_numpy(dtype=np.int64)
    too_large = (households > limit) & ~buildings["dedicated"].to_numpy(dtype=bool)
    if district.cells == "given":
        return _of_buildings(district, "area_too_large", too_large, column="households", limit=limit)
    stairwells = buildings["stairwells"].fillna(0).to_numpy(dtype=np.int64)
    unknown = too_large & (stairwells == 0)
    lacking = too_large & ~unknown & (households > limit * stairwells)
    told = _of_buildings(district, "building_too_large", lacking, column="households", limit=limit)
    return told + _of_buildings(district, "stairwells_unknown", unknown, column="households", limit=limit)


def _compounds_without_households(district: District) -> list[Finding]:
    """A compound of several buildings with 0 or 1 household was counted by nobody."""
    named, lived = district.buildings["compound_id"].notna(), lived_in(district.buildings["use"])
    buildings = district.buildings[named.to_numpy(dtype=bool) & lived & ~district.buildings["dedicated"].to_numpy(dtype=bool)]
    grouped = buildings.assign(known=buildings["households"].notna()).groupby("compound_id", sort=True)
    tally = grouped.agg(total=("households", "sum"), known=("known", "all"), buildings=("known", "size"), community=("community_id", "first"))
    empty = tally[(tally["total"] <= 1) & tally["known"] & (tally["buildings"] > 1)]
    return [
        finding(
            "compound_without_households", str(compound), value=int(row["total"]), limit=int(row["buildings"]), community_id=str(row["community"])
        )
        for compound, row in empty.iterrows()
    ]


def _ids(district: District) -> list[Finding]:
    found = []
    for name, table in district.tables().items():
        twice = table.index[table.index.duplicated()].unique()
        found += [finding("id_twice", str(identity), value=name) for identity in twice]
    unknown = ~district.buildings["community_id"].isin(district.communities.index).to_numpy(dtype=bool)
    found += _of_buildings(district, "building_of_unknown_community", unknown, column="community_id")
    # "B12#3" is the name of the third stairwell of B12.
    ids = district.buildings.index.to_numpy(dtype=object)
    known = set(ids)
    clash = np.array(["#" in identity and identity.rpartition("#")[0] in known for identity in ids], dtype=bool)
    return found + _of_buildings(district, "id_like_stairwell", clash)


def _geometry(district: District) -> list[Finding]:
    found = []
    for name, table in district.tables().items():
        geometry = table.geometry.to_numpy()
        broken = shapely.is_missing(geometry) | shapely.is_empty(geometry) | ~shapely.is_valid(geometry)
        found += [finding("geometry_invalid", str(identity), value=name) for identity in table.index[broken]]
    return found


def _buildings_on_buildings(district: District) -> list[Finding]:
    """Tell how many buildings of each community lie on others: parts of buildings, or one building drawn twice."""
    geometry = district.buildings.geometry.to_numpy()
    areas = shapely.area(geometry)
    a, b = shapely.STRtree(geometry).query(geometry, predicate="intersects")
    a, b = a[a < b], b[a < b]
    common = shapely.area(shapely.intersection(geometry[a], geometry[b]))
    smaller = np.where(areas[a] <= areas[b], a, b)
    covered = np.zeros(len(geometry), dtype=bool)
    covered[smaller[common > OVERLAP * np.minimum(areas[a], areas[b])]] = True
    tally = district.buildings["community_id"][covered].value_counts(sort=False).sort_index()
    return [finding("buildings_overlap", str(community), value=int(count), community_id=str(community)) for community, count in tally.items()]


def _venues_outside(district: District) -> list[Finding]:
    venues = district.venues
    if not len(venues):
        return []
    inside = np.zeros(len(venues), dtype=bool)
    inside[shapely.STRtree(district.communities.geometry.to_numpy()).query(venues.geometry.to_numpy(), predicate="intersects")[0]] = True
    outside = venues[~inside]
    return [
        finding("venue_outside", str(venue), x=float(point.x), y=float(point.y), name=str(name))
        for venue, point, name in zip(outside.index, outside.geometry, outside["name"], strict=True)
    ]


def _gates(district: District) -> list[Finding]:
    gates = district.gates
    if not len(gates):
        return []
    found = []
    known = set(district.buildings["compound_id"].dropna().unique())
    without = int(gates["compound_id"].isna().sum())
    if without:
        found.append(finding("gates_without_compound", "gates", value=without, limit=len(gates)))
    for gate, compound, point in zip(gates.index, gates["compound_id"], gates.geometry, strict=True):
        if pd.isna(compound):
            continue
        if compound not in known:
            found.append(finding("gate_of_unknown_compound", str(gate), value=str(compound), x=float(point.x), y=float(point.y)))
    return found

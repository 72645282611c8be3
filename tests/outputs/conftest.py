"""A small town, drawn here so that every number can be checked by eye, and a plan of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import LineString, Point, box

from gridmap.findings import Finding
from gridmap.grids.plan import Origin, Plan, plan_from_assignment
from gridmap.ground.tables import District, empty_table, typed_table
from gridmap.rules import load_rules

CRS = 4549  # CGCS2000, 3-degree zone of 120 degrees east
EAST, NORTH = 545_000.0, 3_540_000.0
SIDE_M = 60.0

# Two communities side by side, each three by four cells with one building; a letter is the grid. 75 households a building, or as told below.
#
#     A A B | D D E
#     A A B | D D E
#     C C B | F F E
#     C C B | F F S     S is a school: dedicated
TOWN = ("AABDDE", "AABDDE", "CCBFFE", "CCBFFS")
HOUSEHOLDS = {"E": 60, "F": 90, "S": 0}


def cell(row: int, column: int) -> object:
    west, south = EAST + column * SIDE_M, NORTH + (3 - row) * SIDE_M
    return box(west, south, west + SIDE_M, south + SIDE_M)


@pytest.fixture(scope="session")
def town() -> District:
    """The town as a district: buildings, a street, a river, a venue."""
    places = [(row, column) for row in range(4) for column in range(6)]
    letters = [TOWN[row][column] for row, column in places]
    sources = np.where(np.arange(24) == 0, "estimated", np.where(np.arange(24) == 1, "missing", "given"))
    households = pd.array([HOUSEHOLDS.get(letter, 75) for letter in letters], dtype="Int64")
    households[1] = pd.NA
    buildings = gpd.GeoDataFrame(
        {
            "community_id": ["west" if column < 3 else "east" for _, column in places],
            "households": households,
            "households_source": sources,
            "dedicated": [letter == "S" for letter in letters],
        },
        geometry=[cell(*place).buffer(-15, join_style="mitre") for place in places],  # type: ignore[attr-defined]
        index=[f"B{number}" for number in range(24)],
        crs=CRS,
    )
    outlines = [box(EAST + west * SIDE_M, NORTH, EAST + (west + 3) * SIDE_M, NORTH + 4 * SIDE_M) for west in (0, 3)]
    communities = gpd.GeoDataFrame({"name": ["河西社区", "河东社区"]}, geometry=outlines, index=["west", "east"], crs=CRS)
    street = LineString([(EAST - 40, NORTH + 2 * SIDE_M), (EAST + 6 * SIDE_M + 40, NORTH + 2 * SIDE_M)])
    streets = gpd.GeoDataFrame(
        {"name": ["人民路"], "street_class": ["street"], "walkable": [True], "barrier": [False]}, geometry=[street], index=["s1"], crs=CRS
    )
    river = box(EAST + 3 * SIDE_M - 5, NORTH, EAST + 3 * SIDE_M + 5, NORTH + 4 * SIDE_M)
    barriers = gpd.GeoDataFrame({"name": ["新河"], "kind": ["river"]}, geometry=[river], index=["r1"], crs=CRS)
    venues = gpd.GeoDataFrame(
        {"name": ["河西党群服务中心"], "categories": ['["party_service", "reading"]'], "public": [True]},
        geometry=[Point(EAST + 70, NORTH + 70)],
        index=["v1"],
        crs=CRS,
    )
    return District(
        communities=typed_table("communities", communities),
        buildings=typed_table("buildings", buildings),
        streets=typed_table("streets", streets),
        barriers=typed_table("barriers", barriers),
        gates=empty_table("gates", buildings.crs),
        venues=typed_table("venues", venues),
        name="示范镇",
    )


@pytest.fixture(scope="session")
def town_plan(town: District) -> Plan:
    """The plan of the town: A has 225 known households and E 180, both below; B, D and C are in bounds; F is above; S is dedicated."""
    places = [(row, column) for row in range(4) for column in range(6)]
    buildings = town.buildings
    atoms = gpd.GeoDataFrame(
        {
            "source_building_id": buildings.index.astype("str"),
            "community_id": buildings["community_id"],
            "compound_id": pd.array([None] * 24, dtype="str"),
            "households": buildings["households"].fillna(0).astype("int64"),
            "households_source": buildings["households_source"],
            "dedicated": buildings["dedicated"].astype(bool),
        },
        geometry=[cell(*place) for place in places],
        index=buildings.index.rename("building_id"),
        crs=CRS,
    )
    pairs = [(f"B{row * 6 + column}", f"B{row * 6 + column + 1}") for row, column in places if column < 5]
    pairs += [(f"B{row * 6 + column}", f"B{row * 6 + column + 6}") for row, column in places if row < 3]
    table = pd.DataFrame([sorted(pair) for pair in pairs], columns=["a", "b"]).sort_values(["a", "b"], ignore_index=True)
    across = buildings["community_id"].reindex(table["a"]).to_numpy() != buildings["community_id"].reindex(table["b"]).to_numpy()
    neighbours = table.assign(shared_m=SIDE_M, separator=np.where(across, "community", "none"), crossable=~across)
    grid_of = pd.Series([TOWN[row][column] for row, column in places], index=atoms.index)
    known = pd.DataFrame({"code": {"A": "320602001001001", "B": "320602001001002"}, "name": {"D": "桃园"}, "worker": {"A": "网格员甲"}})
    findings = (
        Finding("rules_key_missing", "B0", "error", x=EAST + 30, y=NORTH + 210),
        Finding("bounds_senseless", "F", "warning", grid_id="F", words={"minimum": 300, "maximum": 250}),
    )
    origin = Origin(author="规划员", made_at="2024-05-06T07:08:09+08:00", seed=0, effort="normal", ground=town.fingerprint())
    rules = load_rules("nantong")
    return plan_from_assignment("试行方案", atoms, neighbours, grid_of, rules, origin, grids=known, findings=findings)


@pytest.fixture(scope="session")
def with_text() -> Callable[[Plan, District, str], tuple[Plan, District]]:
    """Put one text into every field of a plan and a district that holds text."""

    def put(plan: Plan, district: District, text: str) -> tuple[Plan, District]:
        grids = plan.grids.assign(code=text, name=text, worker=text, community_id=text)
        findings = tuple(dataclasses.replace(each, code="bounds_senseless", words={"minimum": text, "maximum": text}) for each in plan.findings)
        origin = dataclasses.replace(plan.origin, author=text)
        rules = dataclasses.replace(plan.rules, zh=text, en=text)
        communities = district.communities.assign(name=text)
        buildings = district.buildings.assign(name=text)
        buildings.index = pd.Index([f"{text}{number}" for number in range(len(buildings))], name="building_id")
        streets, barriers = district.streets.assign(name=text), district.barriers.assign(name=text)
        venues = district.venues.assign(name=text, categories=f'["{text}"]' if '"' not in text else "[]")
        ground = district.with_tables(
            {"communities": communities, "buildings": buildings, "streets": streets, "barriers": barriers, "venues": venues}
        )
        return (
            dataclasses.replace(plan, name=text, grids=grids, findings=findings, origin=origin, rules=rules),
            dataclasses.replace(ground, name=text),
        )

    return put

"""What a coverage comes to, counted by hand in a world of two communities, and sums that hold in random ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from walks import draw_walks, line

from gridmap.circles.coverage import REASONS, Coverage, coverage
from gridmap.circles.summaries import blind_spots, by_category, by_community, by_grid, coverage_findings, residents_of_atoms
from gridmap.ground.tables import District
from gridmap.rules import load_rules

RULES = load_rules("nantong")
HOUSEHOLDS = {"w1": 10, "w2": 20, "e1": 40, "e2": 30, "gone": 5}
RESIDENTS = {"w1": 25, "w2": 61, "e1": None, "e2": 70, "gone": 9}


@pytest.fixture(scope="module")
def town() -> District:
    """Community W west of 500 m, E east of it; the clinic stands in W, the market at no street, e2 and gone far away."""
    homes = {"w1": (0, 10), "w2": (300, 10), "e1": (600, 10), "e2": (1500, 10), "gone": (700, 400)}
    district = draw_walks(
        {"we": line((0, 0), (2000, 0))},
        buildings={name: shapely.Point(*place) for name, place in homes.items()},
        venues={"clinic": (200, 0, ["medical", "elderly"]), "hall": (900, 900, ["market"])},
        community_of={name: "W" if x < 500 else "E" for name, (x, _) in homes.items()},
    )
    west, east = shapely.box(499_000, 3_499_000, 500_500, 3_501_000), shapely.box(500_500, 3_499_000, 503_000, 3_501_000)
    outlines = district.communities.loc[["W", "E"]].set_geometry([west, east], crs=district.crs)
    buildings = district.buildings.assign(
        households=pd.array([HOUSEHOLDS[name] for name in homes], dtype="Int64"),
        residents=pd.array([RESIDENTS[name] for name in homes], dtype="Int64"),
        name=pd.array([f"house {name}" for name in homes], dtype="str"),
    )
    return district.with_tables({"communities": outlines, "buildings": buildings})


@pytest.fixture(scope="module")
def found(town: District) -> Coverage:
    return coverage(town, RULES)


def test_sums_by_category_are_those_of_the_hand(found: Coverage, town: District) -> None:
    medical = by_category(found, town).loc["medical"]
    assert medical.drop("share").to_dict() == {
        "venues": 1, "households": 105, "covered": 70, "residents": 165, "residents_covered": 86,
        "too_far": 30, "island": 0, "no_street": 5, "walled": 0, "no_venue": 0, "next_door": 40,
    }  # fmt: skip
    assert medical["share"] == 70 / 105


def test_a_category_whose_only_venue_has_no_door_has_no_venue(found: Coverage, town: District) -> None:
    market = by_category(found, town).loc["market"]
    assert (market["venues"], market["no_venue"], market["no_street"]) == (0, 100, 5)


def test_communities_add_up_to_the_whole_and_stand_in_the_order_of_the_rules(found: Coverage, town: District) -> None:
    table = by_community(found, town)
    assert table.loc["W"].index.tolist() == list(RULES.categories)
    whole = table.drop(columns="share").groupby("category").sum()
    columns = whole.columns
    pd.testing.assert_frame_equal(whole.loc[list(RULES.categories)], by_category(found, town)[columns], check_dtype=False)


def test_blind_spots_say_who_lacks_what_and_how_far_it_is(found: Coverage, town: District) -> None:
    table = blind_spots(found, town)
    medical = table[table["category"] == "medical"]
    assert medical["building_id"].tolist() == ["e2", "gone"]
    first = medical.iloc[0]
    assert (first["households"], first["name"], first["nearest_venue"], first["metres"]) == (30, "house e2", "clinic", 1310.0)
    assert medical.iloc[1][["metres", "nearest_venue"]].isna().all()


def test_households_that_are_not_known_count_none_and_are_told(town: District) -> None:
    buildings = town.buildings.assign(households=pd.array([10, None, 40, 30, 5], dtype="Int64"))
    district = town.with_tables({"buildings": buildings})
    found = coverage(district, RULES)
    assert by_category(found, district).loc["medical", "households"] == 85
    assert [each.subject for each in coverage_findings(found, district) if each.code == "coverage_households_unknown"] == ["w2"]


def test_a_small_centre_and_missing_categories_are_told(town: District) -> None:
    venues = town.venues.assign(categories='["party_service"]', area_m2=[399.0, 400.0])
    district = town.with_tables({"venues": venues})
    told = coverage_findings(coverage(district, RULES), district)
    assert [(each.subject, each.value) for each in told if each.code == "venue_too_small"] == [("clinic", 399.0)]
    # The other centre lies in E, but at no street: it is there all the same.
    assert {each.subject: each.value for each in told if each.code == "community_without_categories"} == dict.fromkeys(
        "WE", len(RULES.categories) - 1
    )


# --- grids ------------------------------------------------------------------------------------------------------------------------------


def atoms_of(rows: list[tuple[str, str, int | None]]) -> pd.DataFrame:
    source, grid, households = zip(*rows, strict=True)
    return pd.DataFrame({"source_building_id": source, "grid_id": grid, "households": pd.array(households, dtype="Int64")})


def test_stairwells_of_one_building_count_in_their_own_grids(found: Coverage, town: District) -> None:
    atoms = atoms_of([("w1", "G1", 10), ("w2", "G1", 8), ("w2", "G2", 12), ("e1", "G2", 40), ("e2", "G3", 30), ("gone", "G3", 5)])
    table = by_grid(found, atoms, town).xs("medical", level="category")
    assert table["covered"].to_dict() == {"G1": 18, "G2": 52, "G3": 0}
    assert table["residents"].to_dict() == {"G1": 25 + 24, "G2": 37, "G3": 79}
    assert table["share"].to_dict() == {"G1": 1.0, "G2": 1.0, "G3": 0.0}


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.one_of(st.none(), st.integers(0, 40))), min_size=1, max_size=12),
    st.lists(st.integers(0, 300), min_size=4, max_size=4),
)
def test_no_resident_gets_lost_between_stairwells(rows: Any, residents: list[int]) -> None:
    atoms = atoms_of([(f"b{building}", "G", households) for building, households in rows])
    district = draw_walks({}, buildings={f"b{number}": shapely.Point(number, 0) for number in range(4)})
    district = district.with_tables({"buildings": district.buildings.assign(residents=pd.array(residents, dtype="Int64"))})
    shared = residents_of_atoms(atoms, district)
    assert (shared >= 0).all()
    sums = pd.Series(shared).groupby(atoms["source_building_id"]).sum()
    assert sums.to_dict() == {f"b{building}": residents[building] for building in {building for building, _ in rows}}


places = st.lists(st.tuples(st.integers(0, 900), st.integers(0, 400)), min_size=1, max_size=8, unique=True)


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(places, places)
def test_covered_households_and_those_of_all_reasons_are_all_households(homes: Any, sites: Any) -> None:
    district = draw_walks(
        {"we": line((0, 0), (900, 0)), "apart": line((0, 300), (300, 300))},
        buildings={f"b{number}": shapely.Point(*place) for number, place in enumerate(homes)},
        venues={f"v{number}": (float(x), float(y), ["medical"]) for number, (x, y) in enumerate(sites)},
        walls={"w": line((450, -100), (450, 100))},
    )
    for table in (by_category, by_community):
        sums = table(coverage(district, RULES, minutes=3), district)
        np.testing.assert_array_equal(sums[["covered", *REASONS]].sum(axis=1), sums["households"])

"""Coverage: metres and reasons by hand in small worlds, laws in random ones, and an independent reader of the exported file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import shapely
from circles_oracle import differences
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from walks import draw_walks, line, square

from gridmap.circles.coverage import Coverage, categories_of, coverage
from gridmap.circles.limits import walk_limit
from gridmap.errors import RequestError
from gridmap.ground.importing import ImportRequest, import_files
from gridmap.ground.sample import sample_district
from gridmap.ground.tables import District
from gridmap.outputs.coverage_export import export_coverage
from gridmap.rules import load_rules

RULES = load_rules("nantong")
STREET = {"we": line((0, 0), (2000, 0))}
HOME = {"b": shapely.Point(0, 10)}


def row(found: Coverage, building: str = "b", category: str = "medical") -> Any:
    table = found.table
    (only,) = table[(table["building_id"] == building) & (table["category"] == category)].itertuples()
    return only


def clinic_at(x: float, y: float = 0.0) -> dict[str, Any]:
    return {"v": (x, y, ["medical"])}


def cover(district: District, **more: Any) -> Coverage:
    return coverage(district, RULES, **more)


def test_both_ways_to_the_street_count() -> None:
    found = row(cover(draw_walks(STREET, buildings=HOME, venues=clinic_at(500, 7))))
    assert (found.metres, found.venue_id, found.nearest_venue_id) == (517.0, "v", "v")
    assert found.minutes == round(517 / 75, 2)
    assert pd.isna(found.reason)


@pytest.mark.parametrize(("x", "reason"), [(740.0, None), (740.01, "too_far")])
def test_a_household_exactly_at_the_limit_is_inside(x: float, reason: str | None) -> None:
    found = row(cover(draw_walks(STREET, buildings=HOME, venues=clinic_at(x))))
    assert (None if pd.isna(found.reason) else found.reason) == reason
    assert found.nearest_venue_id == "v"
    assert pd.isna(found.venue_id) == (reason is not None)


def test_on_one_edge_one_does_not_walk_round_by_its_ends() -> None:
    assert row(cover(draw_walks(STREET, buildings={"b": shapely.Point(900, 0)}, venues=clinic_at(1000)))).metres == 100.0


def test_a_one_way_street_is_walked_one_way() -> None:
    ring = {"there": (line((0, 0), (400, 0)), {"one_way": True}), "back": line((0, 0), (0, 100), (400, 100), (400, 0))}
    there = row(cover(draw_walks(ring, buildings={"b": shapely.Point(100, 0)}, venues=clinic_at(300))))
    back = row(cover(draw_walks(ring, buildings={"b": shapely.Point(300, 0)}, venues=clinic_at(100))))
    assert (there.metres, back.metres) == (200.0, 100.0 + 600.0 + 100.0)


def test_without_a_venue_of_the_category_the_reason_says_so() -> None:
    assert row(cover(draw_walks(STREET, buildings=HOME, venues=clinic_at(100))), category="market").reason == "no_venue"


def test_far_from_every_street_the_reason_says_so() -> None:
    found = row(cover(draw_walks(STREET, buildings={"b": shapely.Point(0, 300)}, venues=clinic_at(100))))
    assert found.reason == "no_street"
    assert pd.isna(found.metres)
    assert pd.isna(found.nearest_venue_id)


def test_streets_that_do_not_hang_together_with_a_venues_are_an_island() -> None:
    streets = {**STREET, "apart": line((0, 100), (50, 100))}
    assert row(cover(draw_walks(streets, buildings={"b": shapely.Point(20, 110)}, venues=clinic_at(100)))).reason == "island"


def test_streets_that_only_a_wall_parts_from_a_venue_are_walled() -> None:
    found = row(cover(draw_walks(STREET, buildings=HOME, venues=clinic_at(100), walls={"w": line((50, -200), (50, 200))})))
    assert found.reason == "walled"


def test_streets_in_pieces_are_told() -> None:
    streets = {f"s{number}": line((0, number * 20.0), (10, number * 20.0)) for number in range(500)}
    found = cover(draw_walks(streets, buildings=HOME, venues=clinic_at(0, 2000)))
    assert [each.value for each in found.findings if each.code == "streets_in_pieces"] == [500]
    assert row(found).reason == "island"


def test_pieces_of_streets_at_which_somebody_lives_are_named() -> None:
    streets = {**STREET, "apart": (line((0, 100), (50, 100)), {"name": "北巷"}), "empty": line((0, 900), (70, 900))}
    found = cover(draw_walks(streets, buildings={**HOME, "c": shapely.Point(20, 110)}, venues=clinic_at(100)))
    (told,) = [each for each in found.findings if each.code == "streets_apart"]
    assert (told.subject, told.value, told.words["length_m"]) == ("北巷", 10, 50)


def test_water_without_a_bridge_makes_an_island() -> None:
    found = row(cover(draw_walks(STREET, buildings=HOME, venues=clinic_at(100), waters={"r": shapely.box(40, -500, 60, 500)})))
    assert found.reason == "island"


def test_a_house_shut_in_is_walled() -> None:
    found = row(cover(draw_walks(STREET, buildings={"b": square(50, 30)}, venues=clinic_at(100), walls={"w": shapely.box(30, 8, 80, 80).exterior})))
    assert found.reason == "walled"


def test_a_venue_that_is_not_public_serves_nobody() -> None:
    district = draw_walks(STREET, buildings=HOME, venues=clinic_at(100))
    venues = district.venues.assign(public=pd.array([False], dtype="boolean"))
    found = cover(district.with_tables({"venues": venues}))
    assert row(found).reason == "no_venue"
    assert "venues_not_public" in [each.code for each in found.findings]


def test_a_venue_in_the_river_is_told_and_serves_nobody() -> None:
    found = cover(draw_walks(STREET, buildings=HOME, venues=clinic_at(100, 30), waters={"r": shapely.box(0, 20, 200, 60)}))
    assert row(found).reason == "no_venue"
    assert [each.subject for each in found.findings if each.code == "venue_in_water"] == ["v"]


def test_a_venue_two_kilometres_from_any_street_is_told() -> None:
    found = cover(draw_walks(STREET, buildings=HOME, venues=clinic_at(100, 2000)))
    assert [each.subject for each in found.findings if each.code == "venue_no_street"] == ["v"]


def test_without_streets_nobody_walks_and_one_sentence_says_why() -> None:
    found = cover(draw_walks({}, buildings=HOME, venues=clinic_at(100)))
    assert [each.code for each in found.findings] == ["streets_none_walkable"]
    assert row(found).reason == "no_street"
    assert row(found, category="market").reason == "no_venue"


@pytest.mark.parametrize(("aside", "told"), [(3.0, []), (30.0, ["venue_in_water"])])
def test_a_venue_on_a_bridge_is_not_in_the_water(aside: float, told: list[str]) -> None:
    streets = {"west": line((0, 0), (40, 0)), "bridge": (line((40, 0), (160, 0)), {"layer": 1})}
    found = cover(draw_walks(streets, buildings=HOME, venues=clinic_at(100, aside), waters={"r": shapely.box(50, -300, 150, 300)}))
    assert [each.code for each in found.findings if each.subject == "v"] == told
    assert pd.isna(row(found).reason) == (not told)


def test_without_buildings_there_are_no_rows() -> None:
    assert len(cover(draw_walks(STREET, venues=clinic_at(100))).table) == 0


def test_without_venues_everybody_lacks_them() -> None:
    assert set(cover(draw_walks(STREET, buildings=HOME)).table["reason"]) == {"no_venue"}


@pytest.mark.parametrize("minutes", [0, -5, float("nan"), float("inf"), 1e9])
def test_senseless_minutes_are_refused(minutes: float) -> None:
    with pytest.raises(RequestError):
        walk_limit(RULES, "default", minutes)


def test_an_unknown_way_of_walking_is_refused_and_the_known_ones_named() -> None:
    with pytest.raises(RequestError, match="elder"):
        walk_limit(RULES, "running")


def test_the_standard_is_flat() -> None:
    assert [walk_limit(RULES, "gb50180", minutes).limit_cm for minutes in (5, 10, 15)] == [50_000] * 3


def test_another_limit_needs_no_other_search() -> None:
    district = draw_walks(STREET, buildings=HOME, venues=clinic_at(1000))
    longer = walk_limit(RULES, "default", 15)
    pd.testing.assert_frame_equal(cover(district).within(longer).table, cover(district, minutes=15).table)


@pytest.mark.parametrize("text", ["medical", "{}", "[1]", None, "[", "null"])
def test_categories_that_cannot_be_read_are_none(text: str | None) -> None:
    assert categories_of(text) is None


# --- laws -------------------------------------------------------------------------------------------------------------------------------

corner = st.tuples(st.integers(0, 12), st.integers(0, 12)).map(lambda place: (place[0] * 50.0, place[1] * 50.0))
ways = st.lists(st.lists(corner, min_size=2, max_size=4, unique=True), min_size=2, max_size=7)
spots = st.lists(st.tuples(st.integers(0, 600), st.integers(0, 600)), min_size=1, max_size=5, unique=True)
walls = st.lists(st.tuples(corner, corner).filter(lambda ends: ends[0] != ends[1]), max_size=2)
CODES = ["medical", "market"]


def world(drawn: Any, homes: Any, places: Any, barred: Any = (), prefix: str = "") -> District:
    return draw_walks(
        {f"{prefix}s{number}": (line(*corners), {"one_way": number % 5 == 4}) for number, corners in enumerate(drawn)},
        buildings={f"b{number}": shapely.Point(*place) for number, place in enumerate(homes)},
        venues={f"v{number}": (float(x), float(y), CODES[: 1 + number % 2]) for number, (x, y) in enumerate(places)},
        walls={f"w{number}": line(*ends) for number, ends in enumerate(barred)},
    )


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("coverage")


@pytest.mark.slow
@settings(max_examples=12, deadline=None)
@given(ways, spots, spots, walls)
def test_an_independent_reader_of_the_file_finds_the_same(out: Path, drawn: Any, homes: Any, places: Any, barred: Any) -> None:
    path = out / "out.gpkg"
    district = world(drawn, homes, places, barred)
    export_coverage(cover(district), district, path)
    assert differences(path) == []


@pytest.mark.slow
@settings(max_examples=12, deadline=None)
@given(ways, spots, spots, walls)
def test_every_household_is_covered_or_has_one_reason(drawn: Any, homes: Any, places: Any, barred: Any) -> None:
    table = cover(world(drawn, homes, places, barred)).table
    assert len(table) == len(homes) * len(RULES.categories)
    assert not table.duplicated(["building_id", "category"]).any()
    assert (table["venue_id"].notna() == table["reason"].isna()).all()
    assert (table["metres"].notna() == (table["reason"].isna() | (table["reason"] == "too_far").fillna(False))).all()


@pytest.mark.slow
@settings(max_examples=12, deadline=None)
@given(ways, spots, spots, walls, st.randoms(use_true_random=False))
def test_order_and_ids_of_streets_do_not_matter(drawn: Any, homes: Any, places: Any, barred: Any, chance: Any) -> None:
    plain = [street for number, street in enumerate(drawn) if number % 5 != 4]
    shuffled = list(plain)
    chance.shuffle(shuffled)
    first = cover(world([*plain[:4]], homes, places, barred))
    other = cover(world([*[each for each in shuffled if each in plain[:4]]], homes, places, barred, prefix="x"))
    pd.testing.assert_frame_equal(first.table, other.table)


@pytest.mark.slow
@settings(max_examples=12, deadline=None)
@given(ways, spots, spots, walls, st.randoms(use_true_random=False))
def test_order_and_ids_of_buildings_and_venues_do_not_matter(drawn: Any, homes: Any, places: Any, barred: Any, chance: Any) -> None:
    district = world(drawn, homes, places, barred)
    now = {letter: [f"{letter}{number}" for number in chance.sample(range(9), count)] for letter, count in (("b", len(homes)), ("v", len(places)))}
    renamed = {
        "buildings": district.buildings.set_axis(pd.Index(now["b"], name="building_id"), axis=0).sample(frac=1, random_state=1),
        "venues": district.venues.set_axis(pd.Index(now["v"], name="venue_id"), axis=0).sample(frac=1, random_state=2),
    }
    first, other = cover(district).table, cover(district.with_tables(renamed)).table
    first = first.assign(building_id=first["building_id"].map(dict(zip(district.buildings.index, now["b"], strict=True))).astype("str"))
    first, other = (table.sort_values(["category", "building_id"], ignore_index=True) for table in (first, other))
    pd.testing.assert_frame_equal(*(table[["building_id", "category", "metres", "minutes", "reason"]] for table in (first, other)))


@pytest.mark.slow
@settings(max_examples=12, deadline=None)
@given(ways, spots, spots, walls)
def test_other_venues_categories_and_buildings_change_nothing_for_a_building(drawn: Any, homes: Any, places: Any, barred: Any) -> None:
    district = world(drawn, homes, places, barred)
    whole = cover(district).table
    for code in CODES:
        serving = district.venues[[code in categories_of(text) for text in district.venues["categories"]]]
        alone = district.with_tables({"venues": serving.assign(categories=f'["{code}"]'), "buildings": district.buildings.iloc[:1]})
        rules = replace(RULES, categories={code: RULES.categories[code]})
        same = (whole["category"] == code) & (whole["building_id"] == "b0")
        pd.testing.assert_frame_equal(coverage(alone, rules).table, whole[same].reset_index(drop=True))


ROUNDED_M = 0.021
"""A new crossing begins a new edge, from which a door's place is counted in whole centimetres: two doors, one each."""


def on_streets(drawn: Any) -> list[tuple[float, float]]:
    """Places in the middle of the first stretch of each street: doors that stand on the street keep their place whatever is built."""
    return list(dict.fromkeys(((a[0] + b[0]) / 2, (a[1] + b[1]) / 2) for a, b, *_ in drawn))


def metres_of(district: District) -> np.ndarray:
    return np.asarray(cover(district).table["metres"].to_numpy(dtype=float, na_value=np.inf))


@pytest.mark.slow
@settings(max_examples=12, deadline=None)
@given(ways, st.lists(corner, min_size=2, max_size=4, unique=True))
def test_another_street_takes_nobody_farther(drawn: Any, more: Any) -> None:
    places = on_streets(drawn[:4])
    before = world(drawn[:4], places, places[:2])
    after = world([*drawn[:4], more], places, places[:2])
    # The street added is walked both ways.
    after = after.with_tables({"streets": after.streets.assign(one_way=pd.array([False] * len(after.streets), dtype="boolean"))})
    assert (metres_of(after) <= metres_of(before) + ROUNDED_M).all()


@pytest.mark.slow
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])  # most streets come nearer to some door
@given(ways, spots, spots, st.lists(corner, min_size=2, max_size=4, unique=True))
def test_another_street_no_nearer_to_any_door_takes_nobody_farther(drawn: Any, homes: Any, places: Any, more: Any) -> None:
    before, after = (world(streets, homes, places) for streets in (drawn[:4], [*drawn[:4], more]))
    found = cover(before)
    for doors, given_places in ((found.doors, homes), (found.venue_doors, places)):
        access = np.where(doors.linked, doors.access_cm / 100, 150.0)
        apart = shapely.distance(shapely.points(np.array(given_places, dtype=float)), line(*more))
        assume((apart[[int(name[1:]) for name in doors.id]] > access + 0.1).all())
    assert (metres_of(after) <= found.table["metres"].to_numpy(dtype=float, na_value=np.inf) + ROUNDED_M).all()


@pytest.mark.slow
@settings(max_examples=12, deadline=None)
@given(ways, st.tuples(corner, corner).filter(lambda ends: ends[0] != ends[1]), walls)
def test_another_wall_brings_nobody_nearer(drawn: Any, more: Any, barred: Any) -> None:
    # A wall through a door moves the door.
    places = [place for place in on_streets(drawn) if shapely.distance(shapely.Point(place), shapely.LineString(more)) > 1]
    assume(places)
    before, after = (metres_of(world(drawn, places, places[:2], walls)) for walls in (barred, [*barred, more]))
    assert (after >= before - ROUNDED_M).all()


def scaled(corners: Any, by: float) -> list[tuple[float, float]]:
    return [(x * by, y * by) for x, y in corners]


@pytest.mark.slow
@settings(max_examples=12, deadline=None)
@given(ways, spots, spots)
def test_distances_scale_with_the_world(drawn: Any, homes: Any, places: Any) -> None:
    drawn = drawn[:4]
    homes, places = ([(x / 5, y / 5) for x, y in each] for each in (homes, places))
    small, large = (world([scaled(street, by) for street in drawn], scaled(homes, by), scaled(places, by)) for by in (1.0, 1.25))
    found, found_large = cover(small), cover(large)
    # How far a door may be from a street does not scale.
    assume((found.venue_doors.linked == found_large.venue_doors.linked).all())
    one, other = (each.table["metres"].to_numpy(dtype=float, na_value=np.nan) for each in (found, found_large))
    both = ~np.isnan(one) & ~np.isnan(other)
    np.testing.assert_allclose(one[both] * 1.25, other[both], atol=0.06)


# --- the sample and real places ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sample() -> District:
    return sample_district(3000, seed=4)


@pytest.mark.slow
def test_the_sample_recomputes_from_its_file(sample: District, tmp_path: Path) -> None:
    export_coverage(cover(sample), sample, tmp_path / "out.gpkg")
    assert differences(tmp_path / "out.gpkg") == []


def test_clipping_with_a_margin_changes_nothing_inside(sample: District) -> None:
    """What is left reaches 60 m farther than any walk of 375 m."""
    whole = cover(sample, minutes=5)
    centre = sample.buildings.geometry.union_all().centroid
    middle = sample.venues.geometry.iloc[sample.venues.distance(centre).argmin()]
    near = sample.buildings.index[sample.buildings.geometry.distance(middle) < 150]
    around = middle.buffer(150 + 375 + 60)
    parts = {name: table[table.intersects(around)] for name, table in sample.tables().items() if name != "communities"}
    assert all(len(parts[name]) < len(getattr(sample, name)) for name in ("streets", "venues"))
    clipped = cover(sample.with_tables(parts), minutes=5)
    first, other = (found.table[found.table["building_id"].isin(near)].reset_index(drop=True) for found in (whole, clipped))
    pd.testing.assert_series_equal(first["venue_id"], other["venue_id"])
    inside = first["venue_id"].notna()
    assert inside.sum() >= 10
    pd.testing.assert_series_equal(first.loc[inside, "metres"], other.loc[inside, "metres"])


@pytest.mark.slow
@pytest.mark.parametrize("place", ["porto", "shanghai"])
def test_real_places_recompute_from_their_file(shared_data: Path, place: str, tmp_path: Path) -> None:
    folder = shared_data / place
    if place == "porto":
        request = ImportRequest(osm=folder / "porto.osm.pbf")
    else:
        files = {"buildings": "buildings", "streets": "roads", "venues": "pois", "barriers": "water"}
        request = ImportRequest(**{table: folder / f"{name}.geojson" for table, name in files.items()})
    district = import_files(request).district
    export_coverage(cover(district), district, tmp_path / "out.gpkg")
    assert differences(tmp_path / "out.gpkg") == []

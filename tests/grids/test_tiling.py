"""The tiling of a whole district."""

from __future__ import annotations

import pytest
import shapely
from grounds import assert_tiles, codes, draw_district
from shapely import LineString, box

from gridmap.errors import InputError
from gridmap.grids.tiling import tile
from gridmap.ground.sample import sample_district
from gridmap.ground.tables import District

COMMUNITIES = {"W": box(0, 0, 50, 80), "E": box(50, 0, 100, 80)}
BUILDINGS = {"e": box(70, 30, 80, 40), "w2": box(10, 60, 20, 70), "w1": box(10, 10, 20, 20)}
HOME = {"w1": "W", "w2": "W", "e": "E"}


@pytest.fixture(scope="module")
def district() -> District:
    return draw_district(COMMUNITIES, BUILDINGS, community_of=HOME, streets={"s": (LineString([(-5, 40), (105, 40)]), {})})


def test_cells_stand_in_the_order_of_the_district(district: District) -> None:
    tiling = tile(district)
    assert_tiles(tiling, district)
    assert list(tiling.cells["community_id"]) == ["E", "W", "W"]
    assert tiling.cells.crs == district.crs


def test_the_fingerprint_is_that_of_the_district(district: District) -> None:
    assert tile(district).fingerprint == district.fingerprint()


def test_progress_ends_with_all_buildings(district: District) -> None:
    told: list[tuple[str, int, int]] = []
    tile(district, progress=lambda *words: told.append(words))
    assert told == [("step_cells", 0, 3), ("step_cells", 2, 3), ("step_cells", 3, 3)]


def test_a_community_without_buildings_is_told() -> None:
    tiling = tile(draw_district({**COMMUNITIES, "X": box(100, 0, 150, 80)}, BUILDINGS, community_of=HOME))
    assert [(each.code, each.subject) for each in tiling.findings] == [("cells_community_empty", "X")]


def test_buildings_of_unknown_communities_are_all_named() -> None:
    with pytest.raises(InputError) as raised:
        tile(draw_district(COMMUNITIES, BUILDINGS, community_of={"w1": "W", "w2": "N", "e": "N"}))
    assert [each.subject for each in raised.value.findings] == ["e", "w2"]


def test_a_district_without_buildings_has_no_cells() -> None:
    tiling = tile(draw_district(COMMUNITIES, {}))
    assert (len(tiling.cells), len(tiling.neighbours)) == (0, 0)
    assert codes(tiling) == ["cells_community_empty"] * 2


def test_the_district_is_not_altered(district: District) -> None:
    before = district.fingerprint()
    tile(district)
    assert district.fingerprint() == before


@pytest.mark.slow
def test_the_sample_is_the_same_on_two_cores() -> None:
    district = sample_district(20_000, seed=3)
    one, two = tile(district, cores=1), tile(district, cores=2)
    assert_tiles(one, district)
    assert shapely.equals_identical(one.cells.geometry.to_numpy(), two.cells.geometry.to_numpy()).all()
    assert one.neighbours.equals(two.neighbours)
    assert one.findings == two.findings

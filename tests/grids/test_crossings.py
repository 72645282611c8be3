"""Streets over rivers, railways and expressways."""

from __future__ import annotations

from typing import Any

import pytest
from grounds import codes, draw_district, pair
from shapely import LineString, MultiLineString, box

from gridmap.grids.tiling import Tiling, tile

LAND = box(0, 0, 200, 100)
RIVER = (box(-5, 40, 205, 60), "river")
RAILWAY = (LineString([(-5, 50), (205, 50)]), "railway")
CORNERS = {"nw": box(20, 70, 40, 90), "ne": box(160, 70, 180, 90), "sw": box(20, 10, 40, 30), "se": box(160, 10, 180, 30)}
BRIDGE = LineString([(30, 35), (30, 65)])


def tiled(street: Any, barrier: Any = RIVER, buildings: Any = CORNERS, **what: Any) -> Tiling:
    barriers = barrier if isinstance(barrier, dict) else {"r": barrier}
    return tile(draw_district(LAND, buildings, streets={"s": (street, {"street_class": "street", "layer": 1, **what})}, barriers=barriers))


def crossed(tiling: Tiling) -> set[tuple[str, str]]:
    """Return the pairs from north to south that may be crossed."""
    table = tiling.neighbours[tiling.neighbours["crossable"]]
    return {(a, b) for a, b in zip(table["a"], table["b"], strict=True) if a[0] != b[0]}


def test_without_a_bridge_the_shores_are_no_neighbours() -> None:
    tiling = tiled(LineString([(0, 80), (200, 80)]))
    assert crossed(tiling) == set()
    assert pair(tiling, "nw", "sw") is None


@pytest.mark.parametrize("layer", [1, -1], ids=["bridge", "tunnel"])
def test_a_bridge_joins_the_cells_at_its_ends(layer: int) -> None:
    row = pair(tiled(BRIDGE, layer=layer), "nw", "sw")
    assert (row["shared_m"], row["separator"], row["crossable"]) == (0.0, "river", True)
    assert crossed(tiled(BRIDGE, layer=layer)) == {("nw", "sw")}


def test_a_bridge_in_several_pieces_is_one() -> None:
    pieces = MultiLineString([[(30, 35), (30, 45)], [(30, 45), (30, 52)], [(30, 52), (30, 65)]])
    assert crossed(tiled(pieces)) == {("nw", "sw")}


def test_a_bridge_that_ends_on_the_water_lands_on_the_bank_near_by() -> None:
    assert crossed(tiled(LineString([(30, 42), (30, 58)]))) == {("nw", "sw")}


def test_a_slanting_bridge_joins_where_it_lands() -> None:
    assert crossed(tiled(LineString([(30, 35), (170, 65)]))) == {("ne", "sw")}


def test_a_bridge_along_the_border_of_two_cells_joins_all_four() -> None:
    street = MultiLineString([[(100, -5), (100, 40)], [(100, 40), (100, 60)], [(100, 60), (100, 105)]])
    assert crossed(tiled(street)) == {("nw", "sw"), ("ne", "se"), ("ne", "sw"), ("nw", "se")}


def test_a_street_on_the_ground_is_no_bridge() -> None:
    assert crossed(tiled(BRIDGE, layer=0)) == set()


def test_a_bridge_closed_to_walkers_joins_nothing() -> None:
    assert crossed(tiled(BRIDGE, walkable=False)) == set()


def test_a_street_of_unknown_level_is_a_crossing_and_told() -> None:
    tiling = tiled(BRIDGE, layer=None)
    assert crossed(tiling) == {("nw", "sw")}
    assert codes(tiling).count("cells_level_unknown") == 1


def test_a_path_may_be_a_bridge() -> None:
    assert crossed(tiled(BRIDGE, street_class="path")) == {("nw", "sw")}


def test_a_bridge_over_a_railway_makes_the_border_crossable() -> None:
    tiling = tiled(BRIDGE, RAILWAY)
    row = pair(tiling, "nw", "sw")
    assert (row["separator"], row["crossable"]) == ("railway", True)
    assert row["shared_m"] > 50
    assert crossed(tiling) == {("nw", "sw")}


def test_a_street_that_only_meets_a_railway_does_not_cross_it() -> None:
    assert crossed(tiled(MultiLineString([[(30, 65), (30, 50)], [(30, 50), (60, 52)]]), RAILWAY)) == set()


def test_a_bridge_over_two_tracks_joins_the_outer_sides() -> None:
    tracks = {"a": (LineString([(-5, 48), (205, 48)]), "railway"), "b": (LineString([(-5, 52), (205, 52)]), "railway")}
    assert ("nw", "sw") in crossed(tiled(BRIDGE, tracks))


def test_bridges_over_an_island_without_buildings_are_one() -> None:
    banks = {"a": (box(-5, 38, 205, 45), "river"), "b": (box(-5, 55, 205, 62), "river")}
    assert ("nw", "sw") in crossed(tiled(LineString([(30, 30), (30, 70)]), banks))


def test_an_island_with_a_building_is_joined_to_both_shores() -> None:
    banks = {"a": (box(-5, 38, 205, 45), "river"), "b": (box(-5, 55, 205, 62), "river")}
    tiling = tiled(LineString([(30, 30), (30, 70)]), banks, {**CORNERS, "island": box(60, 48, 80, 52)})
    assert {("island", "nw"), ("island", "sw")} <= crossed(tiling)

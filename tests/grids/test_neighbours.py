"""The neighbour table, against the common borders that shapely finds."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import shapely
from grounds import draw_district, pair
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString, affinity, box

from gridmap.grids.tiling import SEPARATORS, Tiling, tile

LAND = box(0, 0, 100, 80)
STREET = LineString([(-10, 40), (110, 40)])
NORTH_AND_SOUTH = {"north": box(40, 50, 60, 60), "south": box(40, 20, 60, 30)}


def common_borders(tiling: Tiling) -> dict[tuple[str, str], float]:
    """Return the length of the common border of every pair, measured by shapely."""
    cells = tiling.cells.geometry
    edges = {name: shapely.boundary(cell) for name, cell in cells.items()}
    pairs = itertools.combinations(sorted(cells.index), 2)
    lengths = {(a, b): shapely.intersection(edges[a], edges[b]).length for a, b in pairs}
    return {names: length for names, length in lengths.items() if length > 0.5}


SPOTS = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 6), st.integers(3, 9), st.integers(3, 9), st.integers(0, 89)), min_size=1, max_size=10)
LINES = st.lists(st.tuples(*[st.integers(-10, 110)] * 4).filter(lambda ends: ends[:2] != ends[2:]), max_size=5)


@given(SPOTS, LINES)
def test_every_common_border_is_in_the_table(spots: list[Any], lines: list[Any]) -> None:
    buildings = {
        f"b{row}": affinity.rotate(box(x * 11, y * 11, x * 11 + width, y * 11 + depth), angle)
        for row, (x, y, width, depth, angle) in enumerate(spots)
    }
    streets = {f"s{row}": (LineString([ends[:2], ends[2:]]), {}) for row, ends in enumerate(lines)}
    tiling = tile(draw_district(LAND, buildings, streets=streets))
    table = tiling.neighbours
    expected = common_borders(tiling)
    found = {(a, b): length for a, b, length in zip(table["a"], table["b"], table["shared_m"], strict=True)}
    sure = {names for names, length in expected.items() if length > 0.51}
    assert sure <= set(found)
    assert all(expected.get(names, 0.5) == pytest.approx(length, abs=0.01) for names, length in found.items())


def test_the_table_is_sorted_and_typed() -> None:
    buildings = {f"b{row}": box(5 + 9 * row, 20, 10 + 9 * row, 30) for row in range(9)}
    table = tile(draw_district(LAND, buildings)).neighbours
    assert list(table.columns) == ["a", "b", "shared_m", "separator", "crossable"]
    assert (table["a"] < table["b"]).all()
    assert table[["a", "b"]].apply(tuple, axis=1).is_monotonic_increasing
    assert (str(table["a"].dtype), str(table["shared_m"].dtype), str(table["crossable"].dtype)) == ("str", "float64", "bool")


@pytest.mark.parametrize("street_class", ["lane", "street", "arterial"])
def test_a_street_separates_by_its_class_and_may_be_crossed(street_class: str) -> None:
    row = pair(tile(draw_district(LAND, NORTH_AND_SOUTH, streets={"s": (STREET, {"street_class": street_class})})), "north", "south")
    assert (row["separator"], row["crossable"], row["shared_m"]) == (street_class, True, pytest.approx(100))


@pytest.mark.parametrize(("kind", "crossable"), [("wall", True), ("railway", False), ("expressway", False), ("river", False)])
def test_a_barrier_separates_by_its_kind(kind: str, crossable: bool) -> None:
    row = pair(tile(draw_district(LAND, NORTH_AND_SOUTH, barriers={"r": (STREET, kind)})), "north", "south")
    assert (row["separator"], row["crossable"]) == (kind, crossable)


def test_the_strongest_of_two_on_one_line_counts() -> None:
    row = pair(tile(draw_district(LAND, NORTH_AND_SOUTH, streets={"s": (STREET, {})}, barriers={"r": (STREET, "river")})), "north", "south")
    assert (row["separator"], row["crossable"]) == ("river", False)


def test_the_separator_along_most_of_the_border_counts_and_any_open_stretch_may_be_crossed() -> None:
    railway = LineString([(-10, 40), (70, 40)])
    street = LineString([(70, 40), (110, 40)])
    row = pair(tile(draw_district(LAND, NORTH_AND_SOUTH, streets={"s": (street, {})}, barriers={"r": (railway, "railway")})), "north", "south")
    assert (row["separator"], row["crossable"]) == ("railway", True)


def test_cells_on_both_sides_of_a_street_share_what_overlaps() -> None:
    buildings = {"w": box(10, 50, 20, 60), "e": box(70, 50, 80, 60), "south": box(25, 20, 35, 30)}
    tiling = tile(draw_district(LAND, buildings, streets={"s": (STREET, {})}))
    assert pair(tiling, "w", "south")["shared_m"] + pair(tiling, "e", "south")["shared_m"] == pytest.approx(100)


@pytest.mark.parametrize(("kind", "crossable"), [("wall", True), ("river", False)])
def test_a_barrier_that_ends_blind_still_separates_those_beside_it(kind: str, crossable: bool) -> None:
    blind = LineString([(50, -5), (50, 60)])
    buildings = {"west": box(30, 30, 40, 40), "east": box(60, 30, 70, 40)}
    row = pair(tile(draw_district(LAND, buildings, barriers={"r": (blind, kind)})), "west", "east")
    assert (row["separator"], row["crossable"]) == (kind, crossable)


def test_cells_of_two_communities_are_neighbours_that_cannot_be_crossed() -> None:
    communities = {"W": box(0, 0, 50, 80), "E": box(50, 0, 100, 80)}
    buildings = {"w1": box(10, 10, 20, 20), "w2": box(10, 60, 20, 70), "e": box(70, 30, 80, 40)}
    tiling = tile(draw_district(communities, buildings, community_of={"w1": "W", "w2": "W", "e": "E"}))
    rows = [pair(tiling, "w1", "e"), pair(tiling, "w2", "e")]
    assert [(row["separator"], row["crossable"]) for row in rows] == [("community", False)] * 2
    assert sum(row["shared_m"] for row in rows) == pytest.approx(80)


def test_communities_with_a_narrow_gap_are_neighbours() -> None:
    communities = {"W": box(0, 0, 49.8, 80), "E": box(50, 0, 100, 80)}
    tiling = tile(draw_district(communities, {"w": box(10, 10, 20, 20), "e": box(70, 30, 80, 40)}, community_of={"w": "W", "e": "E"}))
    assert pair(tiling, "w", "e")["shared_m"] == pytest.approx(80)


def test_communities_that_touch_in_a_corner_are_no_neighbours() -> None:
    communities = {"W": box(0, 0, 50, 40), "E": box(50, 40, 100, 80)}
    tiling = tile(draw_district(communities, {"w": box(10, 10, 20, 20), "e": box(70, 50, 80, 60)}, community_of={"w": "W", "e": "E"}))
    assert len(tiling.neighbours) == 0


def test_separators_are_known_words() -> None:
    rng = np.random.default_rng(3)
    buildings = {f"b{row}": box(x, y, x + 5, y + 5) for row, (x, y) in enumerate(rng.integers(0, 70, (8, 2)))}
    table = tile(draw_district(LAND, buildings, streets={"s": (STREET, {})})).neighbours
    assert set(table["separator"]) <= set(SEPARATORS)

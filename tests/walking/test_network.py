"""The walking network: what is joined, what is cut, and that nothing gets lost."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from walks import connected, draw_walks, line, node_at, nodes_at, square

from gridmap.walking.network import walking_network

CROSS = {"we": line((0, 0), (100, 0)), "sn": line((50, -50), (50, 50))}
WEST, EAST, SOUTH, NORTH = (0, 0), (100, 0), (50, -50), (50, 50)


def codes(network: Any) -> list[str]:
    return [each.code for each in network.findings]


def test_streets_of_one_level_meet_where_they_cross() -> None:
    network = walking_network(draw_walks(CROSS))
    assert (network.nodes, network.edges) == (5, 4)
    assert sorted(network.length_cm.tolist()) == [5000, 5000, 5000, 5000]


@pytest.mark.parametrize("layer", [1, -1, 2])
def test_a_bridge_or_tunnel_does_not_connect_to_what_it_passes(layer: int) -> None:
    network = walking_network(draw_walks({**CROSS, "we": (CROSS["we"], {"layer": layer})}))
    assert not connected(network, WEST, NORTH)
    assert connected(network, SOUTH, NORTH)


def test_a_bridge_with_a_corner_over_a_street_does_not_connect_to_it() -> None:
    bridge = line((0, 0), (50, 0), (100, 10))
    network = walking_network(draw_walks({"bridge": (bridge, {"layer": 1}), "sn": line((50, -50), (50, 0), (50, 50))}))
    assert not connected(network, (0, 0), NORTH)


def test_a_bridge_lands_on_the_street_where_it_ends() -> None:
    network = walking_network(draw_walks({"bridge": (line((0, 0), (50, 0)), {"layer": 1}), "sn": line((50, -50), (50, 50))}))
    assert connected(network, WEST, NORTH)
    assert network.length_cm.sum() == 15_000


def test_a_bridge_in_two_pieces_does_not_land_between_them() -> None:
    pieces = {"b1": (line((0, 0), (50, 0)), {"layer": 1}), "b2": (line((50, 0), (100, 0)), {"layer": 1})}
    network = walking_network(draw_walks({**pieces, "sn": line((50, -50), (50, 0), (50, 50))}))
    assert connected(network, WEST, EAST)
    assert not connected(network, WEST, NORTH)


def test_stairs_climb_to_the_corner_of_a_bridge() -> None:
    bridge = line((0, 0), (50, 0), (100, 0))
    network = walking_network(draw_walks({"bridge": (bridge, {"layer": 1}), "stairs": line((50, 0), (50, 20))}))
    assert connected(network, WEST, (50, 20))


def test_streets_whose_level_is_unknown_count_as_on_the_ground() -> None:
    network = walking_network(draw_walks({**CROSS, "we": (CROSS["we"], {"layer": None})}))
    assert connected(network, WEST, NORTH)


def test_streets_that_nobody_walks_are_left_out() -> None:
    assert walking_network(draw_walks({"motorway": (CROSS["we"], {"walkable": False})})).edges == 0


def test_a_loose_end_is_joined_and_told() -> None:
    network = walking_network(draw_walks({"we": CROSS["we"], "stub": line((50, 0.8), (50, 50))}))
    assert connected(network, WEST, NORTH)
    assert network.length_cm.sum() == 15_000
    (told,) = network.findings
    assert (told.code, told.subject, told.value) == ("street_end_joined", "stub", 0.8)


def test_a_wider_gap_stays_open() -> None:
    network = walking_network(draw_walks({"we": CROSS["we"], "stub": line((50, 1.1), (50, 50))}))
    assert not connected(network, WEST, NORTH)
    assert network.findings == ()


def test_streets_broken_at_the_edge_of_a_tile_are_joined_without_a_word_where_only_rounding_parts_them() -> None:
    network = walking_network(draw_walks({"west": line((0, 0), (50, 0)), "east": line((50.003, 0.001), (100, 0))}))
    assert connected(network, WEST, EAST)
    assert network.findings == ()


def test_a_ring_that_does_not_close_is_closed() -> None:
    ring = line((0, 0), (100, 0), (100, 100), (0, 100), (0, 0.5))
    network = walking_network(draw_walks({"ring": ring}))
    assert network.length_cm.sum() == 40_000


def test_streets_drawn_twice_are_one() -> None:
    network = walking_network(draw_walks({"a": CROSS["we"], "b": line((100, 0), (0, 0)), "sn": CROSS["sn"]}))
    assert network.component.max() == 0
    assert node_at(network, 50, 0) >= 0


SQUARE = line((20, 20), (40, 20), (40, 40), (20, 40), (20, 20))


ALONG, PART = line((0, 0), (100, 0)), line((20, 0), (60, 0))
BACK = line((60, 0), (20, 0))


@pytest.mark.parametrize("again", [PART, BACK])
def test_a_stretch_drawn_twice_is_one_edge(again: Any) -> None:
    network = walking_network(draw_walks({"long": ALONG, "short": again}))
    assert sorted(network.length_cm.tolist()) == [2000, 4000, 4000]


def test_a_stretch_drawn_twice_may_be_walked_as_any_of_its_streets_may() -> None:
    def ways(one: Any, other: Any) -> list[bool]:
        return walking_network(draw_walks({"one": one, "other": other})).one_way.tolist()

    only = {"one_way": True}
    assert ways((PART, only), (PART, only)) == [True]
    assert ways((PART, only), (PART, {})) == [False]
    assert ways((PART, {}), (BACK, only)) == [False]
    assert ways((PART, only), (BACK, only)) == [False]


def test_two_ways_between_the_same_corners_are_two_edges() -> None:
    network = walking_network(draw_walks({"straight": PART, "bent": line((20, 0), (40, 30), (60, 0))}))
    assert network.edges == 2


@pytest.mark.parametrize("rings", [{"square": SQUARE}, {"square": SQUARE, "beside": line((30, 40), (50, 40), (50, 45), (30, 45), (30, 40))}])
def test_rims_of_squares_that_meet_no_street_are_left_out_and_told(rings: dict[str, Any]) -> None:
    network = walking_network(draw_walks({"we": CROSS["we"], **rings}))
    assert set(network.street) == {"we"}
    assert [(each.code, each.value) for each in network.findings] == [("street_rings_apart", len(rings))]


@pytest.mark.parametrize("street", [line((0, 30), (100, 30)), line((40.9, 30), (100, 30)), line((0, 0), (20, 20))])
def test_a_ring_that_meets_a_street_is_walked_round(street: Any) -> None:
    network = walking_network(draw_walks({"square": SQUARE, "street": street}))
    assert "square" in set(network.street)
    assert "street_rings_apart" not in codes(network)


def test_a_ring_that_only_a_wall_parts_from_a_street_is_a_street() -> None:
    network = walking_network(draw_walks({"square": SQUARE, "we": line((0, 30), (20, 30))}, walls={"w": line((20, 0), (20, 100))}))
    assert "square" in set(network.street)


def test_where_there_are_rings_alone_they_are_the_streets() -> None:
    network = walking_network(draw_walks({"square": SQUARE, "other": line((60, 0), (80, 0), (70, 10), (60, 0))}))
    assert set(network.street) == {"square", "other"}


# --- walls ------------------------------------------------------------------------------------------------------------------------------

WALL = {"wall": line((30, -100), (30, 100))}


def test_a_wall_cuts_the_street_and_is_told() -> None:
    network = walking_network(draw_walks(CROSS, walls=WALL))
    assert not connected(network, WEST, EAST)
    assert nodes_at(network, 30, 0) == 2
    assert codes(network) == ["street_cut_by_wall"]


@pytest.mark.parametrize("gate", [(30, 0), (31, 1), (27, -1)])
def test_a_gate_opens_the_wall(gate: tuple[float, float]) -> None:
    network = walking_network(draw_walks(CROSS, walls=WALL, gates={"gate": gate}))
    assert connected(network, WEST, EAST)


def test_a_gate_opens_no_other_place_of_the_wall() -> None:
    network = walking_network(draw_walks(CROSS, walls=WALL, gates={"gate": (30, 20)}))
    assert not connected(network, WEST, EAST)


def test_a_gate_opens_its_own_wall_and_not_the_one_behind() -> None:
    network = walking_network(draw_walks(CROSS, walls={**WALL, "behind": line((33, -100), (33, 100))}, gates={"gate": (30, 0)}))
    assert not connected(network, WEST, EAST)


def test_a_wall_drawn_twice_is_opened_by_one_gate() -> None:
    network = walking_network(draw_walks(CROSS, walls={**WALL, "again": line((30.2, -100), (30.2, 100))}, gates={"gate": (30, 0)}))
    assert connected(network, WEST, EAST)


def test_a_wall_through_a_junction_parts_what_lies_on_its_two_sides() -> None:
    network = walking_network(draw_walks(CROSS, walls={"wall": line((0, -50), (100, 50))}))
    assert connected(network, WEST, NORTH)
    assert connected(network, EAST, SOUTH)
    assert not connected(network, WEST, EAST)


def test_a_wall_that_ends_at_a_street_does_not_cut_it() -> None:
    network = walking_network(draw_walks(CROSS, walls={"wall": line((30, 0), (30, 100))}))
    assert connected(network, WEST, EAST)


def test_two_walls_that_meet_on_a_street_cut_it() -> None:
    network = walking_network(draw_walks(CROSS, walls={"a": line((30, 0), (30, 100)), "b": line((30, 0), (30, -100))}))
    assert not connected(network, WEST, EAST)


def test_a_bridge_passes_over_a_wall() -> None:
    network = walking_network(draw_walks({"we": (CROSS["we"], {"layer": 1})}, walls=WALL))
    assert connected(network, WEST, EAST)


def test_what_only_a_wall_parts_is_remembered() -> None:
    network = walking_network(draw_walks(CROSS, walls=WALL))
    west, east = node_at(network, *WEST), node_at(network, *EAST)
    assert network.component[west] != network.component[east]
    assert network.without_walls[west] == network.without_walls[east]


# --- water ------------------------------------------------------------------------------------------------------------------------------

RIVER = {"river": shapely.box(20, -100, 40, 100)}


def test_water_cuts_a_street_on_the_ground() -> None:
    network = walking_network(draw_walks(CROSS, waters=RIVER))
    assert not connected(network, WEST, EAST)
    assert "street_cut_by_water" in codes(network)


@pytest.mark.parametrize("layer", [1, -1, None])
def test_bridges_tunnels_and_streets_of_unknown_level_cross_water(layer: int | None) -> None:
    network = walking_network(draw_walks({**CROSS, "we": (CROSS["we"], {"layer": layer})}, waters=RIVER))
    assert network.component[node_at(network, *WEST)] == network.component[node_at(network, *EAST)]


def test_a_bridge_that_ends_on_the_bank_is_not_cut_there() -> None:
    streets = {"west": line((0, 0), (20, 0)), "bridge": (line((20, 0), (40, 0)), {"layer": 1}), "east": line((40, 0), (100, 0))}
    network = walking_network(draw_walks(streets, waters=RIVER))
    assert connected(network, WEST, EAST)


# --- laws -------------------------------------------------------------------------------------------------------------------------------

places = st.tuples(st.integers(0, 40), st.integers(0, 40)).map(lambda place: (place[0] * 10.0, place[1] * 10.0))
streets = st.lists(st.lists(places, min_size=2, max_size=5, unique=True), min_size=1, max_size=8)


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(streets)
def test_the_network_covers_exactly_what_is_drawn(drawn: list[list[tuple[float, float]]]) -> None:
    given_lines = [line(*corners) for corners in drawn]
    network = walking_network(draw_walks({f"s{number}": each for number, each in enumerate(given_lines)}))
    union, ours = shapely.union_all(given_lines), shapely.union_all(network.lines())
    moved = shapely.transform(ours, lambda xy: xy - (500_000.0, 3_500_000.0))
    assert shapely.hausdorff_distance(union, moved) < 1.5
    # What is drawn twice is walked once.
    assert network.length_cm.sum() * 10 >= union.length * 1000 - 10 * max(network.edges, len(given_lines))


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(streets)
def test_what_touches_hangs_together(drawn: list[list[tuple[float, float]]]) -> None:
    given_lines = [line(*corners) for corners in drawn]
    network = walking_network(draw_walks({f"s{number}": each for number, each in enumerate(given_lines)}))
    grown = shapely.get_parts(shapely.buffer(shapely.union_all(given_lines), 1e-6))
    assert len(network.names) <= len(grown)


@pytest.mark.slow
@settings(max_examples=20, deadline=None)
@given(streets, st.randoms(use_true_random=False))
def test_neither_order_nor_ids_matter(drawn: list[list[tuple[float, float]]], chance: Any) -> None:
    numbered = list(enumerate(drawn))
    first = walking_network(draw_walks({f"s{number}": line(*corners) for number, corners in numbered}))
    chance.shuffle(numbered)
    other = walking_network(draw_walks({f"x{number}": line(*corners) for number, corners in numbered}))
    np.testing.assert_array_equal(np.sort(first.length_cm), np.sort(other.length_cm))
    np.testing.assert_array_equal(first.node_xy, other.node_xy)


def test_an_empty_district_has_an_empty_network() -> None:
    network = walking_network(draw_walks({}, buildings={"b": square(0, 0)}))
    assert (network.nodes, network.edges, len(network.components())) == (0, 0, 0)


def test_components_are_named_by_their_longest_street() -> None:
    streets = {"a": (line((0, 0), (100, 0)), {"name": "北街"}), "b": line((0, 50), (60, 50)), "c": line((0, 90), (10, 90))}
    table = walking_network(draw_walks(streets)).components()
    assert table["name"].tolist() == ["北街", "b", "c"]
    assert table["length_m"].tolist() == [100.0, 60.0, 10.0]

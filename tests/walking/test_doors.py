"""Doors: the nearest street that one can see, where on it, and how far."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely
from walks import draw_walks, line, square

from gridmap.walking.doors import ACCESS_M, LINKED, NO_STREET, ON_BRIDGE_M, WALLED, Doors, doors
from gridmap.walking.network import walking_network
from gridmap.walking.walls import walls_of

STREET = {"we": line((0, 0), (100, 0))}


def doors_of(streets: dict[str, Any], buildings: dict[str, Any], **more: Any) -> Doors:
    district = draw_walks(streets, buildings=buildings, **more)
    walls = walls_of(district)
    network = walking_network(district, walls=walls)
    return doors(network, district.buildings.index.to_numpy(dtype=object), district.buildings.geometry.to_numpy(), walls)


def test_a_door_is_the_spot_of_the_footprint_nearest_to_the_street() -> None:
    found = doors_of(STREET, {"b": square(30, 20)})
    assert (found.access_cm[0], found.state[0]) == (1500, LINKED)
    assert 2500 <= found.position_cm[0] <= 3500


def test_a_building_drawn_as_a_point_has_its_door_there() -> None:
    found = doors_of(STREET, {"b": shapely.Point(30, 20)})
    assert (found.access_cm[0], found.position_cm[0]) == (2000, 3000)


def test_a_building_on_the_street_walks_no_step_to_it() -> None:
    found = doors_of(STREET, {"b": square(30, 0)})
    assert found.access_cm[0] == 0


@pytest.mark.parametrize(("metres", "state"), [(ACCESS_M, LINKED), (ACCESS_M + 0.01, NO_STREET), (2000.0, NO_STREET)])
def test_a_door_too_far_from_any_street_has_none(metres: float, state: int) -> None:
    found = doors_of(STREET, {"b": shapely.Point(30, metres)})
    assert found.state[0] == state


def test_a_wall_turns_the_door_to_another_street() -> None:
    streets = {**STREET, "far": line((0, 100), (100, 100))}
    found = doors_of(streets, {"b": shapely.Point(30, 20)}, walls={"w": line((-1000, 10), (1000, 10))})
    assert found.access_cm[0] == 8000


def test_a_short_wall_turns_the_door_along_the_street() -> None:
    found = doors_of(STREET, {"b": shapely.Point(50, 20)}, walls={"w": line((45, 10), (55, 10))})
    assert found.state[0] == LINKED
    assert 2000 < found.access_cm[0] < 4500


def test_a_house_shut_in_by_a_wall_is_walled() -> None:
    found = doors_of(STREET, {"b": square(30, 20)}, walls={"w": shapely.box(10, 8, 60, 60).exterior})
    assert found.state[0] == WALLED


def test_a_gate_in_its_wall_lets_it_out() -> None:
    found = doors_of(STREET, {"b": square(30, 20)}, walls={"w": shapely.box(10, 8, 60, 60).exterior}, gates={"g": (30, 8)})
    assert found.state[0] == LINKED
    assert 1500 <= found.access_cm[0] <= 1600


def test_through_a_gate_round_the_corner_the_way_is_bent() -> None:
    streets = {**STREET, "sn": line((-20, 100), (-20, -100))}
    found = doors_of(streets, {"b": square(50, 30)}, walls={"w": shapely.box(10, 8, 60, 60).exterior}, gates={"g": (10, 30)})
    assert (found.state[0], found.access_cm[0]) == (LINKED, 3500 + 3000)
    assert shapely.get_num_points(found.leg[0]) == 3


def test_a_wall_that_the_house_stands_on_is_not_in_its_way() -> None:
    found = doors_of(STREET, {"b": square(30, 20)}, walls={"w": line((-1000, 15), (1000, 15))})
    assert (found.state[0], found.access_cm[0]) == (LINKED, 1500)


def test_nobody_walks_through_water_to_the_street() -> None:
    found = doors_of(STREET, {"b": square(30, 20)}, waters={"w": shapely.box(-1000, 5, 1000, 10)})
    assert found.state[0] == WALLED


def test_what_lies_in_the_water_has_no_door() -> None:
    found = doors_of(STREET, {"b": shapely.Point(30, 20)}, waters={"w": shapely.box(-1000, 5, 1000, 30)})
    assert found.state[0] == WALLED


def test_bridges_have_no_doors() -> None:
    found = doors_of({"bridge": (line((0, 0), (100, 0)), {"layer": 1})}, {"b": square(30, 20)})
    assert found.state[0] == NO_STREET


BRIDGED = {"west": line((0, 0), (40, 0)), "bridge": (line((40, 0), (160, 0)), {"layer": 1}), "east": line((160, 0), (200, 0))}
RIVER = {"r": shapely.box(50, -300, 150, 300)}


@pytest.mark.parametrize(("aside", "state"), [(0.0, LINKED), (ON_BRIDGE_M, LINKED), (ON_BRIDGE_M + 0.1, WALLED), (200.0, NO_STREET)])
def test_what_stands_on_a_bridge_over_water_has_its_door_there(aside: float, state: int) -> None:
    found = doors_of(BRIDGED, {"b": shapely.Point(100, aside)}, waters=RIVER)
    assert found.state[0] == state
    if state == LINKED:
        assert (found.position_cm[0], found.access_cm[0]) == (6000, round(aside * 100))


def test_beside_a_bridge_but_on_land_the_door_is_at_the_street() -> None:
    found = doors_of(BRIDGED, {"b": shapely.Point(49, 3)}, waters=RIVER)
    assert (found.position_cm[0], found.access_cm[0]) == (4000, round(100 * np.hypot(9, 3)))


def test_nobody_walks_through_a_wall_onto_a_bridge() -> None:
    found = doors_of(BRIDGED, {"b": shapely.Point(100, 4)}, waters=RIVER, walls={"w": line((60, 2), (140, 2))})
    assert found.state[0] == WALLED


def test_a_tunnel_below_the_water_has_no_doors() -> None:
    found = doors_of(BRIDGED | {"bridge": (BRIDGED["bridge"][0], {"layer": -1})}, {"b": shapely.Point(100, 0)}, waters=RIVER)
    assert found.state[0] == WALLED


def test_without_streets_nothing_has_a_door() -> None:
    found = doors_of({}, {"b": square(30, 20)})
    assert (found.state[0], found.edge[0]) == (NO_STREET, -1)


def test_legs_are_as_long_as_they_say_and_end_where_they_say() -> None:
    found = doors_of({"bent": line((0, 0), (50, 30), (100, 0))}, {f"b{x}": square(x, 60) for x in range(0, 100, 7)})
    np.testing.assert_allclose(shapely.length(found.leg) * 100, found.access_cm, atol=0.51)

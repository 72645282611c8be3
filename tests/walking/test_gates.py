"""Gates for residents and gates with hours: who may pass, which way, and when."""

from __future__ import annotations

import itertools
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from walks import draw_walks, graph_of, line, node_at

from gridmap.circles.coverage import Coverage, coverage
from gridmap.ground.tables import District
from gridmap.rules import load_rules
from gridmap.walking.gates import gates_open_at, is_open, parse_hours, resident_gates
from gridmap.walking.guarded import guarded_network
from gridmap.walking.network import walking_network

RULES = load_rules("nantong")
YARD = shapely.box(100, 0, 200, 100)
#   home     yard: two gates, west (100, 50) for residents, east (200, 50)
#  --+---|---------------|-------+--
#   0   100             200     300
STREETS = {"we": line((0, 50), (300, 50)), "round": line((0, 50), (0, 150), (300, 150), (300, 50))}
HOMES = {"in": shapely.Point(150, 52), "out": shapely.Point(20, 52)}


def yard(
    streets: Any = None,
    *,
    public: bool | None = False,
    compound: str | None = "K",
    gates: Any = None,
    homes: Any = None,
    lived_in: tuple[str, ...] = ("in",),
    venue: tuple[float, float] = (60, 50),
    hours: str | None = None,
) -> District:
    gates = {"west": (100, 50), "east": (200, 50)} if gates is None else gates
    homes = HOMES if homes is None else homes
    drawn = draw_walks(streets or STREETS, buildings=homes, venues={"v": (*venue, ["medical"])}, walls={"w": YARD.exterior}, gates=gates)
    private = pd.array([public if gate == "west" else True for gate in gates], dtype="boolean")
    table = drawn.gates.assign(
        public=private, compound_id=pd.array([compound] * len(gates), dtype="str"), hours=pd.array([hours] * len(gates), dtype="str")
    )
    members = pd.array([compound if home in lived_in else None for home in homes], dtype="str")
    return drawn.with_tables({"gates": table, "buildings": drawn.buildings.assign(compound_id=members)})


def metres(district: District, building: str) -> float:
    rows = cover(district).table.set_index(["building_id", "category"])
    return float(rows.loc[(building, "medical"), "metres"])


def cover(district: District) -> Coverage:
    return coverage(district, RULES)


def codes(district: District) -> list[str]:
    return [each.code for each in cover(district).findings]


def test_a_gate_for_residents_lets_them_out() -> None:
    assert metres(yard(), "in") == 2 + 90


def test_strangers_walk_round_to_the_public_gate() -> None:
    assert metres(yard(venue=(150, 50)), "out") == 2 + 20 + 100 + 300 + 100 + 150


def test_through_a_public_gate_they_walk_straight() -> None:
    assert metres(yard(venue=(150, 50), public=True), "out") == 2 + 130


def test_a_venue_behind_residents_gates_alone_is_walled_for_strangers_and_not_for_residents() -> None:
    district = yard(venue=(150, 50), gates={"west": (100, 50)})
    rows = cover(district).table.set_index(["building_id", "category"])
    assert rows.loc[("out", "medical"), "reason"] == "walled"
    assert rows.loc[("in", "medical"), "metres"] == 2


def test_the_way_from_the_door_leads_out_through_ones_own_gate() -> None:
    streets = {"we": line((0, 50), (99, 50)), "far": line((-50, 50), (0, 50))}
    assert metres(yard(streets, homes={"in": shapely.Point(110, 50)}), "in") == 11 + 39


def test_the_way_from_the_street_to_a_venue_does_not_lead_in() -> None:
    streets = {"we": line((0, 50), (99, 50)), "far": line((-50, 50), (0, 50))}
    assert "venue_walled" in codes(yard(streets, venue=(110, 50)))


def test_a_lane_that_ends_in_the_gate_is_cut_there_too() -> None:
    streets = {"west": line((0, 50), (100, 50)), "lane": line((100, 50), (200, 50)), "up": line((100, 50), (100, -60), (0, -60))}
    district = yard(streets, venue=(150, 50), gates={"west": (100, 50)})
    network = guarded_network(walking_network(district), resident_gates(district), district.streets)
    out, in_ = node_at(network, 0, 50), node_at(network, 200, 50)
    graph = graph_of(network)
    assert nx.shortest_path_length(graph, in_, out, weight="weight") == 20_000
    assert not nx.has_path(graph, out, in_)
    assert network.component[out] != network.component[in_]
    assert network.without_walls[out] == network.without_walls[in_]


def test_no_street_gets_lost() -> None:
    district = yard()
    plain = walking_network(district)
    network = guarded_network(plain, resident_gates(district), district.streets)
    assert network.length_cm.sum() == plain.length_cm.sum()
    assert len(network.names) == network.component.max() + 1


@pytest.mark.parametrize(("words", "code"), [({"compound": None}, "gates_private_unnamed"), ({"public": None}, None), ({"public": True}, None)])
def test_gates_that_do_not_say_whose_they_are_count_as_open(words: Any, code: str | None) -> None:
    district = yard(venue=(150, 50), **words)
    assert metres(district, "out") == 2 + 130
    assert code is None or code in codes(district)


def test_where_nobody_lives_visitors_are_let_in() -> None:
    assert metres(yard(venue=(150, 50), lived_in=()), "out") == 2 + 130


def test_a_gate_of_a_wall_that_does_not_close_counts_as_open() -> None:
    district = yard(venue=(150, 50))
    fence = line((500_100, 3_500_000), (500_100, 3_500_100))
    district = district.with_tables({"barriers": district.barriers.set_geometry([fence], crs=district.crs)})
    assert metres(district, "out") == 2 + 130
    assert "gates_private_unclear" in codes(district)


# --- against networkx on the network cut by hand, for either class of walker ---------------------------------------------------------

places = st.integers(1, 29).filter(lambda step: step % 10).map(lambda step: step * 10.0)


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(places, places, st.sampled_from([(100, 50), (200, 50)]), st.booleans())
def test_each_class_of_walker_walks_as_on_the_network_cut_by_hand(home: float, venue: float, private: tuple[int, int], both: bool) -> None:
    other = (300 - private[0], 50)
    gates = {"west": private, **({"east": other} if both else {})}
    inside = 100 < home < 200
    homes = {"b": shapely.Point(home, 50), "more": shapely.Point(150, 60)}
    district = yard(homes=homes, lived_in=("b", "more") if inside else ("more",), venue=(venue, 50), gates=gates)
    graph = nx.DiGraph()

    def street(one: Any, two: Any, length: float, *, back: bool = True) -> None:
        graph.add_edge(one, two, weight=length)
        if back:
            graph.add_edge(two, one, weight=length)

    sections = {0: (0, 100), 1: (100, 200), 2: (200, 300)}
    for section, (start, end) in sections.items():
        stops = sorted({start, end, *(x for x in (home, venue) if start <= x <= end)})
        for one, two in itertools.pairwise(stops):
            street((section, one), (section, two), two - one)
    street((0, 0), (2, 300), 500)
    for wall in (100, 200):
        west, east = ((0, 100), (1, 100)) if wall == 100 else ((1, 200), (2, 200))
        if wall == private[0]:
            outward = (east, west) if wall == 100 else (west, east)
            street(*outward, 0, back=False)
        elif both:
            street(west, east, 0)
    start, goal = ((int(x // 100), x) for x in (home, venue))
    expected = nx.shortest_path_length(graph, start, goal, weight="weight") if nx.has_path(graph, start, goal) else np.nan
    rows = cover(district).table.set_index(["building_id", "category"])
    found = rows.loc[("b", "medical"), "metres"]
    assert (pd.isna(found) and np.isnan(expected)) or float(found) == expected


# --- hours ------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("06:00-22:00", ((360, 1320),)),
        ("6:00—22:00", ((360, 1320),)),
        ("06：00～22：00", ((360, 1320),)),
        ("06:00-12:00，14:00-20:00", ((360, 720), (840, 1200))),
        ("每天 06:00至22:00", ((360, 1320),)),
        ("00:00-24:00", ((0, 1440),)),
        ("24小时", ((0, 1440),)),
        ("全天", ((0, 1440),)),
        ("24/7", ((0, 1440),)),
        ("Mo-Fr 08:00-20:00", None),
        ("25:00-26:00", None),
        ("06:70-22:00", None),
        ("早晚", None),
        ("", None),
    ],
)
def test_hours_are_read_or_not_guessed(text: str, spans: Any) -> None:
    assert parse_hours(text) == spans


@pytest.mark.parametrize(("minute", "answer"), [(359, False), (360, True), (1319, True), (1320, False)])
def test_a_gate_opens_on_the_minute(minute: int, answer: bool) -> None:
    assert is_open(((360, 1320),), minute) is answer


def test_over_midnight() -> None:
    assert [is_open(((1320, 360),), minute) for minute in (0, 359, 360, 1319, 1320)] == [True, True, False, False, True]


def test_at_night_gates_that_are_shut_are_walls() -> None:
    district = yard(venue=(150, 50), public=True, hours="06:00-22:00")
    night, findings = gates_open_at(district, 23 * 60)
    assert (len(night.gates), findings) == (0, [])
    assert cover(night).table.set_index(["building_id", "category"]).loc[("out", "medical"), "reason"] == "walled"
    assert len(gates_open_at(district, 12 * 60)[0].gates) == 2


def test_hours_that_cannot_be_read_leave_the_gate_open_and_are_told() -> None:
    kept, (told,) = gates_open_at(yard(hours="看情况"), 0)
    assert (len(kept.gates), told.code, told.value) == (2, "gate_hours_unreadable", 2)

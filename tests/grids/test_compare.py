from __future__ import annotations

import json

import pandas as pd
import pytest
from worlds import draw_world

from gridmap.grids.atoms import split_atoms
from gridmap.grids.compare import compare
from gridmap.grids.plan import Origin, Plan, now, plan_from_assignment
from gridmap.rules import load_rules

RULES = load_rules("nantong")
FOUR = "a:100 b:110 c:120 d:130"


def planned(grids: dict[str, str], drawing: str = FOUR, name: str = "p", most: int = 300) -> Plan:
    atoms, neighbours, _ = split_atoms(*draw_world(drawing), most)
    grid_of = pd.Series([grids.get(each, grids.get(each.split("#")[0])) for each in atoms.index], index=atoms.index)
    return plan_from_assignment(name, atoms, neighbours, grid_of, RULES, Origin("", now(), 0, "normal", ""))


@pytest.fixture
def halves() -> Plan:
    return planned({"a": "G1", "b": "G1", "c": "G2", "d": "G2"}, name="halves")


def test_a_plan_equals_itself(halves: Plan) -> None:
    comparison = compare(halves, halves)
    assert (comparison.households_moved, comparison.grids_kept, dict(comparison.changed)) == (0, 2, {})


def test_other_ids_are_no_change(halves: Plan) -> None:
    renamed = planned({"a": "x", "b": "x", "c": "y", "d": "y"})
    assert compare(halves, renamed).identical == {"x": "G1", "y": "G2"}


def test_a_moved_building_is_counted(halves: Plan) -> None:
    comparison = compare(halves, planned({"a": "G1", "b": "G1", "c": "G1", "d": "G2"}))
    assert comparison.households_moved == 120
    assert comparison.changed == {"G1": "G1", "G2": "G2"}


def test_new_and_gone_grids(halves: Plan) -> None:
    thirds = planned({"a": "G1", "b": "G1", "c": "G2", "d": "G3"})
    assert (compare(halves, thirds).new, compare(thirds, halves).gone) == (("G2",), ("G2",))
    assert compare(halves, thirds).households_moved == 120


def test_other_buildings_are_named(halves: Plan) -> None:
    grown = planned({"a": "G1", "b": "G1", "c": "G2", "d": "G2", "e": "G2"}, FOUR + " e:5")
    comparison = compare(halves, grown)
    assert (comparison.only_a, comparison.only_b, comparison.households_moved) == ((), ("e",), 0)
    assert comparison.identical == {"G1": "G1"}


def test_buildings_divided_otherwise_are_compared_whole() -> None:
    whole = planned({"a": "G1", "b": "G2"}, "a:100 b:500", most=500)
    divided = planned({"a": "G1", "b#1": "G1", "b#2": "G2"}, "a:100 b:500", most=250)
    assert compare(whole, divided).households_common == 600


def test_as_dict_is_plain(halves: Plan) -> None:
    data = compare(halves, halves).as_dict()
    assert json.loads(json.dumps(data))["grids_kept"] == 2
    assert tuple(data["measures"]["grids"]) == (2, 2)

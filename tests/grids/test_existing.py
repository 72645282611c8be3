from __future__ import annotations

import pandas as pd
from worlds import draw_world

from gridmap.grids.existing import plan_from_division
from gridmap.grids.plan import Plan
from gridmap.rules import load_rules


def present(drawing: str, grids: dict[str, str], **world: object) -> Plan:
    return plan_from_division("present", *draw_world(drawing, **world), load_rules("nantong"), pd.Series(grids, dtype="str"))  # type: ignore[arg-type]


def told(plan: Plan) -> list[tuple[str, str]]:
    return [(each.code, each.subject) for each in plan.findings]


def test_ids_stay_as_the_office_writes_them() -> None:
    plan = present("a:100 b:170", {"a": "007", "b": "007"})
    assert plan.grids.index.tolist() == ["007"]
    assert told(plan) == []


def test_what_is_wrong_with_the_present_grids_is_told_not_mended() -> None:
    plan = present("a:100 b:200 c:? d:20", {"a": "1", "b": "2", "c": "1"})
    assert sorted(told(plan)) == [
        ("atom_unassigned", "d"),
        ("grid_disconnected", "1"),
        ("grid_households_missing", "1"),
        ("grid_out_of_bounds", "1"),
        ("grid_out_of_bounds", "2"),
    ]


def test_a_grid_across_communities_is_told() -> None:
    assert ("grid_crosses_communities", "1") in told(present("a:100 b:170", {"a": "1", "b": "1"}, communities={"b": "C2"}))


def test_stairwells_follow_their_building() -> None:
    plan = present("a:100 b:700", {"a": "1", "b": "2"})
    assert plan.atoms_of("2") == ["b#1", "b#2", "b#3"]


def test_the_attributes_of_grids_are_kept() -> None:
    district, tiling = draw_world("a:100 b:170")
    grids = pd.DataFrame({"name": ["north"], "code": ["320602001003001"]}, index=["007"])
    plan = plan_from_division("present", district, tiling, load_rules("nantong"), pd.Series({"a": "007", "b": "007"}, dtype="str"), grids=grids)
    assert plan.grids[["name", "code"]].to_numpy().tolist() == [["north", "320602001003001"]]

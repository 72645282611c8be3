"""Local repair: what breaks a rule is mended together with the grids beside it, and nothing else moves."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import World, draw_world

from gridmap.errors import RequestError
from gridmap.grids.compare import compare
from gridmap.grids.existing import plan_from_division
from gridmap.grids.mending import RINGS, Repair, repair
from gridmap.grids.plan import Plan, broken_promises, grids_table, move, out_of_bounds
from gridmap.rules import load_rules

RULES = load_rules("nantong")

# Six rows of 275 households each: as grids "1" to "6" every one is within 250-300.
SIDE = 6
ROWS = "\n".join(" ".join(f"{letter}{column}:{households}" for column, households in enumerate((40, 50, 60, 40, 45, 40))) for letter in "abcdef")


def planned(world: World, grids: dict[str, str | None]) -> Plan:
    """Return the plan of an office that has these grids, by building; the others are in the grid of their row."""
    district, tiling = world
    number = {letter: str(row + 1) for row, letter in enumerate("abcdef")}
    grid_of = pd.Series({each: grids.get(each, number.get(each[0])) for each in district.buildings.index})
    return plan_from_division("drawn", district, tiling, RULES, grid_of)


@pytest.fixture(scope="module")
def world() -> World:
    return draw_world(ROWS)


@pytest.fixture(scope="module")
def rows(world: World) -> Plan:
    return planned(world, {})


def touched(made: Repair) -> set[str]:
    return {str(each) for each in pd.concat([made.moves["from_grid"], made.moves["to_grid"]]).dropna()}


def beside(plan: Plan, grids: set[str]) -> set[str]:
    """Return the grids and those that can be walked to from them directly."""
    ways = plan.neighbours[plan.neighbours["crossable"]]
    a, b = ways["a"].map(plan.grid_of), ways["b"].map(plan.grid_of)
    return grids | set(a[b.isin(grids)].dropna()) | set(b[a.isin(grids)].dropna())


def test_a_plan_within_the_rules_is_left_alone(rows: Plan) -> None:
    made = repair(rows)
    assert made.moves.empty
    assert made.plan is rows
    assert (made.violated, made.communities, made.before, made.after) == ((), (), (), ())


def test_a_building_too_many_is_given_back(rows: Plan) -> None:
    made = repair(move(rows, ["a5"], "2", lenient=True))
    assert (made.outside_before, made.outside_after) == (15 + 15, 0)
    assert made.violated == ("1", "2")
    assert out_of_bounds(made.plan).empty
    assert {each.code for each in made.before} == {"grid_out_of_bounds"}
    assert made.after == ()


def test_what_moves_is_what_is_told(rows: Plan) -> None:
    edited = move(rows, ["a5"], "2", lenient=True)
    made = repair(edited, name="mended")
    assert made.plan.parent is edited
    assert made.plan.moved == tuple(made.moves.index)
    assert (made.plan.name, made.plan.origin.parent, made.plan.origin.effort) == ("mended", "drawn", "quick")
    assert made.households_moved == compare(edited, made.plan).households_moved
    back = made.plan.grid_of.copy()
    back[made.moves.index] = made.moves["from_grid"]
    assert back.equals(edited.grid_of)


def test_moving_back_what_was_moved_is_the_old_plan(rows: Plan) -> None:
    edited = move(rows, ["a5"], "2", lenient=True)
    made = repair(edited)
    again = made.plan
    for atom, old in made.moves["from_grid"].items():
        again = move(again, [str(atom)], str(old), lenient=True)
    assert again.grid_of.equals(edited.grid_of)
    assert again.grids["households"].equals(edited.grids["households"])


def test_grids_that_live_on_keep_names_workers_and_codes(rows: Plan) -> None:
    staffed = dataclasses.replace(
        rows, grids=rows.grids.assign(worker=pd.array(list("uvwxyz"), dtype="str"), code=pd.array(list("123456"), dtype="str"))
    )
    made = repair(move(staffed, ["a5"], "2", lenient=True))
    assert made.plan.grids["worker"].tolist() == list("uvwxyz")
    assert made.plan.grids["code"].tolist() == list("123456")


def test_a_kept_grid_never_changes(rows: Plan) -> None:
    made = repair(move(rows, ["b5"], "3", lenient=True), keep=["1"])
    assert made.plan.atoms_of("1") == rows.atoms_of("1")
    assert made.outside_after == 0


def test_a_kept_grid_that_is_violated_itself_is_told(rows: Plan) -> None:
    edited = move(rows, ["a5"], "2", lenient=True)
    made = repair(edited, keep=["1", "2"])
    assert made.moves.empty
    assert [(each.code, each.grid_id) for each in made.after if each.code == "kept_grid_violated"] == [("kept_grid_violated", grid) for grid in "12"]


def test_an_unknown_kept_grid_or_community(rows: Plan) -> None:
    for words, code in (({"keep": ["9"]}, "grid_unknown"), ({"community": "C9"}, "community_unknown")):
        with pytest.raises(RequestError) as caught:
            repair(rows, **words)  # type: ignore[arg-type]
        assert caught.value.code == code


def test_a_grid_in_parts_becomes_whole(world: World) -> None:
    drawn = planned(world, {"a0": "3", "c0": "1"})
    assert {each.code for each in drawn.findings} == {"grid_disconnected"}
    made = repair(drawn)
    assert broken_promises(made.plan.atoms, made.plan.neighbours, made.plan.grid_of) == []
    assert (made.outside_after, made.after) == (0, ())


def test_a_building_in_no_grid_joins_one(world: World) -> None:
    drawn = planned(world, {"a5": None})
    made = repair(drawn)
    assert made.plan.grid_of["a5"] == "1"
    assert pd.isna(made.moves["from_grid"]["a5"])
    assert made.after == ()


def test_a_school_in_no_grid_joins_none() -> None:
    world = draw_world(f"{ROWS}\ns:30!")
    made = repair(planned(world, {"s": None}))
    assert made.plan.grids["kind"][made.plan.grid_of["s"]] == "dedicated"
    assert made.moves.index.tolist() == ["s"]


def test_a_grid_of_two_communities_is_divided() -> None:
    world = draw_world(ROWS, communities={f"{letter}{column}": "C2" for letter in "def" for column in range(SIDE)})
    made = repair(planned(world, {"c5": "4"}))
    assert broken_promises(made.plan.atoms, made.plan.neighbours, made.plan.grid_of) == []
    assert made.communities == ("C1", "C2")
    assert made.outside_after == 0


def test_one_community_alone() -> None:
    world = draw_world(ROWS, communities={f"{letter}{column}": "C2" for letter in "def" for column in range(SIDE)})
    drawn = move(move(planned(world, {}), ["a5"], "2", lenient=True), ["d5"], "5", lenient=True)
    made = repair(drawn, community="C2")
    assert made.communities == ("C2",)
    assert {"4", "5"} <= touched(made) <= {"4", "5", "6"}
    assert set(out_of_bounds(made.plan).index) == {"1", "2"}
    assert {each.grid_id for each in made.plan.findings} == {"1", "2"}


def test_nothing_better_comes_with_its_proof() -> None:
    world = draw_world("a0:150 a1:100 b0:150 b1:100")
    drawn = planned(world, dict.fromkeys(("a0", "a1", "b0"), "1") | {"b1": "2"})
    made = repair(drawn)
    assert (made.outside_before, made.outside_after) == (100 + 150, 0)
    stuck = repair(planned(draw_world("a0:150 a1:100 a2:90"), {}))
    assert stuck.moves.empty
    assert stuck.outside_after == 40
    assert "grid_outside_proved" in {each.code for each in stuck.after}
    assert repair(stuck.plan).after == stuck.after


def test_a_repair_is_plain_for_json(rows: Plan) -> None:
    data = repair(move(rows, ["a5"], "2", lenient=True)).as_dict()
    assert json.loads(json.dumps(data, default=int))["violated"] == ["1", "2"]


@pytest.mark.slow
@settings(max_examples=6)
@given(st.lists(st.tuples(st.integers(0, SIDE * SIDE - 1), st.integers(1, SIDE)), max_size=4), st.sets(st.integers(1, SIDE), max_size=2))
def test_what_a_repair_promises(rows: Plan, edits: list[tuple[int, int]], kept: set[int]) -> None:
    grid_of = rows.grid_of.copy()
    for atom, grid in edits:
        grid_of.iloc[atom] = str(grid)
    keep = [str(each) for each in sorted(kept) if str(each) in set(grid_of)]
    edited = dataclasses.replace(rows, grid_of=grid_of, grids=grids_table(rows.atoms, grid_of))
    made = repair(edited, keep=keep)
    assert made.outside_after <= made.outside_before
    assert made.plan.grids["households"].sum() == rows.grids["households"].sum()
    assert not touched(made) & set(keep)
    assert all(edited.atoms_of(each) == made.plan.atoms_of(each) for each in keep)
    broken = broken_promises(made.plan.atoms, made.plan.neighbours, made.plan.grid_of)
    assert {each.grid_id for each in broken} <= set(keep)
    near = set(made.violated)
    for _ in range(RINGS):
        near = beside(edited, near)
    assert touched(made) & set(edited.grids.index) <= near
    if not made.violated:
        assert made.plan is edited
    assert np.array_equal(repair(edited, keep=keep).plan.grid_of.to_numpy(), made.plan.grid_of.to_numpy())

from __future__ import annotations

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import draw_world

from gridmap.errors import RequestError
from gridmap.grids.atoms import split_atoms
from gridmap.grids.plan import (
    Origin,
    Plan,
    grid_parts,
    households_of,
    main_grids,
    move,
    next_grid_ids,
    now,
    out_of_bounds,
    plan_from_assignment,
    with_codes,
)
from gridmap.ground.tables import District
from gridmap.rules import load_rules

NINE = """
a:100 b:110 c:120
d:130 e:140 f:150
g:160 h:170 i:?
"""
ROWS = {"a": "G1", "b": "G1", "c": "G1", "d": "G2", "e": "G2", "f": "G2", "g": "G3", "h": "G3", "i": "G3"}
RULES = load_rules("nantong").with_households(300, 420)
ORIGIN = Origin("", now(), 0, "normal", "")


def planned(drawing: str, grids: dict[str, str | None], *, lenient: bool = False, **world: object) -> tuple[District, Plan]:
    district, tiling = draw_world(drawing, **world)  # type: ignore[arg-type]
    atoms, neighbours, findings = split_atoms(district, tiling, RULES.grid.households_max)
    grid_of = pd.Series([grids.get(each) for each in atoms.index], index=atoms.index)
    return district, plan_from_assignment("present", atoms, neighbours, grid_of, RULES, ORIGIN, findings=findings, lenient=lenient)


@pytest.fixture
def plan() -> Plan:
    return planned(NINE, ROWS)[1]


def same(a: Plan, b: Plan) -> bool:
    """Say whether two plans have the same grids, atom by atom and figure by figure."""
    polygons = a.grids.geometry.geom_equals(b.grids.geometry).all() if a.grids.index.equals(b.grids.index) else False
    return bool(polygons) and a.grid_of.equals(b.grid_of) and a.grids.drop(columns="geometry").equals(b.grids.drop(columns="geometry"))


def test_grids_sum_their_atoms(plan: Plan) -> None:
    assert households_of(plan).to_dict() == {"G1": 330, "G2": 420, "G3": 330}
    assert plan.grids["buildings"].tolist() == [3, 3, 3]
    assert plan.grids["households_missing"].tolist() == [0, 0, 1]
    assert plan.grids.area.tolist() == [30_000.0] * 3


def test_both_limits_are_inside(plan: Plan) -> None:
    assert out_of_bounds(plan).empty


def test_atoms_of_a_grid(plan: Plan) -> None:
    assert plan.atoms_of("G2") == ["d", "e", "f"]


def test_grids_of_dedicated_atoms_are_dedicated() -> None:
    _, plan = planned("a:310 s:10!", {"a": "G1", "s": "G2"})
    assert plan.grids["kind"].to_dict() == {"G1": "ordinary", "G2": "dedicated"}
    assert plan.ordinary.index.tolist() == ["G1"]


@pytest.mark.parametrize(
    ("grids", "code"),
    [
        ({**ROWS, "c": "G3"}, "grid_disconnected"),
        ({**ROWS, "e": None}, "atom_unassigned"),
    ],
)
def test_a_broken_promise_raises_or_is_a_finding(grids: dict[str, str | None], code: str) -> None:
    with pytest.raises(RequestError) as caught:
        planned(NINE, grids)
    assert code in {each.code for each in caught.value.findings}
    _, lenient = planned(NINE, grids, lenient=True)
    assert code in {each.code for each in lenient.findings}


def test_a_grid_may_not_cross_a_community() -> None:
    with pytest.raises(RequestError) as caught:
        planned("a:1 b:2", {"a": "G1", "b": "G1"}, communities={"b": "C2"})
    assert "grid_crosses_communities" in {each.code for each in caught.value.findings}


def test_an_uncrossable_border_does_not_connect() -> None:
    with pytest.raises(RequestError):
        planned("a:1 b:2", {"a": "G1", "b": "G1"}, between={("a", "b"): ("river", False)})


def test_a_bridge_connects() -> None:
    _, plan = planned("a:1 . b:2", {"a": "G1", "b": "G1"}, bridges=(("a", "b"),))
    assert plan.grids.geometry["G1"].geom_type == "MultiPolygon"


def test_an_unassigned_atom_is_in_no_grid() -> None:
    _, plan = planned(NINE, {**ROWS, "i": None}, lenient=True)
    assert plan.grid_of.isna().sum() == 1
    assert plan.grids.area.sum() == 80_000.0


def test_moving_changes_two_grids_only(plan: Plan) -> None:
    changed = move(plan, ["c"], "G2")
    assert households_of(changed).to_dict() == {"G1": 210, "G2": 540, "G3": 330}
    assert (changed.parent, changed.moved) == (plan, ("c",))
    assert [(each.code, each.subject) for each in changed.findings] == [("grid_out_of_bounds", "G1"), ("grid_out_of_bounds", "G2")]


def test_moving_to_a_new_grid(plan: Plan) -> None:
    changed = move(plan, ["i"], None)
    assert changed.atoms_of("G0004") == ["i"]


def test_an_emptied_grid_is_gone(plan: Plan) -> None:
    assert move(plan, ["a", "b", "c"], "G2").grids.index.tolist() == ["G2", "G3"]


def test_a_move_that_cuts_a_grid_is_refused_with_its_parts(plan: Plan) -> None:
    with pytest.raises(RequestError) as caught:
        move(plan, ["b"], "G2")
    assert [(each.code, each.subject) for each in caught.value.findings] == [("grid_disconnected", "G1")]
    assert "grid_disconnected" in {each.code for each in move(plan, ["b"], "G2", lenient=True).findings}


@pytest.mark.parametrize(("atoms", "to"), [(["nobody"], "G1"), ([], "G1"), (["a"], "G9")])
def test_moves_that_make_no_sense(plan: Plan, atoms: list[str], to: str) -> None:
    with pytest.raises(RequestError):
        move(plan, atoms, to)


def test_a_move_keeps_what_the_office_wrote(plan: Plan) -> None:
    named = plan_from_assignment(
        "named", plan.atoms, plan.neighbours, plan.grid_of, RULES, ORIGIN, grids=pd.DataFrame({"name": ["north"], "worker": ["W1"]}, index=["G1"])
    )
    changed = move(named, ["c"], "G2")
    assert (changed.grids["name"]["G1"], changed.grids["worker"]["G1"]) == ("north", "W1")
    assert pd.isna(changed.grids["name"]["G2"])


@settings(max_examples=10)
@given(st.lists(st.tuples(st.sampled_from(sorted(ROWS)), st.sampled_from(["G1", "G2", "G3"])), min_size=1, max_size=4))
def test_moves_are_as_if_made_anew_and_can_be_taken_back(moves: list[tuple[str, str]]) -> None:
    _, plan = planned(NINE, ROWS)
    for atom, to in moves:
        if to not in plan.grids.index:
            continue
        home = plan.grid_of[atom]
        changed = move(plan, [atom], to, lenient=True)
        anew = plan_from_assignment("anew", plan.atoms, plan.neighbours, changed.grid_of, RULES, ORIGIN, lenient=True)
        assert same(changed, anew)
        assert int(changed.grids["households"].sum()) == int(plan.atoms["households"].sum())
        if home in changed.grids.index:
            assert same(move(changed, [atom], home, lenient=True), plan)
        plan = changed


ATOMS, NEIGHBOURS, _ = split_atoms(*draw_world(NINE), 1000)


@given(st.lists(st.sampled_from(["G1", "G2", "G3"]), min_size=9, max_size=9))
def test_parts_agree_with_networkx(labels: list[str]) -> None:
    grid_of = pd.Series(labels, index=ATOMS.index)
    parts = grid_parts(ATOMS, NEIGHBOURS, grid_of)
    graph = nx.from_pandas_edgelist(NEIGHBOURS, "a", "b")
    for grid_id in set(labels):
        members = grid_of.index[grid_of == grid_id]
        pieces = {frozenset(piece) for piece in nx.connected_components(graph.subgraph(members))}
        assert {frozenset(its.index) for _, its in parts[members].groupby(parts[members])} == pieces


def test_the_first_part_has_the_most_households() -> None:
    _, plan = planned("a:1 b:5 c:9", {"a": "G1", "b": "G2", "c": "G1"}, lenient=True)
    assert grid_parts(plan.atoms, plan.neighbours, plan.grid_of).to_dict() == {"a": 1, "b": 0, "c": 0}


def test_new_ids_count_on() -> None:
    assert next_grid_ids(["G0009", "G12", "old", "Gx"], 2) == ["G0013", "G0014"]


def test_the_main_grid_of_a_divided_building() -> None:
    _, plan = planned("b:901", {"b#1": "G2", "b#2": "G1", "b#3": "G1"})
    assert main_grids(plan).to_dict() == {"b": "G1"}


def with_division(district: District, code: object) -> District:
    communities = district.communities.assign(division_code=pd.array([code] * len(district.communities), dtype="str"))
    return district.with_tables({"communities": communities})


def test_codes_are_numbered_from_the_north(plan: Plan) -> None:
    district, plan = planned(NINE, ROWS)
    coded = with_codes(plan, with_division(district, "320602001003"))
    assert coded.grids["code"].to_dict() == {"G1": "320602001003001", "G2": "320602001003002", "G3": "320602001003003"}
    assert coded.findings == plan.findings


@pytest.mark.parametrize(("code", "finding"), [(None, "division_code_missing"), ("3206", "division_code_unusable")])
def test_without_division_code_no_grid_code(code: object, finding: str) -> None:
    district, plan = planned(NINE, ROWS)
    coded = with_codes(plan, with_division(district, code))
    assert coded.grids["code"].isna().all()
    assert [each.code for each in coded.findings] == [finding]
    again = with_codes(coded, with_division(district, "320602001003"))
    assert again.grids["code"].notna().all()
    assert again.findings == ()


def test_more_grids_than_digits() -> None:
    names = [f"b{number}" for number in range(100)]
    drawing = "\n".join(" ".join(f"{each}:300" for each in names[row : row + 10]) for row in range(0, 100, 10))
    district, plan = planned(drawing, {each: each for each in names})
    coded = with_codes(plan, with_division(district, "320602001003"), "20", object_class="010101")
    assert [(each.code, each.value, each.limit) for each in coded.findings] == [("grids_beyond_code", 100, 99)]
    assert np.asarray(coded.grids["code"].isna()).all()

from __future__ import annotations

import dataclasses
import json
import multiprocessing
from typing import Any

import numpy as np
import pandas as pd
import pytest
from graphs import town_of
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import World, draw_world

from gridmap.errors import RequestError
from gridmap.grids.existing import plan_from_division
from gridmap.grids.graph import score
from gridmap.grids.plan import Plan, broken_promises, move, out_of_bounds, with_codes
from gridmap.grids.propose import propose
from gridmap.grids.search import search
from gridmap.rules import load_rules

RULES = load_rules("nantong")

# Two communities; each row of a community holds 275 households.
TOWN = """
a:100 b:75 c:100 . m:135 n:140
d:100 e:75 f:100 . o:135 p:140
g:100 h:75 i:100 . q:135 r:140
"""
# Two of these four hold too few households together, three too many.
HARD = "a:160 b:160\nc:160 d:160"
EAST = dict.fromkeys("mnopqr", "C2")


@pytest.fixture(scope="module")
def town() -> World:
    return draw_world(TOWN, communities=EAST)


@pytest.fixture(scope="module")
def first(town: World) -> Plan:
    district, tiling = town
    return propose(district, RULES, tiling=tiling, name="first")


def grids(plan: Plan) -> dict[str, str]:
    return {str(atom): str(grid) for atom, grid in plan.grid_of.items()}


def test_every_grid_is_inside_the_bounds(first: Plan) -> None:
    assert first.grids["households"].between(250, 300).all()
    assert out_of_bounds(first).empty
    assert {each.code for each in first.findings} <= {"plan_proved", "plan_proved_together"}


def test_ids_are_numbered_from_the_north_west(first: Plan) -> None:
    assert first.grids.index.tolist() == [f"G000{number}" for number in range(1, 7)]
    assert (first.grid_of["a"], first.grid_of["m"]) == ("G0001", "G0004")


def test_the_origin_tells_how_to_make_it_again(town: World, first: Plan) -> None:
    assert (first.origin.seed, first.origin.effort, first.origin.ground, first.origin.parent) == (0, "normal", town[0].fingerprint(), None)


@pytest.mark.slow
def test_many_cores_make_the_same_plan_even_when_the_workers_are_killed() -> None:
    """Six communities on two cores; once the first is finished, both worker processes die in the middle of the next."""
    letters = "abcdef"
    rows = [
        " ".join(f"{letter}{row}{column}:{40 + (row * column + at) % 20}" for column in range(4))
        for at, letter in enumerate(letters)
        for row in range(6)
    ]
    homes = {f"{letter}{row}{column}": f"C{letter}" for letter in letters for row in range(6) for column in range(4)}
    district, tiling = draw_world("\n".join(rows), communities=homes)
    killed: list[int] = []

    def kill(step: str, done: int, total: int) -> None:
        if (step, done) == ("step_search", 1) and not killed:
            assert done < total
            for worker in multiprocessing.active_children():
                worker.kill()
                killed.append(worker.pid or 0)

    alone = propose(district, RULES, tiling=tiling, effort="quick")
    together = propose(district, RULES, tiling=tiling, effort="quick", cores=2, progress=kill)
    assert len(killed) == 2
    assert grids(together) == grids(alone)
    assert together.findings == alone.findings


def test_the_order_of_communities_does_not_matter(first: Plan) -> None:
    turned = "\n".join(f"{' '.join(line.split()[4:])} . {' '.join(line.split()[:3])}" for line in TOWN.strip().splitlines())
    district, tiling = draw_world(turned, communities=EAST)
    other = propose(district, RULES, tiling=tiling)
    parts = {frozenset(its.index) for _, its in other.grid_of.groupby(other.grid_of)}
    assert parts == {frozenset(its.index) for _, its in first.grid_of.groupby(first.grid_of)}


def test_communities_in_another_order_make_the_same_plan(town: World, first: Plan) -> None:
    district, tiling = town
    homes = district.buildings["community_id"]
    turned = homes.index[np.argsort(-pd.factorize(homes)[0], kind="stable")]
    assert homes[turned].tolist() == ["C2"] * 6 + ["C1"] * 9
    tables = {"communities": district.communities.iloc[::-1], "buildings": district.buildings.loc[turned]}
    moved = dataclasses.replace(tiling, cells=tiling.cells.loc[turned], neighbours=tiling.neighbours.iloc[::-1].reset_index(drop=True))
    other = propose(district.with_tables(tables), RULES, tiling=moved)
    assert grids(other) == grids(first)
    assert other.grids.index.equals(first.grids.index)


@pytest.mark.parametrize("seed", range(3))
def test_no_more_moves_than_is_worth_it(seed: int) -> None:
    """The earlier plan is a plan too: by households outside the bounds, then by the weighted sum in which moves count, the new one is never worse."""
    graph = town_of(40, seed=seed)
    earlier = search(graph, 250, 300, effort="quick", seed=1).labels
    for minimum, maximum in ((250, 300), (220, 290)):
        again = search(graph, minimum, maximum, effort="quick", seed=2, start=earlier)
        assert (again.violation_households, again.objective_dm) <= score(graph, earlier, minimum, maximum, earlier=earlier)


def test_a_replanned_plan_keeps_its_ids(town: World, first: Plan) -> None:
    district, tiling = town
    again = propose(district, RULES, tiling=tiling, start=first, name="again")
    assert grids(again) == grids(first)
    assert again.origin.parent == "first"


def test_kept_grids_never_move(town: World, first: Plan) -> None:
    district, tiling = town
    wider = RULES.with_households(150, 600)
    kept = propose(district, wider, tiling=tiling, start=first, keep=["G0002"])
    assert kept.atoms_of("G0002") == first.atoms_of("G0002")


def test_only_one_community_is_planned_anew(town: World, first: Plan) -> None:
    district, tiling = town
    part = propose(district, RULES.with_households(100, 200), tiling=tiling, start=first, community="C2")
    west = first.atoms["community_id"] == "C1"
    assert part.grid_of[west].equals(first.grid_of[west])
    assert set(part.grid_of[~west]) != set(first.grid_of[~west])


def test_names_and_workers_live_on(town: World, first: Plan) -> None:
    district, tiling = town
    staffed = dataclasses.replace(first, grids=first.grids.assign(worker=pd.array(["W1", *[None] * 5], dtype="str")))
    assert propose(district, RULES, tiling=tiling, start=staffed).grids["worker"]["G0001"] == "W1"


def test_finished_communities_are_not_planned_twice(town: World, first: Plan) -> None:
    district, tiling = town
    resume: dict[str, dict[str, Any]] = {}
    propose(district, RULES, tiling=tiling, resume=resume)
    assert len(resume) == 2
    # A result that only resume can have given: each atom its own grid.
    resume.update({key: {**outcome, "labels": list(range(len(outcome["labels"])))} for key, outcome in resume.items()})
    assert len(propose(district, RULES, tiling=tiling, resume=resume).grids) == len(first.atoms)


def test_a_resumed_plan_says_what_a_fresh_one_says() -> None:
    district, tiling = draw_world(HARD)
    kept: dict[str, dict[str, Any]] = {}
    fresh = propose(district, RULES, tiling=tiling, resume=kept)
    again = propose(district, RULES, tiling=tiling, resume=json.loads(json.dumps(kept)))
    assert {found.code for found in fresh.findings} >= {"grid_outside_proved"}
    assert again.findings == fresh.findings


def test_dedicated_buildings_stand_outside_the_balance() -> None:
    district, tiling = draw_world("a:150 b:125\ns:40! t:0!", name={"s": "school", "t": "school"})
    plan = propose(district, RULES, tiling=tiling)
    assert plan.grids[["kind", "households"]].to_numpy().tolist() == [["dedicated", 40], ["ordinary", 275]] or plan.grids["kind"].tolist() == [
        "ordinary",
        "dedicated",
    ]
    assert plan.grid_of["s"] == plan.grid_of["t"]
    assert {each.code for each in plan.findings} <= {"plan_proved", "plan_proved_together"}


def test_empty_buildings_belong_to_a_grid() -> None:
    district, tiling = draw_world("a:275 b:0 c:?")
    plan = propose(district, RULES, tiling=tiling)
    assert plan.grid_of.nunique() == 1
    assert [each.code for each in plan.findings if each.severity != "info"] == ["grid_households_missing"]


def test_an_area_above_the_maximum_stands_alone() -> None:
    district, tiling = draw_world("a:500 b:275", cells="given")
    plan = propose(district, RULES, tiling=tiling)
    assert plan.grid_of["a"] != plan.grid_of["b"]
    assert "area_above_maximum" in {each.code for each in plan.findings}


def test_every_grid_outside_the_bounds_is_a_finding() -> None:
    district, tiling = draw_world("a:100 b:100 . c:260")
    plan = propose(district, RULES, tiling=tiling)
    outside = {each.grid_id for each in plan.findings if each.severity == "error"}
    assert set(out_of_bounds(plan).index) <= outside


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"community": "C9"}, "community_unknown"),
        ({"community": "C1"}, "community_needs_start"),
        ({"keep": ["G0001"]}, "keep_needs_start"),
        ({"effort": "most"}, "effort_unknown"),
    ],
)
def test_requests_that_make_no_sense(town: World, request_: dict[str, object], code: str) -> None:
    with pytest.raises(RequestError) as caught:
        propose(town[0], RULES, tiling=town[1], **request_)  # type: ignore[arg-type]
    assert caught.value.code == code


@pytest.fixture
def rows(town: World) -> Plan:
    """The rows of the first community as grids "1", "2", "3", those of the second as "4", "5", "6"; 275 households each."""
    members = ("abc", "def", "ghi", "mn", "op", "qr")
    return plan_from_division("rows", *town, RULES, pd.Series({each: str(row + 1) for row, its in enumerate(members) for each in its}))


def test_a_kept_grid_outside_the_bounds_stays_and_is_told(town: World, rows: Plan) -> None:
    big = move(rows, ["a"], "2")
    kept = propose(town[0], RULES, tiling=town[1], start=big, keep=["2"])
    assert kept.atoms_of("2") == big.atoms_of("2")
    assert [each.code for each in kept.findings if each.grid_id == "2"] == ["grid_out_of_bounds"]


def test_a_kept_grid_in_parts_stays_and_is_told(town: World, rows: Plan) -> None:
    apart = move(rows, ["a"], "3", lenient=True)
    kept = propose(town[0], RULES, tiling=town[1], start=apart, keep=["3"])
    assert kept.atoms_of("3") == apart.atoms_of("3")
    assert [each.grid_id for each in kept.findings if each.code == "grid_disconnected"] == ["3"]


def test_proofs_beside_kept_grids_say_that_they_depend_on_them(town: World, rows: Plan) -> None:
    """Two of three grids are kept, and one has taken a building from the third."""
    kept = propose(town[0], RULES, tiling=town[1], start=move(rows, ["a"], "2"), keep=["2", "3"])
    codes = {each.code for each in kept.findings if each.community_id == "C1"}
    assert {"proof_with_kept_grids", "grid_outside_proved"} <= codes


def test_an_unknown_kept_grid(town: World, first: Plan) -> None:
    with pytest.raises(RequestError) as caught:
        propose(town[0], RULES, tiling=town[1], start=first, keep=["G0099"])
    assert caught.value.code == "grid_unknown"


def test_a_kept_grid_whose_buildings_are_gone(first: Plan) -> None:
    district, tiling = draw_world(TOWN.replace("a:100", ". "), communities=EAST)
    with pytest.raises(RequestError) as caught:
        propose(district, RULES, tiling=tiling, start=first, keep=["G0001"])
    assert [(each.code, each.value) for each in caught.value.findings] == [("kept_grid_gone", 1)]


def test_a_community_that_stays_must_be_in_the_earlier_plan(first: Plan) -> None:
    district, tiling = draw_world(TOWN.replace("a:100", "a:100 x:5").replace(" . m", " m"), communities=EAST)
    with pytest.raises(RequestError) as caught:
        propose(district, RULES, tiling=tiling, start=first, community="C2")
    assert caught.value.code == "start_of_other_ground"


def test_a_tiling_of_other_ground(town: World) -> None:
    with pytest.raises(RequestError) as caught:
        propose(town[0], RULES, tiling=dataclasses.replace(town[1], fingerprint="0"))
    assert caught.value.code == "tiling_of_other_ground"


def test_codes_follow_adoption(town: World, first: Plan) -> None:
    coded = with_codes(first, town[0])
    assert {each.code for each in coded.findings if each.severity != "info"} == {"division_code_missing"}


@pytest.mark.slow
@settings(max_examples=15)
@given(st.lists(st.integers(0, 400), min_size=16, max_size=16), st.integers(0, 3))
def test_what_a_plan_promises(households: list[int], seed: int) -> None:
    drawing = "\n".join(" ".join(f"b{row * 4 + column}:{households[row * 4 + column]}" for column in range(4)) for row in range(4))
    district, tiling = draw_world(drawing, between={("b1", "b5"): ("river", False)})
    plan = propose(district, RULES, tiling=tiling, seed=seed, effort="quick")
    assert broken_promises(plan.atoms, plan.neighbours, plan.grid_of) == []
    assert int(plan.grids["households"].sum()) == sum(households)
    told = {each.grid_id for each in plan.findings} | {each.subject for each in plan.findings}
    assert set(out_of_bounds(plan).index) <= told

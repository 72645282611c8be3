from __future__ import annotations

import dataclasses
import json
import math

import numpy as np
import pandas as pd
import pytest
from worlds import draw_world

from gridmap.findings import finding
from gridmap.grids import measures
from gridmap.grids.atoms import split_atoms
from gridmap.grids.plan import Origin, Plan, now, plan_from_assignment
from gridmap.grids.reasons import PROVED_HOUSEHOLDS
from gridmap.rules import load_rules

RULES = load_rules("nantong")

SIX = """
a:150 b:100 c:200
d:120 e:175 f:110 s:0!
"""
GRIDS = {"a": "W", "d": "W", "b": "M", "e": "M", "c": "E", "f": "E", "s": "S"}


def planned(grids: dict[str, str], drawing: str = SIX, **world: object) -> Plan:
    district, tiling = draw_world(drawing, **world)  # type: ignore[arg-type]
    atoms, neighbours, _ = split_atoms(district, tiling, 300)
    origin = Origin("", now(), 0, "normal", "")
    return plan_from_assignment("p", atoms, neighbours, pd.Series(grids).reindex(atoms.index), RULES, origin, lenient=True)


@pytest.fixture
def plan() -> Plan:
    between = {("b", "c"): ("arterial", True), ("e", "f"): ("arterial", True), ("a", "b"): ("lane", True)}
    return planned(GRIDS, between=between, compound_id={"a": "K1", "b": "K1", "c": "K2", "f": "K2", "s": "K2"})


def test_deviation(plan: Plan) -> None:
    assert measures.deviation_households(plan).to_dict() == {"E": 35, "M": 0, "W": -5}
    assert measures.deviation_percent(plan)["E"] == pytest.approx(100 * 35 / 275)


def test_overall_range(plan: Plan) -> None:
    assert measures.overall_range_households(plan) == 40
    assert measures.overall_range_percent(plan) == pytest.approx(100 * 40 / 285)


def test_compactness_of_a_domino(plan: Plan) -> None:
    assert measures.polsby_popper(plan)["W"] == pytest.approx(4 * math.pi * 20_000 / 600**2)
    assert measures.reock(plan)["W"] == pytest.approx(20_000 / (math.pi * (100**2 + 50**2)))


def test_compactness_never_exceeds_one(plan: Plan) -> None:
    for measure in (measures.polsby_popper, measures.reock):
        assert measure(plan).index.equals(plan.grids.index)
        assert measure(plan).between(0, 1).all()


def test_cut_length(plan: Plan) -> None:
    assert measures.cut_length_m(plan) == 500.0


def test_cut_length_agrees_with_the_polygons(plan: Plan) -> None:
    outline = plan.grids.geometry.union_all().length
    assert measures.cut_length_m(plan) == pytest.approx((plan.grids.length.sum() - outline) / 2)


def test_community_borders_are_no_inner_boundary() -> None:
    assert measures.cut_length_m(planned({"a": "1", "b": "2"}, "a:1 b:1", communities={"b": "C2"})) == 0.0


def test_compounds_split(plan: Plan) -> None:
    assert measures.compound_grids(plan).to_dict() == {"K1": 2, "K2": 1}
    assert measures.compounds_split(plan) == 1


def test_barriers_crossed(plan: Plan) -> None:
    assert measures.barriers_crossed(plan).to_dict() == {"E": 0, "M": 0, "S": 0, "W": 0}
    merged = planned({**GRIDS, "c": "M", "f": "M"}, between={("b", "c"): ("arterial", True), ("e", "f"): ("arterial", True)})
    assert merged.grids.index.tolist() == ["M", "S", "W"]
    assert measures.barriers_crossed(merged)["M"] == 1


def test_stability(plan: Plan) -> None:
    assert measures.stability(plan, plan) == 1.0
    renamed = planned({atom: f"new {grid}" for atom, grid in GRIDS.items()})
    assert measures.stability(renamed, plan) == 1.0
    moved = planned({**GRIDS, "b": "W"})
    assert measures.stability(moved, plan) == pytest.approx(1 - 100 / 855)


def test_unassigned_atoms_break_no_measure(plan: Plan) -> None:
    part = planned({atom: grid for atom, grid in GRIDS.items() if atom != "s"})
    assert measures.cut_length_m(part) == 400.0
    assert measures.report(part)["atoms_unassigned"] == 1


def test_what_no_proof_hinders_is_counted_by_itself() -> None:
    """Of five grids one holds a tower above the maximum, two lie in a part proved impossible, and of the other two one is in bounds."""
    drawing = "t:400 . a:200 b:120 . c:260 . d:240"
    plan = planned({"t": "T", "a": "A", "b": "B", "c": "C", "d": "D"}, drawing, stairwells={"t": 1})
    proof = finding("part_indivisible", "b", fewer=1, fewer_each=320, more=2, more_each=160, **{PROVED_HOUSEHOLDS: 20})
    proved = dataclasses.replace(plan, findings=(proof,))
    assert measures.proved_hindered(proved).to_dict() == {"A": True, "B": True, "C": False, "D": False, "T": True}
    assert measures.in_bounds_unhindered_percent(proved) == 50.0
    assert measures.in_bounds_unhindered_percent(plan) == 25.0
    figures = measures.report(proved)
    assert (figures["hindered"], figures["in_bounds_unhindered"], figures["in_bounds_unhindered_percent"]) == (3, 1, 50.0)


def test_a_proof_does_not_reach_through_a_tower_or_a_school() -> None:
    drawing = "a:200 t:400 b:270 . c:100 s:0! d:270"
    plan = planned({each: each.upper() for each in "atbcsd"}, drawing, stairwells={"t": 1})
    proofs = tuple(finding("part_below_minimum", each, **{PROVED_HOUSEHOLDS: 50}) for each in "ac")
    hindered = measures.proved_hindered(dataclasses.replace(plan, findings=proofs))
    assert hindered[hindered].index.tolist() == ["A", "C", "T"]


def test_report_is_plain(plan: Plan) -> None:
    figures = measures.report(plan)
    assert json.loads(json.dumps(figures)) == figures
    assert (figures["grids"], figures["ordinary"], figures["dedicated"], figures["in_bounds"], figures["households_outside"]) == (4, 3, 1, 2, 10)


def test_a_plan_of_nothing_but_a_school() -> None:
    figures = measures.report(planned({"s": "S"}, "s:0!"))
    assert figures["ordinary"] == 0
    assert figures["in_bounds_percent"] is figures["in_bounds_unhindered_percent"] is figures["overall_range_percent"] is None


def test_missing_area_gives_nan() -> None:
    plan = planned({"a": "W"}, "a:1")
    empty = plan.grids.set_geometry(plan.grids.geometry.buffer(-1000))
    assert np.isnan(measures.polsby_popper(Plan(**{**{name: getattr(plan, name) for name in plan.__dataclass_fields__}, "grids": empty}))["W"])

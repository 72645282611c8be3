from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from worlds import draw_world

from gridmap.grids.atoms import split_atoms
from gridmap.grids.certificate import Certificate
from gridmap.grids.community import Outcome
from gridmap.grids.plan import Origin, Plan, now, plan_from_assignment
from gridmap.grids.reasons import bounds_findings, optimality_findings, with_carried
from gridmap.rules import load_rules

RULES = load_rules("nantong")


@pytest.fixture
def plan() -> Plan:
    atoms, neighbours, _ = split_atoms(*draw_world("a:100 b:110 . c:275 . d:120", communities={"d": "C2"}), 300)
    grid_of = pd.Series({"a": "G1", "b": "G1", "c": "G2", "d": "G3"})
    return plan_from_assignment("p", atoms, neighbours, grid_of, RULES, Origin("", now(), 0, "normal", ""))


def part(violation_households: int) -> Certificate:
    words = {"minimum": 250, "maximum": 300}
    return Certificate("part_below_minimum", "a", ("a", "b"), 210, 210, 250, violation_households, words)


def test_without_proof_nothing_is_called_impossible(plan: Plan) -> None:
    assert [(each.code, each.subject) for each in bounds_findings(plan, {"C1": [], "C2": []})] == [("grid_not_found", "G1"), ("grid_not_found", "G3")]


def test_the_proof_stands_behind_the_grid(plan: Plan) -> None:
    proof, first, second = bounds_findings(plan, {"C1": [part(40)], "C2": []})
    assert (proof.code, proof.severity, proof.grid_id, proof.community_id) == ("part_below_minimum", "error", "G1", "C1")
    assert (first.code, first.subject, first.words["proof"]) == ("grid_outside_proved", "G1", "a")
    assert (second.code, second.subject) == ("grid_not_found", "G3")


def test_more_than_is_proved_is_told(plan: Plan) -> None:
    grid = bounds_findings(plan, {"C1": [part(15)]})[1]
    assert (grid.code, grid.words["proved"], grid.words["found"]) == ("grid_outside_partly_proved", 15, 40)


def test_a_proof_about_one_atom_explains_its_grid_only(plan: Plan) -> None:
    proof = Certificate(
        "atom_fits_no_grid", "c", ("a", "b", "c"), 485, 241, 250, 1, {"minimum": 250, "maximum": 300, "own": 275, "below": 241, "above": 379}
    )
    assert [each.code for each in bounds_findings(plan, {"C1": [proof]})] == ["atom_fits_no_grid", "grid_not_found", "grid_not_found"]
    about_a = dataclasses.replace(proof, subject="a")
    assert [each.code for each in bounds_findings(plan, {"C1": [about_a]})] == ["atom_fits_no_grid", "grid_outside_partly_proved", "grid_not_found"]


def test_of_two_proofs_the_one_that_proves_more_is_told(plan: Plan) -> None:
    for proofs in ([part(15), part(40)], [part(40), part(15)]):
        assert [each.code for each in bounds_findings(plan, {"C1": proofs}) if each.subject == "G1"] == ["grid_outside_proved"]


def test_a_proof_that_rests_on_kept_grids_says_so(plan: Plan) -> None:
    codes = [each.code for each in bounds_findings(plan, {"C1": [part(40)]}, kept=["G2"])]
    assert codes == ["part_below_minimum", "proof_with_kept_grids", "grid_outside_proved", "grid_not_found"]


def test_a_kept_grid_was_not_searched_for(plan: Plan) -> None:
    assert [each.code for each in bounds_findings(plan, {}, kept=["G1", "G3"])] == ["grid_out_of_bounds"] * 2


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_sentence_can_be_told(plan: Plan, language: str) -> None:
    for each in bounds_findings(plan, {"C1": [part(15)]}, kept=["G2"]):
        assert each.text(language)  # type: ignore[arg-type]


def test_what_is_known_of_other_communities_is_carried_over(plan: Plan) -> None:
    start = dataclasses.replace(plan, findings=tuple(bounds_findings(plan, {"C1": [part(40)], "C2": []})))
    made = bounds_findings(plan, {"C2": []}, kept=["G1", "G2"])
    assert [each.code for each in made] == ["grid_out_of_bounds", "grid_not_found"]
    assert sorted(each.code for each in with_carried(made, start, RULES, "C2")) == ["grid_not_found", "grid_outside_proved", "part_below_minimum"]
    assert with_carried(made, start, RULES.with_households(200, 300), "C2") == made


def outcome(gap: float | None, drawn_together: int = 0) -> Outcome:
    return Outcome(np.zeros(1, np.int64), (), gap, drawn_together)


def told(*outcomes: Outcome) -> list[tuple[str, dict[str, object]]]:
    return [(each.code, dict(each.words)) for each in optimality_findings({str(number): each for number, each in enumerate(outcomes)})]


def test_all_proved() -> None:
    assert told(outcome(0.0), outcome(0.0)) == [("plan_proved", {"communities": 2})]


def test_the_worst_gap_is_rounded_up() -> None:
    words = {"communities": 3, "proved": 1, "bounded": 1, "gap": 1.3, "open": 1}
    assert told(outcome(0.0), outcome(0.0121), outcome(None)) == [("plan_proved_partly", words)]


def test_what_was_drawn_together_is_told() -> None:
    assert [code for code, _ in told(outcome(0.0, 60), outcome(0.0))] == ["plan_proved_together"]
    assert [code for code, _ in told(outcome(0.0, 60), outcome(None))] == ["plan_proved_partly_together"]


def test_nothing_proved_is_nothing_told() -> None:
    assert told(outcome(None), outcome(None)) == []

"""Daily rounds as a soft goal: the sum never gets worse, bounds and connection are kept, and without a weight nothing changes."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import walks
from worlds import draw_world

from gridmap.grids import daily_rounds
from gridmap.grids.daily_rounds import RoundJob, shorten_rounds
from gridmap.grids.graph import is_connected
from gridmap.grids.propose import propose
from gridmap.ground.sample import sample_district
from gridmap.rules import Rules, load_rules

RULES = load_rules("nantong")


def weighing(rules: Rules, weight: float) -> Rules:
    return dataclasses.replace(rules, weights=dataclasses.replace(rules.weights, daily_round=weight))


@pytest.fixture(scope="module")
def rows() -> Any:
    """Four buildings in a square; streets run beside each row and meet far to the east only, but borders cost less between the columns."""
    beside = dict.fromkeys((("a", "b"), ("c", "d")), ("arterial", True))
    district, tiling = draw_world("a:100 b:100\nc:100 d:100", between=beside)
    west, south, _, north = district.buildings.total_bounds - np.tile((walks.EAST_M, walks.NORTH_M), 2)
    far = walks.line((west, north + 5), (west + 900, north + 5), (west + 900, south - 5), (west, south - 5))
    streets = walks.draw_walks({"s": far}).streets
    district = dataclasses.replace(district, streets=streets)
    return district, dataclasses.replace(tiling, fingerprint=district.fingerprint())


def grids_of(plan: Any) -> set[frozenset[str]]:
    return {frozenset(its) for its in plan.grid_of.groupby(plan.grid_of).groups.values()}


def test_the_round_changes_the_choice(rows: Any) -> None:
    district, tiling = rows
    rules = RULES.with_households(200, 200)
    assert grids_of(propose(district, rules, tiling=tiling)) == {frozenset("ac"), frozenset("bd")}
    weighed = propose(district, weighing(rules, 1.0), tiling=tiling)
    assert grids_of(weighed) == {frozenset("ab"), frozenset("cd")}
    told = {each.code: each for each in weighed.findings}
    assert told["rounds_weighed"].value < told["rounds_weighed"].limit
    assert not any(code.startswith("plan_proved") for code in told)


def test_a_small_weight_changes_nothing(rows: Any) -> None:
    district, tiling = rows
    rules = RULES.with_households(200, 200)
    assert grids_of(propose(district, weighing(rules, 0.001), tiling=tiling)) == {frozenset("ac"), frozenset("bd")}


def test_without_a_weight_the_plan_is_the_same_and_no_street_is_looked_at(rows: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    district, tiling = rows
    monkeypatch.setattr(daily_rounds, "walking_network", None)
    assert RULES.weights.daily_round == 0
    assert {each.code for each in propose(district, RULES.with_households(200, 200), tiling=tiling).findings} <= {
        "plan_proved",
        "plan_proved_together",
    }


@pytest.fixture(scope="module")
def jobs() -> list[RoundJob]:
    """The communities of a made-up district, divided, as they come to be shortened."""
    kept: list[RoundJob] = []

    def here(work: Any, each: list[RoundJob], **_: Any) -> list[Any]:
        kept.extend(each)
        return [(number, work(one)) for number, one in enumerate(each)]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(daily_rounds, "run_jobs", here)
        propose(sample_district(2000, seed=5), weighing(RULES, 0.5), effort="quick")
    return kept


@pytest.mark.slow
def test_the_sum_never_gets_worse_and_grids_stay_connected(jobs: list[RoundJob]) -> None:
    for each in jobs:
        done = shorten_rounds(each)
        before = done.before.objective_dm + each.weight * done.before_cm / 10
        assert done.after.violation_households <= done.before.violation_households
        assert done.after.objective_dm + each.weight * done.after_cm / 10 <= before
        assert is_connected(each.job.graph, done.labels)
        assert set(done.labels) == set(each.labels)


@pytest.mark.slow
def test_the_same_job_gives_the_same_division(jobs: list[RoundJob]) -> None:
    assert (shorten_rounds(jobs[0]).labels == shorten_rounds(jobs[0]).labels).all()


def test_too_many_doors_are_told_and_left_as_they_are(rows: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    district, tiling = rows
    monkeypatch.setattr(daily_rounds, "MOST_DOORS", 3)
    plan = propose(district, weighing(RULES.with_households(200, 200), 1.0), tiling=tiling)
    assert grids_of(plan) == {frozenset("ac"), frozenset("bd")}
    assert "rounds_not_weighed" in {each.code for each in plan.findings}


def test_without_streets_nothing_changes() -> None:
    district, tiling = draw_world("a:100 b:100\nc:100 d:100")
    rules = RULES.with_households(200, 200)
    assert grids_of(propose(district, weighing(rules, 1.0), tiling=tiling)) == grids_of(propose(district, rules, tiling=tiling))

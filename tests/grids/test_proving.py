from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from graphs import holds_together, limits_of, town_of

from gridmap.grids.drawn import Level, Part, searched
from gridmap.grids.exact import ExactEffort, Solution, best_division_proved
from gridmap.grids.graph import score
from gridmap.grids.program import Prices
from gridmap.grids.proving import NORMAL, proved
from gridmap.grids.treecut import net_of
from gridmap.grids.workshop import BUDGETS

EVERYTHING = ExactEffort(10**5, 10**5, branches=10**4, possible=10**6, deep=True)


@pytest.fixture
def part() -> Part:
    """A made-up town with some small atoms."""
    graph = town_of(34, seed=6, lightest=2, heaviest=70)
    return Part(graph, net_of(graph), limits_of(graph, 150, 190), (0, 0), None, 0)


@pytest.fixture
def level(part: Part) -> Level:
    return searched(part, BUDGETS["quick"])


def test_the_best_effort_proves_the_best_of_all_divisions(part: Part, level: Level) -> None:
    found = proved(part, level, [NORMAL, EVERYTHING])
    best = best_division_proved(part.net, part.limits, level.among_atoms.labels, EVERYTHING)
    assert best.proved
    assert (found.gap_dm, found.drawn_together) == (0, 0)
    assert score(part.graph, found.labels, 150, 190) == score(part.graph, best.labels, 150, 190)


def test_normal_effort_proves_what_keeps_small_atoms_together(part: Part, level: Level) -> None:
    found = proved(part, level, [NORMAL])
    best = proved(part, level, [NORMAL, EVERYTHING])
    assert found.gap_dm == 0
    assert score(part.graph, found.labels, 150, 190) >= score(part.graph, best.labels, 150, 190)


def test_nothing_is_worse_than_what_search_found(part: Part, level: Level) -> None:
    found = proved(part, level, [NORMAL])
    assert holds_together(part.graph, found.labels)
    assert score(part.graph, found.labels, 150, 190) <= score(part.graph, level.among_atoms.labels, 150, 190)


def test_without_room_or_steps_nothing_is_known(part: Part, level: Level) -> None:
    found = proved(part, level, [replace(EVERYTHING, possible=1)])
    assert (found.gap_dm, found.least_violation) == (None, 0)
    assert np.array_equal(found.labels, level.among_atoms.labels)


def test_a_finer_proof_begins_with_the_prices_of_the_coarser(part: Part, level: Level, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[tuple[dict[int, float], dict[int, float]]] = []

    def watched(*given: Any, near: Mapping[int, Prices], **options: Any) -> Solution:
        found = best_division_proved(*given, near=near, **options)
        begun.append((totals(near), totals(found.prices)))
        return found

    monkeypatch.setattr("gridmap.grids.proving.best_division_proved", watched)
    proved(part, level, [replace(EVERYTHING, possible=100, streamed=10**8)])
    known: dict[int, float] = {}
    for near, after in begun:
        assert near == pytest.approx(known)
        known |= after
    assert len(known) > 0


def totals(prices: Mapping[int, Prices]) -> dict[int, float]:
    return {grids: float(each.atoms.sum()) for grids, each in prices.items()}


def test_where_search_rests_fewer_atoms_are_drawn_together(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = town_of(34, seed=9, lightest=2, heaviest=70)
    part = Part(graph, net_of(graph), limits_of(graph, 150, 190), (0, 0), None, 0)
    coarse = searched(part, BUDGETS["quick"])
    found = proved(part, coarse, [NORMAL])
    monkeypatch.setattr("gridmap.grids.proving.BETWEEN_GRIDS", 0)
    without = proved(part, coarse, [NORMAL])
    assert found.drawn_together < without.drawn_together
    assert score(part.graph, found.labels, 150, 190) < score(part.graph, without.labels, 150, 190)

from __future__ import annotations

import numpy as np
import pytest
from graphs import best_by_trying, holds_together, limits_of, path_of, small_graphs, town_of
from hypothesis import given

from gridmap.grids.clearing import cleared, cleared_level
from gridmap.grids.drawn import Level, Part, drawn_at
from gridmap.grids.graph import CommunityGraph, score
from gridmap.grids.least import Least
from gridmap.grids.treecut import net_of
from gridmap.grids.workshop import BUDGETS, Workshop


def part_of(graph: CommunityGraph, minimum: int, maximum: int) -> Part:
    return Part(graph, net_of(graph), limits_of(graph, minimum, maximum), (0, 0), None, 0)


def least_of(part: Part) -> Least:
    return Least(part.graph, part.limits, part.unavoidable)


def slices(graph: CommunityGraph, households: int) -> np.ndarray:
    """Grids of about so many households in the order of a walk, each piece of them by itself."""
    labels, at = np.zeros(len(graph), np.int64), 0
    cut = np.cumsum(graph.households) // households
    for value in np.unique(cut):
        for piece in graph.components(cut == value):
            labels[piece] = at
            at += 1
    return labels


@given(small_graphs())
def test_a_small_part_is_divided_at_best_or_the_rest_is_proved(graph: CommunityGraph) -> None:
    graph = graph.part(graph.components()[0])
    part = part_of(graph, 5, 8)
    least = least_of(part)
    labels = cleared(part, np.arange(len(graph)), least)
    fewest = best_by_trying(graph, 5, 8)[0]
    assert holds_together(graph, labels)
    assert score(graph, labels, 5, 8).violation_households == least.violation == fewest


@pytest.mark.parametrize("count", [40, 200])
def test_a_poor_division_of_a_town_is_brought_within_the_bounds(count: int) -> None:
    graph = town_of(count, seed=4, lightest=30, heaviest=70)
    graph = graph.part(max(graph.components(), key=len))
    part = part_of(graph, 250, 300)
    start = slices(graph, 275)
    labels = cleared(part, start, least_of(part))
    before, after = (score(graph, each, 250, 300).violation_households for each in (start, labels))
    assert after < before / 2
    assert holds_together(graph, labels)


def test_a_division_that_cannot_be_better_stays() -> None:
    part = part_of(path_of(200, 150, 200), 250, 300)
    labels = np.array([0, 0, 1])
    assert cleared(part, labels, least_of(part)) is labels


def test_of_a_large_part_small_atoms_are_drawn_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gridmap.grids.clearing.WINDOWS", ())
    monkeypatch.setattr("gridmap.grids.clearing.ATOMS_MOST", 30)
    part = part_of(path_of(*20 * [20, 5]), 120, 130)
    too_few_and_too_many = np.repeat([0, 1, 2, 3], [8, 12, 10, 10])
    labels = cleared(part, too_few_and_too_many, least_of(part))
    assert score(part.graph, labels, 120, 130).violation_households == 0
    assert holds_together(part.graph, labels)


def test_a_level_is_cleared_among_its_own_atoms() -> None:
    part = part_of(path_of(*12 * [60, 5]), 150, 200)
    drawn = drawn_at(part, 2)
    assert drawn is not None
    assert len(drawn.graph) == 12
    workshop = Workshop(drawn.graph, drawn.net, part.limits, BUDGETS["quick"], (0,))
    two_and_four = np.repeat([0, 1, 2, 3], [2, 4, 2, 4])
    better = cleared_level(part, Level(drawn, workshop, workshop.measured(two_and_four)), least_of(part)).found
    assert better.violation == 0
    assert better.rank() == workshop.measured(better.labels).rank()

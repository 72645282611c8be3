from __future__ import annotations

import numpy as np
import pytest
from graphs import best_by_trying, divisions, graph_of, holds_together, limits_of, path_of, small_graphs, town_of
from hypothesis import given
from hypothesis import strategies as st

from gridmap.grids.graph import CommunityGraph
from gridmap.grids.least import Least, Room
from gridmap.grids.search import search


def least_of(graph: CommunityGraph, minimum: int, maximum: int) -> Least:
    return Least(graph, limits_of(graph, minimum, maximum), 0)


def outside(graph: CommunityGraph, labels: np.ndarray, minimum: int, maximum: int) -> int:
    load = graph.households @ (labels[:, None] == np.unique(labels))
    return int((np.maximum(minimum - load, 0) + np.maximum(load - maximum, 0)).sum())


@given(small_graphs(), st.randoms(use_true_random=False))
def test_no_more_is_proved_than_is_true(graph: CommunityGraph, draw: object) -> None:
    graph = graph.part(graph.components()[0])
    ways = [labels for labels in divisions(len(graph)) if holds_together(graph, labels)]
    labels = draw.choice(ways)  # type: ignore[attr-defined]
    least, fewest = least_of(graph, 5, 8), best_by_trying(graph, 5, 8)[0]
    assert least.reached(labels) == (outside(graph, labels, 5, 8) == fewest)
    assert least.violation <= fewest


@given(small_graphs())
def test_a_search_of_the_whole_part_proves_all_that_is_true(graph: CommunityGraph) -> None:
    graph = graph.part(graph.components()[0])
    least, alone = least_of(graph, 5, 8), np.arange(len(graph))
    fewest = best_by_trying(graph, 5, 8)[0]
    assert least.reached_at_last(alone) == (outside(graph, alone, 5, 8) == fewest)
    assert least.violation == fewest


def town_with_a_tower() -> tuple[CommunityGraph, np.ndarray]:
    """A town in grids, and a building of 290 households with one of 20 behind it: one of the two cannot be in a grid of 250-300."""
    town = town_of(200, seed=1)
    town = town.part(max(town.components(), key=len))
    pairs = [(int(a), int(b), "none", bool(open_)) for a, b, open_ in zip(town.first, town.second, town.crossable, strict=True)]
    count, labels = len(town), search(town, 250, 300, effort="quick").labels
    assert outside(town, labels, 250, 300) == 0
    graph = graph_of([*town.households.tolist(), 290, 20], [*pairs, (0, count), (count, count + 1)])
    return graph, np.concatenate((labels, 2 * [labels.max() + 1]))


def test_a_cause_nearby_is_found_in_a_part_with_far_too_many_possible_grids() -> None:
    graph, labels = town_with_a_tower()
    least = least_of(graph, 250, 300)
    assert least.reached(labels)
    assert least.violation == 10


def test_the_last_look_finds_what_others_have_no_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    graph, labels = town_with_a_tower()
    least = least_of(graph, 250, 300)
    monkeypatch.setattr("gridmap.grids.least.OFTEN", Room(1, 1, 1, 1, 1))
    assert not least.reached(labels)
    assert least.reached_at_last(labels)


def test_what_was_proved_elsewhere_suffices() -> None:
    least = least_of(path_of(100, 100), 250, 300)
    least.violation = 50
    assert least.reached(np.zeros(2, np.int64))


@pytest.mark.parametrize("labels", [[0, 0, 0, 1, 1], [3, 3, 3, 5, 5]])
def test_numbers_of_grids_may_have_gaps(labels: list[int]) -> None:
    assert least_of(path_of(90, 90, 90, 130, 140), 250, 300).reached(np.array(labels))

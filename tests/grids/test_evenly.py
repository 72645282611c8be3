"""A wanted number of connected groups, as even as can be."""

from __future__ import annotations

import numpy as np
import pytest
from graphs import divisions, graph_of, holds_together, path_of, small_graphs, town_of
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmap.grids.evenly import divided_into
from gridmap.grids.graph import CommunityGraph


def loads(households: list[int], labels: list[int]) -> list[int]:
    return np.bincount(labels, weights=households).astype(int).tolist()


@pytest.mark.parametrize(("count", "expected"), [(1, [21]), (2, [10, 11]), (3, [6, 9, 6]), (6, [1, 2, 3, 4, 5, 6])])
def test_a_row_is_divided_evenly(count: int, expected: list[int]) -> None:
    labels = divided_into(path_of(1, 2, 3, 4, 5, 6), count)
    assert loads([1, 2, 3, 4, 5, 6], labels.tolist()) == expected


def test_one_that_is_too_large_stands_alone() -> None:
    assert sorted(loads([5, 5, 100, 5, 5], divided_into(path_of(5, 5, 100, 5, 5), 3).tolist())) == [10, 10, 100]


def test_parts_that_cannot_be_joined_each_have_a_group() -> None:
    graph = graph_of([5, 5, 5], [(0, 1, "river", False)])
    assert len(set(divided_into(graph, 1).tolist())) == 3


def test_larger_parts_get_more_groups() -> None:
    graph = graph_of([10, 10, 10, 10, 5, 5], [(0, 1), (1, 2), (2, 3), (4, 5)])
    assert divided_into(graph, 5).tolist() == [0, 1, 2, 3, 4, 4]


def test_households_everywhere_zero() -> None:
    assert len(set(divided_into(path_of(0, 0, 0), 2).tolist())) == 2


@settings(max_examples=15)
@given(small_graphs(), st.integers(1, 5))
def test_groups_are_connected_and_as_many_as_wanted(graph: CommunityGraph, count: int) -> None:
    labels = divided_into(graph, count)
    assert holds_together(graph, labels)
    assert len(np.unique(labels)) == min(max(count, len(graph.components())), len(graph))


@settings(max_examples=15)
@given(st.lists(st.integers(1, 9), min_size=2, max_size=7), st.integers(2, 4))
def test_the_largest_and_smallest_are_near_the_best_of_all(households: list[int], count: int) -> None:
    graph, count = path_of(*households), min(count, len(households))
    share = sum(households) / count
    off = min(
        sum(abs(load - share) for load in loads(households, labels.tolist()))
        for labels in divisions(len(households))
        if labels.max() + 1 == count and holds_together(graph, labels)
    )
    found = sum(abs(load - share) for load in loads(households, divided_into(graph, count).tolist()))
    assert off <= found <= off + 2 * max(households)


def test_fifty_atoms_into_five() -> None:
    town = town_of(50, seed=1)
    labels = divided_into(town, 5, effort="quick")
    share = town.households.sum() / 5
    assert np.abs(np.bincount(labels, weights=town.households) / share - 1).max() <= 0.05
    assert holds_together(town, labels)

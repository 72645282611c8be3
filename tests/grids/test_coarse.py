from __future__ import annotations

import networkx as nx
import numpy as np
from graphs import graph_of, network, small_graphs, town_of
from hypothesis import given
from hypothesis import strategies as st

from gridmap.grids.coarse import coarse
from gridmap.grids.graph import CommunityGraph, score

COURTYARDS = [2, 3, 1, 4, 2, 260, 3, 2, 0, 1]


def row(*separators: str) -> CommunityGraph:
    return graph_of([10] * (len(separators) + 1), [(i, i + 1, kind, kind != "river") for i, kind in enumerate(separators)])


def test_courtyards_become_one_atom() -> None:
    drawn = coarse(graph_of(COURTYARDS, [(i, i + 1) for i in range(9)]), 30)
    assert drawn is not None
    assert drawn.graph.households.tolist() == [12, 260, 6]


def test_nothing_is_drawn_together_over_a_barrier_or_a_closed_border() -> None:
    drawn = coarse(row("none", "arterial", "river", "none"), 60)
    assert drawn is not None
    assert drawn.group.tolist() == [0, 0, 1, 2, 2]


def test_atoms_of_two_compounds_stay_apart() -> None:
    graph = graph_of([10] * 4, [(0, 1), (1, 2), (2, 3)], compounds=[0, 0, 1, 1])
    drawn = coarse(graph, 60)
    assert drawn is not None
    assert drawn.group.tolist() == [0, 0, 1, 1]


def test_atoms_of_two_earlier_grids_stay_apart() -> None:
    drawn = coarse(row("none", "none", "none"), 60, earlier=np.array([0, 1, 1, 1]))
    assert drawn is not None
    assert drawn.group.tolist() == [0, 1, 1, 1]


def test_little_to_draw_together_is_none() -> None:
    assert coarse(town_of(40, seed=1, lightest=50), 30) is None


@given(small_graphs(most=8, heaviest=6), st.integers(1, 12), st.data())
def test_groups_are_connected_and_a_division_costs_the_same_in_both(graph: CommunityGraph, households: int, data: st.DataObject) -> None:
    drawn = coarse(graph, households)
    if drawn is None:
        return
    assert all(nx.is_connected(network(graph, easy=True).subgraph(np.flatnonzero(drawn.group == each).tolist())) for each in set(drawn.group))
    assert drawn.graph.households.sum() == graph.households.sum()
    parts = drawn.graph.components()
    labels = np.zeros(len(drawn.graph), np.int64)
    for number, part in enumerate(parts):
        labels[part] = number + data.draw(st.integers(0, 1)) * len(parts)
    fine = score(graph, labels[drawn.group], 5, 6)
    assert fine == score(drawn.graph, labels, 5, 6)

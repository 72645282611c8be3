from __future__ import annotations

import dataclasses

import networkx as nx
import numpy as np
import pandas as pd
from graphs import graph_of, holds_together, network, path_of, small_graphs
from hypothesis import given
from hypothesis import strategies as st

from gridmap.grids.graph import CommunityGraph, community_graph, is_connected, score
from gridmap.rules import load_rules


def test_rows_list_easy_neighbours_first_and_closed_ones_last() -> None:
    graph = graph_of([1, 1, 1, 1], [(0, 1, "river", False), (0, 2, "arterial", True), (0, 3, "lane", True)])
    assert graph.indices[graph.indptr[0] : graph.indptr[1]].tolist() == [3, 2, 1]
    assert (graph.easy_end[0], graph.crossable_end[0]) == (1, 2)


def test_border_costs_its_length_times_what_runs_along_it() -> None:
    graph = graph_of([1, 1, 1], [(0, 1, "street", True), (1, 2, "none", True)], compounds=[None, 0, 0])
    assert graph.shared_dm.tolist() == [210, 200]
    assert graph.cut_dm.tolist() == [147, 600]  # 0.7 along a street, 3 within a compound.


def test_pairs_with_other_atoms_are_left_out() -> None:
    atoms = pd.DataFrame({"households": [1, 1], "compound_id": [None, None]}, index=["A", "B"])
    rows = [("A", "B", 9.0, "none", True), ("B", "X", 9.0, "none", True)]
    neighbours = pd.DataFrame(rows, columns=["a", "b", "shared_m", "separator", "crossable"])
    assert len(community_graph(atoms, neighbours, load_rules("nantong")).first) == 1


def test_compact_counts_the_border_alone() -> None:
    atoms = pd.DataFrame({"households": [1, 1], "compound_id": ["K", "K"]}, index=["A", "B"])
    neighbours = pd.DataFrame([("A", "B", 12.3, "arterial", True)], columns=["a", "b", "shared_m", "separator", "crossable"])
    graph = community_graph(atoms, neighbours, load_rules("compact"))
    assert score(graph, np.array([0, 1]), 1, 9).objective_dm == 123
    assert score(graph, np.array([0, 0]), 1, 9).objective_dm == 0


def test_each_term_of_the_sum_by_hand() -> None:
    graph = graph_of([10, 20, 30], [(0, 1, "arterial", True), (1, 2)], compounds=[0, None, 0])
    reached = score(graph, np.array([0, 0, 1]), 25, 31, earlier=np.array([0, 1, 1]))
    border, crossing, split, uneven, moved = 200, 600, 400, 3 * (2 + 2), 50 * 10
    assert reached == (0, border + crossing + split + uneven + moved)


def test_violation_is_summed_over_the_grids() -> None:
    assert score(path_of(10, 50), np.array([0, 1]), 20, 40).violation_households == 20


def test_components_come_in_the_order_of_their_first_atoms() -> None:
    graph = graph_of([1] * 5, [(0, 3), (1, 4), (1, 2, "river", False)])
    assert [part.tolist() for part in graph.components()] == [[0, 3], [1, 4], [2]]


def test_components_among_some_atoms() -> None:
    assert [part.tolist() for part in path_of(1, 1, 1).components(np.array([True, False, True]))] == [[0], [2]]


@given(small_graphs())
def test_components_are_those_of_networkx(graph: CommunityGraph) -> None:
    assert {frozenset(part.tolist()) for part in graph.components()} == {frozenset(part) for part in nx.connected_components(network(graph))}


@given(small_graphs(), st.data())
def test_connected_is_what_networkx_says(graph: CommunityGraph, data: st.DataObject) -> None:
    labels = np.array(data.draw(st.lists(st.integers(0, 2), min_size=len(graph), max_size=len(graph))), np.int64)
    assert is_connected(graph, labels) == holds_together(graph, labels)


@given(small_graphs())
def test_part_of_all_atoms_is_the_graph(graph: CommunityGraph) -> None:
    same = graph.part(np.arange(len(graph)))
    assert all(np.array_equal(getattr(same, each.name), getattr(graph, each.name)) for each in dataclasses.fields(graph))


@given(small_graphs(), st.randoms())
def test_order_of_the_neighbour_table_does_not_matter(graph: CommunityGraph, random: object) -> None:
    pairs = [(int(a), int(b), "none", True) for a, b in zip(graph.first, graph.second, strict=True)]
    shuffled = sorted(pairs, key=lambda _: random.random())  # type: ignore[attr-defined]
    ordered, other = graph_of([1] * len(graph), pairs), graph_of([1] * len(graph), shuffled)
    assert np.array_equal(ordered.indices, other.indices)

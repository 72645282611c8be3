"""Searches against networkx: exactly equal, to the centimetre."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmap.walking.reach import FAR, Arcs, arcs_of, nearest, reached

edges = st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11), st.integers(0, 200_000)), min_size=1, max_size=40)
sources = st.lists(st.tuples(st.integers(0, 11), st.integers(0, 50_000)), min_size=1, max_size=5)
NODES = 12


def both(drawn: list[tuple[int, int, int]]) -> tuple[Arcs, nx.MultiDiGraph]:
    tail, head, cm = (np.array(column, dtype=np.int32) for column in zip(*drawn, strict=True))
    graph = nx.MultiDiGraph()
    graph.add_nodes_from(range(NODES))
    graph.add_weighted_edges_from(drawn)
    return arcs_of(NODES, tail, head, cm), graph


def distances(graph: nx.MultiDiGraph, node: int, start: int) -> dict[int, int]:
    return {there: cm + start for there, cm in nx.single_source_dijkstra_path_length(graph, node).items()}


@settings(max_examples=80, deadline=None)
@given(edges, sources, st.one_of(st.just(FAR), st.integers(0, 300_000)))
def test_the_nearest_source_is_that_of_networkx(drawn: list[tuple[int, int, int]], begun: list[tuple[int, int]], limit: int) -> None:
    arcs, graph = both(drawn)
    node, start = (np.array(column, dtype=np.int32) for column in zip(*begun, strict=True))
    found = nearest(arcs, node, start, np.arange(len(begun), dtype=np.int32), limit_cm=limit)
    each = [distances(graph, *source) for source in begun]
    for place in range(NODES):
        best = min(((cm[place], number) for number, cm in enumerate(each) if place in cm and cm[place] <= limit), default=(FAR, -1))
        assert (found.distance_cm[place], found.source[place]) == best


@settings(max_examples=80, deadline=None)
@given(edges, sources, st.integers(0, 300_000))
def test_what_each_source_reaches_is_what_networkx_reaches(drawn: list[tuple[int, int, int]], begun: list[tuple[int, int]], limit: int) -> None:
    arcs, graph = both(drawn)
    node, start = (np.array(column, dtype=np.int32) for column in zip(*begun, strict=True))
    found = reached(arcs, node, start, np.arange(len(begun) + 1), limit_cm=limit)
    for number, source in enumerate(begun):
        mine = slice(found.first[number], found.first[number + 1])
        expected = {place: cm for place, cm in distances(graph, *source).items() if cm <= limit}
        assert dict(zip(found.node[mine].tolist(), found.distance_cm[mine].tolist(), strict=True)) == expected


@pytest.mark.parametrize(("limit", "inside"), [(1000, True), (999, False)])
def test_what_lies_exactly_at_the_limit_is_inside(limit: int, inside: bool) -> None:
    arcs = arcs_of(2, np.array([0], dtype=np.int32), np.array([1], dtype=np.int32), np.array([1000], dtype=np.int32))
    one = np.zeros(1, dtype=np.int32)
    assert (nearest(arcs, one, one, one, limit_cm=limit).distance_cm[1] == 1000) == inside


def test_of_equally_near_sources_the_first_is_taken() -> None:
    arcs = arcs_of(3, np.array([0, 2], dtype=np.int32), np.array([1, 1], dtype=np.int32), np.array([700, 700], dtype=np.int32))
    ends = np.array([2, 0], dtype=np.int32)
    assert nearest(arcs, ends, np.zeros(2, dtype=np.int32), np.array([4, 3], dtype=np.int32)).source[1] == 3

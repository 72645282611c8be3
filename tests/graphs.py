"""Graphs of communities for tests: from lists of households and pairs, drawn at random, and slow oracles beside them."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Sequence

import networkx as nx
import numpy as np
import numpy.typing as npt
import pandas as pd
from hypothesis import strategies as st
from scipy.spatial import Delaunay

from gridmap.grids.division import Limits
from gridmap.grids.graph import CommunityGraph, community_graph, score
from gridmap.rules import load_rules

Ints = npt.NDArray[np.int64]
Pair = tuple[int, int] | tuple[int, int, str, bool]

ALL_WEIGHTS = dataclasses.replace(load_rules("nantong").weights, unevenness=0.3)
"""Every term of the weighted sum counts."""


def graph_of(households: Sequence[int], pairs: Sequence[Pair], *, compounds: Sequence[int | None] = ()) -> CommunityGraph:
    """Return the graph of atoms B0, B1, ... in which ``pairs`` lie side by side along 20 m, crossable unless they say otherwise."""
    index = [f"B{i}" for i in range(len(households))]
    whole = [(pair[0], pair[1], *(pair[2:] or ("none", True))) for pair in pairs]
    rows = [(f"B{min(a, b)}", f"B{max(a, b)}", 20.0 + (a + b) % 3, separator, crossable) for a, b, separator, crossable in whole]
    neighbours = pd.DataFrame(rows, columns=["a", "b", "shared_m", "separator", "crossable"]).astype({"shared_m": float, "crossable": bool})
    named = [None if code is None else f"K{code}" for code in compounds] or [None] * len(households)
    atoms = pd.DataFrame({"households": np.array(households, np.int64), "compound_id": named}, index=index)
    rules = dataclasses.replace(load_rules("nantong"), weights=ALL_WEIGHTS)
    graph = community_graph(atoms, neighbours, rules, community_id="C1")
    # pandas hands out what may not be written; for arrays of another kind all kernels would be compiled a second time.
    return dataclasses.replace(graph, households=graph.households.copy())


def path_of(*households: int) -> CommunityGraph:
    """Return atoms in a row."""
    return graph_of(households, [(i, i + 1) for i in range(len(households) - 1)])


def town_of(count: int, *, seed: int, lightest: int = 5, heaviest: int = 60) -> CommunityGraph:
    """Return a made-up town: points on a plane, side by side where triangles join them, compounds of five, an arterial through the middle."""
    rng = np.random.default_rng(seed)
    points = rng.random((count, 2))
    triangles = Delaunay(points).simplices
    edges = sorted({(int(min(pair)), int(max(pair))) for each in triangles for pair in itertools.combinations(each, 2)})
    middle = points[:, 0] < 0.5
    pairs = [(a, b, "arterial", a % 2 == 0) if middle[a] != middle[b] else (a, b, "none", True) for a, b in edges]
    order = np.argsort(np.argsort(points[:, 0] + 0.1 * points[:, 1]))
    return graph_of(rng.integers(lightest, heaviest, count).tolist(), pairs, compounds=[int(each) // 5 for each in order])


def limits_of(graph: CommunityGraph, minimum: int, maximum: int) -> Limits:
    """Return the limits of a grid, at the graph's own prices."""
    return Limits(minimum, maximum, (minimum + maximum) // 2, graph.barrier_dm, graph.split_dm, graph.unevenness_dm, graph.moved_dm)


@st.composite
def small_graphs(draw: st.DrawFn, *, most: int = 7, heaviest: int = 6) -> CommunityGraph:
    """Draw a graph of up to ``most`` atoms with barriers, closed borders and compounds, connected or not."""
    count = draw(st.integers(1, most))
    households = draw(st.lists(st.integers(0, heaviest), min_size=count, max_size=count))
    kinds = st.sampled_from([None, None, ("none", True), ("none", True), ("arterial", True), ("river", False)])
    drawn = {pair: draw(kinds) for pair in itertools.combinations(range(count), 2)}
    compounds = draw(st.lists(st.sampled_from([None, 0, 1]), min_size=count, max_size=count))
    return graph_of(households, [(*pair, *kind) for pair, kind in drawn.items() if kind], compounds=compounds)


def network(graph: CommunityGraph, *, easy: bool = False) -> nx.Graph:
    """Return the crossable pairs (those without a barrier, when ``easy``) as a networkx graph."""
    kept = graph.crossable & ~graph.barrier if easy else graph.crossable
    net = nx.Graph(list(zip(graph.first[kept].tolist(), graph.second[kept].tolist(), strict=True)))
    net.add_nodes_from(range(len(graph)))
    return net


def holds_together(graph: CommunityGraph, labels: Ints) -> bool:
    """Say whether every grid is connected, by networkx."""
    net = network(graph)
    return all(nx.is_connected(net.subgraph(np.flatnonzero(labels == label).tolist())) for label in np.unique(labels))


def divisions(count: int) -> Iterator[Ints]:
    """Yield every way to divide ``count`` atoms into sets, once."""

    def grow(labels: list[int], used: int) -> Iterator[list[int]]:
        if len(labels) == count:
            yield labels
            return
        for label in range(used + 1):
            yield from grow([*labels, label], max(used, label + 1))

    for labels in grow([], 0):
        yield np.array(labels, np.int64)


def best_by_trying(graph: CommunityGraph, minimum: int, maximum: int, *, earlier: Ints | None = None) -> tuple[int, int]:
    """Return the least (violation, objective) of all connected divisions."""
    connected = (labels for labels in divisions(len(graph)) if holds_together(graph, labels))
    return min(tuple(score(graph, labels, minimum, maximum, earlier=earlier)) for labels in connected)


def connected_sets(graph: CommunityGraph, minimum: int, maximum: int) -> set[frozenset[int]]:
    """Return every connected set of atoms within the bounds."""
    net = network(graph)
    every = (each for size in range(1, len(graph) + 1) for each in itertools.combinations(range(len(graph)), size))
    return {frozenset(each) for each in every if minimum <= graph.households[list(each)].sum() <= maximum and nx.is_connected(net.subgraph(each))}

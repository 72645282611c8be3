"""Other partitioners on the graph of one community: METIS, KaHIP, spopt's MaxP and GerryChain, each as close to our bounds as it can be asked.

All but MaxP are told how many grids to make of each part that holds together (``wanted``: a number for each part in the order of
``graph.components()``). METIS and KaHIP know a greatest size only, MaxP a least size only; GerryChain's chain knows both.
"""

from __future__ import annotations

import functools
import random
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import kahip  # type: ignore[import-untyped]
import networkx as nx
import numpy as np
import pandas as pd
import pymetis
from gerrychain import Graph, Partition
from gerrychain.partition import recursive_tree_part
from gerrychain.proposals import recom
from gerrychain.proposals.tree_proposals import MetagraphError
from gerrychain.tree import bipartition_tree
from gerrychain.updaters import Tally

from gridmap.grids.graph import CommunityGraph, Ints

START_TRIES = 15
"""Random trees from which GerryChain may try to start; the last third may leave the bounds, and the chain has to come back within them."""
START_ATTEMPTS = 300
"""Trees drawn for one grid of a start before it is begun again."""
PAIR_ATTEMPTS = 200
"""Trees drawn for two grids that are merged before GerryChain chooses two others."""
HOUSEHOLDS = "households"


@dataclass(frozen=True)
class Chain:
    """What GerryChain found: its first plan, the best legal one by weighted cut and by plain cut, None where there is none; CPU seconds of each."""

    start: Ints
    start_s: float
    best_weighted: Ints | None
    best_plain: Ints | None
    chain_s: float


def part_by_part(graph: CommunityGraph, divide: Callable[[CommunityGraph, int], Ints]) -> Ints:
    """Divide each part that holds together by itself; ``divide`` gets its graph and its place in ``graph.components()``."""
    labels = np.zeros(len(graph), np.int64)
    following = 0
    for place, part in enumerate(graph.components()):
        own = np.unique(divide(graph.part(part), place), return_inverse=True)[1]
        labels[part] = own + following
        following += int(own.max()) + 1
    return labels


def grids_of_parts(graph: CommunityGraph, labels: Ints) -> list[int]:
    """Return how many grids a plan has in each part that holds together."""
    return [len(np.unique(labels[part])) for part in graph.components()]


def with_metis(graph: CommunityGraph, wanted: Sequence[int], maximum: int, *, recursive: bool) -> Ints:
    """Divide with METIS, contiguous k-way or by recursive bisection, which knows no contiguity."""

    def divide(inner: CommunityGraph, place: int) -> Ints:
        grids = wanted[place]
        if grids == 1:
            return np.zeros(len(inner), np.int64)
        starts, links, borders = _rows(inner)
        tolerance = max(1, round(1000 * (maximum * grids / int(inner.households.sum()) - 1)))
        options = pymetis.Options(ufactor=tolerance) if recursive else pymetis.Options(ufactor=tolerance, contig=1)
        adjacency = pymetis.CSRAdjacency(starts, links)
        found = pymetis.part_graph(grids, adjacency, vweights=inner.households.tolist(), eweights=borders, recursive=recursive, options=options)
        return np.array(found[1], np.int64)

    return part_by_part(graph, divide)


def with_kahip(graph: CommunityGraph, wanted: Sequence[int], maximum: int, *, seed: int) -> Ints:
    """Divide with KaHIP's ``kaffpa`` in its strongest mode; it knows no contiguity."""

    def divide(inner: CommunityGraph, place: int) -> Ints:
        grids = wanted[place]
        if grids == 1:
            return np.zeros(len(inner), np.int64)
        starts, links, borders = _rows(inner)
        imbalance = max(0.0, maximum * grids / int(inner.households.sum()) - 1)
        found = kahip.kaffpa(inner.households.tolist(), starts, borders, links, grids, imbalance, True, seed, kahip.STRONG)
        return np.array(found[1], np.int64)

    return part_by_part(graph, divide)


def with_maxp(graph: CommunityGraph, minimum: int) -> Ints:
    """Divide with spopt's MaxP: as many regions as can be of at least the minimum, atoms in their order as the thing to be alike."""
    from libpysal.weights import W  # type: ignore[import-untyped]
    from spopt.region import MaxPHeuristic

    def divide(inner: CommunityGraph, _: int) -> Ints:
        if inner.households.sum() < 2 * minimum:
            return np.zeros(len(inner), np.int64)
        beside = {i: inner.indices[inner.indptr[i] : inner.crossable_end[i]].tolist() for i in range(len(inner))}
        frame = pd.DataFrame({"place": np.arange(len(inner), dtype=float), HOUSEHOLDS: inner.households})
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            np.random.seed(0)  # noqa: NPY002 - spopt knows no other way.
            model = MaxPHeuristic(frame, W(beside, silence_warnings=True), ["place"], HOUSEHOLDS, minimum, 2)
            model.solve()
        return np.array(model.labels_, np.int64)

    return part_by_part(graph, divide)


def with_gerrychain(graph: CommunityGraph, wanted: Sequence[int], minimum: int, maximum: int, *, steps: int, seed: int) -> Chain:
    """Divide with GerryChain: a recursive tree partition, then a ReCom chain of so many steps in each part, whose pairs keep to our bounds."""
    parts = graph.components()
    chains = [_chain(graph.part(part), wanted[place], minimum, maximum, steps, random.Random(seed)) for place, part in enumerate(parts)]

    def whole(of: Callable[[Chain], Ints | None]) -> Ints | None:
        found = [of(chain) for chain in chains]
        if any(labels is None for labels in found):
            return None
        return part_by_part(graph, lambda _, place: found[place])  # type: ignore[return-value, arg-type]

    start = part_by_part(graph, lambda _, place: chains[place].start)
    seconds = sum(chain.start_s for chain in chains), sum(chain.chain_s for chain in chains)
    return Chain(start, seconds[0], whole(lambda chain: chain.best_weighted), whole(lambda chain: chain.best_plain), seconds[1])


def _chain(inner: CommunityGraph, grids: int, minimum: int, maximum: int, steps: int, rng: random.Random) -> Chain:
    begun = time.process_time()
    one = np.zeros(len(inner), np.int64)
    if grids == 1:
        legal = one if minimum <= inner.households.sum() <= maximum else None
        return Chain(one, time.process_time() - begun, legal, legal, 0.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        partition = _start(inner, grids, minimum, maximum, rng)
        start_s = time.process_time() - begun
        if partition is None:
            return Chain(one, start_s, None, None, 0.0)
        start = _labels(partition, len(inner))
        best: dict[str, tuple[int, Ints]] = {}
        middle = (minimum + maximum) / 2
        split = functools.partial(bipartition_tree, max_attempts=PAIR_ATTEMPTS, allow_pair_reselection=True)
        for _ in range(steps + 1):
            labels = _labels(partition, len(inner))
            load = np.bincount(labels, weights=inner.households)
            if load.min() >= minimum and load.max() <= maximum:
                cut = labels[inner.first] != labels[inner.second]
                for name, border in (("weighted", inner.cut_dm), ("plain", inner.shared_dm)):
                    length = int(border[cut].sum())
                    if name not in best or length < best[name][0]:
                        best[name] = length, labels
            try:
                partition = recom(partition, HOUSEHOLDS, middle, (maximum - middle) / middle, bipartition_tree_fn=split, rng=rng)
            except MetagraphError:
                continue  # No two grids can be divided anew: the chain stays where it is for this step.
    found = [best[name][1] if name in best else None for name in ("weighted", "plain")]
    return Chain(start, start_s, found[0], found[1], time.process_time() - begun - start_s)


def _start(inner: CommunityGraph, grids: int, minimum: int, maximum: int, rng: random.Random) -> Any:
    """Return GerryChain's recursive tree partition, None when none was found; nearer to the bounds first."""
    links = nx.Graph()
    links.add_nodes_from((atom, {HOUSEHOLDS: int(own)}) for atom, own in enumerate(inner.households))
    links.add_edges_from(zip(inner.first[inner.crossable].tolist(), inner.second[inner.crossable].tolist(), strict=True))
    graph = Graph.from_networkx(links)
    mean = int(inner.households.sum()) / grids
    within = max(0.01, min(maximum / mean - 1, 1 - minimum / mean))
    split = functools.partial(bipartition_tree, max_attempts=START_ATTEMPTS)
    for number in range(START_TRIES):
        tolerance = within if number < 2 * START_TRIES // 3 else max(2 * within, (maximum - minimum) / (maximum + minimum))
        try:
            found = recursive_tree_part(graph, range(grids), mean, HOUSEHOLDS, tolerance, bipartition_tree_fn=split, rng=rng)
        except (RuntimeError, ValueError):
            continue  # It gives up in this way when no tree can be cut.
        return Partition(graph, found, {HOUSEHOLDS: Tally(HOUSEHOLDS)})
    return None


def _labels(partition: Any, atoms: int) -> Ints:
    """Return the grid of each atom; GerryChain keeps the numbers of nodes that were added in order from 0 up."""
    labels = np.zeros(atoms, np.int64)
    for node, grid in partition.assignment.mapping.items():
        labels[node] = grid
    return labels


def _rows(inner: CommunityGraph) -> tuple[list[int], list[int], list[int]]:
    """Return the crossable pairs from each atom's side in compressed rows, and their borders in decimetres, at least 1."""
    rows = [np.arange(inner.indptr[i], inner.crossable_end[i]) for i in range(len(inner))]
    links = np.concatenate(rows)
    starts = np.concatenate(([0], np.cumsum([len(row) for row in rows])))
    return starts.tolist(), inner.indices[links].tolist(), np.maximum(1, inner.shared_dm[inner.edges[links]]).tolist()

"""Whole atoms joined into a given number of connected groups, as even as can be found, with the search that divides communities into grids."""

from __future__ import annotations

import math

import numpy as np

from gridmap.grids.graph import CommunityGraph, Ints, score
from gridmap.grids.plan import Effort
from gridmap.grids.search import search
from gridmap.grids.workshop import in_order

FRACTIONS = (0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.98)
"""How far groups may be off the mean, in shares of the tolerance below which their number is sure; the strictest that can be met is used."""


def divided_into(graph: CommunityGraph, count: int, *, effort: Effort = "normal", seed: int = 0) -> Ints:
    """Return labels (int64[n], from 0 upwards) of ``count`` connected groups, as even in households as was found.

    There are more groups only when the graph has more parts that cannot reach each other, and fewer only when it has fewer atoms.
    """
    if not len(graph):
        return np.zeros(0, np.int64)
    parts = graph.components()
    labels = np.zeros(len(graph), np.int64)
    following = 0
    for part, number in zip(parts, _shares(graph, parts, count), strict=True):
        own = _part_into(graph.part(part), number, effort, seed)
        labels[part] = own + following
        following += int(own.max()) + 1
    return in_order(labels)


def _shares(graph: CommunityGraph, parts: list[Ints], count: int) -> list[int]:
    """Return how many groups each part gets: one, and each further one where the groups would be the largest without it."""
    numbers = [1] * len(parts)
    for _ in range(count - len(parts)):
        room = [position for position, part in enumerate(parts) if numbers[position] < len(part)]
        if not room:
            break
        numbers[max(room, key=lambda position: (graph.households[parts[position]].sum() / numbers[position], -position))] += 1
    return numbers


def _part_into(graph: CommunityGraph, count: int, effort: Effort, seed: int) -> Ints:
    """Divide a connected graph into exactly ``count`` connected groups."""
    if count == 1 or count >= len(graph):
        return np.zeros(len(graph), np.int64) if count == 1 else np.arange(len(graph), dtype=np.int64)
    share = graph.households.sum() / count
    candidates = [_drawn_together(graph, count)]
    # Below this tolerance no other number of groups can hold all households.
    forced = [fraction / (count + 1) for fraction in FRACTIONS]
    low, high = 0, len(forced)
    while low < high:
        # The strictest tolerance that can be met, by halving: what cannot be met takes the search longest.
        middle = (low + high) // 2
        found, met = _within(graph, share, forced[middle], effort, seed)
        if found is not None and found.max() + 1 == count:
            candidates.append(found)
        low, high = (low, middle) if met else (middle + 1, high)
    largest = int(np.argmax(graph.households))
    if graph.households[largest] > share:
        # One atom has more than its share: alone it leaves the most even rest, where that does not fall apart.
        rest = np.flatnonzero(np.arange(len(graph)) != largest)
        inner = graph.part(rest)
        if len(inner.components()) <= count - 1:
            labels = np.full(len(graph), count - 1, np.int64)
            labels[rest] = divided_into(inner, count - 1, effort=effort, seed=seed)
            candidates.append(labels)
    return min(candidates, key=lambda labels: (_off(graph, labels, share), _cost(graph, labels)))


def _within(graph: CommunityGraph, share: float, tolerance: float, effort: Effort, seed: int) -> tuple[Ints | None, bool]:
    """Return what the search finds for groups at most so far off ``share``, None when no whole number is, and whether all of them are."""
    minimum, maximum = max(1, math.ceil(share * (1 - tolerance))), math.floor(share * (1 + tolerance))
    if minimum > maximum:
        return None, False
    found = search(graph, minimum, maximum, effort=effort, seed=seed)
    return found.labels, found.violation_households == 0


def _off(graph: CommunityGraph, labels: Ints, share: float) -> float:
    return float(np.abs(np.bincount(labels, weights=graph.households) - share).sum())


def _cost(graph: CommunityGraph, labels: Ints) -> int:
    return score(graph, labels, 1, max(1, int(graph.households.sum()))).objective_dm


def _drawn_together(graph: CommunityGraph, count: int) -> Ints:
    """Join the smallest group with its smallest neighbour until ``count`` are left: never fails in a connected graph."""
    labels = np.arange(len(graph), dtype=np.int64)
    load = graph.households.astype(np.int64)
    first, second = graph.first[graph.crossable], graph.second[graph.crossable]
    alive = set(range(len(graph)))
    while len(alive) > count:
        smallest = min(alive, key=lambda label: (load[label], label))
        beside = np.union1d(labels[second[labels[first] == smallest]], labels[first[labels[second] == smallest]])
        chosen = min((int(label) for label in beside if label != smallest), key=lambda label: (load[label], label))
        labels[labels == smallest] = chosen
        load[chosen] += load[smallest]
        alive.discard(smallest)
    return in_order(labels)

"""Coarse graphs: small atoms that lie side by side, drawn together, so that a search has fewer of them to place.

A courtyard house of two households decides little about where a grid ends, but doubles the ways in which it can. A division of the coarse graph is
one of the fine graph too; what it misses is found by moving the small atoms afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridmap.grids.graph import CommunityGraph, Ints, drawn_together
from gridmap.kernels import kernel

SAVED_SHARE = 0.2
"""A search is not worth the trouble of a coarse graph that saves less than this share of the atoms."""
ROUNDS = 3
"""Rounds of drawing together; in the first only atoms without households."""


@dataclass(frozen=True, eq=False)
class Coarse:
    """A coarse ``graph`` and ``group``, int64[n]: which of its atoms each atom of the fine graph went into."""

    graph: CommunityGraph
    group: Ints


def coarse(graph: CommunityGraph, households: int, *, earlier: Ints | None = None, saved: float = SAVED_SHARE) -> Coarse | None:
    """Return ``graph`` with small atoms drawn together into some of up to ``households`` households; None when that saves less than a share.

    Two are drawn together when no barrier lies between them, they are of one compound or both of none, of one grid of the ``earlier`` plan, and one
    of them has fewer than half of ``households``; the dearest borders first.
    """
    order = np.lexsort((-graph.shared_dm, -graph.cut_dm)).astype(np.int64)
    before = np.zeros(len(graph), np.int64) if earlier is None else earlier
    alike = (graph.compound[graph.first] == graph.compound[graph.second]) & (before[graph.first] == before[graph.second])
    order = order[(graph.crossable & ~graph.barrier & alike)[order]]
    group = np.arange(len(graph))
    _draw_together(graph.first[order], graph.second[order], graph.households, households, group)
    _, first, group = np.unique(group, return_index=True, return_inverse=True)
    if len(first) == len(graph) or len(first) > (1 - saved) * len(graph):
        return None
    return Coarse(drawn_together(graph, first, group), group)


@kernel
def _draw_together(first: Ints, second: Ints, households: Ints, most: int, group: Ints) -> None:
    """Set ``group`` of each atom to the first atom that it was drawn together with."""
    load = households.copy()
    for step in range(ROUNDS):
        for pair in range(len(first)):
            a, b = first[pair], second[pair]
            while group[a] != a:
                a = group[a]
            while group[b] != b:
                b = group[b]
            if a == b or load[a] + load[b] > most:
                continue
            if min(load[a], load[b]) == 0 or (step > 0 and 2 * min(load[a], load[b]) < most):
                a, b = min(a, b), max(a, b)
                group[b] = a
                load[a] += load[b]
    for atom in range(len(group)):
        root = atom
        while group[root] != root:
            root = group[root]
        group[atom] = root

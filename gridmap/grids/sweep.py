"""Sweeps over a division: some grids that lie together are divided anew at best, then others, until none of them can be divided better."""

from __future__ import annotations

import numpy as np

from gridmap.grids.branching import Best, cover
from gridmap.grids.cuts import no_cuts
from gridmap.grids.graph import Ints
from gridmap.grids.program import Prices
from gridmap.grids.recombine import Candidates, Shelf, joined
from gridmap.grids.treecut import Net

WINDOW_NODES = 3_000
"""Nodes of each search for a better division of some grids."""


def sweep(best: Best, grids: Candidates, prices: Prices, net: Net, *, size: int, nodes: int = WINDOW_NODES) -> None:
    """Divide any ``size`` grids of the ``best`` division that lie together into as many of ``grids`` at less cost, as long as that is possible.

    None of the ``grids`` costs less than its ``prices``, so what the present ones cost beyond theirs is the most that can be won.
    """
    count = len(net.households)
    room = best.grids.cost.sum() - prices.atoms.sum() - len(best.grids) * prices.grid
    shelf = Shelf(grids.take(np.flatnonzero(prices.reduced(grids) < room)), count)
    waiting = best.grids.atoms[best.grids.start[:-1]].tolist()
    tried: set[bytes] = set()
    while waiting:
        labels = _labels(best.grids, count)
        window = _window(net, labels, waiting.pop(), size)
        atoms = np.flatnonzero(np.isin(labels, window))
        if atoms.tobytes() in tried:
            continue
        tried.add(atoms.tobytes())
        own = best.grids.take(window)
        there = Prices(prices.atoms[atoms], prices.grid, prices.cuts[:0], float(prices.atoms[atoms].sum() + len(window) * prices.grid))
        found = Best(Candidates(np.searchsorted(atoms, own.atoms), own.start, own.cost))
        cover(shelf.within(atoms), there, len(window), found, found.goal, no_cuts(), nodes=nodes)
        if found.cost < own.cost.sum():
            new = Candidates(atoms[found.grids.atoms], found.grids.start, found.grids.cost)
            best.offer(joined(best.grids.take(np.setdiff1d(np.arange(len(best.grids)), window)), new))
            waiting += new.atoms[new.start[:-1]].tolist()
            tried.clear()


def _labels(grids: Candidates, count: int) -> Ints:
    """Return which of the ``grids`` holds each atom."""
    labels = np.empty(count, np.int64)
    labels[grids.atoms] = np.repeat(np.arange(len(grids)), np.diff(grids.start))
    return labels


def _window(net: Net, labels: Ints, centre: int, size: int) -> Ints:
    """Return up to ``size`` grids around the atom ``centre``, sorted: ring by ring, those with most neighbours first."""
    chosen, edge = labels[[centre]], labels[[centre]]
    while len(chosen) < size and len(edge):
        inside = np.flatnonzero(np.isin(labels, edge))
        beside = np.concatenate([net.indices[net.indptr[i] : net.crossable_end[i]] for i in inside])
        ring, pairs = np.unique(labels[beside], return_counts=True)
        new = ~np.isin(ring, chosen)
        edge = ring[new][np.argsort(-pairs[new], kind="stable")][: size - len(chosen)]
        chosen = np.concatenate((chosen, edge))
    return np.sort(chosen)

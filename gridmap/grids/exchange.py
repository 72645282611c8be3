"""Recombination of a window of a plan: its grids exchanged for better ones among all that are possible there, or among those that a search met."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridmap.grids.division import Limits, empty_region, price_sets
from gridmap.grids.graph import CommunityGraph, Ints
from gridmap.grids.recombine import Candidates, CoverEffort, Shelf, best_cover, joined
from gridmap.grids.sets import listed_sets
from gridmap.grids.treecut import Net, net_of

OUTSIDE_BORDERS = 32
"""Price of a household outside the bounds, in borders of middle length: high, so that few remain outside."""


@dataclass(frozen=True, slots=True)
class ExchangeEffort:
    """What an exchange may spend: ``listing`` steps to list all grids that are possible; ``cover`` limits the choice among them, or among those that
    were met.
    """

    listing: int
    cover: CoverEffort


class Window:
    """Some whole grids of a division: ``atoms`` are their positions (sorted) in the part, everything else here counts in positions among them.

    ``listed_all`` tells of the last exchange whether it listed all grids that are possible.
    """

    def __init__(self, graph: CommunityGraph, labels: Ints, atoms: Ints, limits: Limits, border: float, earlier: Ints) -> None:
        self.atoms, self.labels, self.limits = atoms, np.unique(labels[atoms], return_inverse=True)[1], limits
        self.graph = graph.part(atoms)
        self.net: Net = net_of(self.graph, earlier[atoms])
        self.outside_price = OUTSIDE_BORDERS * border
        self.listed_all = False
        self._region = empty_region(self.net)
        inside = np.bincount(np.concatenate((self.graph.first, self.graph.second)), np.tile(self.graph.cut_dm, 2), len(atoms))
        whole = np.bincount(np.concatenate((graph.first, graph.second)), np.tile(graph.cut_dm, 2), len(graph))
        self._outer = (whole[atoms] - inside).astype(np.float64)

    def exchanged(self, shelf: Shelf, effort: ExchangeEffort) -> Ints:
        """Return the labels of the best division found, which is the present one when there is no better."""
        own = self._own_grids()
        violation = self.violation(self.labels)
        tolerance = max(0, violation - 1)
        listed = self._listed(tolerance, effort.listing)
        self.listed_all = listed is not None
        if listed is None:
            on_shelf = shelf.within(self.atoms)
            listed = Candidates(on_shelf.atoms, on_shelf.start, on_shelf.cost - on_shelf.sums(self._outer))
        cover = best_cover(joined(own, listed), len(self.atoms), np.arange(len(own)), effort.cover)
        labels = np.empty(len(self.atoms), np.int64)
        labels[cover.atoms] = np.repeat(np.arange(len(cover)), np.diff(cover.start))
        # A cover is cheaper with households outside the bounds priced high, but not priced above everything.
        return labels if self.violation(labels) <= violation else self.labels

    def violation(self, labels: Ints) -> int:
        """Return how many households of the grids are outside the bounds."""
        return int(outside(np.bincount(labels, weights=self.graph.households).astype(np.int64), self.limits).sum())

    def _own_grids(self) -> Candidates:
        order = np.argsort(self.labels, kind="stable")
        start = np.concatenate(([0], np.cumsum(np.bincount(self.labels)))).astype(np.int64)
        return self._priced(order, start)

    def _listed(self, tolerance: int, steps: int) -> Candidates | None:
        """Return all grids that a better division can have, None when they are too many to list.

        No grid of a better division has as many households outside the bounds as all present ones together. Where those are too many to list, those
        within the bounds are tried.
        """
        for more in sorted({tolerance, 0}, reverse=True):
            sets = listed_sets(self.net, max(0, self.limits.minimum - more), self.limits.maximum + more, steps)
            if sets is not None:
                return self._priced(*sets)
        return None

    def _priced(self, atoms: Ints, start: Ints) -> Candidates:
        cost = np.zeros(len(start) - 1, np.int64)
        price_sets(self.net, self.limits, self._region, atoms, start, cost)
        households = np.add.reduceat(self.graph.households[atoms], start[:-1]) if len(cost) else cost
        return Candidates(atoms, start, cost + outside(households, self.limits) * self.outside_price)


def outside(households: Ints, limits: Limits) -> Ints:
    """Return how many of the households of each grid are below the minimum or above the maximum."""
    return np.maximum(limits.minimum - households, 0) + np.maximum(households - limits.maximum, 0)


def window_around(graph: CommunityGraph, labels: Ints, centre: int, grids: int) -> Ints:
    """Return the atoms, sorted, of up to ``grids`` grids around the atom ``centre``: ring by ring, those with most neighbours first."""
    chosen = labels[[centre]]
    while len(chosen) < grids:
        inside = np.isin(labels, chosen)
        across = graph.crossable & (inside[graph.first] != inside[graph.second])
        beyond = labels[np.where(inside[graph.first], graph.second, graph.first)[across]]
        ring, pairs = np.unique(beyond, return_counts=True)
        if not len(ring):
            break
        chosen = np.concatenate((chosen, ring[np.argsort(-pairs, kind="stable")][: grids - len(chosen)]))
    return np.flatnonzero(np.isin(labels, chosen))

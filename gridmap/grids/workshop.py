"""The room in which a part of a community is divided, made once and used by every run: annealing, mending, recombination."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from gridmap.grids.chance import Words, seeded
from gridmap.grids.division import Catch, Division, Limits, Region, empty_catch, empty_division, empty_region, lay
from gridmap.grids.exchange import OUTSIDE_BORDERS, ExchangeEffort, Window, outside, window_around
from gridmap.grids.graph import CommunityGraph, Floats, Ints
from gridmap.grids.moves import anneal
from gridmap.grids.plan import Effort
from gridmap.grids.recombine import Candidates, CoverEffort, Shelf
from gridmap.grids.treecut import NONE, Net, closing_costs, cut_tree, grow_tree, price_links

GRIDS_PER_MOVE = 1.5
"""About how many new grids a move finds."""
SLICES = 60
"""Steps of the cooling."""
MOVES_AT_ONCE = 10_000
"""After so many moves the search can be broken off."""
HOT_BORDERS = 8.0
"""Temperature at the start, in borders between two atoms of middle length."""
COLD = 0.02
"""Temperature at the end, as a share of that at the start."""
WARM = 0.03
"""Temperature at the start, as a share of the usual one, when a plan is taken up again."""
FOCUS = 0.3
"""Share of the moves that start at grids outside the bounds."""
MENDING_FOCUS = 0.8
"""The same when a large part is mended."""
MENDED_GRIDS = 8
"""Grids around each one outside the bounds that mending is expected to move."""
VIOLATION = (1 / 30, 1.0)
"""Cost of a household outside the bounds at the start and end, as a share of the temperature at the start."""
WINDOW_GRIDS = (8, 12, 16, 20)
"""Grids of a window in each sweep of the recombination; a part with no more than the last is recombined as a whole."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What an effort may spend on a part: never time, so that results repeat.

    ``runs`` annealings of ``moves`` moves for each grid; as long as households are outside the bounds that need not be, up to ``runs_more`` further
    ones. ``trees`` are cut for each start. ``grids`` within the bounds are kept for the recombination, each of which may spend ``exchange``. Large
    parts are recombined in windows around grids outside the bounds and, in ``sweeps`` of them, around all others. ``steps`` are for each proof that a
    grid outside the bounds cannot be helped.
    """

    runs: int
    runs_more: int
    moves: int
    trees: int
    grids: int
    steps: int
    sweeps: int
    exchange: ExchangeEffort


BUDGETS: Mapping[Effort, Budget] = {
    "quick": Budget(1, 4, 600, 4, 20_000, 20_000, 0, ExchangeEffort(10_000, CoverEffort(3_000, 5_000, 20))),
    "normal": Budget(2, 6, 600, 4, 20_000, 20_000, 1, ExchangeEffort(20_000, CoverEffort(5_000, 20_000, 100))),
    "best": Budget(8, 16, 6_000, 8, 200_000, 1_000_000, 3, ExchangeEffort(100_000, CoverEffort(40_000, 300_000, 1_000))),
}


class Found(NamedTuple):
    """A division with its households outside the bounds and twice its cost."""

    labels: Ints
    violation: int
    cost: int

    def rank(self) -> tuple[int, int]:
        """Return what makes one division better than another, the better one first."""
        return self.violation, self.cost


def in_order(labels: Ints) -> Ints:
    """Number the grids by their first atoms."""
    _, first, own = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[own]


def continued(graph: CommunityGraph, earlier: Ints) -> Ints:
    """Return an earlier plan as connected grids: a grid that fell apart becomes several, atoms that it did not have join a neighbour."""
    labels = earlier.copy()
    for part in graph.components(labels == NONE):
        labels[part] = labels.max() + 1
        beside = np.concatenate([graph.indices[graph.indptr[atom] : graph.crossable_end[atom]] for atom in part])
        known = earlier[beside][earlier[beside] != NONE]
        if len(known):
            labels[part] = known[0]
    own = np.zeros(len(graph), np.int64)
    number = 0
    for label in np.unique(labels):
        for piece in graph.components(labels == label):
            own[piece] = number
            number += 1
    return own


class Workshop:
    """The room in which one part is divided: made once, used by every run."""

    def __init__(self, graph: CommunityGraph, net: Net, limits: Limits, budget: Budget, seeds: tuple[int, ...]) -> None:
        self.graph, self.net, self.limits, self.budget, self.seeds = graph, net, limits, budget, seeds
        count = len(graph)
        self.grids = max(1, int(graph.households.sum()) // limits.target)
        self.region: Region = empty_region(net)
        self.division: Division = empty_division(count)
        room = max(budget.grids, 60 * self.grids)
        self.catch: Catch = empty_catch(count, room, room * (1 + 2 * count // self.grids))
        borders = graph.cut_dm[graph.crossable & (graph.cut_dm > 0)]
        self.border = max(1.0, float(np.median(borders))) if len(borders) else 1.0
        self.hot = HOT_BORDERS * self.border
        self.tolerance = 0
        # Windows whose grids were chosen among all that are possible: their atoms, and how these are divided.
        self.settled: set[tuple[bytes, bytes]] = set()

    def measured(self, labels: Ints) -> Found:
        """Return ``labels`` with what they cost here."""
        lay(self.net, self.limits, self.division, self.region, in_order(labels))
        return Found(labels, int(self.division.tally[1]), int(self.division.tally[2]))

    def run(self, number: int, earlier: Ints | None) -> Found:
        """Anneal once, from the earlier plan or from a tree; return the best division met."""
        state = seeded(*self.seeds, number)
        labels = self._from_tree(state) if earlier is None else continued(self.graph, earlier)
        return self._annealed(labels, self.budget.moves * self.grids, 1.0 if earlier is None else WARM, FOCUS, state)

    def mend(self, number: int, found: Found) -> Found:
        """Anneal once more from ``found`` at low temperature, mostly around its grids outside the bounds; return the best division met."""
        faulty = len(self._faulty(found.labels))
        moves = self.budget.moves * min(self.grids, MENDED_GRIDS * faulty + self.grids // 8)
        return self._annealed(in_order(found.labels), moves, WARM, MENDING_FOCUS, seeded(*self.seeds, number))

    def _annealed(self, labels: Ints, moves: int, warm: float, focus: float, state: Words) -> Found:
        """Anneal from ``labels``, the temperature at the start being ``warm`` times the usual one."""
        lay(self.net, self.limits, self.division, self.region, labels)
        best, best_score = np.zeros(len(labels), np.int64), np.full(2, np.iinfo(np.int64).max, np.int64)
        moves = -(-moves // SLICES)
        chunks = -(-moves // MOVES_AT_ONCE)
        for step in range(SLICES):
            share = step / (SLICES - 1)
            heat = self.hot * warm * COLD**share
            violation_dm = self.hot * VIOLATION[0] ** (1 - share) * VIOLATION[1] ** share
            closing = self._closing(violation_dm)
            # Later grids are better ones: with little room only those are kept.
            tolerance = self.tolerance if GRIDS_PER_MOVE * moves * (SLICES - step) <= len(self.catch.hashes) // self.budget.runs else -1
            room = (self.division, self.region, self.catch, best, best_score)
            for chunk in range(chunks):
                some = moves * (chunk + 1) // chunks - moves * chunk // chunks
                anneal(self.net, self.limits, *room, closing, some, heat, violation_dm, tolerance, focus, state)
        return Found(best, int(best_score[0]), int(best_score[1]))

    def recombined(self, found: Found, *, everywhere: bool = True) -> Found:
        """Return ``found`` with its grids exchanged for better ones, in the whole part or window by window: around those outside the bounds, and
        ``everywhere`` if the budget allows that.
        """
        labels = in_order(found.labels)
        shelf = self._shelf()
        if labels.max() < WINDOW_GRIDS[-1]:
            labels = self._improved(labels, np.arange(len(labels)), shelf)
        else:
            for sweep, grids in enumerate(WINDOW_GRIDS):
                centres = self._faulty(labels)
                if everywhere and sweep < self.budget.sweeps:
                    centres = np.concatenate((centres, np.arange(sweep, len(labels), max(1, 3 * len(labels) // int(labels.max() + 1)))))
                for centre in centres:
                    labels = self._improved(labels, window_around(self.graph, labels, int(centre), grids), shelf)
        return min(found, self.measured(labels), key=Found.rank)

    def _faulty(self, labels: Ints) -> Ints:
        """Return the first atom of each grid outside the bounds."""
        _, first = np.unique(labels, return_index=True)
        return first[outside(np.bincount(labels, weights=self.graph.households)[labels[first]].astype(np.int64), self.limits) > 0]

    def _improved(self, labels: Ints, atoms: Ints, shelf: Shelf) -> Ints:
        """Return ``labels`` with the grids of ``atoms`` (whole grids, sorted) exchanged for better ones, if there are any."""
        own = in_order(labels[atoms])
        if (atoms.tobytes(), own.tobytes()) in self.settled:
            return labels
        window = Window(self.graph, labels, atoms, self.limits, self.border, self.net.earlier)
        better = in_order(window.exchanged(shelf, self.budget.exchange))
        if window.listed_all:
            self.settled.add((atoms.tobytes(), better.tobytes()))
        if (better == own).all():
            return labels
        improved = labels.copy()
        # The atoms of a window keep numbers of their own until the end.
        improved[atoms] = better + labels.max() + 1
        return in_order(improved)

    def met(self) -> Candidates:
        """Return the grids within the bounds that were met, with twice their costs."""
        met = int(self.catch.count[0])
        every = Candidates(self.catch.atoms[: self.catch.start[met]], self.catch.start[: met + 1], self.catch.cost[:met].astype(np.float64))
        return every.take(np.flatnonzero(outside(self.catch.households[:met], self.limits) == 0))

    def _shelf(self) -> Shelf:
        """Return all grids met."""
        met = int(self.catch.count[0])
        cost = self.catch.cost[:met] + outside(self.catch.households[:met], self.limits) * OUTSIDE_BORDERS * self.border
        return Shelf(Candidates(self.catch.atoms[: self.catch.start[met]], self.catch.start[: met + 1], cost), len(self.graph))

    def _closing(self, violation_dm: float) -> Floats:
        limits = self.limits
        return closing_costs(limits.minimum, limits.maximum, limits.target, limits.unevenness_dm, violation_dm)

    def _from_tree(self, state: Words) -> Ints:
        """Cut some random trees over the whole part; return the labels of the best cut."""
        count, tree = len(self.graph), self.region.tree
        closing = self._closing(self.hot)
        tree.nodes[:] = tree.place[:] = np.arange(count)
        best, labels = np.inf, np.arange(count)
        for _ in range(self.budget.trees):
            grow_tree(self.net, tree, count, 1, state)
            price_links(self.net, tree, count, self.limits.split_dm, self.limits.barrier_dm)
            part = np.zeros(count, np.int64)
            cost = cut_tree(tree.order, tree.parent, self.graph.households, tree.cost, closing, part)
            if cost < best:
                best, labels = cost, part
        tree.place[:] = NONE
        return labels

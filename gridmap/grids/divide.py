"""The division of one connected part of a community into grids.

A random tree is cut at best as a start, merge-and-resplit moves anneal it, every grid within the bounds that is met is kept, and of all those the
best set that holds every atom once is found: for the whole part, or window by window where it is large. Small parts are enumerated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from gridmap.grids.certificate import arithmetic_violation
from gridmap.grids.chance import Words, seeded
from gridmap.grids.coarse import coarse
from gridmap.grids.division import Catch, Division, Limits, Region, empty_catch, empty_division, empty_region, lay, price_sets
from gridmap.grids.enumeration import ENUMERATED_ATOMS, best_division
from gridmap.grids.graph import CommunityGraph, Floats, Ints
from gridmap.grids.moves import anneal
from gridmap.grids.plan import Effort
from gridmap.grids.recombine import Candidates, CoverEffort, Shelf, best_cover, joined
from gridmap.grids.sets import listed_sets
from gridmap.grids.treecut import NONE, Net, closing_costs, cut_tree, grow_tree, net_of, price_links


@dataclass(frozen=True, slots=True)
class Budget:
    """What an effort may spend on a part: never time, so that results repeat.

    ``runs`` annealings of ``moves`` moves for each grid; as long as households are outside the bounds that need not be, up to ``runs_more`` further
    ones. ``trees`` are cut for each start. ``grids`` within the bounds are kept for the recombination, which ``cover`` limits; where ``steps``
    suffice to
    list all that are possible, it chooses among those. Large parts are recombined in windows around grids outside the bounds and, in ``sweeps``
    of them,
    around all others; ``window_steps`` limit the listing of the grids of a window.
    """

    runs: int
    runs_more: int
    moves: int
    trees: int
    grids: int
    steps: int
    window_steps: int
    sweeps: int
    cover: CoverEffort


BUDGETS: Mapping[Effort, Budget] = {
    "quick": Budget(1, 4, 600, 4, 20_000, 20_000, 10_000, 0, CoverEffort(3_000, 20_000, 20)),
    "normal": Budget(3, 6, 1_200, 4, 60_000, 100_000, 30_000, 1, CoverEffort(10_000, 100_000, 60)),
    "best": Budget(8, 16, 6_000, 8, 200_000, 1_000_000, 100_000, 3, CoverEffort(40_000, 300_000, 200)),
}

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
COARSE_SHARES = (10, 30)
"""Small atoms are drawn together into some of up to these shares of the maximum, the coarsest way first."""
OUTSIDE_BORDERS = 32
"""Price of a household outside the bounds in the recombination, in borders of middle length: high, so that few remain outside."""


def in_order(labels: Ints) -> Ints:
    """Number the grids by their first atoms."""
    _, first, own = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[own]


def divide(graph: CommunityGraph, minimum: int, maximum: int, budget: Budget, seeds: tuple[int, int], earlier: Ints | None) -> Ints:
    """Divide one connected part; return labels from 0 upwards."""
    households = int(graph.households.sum())
    if len(graph) == 1 or households < minimum:
        return np.zeros(len(graph), np.int64)
    net = net_of(graph, earlier)
    limits = Limits(minimum, maximum, (minimum + maximum) // 2, graph.barrier_dm, graph.split_dm, graph.unevenness_dm, graph.moved_dm)
    if len(graph) <= ENUMERATED_ATOMS:
        return best_division(net, limits)[0]
    unavoidable = arithmetic_violation(households, minimum, maximum)
    start = _from_coarse(graph, limits, budget, seeds, earlier, unavoidable)
    workshop = _Workshop(graph, net, limits, budget, seeds)
    return (_solved(workshop, earlier, unavoidable) if start is None else _mended(workshop, workshop.measured(start), unavoidable)).labels


def _from_coarse(
    graph: CommunityGraph, limits: Limits, budget: Budget, seeds: tuple[int, int], earlier: Ints | None, unavoidable: int
) -> Ints | None:
    """Divide the graph with its small atoms drawn together, the coarsest way first, until no more households are outside the bounds than must be.

    Returns the best labels, None when there is little to draw together.
    """
    best = None
    for level, share in enumerate(COARSE_SHARES):
        drawn = coarse(graph, limits.maximum // share, earlier=earlier)
        if drawn is None:
            break
        before = None if earlier is None else earlier[np.unique(drawn.group, return_index=True)[1]]
        workshop = _Workshop(drawn.graph, net_of(drawn.graph, before), limits, budget, (*seeds, level))
        found = _solved(workshop, before, unavoidable)
        found = found._replace(labels=found.labels[drawn.group])
        best = found if best is None else min(best, found, key=_Found.rank)
        if best.violation <= unavoidable:
            break
    return None if best is None else best.labels


def _solved(workshop: _Workshop, earlier: Ints | None, unavoidable: int) -> _Found:
    """Divide a part, beginning from the earlier plan or from trees."""
    budget = workshop.budget
    best = workshop.run(0, earlier)
    if best.labels.max() >= WINDOW_GRIDS[-1]:
        return _mended(workshop, best, unavoidable)
    for run in range(1, budget.runs + budget.runs_more):
        if run >= budget.runs:
            best = workshop.recombined(best)
            if best.violation <= unavoidable:
                return best
            workshop.tolerance = min(best.violation, workshop.limits.minimum)
        best = min(best, workshop.run(run, None), key=_Found.rank)
    return workshop.recombined(best)


def _mended(workshop: _Workshop, best: _Found, unavoidable: int) -> _Found:
    """Mend the division of a large part, which is better than to begin again: recombine and warm up in turn, as long as it helps."""
    budget = workshop.budget
    for run in range(1, budget.runs + budget.runs_more):
        before, best = best, workshop.recombined(best)
        if run >= budget.runs and (best.violation <= unavoidable or best.violation == before.violation):
            return best
        workshop.tolerance = min(best.violation, workshop.limits.minimum)
        best = min(best, workshop.mend(run, best), key=_Found.rank)
    return workshop.recombined(best)


class _Found(NamedTuple):
    """A division with its households outside the bounds and twice its cost."""

    labels: Ints
    violation: int
    cost: int

    def rank(self) -> tuple[int, int]:
        """Return what makes one division better than another, the better one first."""
        return self.violation, self.cost


class _Workshop:
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
        self.listing = self._listed(budget.steps)

    def measured(self, labels: Ints) -> _Found:
        """Return ``labels`` with what they cost here."""
        lay(self.net, self.limits, self.division, self.region, in_order(labels))
        return _Found(labels, int(self.division.tally[1]), int(self.division.tally[2]))

    def run(self, number: int, earlier: Ints | None) -> _Found:
        """Anneal once, from the earlier plan or from a tree; return the best division met."""
        state = seeded(*self.seeds, number)
        labels = self._from_tree(state) if earlier is None else _continued(self.graph, earlier)
        return self._annealed(labels, self.budget.moves * self.grids, 1.0 if earlier is None else WARM, FOCUS, state)

    def mend(self, number: int, found: _Found) -> _Found:
        """Anneal once more from ``found`` at low temperature, mostly around its grids outside the bounds; return the best division met."""
        faulty = len(self._faulty(found.labels))
        moves = self.budget.moves * min(self.grids, MENDED_GRIDS * faulty + self.grids // 8)
        return self._annealed(in_order(found.labels), moves, WARM, MENDING_FOCUS, seeded(*self.seeds, number))

    def _annealed(self, labels: Ints, moves: int, warm: float, focus: float, state: Words) -> _Found:
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
        return _Found(best, int(best_score[0]), int(best_score[1]))

    def recombined(self, found: _Found) -> _Found:
        """Return ``found`` with its grids replaced by better sets of the grids met, in the whole part or window by window."""
        labels = in_order(found.labels)
        shelf = Shelf(self._known_grids(), len(labels))
        if labels.max() < WINDOW_GRIDS[-1]:
            labels = self._improved(labels, np.arange(len(labels)), shelf)
        else:
            for sweep, grids in enumerate(WINDOW_GRIDS):
                centres = self._faulty(labels)
                if sweep < self.budget.sweeps:
                    centres = np.concatenate((centres, np.arange(sweep, len(labels), max(1, 3 * len(labels) // int(labels.max() + 1)))))
                for centre in centres:
                    labels = self._improved(labels, _window(self.graph, labels, int(centre), grids), shelf)
        return min(found, self.measured(labels), key=_Found.rank)

    def _faulty(self, labels: Ints) -> Ints:
        """Return the first atom of each grid outside the bounds."""
        _, first = np.unique(labels, return_index=True)
        return first[self._outside(np.bincount(labels, weights=self.graph.households)[labels[first]].astype(np.int64)) > 0]

    def _improved(self, labels: Ints, atoms: Ints, shelf: Shelf) -> Ints:
        """Return ``labels`` with the grids of ``atoms`` (whole grids, sorted) exchanged for better ones from ``shelf``, if there are any."""
        own = self._own_grids(labels, atoms)
        others = self._possible_grids(labels, atoms)
        if others is None:
            others = shelf.within(atoms)
        candidates = joined(own, others)
        chosen = best_cover(candidates, len(atoms), np.arange(len(own)), self.budget.cover)
        if not (chosen >= len(own)).any():
            return labels
        taken = candidates.take(chosen)
        old = np.unique(labels[atoms])
        numbers = np.concatenate((old, np.arange(labels.max() + 1, labels.max() + 1 + len(taken))))[: len(taken)]
        improved = labels.copy()
        improved[atoms[taken.atoms]] = np.repeat(numbers, np.diff(taken.start))
        before, after = (int(self._outside(self._loads(each[atoms], atoms)).sum()) for each in (labels, improved))
        # A cover is cheaper with households outside the bounds priced high, but not priced above everything.
        return improved if after <= before else labels

    def _own_grids(self, labels: Ints, atoms: Ints) -> Candidates:
        """Return the present grids of ``atoms`` as candidates over positions in ``atoms``."""
        order = np.argsort(labels[atoms], kind="stable")
        _, sizes = np.unique(labels[atoms], return_counts=True)
        start = np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)
        cost = np.zeros(len(sizes), np.int64)
        price_sets(self.net, self.limits, self.region, atoms[order], start, cost)
        return Candidates(order, start, cost + self._outside(self._loads(labels[atoms], atoms)) * OUTSIDE_BORDERS * self.border)

    def _possible_grids(self, labels: Ints, atoms: Ints) -> Candidates | None:
        """Return all grids of ``atoms`` that a better division of them can have, None when they are too many to list.

        No grid of a better division has as many households outside the bounds as all present ones together. Where those are too many to list,
        those within the
        bounds are tried.
        """
        if len(atoms) == len(labels):
            return None
        sub = net_of(self.graph.part(atoms))
        violation = int(self._outside(self._loads(labels[atoms], atoms)).sum())
        for tolerance in sorted({max(0, violation - 1), 0}, reverse=True):
            bounds = max(0, self.limits.minimum - tolerance), self.limits.maximum + tolerance
            inside = listed_sets(sub, *bounds, self.budget.window_steps)
            if inside is not None:
                members, start = inside
                cost = np.zeros(len(start) - 1, np.int64)
                price_sets(self.net, self.limits, self.region, atoms[members], start, cost)
                loads = np.add.reduceat(self.graph.households[atoms[members]], start[:-1]) if len(cost) else cost
                return Candidates(members, start, cost + self._outside(loads) * OUTSIDE_BORDERS * self.border)
        return None

    def _loads(self, labels: Ints, atoms: Ints) -> Ints:
        """Return the households of each grid in the order of its label."""
        own = np.unique(labels, return_inverse=True)[1]
        return np.bincount(own, weights=self.graph.households[atoms]).astype(np.int64)

    def _outside(self, households: Ints) -> Ints:
        """Return how many of the households of each grid are below the minimum or above the maximum."""
        return np.maximum(self.limits.minimum - households, 0) + np.maximum(households - self.limits.maximum, 0)

    def _known_grids(self) -> Candidates:
        """Return all grids within the bounds, where so few are possible that they could be listed, and those met."""
        met = int(self.catch.count[0])
        cost = self.catch.cost[:met] + self._outside(self.catch.households[:met]) * OUTSIDE_BORDERS * self.border
        caught = Candidates(self.catch.atoms[: self.catch.start[met]], self.catch.start[: met + 1], cost)
        if self.listing is None:
            return caught
        return joined(self.listing, caught) if self.tolerance else self.listing

    def _listed(self, steps: int) -> Candidates | None:
        """Return all grids within the bounds that are possible, None when ``steps`` do not suffice to list them."""
        sets = listed_sets(self.net, self.limits.minimum, self.limits.maximum, steps)
        if sets is None:
            return None
        cost = np.zeros(len(sets[1]) - 1, np.int64)
        price_sets(self.net, self.limits, self.region, *sets, cost)
        return Candidates(*sets, cost.astype(np.float64))

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


def _window(graph: CommunityGraph, labels: Ints, centre: int, grids: int) -> Ints:
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


def _continued(graph: CommunityGraph, earlier: Ints) -> Ints:
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

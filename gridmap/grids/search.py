"""The search for grids within the bounds in one community.

A community falls into parts that cannot reach each other; each is divided by itself. Small parts are enumerated. For larger ones a random tree is cut
at best as a start, merge-and-resplit moves anneal it, every grid within the bounds that is met is kept, and of all those the best set
that holds every atom once is found. Every division on the way is connected.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from gridmap.errors import RequestError
from gridmap.grids.certificate import Certificate, arithmetic_violation, certificates, giants_beside, parts
from gridmap.grids.chance import Words, seeded
from gridmap.grids.enumeration import ENUMERATED_ATOMS, best_division
from gridmap.grids.graph import CommunityGraph, Ints, Truths, is_connected, score
from gridmap.grids.moves import Catch, Division, Limits, Region, anneal, empty_catch, empty_division, empty_region, lay, price_sets
from gridmap.grids.plan import Effort
from gridmap.grids.recombine import Candidates, CoverEffort, best_cover
from gridmap.grids.sets import all_sets
from gridmap.grids.treecut import NONE, Net, closing_costs, cut_tree, grow_tree, net_of, price_links


@dataclass(frozen=True, slots=True)
class Budget:
    """What an effort may spend on a part: never time, so that results repeat.

    ``runs`` annealings of ``moves`` moves for each grid; as long as households are outside the bounds that need not be, up to ``runs_more`` further
    ones. ``trees`` are cut for each start. ``grids`` within the bounds are kept for the recombination, which ``cover`` limits; where ``steps`` suffice to
    list all that are possible, it chooses among those.
    """

    runs: int
    runs_more: int
    moves: int
    trees: int
    grids: int
    steps: int
    cover: CoverEffort


BUDGETS: Mapping[Effort, Budget] = {
    "quick": Budget(1, 4, 600, 4, 20_000, 20_000, CoverEffort(3_000, 20_000, 20)),
    "normal": Budget(3, 6, 1_200, 4, 60_000, 100_000, CoverEffort(10_000, 100_000, 60)),
    "best": Budget(8, 16, 6_000, 8, 200_000, 1_000_000, CoverEffort(40_000, 500_000, 200)),
}

SLICES = 60
"""Steps of the cooling. After each the search can be broken off."""
HOT_BORDERS = 8.0
"""Temperature at the start, in borders between two atoms of middle length."""
COLD = 0.02
"""Temperature at the end, as a share of that at the start."""
VIOLATION = (1 / 30, 1.0)
"""Cost of a household outside the bounds at the start and end, as a share of the temperature at the start."""


OUTSIDE_BORDERS = 32
"""Price of a household outside the bounds in the recombination, in borders of middle length: high, so that few remain outside."""


@dataclass(frozen=True, eq=False)
class Result:
    """What the search found. ``labels`` (int64[n]): the grid of each atom, 0, 1, 2 ... in the order of their first atoms.

    ``violation_households`` are outside the bounds, summed over the grids; at least ``violation_bound`` must be, by the ``certificates``.
    ``objective_dm`` is the weighted sum of the rules, in decimetres.
    """

    labels: Ints
    violation_households: int
    objective_dm: int
    violation_bound: int
    certificates: tuple[Certificate, ...]

    @property
    def proved(self) -> bool:
        """Whether no plan has fewer households outside the bounds."""
        return self.violation_households == self.violation_bound


def community_seed(seed: int, community_id: str) -> int:
    """Return the seed of a community's own search, which depends on nothing else.

    >>> community_seed(0, "C1") != community_seed(0, "C2")
    True
    """
    return int.from_bytes(hashlib.sha256(f"{seed}:{community_id}".encode()).digest()[:8], "big")


def search(
    graph: CommunityGraph, minimum: int, maximum: int, *, effort: Effort = "normal", seed: int = 0, start: Ints | None = None, locked: Truths | None = None
) -> Result:
    """Divide a community into connected grids with ``minimum`` to ``maximum`` households, as far as that can be done.

    Households outside the bounds come first, absolutely; then the weighted sum. An atom above the maximum stands alone (with what holds no household and is
    reached through it alone). A part wholly below the minimum is one grid.

    ``start`` (int64[n], -1 for none) is the grid of each atom in an earlier plan; leaving it costs ``moved_dm`` a household. ``locked`` (bool[n]) marks
    the atoms of grids of ``start`` that nothing may leave or join. The same arguments give the same labels on any machine. Raises ``RequestError`` when
    the bounds make no sense or a locked grid is not connected.
    """
    if minimum < 1 or maximum < minimum:
        raise RequestError("bounds_senseless", minimum=minimum, maximum=maximum)
    labels = np.full(len(graph), NONE, np.int64)
    free = np.ones(len(graph), np.bool_)
    if start is not None and locked is not None:
        _check_locks(graph, start, locked)
        labels[locked] = start[locked]
        free = ~locked
    following = int(labels.max(initial=NONE)) + 1
    for atom in np.flatnonzero(free & (graph.households > maximum)):
        labels[atom] = following
        following += 1
    for number, part in enumerate(parts(graph, maximum, among=free)):
        earlier = None if start is None else start[part]
        own = _divide(graph.part(part), minimum, maximum, BUDGETS[effort], (seed, number), earlier)
        labels[part] = own + following
        following += int(own.max()) + 1
    for part in graph.components(labels == NONE):
        labels[part] = labels[giants_beside(graph, part, maximum)[0]]
    reached = score(graph, labels, minimum, maximum, earlier=start)
    proofs = tuple(certificates(graph, minimum, maximum)) if free.all() else ()
    bound = sum(proof.violation_households for proof in proofs)
    return Result(_in_order(labels), reached.violation_households, reached.objective_dm, bound, proofs)


def _check_locks(graph: CommunityGraph, start: Ints, locked: Truths) -> None:
    """Refuse locked grids that are not connected."""
    atoms = np.flatnonzero(locked)
    if not is_connected(graph.part(atoms), start[atoms]):
        raise RequestError("lock_disconnected", atom=graph.atom_ids[int(atoms[0])])


def _in_order(labels: Ints) -> Ints:
    """Number the grids by their first atoms."""
    _, first, own = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[own]


def _divide(graph: CommunityGraph, minimum: int, maximum: int, budget: Budget, seeds: tuple[int, int], earlier: Ints | None) -> Ints:
    """Divide one connected part; return labels from 0 upwards."""
    households = int(graph.households.sum())
    if len(graph) == 1 or households < minimum:
        return np.zeros(len(graph), np.int64)
    net = net_of(graph, earlier)
    limits = Limits(minimum, maximum, (minimum + maximum) // 2, graph.barrier_dm, graph.split_dm, graph.unevenness_dm, graph.moved_dm)
    if len(graph) <= ENUMERATED_ATOMS:
        return best_division(net, limits)[0]
    workshop = _Workshop(graph, net, limits, budget, seeds)
    unavoidable = arithmetic_violation(households, minimum, maximum)
    best = workshop.run(0, earlier)
    for run in range(1, budget.runs + budget.runs_more):
        if run >= budget.runs:
            best = workshop.recombined(best)
            if best.violation <= unavoidable:
                return best.labels
            workshop.tolerance = min(best.violation, minimum)
        best = min(best, workshop.run(run, None), key=_Found.rank)
    return workshop.recombined(best).labels


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

    def __init__(self, graph: CommunityGraph, net: Net, limits: Limits, budget: Budget, seeds: tuple[int, int]) -> None:
        self.graph, self.net, self.limits, self.budget, self.seeds = graph, net, limits, budget, seeds
        count = len(graph)
        grids = max(1, int(graph.households.sum()) // limits.target)
        self.moves = budget.moves * grids
        self.region: Region = empty_region(net)
        self.division: Division = empty_division(count)
        self.catch: Catch = empty_catch(count, budget.grids, budget.grids * max(1, 2 * count // grids))
        borders = graph.cut_dm[graph.crossable & (graph.cut_dm > 0)]
        self.border = max(1.0, float(np.median(borders))) if len(borders) else 1.0
        self.hot = HOT_BORDERS * self.border
        self.tolerance = 0
        self.listing = self._listed(budget.steps)

    def run(self, number: int, earlier: Ints | None) -> _Found:
        """Anneal once, from the earlier plan or from a tree; return the best division met."""
        state = seeded(*self.seeds, number)
        labels = self._from_tree(state) if earlier is None else _continued(self.graph, earlier)
        lay(self.net, self.limits, self.division, self.region, labels)
        best, best_score = np.zeros(len(labels), np.int64), np.full(2, np.iinfo(np.int64).max, np.int64)
        warm = 1.0 if earlier is None else 0.1
        for step in range(SLICES):
            share = step / (SLICES - 1)
            heat = self.hot * warm * COLD**share
            violation_dm = self.hot * VIOLATION[0] ** (1 - share) * VIOLATION[1] ** share
            closing = self._closing(violation_dm)
            moves = -(-self.moves // SLICES)
            room = (self.division, self.region, self.catch, best, best_score)
            anneal(self.net, self.limits, *room, closing, moves, heat, violation_dm, self.tolerance, state)
        return _Found(best, int(best_score[0]), int(best_score[1]))

    def recombined(self, found: _Found) -> _Found:
        """Return the best set of all grids met that holds every atom once, ``found`` if there is no better one."""
        atoms, start, cost, households = self._grids()
        if len(start) == 1:
            return found
        labels = _in_order(found.labels)
        lay(self.net, self.limits, self.division, self.region, labels)
        order = np.argsort(labels, kind="stable")
        own_start = np.concatenate(([0], np.cumsum(np.bincount(labels)))).astype(np.int64)
        own = self.division.label[order[own_start[:-1]]]
        load = np.concatenate((self.division.households[own], households))
        outside = np.maximum(self.limits.minimum - load, 0) + np.maximum(load - self.limits.maximum, 0)
        candidates = Candidates(
            np.concatenate((order, atoms)),
            np.concatenate((own_start, own_start[-1] + start[1:])),
            np.concatenate((self.division.cost[own], cost)) + outside * OUTSIDE_BORDERS * self.border,
        )
        chosen = candidates.take(best_cover(candidates, len(labels), np.arange(len(own)), self.budget.cover))
        merged = np.zeros(len(labels), np.int64)
        merged[chosen.atoms] = np.repeat(np.arange(len(chosen)), np.diff(chosen.start))
        lay(self.net, self.limits, self.division, self.region, merged)
        return min(found, _Found(merged, int(self.division.tally[1]), int(self.division.tally[2])), key=_Found.rank)

    def _grids(self) -> tuple[Ints, Ints, Ints, Ints]:
        """Return the atoms, row starts, costs and households of all grids within the bounds, where so few are possible, else of those met."""
        if self.listing is not None and self.tolerance == 0:
            return self.listing
        met = int(self.catch.count[0])
        return self.catch.atoms[: self.catch.start[met]], self.catch.start[: met + 1], self.catch.cost[:met], self.catch.households[:met]

    def _listed(self, steps: int) -> tuple[Ints, Ints, Ints, Ints] | None:
        """Return the same of all grids within the bounds that are possible at all, None when ``steps`` do not suffice to list them."""
        atoms, start = np.zeros(8 * steps, np.int64), np.zeros(steps + 1, np.int64)
        listed = all_sets(self.net, self.limits.minimum, self.limits.maximum, steps, atoms, start)
        if listed < 0:
            return None
        atoms, start = atoms[: start[listed]].copy(), start[: listed + 1].copy()
        cost = np.zeros(listed, np.int64)
        price_sets(self.net, self.limits, self.region, atoms, start, cost)
        return atoms, start, cost, np.add.reduceat(self.graph.households[atoms], start[:-1]) if listed else cost

    def _closing(self, violation_dm: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
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

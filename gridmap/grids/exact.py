"""The best division of a part, proved: branch and price.

How many grids there are is decided first: for each number that the households allow, the linear program over all grids that are possible gives a
bound (column generation, :mod:`gridmap.grids.pricer`). Where the best division known is not better than the bound, that number is done with.
Elsewhere every grid that a better division could hold is listed, cuts bring the linear program nearer to whole grids, what is too dear by then is
left out, and the cheapest exact cover is looked for among the rest. A search that comes to its end is a proof, in sums that are exact.

After Barnhart, Johnson, Nemhauser, Savelsbergh and Vance, Branch-and-price, Operations Research 46 (1998), and Baldacci, Christofides and Mingozzi,
An exact algorithm for the vehicle routing problem based on the set partitioning formulation with additional cuts, Mathematical Programming 115
(2008).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridmap.grids.cover import exact_cover
from gridmap.grids.cuts import Cuts, broken_cuts
from gridmap.grids.division import Limits, empty_region, price_sets
from gridmap.grids.exchange import outside
from gridmap.grids.graph import Floats, Ints, Truths
from gridmap.grids.pricer import Pricer
from gridmap.grids.program import UNIT, Prices, Program
from gridmap.grids.recombine import Candidates, joined
from gridmap.grids.treecut import Net

LEAST_STEP = 2.0
"""Costs are whole decimetres, counted twice: a better division costs so much less."""
LONGEST_STEPS = 24_000
"""Steps from one root in the search for grids that are worth it; what that misses is found when all are listed."""
STAND_IN = 4.0
"""An atom that no grid holds costs so many times what a grid does, at first."""
DEARER = 8.0
"""What no grid holds becomes so many times dearer until the linear program does without, up to ``DEARER_TIMES`` times."""
DEARER_TIMES = 12
ENTERING_GRIDS = 400
"""So many listed grids enter the linear program at once."""
GAP_SHARES = (1.0, 0.5, 0.25)
TAIL = 0.05
"""The last grids, which lower the linear program by less than this share of the gap, are found when all are listed."""
FEW_GRIDS = 500
"""With so few grids left, cuts are no longer worth their time."""
STALLED = 0.1
"""Cuts stop when three rounds of them close less than this share of the gap."""
CUT_ROUNDS = 30
PROMISING_GRIDS = 3000
"""The first search for a better division looks at so many grids, those with the least reduced costs."""
FIRST_SLACK = 0.01
"""The first slack of a search for a cover, as a share of the cost; doubled until something is found or all is searched."""


@dataclass(frozen=True, slots=True)
class ExactEffort:
    """What a proof may spend: ``steps`` of pricing for each number of grids, ``listed`` grids, ``nodes`` of a search for a cover."""

    steps: int
    listed: int
    nodes: int


@dataclass(frozen=True, eq=False)
class Solution:
    """The best division found: ``labels`` (int64[n]), its households outside the bounds and twice its cost in decimetres.

    No division has fewer than ``least_violation`` households outside, and with so few as this one none costs less than ``least_cost``.
    """

    labels: Ints
    violation: int
    cost: int
    least_violation: int
    least_cost: float

    @property
    def proved(self) -> bool:
        """Whether no division is better."""
        return self.least_violation == self.violation and self.least_cost > self.cost - LEAST_STEP


@dataclass(frozen=True, eq=False)
class _Root:
    """The linear program for one number of ``grids``: its ``prices``, the ``pool`` of grids met and a ``bound`` on what divisions with so many
    cost, which is 0 when it was broken off.
    """

    grids: int
    pricer: Pricer
    prices: Prices
    pool: Candidates
    bound: float


def best_division_proved(net: Net, limits: Limits, labels: Ints, effort: ExactEffort, *, pool: Candidates | None = None) -> Solution:
    """Look for the best division of a connected part until it is proved or the effort is spent, beginning from the division ``labels``.

    Households outside the bounds come first, absolutely. ``pool`` are grids within the bounds that may be good, with twice their costs.
    """
    return _Proof(net, limits, labels, effort).run(pool)


class _Proof:
    """The search for the best division of one part: the best so far, and what a household outside the bounds costs beside all else."""

    def __init__(self, net: Net, limits: Limits, labels: Ints, effort: ExactEffort) -> None:
        self._net, self._limits, self._effort = net, limits, effort
        self._count, self._total = len(net.households), int(net.households.sum())
        # Dearer than all borders, splits, crossings, unevenness and moves together.
        dearest = int(net.cut_dm.sum()) + 2 * self._count * (limits.split_dm + limits.barrier_dm)
        self._outside_price = float(dearest + 2 * self._total * (limits.unevenness_dm + limits.moved_dm) + 2)
        self._best = self._grids_of(labels)
        self._violation = self._outside(self._best)

    def run(self, pool: Candidates | None) -> Solution:
        """Settle every number of grids, the one with the lowest bound first."""
        known = self._best if pool is None else joined(self._best, pool)
        roots: list[_Root] = []
        for grids in self._numbers():
            root = self._root(grids, known)
            if root is not None:
                roots.append(root)
                known = root.pool
                self._improve(root)
        roots.sort(key=lambda root: (max(root.bound, root.prices.value), root.grids))
        bound = min([self._settled(root) for root in roots], default=0.0)
        whole = float(self._best.cost.sum())
        violation = self._outside(self._best)
        labels = np.empty(self._count, np.int64)
        labels[self._best.atoms] = np.repeat(np.arange(len(self._best)), np.diff(self._best.start))
        least_violation = int(min(bound, whole) // self._outside_price)
        least_cost = max(0.0, min(bound, whole) - violation * self._outside_price)
        return Solution(labels, violation, int(whole - violation * self._outside_price), least_violation, least_cost)

    def _numbers(self) -> list[int]:
        """Return the numbers of grids that a division with no more households outside the bounds can have, that of the best one known first."""
        fewest = max(1, -(-(self._total - self._violation) // self._limits.maximum))
        most = (self._total + self._violation) // self._limits.minimum
        return sorted(range(fewest, most + 1), key=lambda grids: abs(grids - len(self._best)))

    def _root(self, grids: int, known: Candidates) -> _Root | None:
        """Solve the linear program for a number of grids, as far as the effort goes; None when no grid could be in such a division."""
        limits, over = self._limits, self._violation
        low = max(0, limits.minimum - over, self._total - (grids - 1) * limits.maximum - over)
        high = min(limits.maximum + over, self._total - (grids - 1) * limits.minimum + over)
        if low > high:
            return None
        pricer = Pricer(self._net, limits, outside_price=self._outside_price, low=low, high=high, steps=self._effort.steps, longest=LONGEST_STEPS)
        program = Program(self._count, grids, STAND_IN * self._goal() / grids)
        load = self._load(known)
        fits, inside, raises = (load >= low) & (load <= high), np.zeros(0, np.int64), 0
        while True:
            prices, inside = _resolved(program, known, fits, inside)
            more = pricer(prices.atoms, prices.grid)
            if not len(more) and prices.value >= self._goal():
                # What would be worth so much less that the bound fell below the goal.
                listed = pricer.listed(prices.atoms, prices.grid, (self._goal() - prices.value) / grids, self._effort.listed)
                if listed is None or not len(listed):
                    return _Root(grids, pricer, prices, known, 0.0 if listed is None else self._goal())
                more = listed
            gap = self._goal() - prices.value
            if not len(more) or (not program.lacks() and grids * float(prices.reduced(more).min()) > -TAIL * gap):
                known = joined(known, more)
                if not program.lacks() or raises == DEARER_TIMES:
                    return _Root(grids, pricer, prices, known, 0.0)
                program.make_dearer(DEARER)
                raises += 1
                fits = np.concatenate((fits, np.ones(len(more), np.bool_)))
                continue
            known = joined(known, more)
            fits = np.concatenate((fits, np.ones(len(more), np.bool_)))

    def _improve(self, root: _Root) -> None:
        """Look for a better division among the most promising grids met."""
        if root.bound < self._goal():
            reduced = root.prices.reduced(root.pool)
            near = np.argsort(reduced, kind="stable")[:PROMISING_GRIDS]
            promising = root.pool.take(near)
            prices = _lowered(root.prices, promising, root.grids, None)
            self._cover(promising, prices.reduced(promising), prices, root.grids, self._goal())

    def _settled(self, root: _Root) -> float:
        """Return a bound on the divisions with the root's number of grids, no less than the best one's cost if the search came to its end."""
        if root.bound >= self._goal():
            return root.bound
        listed, top = self._listed(root)
        if listed is None or not len(listed):
            return root.bound if listed is None else top
        kept, reduced, prices = self._narrowed(listed, root, top)
        bound, slack = max(root.bound, min(prices.value, top)), FIRST_SLACK * top
        while bound < min(top, self._goal()):
            reach = min(prices.value + slack, top)
            if not self._cover(kept, reduced, prices, root.grids, reach):
                break
            bound, slack = reach, 2 * slack
        return bound

    def _listed(self, root: _Root) -> tuple[Candidates | None, float]:
        """Return every grid that a division into the root's number of grids can hold that costs less than a sum, and that sum: what a better
        division must cost, or less where the grids are too many for that. None where they are too many for any.
        """
        prices, gap = root.prices, self._goal() - root.prices.value
        for share in GAP_SHARES:
            # A grid that costs less than its prices makes room for something dearer.
            room = TAIL * gap
            while True:
                listed = root.pricer.listed(prices.atoms, prices.grid, share * gap + room, self._effort.listed)
                if listed is None:
                    break
                needed = -root.grids * float(prices.reduced(listed).min(initial=0.0))
                if needed <= room:
                    return listed, prices.value + min(share * gap + room - needed, gap)
                room = needed
        return None, prices.value

    def _narrowed(self, listed: Candidates, root: _Root, top: float) -> tuple[Candidates, Floats, Prices]:
        """Return the listed grids that a division below ``top`` can hold, what each costs beyond its prices (not negative), and the prices."""
        program = Program(self._count, root.grids, STAND_IN * self._goal() / root.grids)
        listed = listed.take(np.argsort(root.prices.reduced(listed), kind="stable"))
        alive, inside = np.ones(len(listed), np.bool_), np.zeros(0, np.int64)
        values: list[float] = []
        best = _lowered(root.prices, listed, root.grids, None)
        while len(values) < CUT_ROUNDS:
            prices, inside = _resolved(program, listed, alive, inside)
            prices = _lowered(prices, listed.take(np.flatnonzero(alive)), root.grids, program.cuts)
            values.append(prices.value)
            best = max(best, prices, key=lambda each: each.value)
            alive &= prices.reduced(listed, program.cuts) < top - prices.value
            stalled = len(values) > 3 and values[-1] - values[-4] < STALLED * (top - values[-4])
            cuts = broken_cuts(listed.take(inside), program.solution(), self._count, program.cuts)
            if stalled or not len(cuts) or np.count_nonzero(alive) < FEW_GRIDS:
                break
            program.cut(cuts, listed.take(inside))
        kept = listed.take(np.flatnonzero(alive))
        return kept, best.reduced(kept, program.cuts[: len(best.cuts)]), best

    def _cover(self, grids: Candidates, reduced: Floats, prices: Prices, number: int, reach: float) -> bool:
        """Look for a division into a ``number`` of ``grids`` that costs less than ``reach``; say whether all of them were searched."""
        slack = reach - prices.value
        near = np.flatnonzero(reduced < slack)
        near = near[np.argsort(reduced[near], kind="stable")]
        if not len(near):
            return True
        close, chosen = grids.take(near), np.zeros(self._count, np.int64)
        # A cut that is not used to the full has been paid for in vain.
        worth, unused = close.cost - close.sums(prices.atoms) - prices.grid, -float(prices.cuts.sum())
        size, _, finished = exact_cover(
            close.atoms, close.start, reduced[near], worth, self._count, self._count, number, slack, unused, self._effort.nodes, chosen
        )
        if size and close.cost[chosen[:size]].sum() < self._goal():
            self._best = close.take(chosen[:size])
        return bool(finished)

    def _goal(self) -> float:
        """Return a cost that every better division is below."""
        return float(self._best.cost.sum()) - LEAST_STEP / 2

    def _load(self, grids: Candidates) -> Ints:
        return np.add.reduceat(self._net.households[grids.atoms], grids.start[:-1])

    def _outside(self, grids: Candidates) -> int:
        return int(outside(self._load(grids), self._limits).sum())

    def _grids_of(self, labels: Ints) -> Candidates:
        order = np.argsort(labels, kind="stable")
        start = np.concatenate(([0], np.cumsum(np.unique(labels, return_counts=True)[1]))).astype(np.int64)
        cost = np.zeros(len(start) - 1, np.int64)
        price_sets(self._net, self._limits, empty_region(self._net), order, start, cost)
        load = np.add.reduceat(self._net.households[order], start[:-1])
        return Candidates(order, start, cost + self._outside_price * outside(load, self._limits))


def _resolved(program: Program, listed: Candidates, alive: Truths, inside: Ints) -> tuple[Prices, Ints]:
    """Solve ``program``, which holds the listed grids at ``inside``, adding those that are worth it; return the prices and what it holds then."""
    prices = program.solve()
    while True:
        reduced = np.where(alive, prices.reduced(listed, program.cuts), 0.0)
        reduced[inside] = 0.0
        wanted = np.argsort(reduced, kind="stable")[:ENTERING_GRIDS]
        wanted = wanted[reduced[wanted] < -UNIT]
        if not len(wanted):
            return prices, inside
        program.add(listed.take(wanted))
        inside = np.concatenate((inside, wanted))
        prices = program.solve()


def _lowered(prices: Prices, grids: Candidates, number: int, cuts: Cuts | None) -> Prices:
    """Return ``prices`` with that of a grid lowered until none of ``grids`` costs less than its prices."""
    below = min(0.0, float(prices.reduced(grids, cuts).min(initial=0.0)))
    return prices._replace(grid=prices.grid + below, value=prices.value + number * below)

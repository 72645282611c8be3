"""The best division of a part, proved: branch and price.

How many grids there are is decided first: for each number that the households allow, the linear program over all grids that are possible gives a
bound (:mod:`gridmap.grids.roots`). Where the best division known is not better than the bound, that number is done with. Elsewhere every grid
that a better division could hold is kept, cuts bring the linear program nearer to whole grids, what is too dear by then is left out, and the cheapest
exact cover is looked for among the rest, by trying and by branching on pairs (:mod:`gridmap.grids.branching`). A search that comes to its end is a
proof, in sums that are exact.

After Barnhart, Johnson, Nemhauser, Savelsbergh and Vance, Branch-and-price, Operations Research 46 (1998), and Baldacci, Christofides and Mingozzi,
An exact algorithm for the vehicle routing problem based on the set partitioning formulation with additional cuts, Mathematical Programming 115
(2008).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from gridmap.grids.branching import LEAST_STEP, Best, branched, cover
from gridmap.grids.cuts import Cuts, broken_cuts
from gridmap.grids.division import Limits, empty_region, price_sets
from gridmap.grids.exchange import outside
from gridmap.grids.generation import STALLED, deepened, streamed_root
from gridmap.grids.graph import Ints
from gridmap.grids.listing import likely_extent, possible_grids
from gridmap.grids.program import Prices, Program, lowered, lowest, resolved
from gridmap.grids.recombine import Candidates, joined
from gridmap.grids.roots import Root, Task, listed_root
from gridmap.grids.streaming import Stream
from gridmap.grids.sweep import sweep
from gridmap.grids.treecut import Net

GAP_SHARES = (1.0, 0.5, 0.25)
ROOM = 0.05
"""Grids may cost so much of the gap more than what a better division leaves for them."""
FEW_GRIDS = 500
"""With so few grids left, cuts are no longer worth their time."""
CUT_ROUNDS = 30
FIRST_NODES = 0.25
"""What is tried before there are cuts may spend this share of the nodes."""
SWEPT_GRIDS = 8
"""Grids that are divided anew at once before the whole is looked at."""
PROMISING_GRIDS = 3000
"""The first search for a better division looks at so many grids, those with the least reduced costs ..."""
LIKELY_GRIDS = 600
"""... and the second, under cuts, at so many."""
BRANCHED_GRIDS = 5_000
"""Of more grids than these, fewer linear programs are solved."""


@dataclass(frozen=True, slots=True)
class ExactEffort:
    """What a proof may spend.

    ``possible`` grids are listed once for all. Where there are more, ``streamed`` steps are for going through them all, for each number of grids,
    unless sets grown by chance tell beforehand that ``extent`` is less than all sets. ``listed`` grids are kept as near enough; ``nodes`` are of a
    search for a cover among these, and ``branches`` of one by linear programs. Without these no long search is begun. With ``deep`` cuts are looked
    for among all possible grids where too many would have to be kept.
    """

    listed: int
    nodes: int
    branches: int = 0
    possible: int = 0
    streamed: int = 0
    extent: float = np.inf
    deep: bool = False


@dataclass(frozen=True, eq=False)
class Solution:
    """The best division found: ``labels`` (int64[n]), its households outside the bounds and twice its cost in decimetres.

    No division has fewer than ``least_violation`` households outside, and with so few as this one none costs less than ``least_cost``. ``prices``
    are those of the linear program for each number of grids.
    """

    labels: Ints
    violation: int
    cost: int
    least_violation: int
    least_cost: float
    prices: Mapping[int, Prices] = field(default_factory=dict)

    @property
    def bounded(self) -> bool:
        """Whether anything is known of other divisions."""
        return self.least_violation > 0 or self.least_cost > 0

    @property
    def proved(self) -> bool:
        """Whether no division is better."""
        return self.least_violation == self.violation and self.least_cost > self.cost - LEAST_STEP


def best_division_proved(
    net: Net, limits: Limits, labels: Ints, effort: ExactEffort, *, pool: Candidates | None = None, near: Mapping[int, Prices] | None = None
) -> Solution:
    """Look for the best division of a connected part until it is proved or the effort is spent, beginning from the division ``labels``.

    Households outside the bounds come first, absolutely. ``pool`` are grids within the bounds that may be good, with twice their costs. When the
    possible grids are too many to be listed or gone through, nothing is looked for. The prices of atoms may be ``near`` these, for some numbers of
    grids.
    """
    return _Proof(net, limits, labels, effort, near or {}).run(pool)


class _Proof:
    """The search for the best division of one part: the best so far, and what a household outside the bounds costs beside all else."""

    def __init__(self, net: Net, limits: Limits, labels: Ints, effort: ExactEffort, near: Mapping[int, Prices]) -> None:
        self._net, self._limits, self._effort, self._near = net, limits, effort, near
        self._count, self._total = len(net.households), int(net.households.sum())
        # Dearer than all borders, splits, crossings, unevenness and moves together.
        dearest = int(net.cut_dm.sum()) + 2 * self._count * (limits.split_dm + limits.barrier_dm)
        self._outside_price = float(dearest + 2 * self._total * (limits.unevenness_dm + limits.moved_dm) + 2)
        self._best = Best(self._grids_of(labels))
        self._violation = self._outside(self._best.grids)

    def run(self, pool: Candidates | None) -> Solution:
        """Settle every number of grids, the one with the lowest bound first."""
        known = self._best.grids if pool is None else joined(self._best.grids, pool)
        every = self._every()
        if every is None and not self._goes_through():
            return self._solution(0.0)
        roots: list[Root] = []
        for grids in self._numbers():
            task = self._task(grids)
            if task.low > task.high:
                continue
            likely = roots[-1].prices if roots else self._likely()
            if every is None:
                root = streamed_root(task, known, likely, near=self._near.get(grids), steps=self._effort.streamed)
            else:
                root = listed_root(task, every, likely)
            roots.append(root)
            known = root.pool
            self._swept(root)
        roots.sort(key=lambda root: (max(root.bound, root.prices.value), root.grids))
        for root in roots:
            self._improve(root)
        bound = min([self._settled(root) for root in roots], default=0.0)
        return replace(self._solution(bound), prices={root.grids: root.prices for root in roots if root.bound})

    def _task(self, grids: int) -> Task:
        return Task(self._net, self._limits, self._violation, self._outside_price, self._best.cost, grids)

    def _solution(self, bound: float) -> Solution:
        best = self._best.grids
        violation = self._outside(best)
        labels = np.empty(self._count, np.int64)
        labels[best.atoms] = np.repeat(np.arange(len(best)), np.diff(best.start))
        # A better division would cost a whole step less, and nothing costs less than nothing.
        bound = self._best.cost if bound > self._best.cost - LEAST_STEP else max(0.0, bound)
        outside_dm = violation * self._outside_price
        return Solution(labels, violation, int(self._best.cost - outside_dm), int(bound // self._outside_price), max(0.0, bound - outside_dm))

    def _numbers(self) -> list[int]:
        """Return the numbers of grids that a division with no more households outside the bounds can have, that of the best one known first."""
        fewest = max(1, -(-(self._total - self._violation) // self._limits.maximum))
        most = (self._total + self._violation) // self._limits.minimum
        return sorted(range(fewest, most + 1), key=lambda grids: abs(grids - len(self._best.grids)))

    def _every(self) -> Candidates | None:
        """Return every grid that a division no worse than the best one can hold; None where they are too many."""
        every = possible_grids(self._net, self._limits, self._violation, most=self._effort.possible)
        return None if every is None else replace(every, cost=every.cost + self._outside_price * outside(self._load(every), self._limits))

    def _goes_through(self) -> bool:
        """Say whether the effort is for going through all sets where they are too many to be listed."""
        if not self._effort.streamed or self._effort.extent == np.inf:
            return self._effort.streamed > 0
        return likely_extent(self._net, self._limits, self._violation).steps <= self._effort.extent

    def _likely(self) -> Prices:
        """Return what prices may be like: those of atoms by the share of their households in the cost of their grid."""
        best, households = self._best.grids, self._net.households[self._best.grids.atoms]
        shares = np.empty(self._count)
        load = np.maximum(np.add.reduceat(households, best.start[:-1]), 1)
        shares[best.atoms] = households * np.repeat(best.cost / load, np.diff(best.start))
        return Prices(shares, 0.0, np.zeros(0), 0.0)

    def _swept(self, root: Root) -> None:
        """Exchange grids of the best division for listed ones, place by place."""
        if root.bound < self._best.goal and root.grids == len(self._best.grids):
            sweep(self._best, root.pool, lowered(root.prices, root.pool, root.grids, None), self._net, size=SWEPT_GRIDS)
            self._violation = self._outside(self._best.grids)

    def _improve(self, root: Root) -> None:
        """Look for a better division among the most promising grids met."""
        if root.bound < self._best.goal:
            self._covered(root.pool.take(lowest(root.prices.reduced(root.pool, root.cuts), PROMISING_GRIDS)), root, self._best.goal)

    def _covered(self, grids: Candidates, root: Root, reach: float) -> bool:
        """Try for a while which ``grids`` hold every atom once and cost less than ``reach``; say whether all ways were seen."""
        prices = lowered(root.prices, grids, root.grids, root.cuts)
        return cover(grids, prices, root.grids, self._best, reach, root.cuts, nodes=int(FIRST_NODES * self._effort.nodes))

    def _settled(self, root: Root) -> float:
        """Return a bound on the divisions with the root's number of grids, no less than the best one's cost if the search came to its end."""
        if root.bound >= self._best.goal:
            return root.bound
        stream = root.source if self._effort.deep and isinstance(root.source, Stream) else None
        # Where there may be cuts among all possible grids, some of the grids are for later.
        kept, top = self._listed(root, GAP_SHARES if stream is None else GAP_SHARES[:1])
        if stream is not None and top < self._best.goal:
            root = deepened(self._task(root.grids), root, stream)
            self._improve(root)
            if root.bound >= self._best.goal:
                return root.bound
            kept, top = self._listed(root, GAP_SHARES)
        if kept is None or not len(kept):
            return root.bound if kept is None else top
        if self._covered(kept, root, top):
            return top
        while True:
            kept, prices, cuts = self._narrowed(kept, root, top)
            bound, goal = max(root.bound, min(prices.value, top)), self._best.goal
            if bound >= min(top, goal):
                return bound
            likely = kept.take(lowest(prices.reduced(kept, cuts), LIKELY_GRIDS))
            cover(likely, prices, root.grids, self._best, top, cuts, nodes=self._effort.nodes)
            # With a better division known, more can be left out.
            if self._best.goal == goal or not self._effort.branches:
                break
            top = min(top, self._best.goal)
        if cover(kept, prices, root.grids, self._best, top, cuts, nodes=self._effort.nodes):
            return top
        if not self._effort.branches:
            return bound
        nodes = min(self._effort.branches, BRANCHED_GRIDS * self._effort.branches // len(kept))
        return max(bound, branched(kept, cuts, self._count, root.grids, self._best, top, nodes=nodes))

    def _listed(self, root: Root, shares: Sequence[float]) -> tuple[Candidates | None, float]:
        """Return every grid that a division into the root's number of grids can hold that costs less than a sum, and that sum: what a better division
        must cost, or less where the grids are too many for that. None where they are too many for any.
        """
        prices, gap = root.prices, self._best.goal - root.prices.value
        for share in shares:
            # A grid that costs less than its prices makes room for something dearer.
            room = ROOM * gap
            while True:
                listed = root.source.listed(prices, root.cuts, share * gap + room, self._effort.listed)
                if listed is None:
                    break
                needed = -root.grids * float(prices.reduced(listed, root.cuts).min(initial=0.0))
                if needed <= room:
                    return listed, prices.value + min(share * gap + room - needed, gap)
                room = needed
        return None, prices.value

    def _narrowed(self, listed: Candidates, root: Root, top: float) -> tuple[Candidates, Prices, Cuts]:
        """Return the listed grids that a division below ``top`` can hold, prices that none of them undercuts, and the cuts these go with."""
        program = Program(self._count, root.grids, self._best.goal)
        entered = listed.take(np.zeros(0, np.int64))
        program.cut(root.cuts, entered)
        values: list[float] = []
        best = lowered(root.prices, listed, root.grids, root.cuts)
        free = np.ones(len(listed), np.bool_)
        while len(values) < CUT_ROUNDS:
            prices, added = resolved(program, listed, free)
            entered, free[added] = joined(entered, listed.take(added)), False
            prices = lowered(prices, listed, root.grids, program.cuts)
            values.append(prices.value)
            best = max(best, prices, key=lambda each: each.value)
            slack = top - prices.value
            near = np.flatnonzero(prices.reduced(listed, program.cuts, below=slack) < slack)
            listed, free = listed.take(near), free[near]
            stalled = len(values) > 3 and values[-1] - values[-4] < STALLED * (top - values[-4])
            cuts = broken_cuts(entered, program.solution(), self._count, program.cuts)
            if stalled or not len(cuts) or len(listed) < FEW_GRIDS:
                break
            program.cut(cuts, entered)
        return listed, best, program.cuts[: len(best.cuts)]

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

"""The linear program over all grids that are possible, for one number of grids: the root of a proof.

Where the possible grids are not too many they are listed once for all (:mod:`gridmap.grids.listing`). Else they are found as they are worth it
(column generation): all are gone through in each round (:mod:`gridmap.grids.streaming`).

Prices between those of the last round and the best known so far keep the rounds few: Wentges, Weighted Dantzig-Wolfe decomposition for linear
mixed-integer programming, International Transactions in Operational Research 4 (1997).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridmap.grids.branching import LEAST_STEP
from gridmap.grids.division import Limits
from gridmap.grids.graph import Floats
from gridmap.grids.listing import Listing
from gridmap.grids.program import Prices, Program, lowered, lowest, prices_of, resolved
from gridmap.grids.recombine import Candidates, joined
from gridmap.grids.streaming import Stream
from gridmap.grids.treecut import Net

FIRST_GRIDS = 1200
"""So many listed grids are in the linear program from the start."""
FIRST_SLACK = 0.3
"""Where they are gone through, it begins with those that cost at most this share of a grid more than they are likely to be worth."""
SMOOTHED = 0.5
"""At first prices are so much those of the best bound known, and for the rest those of the last round."""
TAIL = 0.05
"""The last grids, which lower the linear program by less than this share of the gap, are found when all are listed."""

ROUNDING = 0.5
"""Where prices are rounded, grids that are in the linear program already can seem worth so much."""


@dataclass(frozen=True, slots=True)
class Task:
    """A part to be divided into so many ``grids`` at less than ``cost``, with at most ``violation`` households outside the bounds, each of which
    costs ``outside_price``.
    """

    net: Net
    limits: Limits
    violation: int
    outside_price: float
    cost: float
    grids: int

    @property
    def goal(self) -> float:
        """A cost that every better division is below."""
        return self.cost - LEAST_STEP / 2

    @property
    def low(self) -> int:
        """The fewest households that one of the grids can have."""
        limits, total = self.limits, int(self.net.households.sum())
        return max(0, limits.minimum - self.violation, total - (self.grids - 1) * limits.maximum - self.violation)

    @property
    def high(self) -> int:
        """The most households that one of the grids can have."""
        limits, total = self.limits, int(self.net.households.sum())
        return min(limits.maximum + self.violation, total - (self.grids - 1) * limits.minimum + self.violation)

    def fitting(self, grids: Candidates) -> Candidates:
        """Return those of some grids that have as many households."""
        load = np.add.reduceat(self.net.households[grids.atoms], grids.start[:-1])
        inside = (load >= self.low) & (load <= self.high)
        return grids if inside.all() else grids.take(np.flatnonzero(inside))


@dataclass(frozen=True, eq=False)
class Root:
    """The linear program for one number of ``grids``: its ``prices``, the ``pool`` of grids met and a ``bound`` on what divisions with so many cost,
    which is 0 when it was broken off at once. ``source`` lists further grids.
    """

    grids: int
    source: Listing | Stream
    prices: Prices
    pool: Candidates
    bound: float


def listed_root(task: Task, every: Candidates, likely: Floats) -> Root:
    """Solve the linear program over ``every`` grid. The prices of atoms are ``likely`` to be near these."""
    fitting = task.fitting(every)
    program, free = Program(len(likely), task.grids, task.goal), np.ones(len(fitting), np.bool_)
    first = lowest(fitting.reduced(likely), FIRST_GRIDS)
    program.add(fitting.take(first))
    free[first] = False
    while True:
        prices, added = resolved(program, fitting, free)
        free[added] = False
        prices = lowered(prices, fitting, task.grids, None)
        if prices.value >= task.goal or not program.lacks() or not program.make_dearer():
            break
    return Root(task.grids, Listing(fitting), prices, fitting, prices.value)


def streamed_root(task: Task, known: Candidates, likely: Floats, *, steps: int) -> Root:
    """Solve the linear program beginning with the grids ``known``; in each of its rounds all that are possible are gone through, with ``steps`` in
    all. The prices of atoms are ``likely`` to be near these.
    """
    stream = Stream(task.net, task.limits, violation=task.violation, outside_price=task.outside_price, low=task.low, high=task.high, steps=steps)
    program, known = Program(len(likely), task.grids, task.goal), task.fitting(known)
    free = np.ones(len(known), np.bool_)
    best = prices_of(likely, 0.0, task.grids)
    inside = task.cost - task.violation * task.outside_price
    more = stream.lowest(best.atoms, best.grid, FIRST_SLACK * inside / task.grids)
    if more is None:
        return Root(task.grids, stream, best, known, 0.0)
    best, smoothed = lowered(best, more, task.grids, None), SMOOTHED
    while more is not None:
        known, free = joined(known, more), np.concatenate((free, np.ones(len(more), np.bool_)))
        prices, added = resolved(program, known, free)
        free[added] = False
        atoms, grid = smoothed * best.atoms + (1 - smoothed) * prices.atoms, smoothed * best.grid + (1 - smoothed) * prices.grid
        between = prices_of(atoms, grid, task.grids)
        more = stream.lowest(between.atoms, between.grid, 0.0)
        if more is None:
            break
        best = max(best, lowered(between, more, task.grids, None), key=lambda each: each.value)
        if best.value >= task.goal or (not program.lacks() and prices.value - best.value <= TAIL * (task.goal - best.value)):
            break
        if prices.reduced(more).min(initial=0.0) < -ROUNDING:
            continue
        # Nothing found is worth it at the prices of the last round: these are tried next. When they were, some atom is not held at what that costs.
        if smoothed == 0.0 and not (program.lacks() and program.make_dearer()):
            break
        smoothed = 0.0
    return Root(task.grids, stream, best, known, best.value)

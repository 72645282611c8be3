"""The linear program over all grids that are possible, for one number of grids: the root of a proof.

Where the possible grids are not too many they are listed once for all (:mod:`gridmap.grids.listing`). Else they are found as they are worth it
(:mod:`gridmap.grids.generation`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridmap.grids.branching import LEAST_STEP
from gridmap.grids.cuts import Cuts, no_cuts
from gridmap.grids.division import Limits
from gridmap.grids.listing import Listing
from gridmap.grids.program import Prices, Program, lowered, lowest, resolved
from gridmap.grids.recombine import Candidates
from gridmap.grids.streaming import Stream
from gridmap.grids.treecut import Net

FIRST_GRIDS = 1200
"""So many listed grids are in the linear program from the start."""


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
    """The linear program for one number of ``grids``: its ``prices`` under ``cuts``, the ``pool`` of grids met and a ``bound`` on what divisions with
    so many cost, which is 0 when it was broken off at once. ``source`` lists further grids.
    """

    grids: int
    source: Listing | Stream
    prices: Prices
    cuts: Cuts
    pool: Candidates
    bound: float


def listed_root(task: Task, every: Candidates, likely: Prices) -> Root:
    """Solve the linear program over ``every`` grid. Its prices are ``likely`` to be near these."""
    fitting = task.fitting(every)
    program, free = Program(len(likely.atoms), task.grids, task.goal), np.ones(len(fitting), np.bool_)
    first = lowest(fitting.reduced(likely.atoms), FIRST_GRIDS)
    program.add(fitting.take(first))
    free[first] = False
    while True:
        prices, added = resolved(program, fitting, free)
        free[added] = False
        prices = lowered(prices, fitting, task.grids, None)
        if prices.value >= task.goal or not program.lacks() or not program.make_dearer():
            break
    return Root(task.grids, Listing(fitting), prices, no_cuts(), fitting, prices.value)

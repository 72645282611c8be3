"""Column generation: the linear program where the possible grids are too many to be listed. Those that prices make worth it are found in rounds.

All grids are gone through in each round (:mod:`gridmap.grids.streaming`). Prices between those of the last round and the best known keep the rounds
few: Wentges, Weighted Dantzig-Wolfe decomposition for linear mixed-integer programming, International Transactions in Operational Research 4 (1997).

Where sets are very many, a round takes long when prices are far from true ones: some atoms are then worth so much that hardly a set can be given up.
There prices are kept near the best ones known, which they may leave the farther the better that went: Marsten, Hogan and Blankenship, The Boxstep
method for large-scale optimization, Operations Research 23 (1975).
"""

from __future__ import annotations

import numpy as np

from gridmap.grids.cuts import Cuts, broken_cuts, no_cuts
from gridmap.grids.graph import Floats
from gridmap.grids.program import Prices, Program, lowered, prices_of, resolved
from gridmap.grids.recombine import Candidates, joined
from gridmap.grids.roots import Root, Task
from gridmap.grids.streaming import Stream

FIRST_SLACK = 0.3
"""It begins with grids that cost at most this share of a grid more than they are likely to be worth."""
SMOOTHED = 0.5
"""At first prices are so much those of the best bound known, and for the rest those of the last round."""
WIDTH = 0.5
"""Kept near, the price of an atom may at first differ by this share of a usual one from the best known ..."""
WIDER = 2.0
"""... by so many times more after prices that were at least half as much better as could be ..."""
NARROWER = 0.7
"""... and by so much less after prices that were worse."""
TAIL = 0.05
"""The last grids, which lower the linear program by less than this share of the gap, are found when all are listed."""
ROUNDING = 0.5
"""Since prices are rounded, less than this is nothing."""
STALLED = 0.1
"""Cuts stop when three rounds of them close less than this share of the gap."""


def streamed_root(task: Task, known: Candidates, likely: Floats, *, steps: int) -> Root:
    """Solve the linear program beginning with the grids ``known``; in each of its rounds all that are possible are gone through, with ``steps`` in
    all. The prices of atoms are ``likely`` to be near these.
    """
    stream, program, known = _stream_of(task, steps), Program(len(likely), task.grids, task.goal), task.fitting(known)
    free = np.ones(len(known), np.bool_)
    best = prices_of(likely, 0.0, task.grids)
    inside = task.cost - task.violation * task.outside_price
    more = stream.lowest(best, no_cuts(), FIRST_SLACK * inside / task.grids)
    if more is None:
        return Root(task.grids, stream, best, no_cuts(), known, 0.0)
    best, smoothed = lowered(best, more, task.grids, None), SMOOTHED
    while more is not None:
        known, free = joined(known, more), np.concatenate((free, np.ones(len(more), np.bool_)))
        prices, added = resolved(program, known, free)
        free[added] = False
        atoms, grid = smoothed * best.atoms + (1 - smoothed) * prices.atoms, smoothed * best.grid + (1 - smoothed) * prices.grid
        between = prices_of(atoms, grid, task.grids)
        more = stream.lowest(between, no_cuts(), 0.0)
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
    return Root(task.grids, stream, best, no_cuts(), known, best.value)


def boxed_root(task: Task, known: Candidates, likely: Floats, *, steps: int) -> Root:
    """The same where the sets to go through are very many: prices stay near the best ones."""
    stream, known, prices = _stream_of(task, steps), task.fitting(known), prices_of(likely, 0.0, task.grids)
    more = stream.lowest(prices, no_cuts(), 0.0)
    if more is None:
        return Root(task.grids, stream, prices, no_cuts(), known, 0.0)
    generation = Generation(task, stream, joined(known, more), lowered(prices, more, task.grids, None))
    generation.run()
    return generation.root()


def deepened(task: Task, root: Root, stream: Stream) -> Root:
    """Bring the linear program of a root nearer to whole grids by cuts, as long as that closes much of the gap and ``stream`` has steps left."""
    generation = Generation(task, stream, root.pool, root.prices)
    values = [root.bound]
    while generation.run() and generation.best.value < task.goal:
        values.append(generation.best.value)
        stalled = len(values) > 3 and values[-1] - values[-4] < STALLED * (task.goal - values[-4])
        if stalled or not generation.cut():
            break
    return generation.root()


def _stream_of(task: Task, steps: int) -> Stream:
    return Stream(task.net, task.limits, violation=task.violation, outside_price=task.outside_price, low=task.low, high=task.high, steps=steps)


class Generation:
    """A linear program that grows: the ``pool`` of grids met, and the ``best`` prices so far, which no possible grid undercuts."""

    def __init__(self, task: Task, stream: Stream, pool: Candidates, best: Prices) -> None:
        # What costs less is no possible grid: its rest cannot be divided.
        pool = pool.take(np.flatnonzero(best.reduced(pool) >= 0))
        self._task, self._stream, self.pool, self.best = task, stream, pool, best
        self._program = Program(len(best.atoms), task.grids, task.goal)
        self._free, self._entered = np.ones(len(pool), np.bool_), pool.take(np.zeros(0, np.int64))
        self._width = WIDTH * max(1.0, float(np.median(np.abs(best.atoms))))

    @property
    def cuts(self) -> Cuts:
        """The cuts that the best prices go with."""
        return self._program.cuts[: len(self.best.cuts)]

    def root(self) -> Root:
        """Return what is known by now."""
        return Root(self._task.grids, self._stream, self.best, self.cuts, self.pool, self.best.value)

    def run(self) -> bool:
        """Find grids until prices can hardly be better or no better division is possible; False when there were no steps left for that."""
        while self.best.value < self._task.goal:
            hoped = self._hoped()
            if hoped is None:
                break
            more = self._stream.lowest(hoped, self._program.cuts, 0.0)
            if more is None:
                return False
            self.pool, self._free = joined(self.pool, more), np.concatenate((self._free, np.ones(len(more), np.bool_)))
            prices = lowered(hoped, more, self._task.grids, self._program.cuts)
            if prices.value <= self.best.value:
                self._width *= NARROWER
                continue
            if prices.value - self.best.value > (hoped.value - self.best.value) / 2:
                self._width *= WIDER
            self.best = prices
        return True

    def _hoped(self) -> Prices | None:
        """Return prices that may be much better, by the grids met: as near the best ones as there are any; None where that is nowhere."""
        before = ROUNDING
        while True:
            prices = self._solved()
            hoped = prices.value - self.best.value
            if hoped > TAIL * (self._task.goal - self.best.value):
                return prices
            # What can be won grows ever less with the width.
            if hoped <= before:
                return None
            before = hoped + ROUNDING
            self._width *= WIDER

    def cut(self) -> bool:
        """Add cuts that the choice of grids breaks; return whether there are any."""
        cuts = broken_cuts(self._entered, self._program.solution(), len(self.best.atoms), self._program.cuts)
        self._program.cut(cuts, self._entered)
        return len(cuts) > 0

    def _solved(self) -> Prices:
        """Return the prices of the best relaxed choice among the grids met, near the best ones."""
        self._program.hold_near(self.best.atoms, self._width)
        prices, added = resolved(self._program, self.pool, self._free)
        self._entered, self._free[added] = joined(self._entered, self.pool.take(added)), False
        return prices

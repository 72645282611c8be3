"""Column generation: the linear program where the possible grids are too many to be listed. Those that prices make worth it are found in rounds.

All grids are gone through in each round (:mod:`gridmap.grids.streaming`). A round takes long when prices are far from true ones: some atoms are then
worth so much that hardly a set can be given up. So prices are kept near the best ones known, which they may leave the farther the better that went:
Marsten, Hogan and Blankenship, The Boxstep method for large-scale optimization, Operations Research 23 (1975).
"""

from __future__ import annotations

import numpy as np

from gridmap.grids.cuts import Cuts, broken_cuts, no_cuts
from gridmap.grids.program import Prices, Program, lowered, prices_of, resolved
from gridmap.grids.recombine import Candidates, joined
from gridmap.grids.roots import Root, Task
from gridmap.grids.streaming import Stream

LOWER, NEARLY_AS_HIGH = 0.5, 0.9
"""Prices with which a round takes too long are lowered to this share: less where they are likely to be near true ones."""
WIDTH, NEAR_WIDTH = 0.5, 0.2
"""Kept near, the price of an atom may at first differ by this share of a usual one from the best known, or from what is likely to be near ..."""
WIDER = 2.0
"""... by so many times more after prices that were at least half as much better as could be ..."""
NARROWER = 0.7
"""... and by so much less after prices that were worse."""
ROUND_STEPS = 500_000
"""A round may take so many steps, with lower prices at first so many times more, ..."""
MORE, HARDLY_MORE = 2.0, 1.3
LONGER = 4
"""... or so many times those of the longest one that came to its end."""
TAIL, LONG_TAIL = 0.05, 0.15
"""The last grids, which lower the linear program by less than this share of the gap, are found when all are listed: by more where rounds are long."""
ROUNDING = 0.5
"""Since prices are rounded, less than this is nothing."""
STALLED = 0.1
"""Cuts stop when three rounds of them close less than this share of the gap."""


def streamed_root(task: Task, known: Candidates, likely: Prices, *, near: Prices | None = None, steps: int) -> Root:
    """Solve the linear program beginning with the grids ``known``; in each of its rounds all that are possible are gone through, with ``steps`` in
    all. Its prices are ``likely`` to be like these; where some are given, they are even ``near`` those.
    """
    known, prices, most = task.fitting(known), near or likely, ROUND_STEPS
    share, times = (NEARLY_AS_HIGH, HARDLY_MORE) if near else (LOWER, MORE)
    stream = Stream(task.net, task.limits, violation=task.violation, outside_price=task.outside_price, low=task.low, high=task.high, steps=steps)
    while True:
        prices = prices_of(prices.atoms, prices.grid, task.grids)
        more, ended = stream.lowest(prices, no_cuts(), 0.0, steps=most)
        known = joined(known, more)
        if ended:
            break
        if not stream.left:
            return Root(task.grids, stream, prices, no_cuts(), known, 0.0)
        # The lower the prices, the fewer grids are worth it.
        prices, most = prices._replace(atoms=share * prices.atoms, grid=share * prices.grid), int(times * most)
    generation = Generation(task, stream, known, lowered(prices, more, task.grids, None), width=NEAR_WIDTH if near else WIDTH)
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


class Generation:
    """A linear program that grows: the ``pool`` of grids met, and the ``best`` prices so far, which no possible grid undercuts."""

    def __init__(self, task: Task, stream: Stream, pool: Candidates, best: Prices, *, width: float = WIDTH) -> None:
        # What costs less is no possible grid: its rest cannot be divided.
        pool = pool.take(np.flatnonzero(best.reduced(pool) >= 0))
        self._task, self._stream, self.pool, self.best = task, stream, pool, best
        self._program = Program(len(best.atoms), task.grids, task.goal)
        self._free, self._entered = np.ones(len(pool), np.bool_), pool.take(np.zeros(0, np.int64))
        self._most = ROUND_STEPS
        self._width = width * max(1.0, float(np.median(np.abs(best.atoms))))

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
            before = self._stream.left
            more, ended = self._stream.lowest(hoped, self._program.cuts, 0.0, steps=self._most)
            self.pool, self._free = joined(self.pool, more), np.concatenate((self._free, np.ones(len(more), np.bool_)))
            if not ended:
                if not self._stream.left:
                    return False
                # What takes so long is seldom worth it: nearer prices do as well.
                self._width, self._most = NARROWER**2 * self._width, 2 * self._most
                continue
            self._most = max(self._most, LONGER * (before - self._stream.left))
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
        before, tail = ROUNDING, TAIL if self._most == ROUND_STEPS else LONG_TAIL
        while True:
            prices = self._solved()
            hoped = prices.value - self.best.value
            if hoped > tail * (self._task.goal - self.best.value):
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

"""The linear program of the choice among candidate grids: each atom in one grid, a given number of grids in all, under cuts.

Its prices are rounded to binary fractions, so that all sums of costs, which are whole numbers, and prices are exact: a bound does not rest on the
rounding of a solver.
"""

from __future__ import annotations

from typing import NamedTuple

import highspy
import numpy as np
from scipy.sparse import csr_matrix, hstack

from gridmap.grids.cuts import Cuts, cuts_held, held_twice, no_cuts
from gridmap.grids.graph import Floats, Ints, Truths
from gridmap.grids.recombine import Candidates, empty_model

UNIT = 2.0**-10
"""Prices are whole numbers of it."""
STAND_IN = 4.0
"""An atom that no grid holds costs so many times what a grid does, at first ..."""
DEARER = 8.0
"""... and becomes so many times dearer while the linear program does not do without ..."""
DEARER_TIMES = 12
"""... so often at most."""
FREE = 1e3
"""While those of atoms are held near some, the price of a grid may be so many times a dear one."""
ENTERING_GRIDS = 400
"""So many listed grids enter the linear program at once."""


class Prices(NamedTuple):
    """A price for each atom, for a grid whatever it holds, and for each cut (not above 0); ``value``: what all atoms, all grids and all cuts come to,
    which no choice of grids undercuts when none of them costs less than its prices.
    """

    atoms: Floats
    grid: float
    cuts: Floats
    value: float

    def reduced(self, candidates: Candidates, cuts: Cuts | None = None, *, below: float = np.inf) -> Floats:
        """Return what each grid costs beyond its prices, exactly: of those at ``below`` or above whatever the cuts say, what it is without them."""
        reduced = candidates.reduced(self.atoms) - self.grid
        if cuts is not None and len(cuts):
            near = np.flatnonzero(reduced < below)
            reduced[near] -= cuts_held(candidates.take(near), len(self.atoms), cuts, self.cuts)
        return reduced


def prices_of(atoms: Floats, grid: float, grids: int) -> Prices:
    """Return prices near those of some ``atoms`` and of a ``grid``, of which there are so many ``grids``, rounded so that their sums are exact."""
    atoms, grid = np.round(atoms / UNIT) * UNIT, float(np.round(grid / UNIT) * UNIT)
    return Prices(atoms, grid, np.zeros(0), float(atoms.sum()) + grids * grid)


class Program:
    """A choice of ``grids`` grids that hold each of ``count`` atoms once, relaxed. A choice is expected to cost about ``cost``; what no grid holds is
    dear beside that.
    """

    def __init__(self, count: int, grids: int, cost: float) -> None:
        self._count, self._grids, self._dear, self._raises = count, grids, STAND_IN * cost / grids, 0
        self._highs = empty_model(count)
        self._highs.addRow(float(grids), float(grids), 0, np.zeros(0, np.int32), np.zeros(0))
        self._cuts = no_cuts()
        self._stand_ins = 2 * (count + 1)
        rows = np.tile(np.arange(count + 1), 2)
        signs = np.repeat([1.0, -1.0], count + 1)
        self._add_columns(np.full(self._stand_ins, self._dear), np.arange(self._stand_ins), rows, signs)

    @property
    def cuts(self) -> Cuts:
        """The cuts added so far."""
        return self._cuts

    def make_dearer(self) -> bool:
        """Raise the price of atoms that no grid holds; when that was done often enough, leave it and return False."""
        if self._raises == DEARER_TIMES:
            return False
        self._raises += 1
        self._dear *= DEARER
        every = np.arange(self._stand_ins, dtype=np.int32)
        self._highs.changeColsCost(self._stand_ins, every, np.full(self._stand_ins, self._dear))
        return True

    def hold_near(self, atoms: Floats, width: float) -> None:
        """Keep the prices of atoms within ``width`` of these: beyond that, atoms are left out or held twice."""
        every = np.arange(self._stand_ins, dtype=np.int32)
        grid = FREE * self._dear
        self._highs.changeColsCost(self._stand_ins, every, np.concatenate((atoms + width, [grid], width - atoms, [grid])))

    def add(self, candidates: Candidates) -> None:
        """Let grids be chosen."""
        if not len(candidates):
            return
        rows = np.repeat(np.arange(len(candidates)), np.diff(candidates.start))
        held = csr_matrix((np.ones(len(rows)), (rows, candidates.atoms)), shape=(len(candidates), self._count))
        table = hstack([held, np.ones((len(candidates), 1)), held_twice(candidates, self._count, self._cuts)]).tocsr()
        self._add_columns(candidates.cost, table.indptr[:-1], table.indices, table.data)

    def cut(self, cuts: Cuts, candidates: Candidates) -> None:
        """Add cuts; ``candidates`` are all grids added so far, in order."""
        held = held_twice(candidates, self._count, cuts).tocsc()
        for cut in range(len(cuts)):
            grids = held.indices[held.indptr[cut] : held.indptr[cut + 1]]
            self._highs.addRow(-highspy.kHighsInf, 1.0, len(grids), (grids + self._stand_ins).astype(np.int32), np.ones(len(grids)))
        self._cuts = np.concatenate((self._cuts, cuts))

    def allow(self, alive: Truths) -> None:
        """Let only those of the grids added be chosen that are ``alive``."""
        if len(alive):
            columns = np.arange(self._stand_ins, self._stand_ins + len(alive), dtype=np.int32)
            upper = np.where(alive, highspy.kHighsInf, 0.0)
            self._highs.changeColsBounds(len(alive), columns, np.zeros(len(alive)), upper)

    def solve(self) -> Prices:
        """Return the prices of the best relaxed choice."""
        self._highs.run()
        prices = np.round(np.array(self._highs.getSolution().row_dual) / UNIT) * UNIT
        atoms, grid, cuts = prices[: self._count], float(prices[self._count]), np.minimum(prices[self._count + 1 :], 0.0)
        return Prices(atoms, grid, cuts, float(atoms.sum() + self._grids * grid + cuts.sum()))

    def solution(self) -> Floats:
        """Return how much of each grid added is chosen."""
        return np.array(self._highs.getSolution().col_value)[self._stand_ins :]

    def lacks(self) -> bool:
        """Say whether some atom is not held by the grids chosen."""
        return bool(np.array(self._highs.getSolution().col_value)[: self._stand_ins].max() > 1e-9)

    def _add_columns(self, cost: Floats, starts: Ints, rows: Ints, values: Floats) -> None:
        # No upper bound: the rows keep every grid at one or below, and prices come out clean.
        size = len(cost)
        upper = np.full(size, highspy.kHighsInf)
        self._highs.addCols(size, cost, np.zeros(size), upper, len(rows), starts.astype(np.int32), rows.astype(np.int32), values)


def resolved(program: Program, listed: Candidates, free: Truths) -> tuple[Prices, Ints]:
    """Solve ``program``, adding those ``free`` grids that are worth it; return the prices and the positions of those added, in order."""
    prices, added, free = program.solve(), [np.zeros(0, np.int64)], free.copy()
    while True:
        reduced = np.where(free, prices.reduced(listed, program.cuts, below=-UNIT), 0.0)
        wanted = lowest(reduced, ENTERING_GRIDS)
        wanted = wanted[reduced[wanted] < -UNIT]
        if not len(wanted):
            return prices, np.concatenate(added)
        program.add(listed.take(wanted))
        added.append(wanted)
        free[wanted] = False
        prices = program.solve()


def lowered(prices: Prices, grids: Candidates, number: int, cuts: Cuts | None) -> Prices:
    """Return ``prices`` with that of a grid lowered until none of ``grids`` costs less than its prices."""
    below = min(0.0, float(prices.reduced(grids, cuts, below=0.0).min(initial=0.0)))
    return prices._replace(grid=prices.grid + below, value=prices.value + number * below)


def lowest(values: Floats, most: int) -> Ints:
    """Return the positions of the lowest ``values``, at most so many, in order."""
    if len(values) > most:  # all the others need not be sorted
        near = np.flatnonzero(values <= np.partition(values, most)[most])
        return near[np.argsort(values[near], kind="stable")][:most]
    return np.argsort(values, kind="stable")

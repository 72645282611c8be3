"""Recombination: of many candidate grids, the cheapest set that holds every atom once.

The linear relaxation, solved with HiGHS, gives each atom a price; the prices say which grids can be in a better plan and bound the search for an
exact cover among them.
"""

from __future__ import annotations

from dataclasses import dataclass

import highspy
import numpy as np

from gridmap.grids.cover import exact_cover
from gridmap.grids.graph import Floats, Ints, Truths
from gridmap.kernels import lean_kernel

ROUND_GRIDS = 400
"""Grids added to the linear program at once."""
EPSILON = 1e-6
"""Costs are whole numbers, so less than this is rounding."""


@dataclass(frozen=True, eq=False)
class Candidates:
    """Candidate grids: grid c holds ``atoms[start[c]:start[c + 1]]`` (int64) and costs ``cost[c]`` (float64, whole numbers)."""

    atoms: Ints
    start: Ints
    cost: Floats

    def __len__(self) -> int:
        return len(self.cost)

    def take(self, chosen: Ints) -> Candidates:
        """Return the grids at the positions ``chosen``."""
        start = np.zeros(len(chosen) + 1, np.int64)
        np.cumsum(self.start[chosen + 1] - self.start[chosen], out=start[1:])
        atoms = np.empty(start[-1], np.int64)
        _gather(self.atoms, self.start, chosen, start, atoms)
        return Candidates(atoms, start, self.cost[chosen])

    def held(self, count: int) -> Truths:
        """Return a table of grids by the ``count`` atoms: which each holds."""
        held = np.zeros((len(self), count), np.bool_)
        held[np.repeat(np.arange(len(self)), np.diff(self.start)), self.atoms] = True
        return held

    def sums(self, values: Floats) -> Floats:
        """Return the sum of ``values`` (by atom) over the atoms of each grid."""
        sums = np.zeros(len(self))
        _add_up(self.atoms, self.start, values, sums)
        return sums

    def reduced(self, prices: Floats) -> Floats:
        """Return what each grid costs beyond the prices of its atoms."""
        return self.cost - self.sums(prices)


@lean_kernel
def _gather(atoms: Ints, start: Ints, chosen: Ints, into_start: Ints, into: Ints) -> None:
    for c in range(len(chosen)):
        at, begin = into_start[c], start[chosen[c]]
        for a in range(into_start[c + 1] - at):
            into[at + a] = atoms[begin + a]


@lean_kernel
def _add_up(atoms: Ints, start: Ints, values: Floats, sums: Floats) -> None:
    for c in range(len(sums)):
        for a in range(start[c], start[c + 1]):
            sums[c] += values[atoms[a]]


class Shelf:
    """All grids that may be used, sorted by their first atoms, so that those within some atoms are found quickly."""

    def __init__(self, candidates: Candidates, count: int) -> None:
        first = np.minimum.reduceat(candidates.atoms, candidates.start[:-1]) if len(candidates) else np.zeros(0, np.int64)
        self._grids = candidates.take(np.argsort(first, kind="stable"))
        self._first = np.searchsorted(np.sort(first), np.arange(count + 1))

    def within(self, atoms: Ints) -> Candidates:
        """Return the grids whose atoms are all among ``atoms`` (sorted), their atoms renamed to positions in ``atoms``."""
        rows = [np.arange(self._first[atom], self._first[atom + 1]) for atom in atoms]
        near = self._grids.take(np.concatenate(rows))
        position = np.minimum(np.searchsorted(atoms, near.atoms), len(atoms) - 1)
        inside = atoms[position] == near.atoms
        whole = np.flatnonzero(np.logical_and.reduceat(inside, near.start[:-1])) if len(near) else np.zeros(0, np.int64)
        kept = near.take(whole)
        return Candidates(np.searchsorted(atoms, kept.atoms), kept.start, kept.cost)


def joined(first: Candidates, second: Candidates) -> Candidates:
    """Return the grids of both, in order."""
    start = np.concatenate((first.start, first.start[-1] + second.start[1:]))
    return Candidates(np.concatenate((first.atoms, second.atoms)), start, np.concatenate((first.cost, second.cost)))


@dataclass(frozen=True, slots=True)
class CoverEffort:
    """How much a recombination may do: candidates in the cover, nodes of its search, rounds of the linear program."""

    candidates: int
    nodes: int
    rounds: int


def best_cover(candidates: Candidates, count: int, known: Ints, effort: CoverEffort) -> Candidates:
    """Return grids that hold each of ``count`` atoms once, at the least cost found.

    ``known`` are the positions of candidates that do so already; they are returned when nothing cheaper is found.
    """
    present = candidates.take(known)
    prices = priced(candidates, count, known, effort.rounds)
    reduced = candidates.reduced(prices)
    # A cover costs the prices of all atoms plus the reduced costs of its grids, so a grid beyond the gap is in no cheaper one.
    gap = float(present.cost.sum() - prices.sum()) - EPSILON
    near = np.flatnonzero(reduced < gap)
    near = near[np.argsort(reduced[near], kind="stable")][: effort.candidates]
    if not len(near):
        return present
    close = candidates.take(near)
    chosen = np.zeros(count, np.int64)
    size, _, _ = exact_cover(close.atoms, close.start, *(np.maximum(reduced[near], 0.0),) * 2, count, count, 0, gap, 0.0, effort.nodes, chosen)
    return close.take(chosen[:size]) if size else present


def priced(candidates: Candidates, count: int, known: Ints, rounds: int) -> Floats:
    """Return a price for each atom such that no candidate costs less than its atoms and the sum is as high as can be.

    The sum is a lower bound on the cost of every cover. Grids enter the linear program round by round; when the rounds end early the prices are
    lowered until they are right, and the bound is weaker.
    """
    highs = empty_model(count)
    held = np.zeros(len(candidates), np.bool_)
    wanted = known
    prices = np.zeros(count)
    for _ in range(rounds):
        _add(highs, candidates.take(wanted))
        held[wanted] = True
        highs.run()
        prices = np.array(highs.getSolution().row_dual)
        wanted = _worth_it(candidates, held, prices)
        if not len(wanted):
            break
    sizes = np.diff(candidates.start)
    excess = np.maximum(-candidates.reduced(prices), 0.0) / sizes
    lowering = np.zeros(count)
    np.maximum.at(lowering, candidates.atoms, np.repeat(excess, sizes))
    return prices - lowering


def _worth_it(candidates: Candidates, held: Truths, prices: Floats) -> Ints:
    """Return the positions of the grids that the linear program does not have yet and that would make it better most."""
    reduced = np.where(held, 0.0, candidates.reduced(prices))
    wanted = np.argsort(reduced, kind="stable")[:ROUND_GRIDS]
    return wanted[reduced[wanted] < -EPSILON]


def empty_model(count: int) -> highspy.Highs:
    """Return a linear program with a row for each atom, which is to be held once, and no grid yet."""
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    # One thread and a fixed seed: the same answer on every machine.
    highs.setOptionValue("threads", 1)
    highs.setOptionValue("random_seed", 0)
    nothing = np.zeros(count + 1, np.int32)
    highs.addRows(count, np.ones(count), np.ones(count), 0, nothing, np.zeros(0, np.int32), np.zeros(0))
    return highs


def _add(highs: highspy.Highs, candidates: Candidates) -> None:
    count, size = len(candidates), len(candidates.atoms)
    starts, atoms = candidates.start[:-1].astype(np.int32), candidates.atoms.astype(np.int32)
    # No upper bound: the rows keep every grid at one or below, and prices come out clean.
    highs.addCols(count, candidates.cost, np.zeros(count), np.full(count, highspy.kHighsInf), size, starts, atoms, np.ones(size))

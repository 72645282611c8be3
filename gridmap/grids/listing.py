"""Every grid that a part can have, listed: the connected sets of atoms within the bounds that leave a rest which can be divided too.

A part of some seventy atoms has a hundred thousand of them or a million; listing them once takes less time than going through them again and
again. Sets grown by chance tell beforehand whether there are too many.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridmap.grids.chance import below, seeded
from gridmap.grids.cuts import Cuts
from gridmap.grids.division import Limits, empty_region, price_sets
from gridmap.grids.graph import Ints
from gridmap.grids.growth import (
    NOTHING,
    ONE,
    Ground,
    Growth,
    Words,
    begin,
    empty_growth,
    fill_alone,
    ground_of,
    leave_out,
    leaves_divisible,
    lowest_atom,
    shuts_in,
    take,
    write,
)
from gridmap.grids.program import Prices
from gridmap.grids.recombine import Candidates
from gridmap.grids.treecut import Net
from gridmap.kernels import lean_kernel

ATOMS_OF_GRID = 16
"""Room for so many atoms a grid, on average."""
STEPS_OF_GRID = 12
"""So many sets may be looked at for each grid that there may be."""
PROBES = 50
"""So many sets are grown by chance from each root, to tell beforehand whether there is room for all ..."""
MORE_PROBES = 500
"""... or so many when that is not clear ..."""
UNCLEAR = 3
"""... since they tell of less than so many times the room, or of more than that part of it."""
CERTAIN = 1.1
"""When they tell of so many times the room, it does not suffice."""


class Extent(NamedTuple):
    """About how many possible ``grids`` a part has and how many ``steps`` it takes to list them."""

    grids: float
    steps: float


class Listing:
    """Lists grids as :class:`gridmap.grids.streaming.Stream` does, but from ``grids``, which are all that are possible."""

    def __init__(self, grids: Candidates) -> None:
        self._grids = grids

    def listed(self, prices: Prices, cuts: Cuts, slack: float, most: int) -> Candidates | None:
        """Return every grid that costs less than ``slack`` beyond its prices."""
        return self._grids.take(np.flatnonzero(prices.reduced(self._grids, cuts, below=slack) < slack))


def possible_grids(net: Net, limits: Limits, violation: int, *, most: int) -> Candidates | None:
    """Return every grid that a division with at most ``violation`` households outside the bounds can hold, with twice its cost.

    What a grid leaves over must be divisible too, by the arithmetic of its households. None when there are more than ``most``, or when looking for
    them takes too many steps.
    """
    extent = likely_extent(net, limits, violation)
    if most < UNCLEAR * extent.grids < UNCLEAR**2 * most:
        extent = likely_extent(net, limits, violation, probes=MORE_PROBES)
    if extent.grids > CERTAIN * most or extent.steps > STEPS_OF_GRID * most:
        return None
    return grids_with(net, limits, violation, len(net.households), most=most)


def grids_with(net: Net, limits: Limits, violation: int, first: int, *, most: int) -> Candidates | None:
    """Return those of the :func:`possible_grids` that hold any of the ``first`` atoms, without an estimate beforehand: for lists that are short."""
    # The system gives memory as it is filled, so room for all costs nothing.
    start, held = np.empty(most + 1, np.int64), np.empty(ATOMS_OF_GRID * most, np.int64)
    ground = ground_of(net, limits.maximum + violation)
    found = _list_grids(ground, *_rooms(ground), limits, violation, first, STEPS_OF_GRID * most, start, held)
    if found < 0:
        return None
    start, held = start[: found + 1].copy(), held[: start[found]].copy()
    cost = np.zeros(found, np.int64)
    price_sets(net, limits, empty_region(net), held, start, cost)
    return Candidates(held, start, cost.astype(np.float64))


def likely_extent(net: Net, limits: Limits, violation: int, *, probes: int = PROBES) -> Extent:
    """Return how much there is to list, as sets grown by chance tell, ``probes`` of them from each atom.

    A set grows by atoms drawn by lot until it is full; each stands for as many as could have been drawn. After Knuth, Estimating the efficiency of
    backtrack programs, Mathematics of Computation 29 (1975).
    """
    ground = ground_of(net, limits.maximum + violation)
    return Extent(*_probed(ground, *_rooms(ground), limits, violation, probes, seeded(0)))


def _rooms(ground: Ground) -> tuple[Growth, Words]:
    """Return room for sets to grow and for what they leave over."""
    count, words = ground.beside.shape
    return empty_growth(count, words), np.zeros((4, words), np.uint64)


@lean_kernel
def _probed(ground: Ground, growth: Growth, room: Words, limits: Limits, violation: int, probes: int, state: Words) -> tuple[float, float]:
    """Return about how many grids there are and how many steps it takes to list them."""
    count, low, high = len(ground.beside), limits.minimum - violation, limits.maximum + violation
    total = fill_alone(ground.households, limits, violation, room[3])
    looked, found = 0.0, 0.0
    for turn in range(probes * count):
        root = turn % count
        begin(ground, growth, root)
        depth, weight, goes_on = np.int64(0), 1.0, True
        while goes_on:
            if low <= growth.load[depth] <= high and leaves_divisible(ground, total, growth, depth, limits, violation, room):
                found += weight
            ahead = _size(growth.front[depth])
            looked += weight * (1 + ahead)
            goes_on = ahead > 0
            if goes_on:
                atom = _drawn(growth, depth, below(state, ahead))
                take(ground, growth, depth, atom)
                depth, weight = depth + 1, weight * ahead
                goes_on = not shuts_in(ground.beside, growth.taken[depth], growth.out[depth], ground.beside[atom], room[3])
    return found / probes, looked / probes


@lean_kernel
def _size(atoms: Words) -> int:
    """Return how many atoms a set has."""
    size = 0
    for w in range(len(atoms)):
        word = atoms[w]
        while word != NOTHING:
            size += 1
            word &= word - ONE
    return size


@lean_kernel
def _drawn(growth: Growth, depth: int, turn: int) -> int:
    """Return that atom to decide on before which there are ``turn`` others, which are left out."""
    for _ in range(turn):
        leave_out(growth, depth, lowest_atom(growth.front[depth]))
    return lowest_atom(growth.front[depth])


@lean_kernel
def _list_grids(ground: Ground, growth: Growth, room: Words, limits: Limits, violation: int, first: int, steps: int, start: Ints, held: Ints) -> int:
    """Fill ``start`` and ``held`` with the grids that hold any of the ``first`` atoms; return how many were found, -1 when ``steps`` or the room did
    not suffice."""
    count, low, high, most = len(ground.beside), limits.minimum - violation, limits.maximum + violation, len(start) - 1
    total = fill_alone(ground.households, limits, violation, room[3])
    found, looked = 0, 0
    start[0] = 0
    for root in range(first):
        begin(ground, growth, root)
        depth, fresh = np.int64(0), True
        while depth >= 0:
            looked += 1
            if looked > steps:
                return -1
            if fresh and low <= growth.load[depth] <= high and leaves_divisible(ground, total, growth, depth, limits, violation, room):
                if found == most or start[found] + count > len(held):
                    return -1
                start[found + 1] = write(growth.taken[depth], held, start[found])
                found += 1
            atom = lowest_atom(growth.front[depth])
            fresh = False
            if atom < 0:
                depth -= 1
            else:
                take(ground, growth, depth, atom)
                # Going on is of no use when the atom shuts in another that was left out.
                fresh = not shuts_in(ground.beside, growth.taken[depth + 1], growth.out[depth + 1], ground.beside[atom], room[3])
                depth += fresh
    return found

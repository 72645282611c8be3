"""Pricing: of all connected sets of atoms that a grid could be, those that are worth more than they cost.

The linear program of the recombination gives each atom a price. A grid that costs less than the prices of its atoms makes the plan better; when there
is none among all connected sets, the program's value is a lower bound on the cost of every plan. The sets are gone through from one root atom after
another, each with the atoms that come after it, by branch and bound: a set is given up when even the best atoms around it, as many as there is room
for, cannot make it worth its cost.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridmap.grids.division import Limits, Region, outside, price_parts, release
from gridmap.grids.graph import Floats, Ints
from gridmap.grids.sets import FREE, LEFT_OUT, TAKEN
from gridmap.grids.treecut import NONE, Net
from gridmap.kernels import lean_kernel

SHARES = np.array([0.0, 0.25, 0.5, 0.6875, 0.84375, 1.0, 1.15625, 1.34375, 1.59375, 2.0, 2.59375, 3.5, 5.0])
"""Prices of a household that are tried in the bound, as shares of the mean price; multiples of 1/32, so that products with it are exact."""
FRACTION = 1024.0
EXACT, TOO_LONG, TOO_MANY = 0, 1, 2
"""How the search from a root ended: all sets were seen, the steps were used up, enough sets were found."""
BORDER, HOUSEHOLDS, TOUCHED, REACH, STAMP = 0, 1, 2, 3, 4


class Market(NamedTuple):
    """What makes a set worth its cost.

    ``prices``: by atom. ``outside_price``: cost of a household outside the bounds. Looked for are sets of ``low`` to ``high`` households that cost at
    least ``margin`` less than their prices. All costs are twice what they are, as elsewhere.
    """

    prices: Floats
    outside_price: float
    low: int
    high: int
    margin: float


class Walker(NamedTuple):
    """Where a search stands. By atom: ``state``; ``degree``, its whole border, and how much of it is with the set and with what is left out;
    ``links``, its crossable pairs with the set. ``path``: decisions so far. ``near``: the atoms within reach of the root, ``near_at[0]`` of them.
    ``compounds``: atoms of the set by compound. ``tally``: border, households and compounds of the set, households within its reach, steps;
    ``worth``: its prices.
    """

    state: Ints
    degree: Ints
    to_set: Ints
    to_out: Ints
    links: Ints
    path: Ints
    near: Ints
    seen: Ints
    queue: Ints
    size: Ints
    gain: Floats
    compounds: Ints
    tally: Ints
    worth: Floats


class Found(NamedTuple):
    """Sets found: set s holds ``atoms[start[s]:start[s + 1]]`` and costs ``cost[s]`` (twice); ``count[0]`` of them."""

    atoms: Ints
    start: Ints
    cost: Floats
    count: Ints


def walker_of(net: Net) -> Walker:
    """Return room for searches over all atoms of ``net``."""
    count = len(net.households)
    rows = np.repeat(np.arange(count), np.diff(net.indptr))
    degree = np.bincount(rows, weights=net.cut_dm, minlength=count).astype(np.int64)
    rooms = [np.zeros(count + 1, np.int64) for _ in range(9)]
    compounds = np.zeros(int(net.compound.max(initial=0)) + 1, np.int64)
    return Walker(rooms[0], degree, *rooms[1:], np.zeros(count), compounds, np.zeros(5, np.int64), np.zeros(1))


def empty_found(sets: int, atoms: int) -> Found:
    """Return room for ``sets`` sets with ``atoms`` atoms together."""
    return Found(np.zeros(atoms, np.int64), np.zeros(sets + 1, np.int64), np.zeros(sets), np.zeros(1, np.int64))


@lean_kernel
def price_from(
    net: Net, limits: Limits, market: Market, rank: Ints, root: int, steps: int, most: int, walker: Walker, region: Region, found: Found
) -> tuple[int, int]:
    """Add to ``found`` the sets of ``market`` that hold ``root`` and else only atoms of higher ``rank``, at most ``most`` of them.

    Returns how it ended and the steps taken.
    """
    near = _within_reach(net, market, rank, root, walker)
    mean = _mean_price(net, market, walker, near)
    # A kernel is compiled once more for a number that is written down; these are not.
    depth, share = np.int64(1), np.int64(5)
    begun, ended = found.count[0], EXACT
    _take(net, market, walker, root)
    walker.path[0] = root
    while depth > 0:
        walker.tally[STAMP] += 1
        if walker.tally[STAMP] > steps:
            ended = TOO_LONG
            break
        following, size, first = _look_around(net, market, walker, near)
        goes_on = walker.tally[HOUSEHOLDS] + walker.tally[REACH] >= market.low
        if goes_on:
            base = _least_cost(limits, market, walker) + market.margin
            goes_on, share = _may_pay(walker, size, first, mean, share, market.high - walker.tally[HOUSEHOLDS], base)
        if goes_on and following >= 0:
            _take(net, market, walker, following)
            walker.path[depth] = following
            depth += 1
            continue
        whole = goes_on and walker.tally[HOUSEHOLDS] >= market.low
        if whole and (not _record(net, limits, market, walker, region, found, depth) or found.count[0] - begun >= most):
            ended = TOO_MANY
            break
        # Go back to the last atom taken and leave it out instead.
        while walker.state[walker.path[depth - 1]] == LEFT_OUT:
            depth -= 1
            _take_back_in(net, walker, walker.path[depth])
        last = walker.path[depth - 1]
        _give_back(net, market, walker, last)
        if depth == 1:
            depth = 0
        else:
            _leave_out(net, walker, last)
    for d in range(depth - 1, -1, -1):
        if walker.state[walker.path[d]] == TAKEN:
            _give_back(net, market, walker, walker.path[d])
    for i in range(len(walker.state)):
        walker.to_out[i] = 0
    return ended, walker.tally[STAMP]


@lean_kernel
def _within_reach(net: Net, market: Market, rank: Ints, root: int, walker: Walker) -> int:
    """Leave out every atom but those that a set with ``root`` of at most ``high`` households can hold; list these and return how many."""
    count = len(net.households)
    for i in range(count):
        walker.state[i] = LEFT_OUT
        walker.seen[i] = market.high + 1
    walker.seen[root] = net.households[root]
    walker.queue[0] = root
    first, last, waiting = 0, 1, 1
    # Distances in households, corrected until they are right; an atom waits at most once at a time, so the ring suffices.
    while waiting > 0:
        atom = walker.queue[first]
        first = (first + 1) % (count + 1)
        waiting -= 1
        if walker.state[atom] == TAKEN:
            walker.state[atom] = FREE
        for e in range(net.indptr[atom], net.crossable_end[atom]):
            beside = net.indices[e]
            households = walker.seen[atom] + net.households[beside]
            if rank[beside] > rank[root] and households < walker.seen[beside]:
                walker.seen[beside] = households
                if walker.state[beside] != TAKEN:
                    walker.state[beside] = TAKEN
                    walker.queue[last] = beside
                    last = (last + 1) % (count + 1)
                    waiting += 1
    walker.state[root] = FREE
    near = 0
    for i in range(count):
        walker.to_set[i] = 0
        walker.links[i] = 0
        walker.seen[i] = 0
        if walker.state[i] == FREE:
            walker.near[near] = i
            near += 1
    for i in range(near):
        atom = walker.near[i]
        walker.to_out[atom] = 0
        for e in range(net.indptr[atom], net.indptr[atom + 1]):
            if walker.state[net.indices[e]] == LEFT_OUT:
                walker.to_out[atom] += net.cut_dm[e]
    walker.tally[:] = 0
    walker.worth[0] = 0.0
    return near


@lean_kernel
def _mean_price(net: Net, market: Market, walker: Walker, near: int) -> float:
    """Return the prices of the atoms near the root for each of their households."""
    worth, households = 0.0, 1
    for i in range(near):
        worth += max(0.0, market.prices[walker.near[i]])
        households += net.households[walker.near[i]]
    # A binary fraction, as the prices of the linear program are: every sum below is then exact.
    return np.round(worth / households * FRACTION) / FRACTION


@lean_kernel
def _take(net: Net, market: Market, walker: Walker, atom: int) -> None:
    walker.state[atom] = TAKEN
    walker.tally[HOUSEHOLDS] += net.households[atom]
    walker.tally[BORDER] += walker.degree[atom] - 2 * walker.to_set[atom]
    walker.worth[0] += market.prices[atom]
    compound = net.compound[atom]
    if compound >= 0:
        walker.compounds[compound] += 1
        if walker.compounds[compound] == 1:
            walker.tally[TOUCHED] += 1
    for e in range(net.indptr[atom], net.indptr[atom + 1]):
        walker.to_set[net.indices[e]] += net.cut_dm[e]
        if e < net.crossable_end[atom]:
            walker.links[net.indices[e]] += 1


@lean_kernel
def _give_back(net: Net, market: Market, walker: Walker, atom: int) -> None:
    walker.state[atom] = FREE
    walker.tally[HOUSEHOLDS] -= net.households[atom]
    walker.tally[BORDER] -= walker.degree[atom] - 2 * walker.to_set[atom]
    walker.worth[0] -= market.prices[atom]
    compound = net.compound[atom]
    if compound >= 0:
        walker.compounds[compound] -= 1
        if walker.compounds[compound] == 0:
            walker.tally[TOUCHED] -= 1
    for e in range(net.indptr[atom], net.indptr[atom + 1]):
        walker.to_set[net.indices[e]] -= net.cut_dm[e]
        if e < net.crossable_end[atom]:
            walker.links[net.indices[e]] -= 1


@lean_kernel
def _leave_out(net: Net, walker: Walker, atom: int) -> None:
    walker.state[atom] = LEFT_OUT
    for e in range(net.indptr[atom], net.indptr[atom + 1]):
        walker.to_out[net.indices[e]] += net.cut_dm[e]


@lean_kernel
def _take_back_in(net: Net, walker: Walker, atom: int) -> None:
    walker.state[atom] = FREE
    for e in range(net.indptr[atom], net.indptr[atom + 1]):
        walker.to_out[net.indices[e]] -= net.cut_dm[e]


@lean_kernel
def _look_around(net: Net, market: Market, walker: Walker, near: int) -> tuple[int, int, float]:
    """List what the free atoms within reach of the set would add to its worth at most; return the one beside the set that has most border with it (-1
    when there is none), how many are worth something and the worth of those without households.
    """
    room, stamp = market.high - walker.tally[HOUSEHOLDS], walker.tally[STAMP]
    following, longest, top = np.int64(NONE), np.int64(-1), 0
    for i in range(near):
        atom = walker.near[i]
        if walker.state[atom] == FREE and walker.links[atom] > 0 and net.households[atom] <= room:
            walker.seen[atom] = stamp
            walker.queue[top] = atom
            top += 1
            if walker.to_set[atom] > longest:
                following, longest = atom, walker.to_set[atom]
    at, size, free_worth, reach = 0, 0, 0.0, np.int64(0)
    while at < top:
        atom = walker.queue[at]
        at += 1
        reach += net.households[atom]
        gain = market.prices[atom] + walker.to_set[atom] - walker.to_out[atom]
        if gain > 0.0:
            if net.households[atom] == 0:
                free_worth += gain
            else:
                walker.gain[size] = gain
                walker.size[size] = net.households[atom]
                size += 1
        for e in range(net.indptr[atom], net.crossable_end[atom]):
            beside = net.indices[e]
            if walker.state[beside] == FREE and walker.seen[beside] != stamp and net.households[beside] <= room:
                walker.seen[beside] = stamp
                walker.queue[top] = beside
                top += 1
    walker.tally[REACH] = reach
    return following, size, free_worth


@lean_kernel
def _least_cost(limits: Limits, market: Market, walker: Walker) -> float:
    """Return what the set costs beyond its prices, but for what atoms within reach may take off."""
    households, most = walker.tally[HOUSEHOLDS], walker.tally[HOUSEHOLDS] + walker.tally[REACH]
    cost = walker.tally[BORDER] + 2.0 * limits.split_dm * walker.tally[TOUCHED] - walker.worth[0]
    cost += market.outside_price * max(limits.minimum - most, households - limits.maximum, 0)
    return cost + 2.0 * limits.unevenness_dm * max(limits.target - most, households - limits.target, 0)


@lean_kernel
def _may_pay(walker: Walker, size: int, free_worth: float, mean: float, share: int, room: int, cost: float) -> tuple[bool, int]:
    """Say whether atoms of up to ``room`` households could take more than ``cost`` off; and the share at which that was seen best.

    Whatever price a household is given, no choice of atoms gains more than the room is worth and what each atom gains beyond the price of its
    households. The best price is found by going up or down from the last.
    """
    cost -= free_worth
    if cost < 0.0:
        return True, share
    least = _most_gained(walker, size, SHARES[share] * mean, room)
    for step in (1, -1):
        begun = share
        while least > cost and 0 <= share + step < len(SHARES):
            gained = _most_gained(walker, size, SHARES[share + step] * mean, room)
            if gained >= least:
                break
            least = gained
            share += step
        if least <= cost or share != begun:
            break
    return least > cost, share


@lean_kernel
def _most_gained(walker: Walker, size: int, price: float, room: int) -> float:
    """Return what atoms of up to ``room`` households gain at most, by way of a ``price`` for a household."""
    gained = price * room
    for i in range(size):
        gained += max(0.0, walker.gain[i] - price * walker.size[i])
    return gained


@lean_kernel
def _record(net: Net, limits: Limits, market: Market, walker: Walker, region: Region, found: Found, depth: int) -> bool:
    """Add the set to ``found`` if its whole cost is low enough; False when there is no room."""
    count, one = np.int64(0), np.int64(1)
    for d in range(depth):
        atom = walker.path[d]
        if walker.state[atom] == TAKEN:
            region.tree.nodes[count] = atom
            region.tree.place[atom] = count
            region.part[count] = 0
            count += 1
    price_parts(net, limits, region, count, one)
    cost = region.part_cost[0] + market.outside_price * outside(walker.tally[HOUSEHOLDS], limits)
    has_room = True
    if cost - walker.worth[0] + market.margin < 0.0:
        s = found.count[0]
        end = found.start[s] + count
        has_room = s < len(found.cost) and end <= len(found.atoms)
        if has_room:
            for i in range(count):
                found.atoms[found.start[s] + i] = region.tree.nodes[i]
            found.start[s + 1] = end
            found.cost[s] = cost
            found.count[0] = s + 1
    release(region, count)
    return has_room

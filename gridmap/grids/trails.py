"""What a set of atoms costs while it grows, and the least that it can cost beyond its prices whatever it grows to.

Its border with atoms that are left out stays. What it may still gain is what the atoms around it are worth, as many as there is room for, as if they
could be divided (Dantzig, Discrete-variable extremum problems, Operations Research 5, 1957).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridmap.grids.division import Limits, outside
from gridmap.grids.graph import Floats, Ints
from gridmap.grids.growth import NOTHING, ONE, WORD, Growth, Words, lies_in, trailing_zeros
from gridmap.grids.treecut import Net
from gridmap.kernels import lean_kernel

SPARE = 2.0**-10
"""Prices are whole numbers of this, so their sums are exact; what rounding may take off a bound is less."""
NOWHERE = -1


class Market(NamedTuple):
    """What makes a grid worth its cost: the ``prices`` of atoms, the cost of a household outside the bounds, and what cuts take off: one that holds
    an atom and any of ``others[k]`` is fined ``fine[k]`` once, for ``k`` from ``cut_from[atom]`` to ``cut_from[atom + 1]``. Looked for are
    grids of ``low`` to ``high`` households that cost less than ``slack`` beyond their prices. All costs are twice what they are, as elsewhere.
    """

    prices: Floats
    cut_from: Ints
    others: Ints
    fine: Floats
    outside_price: float
    low: int
    high: int
    slack: float


class Trail(NamedTuple):
    """What a growing set costs, by depth: its ``border`` and how much of that is with atoms left out (``kept``), what its atoms are ``worth`` less
    the fines of cuts, and its ``compounds``, ``touched`` of them. ``looked`` is the depth at which one last looked around.
    """

    border: Ints
    kept: Ints
    worth: Floats
    touched: Ints
    compounds: Words
    looked: Ints


class View(NamedTuple):
    """What is seen around sets. ``most`` tells for each depth and room in households what further atoms are worth at most. The others are room: how
    many households away each atom is, which ones wait to be gone on from, and households and worth of those near.
    """

    most: Floats
    away: Ints
    waits: Ints
    queue: Ints
    size: Ints
    gain: Floats


def empty_trail(net: Net) -> Trail:
    """Return room for what sets of all atoms of ``net`` cost as they grow."""
    depths, words = len(net.households) + 2, int(net.compound.max(initial=0)) // 64 + 1
    border, kept, touched, looked = np.zeros((4, depths), np.int64)
    return Trail(border, kept, np.zeros(depths), touched, np.zeros((depths, words), np.uint64), looked)


def empty_view(net: Net, most: int) -> View:
    """Return room for what is seen around sets of up to ``most`` households."""
    count = len(net.households)
    away, waits, queue, size = np.zeros((4, count), np.int64)
    return View(np.zeros((count + 2, most + 1)), away, waits, queue, size, np.zeros(count))


@lean_kernel
def begin_trail(net: Net, market: Market, growth: Growth, trail: Trail, root: int) -> None:
    """Tell what the set of ``root`` alone costs, at depth 0."""
    # A kernel is compiled once more for a number that is written down; this is not.
    depth = np.int64(0)
    trail.worth[0], trail.border[0], trail.kept[0], trail.touched[0], trail.looked[0] = market.prices[root], 0, 0, 0, NOWHERE
    trail.compounds[0] = NOTHING
    _touch(net, trail, depth, root)
    for e in range(net.indptr[root], net.indptr[root + 1]):
        trail.border[0] += net.cut_dm[e]
        if lies_in(growth.out[0], net.indices[e]):
            trail.kept[0] += net.cut_dm[e]


@lean_kernel
def follow_trail(net: Net, market: Market, growth: Growth, trail: Trail, depth: int, atom: int, goes_on: bool) -> None:
    """Tell what the set at ``depth`` costs now that an atom is left out, and what it does at ``depth + 1`` with the atom, if it ``goes_on`` there."""
    to_set, to_out, degree = np.int64(0), np.int64(0), np.int64(0)
    for e in range(net.indptr[atom], net.indptr[atom + 1]):
        degree += net.cut_dm[e]
        if lies_in(growth.taken[depth], net.indices[e]):
            to_set += net.cut_dm[e]
        elif lies_in(growth.out[depth], net.indices[e]):
            to_out += net.cut_dm[e]
    if goes_on:
        trail.border[depth + 1] = trail.border[depth] + degree - 2 * to_set
        trail.kept[depth + 1] = trail.kept[depth] + to_out + _shut_out(net, growth, depth, atom)
        trail.worth[depth + 1] = trail.worth[depth] + market.prices[atom] - _fined(market, growth, depth, atom)
        trail.touched[depth + 1], trail.looked[depth + 1] = trail.touched[depth], trail.looked[depth]
        for w in range(trail.compounds.shape[1]):
            trail.compounds[depth + 1, w] = trail.compounds[depth, w]
        _touch(net, trail, depth + 1, atom)
    trail.kept[depth] += to_set


@lean_kernel
def _fined(market: Market, growth: Growth, depth: int, atom: int) -> float:
    """Return the fines of the cuts of which the set would hold two atoms with this one, and did not before."""
    fines = 0.0
    for k in range(market.cut_from[atom], market.cut_from[atom + 1]):
        if lies_in(growth.taken[depth], market.others[k, 0]) != lies_in(growth.taken[depth], market.others[k, 1]):
            fines += market.fine[k]
    return fines


@lean_kernel
def _touch(net: Net, trail: Trail, depth: int, atom: int) -> None:
    """Count the compound of an atom, if it is a new one."""
    compound = net.compound[atom]
    if compound >= 0 and not lies_in(trail.compounds[depth], compound):
        trail.touched[depth] += 1
        trail.compounds[depth, compound >> 6] |= ONE << (np.uint64(compound) & WORD)


@lean_kernel
def _shut_out(net: Net, growth: Growth, depth: int, atom: int) -> int:
    """Return the border with atoms for which there is no room any more once ``atom`` was taken."""
    border = np.int64(0)
    for w in range(growth.out.shape[1]):
        word = growth.out[depth + 1, w] & ~growth.out[depth, w]
        while word != NOTHING:
            other = 64 * w + trailing_zeros(word)
            word &= word - ONE
            if other != atom:
                for e in range(net.indptr[other], net.indptr[other + 1]):
                    if lies_in(growth.taken[depth + 1], net.indices[e]):
                        border += net.cut_dm[e]
    return border


@lean_kernel
def least_cost(limits: Limits, market: Market, trail: Trail, depth: int, load: int) -> float:
    """Return what every set that grows from this one costs beyond the prices of the atoms that it has."""
    cost = trail.kept[depth] + 2.0 * limits.split_dm * trail.touched[depth] - trail.worth[depth]
    return float(cost + market.outside_price * max(0, load - limits.maximum) + 2.0 * limits.unevenness_dm * max(0, load - limits.target))


@lean_kernel
def whole_cost(limits: Limits, market: Market, trail: Trail, depth: int, load: int) -> float:
    """Return what a grid costs, but for barriers and moved households."""
    cost = trail.border[depth] + 2.0 * limits.split_dm * trail.touched[depth]
    return float(cost + market.outside_price * outside(load, limits) + 2.0 * limits.unevenness_dm * abs(load - limits.target))


@lean_kernel
def look_around(net: Net, market: Market, growth: Growth, view: View, depth: int, room: int) -> None:
    """Fill ``view.most``: what the atoms around a set are worth at most, were they divisible, each less its border with what is left out."""
    _measure(net, growth, view, depth, room)
    near, free = np.int64(0), SPARE
    for atom in range(len(net.households)):
        if view.away[atom] > room:
            continue
        gain, households = market.prices[atom] - _sure_fines(market, growth, depth, atom), net.households[atom]
        for e in range(net.indptr[atom], net.indptr[atom + 1]):
            if lies_in(growth.out[depth], net.indices[e]) and not lies_in(growth.taken[depth], net.indices[e]):
                gain -= net.cut_dm[e]
        if gain > 0 and households == 0:
            free += gain
        elif gain > 0:
            place = near
            while place > 0 and view.gain[place - 1] * households < gain * view.size[place - 1]:
                view.gain[place], view.size[place] = view.gain[place - 1], view.size[place - 1]
                place -= 1
            view.gain[place], view.size[place] = gain, households
            near += 1
    households, most = np.int64(0), view.most[depth]
    for place in range(near):
        each = view.gain[place] / view.size[place]
        for share in range(min(view.size[place], room + 1 - households)):
            most[households + share] = free + each * share
        households = min(room + 1, households + view.size[place])
        free += view.gain[place]
    for left in range(households, room + 1):
        most[left] = free


@lean_kernel
def _sure_fines(market: Market, growth: Growth, depth: int, atom: int) -> float:
    """Return the fines that come with an atom whatever comes later: of cuts of which the set holds one other, and the third was left out."""
    fines = 0.0
    for k in range(market.cut_from[atom], market.cut_from[atom + 1]):
        one, other = market.others[k, 0], market.others[k, 1]
        # What was taken is among what is out.
        decided = lies_in(growth.out[depth], one) and lies_in(growth.out[depth], other)
        if decided and lies_in(growth.taken[depth], one) != lies_in(growth.taken[depth], other):
            fines += market.fine[k]
    return fines


@lean_kernel
def _measure(net: Net, growth: Growth, view: View, depth: int, room: int) -> None:
    """Fill ``view.away``: how many households a set must take in to hold each atom, which may be more than there is ``room`` for."""
    count = len(net.households)
    for atom in range(count):
        view.away[atom], view.waits[atom] = room + 1, 0
    first, waiting = np.int64(0), np.int64(0)
    for w in range(growth.front.shape[1]):
        word = growth.front[depth, w]
        while word != NOTHING:
            atom = 64 * w + trailing_zeros(word)
            word &= word - ONE
            view.away[atom], view.waits[atom], view.queue[waiting] = net.households[atom], 1, atom
            waiting += 1
    # Corrected until all are right; an atom waits at most once at a time, so the ring suffices.
    while waiting > 0:
        atom = view.queue[first]
        first, waiting = (first + 1) % count, waiting - 1
        view.waits[atom] = 0
        for e in range(net.indptr[atom], net.crossable_end[atom]):
            other = net.indices[e]
            away = view.away[atom] + net.households[other]
            if away < view.away[other] and not lies_in(growth.out[depth], other) and not lies_in(growth.taken[depth], other):
                view.away[other] = away
                if view.waits[other] == 0:
                    view.waits[other], view.queue[(first + waiting) % count] = 1, other
                    waiting += 1

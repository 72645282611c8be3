"""What a set of atoms costs while it grows, and what it is worth by the prices of its atoms."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridmap.grids.division import Limits, outside
from gridmap.grids.graph import Floats, Ints
from gridmap.grids.growth import NOTHING, ONE, WORD, Growth, Words, lies_in
from gridmap.grids.treecut import Net
from gridmap.kernels import lean_kernel


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
    """What a growing set costs, by depth: its ``border``, what its atoms are ``worth`` less the fines of cuts, and its ``compounds``, ``touched`` of
    them.
    """

    border: Ints
    worth: Floats
    touched: Ints
    compounds: Words


def empty_trail(net: Net) -> Trail:
    """Return room for what sets of all atoms of ``net`` cost as they grow."""
    depths, words = len(net.households) + 2, int(net.compound.max(initial=0)) // 64 + 1
    border, touched = np.zeros((2, depths), np.int64)
    return Trail(border, np.zeros(depths), touched, np.zeros((depths, words), np.uint64))


@lean_kernel
def begin_trail(net: Net, market: Market, trail: Trail, root: int) -> None:
    """Tell what the set of ``root`` alone costs, at depth 0."""
    # A kernel is compiled once more for a number that is written down; this is not.
    depth = np.int64(0)
    trail.worth[0], trail.border[0], trail.touched[0] = market.prices[root], 0, 0
    trail.compounds[0] = NOTHING
    _touch(net, trail, depth, root)
    for e in range(net.indptr[root], net.indptr[root + 1]):
        trail.border[0] += net.cut_dm[e]


@lean_kernel
def follow_trail(net: Net, market: Market, growth: Growth, trail: Trail, depth: int, atom: int) -> None:
    """Tell what the set at ``depth`` costs at ``depth + 1`` with an atom."""
    border = np.int64(0)
    for e in range(net.indptr[atom], net.indptr[atom + 1]):
        border += -net.cut_dm[e] if lies_in(growth.taken[depth], net.indices[e]) else net.cut_dm[e]
    trail.border[depth + 1], trail.touched[depth + 1] = trail.border[depth] + border, trail.touched[depth]
    trail.worth[depth + 1] = trail.worth[depth] + market.prices[atom] - _fined(market, growth, depth, atom)
    for w in range(trail.compounds.shape[1]):
        trail.compounds[depth + 1, w] = trail.compounds[depth, w]
    _touch(net, trail, depth + 1, atom)


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
def whole_cost(limits: Limits, market: Market, trail: Trail, depth: int, load: int) -> float:
    """Return what a grid costs, but for barriers and moved households."""
    cost = trail.border[depth] + 2.0 * limits.split_dm * trail.touched[depth]
    return float(cost + market.outside_price * outside(load, limits) + 2.0 * limits.unevenness_dm * abs(load - limits.target))

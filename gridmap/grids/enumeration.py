"""Small parts of a community divided by trying everything: the best division of all, and so a proof."""

from __future__ import annotations

import numpy as np

from gridmap.grids.division import Limits, outside
from gridmap.grids.graph import Ints
from gridmap.grids.treecut import Net
from gridmap.kernels import kernel, lean_kernel

ENUMERATED_ATOMS = 14
"""Parts of up to so many atoms are enumerated: 3 ** 13 steps take some milliseconds."""

_VIOLATION = 1 << 40
"""Weight of a household outside the bounds against (twice) decimetres, so that it comes first, absolutely."""


def best_division(net: Net, limits: Limits) -> tuple[Ints, int]:
    """Return the best division of up to :data:`ENUMERATED_ATOMS` connected atoms into connected grids, and its violation in households.

    Labels are int64[n]. Of all divisions with the fewest households outside the bounds it has the least cost.
    """
    count = len(net.households)
    if count > ENUMERATED_ATOMS:
        raise ValueError(f"{count} atoms are too many to enumerate")
    labels = np.zeros(count, np.int64)
    return labels, int(_enumerate(net, limits, labels)) // _VIOLATION


@kernel
def _enumerate(net: Net, limits: Limits, labels: Ints) -> int:  # noqa: C901 - one compiled loop; calls inside it would cost
    """Fill ``labels``; return the violation times its weight plus twice the cost.

    A set of atoms is a number whose bits are its atoms. The best division of a set is the best grid with its lowest atom plus the best division of
    what is left.
    """
    count = len(net.households)
    near, easy = np.zeros(count, np.int64), np.zeros(count, np.int64)
    for i in range(count):
        for e in range(net.indptr[i], net.crossable_end[i]):
            near[i] |= 1 << net.indices[e]
        for e in range(net.indptr[i], net.easy_end[i]):
            easy[i] |= 1 << net.indices[e]
    whole = (1 << count) - 1
    grid = np.full(whole + 1, -1, np.int64)
    for members in range(1, whole + 1):
        if _pieces(members, near) == 1:
            grid[members] = _grid_cost(net, limits, members, easy)
    best = np.full(whole + 1, np.iinfo(np.int64).max, np.int64)
    first_grid = np.zeros(whole + 1, np.int64)
    best[0] = 0
    for members in range(1, whole + 1):
        lowest = members & -members
        rest = members ^ lowest
        others = rest
        while True:
            if grid[others | lowest] >= 0:
                total = grid[others | lowest] + best[rest ^ others]
                if total < best[members]:
                    best[members] = total
                    first_grid[members] = others | lowest
            if others == 0:
                break
            others = (others - 1) & rest
    label, left = 0, whole
    while left:
        for i in range(count):
            if first_grid[left] >> i & 1:
                labels[i] = label
        label += 1
        left ^= first_grid[left]
    return best[whole]


@lean_kernel
def _pieces(members: int, near: Ints) -> int:
    """Return into how many pieces the set ``members`` falls when ``near`` says which atoms hold together."""
    pieces = 0
    while members:
        pieces += 1
        front = members & -members
        while front:
            members ^= front
            beside = 0
            for i in range(len(near)):
                if front >> i & 1:
                    beside |= near[i]
            front = beside & members
    return pieces


@lean_kernel
def _grid_cost(net: Net, limits: Limits, members: int, easy: Ints) -> int:
    """Return the violation times its weight plus twice the cost of a grid. A border is counted from both of its sides."""
    count = len(net.households)
    households, cost, compounds, known, most = 0, 0, 0, 0, 0
    for i in range(count):
        if not members >> i & 1:
            continue
        households += net.households[i]
        for e in range(net.indptr[i], net.indptr[i + 1]):
            if not members >> net.indices[e] & 1:
                cost += net.cut_dm[e]
        first_of_compound, same_earlier = net.compound[i] >= 0, 0
        for j in range(count):
            if members >> j & 1:
                first_of_compound = first_of_compound and not (j < i and net.compound[j] == net.compound[i])
                same_earlier += net.households[j] if net.earlier[j] == net.earlier[i] else 0
        compounds += 1 if first_of_compound else 0
        if net.earlier[i] >= 0:
            known += net.households[i]
            most = max(most, same_earlier)
    cost += 2 * (limits.split_dm * compounds + limits.barrier_dm * (_pieces(members, easy) - 1))
    cost += 2 * (limits.unevenness_dm * abs(households - limits.target) + limits.moved_dm * (known - most))
    return outside(households, limits) * _VIOLATION + cost

"""Connected sets of atoms, gone through one after the other: what every grid of a part can be.

From a root atom a set grows by the free neighbour nearest to where it began; when all that follows has been seen, that neighbour is left out instead.
So each connected set with the root comes exactly once. Sets above the maximum are not grown on, nor those that cannot reach the minimum any more.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridmap.grids.graph import Ints
from gridmap.grids.treecut import NONE, Net
from gridmap.kernels import lean_kernel

FREE, TAKEN, LEFT_OUT = np.int64(0), np.int64(1), np.int64(2)
MANY = 1 << 40
"""More households than there are."""


class Walk(NamedTuple):
    """Where the walk through the sets stands. By atom: ``state`` (free, taken, left out). ``path`` lists the decisions so far, ``seen`` and ``stack``
    are room.

    ``at``: decisions in ``path``, households of the set, steps taken, stamp of ``seen``; ``at[6]`` is set to 1 by who wants no larger sets than the
    present one. Of the sets that were not gone through because they cannot come within the bounds, ``at[4]`` is the most that one below the minimum
    can hold, ``at[5]`` the least that one above the maximum can.
    """

    state: Ints
    path: Ints
    seen: Ints
    stack: Ints
    at: Ints


def empty_walk(count: int) -> Walk:
    """Return room for walks over ``count`` atoms."""
    state, path, seen, stack = (np.full(size, NONE, np.int64) for size in (count, count + 1, count, count))
    return Walk(state, path, seen, stack, np.zeros(7, np.int64))


@lean_kernel
def begin(walk: Walk) -> None:
    """Begin a walk with no atom decided."""
    for i in range(len(walk.state)):
        walk.state[i] = FREE
    for i in range(7):
        # The stamps go on, so that what was seen in an earlier walk is not taken for seen now.
        walk.at[i] = walk.at[3] if i == 3 else 0
    walk.at[5] = MANY


@lean_kernel
def next_set(net: Net, walk: Walk, root: int, minimum: int, maximum: int, steps: int) -> bool:
    """Go on to the next connected set with ``root``, whose households are then ``walk.at[1]``; False at the end, or when ``steps`` are used up.

    Before the first set ``walk.at[0]`` must be 0 and no atom taken; atoms left out by the caller stay out.
    """
    if walk.at[0] == 0:
        _decide(net, walk, root, TAKEN)
        return True
    while walk.at[2] < steps:
        walk.at[2] += 1
        if walk.at[1] <= maximum and walk.at[6] == 0:
            following = _next_atom(net, walk, minimum - walk.at[1], maximum - walk.at[1])
            if following >= 0:
                _decide(net, walk, following, TAKEN)
                return True
        walk.at[6] = 0
        # Go back to the last atom taken and leave it out instead.
        while walk.state[walk.path[walk.at[0] - 1]] == LEFT_OUT:
            walk.at[0] -= 1
            walk.state[walk.path[walk.at[0]]] = FREE
        walk.at[0] -= 1
        last = walk.path[walk.at[0]]
        walk.at[1] -= net.households[last]
        walk.state[last] = FREE
        if last == root:
            return False
        _decide(net, walk, last, LEFT_OUT)
    return False


@lean_kernel
def all_sets(net: Net, walk: Walk, roots: Ints, minimum: int, maximum: int, steps: int, atoms: Ints, start: Ints) -> int:
    """List every connected set of ``minimum`` to ``maximum`` households that holds one of ``roots``: set s holds ``atoms[start[s]:start[s + 1]]``.

    Returns how many there are; -1 when ``steps`` or the room in ``atoms`` and ``start`` do not suffice. Each set is found from its first root.
    """
    begin(walk)
    found = 0
    start[0] = 0
    for root in roots:
        while next_set(net, walk, root, minimum, maximum, steps):
            if minimum <= walk.at[1] <= maximum:
                end = start[found]
                if found + 1 >= len(start) or end + walk.at[0] > len(atoms):
                    return -1
                for d in range(walk.at[0]):
                    if walk.state[walk.path[d]] == TAKEN:
                        atoms[end] = walk.path[d]
                        end += 1
                found += 1
                start[found] = end
        if walk.at[2] >= steps:
            return -1
        walk.state[root] = LEFT_OUT
    return found


@lean_kernel
def _decide(net: Net, walk: Walk, atom: int, decision: int) -> None:
    walk.path[walk.at[0]] = atom
    walk.at[0] += 1
    walk.state[atom] = decision
    if decision == TAKEN:
        walk.at[1] += net.households[atom]


@lean_kernel
def _next_atom(net: Net, walk: Walk, lacking: int, room: int) -> int:
    """Return a free atom beside the set, the one nearest to where the set began; -1 when there is none or what is free cannot fill the set up.

    Only atoms that fit into ``room`` can help to reach ``lacking`` households; a heavier one is returned all the same, to tell what is above.
    """
    walk.at[3] += 1
    first, reach, top, heavy = np.int64(NONE), np.int64(0), np.int64(0), np.int64(MANY)
    for d in range(walk.at[0]):
        if walk.state[walk.path[d]] == TAKEN:
            first, reach, top, heavy = _look_around(net, walk, walk.path[d], room, first, reach, top, heavy)
    while top > 0 and reach < lacking:
        top -= 1
        _, reach, top, heavy = _look_around(net, walk, walk.stack[top], room, first, reach, top, heavy)
    if reach >= lacking:
        return first
    walk.at[4] = max(walk.at[4], walk.at[1] + reach)
    walk.at[5] = min(walk.at[5], walk.at[1] + heavy)
    return NONE


@lean_kernel
def _look_around(net: Net, walk: Walk, atom: int, room: int, first: int, reach: int, top: int, heavy: int) -> tuple[int, int, int, int]:
    """Add the free neighbours of ``atom`` that are light enough to the stack and to what can be reached; keep the first free and the lightest heavy
    one."""
    for e in range(net.indptr[atom], net.crossable_end[atom]):
        beside = net.indices[e]
        if walk.state[beside] == FREE and walk.seen[beside] != walk.at[3]:
            if first < 0:
                first = beside
            if net.households[beside] <= room:
                walk.seen[beside] = walk.at[3]
                reach += net.households[beside]
                walk.stack[top] = beside
                top += 1
            else:
                heavy = min(heavy, net.households[beside])
    return first, reach, top, heavy


def listed_sets(net: Net, minimum: int, maximum: int, steps: int, *, roots: Ints | None = None) -> tuple[Ints, Ints] | None:
    """Return the atoms and row starts of all connected sets within the bounds that hold one of ``roots`` (any atom, when None).

    None when ``steps`` do not suffice to list them.
    """
    atoms, start = np.zeros(8 * steps, np.int64), np.zeros(steps + 1, np.int64)
    holders = np.arange(len(net.households)) if roots is None else roots
    listed = all_sets(net, empty_walk(len(net.households)), holders, minimum, maximum, steps, atoms, start)
    return None if listed < 0 else (atoms[: start[listed]].copy(), start[: listed + 1].copy())

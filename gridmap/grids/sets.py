"""Connected sets of atoms, gone through one after the other: what every grid of a part can be.

From a root atom a set grows by the free neighbour nearest to where it began; when all that follows has been seen, that neighbour is left out instead.
So each connected set with the root comes exactly once. Sets above the maximum are not grown on, nor those that cannot reach the minimum any more.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridmap.grids.graph import Ints
from gridmap.grids.treecut import NONE, Net
from gridmap.kernels import kernel

FREE, TAKEN, LEFT_OUT = 0, 1, 2


class Walk(NamedTuple):
    """Where the walk through the sets stands. By atom: ``state`` (free, taken, left out). ``path`` lists the decisions so far, ``seen`` and ``stack`` are room.

    ``at``: decisions in ``path``, households of the set, steps taken, stamp of ``seen``.
    """

    state: Ints
    path: Ints
    seen: Ints
    stack: Ints
    at: Ints


@kernel
def begin_walk(count: int) -> Walk:
    """Return a walk over ``count`` atoms, none decided."""
    return Walk(
        np.zeros(count, np.int64), np.zeros(count + 1, np.int64), np.full(count, NONE, np.int64), np.zeros(count, np.int64), np.zeros(4, np.int64)
    )


@kernel
def next_set(net: Net, walk: Walk, root: int, minimum: int, maximum: int, steps: int) -> bool:
    """Go on to the next connected set with ``root``, whose households are then ``walk.at[1]``; False at the end, or when ``steps`` are used up.

    Before the first set ``walk.at[0]`` must be 0 and no atom taken; atoms left out by the caller stay out.
    """
    if walk.at[0] == 0:
        _decide(net, walk, root, TAKEN)
        return True
    while walk.at[2] < steps:
        walk.at[2] += 1
        if walk.at[1] <= maximum:
            following = _next_atom(net, walk, minimum - walk.at[1], maximum - walk.at[1])
            if following >= 0:
                _decide(net, walk, following, TAKEN)
                return True
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


@kernel
def all_sets(net: Net, minimum: int, maximum: int, steps: int, atoms: Ints, start: Ints) -> int:
    """List every connected set of ``minimum`` to ``maximum`` households: set s holds ``atoms[start[s]:start[s + 1]]``. Return how many there are.

    Returns -1 when ``steps`` or the room in ``atoms`` and ``start`` do not suffice. Each set is found from its first atom.
    """
    count = len(net.households)
    walk = begin_walk(count)
    found = 0
    start[0] = 0
    for root in range(count):
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


@kernel
def _decide(net: Net, walk: Walk, atom: int, decision: int) -> None:
    walk.path[walk.at[0]] = atom
    walk.at[0] += 1
    walk.state[atom] = decision
    if decision == TAKEN:
        walk.at[1] += net.households[atom]


@kernel
def _next_atom(net: Net, walk: Walk, lacking: int, room: int) -> int:
    """Return a free atom beside the set, the one nearest to where the set began; -1 when there is none or what is free cannot fill the set up.

    Only atoms that fit into ``room`` can help to reach ``lacking`` households; a heavier one is returned all the same, to tell what is above.
    """
    walk.at[3] += 1
    stamp, first, reach, top = walk.at[3], NONE, 0, 0
    for d in range(walk.at[0]):
        if walk.state[walk.path[d]] == TAKEN:
            first, reach, top = _look_around(net, walk, walk.path[d], stamp, room, first, reach, top)
    while top > 0 and reach < lacking:
        top -= 1
        _, reach, top = _look_around(net, walk, walk.stack[top], stamp, room, first, reach, top)
    return first if reach >= lacking else NONE


@kernel
def _look_around(net: Net, walk: Walk, atom: int, stamp: int, room: int, first: int, reach: int, top: int) -> tuple[int, int, int]:
    """Add the free neighbours of ``atom`` that are light enough to the stack and to what can be reached; return the first free one too."""
    for e in range(net.indptr[atom], net.crossable_end[atom]):
        beside = net.indices[e]
        if walk.state[beside] == FREE and walk.seen[beside] != stamp:
            if first < 0:
                first = beside
            if net.households[beside] <= room:
                walk.seen[beside] = stamp
                reach += net.households[beside]
                walk.stack[top] = beside
                top += 1
    return first, reach, top

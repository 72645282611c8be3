"""How many households must stay outside the bounds, told from the grids that a search left there.

Every division holds the atoms of those grids, each of them in one grid. So all grids that are possible with any of these atoms are listed, and of all
choices of them that hold each of these atoms once, and no other twice, the one with fewest households outside is looked for: no division has fewer.
Where that says too little, more of the atoms around are held too. Most of what cannot be helped has its cause nearby, so that few grids tell it,
however large the part is.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridmap.grids.cover import exact_cover
from gridmap.grids.division import Limits
from gridmap.grids.exchange import outside
from gridmap.grids.graph import CommunityGraph, Ints, Truths
from gridmap.grids.listing import grids_with
from gridmap.grids.treecut import net_of

FIRST_ATOMS = 2
"""So many atoms are held at first, each time twice as many more, a quarter of that where the grids with them are too many."""


class Room(NamedTuple):
    """What a look may spend.

    Too many ``grids`` are more than these, and in a part of n atoms more than ``held`` divided by n, since each takes longer to list there. The
    search for a choice among n grids may take ``looks`` divided by n nodes, since each looks at many of them, and no more than ``nodes``.
    ``refused``: so often grids or choices may be too many before no more is looked for.
    """

    grids: int
    held: int
    looks: int
    nodes: int
    refused: int


OFTEN = Room(4_000, 300_000, 10_000_000, 20_000, 10)
"""Of looks whenever a search wants to know, all together ..."""
AT_LAST = Room(10_000, 5_000_000, 100_000_000, 100_000, 12)
"""... of the last look around the grids outside the bounds ..."""
ALL_ATOMS = Room(20_000, 5_000_000, 2_000_000_000, 3_000_000, 1)
"""... and of a search that holds all atoms at once."""
ATOMS_MOST = 120
"""Among more atoms than these there are far too many possible grids for that."""


class Least:
    """What is proved of a part: no division of it has fewer than ``violation`` households outside the bounds, which is raised by who proves more."""

    def __init__(self, graph: CommunityGraph, limits: Limits, violation: int) -> None:
        self.violation = violation
        self._graph = graph
        # What grids cost is of no interest here.
        self._limits = limits._replace(barrier_dm=0, split_dm=0, unevenness_dm=0, moved_dm=0)
        self._tried: set[bytes] = set()
        self._refused = 0

    def reached(self, labels: Ints) -> bool:
        """Say whether it is proved that no division has fewer households outside the bounds than that of ``labels``, looking around those grids of
        it that are."""
        off = self._off(labels)
        near = off[labels] > 0
        violation = int(off.sum())
        if violation > self.violation and near.tobytes() not in self._tried:
            self._tried.add(near.tobytes())
            self._refused = self._look_around(near, violation, OFTEN, self._refused)
        return violation <= self.violation

    def reached_at_last(self, labels: Ints) -> bool:
        """Say the same after longer searches, once around those grids and once for all ways to divide the whole part."""
        off = self._off(labels)
        violation = int(off.sum())
        if violation > self.violation:
            self._look_around(off[labels] > 0, violation, AT_LAST, 0)
        if violation > self.violation and len(self._graph) <= ATOMS_MOST:
            every = np.arange(len(self._graph))
            self.violation = max(self.violation, self._told(every, len(every), violation, ALL_ATOMS) or 0)
        return violation <= self.violation

    def _off(self, labels: Ints) -> Ints:
        """Return how many households of each label's grid are outside the bounds."""
        load = np.bincount(labels, weights=self._graph.households).astype(np.int64)
        return np.where(np.bincount(labels) > 0, outside(load, self._limits), 0)

    def _look_around(self, near: Truths, violation: int, room: Room, refused: int) -> int:
        """Prove what can be proved, up to ``violation``, by choices that hold the atoms ``near`` and then others around them; return how often grids
        or choices were too many by then."""
        waiting, held, step = self._by_distance(near), np.zeros(0, np.int64), FIRST_ATOMS
        while len(waiting) and refused < room.refused and self.violation < violation:
            more = np.concatenate((held, waiting[:step]))
            others = np.setdiff1d(np.arange(len(near)), more)
            told = self._told(np.concatenate((more, others)), len(more), violation, room)
            if told is None:
                refused += 1
                # What cannot be held even by itself is left aside.
                waiting, step = waiting[step == 1 :], max(1, step // 4)
            else:
                self.violation = max(self.violation, told)
                held, waiting, step = more, waiting[step:], 2 * step
        return refused

    def _told(self, order: Ints, held: int, violation: int, room: Room) -> int | None:
        """Return the fewest households outside the bounds, at most ``violation``, of a choice of grids that holds the first ``held`` atoms of
        ``order``; None where grids or choices are too many to tell."""
        net = net_of(self._graph.part(order))
        grids = grids_with(net, self._limits, violation - 1, held, most=min(room.grids, room.held // len(order)))
        if grids is None or not len(grids):
            return None if grids is None else violation
        off = outside(np.add.reduceat(net.households[grids.atoms], grids.start[:-1]), self._limits).astype(np.float64)
        fewest_first = np.argsort(off, kind="stable")
        grids, off, count = grids.take(fewest_first), off[fewest_first], len(order)
        nodes, chosen = min(room.nodes, room.looks // len(grids)), np.zeros(count, np.int64)
        _, least, ended = exact_cover(grids.atoms, grids.start, off, off, count, held, 0, float(violation), 0.0, nodes, chosen)
        return round(least) if ended else None

    def _by_distance(self, near: Truths) -> Ints:
        """Return all atoms, those ``near`` first, then ring by ring around them, in each the heaviest first: these fit into fewest grids."""
        graph, ring, number = self._graph, np.full(len(near), len(near)), 0
        while near.any():
            ring[near] = number
            beside = np.zeros(len(near), np.bool_)
            beside[graph.second[graph.crossable & near[graph.first]]] = True
            beside[graph.first[graph.crossable & near[graph.second]]] = True
            near, number = beside & (ring == len(near)), number + 1
        return np.lexsort((-graph.households, ring))

"""Looks for grids among all that are possible, without listing them: those that the prices of their atoms make worth it.

Sets of atoms grow as in :mod:`gridmap.grids.listing`, each with its costs so far (:mod:`gridmap.grids.trails`). Those that cannot become worth it are
given up; the others come past again each time that prices change, which takes time but no memory.

Column generation after Desrosiers and Lübbecke, A Primer in Column Generation (2005).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import reverse_cuthill_mckee

from gridmap.grids.cuts import Cuts, by_atom
from gridmap.grids.division import Limits, Region, empty_region, outside, price_parts, release
from gridmap.grids.graph import Floats, Ints
from gridmap.grids.growth import (
    Ground,
    Growth,
    Words,
    begin,
    empty_growth,
    fill_alone,
    ground_of,
    leaves_divisible,
    lowest_atom,
    shuts_in,
    take,
    write,
)
from gridmap.grids.program import Prices
from gridmap.grids.recombine import Candidates
from gridmap.grids.trails import NOWHERE, Market, Trail, View, begin_trail, empty_trail, empty_view, follow_trail, least_cost, look_around, whole_cost
from gridmap.grids.treecut import Net, renumbered
from gridmap.kernels import lean_kernel

ROUND_GRIDS = 20_000
"""So many of the grids that are worth most are found at once."""
ATOMS_OF_GRID = 16
"""Room for so many atoms a grid, on average."""
LOOK_HOUSEHOLDS = 20
"""What lies around a set is looked at anew when it has grown by so many households, as long as there is room for as many more."""
ENDED, FULL, TOO_LONG = 0, 1, 2
"""How the search from a root ended: all sets were seen, there was no more room, the steps were used up."""
FOUND, STEPS = 0, 1


class Found(NamedTuple):
    """Grids found: ``atoms[start[g] : start[g + 1]]`` cost ``cost[g]``, which is ``reduced[g]`` beyond their prices. ``tally``: how many grids there
    are, and how many sets were looked at.
    """

    atoms: Ints
    start: Ints
    cost: Floats
    reduced: Floats
    tally: Ints


class Stream:
    """Finds grids that are worth what they cost, of those with ``low`` to ``high`` households that a division with at most
    ``violation`` households outside the bounds can hold. ``steps`` are all that it may take.
    """

    def __init__(self, net: Net, limits: Limits, *, violation: int, outside_price: float, low: int, high: int, steps: int) -> None:
        self._order = sweep_order(net)
        self._net, self._limits, self._violation, self._steps = renumbered(net, self._order), limits, violation, steps
        self._outside_price, self._low, self._high = outside_price, low, high
        self._ground, self._region = ground_of(self._net, high), empty_region(net)
        count, words = self._ground.beside.shape
        self._growth, self._room = empty_growth(count, words), np.zeros((4, words), np.uint64)
        self._total = fill_alone(self._net.households, limits, violation, self._room[3])
        self._trail, self._view = empty_trail(net), empty_view(net, high)

    def lowest(self, prices: Prices, cuts: Cuts, slack: float) -> Candidates | None:
        """Return up to :data:`ROUND_GRIDS` grids that cost less than ``slack`` beyond their ``prices`` under ``cuts``, the least dear ones; None when
        there are no steps left.
        """
        count = len(prices.atoms)
        found, market = _empty_found(ROUND_GRIDS, count), self._market(prices, cuts, slack)
        for root in range(count):
            ended = FULL
            while ended == FULL:
                before = int(found.tally[FOUND])
                ended = self._from(root, market, found)
                if ended == TOO_LONG:
                    return None
                if ended == FULL:
                    market = market._replace(slack=_make_room(found, before))
        return self._candidates(found)

    def listed(self, prices: Prices, cuts: Cuts, slack: float, most: int) -> Candidates | None:
        """Return every grid that costs less than ``slack`` beyond its prices; None when there are more than ``most`` or no steps left."""
        count = len(prices.atoms)
        found, market = _empty_found(most, count), self._market(prices, cuts, slack)
        for root in range(count):
            if self._from(root, market, found) != ENDED:
                return None
        return self._candidates(found)

    def _market(self, prices: Prices, cuts: Cuts, slack: float) -> Market:
        """Return what makes a grid worth its cost, the atoms in the order of the sweep."""
        count = len(prices.atoms)
        place = np.empty(count, np.int64)
        place[self._order] = np.arange(count)
        cut_from, cut_of = by_atom(place[cuts], count)
        atom = np.repeat(np.arange(count), np.diff(cut_from))
        of_cut = place[cuts][cut_of]
        others = of_cut[of_cut != atom[:, None]].reshape(-1, 2)
        return Market(
            prices.atoms[self._order], cut_from, others, -prices.cuts[cut_of], self._outside_price, self._low, self._high, prices.grid + slack
        )

    def _from(self, root: int, market: Market, found: Found) -> int:
        begun = int(found.tally[STEPS])
        ended = _stream_from(
            self._net, self._limits, self._violation, market, self._ground, self._growth, self._room, self._trail, self._view, self._region,
            self._total, root, begun + self._steps, found,
        )  # fmt: skip
        self._steps -= int(found.tally[STEPS]) - begun
        return ended

    def _candidates(self, found: Found) -> Candidates:
        grids = int(found.tally[FOUND])
        return Candidates(self._order[found.atoms[: found.start[grids]]], found.start[: grids + 1].copy(), found.cost[:grids].copy())


def sweep_order(net: Net) -> Ints:
    """Return an order of the atoms from one end of the part to the other: what comes before a root is then a short front."""
    count = len(net.households)
    links = csr_matrix((np.ones(len(net.indices)), net.indices, net.indptr), shape=(count, count))
    order: Ints = reverse_cuthill_mckee(links, symmetric_mode=True).astype(np.int64)
    return order


def _make_room(found: Found, before: int) -> float:
    """Give up the dearer half of the grids found and those after ``before``, which will come again; return what the others cost less than."""
    grids = int(found.tally[FOUND])
    slack = float(np.median(found.reduced[: before if 2 * before > grids else grids]))
    kept = np.flatnonzero(found.reduced[:before] < slack)
    cheaper = Candidates(found.atoms, found.start, found.cost).take(kept)
    found.atoms[: len(cheaper.atoms)], found.start[: len(kept) + 1], found.cost[: len(kept)] = cheaper.atoms, cheaper.start, cheaper.cost
    found.reduced[: len(kept)] = found.reduced[kept]
    found.tally[FOUND] = len(kept)
    return slack


def _empty_found(grids: int, atoms: int) -> Found:
    """Return room for so many grids of a part with so many atoms."""
    room = ATOMS_OF_GRID * grids + atoms
    return Found(np.empty(room, np.int64), np.zeros(grids + 1, np.int64), np.empty(grids), np.empty(grids), np.zeros(2, np.int64))


@lean_kernel
def _stream_from(
    net: Net, limits: Limits, violation: int, market: Market, ground: Ground, growth: Growth, room: Words, trail: Trail, view: View, region: Region,
    total: int, root: int, steps: int, found: Found,
) -> int:  # fmt: skip
    """Add to ``found`` the grids of ``market`` that hold ``root`` and else only later atoms; return how that ended."""
    begin(ground, growth, root)
    begin_trail(net, market, growth, trail, root)
    # All that is called would be compiled once more for a number that is written down; for this one it is not.
    depth, fresh = np.int64(0), True
    while depth >= 0:
        found.tally[STEPS] += 1
        if found.tally[STEPS] > steps:
            return TOO_LONG
        load, looked = growth.load[depth], trail.looked[depth]
        least, goes_on = least_cost(limits, market, trail, depth, load), load <= market.high
        if goes_on and looked != NOWHERE:
            goes_on = least - view.most[looked, market.high - load] < market.slack
        grown = load if looked == NOWHERE else load - growth.load[looked]
        if goes_on and fresh and min(grown, market.high - load) >= LOOK_HOUSEHOLDS:
            look_around(net, market, growth, view, depth, market.high - load)
            trail.looked[depth] = depth
            goes_on = least - view.most[depth, market.high - load] < market.slack
        if goes_on and fresh and load >= market.low and whole_cost(limits, market, trail, depth, load) - trail.worth[depth] < market.slack:
            divisible = leaves_divisible(ground, total, growth, depth, limits, violation, room)
            if divisible and not _record(net, limits, market, region, growth, trail, depth, found):
                return FULL
        atom = lowest_atom(growth.front[depth])
        fresh = False
        if atom < 0 or not goes_on:
            depth -= 1
        else:
            take(ground, growth, depth, atom)
            # Going on is of no use when the atom shuts in another that was left out.
            fresh = not shuts_in(ground.beside, growth.taken[depth + 1], growth.out[depth + 1], ground.beside[atom], room[3])
            follow_trail(net, market, growth, trail, depth, atom, fresh)
            depth += fresh
    return ENDED


@lean_kernel
def _record(net: Net, limits: Limits, market: Market, region: Region, growth: Growth, trail: Trail, depth: int, found: Found) -> bool:
    """Add a grid to ``found`` if its whole cost is low enough; False when there is no room."""
    grid, one = found.tally[FOUND], np.int64(1)
    begun = found.start[grid]
    if grid == len(found.cost) or begun + len(net.households) > len(found.atoms):
        return False
    end = write(growth.taken[depth], found.atoms, begun)
    for i in range(end - begun):
        region.tree.nodes[i] = found.atoms[begun + i]
        region.tree.place[found.atoms[begun + i]] = i
        region.part[i] = 0
    price_parts(net, limits, region, end - begun, one)
    release(region, end - begun)
    cost = region.part_cost[0] + market.outside_price * outside(growth.load[depth], limits)
    reduced = cost - trail.worth[depth]
    if reduced < market.slack:
        found.start[grid + 1], found.cost[grid], found.reduced[grid] = end, cost, reduced
        found.tally[FOUND] = grid + 1
    return True

"""Looks for grids among all that are possible, without listing them: those that the prices of their atoms make worth it.

Sets of atoms grow as in :mod:`gridmap.grids.listing`, each with its costs so far (:mod:`gridmap.grids.trails`). Those that cannot become worth it
(:mod:`gridmap.grids.outlook`) are given up; the others come past again each time that prices change, which takes time but no memory.

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
from gridmap.grids.outlook import Outlook, begin_outlook, empty_outlook, follow_outlook, look_again
from gridmap.grids.program import Prices
from gridmap.grids.recombine import Candidates
from gridmap.grids.trails import Market, Trail, begin_trail, empty_trail, follow_trail, whole_cost
from gridmap.grids.treecut import Net, renumbered
from gridmap.kernels import lean_kernel

ROUND_GRIDS = 20_000
"""So many of the grids that are worth most are found at once."""
ATOMS_OF_GRID = 16
"""Room for so many atoms a grid, on average."""
ENDED, FULL, TOO_LONG = 0, 1, 2
"""How the search from a root ended: all sets were seen, there was no more room, the steps were used up."""
STEPS_AT_ONCE = 50_000
"""Someone who wants to stop waits no longer than this takes."""
FOUND, STEPS, DEPTH, FRESH = range(4)
BEGINNING = -1


class Found(NamedTuple):
    """Grids found: ``atoms[start[g] : start[g + 1]]`` cost ``cost[g]``, which is ``reduced[g]`` beyond their prices. ``tally``: how many grids there
    are, how many sets were looked at, and where to go on: at which depth (or from the :data:`BEGINNING`), and whether the set there is a fresh one.
    """

    atoms: Ints
    start: Ints
    cost: Floats
    reduced: Floats
    tally: Ints


class Round(NamedTuple):
    """The ``grids`` found in a round, and whether that ``ended``: otherwise others would have been found too."""

    grids: Candidates
    ended: bool


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
        self._trail = empty_trail(net)

    @property
    def left(self) -> int:
        """How many steps are left."""
        return self._steps

    def lowest(self, prices: Prices, cuts: Cuts, slack: float, *, steps: int | None = None) -> Round:
        """Look for up to :data:`ROUND_GRIDS` grids that cost less than ``slack`` beyond their ``prices`` under ``cuts``, the least dear ones, with so
        many ``steps``, by default all that are left.
        """
        count, least = len(prices.atoms), max(0, self._steps - (self._steps if steps is None else steps))
        found, (market, outlook) = _empty_found(ROUND_GRIDS, count), self._asked(prices, cuts, slack)
        for root in range(count):
            ended = FULL
            while ended == FULL:
                before = int(found.tally[FOUND])
                ended = self._from(root, market, outlook, found, self._steps - least)
                if ended == TOO_LONG:
                    return Round(self._candidates(found), False)
                if ended == FULL:
                    market = market._replace(slack=_make_room(found, before))
        return Round(self._candidates(found), True)

    def listed(self, prices: Prices, cuts: Cuts, slack: float, most: int) -> Candidates | None:
        """Return every grid that costs less than ``slack`` beyond its prices; None when there are more than ``most``, or where half
        the steps left do not do: the other half is for another try.
        """
        count, least = len(prices.atoms), self._steps // 2
        found, (market, outlook) = _empty_found(most, count), self._asked(prices, cuts, slack)
        for root in range(count):
            if self._from(root, market, outlook, found, self._steps - least) != ENDED:
                return None
        return self._candidates(found)

    def _asked(self, prices: Prices, cuts: Cuts, slack: float) -> tuple[Market, Outlook]:
        """Return what makes a grid worth its cost, and room for what is seen of that, the atoms in the order of the sweep."""
        count = len(prices.atoms)
        place = np.empty(count, np.int64)
        place[self._order] = np.arange(count)
        cuts = place[cuts]
        cut_from, cut_of = by_atom(cuts, count)
        atom = np.repeat(np.arange(count), np.diff(cut_from))
        of_cut = cuts[cut_of]
        others, fine = of_cut[of_cut != atom[:, None]].reshape(-1, 2), -prices.cuts[cut_of]
        slack += prices.grid
        market = Market(prices.atoms[self._order], cut_from, others, fine, self._outside_price, self._low, self._high, slack)
        return market, empty_outlook(self._net, self._limits, cuts)

    def _from(self, root: int, market: Market, outlook: Outlook, found: Found, steps: int) -> int:
        begun, ended = int(found.tally[STEPS]), TOO_LONG
        while ended == TOO_LONG and found.tally[STEPS] < begun + steps:
            ended = _stream_from(
                self._net, self._limits, self._violation, market, self._ground, self._growth, self._room, self._trail, outlook, self._region,
                self._total, root, min(begun + steps, found.tally[STEPS] + STEPS_AT_ONCE), found,
            )  # fmt: skip
        found.tally[DEPTH] = BEGINNING
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
    return Found(np.empty(room, np.int64), np.zeros(grids + 1, np.int64), np.empty(grids), np.empty(grids), np.array([0, 0, BEGINNING, 0]))


@lean_kernel
def _stream_from(
    net: Net, limits: Limits, violation: int, market: Market, ground: Ground, growth: Growth, room: Words, trail: Trail, outlook: Outlook,
    region: Region, total: int, root: int, steps: int, found: Found,
) -> int:  # fmt: skip
    """Go on adding to ``found`` the grids of ``market`` that hold ``root`` and else only later atoms, until ``steps`` are taken in all; return how it
    ended.
    """
    # All that is called would be compiled once more for a number that is written down; for this one it is not.
    depth, fresh = np.int64(0), True
    if found.tally[DEPTH] == BEGINNING:
        begin(ground, growth, root)
        begin_trail(net, market, trail, root)
        begin_outlook(net, limits, market, growth, outlook)
    else:
        depth, fresh = found.tally[DEPTH], found.tally[FRESH] == 1
    while depth >= 0:
        if found.tally[STEPS] >= steps:
            found.tally[DEPTH], found.tally[FRESH] = depth, fresh
            return TOO_LONG
        found.tally[STEPS] += 1
        load = growth.load[depth]
        goes_on = load <= market.high and outlook.sure[depth] < market.slack
        if goes_on and fresh and depth > 0 and load < market.high:
            look_again(net, limits, market, growth, outlook, depth)
            goes_on = outlook.sure[depth] < market.slack
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
            if fresh:
                follow_trail(net, market, growth, trail, depth, atom)
            follow_outlook(growth, outlook, depth, atom, fresh)
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

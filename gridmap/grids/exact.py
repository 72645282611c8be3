"""The linear program over all grids that are possible, without listing them: grids are looked for when the prices of their atoms make them worth it.

Column generation after Desrosiers and Lübbecke, A Primer in Column Generation (2005); here with exact pricing, see :mod:`gridmap.grids.pricing`.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import reverse_cuthill_mckee

from gridmap.grids.division import Limits, empty_region
from gridmap.grids.graph import Floats, Ints
from gridmap.grids.pricing import EXACT, Market, empty_found, price_from, walker_of
from gridmap.grids.recombine import Candidates
from gridmap.grids.treecut import Net

ROOT_STEPS = 3_000
"""Steps of the first searches from one root; when they find nothing anywhere, they are made ``LONGER`` times longer."""
LONGER = 8
ROOT_GRIDS = 60
"""Grids that one root gives at once."""
ROUND_GRIDS = 800
"""Grids that one round gives, more or less."""
BEST_GRIDS = 600
"""Of the grids of a round, so many of the most worthwhile enter the program."""
MARGIN = 0.5
"""Costs are whole numbers of half decimetres; a grid must be worth so much more than it costs."""


class Pricer:
    """Finds grids of a part that cost less than their atoms are worth: those with at most ``tolerance`` households outside the bounds, each of
    which costs ``outside_price``. ``steps`` are about all that it may take, ``steps_taken`` those that it took.

    ``complete`` tells that the last call saw every such grid and found none: the sum of the prices is then a bound on the cost of every plan of
    such grids.
    """

    def __init__(self, net: Net, limits: Limits, *, outside_price: float, tolerance: int, steps: int) -> None:
        self._net, self._limits, self._outside_price = net, limits, outside_price
        self._low, self._high = max(0, limits.minimum - tolerance), limits.maximum + tolerance
        self._steps, self._each, self._turn = steps, ROOT_STEPS, 0
        self.steps_taken = 0
        self._order, self._rank = _sweep(net)
        self._walker, self._region = walker_of(net), empty_region(net)
        self.complete = False

    def __call__(self, prices: Floats) -> Candidates:
        """Return some of the grids that cost less than the ``prices`` (float64, by atom) of their atoms."""
        while True:
            found, exact = self._round(prices)
            self.complete = exact and not len(found)
            if len(found) or exact or self.steps_taken >= self._steps:
                return found
            self._each *= LONGER

    def _round(self, prices: Floats) -> tuple[Candidates, bool]:
        """Search from every root in turn until enough is found; say whether every grid was seen."""
        count = len(self._order)
        market = Market(prices, self._outside_price, self._low, self._high, MARGIN)
        room = ROUND_GRIDS + ROOT_GRIDS
        found = empty_found(room, room * count)
        exact = True
        for turn in range(count):
            root = self._order[(self._turn + turn) % count]
            steps = min(self._each, max(self._steps - self.steps_taken, 1))
            ended, taken = price_from(
                self._net, self._limits, market, self._rank, root, steps, ROOT_GRIDS, self._walker, self._region, found
            )
            self.steps_taken += taken
            exact = exact and ended == EXACT
            if found.count[0] >= ROUND_GRIDS or self.steps_taken >= self._steps:
                self._turn = (self._turn + turn + 1) % count
                exact = exact and turn == count - 1
                break
        grids = int(found.count[0])
        every = Candidates(found.atoms[: found.start[grids]], found.start[: grids + 1], found.cost[:grids])
        return every.take(np.argsort(every.reduced(prices), kind="stable")[:BEST_GRIDS]), exact


def _sweep(net: Net) -> tuple[Ints, Ints]:
    """Return an order of the atoms from one end of the part to the other, and each one's rank in it: what comes before a root is then a short
    front.
    """
    count = len(net.households)
    links = csr_matrix((np.ones(len(net.indices)), net.indices, net.indptr), shape=(count, count))
    order = reverse_cuthill_mckee(links, symmetric_mode=True).astype(np.int64)
    rank = np.empty(count, np.int64)
    rank[order] = np.arange(count)
    return order, rank

"""Looks for grids among all that are possible, without listing them: those that the prices of their atoms make worth it.

Column generation after Desrosiers and Lübbecke, A Primer in Column Generation (2005); here with exact pricing, see :mod:`gridmap.grids.pricing`.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import reverse_cuthill_mckee

from gridmap.grids.division import Limits, empty_region
from gridmap.grids.graph import Floats, Ints
from gridmap.grids.pricing import EXACT, Found, Market, empty_found, price_from, walker_of
from gridmap.grids.recombine import Candidates
from gridmap.grids.treecut import Net

ROOT_STEPS = 3_000
"""Steps of the first searches from one root; when they find nothing anywhere, they are made ``LONGER`` times longer."""
LONGER = 8
LONGEST = 1 << 62
ROOT_GRIDS = 60
"""Grids that one root gives at once."""
ROUND_GRIDS = 800
"""Grids that one round gives, more or less."""
BEST_GRIDS = 600
"""Of the grids of a round, so many of the most worthwhile enter the program."""
LISTED_ATOMS = 40
"""Room for so many atoms a grid, on average, where grids are listed."""
MARGIN = 0.5
"""Costs are whole numbers of half decimetres; a grid must be worth so much more than it costs."""


class Pricer:
    """Finds grids of a part that cost less than their atoms are worth, of those with ``low`` to ``high`` households; each household outside the
    bounds costs ``outside_price``. ``steps`` are about all that it may take, ``steps_taken`` those that it took.

    ``complete`` tells that the last call saw every such grid and found none: the sum of the prices is then a bound on the cost of every plan of
    such grids, but for ``MARGIN`` a grid.
    """

    def __init__(self, net: Net, limits: Limits, *, outside_price: float, low: int, high: int, steps: int, longest: int = LONGEST) -> None:
        self._net, self._limits, self._outside_price = net, limits, outside_price
        self._low, self._high = low, high
        self._steps, self._each, self._longest, self._turn = steps, ROOT_STEPS, longest, 0
        self.steps_taken = 0
        self._order = sweep_order(net)
        self._rank = np.argsort(self._order)
        self._walker, self._region = walker_of(net), empty_region(net)
        self.complete = False

    def __call__(self, prices: Floats, grid_price: float = 0.0) -> Candidates:
        """Return some of the grids that cost less than the ``prices`` (float64, by atom) of their atoms and the price of a grid."""
        market = Market(prices, self._outside_price, self._low, self._high, MARGIN - grid_price)
        while True:
            found, exact = self._round(market)
            self.complete = exact and not len(found)
            if len(found) or exact or self.steps_taken >= self._steps or self._each >= self._longest:
                return found.take(np.argsort(found.reduced(prices), kind="stable")[:BEST_GRIDS])
            self._each *= LONGER

    def listed(self, prices: Floats, grid_price: float, slack: float, most: int) -> Candidates | None:
        """Return every grid that costs less than ``slack`` beyond its prices; None when there are more than ``most`` or as many steps as there were
        in all do not suffice.
        """
        market = Market(prices, self._outside_price, self._low, self._high, -slack - grid_price)
        found = empty_found(most, LISTED_ATOMS * most)
        steps = self._steps
        for root in self._order:
            ended, taken = price_from(self._net, self._limits, market, self._rank, root, steps, most, self._walker, self._region, found)
            steps -= taken
            if ended != EXACT:
                return None
        return _candidates(found)

    def _round(self, market: Market) -> tuple[Candidates, bool]:
        """Search from every root in turn until enough is found; say whether every grid was seen."""
        count = len(self._order)
        room = ROUND_GRIDS + ROOT_GRIDS
        found = empty_found(room, room * count)
        exact = True
        for turn in range(count):
            root = self._order[(self._turn + turn) % count]
            steps = min(self._each, max(self._steps - self.steps_taken, 1))
            ended, taken = price_from(self._net, self._limits, market, self._rank, root, steps, ROOT_GRIDS, self._walker, self._region, found)
            self.steps_taken += taken
            exact = exact and ended == EXACT
            if found.count[0] >= ROUND_GRIDS or self.steps_taken >= self._steps:
                self._turn = (self._turn + turn + 1) % count
                exact = exact and turn == count - 1
                break
        return _candidates(found), exact


def _candidates(found: Found) -> Candidates:
    grids = int(found.count[0])
    return Candidates(found.atoms[: found.start[grids]], found.start[: grids + 1], found.cost[:grids])


def sweep_order(net: Net) -> Ints:
    """Return an order of the atoms from one end of the part to the other: what comes before a root is then a short front."""
    count = len(net.households)
    links = csr_matrix((np.ones(len(net.indices)), net.indices, net.indptr), shape=(count, count))
    order: Ints = reverse_cuthill_mckee(links, symmetric_mode=True).astype(np.int64)
    return order

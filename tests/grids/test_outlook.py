from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from graphs import limits_of, town_of

from gridmap.grids.cuts import Cuts, by_atom, no_cuts
from gridmap.grids.exchange import outside
from gridmap.grids.graph import CommunityGraph, Floats
from gridmap.grids.growth import Growth, begin, empty_growth, ground_of, lowest_atom, take
from gridmap.grids.listing import possible_grids
from gridmap.grids.outlook import Outlook, begin_outlook, empty_outlook, follow_outlook, look_again
from gridmap.grids.program import Prices
from gridmap.grids.trails import Market
from gridmap.grids.treecut import net_of

MINIMUM, MAXIMUM, OUTSIDE = 150, 190, 1000.0


def market_of(prices: Floats, cuts: Cuts, fines: Floats, violation: int) -> Market:
    cut_from, cut_of = by_atom(cuts, len(prices))
    atom = np.repeat(np.arange(len(prices)), np.diff(cut_from))
    others = cuts[cut_of][cuts[cut_of] != atom[:, None]].reshape(-1, 2)
    return Market(prices, cut_from, others, fines[cut_of], OUTSIDE, MINIMUM - violation, MAXIMUM + violation, np.inf)


class Walk:
    """A set that grows from ``root``: each atom of its front is taken or left out as chance wills."""

    def __init__(self, graph: CommunityGraph, root: int, market: Market, cuts: Cuts) -> None:
        self.net, self.limits, self.market = net_of(graph), limits_of(graph, MINIMUM, MAXIMUM), market
        self.ground = ground_of(self.net, market.high)
        self.growth: Growth = empty_growth(*self.ground.beside.shape)
        self.outlook: Outlook = empty_outlook(self.net, self.limits, cuts)
        self.depth = np.int64(0)
        begin(self.ground, self.growth, root)
        begin_outlook(self.net, self.limits, market, self.growth, self.outlook)

    def step(self, taken: bool) -> bool:
        """Decide on an atom; False when there is none."""
        atom = lowest_atom(self.growth.front[self.depth])
        if atom < 0:
            return False
        take(self.ground, self.growth, self.depth, atom)
        follow_outlook(self.growth, self.outlook, self.depth, atom, taken)
        self.depth += np.int64(taken)
        return True

    def look(self) -> None:
        look_again(self.net, self.limits, self.market, self.growth, self.outlook, self.depth)

    def told(self) -> tuple[set[int], set[int], float]:
        """The atoms taken, those left out, and what is sure."""
        taken, out = (self._atoms(row) for row in (self.growth.taken[self.depth], self.growth.out[self.depth]))
        return taken, out - taken, float(self.outlook.sure[self.depth])

    @staticmethod
    def _atoms(words: np.ndarray) -> set[int]:
        return {64 * w + bit for w, word in enumerate(words.tolist()) for bit in range(64) if word >> bit & 1}


def every_grid(graph: CommunityGraph, prices: Prices, cuts: Cuts, violation: int) -> list[tuple[set[int], float]]:
    """Every possible grid, and what it costs beyond its prices."""
    limits = limits_of(graph, MINIMUM, MAXIMUM)
    grids = possible_grids(net_of(graph), limits, violation, most=10**6)
    assert grids is not None
    reduced = prices.reduced(grids, cuts) + OUTSIDE * outside(np.add.reduceat(graph.households[grids.atoms], grids.start[:-1]), limits)
    return [(set(grids.atoms[a:b].tolist()), float(cost)) for cost, (a, b) in zip(reduced, pairwise(grids.start), strict=True)]


def drawn(graph: CommunityGraph, seed: int, *, fined: bool, violation: int) -> tuple[Prices, Cuts, Market]:
    rng = np.random.default_rng(seed)
    prices = rng.integers(-200, 800, len(graph)).astype(float)
    cuts = np.array([np.sort(rng.choice(len(graph), 3, replace=False)) for _ in range(12)], np.int64) if fined else no_cuts()
    fines = rng.integers(0, 900, len(cuts)).astype(float)
    return Prices(prices, 0.0, -fines, 0.0), cuts, market_of(prices, cuts, fines, violation)


@pytest.mark.parametrize("fined", [False, True], ids=["without_cuts", "with_cuts"])
@pytest.mark.parametrize("violation", [0, 25])
@pytest.mark.parametrize("seed", range(4))
def test_no_grid_that_grows_from_a_set_costs_less_than_is_sure(seed: int, violation: int, fined: bool) -> None:
    graph = town_of(22, seed=seed)
    prices, cuts, market = drawn(graph, seed, fined=fined, violation=violation)
    every, rng, seen = every_grid(graph, prices, cuts, violation), np.random.default_rng(seed), 0
    for root in [0, 0, 0, 5, 5, 9] * 5:
        walk = Walk(graph, root, market, cuts)
        going = True
        while going:
            taken, out, sure = walk.told()
            costs = [cost for atoms, cost in every if taken <= atoms and not out & atoms]
            assert sure <= min(costs, default=np.inf)
            seen += len(costs) > 0
            taken_in = bool(rng.integers(0, 2))
            going = walk.step(taken_in)
            if going and taken_in and rng.integers(0, 2):
                walk.look()
    assert seen > 100


def test_looking_again_tells_what_looking_at_once_does() -> None:
    """Going on with a flow gives the least that there is at that rate, whatever way it went before."""
    graph = town_of(22, seed=1)
    _, cuts, market = drawn(graph, 1, fined=True, violation=0)
    often, once = Walk(graph, 0, market, cuts), Walk(graph, 0, market, cuts)
    for taken in (True, False, True, True):
        assert often.step(taken)
        assert once.step(taken)
        if taken:
            often.look()
    once.look()
    rates = often.outlook.rate[often.depth], once.outlook.rate[once.depth]
    if rates[0] == rates[1]:
        assert often.told() == once.told()
    # Either is near the best rate: they differ by less than what that may be off by for each household.
    assert abs(often.told()[2] - once.told()[2]) <= abs(rates[0] - rates[1]) * MAXIMUM


def test_a_set_that_nothing_can_come_of_is_told_at_once() -> None:
    graph = town_of(22, seed=1)
    market = market_of(np.zeros(22), no_cuts(), np.zeros(0), 0)
    walk = Walk(graph, 0, market, no_cuts())
    # Every grid has a border, and prices pay for none of it.
    assert walk.told()[2] > 0

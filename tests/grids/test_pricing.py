from __future__ import annotations

import numpy as np
from graphs import connected_sets, path_of, small_graphs
from hypothesis import given
from hypothesis import strategies as st

from gridmap.grids.division import Limits, empty_region, price_sets
from gridmap.grids.graph import CommunityGraph
from gridmap.grids.pricing import EXACT, TOO_LONG, TOO_MANY, Market, empty_found, price_from, walker_of
from gridmap.grids.treecut import net_of

LIMITS = Limits(4, 6, 5, 600, 400, 3, 0)
OUTSIDE_PRICE = 90.0


def found_from(
    graph: CommunityGraph, market: Market, root: int, rank: np.ndarray, *, steps: int = 10**6, most: int = 10**4
) -> tuple[int, dict[frozenset[int], float]]:
    net = net_of(graph)
    found = empty_found(2000, 20_000)
    ended, _ = price_from(net, LIMITS, market, rank, root, steps, most, walker_of(net), empty_region(net), found)
    sets = [frozenset(found.atoms[found.start[s] : found.start[s + 1]].tolist()) for s in range(found.count[0])]
    assert len(set(sets)) == len(sets)
    return ended, dict(zip(sets, found.cost.tolist(), strict=False))


def cost_of(graph: CommunityGraph, atoms: frozenset[int]) -> float:
    net, cost = net_of(graph), np.zeros(1, np.int64)
    price_sets(net, LIMITS, empty_region(net), np.array(sorted(atoms), np.int64), np.array([0, len(atoms)]), cost)
    households = int(graph.households[sorted(atoms)].sum())
    return float(cost[0] + OUTSIDE_PRICE * (max(0, 4 - households) + max(0, households - 6)))


@given(small_graphs(most=8, heaviest=4), st.data())
def test_exactly_the_sets_that_are_worth_it_are_found(graph: CommunityGraph, data: st.DataObject) -> None:
    count = len(graph)
    prices = np.array(data.draw(st.lists(st.integers(-300, 900), min_size=count, max_size=count)), float)
    rank = np.array(data.draw(st.permutations(range(count))))
    tolerance = data.draw(st.integers(0, 2))
    market = Market(prices, OUTSIDE_PRICE, 4 - tolerance, 6 + tolerance, 0.5)
    for root in range(count):
        ended, found = found_from(graph, market, root, rank)
        sets = connected_sets(graph, market.low, market.high)
        mine = {each for each in sets if root in each and all(rank[atom] >= rank[root] for atom in each)}
        wanted = {each: cost_of(graph, each) for each in mine}
        assert ended == EXACT
        assert found == {each: cost for each, cost in wanted.items() if cost - prices[sorted(each)].sum() < -0.5}


def line(count: int) -> CommunityGraph:
    return path_of(*[1] * count)


def test_search_ends_when_its_steps_are_used_up() -> None:
    market = Market(np.full(30, 1e6), OUTSIDE_PRICE, 4, 6, 0.5)
    assert found_from(line(30), market, 15, np.abs(np.arange(30) - 15), steps=3)[0] == TOO_LONG


def test_search_ends_when_enough_is_found() -> None:
    market = Market(np.full(30, 1e6), OUTSIDE_PRICE, 4, 6, 0.5)
    ended, found = found_from(line(30), market, 15, np.abs(np.arange(30) - 15), most=2)
    assert (ended, len(found)) == (TOO_MANY, 2)


def test_a_search_leaves_no_trace_in_its_room() -> None:
    graph = line(12)
    net = net_of(graph)
    walker, region, market = walker_of(net), empty_region(net), Market(np.full(12, 1e6), OUTSIDE_PRICE, 4, 6, 0.5)
    counts = []
    for steps in (10**6, 2, 10**6):
        found = empty_found(100, 1000)
        price_from(net, LIMITS, market, np.arange(12), 3, steps, 100, walker, region, found)
        counts.append(int(found.count[0]))
    assert counts[0] == counts[2] > counts[1]

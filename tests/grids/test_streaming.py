from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from graphs import limits_of, small_graphs, town_of
from hypothesis import given
from hypothesis import strategies as st

from gridmap.grids import streaming
from gridmap.grids.cuts import no_cuts
from gridmap.grids.exchange import outside
from gridmap.grids.graph import CommunityGraph, Floats
from gridmap.grids.listing import possible_grids
from gridmap.grids.program import Prices
from gridmap.grids.recombine import Candidates
from gridmap.grids.streaming import Stream
from gridmap.grids.treecut import NONE, net_of

OUTSIDE = 1000.0


def stream_of(
    graph: CommunityGraph, minimum: int, maximum: int, *, violation: int = 0, steps: int = 10**8, earlier: np.ndarray | None = None
) -> Stream:
    low, high = minimum - violation, maximum + violation
    net, limits = net_of(graph, earlier), limits_of(graph, minimum, maximum)
    return Stream(net, limits, violation=violation, outside_price=OUTSIDE, low=low, high=high, steps=steps)


def every_grid(
    graph: CommunityGraph, minimum: int, maximum: int, prices: Floats, *, violation: int = 0, earlier: np.ndarray | None = None
) -> dict[frozenset[int], tuple[float, float]]:
    """The cost of every possible grid, and what that is beyond its prices."""
    grids = possible_grids(net_of(graph, earlier), limits_of(graph, minimum, maximum), violation, most=10**6)
    assert grids is not None
    load = np.add.reduceat(graph.households[grids.atoms], grids.start[:-1]) if len(grids) else np.zeros(0, np.int64)
    cost = grids.cost + OUTSIDE * outside(load, limits_of(graph, minimum, maximum))
    return dict(zip(sets_of(grids), zip(cost.tolist(), (cost - grids.sums(prices)).tolist(), strict=True), strict=True))


def sets_of(grids: Candidates) -> list[frozenset[int]]:
    return [frozenset(grids.atoms[a:b].tolist()) for a, b in pairwise(grids.start)]


def priced(atoms: Floats, grid: float = 0.0, cuts: Floats | None = None) -> Prices:
    return Prices(atoms, grid, np.zeros(0) if cuts is None else cuts, 0.0)


def drawn_prices(graph: CommunityGraph, seed: int, mean: float) -> Floats:
    return np.round(np.random.default_rng(seed).normal(mean, mean, len(graph)))


@given(small_graphs(), st.integers(0, 3), st.integers(0, 1000), st.integers(-50, 300))
def test_exactly_the_grids_below_the_slack_are_found_with_their_costs(graph: CommunityGraph, violation: int, seed: int, slack: int) -> None:
    graph = graph.part(graph.components()[0])
    prices, earlier = drawn_prices(graph, seed, 60), np.random.default_rng(seed).integers(NONE, 2, len(graph))
    every = every_grid(graph, 5, 8, prices, violation=violation, earlier=earlier)
    found = stream_of(graph, 5, 8, violation=violation, earlier=earlier).listed(priced(prices, 7.0), no_cuts(), float(slack), 10_000)
    assert found is not None
    assert dict(zip(sets_of(found), found.cost.tolist(), strict=True)) == {each: cost for each, (cost, more) in every.items() if more < slack + 7}


@pytest.mark.parametrize("seed", range(6))
def test_cuts_make_grids_dearer_that_hold_two_of_their_atoms(seed: int) -> None:
    graph, rng = town_of(20, seed=seed), np.random.default_rng(seed)
    cuts = np.array([rng.choice(20, 3, replace=False) for _ in range(15)], np.int64)
    prices = priced(drawn_prices(graph, seed, 200.0), -20.0, -rng.integers(0, 400, 15).astype(float))
    every = possible_grids(net_of(graph), limits_of(graph, 150, 190), 0, most=10**6)
    assert every is not None
    reduced = prices.reduced(every, cuts)
    for slack in np.quantile(reduced, [0.01, 0.1, 0.5]):
        found = stream_of(graph, 150, 190).listed(prices, cuts, float(slack), len(every))
        assert found is not None
        assert set(sets_of(found)) == set(sets_of(every.take(np.flatnonzero(reduced < slack))))


@pytest.mark.parametrize("seed", range(3))
def test_where_there_is_no_room_for_all_the_least_dear_ones_are_found(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "ROUND_GRIDS", 100)
    graph = town_of(24, seed=seed)
    prices = drawn_prices(graph, seed, 200.0)
    every = {each: more for each, (_, more) in every_grid(graph, 150, 190, prices).items()}
    found, ended = stream_of(graph, 150, 190).lowest(priced(prices), no_cuts(), 1e6)
    assert ended
    assert 0 < len(found) <= 100 < len(every)
    dearest = max(every[each] for each in sets_of(found))
    assert set(sets_of(found)) == {each for each, more in every.items() if more <= dearest}


def test_more_grids_than_there_is_room_for_are_not_listed() -> None:
    graph = town_of(24, seed=1)
    assert stream_of(graph, 150, 190).listed(priced(np.zeros(24)), no_cuts(), 1e6, 50) is None


def test_steps_are_for_all_calls_together() -> None:
    graph = town_of(24, seed=1)
    every = every_grid(graph, 150, 190, np.zeros(24))
    stream = stream_of(graph, 150, 190, steps=10 * len(every))
    rounds = [stream.lowest(priced(np.zeros(24)), no_cuts(), 1e6) for _ in range(11)]
    assert [rounds[0].ended, rounds[-1].ended] == [True, False]
    assert stream.listed(priced(np.zeros(24)), no_cuts(), 1e6, 10**6) is None


@pytest.mark.parametrize("steps_at_once", [1, 7])
def test_after_a_pause_one_goes_on_where_one_was(steps_at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = town_of(24, seed=1)
    prices = priced(drawn_prices(graph, 1, 200.0))
    at_once = stream_of(graph, 150, 190).lowest(prices, no_cuts(), 1e4)
    monkeypatch.setattr(streaming, "STEPS_AT_ONCE", steps_at_once)
    paused = stream_of(graph, 150, 190).lowest(prices, no_cuts(), 1e4)
    assert len(at_once.grids) > 10
    assert (sets_of(paused.grids), paused.ended) == (sets_of(at_once.grids), True)


def test_prices_that_nothing_is_worth_spare_most_sets() -> None:
    graph = town_of(24, seed=1)
    every = every_grid(graph, 150, 190, np.zeros(24))
    found, ended = stream_of(graph, 150, 190, steps=len(every) // 2).lowest(priced(np.zeros(24)), no_cuts(), 0.0)
    assert ended
    assert not len(found)

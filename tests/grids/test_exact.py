from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from graphs import best_by_trying, holds_together, limits_of, path_of, small_graphs, town_of
from hypothesis import given, settings
from scipy.optimize import Bounds, LinearConstraint, milp

from gridmap.grids.division import empty_region, price_sets
from gridmap.grids.enumeration import best_division
from gridmap.grids.exact import ExactEffort, Solution, best_division_proved
from gridmap.grids.graph import CommunityGraph, score
from gridmap.grids.recombine import Candidates
from gridmap.grids.search import search
from gridmap.grids.sets import listed_sets
from gridmap.grids.treecut import net_of

LISTED = ExactEffort(10**5, 10**4, branches=10**4, possible=10**6)
STREAMED = ExactEffort(10**5, 10**4, branches=10**4, streamed=10**9)
DEEP = ExactEffort(2_000, 10**4, branches=10**4, streamed=10**9, deep=True)
EACH_WAY = pytest.mark.parametrize("effort", [LISTED, STREAMED, DEEP], ids=["listed", "streamed", "deep"])
NOTHING = ExactEffort(1, 1)


def solved(
    graph: CommunityGraph,
    minimum: int,
    maximum: int,
    *,
    start: np.ndarray | None = None,
    earlier: np.ndarray | None = None,
    effort: ExactEffort = LISTED,
) -> Solution:
    labels = np.zeros(len(graph), np.int64) if start is None else start
    return best_division_proved(net_of(graph, earlier), limits_of(graph, minimum, maximum), labels, effort)


def always_paid(graph: CommunityGraph) -> int:
    """Twice what a division costs whatever it is: the split of a compound counts from its first grid on."""
    return 2 * graph.split_dm * len(np.unique(graph.compound[graph.compound >= 0]))


@EACH_WAY
@pytest.mark.parametrize("graph", [path_of(6), path_of(0, 6)], ids=len)
def test_what_costs_nothing_is_proved_the_best(effort: ExactEffort, graph: CommunityGraph) -> None:
    found = solved(graph, 5, 8, effort=effort)
    assert (found.violation, found.cost, found.proved) == (0, 0, True)


@EACH_WAY
@settings(max_examples=40)
@given(small_graphs(most=7, heaviest=9))
def test_small_part_gets_the_best_division_and_a_proof(effort: ExactEffort, graph: CommunityGraph) -> None:
    graph = graph.part(graph.components()[0])
    found = solved(graph, 5, 8, effort=effort)
    assert found.proved
    assert holds_together(graph, found.labels)
    assert (found.violation, found.cost) == (lambda best: (best[0], 2 * best[1] + always_paid(graph)))(best_by_trying(graph, 5, 8))


@EACH_WAY
@pytest.mark.parametrize("seed", range(4))
def test_best_division_is_that_of_the_enumeration(seed: int, effort: ExactEffort) -> None:
    graph = town_of(13, seed=seed)
    labels, violation = best_division(net_of(graph), limits_of(graph, 90, 110))
    found = solved(graph, 90, 110, effort=effort)
    assert found.proved
    assert tuple(score(graph, found.labels, 90, 110)) == tuple(score(graph, labels, 90, 110))
    assert found.least_violation == violation


@pytest.mark.parametrize("seed", range(4))
def test_prices_to_begin_with_change_nothing(seed: int) -> None:
    graph = town_of(13, seed=seed)
    net, limits, labels = net_of(graph), limits_of(graph, 90, 110), np.zeros(13, np.int64)
    anew = best_division_proved(net, limits, labels, STREAMED)
    unlike = {grids: each._replace(atoms=each.atoms[::-1].copy()) for grids, each in anew.prices.items()}
    begun = best_division_proved(net, limits, labels, STREAMED, near=unlike)
    assert unlike
    assert begun.proved
    assert (begun.violation, begun.cost) == (anew.violation, anew.cost)


@EACH_WAY
def test_staying_near_an_earlier_plan_counts(effort: ExactEffort) -> None:
    graph = town_of(13, seed=5)
    earlier = np.arange(13) // 3
    labels, _ = best_division(net_of(graph, earlier), limits_of(graph, 90, 120))
    found = solved(graph, 90, 120, earlier=earlier, effort=effort)
    assert tuple(score(graph, found.labels, 90, 120, earlier=earlier)) == tuple(score(graph, labels, 90, 120, earlier=earlier))


@pytest.mark.slow
@EACH_WAY
@pytest.mark.parametrize("seed", [1, 5])
def test_best_division_is_that_of_an_integer_program_over_all_grids(seed: int, effort: ExactEffort) -> None:
    graph = town_of(26, seed=seed)
    start = search(graph, 150, 190, effort="quick").labels
    found = solved(graph, 150, 190, start=start, effort=effort)
    assert found.violation == 0
    assert found.proved
    net, limits = net_of(graph), limits_of(graph, 150, 190)
    listed = listed_sets(net, 150, 190, 10**8)
    assert listed is not None
    cost = np.zeros(len(listed[1]) - 1, np.int64)
    price_sets(net, limits, empty_region(net), *listed, cost)
    held = np.zeros((len(graph), len(cost)))
    held[listed[0], np.repeat(np.arange(len(cost)), np.diff(listed[1]))] = 1
    best = milp(cost, constraints=LinearConstraint(held, 1, 1), integrality=np.ones(len(cost)), bounds=Bounds(0, 1), options={"mip_rel_gap": 0})
    assert found.cost == pytest.approx(best.fun)


LITTLE = [
    replace(LISTED, nodes=1, branches=1),
    replace(LISTED, nodes=10, branches=0),
    replace(LISTED, listed=200),
    replace(STREAMED, streamed=10_000),
    replace(STREAMED, streamed=20_000),
    replace(STREAMED, streamed=40_000),
    replace(STREAMED, nodes=10, branches=0),
    replace(STREAMED, listed=20, deep=True),
    replace(STREAMED, listed=20, deep=True, streamed=40_000),
]


@pytest.mark.parametrize("effort", [NOTHING, *LITTLE])
def test_bounds_of_a_proof_broken_off_hold(effort: ExactEffort) -> None:
    graph = town_of(13, seed=1)
    labels, violation = best_division(net_of(graph), limits_of(graph, 90, 110))
    found = solved(graph, 90, 110, effort=effort)
    assert found.least_violation <= violation <= found.violation
    if found.least_violation == violation == found.violation:
        assert found.least_cost <= 2 * score(graph, labels, 90, 110).objective_dm + always_paid(graph)


def test_without_effort_nothing_is_proved_and_nothing_lost() -> None:
    graph = town_of(40, seed=3)
    start = search(graph, 250, 300, effort="quick").labels
    found = solved(graph, 250, 300, start=start, effort=NOTHING)
    assert not found.proved
    assert not found.bounded
    assert tuple(score(graph, found.labels, 250, 300)) <= tuple(score(graph, start, 250, 300))


def test_grids_that_are_known_may_be_given() -> None:
    graph = town_of(24, seed=4)
    net, limits = net_of(graph), limits_of(graph, 250, 300)
    start = search(graph, 250, 300, effort="quick").labels
    pool = Candidates(np.arange(2), np.array([0, 2]), np.array([10**6.0]))
    with_pool = best_division_proved(net, limits, start, STREAMED, pool=pool)
    assert (with_pool.violation, with_pool.cost) == (lambda alone: (alone.violation, alone.cost))(solved(graph, 250, 300, start=start))


@EACH_WAY
def test_too_few_households_for_one_grid(effort: ExactEffort) -> None:
    found = solved(path_of(40, 50, 60), 250, 300, effort=effort)
    assert (found.violation, found.least_violation, found.proved) == (100, 100, True)

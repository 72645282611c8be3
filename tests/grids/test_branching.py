from __future__ import annotations

import numpy as np
import pytest
from graphs import town_of
from scipy.optimize import Bounds, LinearConstraint, milp

from gridmap.grids.branching import Best, branched, cover
from gridmap.grids.cuts import no_cuts
from gridmap.grids.division import Limits
from gridmap.grids.listing import possible_grids
from gridmap.grids.program import Prices, Program, lowered, resolved
from gridmap.grids.recombine import Candidates
from gridmap.grids.treecut import net_of

COUNT = 40


@pytest.fixture(scope="module", params=range(3))
def grids(request: pytest.FixtureRequest) -> Candidates:
    """All grids of a made-up town, at made-up costs that a linear program rarely chooses whole grids for."""
    graph = town_of(COUNT, seed=request.param, lightest=30)
    limits = Limits(150, 180, 165, graph.barrier_dm, graph.split_dm, graph.unevenness_dm, graph.moved_dm)
    found = possible_grids(net_of(graph), limits, 0, most=100_000)
    assert found is not None
    chance = np.random.default_rng(request.param)
    return Candidates(found.atoms, found.start, 1000.0 + 2.0 * chance.integers(0, 300, len(found)))


@pytest.fixture(scope="module")
def number(grids: Candidates) -> int:
    """A number of grids in which all can be held."""
    return round(COUNT / (len(grids.atoms) / len(grids)))


@pytest.fixture(scope="module")
def cheapest(grids: Candidates, number: int) -> float:
    """What the cheapest choice costs, by an integer program."""
    held = np.vstack((grids.held(COUNT).T, np.ones(len(grids))))
    sums = np.append(np.ones(COUNT), number)
    once = LinearConstraint(held, sums, sums)
    found = milp(grids.cost, constraints=once, integrality=np.ones(len(grids)), bounds=Bounds(0, 1), options={"mip_rel_gap": 0})
    assert found.success
    return float(round(found.fun))


def dear() -> Best:
    """A choice of single atoms that every other is better than."""
    return Best(Candidates(np.arange(COUNT), np.arange(COUNT + 1), np.full(COUNT, 2000.0)))


def is_whole(found: Candidates) -> bool:
    return sorted(found.atoms.tolist()) == list(range(COUNT))


def test_the_cheapest_choice_is_found_and_proved(grids: Candidates, number: int, cheapest: float) -> None:
    best = dear()
    bound = branched(grids, no_cuts(), COUNT, number, best, np.inf, nodes=10_000)
    assert is_whole(best.grids)
    assert (best.cost, bound) == (cheapest, best.goal)


def test_a_bound_broken_off_holds(grids: Candidates, number: int, cheapest: float) -> None:
    best = dear()
    assert branched(grids, no_cuts(), COUNT, number, best, np.inf, nodes=2) <= cheapest <= best.cost


def test_nothing_cheaper_than_the_best_is_said(grids: Candidates, number: int, cheapest: float) -> None:
    best = dear()
    best.offer(Candidates(np.arange(COUNT), np.array([0, COUNT]), np.array([cheapest])))
    kept = best.grids
    assert branched(grids, no_cuts(), COUNT, number, best, np.inf, nodes=10_000) == best.goal
    assert best.grids is kept


def prices_of(grids: Candidates, number: int) -> Prices:
    program = Program(COUNT, number, 10_000.0)
    return lowered(resolved(program, grids, np.ones(len(grids), np.bool_))[0], grids, number, None)


def test_trying_all_ways_finds_the_cheapest_too(grids: Candidates, number: int, cheapest: float) -> None:
    best = dear()
    assert cover(grids, prices_of(grids, number), number, best, np.inf, no_cuts(), nodes=10**6)
    assert best.cost == cheapest


def test_trying_says_when_it_was_broken_off(grids: Candidates, number: int) -> None:
    assert not cover(grids, prices_of(grids, number), number, dear(), np.inf, no_cuts(), nodes=1)


def test_a_number_of_grids_that_cannot_hold_all_has_no_choice(grids: Candidates) -> None:
    best = dear()
    assert branched(grids, no_cuts(), COUNT, 1, best, np.inf, nodes=10_000) == best.goal == dear().goal

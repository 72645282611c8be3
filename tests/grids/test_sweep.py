from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from graphs import network, town_of

from gridmap.grids.branching import Best, branched
from gridmap.grids.cuts import no_cuts
from gridmap.grids.division import Limits
from gridmap.grids.graph import CommunityGraph
from gridmap.grids.listing import possible_grids
from gridmap.grids.program import Prices, Program, lowered, resolved
from gridmap.grids.recombine import Candidates
from gridmap.grids.sweep import sweep
from gridmap.grids.treecut import net_of

COUNT = 40


@pytest.fixture(params=range(3))
def town(request: pytest.FixtureRequest) -> CommunityGraph:
    return town_of(COUNT, seed=request.param, lightest=30)


@pytest.fixture
def grids(town: CommunityGraph) -> Candidates:
    """All grids of the town."""
    limits = Limits(150, 180, 165, town.barrier_dm, town.split_dm, town.unevenness_dm, town.moved_dm)
    found = possible_grids(net_of(town), limits, 0, most=100_000)
    assert found is not None
    return found


def cheapest(grids: Candidates, number: int) -> Best:
    best = Best(Candidates(np.arange(COUNT), np.arange(COUNT + 1), np.full(COUNT, 1e6)))
    branched(grids, no_cuts(), COUNT, number, best, np.inf, nodes=10_000)
    return best


@pytest.fixture
def number(grids: Candidates) -> int:
    return round(COUNT / (len(grids.atoms) / len(grids)))


@pytest.fixture
def best(grids: Candidates, number: int) -> Best:
    """A division that is the best one at other costs."""
    chance = np.random.default_rng(1)
    chosen = cheapest(Candidates(grids.atoms, grids.start, 1000.0 + chance.integers(0, 300, len(grids))), number).grids
    cost_of = {frozenset(held(grids, c)): grids.cost[c] for c in range(len(grids))}
    return Best(Candidates(chosen.atoms, chosen.start, np.array([cost_of[frozenset(held(chosen, c))] for c in range(len(chosen))])))


@pytest.fixture
def prices(grids: Candidates, number: int) -> Prices:
    program = Program(COUNT, number, 10_000.0)
    return lowered(resolved(program, grids, np.ones(len(grids), np.bool_))[0], grids, number, None)


def held(grids: Candidates, c: int) -> list[int]:
    return [int(atom) for atom in grids.atoms[grids.start[c] : grids.start[c + 1]]]


def test_all_grids_at_once_are_divided_at_best(town: CommunityGraph, grids: Candidates, number: int, best: Best, prices: Prices) -> None:
    before = best.cost
    sweep(best, grids, prices, net_of(town), size=number, nodes=10**6)
    assert best.cost == cheapest(grids, number).cost < before
    assert sorted(best.grids.atoms.tolist()) == list(range(COUNT))


def test_no_two_grids_side_by_side_can_be_divided_better(town: CommunityGraph, grids: Candidates, best: Best, prices: Prices) -> None:
    before = best.cost
    sweep(best, grids, prices, net_of(town), size=2, nodes=10**6)
    assert best.cost < before
    every = [(frozenset(held(grids, c)), grids.cost[c]) for c in range(len(grids))]
    for first, second in combinations(range(len(best.grids)), 2):
        atoms = frozenset(held(best.grids, first) + held(best.grids, second))
        inside = {one: cost for one, cost in every if one < atoms}
        least = min(cost + inside[atoms - one] for one, cost in inside.items() if atoms - one in inside)
        if any(network(town).has_edge(a, b) for a in held(best.grids, first) for b in held(best.grids, second)):
            assert least == best.grids.cost[first] + best.grids.cost[second]

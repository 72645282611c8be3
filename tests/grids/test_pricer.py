from __future__ import annotations

import numpy as np
import pytest
from graphs import best_by_trying, town_of

from gridmap.grids.division import Limits
from gridmap.grids.graph import CommunityGraph
from gridmap.grids.pricer import Pricer
from gridmap.grids.recombine import Candidates, priced
from gridmap.grids.treecut import net_of

PRICE = 10_000.0


def single_atoms(graph: CommunityGraph) -> Candidates:
    count = len(graph)
    return Candidates(np.arange(count), np.arange(count + 1), np.full(count, 1e7))


def priced_out(graph: CommunityGraph, minimum: int, maximum: int, *, tolerance: int, steps: int = 10**7) -> tuple[Candidates, float, Pricer]:
    limits = Limits(minimum, maximum, (minimum + maximum) // 2, graph.barrier_dm, graph.split_dm, graph.unevenness_dm, graph.moved_dm)
    pricer = Pricer(net_of(graph), limits, outside_price=PRICE, low=max(0, minimum - tolerance), high=maximum + tolerance, steps=steps)
    candidates, prices = priced(single_atoms(graph), len(graph), np.arange(len(graph)), 1000, pricer)
    return candidates, float(prices.sum()), pricer


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_the_sum_of_the_prices_is_a_bound_on_every_plan(seed: int) -> None:
    graph = town_of(8, seed=seed)
    violation, objective = best_by_trying(graph, 60, 90)
    _, bound, pricer = priced_out(graph, 60, 90, tolerance=60)
    best = 2 * objective + PRICE * violation
    # What a plan costs whatever it is: the split of compounds counts from the first grid on.
    compounds = 2 * graph.split_dm * len(np.unique(graph.compound[graph.compound >= 0]))
    assert pricer.complete
    assert bound <= best + compounds + 1e-6


def test_a_bound_is_not_complete_when_the_steps_are_used_up() -> None:
    assert not priced_out(town_of(40, seed=1), 250, 300, tolerance=0, steps=50)[2].complete


@pytest.mark.slow
def test_grids_found_are_within_the_bounds_and_connected() -> None:
    graph = town_of(40, seed=2)
    candidates, _, _ = priced_out(graph, 250, 300, tolerance=0, steps=50_000)
    found = candidates.take(np.arange(40, len(candidates)))
    assert len(found)
    assert all(250 <= load <= 300 for load in found.sums(graph.households.astype(float)))
    for atoms in np.split(found.atoms, found.start[1:-1]):
        assert len(graph.part(np.sort(atoms)).components()) == 1

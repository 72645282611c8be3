from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from graphs import limits_of, town_of

from gridmap.grids.exchange import outside
from gridmap.grids.listing import possible_grids
from gridmap.grids.recombine import Candidates
from gridmap.grids.roots import TAIL, Task, listed_root, streamed_root
from gridmap.grids.treecut import net_of

OUTSIDE = 1e6
NONE_KNOWN = Candidates(np.zeros(0, np.int64), np.zeros(1, np.int64), np.zeros(0))


def task_of(grids: int, *, seed: int, cost: float, minimum: int = 150, maximum: int = 190, violation: int = 0) -> Task:
    graph = town_of(24, seed=seed)
    return Task(net_of(graph), limits_of(graph, minimum, maximum), violation, OUTSIDE, cost, grids)


def every_grid(task: Task) -> Candidates:
    grids = possible_grids(task.net, task.limits, task.violation, most=10**6)
    assert grids is not None
    load = np.add.reduceat(task.net.households[grids.atoms], grids.start[:-1])
    return replace(grids, cost=grids.cost + OUTSIDE * outside(load, task.limits))


@pytest.mark.parametrize("violation", [0, 20])
@pytest.mark.parametrize("grids", [3, 4, 5, 6])
@pytest.mark.parametrize("seed", range(3))
def test_listed_and_gone_through_they_give_the_same_bound(seed: int, grids: int, violation: int) -> None:
    dear = task_of(grids, seed=seed, cost=1e5 + violation * OUTSIDE, violation=violation)
    every, likely = every_grid(dear), np.full(24, 100.0)
    if dear.low > dear.high or not len(dear.fitting(every)):
        return
    least = listed_root(dear, every, likely).bound
    # Once with a division known that is better than that, and once with one that is a tenth worse.
    for cost in (0.99 * least, 1.1 * least):
        task = replace(dear, cost=cost)
        listed, streamed = listed_root(task, every, likely), streamed_root(task, NONE_KNOWN, likely, steps=10**8)
        if listed.bound >= task.goal:
            assert streamed.bound >= task.goal
        else:
            # Prices are rounded, so that neither bound is quite the highest there is.
            assert listed.bound - TAIL * (task.goal - streamed.bound) - 1 <= streamed.bound <= listed.bound + 0.1


def test_no_possible_grid_costs_less_than_its_prices() -> None:
    task = task_of(5, seed=1, cost=1e5)
    every, root = every_grid(task), streamed_root(task, NONE_KNOWN, np.full(24, 100.0), steps=10**8)
    assert root.prices.reduced(task.fitting(every)).min() >= 0


@pytest.mark.parametrize("steps", [0, 100, 3_000, 10_000, 30_000])
def test_broken_off_its_bound_holds(steps: int) -> None:
    task = task_of(5, seed=1, cost=1e5)
    likely = np.full(24, 100.0)
    assert streamed_root(task, NONE_KNOWN, likely, steps=steps).bound <= listed_root(task, every_grid(task), likely).bound + 0.1


def test_broken_off_at_once_nothing_is_known() -> None:
    assert streamed_root(task_of(5, seed=1, cost=1e5), NONE_KNOWN, np.full(24, 100.0), steps=100).bound == 0.0


def test_a_grid_has_room_for_what_the_others_leave() -> None:
    graph = town_of(24, seed=1)
    total = int(graph.households.sum())
    task = Task(net_of(graph), limits_of(graph, 150, 190), 0, OUTSIDE, 1e5, 5)
    assert (task.low, task.high) == (max(150, total - 4 * 190), min(190, total - 4 * 150))

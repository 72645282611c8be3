from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from graphs import limits_of, town_of
from scipy.optimize import Bounds, LinearConstraint, milp

from gridmap.grids.exchange import outside
from gridmap.grids.generation import TAIL, deepened, streamed_root
from gridmap.grids.listing import possible_grids
from gridmap.grids.program import prices_of
from gridmap.grids.recombine import Candidates
from gridmap.grids.roots import Root, Task, listed_root
from gridmap.grids.streaming import Stream
from gridmap.grids.treecut import net_of

OUTSIDE = 1e6
WITH_A_GAP = (2, 3, 6, 7)
"""Towns whose best division into five grids costs more than the linear program without cuts."""
LIKELY = prices_of(np.full(24, 100.0), 0.0, 5)
NONE_KNOWN = Candidates(np.zeros(0, np.int64), np.zeros(1, np.int64), np.zeros(0))


def task_of(grids: int, *, seed: int, cost: float, minimum: int = 150, maximum: int = 190, violation: int = 0) -> Task:
    graph = town_of(24, seed=seed)
    return Task(net_of(graph), limits_of(graph, minimum, maximum), violation, OUTSIDE, cost, grids)


def every_grid(task: Task) -> Candidates:
    grids = possible_grids(task.net, task.limits, task.violation, most=10**6)
    assert grids is not None
    load = np.add.reduceat(task.net.households[grids.atoms], grids.start[:-1])
    return replace(grids, cost=grids.cost + OUTSIDE * outside(load, task.limits))


def cheapest(task: Task) -> float:
    """What the best division costs, by an integer program over all grids."""
    grids = task.fitting(every_grid(task))
    held = np.zeros((25, len(grids)))
    held[grids.atoms, np.repeat(np.arange(len(grids)), np.diff(grids.start))] = 1
    held[24] = 1
    wanted = np.array([1.0] * 24 + [task.grids])
    found = milp(grids.cost, constraints=LinearConstraint(held, wanted, wanted), integrality=np.ones(len(grids)), bounds=Bounds(0, 1))
    return float(found.fun)


def deeper(task: Task, root: Root) -> Root:
    assert isinstance(root.source, Stream)
    return deepened(task, root, root.source)


@pytest.mark.parametrize("violation", [0, 20])
@pytest.mark.parametrize("grids", [3, 4, 5, 6])
@pytest.mark.parametrize("seed", range(3))
def test_gone_through_grids_give_the_bound_of_listed_ones(seed: int, grids: int, violation: int) -> None:
    dear = task_of(grids, seed=seed, cost=1e5 + violation * OUTSIDE, violation=violation)
    every = every_grid(dear)
    if dear.low > dear.high or not len(dear.fitting(every)):
        return
    least = listed_root(dear, every, LIKELY).bound
    # Once with a division known that is better than that, and once with one that is a tenth worse.
    for cost in (0.99 * least, 1.1 * least):
        task = replace(dear, cost=cost)
        listed, streamed = listed_root(task, every, LIKELY), streamed_root(task, NONE_KNOWN, LIKELY, steps=10**8)
        if listed.bound >= task.goal:
            assert streamed.bound >= task.goal
        else:
            # Prices are rounded, so that neither bound is quite the highest there is.
            assert listed.bound - TAIL * (task.goal - streamed.bound) - 1 <= streamed.bound <= listed.bound + 0.1


@pytest.fixture(params=[1, 2, 3])
def hardly_better(request: pytest.FixtureRequest) -> Task:
    """A task with a division known that is a tenth worse than a mixture of grids can be."""
    task = task_of(5, seed=request.param, cost=1e5)
    return replace(task, cost=1.1 * listed_root(task, every_grid(task), LIKELY).bound)


@pytest.mark.parametrize("times", [0.1, 0.9, 1.0, 1.1, 10.0])
def test_wherever_its_prices_begin_the_bound_is_that_of_listed_ones(hardly_better: Task, times: float) -> None:
    listed = listed_root(hardly_better, every_grid(hardly_better), LIKELY)
    unlike = np.random.default_rng(7).uniform(0.5, 1.5, 24)
    near = listed.prices._replace(atoms=times * unlike * listed.prices.atoms)
    streamed = streamed_root(hardly_better, NONE_KNOWN, LIKELY, near=near, steps=10**8)
    assert listed.bound - TAIL * (hardly_better.goal - streamed.bound) - 1 <= streamed.bound <= listed.bound + 0.1


def test_begun_near_the_best_prices_it_takes_fewer_steps(hardly_better: Task) -> None:
    best = listed_root(hardly_better, every_grid(hardly_better), LIKELY).prices
    begun, anew = (streamed_root(hardly_better, NONE_KNOWN, LIKELY, near=near, steps=10**8).source for near in (best, None))
    assert isinstance(begun, Stream)
    assert isinstance(anew, Stream)
    assert begun.left > anew.left


def test_no_possible_grid_costs_less_than_its_prices() -> None:
    task = task_of(5, seed=1, cost=1e5)
    root = streamed_root(task, NONE_KNOWN, LIKELY, steps=10**8)
    assert root.prices.reduced(task.fitting(every_grid(task))).min() >= 0


@pytest.mark.parametrize("steps", [0, 100, 3_000, 10_000, 30_000])
def test_broken_off_its_bound_holds(steps: int) -> None:
    task = task_of(5, seed=1, cost=1e5)
    assert streamed_root(task, NONE_KNOWN, LIKELY, steps=steps).bound <= listed_root(task, every_grid(task), LIKELY).bound + 0.1


def test_broken_off_at_once_nothing_is_known() -> None:
    assert streamed_root(task_of(5, seed=1, cost=1e5), NONE_KNOWN, LIKELY, steps=10).bound == 0.0


@pytest.mark.parametrize("seed", WITH_A_GAP)
def test_cuts_bring_the_bound_nearer_to_the_best_division(seed: int) -> None:
    best = cheapest(task_of(5, seed=seed, cost=1e5))
    task = task_of(5, seed=seed, cost=1.01 * best)
    root = streamed_root(task, NONE_KNOWN, LIKELY, steps=10**8)
    deep = deeper(task, root)
    assert root.bound < deep.bound <= best


@pytest.mark.parametrize("seed", WITH_A_GAP)
def test_no_possible_grid_costs_less_than_its_prices_under_cuts(seed: int) -> None:
    task = task_of(5, seed=seed, cost=1.01 * cheapest(task_of(5, seed=seed, cost=1e5)))
    deep = deeper(task, streamed_root(task, NONE_KNOWN, LIKELY, steps=10**8))
    assert deep.prices.reduced(task.fitting(every_grid(task)), deep.cuts).min() >= 0


def test_without_steps_left_nothing_is_deepened() -> None:
    task = task_of(5, seed=1, cost=1e5)
    root = streamed_root(task, NONE_KNOWN, LIKELY, steps=30_000)
    spent = Stream(task.net, task.limits, violation=0, outside_price=OUTSIDE, low=task.low, high=task.high, steps=0)
    assert deepened(task, root, spent).bound == root.bound

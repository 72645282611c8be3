from __future__ import annotations

import numpy as np
import pytest
from graphs import limits_of, town_of
from scipy.optimize import linprog

from gridmap.grids.listing import possible_grids
from gridmap.grids.program import prices_of
from gridmap.grids.roots import Task, listed_root
from gridmap.grids.treecut import net_of


def task_of(grids: int, *, seed: int, cost: float) -> Task:
    graph = town_of(24, seed=seed)
    return Task(net_of(graph), limits_of(graph, 150, 190), 0, 1e6, cost, grids)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_bound_is_that_of_the_linear_program_over_every_grid(seed: int) -> None:
    task = task_of(5, seed=seed, cost=1e5)
    every = possible_grids(task.net, task.limits, 0, most=10**6)
    assert every is not None
    grids = task.fitting(every)
    held = np.zeros((25, len(grids)))
    held[grids.atoms, np.repeat(np.arange(len(grids)), np.diff(grids.start))] = 1
    held[24] = 1
    oracle = linprog(grids.cost, A_eq=held, b_eq=[1.0] * 24 + [task.grids])
    assert listed_root(task, every, prices_of(np.full(24, 100.0), 0.0, 5)).bound == pytest.approx(oracle.fun, abs=1)


def test_a_grid_has_room_for_what_the_others_leave() -> None:
    task = task_of(5, seed=1, cost=1e5)
    total = int(task.net.households.sum())
    assert (task.low, task.high) == (max(150, total - 4 * 190), min(190, total - 4 * 150))

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linprog

from gridmap.grids.program import DEARER_TIMES, UNIT, Program
from gridmap.grids.recombine import Candidates, joined

ATOMS, GRIDS = 10, 4


def candidates(seed: int) -> Candidates:
    rng = np.random.default_rng(seed)
    grids = [sorted(rng.choice(ATOMS, rng.integers(2, 5), replace=False)) for _ in range(80)]
    start = np.concatenate(([0], np.cumsum([len(grid) for grid in grids]))).astype(np.int64)
    return Candidates(np.concatenate(grids).astype(np.int64), start, rng.integers(1, 60, 80).astype(float))


def grids_of(grids: list[tuple[int, ...]], cost: float) -> Candidates:
    start = np.concatenate(([0], np.cumsum([len(grid) for grid in grids]))).astype(np.int64)
    return Candidates(np.array([atom for grid in grids for atom in grid], np.int64), start, np.full(len(grids), cost))


def rows_of(grids: Candidates) -> np.ndarray:
    held = np.zeros((ATOMS + 1, len(grids)))
    held[grids.atoms, np.repeat(np.arange(len(grids)), np.diff(grids.start))] = 1
    held[ATOMS] = 1
    return held


@pytest.mark.parametrize("seed", range(3))
def test_value_is_that_of_the_linear_program(seed: int) -> None:
    grids = candidates(seed)
    program = Program(ATOMS, GRIDS, 1000.0)
    program.add(grids)
    prices = program.solve()
    oracle = linprog(grids.cost, A_eq=rows_of(grids), b_eq=[1.0] * ATOMS + [GRIDS])
    assert prices.value == pytest.approx(oracle.fun, abs=0.1)
    assert not program.lacks()
    assert prices.reduced(grids).min() > -20 * UNIT


def test_cuts_raise_the_value_and_count_for_grids_added_later() -> None:
    pairs = grids_of([(0, 1), (1, 2), (0, 2), (3, 4), (4, 5), (3, 5)], 2.0)
    others = grids_of([(0, 1, 2), (3, 4, 5), (0,), (1,), (2,), (3,), (4,), (5,)], 10.0)
    program = Program(6, 3, 1000.0)
    program.add(joined(pairs, others))
    assert program.solve().value == pytest.approx(6.0, abs=0.1)
    program.cut(np.array([[0, 1, 2], [3, 4, 5]]), joined(pairs, others))
    whole = 2.0 + 10.0 + 10.0
    prices = program.solve()
    assert prices.value == pytest.approx(whole, abs=0.1)
    assert prices.reduced(pairs, program.cuts).min() > -20 * UNIT
    program.add(pairs)
    assert program.solve().value == pytest.approx(whole, abs=0.1)


def test_prices_are_binary_fractions() -> None:
    grids = candidates(1)
    program = Program(ATOMS, GRIDS, 1000.0)
    program.add(grids)
    assert np.array_equal(program.solve().atoms % UNIT, np.zeros(ATOMS))


def test_what_no_grid_holds_is_lacking() -> None:
    program = Program(ATOMS, GRIDS, 5.0)
    program.add(candidates(2).take(np.arange(3)))
    program.solve()
    assert program.lacks()
    cheap = program.solve().value
    assert program.make_dearer()
    assert program.solve().value > cheap


def test_what_no_grid_holds_becomes_dearer_so_often_at_most() -> None:
    program = Program(ATOMS, GRIDS, 5.0)
    assert [program.make_dearer() for _ in range(DEARER_TIMES + 1)] == [True] * DEARER_TIMES + [False]


@pytest.mark.parametrize("width", [0.5, 3.0])
def test_prices_are_the_best_of_those_held_near_some(width: float) -> None:
    grids, near = candidates(0), np.random.default_rng(0).integers(0, 30, ATOMS).astype(float)
    program = Program(ATOMS, GRIDS, 1000.0)
    program.hold_near(near, width)
    program.add(grids)
    prices = program.solve()
    bounds = [(each - width, each + width) for each in near] + [(None, None)]
    oracle = linprog(-np.array([1.0] * ATOMS + [GRIDS]), A_ub=rows_of(grids).T, b_ub=grids.cost, bounds=bounds)
    assert prices.value == pytest.approx(-oracle.fun, abs=0.1)
    assert np.abs(prices.atoms - near).max() <= width + UNIT

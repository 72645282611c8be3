from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp

from gridmap.grids.recombine import Candidates, CoverEffort, Shelf, best_cover, joined, priced

ATOMS = 12
EFFORT = CoverEffort(1000, 10_000, 50)


def candidates(seed: int) -> Candidates:
    """All single atoms, dear, and sixty random grids."""
    rng = np.random.default_rng(seed)
    grids = [[atom] for atom in range(ATOMS)] + [sorted(rng.choice(ATOMS, rng.integers(2, 5), replace=False)) for _ in range(60)]
    cost = [100.0] * ATOMS + rng.integers(1, 60, 60).astype(float).tolist()
    start = np.concatenate(([0], np.cumsum([len(grid) for grid in grids]))).astype(np.int64)
    return Candidates(np.concatenate(grids).astype(np.int64), start, np.array(cost))


def matrix(grids: Candidates) -> np.ndarray:
    held = np.zeros((ATOMS, len(grids)))
    held[grids.atoms, np.repeat(np.arange(len(grids)), np.diff(grids.start))] = 1
    return held


@pytest.mark.parametrize("seed", range(5))
def test_cover_is_that_of_an_integer_program(seed: int) -> None:
    grids = candidates(seed)
    found = best_cover(grids, ATOMS, np.arange(ATOMS), EFFORT)
    best = milp(grids.cost, constraints=LinearConstraint(matrix(grids), 1, 1), integrality=np.ones(len(grids)), bounds=Bounds(0, 1))
    assert matrix(found).sum(axis=1).tolist() == [1.0] * ATOMS
    assert found.cost.sum() == pytest.approx(best.fun)


@pytest.mark.parametrize("rounds", [1, 50])
def test_no_grid_is_cheaper_than_the_prices_of_its_atoms(rounds: int) -> None:
    grids = candidates(9)
    assert grids.reduced(priced(grids, ATOMS, np.arange(ATOMS), rounds)).min() > -1e-6


def test_known_cover_is_kept_when_nothing_is_cheaper() -> None:
    alone = candidates(1).take(np.arange(ATOMS))
    assert best_cover(alone, ATOMS, np.arange(ATOMS), EFFORT).atoms.tolist() == list(range(ATOMS))


def test_shelf_gives_the_grids_within_some_atoms() -> None:
    grids = candidates(2)
    atoms = np.array([1, 3, 4, 7, 8, 10])
    within = Shelf(grids, ATOMS).within(atoms)
    wanted = {tuple(each) for each in np.split(grids.atoms, grids.start[1:-1]) if set(each.tolist()) <= set(atoms.tolist())}
    assert {tuple(atoms[each]) for each in np.split(within.atoms, within.start[1:-1])} == wanted


def test_shelf_without_grids_gives_none() -> None:
    nothing = candidates(3).take(np.zeros(0, np.int64))
    assert len(Shelf(nothing, ATOMS).within(np.arange(3))) == 0


def test_joined_lists_both() -> None:
    grids = candidates(4)
    both = joined(grids.take(np.arange(5)), grids.take(np.arange(5, len(grids))))
    assert np.array_equal(both.atoms, grids.atoms)
    assert np.array_equal(both.start, grids.start)

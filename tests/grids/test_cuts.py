from __future__ import annotations

import itertools

import numpy as np
import pytest

from gridmap.grids.cuts import CUTS_OF_ATOM, broken_cuts, cuts_held, held_twice, no_cuts
from gridmap.grids.recombine import Candidates

ATOMS = 6


def candidates(grids: list[tuple[int, ...]]) -> Candidates:
    start = np.concatenate(([0], np.cumsum([len(grid) for grid in grids]))).astype(np.int64)
    return Candidates(np.array([atom for grid in grids for atom in grid], np.int64), start, np.ones(len(grids)))


PAIRS = candidates(list(itertools.combinations(range(3), 2)))
EVERY = candidates([grid for size in range(1, 5) for grid in itertools.combinations(range(ATOMS), size)])


def test_three_half_pairs_break_the_cut_of_their_atoms() -> None:
    assert broken_cuts(PAIRS, np.full(3, 0.5), ATOMS, no_cuts()).tolist() == [[0, 1, 2]]


def test_of_many_cuts_that_are_broken_few_are_about_one_atom() -> None:
    fours = candidates(list(itertools.combinations(range(ATOMS), 4)))
    cuts = broken_cuts(fours, np.full(len(fours), 0.1), ATOMS, no_cuts())
    assert np.full(len(fours), 0.1) @ held_twice(fours, ATOMS, cuts) == pytest.approx(1.2)
    assert np.bincount(cuts.reshape(-1)).max() == CUTS_OF_ATOM


def test_known_cut_is_not_returned_again() -> None:
    assert not len(broken_cuts(PAIRS, np.full(3, 0.5), ATOMS, np.array([[0, 1, 2]])))


def test_whole_grids_break_nothing() -> None:
    assert not len(broken_cuts(candidates([(0, 1), (2, 3)]), np.ones(2), ATOMS, no_cuts()))


def test_cut_counts_grids_with_two_or_all_of_its_atoms() -> None:
    cuts = np.array([[0, 1, 2], [1, 3, 5]])
    held = held_twice(EVERY, ATOMS, cuts).toarray()
    for row, grid in zip(held, np.split(EVERY.atoms, EVERY.start[1:-1]), strict=True):
        assert row.tolist() == [float(len(set(grid.tolist()) & set(cut)) >= 2) for cut in cuts.tolist()]


def test_prices_of_cuts_are_summed_over_those_held() -> None:
    cuts, prices = np.array([[0, 1, 2], [1, 3, 5], [0, 4, 5]]), np.array([-1.0, -2.5, -4.0])
    assert np.array_equal(cuts_held(EVERY, ATOMS, cuts, prices), held_twice(EVERY, ATOMS, cuts) @ prices)

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmap.grids import cover
from gridmap.grids.cover import exact_cover

ATOMS = 6


@st.composite
def instances(draw: st.DrawFn) -> list[tuple[float, frozenset[int]]]:
    grids = draw(st.lists(st.frozensets(st.integers(0, ATOMS - 1), min_size=1, max_size=4), min_size=1, max_size=12, unique=True))
    return sorted((float(draw(st.integers(0, 9))), grid) for grid in grids)


def solved(grids: list[tuple[float, frozenset[int]]], required: int, nodes: int = 10_000) -> tuple[list[int], float, bool]:
    atoms = np.array([atom for _, grid in grids for atom in sorted(grid)], np.int64)
    start = np.concatenate(([0], np.cumsum([len(grid) for _, grid in grids]))).astype(np.int64)
    chosen = np.zeros(ATOMS, np.int64)
    cost = np.array([cost for cost, _ in grids])
    size, total, finished = exact_cover(atoms, start, cost, cost, ATOMS, required, 0, 1000.0, 0.0, nodes, chosen)
    return chosen[:size].tolist(), total, finished


@given(instances(), st.integers(1, ATOMS))
def test_cover_is_the_cheapest_of_all_choices(grids: list[tuple[float, frozenset[int]]], required: int) -> None:
    def fits(choice: tuple[int, ...]) -> bool:
        held = [atom for c in choice for atom in grids[c][1]]
        return len(held) == len(set(held)) and set(range(required)) <= set(held)

    choices = [choice for size in range(1, ATOMS + 1) for choice in itertools.combinations(range(len(grids)), size) if fits(choice)]
    costs = [sum(grids[c][0] for c in choice) for choice in choices]
    chosen, total, finished = solved(grids, required)
    assert finished
    assert total == min(costs, default=1000.0)
    assert not chosen or (fits(tuple(chosen)) and sum(grids[c][0] for c in chosen) == total)


def test_search_that_ends_early_says_so() -> None:
    pairs = [(0.0, frozenset(pair)) for pair in itertools.combinations(range(ATOMS), 2)]
    assert not solved(pairs, ATOMS, nodes=1)[2]


@given(instances(), st.integers(1, ATOMS), st.integers(1, 3))
def test_after_a_pause_one_goes_on_where_one_was(grids: list[tuple[float, frozenset[int]]], required: int, nodes_at_once: int) -> None:
    at_once = solved(grids, required)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cover, "NODES_AT_ONCE", nodes_at_once)
        assert solved(grids, required) == at_once

from __future__ import annotations

import numpy as np
import pytest
from graphs import holds_together, town_of

from gridmap.grids.division import Limits
from gridmap.grids.exchange import ExchangeEffort, Window, window_around
from gridmap.grids.graph import CommunityGraph, score
from gridmap.grids.recombine import Candidates, CoverEffort, Shelf
from gridmap.grids.treecut import NONE

EFFORTS = {
    "listed": ExchangeEffort(200_000, CoverEffort(3_000, 20_000, 50)),
    "shelf": ExchangeEffort(10, CoverEffort(3_000, 20_000, 50)),
}


def first_division(graph: CommunityGraph) -> np.ndarray:
    """Rows of four atoms of a breadth-first walk, each piece a grid."""
    labels = np.arange(len(graph)) // 4
    pieces = [piece for label in range(labels.max() + 1) for piece in graph.components(labels == label)]
    own = np.zeros(len(graph), np.int64)
    for number, piece in enumerate(pieces):
        own[piece] = number
    return own


def empty_shelf(count: int) -> Shelf:
    return Shelf(Candidates(np.zeros(0, np.int64), np.zeros(1, np.int64), np.zeros(0)), count)


@pytest.mark.parametrize("effort", EFFORTS.values(), ids=EFFORTS)
@pytest.mark.parametrize("seed", range(3))
def test_an_exchange_is_connected_and_not_worse_and_touches_its_window_alone(seed: int, effort: ExchangeEffort) -> None:
    graph = town_of(60, seed=seed)
    labels = first_division(graph)
    limits = Limits(120, 150, 135, graph.barrier_dm, graph.split_dm, graph.unevenness_dm, graph.moved_dm)
    atoms = window_around(graph, labels, 10, 6)
    after = labels.copy()
    after[atoms] = Window(graph, labels, atoms, limits, 100.0, np.full(60, NONE)).exchanged(empty_shelf(60), effort) + 1000
    assert holds_together(graph, after)
    assert score(graph, after, 120, 150).violation_households <= score(graph, labels, 120, 150).violation_households


def test_exchange_finds_grids_within_the_bounds() -> None:
    graph = town_of(60, seed=1)
    labels = first_division(graph)
    limits = Limits(120, 150, 135, graph.barrier_dm, graph.split_dm, graph.unevenness_dm, graph.moved_dm)
    window = Window(graph, labels, window_around(graph, labels, 10, 6), limits, 100.0, np.full(60, NONE))
    assert window.violation(window.exchanged(empty_shelf(60), EFFORTS["listed"])) < window.violation(window.labels)


def test_a_window_holds_whole_grids() -> None:
    graph = town_of(60, seed=2)
    labels = first_division(graph)
    atoms = window_around(graph, labels, 0, 5)
    assert set(np.flatnonzero(np.isin(labels, labels[atoms]))) == set(atoms)
    assert len(np.unique(labels[atoms])) == 5

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from graphs import limits_of, network, town_of

from gridmap.grids.drawn import Part, as_they_are, drawn_at, finished, searched
from gridmap.grids.graph import score
from gridmap.grids.treecut import net_of
from gridmap.grids.workshop import BUDGETS


@pytest.fixture
def part() -> Part:
    """A made-up town of many small atoms."""
    graph = town_of(60, seed=1, lightest=1, heaviest=40)
    return Part(graph, net_of(graph), limits_of(graph, 150, 200), (0, 0), None, 0)


def test_nothing_is_drawn_together_of_atoms_as_they_are(part: Part) -> None:
    drawn = as_they_are(part)
    assert (drawn.households, drawn.group.tolist(), drawn.graph) == (0, list(range(60)), part.graph)


def test_drawn_together_are_connected_atoms_of_few_households(part: Part) -> None:
    drawn = drawn_at(part, 4)
    assert drawn is not None
    for group in range(len(drawn.graph)):
        atoms = np.flatnonzero(drawn.group == group)
        assert nx.is_connected(network(part.graph).subgraph(atoms.tolist()))
        assert len(atoms) == 1 or part.graph.households[atoms].sum() <= drawn.households == 50


def test_only_atoms_of_one_grid_are_drawn_together(part: Part) -> None:
    labels = searched(part, BUDGETS["quick"]).among_atoms.labels
    drawn = drawn_at(part, 4, labels)
    assert drawn is not None
    assert all(len(np.unique(labels[drawn.group == group])) == 1 for group in range(len(drawn.graph)))


def test_where_nothing_can_be_drawn_together_there_is_no_such_level(part: Part) -> None:
    assert drawn_at(part, 200, np.arange(60)) is None


def test_the_division_of_a_level_is_one_of_the_atoms(part: Part) -> None:
    level = searched(part, BUDGETS["quick"])
    reached = score(part.graph, level.among_atoms.labels, 150, 200)
    assert reached.violation_households == level.found.violation


def test_finishing_never_makes_a_division_worse(part: Part) -> None:
    level = searched(part, BUDGETS["quick"])
    assert finished(part, BUDGETS["quick"], level).rank() <= level.rank()

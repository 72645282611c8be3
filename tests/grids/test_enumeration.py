from __future__ import annotations

import numpy as np
import pytest
from graphs import best_by_trying, holds_together, limits_of, path_of, small_graphs, town_of
from hypothesis import given
from hypothesis import strategies as st

from gridmap.grids.enumeration import ENUMERATED_ATOMS, best_division
from gridmap.grids.graph import CommunityGraph, score
from gridmap.grids.treecut import net_of


@given(small_graphs(most=5), st.data())
def test_division_is_the_best_of_all(graph: CommunityGraph, data: st.DataObject) -> None:
    earlier = np.array(data.draw(st.lists(st.integers(-1, 2), min_size=len(graph), max_size=len(graph))), np.int64)
    labels, violation = best_division(net_of(graph, earlier), limits_of(graph, 5, 7))
    assert holds_together(graph, labels)
    assert score(graph, labels, 5, 7, earlier=earlier) == best_by_trying(graph, 5, 7, earlier=earlier)
    assert violation == score(graph, labels, 5, 7).violation_households


def test_as_many_atoms_as_are_allowed() -> None:
    graph = town_of(ENUMERATED_ATOMS, seed=1)
    labels, _ = best_division(net_of(graph), limits_of(graph, 60, 90))
    assert holds_together(graph, labels)


def test_more_atoms_are_refused() -> None:
    graph = path_of(*[1] * (ENUMERATED_ATOMS + 1))
    with pytest.raises(ValueError, match="too many"):
        best_division(net_of(graph), limits_of(graph, 1, 2))

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial import Delaunay

from gridmap.outputs.map_colours import greedy_colours

things = st.integers(1, 30)


@given(st.data(), things)
def test_neighbours_differ(data: st.DataObject, count: int) -> None:
    place = st.integers(0, count - 1)
    pairs = data.draw(st.lists(st.tuples(place, place).filter(lambda pair: pair[0] != pair[1])))
    colours = greedy_colours(count, np.array(pairs, dtype=np.int64).reshape(-1, 2))
    assert all(colours[one] != colours[other] for one, other in pairs)


@pytest.mark.parametrize("seed", range(5))
def test_six_colours_are_enough_on_flat_land(seed: int) -> None:
    triangles = Delaunay(np.random.default_rng(seed).random((400, 2))).simplices
    pairs = np.unique(np.sort(np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [0, 2]]]), axis=1), axis=0)
    assert greedy_colours(400, pairs).max() < 6


def test_no_more_colours_than_the_most_neighbours_need() -> None:
    graph = nx.random_regular_graph(4, 50, seed=1)
    assert greedy_colours(50, np.array(graph.edges, dtype=np.int64)).max() <= 4


def test_a_pair_of_one_with_itself_does_not_matter() -> None:
    assert greedy_colours(1, np.array([[0, 0]])).tolist() == [0]

from __future__ import annotations

from itertools import pairwise

from graphs import connected_sets, path_of, small_graphs
from hypothesis import given

from gridmap.grids.graph import CommunityGraph
from gridmap.grids.sets import listed_sets
from gridmap.grids.treecut import net_of


@given(small_graphs())
def test_every_connected_set_is_listed_once(graph: CommunityGraph) -> None:
    sets = listed_sets(net_of(graph), 4, 7, 100_000)
    assert sets is not None
    atoms, start = sets
    listed = [frozenset(atoms[a:b].tolist()) for a, b in pairwise(start)]
    assert len(listed) == len(set(listed))
    assert set(listed) == connected_sets(graph, 4, 7)


def test_sets_with_some_atoms_only() -> None:
    sets = listed_sets(net_of(path_of(2, 2, 2, 2)), 4, 4, 1000, roots=path_of(2).components()[0])
    assert sets is not None
    assert sets[0].tolist() == [0, 1]


def test_too_many_to_list_is_said() -> None:
    assert listed_sets(net_of(path_of(*[1] * 30)), 5, 10, 20) is None

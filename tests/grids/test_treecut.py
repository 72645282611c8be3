from __future__ import annotations

import itertools
import random

import networkx as nx
import numpy as np
import numpy.typing as npt
from graphs import network, town_of
from hypothesis import given
from hypothesis import strategies as st

from gridmap.grids.chance import seeded
from gridmap.grids.treecut import NONE, Net, Tree, closing_costs, cut_tree, empty_tree, grow_tree, net_of, price_links, renumbered

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@st.composite
def trees(draw: st.DrawFn) -> tuple[Ints, Ints, Floats, Floats]:
    """Draw parents, households, costs of the links and closing costs of a tree of up to nine atoms."""
    count = draw(st.integers(1, 9))
    minimum = draw(st.integers(1, 9))
    maximum = minimum + draw(st.integers(0, 5))
    parent = [-1] + [draw(st.integers(0, i - 1)) for i in range(1, count)]
    households = draw(st.lists(st.integers(0, maximum), min_size=count, max_size=count))
    cost = draw(st.lists(st.integers(-5, 20), min_size=count, max_size=count))
    closing = closing_costs(minimum, maximum, (minimum + maximum) // 2, draw(st.integers(0, 2)), 50.0)
    return np.array(parent), np.array(households), np.array(cost, np.float64), closing


def cost_of(parts: Ints, parent: Ints, households: Ints, cost: Floats, closing: Floats) -> float:
    loads = np.bincount(parts, weights=households).astype(int)
    if loads.max() >= len(closing):
        return np.inf
    cut = sum(float(cost[i]) for i in range(1, len(parent)) if parts[i] != parts[parent[i]])
    return cut + float(closing[loads].sum())


def every_cut(parent: Ints) -> list[Ints]:
    cuts = []
    for chosen in itertools.product([False, True], repeat=len(parent) - 1):
        parts = [0]
        for i in range(1, len(parent)):
            parts.append(max(parts) + 1 if chosen[i - 1] else parts[parent[i]])
        cuts.append(np.array(parts))
    return cuts


@given(trees())
def test_no_cut_is_better_than_the_one_found(tree: tuple[Ints, Ints, Floats, Floats]) -> None:
    parent, households, cost, closing = tree
    parts = np.zeros(len(parent), np.int64)
    found = cut_tree(np.arange(len(parent)), parent, households, cost, closing, parts)
    assert found == min(cost_of(cut, *tree) for cut in every_cut(parent))
    assert found == cost_of(parts, *tree)


def test_long_path_is_cut_at_the_only_places() -> None:
    households = np.array([40, 30, 30, 70, 60, 40])
    parts = np.zeros(6, np.int64)
    closing = closing_costs(100, 100, 100, 0, 1000.0)
    assert cut_tree(np.arange(6), np.arange(-1, 5), households, np.ones(6), closing, parts) == 2.0 + 1000.0 * 30
    closing = closing_costs(95, 105, 100, 0, 1000.0)
    assert cut_tree(np.arange(6), np.arange(-1, 5), np.array([40, 30, 30, 60, 40, 100]), np.ones(6), closing, parts) == 2.0
    assert np.bincount(parts).tolist() == [3, 2, 1]


def test_closing_table_reaches_until_two_small_parts_are_better() -> None:
    closing = closing_costs(250, 300, 275, 0, 1.0)
    assert len(closing) == 401
    assert closing[[0, 249, 250, 300, 310]].tolist() == [250, 1, 0, 0, 10]


def grown(count: int, seed: int) -> tuple[Tree, int]:
    net = net_of(town_of(count, seed=seed))
    tree = empty_tree(count)
    tree.nodes[:] = tree.place[:] = np.arange(count)
    return tree, grow_tree(net, tree, count, seed % 3, seeded(seed))


def test_tree_spans_the_graph_over_crossable_pairs() -> None:
    for seed in range(6):
        tree, reached = grown(30, seed)
        links = [(i, int(tree.parent[i])) for i in range(30) if tree.parent[i] != NONE]
        assert reached == 30
        assert nx.is_tree(nx.Graph(links))
        assert all(network(town_of(30, seed=seed)).has_edge(*link) for link in links)


def test_parents_come_before_their_children() -> None:
    tree, _ = grown(30, 1)
    assert all(tree.parent[i] == NONE or tree.rank[tree.parent[i]] < tree.rank[i] for i in range(30))


def test_price_of_a_link_is_the_border_of_its_branch() -> None:
    graph = town_of(30, seed=4)
    tree, _ = grown(30, 4)
    price_links(net_of(graph), tree, 30, 0, 0)
    for i in tree.order[1:]:
        links = nx.Graph([(j, int(tree.parent[j])) for j in range(30) if tree.parent[j] != NONE and j != i])
        links.add_nodes_from(range(30))
        branch = np.isin(np.arange(30), list(nx.node_connected_component(links, i)))
        assert tree.cost[i] == graph.cut_dm[branch[graph.first] != branch[graph.second]].sum()


@given(st.integers(0, 100), st.randoms())
def test_atoms_in_another_order_have_the_same_neighbours(seed: int, chance: random.Random) -> None:
    net = net_of(town_of(15, seed=seed))
    order = np.array(chance.sample(range(15), 15))
    other = renumbered(net, order)

    def pairs(each: Net, names: Ints) -> set[tuple[int, ...]]:
        found = set()
        for atom in range(15):
            for e in range(each.indptr[atom], each.indptr[atom + 1]):
                kind = int(e < each.easy_end[atom]) + int(e < each.crossable_end[atom])
                found.add((int(names[atom]), int(names[each.indices[e]]), int(each.cut_dm[e]), kind, int(each.pull[e] * 1000)))
        return found

    assert pairs(other, order) == pairs(net, np.arange(15))
    assert (other.households == net.households[order]).all()
    assert (other.compound == net.compound[order]).all()

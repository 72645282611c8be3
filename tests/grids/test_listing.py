from __future__ import annotations

from itertools import pairwise

import networkx as nx
import numpy as np
import pytest
from graphs import connected_sets, limits_of, network, path_of, small_graphs, town_of
from hypothesis import given
from hypothesis import strategies as st

from gridmap.grids.cuts import no_cuts
from gridmap.grids.division import empty_region, price_sets
from gridmap.grids.graph import CommunityGraph
from gridmap.grids.listing import Listing, grids_with, likely_extent, possible_grids
from gridmap.grids.program import Prices
from gridmap.grids.recombine import Candidates
from gridmap.grids.treecut import net_of


def listed(graph: CommunityGraph, minimum: int, maximum: int, violation: int, *, most: int = 100_000) -> Candidates:
    grids = possible_grids(net_of(graph), limits_of(graph, minimum, maximum), violation, most=most)
    assert grids is not None
    return grids


def least_outside(households: int, minimum: int, maximum: int) -> int:
    """The fewest households outside the bounds, over all numbers of grids."""
    numbers = range(1, households // minimum + 2)
    return min(max(number * minimum - households, households - number * maximum, 0) for number in numbers)


def leaves_divisible(graph: CommunityGraph, atoms: frozenset[int], minimum: int, maximum: int, violation: int) -> bool:
    pieces = [atoms, *nx.connected_components(network(graph).subgraph(set(range(len(graph))) - atoms))]
    loads = [int(graph.households[list(each)].sum()) for each in pieces]
    own = max(minimum - loads[0], loads[0] - maximum, 0)
    return own + sum(least_outside(load, minimum, maximum) for load in loads[1:]) <= violation


@given(small_graphs(), st.integers(0, 3))
def test_every_grid_that_leaves_a_divisible_rest_is_listed_once(graph: CommunityGraph, violation: int) -> None:
    graph = graph.part(graph.components()[0])
    grids = listed(graph, 5, 8, violation)
    found = [frozenset(grids.atoms[a:b].tolist()) for a, b in pairwise(grids.start)]
    assert len(found) == len(set(found))
    near = connected_sets(graph, 5 - violation, 8 + violation)
    assert set(found) == {each for each in near if leaves_divisible(graph, each, 5, 8, violation)}


@given(small_graphs(), st.integers(0, 3))
def test_grids_with_some_atoms_are_those_of_all_that_hold_any(graph: CommunityGraph, first: int) -> None:
    graph = graph.part(graph.components()[0])
    first = min(first, len(graph))
    every, some = listed(graph, 5, 8, 1), grids_with(net_of(graph), limits_of(graph, 5, 8), 1, first, most=1000)
    assert some is not None
    sets = [[frozenset(each.atoms[a:b].tolist()) for a, b in pairwise(each.start)] for each in (every, some)]
    assert set(sets[1]) == {each for each in sets[0] if min(each) < first}


@pytest.mark.parametrize("count", [20, 70, 130])
def test_sets_of_more_atoms_than_a_word_has_bits(count: int) -> None:
    graph = town_of(count, seed=1, lightest=60, heaviest=100)
    grids = listed(graph, 250, 300, 0)
    assert all(nx.is_connected(network(graph).subgraph(grids.atoms[a:b].tolist())) for a, b in pairwise(grids.start))
    assert set(grids.atoms.tolist()) == set(range(count))


def test_each_grid_has_its_cost() -> None:
    graph = town_of(30, seed=2)
    grids = listed(graph, 150, 200, 0)
    cost = np.zeros(len(grids), np.int64)
    price_sets(net_of(graph), limits_of(graph, 150, 200), empty_region(net_of(graph)), grids.atoms, grids.start, cost)
    assert (grids.cost == cost).all()


def test_a_part_that_is_one_grid() -> None:
    assert listed(path_of(100, 170), 250, 300, 0).atoms.tolist() == [0, 1]


def test_an_atom_without_households_is_never_left_alone() -> None:
    assert [len(each) for each in np.split(listed(path_of(0, 260, 260), 250, 300, 0).atoms, [2])] == [2, 1]


@pytest.mark.parametrize("most", [1, 20])
def test_too_many_to_list_is_said(most: int) -> None:
    graph = town_of(40, seed=3)
    assert possible_grids(net_of(graph), limits_of(graph, 250, 300), 0, most=most) is None


@pytest.mark.parametrize("count", [30, 70])
def test_room_for_just_all_suffices(count: int) -> None:
    graph = town_of(count, seed=1, lightest=60, heaviest=100)
    every = len(listed(graph, 250, 300, 0))
    assert len(listed(graph, 250, 300, 0, most=every)) == every
    assert possible_grids(net_of(graph), limits_of(graph, 250, 300), 0, most=every - 1) is None


def test_grids_near_their_prices_are_found_among_all() -> None:
    grids = listed(town_of(30, seed=2), 150, 200, 0)
    prices = np.linspace(0, 3000, 30)
    found = Listing(grids).listed(Prices(prices, -50.0, np.zeros(0), 0.0), no_cuts(), 100.0, most=0)
    assert found is not None
    near = [cost - prices[grids.atoms[a:b]].sum() + 50.0 < 100.0 for cost, (a, b) in zip(grids.cost, pairwise(grids.start), strict=True)]
    assert 0 < len(found) == sum(near) < len(grids)


@pytest.mark.parametrize("count", [20, 70])
def test_sets_grown_by_chance_tell_how_many_grids_there_are(count: int) -> None:
    graph = town_of(count, seed=1, lightest=60, heaviest=100)
    told = likely_extent(net_of(graph), limits_of(graph, 250, 300), 0, probes=1000)
    assert told.grids == pytest.approx(len(listed(graph, 250, 300, 0)), rel=0.1)
    assert told.steps > told.grids


def test_of_grids_that_are_far_too_many_none_is_listed() -> None:
    graph = town_of(300, seed=1)
    assert possible_grids(net_of(graph), limits_of(graph, 250, 300), 0, most=100_000) is None

from __future__ import annotations

from itertools import combinations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmap.grids.flow import Arcs, arcs_of, empty_ways, flowed
from gridmap.grids.graph import Floats
from gridmap.grids.growth import Words


def drawn(places: int, count: int, seed: int) -> tuple[Arcs, Floats, Floats]:
    """Arcs between places with their slopes, and what each place gains."""
    rng = np.random.default_rng(seed)
    sources, targets = rng.integers(0, places, (2, count))
    other = sources != targets
    arcs, slope = arcs_of(places, sources[other], targets[other], rng.integers(0, 20, count)[other].astype(float))
    return arcs, slope, rng.integers(-30, 30, places).astype(float)


def every_place(places: int) -> Words:
    return np.array([sum(1 << bit for bit in range(places))], np.uint64)


def cost_of(choice: set[int], arcs: Arcs, slope: Floats, excess: Floats) -> float:
    gained = sum(excess[place] for place in choice)
    return sum(slope[e] for place in choice for e in range(arcs.first[place], arcs.first[place + 1]) if arcs.to[e] not in choice) - gained


def choices(places: int) -> list[set[int]]:
    return [set(each) for size in range(places + 1) for each in combinations(range(places), size)]


@given(st.integers(1, 7), st.integers(0, 20), st.integers(0, 10_000))
def test_what_every_choice_costs_at_least_is_what_the_cheapest_one_costs(places: int, count: int, seed: int) -> None:
    arcs, slope, excess = drawn(places, count, seed)
    cheapest = min(cost_of(choice, arcs, slope, excess) for choice in choices(places))
    assert flowed(arcs, empty_ways(places), every_place(places), excess, slope, 5.0, np.inf) == 5.0 + cheapest


@given(st.integers(1, 6), st.integers(0, 15), st.integers(0, 10_000))
def test_flow_changes_the_cost_of_no_choice(places: int, count: int, seed: int) -> None:
    arcs, slope, excess = drawn(places, count, seed)
    before = [cost_of(choice, arcs, slope, excess) for choice in choices(places)]
    flowed(arcs, empty_ways(places), every_place(places), excess, slope, 0.0, np.inf)
    # What flowed from a place to another is neither gained by choosing both nor by choosing none.
    assert [cost_of(choice, arcs, slope, excess) for choice in choices(places)] == before
    assert slope.min(initial=0.0) >= 0


@pytest.mark.parametrize("seed", range(5))
def test_the_cheapest_choice_is_the_minimum_cut_of_another_library(seed: int) -> None:
    arcs, slope, excess = drawn(60, 300, seed)
    graph = nx.DiGraph()
    graph.add_nodes_from(["source", "sink", *range(60)])
    for place in range(60):
        graph.add_edge("source", place, capacity=max(0.0, excess[place]))
        graph.add_edge(place, "sink", capacity=max(0.0, -excess[place]))
        for e in range(arcs.first[place], arcs.first[place + 1]):
            graph.add_edge(place, int(arcs.to[e]), capacity=slope[e])
    cut = nx.minimum_cut_value(graph, "source", "sink") - np.maximum(excess, 0).sum()
    assert flowed(arcs, empty_ways(60), every_place(60), excess, slope, 0.0, np.inf) == cut


def test_flow_ends_when_that_is_enough() -> None:
    arcs, slope, excess = drawn(60, 300, 0)
    least = flowed(arcs, empty_ways(60), every_place(60), excess.copy(), slope.copy(), 0.0, np.inf)
    enough = least - 100
    assert enough <= flowed(arcs, empty_ways(60), every_place(60), excess, slope, 0.0, enough) < least


def test_places_that_are_not_looked_at_play_no_part() -> None:
    arcs, slope = arcs_of(3, np.array([0, 1]), np.array([1, 2]), np.array([0.0, 7.0]))
    excess = np.array([4.0, 10.0, -9.0])
    assert flowed(arcs, empty_ways(3), np.array([0b110], np.uint64), excess, slope, 0.0, np.inf) == -3.0
    assert excess[0] == 4.0


def test_arcs_between_the_same_places_are_one_with_all_their_slopes() -> None:
    arcs, slope = arcs_of(3, np.array([0, 0, 1]), np.array([2, 2, 0]), np.array([3.0, 4.0, 5.0]))
    assert list(zip(np.repeat(np.arange(3), np.diff(arcs.first)).tolist(), arcs.to.tolist(), slope.tolist(), strict=True)) == [
        (0, 1, 0.0),
        (0, 2, 7.0),
        (1, 0, 5.0),
        (2, 0, 0.0),
    ]
    assert arcs.back.tolist() == [2, 3, 0, 1]

from __future__ import annotations

import numpy as np
import pytest
from graphs import holds_together, town_of

from gridmap.grids.chance import seeded
from gridmap.grids.division import Catch, Division, Limits, empty_catch, empty_division, empty_region, lay
from gridmap.grids.graph import CommunityGraph, Ints, score
from gridmap.grids.moves import anneal
from gridmap.grids.treecut import Net, closing_costs, net_of
from gridmap.grids.workshop import in_order

MINIMUM, MAXIMUM = 110, 160


class Annealed:
    """A town after some moves from single atoms: everything that the kernels keep up to date."""

    def __init__(self, seed: int, moves: int, *, heat: float = 800.0) -> None:
        self.graph: CommunityGraph = town_of(40, seed=seed)
        self.earlier: Ints = np.arange(40) // 4
        self.net: Net = net_of(self.graph, self.earlier)
        graph = self.graph
        self.limits = Limits(MINIMUM, MAXIMUM, 135, graph.barrier_dm, graph.split_dm, graph.unevenness_dm, graph.moved_dm)
        self.division: Division = empty_division(40)
        self.catch: Catch = empty_catch(40, 3000, 60_000)
        self.best, self.best_score = np.zeros(40, np.int64), np.full(2, 1 << 60, np.int64)
        region = empty_region(self.net)
        lay(self.net, self.limits, self.division, region, np.arange(40))
        closing = closing_costs(MINIMUM, MAXIMUM, 135, graph.unevenness_dm, 100.0)
        self.state = seeded(seed)
        room = (self.division, region, self.catch, self.best, self.best_score)
        anneal(self.net, self.limits, *room, closing, moves, heat, 100.0, 0, 0.3, self.state)


@pytest.mark.parametrize("seed", range(8))
def test_updated_cost_is_the_recomputed_one(seed: int) -> None:
    done = Annealed(seed, 300)
    labels = in_order(done.division.label)
    single = score(done.graph, np.arange(40), MINIMUM, MAXIMUM, earlier=done.earlier)
    start = empty_division(40)
    lay(done.net, done.limits, start, empty_region(done.net), np.arange(40))
    now = score(done.graph, labels, MINIMUM, MAXIMUM, earlier=done.earlier)
    assert done.division.tally[1] == now.violation_households
    assert done.division.tally[2] - start.tally[2] == 2 * (now.objective_dm - single.objective_dm)


@pytest.mark.parametrize("seed", range(8))
def test_households_are_conserved_and_lists_agree_with_labels(seed: int) -> None:
    done = Annealed(seed, 200)
    for label in np.unique(done.division.label):
        members = np.flatnonzero(done.division.label == label)
        listed, atom = [], int(done.division.head[label])
        while atom >= 0:
            listed.append(atom)
            atom = int(done.division.following[atom])
        assert sorted(listed) == members.tolist()
        assert done.division.households[label] == done.graph.households[members].sum()
        assert done.division.atoms[label] == len(members)


@pytest.mark.parametrize("seed", range(20))
def test_connected_after_every_number_of_moves(seed: int) -> None:
    assert all(holds_together(done.graph, done.division.label) for done in (Annealed(seed, moves) for moves in (1, 2, 7, 60)))


def test_best_is_kept_when_the_walk_goes_on() -> None:
    done = Annealed(3, 400, heat=50_000.0)
    reached = score(done.graph, done.best, MINIMUM, MAXIMUM, earlier=done.earlier)
    assert reached.violation_households == done.best_score[0]
    assert done.best_score[0] <= done.division.tally[1]


def test_moving_back_gives_the_same_cost() -> None:
    done = Annealed(4, 100)
    region, division = empty_region(done.net), empty_division(40)
    tallies = []
    for labels in (in_order(done.best), np.arange(40), in_order(done.best)):
        lay(done.net, done.limits, division, region, labels)
        tallies.append(division.tally.tolist())
    assert tallies[0] == tallies[2] != tallies[1]


def test_grids_caught_are_within_the_bounds_connected_and_different() -> None:
    done = Annealed(5, 500)
    count = int(done.catch.count[0])
    caught = [done.catch.atoms[done.catch.start[c] : done.catch.start[c + 1]] for c in range(count)]
    assert len({frozenset(each.tolist()) for each in caught}) == count > 20
    for each, households in zip(caught, done.catch.households, strict=False):
        assert MINIMUM <= done.graph.households[each].sum() == households <= MAXIMUM
        assert len(done.graph.part(each).components()) == 1


def test_full_catch_takes_no_more() -> None:
    graph = town_of(40, seed=6)
    small = empty_catch(40, 3, 60)
    net, limits = net_of(graph), Limits(MINIMUM, MAXIMUM, 135, 0, 0, 0, 0)
    division, region = empty_division(40), empty_region(net)
    lay(net, limits, division, region, np.arange(40))
    closing = closing_costs(MINIMUM, MAXIMUM, 135, 0, 100.0)
    best, best_score = np.zeros(40, np.int64), np.full(2, 1 << 60, np.int64)
    anneal(net, limits, division, region, small, best, best_score, closing, 500, 500.0, 100.0, 0, 0.3, seeded(6))
    assert small.count[0] <= 3

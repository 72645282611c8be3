"""Siting against trying everything, and against itself."""

from __future__ import annotations

import itertools
from typing import Any

import networkx as nx
import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp

from gridmap.circles import siting
from gridmap.circles.demand import Demand, demand_of
from gridmap.circles.siting import best_sites, fewest_sites
from gridmap.errors import RequestError
from gridmap.rules import load_rules

RULES = load_rules("nantong")

instances = st.integers(2, 14).flatmap(
    lambda candidates: st.lists(
        st.tuples(st.lists(st.booleans(), min_size=candidates, max_size=candidates), st.integers(0, 90)), min_size=1, max_size=14
    )
)


def drawn(rows: list[tuple[list[bool], int]]) -> tuple[np.ndarray, np.ndarray, Demand]:
    serves = np.array([row for row, _ in rows], dtype=bool)
    households = np.array([number for _, number in rows], dtype=np.int64)
    return serves, households, demand_of(sp.csr_array(serves), households)


def covered(serves: np.ndarray, households: np.ndarray, chosen: Any) -> int:
    return int(households[serves[:, list(chosen)].any(axis=1)].sum())


@settings(max_examples=40, deadline=None)
@given(instances, st.integers(1, 4))
def test_the_best_sites_are_those_of_trying_everything(rows: Any, count: int) -> None:
    serves, households, demand = drawn(rows)
    count = min(count, serves.shape[1])
    best = max(covered(serves, households, each) for each in itertools.combinations(range(serves.shape[1]), count))
    found = best_sites(demand, count)
    assert (found.covered, covered(serves, households, found.chosen), found.proof, found.gap) == (best, best, "optimal", 0.0)
    assert sum(found.households) == best


def town_of(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """600 homes and 60 candidates on 3 x 3 km, straight lines: who could be served by whom, and the households."""
    rng = np.random.default_rng(seed)
    homes, candidates = rng.uniform(0, 3000, (600, 2)), rng.uniform(0, 3000, (60, 2))
    return np.hypot(*(homes[:, None] - candidates[None]).transpose(2, 0, 1)) <= 450, rng.integers(1, 120, 600)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("count", [3, 12])
def test_the_best_sites_of_a_town_are_those_of_the_plain_model(seed: int, count: int) -> None:
    serves, households = town_of(seed)
    homes, candidates = serves.shape
    no_share_without_site = LinearConstraint(sp.hstack([-serves.astype(float), sp.eye_array(homes)]).tocsc(), -np.inf, 0)
    sites = LinearConstraint(np.concatenate((np.ones(candidates), np.zeros(homes))), 0, count)
    cost = np.concatenate((np.zeros(candidates), -households))
    integer = np.concatenate((np.ones(candidates), np.zeros(homes)))
    plain = milp(cost, constraints=[no_share_without_site, sites], bounds=Bounds(0, 1), integrality=integer)
    found = best_sites(demand_of(sp.csr_array(serves), households), count)
    assert (found.covered, found.proof) == (round(-plain.fun), "optimal")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_best_sites_are_those_of_spopt() -> None:
    import pulp
    import spopt.locate

    serves, households = town_of(7)
    model = spopt.locate.MCLP.from_cost_matrix(np.where(serves, 1.0, 1e5), households.astype(float), 450.0, p_facilities=6)
    solved = model.solve(pulp.PULP_CBC_CMD(msg=False, threads=1), results=False)
    assert best_sites(demand_of(sp.csr_array(serves), households), 6).covered == round(pulp.value(solved.problem.objective))


@settings(max_examples=40, deadline=None)
@given(instances, st.integers(1, 4))
def test_the_first_answer_is_never_better_than_the_proved_one_and_not_far_from_it(rows: Any, count: int) -> None:
    _, _, demand = drawn(rows)
    first, proved = best_sites(demand, count, exact=False), best_sites(demand, count)
    assert 0.63 * proved.covered <= first.covered <= proved.covered


@settings(max_examples=40, deadline=None)
@given(instances, st.floats(0.1, 1.0))
def test_the_fewest_sites_are_those_of_trying_everything(rows: Any, share: float) -> None:
    serves, households, demand = drawn(rows)
    wanted = int(np.ceil(share * households.sum()))
    reachable = covered(serves, households, range(serves.shape[1]))
    found = fewest_sites(demand, wanted)
    assert covered(serves, households, found.chosen) >= min(wanted, reachable) or wanted == 0
    assert (found.proof == "unreachable") == (wanted > reachable)
    assert (found.covered, found.gap) == (covered(serves, households, found.chosen), 0.0)
    numbers = range(serves.shape[1] + 1)
    target = min(wanted, reachable)
    least = next(n for n in numbers if any(covered(serves, households, each) >= target for each in itertools.combinations(range(serves.shape[1]), n)))
    assert len(found.chosen) == least


small_instances = st.integers(2, 6).flatmap(
    lambda candidates: st.lists(
        st.tuples(st.lists(st.booleans(), min_size=candidates, max_size=candidates), st.integers(0, 9)), min_size=1, max_size=8
    )
)


def most_served(serves: np.ndarray, households: np.ndarray, chosen: Any, capacity: int) -> int:
    """The largest flow from homes to venues, by networkx."""
    graph = nx.DiGraph()
    graph.add_nodes_from(("start", "end"))
    for venue in chosen:
        graph.add_edge(("venue", venue), "end", capacity=capacity)
        for home in np.flatnonzero(serves[:, venue]):
            graph.add_edge("start", ("home", int(home)), capacity=int(households[home]))
            graph.add_edge(("home", int(home)), ("venue", venue))
    return int(nx.maximum_flow_value(graph, "start", "end"))


@settings(max_examples=25, deadline=None)
@given(small_instances, st.integers(1, 3), st.integers(1, 20), st.booleans())
def test_with_a_capacity_the_best_sites_are_those_of_trying_everything(rows: Any, count: int, capacity: int, exact: bool) -> None:
    serves, households, demand = drawn(rows)
    count = min(count, serves.shape[1])
    best = max(most_served(serves, households, each, capacity) for each in itertools.combinations(range(serves.shape[1]), count))
    found = best_sites(demand, count, capacity=capacity, exact=exact)
    assert found.covered == sum(found.households) <= best <= found.bound
    assert max(found.households, default=0) <= capacity
    assert found.covered == most_served(serves, households, found.chosen, capacity)
    assert not exact or (found.covered, found.proof, found.gap) == (best, "optimal", 0.0)


@settings(max_examples=25, deadline=None)
@given(small_instances, st.integers(1, 30), st.integers(1, 20))
def test_with_a_capacity_the_fewest_sites_are_those_of_trying_everything(rows: Any, wanted: int, capacity: int) -> None:
    serves, households, demand = drawn(rows)
    numbers = range(serves.shape[1] + 1)
    target = min(wanted, most_served(serves, households, range(serves.shape[1]), capacity))
    choices = ((n, each) for n in numbers for each in itertools.combinations(range(serves.shape[1]), n))
    least = next(n for n, each in choices if most_served(serves, households, each, capacity) >= target)
    found = fewest_sites(demand, wanted, capacity=capacity)
    assert (len(found.chosen), found.proof) == (least, "optimal" if target == wanted else "unreachable")
    assert found.covered == sum(found.households) >= target


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(small_instances, st.integers(1, 3), st.integers(1, 30), st.integers(1, 20))
def test_beyond_the_exact_model_a_choice_is_told_with_a_bound_that_holds(rows: Any, count: int, wanted: int, capacity: int) -> None:
    serves, households, demand = drawn(rows)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(siting, "PAIRS_MAX", -1)
        quick, few = best_sites(demand, count, capacity=capacity), fewest_sites(demand, wanted, capacity=capacity)
    exact, fewest = best_sites(demand, count, capacity=capacity), fewest_sites(demand, wanted, capacity=capacity)
    assert quick.covered == most_served(serves, households, quick.chosen, capacity) <= exact.covered <= quick.bound
    assert quick.proof != "optimal" or quick.covered == exact.covered
    assert len(few.chosen) >= len(fewest.chosen) >= few.bound
    assert few.covered >= min(wanted, most_served(serves, households, range(serves.shape[1]), capacity))


@pytest.mark.parametrize(("capacity", "expected"), [(10, 10), (25, 25), (100, 60)])
def test_a_venue_serves_no_more_than_it_can_hold(capacity: int, expected: int) -> None:
    demand = demand_of(sp.csr_array(np.ones((3, 2), dtype=bool)), np.array([20, 20, 20]))
    assert best_sites(demand, 1, capacity=capacity).covered == expected


@pytest.mark.parametrize("words", [{"count": 0}, {"count": -1}, {"count": 1, "capacity": 0}])
def test_senseless_numbers_are_refused(words: Any) -> None:
    _, _, demand = drawn([([True, False], 3)])
    with pytest.raises(RequestError):
        best_sites(demand, **words)


def test_a_venue_that_holds_nobody_is_refused() -> None:
    _, _, demand = drawn([([True, False], 3)])
    with pytest.raises(RequestError):
        fewest_sites(demand, 2, capacity=0)


def test_nobody_to_serve_needs_no_site() -> None:
    assert best_sites(demand_of(sp.csr_array(np.zeros((2, 3), dtype=bool)), np.array([4, 4])), 2).chosen == ()

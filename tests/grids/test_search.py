from __future__ import annotations

import numpy as np
import pytest
from graphs import best_by_trying, graph_of, holds_together, path_of, small_graphs, town_of
from hypothesis import given

from gridmap.errors import RequestError
from gridmap.grids.graph import CommunityGraph, score
from gridmap.grids.search import community_seed, search


def loads(graph: CommunityGraph, labels: np.ndarray) -> list[int]:
    return np.bincount(labels, weights=graph.households).astype(int).tolist()


@pytest.mark.parametrize("seed", range(3))
def test_town_is_divided_within_the_bounds(seed: int) -> None:
    graph = town_of(90, seed=seed)
    result = search(graph, 250, 300, effort="quick", seed=seed)
    assert result.violation_households == 0
    assert result.proved
    assert all(250 <= load <= 300 for load in loads(graph, result.labels))
    assert holds_together(graph, result.labels)


def test_result_tells_the_score_of_its_labels() -> None:
    graph = town_of(60, seed=1)
    result = search(graph, 250, 300, effort="quick")
    assert (result.violation_households, result.objective_dm) == score(graph, result.labels, 250, 300)


def test_same_seed_same_labels() -> None:
    graph = town_of(70, seed=2)
    assert np.array_equal(*(search(graph, 250, 300, effort="quick", seed=5).labels for _ in range(2)))


def test_more_effort_is_not_worse() -> None:
    graph = town_of(70, seed=3)
    quick, normal = (search(graph, 250, 300, effort=effort) for effort in ("quick", "normal"))  # type: ignore[arg-type]
    assert (normal.violation_households, normal.objective_dm) <= (quick.violation_households, quick.objective_dm)


def test_labels_count_from_zero_by_first_atoms() -> None:
    labels = search(town_of(60, seed=4), 250, 300, effort="quick").labels
    _, first = np.unique(labels, return_index=True)
    assert labels[np.sort(first)].tolist() == list(range(len(first)))


@given(small_graphs(most=6, heaviest=6))
def test_small_community_gets_the_best_plan(graph: CommunityGraph) -> None:
    if graph.households.max() > 6:
        return
    result = search(graph, 5, 6, effort="quick")
    assert holds_together(graph, result.labels)
    assert (result.violation_households, result.objective_dm) == best_by_trying(graph, 5, 6)
    assert result.violation_bound <= result.violation_households


def test_parts_that_cannot_reach_each_other_are_divided_alone() -> None:
    graph = graph_of([150, 130, 260], [(0, 1), (1, 2, "river", False)])
    assert search(graph, 250, 300).labels.tolist() == [0, 0, 1]


def test_atom_above_the_maximum_stands_alone() -> None:
    graph = path_of(130, 140, 400, 275)
    assert search(graph, 250, 300).labels.tolist() == [0, 0, 1, 2]


def test_atoms_without_households_behind_one_above_the_maximum_go_with_it() -> None:
    graph = path_of(275, 400, 0, 0)
    assert search(graph, 250, 300).labels.tolist() == [0, 1, 1, 1]


def test_atoms_without_households_belong_to_a_grid() -> None:
    assert search(path_of(130, 0, 140, 0), 250, 300).labels.tolist() == [0, 0, 0, 0]


def test_one_atom() -> None:
    assert search(path_of(7), 250, 300).labels.tolist() == [0]


def test_no_atom() -> None:
    result = search(graph_of([], []), 250, 300)
    assert result.labels.tolist() == []
    assert result.violation_households == 0


def test_no_household_anywhere_is_one_grid_for_each_part() -> None:
    result = search(path_of(*[0] * 40), 250, 300)
    assert set(result.labels.tolist()) == {0}
    assert [proof.code for proof in result.certificates] == ["part_below_minimum"]


def test_star_of_towers_ends_with_a_proof() -> None:
    star = graph_of([60] + [200] * 30, [(0, i) for i in range(1, 31)])
    result = search(star, 250, 300, effort="quick")
    assert holds_together(star, result.labels)
    assert result.certificates
    assert 0 < result.violation_bound <= result.violation_households


def test_part_that_cannot_be_divided_leaves_the_others_within_the_bounds() -> None:
    good = town_of(60, seed=5)
    pairs = [(int(a), int(b)) for a, b in zip(good.first[good.crossable], good.second[good.crossable], strict=True)]
    both = graph_of([*good.households.tolist(), 206, 206], [*pairs, (60, 61)])
    result = search(both, 250, 300, effort="quick")
    assert result.violation_households == 88 == result.violation_bound
    assert result.proved


def test_bounds_that_make_no_sense_are_refused() -> None:
    with pytest.raises(RequestError):
        search(path_of(1), 5, 4)


def test_earlier_plan_within_the_bounds_is_kept() -> None:
    graph = town_of(80, seed=6)
    earlier = search(graph, 250, 300, effort="quick", seed=1).labels
    again = search(graph, 250, 300, effort="quick", seed=2, start=earlier).labels
    moved = score(graph, again, 250, 300, earlier=earlier).objective_dm - score(graph, again, 250, 300).objective_dm
    assert moved <= graph.moved_dm * graph.households.sum() // 10


def test_start_in_pieces_and_with_gaps_is_mended() -> None:
    graph = town_of(60, seed=7)
    start = np.arange(60) % 4
    start[10:20] = -1
    result = search(graph, 250, 300, effort="quick", start=start)
    assert holds_together(graph, result.labels)
    assert result.violation_households == 0


def test_locked_grids_stay_as_they_are() -> None:
    graph = town_of(80, seed=8)
    start = search(graph, 250, 300, effort="quick", seed=1).labels
    locked = start == 2
    labels = search(graph, 200, 320, effort="quick", seed=2, start=start, locked=locked).labels
    assert len(set(labels[locked].tolist())) == 1
    assert not np.isin(labels[~locked], labels[locked]).any()


def test_locked_grid_in_pieces_is_refused() -> None:
    graph = path_of(100, 100, 100)
    with pytest.raises(RequestError) as refused:
        search(graph, 100, 200, start=np.array([0, 1, 0]), locked=np.array([True, False, True]))
    assert refused.value.code == "lock_disconnected"


def test_search_does_not_alter_its_arguments() -> None:
    graph = town_of(40, seed=9)
    start = np.arange(40) % 3
    before = start.copy()
    search(graph, 250, 300, effort="quick", start=start)
    assert np.array_equal(start, before)


def test_seed_of_a_community_depends_on_nothing_else() -> None:
    assert community_seed(1, "C1") == community_seed(1, "C1")
    assert len({community_seed(seed, name) for seed in (0, 1) for name in ("C1", "C2")}) == 4


@pytest.mark.slow
def test_large_community_is_mended_in_windows() -> None:
    graph = town_of(2000, seed=10)
    result = search(graph, 250, 300, effort="quick")
    outside = [load for load in loads(graph, result.labels) if not 250 <= load <= 300]
    assert len(outside) <= 0.01 * result.labels.max()
    assert holds_together(graph, result.labels)


def test_what_the_search_proved_is_told_where_it_says_more() -> None:
    star = graph_of([240, 20, 240, 240, 240], [(0, 1), (1, 2), (1, 3), (1, 4)])
    result = search(star, 250, 300)
    assert result.violation_households == result.violation_bound == best_by_trying(star, 250, 300)[0]
    assert "part_searched" in [proof.code for proof in result.certificates]


@pytest.mark.parametrize("seed", range(2))
def test_normal_effort_proves_a_community_of_usual_size(seed: int) -> None:
    graph = town_of(50, seed=seed, lightest=30, heaviest=120)
    result = search(graph, 250, 300, effort="normal")
    assert result.gap == 0
    assert result.objective_dm <= search(graph, 250, 300, effort="quick").objective_dm


def test_quick_effort_proves_nothing_of_the_objective() -> None:
    assert search(town_of(70, seed=1), 250, 300, effort="quick").gap is None


def test_lock_of_an_atom_without_a_grid_is_refused() -> None:
    with pytest.raises(RequestError) as caught:
        search(path_of(100, 100, 100), 100, 200, start=np.array([0, 0, -1]), locked=np.array([True, True, True]))
    assert caught.value.code == "lock_without_grid"

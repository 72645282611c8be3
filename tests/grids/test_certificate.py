from __future__ import annotations

import numpy as np
from graphs import best_by_trying, graph_of, path_of, small_graphs
from hypothesis import given

from gridmap.grids.certificate import (
    Certificate,
    certificates,
    group_certificate,
    has_no_cover,
    part_certificates,
    violation_bound,
)
from gridmap.grids.graph import CommunityGraph
from gridmap.grids.treecut import net_of


def only(graph: CommunityGraph, minimum: int = 250, maximum: int = 300) -> Certificate:
    (proof,) = certificates(graph, minimum, maximum)
    return proof


def test_nothing_is_proved_where_a_plan_exists() -> None:
    assert certificates(path_of(100, 150, 140, 130), 250, 300) == []


def test_atom_above_the_maximum() -> None:
    proof = only(path_of(275, 304))
    assert (proof.code, proof.subject, proof.value, proof.violation_households) == ("atom_above_maximum", "B1", 304, 4)


def test_part_below_the_minimum_is_one_grid() -> None:
    proof = only(path_of(100, 49))
    assert (proof.code, proof.value, proof.violation_households) == ("part_below_minimum", 149, 101)


def test_total_that_fits_no_whole_number_of_grids() -> None:
    proof = only(path_of(200, 212))
    assert (proof.code, proof.violation_households) == ("part_indivisible", 88)
    assert {name: proof.words[name] for name in ("fewer", "fewer_each", "more", "more_each")} == {
        "fewer": 1,
        "fewer_each": 412,
        "more": 2,
        "more_each": 206,
    }


def test_closed_border_is_where_a_crossing_would_help() -> None:
    graph = graph_of([275, 100], [(0, 1, "railway", False)])
    proof = only(graph)
    assert proof.code == "part_below_minimum_closed"
    assert (proof.words["atom"], proof.words["other"]) == ("B1", "B0")


def test_branches_too_light_to_stand_alone_and_too_heavy_to_join() -> None:
    star = graph_of([90, 150, 150, 150], [(0, 1), (0, 2), (0, 3)])
    proof = only(star)
    assert (proof.code, proof.subject, proof.value) == ("branches_too_heavy", "B0", 540)
    assert proof.violation_households == best_by_trying(star, 250, 300)[0]


def test_atom_that_fits_no_grid_tells_the_nearest_totals() -> None:
    graph = path_of(275, 200, 110, 275, 290, 285)
    proof = next(each for each in certificates(graph, 250, 300) if each.subject == "B1")
    assert (proof.code, proof.words["below"], proof.words["above"]) == ("atom_fits_no_grid", 200, 310)


def test_atom_that_strands_the_rest() -> None:
    # The only grid with B0 takes B3 too, and then B2 and B4 are left alone.
    graph = graph_of([150, 250, 200, 100, 200], [(0, 2), (0, 3), (0, 4), (1, 3), (2, 3), (3, 4)])
    proof = only(graph)
    assert (proof.code, proof.subject) == ("atom_strands_rest", "B0")
    assert proof.violation_households == best_by_trying(graph, 250, 300)[0]


def test_group_is_named_as_small_as_possible() -> None:
    graph = path_of(275, 150, 130, 140, 275, 275, 275)
    proof = group_certificate(graph, np.arange(7), np.arange(6), 250, 300, 1000)
    assert proof is not None
    assert set(proof.group) <= {1, 2, 3}


def test_group_that_fits_proves_nothing() -> None:
    assert group_certificate(path_of(130, 130, 130, 130), np.arange(4), np.arange(2), 250, 300, 1000) is None


def test_empty_group_proves_nothing() -> None:
    assert not has_no_cover(net_of(path_of(275)), 250, 300, 100, group=np.zeros(0, np.int64))


def test_steps_that_do_not_suffice_prove_nothing() -> None:
    assert not has_no_cover(net_of(path_of(*[7] * 100)), 250, 251, 10)


def test_every_sentence_stands_in_both_languages() -> None:
    graphs = [path_of(275, 304), path_of(100, 49), path_of(200, 212), graph_of([90, 150, 150, 150], [(0, 1), (0, 2), (0, 3)])]
    for graph in graphs:
        for proof in certificates(graph, 250, 300):
            assert proof.finding("C1").text("en") != proof.finding("C1").text("zh")


def test_proofs_about_one_part_do_not_add_up() -> None:
    one = Certificate("atom_fits_no_grid", "A", ("A", "B"), 9, 1, 2, 3)
    two = Certificate("atom_fits_no_grid", "B", ("A", "B"), 9, 1, 2, 5)
    other = Certificate("atom_above_maximum", "C", ("C",), 9, 1, 2, 7)
    assert violation_bound([one, two, other]) == 12


@given(small_graphs(most=6))
def test_part_is_proved_impossible_exactly_when_no_division_fits(graph: CommunityGraph) -> None:
    for part in graph.components():
        inner = graph.part(part)
        if inner.households.max() > 6:
            continue
        proofs = part_certificates(graph, part, 5, 6)
        least = best_by_trying(inner, 5, 6)[0]
        assert bool(proofs) == (least > 0)
        assert violation_bound(proofs) <= least


@given(small_graphs(most=6, heaviest=5))
def test_proofs_by_listing_are_right_without_enumeration(graph: CommunityGraph) -> None:
    for part in graph.components():
        inner = graph.part(part)
        impossible = has_no_cover(net_of(inner), 4, 5, 10_000)
        assert impossible == (best_by_trying(inner, 4, 5)[0] > 0)


def test_two_stairwells_that_block_each_other_are_proved_among_many_small_houses() -> None:
    # A tower of two stairwells and a slab hang on one building, beside which stand eighty courtyard houses.
    pairs = [(0, 1), (0, 3), (1, 2), (1, 3), (2, 3), (3, 4), *((i, i + 1) for i in range(4, 84)), *((i, i + 3) for i in range(4, 82))]
    graph = graph_of([168, 167, 71, 121, *[1] * 80, 250], pairs)
    assert [each.code for each in certificates(graph, 250, 300)] == ["atom_strands_rest"]

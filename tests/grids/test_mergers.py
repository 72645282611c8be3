"""Mergers of small communities: the best there are, with neighbours only, and the reason where none can be."""

from __future__ import annotations

import dataclasses

import networkx as nx
import numpy as np
import pytest
import shapely
from graphs import divisions, holds_together, small_graphs
from hypothesis import given, settings
from worlds import draw_world

from gridmap.errors import RequestError
from gridmap.grids.graph import CommunityGraph, Ints, score
from gridmap.grids.mergers import MergerBounds, Mergers, _best_groups, _groups, merged_district, merger_bounds, propose_mergers
from gridmap.ground.sample import sample_district
from gridmap.ground.tables import District
from gridmap.rules import load_rules

RULES = load_rules("nantong")
HOMES = {each: each.upper() for each in "abcdef"}


def town(drawing: str) -> District:
    return draw_world(drawing, communities=HOMES)[0]


def into(mergers: Mergers) -> dict[str, str]:
    return {str(one): str(other) for one, other in mergers.dissolved.items()}


def codes(mergers: Mergers) -> list[str]:
    return [each.code for each in mergers.findings]


def test_two_small_ones_become_one_and_the_larger_stays() -> None:
    mergers = propose_mergers(town("a:1000 b:1400 c:4000"), RULES)
    assert into(mergers) == {"A": "B"}
    assert mergers.merged[["dissolves", "communities", "households_before", "households"]].to_numpy().tolist() == [["A", 2, 1400, 2400]]


def test_a_larger_community_takes_in_a_small_one_and_stays() -> None:
    assert into(propose_mergers(town("a:1000 b:2000 c:4000"), RULES)) == {"A": "B"}


def test_communities_that_are_not_small_are_not_merged_with_each_other() -> None:
    mergers = propose_mergers(town("a:1600 b:300 c:1600"), RULES)
    assert len(mergers.dissolved) == 1
    assert sorted(mergers.merged["households"]) == [1900]


def test_a_threshold_is_not_below_itself() -> None:
    assert into(propose_mergers(town("a:1500 b:2000"), RULES)) == {}


@pytest.mark.parametrize(
    ("drawing", "expected"),
    [
        ("a:1000 . b:1000", ["community_beside_none"] * 2),
        ("a:1499 b:3600", ["community_beside_large"]),
        ("a:500 b:500", ["community_still_small"]),
        ("a:? b:2000", ["community_households_unknown"]),
        ("a:100 b:4800", []),
    ],
)
def test_the_reason_why_one_stays_small_is_told(drawing: str, expected: list[str]) -> None:
    assert codes(propose_mergers(town(drawing), RULES)) == expected


def test_a_kept_community_takes_no_part() -> None:
    mergers = propose_mergers(town("a:1000 b:1400"), RULES, keep=["B"])
    assert (into(mergers), codes(mergers)) == ({}, ["community_shut_in"])


def test_an_unknown_community_is_refused() -> None:
    with pytest.raises(RequestError) as caught:
        propose_mergers(town("a:1000 b:1400"), RULES, keep=["X"])
    assert caught.value.code == "community_unknown"


@pytest.mark.parametrize("sizes", [{"below": 4000}, {"target": 1000}, {"below": 0}, {"maximum": 3000}])
def test_senseless_sizes_are_refused(sizes: dict[str, int]) -> None:
    with pytest.raises(RequestError) as caught:
        merger_bounds(RULES, **sizes)
    assert caught.value.code == "merger_bounds_senseless"


def test_mergers_too_many_to_compare_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    drawing = "a:1000 b:1000 c:1000"
    assert codes(propose_mergers(town(drawing), RULES)) == []
    monkeypatch.setattr("gridmap.grids.mergers.SETS_MOST", 3)
    assert codes(propose_mergers(town(drawing), RULES)) == []  # two pairs and all three: as many as are compared
    monkeypatch.setattr("gridmap.grids.mergers.SETS_MOST", 2)
    mergers = propose_mergers(town(drawing), RULES)
    assert [(each.code, each.subject, each.value) for each in mergers.findings][:1] == [("mergers_not_all_tried", "A", 3)]


def test_one_community_alone() -> None:
    assert codes(propose_mergers(town("a:1000"), RULES)) == ["community_beside_none"]


BOUNDS = MergerBounds(3, 4, 5)


def best_by_trying(graph: CommunityGraph, small: Ints) -> tuple[int, int]:
    """Return the least (households lacking, cost) of all divisions that mergers may make."""
    costs = []
    for labels in divisions(len(graph)):
        groups = [np.flatnonzero(labels == each) for each in np.unique(labels)]
        merged = [group for group in groups if len(group) > 1]
        if any((~small[group]).sum() > 1 or graph.households[group].sum() > BOUNDS.maximum for group in merged):
            continue
        if holds_together(graph, labels):
            lacking = sum(max(0, BOUNDS.below - int(graph.households[group].sum())) for group in groups)
            costs.append((lacking, score(graph, labels, BOUNDS.below, BOUNDS.maximum).objective_dm))
    return min(costs)


@settings(max_examples=25)
@given(small_graphs(most=6))
def test_no_division_is_better(graph: CommunityGraph) -> None:
    graph = dataclasses.replace(graph, split_dm=0, compound=np.full(len(graph), -1, np.int64))
    small = graph.households < BOUNDS.below
    labels = np.arange(len(graph))
    for group in _best_groups(graph, _groups(graph, small, BOUNDS.maximum), small, BOUNDS):
        labels[group] = group[0]
    lacking = sum(max(0, BOUNDS.below - int(graph.households[labels == each].sum())) for each in np.unique(labels))
    assert (lacking, score(graph, labels, BOUNDS.below, BOUNDS.maximum).objective_dm) == best_by_trying(graph, small)


@pytest.fixture(scope="module")
def city() -> tuple[District, Mergers]:
    district = sample_district(9000, communities=9, street_offices=2)
    return district, propose_mergers(district, RULES)


def test_mergers_are_connected_and_keep_to_their_street_office(city: tuple[District, Mergers]) -> None:
    district, mergers = city
    table = mergers.level.neighbours
    net = nx.from_pandas_edgelist(table[table["crossable"]], "a", "b")
    assert len(mergers.merged) > 1
    for kept in mergers.merged.index:
        its = mergers.into.index[mergers.into == kept]
        assert nx.is_connected(net.subgraph(its))
        assert district.communities["street_office"][its].nunique() == 1


def test_the_merged_district_has_the_same_land_and_households(city: tuple[District, Mergers]) -> None:
    district, mergers = city
    after = merged_district(district, mergers)
    assert sorted(after.communities.index) == sorted(set(mergers.into))
    assert after.buildings["households"].sum() == district.buildings["households"].sum()
    sums = after.buildings.groupby("community_id")["households"].sum()
    assert mergers.merged["households"].to_dict() == sums[mergers.merged.index].to_dict()
    for kept, outline in mergers.merged.geometry.items():
        whole = shapely.union_all(district.communities.geometry[(mergers.into == kept).to_numpy()].to_numpy())
        assert shapely.equals(after.communities.geometry[kept], whole)
        assert shapely.equals(outline, whole)


def test_the_merged_district_needs_no_further_merger(city: tuple[District, Mergers]) -> None:
    district, mergers = city
    again = propose_mergers(merged_district(district, mergers), RULES)
    assert set(again.dissolved.index) <= {each.subject for each in mergers.findings}


def test_mergers_for_other_ground_are_refused(city: tuple[District, Mergers]) -> None:
    with pytest.raises(RequestError) as caught:
        merged_district(sample_district(3000), city[1])
    assert caught.value.code == "mergers_of_other_ground"

"""Grids and whole communities as atoms of a level above."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from worlds import draw_world

from gridmap.errors import InputError
from gridmap.grids.coarsen import coarsen, coarsen_communities, street_offices
from gridmap.grids.graph import community_graph
from gridmap.grids.plan import Origin, Plan, plan_from_assignment
from gridmap.grids.search import search
from gridmap.ground.sample import sample_district
from gridmap.ground.tables import District
from gridmap.rules import load_rules

ROW = "a:100 b:100 c:100 d:100"
"""Two grids of two buildings; a lane between them, an arterial inside none."""


@pytest.fixture
def plan() -> Plan:
    district, tiling = draw_world(ROW + "\ne:50 f:50 g:50 h:50", between={("b", "c"): ("lane", True), ("f", "g"): ("lane", False)})
    atoms = district.buildings[["community_id", "compound_id", "households", "households_source", "dedicated"]].assign(
        source_building_id=district.buildings.index, households=district.buildings["households"].astype(np.int64)
    )
    atoms = tiling.cells[["geometry"]].join(atoms)
    grid_of = atoms["households"].copy().astype("str")
    grid_of[:] = ["G1", "G1", "G2", "G2", "G1", "G1", "G3", "G3"]
    origin = Origin("", "", 0, "quick", district.fingerprint())
    return plan_from_assignment("p", atoms, tiling.neighbours, grid_of, load_rules("nantong"), origin)


def test_grids_become_atoms_with_their_sums(plan: Plan) -> None:
    assert coarsen(plan).atoms["households"].to_dict() == {"G1": 300, "G2": 200, "G3": 100}


def test_borders_of_grids_add_up_and_any_way_across_counts(plan: Plan) -> None:
    told = coarsen(plan).neighbours.set_index(["a", "b"])
    assert told["shared_m"].to_dict() == {("G1", "G2"): 100.0, ("G1", "G3"): 100.0, ("G2", "G3"): 200.0}
    assert told["crossable"].to_dict() == {("G1", "G2"): True, ("G1", "G3"): False, ("G2", "G3"): True}
    assert told["separator"].to_dict() == {("G1", "G2"): "lane", ("G1", "G3"): "lane", ("G2", "G3"): "none"}


def test_the_same_search_joins_grids(plan: Plan) -> None:
    level = coarsen(plan)
    labels = search(community_graph(level.atoms, level.neighbours, plan.rules), 300, 300).labels
    assert labels.tolist() == [0, 1, 1]


def test_communities_hold_what_their_buildings_do() -> None:
    district, _ = draw_world("a:100 b:? c:7", communities={"a": "A", "b": "A", "c": "C"})
    atoms = coarsen_communities(district).atoms
    assert atoms[["households", "buildings", "households_missing"]].to_numpy().tolist() == [[100, 2, 1], [7, 1, 0]]


def test_a_community_of_which_nothing_is_known_is_marked() -> None:
    district, _ = draw_world("a:? b:5", communities={"a": "A", "b": "B"})
    assert coarsen_communities(district).atoms["households_source"].to_dict() == {"A": "missing", "B": "given"}


def test_borders_of_street_offices_are_closed_unless_asked() -> None:
    town = sample_district(6000, communities=6, street_offices=2)
    offices = town.communities["street_office"]
    closed, opened = (coarsen_communities(town, across_offices=across).neighbours for across in (False, True))
    across = (closed["a"].map(offices) != closed["b"].map(offices)).to_numpy()
    assert across.any()
    assert not closed["crossable"][across].any()
    assert opened["crossable"][across].any()
    assert (closed["crossable"] == opened["crossable"])[~across].all()


def test_the_street_office_may_be_told_by_the_division_code_alone() -> None:
    town = sample_district(6000, communities=4, street_offices=2)
    bare = town.communities.assign(street_office=None, county=None)
    assert street_offices(bare).tolist() == ["990101/001", "990101/001", "990101/002", "990101/002"]
    assert set(street_offices(bare.assign(division_code=None))) == {""}


def test_buildings_of_unknown_communities_are_all_named() -> None:
    district, _ = draw_world("a:100 b:100", communities={"a": "A", "b": "B"})
    with pytest.raises(InputError) as caught:
        coarsen_communities(without(district, "B"))
    assert [each.subject for each in caught.value.findings] == ["b"]


def without(district: District, community: str) -> District:
    return district.with_tables({"communities": district.communities.drop(index=community)})


def test_the_level_keeps_the_outlines() -> None:
    town = sample_district(3000)
    assert shapely.equals(coarsen_communities(town).atoms.geometry.to_numpy(), town.communities.geometry.to_numpy()).all()

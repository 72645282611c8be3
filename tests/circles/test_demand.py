"""Who could be served by which candidate, against coverage itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from walks import draw_walks, line

from gridmap.circles.coverage import coverage
from gridmap.circles.demand import demand_of, reach_matrix, uncovered_demand
from gridmap.circles.siting import best_sites
from gridmap.errors import RequestError
from gridmap.rules import load_rules
from gridmap.walking.doors import doors
from gridmap.walking.walls import walls_of

RULES = load_rules("nantong")


@settings(max_examples=30, deadline=None)
@given(st.data(), st.integers(1, 14), st.integers(1, 14))
def test_putting_like_homes_together_loses_no_household(data: st.DataObject, homes: int, candidates: int) -> None:
    serves = data.draw(arrays.arrays(np.bool_, (homes, candidates)))
    households = data.draw(arrays.arrays(np.int64, homes, elements=st.integers(0, 90)))
    demand = demand_of(sp.csr_array(serves), households)
    assert demand.households.sum() + demand.unreachable == households.sum()
    assert len(demand.households) <= len(np.unique(serves, axis=0))


def town() -> tuple[Any, Any, Any]:
    streets = {"we": line((0, 0), (4000, 0)), "one": (line((1000, 0), (1000, 800)), {"one_way": True})}
    homes = {f"b{x}": shapely.Point(x, 10) for x in range(0, 4001, 250)} | {"up": shapely.Point(1010, 500)}
    district = draw_walks(streets, buildings=homes, venues={"v": (0, 0, ["medical"])})
    found = coverage(district, RULES)
    buildings = district.buildings
    candidates = doors(found.network, buildings.index.to_numpy(dtype=object), buildings.geometry.to_numpy(), walls_of(district))
    return district, found, candidates


@pytest.mark.slow
def test_who_reaches_a_candidate_is_who_would_be_covered_by_it() -> None:
    district, found, candidates = town()
    serves = reach_matrix(found, candidates).toarray()
    for column, building in enumerate(candidates.id):
        point = district.buildings.geometry[building]
        there = draw_walks({}, venues={"new": (point.x - 500_000, point.y - 3_500_000, ["market"])}).venues
        table = coverage(district.with_tables({"venues": there}), RULES).table.set_index(["building_id", "category"])
        expected = [isinstance(table.loc[(home, "market"), "venue_id"], str) for home in found.doors.id]
        assert serves[:, column].tolist() == expected


def test_existing_venues_stay() -> None:
    district, found, candidates = town()
    households = district.buildings["households"].reindex(found.doors.id).to_numpy(dtype=np.int64)
    demand = uncovered_demand(found, "medical", candidates, households)
    chosen = [candidates.id[each] for each in best_sites(demand, 1).chosen]
    assert chosen[0] not in ("b0", "b250", "b500")


def test_an_unknown_category_is_refused() -> None:
    _, found, candidates = town()
    with pytest.raises(RequestError, match="medical"):
        uncovered_demand(found, "cinema", candidates, np.zeros(len(found.doors), dtype=np.int64))

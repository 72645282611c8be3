from __future__ import annotations

import functools
import json

import geopandas as gpd
import networkx as nx
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmap.errors import RequestError
from gridmap.ground.codes import division
from gridmap.ground.sample import sample_district
from gridmap.ground.tables import TABLES, District, typed_table
from gridmap.rules import load_rules


@pytest.fixture(params=["small", pytest.param("city", marks=pytest.mark.slow)])
def district(request: pytest.FixtureRequest) -> District:
    found: District = request.getfixturevalue(request.param)
    return found


def shapes(table: gpd.GeoDataFrame) -> np.ndarray:
    return table.geometry.to_numpy()


def walls(district: District) -> np.ndarray:
    return shapes(district.barriers[district.barriers["kind"] == "wall"])


def ends(lines: np.ndarray) -> list[tuple[tuple[float, ...], tuple[float, ...]]]:
    return [(tuple(points[0]), tuple(points[-1])) for points in map(shapely.get_coordinates, lines)]


@functools.cache
def hamlet(seed: int) -> District:
    return sample_district(300, seed=seed)


@pytest.mark.parametrize("households", [100, 999, pytest.param(20_000, marks=pytest.mark.slow)])
def test_households_are_exact(households: int) -> None:
    assert sample_district(households, seed=5).buildings["households"].sum() == households


def test_same_seed_same_city() -> None:
    assert sample_district(300, seed=1).fingerprint() == hamlet(1).fingerprint()


def test_other_seed_other_city() -> None:
    assert hamlet(2).fingerprint() != hamlet(1).fingerprint()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_hamlet_has_no_building_with_less_than_nobody(seed: int) -> None:
    households = hamlet(seed).buildings["households"]
    assert (households.min() >= 0, households.sum()) == (True, 300)


def test_too_few_households_are_refused() -> None:
    with pytest.raises(RequestError, match="100"):
        sample_district(99)


@pytest.mark.parametrize("name", list(TABLES))
def test_tables_are_typed(small: District, name: str) -> None:
    table = getattr(small, name)
    expected = typed_table(name, table)
    assert table.index.is_unique
    assert table.index.name == expected.index.name
    assert list(table.columns) == list(expected.columns)
    assert (table.dtypes == expected.dtypes).all()


@pytest.mark.parametrize("name", list(TABLES))
def test_geometry_is_valid(district: District, name: str) -> None:
    table = getattr(district, name)
    assert shapely.is_valid(shapes(table)).all()
    assert set(table.geom_type) <= set(TABLES[name].geometry)


def test_lies_near_nantong(small: District) -> None:
    assert small.crs.to_epsg() == 4549
    west, south, east, north = small.communities.to_crs(4326).total_bounds
    assert 120.8 < west < east < 121.0
    assert 31.9 < south < north < 32.2


def test_footprints_keep_apart(district: District) -> None:
    footprints = shapes(district.buildings)
    a, b = shapely.STRtree(footprints).query(footprints, predicate="dwithin", distance=0.5)
    assert (a == b).all()


@pytest.mark.parametrize("table", ["streets", "barriers"])
def test_footprints_keep_off(district: District, table: str) -> None:
    buildings, _ = shapely.STRtree(shapes(district.buildings)).query(shapes(getattr(district, table)), predicate="dwithin", distance=1.0)
    assert len(buildings) == 0


def test_buildings_lie_in_their_community(district: District) -> None:
    home = district.communities.geometry.reindex(district.buildings["community_id"]).to_numpy()
    assert shapely.within(shapes(district.buildings), home).all()


def test_communities_tile_the_city(district: District) -> None:
    areas = shapes(district.communities)
    assert shapely.coverage_is_valid(areas)
    assert shapely.get_num_geometries(shapely.union_all(areas)) == 1


def test_communities_have_800_to_6000_households(district: District) -> None:
    households = district.buildings.groupby("community_id")["households"].sum()
    assert len(households) == len(district.communities)
    assert households.between(800, 6000).all()


def test_community_borders_run_on_streets(city: District) -> None:
    """Where it is not the bank-to-bank middle of a river, canal or railway, a border is exactly the middle of a street."""
    border = shapely.union_all(shapely.boundary(shapes(city.communities)))
    streets = shapely.union_all(shapes(city.streets[city.streets["street_class"].isin(["arterial", "street"])]))
    rest = shapely.difference(border, streets)
    strips = city.barriers[city.barriers["kind"].isin(["river", "railway"])]
    # 180 m: half of a river strip.
    assert shapely.length(shapely.difference(rest, shapely.union_all(shapely.buffer(shapes(strips), 180.0)))) < 1.0


def test_streets_hang_together(district: District) -> None:
    network = nx.Graph(ends(shapes(district.streets)))
    assert nx.is_connected(network)


def test_gates_stand_in_walls_and_on_lanes(district: District) -> None:
    vertices = {tuple(point) for point in shapely.get_coordinates(walls(district))}
    nodes = {point for line in ends(shapes(district.streets)) for point in line}
    gates = {tuple(point) for point in shapely.get_coordinates(shapes(district.gates))}
    assert gates <= vertices
    assert gates <= nodes


def test_every_wall_has_a_gate(district: District) -> None:
    gates, _ = shapely.STRtree(shapes(district.gates)).query(walls(district), predicate="dwithin", distance=1e-6)
    assert len(np.unique(gates)) == len(walls(district))


def test_walls_are_passed_only_at_gates(district: District) -> None:
    rings = walls(district)
    street, wall = shapely.STRtree(rings).query(shapes(district.streets), predicate="intersects")
    met = shapely.intersection(shapes(district.streets)[street], rings[wall])
    gates = shapely.union_all(shapes(district.gates))
    assert (shapely.distance(met, gates) == 0).all()
    assert (shapely.get_dimensions(met) == 0).all()


@pytest.mark.parametrize(("kind", "layers"), [("river", {1}), ("railway", {-1, 0})])
def test_water_and_railway_are_crossed_by_bridges_and_underpasses(district: District, kind: str, layers: set[int]) -> None:
    barriers = shapes(district.barriers[district.barriers["kind"] == kind])
    crossing, _ = shapely.STRtree(barriers).query(shapes(district.streets), predicate="intersects")
    assert len(crossing) > 0
    assert set(district.streets["layer"].iloc[crossing]) <= layers


def test_a_bridge_reaches_from_bank_to_bank(district: District) -> None:
    rivers = shapely.union_all(shapes(district.barriers[district.barriers["kind"] == "river"]))
    for line in shapes(district.streets[(district.streets["layer"] > 0).to_numpy()]):
        assert shapely.distance(shapely.boundary(line), rivers) > 1.0


def test_slabs_face_south(district: District) -> None:
    slabs = district.buildings[district.buildings["floors"].between(5, 7) & (district.buildings["stairwells"] >= 3)]
    edges = shapely.get_coordinates(shapely.oriented_envelope(shapes(slabs))).reshape(-1, 5, 2)
    sides = edges[:, 1:3] - edges[:, :2]
    longest = sides[np.arange(len(sides)), np.hypot(sides[..., 0], sides[..., 1]).argmax(axis=1)]
    degrees = np.degrees(np.arctan(longest[:, 1] / longest[:, 0]))
    assert (np.abs(degrees) < 30).all()


def test_slabs_have_36_to_90_households_or_a_few_less(district: District) -> None:
    slabs = district.buildings[(district.buildings["floors"] == 6) & (district.buildings["use"] == "住宅")]
    assert slabs["stairwells"].between(3, 5).all()
    assert slabs["households"].between(30, 92).all()


def test_some_building_must_be_divided_by_stairwell(small: District) -> None:
    large = small.buildings[small.buildings["households"] > 300]
    assert len(large) > 0
    assert (large["stairwells"] >= 2).all()


def test_all_sorts_of_buildings_stand_in_a_city(city: District) -> None:
    homes = city.buildings[city.buildings["use"] == "住宅"]
    assert (homes["floors"] <= 2).any()
    assert homes["floors"].max() <= 34
    assert {"教学楼", "商场", "幼儿园", "公园用房", "菜市场"} <= set(city.buildings["use"])


def test_dedicated_buildings_have_no_households(district: District) -> None:
    dedicated = district.buildings[district.buildings["dedicated"]]
    assert len(dedicated) > 0
    assert (dedicated["households"] == 0).all()


def test_division_codes_are_well_formed(district: District) -> None:
    codes = [division(code) for code in district.communities["division_code"]]
    assert {code.county for code in codes if code is not None} == {"990101"}
    assert None not in codes


def test_names_are_used_once(city: District) -> None:
    assert city.communities["name"].is_unique
    assert not city.buildings.duplicated(["compound_id", "name"]).any()


def test_venues_are_of_nine_categories(city: District) -> None:
    found = {code for text in city.venues["categories"] for code in json.loads(text)}
    assert found == set(load_rules().categories)


def test_every_community_has_a_service_centre(district: District) -> None:
    centres = shapes(district.venues[district.venues["categories"] == '["party_service"]'])
    assert shapely.contains(shapes(district.communities)[:, None], centres[None, :]).any(axis=1).all()


def test_telephone_numbers_belong_to_nobody(city: District) -> None:
    assert city.venues["phone"].str.fullmatch(r"0000-555\d{5}").all()


@pytest.mark.slow
@settings(max_examples=4)
@given(st.integers(100, 9000), st.integers(0, 10**6))
def test_any_size_and_seed(households: int, seed: int) -> None:
    district = sample_district(households, seed=seed)
    assert district.buildings["households"].sum() == households
    assert shapely.coverage_is_valid(shapes(district.communities))
    assert nx.is_connected(nx.Graph(ends(shapes(district.streets))))


@pytest.mark.slow
def test_a_city_of_300000_households() -> None:
    district = sample_district(300_000)
    households = district.buildings.groupby("community_id")["households"].agg(["sum", "size"])
    assert 75 <= len(households) <= 95
    assert households["sum"].between(800, 6000).all()
    assert households["size"].median() < 200
    assert district.buildings["households"].sum() == 300_000


@pytest.mark.parametrize(
    ("wanted", "households"), [(1, 1000), pytest.param(5, 2000, marks=pytest.mark.slow), pytest.param(14, 6000, marks=pytest.mark.slow)]
)
def test_as_many_communities_as_wanted(wanted: int, households: int) -> None:
    city = sample_district(households, communities=wanted, street_offices=2)
    assert set(city.buildings["community_id"]) <= set(city.communities.index)
    assert len(city.communities) == wanted
    assert city.communities["street_office"].nunique() == min(wanted, 2)
    assert city.buildings["households"].sum() == households


def test_too_many_communities_for_the_households() -> None:
    with pytest.raises(RequestError, match="1000"):
        sample_district(900, communities=10)

"""Tiles hold what the ground holds: read back by the schema's own messages, by mapbox-vector-tile and by GDAL."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import geopandas as gpd
import mapbox_vector_tile
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import affinity
from shapes import (
    BOW_TIE,
    COURTYARD_FOOTPRINT,
    DUPLICATE_FOOTPRINTS,
    EMPTY,
    HOSTILE_TEXTS,
    OVERLAPPING_FOOTPRINTS,
    SLIVER_FOOTPRINT,
    TOUCHING_FOOTPRINTS,
    TOWER_ON_PODIUM,
    TWO_PART_FOOTPRINT,
    U_SHAPED_FOOTPRINT,
    UNIT_SQUARE,
)
from tile_reading import EXTENT, Feature, doubled_area, in_mercator, in_units, read_tile

from gridmap.errors import RequestError
from gridmap.outputs.tile_pyramid import zoom_tiles
from gridmap.outputs.tiles import TileLayer, live_tile, tile_layer

ZOOM, COLUMN, ROW = 15, 27384, 13285
"""A tile at the Yangtze, at a zoom where shapes are only rounded."""
BUFFER = 64
BOX = shapely.box(-BUFFER, -BUFFER, EXTENT + BUFFER, EXTENT + BUFFER)
FOOTPRINTS = (
    UNIT_SQUARE,
    BOW_TIE,
    *DUPLICATE_FOOTPRINTS,
    *TOUCHING_FOOTPRINTS,
    *OVERLAPPING_FOOTPRINTS,
    *TOWER_ON_PODIUM,
    SLIVER_FOOTPRINT,
    U_SHAPED_FOOTPRINT,
    COURTYARD_FOOTPRINT,
    TWO_PART_FOOTPRINT,
)


def layer_of(*units: Any, zoom: int = ZOOM, column: int = COLUMN, row: int = ROW, max_zoom: int = 18, **columns: Any) -> TileLayer:
    """Return a layer of geometries drawn in units of the tile."""
    frame = gpd.GeoDataFrame(columns, geometry=[in_mercator(each, zoom, column, row) for each in units], crs=3857)
    return tile_layer("buildings", frame, list(columns), min_zoom=0, max_zoom=max_zoom)


def features(*units: Any, **columns: Any) -> dict[int, Feature]:
    """Return what the tile holds of geometries drawn in its units."""
    return read_tile(live_tile(layer_of(*units, **columns), ZOOM, COLUMN, ROW)).get("buildings", {})


# --- geometry ---------------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("geometry", [COURTYARD_FOOTPRINT, TWO_PART_FOOTPRINT, U_SHAPED_FOOTPRINT], ids=["hole", "two parts", "concave"])
def test_whole_units_come_back_exactly(geometry: Any) -> None:
    drawn = affinity.translate(affinity.scale(geometry, 7, 7, origin=(0, 0)), 1000, 2000)
    assert features(drawn)[0].geometry.equals(drawn)


def test_points_and_lines_come_back_exactly() -> None:
    line, points = shapely.LineString([(5, 5), (80, 90), (80, 5)]), shapely.MultiPoint([(9, 9), (4000, 1)])
    found = features(line, shapely.Point(7, 8), points, shapely.MultiLineString([line, [(1, 1), (2, 2)]]))
    assert [found[number].kind for number in range(4)] == ["LineString", "Point", "Point", "LineString"]
    assert found[0].geometry.geoms[0].equals(line)
    assert found[1].paths == [[(7, 8)]]
    assert found[2].geometry.equals(points)
    assert len(found[3].paths) == 2


def test_ids_are_positions_of_rows() -> None:
    # 41 neighbours far apart along the curve by which the index sorts them; rows without geometry keep their number.
    squares = [affinity.translate(shapely.box(0, 0, 20, 20), 97 * (17 * i % 41), 90 * i) if i % 5 else None for i in range(41)]
    layer = tile_layer("b", gpd.GeoDataFrame(geometry=[each and in_mercator(each, ZOOM, COLUMN, ROW) for each in squares], crs=3857))
    found = read_tile(live_tile(layer, ZOOM, COLUMN, ROW))["b"]
    assert {number: feature.geometry.bounds[:2] for number, feature in found.items()} == {i: (97 * (17 * i % 41), 90 * i) for i in range(41) if i % 5}


def test_rims_run_one_way_and_holes_the_other() -> None:
    courtyard = affinity.scale(COURTYARD_FOOTPRINT, 9, 9, origin=(0, 0))
    for turned in (courtyard, courtyard.reverse(), shapely.normalize(courtyard), shapely.orient_polygons(courtyard)):
        rim, hole = features(turned)[0].paths
        assert doubled_area(rim) > 0 > doubled_area(hole)


def test_a_shape_larger_than_the_tile_fills_it_to_the_buffer() -> None:
    assert features(shapely.box(-20000, -20000, 20000, 20000))[0].geometry.equals(BOX)


def test_a_concave_shape_is_cut_into_its_parts() -> None:
    """Both teeth of a comb reach into the tile; nothing joins them along its side."""
    comb = shapely.Polygon([(-900, 0), (100, 0), (100, 50), (-500, 50), (-500, 100), (100, 100), (100, 150), (-900, 150)])
    found = features(comb)[0].geometry
    assert len(found.geoms) == 2
    assert found.equals(shapely.intersection(comb, shapely.box(-BUFFER, -BUFFER, 5000, 5000)))


def test_a_line_is_cut_into_its_stretches() -> None:
    line = shapely.LineString([(-500, 10), (100, 10), (100, -500), (200, -500), (200, 4500)])
    found = features(line)[0].geometry
    assert len(found.geoms) == 2
    assert found.equals(shapely.intersection(line, BOX))


def test_what_is_thinner_than_a_unit_is_left_out() -> None:
    assert features(shapely.box(10, 10, 10.3, 40), shapely.LineString([(7, 7), (7.2, 7.1)]), EMPTY, shapely.box(50, 50, 60, 60)).keys() == {3}


def test_spikes_and_repeated_corners_are_left_out() -> None:
    spiked = shapely.Polygon([(0, 0), (5, 0), (10, 0), (10, 0), (10, 10), (10, 30), (10, 10), (0, 10), (0.2, 10.1)])
    assert features(spiked)[0].geometry.equals(shapely.box(0, 0, 10, 10))
    assert len(features(spiked)[0].paths[0]) == 4


@pytest.mark.parametrize("units_per_metre", [0.3, 2.0, 400.0])
def test_awkward_footprints_make_valid_rings(units_per_metre: float) -> None:
    drawn = [affinity.scale(each, units_per_metre, units_per_metre, origin=(0, 0)) for each in FOOTPRINTS]
    for feature in features(*drawn).values():
        assert feature.geometry.is_valid
        whole = shapely.intersection(shapely.make_valid(drawn[feature.id]), BOX)
        assert feature.geometry.symmetric_difference(whole).area <= whole.length + 4


def test_simplified_shapes_stay_within_a_unit_of_their_line() -> None:
    zoom = 13
    corners = np.linspace(0, 2 * np.pi, 720, endpoint=False)
    disc = shapely.Polygon(np.column_stack((np.cos(corners), np.sin(corners))) * 300 + 500)
    layer = layer_of(disc, shapely.LineString(disc.exterior), zoom=zoom, column=COLUMN // 4, row=ROW // 4)
    for feature in read_tile(live_tile(layer, zoom, COLUMN // 4, ROW // 4))["buildings"].values():
        assert len(feature.paths[0]) < 120
        line = feature.geometry.boundary if feature.kind == "Polygon" else feature.geometry
        assert shapely.hausdorff_distance(line, disc.exterior, densify=0.01) < 1 + np.sqrt(0.5)


# --- laws -------------------------------------------------------------------------------------------------------------------------------------------


def places(low: int, high: int) -> st.SearchStrategy[tuple[float, float]]:
    number = st.integers(low * 4, high * 4).map(lambda quarter: quarter / 4)
    return st.tuples(number, number)


def jumbles(low: int, high: int) -> st.SearchStrategy[Any]:
    """Polygons and multipolygons with holes, needles and corners that nearly meet: triangles put together, and others taken away."""
    triangles = st.lists(st.tuples(places(low, high), places(low, high), places(low, high)).map(shapely.Polygon).filter(lambda each: each.is_valid))
    united = triangles.map(lambda some: shapely.union_all(some))
    made = st.tuples(united, united).map(lambda pair: shapely.difference(*pair))
    return made.filter(lambda each: each.geom_type in ("Polygon", "MultiPolygon") and not each.is_empty and each.is_valid)


def assert_sound(found: list[Feature]) -> None:
    for feature in found:
        assert feature.geometry.is_valid
        assert all(doubled_area(ring) != 0 for ring in feature.paths)
        assert BOX.covers(feature.geometry)


@pytest.mark.slow
@settings(max_examples=40)
@given(jumbles(-1500, 6000), jumbles(0, 40), st.sampled_from((14, 15, 17)))
def test_parts_in_all_tiles_make_up_the_whole(large: Any, small: Any, zoom: int) -> None:
    layer = layer_of(large, small)
    pieces: dict[int, list[Any]] = {0: [], 1: []}
    tiles = zoom_numbers(layer, zoom)
    for column, row in tiles:
        found = read_tile(live_tile(layer, zoom, column, row)).get("buildings", {})
        assert_sound(list(found.values()))
        for feature in found.values():
            # Where it only touches the side of the tile there are lines, too, which the buffer leaves out.
            inside = shapely.buffer(shapely.intersection(feature.geometry, shapely.box(0, 0, EXTENT, EXTENT)), 0)
            pieces[feature.id].append(affinity.translate(inside, (column - tiles[0][0]) * EXTENT, (row - tiles[0][1]) * EXTENT))
    for number, drawn in enumerate((large, small)):
        whole = in_units(in_mercator(drawn, ZOOM, COLUMN, ROW), zoom, *tiles[0])
        whole = shapely.make_valid(whole, method="structure", keep_collapsed=False)
        united = shapely.union_all([shapely.MultiPolygon(), *pieces[number]], grid_size=0.01)
        off = shapely.symmetric_difference(united, whole, grid_size=0.01).area
        # Every place of an outline may move by half the diagonal of a unit, and by one unit more where it is simplified.
        assert off <= (2.5 if zoom < ZOOM else 1.5) * whole.length + 12 * len(tiles)


def zoom_numbers(layer: TileLayer, zoom: int) -> list[tuple[int, int]]:
    """Return columns and rows of the tiles that may hold something of a layer about the tile that the tests draw in."""
    scale = 2.0 ** (zoom - ZOOM)
    columns = range(int((COLUMN - 1) * scale), int((COLUMN + 2) * scale) + 1)
    rows = range(int((ROW - 1) * scale), int((ROW + 2) * scale) + 1)
    return list(itertools.product(columns, rows))


@settings(max_examples=30)
@given(st.lists(places(-3000, 7000), min_size=2, max_size=12))
def test_lines_keep_their_course(corners: list[tuple[float, float]]) -> None:
    line = shapely.LineString(corners)
    found = features(line)
    drawn = shapely.union_all([feature.geometry for feature in found.values()])
    assert drawn.is_empty or BOX.covers(drawn)
    assert drawn.is_empty or shapely.buffer(line, 1.5).covers(drawn)
    inside = shapely.intersection(line, shapely.buffer(BOX, -2))
    assert inside.length < 3 or shapely.buffer(drawn, 1.5).covers(inside)


@settings(max_examples=40)
@given(st.lists(st.tuples(places(-9000, 9000), st.integers(1, 3000)), min_size=1, max_size=200))
def test_the_index_finds_what_looking_at_each_finds(squares: list[tuple[tuple[float, float], int]]) -> None:
    drawn = [shapely.box(x, y, x + side, y + side) for (x, y), side in squares]
    expected = {number for number, each in enumerate(drawn) if shapely.intersection(each, BOX).area > 2 * EXTENT}
    beyond = {number for number, each in enumerate(drawn) if each.distance(BOX) > 1}
    found = set(features(*drawn))
    assert expected <= found
    assert not beyond & found


# --- attributes -------------------------------------------------------------------------------------------------------------------------------------


def test_texts_numbers_and_truths_come_back() -> None:
    squares = [shapely.box(0, 0, 9, 9)] * 4
    found = features(
        *squares,
        name=["三号楼", None, "", "三号楼"],
        households=pd.array([0, 2**40, -7, None], dtype="Int64"),
        area_m2=[1.5, np.nan, -0.25, 3.0],
        dedicated=pd.array([True, False, None, True], dtype="boolean"),
    )
    assert [found[number].properties for number in range(4)] == [
        {"name": "三号楼", "households": 0, "area_m2": 1.5, "dedicated": True},
        {"households": 2**40, "dedicated": False},
        {"name": "", "households": -7, "area_m2": -0.25},
        {"name": "三号楼", "area_m2": 3.0, "dedicated": True},
    ]


def test_hostile_texts_stay_texts() -> None:
    found = features(*[shapely.box(0, 0, 9, 9)] * len(HOSTILE_TEXTS), name=list(HOSTILE_TEXTS))
    assert tuple(found[number].properties["name"] for number in range(len(HOSTILE_TEXTS))) == HOSTILE_TEXTS


def test_equal_values_stand_in_a_tile_once() -> None:
    layer = layer_of(*[shapely.box(0, 0, 9, 9)] * 50, name=["河滨花园"] * 50, use=["河滨花园"] * 50)
    assert live_tile(layer, ZOOM, COLUMN, ROW).count("河滨花园".encode()) == 2


# --- other readers ----------------------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def town() -> gpd.GeoDataFrame:
    """Some 400 footprints with courtyards and wings, turned at random, across the sides of a tile."""
    rng = np.random.default_rng(5)
    footprints = [FOOTPRINTS[int(kind)] for kind in rng.integers(len(FOOTPRINTS) - 3, len(FOOTPRINTS), 400)]
    drawn = [
        affinity.translate(affinity.rotate(affinity.scale(each, size, size, origin=(0, 0)), turn), x, y)
        for each, size, turn, x, y in zip(
            footprints, rng.uniform(1, 9, 400), rng.uniform(0, 360, 400), rng.uniform(-300, 4300, 400), rng.uniform(-300, 4300, 400), strict=True
        )
    ]
    names = [f"{number % 30}号楼" for number in range(400)]
    return gpd.GeoDataFrame({"name": names}, geometry=[in_mercator(each, ZOOM, COLUMN, ROW) for each in drawn], crs=3857)


def test_mapbox_vector_tile_reads_the_same(town: gpd.GeoDataFrame) -> None:
    tile = live_tile(tile_layer("buildings", town, ["name"]), ZOOM, COLUMN, ROW)
    read = mapbox_vector_tile.decode(tile, default_options={"y_coord_down": True})["buildings"]["features"]
    drawn = {number: in_units(geometry, ZOOM, COLUMN, ROW) for number, geometry in enumerate(town.geometry)}
    assert_same_ids({each["id"] for each in read}, drawn)
    for each in read:
        assert each["properties"] == {"name": town["name"][each["id"]]}
        assert_within_a_unit(shapely.geometry.shape(each["geometry"]), drawn[each["id"]])


def test_gdal_reads_the_same(town: gpd.GeoDataFrame, tmp_path: Path) -> None:
    file = tmp_path / f"{ZOOM}-{COLUMN}-{ROW}.pbf"
    file.write_bytes(live_tile(tile_layer("buildings", town, ["name"]), ZOOM, COLUMN, ROW))
    read = pyogrio.read_dataframe(f"MVT:{file}", layer="buildings", CLIP="NO")
    assert read.crs == town.crs
    drawn = {number: in_units(geometry, ZOOM, COLUMN, ROW) for number, geometry in enumerate(town.geometry)}
    assert_same_ids(set(read["mvt_id"]), drawn)
    for number, name, geometry in zip(read["mvt_id"], read["name"], read.geometry, strict=True):
        assert name == town["name"][number]
        assert_within_a_unit(in_units(geometry, ZOOM, COLUMN, ROW), drawn[number])


def assert_same_ids(found: set[int], drawn: dict[int, Any]) -> None:
    """What only grazes the tile, by less than a unit, may be in it or not."""
    reach = {number: shapely.intersection(geometry, BOX).area for number, geometry in drawn.items()}
    assert {number for number, area in reach.items() if area > 4} <= found <= {number for number, area in reach.items() if area > 0}
    assert len(found) > 100


def assert_within_a_unit(found: Any, drawn: Any) -> None:
    assert shapely.hausdorff_distance(found.boundary, shapely.intersection(drawn, BOX).boundary) <= 1


@pytest.mark.slow
@pytest.mark.parametrize("zoom", [13, 15])
def test_real_buildings_come_back(zoom: int, shared_data: Path) -> None:
    """Some thousand outlines as mappers drew them: every tile is sound, and together they hold every building and all of their area."""
    drawn = gpd.read_file(shared_data / "suzhou" / "buildings.geojson").geometry.to_crs(3857)
    layer = tile_layer("buildings", gpd.GeoDataFrame(geometry=drawn))
    areas: dict[int, float] = {}
    for _, tile in zoom_tiles(layer, zoom):
        found = read_tile(tile)["buildings"]
        assert_sound(list(found.values()))
        for feature in found.values():
            inside = shapely.intersection(feature.geometry, shapely.box(0, 0, EXTENT, EXTENT))
            areas[feature.id] = areas.get(feature.id, 0.0) + inside.area
    unit = in_mercator(shapely.LineString([(0, 0), (1, 0)]), zoom, 0, 0).length
    whole = drawn.area / unit**2
    assert set(areas) >= set(whole.index[whole > 4])
    assert sum(areas.values()) == pytest.approx(whole.sum(), rel=0.01)


# --- zooms ------------------------------------------------------------------------------------------------------------------------------------------


def test_neighbours_with_shared_borders_stay_neighbours() -> None:
    """Four quarters whose wavy borders are simplified leave no gap and no overlap at any zoom."""
    wave = [(500 + 30 * np.sin(step / 5), 4 * step) for step in range(251)]
    west = shapely.Polygon([(0, 0), *wave, (0, 1000)])
    halves = (west, shapely.difference(shapely.box(0, 0, 1000, 1000), west))
    bands = (shapely.box(0, 0, 1000, 400), shapely.box(0, 400, 1000, 1000))
    parts = [shapely.intersection(half, band) for half, band in itertools.product(halves, bands)]
    frame = gpd.GeoDataFrame(geometry=[in_mercator(each, ZOOM, COLUMN, ROW) for each in parts], crs=3857)
    layer = tile_layer("grids", frame, min_zoom=10, max_zoom=16, shared_borders=True)
    for zoom in (10, 12, 14):
        found = read_tile(live_tile(layer, zoom, COLUMN >> ZOOM - zoom, ROW >> ZOOM - zoom))["grids"]
        shapes = [feature.geometry for feature in found.values()]
        assert len(shapes) == 4
        united = shapely.union_all(shapes)
        assert united.geom_type == "Polygon"
        assert not united.interiors
        assert united.area == pytest.approx(sum(each.area for each in shapes))


def test_one_tile_of_the_whole_world_is_small() -> None:
    rng = np.random.default_rng(1)
    drawn = [shapely.box(x, y, x + 30, y + 30) for x, y in rng.uniform(0, 9000, (2000, 2))]
    assert live_tile(layer_of(*drawn), 0, 0, 0) == b""


@pytest.mark.parametrize(("zoom", "column", "row"), [(12, 0, 0), (25, 0, 0), (17, 0, 0), (13, 8192, 0), (13, 0, 8192), (13, -1, 0)])
def test_tiles_that_are_not_there_are_refused(zoom: int, column: int, row: int) -> None:
    layer = tile_layer("buildings", gpd.GeoDataFrame(geometry=[shapely.Point(0, 0)], crs=4326), min_zoom=13, max_zoom=16)
    with pytest.raises(RequestError):
        live_tile(layer, zoom, column, row)


@pytest.mark.parametrize(("least", "most"), [(-1, 14), (0, 21), (15, 14)])
def test_zooms_that_make_no_sense_are_refused(least: int, most: int) -> None:
    with pytest.raises(RequestError, match="0-20"):
        tile_layer("buildings", gpd.GeoDataFrame(geometry=[shapely.Point(0, 0)], crs=4326), min_zoom=least, max_zoom=most)


def test_a_layer_without_crs_is_refused() -> None:
    with pytest.raises(RequestError):
        tile_layer("buildings", gpd.GeoDataFrame(geometry=[shapely.Point(0, 0)]))


@pytest.mark.parametrize("strange", [shapely.GeometryCollection([shapely.Point(0, 0)]), shapely.Point(np.inf, 0), shapely.Point(np.nan, 0)])
def test_what_cannot_be_drawn_is_refused_by_its_row(strange: Any) -> None:
    with pytest.raises(RequestError) as refused:
        tile_layer("buildings", gpd.GeoDataFrame(geometry=[shapely.Point(1, 1), strange], crs=4326))
    assert refused.value.words["row"] == 2


def test_the_edges_of_the_world_hold() -> None:
    world = shapely.box(-180, -90, 180, 90)
    frame = gpd.GeoDataFrame(geometry=[world, shapely.difference(world, shapely.Point(0, 0).buffer(30))], crs=4326)
    layer = tile_layer("world", frame, min_zoom=0, max_zoom=20)
    for zoom, column, row in ((0, 0, 0), (3, 0, 7), (10, 1023, 0), (20, 0, 0), (20, 2**20 - 1, 2**20 - 1)):
        found = list(read_tile(live_tile(layer, zoom, column, row))["world"].values())
        assert len(found) == 2
        assert_sound(found)


def test_a_shape_over_far_too_many_tiles_is_refused() -> None:
    layer = tile_layer("buildings", gpd.GeoDataFrame(geometry=[shapely.box(-180, -85, 180, 85)], crs=4326), min_zoom=13)
    with pytest.raises(RequestError):
        list(zoom_tiles(layer, 13))


def test_an_empty_layer_has_empty_tiles() -> None:
    layer = tile_layer("buildings", gpd.GeoDataFrame({"name": []}, geometry=[], crs=4326), ["name"])
    assert layer.bounds is None
    assert live_tile(layer, 13, 1, 1) == b""


def test_a_frame_is_not_altered(town: gpd.GeoDataFrame) -> None:
    before = town.copy(deep=True)
    tile_layer("buildings", town, ["name"], shared_borders=True)
    pd.testing.assert_frame_equal(pd.DataFrame(town), pd.DataFrame(before))

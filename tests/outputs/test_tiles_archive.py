"""Archives of tiles: read back by the pmtiles package and by GDAL; and the arrays that colour the features."""

from __future__ import annotations

import gzip
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely
from pmtiles.reader import MmapSource, Reader, all_tiles
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from tile_reading import read_tile

from gridmap.errors import RequestError
from gridmap.grids.plan import Plan, main_grids
from gridmap.grids.propose import propose
from gridmap.ground.sample import sample_district
from gridmap.ground.tables import District
from gridmap.outputs import tile_archive
from gridmap.outputs.tile_pyramid import _hilbert_numbers, zoom_tiles
from gridmap.outputs.tiles import assignment, grids_layer, ground_layer, ground_layer_names, live_tile, packed_numbers, tile_layer, write_pmtiles
from gridmap.rules import load_rules


@pytest.fixture(scope="module")
def district() -> District:
    return sample_district(900, seed=2)


@pytest.fixture(scope="module")
def plan(district: District) -> Plan:
    return propose(district, load_rules(), name="p", effort="quick")


@contextmanager
def opened(path: Path) -> Iterator[tuple[Any, Any]]:
    """Give a reader of an archive, and what it reads from."""
    with path.open("rb") as file:
        source = MmapSource(file)
        yield Reader(source), source


def small_archive(path: Path, district: District) -> Path:
    layers = [tile_layer(name, getattr(district, name).reset_index(), ["name"], min_zoom=14, max_zoom=16) for name in ("buildings", "streets")]
    write_pmtiles(path, layers, name="小镇", attribution="自绘 <b>&")
    return path


def test_header_and_metadata(district: District, tmp_path: Path) -> None:
    with opened(small_archive(tmp_path / "a.pmtiles", district)) as (reader, _):
        header, metadata = reader.header(), reader.metadata()
    assert (header["version"], header["clustered"], header["tile_type"], header["tile_compression"]) == (3, True, TileType.MVT, Compression.GZIP)
    assert (header["min_zoom"], header["max_zoom"]) == (14, 16)
    assert (metadata["name"], metadata["attribution"]) == ("小镇", "自绘 <b>&")
    assert metadata["vector_layers"][0] == {"id": "buildings", "fields": {"name": "String"}, "minzoom": 14, "maxzoom": 16}
    drawn = np.array(district.streets.to_crs(4326).total_bounds), np.array(district.buildings.to_crs(4326).total_bounds)
    told = np.array([header["min_lon_e7"], header["min_lat_e7"], header["max_lon_e7"], header["max_lat_e7"]]) / 1e7
    assert np.abs(told[:2] - np.minimum(*drawn)[:2]).max() < 2e-6
    assert np.abs(told[2:] - np.maximum(*drawn)[2:]).max() < 2e-6


def test_tiles_of_an_archive_are_the_live_tiles(district: District, tmp_path: Path) -> None:
    layers = [tile_layer(name, getattr(district, name).reset_index(), ["name"], min_zoom=14, max_zoom=16) for name in ("buildings", "streets")]
    with opened(small_archive(tmp_path / "a.pmtiles", district)) as (_, source):
        tiles = dict(all_tiles(source))
    assert len(tiles) > 5
    for place, data in tiles.items():
        assert gzip.decompress(data) == b"".join(live_tile(layer, *place) for layer in layers)


def test_gdal_reads_the_archive(district: District, tmp_path: Path) -> None:
    path = small_archive(tmp_path / "a.pmtiles", district)
    assert {name for name, _ in pyogrio.list_layers(path)} == {"buildings", "streets"}
    read = pyogrio.read_dataframe(path, layer="buildings")
    assert set(read["mvt_id"]) == set(range(len(district.buildings)))
    area = read.dissolve("mvt_id").area
    assert area.sum() == pytest.approx(district.buildings.to_crs(3857).area.sum(), rel=0.01)


def test_equal_layers_give_equal_files(district: District, tmp_path: Path) -> None:
    first, second = (small_archive(tmp_path / f"{name}.pmtiles", district).read_bytes() for name in "ab")
    assert first == second


def test_progress_is_told(district: District, tmp_path: Path) -> None:
    told = []
    layer = ground_layer(district, "buildings")
    write_pmtiles(tmp_path / "a.pmtiles", [layer], progress=lambda *step: told.append(step))
    assert told == [("step_tiles", done, 4) for done in range(5)]


def test_a_failure_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.pmtiles"
    path.write_bytes(b"earlier")

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(tile_archive, "zoom_tiles", fail)
    with pytest.raises(OSError, match="disk full"):
        write_pmtiles(path, [tile_layer("a", gpd.GeoDataFrame(geometry=[shapely.Point(0, 0)], crs=4326))])
    assert [each.name for each in tmp_path.iterdir()] == ["a.pmtiles"]
    assert path.read_bytes() == b"earlier"


def test_nothing_to_write_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError):
        write_pmtiles(tmp_path / "a.pmtiles", [tile_layer("a", gpd.GeoDataFrame(geometry=[], crs=4326))])
    assert not list(tmp_path.iterdir())


def test_a_zoom_without_features_is_left_out(tmp_path: Path) -> None:
    """A small square is not there at zoom 10, where it is thinner than a unit."""
    square = shapely.box(120.86, 32.02, 120.86002, 32.02002)
    write_pmtiles(tmp_path / "a.pmtiles", [tile_layer("a", gpd.GeoDataFrame(geometry=[square], crs=4326), min_zoom=8, max_zoom=18)])
    with opened(tmp_path / "a.pmtiles") as (reader, _):
        assert reader.header()["min_zoom"] > 10


def test_tiles_are_numbered_as_archives_number_them() -> None:
    dice = random.Random(1)
    for zoom in range(21):
        columns, rows = (np.array([dice.randrange(1 << zoom) for _ in range(20)]) for _ in range(2))
        expected = [zxy_to_tileid(zoom, int(x), int(y)) for x, y in zip(columns, rows, strict=True)]
        assert _hilbert_numbers(columns, rows, zoom).tolist() == expected


def test_tiles_come_in_order_and_in_pieces_as_in_one(district: District, monkeypatch: pytest.MonkeyPatch) -> None:
    layer = ground_layer(district, "buildings")
    whole = list(zoom_tiles(layer, 16))
    monkeypatch.setattr("gridmap.outputs.tile_pyramid.PAIRS_AT_ONCE", 7)
    assert list(zoom_tiles(layer, 16)) == whole
    assert [number for number, _ in whole] == sorted({number for number, _ in whole})


# --- layers of a district ---------------------------------------------------------------------------------------------------------------------------


def fields_of(layer: Any) -> set[str]:
    return {
        key for zoom in (layer.max_zoom,) for _, tile in zoom_tiles(layer, zoom) for f in read_tile(tile)[layer.name].values() for key in f.properties
    }


def test_the_ground_tells_no_counts(district: District) -> None:
    assert {name: fields_of(ground_layer(district, name)) for name in ground_layer_names()} == {
        "communities": {"community_id", "name"},
        "buildings": {"building_id", "name"},
        "streets": {"name", "street_class", "layer"} & set(fields_of(ground_layer(district, "streets"))),
        "barriers": fields_of(ground_layer(district, "barriers")) & {"name", "kind"},
    }


def test_every_grid_is_in_the_tiles(plan: Plan) -> None:
    layer = grids_layer(plan)
    for zoom in (12, 14, 16):
        found = {number: f.properties["grid_id"] for _, tile in zoom_tiles(layer, zoom) for number, f in read_tile(tile)["grids"].items()}
        assert found == dict(enumerate(plan.grids.index))


def test_the_assignment_colours_buildings_by_their_grid(plan: Plan, district: District) -> None:
    numbers = assignment(plan, list(district.buildings.index))
    expected = main_grids(plan)
    assert [plan.grids.index[number] for number in numbers] == [expected[building] for building in district.buildings.index]


def test_a_building_that_is_not_in_the_plan_has_no_grid(plan: Plan) -> None:
    assert assignment(plan, ["nobody's"]).tolist() == [-1]


@pytest.mark.parametrize(("numbers", "width"), [([], 2), ([65534, -1], 2), ([65535, -1], 4)])
def test_packed_numbers_come_back(numbers: list[int], width: int) -> None:
    packed = packed_numbers(np.array(numbers, dtype=np.int64))
    assert len(packed) == width * len(numbers)
    read = np.frombuffer(packed, dtype=f"<u{width}").astype(np.int64)
    assert np.where(read == 2 ** (8 * width) - 1, -1, read).tolist() == numbers


def test_layers_that_differ_have_other_versions(district: District) -> None:
    frame = district.buildings.reset_index()
    moved = frame.set_geometry(frame.geometry.translate(1, 0))
    layers = [tile_layer("b", each, ["name"]) for each in (frame, frame.copy(), moved, frame.assign(name="x"))]
    versions = [layer.version for layer in layers]
    assert versions[0] == versions[1]
    assert len(set(versions)) == 3

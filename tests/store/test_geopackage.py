"""What we write GDAL reads identically, and what GDAL edits we read."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pyproj
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal
from hypothesis import given
from hypothesis import strategies as st

from gridmap.errors import WorkspaceError
from gridmap.store.blobs import blobs_of, bounds_of_blob, geometry_of
from gridmap.store.connections import creating, reading, writing
from gridmap.store.geopackage import (
    CUSTOM_SRS,
    Field,
    Layer,
    add_crs,
    add_functions,
    append_rows,
    create_layer,
    crs_of,
    drop_layer,
    initialise,
    is_geopackage,
    quoted,
    read_features,
    read_rows,
    table_names,
)

HOUSES = Layer(
    "houses",
    (Field("id", "text", required=True, unique=True), Field("n", "integer"), Field("x", "number"), Field("yes", "truth")),
    "MULTIPOLYGON",
)
LOCAL = pyproj.CRS.from_proj4("+proj=tmerc +lat_0=0 +lon_0=120.75 +k=1 +x_0=40000 +y_0=0 +ellps=GRS80 +units=m")


def houses(number: int = 20, crs: object = 4547) -> gpd.GeoDataFrame:
    """Houses along a diagonal, 10 m wide; ids with leading zeros, missing values."""
    at = np.arange(number) * 20.0 + 500_000
    return gpd.GeoDataFrame(
        {
            "id": pd.array([f"00{i}号" for i in range(number)], dtype="str"),
            "n": pd.array([None, *range(1, number)], dtype="Int64"),
            "x": pd.array([0.1, None, *range(2, number)], dtype="Float64"),
            "yes": pd.array([True, False, None, *[True] * (number - 3)], dtype="boolean"),
        },
        geometry=shapely.box(at, at, at + 10, at + 10),
        crs=crs,
    )


def written(path: Path, frame: gpd.GeoDataFrame, layer: Layer = HOUSES) -> Path:
    with creating(path, replace=True) as connection:
        initialise(connection)
        create_layer(connection, layer, frame.crs)
        append_rows(connection, layer, frame)
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return written(tmp_path / "h.gpkg", houses())


def test_gdal_reads_the_same_rows(path: Path) -> None:
    seen = pyogrio.read_dataframe(path, layer="houses")
    assert seen["id"].tolist() == houses()["id"].tolist()
    assert seen["n"].tolist()[1:] == list(range(1, 20))
    assert np.isnan(seen["n"][0])
    assert [None if pd.isna(value) else bool(value) for value in seen["yes"]][:3] == [True, False, None]
    assert shapely.equals_exact(shapely.get_geometry(seen.geometry.to_numpy(), 0), houses().geometry.to_numpy(), 0).all()


def test_gdal_sees_the_declared_types(path: Path) -> None:
    info = pyogrio.read_info(path, layer="houses")
    assert dict(zip(info["fields"], info["ogr_types"], strict=True)) == {"id": "OFTString", "n": "OFTInteger64", "x": "OFTReal", "yes": "OFTInteger"}
    assert (info["geometry_type"], info["features"], info["geometry_name"], info["fid_column"]) == ("MultiPolygon", 20, "geom", "fid")
    assert tuple(info["total_bounds"]) == (500_000, 500_000, 500_390, 500_390)


@pytest.mark.parametrize("code", [4326, 4490, 32651, 4523, *range(4534, 4555)])
def test_gdal_and_we_read_the_crs(tmp_path: Path, code: int) -> None:
    path = written(tmp_path / "h.gpkg", houses(crs=code))
    assert pyogrio.read_info(path, layer="houses")["crs"] == f"EPSG:{code}"
    with reading(path) as connection:
        assert crs_of(connection, "houses") == pyproj.CRS(code)


def test_a_crs_without_a_code(tmp_path: Path) -> None:
    path = written(tmp_path / "h.gpkg", houses(crs=LOCAL))
    with reading(path) as connection:
        assert crs_of(connection, "houses") == LOCAL
    seen = pyproj.CRS(pyogrio.read_info(path, layer="houses")["crs"])
    assert pyproj.Transformer.from_crs(seen, 4326, always_xy=True).transform(40000, 0)[0] == pytest.approx(120.75)


def test_no_crs(tmp_path: Path) -> None:
    path = written(tmp_path / "h.gpkg", houses(crs=None))
    with reading(path) as connection:
        assert crs_of(connection, "houses") is None


def test_a_crs_is_entered_once(path: Path) -> None:
    with writing(path) as connection:
        assert [add_crs(connection, LOCAL), add_crs(connection, LOCAL), add_crs(connection, pyproj.CRS(4547))] == [CUSTOM_SRS, CUSTOM_SRS, 4547]


def test_the_spatial_index_finds_what_a_scan_finds(path: Path) -> None:
    found = pyogrio.read_dataframe(path, layer="houses", bbox=(500_015, 500_015, 500_065, 500_065))
    assert found["id"].tolist() == ["001号", "002号", "003号"]


def test_the_spatial_index_is_whole(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT rtreecheck('rtree_houses_geom')").fetchone() == ("ok",)
        assert connection.execute("SELECT count(*) FROM rtree_houses_geom").fetchone() == (20,)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


def test_the_triggers_are_those_of_gdal(path: Path, tmp_path: Path) -> None:
    """Blanks, quotes and the spelling of NOT NULL aside."""
    pyogrio.write_dataframe(houses(), tmp_path / "gdal.gpkg", layer="houses", promote_to_multi=True)

    def triggers(file: Path) -> dict[str, str]:
        with closing(sqlite3.connect(file)) as connection:
            rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'rtree_houses%'").fetchall()
        return {name: "".join(sql.lower().split()).replace('"', "").replace("(", "").replace(")", "").replace(";", "") for name, sql in rows}

    assert triggers(path) == triggers(tmp_path / "gdal.gpkg")


def test_we_read_what_gdal_appends(path: Path) -> None:
    more = houses(3).assign(id=["new1", "new2", "new3"])
    pyogrio.write_dataframe(more, path, layer="houses", append=True, promote_to_multi=True)
    with reading(path) as connection:
        frame = read_features(connection, HOUSES)
    assert_geodataframe_equal(frame, gpd.GeoDataFrame(pd.concat([houses(), more.astype({"id": "str"})], ignore_index=True), crs=4547))


def test_we_read_a_layer_that_gdal_wrote(tmp_path: Path) -> None:
    pyogrio.write_dataframe(houses(), tmp_path / "gdal.gpkg", layer="houses")
    with reading(tmp_path / "gdal.gpkg") as connection:
        assert is_geopackage(connection)
        assert_geodataframe_equal(read_features(connection, HOUSES), houses())


def test_gdal_reads_what_we_add_to_its_file(tmp_path: Path) -> None:
    pyogrio.write_dataframe(houses(), tmp_path / "gdal.gpkg", layer="houses", promote_to_multi=True)
    with closing(sqlite3.connect(tmp_path / "gdal.gpkg")) as connection:
        connection.execute("ALTER TABLE gpkg_spatial_ref_sys ADD COLUMN definition_12_063 TEXT NOT NULL DEFAULT 'undefined'")
        connection.commit()
    with writing(tmp_path / "gdal.gpkg") as connection:
        append_rows(connection, HOUSES, houses(3).assign(id=["new1", "new2", "new3"]))
    assert pyogrio.read_info(tmp_path / "gdal.gpkg", layer="houses", force_feature_count=True)["features"] == 23


def test_updating_a_geometry_keeps_the_index(path: Path) -> None:
    with writing(path) as connection:
        add_functions(connection)
        (blob,) = blobs_of(np.array([shapely.box(0, 0, 1, 1)]), 4547)
        connection.execute("UPDATE houses SET geom = ? WHERE id = '000号'", (blob,))
    assert pyogrio.read_dataframe(path, layer="houses", bbox=(0, 0, 2, 2))["id"].tolist() == ["000号"]


def test_deleting_a_row_keeps_the_index(path: Path) -> None:
    with writing(path) as connection:
        connection.execute("DELETE FROM houses WHERE n > 2")
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM rtree_houses_geom").fetchone() == (3,)


def test_dropping_a_layer_leaves_no_trace(path: Path) -> None:
    with writing(path) as connection:
        drop_layer(connection, "houses")
        assert not [name for name in table_names(connection) if "houses" in name]
        for table in ("gpkg_contents", "gpkg_geometry_columns", "gpkg_extensions"):
            assert connection.execute(f"SELECT count(*) FROM {table} WHERE table_name = 'houses'").fetchone() == (0,)


def test_columns_that_others_added_are_left_alone(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("ALTER TABLE houses ADD COLUMN remark TEXT")
        connection.commit()
    with reading(path) as connection:
        assert_geodataframe_equal(read_features(connection, HOUSES), houses())


def test_a_column_that_was_removed_is_named(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("ALTER TABLE houses DROP COLUMN n")
        connection.commit()
    with reading(path) as connection, pytest.raises(WorkspaceError, match=r"houses of h\.gpkg has lost its column n"):
        read_features(connection, HOUSES)


def test_a_layer_that_was_removed_is_named(path: Path) -> None:
    with reading(path) as connection, pytest.raises(WorkspaceError, match=r"layer others is missing from h\.gpkg"):
        read_rows(connection, Layer("others", (Field("id", "text"),)))


@pytest.mark.parametrize(("column", "value"), [("n", "many"), ("geom", b"GP"), ("geom", b"GP\x00\x01" + b"\x00" * 9), ("x", "1,5")])
def test_a_value_of_the_wrong_kind_is_named(path: Path, column: str, value: object) -> None:
    with closing(sqlite3.connect(path)) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute(f"UPDATE houses SET {column} = ? WHERE fid = 3", (value,))
        connection.commit()
    with reading(path) as connection, pytest.raises(WorkspaceError, match=f"column {column} of the layer houses"):
        read_features(connection, HOUSES)


@pytest.mark.parametrize(("column", "value"), [("id", None), ("id", "same")])
def test_ids_are_there_and_unique(tmp_path: Path, column: str, value: object) -> None:
    with pytest.raises(WorkspaceError, match="constraint failed"):
        written(tmp_path / "h.gpkg", houses().assign(**{column: value}))
    assert list(tmp_path.iterdir()) == []


def test_missing_and_empty_geometry(tmp_path: Path) -> None:
    layer = Layer("houses", HOUSES.fields, "GEOMETRY", bare=True)
    geometry = [None, shapely.Polygon(), shapely.Point(1, 2), *[shapely.LineString([(0, 0), (1, 1)])] * 17]
    path = written(tmp_path / "h.gpkg", houses().set_geometry(gpd.GeoSeries(geometry, crs=4547)), layer)
    with reading(path) as connection:
        back = read_features(connection, layer).geometry.to_numpy()
        assert connection.execute("SELECT count(*) FROM rtree_houses_geom").fetchone() == (18,)
    assert back[0] is None
    assert back[1].is_empty
    seen = pyogrio.read_dataframe(path, layer="houses").geometry.to_numpy()
    assert seen[0] is None
    assert seen[1].is_empty
    assert shapely.equals_exact(seen[2:], back[2:], 0).all()


def test_heights_are_kept_and_announced(tmp_path: Path) -> None:
    frame = houses().set_geometry(shapely.force_3d(houses().geometry.to_numpy(), 7.5)).set_crs(4547)
    path = written(tmp_path / "h.gpkg", frame)
    assert pyogrio.read_dataframe(path, layer="houses").geometry.has_z.all()
    with reading(path) as connection:
        assert_geodataframe_equal(read_features(connection, HOUSES), frame)


def test_an_empty_layer(tmp_path: Path) -> None:
    path = written(tmp_path / "h.gpkg", houses().iloc[:0])
    assert pyogrio.read_info(path, layer="houses")["features"] == 0
    with reading(path) as connection:
        assert read_features(connection, HOUSES).dtypes.astype(str).to_dict() == houses().dtypes.astype(str).to_dict()


coordinate = st.floats(-1e7, 1e7, allow_nan=False)
points = st.builds(shapely.Point, coordinate, coordinate)
lines = st.lists(st.tuples(coordinate, coordinate), min_size=2, max_size=4).map(shapely.LineString)
boxes = st.builds(lambda x, y, side: shapely.box(x, y, x + side, y + side), coordinate, coordinate, st.floats(1, 1e4))
geometries = st.one_of(st.none(), points, lines, boxes, st.lists(boxes, min_size=2, max_size=3).map(shapely.MultiPolygon))


@given(st.lists(geometries, max_size=5))
def test_blobs_give_back_every_bit(drawn: list[object]) -> None:
    array = np.array([*drawn, None], dtype=object)
    blobs = blobs_of(array, 4547)
    assert shapely.to_wkb(geometry_of(blobs)).tolist() == shapely.to_wkb(array).tolist()
    assert [None if blob is None else bounds_of_blob(blob) for blob in blobs] == [None if each is None else each.bounds for each in array]


@pytest.mark.parametrize("name", ["plain", 'a "b" c', "方案'一'", "x; DROP TABLE y"])
def test_any_name_is_one_identifier(name: str) -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(f"CREATE TABLE {quoted(name)} (id)")
        assert table_names(connection) == {name}

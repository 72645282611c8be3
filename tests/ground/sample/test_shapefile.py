"""GDAL is the oracle: it must read what was written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyogrio
import pyproj
import pytest
import shapely

from gridmap.ground.sample.shapefile import AREA, LINE, POINT, parts_of_each, write_shapefile

CRS = pyproj.CRS.from_epsg(4549)
HOLED = shapely.Polygon([(0, 0), (10, 0), (10, 10), (0, 10)], [[(2, 2), (4, 2), (4, 4), (2, 4)]])


@pytest.mark.parametrize(
    ("kind", "geometry"),
    [
        (POINT, shapely.Point(1, 2)),
        (LINE, shapely.LineString([(0, 0), (3, 4), (5, 5)])),
        (LINE, shapely.MultiLineString([[(0, 0), (3, 4)], [(9, 9), (8, 7)]])),
        (AREA, HOLED),
        (AREA, shapely.MultiPolygon([HOLED, shapely.box(20, 20, 30, 30)])),
    ],
)
def test_geometry_comes_back(tmp_path: Path, kind: int, geometry: shapely.Geometry) -> None:
    path = tmp_path / "a.shp"
    write_shapefile(path, parts_of_each([geometry]), {"n": [1]}, kind=kind, crs=CRS)
    read = pyogrio.read_dataframe(path).geometry[0]
    assert read.equals(geometry)


def test_text_is_gbk_without_saying_so(tmp_path: Path) -> None:
    path = tmp_path / "a.shp"
    write_shapefile(path, [[np.array([[0.0, 0.0]])]] * 2, {"小区名称": ["暖檐苑", None], "层数": [6, None]}, kind=POINT, crs=None)
    assert sorted(each.suffix for each in tmp_path.iterdir()) == [".dbf", ".shp", ".shx"]
    table = pyogrio.read_dataframe(path, encoding="GBK")
    assert list(table.columns) == ["小区名称", "层数", "geometry"]
    assert table["小区名称"].tolist()[0] == "暖檐苑"
    assert table["层数"].tolist()[0] == 6
    assert table["小区名称"].isna().tolist() == [False, True]


def test_crs_is_stated_when_given(tmp_path: Path) -> None:
    path = tmp_path / "a.shp"
    write_shapefile(path, [[np.array([[0.0, 0.0]])]], {"n": [1]}, kind=POINT, crs=CRS)
    assert pyproj.CRS.from_user_input(pyogrio.read_info(path)["crs"]).to_epsg() == 4549


def test_rows_without_geometry_are_rows(tmp_path: Path) -> None:
    path = tmp_path / "a.shp"
    write_shapefile(path, parts_of_each([shapely.Polygon(), HOLED]), {"n": [1, 2]}, kind=AREA, crs=None)
    assert pyogrio.read_dataframe(path).geometry.isna().tolist() == [True, False]


def test_names_too_long_for_a_column_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="10 bytes"):
        write_shapefile(tmp_path / "a.shp", [], {"统计用区划代码": []}, kind=POINT, crs=None)

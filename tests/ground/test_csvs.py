from __future__ import annotations

from pathlib import Path

import pytest
import shapely

from gridmap.errors import InputError
from gridmap.ground.files import read_layers
from gridmap.ground.layers import Layer

TEXT = "名称,经度,纬度,编号\n甲,121.5,32.25,007\n乙,,32,008\n"


def read(path: Path, text: str, encoding: str = "utf-8") -> Layer:
    path.write_bytes(text.encode(encoding))
    (layer,) = read_layers(path)
    return layer


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_encodings_and_separators(tmp_path: Path, encoding: str, separator: str) -> None:
    layer = read(tmp_path / "a.csv", TEXT.replace(",", separator), encoding)
    assert layer.frame["名称"].tolist() == ["甲", "乙"]
    assert layer.frame["编号"].tolist() == ["007", "008"]


def test_points_and_the_row_without_one(tmp_path: Path) -> None:
    layer = read(tmp_path / "a.csv", TEXT)
    assert layer.frame.geometry[0] == shapely.Point(121.5, 32.25)
    assert layer.frame.geometry[1] is None
    assert [(each.row, each.column) for each in layer.findings if each.code == "place_missing"] == [(3, "经度, 纬度")]


def test_crs_is_not_stated_but_proposed(tmp_path: Path) -> None:
    layer = read(tmp_path / "a.csv", "x,y\n40500000,3550000\n")
    assert (layer.frame.crs, layer.proposed_crs) == (None, "EPSG:4528")


def test_wkt_and_its_faults(tmp_path: Path) -> None:
    layer = read(tmp_path / "a.csv", 'id,WKT\n1,"POLYGON ((0 0, 1 0, 1 1, 0 0))"\n2,POLYGON ((0 0\n3,\n')
    assert layer.frame.geometry.notna().tolist() == [True, False, False]
    assert [(each.code, each.row) for each in layer.findings if each.row] == [("wkt_unreadable", 3), ("geometry_missing", 4)]


def test_table_without_places(tmp_path: Path) -> None:
    layer = read(tmp_path / "a.csv", "楼栋,网格\n1,A\n")
    assert not layer.has_geometry
    assert layer.user_row(0) == 2


def test_uneven_rows_and_repeated_names(tmp_path: Path) -> None:
    layer = read(tmp_path / "a.csv", "a,a,\n1,2,3,4\n5\n\n")
    assert list(layer.frame.columns) == ["a", "a_2", "column_3", "column_4"]
    assert layer.frame.fillna("").to_numpy().tolist() == [["1", "2", "3", "4"], ["5", "", "", ""]]


@pytest.mark.parametrize(("content", "code"), [(b"a,b\n", "file_without_rows"), (b"a,b\n\xff\xff\x00,1\n", "text_unreadable")])
def test_csv_without_use(tmp_path: Path, content: bytes, code: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_layers(path)
    assert caught.value.code == code

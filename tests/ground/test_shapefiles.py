from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gridmap.ground.files import read_layers
from gridmap.ground.layers import Layer
from gridmap.ground.shapefiles import decoded_text

NAMES = ["阳光花园", "和平里三号楼"]


def written(folder: Path, encoding: str, *, cpg: str | None, prj: bool = True, names: list[str] = NAMES) -> Path:
    boxes = [shapely.box(40_500_000, 3_550_000, 40_500_010, 3_550_010)] * len(names)
    frame = gpd.GeoDataFrame({"小区": names, "BH": ["007"] * len(names)}, geometry=boxes, crs=4528)
    path = folder / "楼栋.shp"
    frame.to_file(path, encoding=encoding)
    path.with_suffix(".cpg").unlink(missing_ok=True)
    # The language byte would give the encoding away.
    table = bytearray(path.with_suffix(".dbf").read_bytes())
    table[29] = 0
    path.with_suffix(".dbf").write_bytes(table)
    if cpg is not None:
        path.with_suffix(".cpg").write_text(cpg, encoding="ascii")
    if not prj:
        path.with_suffix(".prj").unlink()
    return path


def read(path: Path) -> Layer:
    (layer,) = read_layers(path)
    return layer


@pytest.mark.parametrize("written_as", ["GBK", "GB18030", "UTF-8"])
@pytest.mark.parametrize("cpg", ["true", None, "UTF-8", "GBK", "ISO-8859-1"])
def test_text_is_read_whatever_the_cpg_says(tmp_path: Path, written_as: str, cpg: str | None) -> None:
    layer = read(written(tmp_path, written_as, cpg=written_as if cpg == "true" else cpg))
    assert layer.frame["小区"].tolist() == NAMES
    assert layer.frame["BH"].tolist() == ["007", "007"]
    assert layer.encoding == ("UTF-8" if written_as == "UTF-8" else "GB18030")


@pytest.mark.parametrize(("cpg", "code"), [(None, "encoding_found"), ("UTF-8", "encoding_contradicted"), ("GBK", None)])
def test_the_encoding_is_told_where_it_was_not_stated(tmp_path: Path, cpg: str | None, code: str | None) -> None:
    layer = read(written(tmp_path, "GBK", cpg=cpg))
    assert [each.code for each in layer.findings] == ([code] if code else [])


def test_language_byte_says_gbk(tmp_path: Path) -> None:
    # These bytes are valid UTF-8 by chance.
    path = written(tmp_path, "GBK", cpg=None, names=["联通"])
    table = bytearray(path.with_suffix(".dbf").read_bytes())
    table[29] = 0x4D
    path.with_suffix(".dbf").write_bytes(table)
    assert read(path).frame["小区"].tolist() == ["联通"]


def test_bytes_that_are_no_text_are_told(tmp_path: Path) -> None:
    path = written(tmp_path, "GBK", cpg="GBK")
    table = path.with_suffix(".dbf").read_bytes()
    path.with_suffix(".dbf").write_bytes(table.replace("阳光".encode("gbk"), b"\xff\xff\xff\xff"))
    assert "text_undecodable" in [each.code for each in read(path).findings]


def test_without_prj_the_zone_is_proposed(tmp_path: Path) -> None:
    layer = read(written(tmp_path, "UTF-8", cpg="UTF-8", prj=False))
    assert layer.frame.crs is None
    assert layer.proposed_crs == "EPSG:4528"
    assert [(each.code, each.value) for each in layer.findings] == [("crs_proposed", "EPSG:4528")]


def test_parts_in_capital_letters(tmp_path: Path) -> None:
    path = written(tmp_path, "UTF-8", cpg="UTF-8")
    for part in list(tmp_path.iterdir()):
        part.rename(part.with_suffix(part.suffix.upper()))
    assert len(read(path.with_suffix(".SHP")).frame) == 2


@given(st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), max_size=30), st.sampled_from(["UTF-8", "GB18030"]), st.integers(0, 60))
def test_a_character_cut_in_two_is_left_out(text: str, encoding: str, width: int) -> None:
    cut = text.encode(encoding)[:width].decode("latin-1")
    assert text.startswith(decoded_text(cut, encoding))

from __future__ import annotations

from pathlib import Path

import pytest
import shapely

from gridmap.errors import InputError
from gridmap.ground.files import read_layers
from gridmap.ground.layers import Layer

HEAD = '<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document><name>all</name>'


def read(folder: Path, *marks: str) -> Layer:
    path = folder / "a.kml"
    path.write_text(f"{HEAD}{''.join(marks)}</Document></kml>", encoding="utf-8")
    (layer,) = read_layers(path)
    return layer


def mark(geometry: str, inner: str = "") -> str:
    return f"<Placemark><name>甲</name>{inner}{geometry}</Placemark>"


def ring(*points: tuple[int, int]) -> str:
    return f"<LinearRing><coordinates>{' '.join(f'{x},{y},0' for x, y in points)}</coordinates></LinearRing>"


SQUARE = ring((0, 0), (4, 0), (4, 4), (0, 4), (0, 0))
HOLE = ring((1, 1), (2, 1), (2, 2), (1, 1))
AREA = f"<Polygon><outerBoundaryIs>{SQUARE}</outerBoundaryIs><innerBoundaryIs>{HOLE}</innerBoundaryIs></Polygon>"
POINT = "<Point><coordinates>121.5,32.25,7</coordinates></Point>"


def test_geometry_of_every_kind(tmp_path: Path) -> None:
    line = "<LineString><coordinates>0,0 1,1</coordinates></LineString>"
    layer = read(tmp_path, mark(POINT), mark(line), mark(AREA), mark(f"<MultiGeometry>{AREA}{AREA}</MultiGeometry>"))
    assert layer.frame.geometry.geom_type.tolist() == ["Point", "LineString", "Polygon", "MultiPolygon"]
    assert layer.frame.geometry[0] == shapely.Point(121.5, 32.25)
    assert shapely.area(layer.frame.geometry[2]) == 15.5
    assert layer.frame.crs.to_epsg() == 4326


def test_names_folders_and_data(tmp_path: Path) -> None:
    data = '<ExtendedData><Data name="户数"><value>30</value></Data><SchemaData><SimpleData name="BH">007</SimpleData></SchemaData></ExtendedData>'
    layer = read(tmp_path, f"<Folder><name>北片</name>{mark(POINT, data)}</Folder>")
    row = layer.frame.iloc[0]
    assert (row["name"], row["folder"], row["户数"], row["BH"]) == ("甲", "北片", "30", "007")


@pytest.mark.parametrize(
    ("geometry", "code"),
    [
        ("", "geometry_missing"),
        ("<Point><coordinates>here</coordinates></Point>", "kml_unreadable"),
        ("<LineString><coordinates>0,0</coordinates></LineString>", "kml_unreadable"),
        (f"<Polygon><outerBoundaryIs>{ring((0, 0), (1, 0))}</outerBoundaryIs></Polygon>", "kml_unreadable"),
    ],
)
def test_broken_placemarks_are_told_and_the_others_arrive(tmp_path: Path, geometry: str, code: str) -> None:
    layer = read(tmp_path, mark(POINT), mark(geometry))
    assert [(each.code, each.row) for each in layer.findings if each.row] == [(code, 2)]
    assert layer.frame.geometry.notna().tolist() == [True, False]


def test_entities_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.kml"
    path.write_text(f'<!DOCTYPE kml [<!ENTITY a SYSTEM "file:///etc/hostname">]><kml>{mark(POINT)}&a;</kml>', encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_layers(path)
    assert caught.value.code == "file_reaches_out"


def test_zipped_kml(tmp_path: Path) -> None:
    import zipfile

    path = tmp_path / "a.kmz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("doc.kml", f"{HEAD}{mark(POINT)}</Document></kml>")
    assert [layer.file for layer in read_layers(path)] == ["a.kmz/doc.kml"]

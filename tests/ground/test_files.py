from __future__ import annotations

import json
import pickle
import sqlite3
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from reaching import CANARY, listening, reaching_out
from shapes import BOW_TIE, UNIT_SQUARE

from gridmap.errors import InputError
from gridmap.ground.files import read_layers

FORMATS = {"gpkg": "GPKG", "geojson": "GeoJSON", "fgb": "FlatGeobuf", "shp": "ESRI Shapefile", "parquet": "parquet"}


def squares(count: int = 2) -> gpd.GeoDataFrame:
    geometry = [shapely.transform(UNIT_SQUARE, lambda xy, place=place: xy / 100 + (121 + place, 32)) for place in range(count)]
    return gpd.GeoDataFrame({"code": [f"00{place}" for place in range(count)], "households": [4, None][:count]}, geometry=geometry, crs=4326)


def write(frame: gpd.GeoDataFrame, path: Path) -> Path:
    if path.suffix == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_file(path, driver=FORMATS[path.suffix[1:]])
    return path


def geojson(path: Path, *geometries: object, **more: object) -> Path:
    features = [{"type": "Feature", "properties": {"n": place}, "geometry": each} for place, each in enumerate(geometries)]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features, **more}), encoding="utf-8")
    return path


def polygon(*rings: list[tuple[float, float]]) -> dict[str, object]:
    return {"type": "Polygon", "coordinates": rings}


@pytest.mark.parametrize("ending", FORMATS)
def test_formats_give_rows_text_ids_and_crs(tmp_path: Path, ending: str) -> None:
    (layer,) = read_layers(write(squares(), tmp_path / f"a.{ending}"))
    # FlatGeobuf puts its rows in an order of its own.
    assert sorted(layer.frame["code"]) == ["000", "001"]
    assert layer.frame.crs.to_epsg() == 4326
    assert shapely.area(layer.frame.geometry.to_numpy()) == pytest.approx(1e-4)
    assert layer.findings == ()


def test_ground_is_told_by_content_not_by_name(tmp_path: Path) -> None:
    path = write(squares(), tmp_path / "a.gpkg").rename(tmp_path / "a.geojson")
    assert len(read_layers(path)[0].frame) == 2


def test_layers_of_a_geopackage_by_name(tmp_path: Path) -> None:
    path = tmp_path / "a.gpkg"
    for name in ("buildings", "streets"):
        squares().to_file(path, driver="GPKG", layer=name)
    assert [layer.name for layer in read_layers(path)] == ["buildings", "streets"]
    assert [layer.name for layer in read_layers(path, layers=["streets"])] == ["streets"]
    with pytest.raises(InputError, match="buildings, streets"):
        read_layers(path, layers=["roads"])


def test_whole_numbers_beside_missing_ones_stay_whole(tmp_path: Path) -> None:
    rows = [{"type": "Feature", "properties": {"id": value}, "geometry": {"type": "Point", "coordinates": [0, 0]}} for value in (2**60 + 1, None)]
    path = tmp_path / "a.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": rows}), encoding="utf-8")
    assert read_layers(path)[0].frame["id"][0] == 2**60 + 1


def test_text_and_numbers_mixed_in_one_column(tmp_path: Path) -> None:
    values = ("4328户", 300, None)
    rows = [{"type": "Feature", "properties": {"户数": value}, "geometry": {"type": "Point", "coordinates": [0, 0]}} for value in values]
    path = tmp_path / "a.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": rows}), encoding="utf-8")
    assert read_layers(path)[0].frame["户数"].fillna("").tolist() == ["4328户", "300", ""]


def test_repeated_ids_are_left_as_they_are(tmp_path: Path) -> None:
    rows = [{"type": "Feature", "id": 7, "properties": {"id": 7}, "geometry": {"type": "Point", "coordinates": [0, 0]}} for _ in range(2)]
    path = tmp_path / "a.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": rows}), encoding="utf-8")
    assert read_layers(path)[0].frame["id"].tolist() == [7, 7]


BROKEN = {
    "ring_unclosed": polygon([(0, 0), (1, 0), (1, 1), (0, 1)]),
    "ring_too_short": polygon([(0, 0), (1, 0)]),
    "ring_left_out": polygon([(0, 0), (4, 0), (4, 4), (0, 0)], [(1, 1), (2, 1)]),
    "geometry_missing": None,
    "geometry_empty": {"type": "Polygon", "coordinates": []},
    "geometry_unusable": {"type": "LineString", "coordinates": [(0, 0)]},
    "geometry_infinite": {"type": "Point", "coordinates": [float("inf"), 0]},
    "geometry_collection": {
        "type": "GeometryCollection",
        "geometries": [polygon([(0, 0), (1, 0), (1, 1), (0, 0)]), {"type": "Point", "coordinates": (0, 0)}],
    },
}
USABLE = ("ring_unclosed", "ring_left_out", "geometry_collection")


@pytest.mark.parametrize("code", BROKEN)
def test_broken_geometry_is_told_with_its_row_and_the_others_arrive(tmp_path: Path, code: str) -> None:
    sound = polygon([(0, 0), (1, 0), (1, 1), (0, 0)])
    (layer,) = read_layers(geojson(tmp_path / "a.geojson", sound, BROKEN[code], sound))
    assert [(each.code, each.row, each.file) for each in layer.findings if each.row] == [(code, 2, "a.geojson")]
    assert layer.frame.geometry.notna().tolist() == [True, code in USABLE, True]


def test_geometry_that_crosses_itself_arrives_as_it_is(tmp_path: Path) -> None:
    (layer,) = read_layers(geojson(tmp_path / "a.geojson", shapely.geometry.mapping(BOW_TIE)))
    assert layer.frame.geometry.is_valid.tolist() == [False]
    assert layer.findings == ()


def test_heights_are_dropped_and_counted(tmp_path: Path) -> None:
    (layer,) = read_layers(geojson(tmp_path / "a.geojson", {"type": "Point", "coordinates": [1, 2, 3]}))
    assert not layer.frame.geometry.has_z.any()
    assert [(each.code, each.value) for each in layer.findings] == [("geometry_z_dropped", 1)]


def test_mixed_kinds_are_told_once(tmp_path: Path) -> None:
    point = {"type": "Point", "coordinates": [1, 2]}
    (layer,) = read_layers(geojson(tmp_path / "a.geojson", point, point, polygon([(0, 0), (1, 0), (1, 1), (0, 0)])))
    assert [(each.code, each.words) for each in layer.findings] == [("geometry_mixed", {"points": 2, "lines": 0, "areas": 1})]


def test_crs_member_of_geojson_counts(tmp_path: Path) -> None:
    member = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4528"}}
    (layer,) = read_layers(geojson(tmp_path / "a.geojson", {"type": "Point", "coordinates": [40_500_000, 3_550_000]}, crs=member))
    assert layer.frame.crs.to_epsg() == 4528


def test_metres_in_a_geojson_are_no_degrees(tmp_path: Path) -> None:
    (layer,) = read_layers(geojson(tmp_path / "a.geojson", {"type": "Point", "coordinates": [40_500_000, 3_550_000]}))
    assert layer.frame.crs is None
    assert layer.proposed_crs == "EPSG:4528"
    assert [each.code for each in layer.findings] == ["crs_proposed"]


def test_layer_travels_between_processes(tmp_path: Path) -> None:
    (layer,) = read_layers(write(squares(), tmp_path / "a.gpkg"))
    assert pickle.loads(pickle.dumps(layer)).frame.equals(layer.frame)


def no_file(folder: Path) -> Path:
    return folder / "absent.gpkg"


def bytes_named(name: str, content: bytes) -> Path:
    def made(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(content)
        return path

    return made  # type: ignore[return-value]


def cut_geopackage(folder: Path) -> Path:
    path = write(squares(), folder / "cut.gpkg")
    path.write_bytes(path.read_bytes()[:5000])
    return path


def lone_shape(folder: Path) -> Path:
    path = write(squares(), folder / "a.shp")
    path.with_suffix(".dbf").unlink()
    return path


UNREADABLE = {
    "file_missing": no_file,
    "file_is_folder": lambda folder: folder,
    "file_empty": bytes_named("a.gpkg", b""),
    "file_wrong_format": bytes_named("a.gpkg", b"%PDF-1.7 nothing of use"),
    "file_is_osm": bytes_named("a.osm", b"<osm version='0.6'></osm>"),
    "file_without_rows": bytes_named("a.geojson", b'{"type": "FeatureCollection", "features": []}'),
    "file_unreadable": cut_geopackage,
    "shapefile_part_missing": lone_shape,
    "archive_damaged": bytes_named("a.zip", b"PK\x03\x04 and then nothing"),
}


@pytest.mark.parametrize("code", UNREADABLE)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_unreadable_files_get_one_sentence(tmp_path: Path, code: str, language: str) -> None:
    path = UNREADABLE[code](tmp_path)  # type: ignore[operator]
    with pytest.raises(InputError) as caught:
        read_layers(path)
    assert caught.value.code == code
    assert path.name in caught.value.text(language)  # type: ignore[arg-type]
    assert "\n" not in caught.value.text(language)  # type: ignore[arg-type]


def test_broken_json_is_unreadable(tmp_path: Path) -> None:
    path = tmp_path / "a.geojson"
    path.write_text('{"type": "FeatureCollection", "features": [{"type": "Feature", "geom', encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_layers(path)
    assert caught.value.code == "file_unreadable"


@pytest.fixture
def hits() -> Iterator[tuple[int, list[str]]]:
    """A loopback listener: its port, and the list of what was asked of it."""
    with listening() as found:
        yield found


KINDS = tuple(reaching_out(Path(), 0))


@pytest.mark.parametrize("ending", ["geojson", "gpkg", "shp", "kml", "csv", "zip"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_names_another_gives_nothing_of_it(tmp_path: Path, hits: tuple[int, list[str]], kind: str, ending: str) -> None:
    canary = tmp_path / "outside" / "members.geojson"
    canary.parent.mkdir()
    geojson(canary, {"type": "Point", "coordinates": [1, 1]}, name=CANARY)
    port, asked = hits
    content = reaching_out(canary, port)[kind]
    path = tmp_path / f"upload.{ending}"
    if ending == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("upload.geojson", content)
    else:
        path.write_text(content, encoding="utf-8")
    try:
        seen = str([layer.frame.drop(columns="geometry", errors="ignore").to_csv() for layer in read_layers(path)])
    except InputError as error:
        seen = error.text("en")
    # A CSV is text: it may show the words of the upload itself, never rows of the other file.
    assert '"coordinates"' not in seen
    assert not seen.startswith("['n")
    assert asked == []


def test_virtual_table_in_a_geopackage_is_refused(tmp_path: Path) -> None:
    path = write(squares(), tmp_path / "a.gpkg")
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA writable_schema=ON")
        sql = "CREATE VIRTUAL TABLE stolen USING VirtualOGR('/vsicurl/http://127.0.0.1:9/a.geojson')"
        database.execute("INSERT INTO sqlite_master(type, name, tbl_name, rootpage, sql) VALUES ('table', 'stolen', 'stolen', 0, ?)", (sql,))
    database.close()
    with pytest.raises(InputError) as caught:
        read_layers(path)
    assert caught.value.code == "file_reaches_out"


READ_IN_A_FRESH_PROCESS = """
import sys
from pathlib import Path
from gridmap.errors import InputError
from gridmap.ground import drivers, vectors
from gridmap.ground.layers import Layer
assert drivers.unexpected_drivers() == [], drivers.unexpected_drivers()
for path in map(Path, sys.argv[1:]):
    # Past the look at the content, straight to GDAL: the drivers must be off by themselves.
    try:
        vectors.read_flatgeobuf(path)
        print("READ", path)
    except InputError as error:
        print(error.code)
"""


def test_other_drivers_are_off_in_a_fresh_process(tmp_path: Path, python: list[str], hits: tuple[int, list[str]]) -> None:
    canary = geojson(tmp_path / "members.geojson", {"type": "Point", "coordinates": [1, 1]})
    port, asked = hits
    paths = []
    for kind in ("vrt", "vrt_net", "wfs", "pipeline"):
        paths.append(tmp_path / f"{kind}.data")
        paths[-1].write_text(reaching_out(canary, port)[kind], encoding="utf-8")
    run = subprocess.run([*python, "-c", READ_IN_A_FRESH_PROCESS, *map(str, paths)], capture_output=True, text=True, check=False)
    assert run.stdout.split() == ["file_unreadable"] * 4, run.stderr
    assert asked == []


def test_real_files(shared_data: Path) -> None:
    (areas,) = read_layers(shared_data / "songshan" / "songshan.gpkg")
    assert len(areas.frame) == 838
    assert areas.frame["H_CNT"].sum() == 80518
    (old_town,) = read_layers(shared_data / "suzhou" / "buildings.geojson")
    assert len(old_town.frame) == 3076
    (pieces,) = read_layers(shared_data / "shanghai" / "buildings.geojson")
    assert len(pieces.frame) == 1981
    assert pieces.frame["id"].duplicated().any()


def test_geojson_in_gbk(tmp_path: Path) -> None:
    path = tmp_path / "a.geojson"
    point = {"type": "Point", "coordinates": [121, 32]}
    rows = [{"type": "Feature", "properties": {"小区": "阳光花园"}, "geometry": point}]
    path.write_bytes(json.dumps({"type": "FeatureCollection", "features": rows}, ensure_ascii=False).encode("gbk"))
    (layer,) = read_layers(path)
    assert layer.frame["小区"].tolist() == ["阳光花园"]
    assert (layer.file, layer.name, [each.code for each in layer.findings]) == ("a.geojson", "a", ["text_not_utf8"])


def test_geopackage_with_text_in_gbk(tmp_path: Path) -> None:
    path = write(squares(), tmp_path / "a.gpkg")
    with sqlite3.connect(path) as database:
        database.create_function("ST_IsEmpty", 1, lambda _: 0)
        for name in [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")]:
            database.execute(f'DROP TRIGGER "{name}"')
        database.execute("UPDATE a SET code = CAST(? AS TEXT)", ("阳光花园".encode("gbk"),))
    database.close()
    (layer,) = read_layers(path)
    assert layer.frame["code"].tolist() == ["阳光花园"] * 2
    assert [(each.code, each.column) for each in layer.findings] == [("text_not_utf8", "code")]

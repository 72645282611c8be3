"""Bad input, one row of a table for each kind: one clear sentence in both languages, the exit code, never a traceback, the workspace as it was."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
import string
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest
from shapes import corners, feature, small_town, with_row, write_features

from gridmap.cli.main import run
from gridmap.store import connections
from gridmap.store.workspace import Workspace
from gridmap.texts import catalogue

COMMUNITIES, BUILDINGS = small_town()
RING = corners(0.3, 1.3, 0.7, 1.6)
"""The footprint of building 002, in row 2."""
LAYER = "楼栋.geojson"
METRES = [[581_400.0, 3_544_400.0], [581_440.0, 3_544_400.0], [581_440.0, 3_544_430.0], [581_400.0, 3_544_400.0]]
"""A place in the town in metres of EPSG:4549."""
LEDGER = "小区,楼号,备注\n幸福里,1号楼,甲\n幸福里,2号楼,乙\n"
EXCHANGED = "名称,经度,纬度\n甲,32.02,120.86\n"
POINT = {**COMMUNITIES[0], "geometry": {"type": "Point", "coordinates": RING[0]}}
EMPTY = feature(corners(6, 0, 7, 2), 社区编号="003", 社区名称="南湖社区")
FAULTY = [
    *with_row(with_row(BUILDINGS, 2, 户数=-5), 3, 户数=304.5)[:3],
    with_row(BUILDINGS, 4, 编号="001")[3],
    with_row(BUILDINGS, 5, None)[4],
    *BUILDINGS[5:],
]
"""Four faults in one file: rows 2 to 5."""


@dataclass(frozen=True)
class Case:
    """``line`` is the command line for a workspace and a folder of files; the answer is the text ``told`` of the catalogues and mentions ``said``."""

    code: int
    line: Callable[[Path, Path], list[object]]
    told: str
    said: tuple[str, ...]


def case(name: str, code: int, line: Callable[[Path, Path], list[object]], told: str, said: str = "") -> Any:
    return pytest.param(Case(code, line, told, tuple(said.split("|"))), id=name)


def buildings(features: list[dict[str, Any]], *more: object) -> Callable[[Path, Path], list[object]]:
    """Import these features as the buildings of the town."""
    return lambda workspace, folder: ["import", workspace, "--buildings", write_features(folder / LAYER, features), *more]


def communities(features: list[dict[str, Any]]) -> Callable[[Path, Path], list[object]]:
    """Import these features as the communities of the town."""
    return lambda workspace, folder: ["import", workspace, "--communities", write_features(folder / "社区.geojson", features)]


def bytes_as(name: str, content: bytes, option: str = "--streets") -> Callable[[Path, Path], list[object]]:
    """Import a file of this name and content."""

    def line(workspace: Path, folder: Path) -> list[object]:
        (folder / name).write_bytes(content)
        return ["import", workspace, option, folder / name]

    return line


def command(*words: object) -> Callable[[Path, Path], list[object]]:
    """Run a command on the workspace that reads no other file; ``.../`` is the folder of files."""
    first, *rest = words
    return lambda workspace, folder: [first, workspace, *(str(word).replace(".../", f"{folder}/") for word in rest)]


def rules(content: bytes) -> Callable[[Path, Path], list[object]]:
    """Plan by a rules file of this content."""

    def line(workspace: Path, folder: Path) -> list[object]:
        (folder / "own.toml").write_bytes(content)
        return ["plan", workspace, "--name", "新", "--rules", folder / "own.toml"]

    return line


def mixed(workspace: Path, folder: Path) -> list[object]:
    """Import communities in degrees and a building in metres, each file stating its own CRS."""
    metres = write_features(folder / LAYER, [feature(METRES, 户数=5)], crs="urn:ogc:def:crs:EPSG::4549")
    return ["import", workspace, "--buildings", metres, "--communities", write_features(folder / "社区.geojson", COMMUNITIES)]


CASES = [
    # files
    case("missing file", 1, command("import", "--streets", ".../无.shp"), "file_missing", "无.shp"),
    case("empty file", 1, bytes_as("空.geojson", b""), "file_empty", "空.geojson"),
    case("wrong format", 1, bytes_as("照片.geojson", b"\xff\xd8\xff\xe0JFIF"), "file_wrong_format", "照片.geojson|GeoPackage"),
    case("damaged file", 1, bytes_as("坏.gpkg", b"SQLite format 3\0" + bytes(99)), "file_unreadable", "坏.gpkg"),
    case("half a file", 1, bytes_as("半.geojson", b'{"type": "FeatureCollection", "features": [{'), "file_unreadable", "半.geojson"),
    case("no row", 1, bytes_as("零.geojson", b'{"type": "FeatureCollection", "features": []}'), "file_without_rows", "零.geojson"),
    case("folder for a file", 1, command("import", "--streets", ".../"), "file_is_folder", "files"),
    case("shapefile alone", 1, bytes_as("楼.shp", b"\x00\x00\x27\x0a" + bytes(96)), "shapefile_part_missing", "楼.shp|.dbf"),
    # coordinates
    case("no CRS", 1, bytes_as("点.csv", "名称,x,y\n甲,1200,3400\n".encode(), "--venues"), "crs_unstated", "点.csv|--crs"),
    case("metres said to be degrees", 1, buildings([feature(METRES, 户数=5)]), "crs_unstated", f"{LAYER}|--crs"),
    case("degrees said to be metres", 1, buildings(BUILDINGS, "--crs", "EPSG:4549"), "crs_degrees", f"{LAYER}|EPSG:4549"),
    case("latitude first", 1, buildings([feature([point[::-1] for point in RING], 户数=5)]), "crs_exchanged", LAYER),
    case("venues with latitude first", 1, bytes_as("点.csv", EXCHANGED.encode(), "--venues"), "crs_exchanged", "点.csv"),
    case("mixed CRS", 0, lambda *where: mixed(*where), "cli_import_done", "EPSG:4549"),
    case("another city", 1, buildings([feature(corners(5000, 1, 5001, 2), 户数=5)]), "import_elsewhere", LAYER),
    case("CRS that is none", 1, buildings(BUILDINGS, "--crs", "EPSG:1"), "crs_unknown", "EPSG:1"),
    case("CRS of a table that is none", 1, buildings(BUILDINGS, "--crs", "venue=bd09"), "crs_table_unknown", "venue|venues"),
    # households and ids
    case("no household field", 1, buildings([feature(RING, 备注="x")]), "no_households_at_all", f"{LAYER}|备注"),
    case("ledger without households", 1, bytes_as("账.csv", LEDGER.encode("gb18030"), "--ledger"), "no_household_field", "账.csv|备注"),
    case("negative households", 3, buildings(with_row(BUILDINGS, 2, 户数=-5)), "households_fault", f"{LAYER}|2|户数|-5"),
    case("fractional households", 3, buildings(with_row(BUILDINGS, 3, 户数=304.5)), "households_fault", f"{LAYER}|3|户数|304.5"),
    case("duplicate ids", 3, buildings(with_row(BUILDINGS, 3, 编号="001")), "id_taken", f"{LAYER}|3|编号|001"),
    case("all faults at once", 3, buildings(FAULTY), "households_fault", f"{LAYER}|2|3|4|5|-5|304.5|001"),
    # geometry
    case("unclosed ring", 0, buildings(with_row(BUILDINGS, 2, RING[:-1])), "ring_unclosed", f"{LAYER}|2"),
    case("two-point ring", 3, buildings(with_row(BUILDINGS, 2, RING[:2])), "ring_too_short", f"{LAYER}|2"),
    case("self-intersection", 0, buildings(with_row(BUILDINGS, 2, [RING[n] for n in (0, 2, 1, 3, 0)])), "geometry_mended", f"{LAYER}|2"),
    case("null geometry", 3, buildings(with_row(BUILDINGS, 5, None)), "geometry_missing", f"{LAYER}|5"),
    case("no usable row", 1, buildings([feature(None, 户数=5), feature(RING[:2], 户数=5)]), "layer_unusable", f"{LAYER}|1|2"),
    case("points for communities", 1, communities([POINT]), "geometry_wrong_kind", "社区.geojson|1"),
    # communities
    case("building in no community", 3, buildings(with_row(BUILDINGS, 2, corners(40, 1, 41, 2))), "building_outside", f"{LAYER}|2"),
    case("building in two", 0, buildings(with_row(BUILDINGS, 2, corners(2.7, 1.7, 3.2, 1.9))), "building_in_two", f"{LAYER}|2|001|002"),
    case("community with no building", 0, communities([*COMMUNITIES, EMPTY]), "community_without_buildings", "社区.geojson|3|003"),
    case("overlapping communities", 0, communities(with_row(COMMUNITIES, 1, corners(0, 0, 3.5, 2))), "community_overlap", "社区.geojson|1|001|002"),
    # requests
    case("nothing to import", 1, command("import"), "import_nothing"),
    case("field of no table", 1, buildings(BUILDINGS, "--field", "楼.户数=x"), "field_unknown", "楼.户数"),
    case("column that is not there", 1, buildings(BUILDINGS, "--field", "buildings.households=住户"), "column_absent", f"{LAYER}|住户|户数"),
    case("plan name without grids", 1, buildings(BUILDINGS, "--plan", "现状"), "cli_plan_needs_grids", "现状|--grids"),
    case("min above max", 1, command("plan", "--name", "新", "--households", "300:250"), "bounds_senseless", "300:250"),
    case("max below the largest atom", 3, command(*"plan --name 新 --households 20:40 --jobs 1".split()), "building_above_maximum", "001|50|40"),
    case("max beyond counting", 1, command("plan", "--name", "新", "--households", f"1:{10**30}"), "bounds_too_large", "10000000"),
    case("rules that are a folder", 1, command("plan", "--name", "新", "--rules", ".../"), "rules_unknown", "nantong"),
    case("rules that are no TOML", 1, rules(b'zh = "x"\n[grid\n'), "rules_not_toml", "own.toml|2|[grid"),
    case("rules in no UTF-8", 1, rules("zh = '网格'".encode("gbk")), "rules_not_text", "own.toml"),
    case("rules with a number for a section", 1, rules(b'extends = "nantong"\nwalk = 5\n'), "rules_unusable", "own.toml|walk"),
    case("rules with an unknown key", 1, rules(b'extends = "nantong"\n[grid]\nhouse = 5\n'), "rules_unusable", "grid.house"),
    case("rules beyond counting", 1, rules(b'extends = "nantong"\n[grid]\nhouseholds_max = 9000000000\n'), "rules_unusable", "9000000000"),
    case("rules that are none", 1, command("plan", "--name", "新", "--rules", "nowhere"), "rules_unknown", "nowhere|nantong"),
    case("start from no plan", 1, command("plan", "--name", "新", "--from", "无此"), "plan_unknown", "无此|first"),
    case("keep an unknown grid", 1, command("plan", "--name", "新", "--from", "first", "--keep", "X9"), "grid_unknown", "X9|first"),
    case("keep without start", 1, command("plan", "--name", "新", "--keep", "X9"), "keep_needs_start", "--keep|--from"),
    case("unknown community", 1, command("plan", "--name", "新", "--from", "first", "--community", "009"), "community_unknown", "009|001"),
    case("repair no plan", 1, command("repair", "无此"), "plan_unknown", "无此|first"),
    case("repair onto the plan itself", 1, command("repair", "first", "--name", "first"), "cli_repair_same_name", "first"),
    case("repair but an unknown grid", 1, command("repair", "first", "--keep", "X9"), "grid_unknown", "X9|first"),
    case("repair an unknown community", 1, command("repair", "first", "--community", "009"), "community_unknown", "009|001"),
    case("plan without a name", 1, command("plan", "--name", ""), "plan_name_empty"),
    case("plan with line breaks", 1, command("plan", "--name", "新\n方案"), "plan_name_unusable", "新 方案|100"),
    case("plan of 3000 letters", 1, command("plan", "--name", "长" * 3000), "plan_name_unusable", "长…|100"),
    case("start from an empty name", 1, command("plan", "--name", "新", "--from", ""), "plan_unknown", "first"),
    case("export of an empty name", 1, command("export", ".../a.gpkg", "--plan", ""), "plan_unknown", "first"),
    case("name but for capitals", 1, command("plan", "--name", "First"), "plan_name_twin", "First|first"),
    case("adopt no plan", 1, command("adopt", "无此"), "plan_unknown", "无此|first"),
    case("codes of 20 digits without a class", 1, command("adopt", "first", "--codes", "20"), "object_class_unusable", "--object-class"),
    case("a class of 5 digits", 1, command(*"adopt first --codes 20 --object-class 01010".split()), "object_class_unusable", "01010"),
    case("a class for 15 digits", 1, command(*"adopt first --object-class 010100".split()), "cli_object_class_alone", "010100|--codes 20"),
    case("delete no plan", 1, command("plans", "--delete", "无此"), "plan_unknown", "无此|first"),
    case("force nothing", 1, command("plans", "--force"), "cli_force_alone"),
    case("compare with no plan", 1, command("compare", "first", "无此"), "plan_unknown", "无此|first"),
    case("export of no format", 1, command("export", ".../a.doc"), "export_ending_unknown", "a.doc|.gpkg"),
    case("export onto the workspace", 1, command("export", ".../../城.gpkg"), "export_onto_workspace", "城.gpkg"),
    case("export into no folder", 1, command("export", ".../无/a.gpkg"), "store_folder_missing", "a.gpkg|无"),
    case("coverage into no folder", 1, command("coverage", "--export", ".../无/a.xlsx"), "store_folder_missing", "a.xlsx|无"),
    case("areas into no folder", 1, command("areas", "--export", ".../无/a.xlsx"), "store_folder_missing", "a.xlsx|无"),
    case("mergers into no folder", 1, command("merge-communities", "--export", ".../无/a.xlsx"), "store_folder_missing", "a.xlsx|无"),
    case("map onto the workspace", 1, command("map", ".../../城.gpkg"), "map_ending_unknown", "城.gpkg|.html"),
    case("map into no folder", 1, command("map", ".../无/a.html"), "store_folder_missing", "a.html|无"),
    case("map onto a folder", 1, command("map", ".../"), "map_ending_unknown", "files|.html"),
    case("sample onto the workspace", 1, command("sample"), "cli_exists", "城.gpkg|--overwrite"),
    # command lines
    case("unknown option", 2, command("plan", "--efort", "best"), "cli_no_such_option_near", "--efort|--effort"),
    case("bounds of no form", 2, command("plan", "--households", "250-300"), "cli_bounds_form", "--households|250-300"),
    case("bounds of odd digits", 2, command("plan", "--households", "²:³"), "cli_bounds_form", "²:³"),
    case("seed beyond counting", 2, command("plan", "--seed", str(10**30)), "cli_expected_between", "--seed"),
    case("seed below nothing", 2, command("sample", "--seed", "-5"), "cli_expected_between", "--seed"),
    case("effort of no kind", 2, command("plan", "--effort", "hard"), "cli_expected_choice", "--effort|quick, normal, best"),
    case("blank in a name", 2, command("plan", "方案", "一"), "cli_superfluous", "方案, 一"),
]


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with one plan, ``first``."""
    folder = tmp_path_factory.mktemp("town")
    workspace = folder / "城.gpkg"
    files = [write_features(folder / f"{name}.geojson", features) for name, features in (("c", COMMUNITIES), ("b", BUILDINGS))]
    assert run(["import", str(workspace), "--communities", str(files[0]), "--buildings", str(files[1])]) == 0
    assert run(["plan", str(workspace), "--name", "first", "--jobs", "1"]) == 0
    return workspace


@pytest.fixture
def workspace(town: Path, tmp_path: Path) -> Path:
    """A copy of the town; the files of a case go into the folder ``files`` beside it."""
    (tmp_path / "files").mkdir()
    return Path(shutil.copy(town, tmp_path / "城.gpkg"))


def answer(line: list[object], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """Run a command line; return the exit code and what it said, on standard output and on standard error."""
    capsys.readouterr()
    code = run([str(word) for word in line])
    told = capsys.readouterr()
    assert "Traceback" not in told.out + told.err
    return code, told.out, told.err


def assert_told(text: str, case: Case, language: Literal["zh", "en"]) -> None:
    """Demand the sentence of the catalogue in this language, with its gaps filled, and the words of the case."""
    fixed = [piece.strip() for piece, *_ in string.Formatter().parse(catalogue()[case.told][language])]
    missing = [word for word in (*fixed, *case.said) if word not in text]
    assert missing == [], text


@pytest.mark.parametrize("language", ["zh", pytest.param("en", marks=pytest.mark.slow)])
@pytest.mark.parametrize("case", [each for each in CASES if each.values[0].code in (1, 2)])
def test_bad_input_refused(case: Case, language: Literal["zh", "en"], workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before, line = workspace.read_bytes(), case.line(workspace, workspace.parent / "files")
    files = sorted(workspace.parent.rglob("*"))
    code, out, err = answer([*line, "--lang", language, "--json"], capsys)
    assert code == case.code
    assert_told(err, case, language)
    assert err.strip().count("\n") <= 3, "one sentence, or a line for each fault"
    assert json.loads(out)["error"]["text"] == err.removesuffix("\n")
    assert workspace.read_bytes() == before
    assert sorted(workspace.parent.rglob("*")) == files


@pytest.mark.slow
@pytest.mark.parametrize("case", [each for each in CASES if each.values[0].code in (0, 3)])
def test_bad_input_told(case: Case, workspace: Path, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> None:
    """What is wrong in some rows stops nothing; one language each, since every one of these runs takes its time."""
    language: Literal["zh", "en"] = "zh" if len(request.node.name) % 2 else "en"
    code, out, _ = answer([*case.line(workspace, workspace.parent / "files"), "--lang", language], capsys)
    assert code == case.code
    assert_told(out, case, language)
    assert "first" in Workspace(workspace).plans()["name"].tolist()


def test_findings_say_where(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All faults of a table at once, each with file, layer, row and column."""
    _, out, _ = answer([*buildings(FAULTY)(workspace, workspace.parent / "files"), "--json"], capsys)
    errors = [each for each in json.loads(out)["findings"] if each["severity"] == "error"]
    assert {(each["row"], each.get("column")) for each in errors} == {(2, "户数"), (3, "户数"), (4, "编号"), (5, None)}
    assert {(each["file"], each["layer"]) for each in errors} == {("楼栋.geojson", "楼栋")}


def test_many_faults_are_counted_on_the_screen(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nothing = [feature(None, 户数=1) for _ in range(40)]
    _, _, err = answer([*buildings(nothing)(workspace, workspace.parent / "files"), "--lang", "en"], capsys)
    assert "35 more of this kind" in err
    assert err.count("\n") == 8


# --- the disk and other programs --------------------------------------------------------------------------------------------------------------


WRITING = (["import"], ["plan", "--name", "新", "--jobs", "1", "--effort", "quick"], ["adopt", "first"])


def writing_line(words: list[str], workspace: Path) -> list[object]:
    """Return a command line that writes into the workspace; the import brings new buildings."""
    first, *rest = words
    features = with_row(BUILDINGS, 1, 户数=51)
    rest = rest or ["--buildings", str(write_features(workspace.parent / "files" / "楼栋.geojson", features))]
    return [first, workspace, *rest, "--lang", "en"]


@pytest.mark.parametrize("words", WRITING, ids=lambda words: words[0])
def test_a_workspace_locked_by_another_program(
    words: list[str], workspace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(connections, "WAIT_SECONDS", 0.05)
    before = workspace.read_bytes()
    with contextlib.closing(sqlite3.connect(workspace)) as qgis:
        qgis.execute("BEGIN EXCLUSIVE")
        code, out, err = answer(writing_line(words, workspace), capsys)
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert "城.gpkg is locked" in err
    assert workspace.read_bytes() == before


@pytest.mark.parametrize("words", WRITING[:2], ids=lambda words: words[0])
def test_a_full_disk(words: list[str], workspace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    before, connect = workspace.read_bytes(), sqlite3.connect

    def limited(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection = connect(*arguments, **options)
        # SQLite finds the disk full when the file would grow by a single page.
        connection.execute("PRAGMA max_page_count = 1")
        return connection

    monkeypatch.setattr(connections.sqlite3, "connect", limited)
    code, out, err = answer(writing_line(words, workspace), capsys)
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert "disk is full" in err
    assert workspace.read_bytes() == before
    assert [path.name for path in workspace.parent.iterdir() if path.is_file()] == ["城.gpkg"]


@pytest.mark.parametrize("out", ["a.html", "a.csv", "a.geojson", "a.zip", "a.gpkg"])
def test_a_full_disk_under_an_export(out: str, workspace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    words = ["map" if out.endswith("html") else "export", workspace, workspace.parent / "files" / out, "--lang", "en"]
    code, said, err = answer(words, capsys)
    assert (code, said, err.count("\n")) == (1, "", 1)
    assert f"disk is full; {out}" in err
    assert list((workspace.parent / "files").iterdir()) == []


@pytest.fixture
def read_only(town: Path) -> Iterator[Path]:
    """The workspace in a folder that this process may only read; root, whom no right stops, becomes an ordinary user for the time."""
    if not hasattr(os, "seteuid"):
        pytest.skip("rights of folders are told otherwise on this system")
    folder = Path(tempfile.mkdtemp())
    workspace = Path(shutil.copy(town, folder / "城.gpkg"))
    write_features(folder / "b.geojson", with_row(BUILDINGS, 1, 户数=51))
    for path, mode in ((workspace, 0o644), (folder / "b.geojson", 0o644), (folder, 0o555)):
        path.chmod(mode)
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield workspace
    finally:
        if root:
            os.seteuid(0)
        folder.chmod(0o755)
        shutil.rmtree(folder)


@pytest.mark.parametrize(
    "words",
    [["import", "城.gpkg", "--buildings", "b.geojson"], ["import", "新.gpkg", "--buildings", "b.geojson"], ["adopt", "城.gpkg", "first"],
     ["export", "城.gpkg", "a.gpkg"], ["map", "城.gpkg", "a.html"], ["sample", "新.gpkg", "--households", "100"]],
    ids=" ".join,
)  # fmt: skip
def test_a_read_only_folder(words: list[str], read_only: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = read_only.read_bytes()
    line: list[object] = [read_only.parent / word if "." in word else word for word in words]
    code, out, err = answer([*line, "--lang", "en"], capsys)
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert "read-only" in err
    assert read_only.read_bytes() == before
    assert sorted(path.name for path in read_only.parent.iterdir()) == ["b.geojson", "城.gpkg"]


def test_walks_where_the_network_cannot_be_kept_beside_the_workspace(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cache = workspace.with_suffix(".cache")
    cache.write_bytes(b"no folder")
    code, out, err = answer(["coverage", workspace, "--json"], capsys)
    assert (code, err) == (0, "")
    assert json.loads(out)["categories"]
    assert cache.read_bytes() == b"no folder"


@pytest.mark.parametrize("words", [["import", "--buildings", "b.geojson"], ["check"], ["plan"], ["plans"], ["adopt", "x"], ["compare", "x", "y"]])
@pytest.mark.parametrize("content", [None, b"", b"no database", b"SQLite format 3\0" + bytes(200)])
def test_what_is_no_workspace(words: list[str], content: bytes | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``None`` is a folder in place of the file."""
    path = tmp_path / "城.gpkg"
    path.mkdir() if content is None else path.write_bytes(content)
    write_features(tmp_path / "b.geojson", BUILDINGS)
    first, *rest = [str(tmp_path / word) if word == "b.geojson" else word for word in words]
    code, out, err = answer([first, path, *rest, "--lang", "en"], capsys)
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert "城.gpkg" in err
    assert content is None or path.read_bytes() == content


def test_a_file_in_place_of_the_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "folder").write_text("a file", encoding="utf-8")
    features = write_features(tmp_path / "b.geojson", BUILDINGS)
    code, _, err = answer(["import", tmp_path / "folder" / "城.gpkg", "--buildings", features, "--lang", "en"], capsys)
    assert (code, err.count("\n")) == (1, 1)
    assert "folder" in err

"""The command ``import``: ids and names end to end, importing again, present grids."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
from shapes import HOSTILE_TEXTS, corners, feature, small_town, with_row, write_features

from gridmap.cli.main import run
from gridmap.store.workspace import Workspace

pytestmark = pytest.mark.slow

COMMUNITIES, BUILDINGS = small_town()
IDS = ["001", "1.0", "1", "0001", "1e3", "٣", "A'1", "=1+1", "😀", "B#1", "B", "x" * 300]
"""Twelve ids that some program takes for numbers, formulas or one another."""
NAMES = ["第一行\n第二行", 'O\'Brien "Haus"', "\x1b[31mred", "a,b;c\td", "NULL", "名" * 3000, *HOSTILE_TEXTS]


def gridmap(*words: object, code: int = 0) -> None:
    assert run([str(word) for word in words]) == code


def told(capsys: pytest.CaptureFixture[str], *words: object, code: int = 0) -> Any:
    """Run a command and return the object that it prints."""
    capsys.readouterr()
    gridmap(*words, "--json", code=code)
    return json.loads(capsys.readouterr().out)


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace in a folder and of a name with blanks and Chinese characters and no ending; ids and names are the awkward ones."""
    folder = tmp_path_factory.mktemp("工作 文件夹")
    buildings = BUILDINGS
    for row, (identity, name) in enumerate(zip(IDS, NAMES, strict=True), start=1):
        buildings = with_row(buildings, row, 编号=identity, 楼名=name)
    communities = with_row(COMMUNITIES, 2, 社区编号="1.0")
    files = [write_features(folder / "社区 1.geojson", communities), write_features(folder / "楼栋 (2).geojson", buildings)]
    gridmap("import", folder / "我的 区", "--communities", files[0], "--buildings", files[1])
    gridmap("plan", folder / "我的 区", "--name", "方案 '一\"", "--jobs", "1")
    return folder / "我的 区"


@pytest.fixture
def workspace(imported: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(imported, tmp_path / "我的 区"))


def test_ids_stay_as_they_are_written(imported: Path) -> None:
    district = Workspace(imported).read_district()
    assert district.buildings.index.tolist() == IDS
    assert district.communities.index.tolist() == ["001", "1.0"]
    assert district.buildings["name"].tolist() == NAMES


@pytest.mark.parametrize("ending", [".gpkg", ".csv"])
def test_ids_stay_as_they_are_exported(ending: str, imported: Path, tmp_path: Path) -> None:
    out = tmp_path / f"出{ending}"
    gridmap("export", imported, out, "--lang", "en")
    frame = pd.read_csv(out, dtype="str") if ending == ".csv" else gpd.read_file(out, layer="buildings")
    assert set(frame["source_building_id"].str.removeprefix("'")) == set(IDS)


def test_the_map_of_awkward_names_is_drawn(imported: Path, tmp_path: Path) -> None:
    gridmap("map", imported, tmp_path / "图.html")
    assert "<script>document.title" not in (tmp_path / "图.html").read_text(encoding="utf-8")


def test_names_break_no_line(imported: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    gridmap("check", imported, "--lang", "zh")
    gridmap("plans", imported, "--lang", "zh")
    assert all(len(line) < 1000 and line.isprintable() for line in capsys.readouterr().out.splitlines())


def test_importing_again_shows_what_changes(workspace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    again = with_row(BUILDINGS, 1, 编号="B", 户数=51)[:6]
    data = told(capsys, "import", workspace, "--buildings", write_features(tmp_path / "b.geojson", again))
    report = next(each for each in data["report"]["tables"] if each["table"] == "buildings")
    assert set(report["changed"]) == {"B"}
    assert set(report["added"]) == {f"{number:03d}" for number in range(2, 7)}
    assert set(report["removed"]) == set(IDS) - {"B"}
    assert data["stale_plans"] == ["方案 '一\""]


def test_a_stale_plan_is_told_of(workspace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gridmap("import", workspace, "--buildings", write_features(tmp_path / "b.geojson", with_row(BUILDINGS, 1, 户数=51)))
    for words in (["map", workspace, tmp_path / "a.html"], ["export", workspace, tmp_path / "a.csv"], ["adopt", workspace, "方案 '一\""]):
        assert "plan_stale" in [each["code"] for each in told(capsys, *words)["findings"]]
    assert [each["stale"] for each in told(capsys, "plans", workspace)["plans"]] == [True]


def test_importing_the_same_again_leaves_plans_fresh(workspace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    venues = tmp_path / "场所.csv"
    venues.write_text("名称,经度,纬度\n东湖社区卫生站,120.8612,32.0211\n", encoding="gb18030")
    assert "stale_plans" not in told(capsys, "import", workspace, "--venues", venues)
    assert len(Workspace(workspace).read_district().venues) == 1


def test_a_ledger_under_a_title_and_a_header_of_two_rows(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    rows: list[list[object]] = [["东湖社区台账"], ["楼栋情况", None, "住户"], ["小 区", "楼号", "总户数", "党员户数"]]
    rows += [["幸福里", f"{number}#", "１２户" if number % 2 else 34, 3] for number in range(1, 13)]
    for row in [*rows, ["合计", None, 276, 36]]:
        sheet.append(row)
    for merged in ("A1:D1", "A2:B2", "C2:D2"):
        sheet.merge_cells(merged)
    book.save(tmp_path / "台账.xlsx")
    buildings = [feature(each["geometry"]["coordinates"][0], 小区="幸福里", 楼名=f"{number}号楼") for number, each in enumerate(BUILDINGS, start=1)]
    files = write_features(tmp_path / "b.geojson", buildings)
    gridmap("import", tmp_path / "w.gpkg", "--buildings", files, "--ledger", tmp_path / "台账.xlsx")
    assert Workspace(tmp_path / "w.gpkg").read_district().buildings["households"].tolist() == [12, 34] * 6


def test_values_that_cannot_be_read_are_named_when_nothing_is_left(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    features = [feature(corners(0, 0, 0.3, 0.3), 户数="fifty"), feature(corners(1, 0, 1.3, 0.3), 户数="-4")]
    error = told(capsys, "import", tmp_path / "w.gpkg", "--buildings", write_features(tmp_path / "b.geojson", features), code=1)["error"]
    assert [(each["row"], each["column"]) for each in error["findings"]] == [(1, "户数"), (2, "户数")]
    assert not (tmp_path / "w.gpkg").exists()


def test_present_grids_become_a_plan(workspace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Grid 003 overlaps 001 on one building, and nobody has the last one."""
    halves = [corners(0, 0, 3, 1), corners(0, 1, 3, 2), corners(2, 0, 6, 1), corners(3, 1, 5, 2)]
    grids = [feature(ring, 网格编号=f"{number:03d}") for number, ring in enumerate(halves, start=1)]
    data = told(capsys, "import", workspace, "--grids", write_features(tmp_path / "网格.geojson", grids), "--plan", "现状", code=3)
    plan = Workspace(workspace).read_plan("现状")
    assert plan.grids.index.tolist() == ["001", "002", "003", "004"]
    assert (int(plan.grid_of.isna().sum()), plan.grid_of["1e3"]) == (1, "001")
    codes = [each["code"] for each in data["findings"]]
    assert codes.count("building_in_no_grid") == 1
    assert "atom_unassigned" not in codes


def test_scattered_houses_are_no_tiling(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = told(capsys, "import", tmp_path / "w.gpkg", "--buildings", write_features(tmp_path / "b.geojson", BUILDINGS))
    assert data["report"]["cells"] == "build"

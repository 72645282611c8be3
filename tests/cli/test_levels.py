"""``gridmap areas`` and ``gridmap merge-communities``: what they say, keep, export and refuse."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import geopandas as gpd
import openpyxl
import pyogrio
import pytest

from gridmap.cli.main import run
from gridmap.store.area_rows import read_areas, read_mergers
from gridmap.store.workspace import Workspace

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("levels") / "town.gpkg"
    assert run(["sample", str(path), "--households", "8000", "--communities", "6", "--street-offices", "1"]) == 0
    return path


@pytest.fixture
def workspace(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(made, tmp_path / "town.gpkg"))


def told(capsys: pytest.CaptureFixture[str], *words: object) -> Any:
    capsys.readouterr()
    assert run([*map(str, words), "--json"]) in (0, 3)
    return json.loads(capsys.readouterr().out)


def refused(capsys: pytest.CaptureFixture[str], *words: object, code: int = 1) -> str:
    capsys.readouterr()
    assert run([*map(str, words), "--lang", "en"]) == code
    return capsys.readouterr().err


def test_areas_are_told_kept_and_replaced(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer = told(capsys, "areas", workspace, "--count", 2)
    assert sorted(each["community_id"] for area in answer["areas"] for each in area["communities"]) == [f"C{number:03d}" for number in range(1, 7)]
    assert sum(area["households"] for area in answer["areas"]) == 8000
    told(capsys, "areas", workspace, "--count", 3)
    told(capsys, "areas", workspace, "--count", 2, "--name", "两片")
    kept = read_areas(Workspace(workspace))
    assert kept is not None
    assert kept["proposal"].value_counts().to_dict() == {"areas": 3, "两片": 2}
    assert "areas" in {name for name, _ in pyogrio.list_layers(workspace)}


def test_a_district_without_areas_has_none(made: Path) -> None:
    assert read_areas(Workspace(made)) is None


def test_areas_without_a_way_to_meet_the_bounds_end_with_3(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["areas", str(workspace), "--households", "9000:9500", "--lang", "en"]) == 3
    assert "fewer than 9000" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--count", "7"], "between 1 and that of communities (6)"),
        (["--count", "2", "--communities", "1:2"], "not several"),
        (["--communities", "5:4"], "5-4 communities"),
        (["--plan", "nonsense"], "no plan in this workspace"),
        (["--export", "a.doc"], ".xlsx"),
    ],
)
def test_senseless_areas_are_refused(words: list[str], said: str, made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert said in refused(capsys, "areas", made, *words)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--below", "4000"], "threshold 4000, target 3500"),
        (["--keep", "X9"], 'no community "X9"'),
        (["--export", "a.doc"], ".xlsx"),
    ],
)
def test_senseless_mergers_are_refused(words: list[str], said: str, made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert said in refused(capsys, "merge-communities", made, *words)


def test_a_threshold_of_zero_cannot_be_parsed(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "--below" in refused(capsys, "merge-communities", made, "--below", 0, code=2)


def test_mergers_are_told_kept_exported_and_applied(workspace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = Workspace(workspace).read_district().fingerprint()
    answer = told(capsys, "merge-communities", workspace, "--export", tmp_path / "m.gpkg", "--apply", tmp_path / "after.gpkg")
    assert answer["mergers"]
    assert answer["communities"] - answer["dissolved"] == answer["left"]
    kept = read_mergers(Workspace(workspace))
    assert kept is not None
    assert set(kept["community_id"]) == {each["into"] for each in answer["mergers"]}
    assert Workspace(workspace).read_district().fingerprint() == before
    table = gpd.read_file(tmp_path / "m.gpkg", layer="communities").set_index("community_id")
    assert {each["dissolved"]: each["into"] for each in answer["mergers"]} == table["into"][table["into"] != table.index].to_dict()
    after = Workspace(tmp_path / "after.gpkg").read_district()
    assert len(after.communities) == answer["left"]
    assert after.buildings.groupby("community_id")["households"].sum().to_dict() == table["households_after"][after.communities.index].to_dict()
    assert "exists" in refused(capsys, "merge-communities", workspace, "--apply", tmp_path / "after.gpkg")


@pytest.mark.parametrize("ending", ["csv", "geojson", "zip"])
def test_both_are_exported_in_other_formats(ending: str, workspace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("areas", "merge-communities"):
        out = tmp_path / f"{command}.{ending}"
        assert told(capsys, command, workspace, "--export", out)["file"] == str(out)
        assert out.stat().st_size > 0


def test_a_workbook_has_a_sheet_for_each_level(workspace: Path, tmp_path: Path) -> None:
    assert run(["areas", str(workspace), "--count", "2", "--export", str(tmp_path / "a.xlsx"), "--lang", "zh"]) == 0
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    assert book.sheetnames == ["片区", "社区", "说明"]
    assert [cell.value for cell in book["片区"][1]][:2] == ["片区", "编码"]
    assert book["社区"].max_row == 7


def test_nothing_to_merge_is_said(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["merge-communities", str(workspace), "--below", "1", "--lang", "en"]) == 0
    assert "nothing is to be merged" in capsys.readouterr().out


@pytest.mark.parametrize(("language", "said"), [("zh", "个片区"), ("en", "areas")])
def test_both_languages(language: str, said: str, workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["areas", str(workspace), "--count", "2", "--lang", language]) == 0
    assert said in capsys.readouterr().out.splitlines()[0]


def test_one_community_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "one.gpkg"
    run(["sample", str(path), "--households", "900", "--communities", "1"])
    assert told(capsys, "areas", path, "--count", 1)["areas"][0]["households"] == 900
    assert [each["code"] for each in told(capsys, "merge-communities", path)["findings"]] == ["community_beside_none"]

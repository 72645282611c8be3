"""The command ``coverage``: one object of JSON, tables for people, exit codes, and what stops it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from circles_oracle import differences

from gridmap.cli.main import run
from gridmap.ground.sample import sample_district
from gridmap.ground.tables import empty_table
from gridmap.store.workspace import Workspace

Ask = Callable[..., tuple[int, Any]]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("circles") / "town.gpkg"
    Workspace(path).write_ground(sample_district(1500, seed=3), [])
    return path


@pytest.fixture
def ask(made: Path, capsys: pytest.CaptureFixture[str]) -> Ask:
    def asked(*words: str, workspace: Path = made) -> tuple[int, Any]:
        code = run(["coverage", str(workspace), *words, "--json", "--lang", "en"])
        return code, json.loads(capsys.readouterr().out)

    return asked


def test_households_over_reasons_equal_all_households(ask: Ask) -> None:
    code, said = ask()
    assert code == 0
    for row in said["categories"]:
        assert row["covered"] + sum(row[reason] for reason in ("too_far", "island", "no_street", "walled", "no_venue")) == row["households"]
    assert {row["households"] for row in said["categories"]} == {1500}


def test_the_limit_is_told_with_the_result(ask: Ask) -> None:
    _, said = ask("--walk", "elder", "--minutes", "5")
    assert {name: said["settings"][name] for name in ("limit_cm", "speed", "profile")} == {"limit_cm": "25000", "speed": "50", "profile": "elder"}


def test_several_limits_in_one_go(ask: Ask) -> None:
    _, said = ask("--minutes", "5", "--minutes", "10", "--minutes", "15")
    assert [each["limit_cm"] for each in said["also"]] == [75_000, 112_500]


@pytest.mark.parametrize("words", [["--minutes", "0"], ["--minutes", "-3"], ["--walk", "swim"], ["--plan", "none"], ["--export", "x.pdf"]])
def test_what_makes_no_sense_is_one_sentence(ask: Ask, words: list[str]) -> None:
    code, said = ask(*words)
    assert code == 1
    assert said["error"]["text"].count("\n") == 0


def test_minutes_that_are_no_number_cannot_be_parsed(ask: Ask) -> None:
    assert ask("--minutes", "ten")[0] == 2


def test_the_exported_file_recomputes(ask: Ask, tmp_path: Path) -> None:
    assert ask("--export", str(tmp_path / "out.gpkg"))[0] == 0
    assert differences(tmp_path / "out.gpkg") == []


def test_the_workbook_has_no_formula(ask: Ask, tmp_path: Path, made: Path) -> None:
    district = Workspace(made).read_district()
    evil = district.venues.assign(name="=1+1", categories='["=cmd"]')
    Workspace(tmp_path / "evil.gpkg").write_ground(district.with_tables({"venues": evil}), [])
    assert ask("--export", str(tmp_path / "out.xlsx"), workspace=tmp_path / "evil.gpkg")[0] == 0
    book = openpyxl.load_workbook(tmp_path / "out.xlsx")
    assert len(book.sheetnames) == 6
    assert [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.data_type == "f"] == []


def test_a_workspace_is_never_overwritten(ask: Ask, made: Path) -> None:
    code, said = ask("--export", str(made))
    assert (code, said["error"]["code"]) == (1, "export_onto_workspace")


@pytest.mark.parametrize("table", ["streets", "venues", "gates", "barriers"])
def test_missing_layers_are_no_failure(ask: Ask, made: Path, tmp_path: Path, table: str) -> None:
    district = Workspace(made).read_district()
    bare = district.with_tables({table: empty_table(table, district.crs)})
    Workspace(tmp_path / "bare.gpkg").write_ground(bare, [])
    code, said = ask(workspace=tmp_path / "bare.gpkg")
    assert code == 0
    assert sum(row["households"] for row in said["categories"]) == 9 * 1500


def test_people_get_tables(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["coverage", str(made), "--lang", "zh", "--minutes", "10", "--minutes", "15"]) == 0
    said = capsys.readouterr().out
    assert "750 米" in said
    assert "盲点" in said or "没有覆盖到" in said

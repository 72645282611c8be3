"""The frame of the command line: help, language, exit codes, one sentence for each mistake."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gridmap.cli.main import FAILED, UNPARSED, application, run
from gridmap.cli.words import language_asked

COMMANDS = list(application.commands)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_in_both_languages(command: str, language: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([command, "--help", "--lang", language]) == 0
    shown = capsys.readouterr().out
    assert f"gridmap {command}" in shown
    assert ("用法" in shown) == (language == "zh")


def test_commands_stand_in_the_order_of_use(capsys: pytest.CaptureFixture[str]) -> None:
    run(["--help", "--lang", "en"])
    shown = capsys.readouterr().out
    positions = [shown.index(f"\n  {command} ") for command in COMMANDS]
    assert positions == sorted(positions)
    assert COMMANDS[:4] == ["sample", "import", "check", "plan"]


@pytest.mark.parametrize(
    "line",
    [[], ["nope"], ["plan"], ["plan", "x.gpkg", "--foo"], ["plan", "x.gpkg", "--households", "3"], ["sample", "x.gpkg", "--households", "0"]],
)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_line_that_cannot_be_parsed_gives_2_and_no_traceback(line: list[str], language: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*line, "--lang", language]) == UNPARSED
    told = capsys.readouterr()
    assert "Traceback" not in told.err + told.out
    assert told.err.count("\n") <= 1


def test_a_near_miss_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    run(["plan", "x.gpkg", "--efort", "best", "--lang", "en"])
    assert "--effort" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["check", "plan", "plans"])
def test_a_missing_workspace_gives_1_and_one_sentence(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([command, str(tmp_path / "none.gpkg"), "--lang", "en"]) == FAILED
    told = capsys.readouterr()
    assert (told.out, told.err.count("\n")) == ("", 1)
    assert "none.gpkg" in told.err


def test_a_failure_as_json_is_one_object(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", str(tmp_path / "none.gpkg"), "--json"]) == FAILED
    assert set(json.loads(capsys.readouterr().out)["error"]) == {"code", "text", "findings"}


def test_language_is_found_wherever_it_stands() -> None:
    assert [language_asked(line) for line in (["--lang", "zh", "plan"], ["plan", "--lang=en"])] == ["zh", "en"]


def test_a_line_without_a_command_is_told_in_the_language(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--lang", "zh"]) == UNPARSED
    assert capsys.readouterr().err.startswith("没有写命令。")

"""What a broken-off run has finished is there for the next one, if it asks for it."""

from __future__ import annotations

from pathlib import Path

import platformdirs
import pytest

from gridmap.store.resume import Finished


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(platformdirs, "user_cache_dir", lambda *_, **__: str(tmp_path / "cache"))
    return tmp_path / "town.gpkg"


def test_finished_communities_are_there_for_the_next_run(workspace: Path) -> None:
    Finished(workspace, known=False)["a"] = {"labels": [0, 0, 1]}
    assert dict(Finished(workspace, known=True)) == {"a": {"labels": [0, 0, 1]}}


def test_a_run_that_does_not_ask_begins_anew(workspace: Path) -> None:
    Finished(workspace, known=False)["a"] = {"labels": [0]}
    assert dict(Finished(workspace, known=False)) == {}


def test_each_workspace_has_its_own(workspace: Path) -> None:
    Finished(workspace, known=False)["a"] = {"labels": [0]}
    assert dict(Finished(workspace.with_name("other.gpkg"), known=True)) == {}


def test_a_half_written_line_is_passed_over(workspace: Path, tmp_path: Path) -> None:
    Finished(workspace, known=False).update({"a": {"labels": [0]}, "b": {"labels": [1]}})
    (file,) = (tmp_path / "cache").rglob("*.jsonl")
    file.write_text(file.read_text(encoding="utf-8")[:-4], encoding="utf-8")
    assert dict(Finished(workspace, known=True)) == {"a": {"labels": [0]}}


def test_nothing_is_kept_beside_the_workspace(workspace: Path) -> None:
    Finished(workspace, known=False)["a"] = {"labels": [0]}
    assert list(workspace.parent.glob("town*")) == []


def test_where_nothing_can_be_kept_the_work_goes_on(workspace: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file in place of the folder", encoding="utf-8")
    finished = Finished(workspace, known=False)
    finished["a"] = {"labels": [0]}
    finished.forget()
    assert (dict(finished), finished.refused is None) == ({"a": {"labels": [0]}}, False)

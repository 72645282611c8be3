from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from gridmap.unfinished import KEPT_S, forget_unfinished


def touched(path: Path, seconds_ago: float) -> None:
    os.utime(path, (time.time() - seconds_ago,) * 2)


def test_a_folder_in_which_somebody_works_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / "a.tmp"
    folder.mkdir()
    (folder / "fresh").touch()
    touched(folder, KEPT_S + 60)
    forget_unfinished(tmp_path, "*.tmp")
    assert folder.exists()
    touched(folder / "fresh", KEPT_S + 60)
    forget_unfinished(tmp_path, "*.tmp")
    assert not folder.exists()


def test_what_cannot_be_removed_stays_and_the_others_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(path)

    monkeypatch.setattr(shutil, "rmtree", refuse)
    (tmp_path / "a.tmp").mkdir()
    (tmp_path / "b.tmp").touch()
    for path in tmp_path.iterdir():
        touched(path, KEPT_S + 60)
    forget_unfinished(tmp_path, "*.tmp")
    assert [path.name for path in tmp_path.iterdir()] == ["a.tmp"]

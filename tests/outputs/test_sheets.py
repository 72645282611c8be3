"""Workbooks that are never finished."""

from __future__ import annotations

import gc
import io
import tempfile
from pathlib import Path

import pytest

from gridmap.outputs.sheets import new_workbook


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder where openpyxl keeps the rows of sheets until they are saved."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def write_half(*rows: list[object]) -> None:
    """Begin a workbook, and stop before it is saved."""
    with new_workbook() as book:
        sheet = book.create_sheet("one")
        for row in rows:
            sheet.append(row)
        raise LookupError


def test_rows_of_a_workbook_that_was_never_saved_are_gone(temporary: Path) -> None:
    with pytest.raises(LookupError):
        write_half(["made up"])
    assert not list(temporary.iterdir())
    # What Python forgets with an error is an error in tests.
    gc.collect()


def test_a_sheet_with_a_cell_that_cannot_be_written_is_gone_too(temporary: Path) -> None:
    with pytest.raises(ValueError, match=r"^$"):
        write_half(["made up"], [object()])
    assert not list(temporary.iterdir())


def test_a_saved_workbook_leaves_nothing_beside_it(temporary: Path) -> None:
    content = io.BytesIO()
    with new_workbook() as book:
        for name in ("one", "two", "empty"):
            book.create_sheet(name)
        book["one"].append(["made up"])
        book.save(content)
    assert content.getvalue().startswith(b"PK")
    assert not list(temporary.iterdir())

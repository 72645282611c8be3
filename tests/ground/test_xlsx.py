"""openpyxl's own reading of the rows is the oracle; what it never writes itself stands here as XML."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.xml.constants import SHARED_STRINGS

from gridmap.ground.xlsx import Rows, TooManyCellsError, read_xlsx, tidy

CELLS = 10_000
VALUES = st.one_of(
    st.none(),
    st.integers(-(10**9), 10**9),
    st.floats(-1e6, 1e6).map(lambda number: round(number, 3)),
    st.booleans(),
    st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=8).filter(lambda text: not text.startswith("=")),
    st.datetimes(dt.datetime(1950, 1, 1), dt.datetime(2100, 1, 1)).map(lambda moment: moment.replace(microsecond=0)),
)


def read(content: bytes) -> Rows:
    ((_, sheet),) = read_xlsx(io.BytesIO(content), cells_max=CELLS)
    return sheet


def saved(rows: list[list[Any]]) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def with_sheet(xml: str, strings: str = "") -> bytes:
    """Return a workbook whose only sheet, and whose shared strings, are ``xml``."""
    content = io.BytesIO()
    space = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    shared = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{SHARED_STRINGS}"/>'
    with zipfile.ZipFile(io.BytesIO(saved([["text"]]))) as source, zipfile.ZipFile(content, "w") as target:
        parts = {name: source.read(name).decode() for name in source.namelist()}
        parts["xl/worksheets/sheet1.xml"] = f"<worksheet {space}>{xml}</worksheet>"
        parts["xl/sharedStrings.xml"] = f"<sst {space}>{strings}</sst>"
        parts["[Content_Types].xml"] = parts["[Content_Types].xml"].replace("</Types>", f"{shared}</Types>")
        for name, text in parts.items():
            target.writestr(name, text)
    return content.getvalue()


@given(st.lists(st.lists(VALUES, max_size=4), max_size=5))
@settings(max_examples=25)
def test_values_are_those_of_openpyxl(rows: list[list[Any]]) -> None:
    content = saved(rows)
    sheet = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True).worksheets[0]
    expected = [[tidy(value) for value in row] for row in sheet.iter_rows(values_only=True)]
    width = max(map(len, expected), default=0)
    found = [row + [""] * (width - len(row)) for row in read(content).rows]
    assert found == [row for row in expected if row or found]


def test_rows_and_cells_left_out_are_empty() -> None:
    sheet = read(with_sheet('<sheetData><row r="3"><c r="B3"><v>1</v></c><c><v>2</v></c></row><row><c><v>3.0</v></c></row></sheetData>'))
    assert sheet.rows == [[], [], ["", "1", "2"], ["3"]]


def test_words_in_pieces_are_put_together_and_sounds_left_out() -> None:
    words = "<r><t>阳光</t></r><r><t>花园</t></r><rPh sb='0' eb='1'><t>yang</t></rPh>"
    cells = f'<c t="inlineStr"><is>{words}</is></c><c t="s"><v>0</v></c><c><v>7</v></c>'
    assert read(with_sheet(f"<sheetData><row>{cells}</row></sheetData>", f"<si>{words}</si>")).rows == [["阳光花园", "阳光花园", "7"]]


def test_merged_ranges_and_formulas_never_computed() -> None:
    cells = "<c><f>1+1</f></c><c><f>1+1</f><v>2</v></c>"
    sheet = read(with_sheet(f'<sheetData><row>{cells}</row></sheetData><mergeCells><mergeCell ref="A2:C3"/></mergeCells>'))
    assert (sheet.rows, sheet.merged, sheet.uncomputed) == ([["", "2"]], [(1, 2, 0, 2)], 1)


@pytest.mark.parametrize("row", ['<row r="1048576"/>', '<row r="9999999999999"/>', "<row><c r='ZZZ1'/></row>"])
def test_a_place_far_out_is_refused_before_it_costs_memory(row: str) -> None:
    with pytest.raises(TooManyCellsError, match="Sheet"):
        read(with_sheet(f"<sheetData>{row}</sheetData>"))


def test_columns_that_do_not_exist_are_damage() -> None:
    with pytest.raises(ValueError, match="column"):
        read(with_sheet('<sheetData><row><c r="AAAAA1"/></row></sheetData>'))

"""Workbooks as grids of values: XLSX, XLS and, for the same use, CSV."""

from __future__ import annotations

import datetime as dt
import re
import struct
import unicodedata
import warnings
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

import openpyxl
import xlrd
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse
from openpyxl.utils.cell import range_boundaries
from openpyxl.utils.exceptions import InvalidFileException

from gridmap.errors import InputError
from gridmap.ground import archives, csvs

CELLS_MAX = 20_000_000
"""More cells, empty ones counted, than any ledger has; a crafted sheet can claim 17 billion."""

Span = tuple[int, int, int, int]
"""First row, last row, first column, last column, counted from 0, both ends inside."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: text in rows of equal width (empty where there is nothing), its merged ranges, and formulas that were never computed."""

    name: str
    rows: list[list[str]]
    merged: tuple[Span, ...] = ()
    uncomputed: int = 0


def read_sheets(path: Path) -> tuple[list[Sheet], str | None]:
    """Return the sheets of a workbook, or a CSV file as one sheet, and the encoding of the CSV.

    What a file is, is told by its content: many an ``.xls`` is a CSV. Raises ``InputError`` when it cannot be read or is made to harm.
    """
    with path.open("rb") as file:
        head = file.read(512)
    if head.startswith(b"PK\x03\x04"):
        return _xlsx(path), None
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        return _xls(path), None
    wide = head.startswith((b"\xff\xfe", b"\xfe\xff"))
    if head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith((b"<", b"{", b"%PDF")) or (b"\0" in head and not wide):
        raise InputError("sheet_wrong_format", file=path.name)
    text, encoding = csvs.text_of(path)
    return [Sheet(path.stem, _even([[tidy(value) for value in row] for row in csvs.table_of(text)]))], encoding


def tidy(value: Any) -> str:
    """Return a cell as text: full-width forms made plain, no blanks beside Chinese characters, whole numbers without ``.0``.

    >>> tidy(3.0), tidy("幸 福 小区　３：Ａ"), tidy(None)
    ('3', '幸福小区3:A', '')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date().isoformat()
    text = " ".join(unicodedata.normalize("NFKC", str(value)).split())
    return _BLANK_BESIDE_CHINESE.sub("", text)


_CHINESE = "\u3400-\u9fff"
_BLANK_BESIDE_CHINESE = re.compile(rf"(?<=[{_CHINESE}]) | (?=[{_CHINESE}])")


def _even(rows: list[list[str]]) -> list[list[str]]:
    """Return rows of one width, without the empty columns at the right and the empty rows at the end."""
    width = max((place for row in rows for place, value in enumerate(row, 1) if value), default=0)
    while rows and not any(rows[-1]):
        rows = rows[:-1]
    return [(row + [""] * width)[:width] for row in rows]


def _xlsx(path: Path) -> list[Sheet]:
    members = {name for name, _ in archives.checked_members(path, limits=archives.WORKBOOK)}
    if "xl/workbook.xml" not in members:
        raise InputError("sheet_wrong_format", file=path.name)
    try:
        with warnings.catch_warnings():
            # openpyxl tells of styles and checks that it does not know; values are not touched by them.
            warnings.simplefilter("ignore", UserWarning)
            with path.open("rb") as file:
                book = openpyxl.load_workbook(file, read_only=True, data_only=True)
                return [_xlsx_sheet(path, book[name]) for name in book.sheetnames if hasattr(book[name], "iter_rows")]
    except DefusedXmlException as error:
        raise InputError("file_reaches_out", file=path.name, reason="<!ENTITY>") from error
    except InputError:
        raise
    except (InvalidFileException, zipfile.BadZipFile, ParseError, KeyError, ValueError, TypeError, AttributeError, IndexError, OSError) as error:
        # openpyxl has no error of its own for a damaged part; these are what it stumbles into. It wraps what defusedxml says.
        if isinstance(error.__cause__, DefusedXmlException):
            raise InputError("file_reaches_out", file=path.name, reason="<!ENTITY>") from error
        raise InputError("sheet_damaged", file=path.name) from error


def _xlsx_sheet(path: Path, sheet: Any) -> Sheet:
    # The size that a sheet states may be any; without it rows are as wide as they are.
    sheet.reset_dimensions()
    rows: list[list[str]] = []
    cells = 0
    for row in sheet.iter_rows(values_only=True):
        cells += max(1, len(row))
        if cells > CELLS_MAX:
            raise InputError("sheet_too_large", file=path.name, value=sheet.title, limit=CELLS_MAX)
        rows.append([tidy(value) for value in row])
    merged, uncomputed = _merged_and_uncomputed(sheet)
    even = _even(rows)
    return Sheet(sheet.title, even, tuple(_inside(span, even) for span in merged), uncomputed)


def _merged_and_uncomputed(sheet: Any) -> tuple[list[Span], int]:
    """Return merged ranges, which openpyxl leaves out when it reads only, and how many formulas have no value beside them."""
    merged, uncomputed = [], 0
    with sheet._get_source() as source:
        for _, element in iterparse(source):
            tag = element.tag.rpartition("}")[2]
            if tag == "mergeCell":
                left, top, right, bottom = (bound or 1 for bound in range_boundaries(element.get("ref")))
                merged.append((top - 1, bottom - 1, left - 1, right - 1))
            elif tag == "c":
                parts = {part.tag.rpartition("}")[2]: part.text for part in element}
                uncomputed += "f" in parts and not parts.get("v")
            elif tag == "row":
                element.clear()
    return merged, uncomputed


def _inside(span: Span, rows: list[list[str]]) -> Span:
    """Return the part of a merged range that holds cells: some reach to the last row a sheet can have."""
    top, bottom, left, right = span
    return top, min(bottom, len(rows) - 1), left, min(right, len(rows[0]) - 1 if rows else 0)


def _xls(path: Path) -> list[Sheet]:
    try:
        book = xlrd.open_workbook(str(path), formatting_info=True, logfile=_Nowhere())
        return [_xls_sheet(book, sheet) for sheet in book.sheets()]
    except xlrd.XLRDError as error:
        code = "archive_locked" if "encrypted" in str(error).lower() else "sheet_damaged"
        raise InputError(code, file=path.name) from error
    except (xlrd.compdoc.CompDocError, struct.error, LookupError, AssertionError, ValueError, TypeError, AttributeError) as error:
        # xlrd trusts the file and stumbles into these where it is damaged.
        raise InputError("sheet_damaged", file=path.name) from error


class _Nowhere:
    """Where xlrd may write its remarks."""

    def write(self, text: str) -> int:
        return len(text)

    def flush(self) -> None:
        return None


def _xls_sheet(book: Any, sheet: Any) -> Sheet:
    rows = [[_xls_value(book, cell) for cell in sheet.row(place)] for place in range(sheet.nrows)]
    even = _even(rows)
    merged = tuple((top, bottom - 1, left, right - 1) for top, bottom, left, right in sheet.merged_cells)
    return Sheet(sheet.name, even, tuple(_inside(span, even) for span in merged))


def _xls_value(book: Any, cell: Any) -> str:
    if cell.ctype == xlrd.XL_CELL_ERROR:
        return str(xlrd.error_text_from_code.get(cell.value, "#ERROR"))
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return tidy(bool(cell.value))
    if cell.ctype == xlrd.XL_CELL_DATE:
        try:
            return tidy(xlrd.xldate_as_datetime(cell.value, book.datemode))
        except (ValueError, OverflowError):
            return tidy(cell.value)
    return tidy(cell.value)

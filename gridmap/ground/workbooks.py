"""Workbooks as grids of values: XLSX, XLS and, for the same use, CSV."""

from __future__ import annotations

import struct
import warnings
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError
from xml.parsers.expat import ExpatError

import xlrd
from defusedxml.common import DefusedXmlException
from openpyxl.utils.exceptions import InvalidFileException

from gridmap.errors import InputError
from gridmap.ground import archives, csvs
from gridmap.ground.xlsx import Rows, Span, TooManyCellsError, read_xlsx, tidy

CELLS_MAX = 20_000_000
"""More cells, empty ones counted, than any ledger has; a crafted sheet can claim 17 billion."""


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
                return [_xlsx_sheet(name, sheet) for name, sheet in read_xlsx(file, cells_max=CELLS_MAX)]
    except DefusedXmlException as error:
        raise InputError("file_reaches_out", file=path.name, reason="<!ENTITY>") from error
    except TooManyCellsError as error:
        raise InputError("sheet_too_large", file=path.name, value=error.args[0], limit=CELLS_MAX) from error
    except (
        InvalidFileException,
        zipfile.BadZipFile,
        ParseError,
        ExpatError,
        KeyError,
        ValueError,
        TypeError,
        AttributeError,
        IndexError,
        OSError,
    ) as error:
        # openpyxl has no error of its own for a damaged part; these are what it stumbles into. It wraps what defusedxml says.
        if isinstance(error.__cause__, DefusedXmlException):
            raise InputError("file_reaches_out", file=path.name, reason="<!ENTITY>") from error
        raise InputError("sheet_damaged", file=path.name) from error


def _xlsx_sheet(name: str, sheet: Rows) -> Sheet:
    even = _even(sheet.rows)
    return Sheet(name, even, tuple(_inside(span, even) for span in sheet.merged), sheet.uncomputed)


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

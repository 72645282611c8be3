"""Workbooks (XLSX) written from top to bottom, and their headings. openpyxl is loaded when the first is written: the server starts without it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from gridmap.outputs.plain_files import harmless


@contextlib.contextmanager
def new_workbook() -> Iterator[Any]:
    """Give a workbook whose rows are appended and not read again; the files that it keeps them in meanwhile are gone afterwards, whatever happens."""
    import openpyxl

    book: Any = openpyxl.Workbook(write_only=True)
    try:
        yield book
    finally:
        # Saving does the same. openpyxl forgets sheets that were never saved: their files stay until the program ends, with an error told by Python.
        for sheet in book.worksheets:
            if not sheet.closed:
                sheet.close()
            with contextlib.suppress(FileNotFoundError):
                sheet._writer.cleanup()


def append_heads(sheet: Any, heads: Sequence[str]) -> None:
    """Append a row of headings in bold."""
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    cells = [WriteOnlyCell(sheet, value=head) for head in heads]
    for cell in cells:
        cell.font = Font(bold=True)
    sheet.append(cells)


def set_widths(sheet: Any, columns: int, width: int) -> None:
    """Make the first ``columns`` so many characters wide; to be said before the first row."""
    from openpyxl.utils import get_column_letter

    for number in range(1, columns + 1):
        sheet.column_dimensions[get_column_letter(number)].width = width


def plain_cell(value: Any) -> Any:
    """Return a value as a cell holds it: nothing for what is missing, and no text that is a formula.

    >>> plain_cell(pd.NA), plain_cell(3.0)
    (None, 3.0)
    """
    if value is None or value is pd.NA or value != value:
        return None
    return harmless(value.item() if hasattr(value, "item") else value)

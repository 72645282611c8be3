"""Ledgers (台账) as offices keep them: titles above the header, merged cells, totals in between, several sheets."""

from __future__ import annotations

import operator
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from gridmap.errors import InputError
from gridmap.findings import Finding, finding
from gridmap.ground import csvs
from gridmap.ground.fields import FIELD_NAMES, guess_fields
from gridmap.ground.layers import Layer, check_readable
from gridmap.ground.workbooks import Sheet, read_sheets
from gridmap.ground.xlsx import Span

HEADER_ROWS = 20
"""How far down a header is looked for."""

FIELDS_MIN = 2
"""How many columns must be known for a row to be a header: one word may stand in any title."""

TABLES = ("ledger", "buildings", "venues", "communities", "grids")

_TOTAL = re.compile(r"(?:^|.*[^\d])(?:合计|小计|总计|共计|累计)[:：]?$")
_NOTE = re.compile(r"^(?:填表|制表|填报|审核|负责人|日期|备注|说明|注)")


@dataclass(frozen=True, slots=True)
class _Part:
    """The rows of one sheet below its header."""

    sheet: Sheet
    fields: dict[str, str]
    names: list[str]
    rows: list[list[str]]
    numbers: list[int]
    findings: list[Finding]


def read_ledger(path: Path) -> Layer:
    """Return the ledger in an XLS, XLSX or CSV file as one layer without geometry, every value text.

    The header is the row with most names of known columns. A value in a merged range stands in each of its rows. Full-width forms are made plain,
    blanks inside Chinese names removed. Rows of totals and notes are left out, each with a finding; sheets without a header likewise. Rows of
    several sheets are put together; ``rows`` and ``sheets`` of the layer say where each came from.

    Raises ``InputError`` when the file cannot be read or no sheet has a header.
    """
    return read_table(path, ("ledger",))


def read_table(path: Path, tables: Sequence[str] = TABLES) -> Layer:
    """Return the sheets of a workbook as :func:`read_ledger` does; a header is what fits any of ``tables``."""
    check_readable(path)
    sheets, encoding = read_sheets(path)
    parts: list[_Part] = []
    findings: list[Finding] = []
    for sheet in sheets:
        part = _part(path.name, sheet, tables)
        if part is not None:
            parts.append(part)
        elif sheet.rows:
            findings.append(finding("sheet_left_out", sheet.name, file=path.name, layer=sheet.name))
    if not parts:
        raise InputError("sheet_without_header", file=path.name, sheets=", ".join(sheet.name for sheet in sheets))
    findings = [*(each for part in parts for each in part.findings), *findings]
    frame = pd.concat([_named_alike(part, parts[0]) for part in parts], ignore_index=True)
    if frame.empty:
        raise InputError("file_without_rows", file=path.name)
    numbers = tuple(number for part in parts for number in part.numbers)
    names = tuple(part.sheet.name for part in parts for _ in part.rows)
    name = parts[0].sheet.name if len(parts) == 1 else path.stem
    return Layer(path.name, name, frame.astype("str"), numbers[0], encoding, tuple(findings), None, numbers, names)


def read_workbook(path: Path) -> list[Layer]:
    """Return a workbook that holds a table, such as venues with coordinates, as one layer."""
    layer = read_table(path)
    placed = csvs.placed(layer.file, layer.name, layer.frame, row_of=layer.user_row, encoding=layer.encoding)
    findings = (*layer.findings, *placed.findings)
    return [Layer(layer.file, layer.name, placed.frame, layer.first_row, layer.encoding, findings, placed.proposed_crs, layer.rows, layer.sheets)]


def read_each_sheet(path: Path, known: Mapping[str, Mapping[str, str]], words: Mapping[str, str]) -> tuple[list[tuple[str, Layer]], list[Finding]]:
    """Return the sheets of a workbook that hold tables of which ``known`` gives the names of columns, each with the table that it is.

    The name of the sheet decides where it fits the pattern that ``words`` has for a table, else the number of columns that are known. A sheet without
    a header is a finding. Raises ``InputError`` when the file cannot be read or no sheet has a header.
    """
    check_readable(path)
    sheets, encoding = read_sheets(path)
    found: list[tuple[str, Layer]] = []
    findings: list[Finding] = []
    for sheet in sheets:
        named = [table for table in known if re.search(words[table], sheet.name, re.IGNORECASE)]
        parts = [(table, part) for table in named or known if (part := _part(path.name, sheet, (table,), known)) is not None]
        if not parts:
            findings += [finding("sheet_left_out", sheet.name, file=path.name, layer=sheet.name)] if sheet.rows else []
            continue
        table, part = max(parts, key=lambda each: len(each[1].fields))
        frame = pd.DataFrame(part.rows, columns=part.names, dtype="str")
        first = part.numbers[0] if part.numbers else 1
        layer = Layer(path.name, sheet.name, frame.mask(frame == ""), first, encoding, tuple(part.findings), None, tuple(part.numbers))
        found.append((table, layer))
    if not found:
        raise InputError("sheet_without_header", file=path.name, sheets=", ".join(sheet.name for sheet in sheets))
    return found, findings


def _part(file: str, sheet: Sheet, tables: Sequence[str], known: Mapping[str, Mapping[str, str]] = FIELD_NAMES) -> _Part | None:
    """Return what stands below the header of ``sheet``, None when it has none."""
    header = _header(sheet, tables, known)
    if header is None:
        return None
    last, names, fields = header
    keys = [place for place, name in enumerate(names) if name in fields.values()]
    rows, numbers, findings = [], [], []
    filled = _filled(sheet.rows, sheet.merged, downwards_only=True)
    spread = _spread_rows(sheet)
    for place in range(last + 1, len(sheet.rows)):
        own, values = sheet.rows[place], filled[place]
        if not any(own):
            continue
        code = _left_out(own, values, names, keys, spread=place in spread)
        if code is not None:
            shown = next(value for value in own if value)
            findings.append(finding(code, sheet.name, file=file, layer=sheet.name, row=place + 1, value=shown))
            continue
        rows.append(values)
        numbers.append(place + 1)
    if sheet.uncomputed:
        findings.append(finding("sheet_uncomputed", sheet.name, file=file, layer=sheet.name, value=sheet.uncomputed))
    return _Part(sheet, fields, names, rows, numbers, findings)


def _header(
    sheet: Sheet, tables: Sequence[str], known: Mapping[str, Mapping[str, str]] = FIELD_NAMES
) -> tuple[int, list[str], dict[str, str]] | None:
    """Return the last row of the header, the names of the columns, and what they were taken for."""
    filled = _filled(sheet.rows, sheet.merged, downwards_only=False)
    best: tuple[int, list[str], dict[str, str]] | None = None
    most = FIELDS_MIN - 1
    for place in range(min(HEADER_ROWS, len(filled))):
        row = filled[place]
        above = filled[place - 1] if place else []
        # A header of two rows: where the lower has nothing the upper counts.
        for candidate in (row, [low or high for low, high in zip(row, above, strict=False)]):
            names = csvs.unique_names(candidate)
            fields = max((guess_fields(table, names, known=known) for table in tables), key=len, default={})
            if not _numbers_in(candidate) and (number := _known(names, fields, tables)) > most:
                best, most = (place, names, fields), number
    return best


def _known(names: list[str], fields: dict[str, str], tables: Sequence[str]) -> int:
    """Return how many columns are known; in a table of places the columns of coordinates count too."""
    return len(fields) + (len(csvs.place_columns(names)) if tables == TABLES else 0)


def _numbers_in(row: list[str]) -> bool:
    """Tell whether a row holds numbers: then it is data, whatever words stand in it."""
    return any(value.replace(".", "", 1).isdigit() for value in row)


def _filled(rows: list[list[str]], merged: Sequence[Span], *, downwards_only: bool) -> list[list[str]]:
    """Return rows in which each cell of a merged range holds the range's value, or only those below it."""
    filled = [list(row) for row in rows]
    for top, bottom, left, right in merged:
        for row in range(top, bottom + 1):
            for column in range(left, (left if downwards_only else right) + 1):
                filled[row][column] = rows[top][left]
    return filled


def _spread_rows(sheet: Sheet) -> set[int]:
    """Return the rows in which cells side by side are merged."""
    wide = sorted((top, bottom) for top, bottom, left, right in sheet.merged if left < right)
    rows: set[int] = set()
    reached = -1
    for top, bottom in wide:
        # Ranges of a damaged file may overlap; no row is looked at twice.
        rows.update(range(max(top, reached + 1), bottom + 1))
        reached = max(reached, bottom)
    return rows


def _left_out(own: list[str], values: list[str], names: list[str], keys: list[int], *, spread: bool) -> str | None:
    """Return the code of the reason why a row is no data, else None; ``spread`` says that cells of it are merged sideways."""
    words = [value for value in own if value]
    if any("计" in value and _TOTAL.match(value) for value in words[:3]):
        return "row_total"
    if sum(map(operator.eq, values, names)) >= min(len(words), FIELDS_MIN):
        return "row_header_again"
    if (len(words) == 1 and spread) or _NOTE.match(words[0]) or not any(values[key] for key in keys):
        return "row_note"
    return None


def _named_alike(part: _Part, first: _Part) -> pd.DataFrame:
    """Return the rows of ``part``, its known columns under the names that the first sheet has for them."""
    own = {name: first.fields[ours] for ours, name in part.fields.items() if ours in first.fields and first.fields[ours] not in part.names}
    frame = pd.DataFrame(part.rows, columns=part.names, dtype="str")
    return frame.mask(frame == "").rename(columns=own)

"""XLSX sheets in one pass over their XML: values, merged ranges, formulas without a value.

openpyxl reads what a workbook says about its sheets, styles and dates. Its own reading of rows makes a tree of each cell, in Python since entities
must be refused, and goes over a sheet up to three times for what is needed here: that takes several times as long.
"""

from __future__ import annotations

import datetime as dt
import functools
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO, Any
from xml.parsers.expat import ParserCreate

from defusedxml.common import EntitiesForbidden, ExternalReferenceForbidden
from openpyxl.reader.excel import ExcelReader
from openpyxl.styles.stylesheet import apply_stylesheet
from openpyxl.utils.cell import column_index_from_string, range_boundaries
from openpyxl.utils.datetime import from_excel, from_ISO8601
from openpyxl.xml.constants import SHARED_STRINGS, SHEET_MAIN_NS

Span = tuple[int, int, int, int]
"""First row, last row, first column, last column, counted from 0, both ends inside."""

Attributes = Mapping[str, str]
Value = Callable[[str, str, str], str]
"""What turns the text in a cell, its type and its style into tidy text."""

_SEPARATOR = "}"


def _tag(name: str) -> str:
    return f"{SHEET_MAIN_NS}{_SEPARATOR}{name}"


_ROW, _CELL, _VALUE, _FORMULA, _TEXT, _STRING, _PHONETIC, _MERGED = (_tag(name) for name in ("row", "c", "v", "f", "t", "si", "rPh", "mergeCell"))


class TooManyCellsError(Exception):
    """A sheet has more cells, empty ones counted, than it may."""


@dataclass(slots=True)
class Rows:
    """What one sheet holds: tidy text in rows of any width, merged ranges, and formulas that were never computed."""

    rows: list[list[str]] = field(default_factory=list)
    merged: list[Span] = field(default_factory=list)
    uncomputed: int = 0


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
    return _BLANK_BESIDE_CHINESE.sub("", text) if " " in text else text


_CHINESE = "\u3400-\u9fff"
_BLANK_BESIDE_CHINESE = re.compile(rf"(?<=[{_CHINESE}]) | (?=[{_CHINESE}])")


_tidy_again = functools.lru_cache(maxsize=65536)(tidy)
"""For texts of cells: names of communities and compounds stand in hundreds of rows."""


def read_xlsx(file: IO[bytes], *, cells_max: int) -> Iterator[tuple[str, Rows]]:
    """Yield the name of each sheet and what it holds.

    Raises ``TooManyCellsError(name)``, what defusedxml raises where the XML declares entities, and any of the errors that openpyxl and zipfile
    have for a damaged file.
    """
    book: Any = ExcelReader(file, read_only=True, data_only=True, keep_links=False)
    book.read_manifest()
    strings: list[str] = []
    part = book.package.find(SHARED_STRINGS)
    if part is not None:
        with book.archive.open(part.PartName[1:]) as source:
            strings = _shared_strings(source)
    book.read_workbook()
    apply_stylesheet(book.archive, book.wb)
    values = _values(strings, book.wb)
    for sheet, relation in book.parser.find_sheets():
        if relation.target in book.valid_files and "chartsheet" not in relation.Type:
            with book.archive.open(relation.target) as source:
                try:
                    yield sheet.name, _rows(source, values, cells_max)
                except TooManyCellsError:
                    raise TooManyCellsError(sheet.name) from None


def _parse(source: IO[bytes], starts: Mapping[str, Callable[[Attributes], None]], ends: Mapping[str, Callable[[], None]], text: list[str]) -> None:
    """Go over the XML in ``source``; ``text`` is what stands since the last tag that opened.

    Entities are refused: a few of them can stand for terabytes, or for another file.
    """

    def start(tag: str, attributes: Attributes) -> None:
        text.clear()
        if (starting := starts.get(tag)) is not None:
            starting(attributes)

    def end(tag: str) -> None:
        if (ending := ends.get(tag)) is not None:
            ending()

    def refuse(name: str, *_rest: Any) -> None:
        raise EntitiesForbidden(name, *([None] * 5))

    def refuse_reference(context: str, base: str | None, system: str | None, public: str | None) -> int:
        raise ExternalReferenceForbidden(context, base, system, public)

    parser = ParserCreate(namespace_separator=_SEPARATOR)
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, text.append
    parser.EntityDeclHandler = parser.UnparsedEntityDeclHandler = refuse
    parser.ExternalEntityRefHandler = refuse_reference
    parser.ParseFile(source)


class _Words:
    """The words of a cell or of a shared string, put together from pieces; how a word sounds, written above it, is not part of it."""

    def __init__(self) -> None:
        self.text: list[str] = []
        self._pieces: list[str] = []
        self._sounds = 0
        self.starts: dict[str, Callable[[Attributes], None]] = {_PHONETIC: self._sound_starts}
        self.ends: dict[str, Callable[[], None]] = {_TEXT: self._text_ends, _PHONETIC: self._sound_ends}

    def take(self) -> str:
        """Return the words since the last time, tidy."""
        words = "".join(self._pieces)
        self._pieces.clear()
        return _tidy_again(words)

    def _sound_starts(self, _attributes: Attributes) -> None:
        self._sounds += 1

    def _sound_ends(self) -> None:
        self._sounds -= 1

    def _text_ends(self) -> None:
        if not self._sounds:
            self._pieces.append("".join(self.text))


def _shared_strings(source: IO[bytes]) -> list[str]:
    """Return the texts that cells refer to by number."""
    strings: list[str] = []
    words = _Words()
    _parse(source, words.starts, {**words.ends, _STRING: lambda: strings.append(words.take())}, words.text)
    return strings


def _values(strings: list[str], book: Any) -> Value:
    """Return what turns the text in a cell, its type and its style into tidy text."""
    dates, spans = book._date_formats, book._timedelta_formats
    parse_iso: Callable[[str], Any] = from_ISO8601

    def number(raw: str, style: str) -> str:
        if not dates and raw.isdecimal() and raw[0] != "0" and raw.isascii():
            return raw
        value = float(raw) if "." in raw or "e" in raw or "E" in raw else int(raw)
        if not dates or int(style) not in dates:
            return str(value) if isinstance(value, int) else tidy(value)
        try:
            return tidy(from_excel(value, book.epoch, timedelta=int(style) in spans))
        except (OverflowError, ValueError):
            # What Excel shows for a day before its calendar begins.
            return "#VALUE!"

    kinds: dict[str, Callable[[str, str], str]] = {
        "n": number,
        "s": lambda raw, _style: strings[int(raw)],
        "b": lambda raw, _style: tidy(bool(int(raw))),
        "d": lambda raw, _style: tidy(parse_iso(raw)),
    }

    def value(raw: str, kind: str, style: str) -> str:
        known = kinds.get(kind)
        return "" if not raw else tidy(raw) if known is None else known(raw, style)

    return value


def _rows(source: IO[bytes], value: Value, cells_max: int) -> Rows:
    reader = _RowReader(value, cells_max)
    words = reader.words
    starts = {_ROW: reader.row_starts, _CELL: reader.cell_starts, _FORMULA: reader.formula_starts, _MERGED: reader.merged_starts}
    ends = {_ROW: reader.row_ends, _CELL: reader.cell_ends, _VALUE: reader.value_ends}
    _parse(source, {**words.starts, **starts}, {**words.ends, **ends}, words.text)
    return reader.sheet


class _RowReader:
    """Reads one sheet. Rows and cells that are left out are empty; one that does not say where it is comes after the one before it."""

    def __init__(self, value: Value, cells_max: int) -> None:
        self.sheet, self.words = Rows(), _Words()
        self._value, self._cells_left = value, cells_max
        self._row: list[str] = []
        self._row_number = self._column = 0
        self._kind, self._style, self._raw, self._formula = "n", "0", "", False

    def row_starts(self, attributes: Attributes) -> None:
        self._row_number = _whole(attributes["r"]) if "r" in attributes else self._row_number + 1
        self._row, self._column = [], 0

    def cell_starts(self, attributes: Attributes) -> None:
        place = attributes.get("r")
        self._column = _column(place.rstrip("0123456789")) if place else self._column + 1
        self._kind, self._style = attributes.get("t", "n"), attributes.get("s", "0")
        self._raw, self._formula = "", False

    def formula_starts(self, _attributes: Attributes) -> None:
        self._formula = True

    def merged_starts(self, attributes: Attributes) -> None:
        left, top, right, bottom = (bound or 1 for bound in range_boundaries(attributes["ref"]))
        self.sheet.merged.append((top - 1, bottom - 1, left - 1, right - 1))

    def value_ends(self) -> None:
        self._raw = "".join(self.words.text)

    def cell_ends(self) -> None:
        if self._formula and not self._raw:
            self.sheet.uncomputed += 1
        value = self.words.take() if self._kind == "inlineStr" else self._value(self._raw, self._kind, self._style)
        if len(self._row) == self._column - 1:
            self._row.append(value)
            return
        self._row.extend([""] * (self._column - len(self._row)))
        self._row[self._column - 1] = value

    def row_ends(self) -> None:
        left_out = self._row_number - 1 - len(self.sheet.rows)
        self._cells_left -= max(1, len(self._row)) + max(0, left_out)
        if self._cells_left < 0:
            raise TooManyCellsError
        if left_out >= 0:
            self.sheet.rows.extend([] for _ in range(left_out))
            self.sheet.rows.append(self._row)


@functools.lru_cache
def _column(letters: str) -> int:
    return int(column_index_from_string(letters))


def _whole(text: str) -> int:
    """Return the number of a row; some programs write 3.0."""
    if text.isdecimal():
        return int(text)
    number = float(text)
    if not number.is_integer():
        raise ValueError(text)
    return int(number)

"""Findings: broken or doubtful rules, told in Chinese and English, each with what to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, cast

from gridmap.texts import Language, Word, catalogue, in_a_row, one_line, render

Severity = Literal["error", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken or doubtful rule.

    ``code`` names the rule and its text in the catalogues, ``subject`` the id of what it is about (a building, a grid, a community, a file).
    ``value`` is what was found, ``limit`` what the rule asks, both in ``unit``. ``file``, ``layer``, ``row`` (counted from 1 as the user sees
    it) and ``column`` say where in the user's own files. ``x`` and ``y`` are a place on the ground in the working CRS, metres, for the map.
    ``words`` fills further gaps in the text.
    """

    code: str
    subject: str
    severity: Severity
    value: int | float | str | None = None
    limit: int | float | str | None = None
    unit: str | None = None
    file: str | None = None
    layer: str | None = None
    row: int | None = None
    column: str | None = None
    community_id: str | None = None
    grid_id: str | None = None
    x: float | None = None
    y: float | None = None
    words: Mapping[str, Word] = field(default_factory=dict)

    def text(self, language: Language, *, page: bool = False) -> str:
        """Return the sentence for people: where, what is the case, what to do; ``page``: on a page of the server, not at the command line."""
        words = self.all_words()
        sentence = render(self.code, language, words)
        todo = render(self.code, language, words, part="todo_on_page" if page else "todo")
        where = self.where(language)
        colon = "：" if language == "zh" else ":"
        return in_a_row([f"{where}{colon}" if where else "", sentence, todo], language)

    def where(self, language: Language) -> str:
        """Return the place in the user's files, for example ``buildings.shp, row 12, column 户数``; empty when it is in no file."""
        row, column = ("第 {} 行", "“{}”列") if language == "zh" else ("row {}", "column {}")
        parts = [self.file, self.layer if self.layer != self.file else None]
        parts += [row.format(self.row) if self.row is not None else None, column.format(self.column) if self.column is not None else None]
        return ("，" if language == "zh" else ", ").join(one_line(part) for part in parts if part)

    def as_dict(self, language: Language) -> dict[str, Word]:
        """Return the finding as one flat record with its text, for JSON and tables; what it does not say is left out."""
        names = ("code", "subject", "severity", "value", "limit", "unit", "file", "layer", "row", "column", "community_id", "grid_id", "x", "y")
        record: dict[str, Word] = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        return {**record, "text": self.text(language)}

    def all_words(self) -> dict[str, Word]:
        """Return everything that a text may mention."""
        own: dict[str, Word] = {name: getattr(self, name) for name in ("subject", "value", "limit", "unit", "file", "layer", "row", "column")}
        return {**own, "community": self.community_id, "grid": self.grid_id, **self.words}


def finding(
    code: str,
    subject: str,
    /,
    *,
    value: int | float | str | None = None,
    limit: int | float | str | None = None,
    unit: str | None = None,
    file: str | None = None,
    layer: str | None = None,
    row: int | None = None,
    column: str | None = None,
    community_id: str | None = None,
    grid_id: str | None = None,
    x: float | None = None,
    y: float | None = None,
    **words: Word,
) -> Finding:
    """Make a finding with the severity that the catalogue gives to ``code``; further keywords fill gaps in its text."""
    severity = cast(Severity, catalogue()[code]["severity"])
    return Finding(code, subject, severity, value, limit, unit, file, layer, row, column, community_id, grid_id, x, y, words)


def worst(findings: Iterable[Finding]) -> Severity | None:
    """Return the gravest severity among ``findings``, or None when there is none."""
    present = {each.severity for each in findings}
    return next((severity for severity in SEVERITIES if severity in present), None)

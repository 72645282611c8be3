"""What an import tells the user: which column was taken for what, how many rows, what changed."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from gridmap.ground.rows import Rows
from gridmap.ground.tables import TABLES
from gridmap.texts import Language, Word, render

SHOWN_IDS = 10
"""As many ids of each kind are shown in a line of text; all of them are in ``as_dict``."""

SHOWN_COLUMNS = 12
"""As many columns that were not used are shown in a line of text: map data has dozens, an office's own file a few."""

SAME_PLACE_M = 0.001
"""Geometry that differs by less than 1 mm is the same: files round."""


@dataclass(frozen=True, slots=True)
class TableReport:
    """One table: where it came from, what its columns were taken for, and how it differs from what stood in the workspace."""

    table: str
    file: str
    layer: str
    fields: Mapping[str, str]
    unused: tuple[str, ...]
    rows_read: int
    rows_kept: int
    replaced: bool
    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LedgerReport:
    """The ledger: how many rows were matched which way, and the row numbers of those that were not."""

    file: str
    rows: int
    matched: Mapping[str, int]
    ambiguous: tuple[int, ...]
    unmatched: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """The whole import; ``cells_evidence`` is why the polygons were taken as land cells or not."""

    crs: str
    tables: tuple[TableReport, ...]
    cells: str
    cells_evidence: Mapping[str, float]
    ledger: LedgerReport | None

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain numbers, texts and lists."""
        return dataclasses.asdict(self)

    def lines(self, language: Language) -> list[str]:
        """Return the report as sentences for people."""
        told: list[tuple[str, dict[str, Word]]] = [("report_crs", {"crs": self.crs})]
        for table in self.tables:
            name = getattr(TABLES[table.table], language)
            fields = ", ".join(f"{_column_name(table.table, ours, language)} = {theirs}" for ours, theirs in table.fields.items())
            told.append(("report_table", {"table": name, "file": table.file, "kept": table.rows_kept, "read": table.rows_read}))
            # Where all columns have our own names, as in what was read from OpenStreetMap, nothing was guessed.
            if table.unused or any(ours != theirs for ours, theirs in table.fields.items()):
                told.append(("report_fields", {"fields": fields or "—", "unused": _some(table.unused, SHOWN_COLUMNS)}))
            if table.replaced:
                told += _changes(table)
        if self.ledger is not None:
            told.append(("report_ledger", {"file": self.ledger.file, "rows": self.ledger.rows, "matched": sum(self.ledger.matched.values())}))
            told += _ledger_lines(self.ledger)
        evidence = self.cells_evidence
        if evidence:
            words: dict[str, Word] = {"filled": round(100 * evidence["filled"], 1), "overlap": round(100 * evidence["overlap"], 1)}
            told.append((f"report_cells_{self.cells}", words))
        return [render(code, language, words) for code, words in told]


def _changes(table: TableReport) -> list[tuple[str, dict[str, Word]]]:
    found = {code: getattr(table, code) for code in ("added", "changed", "removed")}
    told: list[tuple[str, dict[str, Word]]] = [
        (f"report_{code}", {"count": len(ids), "ids": _some(ids, SHOWN_IDS)}) for code, ids in found.items() if ids
    ]
    return told if told else [("report_unchanged", {})]


def _ledger_lines(ledger: LedgerReport) -> list[tuple[str, dict[str, Word]]]:
    told: list[tuple[str, dict[str, Word]]] = [(f"report_ledger_{way}", {"count": count}) for way, count in ledger.matched.items()]
    for code in ("ambiguous", "unmatched"):
        rows: Sequence[int] = getattr(ledger, code)
        if rows:
            told.append((f"report_ledger_{code}", {"count": len(rows), "rows": _some(rows, SHOWN_IDS)}))
    return told


def _some(names: Sequence[object], most: int) -> str:
    return ", ".join(map(str, names[:most])) + (" …" if len(names) > most else "") or "—"


def _column_name(table: str, column: str, language: Language) -> str:
    known = {each.name: getattr(each, language) for each in TABLES[table].columns}
    return str(known.get(column, column))


def table_report(table: str, rows: Rows, new: gpd.GeoDataFrame, old: gpd.GeoDataFrame | None, unused: Sequence[str]) -> TableReport:
    """Return the report on one table: ``rows`` as read, ``new`` as it will be stored, ``old`` as it stood, if it did."""
    added, changed, removed = ([], [], []) if old is None else differences(old, new)
    replaced = old is not None and len(old) > 0
    columns = dict(rows.columns)
    return TableReport(
        table, rows.file, rows.layer, columns, tuple(unused), len(rows), len(new), replaced, tuple(added), tuple(changed), tuple(removed)
    )


def differences(old: gpd.GeoDataFrame, new: gpd.GeoDataFrame) -> tuple[list[str], list[str], list[str]]:
    """Return the ids that are only in ``new``, those whose row differs, and those only in ``old``, each in order of ids."""
    both = old.index.intersection(new.index)
    before, after = old.loc[both], new.loc[both]
    differ = ~shapely.equals_exact(_rounded(before), _rounded(after), tolerance=2 * SAME_PLACE_M, normalize=True)
    for column in old.columns.drop("geometry"):
        a, b = before[column], after[column]
        unequal = ((a != b).fillna(True) & ~(a.isna() & b.isna())).to_numpy(dtype=bool)
        differ = np.asarray(differ | unequal, dtype=bool)
    added, removed = new.index.difference(old.index), old.index.difference(new.index)
    return sorted(map(str, added)), sorted(map(str, both[differ])), sorted(map(str, removed))


def _rounded(table: gpd.GeoDataFrame) -> npt.NDArray[np.object_]:
    """Return the geometry with rounded coordinates, so that rings with equal corners are normalized to the same first corner."""
    geometry = shapely.force_2d(table.geometry.to_numpy())
    return np.asarray(shapely.set_coordinates(geometry, np.round(shapely.get_coordinates(geometry) / SAME_PLACE_M) * SAME_PLACE_M), dtype=object)

"""A coverage as a file: GeoPackage for other programs, a workbook for people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from gridmap.circles.coverage import Coverage
from gridmap.circles.limits import Limit
from gridmap.circles.summaries import blind_spots, by_category, by_community, by_limit, coverage_findings
from gridmap.findings import Finding, finding
from gridmap.ground.tables import District
from gridmap.outputs.coverage_layers import circle_layers, coverage_layers, settings
from gridmap.outputs.export import check_export_name, write_geopackage
from gridmap.outputs.sheets import append_heads, new_workbook, plain_cell, set_widths
from gridmap.progress import Progress, silent
from gridmap.store.connections import drafted
from gridmap.texts import Language, catalogue, render, user_language

COVERAGE_ENDINGS = (".gpkg", ".xlsx")
ROWS_MAX = 1_048_575
"""Rows below the heading that a sheet holds."""
WIDTH = 14
BLIND = [
    *("households", "residents", "category", "building_id", "compound_id", "name", "community_id"),
    *("reason", "metres", "minutes", "nearest_venue_id", "nearest_venue"),
]
"""Columns of the sheet of blind spots: who lacks what, where, and why."""


def export_coverage(
    coverage: Coverage,
    district: District,
    path: Path,
    *,
    grids: pd.DataFrame | None = None,
    limits: Sequence[Limit] = (),
    language: Language | None = None,
    progress: Progress = silent,
) -> list[Finding]:
    """Write a coverage to ``path`` and return what the format could not hold; its ending says which format.

    - ``.gpkg``: the layers of :func:`gridmap.outputs.coverage_layers.coverage_layers`, enough to recompute every number, and the
      circles.
    - ``.xlsx``: sheets for people: sums by category, community and grid, blind spots, minutes of each building, settings, findings.

    ``grids`` are the sums by grid; for further ``limits`` the sums by category stand beside them. The file appears whole or not at all. Raises
    ``RequestError`` for another ending and ``WorkspaceError`` when the file cannot be written or is a workspace.
    """
    check_export_name(path, COVERAGE_ENDINGS)
    if path.suffix.lower() == ".gpkg":
        layers = [*coverage_layers(coverage, district, grids=grids, limits=limits), *circle_layers(coverage, district, progress=progress)]
        write_geopackage(layers, path)
        return []
    return _write_workbook(coverage, district, path, grids, limits, language or user_language())


def _write_workbook(
    coverage: Coverage, district: District, path: Path, grids: pd.DataFrame | None, limits: Sequence[Limit], language: Language
) -> list[Finding]:
    names = {code: getattr(category, language) for code, category in coverage.rules.categories.items()}
    sums = by_category(coverage, district).reset_index()
    tables = {"categories": sums}
    if limits:
        tables["limits"] = by_limit(coverage, district, limits)
    tables["communities"] = by_community(coverage, district).reset_index()
    if grids is not None:
        tables["grids"] = grids.reset_index()
    tables["blind"] = blind_spots(coverage, district)[BLIND]
    tables["buildings"] = _minutes_of_buildings(coverage, district, names, language)
    tables["settings"] = pd.DataFrame(list(settings(coverage).items()), columns=["name", "value"])
    told = [(render(f"cli_severity_{each.severity}", language, {}), each.text(language)) for each in coverage_findings(coverage, district)]
    tables["findings"] = pd.DataFrame(told, columns=["severity", "text"])
    with drafted(path) as draft, new_workbook() as book:
        for name, table in tables.items():
            if "category" in table:
                table = table.assign(category=table["category"].map(names))
            if "reason" in table:
                table = table.assign(reason=_reasons(table["reason"], language))
            heads = [heading(column, language) for column in table.columns]
            write_sheet(book.create_sheet(render(f"coverage_sheet_{name}", language, {})), heads, table.itertuples(index=False))
        book.save(draft)
    cut = {render(f"coverage_sheet_{name}", language, {}): len(table) for name, table in tables.items() if len(table) > ROWS_MAX}
    return [finding("coverage_rows_cut", sheet, value=rows, limit=ROWS_MAX, file=path.name) for sheet, rows in cut.items()]


def heading(column: str, language: Language) -> str:
    """Return the heading of a column of a coverage; a column that bears the name of a category keeps it.

    >>> heading("no_street", "en"), heading("market hall", "en")
    ('no street', 'market hall')
    """
    code = f"circle_column_{column}"
    return render(code, language, {}) if code in catalogue() else column


def _reasons(column: pd.Series, language: Language) -> list[str | None]:
    return [render(f"reason_{reason}", language, {}) if isinstance(reason, str) else None for reason in column]


def _minutes_of_buildings(coverage: Coverage, district: District, names: dict[str, str], language: Language) -> pd.DataFrame:
    """Return one row for each building: for each category the minutes, or in words why there are none."""
    table = coverage.table.assign(reason=_reasons(coverage.table["reason"], language))
    minutes = table["minutes"].astype(object).where(table["minutes"].notna(), table["reason"])
    wide = table.assign(shown=minutes).pivot(index="building_id", columns="category", values="shown").reindex(columns=list(names))
    homes = district.buildings.reindex(wide.index)[["community_id", "compound_id", "name", "households"]]
    return homes.join(wide.rename(columns=names)).reset_index(names="building_id")


def write_sheet(sheet: Any, heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a heading and rows into a sheet, no cell of which is a formula; what is missing stays empty, rows beyond ROWS_MAX are left out."""
    sheet.freeze_panes = "A2"
    set_widths(sheet, len(heads), WIDTH)
    append_heads(sheet, heads)
    for number, row in enumerate(rows):
        if number == ROWS_MAX:
            break
        sheet.append([plain_cell(value) for value in row])

"""Rows of a user's file on their way into a table: they remember file, layer and row, so that every finding can say where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from gridmap.findings import Finding, finding
from gridmap.texts import Word

ROW = "_row"
"""The column that holds the row number which the user sees."""

ABOUT_ROWS: Mapping[str, tuple[str, ...]] = {
    "communities": ("community_without_buildings", "community_below_minimum"),
    "buildings": ("building_too_large", "stairwells_unknown", "area_too_large", "id_like_stairwell"),
    "venues": ("venue_outside",),
    "gates": ("gate_of_unknown_compound",),
}
"""The checks of a district whose subject is the id of one row of a table."""


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows for ``table``. ``frame`` has our column names with the file's raw values, ``_row`` and geometry, and positions 0, 1, 2 ... as index.

    ``columns`` gives the file's own name of each of our columns. ``file`` and ``layer`` say where the rows come from.
    """

    table: str
    file: str
    layer: str
    frame: gpd.GeoDataFrame
    columns: Mapping[str, str]

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def numbers(self) -> npt.NDArray[np.int64]:
        """The row numbers that the user sees."""
        return np.asarray(self.frame[ROW], dtype=np.int64)

    @property
    def subjects(self) -> npt.NDArray[np.object_]:
        """What to call each row in a finding: its id when it has one, else its row number."""
        names = self.frame.index.astype("str").to_numpy(dtype=object) if self.frame.index.name else self.numbers.astype(str).astype(object)
        return np.asarray(names, dtype=object)

    def kept(self, keep: npt.NDArray[np.bool_]) -> Rows:
        """Return only the rows where ``keep`` is true."""
        if keep.all():
            return self
        frame = self.frame[keep]
        return replace(self, frame=frame if frame.index.name else frame.reset_index(drop=True))

    def with_frame(self, frame: gpd.GeoDataFrame) -> Rows:
        """Return the same source with other rows."""
        return replace(self, frame=frame)

    def with_geometry(self, geometry: npt.NDArray[np.object_]) -> Rows:
        """Return the same rows with other geometry, in the same CRS."""
        series = gpd.GeoSeries(geometry, index=self.frame.index, crs=self.frame.crs)
        return replace(self, frame=self.frame.set_geometry(series, crs=self.frame.crs))

    def finding(
        self,
        code: str,
        position: int | None = None,
        /,
        *,
        column: str | None = None,
        subject: str | None = None,
        value: int | float | str | None = None,
        limit: int | float | str | None = None,
        **words: Word,
    ) -> Finding:
        """Make a finding about the row at ``position``, or about the whole layer; ``column`` is our name of the column."""
        row = None if position is None else int(self.numbers[position])
        name = subject if subject is not None else (self.layer if position is None else str(self.subjects[position]))
        shown = None if column is None else self.columns.get(column, column)
        made = finding(code, name, value=value, limit=limit, file=self.file, layer=self.layer, row=row, column=shown)
        return replace(made, words=words)

    def findings(self, code: str, where: npt.NDArray[np.bool_], *, column: str | None = None) -> list[Finding]:
        """Make one finding for each row where ``where`` is true; its value is what stands in ``column``."""
        values = None if column is None or column not in self.frame.columns else self.frame[column].to_numpy(dtype=object)
        return [
            self.finding(code, int(position), column=column, value=None if values is None or pd.isna(values[position]) else str(values[position]))
            for position in np.flatnonzero(where)
        ]


def located(findings: Sequence[Finding], tables: Mapping[str, Rows]) -> list[Finding]:
    """Return ``findings`` on ids of a district, each with file, layer and row where its subject is a row of ``tables``."""
    sources = {code: tables[table] for table, codes in ABOUT_ROWS.items() if table in tables for code in codes}
    numbers = {rows.table: dict(zip(rows.subjects, rows.numbers.tolist(), strict=True)) for rows in sources.values()}
    told = []
    for each in findings:
        rows = sources.get(each.code)
        number = None if rows is None else numbers[rows.table].get(each.subject)
        if rows is not None and number is not None:
            column = None if each.column is None else rows.columns.get(each.column, each.column)
            each = replace(each, file=rows.file, layer=rows.layer, row=number, column=column)
        told.append(each)
    return told

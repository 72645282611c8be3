"""What every reader gives: a layer of the user's file with the faults that were found in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import pandas as pd

from gridmap.errors import InputError
from gridmap.findings import Finding


@dataclass(frozen=True, eq=False)
class Layer:
    """One layer, or sheet, of a user's file.

    ``frame`` holds the columns under the names that they have in the file, with a RangeIndex: a GeoDataFrame when the layer has geometry
    (``geometry`` is then the name of that column, ``frame.crs`` None where the file does not say), else a DataFrame. Row ``n`` of the frame is
    row ``user_row(n)`` for the user: features are counted from 1, rows of sheets and CSV files as a spreadsheet shows them.

    ``encoding`` is that of the text when the file leaves it open (shapefile, CSV). ``proposed_crs`` is a guess from the coordinates, such as
    ``EPSG:4528``, when the file does not state its CRS. ``rows`` and ``sheets`` give row number and sheet name of each row of the frame where
    rows were skipped or several sheets were put together.
    """

    file: str
    name: str
    frame: gpd.GeoDataFrame | pd.DataFrame
    first_row: int = 1
    encoding: str | None = None
    findings: tuple[Finding, ...] = ()
    proposed_crs: str | None = None
    rows: tuple[int, ...] | None = None
    sheets: tuple[str, ...] | None = None

    def user_row(self, position: int) -> int:
        """Return the number under which the user knows the row at ``position`` (from 0) of the frame."""
        return position + self.first_row if self.rows is None else self.rows[position]

    def user_sheet(self, position: int) -> str:
        """Return the name of the layer or sheet that holds the row at ``position`` (from 0) of the frame."""
        return self.name if self.sheets is None else self.sheets[position]

    @property
    def has_geometry(self) -> bool:
        """Tell whether the layer has a geometry column."""
        return isinstance(self.frame, gpd.GeoDataFrame)


def check_readable(path: Path) -> None:
    """Raise ``InputError`` unless ``path`` is a file with content that may be read."""
    if not path.exists():
        raise InputError("file_missing", file=str(path))
    if not path.is_file():
        raise InputError("file_is_folder", file=str(path))
    try:
        with path.open("rb") as file:
            content = file.read(1)
    except OSError as error:
        raise InputError("file_not_permitted", file=str(path), reason=error.strerror or type(error).__name__) from error
    if not content:
        raise InputError("file_empty", file=path.name)

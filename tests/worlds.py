"""Small worlds drawn in letters: each token is a building on its own square of land, 100 m wide."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from gridmap.grids.tiling import Tiling
from gridmap.ground.tables import District, empty_table, typed_table

SIDE_M = 100.0
CRS = pyproj.CRS.from_epsg(4547)
EAST_M, NORTH_M = 500_000.0, 3_500_000.0

World = tuple[District, Tiling]


def draw_world(
    drawing: str,
    *,
    between: Mapping[tuple[str, str], tuple[str, bool]] | None = None,
    bridges: tuple[tuple[str, str], ...] = (),
    communities: Mapping[str, str] | None = None,
    cells: str = "build",
    **columns: Mapping[str, Any],
) -> World:
    """Return the district and tiling of a drawing.

    A row of text is a row of squares from west to east, the first row is the northernmost. A token ``b3:120`` is building b3 with 120 households,
    ``b3:?`` one whose households are missing, ``b3:40!`` a dedicated one, ``.`` is no land. ``between`` sets separator and crossing of pairs,
    ``bridges`` joins squares that do not touch, ``communities`` names the community of a building (else C1), ``columns`` fills further columns by
    building.
    """
    placed = [
        (row, column, token)
        for row, line in enumerate(line.split() for line in drawing.strip().splitlines())
        for column, token in enumerate(line)
        if token != "."
    ]
    ids = [token.split(":")[0] for _, _, token in placed]
    amounts = [token.split(":")[1].rstrip("!") for _, _, token in placed]
    squares = [shapely.box(*_corners(row, column)) for row, column, _ in placed]
    community = [(communities or {}).get(each, "C1") for each in ids]
    frame = gpd.GeoDataFrame(
        {
            "community_id": community,
            "households": [None if amount == "?" else int(amount) for amount in amounts],
            "households_source": ["missing" if amount == "?" else "given" for amount in amounts],
            "dedicated": [token.endswith("!") for _, _, token in placed],
            **{name: [values.get(each) for each in ids] for name, values in columns.items()},
        },
        geometry=[square.buffer(-20, join_style="mitre") for square in squares],
        index=ids,
        crs=CRS,
    )
    buildings = typed_table("buildings", frame)
    outlines = gpd.GeoDataFrame({"community_id": community}, geometry=squares, crs=CRS).dissolve("community_id")
    empty = {name: empty_table(name, CRS) for name in ("streets", "barriers", "gates", "venues")}
    district = District(typed_table("communities", outlines), buildings, **empty, cells=cells)  # type: ignore[arg-type]
    land = gpd.GeoDataFrame({"community_id": buildings["community_id"]}, geometry=squares, index=buildings.index, crs=CRS)
    at = {(row, column): (name, home) for (row, column, _), name, home in zip(placed, ids, community, strict=True)}
    return district, Tiling(land, _neighbours(at, between or {}, bridges), (), district.fingerprint())


def _corners(row: int, column: int) -> tuple[float, float, float, float]:
    west, north = EAST_M + column * SIDE_M, NORTH_M - row * SIDE_M
    return west, north - SIDE_M, west + SIDE_M, north


def _neighbours(
    at: Mapping[tuple[int, int], tuple[str, str]], between: Mapping[tuple[str, str], tuple[str, bool]], bridges: tuple[tuple[str, str], ...]
) -> pd.DataFrame:
    rows: list[tuple[str, str, float, str, bool]] = []
    special = {tuple(sorted(pair)): what for pair, what in between.items()}
    for (row, column), (name, home) in at.items():
        for beside in ((row, column + 1), (row + 1, column)):
            if beside in at:
                other, other_home = at[beside]
                a, b = sorted((name, other))
                separator, crossable = special.get((a, b), ("none", True)) if home == other_home else ("community", False)
                rows.append((a, b, SIDE_M, separator, crossable))
    rows += [(min(pair), max(pair), 0.0, "none", True) for pair in bridges]
    frame = pd.DataFrame(sorted(rows), columns=["a", "b", "shared_m", "separator", "crossable"])
    return frame.astype({"a": "str", "b": "str", "shared_m": np.float64, "separator": "str", "crossable": bool})

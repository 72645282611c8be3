"""Grid polygons: the union of the cells, no gap, no overlap."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

AREA_TOLERANCE = 1e-9
"""Relative difference between the area of a union and of its cells above which the cells are taken to overlap; float noise is 1e-15 a cell."""


def grid_polygons(cells: gpd.GeoSeries, grid_of: pd.Series) -> gpd.GeoSeries:
    """Return the polygon of each grid, indexed by grid_id, sorted: the union of the cells of its atoms.

    ``cells`` and ``grid_of`` have the same index; cells in no grid are left out. Cells that form a coverage (neighbours share their border point by
    point) are united by dropping the borders inside, which moves no point: so grids share their borders exactly and holes stay. Where the cells of a
    grid overlap or do not fit together, as in a user's own areas, they are united by overlay instead, so that the polygon is always valid.

    >>> cells = gpd.GeoSeries([shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1), shapely.box(2, 0, 3, 1)], index=["a", "b", "c"])
    >>> grid_polygons(cells, pd.Series(["G1", "G1", "G2"], index=["a", "b", "c"])).area.to_dict()
    {'G1': 2.0, 'G2': 1.0}
    """
    codes, names = pd.factorize(grid_of.reindex(cells.index), sort=True)
    geometry, codes = cells.to_numpy()[codes >= 0], codes[codes >= 0]
    order = np.argsort(codes, kind="stable")
    groups = np.split(geometry[order], np.flatnonzero(np.diff(codes[order])) + 1) if len(order) else []
    index = pd.Index(names, dtype="str", name="grid_id")
    return gpd.GeoSeries([_united(group) for group in groups], index=index, crs=cells.crs)


def _united(cells: Any) -> Any:
    """Unite the cells of one grid into a valid polygon or multipolygon."""
    area_m2 = float(shapely.area(cells).sum())
    try:
        union = shapely.coverage_union_all(cells)
    except shapely.errors.GEOSException:
        union = None  # GEOS before 3.12 refuses cells that do not fit together.
    if union is None or not shapely.is_valid(union) or abs(shapely.area(union) - area_m2) > AREA_TOLERANCE * max(area_m2, 1.0):
        union = shapely.union_all(cells)
    parts = shapely.get_parts(shapely.get_parts(union))
    parts = parts[shapely.get_dimensions(parts) == 2]
    return parts[0] if len(parts) == 1 else shapely.multipolygons(parts)

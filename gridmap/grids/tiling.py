"""The tiling of a district: one land cell a building, and which cells lie side by side."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import pandas as pd

from gridmap.findings import Finding

SEPARATORS = ("none", "wall", "lane", "street", "arterial", "railway", "expressway", "river", "community")
"""What may lie between two cells, from the least to the strongest; where several do, the strongest counts."""


@dataclass(frozen=True, eq=False)
class Tiling:
    """Land cells and the neighbour table of a district's buildings.

    ``cells``: GeoDataFrame indexed by building_id, one row for each building of the district, in the district's order, with ``community_id``
    (text) and ``geometry``, the (multi)polygon of land that belongs to the building. The cells of a community tile it, less its barrier polygons.

    ``neighbours``: DataFrame with each unordered pair once, sorted: ``a`` < ``b`` (text, building ids), ``shared_m`` (float64, length of the
    common border), ``separator`` (one of :data:`SEPARATORS`), ``crossable`` (bool). Every pair that shares more than 0.5 m is there, also those that
    cannot be crossed and those of different communities (separator ``community``, crossable False). A pair joined only by a bridge or underpass has
    ``shared_m`` 0 and crossable True.

    ``fingerprint`` is that of the district the tiling was made from.
    """

    cells: gpd.GeoDataFrame
    neighbours: pd.DataFrame
    findings: tuple[Finding, ...]
    fingerprint: str

"""Plans: which atom is in which grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import geopandas as gpd
import pandas as pd

from gridmap.findings import Finding
from gridmap.rules import Rules

Effort = Literal["quick", "normal", "best"]
EFFORTS: tuple[Effort, ...] = ("quick", "normal", "best")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a plan comes from: enough to make it again. ``made_at`` is an ISO 8601 time with zone; ``ground`` the fingerprint of the district."""

    author: str
    made_at: str
    seed: int
    effort: Effort
    ground: str
    parent: str | None = None
    version: str = ""


@dataclass(frozen=True, eq=False)
class Plan:
    """Which atom is in which grid; it never changes.

    ``atoms``: GeoDataFrame indexed by atom id (``building_id``; ``B12#3`` is the third stairwell of building B12), with ``source_building_id``,
    ``community_id``, ``compound_id`` (text, may be missing), ``households`` (int64; missing counts 0), ``households_source`` (text),
    ``dedicated`` (bool) and ``geometry``, the atom's land cell.

    ``neighbours``: the neighbour table of the atoms, as in :class:`gridmap.grids.tiling.Tiling`.

    ``grid_of``: Series of grid ids (text) in the order of ``atoms``.

    ``grids``: GeoDataFrame indexed by grid_id (text, opaque) with ``kind`` (ordinary or dedicated), ``community_id``, ``code`` and ``name``
    (text, may be missing), ``households`` (int64), ``buildings`` (int64, distinct source buildings), ``households_missing`` (int64, atoms whose
    households are unknown), ``worker`` (text, may be missing) and ``geometry``, the union of the cells.
    """

    name: str
    atoms: gpd.GeoDataFrame
    neighbours: pd.DataFrame
    grid_of: pd.Series
    grids: gpd.GeoDataFrame
    rules: Rules
    findings: tuple[Finding, ...]
    origin: Origin

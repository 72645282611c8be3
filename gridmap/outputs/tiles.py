"""Vector tiles straight from memory: the one door to the modules beside it.

:func:`tile_layer` packs a table once; :func:`live_tile` cuts one tile of it, :func:`write_pmtiles` writes all tiles of several layers as one file.
Tiles hold outlines and names, no counts: which building is in which grid, and how many households there are, is told by one array each, in the order
of the features' ids. So an edit of a plan changes no tile, and a page colours everything anew after one small request.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from gridmap.grids.plan import Plan, main_grids
from gridmap.ground.tables import District
from gridmap.outputs.tile_archive import vector_layer as vector_layer
from gridmap.outputs.tile_archive import write_pmtiles as write_pmtiles
from gridmap.outputs.tile_pyramid import TileLayer as TileLayer
from gridmap.outputs.tile_pyramid import live_tile as live_tile
from gridmap.outputs.tile_pyramid import tile_at as tile_at
from gridmap.outputs.tile_pyramid import tile_layer as tile_layer

NONE = -1
"""The number of what has none."""


@dataclass(frozen=True, slots=True)
class LayerKind:
    """How a table is drawn: the fields its features carry, its zooms, and whether its polygons tile the land."""

    fields: tuple[str, ...]
    min_zoom: int
    max_zoom: int = 16
    shared_borders: bool = False


_GROUND = {
    "communities": LayerKind(("community_id", "name"), 8, 16, True),
    "buildings": LayerKind(("building_id", "name"), 13),
    "streets": LayerKind(("name", "street_class", "layer"), 12),
    "barriers": LayerKind(("name", "kind"), 10),
}
"""The ground that every map may show. Nothing in it says who lives where or how many."""
_GRIDS = LayerKind(("grid_id", "code", "name", "kind", "community_id"), 10, 16, True)


def ground_layer_names() -> tuple[str, ...]:
    """Return the tables of a district that every map may show: communities, buildings, streets, barriers, without any count."""
    return tuple(_GROUND)


def ground_layer(district: District, table: str) -> TileLayer:
    """Return a table of :func:`ground_layer_names` as a layer; feature ids are positions in the table. Raises ``KeyError`` for another table."""
    return _layer(table, getattr(district, table), _GROUND[table])


def grids_layer(plan: Plan) -> TileLayer:
    """Return the grids of a plan as a layer; feature ids are positions in ``plan.grids``."""
    return _layer("grids", plan.grids, _GRIDS)


def _layer(name: str, table: Any, kind: LayerKind) -> TileLayer:
    frame = table.reset_index()
    return tile_layer(name, frame, kind.fields, min_zoom=kind.min_zoom, max_zoom=kind.max_zoom, shared_borders=kind.shared_borders)


def assignment(plan: Plan, building_ids: Sequence[str]) -> npt.NDArray[np.int64]:
    """Return for every building the position of its grid in ``plan.grids``, -1 where it has none.

    A building divided by stairwell counts to the grid that holds most of its households.
    """
    grids = main_grids(plan).reindex(pd.Index(building_ids))
    return np.asarray(plan.grids.index.get_indexer(grids), dtype=np.int64)


def packed_numbers(numbers: npt.NDArray[np.int64]) -> bytes:
    """Return numbers from 0, and -1 for none, as little-endian uint16, or uint32 where a number needs it; none is the largest of the type.

    How wide they are follows from the length: a reader knows how many features there are.

    >>> packed_numbers(np.array([3, -1])).hex(), len(packed_numbers(np.array([70000, 1])))
    ('0300ffff', 8)
    """
    width = "<u2" if numbers.max(initial=0) < np.iinfo(np.uint16).max else "<u4"
    return np.where(numbers < 0, np.iinfo(width).max, numbers).astype(width).tobytes()

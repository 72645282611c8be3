"""Every awkward kind of input once, by name, for all tests: ``from shapes import BOW_TIE``. Append; do not alter what others rely on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from shapely import MultiPolygon, Polygon

UNIT_SQUARE = Polygon([(0, 0), (1, 0), (1, 1), (0, 1)])
BOW_TIE = Polygon([(0, 0), (10, 10), (10, 0), (0, 10)])
EMPTY = Polygon()
HOSTILE_TEXTS = (
    "${document.title=777}",
    "<img src=x onerror=document.title=777>",
    "</script><script>document.title=777</script>",
    "`+(document.title=777)+`",
    "{{ 7*7 }}",
    "\"'><svg onload=document.title=777>",
)
"""Texts that become script where a page is built without care."""
DUPLICATE_FOOTPRINTS = (Polygon([(0, 0), (12, 0), (12, 10), (0, 10)]),) * 3
"""One building entered three times."""
TOUCHING_FOOTPRINTS = (Polygon([(0, 0), (6, 0), (6, 10), (0, 10)]), Polygon([(6, 0), (12, 0), (12, 10), (6, 10)]))
OVERLAPPING_FOOTPRINTS = (Polygon([(0, 0), (8, 0), (8, 10), (0, 10)]), Polygon([(6, 2), (14, 2), (14, 12), (6, 12)]))
TOWER_ON_PODIUM = (Polygon([(0, 0), (30, 0), (30, 20), (0, 20)]), Polygon([(20, 10), (30, 10), (30, 20), (20, 20)]))
"""The tower stands on the corner of the podium and shares two of its walls."""
OUTLINE_AND_HOUSES = (Polygon([(0, 0), (12, 0), (12, 10), (0, 10)]), *TOUCHING_FOOTPRINTS)
"""A terrace drawn as a whole and as its houses: the whole has no wall of its own."""
SLIVER_FOOTPRINT = Polygon([(0, 0), (10, 0), (10, 0.1), (0, 0.1)])
U_SHAPED_FOOTPRINT = Polygon([(0, 0), (20, 0), (20, 20), (15, 20), (15, 5), (5, 5), (5, 20), (0, 20)])
COURTYARD_FOOTPRINT = Polygon([(0, 0), (20, 0), (20, 20), (0, 20)], [[(5, 5), (15, 5), (15, 15), (5, 15)]])
TWO_PART_FOOTPRINT = MultiPolygon([(((0, 0), (6, 0), (6, 6), (0, 6)), []), (((20, 0), (26, 0), (26, 6), (20, 6)), [])])

# --- files as clumsy hands make them: features are dictionaries of GeoJSON, places count blocks of some 95 by 111 m ---------------------------------

WEST_DEG, SOUTH_DEG, BLOCK_DEG = 120.86, 32.02, 0.001
"""Corner and side of the blocks of the small town; north of the Yangtze, where nobody's real data lie."""


def corners(west: float, south: float, east: float, north: float) -> list[list[float]]:
    """Return the closed ring of a rectangle, in blocks from the corner of the town, as longitudes and latitudes."""
    ring = [(west, south), (east, south), (east, north), (west, north), (west, south)]
    return [[WEST_DEG + x * BLOCK_DEG, SOUTH_DEG + y * BLOCK_DEG] for x, y in ring]


def feature(ring: list[list[float]] | None, **properties: object) -> dict[str, Any]:
    """Return a polygon with one ring, whatever the ring looks like; None gives a row without geometry."""
    geometry = None if ring is None else {"type": "Polygon", "coordinates": [ring]}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def small_town() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return two communities, 001 and 002, of three by two blocks each, and their twelve buildings of 50 households, one in each block."""
    communities = [
        feature(corners(3 * number, 0, 3 * number + 3, 2), 社区编号=f"00{number + 1}", 社区名称=f"{name}社区")
        for number, name in enumerate(("东湖", "西湖"))
    ]
    places = [(column, row) for column in range(6) for row in range(2)]
    buildings = [
        feature(corners(x + 0.3, y + 0.3, x + 0.7, y + 0.6), 编号=f"{number:03d}", 户数=50, 单元数=1) for number, (x, y) in enumerate(places, start=1)
    ]
    return communities, buildings


def with_row(features: list[dict[str, Any]], row: int, ring: Any = ..., **properties: object) -> list[dict[str, Any]]:
    """Return the features with another ring or other properties in row ``row``, counted from 1 as a user does."""
    changed = dict(features[row - 1], properties={**features[row - 1]["properties"], **properties})
    if ring is not ...:
        changed["geometry"] = feature(ring)["geometry"]
    return [*features[: row - 1], changed, *features[row:]]


def write_features(path: Path, features: list[dict[str, Any]], *, crs: str | None = None) -> Path:
    """Write GeoJSON as a clumsy program does: nothing is checked; ``crs`` adds the member that newer GeoJSON no longer has."""
    stated = {} if crs is None else {"crs": {"type": "name", "properties": {"name": crs}}}
    path.write_text(json.dumps({"type": "FeatureCollection", **stated, "features": features}, ensure_ascii=False), encoding="utf-8")
    return path

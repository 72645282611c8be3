"""Geometry as it stands in users' files: what cannot be built is left out with its row and reason; no row is lost to another's fault."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
import shapely

from gridmap.findings import Finding, finding

RING_POINTS = 4
"""The fewest points of a ring: three corners, and the first of them again."""

Wkb = Sequence[bytes | None]
RowOf = Callable[[int], int]


def counted_from_1(position: int) -> int:
    """Return the number under which the user knows the feature at ``position``."""
    return position + 1


def read_wkb(wkb: Wkb, *, file: str, layer: str, row_of: RowOf = counted_from_1) -> tuple[np.ndarray, list[Finding]]:
    """Return geometries (object array, None where there is none to use) and the findings about them.

    Z and M are dropped. An unclosed ring is closed. A ring of fewer than three corners is left out, and so is a geometry with nothing left. A
    collection is reduced to its areas, or its lines, or its points. Geometry that crosses itself is kept, to be repaired later, and not
    mentioned here.
    """
    values = np.array(wkb, dtype=object)
    geometry = shapely.from_wkb(values, on_invalid="ignore")
    findings: list[Finding] = []
    for position in np.flatnonzero(shapely.is_missing(geometry) & np.array([value is not None for value in wkb], dtype=bool)):
        geometry[position], reason = _rebuilt(values[position])
        findings.append(finding(reason, layer, file=file, layer=layer, row=row_of(int(position))))
    usable, more = usable_geometry(geometry, file=file, layer=layer, row_of=row_of)
    told = {each.row for each in findings}
    return usable, findings + [each for each in more if each.row is None or each.row not in told]


def usable_geometry(geometry: np.ndarray, *, file: str, layer: str, row_of: RowOf = counted_from_1) -> tuple[np.ndarray, list[Finding]]:
    """Return ``geometry`` without Z, empty, infinite and collected geometry, and the findings about what was changed."""
    findings = []
    deep = int(np.count_nonzero(shapely.has_z(geometry) | shapely.has_m(geometry)))
    flat = shapely.force_2d(geometry) if deep else geometry.copy()
    for position, reason in _useless(flat):
        findings.append(finding(reason, layer, file=file, layer=layer, row=row_of(position)))
        flat[position] = None
    for place in np.flatnonzero(shapely.get_type_id(flat) == shapely.GeometryType.GEOMETRYCOLLECTION):
        flat[place], left_out = _largest_kind(flat[place])
        code = "geometry_empty" if flat[place] is None else "geometry_collection"
        findings.append(finding(code, layer, file=file, layer=layer, row=row_of(int(place)), value=left_out))
    if deep:
        findings.append(finding("geometry_z_dropped", layer, file=file, layer=layer, value=deep))
    kinds = Counter(_KINDS[kind] for kind in shapely.get_dimensions(flat) if kind >= 0)
    if len(kinds) > 1:
        findings.append(finding("geometry_mixed", layer, file=file, layer=layer, points=kinds["points"], lines=kinds["lines"], areas=kinds["areas"]))
    return flat, findings


_KINDS = ("points", "lines", "areas")

_FAULTS = {
    "Self-intersection": ("边界自相交", "its outline crosses itself"),
    "Ring Self-intersection": ("边界与自己相碰", "its outline touches itself"),
    "Hole lies outside shell": ("挖空的部分在轮廓之外", "a hole lies outside its outline"),
    "Holes are nested": ("挖空的部分互相套叠", "its holes lie in each other"),
    "Nested shells": ("几个面互相套叠", "its parts lie in each other"),
    "Duplicate Rings": ("同一圈边界画了两次", "an outline is drawn twice"),
    "Interior is disconnected": ("内部被分成几块", "its inside falls apart"),
}
"""What GEOS says of invalid geometry, in words for people."""


def fault_words(reason: str) -> tuple[str, str]:
    """Return the reason that shapely gives for invalid geometry in Chinese and English, without the coordinates.

    >>> fault_words("Self-intersection[5 5]")
    ('边界自相交', 'its outline crosses itself')
    """
    plain = reason.partition("[")[0].strip()
    return _FAULTS.get(plain, (plain, plain))


def _useless(geometry: np.ndarray) -> list[tuple[int, str]]:
    """Return position and reason of geometry that is missing, empty, or has a coordinate that is no finite number."""
    missing = shapely.is_missing(geometry)
    empty = shapely.is_empty(geometry)
    coordinates, owner = shapely.get_coordinates(geometry, return_index=True)
    infinite = np.zeros(len(geometry), dtype=bool)
    infinite[owner[~np.isfinite(coordinates).all(axis=1)]] = True
    reasons = ((missing, "geometry_missing"), (empty, "geometry_empty"), (infinite, "geometry_infinite"))
    return sorted((int(position), reason) for mask, reason in reasons for position in np.flatnonzero(mask))


def _rebuilt(wkb: bytes) -> tuple[shapely.Geometry | None, str]:
    """Return what can be saved of a geometry that GEOS refuses, and the code of the reason why it was refused."""
    geometry = shapely.from_wkb(wkb, on_invalid="fix")
    if geometry is None:
        return None, "geometry_unusable"
    parts = [part for part in shapely.get_parts(geometry) if part.geom_type == "Polygon"]
    sound = [_without_short_rings(part) for part in parts]
    if sound == parts:
        return geometry, "ring_unclosed"
    kept = [part for part in sound if not part.is_empty]
    if not kept:
        return None, "ring_too_short"
    return (kept[0] if len(kept) == 1 else shapely.MultiPolygon(kept)), "ring_left_out"


def _without_short_rings(polygon: shapely.Polygon) -> shapely.Polygon:
    if len(polygon.exterior.coords) < RING_POINTS:
        return shapely.Polygon()
    return shapely.Polygon(polygon.exterior, [ring for ring in polygon.interiors if len(ring.coords) >= RING_POINTS])


def _largest_kind(collection: shapely.GeometryCollection) -> tuple[shapely.Geometry | None, int]:
    """Return the parts of the highest dimension as one geometry, and how many parts were left out."""
    parts = _flattened(collection)
    if not parts:
        return None, 0
    dimension = max(shapely.get_dimensions(parts))
    kept = [part for part in parts if shapely.get_dimensions(part) == dimension]
    several = (shapely.MultiPoint, shapely.MultiLineString, shapely.MultiPolygon)[dimension]
    return (kept[0] if len(kept) == 1 else several(kept)), len(parts) - len(kept)


def _flattened(geometry: shapely.Geometry) -> list[shapely.Geometry]:
    if not hasattr(geometry, "geoms"):
        return [] if geometry.is_empty else [geometry]
    return [part for member in geometry.geoms for part in _flattened(member)]

"""Cells cut into slices along a building, so that slices and neighbouring cells still share their borders point by point."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

Point = tuple[float, float]
Edge = tuple[Point, Point]

CUT_TOLERANCE_M = 1e-6
"""A corner this close to a cut lies on it: far below any surveyed coordinate, far above float noise (1e-8 m at a zone-prefixed easting)."""

SHARED_MIN_M = 0.5
"""Pairs of cells that share no more than this are not in the neighbour table (DESIGN, tables)."""


@dataclass(frozen=True, slots=True)
class Slicing:
    """A building whose cell is to be cut into ``parts`` slices across the long axis of ``footprint``."""

    building_id: str
    parts: int
    footprint: Any


@dataclass(frozen=True, slots=True)
class _Cuts:
    """Parallel cuts: ``axis`` is the unit vector along the building, ``at_m`` the places of the cuts along it."""

    axis: Point
    at_m: tuple[float, ...]

    def along_m(self, points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return how far along the building points lie."""
        return np.asarray(points[:, 0] * self.axis[0] + points[:, 1] * self.axis[1], dtype=np.float64)

    def across_m(self, points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return how far across the building points lie."""
        return np.asarray(points[:, 1] * self.axis[0] - points[:, 0] * self.axis[1], dtype=np.float64)


def sliced_cells(cells: gpd.GeoSeries, slicings: Sequence[Slicing]) -> tuple[gpd.GeoSeries, dict[str, list[Any]]]:
    """Return the cells with the corners that the cuts add, and the slices of each building in ``slicings``, in order along it.

    ``cells`` is indexed by building_id. Where a cut meets a cell's border, the same point is added to the cell on the other side, so that the cells
    remain a coverage. The order along a building runs west to east, and from north to south for a building that stands upright on the map.
    """
    if not slicings:
        return cells, {}
    cuts = {each.building_id: _cuts(cells[each.building_id], each) for each in slicings}
    points: dict[Edge, set[Point]] = {}
    for building_id, its in cuts.items():
        _add_points(points, cells[building_id], its)
    noded = cells.copy()
    touching = np.unique(cells.sindex.query(cells.loc[list(cuts)].to_numpy(), predicate="intersects")[1])
    noded.iloc[touching] = [_with_points(cell, points) for cell in cells.iloc[touching]]
    return noded, {building_id: _slices(noded[building_id], its) for building_id, its in cuts.items()}


def _cuts(cell: Any, slicing: Slicing) -> _Cuts:
    """Place the cuts: equal parts of the footprint; of the cell when the footprint has no extent or a slice of the cell would be empty."""
    box = shapely.oriented_envelope(slicing.footprint)
    if shapely.area(box) == 0:
        box = shapely.oriented_envelope(cell)
    axis = _long_axis(box)
    for extent in (box, cell):
        cuts = _Cuts(axis, ())
        along = cuts.along_m(shapely.get_coordinates(extent))
        inner = np.linspace(along.min(), along.max(), slicing.parts + 1)[1:-1]
        cell_along = cuts.along_m(shapely.get_coordinates(cell))
        if cell_along.min() < inner[0] - CUT_TOLERANCE_M and cell_along.max() > inner[-1] + CUT_TOLERANCE_M:
            break
    return _Cuts(axis, tuple(float(each) for each in inner))


def _long_axis(box: Any) -> Point:
    """Return the unit vector along the longer side of a rectangle, pointing east, or south when it stands upright; of a square, the flatter side."""
    sides = np.diff(shapely.get_coordinates(box)[:3], axis=0)
    lengths = np.hypot(sides[:, 0], sides[:, 1])
    flatter = int(abs(sides[1, 0]) > abs(sides[0, 0]))
    longer = flatter if math.isclose(lengths[0], lengths[1], rel_tol=1e-6) else int(np.argmax(lengths))
    x, y = sides[longer] / lengths[longer]
    steep = abs(y) > abs(x)
    if (steep and y > 0) or (not steep and x < 0):
        x, y = -x, -y
    return float(x), float(y)


def _edge(a: Point, b: Point) -> Edge:
    return (a, b) if a < b else (b, a)


def _rings(cell: Any) -> list[npt.NDArray[np.float64]]:
    return [shapely.get_coordinates(ring) for ring in shapely.get_rings(shapely.get_parts(cell))]


def _add_points(points: dict[Edge, set[Point]], cell: Any, cuts: _Cuts) -> None:
    """Note for each edge of ``cell`` where ``cuts`` cross its inside; computed from the edge alone, so that both sides get the same point."""
    for ring in _rings(cell):
        along = cuts.along_m(ring)
        for at_m in cuts.at_m:
            before, after = along[:-1] - at_m, along[1:] - at_m
            crossed = (before * after < 0) & (np.abs(before) > CUT_TOLERANCE_M) & (np.abs(after) > CUT_TOLERANCE_M)
            for position in np.flatnonzero(crossed):
                a, b = _edge(tuple(ring[position].tolist()), tuple(ring[position + 1].tolist()))
                from_a, from_b = (point[0] * cuts.axis[0] + point[1] * cuts.axis[1] - at_m for point in (a, b))
                share = from_a / (from_a - from_b)
                points.setdefault((a, b), set()).add((a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])))


def _with_points(cell: Any, points: dict[Edge, set[Point]]) -> Any:
    """Return ``cell`` with the noted points put into its edges; the very same cell when it has none."""
    polygons = []
    changed = False
    for polygon in shapely.get_parts(cell):
        rings = []
        for ring in shapely.get_coordinates(polygon.exterior), *(shapely.get_coordinates(hole) for hole in polygon.interiors):
            corners = [(float(x), float(y)) for x, y in ring]
            longer = corners[:1]
            for a, b in itertools.pairwise(corners):
                added = points.get(_edge(a, b), ())
                longer += sorted(added, key=functools.partial(math.dist, a))
                longer.append(b)
            changed |= len(longer) > len(corners)
            rings.append(longer)
        polygons.append(shapely.Polygon(rings[0], rings[1:]))
    if not changed:
        return cell
    return polygons[0] if len(polygons) == 1 else shapely.MultiPolygon(polygons)


def _slices(cell: Any, cuts: _Cuts) -> list[Any]:
    """Cut a cell that has corners wherever the cuts meet its border; no new point is computed, so the slices tile the cell exactly."""
    faces: list[list[Any]] = [[] for _ in range(len(cuts.at_m) + 1)]
    for polygon in shapely.get_parts(cell):
        shapely.prepare(polygon)
        lines = [shapely.linestrings(np.stack([ring[:-1], ring[1:]], axis=1)) for ring in _rings(polygon)]
        chords = _chords(polygon, cuts)
        pieces = shapely.get_parts(shapely.polygonize(np.concatenate([*lines, chords]))) if len(chords) else np.array([polygon])
        inside = shapely.point_on_surface(pieces)
        pieces, inside = pieces[shapely.contains(polygon, inside)], inside[shapely.contains(polygon, inside)]
        for piece, place in zip(pieces, np.searchsorted(cuts.at_m, cuts.along_m(shapely.get_coordinates(inside))), strict=True):
            faces[place].append(piece)
    return [each[0] if len(each) == 1 else shapely.MultiPolygon(each) for each in faces]


def _chords(polygon: Any, cuts: _Cuts) -> npt.NDArray[np.object_]:
    """Return the pieces of the cuts that run inside ``polygon``, from corner to corner."""
    rings = [[(float(x), float(y)) for x, y in ring] for ring in _rings(polygon)]
    border = {_edge(a, b) for ring in rings for a, b in itertools.pairwise(ring)}
    corners = np.array(sorted({corner for ring in rings for corner in ring}))
    along, across = cuts.along_m(corners), cuts.across_m(corners)
    chords = []
    for at_m in cuts.at_m:
        on = np.flatnonzero(np.abs(along - at_m) <= CUT_TOLERANCE_M)
        on = on[np.argsort(across[on])]
        for a, b in itertools.pairwise(corners[on].tolist()):
            if _edge(tuple(a), tuple(b)) not in border and shapely.contains_xy(polygon, (a[0] + b[0]) / 2, (a[1] + b[1]) / 2):
                chords.append(shapely.LineString([a, b]))
    return np.array(chords, dtype=object)


def split_neighbours(
    neighbours: pd.DataFrame, cells: gpd.GeoSeries, slices: Mapping[str, Sequence[Any]], ids: Mapping[str, Sequence[str]]
) -> pd.DataFrame:
    """Return the neighbour table with the slices of a building in place of the building.

    ``cells`` are those that :func:`sliced_cells` returned, ``ids`` the ids of a building's slices in their order. A pair is divided among the slices
    that really touch, its length with them; what would be no more than 0.5 m goes to the longest. A pair joined only by a bridge stays one pair, with
    the nearest slice. The slices of a building are neighbours in a row, with nothing between them.
    """
    if not slices:
        return neighbours
    affected = (neighbours["a"].isin(slices) | neighbours["b"].isin(slices)).to_numpy()
    rows: list[tuple[str, str, float, str, bool]] = []
    for pair in neighbours[affected].itertuples(index=False):
        a_cells, b_cells = (slices.get(each, [cells[each]]) for each in (pair.a, pair.b))
        a_ids, b_ids = (ids.get(each, [each]) for each in (pair.a, pair.b))
        for i, j, shared_m in _divided(np.asarray(a_cells, dtype=object), np.asarray(b_cells, dtype=object), float(pair.shared_m)):
            rows.append((a_ids[i], b_ids[j], shared_m, pair.separator, bool(pair.crossable)))
    for building_id, its in slices.items():
        for (a, a_id), (b, b_id) in itertools.pairwise(zip(its, ids[building_id], strict=True)):
            rows.append((a_id, b_id, float(shapely.length(shapely.intersection(a, b))), "none", True))
    ordered = [(min(a, b), max(a, b), *rest) for a, b, *rest in rows]
    added = pd.DataFrame(ordered, columns=["a", "b", "shared_m", "separator", "crossable"]).astype(neighbours.dtypes.to_dict())
    return pd.concat([neighbours[~affected], added]).sort_values(["a", "b"], ignore_index=True)


def _divided(a: npt.NDArray[np.object_], b: npt.NDArray[np.object_], shared_m: float) -> list[tuple[int, int, float]]:
    """Divide a shared length among the slices of two cells: position in ``a``, position in ``b``, metres."""
    lengths = shapely.length(shapely.intersection(a[:, None], b[None, :])) if shared_m > 0 else np.zeros((len(a), len(b)))
    longest = np.unravel_index(np.argmax(lengths), lengths.shape)
    if lengths.max() == 0:
        nearest = np.unravel_index(np.argmin(shapely.distance(a[:, None], b[None, :])), lengths.shape)
        return [(int(nearest[0]), int(nearest[1]), shared_m)]
    lengths = lengths * (shared_m / lengths.sum())
    kept = lengths > SHARED_MIN_M
    kept[longest] = True
    lengths[longest] += lengths[~kept].sum()
    return [(int(i), int(j), float(lengths[i, j])) for i, j in zip(*np.nonzero(kept), strict=True)]

"""Geometry cleaning: whatever is mended, dropped or refused is a finding with its row and the reason."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gridmap.findings import Finding
from gridmap.ground.geometries import fault_words
from gridmap.ground.rows import Rows
from gridmap.ground.tables import AREAS, LINES, TABLES

Geometries = npt.NDArray[np.object_]
Mask = npt.NDArray[np.bool_]

SLIVER_M2 = 2.0
"""An area below this is what remains where tiles or layers were joined: nothing that people live in is smaller than 2 m2."""

SHORTEST_LINE_M = 0.01
"""A line below 1 cm leads nowhere; it is two clicks on one spot."""

TOUCH_M = 1.0
"""Pieces of one id that come this near to each other are one thing cut in two; files are rounded to about a decimetre."""

SAME_VENUE_M = 200.0
"""Tiles that cut a large building mark it once each, somewhere inside their own part of it."""

SAME_FOOTPRINT = 0.98
"""Two footprints whose common area is at least this share of both are one building drawn twice."""

POINT_HALF_SIDE_M = 3.0
"""A building given as a point becomes a square of 6 m, or a smaller one where points lie closer."""

POINT_HALF_SIDE_MIN_M = 0.25

_POLYGON, _LINE, _POINT = ("面", "area"), ("线", "line"), ("点", "point")


def readable_geometry(rows: Rows, told: Sequence[Finding] = ()) -> tuple[Rows, list[Finding]]:
    """Return the rows that have a geometry with finite coordinates, in two dimensions; the others are refused.

    ``told`` is what the reader has said about the file: where it has given the reason of a missing geometry, that becomes the refusal.
    """
    geometry = rows.frame.geometry.to_numpy()
    absent = shapely.is_missing(geometry) | shapely.is_empty(geometry)
    deep = shapely.has_z(geometry) | shapely.has_m(geometry)
    flat = shapely.force_2d(geometry) if deep.any() else geometry
    coordinates, owner = shapely.get_coordinates(flat, return_index=True)
    absent[owner[~np.isfinite(coordinates).all(axis=1)]] = True
    refused = set(rows.numbers[absent].tolist())
    reasons = [replace(each, severity="error") if each.row in refused else each for each in told]
    said = {each.row for each in reasons}
    unsaid = absent & np.array([number not in said for number in rows.numbers.tolist()], dtype=bool)
    return rows.with_geometry(flat).kept(~absent), reasons + rows.findings("row_without_geometry", unsaid)


def mended_geometry(rows: Rows) -> tuple[Rows, list[Finding]]:
    """Return ``rows`` with valid geometry of the kinds that their table allows (areas for grids), in metres; the rest is refused.

    Self-intersections are resolved, closed lines become areas where areas are asked for, areas become points where points are asked for, and
    slivers are dropped. Z must be gone before.
    """
    rows, findings = _made_valid(rows)
    allowed = TABLES[rows.table].geometry if rows.table in TABLES else AREAS
    if set(allowed) <= {"Point"}:
        steps: list[Callable[[Rows], tuple[Rows, list[Finding]]]] = [_as_points]
    elif set(allowed) <= set(LINES):
        steps = [_as_lines]
    elif set(LINES) <= set(allowed):
        steps = [_as_lines_or_areas]
    elif "Point" in allowed:
        steps = [_without_stray_points, _as_areas_or_points]
    else:
        steps = [_as_areas]
    for step in (*steps, _without_slivers):
        rows, more = step(rows)
        findings += more
    return rows, findings


def _made_valid(rows: Rows) -> tuple[Rows, list[Finding]]:
    geometry = rows.frame.geometry.to_numpy()
    broken = ~shapely.is_valid(geometry)
    if not broken.any():
        return rows, []
    reasons = shapely.is_valid_reason(geometry[broken])
    mended = geometry.copy()
    mended[broken] = _same_dimension(shapely.make_valid(geometry[broken]), geometry[broken])
    findings = [
        rows.finding("geometry_mended", int(position), reason_zh=zh, reason_en=en)
        for position, (zh, en) in zip(np.flatnonzero(broken), map(fault_words, reasons), strict=True)
    ]
    return rows.with_geometry(mended), findings


def _same_dimension(mended: Geometries, broken: Geometries) -> Geometries:
    """Return what is mended without what has shrunk to a line or point: a spike of an area is nothing that anybody drew."""
    dimensions = shapely.get_dimensions(broken)
    found = mended.copy()
    for dimension in np.unique(dimensions).tolist():
        fit = dimensions == dimension
        parts = _parts_of_kind(mended[fit], dimension)
        found[fit] = np.where(shapely.is_missing(parts), mended[fit], parts)
    return found


def _parts_of_kind(geometry: Geometries, dimension: int) -> Geometries:
    """Return of each geometry the parts of that dimension, as a single or multi geometry; None when there is none."""
    parts, owner = shapely.get_parts(geometry, return_index=True)
    # make_valid may nest a multipolygon inside a collection.
    while (shapely.get_type_id(parts) >= 4).any():
        parts, inner = shapely.get_parts(parts, return_index=True)
        owner = owner[inner]
    fit = (shapely.get_dimensions(parts) == dimension) & ~shapely.is_empty(parts)
    parts, owner = parts[fit], owner[fit]
    found = np.full(len(geometry), None, dtype=object)
    counts = np.bincount(owner, minlength=len(geometry))
    single = counts[owner] == 1
    found[owner[single]] = parts[single]
    many = np.flatnonzero(counts > 1)
    if many.size:
        makers = {0: shapely.multipoints, 1: shapely.multilinestrings, 2: shapely.multipolygons}
        _, order = np.unique(owner[~single], return_inverse=True)
        found[many] = makers[dimension](parts[~single], indices=order)
    return found


def _kept_kinds(rows: Rows, wanted: tuple[str, str], found: Geometries) -> tuple[Rows, list[Finding]]:
    """Put ``found`` in place; refuse rows where it is missing and report rows of which only a part was of the wanted kind."""
    geometry = rows.frame.geometry.to_numpy()
    unfit = shapely.is_missing(found)
    partly = ~unfit & (shapely.get_type_id(geometry) == 7)
    kinds = [(_POINT, _LINE, _POLYGON)[dimension] for dimension in shapely.get_dimensions(geometry[unfit])]
    findings = [
        rows.finding("geometry_wrong_kind", int(position), kind_zh=kind[0], kind_en=kind[1], wanted_zh=wanted[0], wanted_en=wanted[1])
        for position, kind in zip(np.flatnonzero(unfit), kinds, strict=True)
    ]
    findings += rows.findings("geometry_parts_dropped", partly)
    return rows.with_geometry(found).kept(~unfit), findings


def _closed_to_areas(rows: Rows) -> tuple[Rows, list[Finding]]:
    geometry = rows.frame.geometry.to_numpy()
    lines = shapely.get_type_id(geometry) == 1
    closed = np.zeros(len(rows), dtype=bool)
    closed[lines] = shapely.is_closed(geometry[lines]) & (shapely.get_num_points(geometry[lines]) >= 4)
    if not closed.any():
        return rows, []
    filled = geometry.copy()
    filled[closed] = shapely.make_valid(
        shapely.polygons(shapely.linearrings(shapely.get_coordinates(geometry[closed]), indices=_line_index(geometry[closed])))
    )
    return rows.with_geometry(filled), rows.findings("geometry_closed_line", closed)


def _line_index(lines: Geometries) -> npt.NDArray[np.int64]:
    return np.asarray(shapely.get_coordinates(lines, return_index=True)[1], dtype=np.int64)


def _as_areas(rows: Rows) -> tuple[Rows, list[Finding]]:
    rows, findings = _closed_to_areas(rows)
    rows, more = _kept_kinds(rows, _POLYGON, _parts_of_kind(rows.frame.geometry.to_numpy(), 2))
    return rows, findings + more


def _as_lines(rows: Rows) -> tuple[Rows, list[Finding]]:
    geometry = rows.frame.geometry.to_numpy()
    areas = shapely.get_dimensions(geometry) == 2
    outlined = geometry.copy()
    outlined[areas] = shapely.boundary(geometry[areas])
    findings = rows.findings("geometry_outline_taken", areas)
    rows = rows.with_geometry(outlined)
    rows, more = _kept_kinds(rows, _LINE, _parts_of_kind(outlined, 1))
    return rows, findings + more


def _as_lines_or_areas(rows: Rows) -> tuple[Rows, list[Finding]]:
    geometry = rows.frame.geometry.to_numpy()
    areas = _parts_of_kind(geometry, 2)
    found = np.where(shapely.is_missing(areas), _parts_of_kind(geometry, 1), areas)
    return _kept_kinds(rows, _LINE, found)


def _as_points(rows: Rows) -> tuple[Rows, list[Finding]]:
    geometry = rows.frame.geometry.to_numpy()
    spread = shapely.get_type_id(geometry) != 0
    points = geometry.copy()
    points[spread] = shapely.point_on_surface(geometry[spread])
    count = int(np.count_nonzero(spread))
    return rows.with_geometry(points), [rows.finding("geometry_point_taken", value=count)] if count else []


def _without_stray_points(rows: Rows) -> tuple[Rows, list[Finding]]:
    """Drop points among polygons: in such a layer they are entrances and addresses, unless they carry households."""
    geometry = rows.frame.geometry.to_numpy()
    points = shapely.get_dimensions(geometry) == 0
    if 2 * np.count_nonzero(points) >= len(rows):
        return rows, []
    told = rows.frame["households"].notna().to_numpy(dtype=bool) if "households" in rows.frame.columns else np.zeros(len(rows), dtype=bool)
    stray = points & ~told
    count = int(np.count_nonzero(stray))
    return rows.kept(~stray), [rows.finding("points_among_areas", value=count)] if count else []


def _as_areas_or_points(rows: Rows) -> tuple[Rows, list[Finding]]:
    rows, findings = _closed_to_areas(rows)
    geometry = rows.frame.geometry.to_numpy()
    areas = _parts_of_kind(geometry, 2)
    points = shapely.get_dimensions(geometry) == 0
    found = np.where(points, shapely.centroid(geometry), areas)
    rows, more = _kept_kinds(rows, _POLYGON, found)
    return rows, findings + more


def _without_slivers(rows: Rows) -> tuple[Rows, list[Finding]]:
    geometry = rows.frame.geometry.to_numpy()
    dimensions = shapely.get_dimensions(geometry)
    slivers = (dimensions == 2) & (shapely.area(geometry) < SLIVER_M2)
    short = (dimensions == 1) & (shapely.length(geometry) < SHORTEST_LINE_M)
    findings = [
        rows.finding("geometry_sliver", int(position), value=round(float(shapely.area(geometry[position])), 2), limit=SLIVER_M2)
        for position in np.flatnonzero(slivers)
    ]
    findings += rows.findings("geometry_short_line", short)
    return rows.kept(~(slivers | short)), findings


def footprints_from_points(geometry: Geometries) -> Geometries:
    """Return ``geometry`` with a small square in place of each point, so that every building has a footprint; squares of neighbours stay apart.

    >>> [round(each.area) for each in footprints_from_points(shapely.points([[0.0, 0.0], [50.0, 0.0]]))]
    [36, 36]
    """
    points = shapely.get_type_id(geometry) == 0
    if not points.any():
        return geometry
    squares = geometry.copy()
    own = geometry[points]
    x, y = shapely.get_x(own), shapely.get_y(own)
    half = np.full(len(own), POINT_HALF_SIDE_M)
    distinct, place = np.unique(np.column_stack([x, y]), axis=0, return_inverse=True)
    if len(distinct) > 1:
        spots = shapely.points(distinct)
        (near, _), distance = shapely.STRtree(spots).query_nearest(spots, exclusive=True, all_matches=False, return_distance=True)
        nearest = np.empty(len(spots))
        nearest[near] = distance
        # Squares of half side d / 3 around points d apart cannot touch, whatever their direction.
        half = np.clip(nearest[place.ravel()] / 3.0, POINT_HALF_SIDE_MIN_M, POINT_HALF_SIDE_M)
    squares[points] = shapely.box(x - half, y - half, x + half, y + half)
    return squares


def united_by_id(rows: Rows) -> tuple[Rows, list[Finding]]:
    """Return ``rows`` with each id once; the index of the frame is the id.

    Pieces of one id that touch or overlap are one thing that a tile edge cut in two: they are united and take the values of the first piece.
    Lines and communities of one id are united wherever they lie. A venue that each tile marks with a point of its own stays at the first point.
    Other rows with an id that is already taken are refused.
    """
    ids = rows.frame.index.to_numpy(dtype=object)
    codes, names = pd.factorize(ids)
    counts = np.bincount(codes, minlength=len(names))
    if not (counts > 1).any():
        return rows, []
    geometry = rows.frame.geometry.to_numpy()
    anywhere = rows.table in ("communities", "streets", "barriers")
    keep = np.ones(len(rows), dtype=bool)
    whole = geometry.copy()
    findings: list[Finding] = []
    united = pieces = 0
    repeated = np.flatnonzero(counts[codes] > 1)
    for code, positions in pd.Series(repeated).groupby(codes[repeated]):
        group = positions.to_numpy()
        same = group if anywhere else group[_joined_to_first(geometry[group]) | _same_venue(rows, group)]
        if rows.table == "buildings":
            same = same[_same_households(rows.frame, same)]
        if len(same) > 1:
            whole[group[0]] = _union(geometry[same])
            united, pieces = united + 1, pieces + len(same)
        keep[group[1:]] = False
        other = np.setdiff1d(group, same)
        numbers = ", ".join(str(rows.numbers[position]) for position in group)
        findings += [
            rows.finding("id_taken", int(position), column=TABLES[rows.table].index, value=str(names[code]), rows=numbers) for position in other
        ]
    if united:
        findings.append(rows.finding("pieces_united", value=united, pieces=pieces))
    return rows.with_geometry(whole).kept(keep), findings


def _joined_to_first(geometry: Geometries) -> Mask:
    """Return which geometries hang together with the first, each within ``TOUCH_M`` of the next."""
    near = shapely.distance(geometry[:, None], geometry[None, :]) <= TOUCH_M
    joined = np.zeros(len(geometry), dtype=bool)
    joined[0] = True
    while True:
        grown = joined | near[joined].any(axis=0)
        if (grown == joined).all():
            return joined
        joined = grown


def _same_venue(rows: Rows, positions: npt.NDArray[np.int64]) -> Mask:
    """Return which rows are the first one's venue marked again: of the same name, at most ``SAME_VENUE_M`` away."""
    if rows.table != "venues" or "name" not in rows.frame.columns:
        return np.zeros(len(positions), dtype=bool)
    names = rows.frame["name"].to_numpy(dtype=object)[positions]
    geometry = rows.frame.geometry.to_numpy()[positions]
    near: Mask = shapely.distance(geometry, geometry[0]) <= SAME_VENUE_M
    named: Mask = np.array([not pd.isna(name) and name == names[0] for name in names], dtype=bool)
    return near & named


def _same_households(frame: gpd.GeoDataFrame, positions: npt.NDArray[np.int64]) -> Mask:
    """Return which of the pieces say the same number of households as the first, or none."""
    if "households" not in frame.columns:
        return np.ones(len(positions), dtype=bool)
    said = frame["households"].to_numpy(dtype=object)[positions]
    return np.array([pd.isna(value) or pd.isna(said[0]) or str(value) == str(said[0]) for value in said], dtype=bool)


def _union(geometry: Geometries) -> shapely.Geometry:
    """Return one geometry; gaps of rounding between touching areas are closed, pieces of lines are joined, of points the first is taken."""
    dimension = shapely.get_dimensions(geometry).max()
    if dimension == 0:
        return geometry[0]
    union = shapely.union_all(geometry)
    if dimension == 1:
        return shapely.line_merge(union)
    if dimension == 2 and shapely.get_num_geometries(union) > 1:
        closed = shapely.buffer(shapely.buffer(union, TOUCH_M / 2, join_style="mitre"), -TOUCH_M / 2, join_style="mitre")
        return shapely.union(union, closed)
    return union


def drawn_twice(rows: Rows) -> tuple[Rows, list[Finding]]:
    """Return ``rows`` without footprints that repeat an earlier one and say nothing that it does not say; other repetitions are only reported."""
    geometry = rows.frame.geometry.to_numpy()
    areas = shapely.area(geometry)
    a, b = shapely.STRtree(geometry).query(geometry, predicate="intersects")
    near = (a < b) & (np.minimum(areas[a], areas[b]) >= SAME_FOOTPRINT * np.maximum(areas[a], areas[b])) & (areas[a] > 0)
    a, b = a[near], b[near]
    same = shapely.area(shapely.intersection(geometry[a], geometry[b])) >= SAME_FOOTPRINT * np.maximum(areas[a], areas[b])
    a, b = a[same], b[same]
    known = rows.frame["households"].notna().to_numpy(dtype=bool) if "households" in rows.frame.columns else np.zeros(len(rows), dtype=bool)
    keep = np.ones(len(rows), dtype=bool)
    findings = []
    for first, second in sorted(zip(a.tolist(), b.tolist(), strict=True)):
        if not (keep[first] and keep[second]):
            continue
        idle = second if not known[second] else first
        code = "footprint_kept_twice" if known[idle] else "footprint_dropped"
        keep[idle] = known[idle]
        findings.append(rows.finding(code, idle, other=str(rows.subjects[first if idle == second else second])))
    return rows.kept(keep), findings

"""Cells that are given: areas that already tile the land, brought onto common corners."""

from __future__ import annotations

import numpy as np
import shapely

from gridmap.findings import Finding, finding
from gridmap.grids.blocks import NODE_GRID_M, Floats, Geometries, Ground, Integers, Lines
from gridmap.grids.cells import Land, divided_between
from gridmap.grids.faces import Borders, borders_of, joined, straight_pieces
from gridmap.grids.separators import CODE

GAP_WIDTH_M = 2.0
"""Land between given areas narrower than this in the mean is a fault of drawing and joins the area beside it; wider land was left out on purpose."""

FAULT_M2 = 0.5
"""Gaps and overlaps below this are float noise and not worth a finding."""

ALONGSIDE_M = 10.0
"""A border of given areas runs along a street or barrier if that lies this near: areas end at kerbs, streets are drawn in their middle."""

ALONGSIDE_SINE = 0.35
"""... and if the angle between them is at most 20 degrees."""


def given_land(ground: Ground) -> Land:
    """Return the given areas as cells: each area its own, overlaps settled, narrow gaps closed, corners shared.

    Overlapping land goes to the smaller area. Wider land without an area stays outside, with a finding. Barrier areas are not cut out: the given
    areas are taken as they are.
    """
    edges = shapely.union_all(shapely.boundary(ground.buildings), grid_size=NODE_GRID_M)
    faces = np.asarray(shapely.get_parts(shapely.polygonize([edges])), dtype=object)
    faces, owner, claims = _claimed(faces, ground)
    area = shapely.area(faces)
    gap = (owner < 0) & (2 * area / shapely.length(faces) < GAP_WIDTH_M)
    findings = [*_faults(ground, faces, gap, claims > 1)]
    kept = (owner >= 0) | gap
    faces, owner = faces[kept], owner[kept]
    borders = borders_of(faces)
    code = _alongside(borders, ground)
    owner = joined(owner, borders, np.zeros(len(code), dtype=np.int64))
    held = owner >= 0
    if not held.all():
        faces, owner = faces[held], owner[held]
        borders = borders_of(faces)
        code = _alongside(borders, ground)
    findings += _holes(ground, faces)
    nothing = np.zeros(len(faces), dtype=bool)
    return Land(faces, owner, np.zeros(len(faces), dtype=np.int64), borders, code, nothing, tuple(findings))


def _claimed(faces: Geometries, ground: Ground) -> tuple[Geometries, Integers, Integers]:
    """Return the faces, the area that owns each (-1 none), and how many claim it. An area that owns nothing shares the face that it claims."""
    if not len(faces):
        faces = np.array([ground.outline], dtype=object)
    face, area = shapely.STRtree(ground.buildings).query(shapely.point_on_surface(faces), predicate="intersects")
    owner = np.full(len(faces), -1, dtype=np.int64)
    order = np.lexsort((area, shapely.area(ground.buildings)[area], face))[::-1]
    owner[face[order]] = area[order]
    claims = np.bincount(face, minlength=len(faces))
    lost = np.setdiff1d(np.arange(len(ground.buildings)), owner)
    if not len(lost):
        return faces, owner, claims
    host = shapely.STRtree(faces).nearest(shapely.point_on_surface(ground.buildings[lost]))
    seats, sitter, seated = [], [], []
    for each in np.unique(host):
        sharing = np.concatenate(([owner[each]] if owner[each] >= 0 else [], lost[host == each])).astype(np.int64)
        seats.append(_along_middle(faces[each], len(sharing)))
        sitter.append(sharing)
        seated.append(np.full(len(sharing), each))
    seat, building = np.concatenate(seats), np.concatenate(sitter)
    torn, old_faces, old_owner = np.unique(host), faces, owner
    faces = divided_between(faces, torn, seat, building, np.concatenate(seated).astype(np.int64))
    before = shapely.STRtree(old_faces).query(shapely.point_on_surface(faces), predicate="within")
    owner = np.full(len(faces), -1, dtype=np.int64)
    owner[before[0]] = old_owner[before[1]]
    in_torn = np.zeros(len(faces), dtype=bool)
    in_torn[before[0][np.isin(before[1], torn)]] = True
    owner[in_torn] = -1
    place, new = shapely.STRtree(faces).query(shapely.points(seat), predicate="intersects")
    owner[new] = building[place]
    many = np.zeros(len(faces), dtype=np.int64)
    many[before[0]] = claims[before[1]]
    return faces, owner, many


def _along_middle(face: shapely.Polygon, count: int) -> Floats:
    """Return points inside a face on a line through its middle, one for each of the areas that share it."""
    centre = shapely.get_coordinates(shapely.point_on_surface(face))[0]
    reach = shapely.length(face)
    across = shapely.intersection(face, shapely.linestrings([(centre[0] - reach, centre[1]), (centre[0] + reach, centre[1])]))
    parts = shapely.get_parts(across)
    line = parts[np.argmax(shapely.length(parts))]
    return np.asarray(shapely.get_coordinates(shapely.line_interpolate_point(line, (np.arange(count) + 0.5) / count, normalized=True)))


def _faults(ground: Ground, faces: Geometries, gap: np.typing.NDArray[np.bool_], overlap: np.typing.NDArray[np.bool_]) -> list[Finding]:
    found = []
    area = shapely.area(faces)
    for code, fault in (("cells_given_gap", gap), ("cells_given_overlap", overlap)):
        rows = np.flatnonzero(fault & (area > FAULT_M2))
        if len(rows):
            point = shapely.point_on_surface(faces[rows[np.argmax(area[rows])]])
            size = round(float(area[rows].sum()), 1)
            found.append(finding(code, ground.community_id, value=len(rows), community_id=ground.community_id, x=point.x, y=point.y, area_m2=size))
    return found


def _holes(ground: Ground, faces: Geometries) -> list[Finding]:
    """Name the land of the community that belongs to no area."""
    free = shapely.get_parts(shapely.difference(ground.outline, shapely.coverage_union_all(faces)))
    free = free[(2 * shapely.area(free) / np.maximum(shapely.length(free), 1e-9) >= GAP_WIDTH_M)]
    if not len(free):
        return []
    point = shapely.point_on_surface(free[np.argmax(shapely.area(free))])
    size = round(float(shapely.area(free).sum()))
    return [finding("cells_given_hole", ground.community_id, value=size, unit="m2", community_id=ground.community_id, x=point.x, y=point.y)]


def _alongside(borders: Borders, ground: Ground) -> Integers:
    """Return the strongest street or barrier that runs along each piece of border, near enough, by its position in SEPARATORS."""
    code = np.zeros(len(borders.left), dtype=np.int64)
    middles = shapely.points(borders.middle)
    edges = Lines(shapely.boundary(ground.areas.geometry), ground.areas.code, ground.areas.name)
    for lines in (ground.lines, edges):
        ends, line = straight_pieces(lines.geometry)
        pieces = shapely.linestrings(ends.reshape(-1, 2, 2))
        border, piece = shapely.STRtree(pieces).query(middles, predicate="dwithin", distance=ALONGSIDE_M)
        one, other = borders.ends[border, 2:] - borders.ends[border, :2], ends[piece, 2:] - ends[piece, :2]
        turn = np.abs(one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0]) / np.maximum(np.hypot(*one.T) * np.hypot(*other.T), 1e-12)
        along = turn <= ALONGSIDE_SINE
        np.maximum.at(code, border[along], lines.code[line[piece[along]]])
    border, area = shapely.STRtree(ground.areas.geometry).query(middles, predicate="within")
    np.maximum.at(code, border, ground.areas.code[area])
    code[borders.right < 0] = CODE["none"]
    return code

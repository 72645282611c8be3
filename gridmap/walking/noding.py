"""Streets cut wherever they meet, with loose ends joined: the corners from which the walking network is made."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TypeVar

import numpy as np
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gridmap.walking.segments import MILLIMETRES, Floats, Integers, Mask, Segments, lengths_mm, meetings, nearby_pairs, spots

SNAP_M = 1.0
"""The end of a street that stops so short of another is joined to it; wider gaps are left, since a kerb or a fence may be what they show."""

GAP_TOLD_M = 0.01
"""Joins shorter than a centimetre mend nothing but rounding and are not told."""

Kind = TypeVar("Kind", Segments, "Lines")

Cuts = tuple[Integers, Integers]
"""Where segments are to be cut: positions of segments, and places."""


@dataclass(frozen=True, eq=False)
class Lines:
    """What is walked on, line by line: the row of its street, its level at both ends (0 on the ground), and whether the level is known."""

    street: Integers
    level: Integers
    end_level: Integers
    level_known: Mask

    def __len__(self) -> int:
        return len(self.street)


@dataclass(frozen=True, eq=False)
class Joins:
    """Joins of loose ends: the row of the street that ended loose, where (metres from the origin), and the gap in metres."""

    street: Integers
    place_m: Floats
    gap_m: Floats


@dataclass(frozen=True, eq=False)
class Corners:
    """The corners of all lines in the order in which they are walked.

    ``segment`` is the segment that leads on from a corner; at the end of a line, the one that led there. ``along_mm`` is counted from the
    beginning of the line.
    """

    line: Integers
    segment: Integers
    place: Integers
    level: Integers
    along_mm: Floats
    first: Mask
    last: Mask

    def __len__(self) -> int:
        return len(self.line)

    def take(self, rows: Mask) -> Corners:
        """Return the corners of some lines, all those of a line or none."""
        return Corners(*(getattr(self, column.name)[rows] for column in fields(self)))


def street_meetings(segments: Segments, lines: Lines) -> Cuts:
    """Return where streets of one level meet; those of different levels pass over each other."""
    left, right = nearby_pairs(segments)
    level = lines.level[segments.line]
    same = level[left] == level[right]
    met = meetings(segments, segments, (left[same], right[same]))
    return np.concatenate((met.segment, met.other)), np.concatenate((met.place, met.place))


def joined(segments: Segments, lines: Lines, met: Cuts) -> tuple[Segments, Lines, Cuts, Joins]:
    """Join each end of a line to every other line that it stops short of by at most :data:`SNAP_M`, at the nearest place of it.

    Returns the segments and lines with the joins after them, the cuts that the joins need, and the joins that mend a loose end.
    """
    begins = np.flatnonzero(np.diff(segments.line, prepend=-1))
    finishes = np.append(begins[1:], len(segments)) - 1
    place = np.concatenate((segments.start[begins], segments.end[finishes]))
    own = np.concatenate((segments.line[begins], segments.line[finishes]))
    places = np.concatenate((place, met[1]))
    spot = spots(*places.T, lines.level[np.concatenate((own, segments.line[met[0]]))])
    loose = ~np.isin(spot[: len(place)], spot[len(place) :])
    drawn = shapely.points(place.astype(np.float64))
    end, target = shapely.STRtree(segments.drawn()).query(drawn, predicate="dwithin", distance=SNAP_M * MILLIMETRES)
    foot, gap_mm = _feet(place[end], segments, target)
    fits = _fits(end, target, foot, (place, own, loose), segments, lines)
    end, target, foot, gap_mm = end[fits], target[fits], foot[fits], gap_mm[fits]
    order = np.lexsort((target, gap_mm))
    key = np.stack((end[order], segments.line[target[order]]))
    nearest = order[np.unique(key, axis=1, return_index=True)[1]]
    end, target, foot, gap_mm = end[nearest], target[nearest], foot[nearest], gap_mm[nearest]
    from_level, to_level = lines.level[own[end]], lines.level[segments.line[target]]
    apart = (foot != place[end]).any(axis=1) | (from_level != to_level)
    told = apart & loose[end] & (gap_mm >= GAP_TOLD_M * MILLIMETRES)
    joins = Joins(lines.street[own[end[told]]], place[end[told]] / MILLIMETRES, gap_mm[told] / MILLIMETRES)
    line = own[end[apart]]
    more = Segments(place[end[apart]], foot[apart], len(lines) + np.arange(len(line)), np.zeros(len(line)))
    more_lines = Lines(lines.street[line], from_level[apart], to_level[apart], lines.level_known[line])
    return _both(segments, more), _both(lines, more_lines), (target, foot), joins


def corners_of(segments: Segments, lines: Lines, cuts: Cuts) -> Corners:
    """Return the corners of all lines, those where segments are cut among them; two that fall on one spot of the grid are one."""
    count = len(segments)
    finish = np.flatnonzero(np.diff(segments.line, append=-1))
    segment = np.concatenate((np.arange(count), cuts[0], finish))
    place = np.concatenate((segments.start, cuts[1], segments.end[finish]))
    within = lengths_mm(segments.start[segment], place)
    along = segments.start_mm[segment] + within
    order = np.lexsort((within, segment))
    segment, place, along = segment[order], place[order], along[order]
    line = segments.line[segment]
    fresh = np.ones(len(line), dtype=bool)
    fresh[1:] = (line[1:] != line[:-1]) | (place[1:] != place[:-1]).any(axis=1)
    # A join of no length, between a bridge and the ground, has two corners on one spot.
    joins = np.zeros(len(line), dtype=bool)
    joins[1:] = (line[1:] == line[:-1]) & (lines.level != lines.end_level)[line[1:]] & ~fresh[1:]
    kept = np.flatnonzero(fresh | joins)
    # Of corners on one spot the first led to it and the last leads on from it.
    run = np.append(kept[1:], len(line)) - 1
    line, segment, place, along = line[kept], segment[run], place[kept], along[kept]
    first = np.diff(line, prepend=-1) != 0
    last = np.diff(line, append=-1) != 0
    level = np.where(last, lines.end_level[line], lines.level[line])
    return Corners(line, segment, place, level, along, first, last)


def rings_apart(corners: Corners, spot: Integers, lines: int) -> Mask:
    """Tell which of ``lines`` hang together with closed rings alone: rims of squares and of sports grounds, from which no way leads anywhere.

    ``spot`` numbers the places of the corners. Walls and water do not count here: a ring that only they part from a street is a street. Where there
    is nothing but rings they are all that can be walked on.
    """
    ends = np.hypot(*(corners.place[corners.first] - corners.place[corners.last]).T)
    open_ = np.zeros(lines, dtype=bool)
    open_[corners.line[corners.first]] = ends > SNAP_M * MILLIMETRES
    count = lines + int(spot.max()) + 1
    met = coo_array((np.ones(len(corners), dtype=np.int8), (corners.line, lines + spot)), shape=(count, count))
    piece = connected_components(met, directed=False)[1][:lines]
    drawn = np.isin(np.arange(lines), corners.line)
    return np.asarray(drawn & (np.bincount(piece, weights=open_)[piece] == 0) & open_.any())


def _fits(end: Integers, target: Integers, foot: Integers, ends: tuple[Integers, Integers, Mask], segments: Segments, lines: Lines) -> Mask:
    """Tell which ends may be joined to which segments.

    Lines of one level are joined. Bridges and tunnels land on the ground where they end, and stairs that end at a corner of a bridge climb it;
    nothing is joined to what passes over or under it. A ring that does not quite close is joined to its own beginning.
    """
    place, own, loose = ends
    line = segments.line[target]
    from_level, to_level = lines.level[own[end]], lines.level[line]
    exact = (foot == place[end]).all(axis=1)
    at_corner = (foot == segments.start[target]).all(axis=1) | (foot == segments.end[target]).all(axis=1)
    half = len(own) // 2
    row = np.searchsorted(own[:half], line)
    at_end = exact & ((foot == place[row]).all(axis=1) | (foot == place[half + row]).all(axis=1))
    landing = (from_level != 0) & (loose[end] | at_end)
    climbing = (from_level == 0) & loose[end] & exact & at_corner
    other = (own[end] != line) & ((from_level == to_level) | landing | climbing)
    length = np.bincount(segments.line, weights=lengths_mm(segments.start, segments.end), minlength=len(lines))
    closing = (own[end] == line) & (end >= half) & (foot == place[row]).all(axis=1) & (length[line] > 4 * SNAP_M * MILLIMETRES)
    return np.asarray(other | closing)


def _feet(place: Integers, segments: Segments, target: Integers) -> tuple[Integers, Floats]:
    """Return the nearest place on each target segment, on the grid, and how far it is in millimetres."""
    start = segments.start[target].astype(np.float64)
    along = segments.end[target] - start
    share = ((place - start) * along).sum(axis=1) / np.maximum((along**2).sum(axis=1), 1.0)
    foot = np.rint(start + np.clip(share, 0.0, 1.0)[:, None] * along).astype(np.int64)
    return foot, lengths_mm(place, foot)


def _both(first: Kind, then: Kind) -> Kind:
    return type(first)(*(np.concatenate((getattr(first, column.name), getattr(then, column.name))) for column in fields(first)))

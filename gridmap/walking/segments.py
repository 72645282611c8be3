"""Straight segments on a grid of whole millimetres: where they meet is decided without rounding."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Geometries = npt.NDArray[np.object_]

MILLIMETRES = 1000.0
"""Grid steps in a metre: far below what anybody surveys, and products of two differences stay exact in 64 bits up to 2,000 km."""


@dataclass(frozen=True, eq=False)
class Segments:
    """Straight segments: corners in whole millimetres from ``origin`` (shape (n, 2) each), and the row of the line that each is of.

    ``start_mm`` is how far along its line a segment begins.
    """

    start: Integers
    end: Integers
    line: Integers
    start_mm: Floats

    def __len__(self) -> int:
        return len(self.line)

    def drawn(self) -> Geometries:
        """Return the segments as lines, in millimetres."""
        return np.asarray(shapely.linestrings(np.stack((self.start, self.end), axis=1).astype(np.float64)), dtype=object)


@dataclass(frozen=True, eq=False)
class Meetings:
    """Places where segments meet: the segment, the place in whole millimetres, and the segment that it meets there."""

    segment: Integers
    place: Integers
    other: Integers


def on_grid(coordinates: Floats, origin: Floats) -> Integers:
    """Return coordinates in metres as whole millimetres from ``origin``.

    >>> on_grid(np.array([[500000.25, 3500000.0]]), np.array([500000.0, 3500000.0])).tolist()
    [[250, 0]]
    """
    return np.rint((coordinates - origin) * MILLIMETRES).astype(np.int64)


def segments_of(lines: Geometries, origin: Floats) -> Segments:
    """Return the segments of lines in the order in which they are drawn; segments without length are left out."""
    coordinates, line = shapely.get_coordinates(lines, return_index=True)
    places = on_grid(coordinates, origin)
    line = line.astype(np.int64)
    along = line[1:] == line[:-1]
    along &= (places[1:] != places[:-1]).any(axis=1)
    start, end, line = places[:-1][along], places[1:][along], line[:-1][along]
    length = lengths_mm(start, end)
    total = np.concatenate(([0.0], np.cumsum(length)))
    first = np.searchsorted(line, line)
    return Segments(start, end, line, total[:-1] - total[first])


def spots(*columns: Integers) -> Integers:
    """Number the rows of some columns of equal length so that equal rows have equal numbers, in the order of the rows' values.

    >>> spots(np.array([5, 2, 5]), np.array([1, 7, 1])).tolist()
    [1, 0, 1]
    """
    order = np.lexsort(columns[::-1])
    new = np.zeros(len(order), dtype=bool)
    for column in columns:
        new[1:] |= column[order][1:] != column[order][:-1]
    number = np.empty(len(order), dtype=np.int64)
    number[order] = np.cumsum(new)
    return number


def lengths_mm(start: Integers, end: Integers) -> Floats:
    """Return how long segments are, in millimetres."""
    across = (end - start).astype(np.float64)
    return np.asarray(np.hypot(across[:, 0], across[:, 1]))


def meetings(segments: Segments, others: Segments, pairs: tuple[Integers, Integers]) -> Meetings:
    """Return where the segments of each pair meet: ``pairs`` are positions in ``segments`` and in ``others``.

    Two that cross meet in one place, rounded to the grid. Where a corner of one lies on the other, and where they run along each other, the
    places are corners.
    """
    i, j = pairs
    a, b, c, d = segments.start[i], segments.end[i], others.start[j], others.end[j]
    a_side, b_side = _side(c, d, a), _side(c, d, b)
    c_side, d_side = _side(a, b, c), _side(a, b, d)
    crossing = (np.sign(a_side) * np.sign(b_side) < 0) & (np.sign(c_side) * np.sign(d_side) < 0)
    share = a_side[crossing] / (a_side[crossing] - b_side[crossing]).astype(np.float64)
    crossed = a[crossing] + np.rint(share[:, None] * (b - a)[crossing]).astype(np.int64)
    found = [(i[crossing], crossed, j[crossing])]
    for corner, side, start, end in ((a, a_side, c, d), (b, b_side, c, d), (c, c_side, a, b), (d, d_side, a, b)):
        touching = (side == 0) & _within(corner, start, end)
        found.append((i[touching], corner[touching], j[touching]))
    segment, place, other = (np.concatenate(column) for column in zip(*found, strict=True))
    return Meetings(segment, place, other)


def nearby_pairs(segments: Segments, others: Segments | None = None) -> tuple[Integers, Integers]:
    """Return the pairs of segments that come together (as positions in both), with ``others`` None those of one set, each pair once."""
    tree = shapely.STRtree(segments.drawn())
    left, right = tree.query((segments if others is None else others).drawn(), predicate="dwithin", distance=1.0)
    if others is None:
        once = right < left
        return right[once].astype(np.int64), left[once].astype(np.int64)
    return right.astype(np.int64), left.astype(np.int64)


def _side(start: Integers, end: Integers, place: Integers) -> Integers:
    """Return twice the area of the triangle: positive left of the segment, negative right of it, 0 on its line."""
    along, beside = end - start, place - start
    return np.asarray(along[:, 0] * beside[:, 1] - along[:, 1] * beside[:, 0])


def _within(place: Integers, start: Integers, end: Integers) -> Mask:
    return np.asarray(((place >= np.minimum(start, end)) & (place <= np.maximum(start, end))).all(axis=1))

"""Where walls and banks cut streets: on which side of them each piece of street lies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridmap.walking.noding import Corners, Cuts, Lines
from gridmap.walking.segments import Floats, Integers, Mask, Segments, meetings, nearby_pairs, spots

SAME_DIRECTION = 1e-9
"""Radians; far below what one millimetre turns a segment of a kilometre."""


@dataclass(frozen=True, eq=False)
class Contacts:
    """Places where a street meets a barrier: the place, the direction of the barrier from there (radians), and whether it is a wall."""

    place: Integers
    direction: Floats
    wall: Mask


def contacts(segments: Segments, lines: Lines, walls: Segments, waters: Segments) -> tuple[Contacts, Cuts]:
    """Return where streets on the ground meet walls, and where streets known to be on the ground meet water and expressways.

    A street whose level is unknown may be a bridge, so water does not cut it. A bridge that lands on a bank is not cut there.
    """
    ground = (lines.level == 0) & (lines.end_level == 0)
    parts, cuts = [], []
    for barrier, is_wall in ((walls, True), (waters, False)):
        segment, other = nearby_pairs(segments, barrier)
        fits = (ground if is_wall else ground & lines.level_known)[segments.line[segment]]
        met = meetings(segments, barrier, (segment[fits], other[fits]))
        cuts.append((met.segment, met.place))
        for from_, to in ((barrier.start, barrier.end), (barrier.end, barrier.start)):
            leads = (met.place != to[met.other]).any(axis=1)
            along = (to - from_)[met.other[leads]]
            parts.append((met.place[leads], np.arctan2(along[:, 1], along[:, 0]), np.full(len(along), is_wall)))
    place, direction, wall = (np.concatenate(column) for column in zip(*parts, strict=True))
    segment, where = (np.concatenate(column) for column in zip(*cuts, strict=True))
    return Contacts(place, direction, wall), (segment, where)


def sides(corners: Corners, segments: Segments, lines: Lines, found: Contacts) -> tuple[Integers, Integers, Mask]:
    """Return for each corner on which side of the barriers the way back and the way on lie, and whether a wall is among them.

    Around a place the barriers that leave it divide the ground into sectors, counted from 1; where at most one leaves it everything stays
    connected, and the side is 0. What runs along a barrier is on neither of its sides: -1.
    """
    none = np.zeros(len(corners), dtype=np.int64), np.zeros(len(corners), dtype=np.int64), np.zeros(len(corners), dtype=bool)
    if not len(found.place):
        return none
    spot = spots(*np.concatenate((corners.place, found.place)).T)
    at, barrier_at = spot[: len(corners)], spot[len(corners) :]
    landing = (lines.level[corners.line] != 0) | (lines.end_level[corners.line] != 0)
    doubtful = landing | ~lines.level_known[corners.line]
    spared = np.where(found.wall, np.isin(barrier_at, at[landing]), np.isin(barrier_at, at[doubtful]))
    barrier_at, direction, wall = barrier_at[~spared], found.direction[~spared], found.wall[~spared]
    if not len(barrier_at):
        return none
    barrier = np.unique(np.stack((barrier_at.astype(np.float64), direction), axis=1), axis=0)
    arms = np.bincount(barrier[:, 0].astype(np.int64), minlength=int(spot.max()) + 1)
    along = (segments.end - segments.start)[corners.segment]
    on = np.arctan2(along[:, 1], along[:, 0])
    # The way back lies against the segment that led here, which the corner before names.
    before = np.concatenate(([0], np.arange(len(corners) - 1)))
    back = np.arctan2(-along[before, 1], -along[before, 0])
    split = arms[at] > 1
    sectors = tuple(np.where(split, _sector(at, way, barrier, arms), 0) for way in (back, on))
    return sectors[0], sectors[1], split & np.isin(at, barrier_at[wall])


def _sector(at: Integers, way: Floats, barrier: Floats, arms: Integers) -> Integers:
    """Return between which two arms, in the order of their directions, each way leaves its place."""
    # One sorted list of all arms: a place's number shifts its directions clear of those of others.
    turn = 8.0
    listed = barrier[:, 0] * turn + barrier[:, 1]
    wanted = at * turn + way
    passed = np.searchsorted(listed, wanted)
    first = np.searchsorted(listed, at * turn - turn / 2)
    beside = np.minimum(np.abs(listed[np.minimum(passed, len(listed) - 1)] - wanted), np.abs(listed[np.maximum(passed - 1, 0)] - wanted))
    sector = (passed - first) % np.maximum(arms[at], 1) + 1
    return np.where(beside < SAME_DIRECTION * 100, -1, sector)

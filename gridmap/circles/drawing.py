"""Draws circles: what of the streets is within the limit, how far raster points are from it, the outline, and the outline cut at walls and water."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gridmap.circles.clipping import clipped, looked_at, open_faces
from gridmap.circles.polygons import in_order, straightened
from gridmap.circles.rasters import bounds, distances, lower_corners, rings, window
from gridmap.kernels import kernel, lean_kernel
from gridmap.walking.segments import Floats, Integers, Mask

Marks32 = npt.NDArray[np.int32]


class Streets(NamedTuple):
    """The network, for kernels: the edges at each node (compressed rows), and what :class:`gridmap.walking.network.Network` tells of them.

    ``arc`` is (edge, the node that it leads to, centimetres, 1 where it is left at its node a and 2 more where it is one-way). ``along`` is how far
    along its edge each corner of ``shape`` lies, in centimetres. ``line[line_from[e] : line_from[e + 1]]`` are the lines of edge ``e`` without
    corners that lie nearly on a straight one, and without those so short that their neighbours draw them too; from ``spared_from[e]`` on
    they are drawn by other edges where both nodes of the edge are passed.
    """

    first: Integers
    arc: Marks32
    length: Marks32
    one_way: Mask
    level: Marks32
    shape: Floats
    shape_at: Integers
    along: Floats
    line: Floats
    line_from: Integers
    spared_from: Integers


class Behind(NamedTuple):
    """What stretches of street lead into, for kernels: ``row`` of ``found`` by the corner at which a stretch begins.

    ``found[r]`` is where the enclosed land that it leads into begins among ``face``, where its pieces of bridge over water begin (numbered in the
    order of ``found``), and whether it is no street on open land. ``of_edge`` likewise tells of edges as a whole, each land among ``edge_face``
    once; ``clear`` are edges that lead into nothing.
    """

    row: Marks32
    found: Marks32
    face: Marks32
    of_edge: Marks32
    edge_face: Marks32
    clear: Mask


class Asked(NamedTuple):
    """Circles to draw, for kernels: the nodes within reach of each (compressed rows), and its venues: their edge, place and way from the door.

    ``leg[leg_from[v] : leg_from[v + 1]]`` are the segments of the way from the door of venue ``v``, and ``behind`` likewise the enclosed land that it
    leads into.
    """

    first: Integers
    node: Marks32
    distance: Marks32
    venue_from: Integers
    edge: Marks32
    position: Marks32
    access: Marks32
    leg: Floats
    leg_from: Integers
    behind: Marks32
    behind_from: Integers


@kernel
def spared_lines(a: Any, b: Any, fits: Any, two_way: Any) -> Any:
    """Return those lines out of ``fits`` at both whose ends another one stays: of a two-way edge, which is drawn whenever its end is reached."""
    left = np.zeros(max(a.max(), b.max()) + 1 if a.size else 0, np.int32)
    for e in range(a.size):
        left[a[e]] += two_way[e]
        left[b[e]] += two_way[e]
    spared = np.zeros(a.size, np.bool_)
    for e in range(a.size):
        if fits[e] and two_way[e] and a[e] != b[e] and left[a[e]] > 1 and left[b[e]] > 1:
            spared[e] = True
            left[a[e]] -= 1
            left[b[e]] -= 1
    return spared


@kernel
def _whole(kind: Any, loop: Any, length: Any, left: Any, spare: Any) -> Any:
    """Return whether all of an edge lies within ``left`` centimetres of one of its nodes or ``spare`` of the other (below 0 for none)."""
    if kind & 2 == 0:
        return left + max(0, spare) >= length or (loop and 2 * left >= length)
    # One comes to node a along a one-way edge only against its direction.
    return (spare if kind & 1 else left) >= length


@kernel
def _from_node(at_a: Any, one_way: Any, length: Any, left: Any) -> Any:
    """Return from where to where an edge lies within ``left`` centimetres of one of its nodes, measured from node a."""
    far = min(np.float64(length), np.float64(left))
    if at_a:
        return 0.0, 0.0 if one_way else far
    return length - far, np.float64(length)


@kernel
def _from_door(position: Any, one_way: Any, length: Any, left: Any) -> Any:
    """Return from where to where an edge lies within ``left`` centimetres of a door on it, measured from node a."""
    low, high = max(0.0, np.float64(position - left)), min(np.float64(length), np.float64(position + left))
    if left < 0:
        return 0.0, -1.0
    return low, np.float64(position) if one_way else high


@lean_kernel
def _come_into(k: Any, start: Any, stop: Any, behind: Any, entered: Any, bridged: Any, circle: Any) -> Any:
    """Mark the enclosed land and the pieces of a bridge that a stretch of street leads into between two shares of it; return whether none of it lies
    on open land, and whether it leads into enclosed land.
    """
    row, found, face = behind.row[k], behind.found, behind.face
    for m in range(found[row, 0], found[row + 1, 0]):
        entered[face[m]] = circle
    first, count = found[row, 1], found[row + 1, 1] - found[row, 1]
    for m in range(count):
        if (m + 1) > start * count and m < stop * count:
            bridged[first + m] = circle
    return found[row, 2] != 0, found[row, 0] < found[row + 1, 0]


@lean_kernel
def _added(
    e: Any, low: Any, high: Any, streets: Any, from_x: Any, from_y: Any, behind: Any, entered: Any, bridged: Any, circle: Any, pieces: Any, count: Any
) -> Any:
    """Write the pieces of an edge from ``low`` to ``high`` centimetres; return how many there are then, whether none of them lies on open land, and
    whether any leads into enclosed land.
    """
    shape, along, clear = streets.shape, streets.along, behind.clear[e]
    shut, any_in = not clear or streets.level[e] != 0, False
    for k in range(streets.shape_at[e], streets.shape_at[e + 1] - 1):
        from_cm, to_cm = along[k], along[k + 1]
        if to_cm < low or from_cm > high:
            continue
        span = max(to_cm - from_cm, 1e-9)
        start, stop = max(0.0, (low - from_cm) / span), min(1.0, (high - from_cm) / span)
        ax, ay = shape[k, 0] - from_x, shape[k, 1] - from_y
        dx, dy = shape[k + 1, 0] - shape[k, 0], shape[k + 1, 1] - shape[k, 1]
        pieces[count, 0], pieces[count, 1] = ax + start * dx, ay + start * dy
        pieces[count, 2], pieces[count, 3] = ax + stop * dx, ay + stop * dy
        count += 1
        if not clear:
            behind_walls, leads_in = _come_into(k, start, stop, behind, entered, bridged, circle)
            shut, any_in = shut and behind_walls, any_in or leads_in
    return count, shut, any_in


@lean_kernel
def _ways(
    c: Any, limit: Any, asked: Any, streets: Any, from_x: Any, from_y: Any, behind: Any, entered: Any, bridged: Any, circle: Any,
    whole: Any, now: Any, pieces: Any, count: Any,
) -> Any:  # fmt: skip
    """Write the pieces of the streets before the doors of venues, and the ways from these; return what :func:`_added` does."""
    shut, any_in, leg = True, False, asked.leg
    for v in range(asked.venue_from[c], asked.venue_from[c + 1]):
        e, left = asked.edge[v], limit - asked.access[v]
        if left < 0:
            continue
        low, high = _from_door(asked.position[v], streets.one_way[e], streets.length[e], left)
        if high > low and whole[e] != now:
            count, behind_walls, leads_in = _added(e, low, high, streets, from_x, from_y, behind, entered, bridged, circle, pieces, count)
            shut, any_in = shut and behind_walls, any_in or leads_in
        for k in range(asked.leg_from[v], asked.leg_from[v + 1]):
            pieces[count, 0], pieces[count, 1], pieces[count, 2], pieces[count, 3] = leg[k, 0], leg[k, 1], leg[k, 2], leg[k, 3]
            count += 1
        for k in range(asked.behind_from[v], asked.behind_from[v + 1]):
            entered[asked.behind[k]] = circle
            any_in = True
    return count, shut, any_in


@lean_kernel
def _pieces(
    c: Any, limit: Any, asked: Any, distance: Any, streets: Any, from_x: Any, from_y: Any, behind: Any, entered: Any, bridged: Any, circle: Any,
    whole: Any, now: Any, pieces: Any,
) -> Any:  # fmt: skip
    """Write straight pieces of the streets within the limit and of the ways from doors; return how many, whether no street lies on open land, and
    whether any leads into enclosed land. ``whole`` gets ``now`` for edges within the limit as a whole.
    """
    # Columns are taken out of their tuples before loops, and rows are read by their numbers: all else would count references there.
    nodes, arc_from, arc, found, face, clear = asked.node, streets.first, streets.arc, behind.of_edge, behind.edge_face, behind.clear
    line, line_from, spared_from, count, shut, any_in = streets.line, streets.line_from, streets.spared_from, 0, True, False
    for m in range(asked.first[c], asked.first[c + 1]):
        node = nodes[m]
        left = limit - distance[node]
        if left < 0:
            continue
        for i in range(arc_from[node], arc_from[node + 1]):
            e, other, length, kind = arc[i, 0], arc[i, 1], arc[i, 2], arc[i, 3]
            spare = limit - distance[other] if other != node else -1
            # An edge that is reached from both its ends is drawn once.
            if length == 0 or (spare >= 0 and other < node) or (other == node and whole[e] == now):
                continue
            if not _whole(kind, other == node, length, left, spare):
                for turn in range(2 if spare >= 0 else 1):
                    low, high = _from_node((kind + turn) & 1 == 1, kind & 2 == 2, length, spare if turn else left)
                    if high > low:
                        count, behind_walls, leads_in = _added(e, low, high, streets, from_x, from_y, behind, entered, bridged, circle, pieces, count)
                        shut, any_in = shut and behind_walls, any_in or leads_in
                continue
            whole[e] = now
            for k in range(line_from[e], spared_from[e] if left > 0 and spare > 0 else line_from[e + 1]):
                pieces[count, 0], pieces[count, 1] = line[k, 0] - from_x, line[k, 1] - from_y
                pieces[count, 2], pieces[count, 3] = line[k, 2] - from_x, line[k, 3] - from_y
                count += 1
            if clear[e]:
                shut = shut and found[e, 2] != 0
                continue
            for k in range(found[e, 0], found[e + 1, 0]):
                entered[face[k]] = circle
                any_in = True
            for k in range(found[e, 1], found[e + 1, 1]):
                bridged[k] = circle
            shut = shut and found[e, 2] != 0
    count, behind_walls, leads_in = _ways(
        c, limit, asked, streets, from_x, from_y, behind, entered, bridged, circle, whole, now, pieces, count
    )  # fmt: skip
    return count, shut and behind_walls, any_in or leads_in


@kernel
def _one(pieces: Any, count: Any, rims: Any, marks: Any, is_open: Any, now: Any, width: Any, cell: Any) -> Any:
    """Return one circle as :func:`gridmap.circles.polygons.in_order` does, and how cutting it went."""
    low_x, low_y, high_x, high_y = bounds(pieces, count)
    halvings, left, bottom, rows, columns = window(low_x, low_y, high_x, high_y, width, cell)
    cell /= 2**halvings
    squares, closest = distances(pieces, count, left, bottom, width, cell, rows, columns)
    codes = lower_corners(squares, width)
    near = looked_at(codes, left, bottom, halvings, rims, marks, is_open, now)
    corners, side, within, first = rings(pieces, squares, closest, codes, left, bottom, halvings, width, cell, rims.columns)
    corners, side, first, state = clipped(corners, side, within, first, codes, near, left, bottom, cell, rims, marks, is_open, now)
    corners, first, signed = straightened(corners, side, first, cell)
    places, begins, parts = in_order(corners, first, signed)
    return places, begins, parts, state


@kernel
def draw(
    asked: Any, limits: Any, distance: Any, streets: Any, from_x: Any, from_y: Any, behind: Any, entered: Any, bridged: Any, rims: Any, marks: Any,
    whole: Any, begin: Any, end: Any, far: Any, width: Any, cell: Any, pieces: Any,
) -> Any:  # fmt: skip
    """Return circles ``begin`` to ``end`` of those asked about, for each limit in turn, the shortest first: corners, where rings begin among them,
    polygons among these, circles among these, and how cutting each went. ``distance`` has ``far`` for every node, before and after;
    ``pieces`` is room for the pieces of any one circle.
    """
    circles, first, node, reached = end - begin, asked.first, asked.node, asked.distance
    places, begins, parts = np.empty((4096, 2)), np.zeros(256, np.int64), np.zeros(64, np.int64)
    areas, states = np.zeros(circles * limits.size + 1, np.int64), np.zeros(circles * limits.size, np.int8)
    places_count, rings_count, parts_count = 0, 0, 0
    for c in range(begin, end):
        for m in range(first[c], first[c + 1]):
            distance[node[m]] = reached[m]
        shut, any_in = True, False
        for turn in range(limits.size):
            now = c * limits.size + turn + 1
            count, behind_walls, leads_in = _pieces(
                c, limits[turn], asked, distance, streets, from_x, from_y, behind, entered, bridged, c + 1, whole, now, pieces
            )  # fmt: skip
            if count:
                any_in = any_in or leads_in
                shut = shut and behind_walls and any_in
                is_open = open_faces(rims, entered, bridged, c + 1, shut)
                own, own_begins, own_parts, state = _one(pieces, count, rims, marks, is_open, now, width, cell)
                while places_count + own.shape[0] > places.shape[0]:
                    places = np.concatenate((places, np.empty_like(places)))
                while rings_count + own_begins.size > begins.size:
                    begins = np.concatenate((begins, np.empty_like(begins)))
                while parts_count + own_parts.size > parts.size:
                    parts = np.concatenate((parts, np.empty_like(parts)))
                places[places_count : places_count + own.shape[0]] = own
                begins[rings_count : rings_count + own_begins.size] = own_begins + places_count
                parts[parts_count : parts_count + own_parts.size] = own_parts + rings_count
                places_count += own.shape[0]
                rings_count += own_begins.size - 1
                parts_count += own_parts.size - 1
                states[now - 1 - begin * limits.size] = state
            areas[now - begin * limits.size] = parts_count
        for m in range(first[c], first[c + 1]):
            distance[node[m]] = far
    return places[:places_count].copy(), begins[: rings_count + 1].copy(), parts[: parts_count + 1].copy(), areas, states

"""Draws circles: what of the streets is within the limit, how far raster points are from it, the outline, and the outline cut at walls and water."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gridmap.circles.clipping import clipped, looked_at
from gridmap.circles.closeness import set_from
from gridmap.circles.rasters import distances, in_order, lower_corners, rings, straightened, window
from gridmap.kernels import kernel
from gridmap.walking.segments import Floats, Integers, Mask

Marks32 = npt.NDArray[np.int32]


class Behind(NamedTuple):
    """Which faces stretches of street lie in, for kernels: ``row`` of the other columns by the corner at which a stretch begins, 0 for no face.

    ``face[face_from[r] : face_from[r + 1]]`` are the faces, ``inside`` whether it lies in one as a whole, ``over_water`` whether it comes over water,
    ``wet`` which faces are water. ``clear`` are edges that lie in no face.
    """

    row: Marks32
    face: Marks32
    face_from: Integers
    inside: Mask
    over_water: Mask
    wet: Mask
    clear: Mask


class Asked(NamedTuple):
    """Circles to draw, for kernels: the nodes within reach of each (compressed rows), and its venues: their edge, place and way from the door.

    ``leg[leg_from[v] : leg_from[v + 1]]`` are the segments of the way from the door of venue ``v``, and ``behind`` likewise the faces it leads into.
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
def _from_node(at_a: Any, loop: Any, one_way: Any, length: Any, left: Any) -> Any:
    """Return from where to where an edge lies within ``left`` centimetres of one of its nodes, measured from node a."""
    far = min(np.float64(length), np.float64(left))
    if loop and not one_way and 2 * left >= length:
        return 0.0, np.float64(length)
    if at_a:
        # One comes to node a along the edge only against its direction.
        return 0.0, 0.0 if one_way else far
    return length - far, np.float64(length)


@kernel
def _from_ends(at_a: Any, loop: Any, one_way: Any, length: Any, left: Any, spare: Any) -> Any:
    """Return the same, or the whole edge where the ``spare`` centimetres left at its other end lead over the rest of it."""
    low, high = _from_node(at_a, loop, one_way, length, left)
    if spare >= 0:
        other_low, other_high = _from_node(not at_a, loop, one_way, length, spare)
        if max(low, other_low) <= min(high, other_high) and max(high, other_high) - min(low, other_low) >= length:
            return 0.0, np.float64(length)
    return low, high


@kernel
def _from_door(position: Any, one_way: Any, length: Any, left: Any) -> Any:
    """Return from where to where an edge lies within ``left`` centimetres of a door on it, measured from node a."""
    low, high = max(0.0, np.float64(position - left)), min(np.float64(length), np.float64(position + left))
    if left < 0:
        return 0.0, -1.0
    return low, np.float64(position) if one_way else high


@kernel
def _come_into(e: Any, k: Any, streets: Any, behind: Any, marks: Any, circle: Any) -> Any:
    """Mark the faces and bridges that a stretch of street leads into; return whether all of it lies inside a face, and whether it leads into one."""
    row = behind.row[k]
    if streets.level[e] != 0:
        if behind.over_water[row]:
            marks.bridged[e] = circle
        return True, False
    entered = False
    for m in range(behind.face_from[row], behind.face_from[row + 1]):
        if not behind.wet[behind.face[m]]:
            marks.entered[behind.face[m]] = circle
            entered = True
    return behind.inside[row], entered


@kernel
def _added(e: Any, low: Any, high: Any, streets: Any, from_x: Any, from_y: Any, behind: Any, marks: Any, circle: Any, pieces: Any, count: Any) -> Any:
    """Write the pieces of an edge from ``low`` to ``high`` centimetres; return all, how many they are, whether all lie inside faces, any lead in."""
    inside, entered = True, False
    for k in range(streets.shape_at[e], streets.shape_at[e + 1] - 1):
        from_cm, to_cm = streets.along[k], streets.along[k + 1]
        if to_cm < low or from_cm > high:
            continue
        if count == pieces.shape[0]:
            pieces = np.concatenate((pieces, pieces))
        span = max(to_cm - from_cm, 1e-9)
        start, stop = max(0.0, (low - from_cm) / span), min(1.0, (high - from_cm) / span)
        ax, ay = streets.shape[k, 0] - from_x, streets.shape[k, 1] - from_y
        dx, dy = streets.shape[k + 1, 0] - streets.shape[k, 0], streets.shape[k + 1, 1] - streets.shape[k, 1]
        pieces[count, 0], pieces[count, 1] = ax + start * dx, ay + start * dy
        pieces[count, 2], pieces[count, 3] = ax + stop * dx, ay + stop * dy
        count += 1
        within, leads = _come_into(e, k, streets, behind, marks, circle)
        inside, entered = inside and within, entered or leads
    return pieces, count, inside, entered


@kernel
def _entered_whole(e: Any, streets: Any, behind: Any, marks: Any, circle: Any) -> Any:
    """Mark what an edge leads into; return whether all of it lies inside faces, and whether it leads into one."""
    if behind.clear[e]:
        return streets.level[e] != 0, False
    all_inside, any_entered = True, False
    for k in range(streets.shape_at[e], streets.shape_at[e + 1] - 1):
        inside, entered = _come_into(e, k, streets, behind, marks, circle)
        all_inside, any_entered = all_inside and inside, any_entered or entered
    return all_inside, any_entered


@kernel
def _ways(
    c: Any, limit: Any, asked: Any, streets: Any, from_x: Any, from_y: Any, behind: Any, marks: Any, circle: Any, whole: Any, now: Any,
    pieces: Any, count: Any,
) -> Any:  # fmt: skip
    """Write the pieces of the streets before the doors of venues, and the ways from these; return what :func:`_added` does."""
    all_inside, any_entered = True, False
    for v in range(asked.venue_from[c], asked.venue_from[c + 1]):
        e, left = asked.edge[v], limit - asked.access[v]
        if left < 0:
            continue
        low, high = _from_door(asked.position[v], streets.one_way[e], streets.length[e], left)
        if high > low and whole[e] != now:
            pieces, count, inside, entered = _added(e, low, high, streets, from_x, from_y, behind, marks, circle, pieces, count)
            all_inside, any_entered = all_inside and inside, any_entered or entered
        for k in range(asked.leg_from[v], asked.leg_from[v + 1]):
            if count == pieces.shape[0]:
                pieces = np.concatenate((pieces, pieces))
            pieces[count] = asked.leg[k]
            count += 1
        for k in range(asked.behind_from[v], asked.behind_from[v + 1]):
            if not behind.wet[asked.behind[k]]:
                marks.entered[asked.behind[k]] = circle
                any_entered = True
    return pieces, count, all_inside, any_entered


@kernel
def _pieces(
    c: Any, limit: Any, asked: Any, distance: Any, streets: Any, from_x: Any, from_y: Any, behind: Any, marks: Any, circle: Any, whole: Any, now: Any
) -> Any:
    """Return the edges that lie within the limit as a whole; straight pieces of those that do in part, and of the ways from doors; whether all
    stretches lie inside faces, and whether any lead into one. ``whole`` gets ``now`` for whole edges.
    """
    pieces, edges = np.empty((512, 4)), np.empty(1024, np.int32)
    count, edge_count, all_inside, any_entered = 0, 0, True, False
    for m in range(asked.first[c], asked.first[c + 1]):
        node = asked.node[m]
        left = limit - distance[node]
        if left < 0:
            continue
        for i in range(streets.first[node], streets.first[node + 1]):
            e, other, length, kind = streets.arc[i, 0], streets.arc[i, 1], streets.arc[i, 2], streets.arc[i, 3]
            if whole[e] == now:
                continue
            spare = limit - distance[other] if other != node else -1
            low, high = _from_ends(kind & 1 == 1, other == node, kind & 2 == 2, length, left, spare)
            if high <= low:
                continue
            if low <= 0 and high >= length:
                whole[e] = now
                if edge_count == edges.size:
                    edges = np.concatenate((edges, edges))
                edges[edge_count] = e
                edge_count += 1
                inside, entered = _entered_whole(e, streets, behind, marks, circle)
            else:
                pieces, count, inside, entered = _added(e, low, high, streets, from_x, from_y, behind, marks, circle, pieces, count)
            all_inside, any_entered = all_inside and inside, any_entered or entered
    pieces, count, inside, entered = _ways(c, limit, asked, streets, from_x, from_y, behind, marks, circle, whole, now, pieces, count)
    return edges[:edge_count], pieces[:count], all_inside and inside, any_entered or entered


@kernel
def _unfolded(edges: Any, pieces: Any, streets: Any, from_x: Any, from_y: Any) -> Any:
    """Return pieces together with all those of some edges."""
    room = pieces.shape[0]
    for e in edges:
        room += streets.shape_at[e + 1] - streets.shape_at[e] - 1
    out, count = np.empty((room, 4)), pieces.shape[0]
    out[:count] = pieces
    for e in edges:
        for k in range(streets.shape_at[e], streets.shape_at[e + 1] - 1):
            out[count, 0], out[count, 1] = streets.shape[k, 0] - from_x, streets.shape[k, 1] - from_y
            out[count, 2], out[count, 3] = streets.shape[k + 1, 0] - from_x, streets.shape[k + 1, 1] - from_y
            count += 1
    return out


@kernel
def _bounds(edges: Any, pieces: Any, streets: Any, from_x: Any, from_y: Any) -> Any:
    """Return the west, south, east and north of edges and pieces."""
    low_x, low_y, high_x, high_y = np.inf, np.inf, -np.inf, -np.inf
    for e in edges:
        low_x, high_x = min(low_x, streets.box[e, 0] - from_x), max(high_x, streets.box[e, 2] - from_x)
        low_y, high_y = min(low_y, streets.box[e, 1] - from_y), max(high_y, streets.box[e, 3] - from_y)
    for k in range(pieces.shape[0]):
        low_x, high_x = min(low_x, min(pieces[k, 0], pieces[k, 2])), max(high_x, max(pieces[k, 0], pieces[k, 2]))
        low_y, high_y = min(low_y, min(pieces[k, 1], pieces[k, 3])), max(high_y, max(pieces[k, 1], pieces[k, 3]))
    return low_x, low_y, high_x, high_y


@kernel
def _one(
    edges: Any, whole: Any, pieces: Any, streets: Any, from_x: Any, from_y: Any, close: Any, rims: Any, marks: Any,
    circle: Any, now: Any, shut: Any, width: Any, cell: Any,
) -> Any:  # fmt: skip
    """Return one circle as :func:`gridmap.circles.rasters.in_order` does, and how cutting it went."""
    low_x, low_y, high_x, high_y = _bounds(edges, pieces, streets, from_x, from_y)
    halvings, left, bottom, rows, columns = window(low_x, low_y, high_x, high_y, width, cell)
    cell /= 2**halvings
    squares = np.full((rows, columns), np.float32(4 * width * width))
    listed = halvings == 0 and close.first.size > 1
    # Far from everything any piece will do: number -1 is the first in the list, 0 the first of the network.
    closest = np.full((rows, columns), np.int32(0 if listed else -1))
    if listed:
        set_from(close, whole, now, left, bottom, squares, closest)
    else:
        pieces = _unfolded(edges, pieces, streets, from_x, from_y)
    distances(pieces, left * cell, bottom * cell, width + 0.5 * cell, cell, squares, closest)
    count_of = lower_corners(squares, width)
    near, idle = looked_at(count_of, left, bottom, halvings, rims, marks, circle, now, shut)
    corners, side, within, first = rings(pieces, streets.shape, from_x, from_y, squares, closest, count_of, idle, left, bottom, width, cell)
    corners, side, first, state = clipped(
        corners, side, within, first, count_of, near, left, bottom, halvings, cell, rims, marks, circle, now, shut
    )  # fmt: skip
    corners, first, signed = straightened(corners, side, first, cell)
    places, begins, parts = in_order(corners, first, signed)
    return places, begins, parts, state


@kernel
def draw(
    asked: Any, limits: Any, distance: Any, streets: Any, from_x: Any, from_y: Any, behind: Any, close: Any, rims: Any, marks: Any,
    whole: Any, begin: Any, end: Any, far: Any, width: Any, cell: Any,
) -> Any:  # fmt: skip
    """Return circles ``begin`` to ``end`` of those asked about, for each limit in turn, the shortest first: corners, where rings begin among them,
    polygons among these, circles among these, and how cutting each went. ``distance`` has ``far`` for every node, before and after.
    """
    circles = end - begin
    places, begins, parts = np.empty((4096, 2)), np.zeros(256, np.int64), np.zeros(64, np.int64)
    areas, states = np.zeros(circles * limits.size + 1, np.int64), np.zeros(circles * limits.size, np.int8)
    places_count, rings_count, parts_count = 0, 0, 0
    for c in range(begin, end):
        for m in range(asked.first[c], asked.first[c + 1]):
            distance[asked.node[m]] = asked.distance[m]
        shut, any_entered = True, False
        for turn in range(limits.size):
            now = c * limits.size + turn + 1
            edges, pieces, all_inside, entered = _pieces(
                c, limits[turn], asked, distance, streets, from_x, from_y, behind, marks, c + 1, whole, now
            )  # fmt: skip
            if edges.size + pieces.shape[0] > 0:
                any_entered = any_entered or entered
                shut = shut and all_inside and any_entered
                own, own_begins, own_parts, state = _one(
                    edges, whole, pieces, streets, from_x, from_y, close, rims, marks, c + 1, now, shut, width, cell
                )  # fmt: skip
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
        for m in range(asked.first[c], asked.first[c + 1]):
            distance[asked.node[m]] = far
    return places[:places_count].copy(), begins[: rings_count + 1].copy(), parts[: parts_count + 1].copy(), areas, states

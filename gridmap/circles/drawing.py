"""Draws circles: what of the streets is within the limit, how far raster points are from it, the outline, and the outline cut at walls and water."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gridmap.circles.clipping import clipped
from gridmap.circles.rasters import distances, in_order, rings, straightened, window
from gridmap.kernels import kernel
from gridmap.walking.segments import Floats, Integers, Mask

Marks32 = npt.NDArray[np.int32]


class Streets(NamedTuple):
    """The network, for kernels: the edges at each node (compressed rows), and what :class:`gridmap.walking.network.Network` tells of them.

    ``along`` is how far along its edge each corner lies, in centimetres.
    """

    first: Integers
    edge: Marks32
    a: Marks32
    b: Marks32
    length: Marks32
    one_way: Mask
    level: Marks32
    shape: Floats
    shape_at: Integers
    along: Floats


class Behind(NamedTuple):
    """Which faces stretches of street lie in, for kernels: ``row`` of the other columns by the corner at which a stretch begins, 0 for no face.

    ``face[face_from[r] : face_from[r + 1]]`` are the faces, ``inside`` whether it lies in one as a whole, ``over_water`` whether it comes over water,
    ``wet`` which faces are water.
    """

    row: Marks32
    face: Marks32
    face_from: Integers
    inside: Mask
    over_water: Mask
    wet: Mask


class Close(NamedTuple):
    """For each point of a raster the edges that come close to it, the closest first: the corner at which the closest stretch begins, and its square."""

    first: Integers
    edge: Marks32
    corner: Marks32
    square: npt.NDArray[np.float32]


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
def close_edges(edges: Any, streets: Any, from_x: Any, from_y: Any, reach: Any, cell: Any, rows: Any, columns: Any) -> Any:
    """Return for each raster point the edges closer than ``reach``, the closest first, as :class:`Close`."""
    first = np.zeros(rows * columns + 1, np.int64)
    last = np.full(rows * columns, -1, np.int32)
    edge, corner, square = np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.float32)
    for turn in range(2):
        if turn == 1:
            for place in range(rows * columns):
                first[place + 1] += first[place]
            total = first[rows * columns]
            edge, corner, square = np.empty(total, np.int32), np.empty(total, np.int32), np.empty(total, np.float32)
            last[:] = -1
        for e in edges:
            for k in range(streets.shape_at[e], streets.shape_at[e + 1] - 1):
                ax, ay = streets.shape[k, 0] - from_x, streets.shape[k, 1] - from_y
                bx, by = streets.shape[k + 1, 0] - from_x, streets.shape[k + 1, 1] - from_y
                dx, dy = bx - ax, by - ay
                inverse = 1 / max(dx * dx + dy * dy, 1e-12)
                from_j, to_j = max(0, int(np.ceil((min(ax, bx) - reach) / cell))), min(columns - 1, int((max(ax, bx) + reach) / cell))
                for i in range(max(0, int(np.ceil((min(ay, by) - reach) / cell))), min(rows - 1, int((max(ay, by) + reach) / cell)) + 1):
                    for j in range(from_j, to_j + 1):
                        px, py = j * cell - ax, i * cell - ay
                        share = max(0.0, min(1.0, (px * dx + py * dy) * inverse))
                        away = (px - share * dx) ** 2 + (py - share * dy) ** 2
                        if away > reach * reach:
                            continue
                        place = i * columns + j
                        if turn == 0:
                            if last[place] != e:
                                first[place] += 1
                                last[place] = e
                        else:
                            if last[place] != e:
                                first[place] -= 1
                                last[place] = e
                                edge[first[place]], corner[first[place]], square[first[place]] = e, k, away
                            elif away < square[first[place]]:
                                corner[first[place]], square[first[place]] = k, away
    for place in range(rows * columns):
        for m in range(first[place] + 1, first[place + 1]):
            e, k, away = edge[m], corner[m], square[m]
            n = m
            while n > first[place] and square[n - 1] > away:
                edge[n], corner[n], square[n] = edge[n - 1], corner[n - 1], square[n - 1]
                n -= 1
            edge[n], corner[n], square[n] = e, k, away
    return first, edge, corner, square


@kernel
def _from_node(at_a: Any, loop: Any, one_way: Any, length: Any, left: Any) -> Any:
    """Return from where to where an edge lies within ``left`` centimetres of one of its nodes, measured from node a."""
    far = min(np.float64(length), np.float64(left))
    if loop and 2 * left >= length:
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
def _added(e: Any, low: Any, high: Any, streets: Any, from_x: Any, from_y: Any, behind: Any, marks: Any, circle: Any, pieces: Any, count: Any) -> Any:
    """Write the straight pieces of an edge from ``low`` to ``high`` centimetres; return how many there are, and whether all lie inside faces, and any."""
    inside, entered = True, False
    for k in range(streets.shape_at[e], streets.shape_at[e + 1] - 1):
        from_cm, to_cm = streets.along[k], streets.along[k + 1]
        if to_cm < low or from_cm > high:
            continue
        span = max(to_cm - from_cm, 1e-9)
        start, stop = max(0.0, (low - from_cm) / span), min(1.0, (high - from_cm) / span)
        ax, ay = streets.shape[k, 0] - from_x, streets.shape[k, 1] - from_y
        dx, dy = streets.shape[k + 1, 0] - streets.shape[k, 0], streets.shape[k + 1, 1] - streets.shape[k, 1]
        pieces[count, 0], pieces[count, 1] = ax + start * dx, ay + start * dy
        pieces[count, 2], pieces[count, 3] = ax + stop * dx, ay + stop * dy
        count += 1
        row = behind.row[k]
        if streets.level[e] != 0:
            if behind.over_water[row]:
                marks.bridged[e] = circle
            continue
        inside = inside and behind.inside[row]
        for m in range(behind.face_from[row], behind.face_from[row + 1]):
            if not behind.wet[behind.face[m]]:
                marks.entered[behind.face[m]] = circle
                entered = True
    return count, inside, entered


@kernel
def _pieces(
    c: Any, limit: Any, asked: Any, distance: Any, streets: Any, from_x: Any, from_y: Any, behind: Any, marks: Any, circle: Any, whole: Any, now: Any
) -> Any:
    """Return the straight pieces of street within the limit, those of edges that all lie within it first; how many of these there are; whether
    all lie inside faces, and whether any do. ``whole`` has ``now`` for edges that all lie within the limit.
    """
    room = 0
    for m in range(asked.first[c], asked.first[c + 1]):
        for k in range(streets.first[asked.node[m]], streets.first[asked.node[m] + 1]):
            room += streets.shape_at[streets.edge[k] + 1] - streets.shape_at[streets.edge[k]]
    for v in range(asked.venue_from[c], asked.venue_from[c + 1]):
        e = asked.edge[v]
        room += streets.shape_at[e + 1] - streets.shape_at[e] + asked.leg_from[v + 1] - asked.leg_from[v]
    pieces = np.empty((room, 4))
    count, whole_count, all_inside, any_entered = 0, 0, True, False
    for turn in range(2):
        for m in range(asked.first[c], asked.first[c + 1]):
            node = asked.node[m]
            left = limit - asked.distance[m]
            if left < 0:
                continue
            for i in range(streets.first[node], streets.first[node + 1]):
                e = streets.edge[i]
                if whole[e] == now:
                    continue
                at_a = streets.a[e] == node
                other = streets.b[e] if at_a else streets.a[e]
                spare = limit - distance[other] if other != node else -1
                low, high = _from_ends(at_a, other == node, streets.one_way[e], streets.length[e], left, spare)
                full = low <= 0 and high >= streets.length[e]
                if high <= low or full != (turn == 0):
                    continue
                if full:
                    whole[e] = now
                count, inside, entered = _added(e, low, high, streets, from_x, from_y, behind, marks, circle, pieces, count)
                all_inside, any_entered = all_inside and inside, any_entered or entered
        if turn == 0:
            whole_count = count
    for v in range(asked.venue_from[c], asked.venue_from[c + 1]):
        e, left = asked.edge[v], limit - asked.access[v]
        if left < 0:
            continue
        low, high = _from_door(asked.position[v], streets.one_way[e], streets.length[e], left)
        if high > low and whole[e] != now:
            count, inside, entered = _added(e, low, high, streets, from_x, from_y, behind, marks, circle, pieces, count)
            all_inside, any_entered = all_inside and inside, any_entered or entered
        for k in range(asked.leg_from[v], asked.leg_from[v + 1]):
            pieces[count] = asked.leg[k]
            count += 1
        for k in range(asked.behind_from[v], asked.behind_from[v + 1]):
            if not behind.wet[asked.behind[k]]:
                marks.entered[asked.behind[k]] = circle
                any_entered = True
    return pieces[:count], whole_count, all_inside, any_entered


@kernel
def _from_close(close: Any, whole: Any, now: Any, left: Any, bottom: Any, columns: Any, squares: Any, closest: Any) -> None:
    """Set each raster point to its squared distance to the closest edge that lies within the limit as a whole."""
    for i in range(squares.shape[0]):
        for j in range(squares.shape[1]):
            place = (bottom + i) * columns + left + j
            for m in range(close.first[place], close.first[place + 1]):
                if whole[close.edge[m]] == now:
                    squares[i, j], closest[i, j] = close.square[m], close.corner[m]
                    break


@kernel
def _one(
    pieces: Any, whole_count: Any, whole: Any, streets: Any, from_x: Any, from_y: Any, close: Any, rims: Any, marks: Any,
    circle: Any, now: Any, shut: Any, width: Any, cell: Any,
) -> Any:  # fmt: skip
    """Return one circle as :func:`gridmap.circles.rasters.in_order` does, and how cutting it went."""
    low_x, low_y, high_x, high_y = np.inf, np.inf, -np.inf, -np.inf
    for k in range(pieces.shape[0]):
        low_x, high_x = min(low_x, min(pieces[k, 0], pieces[k, 2])), max(high_x, max(pieces[k, 0], pieces[k, 2]))
        low_y, high_y = min(low_y, min(pieces[k, 1], pieces[k, 3])), max(high_y, max(pieces[k, 1], pieces[k, 3]))
    halvings, left, bottom, rows, columns = window(low_x, low_y, high_x, high_y, width, cell)
    cell /= 2**halvings
    squares = np.full((rows, columns), np.float32(4 * width * width))
    listed = halvings == 0 and close.first.size > 1
    # Far from everything any piece will do: number -1 is the first in the list, 0 the first of the network.
    closest = np.full((rows, columns), np.int32(0 if listed else -1))
    drawn = pieces
    if listed:
        _from_close(close, whole, now, left, bottom, rims.columns, squares, closest)
        drawn = pieces[whole_count:]
    distances(drawn, left * cell, bottom * cell, width + 0.5 * cell, cell, squares, closest)
    corners, side, within, first = rings(drawn, streets.shape, from_x, from_y, squares, closest, left, bottom, width, cell)
    corners, side, first, state = clipped(
        corners, side, within, first, squares, left, bottom, halvings, width, cell, rims, marks, circle, now, shut
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
            pieces, whole_count, all_inside, entered = _pieces(
                c, limits[turn], asked, distance, streets, from_x, from_y, behind, marks, c + 1, whole, now
            )  # fmt: skip
            if pieces.shape[0] > 0:
                any_entered = any_entered or entered
                shut = shut and all_inside and any_entered
                own, own_begins, own_parts, state = _one(
                    pieces, whole_count, whole, streets, from_x, from_y, close, rims, marks, c + 1, now, shut, width, cell
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

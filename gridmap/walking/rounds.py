"""Daily rounds: how far a grid worker walks who calls at every door of a grid and comes back to the first."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from gridmap.kernels import lean_kernel
from gridmap.walking.doors import CM, Doors
from gridmap.walking.network import Network
from gridmap.walking.reach import FAR, Arcs, arcs, reached

WIDEST_CM = 500_000
"""No two doors of one grid are farther apart than 5 km; those that are, or that no street joins, give no round."""

NEAR_CM = 60_000
"""The doors of most grids are within 600 m of each other. Only those of the others are looked for farther away."""

FARTHER = 3
"""... so many times as far, each time."""

Centimetres = npt.NDArray[np.int64]


def daily_rounds(network: Network, doors: Doors, grid_of: pd.Series) -> pd.DataFrame:
    """Return for each grid the length of a daily round and the longest walk from one of its doors to another, in metres, two decimals.

    ``grid_of`` names the grid of each building or stairwell by building id; several stairwells of one building have one door. Columns: ``doors``,
    ``without_door`` (buildings without a street), ``round_m``, ``longest_m``; both missing where doors of the grid cannot be reached from each other.
    The round is a good one, not proved to be the shortest: doors are inserted one by one and pieces of the round turned and moved while that helps.
    """
    row = {door: number for number, door in enumerate(doors.id)}
    graph = arcs(network, towards=False)
    found = []
    members = grid_of.dropna()
    for grid, buildings in members.groupby(members, sort=True):
        rows = np.array(sorted({row[each] for each in buildings.index if each in row}), dtype=np.int64)
        linked = rows[doors.linked[rows]]
        apart = door_distances(network, graph, doors.take(linked))
        whole = len(linked) > 0 and bool((apart < FAR).all())
        round_m = tour_length(apart) / CM if whole else np.nan
        longest_m = float(apart.max()) / CM if whole else np.nan
        found.append((str(grid), len(linked), len(rows) - len(linked), round_m, longest_m))
    table = pd.DataFrame(found, columns=["grid_id", "doors", "without_door", "round_m", "longest_m"])
    return table.set_index("grid_id")


def door_distances(network: Network, graph: Arcs, doors: Doors) -> Centimetres:
    """Return the walk from each door to each other in whole centimetres, from step to step; ``FAR`` where it is longer than :data:`WIDEST_CM`."""
    limit_cm = NEAR_CM
    while True:
        apart = _apart_within(network, graph, doors, limit_cm)
        if limit_cm == WIDEST_CM or bool((apart < FAR).all()):
            return apart
        limit_cm = min(FARTHER * limit_cm, WIDEST_CM)


def _apart_within(network: Network, graph: Arcs, doors: Doors, limit_cm: int) -> Centimetres:
    """Return the walks of at most ``limit_cm`` on streets, with the access legs at both ends; ``FAR`` for all longer ones."""
    count = len(doors)
    apart = np.full((count, count), FAR, dtype=np.int64)
    edge, position, access = doors.edge, doors.position_cm.astype(np.int64), doors.access_cm.astype(np.int64)
    if not count:
        return apart
    length, both = network.length_cm[edge].astype(np.int64), ~network.one_way[edge]
    first = np.concatenate(([0], np.cumsum(1 + both.astype(np.int64))))
    node, start = np.empty(first[-1], dtype=np.int32), np.empty(first[-1], dtype=np.int32)
    node[first[:-1]], start[first[:-1]] = network.b[edge], length - position
    node[first[:-1][both] + 1], start[first[:-1][both] + 1] = network.a[edge][both], position[both]
    sets = reached(graph, node, start, first, limit_cm=limit_cm)
    distance = np.full(network.nodes, FAR, dtype=np.int64)
    for one in range(count):
        mine = slice(sets.first[one], sets.first[one + 1])
        distance[sets.node[mine]] = sets.distance_cm[mine]
        walked = np.minimum(distance[network.a[edge]] + position, np.where(both, distance[network.b[edge]] + length - position, FAR))
        ahead = position - position[one]
        beside = (edge == edge[one]) & ((ahead >= 0) | both)
        walked = np.where(beside, np.minimum(walked, np.abs(ahead)), walked)
        # A walk by a node that was not reached is longer than the limit.
        there = walked <= limit_cm
        apart[one, there] = walked[there] + access[one] + access[there]
        distance[sets.node[mine]] = FAR
    np.fill_diagonal(apart, 0)
    return apart


def tour_length(apart: Centimetres) -> int:
    """Return the length of a short tour through all places and back; the walk there and the walk back count as equally long, the longer of the two.

    >>> tour_length(np.array([[0, 3, 4], [3, 0, 5], [4, 5, 0]]))
    12
    """
    count = len(apart)
    if count < 2:
        return 0
    there_or_back = np.ascontiguousarray(np.maximum(apart, apart.T), dtype=np.int64)
    tour, room = np.zeros(count, dtype=np.int64), np.empty(count, dtype=np.int64)
    _insert(there_or_back, tour, room)
    if count > 3:
        _shorten(there_or_back, tour, room)
    return int(there_or_back[tour, np.roll(tour, -1)].sum())


@lean_kernel
def _insert(apart: Any, tour: Any, near: Any) -> None:
    """Make a tour, which begins at place 0, by putting in, each time, the place farthest from the tour where it adds least."""
    count = tour.size
    for each in range(count):
        near[each] = apart[0, each]
    near[0] = -1
    for size in range(1, count):
        place = 0
        for each in range(count):
            if near[each] > near[place]:
                place = each
        best, at = np.int64(2**62), 0
        for k in range(size):
            one, other = tour[k], tour[(k + 1) % size]
            adds = apart[one, place] + apart[place, other] - apart[one, other]
            if adds < best:
                best, at = adds, k
        for k in range(size, at + 1, -1):
            tour[k] = tour[k - 1]
        tour[at + 1] = place
        # Places of the tour are at -1 and stay there.
        near[place] = -1
        for each in range(count):
            near[each] = min(near[each], apart[place, each])


@lean_kernel
def _shorten(apart: Any, tour: Any, room: Any) -> None:
    """Turn and move pieces of the tour while that makes it shorter."""
    while _turned(apart, tour) or _moved(apart, tour, room):
        pass


@lean_kernel
def _turned(apart: Any, tour: Any) -> bool:
    """Turn a piece of the tour round where that makes it shorter; return whether any was."""
    count = tour.size
    better = False
    for i in range(count - 1):
        for j in range(i + 2, count - (1 if i == 0 else 0)):
            a, b, c, d = tour[i], tour[i + 1], tour[j], tour[(j + 1) % count]
            if apart[a, c] + apart[b, d] < apart[a, b] + apart[c, d]:
                for k in range((j - i) // 2):
                    tour[i + 1 + k], tour[j - k] = tour[j - k], tour[i + 1 + k]
                better = True
    return better


@lean_kernel
def _moved(apart: Any, tour: Any, rolled: Any) -> bool:
    """Move one to three places that follow each other elsewhere where that makes the tour shorter; return whether any were."""
    count = tour.size
    for size in range(1, min(4, count - 1)):
        for i in range(count):
            for k in range(count):
                rolled[k] = tour[(i + k) % count]
            head, tail, after, before = rolled[0], rolled[size - 1], rolled[size], rolled[count - 1]
            gain = apart[before, head] + apart[tail, after] - apart[before, after]
            for k in range(size, count - 1):
                one, other = rolled[k], rolled[k + 1]
                straight = apart[one, head] + apart[tail, other] - apart[one, other]
                reverse = apart[one, tail] + apart[head, other] - apart[one, other]
                if min(straight, reverse) < gain:
                    for j in range(size, k + 1):
                        tour[j - size] = rolled[j]
                    for j in range(size):
                        tour[k + 1 - size + j] = rolled[j] if straight <= reverse else rolled[size - 1 - j]
                    for j in range(k + 1, count):
                        tour[j] = rolled[j]
                    return True
    return False

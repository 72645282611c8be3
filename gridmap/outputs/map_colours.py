"""Colours for grids, so that neighbours differ."""

from __future__ import annotations

import heapq

import numpy as np
import numpy.typing as npt


def greedy_colours(count: int, pairs: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return a colour number for each of ``count`` things so that the two of every pair differ.

    ``pairs`` is an array of positions, shape (n, 2). Coloured in smallest-last order (Matula and Beck 1983): things that lie beside one
    another on flat land never need more than six colours. The same input gives the same colours.

    >>> greedy_colours(3, np.array([[0, 1], [1, 2]])).tolist()
    [0, 1, 0]
    """
    neighbours: list[set[int]] = [set() for _ in range(count)]
    for one, other in pairs.tolist():
        if one != other:
            neighbours[one].add(other)
            neighbours[other].add(one)
    colours = np.full(count, -1, dtype=np.int64)
    for position in reversed(_smallest_first(neighbours)):
        taken = {int(colours[each]) for each in neighbours[position]}
        colours[position] = next(colour for colour in range(count) if colour not in taken)
    return colours


def _smallest_first(neighbours: list[set[int]]) -> list[int]:
    """Return the positions in the order of taking away, again and again, the one with the fewest neighbours left."""
    left = [len(each) for each in neighbours]
    # Among equals the later one goes first, so that the first of the table is coloured first.
    queue = [(degree, -position) for position, degree in enumerate(left)]
    heapq.heapify(queue)
    taken: list[int] = []
    gone = [False] * len(neighbours)
    while queue:
        degree, negative = heapq.heappop(queue)
        position = -negative
        if gone[position] or degree != left[position]:
            continue
        gone[position] = True
        taken.append(position)
        for other in neighbours[position]:
            if not gone[other]:
                left[other] -= 1
                heapq.heappush(queue, (left[other], -other))
    return taken

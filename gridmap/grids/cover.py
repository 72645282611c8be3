"""Exact cover: of many candidate grids, the cheapest set that holds every atom once, by depth-first search with prices of atoms as a bound."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gridmap.grids.graph import Floats, Ints
from gridmap.kernels import lean_kernel

Words = npt.NDArray[np.uint64]

NODES_AT_ONCE = 2_000
"""Someone who wants to stop waits no longer than this takes."""
NONE, COVERED, NO_ROOM = -1, -2, -3
ONE = np.uint64(1)


class Descent(NamedTuple):
    """Where a search for a cover stands. ``masks``: the atoms of each grid, as bits. By depth: where its live grids begin and end in ``live``, the
    next of them to try, the atom to hold, the grid taken.

    ``whole``: the atoms to hold, as bits. ``covered``: those held so far. ``total``: the costs so far. ``holders``: room by atom.
    """

    masks: Words
    whole: Words
    live: Ints
    begin: Ints
    end: Ints
    following: Ints
    atom: Ints
    taken: Ints
    covered: Words
    total: Floats
    holders: Ints


def exact_cover(
    atoms: Ints,
    start: Ints,
    reduced: Floats,
    value: Floats,
    count: int,
    required: int,
    number: int,
    slack: float,
    offset: float,
    nodes: int,
    chosen: Ints,
) -> tuple[int, float, bool]:
    """Find grids that hold each of the first ``required`` of ``count`` atoms once, and no other atom twice, at the least sum of ``value`` and
    ``offset`` below ``slack``: ``number`` grids, any number when that is 0.

    Grid c holds ``atoms[start[c]:start[c + 1]]``. ``reduced`` (its cost less its prices) must be sorted upwards and not negative; no cover's sum of
    it is above that of ``value`` and ``offset`` (they differ where cuts have prices). Returns how many grids of the best cover stand in ``chosen`` (0
    when none was found), their sum, and whether the search came to its end within ``nodes``.

    At each node the atom that fewest remaining grids can still hold is given to each of them in turn, cheapest first.
    """
    descent = _at_the_top(len(start) - 1, count, required)
    _fill_masks(atoms, start, descent.masks)
    descent.atom[0] = _scarcest(atoms, start, descent, 0, required)
    depth, size, best = 0, 0, slack
    for looked in range(0, nodes, NODES_AT_ONCE):
        at_once = min(NODES_AT_ONCE, nodes - looked)
        depth, size, best = _covered(atoms, start, reduced, value, descent, required, number, offset, at_once, chosen, depth, size, best)
        if depth < 0:
            break
    return int(size), float(best), depth == NONE


@lean_kernel
def _covered(
    atoms: Ints,
    start: Ints,
    reduced: Floats,
    value: Floats,
    descent: Descent,
    required: int,
    number: int,
    offset: float,
    nodes: int,
    chosen: Ints,
    depth: int,
    best_size: int,
    best: float,
) -> tuple[int, int, float]:
    """Go on from ``depth`` as :func:`exact_cover` says. Return the depth to go on from, ``NONE`` at the end or ``NO_ROOM``, and the best cover's size
    and sum.
    """
    looked = 0
    while depth >= 0 and looked < nodes:
        c = _next_grid(descent, reduced, depth, best) if descent.atom[depth] >= 0 else NONE
        if c < 0:
            depth -= 1
            continue
        looked += 1
        if not _take(descent, reduced, depth, c, best):
            return NO_ROOM, best_size, best
        depth += 1
        descent.atom[depth] = _scarcest(atoms, start, descent, depth, required)
        if descent.atom[depth] == COVERED:
            total = offset
            for d in range(depth):
                total += value[descent.taken[d]]
            if total < best and number in (0, depth):
                best, best_size = total, depth
                for d in range(depth):
                    chosen[d] = descent.taken[d]
            depth -= 1
    return depth, best_size, best


def _at_the_top(grids: int, count: int, required: int) -> Descent:
    """Return a descent in which every grid is live, nothing is taken, and the first ``required`` of ``count`` atoms are to be held."""
    # The live grids become fewer from depth to depth; in the rare case that this room does not suffice the search ends early.
    live, words = np.empty(24 * grids + 64, np.int64), (count + 63) // 64
    live[:grids] = np.arange(grids)
    begin, end, following, atom, taken = (np.zeros(count + 2, np.int64) for _ in range(5))
    end[0] = grids
    whole = np.zeros(words, np.uint64)
    for i in range(required):
        whole[i >> 6] |= ONE << np.uint64(i & 63)
    masks, covered = np.zeros((grids, words), np.uint64), np.zeros((count + 2, words), np.uint64)
    return Descent(masks, whole, live, begin, end, following, atom, taken, covered, np.zeros(count + 2), np.zeros(count, np.int64))


@lean_kernel
def _next_grid(descent: Descent, reduced: Floats, depth: int, best: float) -> int:
    """Return the next live grid that holds the atom of ``depth`` and is not too dear; -1 when there is none left."""
    atom = descent.atom[depth]
    at = descent.begin[depth] + descent.following[depth]
    while at < descent.end[depth]:
        c = descent.live[at]
        if descent.total[depth] + reduced[c] >= best:
            return NONE
        at += 1
        if descent.masks[c, atom >> 6] >> np.uint64(atom & 63) & ONE:
            descent.following[depth] = at - descent.begin[depth]
            return c
    return NONE


@lean_kernel
def _take(descent: Descent, reduced: Floats, depth: int, c: int, best: float) -> bool:
    """Take grid ``c`` and list what stays live below; False when there is no room for the list."""
    below, masks = depth + 1, descent.masks
    words = masks.shape[1]
    kept = descent.end[depth]
    if kept + descent.end[depth] - descent.begin[depth] > len(descent.live):
        return False
    descent.taken[depth] = c
    descent.total[below] = descent.total[depth] + reduced[c]
    for w in range(words):
        descent.covered[below, w] = descent.covered[depth, w] | masks[c, w]
    descent.begin[below] = kept
    for k in range(descent.begin[depth], descent.end[depth]):
        other = descent.live[k]
        if descent.total[below] + reduced[other] >= best:
            break
        clash = False
        for w in range(words):
            clash = clash or masks[other, w] & masks[c, w] != 0
        if not clash:
            descent.live[kept] = other
            kept += 1
    descent.end[below] = kept
    descent.following[below] = 0
    return True


@lean_kernel
def _fill_masks(atoms: Ints, start: Ints, masks: Words) -> None:
    for c in range(len(start) - 1):
        for a in range(start[c], start[c + 1]):
            masks[c, atoms[a] >> 6] |= ONE << np.uint64(atoms[a] & 63)


@lean_kernel
def _scarcest(atoms: Ints, start: Ints, descent: Descent, depth: int, required: int) -> int:
    """Return the required atom not yet covered that fewest live grids hold; -1 when one has none, ``COVERED`` when all are covered."""
    begin, end = descent.begin[depth], descent.end[depth]
    if not _within_reach(descent, depth):
        return NONE
    for i in range(len(descent.holders)):
        descent.holders[i] = 0
    for k in range(begin, end):
        c = descent.live[k]
        for a in range(start[c], start[c + 1]):
            descent.holders[atoms[a]] += 1
    best, fewest = COVERED, end - begin + 1
    for i in range(required):
        if not descent.covered[depth, i >> 6] >> np.uint64(i & 63) & ONE and descent.holders[i] < fewest:
            best, fewest = i, descent.holders[i]
    return best


@lean_kernel
def _within_reach(descent: Descent, depth: int) -> bool:
    """Say whether each required atom is covered or held by a live grid: which most often is not so, and seen sooner than counted."""
    for w in range(len(descent.whole)):
        lacking = descent.whole[w] & ~descent.covered[depth, w]
        k = descent.begin[depth]
        while lacking != 0 and k < descent.end[depth]:
            lacking &= ~descent.masks[descent.live[k], w]
            k += 1
        if lacking != 0:
            return False
    return True

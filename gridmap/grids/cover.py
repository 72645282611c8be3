"""Exact cover: of many candidate grids, the cheapest set that holds every atom once, by depth-first search with prices of atoms as a bound."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gridmap.grids.graph import Floats, Ints
from gridmap.kernels import kernel

Words = npt.NDArray[np.uint64]


@kernel
def exact_cover(atoms: Ints, start: Ints, reduced: Floats, count: int, slack: float, nodes: int, chosen: Ints) -> tuple[int, float, bool]:
    """Find grids that hold each of ``count`` atoms once, their ``reduced`` costs summing to less than ``slack`` and as little as can be.

    Grid c holds ``atoms[start[c]:start[c + 1]]``; ``reduced`` (its cost less the prices of its atoms) must be sorted upwards and not negative. Returns how
    many grids of the best cover stand in ``chosen`` (0 when none was found), their sum, and whether the search came to its end within ``nodes``.

    At each node the atom that fewest remaining grids can still hold is given to each of them in turn, cheapest first.
    """
    grids = len(start) - 1
    masks = _masks(atoms, start, count)
    words = masks.shape[1]
    covered = np.zeros((count + 1, words), np.uint64)
    room = 24 * grids + 64
    live = np.empty(room, np.int64)
    # By depth: where its live grids begin and end, the next one to try, the atom to hold, the sum so far, the grid taken.
    begin, end, following = np.zeros(count + 2, np.int64), np.zeros(count + 2, np.int64), np.zeros(count + 2, np.int64)
    atom, taken, total = np.zeros(count + 2, np.int64), np.zeros(count + 2, np.int64), np.zeros(count + 2)
    holders = np.zeros(count, np.int64)
    for c in range(grids):
        live[c] = c
    end[0] = grids
    best, best_size, looked, depth = slack, 0, 0, 0
    atom[0] = _scarcest(atoms, start, live, 0, grids, covered[0], count, holders)
    while depth >= 0:
        if atom[depth] < 0 or looked > nodes:
            depth -= 1
            continue
        c = -1
        while following[depth] < end[depth] - begin[depth]:
            candidate = live[begin[depth] + following[depth]]
            following[depth] += 1
            if total[depth] + reduced[candidate] >= best:
                following[depth] = end[depth]
            elif masks[candidate, atom[depth] >> 6] >> np.uint64(atom[depth] & 63) & np.uint64(1):
                c = candidate
                break
        if c < 0:
            depth -= 1
            continue
        looked += 1
        below = depth + 1
        taken[depth] = c
        total[below] = total[depth] + reduced[c]
        full = True
        for w in range(words):
            covered[below, w] = covered[depth, w] | masks[c, w]
        begin[below] = end[depth]
        kept = begin[below]
        if kept + end[depth] - begin[depth] > room:
            looked = nodes + 1
            continue
        for k in range(begin[depth], end[depth]):
            other = live[k]
            if total[below] + reduced[other] >= best:
                break
            clash = np.uint64(0)
            for w in range(words):
                clash |= masks[other, w] & masks[c, w]
            if clash == 0:
                live[kept] = other
                kept += 1
        end[below] = kept
        following[below] = 0
        atom[below] = _scarcest(atoms, start, live, begin[below], kept, covered[below], count, holders)
        full = atom[below] == -2
        if full:
            best, best_size = total[below], below
            for d in range(below):
                chosen[d] = taken[d]
        else:
            depth = below
    return best_size, best, looked <= nodes


@kernel
def _masks(atoms: Ints, start: Ints, count: int) -> Words:
    masks = np.zeros((len(start) - 1, (count + 63) // 64), np.uint64)
    for c in range(len(start) - 1):
        for a in range(start[c], start[c + 1]):
            masks[c, atoms[a] >> 6] |= np.uint64(1) << np.uint64(atoms[a] & 63)
    return masks


@kernel
def _scarcest(atoms: Ints, start: Ints, live: Ints, begin: int, end: int, covered: Words, count: int, holders: Ints) -> int:
    """Return the atom not yet covered that fewest live grids hold; -1 when one has none, -2 when all atoms are covered."""
    holders[:] = 0
    for k in range(begin, end):
        for a in range(start[live[k]], start[live[k] + 1]):
            holders[atoms[a]] += 1
    best, fewest = -2, end - begin + 1
    for i in range(count):
        if not covered[i >> 6] >> np.uint64(i & 63) & np.uint64(1) and holders[i] < fewest:
            best, fewest = i, holders[i]
    return -1 if best >= 0 and fewest == 0 else best

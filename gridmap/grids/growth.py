"""Connected sets of atoms as bits of words, and how they grow atom by atom, so that each set comes once.

From a root atom a set grows by one atom beside it, which is then either taken or left out.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gridmap.grids.division import Limits, arithmetic_violation, outside
from gridmap.grids.graph import Ints
from gridmap.grids.treecut import Net
from gridmap.kernels import lean_kernel

Words = npt.NDArray[np.uint64]

NOTHING, ONE, WORD = np.uint64(0), np.uint64(1), np.uint64(63)
SPREAD = np.uint64(0x03F79D71B4CB0A89)
"""A de Bruijn number: its first six bits are others for each shift of it."""
PLACES = np.zeros(64, np.int64)
PLACES[(SPREAD << np.arange(64, dtype=np.uint64)) >> np.uint64(58)] = np.arange(64)


class Ground(NamedTuple):
    """Where sets grow: the ``households`` of each atom, those ``beside`` it that a grid can hold together with it, and for each number of households
    that there is room for the atoms ``fitting``, which have no more.
    """

    households: Ints
    beside: Words
    fitting: Words


class Growth(NamedTuple):
    """How a set grew, by depth: the atoms ``taken``, those ``near`` them (taken or not), the ``front`` to decide on, the atoms ``out``, of which all
    is decided (those taken too), and the ``load`` in households.
    """

    taken: Words
    near: Words
    front: Words
    out: Words
    load: Ints


def ground_of(net: Net, most: int) -> Ground:
    """Return the ground of a part for sets of up to ``most`` households."""
    count, words = len(net.households), (len(net.households) + 63) // 64
    beside, fitting = np.zeros((count, words), np.uint64), np.zeros((most + 1, words), np.uint64)
    _fill_beside(net, beside)
    for atom, households in enumerate(net.households):
        fitting[households:, atom >> 6] |= ONE << np.uint64(atom & 63)
    return Ground(net.households, beside, fitting)


def empty_growth(count: int, words: int) -> Growth:
    """Return room for the growth of sets of ``count`` atoms."""
    return Growth(*np.zeros((4, count + 2, words), np.uint64), np.zeros(count + 2, np.int64))


@lean_kernel
def _fill_beside(net: Net, beside: Words) -> None:
    for i in range(len(beside)):
        for e in range(net.indptr[i], net.crossable_end[i]):
            other = net.indices[e]
            beside[i, other >> 6] |= ONE << (np.uint64(other) & WORD)


@lean_kernel
def fill_alone(households: Ints, limits: Limits, violation: int, alone: Words) -> int:
    """Add to ``alone`` the atoms that can be a grid by themselves; return the households of all."""
    total = np.int64(0)
    for i in range(len(households)):
        total += households[i]
        if outside(households[i], limits) <= violation:
            alone[i >> 6] |= ONE << (np.uint64(i) & WORD)
    return total


@lean_kernel
def begin(ground: Ground, growth: Growth, root: int) -> None:
    """Begin a set with ``root``; atoms before it are left out."""
    beside, first = ground.beside[root], np.int64(0)
    for w in range(len(beside)):
        growth.taken[0, w] = NOTHING
        growth.out[0, w] = _first_bits(root + 1, w)
        growth.near[0, w] = beside[w]
        growth.front[0, w] = beside[w] & ~growth.out[0, w]
    growth.taken[0, root >> 6] = ONE << (np.uint64(root) & WORD)
    growth.load[0] = ground.households[root]
    _leave_out_too_large(ground, growth, first)


@lean_kernel
def leave_out(growth: Growth, depth: int, atom: int) -> None:
    """Decide on an atom beside the set at ``depth``: it is not among what grows from there."""
    bit = ONE << (np.uint64(atom) & WORD)
    growth.front[depth, atom >> 6] ^= bit
    growth.out[depth, atom >> 6] |= bit


@lean_kernel
def take(ground: Ground, growth: Growth, depth: int, atom: int) -> None:
    """Put at ``depth + 1`` the set at ``depth`` with an atom beside it, which is left out at ``depth`` from now on."""
    leave_out(growth, depth, atom)
    beside = ground.beside[atom]
    for w in range(len(beside)):
        growth.taken[depth + 1, w] = growth.taken[depth, w]
        growth.near[depth + 1, w] = growth.near[depth, w] | beside[w]
        growth.out[depth + 1, w] = growth.out[depth, w]
        growth.front[depth + 1, w] = (growth.front[depth, w] | beside[w]) & ~growth.out[depth, w]
    growth.taken[depth + 1, atom >> 6] |= ONE << (np.uint64(atom) & WORD)
    growth.load[depth + 1] = growth.load[depth] + ground.households[atom]
    _leave_out_too_large(ground, growth, depth + 1)


@lean_kernel
def _leave_out_too_large(ground: Ground, growth: Growth, depth: int) -> None:
    """Decide on the atoms beside the set at ``depth`` that there is no room for."""
    room = len(ground.fitting) - 1 - growth.load[depth]
    for w in range(ground.beside.shape[1]):
        too_large = growth.front[depth, w]
        if room >= 0:
            too_large &= ~ground.fitting[room, w]
        growth.front[depth, w] ^= too_large
        growth.out[depth, w] |= too_large


@lean_kernel
def shuts_in(beside: Words, taken: Words, out: Words, near: Words, alone: Words) -> bool:
    """Say whether an atom near the last one taken was left out, is shut in now and can be no grid of its own."""
    for w in range(len(near)):
        word = near[w] & out[w] & ~taken[w] & ~alone[w]
        while word != NOTHING:
            atom = 64 * w + trailing_zeros(word)
            word &= word - ONE
            free = False
            for v in range(len(near)):
                free = free or beside[atom, v] & ~taken[v] != NOTHING
            if not free:
                return True
    return False


@lean_kernel
def leaves_divisible(ground: Ground, total: int, growth: Growth, depth: int, limits: Limits, violation: int, room: Words) -> bool:
    """Say whether, by their households alone, the pieces that a grid leaves over can be divided with ``violation`` outside the bounds in all."""
    households, beside, taken, load = ground.households, ground.beside, growth.taken[depth], growth.load[depth]
    words, outside_so_far = beside.shape[1], outside(load, limits)
    around, left, edge = room[0], room[1], room[2]
    for w in range(words):
        around[w] = growth.near[depth, w] & ~taken[w]
        left[w], edge[w] = around[w], NOTHING
    if _is_empty(around):
        return outside_so_far <= violation
    # In one piece the rest is divided at least as well as in several.
    if outside_so_far + arithmetic_violation(total - load, limits.minimum, limits.maximum) > violation:
        return False
    # The pieces all touch the grid. In most cases what touches it holds together, if need be by what lies around that, and there is one piece.
    _take_piece(households, beside, left, edge)
    if not _is_empty(left):
        for w in range(words):
            left[w] = around[w]
        _add_beside(beside, around, left)
        for w in range(words):
            left[w] &= ~taken[w]
        _take_piece(households, beside, left, edge)
        for w in range(words):
            left[w] &= around[w]
    if _is_empty(left):
        return True
    for w in range(words):
        left[w] = _first_bits(len(households), w) & ~taken[w]
    while outside_so_far <= violation and not _is_empty(left):
        piece = _take_piece(households, beside, left, edge)
        outside_so_far += arithmetic_violation(piece, limits.minimum, limits.maximum)
    return outside_so_far <= violation


@lean_kernel
def write(taken: Words, held: Ints, at: int) -> int:
    """Write the atoms of a set from ``at`` on; return where they end."""
    for w in range(len(taken)):
        word = taken[w]
        while word != NOTHING:
            held[at] = 64 * w + trailing_zeros(word)
            word &= word - ONE
            at += 1
    return at


@lean_kernel
def lies_in(atoms: Words, atom: int) -> bool:
    """Say whether a set holds an atom."""
    return atoms[atom >> 6] >> (np.uint64(atom) & WORD) & ONE != NOTHING


@lean_kernel
def lowest_atom(front: Words) -> int:
    """Return the first atom of a set; -1 when it is empty."""
    for w in range(len(front)):
        if front[w] != NOTHING:
            return 64 * w + trailing_zeros(front[w])
    return -1


@lean_kernel
def _first_bits(size: int, word: int) -> np.uint64:
    """Return the word of a set that holds the first ``size`` atoms."""
    inside = size - 64 * word
    if inside <= 0:
        return NOTHING
    return ~NOTHING if inside >= 64 else (ONE << np.uint64(inside)) - ONE


@lean_kernel
def trailing_zeros(word: np.uint64) -> int:
    """Return the position of the lowest bit that is set."""
    return int(PLACES[((word & (~word + ONE)) * SPREAD) >> np.uint64(58)])


@lean_kernel
def _is_empty(atoms: Words) -> bool:
    return lowest_atom(atoms) < 0


@lean_kernel
def _add_beside(beside: Words, atoms: Words, into: Words) -> None:
    """Add to a set all that lies beside some ``atoms``."""
    for w in range(len(atoms)):
        word = atoms[w]
        while word != NOTHING:
            atom = 64 * w + trailing_zeros(word)
            word &= word - ONE
            for v in range(len(into)):
                into[v] |= beside[atom, v]


@lean_kernel
def _take_piece(households: Ints, beside: Words, left: Words, edge: Words) -> int:
    """Take the connected piece with the first atom out of ``left``; return its households, 0 for none. ``edge`` is empty before and after."""
    atom, piece = lowest_atom(left), 0
    if atom >= 0:
        left[atom >> 6] ^= ONE << (np.uint64(atom) & WORD)
        edge[atom >> 6] = ONE << (np.uint64(atom) & WORD)
    while atom >= 0:
        edge[atom >> 6] ^= ONE << (np.uint64(atom) & WORD)
        piece += households[atom]
        for w in range(len(left)):
            more = beside[atom, w] & left[w]
            edge[w] |= more
            left[w] ^= more
        atom = lowest_atom(edge)
    return piece

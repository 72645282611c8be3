"""Cuts that bring the linear program nearer to whole grids: of three atoms, at most one grid can hold two or more.

Subset-row inequalities after Jepsen, Petersen, Spoorendonk and Pisinger, Subset-row inequalities applied to the vehicle-routing problem with time
windows, Operations Research 56 (2008).
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix

from gridmap.grids.graph import Floats, Ints
from gridmap.grids.recombine import Candidates
from gridmap.kernels import lean_kernel

Cuts = Ints
"""int64[m, 3]: three atoms for each cut."""

MOST_CUTS = 60
"""Cuts added at once."""
CUTS_OF_ATOM = 5
"""Of these, so many at most about one atom: others say much the same."""
BROKEN_BY = 0.05
"""A cut is worth adding when it is broken by so much."""
TRIPLES = 4000
"""So many triples, the most promising, are looked at."""


def no_cuts() -> Cuts:
    """Return none."""
    return np.zeros((0, 3), np.int64)


def held_twice(candidates: Candidates, count: int, cuts: Cuts) -> csr_matrix:
    """Return a table with a row for each grid and a column for each cut: 1 where the grid holds two or all of its atoms."""
    rows = np.repeat(np.arange(len(candidates)), np.diff(candidates.start))
    held = csr_matrix((np.ones(len(rows), np.int8), (rows, candidates.atoms)), shape=(len(candidates), count))
    of_three = held[:, cuts[:, 0]] + held[:, cuts[:, 1]] + held[:, cuts[:, 2]]
    return (of_three >= 2).astype(np.float64)


def by_atom(cuts: Cuts, count: int) -> tuple[Ints, Ints]:
    """Return where the cuts of each atom begin, int64[count + 1], and which these are: int64[3 m], the number of the cut."""
    order = np.argsort(cuts.reshape(-1), kind="stable")
    return np.searchsorted(cuts.reshape(-1)[order], np.arange(count + 1)), order // 3


def cuts_held(candidates: Candidates, count: int, cuts: Cuts, prices: Floats) -> Floats:
    """Return for each grid the sum of the ``prices`` of the cuts of which it holds two or all atoms."""
    begin, cut_of = by_atom(cuts, count)
    sums = np.zeros(len(candidates))
    _add_held(candidates.atoms, candidates.start, begin, cut_of, prices, np.zeros(len(cuts), np.int64), sums)
    return sums


@lean_kernel
def _add_held(atoms: Ints, start: Ints, begin: Ints, cut_of: Ints, prices: Floats, held: Ints, sums: Floats) -> None:
    for c in range(len(sums)):
        for a in range(start[c], start[c + 1]):
            for k in range(begin[atoms[a]], begin[atoms[a] + 1]):
                cut = cut_of[k]
                held[cut] += 1
                if held[cut] == 2:
                    sums[c] += prices[cut]
        for a in range(start[c], start[c + 1]):
            for k in range(begin[atoms[a]], begin[atoms[a] + 1]):
                held[cut_of[k]] = 0


def broken_cuts(candidates: Candidates, shares: Floats, count: int, known: Cuts) -> Cuts:
    """Return the cuts that a relaxed choice breaks most: grids chosen by ``shares`` of them. ``known`` cuts are not returned again."""
    partly = np.flatnonzero((shares > 1e-6) & (shares < 1 - 1e-6))
    if not len(partly):
        return no_cuts()
    chosen, shares = candidates.take(partly), shares[partly]
    held = np.zeros((len(chosen), count), np.bool_)
    held[np.repeat(np.arange(len(chosen)), np.diff(chosen.start)), chosen.atoms] = True
    triples = _promising(held, shares)
    of_three = held[:, triples[:, 0]].astype(np.int8) + held[:, triples[:, 1]] + held[:, triples[:, 2]]
    broken = shares @ (of_three >= 2) - 1.0
    old = {tuple(cut) for cut in known.tolist()}
    taken: list[Ints] = []
    about = np.zeros(count, np.int64)
    for triple in np.argsort(-broken, kind="stable"):
        if broken[triple] < BROKEN_BY or len(taken) >= MOST_CUTS:
            break
        atoms = triples[triple]
        if about[atoms].max() < CUTS_OF_ATOM and tuple(atoms.tolist()) not in old:
            about[atoms] += 1
            taken.append(atoms)
    return np.array(taken, np.int64).reshape(-1, 3)


def _promising(held: np.ndarray, shares: Floats) -> Cuts:
    """Return triples of atoms of which each two are partly together, those that are together most first."""
    together = (held * shares[:, None]).T @ held
    np.fill_diagonal(together, 0.0)
    together[(together < 1e-6) | (together > 1 - 1e-6)] = 0.0
    # For each atom the pairs of those that are partly together with it.
    room = int((np.count_nonzero(together, axis=1) ** 2).sum()) // 2 + 1
    triples, sums = np.empty((room, 3), np.int64), np.empty(room)
    found = _fill_triples(together, triples, sums)
    return triples[:found][np.argsort(-sums[:found], kind="stable")[:TRIPLES]]


@lean_kernel
def _fill_triples(together: Floats, triples: Cuts, sums: Floats) -> int:
    """List the triples of which each two are partly together and all come to enough; return how many."""
    count, found = len(together), 0
    for first in range(count):
        for second in range(first + 1, count):
            if together[first, second] > 0.0:
                for third in range(second + 1, count):
                    if together[first, third] > 0.0 and together[second, third] > 0.0:
                        total = together[first, second] + together[first, third] + together[second, third]
                        if total > 1 + BROKEN_BY:
                            triples[found] = first, second, third
                            sums[found] = total
                            found += 1
    return found

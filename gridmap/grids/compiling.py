"""Our kernels compiled beforehand, on a small made-up part.

After an installation the first plan compiles what it needs, which takes longer than most plans. Each half of it can be done by another process; what
one has compiled the others read from the disk.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gridmap.grids.certificate import certificates
from gridmap.grids.division import Limits
from gridmap.grids.exact import ExactEffort, best_division_proved
from gridmap.grids.graph import CommunityGraph, graph_of_pairs
from gridmap.grids.plan import Effort
from gridmap.grids.treecut import net_of
from gridmap.grids.workshop import BUDGETS, Workshop
from gridmap.walking.reach import arcs_of, reached
from gridmap.walking.rounds import tour_length

SIDE = 4
"""Atoms along each side of the part."""
HOUSEHOLDS = 60
"""Households of each."""
LIMITS = Limits(4 * HOUSEHOLDS - 10, 5 * HOUSEHOLDS, 4 * HOUSEHOLDS, 1, 1, 1, 1)


def halves(effort: Effort) -> list[tuple[int, Effort]]:
    """Return the two jobs of :func:`compile_half`."""
    return [(half, effort) for half in range(2)]


def compile_half(job: tuple[int, Effort]) -> None:
    """Compile half of the kernels that a plan of an effort needs: those of the search, or those of proofs and walks."""
    half, effort = job
    work: tuple[Callable[[Effort], None], ...] = (_search, _prove)
    work[half](effort)


def _search(effort: Effort) -> None:
    graph = small_part()
    workshop = Workshop(graph, net_of(graph, None), LIMITS, BUDGETS[effort], (0,))
    workshop.run(0, None)


def _prove(effort: Effort) -> None:
    graph = small_part()
    certificates(graph, LIMITS.minimum, LIMITS.maximum)
    if effort != "quick":
        # Large parts need more, which is compiled when one does.
        best_division_proved(net_of(graph, None), LIMITS, np.arange(len(graph)) // SIDE, ExactEffort(100, 100, 1, 10_000))
    _walk()


def _walk() -> None:
    """Compile what the daily rounds of the plan need, while the other half takes longer."""
    place = np.arange(5, dtype=np.int32)
    graph = arcs_of(len(place), place, np.roll(place, -1), np.full(len(place), 100, np.int32))
    reached(graph, place, np.zeros_like(place), np.arange(len(place) + 1), limit_cm=100)
    tour_length(np.abs(np.subtract.outer(place, place)).astype(np.int64))


def small_part() -> CommunityGraph:
    """Return a square of atoms, each beside those in its row and column."""
    atom = np.arange(SIDE * SIDE).reshape(SIDE, SIDE)
    first = np.concatenate((atom[:, :-1].ravel(), atom[:-1].ravel()))
    second = np.concatenate((atom[:, 1:].ravel(), atom[1:].ravel()))
    border_dm = np.full(len(first), 100)
    open_, none = np.ones(len(first), np.bool_), np.zeros(len(first), np.bool_)
    households, compound = np.full(atom.size, HOUSEHOLDS), atom.ravel() // SIDE
    return graph_of_pairs("", tuple(map(str, atom.ravel())), households, compound, first, second, open_, none, border_dm, border_dm, (1, 1, 1, 1))

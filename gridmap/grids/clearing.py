"""Households that a search left outside the bounds, brought inside where that is possible.

What lies around them is divided anew at best, among all grids that are possible there: first a few grids at a time, then the whole part if its
possible grids can be listed, else with small atoms drawn together.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gridmap.grids.drawn import COARSE_SHARES, Level, Part, drawn_at
from gridmap.grids.exact import ExactEffort, best_division_proved
from gridmap.grids.exchange import outside, window_around
from gridmap.grids.graph import Ints
from gridmap.grids.least import ATOMS_MOST, Least
from gridmap.grids.treecut import net_of
from gridmap.grids.workshop import Found, in_order

WHOLE_PART = ExactEffort(listed=40_000, nodes=30_000, possible=100_000)
"""What dividing a whole part anew may spend ..."""
FEW_GRIDS = ExactEffort(listed=20_000, nodes=4_000, possible=50_000)
"""... what dividing a few of its grids ..."""
DRAWN_TOGETHER = ExactEffort(listed=20_000, nodes=4_000, possible=50_000, streamed=4_000_000, extent=1e6)
"""... and what dividing all of them with small atoms drawn together."""
WINDOWS = (3, 5, 8, 12)
"""So many grids around one outside the bounds are divided anew at once, one number after the other."""


def cleared_level(part: Part, level: Level, least: Least) -> Level:
    """Return a ``level`` with fewer households outside the bounds, if that is found among the atoms as they are drawn together there."""
    drawn = level.drawn
    if not drawn.households or len(drawn.graph) > ATOMS_MOST or least.reached(level.among_atoms.labels):
        return level
    solution = best_division_proved(drawn.net, part.limits, in_order(level.found.labels), FEW_GRIDS)
    return level._replace(found=Found(solution.labels, solution.violation, solution.cost))


def cleared(part: Part, labels: Ints, least: Least) -> Ints:
    """Return ``labels`` with fewer households outside the bounds, if that is found; ``least`` is told when it is proved that there is no better."""
    for grids in WINDOWS:
        labels = _cleared_around(part, labels, grids, least)
    labels, told = _whole(part, labels, least)
    if not told:
        labels = _drawn_together(part, labels, least)
    least.reached_at_last(labels)
    return labels


def _whole(part: Part, labels: Ints, least: Least) -> tuple[Ints, bool]:
    """Return ``labels`` or a better division of the whole part, and whether all of its possible grids were looked at."""
    if least.reached(labels) or len(part.graph) > ATOMS_MOST:
        return labels, False
    solution = best_division_proved(part.net, part.limits, in_order(labels), WHOLE_PART)
    least.violation = max(least.violation, solution.least_violation)
    return solution.labels, solution.bounded


def _drawn_together(part: Part, labels: Ints, least: Least) -> Ints:
    """Return ``labels`` or a better division that keeps small atoms of one grid together, a few of them at first and then more."""
    for share in reversed(COARSE_SHARES):
        drawn = None if least.reached(labels) else drawn_at(part, share, labels)
        if drawn is not None and len(drawn.graph) <= ATOMS_MOST:
            labels = best_division_proved(drawn.net, part.limits, in_order(labels[drawn.first]), DRAWN_TOGETHER).labels[drawn.group]
    return labels


def _cleared_around(part: Part, labels: Ints, grids: int, least: Least) -> Ints:
    """Divide anew so many ``grids`` around each that is outside the bounds, as long as that brings households inside."""
    tried: set[bytes] = set()
    while not least.reached(labels):
        better = _better_around(part, labels, grids, tried)
        if better is None:
            break
        labels = better
    return labels


def _better_around(part: Part, labels: Ints, grids: int, tried: set[bytes]) -> Ints | None:
    """Return ``labels`` with the grids of some window divided anew, None when there is no window where that helps; windows ``tried`` are left out."""
    for atoms in _windows(part, labels, grids):
        if len(atoms) > ATOMS_MOST or len(atoms) == len(labels) or atoms.tobytes() in tried:
            continue
        tried.add(atoms.tobytes())
        better = _divided_anew(part, labels, atoms)
        if better is not None:
            return better
    return None


def _windows(part: Part, labels: Ints, grids: int) -> Iterator[Ints]:
    """Yield the atoms of so many ``grids`` around each that is outside the bounds."""
    load = np.bincount(labels, weights=part.graph.households).astype(np.int64)
    _, first = np.unique(labels, return_index=True)
    for centre in first[outside(load[labels[first]], part.limits) > 0]:
        yield window_around(part.graph, labels, int(centre), grids)


def _divided_anew(part: Part, labels: Ints, atoms: Ints) -> Ints | None:
    """Return ``labels`` with the grids of ``atoms`` divided anew, None when no fewer households are outside the bounds then."""
    graph, own = part.graph.part(atoms), in_order(labels[atoms])
    before = int(outside(np.bincount(own, weights=graph.households).astype(np.int64), part.limits).sum())
    net = net_of(graph, None if part.earlier is None else part.earlier[atoms])
    solution = best_division_proved(net, part.limits, own, FEW_GRIDS)
    if solution.violation >= before:
        return None
    better = labels.copy()
    # The atoms of a window keep numbers of their own until the end.
    better[atoms] = solution.labels + labels.max() + 1
    return in_order(better)

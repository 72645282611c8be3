"""The search for a division of one connected part, with its small atoms drawn together first.

A random tree is cut at best as a start, merge-and-resplit moves anneal it, every grid within the bounds that is met is kept, and of all those the
best set that holds every atom once is found: for the whole part, or window by window where it is large.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np

from gridmap.grids.coarse import SAVED_SHARE, coarse
from gridmap.grids.division import Limits
from gridmap.grids.graph import CommunityGraph, Ints
from gridmap.grids.treecut import Net, net_of
from gridmap.grids.workshop import WINDOW_GRIDS, Budget, Found, Workshop

COARSE_SHARES = (5, 10, 30)
"""Small atoms are drawn together into some of up to these shares of the maximum, the coarsest way first."""


@dataclass(frozen=True, eq=False)
class Part:
    """A connected part of a community to divide: its ``graph``, the same as ``net``, the ``limits`` of a grid, the ``seeds`` of all chance, the grid
    of each atom in an ``earlier`` plan, and how many households are outside the bounds whatever is done.
    """

    graph: CommunityGraph
    net: Net
    limits: Limits
    seeds: tuple[int, ...]
    earlier: Ints | None
    unavoidable: int


class Drawn(NamedTuple):
    """A part with small atoms drawn together into some of up to ``households`` (0: the atoms as they are): ``group`` says which atom went where;
    ``first`` is one atom of each group, ``earlier`` its grid in an earlier plan.
    """

    households: int
    group: Ints
    first: Ints
    graph: CommunityGraph
    earlier: Ints | None

    @property
    def net(self) -> Net:
        """The graph as the kernels read it."""
        return net_of(self.graph, self.earlier)


class Level(NamedTuple):
    """A division ``found`` in a ``workshop`` among atoms ``drawn`` together."""

    drawn: Drawn
    workshop: Workshop
    found: Found

    @property
    def among_atoms(self) -> Found:
        """The same division among the atoms as they are."""
        return self.found._replace(labels=self.found.labels[self.drawn.group])

    def rank(self) -> tuple[int, int]:
        """Return what makes one division better than another, the better one first."""
        return self.found.rank()


def as_they_are(part: Part) -> Drawn:
    """Return the atoms of a part, none drawn together."""
    every = np.arange(len(part.graph))
    return Drawn(0, every, every, part.graph, part.earlier)


def drawn_at(part: Part, share: int, labels: Ints | None = None) -> Drawn | None:
    """Draw together small atoms of a part up to a ``share`` of the maximum; None when that saves little.

    With ``labels`` only those of one grid and of one earlier grid are drawn together, and however few that are.
    """
    kept = [each for each in (labels, part.earlier) if each is not None]
    apart = np.unique(np.stack(kept), axis=1, return_inverse=True)[1] if kept else None
    found = coarse(part.graph, part.limits.maximum // share, earlier=apart, saved=SAVED_SHARE if labels is None else 0.0)
    if found is None:
        return None
    first = np.unique(found.group, return_index=True)[1]
    return Drawn(part.limits.maximum // share, found.group, first, found.graph, None if part.earlier is None else part.earlier[first])


Settled = Callable[[Ints], bool]
"""Says whether a division of a part (the grid of each atom as it is) is known to have as few households outside the bounds as can be."""


def searched(part: Part, budget: Budget, *, shares: Sequence[int] = COARSE_SHARES, settled: Settled | None = None) -> Level:
    """Divide a part with its small atoms drawn together, the coarsest way first, until no more households are outside the bounds than must be.

    ``settled`` is asked where more are outside than is known to be unavoidable.
    """
    ways = [drawn for drawn in (drawn_at(part, share) for share in shares) if drawn is not None] or [as_they_are(part)]
    levels: list[Level] = []
    for number, drawn in enumerate(ways):
        workshop = Workshop(drawn.graph, drawn.net, part.limits, budget, (*part.seeds, number))
        levels.append(Level(drawn, workshop, _solved(workshop, drawn.earlier, partial(_rests, part, settled, drawn))))
        if _rests(part, settled, drawn, levels[-1].found):
            break
    return min(levels, key=Level.rank)


def finished(part: Part, budget: Budget, level: Level, *, settled: Settled | None = None) -> Found:
    """Improve the division of a level among the atoms as they are; ``settled`` as in :func:`searched`."""
    if not level.drawn.households:
        return level.found
    workshop = Workshop(part.graph, part.net, part.limits, budget, part.seeds)
    return _mended(workshop, workshop.measured(level.among_atoms.labels), partial(_rests, part, settled, as_they_are(part)))


def _rests(part: Part, settled: Settled | None, drawn: Drawn, found: Found) -> bool:
    """Say whether a division among atoms ``drawn`` together is known to have as few households outside the bounds as can be."""
    return found.violation <= part.unavoidable or (settled is not None and settled(found.labels[drawn.group]))


def _solved(workshop: Workshop, earlier: Ints | None, rests: Callable[[Found], bool]) -> Found:
    """Divide a part, beginning from the earlier plan or from trees."""
    budget = workshop.budget
    best = workshop.run(0, earlier)
    if best.labels.max() >= WINDOW_GRIDS[-1]:
        return _mended(workshop, best, rests)
    for run in range(1, budget.runs + budget.runs_more):
        if run >= budget.runs:
            best = workshop.recombined(best)
            if rests(best):
                return best
            workshop.tolerance = min(best.violation, workshop.limits.minimum)
        best = min(best, workshop.run(run, None), key=Found.rank)
    return workshop.recombined(best)


def _mended(workshop: Workshop, best: Found, rests: Callable[[Found], bool]) -> Found:
    """Mend the division of a large part, which is better than to begin again: recombine and warm up in turn, as long as it helps."""
    budget = workshop.budget
    for run in range(1, budget.runs + budget.runs_more):
        before, best = best, workshop.recombined(best, everywhere=False)
        if run >= budget.runs and (best.violation == before.violation or rests(best)):
            break
        workshop.tolerance = min(best.violation, workshop.limits.minimum)
        best = min(best, workshop.mend(run, best), key=Found.rank)
    return workshop.recombined(best)

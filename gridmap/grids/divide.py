"""The division of one connected part of a community into grids.

A random tree is cut at best as a start, merge-and-resplit moves anneal it, every grid within the bounds that is met is kept, and of all those the
best set that holds every atom once is found: for the whole part, or window by window where it is large. Small parts are enumerated.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gridmap.grids.certificate import arithmetic_violation
from gridmap.grids.coarse import coarse
from gridmap.grids.division import Limits
from gridmap.grids.enumeration import ENUMERATED_ATOMS, best_division
from gridmap.grids.exchange import ExchangeEffort
from gridmap.grids.graph import CommunityGraph, Ints
from gridmap.grids.plan import Effort
from gridmap.grids.recombine import CoverEffort
from gridmap.grids.treecut import net_of
from gridmap.grids.workshop import WINDOW_GRIDS, Budget, Found, Workshop

BUDGETS: Mapping[Effort, Budget] = {
    "quick": Budget(1, 4, 600, 4, 20_000, 20_000, 0, ExchangeEffort(10_000, 0, CoverEffort(3_000, 20_000, 20))),
    "normal": Budget(2, 6, 600, 4, 20_000, 20_000, 1, ExchangeEffort(20_000, 15_000, CoverEffort(5_000, 20_000, 100))),
    "best": Budget(8, 16, 6_000, 8, 200_000, 1_000_000, 3, ExchangeEffort(100_000, 1_000_000, CoverEffort(40_000, 300_000, 1_000))),
}

COARSE_SHARES = (10, 30)
"""Small atoms are drawn together into some of up to these shares of the maximum, the coarsest way first."""


def divide(graph: CommunityGraph, minimum: int, maximum: int, budget: Budget, seeds: tuple[int, int], earlier: Ints | None) -> Ints:
    """Divide one connected part; return labels from 0 upwards."""
    households = int(graph.households.sum())
    if len(graph) == 1 or households < minimum:
        return np.zeros(len(graph), np.int64)
    net = net_of(graph, earlier)
    limits = Limits(minimum, maximum, (minimum + maximum) // 2, graph.barrier_dm, graph.split_dm, graph.unevenness_dm, graph.moved_dm)
    if len(graph) <= ENUMERATED_ATOMS:
        return best_division(net, limits)[0]
    unavoidable = arithmetic_violation(households, minimum, maximum)
    start = _from_coarse(graph, limits, budget, seeds, earlier, unavoidable)
    workshop = Workshop(graph, net, limits, budget, seeds)
    return (_solved(workshop, earlier, unavoidable) if start is None else _mended(workshop, workshop.measured(start), unavoidable)).labels


def _from_coarse(
    graph: CommunityGraph, limits: Limits, budget: Budget, seeds: tuple[int, int], earlier: Ints | None, unavoidable: int
) -> Ints | None:
    """Divide the graph with its small atoms drawn together, the coarsest way first, until no more households are outside the bounds than must be.

    Returns the best labels, None when there is little to draw together.
    """
    best = None
    for level, share in enumerate(COARSE_SHARES):
        drawn = coarse(graph, limits.maximum // share, earlier=earlier)
        if drawn is None:
            break
        before = None if earlier is None else earlier[np.unique(drawn.group, return_index=True)[1]]
        workshop = Workshop(drawn.graph, net_of(drawn.graph, before), limits, budget, (*seeds, level))
        found = _solved(workshop, before, unavoidable)
        found = found._replace(labels=found.labels[drawn.group])
        best = found if best is None else min(best, found, key=Found.rank)
        if best.violation <= unavoidable:
            break
    return None if best is None else best.labels


def _solved(workshop: Workshop, earlier: Ints | None, unavoidable: int) -> Found:
    """Divide a part, beginning from the earlier plan or from trees."""
    budget = workshop.budget
    best = workshop.run(0, earlier)
    if best.labels.max() >= WINDOW_GRIDS[-1]:
        return _mended(workshop, best, unavoidable)
    for run in range(1, budget.runs + budget.runs_more):
        if run >= budget.runs:
            best = workshop.recombined(best)
            if best.violation <= unavoidable:
                return best
            workshop.tolerance = min(best.violation, workshop.limits.minimum)
        best = min(best, workshop.run(run, None), key=Found.rank)
    return workshop.recombined(best)


def _mended(workshop: Workshop, best: Found, unavoidable: int) -> Found:
    """Mend the division of a large part, which is better than to begin again: recombine and warm up in turn, as long as it helps."""
    budget = workshop.budget
    for run in range(1, budget.runs + budget.runs_more):
        before, best = best, workshop.recombined(best, everywhere=False)
        if run >= budget.runs and (best.violation <= unavoidable or best.violation == before.violation):
            break
        workshop.tolerance = min(best.violation, workshop.limits.minimum)
        best = min(best, workshop.mend(run, best), key=Found.rank)
    return workshop.recombined(best)

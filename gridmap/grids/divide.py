"""The division of one connected part of a community into grids: small parts by trying everything, others by search, then by proof."""

from __future__ import annotations

import numpy as np

from gridmap.grids.clearing import cleared, cleared_level
from gridmap.grids.division import Limits, arithmetic_violation, outside
from gridmap.grids.drawn import Part, finished, searched
from gridmap.grids.enumeration import ENUMERATED_ATOMS, best_division
from gridmap.grids.graph import CommunityGraph, Ints
from gridmap.grids.least import Least
from gridmap.grids.plan import Effort
from gridmap.grids.proving import PROOFS, Divided, proved
from gridmap.grids.treecut import net_of
from gridmap.grids.workshop import BUDGETS, Budget

PROVED_GRIDS = 40
"""Parts with more grids are divided window by window, and not proved."""


def divide(
    graph: CommunityGraph, minimum: int, maximum: int, effort: Effort, seeds: tuple[int, int], earlier: Ints | None, *, least_violation: int = 0
) -> Divided:
    """Divide one connected part, of which ``least_violation`` households are known to be outside the bounds whatever is done."""
    households = int(graph.households.sum())
    net = net_of(graph, earlier)
    limits = Limits(minimum, maximum, (minimum + maximum) // 2, graph.barrier_dm, graph.split_dm, graph.unevenness_dm, graph.moved_dm)
    if len(graph) == 1 or households < minimum:
        return Divided(np.zeros(len(graph), np.int64), outside(households, limits), 0, 0)
    if len(graph) <= ENUMERATED_ATOMS:
        labels, violation = best_division(net, limits)
        return Divided(labels, violation, 0, 0)
    unavoidable = max(arithmetic_violation(households, minimum, maximum), least_violation)
    part = Part(graph, net, limits, seeds, earlier, unavoidable)
    efforts = PROOFS[effort]
    if not efforts or households > PROVED_GRIDS * limits.target:
        return _searched(part, BUDGETS[effort])
    # What a proof follows need not be searched for long.
    return proved(part, searched(part, BUDGETS["quick"]), efforts)


def _searched(part: Part, budget: Budget) -> Divided:
    """Divide a part by search; what that leaves outside the bounds is brought inside or proved to be unavoidable, as far as that takes little."""
    least = Least(part.graph, part.limits, part.unavoidable)
    level = cleared_level(part, searched(part, budget, settled=least.reached), least)
    found = finished(part, budget, level, settled=least.reached)
    return Divided(cleared(part, found.labels, least), least.violation, None, 0)

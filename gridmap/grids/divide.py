"""The division of one connected part of a community into grids: small parts by trying everything, others by search, then by proof."""

from __future__ import annotations

import numpy as np

from gridmap.grids.certificate import arithmetic_violation
from gridmap.grids.division import Limits, outside
from gridmap.grids.drawn import BUDGETS, COARSE_SHARES, Level, Part, finished, searched
from gridmap.grids.enumeration import ENUMERATED_ATOMS, best_division
from gridmap.grids.exact import ExactEffort, best_division_proved
from gridmap.grids.graph import CommunityGraph, Ints
from gridmap.grids.plan import Effort
from gridmap.grids.proving import PROOFS, Divided, proved
from gridmap.grids.treecut import net_of
from gridmap.grids.workshop import Found

PROVED_GRIDS = 40
"""Parts with more grids are divided window by window, and not proved."""
HELPLESS_ATOMS = 40
HELPLESS_EFFORT = ExactEffort(75_000, 10_000, 10_000)
"""Where households stay outside the bounds a proof is much harder and seldom comes: parts of more atoms are tried with little effort, unless it is
the best one.
"""


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
    proof = PROOFS[effort]
    if proof is None or households > PROVED_GRIDS * limits.target:
        return Divided(finished(part, BUDGETS[effort], searched(part, BUDGETS[effort])).labels, unavoidable, None, 0)
    # What a proof follows need not be searched for long, unless households are left outside the bounds.
    level = searched(part, BUDGETS["quick"])
    if level.found.violation > unavoidable:
        level = min(level, searched(part, BUDGETS[effort], shares=COARSE_SHARES[1:]), key=Level.rank)
    best = level.among_atoms
    if best.violation > unavoidable and effort != "best" and len(level.drawn.graph) > HELPLESS_ATOMS:
        best = _helped(part, level, effort)
        if best.violation > unavoidable:
            return Divided(best.labels, unavoidable, None, 0)
    return proved(part, level, best, effort, proof)


def _helped(part: Part, level: Level, effort: Effort) -> Found:
    """Try once to prove the division of a level, then search among the single atoms, to bring more households within the bounds."""
    tried = best_division_proved(level.workshop.net, part.limits, level.found.labels, HELPLESS_EFFORT, pool=level.workshop.met())
    return finished(part, BUDGETS[effort], level._replace(found=Found(tried.labels, tried.violation, tried.cost)))

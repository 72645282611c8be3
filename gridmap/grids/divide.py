"""The division of one connected part of a community into grids.

A random tree is cut at best as a start, merge-and-resplit moves anneal it, every grid within the bounds that is met is kept, and of all those the
best set that holds every atom once is found: for the whole part, or window by window where it is large. Small parts are enumerated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from gridmap.grids.certificate import arithmetic_violation
from gridmap.grids.coarse import coarse
from gridmap.grids.division import Limits, outside
from gridmap.grids.enumeration import ENUMERATED_ATOMS, best_division
from gridmap.grids.exact import ExactEffort, Solution, best_division_proved
from gridmap.grids.exchange import ExchangeEffort
from gridmap.grids.graph import CommunityGraph, Ints
from gridmap.grids.plan import Effort
from gridmap.grids.recombine import CoverEffort
from gridmap.grids.treecut import Net, net_of
from gridmap.grids.workshop import WINDOW_GRIDS, Budget, Found, Workshop

BUDGETS: Mapping[Effort, Budget] = {
    "quick": Budget(1, 4, 600, 4, 20_000, 20_000, 0, ExchangeEffort(10_000, 0, CoverEffort(3_000, 20_000, 20))),
    "normal": Budget(2, 6, 600, 4, 20_000, 20_000, 1, ExchangeEffort(20_000, 15_000, CoverEffort(5_000, 20_000, 100))),
    "best": Budget(8, 16, 6_000, 8, 200_000, 1_000_000, 3, ExchangeEffort(100_000, 1_000_000, CoverEffort(40_000, 300_000, 1_000))),
}

PROOFS: Mapping[Effort, ExactEffort | None] = {
    "quick": None,
    "normal": ExactEffort(300_000, 40_000, 40_000),
    "best": ExactEffort(20_000_000, 300_000, 2_000_000),
}
"""What the search for the best division of a part may spend, each time."""

COARSE_SHARES = (5, 10, 30)
"""Small atoms are drawn together into some of up to these shares of the maximum, the coarsest way first."""
PROVED_SHARES = (5, 10, 30, None)
"""The best division is looked for with small atoms drawn together likewise, at last among the atoms as they are."""
ROUNDS = 2
"""What is drawn together follows the division found, so a search among the single atoms in between can free it; up to so many rounds of both."""
WORTH_A_ROUND = 0.003
"""Another round is worth its time when the last search made the division better by this share."""
HELPLESS_ATOMS = 40
HELPLESS_EFFORT = ExactEffort(75_000, 10_000, 10_000)
"""Where households stay outside the bounds a proof is much harder and seldom comes: parts of more atoms are tried with little effort, unless it is
the best one.
"""
PROVED_GRIDS = 40
"""Parts with more grids are divided window by window, and not proved."""


@dataclass(frozen=True, eq=False)
class Divided:
    """A division of a part: ``labels`` from 0 upwards, int64[n].

    No division has fewer than ``least_violation`` households outside the bounds, and no division with as few as this one costs ``gap_dm`` less or
    better; None where nothing was proved. Both hold for divisions that keep together the small atoms drawn together into some of up to
    ``drawn_together`` households, 0 for all divisions.
    """

    labels: Ints
    least_violation: int
    gap_dm: int | None
    drawn_together: int


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
    proof = PROOFS[effort]
    if proof is None or households > PROVED_GRIDS * limits.target:
        level = _searched(graph, limits, BUDGETS[effort], seeds, earlier, unavoidable)
        return Divided(_finished(graph, net, limits, BUDGETS[effort], seeds, level, unavoidable).labels, unavoidable, None, 0)
    # What a proof follows need not be searched for long, unless households are left outside the bounds.
    level = _searched(graph, limits, BUDGETS["quick"], seeds, earlier, unavoidable)
    if level.found.violation > unavoidable:
        level = min(level, _searched(graph, limits, BUDGETS[effort], seeds, earlier, unavoidable, shares=COARSE_SHARES[1:]), key=_Level.rank)
    best = level.found._replace(labels=level.labels)
    if best.violation > unavoidable and effort != "best" and len(level.workshop.graph) > HELPLESS_ATOMS:
        workshop = level.workshop
        tried = best_division_proved(workshop.net, limits, level.found.labels, HELPLESS_EFFORT, pool=workshop.met())
        level = level._replace(found=Found(tried.labels, tried.violation, tried.cost))
        best = _finished(graph, net, limits, BUDGETS[effort], seeds, level, unavoidable)
        if best.violation > unavoidable:
            return Divided(best.labels, unavoidable, None, 0)
    return _proved(graph, net, limits, level, best, effort, proof, earlier, unavoidable)


class _Level(NamedTuple):
    """A division of a part with small atoms drawn together into some of up to ``households`` (0: as they are), ``group`` says which; found in
    ``workshop``.
    """

    households: int
    group: Ints
    workshop: Workshop
    found: Found

    def rank(self) -> tuple[int, int]:
        return self.found.rank()

    @property
    def labels(self) -> Ints:
        return self.found.labels[self.group]


def _searched(
    graph: CommunityGraph,
    limits: Limits,
    budget: Budget,
    seeds: tuple[int, int],
    earlier: Ints | None,
    unavoidable: int,
    *,
    shares: Sequence[int] = COARSE_SHARES,
) -> _Level:
    """Divide a part with its small atoms drawn together, the coarsest way first, until no more households are outside the bounds than must be."""
    levels: list[_Level] = []
    for number, share in enumerate((*shares, None)):
        drawn = None if share is None else coarse(graph, limits.maximum // share, earlier=earlier)
        if drawn is None and levels and share is not None:
            continue
        group, inner = (np.arange(len(graph)), graph) if drawn is None else (drawn.group, drawn.graph)
        before = None if earlier is None else earlier[np.unique(group, return_index=True)[1]]
        if share is None and levels:
            break
        workshop = Workshop(inner, net_of(inner, before), limits, budget, (*seeds, number))
        households = 0 if drawn is None or share is None else limits.maximum // share
        levels.append(_Level(households, group, workshop, _solved(workshop, before, unavoidable)))
        if drawn is None or levels[-1].found.violation <= unavoidable:
            break
    return min(levels, key=_Level.rank)


def _finished(
    graph: CommunityGraph, net: Net, limits: Limits, budget: Budget, seeds: tuple[int, int], level: _Level, unavoidable: int
) -> Found:
    """Improve the division of a level among the atoms as they are."""
    if not level.households:
        return level.found
    workshop = Workshop(graph, net, limits, budget, seeds)
    return _mended(workshop, workshop.measured(level.labels), unavoidable)


def _proved(
    graph: CommunityGraph,
    net: Net,
    limits: Limits,
    level: _Level,
    best: Found,
    effort: Effort,
    proof: ExactEffort,
    earlier: Ints | None,
    unavoidable: int,
) -> Divided:
    """Go on from ``best`` to the best division of all, with ever fewer atoms drawn together, as far as the effort goes; improve it by search."""
    known = Divided(best.labels, unavoidable, None, 0)
    workshop = Workshop(graph, net, limits, BUDGETS["quick"], (*level.workshop.seeds, len(PROVED_SHARES)))
    for share in PROVED_SHARES:
        if share is not None and limits.maximum // share > level.households:
            continue
        helpless = best.violation > unavoidable
        for number in range(1 if helpless else ROUNDS):
            drawn = None if share is None else coarse(graph, limits.maximum // share, earlier=_both(best.labels, earlier))
            group, inner = (np.arange(len(graph)), graph) if drawn is None else (drawn.group, drawn.graph)
            first = np.unique(group, return_index=True)[1]
            before = None if earlier is None else earlier[first]
            pool = level.workshop.met() if np.array_equal(group, level.group) else None
            solution = best_division_proved(net_of(inner, before), limits, best.labels[first], proof, pool=pool)
            best = Found(solution.labels[group], solution.violation, solution.cost)
            known = _known(solution, best.labels, 0 if drawn is None or share is None else limits.maximum // share, unavoidable)
            if drawn is None and (solution.proved or helpless):
                return known
            better = workshop.recombined(min(best, workshop.mend(number, best), key=Found.rank))
            known = _after(known, best, better)
            little = better.violation == best.violation and better.cost >= (1 - WORTH_A_ROUND) * best.cost
            best = better
            if little:
                break
        # With fewer atoms drawn together a proof is much harder.
        if effort != "best" or not (solution.proved or helpless):
            break
    return known


def _after(known: Divided, best: Found, better: Found) -> Divided:
    """Return what is known of ``better``, which search made of the division ``best``."""
    gap = known.gap_dm
    if gap is not None:
        gap = max(0, gap - (best.cost - better.cost) // 2) if better.violation == best.violation else None
    return replace(known, labels=better.labels, gap_dm=gap)


def _known(solution: Solution, labels: Ints, drawn_together: int, unavoidable: int) -> Divided:
    gap = None
    if solution.least_violation == solution.violation and solution.least_cost > 0:
        gap = 0 if solution.proved else int((solution.cost - solution.least_cost) // 2)
    # A division that keeps fewer atoms together may have fewer households outside.
    least = max(unavoidable, solution.least_violation) if drawn_together == 0 else unavoidable
    return Divided(labels, least, gap, drawn_together)


def _both(labels: Ints, earlier: Ints | None) -> Ints:
    """Return a number for each pair of a grid and an earlier grid."""
    return labels if earlier is None else np.unique(np.stack((labels, earlier)), axis=1, return_inverse=True)[1]


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

"""From a division that search has found to the best one, proved as far as the effort goes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from gridmap.grids.drawn import BUDGETS, COARSE_SHARES, Level, Part, as_they_are, drawn_at
from gridmap.grids.exact import ExactEffort, Solution, best_division_proved
from gridmap.grids.graph import Ints
from gridmap.grids.plan import Effort
from gridmap.grids.workshop import Found, Workshop

PROOFS: Mapping[Effort, ExactEffort | None] = {
    "quick": None,
    "normal": ExactEffort(300_000, 40_000, 40_000),
    "best": ExactEffort(6_000_000, 200_000, 500_000),
}
"""What the search for the best division of a part may spend, each time."""
ROUNDS = 2
"""What is drawn together follows the division found, so a search among the single atoms in between can free it; up to so many rounds of both."""
WORTH_A_ROUND = 0.003
"""Another round is worth its time when the last search made the division better by this share."""


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


def proved(part: Part, level: Level, best: Found, effort: Effort, spent: ExactEffort) -> Divided:
    """Go on from ``best``, found with atoms drawn together as in ``level``, to the best division of all.

    With the best effort ever fewer atoms are drawn together, as long as the proof comes to its end. Search among the single atoms improves what was
    proved with some of them drawn together.
    """
    known = Divided(best.labels, part.unavoidable, None, 0)
    workshop = Workshop(part.graph, part.net, part.limits, BUDGETS["quick"], (*level.workshop.seeds, len(COARSE_SHARES) + 1))
    for share in (*COARSE_SHARES, None):
        if share is not None and part.limits.maximum // share > level.drawn.households:
            continue
        helpless = best.violation > part.unavoidable
        for number in range(1 if helpless else ROUNDS):
            drawn = (None if share is None else drawn_at(part, share, best.labels)) or as_they_are(part)
            pool = level.workshop.met() if np.array_equal(drawn.group, level.drawn.group) else None
            solution = best_division_proved(drawn.net, part.limits, best.labels[drawn.first], spent, pool=pool)
            best = Found(solution.labels[drawn.group], solution.violation, solution.cost)
            known = _known(solution, best.labels, drawn.households, part.unavoidable)
            if not drawn.households and (solution.proved or helpless):
                return known
            better = workshop.recombined(min(best, workshop.mend(number, best), key=Found.rank))
            known = _after(known, best, better)
            little = better.violation == best.violation and better.cost >= (1 - WORTH_A_ROUND) * best.cost
            best = better
            if little:
                break
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

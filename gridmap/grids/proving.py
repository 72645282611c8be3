"""From a division that search has found to the best one, proved as far as the effort goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from gridmap.grids.drawn import COARSE_SHARES, Drawn, Level, Part, as_they_are, drawn_at, finished, searched
from gridmap.grids.exact import ExactEffort, Solution, best_division_proved
from gridmap.grids.graph import Ints
from gridmap.grids.plan import Effort
from gridmap.grids.program import Prices
from gridmap.grids.workshop import BUDGETS, Budget, Found, Workshop

NORMAL = ExactEffort(40_000, 40_000, 50, 100_000, 8_000_000, extent=2e6)
BEST = ExactEffort(200_000, 500_000, 2_000, 1_000_000, 300_000_000, deep=True)
PROOFS: Mapping[Effort, tuple[ExactEffort, ...]] = {"quick": (), "normal": (NORMAL,), "best": (NORMAL, BEST)}
"""What the search for the best division of a part may spend, each time. The better the division known, the sooner a long proof ends."""
ROUNDS = 2
"""What is drawn together follows the division found, so a search among the single atoms in between can free it; up to so many rounds of both."""
BETWEEN = 7
"""Where that search made hardly anything better, small atoms are drawn together up to this share of the maximum too, ..."""
BETWEEN_GRIDS = 150_000
"""... when there are no more possible grids then."""
NOBODY = 0.01
"""Where nobody lives, an atom counts as so many households."""
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


def proved(part: Part, level: Level, efforts: Sequence[ExactEffort]) -> Divided:
    """Go on from what search found at a ``level`` to the best division, proved with as few atoms drawn together as the ``efforts`` allow, one after
    the other.

    Search among the single atoms improves what was proved with some of them drawn together; it is all there is where nothing can be proved.
    """
    proof = _Proof(part, level)
    for spent in efforts:
        if proof.known.gap_dm != 0 or proof.known.drawn_together:
            _go_on(proof, part, spent)
    return proof.known


def _go_on(proof: _Proof, part: Part, spent: ExactEffort) -> None:
    """Look for the best division with one effort."""
    told = not proof.draws and proof.settle(None, spent)
    if proof.known.gap_dm != 0:
        told = proof.settle(COARSE_SHARES[0], spent) or told
    if not told:
        proof.search(BUDGETS["best" if spent.deep else "normal"])
    if proof.known.drawn_together:
        _set_free(proof, part, spent)
        # What is known is told of the division that was found in the end.
        for share in reversed(COARSE_SHARES):
            if proof.known.gap_dm != 0:
                proof.settle(share, spent)


def _set_free(proof: _Proof, part: Part, spent: ExactEffort) -> None:
    """Draw ever fewer atoms together: with a deep effort in any case, else while that is likely to help and costs little."""
    # Where all possible grids can be looked at in a short time, what lies between is of no use.
    if spent.deep and proof.settle(None, replace(spent, streamed=0)) and proof.known.gap_dm == 0:
        return
    if not spent.deep and proof.rests:
        proof.settle(BETWEEN, replace(spent, possible=BETWEEN_GRIDS, streamed=0, branches=0))
    for share in (*COARSE_SHARES[1:], None):
        if not spent.deep and proof.rests and proof.best.violation <= part.unavoidable:
            return
        if not proof.settle(share, spent):
            break
    if proof.best.violation > part.unavoidable:
        proof.search(BUDGETS["best" if spent.deep else "quick"])


class _Proof:
    """The ``best`` division of a part so far, what is ``known`` of it, and whether it ``rests``: search among single atoms did not make what was
    proved much better in the end. ``draws`` says whether there are small atoms to be drawn together.
    """

    def __init__(self, part: Part, level: Level) -> None:
        self._part, self._level, self.draws = part, level, level.drawn.households > 0
        self._workshop = Workshop(part.graph, part.net, part.limits, BUDGETS["quick"], (*level.workshop.seeds, len(COARSE_SHARES) + 1))
        self.best, self.rests = level.among_atoms, False
        # What was looked at: atoms drawn together up to which share, what was spent on it, beginning from which division.
        self._tried: dict[tuple[int | None, ExactEffort, bytes], Solution] = {}
        # What prices of the single atoms may be near, for each number of grids.
        self._near: dict[int, Prices] = {}
        self.known = Divided(self.best.labels, part.unavoidable, None, 0)

    def settle(self, share: int | None, spent: ExactEffort) -> bool:
        """Look for the best division with small atoms drawn together up to a ``share`` of the maximum, and for better ones among single atoms.

        Where the possible grids are too many for what may be ``spent``, nothing is done, and False returned.
        """
        for number in range(ROUNDS):
            drawn = (None if share is None else drawn_at(self._part, share, self.best.labels)) or as_they_are(self._part)
            # A long proof is for the last round: what search then finds would make it worthless.
            thorough = number == ROUNDS - 1 or not drawn.households
            solution = self._solved(drawn, share, spent if thorough else replace(spent, branches=0))
            if not solution.bounded:
                return False
            self.best = Found(solution.labels[drawn.group], solution.violation, solution.cost)
            self.known = _known(solution, self.best.labels, drawn.households, self._part.unavoidable)
            self.rests = not drawn.households and solution.proved
            if self.rests:
                break
            better = self._workshop.recombined(min(self.best, self._workshop.mend(number, self.best), key=Found.rank))
            self.rests = better.violation == self.best.violation and better.cost >= (1 - WORTH_A_ROUND) * self.best.cost
            self._take(better)
            if self.rests and solution.proved:
                break
        return True

    def _solved(self, drawn: Drawn, share: int | None, spent: ExactEffort) -> Solution:
        """Look for the best division among atoms ``drawn`` together, or recall what came of it before."""
        begun = share, spent, self.best.labels.tobytes()
        if begun not in self._tried:
            pool = self._level.workshop.met() if np.array_equal(drawn.group, self._level.drawn.group) else None
            labels, near = self.best.labels[drawn.first], {grids: _together(each, drawn) for grids, each in self._near.items()}
            solution = best_division_proved(drawn.net, self._part.limits, labels, spent, pool=pool, near=near)
            if not solution.violation:
                # With households outside, prices hang on what these cost, which is not the same where other atoms are drawn together.
                self._near |= {grids: _apart(each, drawn, self._part.net.households) for grids, each in solution.prices.items()}
            self._tried[begun] = solution
        return self._tried[begun]

    def search(self, budget: Budget) -> None:
        """Search once more for a better division, with fewer atoms drawn together."""
        level = searched(self._part, budget, shares=COARSE_SHARES[1:])
        self._take(min(self.best, finished(self._part, budget, level), key=Found.rank))

    def _take(self, better: Found) -> None:
        self.known, self.best = _after(self.known, self.best, better), better


def _together(prices: Prices, drawn: Drawn) -> Prices:
    """Return prices of the atoms as they are as prices of those ``drawn`` together."""
    return prices._replace(atoms=np.bincount(drawn.group, weights=prices.atoms).astype(np.float64), cuts=np.zeros(0))


def _apart(prices: Prices, drawn: Drawn, households: Ints) -> Prices:
    """Return prices of atoms ``drawn`` together as prices of the atoms as they are: by their ``households``, all alike where there are none."""
    share = np.maximum(households, NOBODY)
    return prices._replace(atoms=(prices.atoms / np.bincount(drawn.group, weights=share))[drawn.group] * share, cuts=np.zeros(0))


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

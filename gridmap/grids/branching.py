"""The best choice of a given number of grids among listed ones, proved: branch and bound on pairs of atoms.

Where the linear program chooses grids by halves, two atoms side by side are partly together. Either they are in one grid or they are not: each way
leaves fewer grids to choose from and a higher bound, until few enough are left to try all.

After Ryan and Foster, An integer programming approach to scheduling, in Computer Scheduling of Public Transport (1981).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridmap.grids.cover import exact_cover
from gridmap.grids.cuts import Cuts, broken_cuts
from gridmap.grids.graph import Floats, Ints, Truths
from gridmap.grids.program import Prices, Program, lowered, resolved
from gridmap.grids.recombine import Candidates

LEAST_STEP = 2.0
"""Costs are whole decimetres, counted twice: a better division costs so much less."""
FEW_GRIDS = 400
"""So few grids are tried in every way that they can be combined."""
COVER_NODES = 20_000
"""Nodes of that."""
CUT_ROUNDS = 3
"""Rounds of cuts at each node."""
WHOLE = 1e-6
"""What the solver calls a share closer than this to none or all is none or all."""


@dataclass(eq=False)
class Best:
    """The best choice of ``grids`` so far."""

    grids: Candidates

    @property
    def cost(self) -> float:
        """What it costs, twice."""
        return float(self.grids.cost.sum())

    @property
    def goal(self) -> float:
        """A cost that every better choice is below."""
        return self.cost - LEAST_STEP / 2

    def offer(self, grids: Candidates) -> None:
        """Take ``grids``, which hold every atom once, when they cost less."""
        if grids.cost.sum() < self.goal:
            self.grids = grids


@dataclass(frozen=True, eq=False)
class _Node:
    """A place in the tree: no choice among the grids ``alive`` costs less than ``bound``."""

    alive: Ints
    bound: float


def cover(grids: Candidates, prices: Prices, number: int, best: Best, reach: float, cuts: Cuts, *, nodes: int) -> bool:
    """Look for a ``number`` of ``grids`` that hold every atom once and cost less than ``reach``, by trying; say whether all ways were seen.

    None of the grids costs less than its ``prices``, under ``cuts``.
    """
    slack = min(reach, best.goal) - prices.value
    reduced = prices.reduced(grids, cuts, below=slack)
    near = np.flatnonzero(reduced < slack)
    near = near[np.argsort(reduced[near], kind="stable")]
    if not len(near):
        return True
    close, count = grids.take(near), len(prices.atoms)
    chosen = np.zeros(count, np.int64)
    # A cut that is not used to the full has been paid for in vain.
    worth, unused = close.cost - close.sums(prices.atoms) - prices.grid, -float(prices.cuts.sum())
    size, _, ended = exact_cover(close.atoms, close.start, reduced[near], worth, count, count, number, slack, unused, nodes, chosen)
    if size:
        best.offer(close.take(chosen[:size]))
    return bool(ended)


def branched(grids: Candidates, cuts: Cuts, count: int, number: int, best: Best, reach: float, *, nodes: int) -> float:
    """Look for a ``number`` of ``grids`` that hold each of ``count`` atoms once and cost less than ``best``, which is told of what is found.

    Returns what no such choice undercuts: ``reach``, or what the best then costs, when all ways were seen before ``nodes`` were.
    """
    tree = _Tree(grids, cuts, count, number, best, reach)
    waiting = [_Node(np.arange(len(grids)), -np.inf)]
    while waiting:
        node = waiting.pop()
        if tree.looked < nodes:
            waiting.extend(tree.look(node))
        else:
            tree.leave(node)
    return min(tree.left, tree.goal)


class _Tree:
    """The linear program of all nodes, the grids that it holds, how many nodes were ``looked`` at, and the lowest bound of those ``left``."""

    def __init__(self, grids: Candidates, cuts: Cuts, count: int, number: int, best: Best, reach: float) -> None:
        self._grids, self._count, self._number, self._best, self._reach = grids, count, number, best, reach
        self._program = Program(count, number, best.cost)
        self._program.cut(cuts, grids.take(np.zeros(0, np.int64)))
        self._entered, self._column = np.zeros(0, np.int64), np.full(len(grids), -1)
        self.looked, self.left = 0, np.inf

    @property
    def goal(self) -> float:
        """A cost that every choice looked for is below."""
        return min(self._reach, self._best.goal)

    def leave(self, node: _Node) -> None:
        """Leave a node as it is: all that is known of its choices is its bound."""
        self.left = min(self.left, node.bound)

    def look(self, node: _Node) -> list[_Node]:
        """Solve a node; return what it is divided into, the more promising way last."""
        if node.bound >= self.goal:
            return []
        self.looked += 1
        alive = node.alive
        for rounds in range(CUT_ROUNDS):
            grids = self._grids.take(alive)
            prices = self._solved(alive, grids)
            if prices.value >= self.goal:
                return []
            slack = self.goal - prices.value
            near = np.flatnonzero(prices.reduced(grids, self._program.cuts, below=slack) < slack)
            alive, grids = alive[near], grids.take(near)
            if len(alive) < FEW_GRIDS and cover(grids, prices, self._number, self._best, self._reach, self._program.cuts, nodes=COVER_NODES):
                return []
            entered = self._grids.take(self._entered)
            cuts = broken_cuts(entered, self._program.solution(), self._count, self._program.cuts)
            if not len(cuts) or rounds == CUT_ROUNDS - 1:
                break
            self._program.cut(cuts, entered)
        return self._divided(alive, grids, max(prices.value, node.bound))

    def _solved(self, alive: Ints, grids: Candidates) -> Prices:
        """Return prices that none of the grids alive undercuts."""
        known = self._column[alive]
        allowed = np.zeros(len(self._entered), np.bool_)
        allowed[known[known >= 0]] = True
        self._program.allow(allowed)
        prices, added = resolved(self._program, grids, known < 0)
        self._column[alive[added]] = len(self._entered) + np.arange(len(added))
        self._entered = np.concatenate((self._entered, alive[added]))
        return lowered(prices, grids, self._number, self._program.cuts)

    def _divided(self, alive: Ints, grids: Candidates, bound: float) -> list[_Node]:
        """Return the two nodes below one, or none when its linear program has chosen whole grids."""
        shares = self._program.solution()
        partly = (shares > WHOLE) & (shares < 1 - WHOLE)
        if not partly.any():
            return self._whole(_Node(alive, bound), shares)
        first, second = self._pair(self._grids.take(self._entered[partly]).held(self._count), shares[partly])
        held = grids.held(self._count)
        with_first, with_second = held[:, first], held[:, second]
        return [_Node(alive[~(with_first & with_second)], bound), _Node(alive[with_first == with_second], bound)]

    def _whole(self, node: _Node, shares: Floats) -> list[_Node]:
        """Take the choice of a node whose linear program has chosen whole grids, unless they lack atoms: return the node then, to be solved again."""
        if not self._program.lacks():
            self._best.offer(self._grids.take(self._entered[shares > 0.5]))
            return []
        if self._program.make_dearer():
            return [node]
        self.leave(node)
        return []

    def _pair(self, held: Truths, shares: Floats) -> tuple[int, int]:
        """Return the two atoms of which it is least clear whether they are together."""
        together = (held * shares[:, None]).T @ held
        np.fill_diagonal(together, 0.0)
        first, second = divmod(int(np.argmin(np.abs(together - 0.5))), self._count)
        return first, second

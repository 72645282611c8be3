"""The search for grids within the bounds in one community.

A community falls into parts that cannot reach each other; each is divided by itself, see :mod:`gridmap.grids.divide`. Every grid is connected.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gridmap.errors import RequestError
from gridmap.grids.certificate import Certificate, certificates, giants_beside, group_certificate, parts, violation_bound
from gridmap.grids.divide import divide
from gridmap.grids.graph import CommunityGraph, Ints, Truths, is_connected, score
from gridmap.grids.plan import Effort
from gridmap.grids.proving import Divided
from gridmap.grids.treecut import NONE
from gridmap.grids.workshop import BUDGETS, in_order
from gridmap.texts import Word


@dataclass(frozen=True, eq=False)
class Result:
    """What the search found. ``labels`` (int64[n]): the grid of each atom, 0, 1, 2 ... in the order of their first atoms.

    ``violation_households`` are outside the bounds, summed over the grids; at least ``violation_bound`` must be, by the ``certificates``.
    ``objective_dm`` is the weighted sum of the rules, in decimetres. No plan with as few households outside the bounds is better by more than
    ``gap_dm`` decimetres, of those that keep together small atoms that were drawn together into some of up to ``drawn_together`` households; 0 means
    all plans. None where that was not proved.
    """

    labels: Ints
    violation_households: int
    objective_dm: int
    violation_bound: int
    certificates: tuple[Certificate, ...]
    gap_dm: int | None
    drawn_together: int

    @property
    def proved(self) -> bool:
        """Whether no plan has fewer households outside the bounds."""
        return self.violation_households == self.violation_bound

    @property
    def gap(self) -> float | None:
        """By what share of itself the weighted sum could be better, 0 when it is proved to be the least, None when nothing is proved."""
        return None if self.gap_dm is None else self.gap_dm / max(1, self.objective_dm)


def community_seed(seed: int, community_id: str) -> int:
    """Return the seed of a community's own search, which depends on nothing else.

    >>> community_seed(0, "C1") != community_seed(0, "C2")
    True
    """
    return int.from_bytes(hashlib.sha256(f"{seed}:{community_id}".encode()).digest()[:8], "big")


def search(
    graph: CommunityGraph,
    minimum: int,
    maximum: int,
    *,
    effort: Effort = "normal",
    seed: int = 0,
    start: Ints | None = None,
    locked: Truths | None = None,
) -> Result:
    """Divide a community into connected grids with ``minimum`` to ``maximum`` households, as far as that can be done.

    Households outside the bounds come first, absolutely; then the weighted sum. An atom above the maximum stands alone (with what holds no household
    and is reached through it alone). A part wholly below the minimum is one grid.

    ``start`` (int64[n], -1 for none) is the grid of each atom in an earlier plan; leaving it costs ``moved_dm`` a household. ``locked`` (bool[n])
    marks the atoms of grids of ``start`` that nothing may leave or join. The same arguments give the same labels on any machine. Raises
    ``RequestError`` when the bounds make no sense or a locked grid is not connected.
    """
    if minimum < 1 or maximum < minimum:
        raise RequestError("bounds_senseless", minimum=minimum, maximum=maximum)
    labels = np.full(len(graph), NONE, np.int64)
    free = np.ones(len(graph), np.bool_)
    if locked is not None and (start is None or (start[locked] == NONE).any()):
        raise RequestError("lock_without_grid")
    if start is not None and locked is not None:
        _check_locks(graph, start, locked)
        labels[locked] = start[locked]
        free = ~locked
    proofs = certificates(graph, minimum, maximum) if free.all() else []
    following = int(labels.max(initial=NONE)) + 1
    for atom in np.flatnonzero(free & (graph.households > maximum)):
        labels[atom] = following
        following += 1
    every: list[tuple[Ints, Divided]] = []
    for number, part in enumerate(parts(graph, maximum, among=free)):
        earlier = None if start is None else start[part]
        least = violation_bound([proof for proof in proofs if proof.atoms == _names(graph, part)])
        divided = divide(graph.part(part), minimum, maximum, effort, (seed, number), earlier, least_violation=least)
        labels[part] = divided.labels + following
        following += int(divided.labels.max()) + 1
        every.append((part, divided))
    chosen_freely = False
    for part in graph.components(labels == NONE):
        beside = giants_beside(graph, part, maximum, among=free)
        labels[part] = labels[beside[0]]
        chosen_freely = chosen_freely or len(beside) > 1
    reached = score(graph, labels, minimum, maximum, earlier=start)
    if free.all():
        proofs += _proofs_of_search(graph, every, proofs, minimum, maximum)
    if reached.violation_households > violation_bound(proofs):
        proofs += _proofs_around(graph, labels, minimum, maximum, BUDGETS[effort].steps, proofs)
    gaps = [divided.gap_dm for _, divided in every if divided.gap_dm is not None]
    # Another of several atoms above the maximum might have been the better choice.
    gap = sum(gaps) if len(gaps) == len(every) and not chosen_freely else None
    together = max((divided.drawn_together for _, divided in every), default=0)
    return Result(in_order(labels), *reached, violation_bound(proofs), tuple(proofs), gap, together)


def _proofs_of_search(
    graph: CommunityGraph, every: Sequence[tuple[Ints, Divided]], known: Sequence[Certificate], minimum: int, maximum: int
) -> list[Certificate]:
    """Tell where the search for the best division proved that more households must stay outside the bounds than was known."""
    found = []
    for part, divided in every:
        names = _names(graph, part)
        if divided.drawn_together or divided.least_violation <= violation_bound([proof for proof in known if proof.atoms == names]):
            continue
        households = int(graph.households[part].sum())
        words: dict[str, Word] = {"minimum": minimum, "maximum": maximum, "least": divided.least_violation}
        found.append(Certificate("part_searched", names[0], names, households, households, maximum, divided.least_violation, words))
    return found


def _names(graph: CommunityGraph, part: Ints) -> tuple[str, ...]:
    return tuple(graph.atom_ids[atom] for atom in part)


def _proofs_around(graph: CommunityGraph, labels: Ints, minimum: int, maximum: int, steps: int, known: Sequence[Certificate]) -> list[Certificate]:
    """Look at every grid that the search left outside the bounds: can its atoms and those beside them be in grids within the bounds at all?"""
    named = {proof.subject for proof in known} | {atom for proof in known if proof.code.startswith("part") for atom in proof.atoms}
    told = np.isin(np.array(graph.atom_ids, dtype=object), list(named))
    found = []
    for part in parts(graph, maximum):
        for label in np.unique(labels[part]):
            grid = part[labels[part] == label]
            if minimum <= graph.households[grid].sum() <= maximum or told[grid].any():
                continue
            beside = np.concatenate([graph.indices[graph.indptr[atom] : graph.crossable_end[atom]] for atom in grid])
            # The grid's own atoms last, so that they are named when the proof needs any of them.
            around = np.setdiff1d(np.intersect1d(beside, part), grid)
            around = around[~told[around]]
            proof = group_certificate(graph, part, np.concatenate((around, grid)), minimum, maximum, steps)
            if proof is not None:
                found.append(proof)
                told[list(proof.group)] = True
    return found


def _check_locks(graph: CommunityGraph, start: Ints, locked: Truths) -> None:
    """Refuse locked grids that are not connected."""
    atoms = np.flatnonzero(locked)
    if not is_connected(graph.part(atoms), start[atoms]):
        raise RequestError("lock_disconnected", atom=graph.atom_ids[int(atoms[0])])

"""What can be proved about a community before any search: which parts of it cannot be divided within the bounds, and why.

Every test is a necessary condition that fails, so a certificate is a proof; no certificate means that nothing is proved. A part is what holds
together over crossable pairs when every atom above the maximum is set aside, since such an atom stands alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from gridmap.findings import Finding, finding
from gridmap.grids.cover import exact_cover
from gridmap.grids.division import Limits, arithmetic_violation
from gridmap.grids.enumeration import ENUMERATED_ATOMS, best_division
from gridmap.grids.graph import CommunityGraph, Ints, Truths
from gridmap.grids.sets import FREE, MANY, TAKEN, Walk, begin, empty_walk, listed_sets, next_set
from gridmap.grids.treecut import NONE, Net, net_of
from gridmap.kernels import kernel, lean_kernel
from gridmap.texts import Word

ATOM_STEPS = 20_000
"""Steps through the connected sets around one atom before the question whether it fits a grid is left open."""
LARGE_PART_ATOMS = 1000
"""Parts with more atoms get a twentieth of those steps for each, so that the proofs stay quicker than the search."""
LISTING_STEPS = 60_000
"""Steps through all connected sets of a part, and nodes of the search for a cover by them, before the part is left open."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """A proof that some households must stay outside the bounds.

    ``code`` names the sentence. ``subject`` is the id of the atom that it is about, or of the first atom of the part. ``atoms`` are the ids of the
    whole part that cannot be divided within the bounds, ``households`` how many it holds. ``value`` is what was found and ``limit`` what the bounds
    ask. At least ``violation_households`` are outside the bounds in any plan. ``words`` fills further gaps of the sentence. ``group`` are the
    positions of the atoms named, where there are several.
    """

    code: str
    subject: str
    atoms: tuple[str, ...]
    households: int
    value: int
    limit: int
    violation_households: int
    words: Mapping[str, Word] = field(default_factory=dict)
    group: tuple[int, ...] = ()

    def finding(self, community_id: str) -> Finding:
        """Return the finding that tells it."""
        words: dict[str, Any] = {**self.words, "households": self.households, "atoms": len(self.atoms)}
        return finding(self.code, self.subject, value=self.value, limit=self.limit, unit="households", community_id=community_id, **words)


def certificates(graph: CommunityGraph, minimum: int, maximum: int, *, steps: int = LISTING_STEPS) -> list[Certificate]:
    """Return what can be proved impossible in a community, part by part; an empty list says that nothing is proved, not that a plan exists.

    ``steps`` limits how far the grids of a part are enumerated.
    """
    found = []
    for atom in np.flatnonzero(graph.households > maximum):
        value, name = int(graph.households[atom]), graph.atom_ids[atom]
        found.append(Certificate("atom_above_maximum", name, (name,), value, value, maximum, value - maximum))
    for part in parts(graph, maximum):
        found += part_certificates(graph, part, minimum, maximum, steps=steps)
    return found


def parts(graph: CommunityGraph, maximum: int, *, among: Truths | None = None) -> list[Ints]:
    """Return the positions of the atoms of each part of a community (of its atoms ``among``): connected, without atoms above the maximum.

    A part without households that lies beside an atom above the maximum goes with that atom, so it is left out.
    """
    ordinary = graph.households <= maximum
    if among is not None:
        ordinary = ordinary & among
    return [part for part in graph.components(ordinary) if graph.households[part].any() or not len(giants_beside(graph, part, maximum, among=among))]


def giants_beside(graph: CommunityGraph, part: Ints, maximum: int, *, among: Truths | None = None) -> Ints:
    """Return the positions of the atoms above the maximum (those of ``among``) that can be reached from ``part`` directly."""
    beside = [graph.indices[graph.indptr[atom] : graph.crossable_end[atom]] for atom in part]
    around = np.unique(np.concatenate(beside))
    giant = graph.households[around] > maximum
    return around[giant if among is None else giant & among[around]]


def part_certificates(graph: CommunityGraph, part: Ints, minimum: int, maximum: int, *, steps: int = LISTING_STEPS) -> list[Certificate]:
    """Return the plainest proofs found that a part cannot be divided within the bounds."""
    inner = graph.part(part)
    households = int(inner.households.sum())
    lacking = arithmetic_violation(households, minimum, maximum)
    if lacking:
        return [_arithmetic_certificate(graph, part, inner, households, (minimum, maximum), lacking)]
    net = net_of(inner)
    divisible = divisible_totals(households, minimum, maximum)
    exact = best_division(net, _plain_limits(minimum, maximum))[1] if len(inner) <= ENUMERATED_ATOMS else None
    if exact == 0:
        return []
    named = _branch_certificates(inner, net, divisible, maximum) or _atom_certificates(inner, net, divisible, minimum, maximum)
    if not named and (exact or (exact is None and has_no_cover(net, minimum, maximum, steps))):
        named = [Certificate("part_enumerated", inner.atom_ids[0], inner.atom_ids, households, households, maximum, 1)]
    bounds: dict[str, Word] = {"minimum": minimum, "maximum": maximum}
    return [
        replace(each, households=households, violation_households=exact or each.violation_households, words={**each.words, **bounds})
        for each in named
    ]


def violation_bound(proofs: Sequence[Certificate]) -> int:
    """Return how many households at least are outside the bounds in any plan.

    Proofs about different parts add up; those about atoms of one part may speak of the same grid, so the greatest counts.
    """
    by_part: dict[tuple[str, ...], int] = {}
    for proof in proofs:
        by_part[proof.atoms] = max(by_part.get(proof.atoms, 0), proof.violation_households)
    return sum(by_part.values())


def divisible_totals(households: int, minimum: int, maximum: int) -> Truths:
    """Return for 0, 1, ... ``households`` whether that many make a whole number of grids within the bounds, bool.

    >>> divisible_totals(6, 2, 2).tolist()
    [True, False, True, False, True, False, True]
    """
    totals = np.arange(households + 1)
    return -(-totals // maximum) * minimum <= totals


def has_no_cover(net: Net, minimum: int, maximum: int, steps: int, *, group: Ints | None = None) -> bool:
    """Say whether all grids within the bounds that hold atoms of ``group`` (any atom, when None) were listed and no choice of them holds each atom of
    it once.

    False when there is such a choice, and also when ``steps`` did not suffice to tell.
    """
    count = len(net.households)
    group = np.arange(count) if group is None else group
    if len(group) == 0:
        return False  # Nothing has to be held, so nothing can fail.
    sets = listed_sets(net, minimum, maximum, steps, roots=group)
    if sets is None:
        return False
    rank = np.full(count, -1, np.int64)
    rank[group] = np.arange(len(group))
    rank[rank < 0] = np.arange(len(group), count)
    atoms, start = rank[sets[0]], sets[1]
    free = np.zeros(len(start) - 1)
    size, _, finished = exact_cover(atoms, start, free, free, count, len(group), 0, 0.5, 0.0, steps, np.zeros(count, np.int64))
    return size == 0 and finished


def group_certificate(graph: CommunityGraph, part: Ints, group: Ints, minimum: int, maximum: int, steps: int) -> Certificate | None:
    """Prove that some atoms of ``group`` (positions in ``graph``, all in ``part``) cannot all be in grids within the bounds; name as few as possible.

    Wherever else the borders run, the grids that hold them would overlap. None when that is not so or ``steps`` do not suffice to tell.
    """
    inner = graph.part(part)
    net, own = net_of(inner), np.searchsorted(part, group)
    if not has_no_cover(net, minimum, maximum, steps, group=own):
        return None
    for atom in own:
        fewer = own[own != atom]
        if has_no_cover(net, minimum, maximum, steps, group=fewer):
            own = fewer
    households = int(inner.households[own].sum())
    names = ", ".join(inner.atom_ids[atom] for atom in own)
    words: dict[str, Word] = {"group": names, "number": len(own), "own": households, "minimum": minimum, "maximum": maximum}
    total, positions = int(inner.households.sum()), tuple(int(part[atom]) for atom in own)
    return Certificate("group_fits_no_grids", inner.atom_ids[own[-1]], inner.atom_ids, total, households, maximum, 1, words, positions)


def _plain_limits(minimum: int, maximum: int) -> Limits:
    return Limits(minimum, maximum, (minimum + maximum) // 2, 0, 0, 0, 0)


def _arithmetic_certificate(
    graph: CommunityGraph, part: Ints, inner: CommunityGraph, households: int, bounds: tuple[int, int], lacking: int
) -> Certificate:
    """Tell that no whole number of grids fits, with the two nearest ways and, where there is one, the border at which a crossing would join it to
    more."""
    minimum, maximum = bounds
    more, fewer = -(-households // maximum), households // minimum
    words: dict[str, Word] = {"minimum": minimum, "maximum": maximum, "more": more, "fewer": fewer}
    code = "part_below_minimum" if households < minimum else "part_indivisible"
    words |= {"more_each": households // max(1, more), "fewer_each": -(-households // max(1, fewer))}
    border = _longest_closed_border(graph, part)
    if border is not None:
        code += "_closed"
        words |= {"atom": border[0], "other": border[1]}
    limit = minimum if households < minimum else maximum
    return Certificate(code, inner.atom_ids[0], inner.atom_ids, households, households, limit, lacking, words)


def _longest_closed_border(graph: CommunityGraph, part: Ints) -> tuple[str, str] | None:
    """Return the two atoms, the first in ``part`` and the second not, that share the longest border that cannot be crossed; None when there is
    none."""
    inside = np.zeros(len(graph), np.bool_)
    inside[part] = True
    closed = np.flatnonzero(~graph.crossable & (inside[graph.first] != inside[graph.second]))
    if not len(closed):
        return None
    pair = closed[np.argmax(graph.shared_dm[closed])]
    a, b = int(graph.first[pair]), int(graph.second[pair])
    return (graph.atom_ids[a], graph.atom_ids[b]) if inside[a] else (graph.atom_ids[b], graph.atom_ids[a])


def _branch_certificates(inner: CommunityGraph, net: Net, divisible: Truths, maximum: int) -> list[Certificate]:
    """Find a cut vertex whose branches must hand it more households than a grid may hold.

    A branch that makes no whole number of grids must give some of its households to the cut vertex's own grid, at least ``must_join``.
    """
    must_join = _must_join(divisible)
    atom, joined = _overfull_cut_vertex(net, must_join, maximum)
    if atom < 0:
        return []
    branches = [int(inner.households[branch].sum()) for branch in inner.components(np.arange(len(inner)) != atom)]
    stuck = ", ".join(str(total) for total in branches if must_join[total])
    words: dict[str, Word] = {"own": int(inner.households[atom]), "branches": stuck}
    return [Certificate("branches_too_heavy", inner.atom_ids[atom], inner.atom_ids, 0, joined, maximum, 1, words)]


def _must_join(divisible: Truths) -> Ints:
    """Return for each total the fewest households that must leave it so that the rest makes a whole number of grids, int64."""
    totals = np.arange(len(divisible))
    return totals - np.maximum.accumulate(np.where(divisible, totals, 0))


def _atom_certificates(inner: CommunityGraph, net: Net, divisible: Truths, minimum: int, maximum: int) -> list[Certificate]:
    """Find the atoms that no grid within the bounds can hold, else one that none can hold such that what is left around it can still be divided."""
    steps = ATOM_STEPS if len(inner) <= LARGE_PART_ATOMS else ATOM_STEPS // 20
    totals, room = np.full((len(inner), 2), NONE, np.int64), np.full((3, len(inner)), NONE, np.int64)
    stranding = _stranded_atoms(net, empty_walk(len(inner)), divisible, (minimum, maximum), steps, room, totals)
    found = []
    for atom in np.flatnonzero(totals[:, 0] >= 0):
        below, above = int(totals[atom, 0]), int(totals[atom, 1])
        words: dict[str, Word] = {"own": int(inner.households[atom]), "below": below, "above": above}
        violation = min(minimum - below, above - maximum)
        found.append(Certificate("atom_fits_no_grid", inner.atom_ids[atom], inner.atom_ids, 0, below, minimum, violation, words))
    if found or stranding < 0:
        return found
    own = int(inner.households[stranding])
    return [Certificate("atom_strands_rest", inner.atom_ids[stranding], inner.atom_ids, 0, own, minimum, 1, {"own": own})]


@kernel
def _overfull_cut_vertex(net: Net, must_join: Ints, maximum: int) -> tuple[int, int]:
    """Return the first cut vertex whose grid would hold more than the maximum, and its households with all that must join; (-1, 0) when there is
    none.

    One depth-first walk: a child that reaches no higher than its parent hangs on that parent alone, with all its descendants.
    """
    count = len(net.households)
    rank, low = np.full(count, -1, np.int64), np.zeros(count, np.int64)
    parent, at, path = np.full(count, -1, np.int64), net.indptr[:-1].copy(), np.zeros(count, np.int64)
    below, hanging, joined = net.households.copy(), np.zeros(count, np.int64), net.households.copy()
    branches = np.zeros(count, np.int64)
    depth, reached = 1, 1
    rank[0] = 0
    while depth > 0:
        v = path[depth - 1]
        if at[v] < net.crossable_end[v]:
            u = net.indices[at[v]]
            at[v] += 1
            if rank[u] < 0:
                rank[u], low[u], parent[u] = reached, reached, v
                reached += 1
                path[depth] = u
                depth += 1
            else:
                low[v] = min(low[v], rank[u])
            continue
        depth -= 1
        p = parent[v]
        if p >= 0:
            low[p] = min(low[p], low[v])
            below[p] += below[v]
            if low[v] >= rank[p]:
                hanging[p] += below[v]
                joined[p] += must_join[below[v]]
                branches[p] += 1
    total = below[0]
    for v in range(count):
        if branches[v] > 0:
            over = joined[v] + must_join[total - hanging[v] - net.households[v]]
            if over > maximum:
                return v, over
    return -1, 0


@lean_kernel
def _rest_is_divisible(net: Net, state: Ints, divisible: Truths, room: int, seen: Ints, stack: Ints, stamp: int) -> bool:
    """Say whether every piece of what is not in the set (``state`` taken) makes a whole number of grids, but for pieces that the set can still take
    atoms of: free ones with up to ``room`` households."""
    for start in range(len(state)):
        if state[start] == TAKEN or seen[start] == stamp:
            continue
        seen[start] = stamp
        stack[0] = start
        top, total, may_shrink = 1, 0, False
        while top > 0:
            top -= 1
            atom = stack[top]
            total += net.households[atom]
            for e in range(net.indptr[atom], net.crossable_end[atom]):
                beside = net.indices[e]
                may_shrink = may_shrink or (state[beside] == TAKEN and state[atom] == FREE and net.households[atom] <= room)
                if state[beside] != TAKEN and seen[beside] != stamp:
                    seen[beside] = stamp
                    stack[top] = beside
                    top += 1
        if not divisible[total] and not may_shrink:
            return False
    return True


@lean_kernel
def _good_set(
    net: Net, walk: Walk, divisible: Truths, root: int, bounds: tuple[int, int], steps: int, shorter: bool, seen: Ints, stack: Ints, stamp: int
) -> tuple[int, int, bool, bool, int]:
    """Walk to the first set with ``root`` within the bounds that leaves what can be divided.

    Returns the most households of a set below the bounds, the least of one above, whether any was within, whether it was found, and the last stamp.
    ``shorter``: sets that cut off what cannot be divided are not grown. It ends earlier, but what is within the bounds is not all seen; it is then
    taken for granted.
    """
    count, minimum, maximum = len(seen), bounds[0], bounds[1]
    below, above, within, good = 0, MANY, shorter, False
    while not good and next_set(net, walk, root, minimum, maximum, steps):
        total = walk.at[1]
        if total < minimum:
            below = max(below, total)
        elif total > maximum:
            above = min(above, total)
        else:
            within = True
            stamp += 1
            walk.at[2] += count // 16
            good = _rest_is_divisible(net, walk.state, divisible, int(np.int64(NONE)), seen, stack, stamp)
        if shorter and total <= maximum and not good:
            stamp += 1
            walk.at[2] += count // 16
            walk.at[6] = 0 if _rest_is_divisible(net, walk.state, divisible, maximum - total, seen, stack, stamp) else 1
    return below, above, within, good, stamp


@lean_kernel
def _stranded_atoms(net: Net, walk: Walk, divisible: Truths, bounds: tuple[int, int], steps: int, room: Ints, totals: Ints) -> int:
    """Find the atoms that lie in no connected set within the bounds; return the first that lies in some, but in none that leaves the rest divisible.

    ``totals`` (int64[n, 2]) and ``room`` (int64[3, n]) hold -1 everywhere. ``totals`` receives for each of the former a number that no set with it
    below the minimum exceeds and one that none above the maximum undercuts, for all others -1. An atom is fine as soon as it lies in one good set,
    and so is every other atom of that set. An atom that needs more than ``steps`` is left open.
    """
    seen, stack, fine = room[0], room[1], room[2]
    stamp, stranding = int(np.int64(0)), NONE
    for root in range(len(fine)):
        if fine[root] == TAKEN:
            continue
        for shorter in (False, True):
            begin(walk)
            below, above, within, good, stamp = _good_set(net, walk, divisible, root, bounds, steps, shorter, seen, stack, stamp)
            if good or walk.at[2] < steps:
                break
        for i in range(len(fine)):
            if good and walk.state[i] == TAKEN:
                fine[i] = TAKEN
        if not good and walk.at[2] < steps:
            if within and stranding < 0:
                stranding = root
            if not within:
                totals[root, 0], totals[root, 1] = max(below, walk.at[4]), min(above, walk.at[5])
    return stranding

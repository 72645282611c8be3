"""What may still come of a set of atoms that grows: the least that any grid grown from it can cost beyond its prices.

Atoms around a set may be chosen or not. One that is gains its price; each border between one that is and one that is not costs its length. The
best choice is a minimum cut (:mod:`gridmap.grids.flow`) if households are not counted; that they must come to those of a grid is told by a rate for
each of them (Held and Karp, The traveling-salesman problem and minimum spanning trees: Part II, Mathematical Programming 1, 1971). That the choice
must hold together is left aside, so no grid costs less.

Compounds are places too: one is chosen with any of its atoms, for what it costs to touch it. So are the fines of cuts of which the set holds an atom:
the first of the other two costs the fine, the second as much if that one is not chosen.

When more atoms are decided upon, the flow goes on from where it was, and what it left over tells at once what they cost at least (Kohli and Torr,
Dynamic graph cuts for efficient inference in Markov random fields, IEEE Transactions on Pattern Analysis and Machine Intelligence 29, 2007).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridmap.grids.cuts import Cuts
from gridmap.grids.division import Limits, outside
from gridmap.grids.flow import UNSEEN, Arcs, Ways, arcs_of, empty_ways, flowed
from gridmap.grids.graph import Floats, Ints
from gridmap.grids.growth import NOTHING, ONE, WORD, Growth, Words, lies_in, trailing_zeros
from gridmap.grids.trails import Market
from gridmap.grids.treecut import Net
from gridmap.kernels import lean_kernel

UNIT = 2.0**-10
"""Prices are whole numbers of this, and so are rates: all sums are exact."""
ROOT_TRIES = 12
"""So many rates are tried for what grows from a root ..."""
TRIES = 2
"""... and so many later, beginning with the one before, ..."""
STEP = 0.1
"""... then others that differ by this share of the first one of the root, ..."""
SMALLER = 0.6
"""... and by so much less each time."""


class Outlook(NamedTuple):
    """What was seen around a set, by the depth at which one looked.

    There some places are still ``undecided``. To choose one gains ``excess``, each arc from a chosen one to another that is not costs ``slope``; a
    choice costs ``base`` besides, at a ``rate`` for each household, and ``rest`` of that for how many there are in the end. ``sure`` is what every
    choice costs at least, at any depth, and ``looked`` where one last looked; the last row is what there is before anything is decided.

    ``away`` tells how many households away each atom is, ``waits`` which ones are to be gone on from.
    """

    arcs: Arcs
    ways: Ways
    undecided: Words
    excess: Floats
    slope: Floats
    base: Floats
    rate: Floats
    rest: Floats
    sure: Floats
    looked: Ints
    away: Ints
    waits: Ints


def empty_outlook(net: Net, limits: Limits, cuts: Cuts) -> Outlook:
    """Return room for what is seen around sets of atoms of ``net`` under ``cuts``."""
    count, compounds = len(net.households), int(net.compound.max(initial=-1)) + 1
    places, depths = count + compounds, count + 3
    rows = np.repeat(np.arange(count), np.diff(net.indptr))
    inside = np.flatnonzero(net.compound >= 0)
    pairs = cuts[:, [0, 0, 1, 1, 2, 2]].ravel(), cuts[:, [1, 2, 0, 2, 0, 1]].ravel()
    arcs, slopes = arcs_of(
        places,
        np.concatenate((rows, inside, pairs[0])),
        np.concatenate((net.indices, count + net.compound[inside], pairs[1])),
        np.concatenate((net.cut_dm, np.full(len(inside), 2.0 * limits.split_dm), np.zeros(6 * len(cuts)))),
    )
    undecided, slope = np.zeros((depths, (places + 63) // 64), np.uint64), np.zeros((depths, len(slopes)))
    base, rate, rest, sure = np.zeros((4, depths))
    away, waits = np.zeros((2, count), np.int64)
    excess = np.zeros((depths, places))
    slope[-1], excess[-1, count:] = slopes, -2.0 * limits.split_dm
    undecided[-1] = [sum(1 << bit for bit in range(min(64, places - 64 * word))) for word in range(undecided.shape[1])]
    return Outlook(arcs, empty_ways(places), undecided, excess, slope, base, rate, rest, sure, np.zeros(depths, np.int64), away, waits)


@lean_kernel
def begin_outlook(net: Net, limits: Limits, market: Market, growth: Growth, outlook: Outlook) -> None:
    """Look around a set of one atom, at depth 0."""
    depth, nothing, prices, households = np.int64(0), len(outlook.base) - 1, 0.0, 0
    for atom in range(len(net.households)):
        outlook.excess[nothing, atom] = market.prices[atom]
        prices, households = prices + market.prices[atom], households + net.households[atom]
    usual = prices / max(1, households)
    outlook.looked[0] = nothing
    _inherit(net, limits, market, growth, outlook, depth)
    _change_rate(net, limits, market, growth, outlook, depth, usual)
    _look(net, limits, market, growth, outlook, depth, ROOT_TRIES, 0.5 * usual)


@lean_kernel
def look_again(net: Net, limits: Limits, market: Market, growth: Growth, outlook: Outlook, depth: int) -> None:
    """Look around the set at ``depth`` anew, which one has not done since it came to hold its last atom."""
    _inherit(net, limits, market, growth, outlook, depth)
    _look(net, limits, market, growth, outlook, depth, TRIES, STEP * abs(outlook.rate[0]))


@lean_kernel
def follow_outlook(growth: Growth, outlook: Outlook, depth: int, atom: int, goes_on: bool) -> None:
    """Tell what is sure at ``depth`` now that an atom is left out, and at ``depth + 1`` with the atom, if it ``goes_on`` there."""
    arcs, seen, count = outlook.arcs, outlook.looked[depth], len(outlook.away)
    to_set, to_out, gain = 0.0, 0.0, outlook.excess[seen, atom]
    for e in range(arcs.first[atom], arcs.first[atom + 1]):
        other = arcs.to[e]
        if other < count and lies_in(outlook.undecided[seen], other):
            if lies_in(growth.taken[depth], other):
                to_set += outlook.slope[seen, arcs.back[e]]
            elif lies_in(growth.out[depth], other):
                to_out += outlook.slope[seen, e]
    if goes_on:
        outlook.sure[depth + 1], outlook.looked[depth + 1] = outlook.sure[depth] + to_out + max(0.0, -gain), seen
    outlook.sure[depth] += to_set + max(0.0, gain)


@lean_kernel
def _inherit(net: Net, limits: Limits, market: Market, growth: Growth, outlook: Outlook, depth: int) -> None:
    """Go on at ``depth`` from what was seen before: atoms decided upon since are so, others are too far away by now."""
    arcs, seen = outlook.arcs, outlook.looked[depth]
    before, still, taken = outlook.undecided[seen], outlook.undecided[depth], growth.taken[depth]
    excess, slope = outlook.excess[seen], outlook.slope[seen]
    base = outlook.base[seen]
    _keep_undecided(net, market, growth, outlook, depth)
    for w in range(len(before)):
        word = before[w]
        while word != NOTHING:
            place = 64 * w + trailing_zeros(word)
            word &= word - ONE
            gain, is_still = excess[place], lies_in(still, place)
            is_taken = place < len(net.households) and lies_in(taken, place)
            for e in range(arcs.first[place], arcs.first[place + 1]):
                other = arcs.to[e]
                kept = 0.0
                if lies_in(before, other):
                    if lies_in(still, other):
                        kept = slope[e]
                    elif other < len(net.households) and lies_in(taken, other):
                        gain += slope[arcs.back[e]]
                        base += slope[arcs.back[e]] * (not is_taken)
                    else:
                        gain -= slope[e]
                if is_still:
                    outlook.slope[depth, e] = kept
            if is_still:
                outlook.excess[depth, place] = gain
            elif is_taken:
                base -= excess[place]
            elif place >= len(net.households):
                base -= max(0.0, gain)
    rate = outlook.rate[seen]
    rest = _least_rest(limits, market, growth.load[depth], rate)
    base += rest - outlook.rest[seen] + _fine(market, growth, outlook, depth)
    outlook.base[depth], outlook.rate[depth], outlook.rest[depth], outlook.looked[depth] = base, rate, rest, depth


@lean_kernel
def _keep_undecided(net: Net, market: Market, growth: Growth, outlook: Outlook, depth: int) -> None:
    """Tell what is still undecided at ``depth``: atoms that there is room for, and their compounds."""
    count, room = len(net.households), market.high - growth.load[depth]
    before, still = outlook.undecided[outlook.looked[depth]], outlook.undecided[depth]
    _measure(net, growth, outlook, depth, room)
    for w in range(len(still)):
        still[w] = NOTHING
    for atom in range(count):
        if outlook.away[atom] <= room and lies_in(before, atom):
            still[atom >> 6] |= ONE << (np.uint64(atom) & WORD)
            place = count + net.compound[atom]
            if net.compound[atom] >= 0 and lies_in(before, place):
                still[place >> 6] |= ONE << (np.uint64(place) & WORD)


@lean_kernel
def _fine(market: Market, growth: Growth, outlook: Outlook, depth: int) -> float:
    """Add the fines of cuts of which the set did not hold an atom before; return those that it must pay by now."""
    before, still, taken = outlook.undecided[outlook.looked[depth]], outlook.undecided[depth], growth.taken[depth]
    paid = 0.0
    for w in range(len(taken)):
        word = taken[w] & before[w]
        while word != NOTHING:
            atom = 64 * w + trailing_zeros(word)
            word &= word - ONE
            for k in range(market.cut_from[atom], market.cut_from[atom + 1]):
                one, other, fine = market.others[k, 0], market.others[k, 1], market.fine[k]
                one_taken, other_taken = lies_in(taken, one), lies_in(taken, other)
                if (one_taken and not lies_in(before, one)) or (other_taken and not lies_in(before, other)):
                    continue
                if one_taken or other_taken:
                    first = (not one_taken or atom < one) and (not other_taken or atom < other)
                    paid += fine * first
                elif lies_in(still, one):
                    outlook.excess[depth, one] -= fine
                    if lies_in(still, other):
                        outlook.slope[depth, _arc(outlook.arcs, other, one)] += fine
                elif lies_in(still, other):
                    outlook.excess[depth, other] -= fine
    return paid


@lean_kernel
def _arc(arcs: Arcs, source: int, target: int) -> int:
    """Return the arc from one place to another."""
    e = arcs.first[source]
    while arcs.to[e] != target:
        e += 1
    return e


@lean_kernel
def _change_rate(net: Net, limits: Limits, market: Market, growth: Growth, outlook: Outlook, depth: int, by: float) -> None:
    """Let every household cost so much more, and what they come to in the end so much less."""
    by = np.round(by / UNIT) * UNIT
    for atom in range(len(net.households)):
        if lies_in(outlook.undecided[depth], atom):
            outlook.excess[depth, atom] -= by * net.households[atom]
    rest = _least_rest(limits, market, growth.load[depth], outlook.rate[depth] + by)
    outlook.base[depth] += by * growth.load[depth] + rest - outlook.rest[depth]
    outlook.rate[depth], outlook.rest[depth] = outlook.rate[depth] + by, rest


@lean_kernel
def _look(net: Net, limits: Limits, market: Market, growth: Growth, outlook: Outlook, depth: int, tries: int, step: float) -> None:
    """Let flow what can, at several rates, until it is sure that nothing comes of the set."""
    room = market.high - growth.load[depth]
    for turn in range(tries):
        if turn > 0:
            _change_rate(net, limits, market, growth, outlook, depth, step if _chosen(net, outlook, depth) > room else -step)
            step *= SMALLER
        outlook.sure[depth] = flowed(
            outlook.arcs, outlook.ways, outlook.undecided[depth], outlook.excess[depth], outlook.slope[depth], outlook.base[depth], market.slack
        )
        if outlook.sure[depth] >= market.slack:
            break


@lean_kernel
def _least_rest(limits: Limits, market: Market, load: int, rate: float) -> float:
    """Return the least that a number of households from ``load`` on costs, less its ``rate``."""
    least = np.inf
    # Between these it is a straight line.
    for each in (market.low, limits.minimum, limits.target, limits.maximum, market.high):
        households = min(max(each, market.low, load), market.high)
        cost = market.outside_price * outside(households, limits) + 2.0 * limits.unevenness_dm * abs(households - limits.target)
        least = min(least, cost - rate * households)
    return least


@lean_kernel
def _chosen(net: Net, outlook: Outlook, depth: int) -> int:
    """Return the households of the smallest best choice: what could not flow away, and what that reaches."""
    households = 0
    for atom in range(len(net.households)):
        if lies_in(outlook.undecided[depth], atom) and outlook.ways.came[atom] != UNSEEN:
            households += net.households[atom]
    return households


@lean_kernel
def _measure(net: Net, growth: Growth, outlook: Outlook, depth: int, room: int) -> None:
    """Fill ``outlook.away``: how many households a set must take in to hold each atom, which may be more than there is ``room`` for."""
    count, queue = len(net.households), outlook.ways.queue
    for atom in range(count):
        outlook.away[atom], outlook.waits[atom] = room + 1, 0
    first, waiting = np.int64(0), np.int64(0)
    for w in range(growth.front.shape[1]):
        word = growth.front[depth, w]
        while word != NOTHING:
            atom = 64 * w + trailing_zeros(word)
            word &= word - ONE
            outlook.away[atom], outlook.waits[atom], queue[waiting] = net.households[atom], 1, atom
            waiting += 1
    # Corrected until all are right; an atom waits at most once at a time, so the ring suffices.
    while waiting > 0:
        atom = queue[first]
        first, waiting = (first + 1) % count, waiting - 1
        outlook.waits[atom] = 0
        for e in range(net.indptr[atom], net.crossable_end[atom]):
            other = net.indices[e]
            away = outlook.away[atom] + net.households[other]
            if away < outlook.away[other] and not lies_in(growth.out[depth], other) and not lies_in(growth.taken[depth], other):
                outlook.away[other] = away
                if outlook.waits[other] == 0:
                    outlook.waits[other], queue[(first + waiting) % count] = 1, other
                    waiting += 1

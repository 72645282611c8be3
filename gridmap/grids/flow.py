"""The cheapest choice among things that go together: a minimum cut, found as a maximum flow.

Each place may be chosen or not. One that is gains its ``excess``; each arc from one that is to one that is not costs its ``slope``. Gains flow to
losses along arcs, which changes no choice's cost but shows what every choice costs at least: Picard and Queyranne, On the structure of all minimum
cuts in a network, Mathematical Programming Study 13 (1980). Ways are the shortest ones: Edmonds and Karp, Theoretical improvements in algorithmic
efficiency for network flow problems, Journal of the ACM 19 (1972).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridmap.grids.graph import Floats, Ints
from gridmap.grids.growth import NOTHING, ONE, Words, trailing_zeros
from gridmap.kernels import lean_kernel

UNSEEN, SOURCE = -2, -1


class Arcs(NamedTuple):
    """Arcs between places: those of place ``i``, ``first[i]`` to ``first[i + 1]``, lead ``to`` others; ``back`` are the same the other way."""

    first: Ints
    to: Ints
    back: Ints


class Ways(NamedTuple):
    """Room for the search for ways: the arc back by which one ``came`` to a place, and the ``queue`` of places to go on from."""

    came: Ints
    queue: Ints


def arcs_of(places: int, sources: Ints, targets: Ints, slopes: Floats) -> tuple[Arcs, Floats]:
    """Return the arcs from ``sources`` to ``targets`` and the other way, each pair of places once, and their slopes, which add up."""
    begin, end = np.concatenate((sources, targets)), np.concatenate((targets, sources))
    pair, place = np.unique(begin * places + end, return_inverse=True)
    begin, end = pair // places, pair % places
    first = np.searchsorted(begin, np.arange(places + 1))
    back = np.searchsorted(pair, end * places + begin)
    slope = np.bincount(place, weights=np.concatenate((slopes, np.zeros(len(slopes)))), minlength=len(pair))
    return Arcs(first, end, back), slope


def empty_ways(places: int) -> Ways:
    """Return room for ways between so many places."""
    return Ways(*np.zeros((2, places), np.int64))


@lean_kernel
def flowed(arcs: Arcs, ways: Ways, among: Words, excess: Floats, slope: Floats, sure: float, enough: float) -> float:
    """Let gains flow to losses ``among`` some places until no more can, or until ``sure``, the cost of all choices before gains, is ``enough``;
    return what every choice costs at least.
    """
    for w in range(len(among)):
        word = among[w]
        while word != NOTHING:
            place = 64 * w + trailing_zeros(word)
            word &= word - ONE
            sure -= max(0.0, excess[place])
    while sure < enough:
        loser = _way(arcs, ways, among, excess, slope)
        if loser < 0:
            break
        sure += _send(arcs, ways, excess, slope, loser)
    return sure


@lean_kernel
def _way(arcs: Arcs, ways: Ways, among: Words, excess: Floats, slope: Floats) -> int:
    """Look for the shortest way from a place with excess to one that lacks; return that one, or -1."""
    end, first = 0, 0
    for w in range(len(among)):
        word = among[w]
        while word != NOTHING:
            place = 64 * w + trailing_zeros(word)
            word &= word - ONE
            ways.came[place] = UNSEEN
            if excess[place] > 0:
                ways.came[place], ways.queue[end] = SOURCE, place
                end += 1
    while first < end:
        place = ways.queue[first]
        first += 1
        for e in range(arcs.first[place], arcs.first[place + 1]):
            other = arcs.to[e]
            if slope[e] > 0 and ways.came[other] == UNSEEN:
                ways.came[other] = arcs.back[e]
                if excess[other] < 0:
                    return other
                ways.queue[end] = other
                end += 1
    return -1


@lean_kernel
def _send(arcs: Arcs, ways: Ways, excess: Floats, slope: Floats, loser: int) -> float:
    """Send as much as possible on the way that was found to a ``loser``; return how much."""
    amount, place = -excess[loser], loser
    while ways.came[place] != SOURCE:
        amount = min(amount, slope[arcs.back[ways.came[place]]])
        place = arcs.to[ways.came[place]]
    amount = min(amount, excess[place])
    excess[place] -= amount
    excess[loser] += amount
    place = loser
    while ways.came[place] != SOURCE:
        slope[arcs.back[ways.came[place]]] -= amount
        slope[ways.came[place]] += amount
        place = arcs.to[ways.came[place]]
    return amount

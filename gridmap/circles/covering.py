"""Inner loops of siting: a good choice of candidates, and a bound on every choice.

``first`` and ``rows`` are the demands that each candidate serves, in compressed columns.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gridmap.kernels import kernel

PRICINGS, PATIENCE = 400, 8
"""So many times prices are set for a bound; after so many without a better one they move by smaller steps."""

EXACT = 1e-6
"""Sums of prices are as exact as this, in households."""


@kernel
def _gain(first: Any, rows: Any, households: Any, times: Any, candidate: Any) -> int:
    """Return the households that a candidate would add."""
    gain = 0
    for k in range(first[candidate], first[candidate + 1]):
        if times[rows[k]] == 0:
            gain += households[rows[k]]
    return gain


@kernel
def _best(first: Any, rows: Any, households: Any, times: Any, taken: Any) -> Any:
    """Return the candidate that would add most households, and how many."""
    best, gain = -1, -1
    for candidate in range(taken.size):
        if not taken[candidate]:
            adds = _gain(first, rows, households, times, candidate)
            if adds > gain:
                best, gain = candidate, adds
    return best, gain


@kernel
def exchanged(first: Any, rows: Any, households: Any, count: Any) -> Any:
    """Return so many candidates, chosen one by one, each the best then, and exchanged one for another while that helps."""
    candidates = first.size - 1
    times = np.zeros(households.size, np.int64)
    taken = np.zeros(candidates, np.bool_)
    chosen = np.empty(count, np.int64)
    for number in range(count):
        chosen[number], _ = _best(first, rows, households, times, taken)
        taken[chosen[number]] = True
        for k in range(first[chosen[number]], first[chosen[number] + 1]):
            times[rows[k]] += 1
    improved = True
    while improved:
        improved = False
        for number in range(count):
            old = chosen[number]
            for k in range(first[old], first[old + 1]):
                times[rows[k]] -= 1
            loss = _gain(first, rows, households, times, old)
            new, gain = _best(first, rows, households, times, taken)
            if new >= 0 and gain > loss:
                taken[old], taken[new] = False, True
                chosen[number] = new
                improved = True
            for k in range(first[chosen[number]], first[chosen[number] + 1]):
                times[rows[k]] += 1
    return chosen


@kernel
def bounded(first: Any, rows: Any, households: Any, count: Any, least: Any) -> Any:
    """Return a bound on what any choice covers, and the candidates that no choice better than ``least`` holds, and that every such choice holds.

    A price on each demand, at most its households, is paid to every candidate that serves it. What the best paid candidates and the rest of all
    households come to is a bound, whatever the prices (Lagrange; for this problem Galvao and ReVelle 1996).
    """
    candidates = first.size - 1
    price = households * 0.5
    kept = price.copy()
    never, always = np.zeros(candidates, np.bool_), np.zeros(candidates, np.bool_)
    best, scale, stalled = np.inf, 1.0, 0
    # A household more is the least that a better choice covers.
    enough = least + 1 - EXACT
    for _ in range(PRICINGS):
        score = _paid(first, rows, price)
        order = np.argsort(-score)
        bound = (households - price).sum() + score[order[:count]].sum()
        last = score[order[count - 1]]
        following = score[order[count]] if count < candidates else 0.0
        for rank in range(candidates):
            if rank < count:
                always[order[rank]] |= bound - score[order[rank]] + following < enough
            else:
                never[order[rank]] |= bound - last + score[order[rank]] < enough
        if bound < best:
            best, stalled = bound, 0
            kept[:] = price
        else:
            stalled += 1
            if stalled == PATIENCE:
                scale, stalled = scale * 0.6, 0
                price[:] = kept
        if best < enough or not _priced(first, rows, households, order[:count], scale * max(bound - least, 1.0), price):
            break
    return best, never, always


@kernel
def _paid(first: Any, rows: Any, price: Any) -> Any:
    score = np.zeros(first.size - 1)
    for candidate in range(score.size):
        for k in range(first[candidate], first[candidate + 1]):
            score[candidate] += price[rows[k]]
    return score


@kernel
def _priced(first: Any, rows: Any, households: Any, chosen: Any, step: Any, price: Any) -> bool:
    """Raise the prices where no chosen candidate serves and lower them where several do; return whether any moved."""
    turn = np.ones(price.size, np.int64)
    for candidate in chosen:
        for k in range(first[candidate], first[candidate + 1]):
            turn[rows[k]] -= 1
    norm = 0
    for i in range(price.size):
        if (turn[i] > 0 and price[i] < households[i]) or (turn[i] < 0 and price[i] > 0):
            norm += turn[i] * turn[i]
    if norm == 0:
        return False
    for i in range(price.size):
        price[i] = min(float(households[i]), max(0.0, price[i] + step / norm * turn[i]))
    return True

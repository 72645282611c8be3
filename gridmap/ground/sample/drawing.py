"""Small tools for drawing many things at once: chance, ragged counting, joining tables."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Rng = np.random.Generator
Ints = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.float64]
Truths = npt.NDArray[np.bool_]
Words = npt.NDArray[Any]
"""Texts, one a thing."""


def between(rng: Rng, low: Any, high: Any, size: int | tuple[int, ...]) -> Numbers:
    """Draw numbers from ``low`` to ``high``.

    All chance of the sample goes through ``rng.random``: its stream is the one that numpy keeps the same from version to version.
    """
    numbers: Numbers = low + (np.asarray(high) - low) * rng.random(size)
    return numbers


def whole(rng: Rng, low: Any, high: Any, size: int) -> Ints:
    """Draw whole numbers from ``low`` to ``high``, both inside."""
    return np.floor(between(rng, np.asarray(low, float), np.asarray(high, float) + 1, size)).astype(np.int64)


def shuffled(rng: Rng, size: int) -> Ints:
    """Draw an order of ``size`` things."""
    return np.argsort(rng.random(size), kind="stable")


def pick(rng: Rng, weights: Any, size: int) -> Ints:
    """Draw positions in proportion to ``weights``; with one row of weights for each draw when it has two dimensions."""
    weights = np.asarray(weights, float)
    steps = np.cumsum(weights, axis=-1)
    thrown = rng.random(size)
    if weights.ndim == 1:
        return np.searchsorted(steps / steps[-1], thrown, side="right").astype(np.int64)
    position: Ints = (thrown[:, None] * steps[:, -1:] >= steps).sum(axis=1)
    return position


def counted(counts: Any) -> tuple[Ints, Ints]:
    """Return (owner, number) for every one of ``counts`` things of each owner; number starts at 0.

    >>> [column.tolist() for column in counted([2, 0, 3])]
    [[0, 0, 2, 2, 2], [0, 1, 0, 1, 2]]
    """
    counts = np.asarray(counts, dtype=np.int64)
    owner = np.repeat(np.arange(len(counts)), counts)
    first = np.cumsum(counts) - counts
    return owner, np.arange(len(owner)) - first[owner]


def rank_within(owner: Any) -> Ints:
    """Return for each thing how many things of the same owner stand before it.

    >>> rank_within([5, 3, 5, 5]).tolist()
    [0, 0, 1, 2]
    """
    owner = np.asarray(owner)
    order = np.argsort(owner, kind="stable")
    ordered = owner[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(ordered) else np.empty(0, dtype=np.int64)
    sizes = np.diff(np.r_[starts, len(ordered)])
    rank = np.empty(len(owner), dtype=np.int64)
    rank[order] = np.arange(len(owner)) - np.repeat(starts, sizes)
    return rank

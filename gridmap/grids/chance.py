"""Chance for kernels: a small generator whose whole state is one word, so that a search can stop and go on, in any process, with the same result."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gridmap.kernels import lean_kernel

Words = npt.NDArray[np.uint64]

# The constants of SplitMix64 (Steele, Lea, Flood 2014).
_STEP = np.uint64(0x9E3779B97F4A7C15)
_MIX_A = np.uint64(0xBF58476D1CE4E5B9)
_MIX_B = np.uint64(0x94D049BB133111EB)
_SHIFT_30 = np.uint64(30)
_SHIFT_27 = np.uint64(27)
_SHIFT_31 = np.uint64(31)
_SHIFT_11 = np.uint64(11)
_UNIT = 2.0**-53


def seeded(*seeds: int) -> Words:
    """Return the state of a generator, uint64[1], that differs for every sequence of ``seeds``."""
    return np.random.SeedSequence(seeds).generate_state(1, np.uint64)


@lean_kernel
def word(state: Words) -> np.uint64:
    """Return 64 random bits and advance ``state``."""
    state[0] += _STEP
    mixed = state[0]
    mixed = (mixed ^ (mixed >> _SHIFT_30)) * _MIX_A
    mixed = (mixed ^ (mixed >> _SHIFT_27)) * _MIX_B
    return mixed ^ (mixed >> _SHIFT_31)


@lean_kernel
def uniform(state: Words) -> float:
    """Return a number from 0 up to, not including, 1."""
    return float(word(state) >> _SHIFT_11) * _UNIT


@lean_kernel
def below(state: Words, count: int) -> int:
    """Return a whole number from 0 to ``count`` - 1."""
    return int(uniform(state) * count)


@lean_kernel
def gumbel(state: Words) -> float:
    """Return a number with the standard Gumbel distribution: the greatest of values with such noise is a Boltzmann draw among them."""
    return float(-np.log(-np.log(uniform(state) + _UNIT)))

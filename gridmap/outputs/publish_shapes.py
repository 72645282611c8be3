"""Shapes as text, a third as long as numbers: each step from corner to corner of a shape is one to three letters."""

from __future__ import annotations

import functools
from collections.abc import Sequence

LETTERS = "".join(chr(code) for code in range(35, 127) if chr(code) not in "<\\")
"""90 letters that stand for themselves in JSON and in HTML."""

LAST = 60
"""So many letters end a number; the 30 others say that more of it follows."""

MORE = len(LETTERS) - LAST


def coded_parts(parts: Sequence[Sequence[int]]) -> list[str]:
    """Return each part of a shape, see :func:`gridmap.outputs.map_shapes.packed_shapes`, as text: its numbers one after the other.

    >>> coded_parts([[0, -1, 29, 1000]])
    ['#$_ug%']
    """
    return ["".join(map(_coded, part)) for part in parts]


def decoded(text: str) -> list[int]:
    """Return the numbers of a text that :func:`coded_parts` made.

    >>> decoded("#$_ug%")
    [0, -1, 29, 1000]
    """
    numbers, value, weight = [], 0, 1
    for letter in text:
        digit = LETTERS.index(letter)
        if digit >= LAST:
            value, weight = value + weight * (digit - LAST), weight * MORE
            continue
        value += weight * digit
        numbers.append(-(value + 1) // 2 if value % 2 else value // 2)
        value, weight = 0, 1
    return numbers


@functools.lru_cache(maxsize=1 << 16)
def _coded(number: int) -> str:
    """Return one number: small ones of either sign are one letter."""
    value = 2 * number if number >= 0 else -2 * number - 1
    letters = []
    while value >= LAST:
        letters.append(LETTERS[LAST + value % MORE])
        value //= MORE
    return "".join([*letters, LETTERS[value]])

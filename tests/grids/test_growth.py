from __future__ import annotations

import numpy as np
import pytest

from gridmap.grids.growth import ONE, lowest_atom, trailing_zeros, write


@pytest.mark.parametrize("place", [0, 1, 31, 32, 62, 63])
def test_the_lowest_bit_of_a_word_is_found(place: int) -> None:
    word = np.uint64(2**64 - 1) << np.uint64(place)
    assert trailing_zeros(word) == place


def bits(*atoms: int) -> np.ndarray:
    words = np.zeros(3, np.uint64)
    for atom in atoms:
        words[atom >> 6] |= ONE << np.uint64(atom & 63)
    return words


def test_the_first_atom_of_a_set_is_found() -> None:
    assert lowest_atom(bits(130, 70)) == 70


def test_an_empty_set_has_no_first_atom() -> None:
    assert lowest_atom(bits()) == -1


def test_a_set_is_written_in_order() -> None:
    held = np.full(5, -1, np.int64)
    assert write(bits(3, 64, 127), held, 1) == 4
    assert held.tolist() == [-1, 3, 64, 127, -1]

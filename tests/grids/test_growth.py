from __future__ import annotations

import numpy as np
import pytest
from graphs import path_of

from gridmap.grids.growth import ONE, begin, empty_growth, ground_of, lowest_atom, take, trailing_zeros, write
from gridmap.grids.treecut import net_of


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


def test_atoms_fit_where_there_is_room_for_their_households() -> None:
    fitting = ground_of(net_of(path_of(3, 0, 2, 9)), 4).fitting
    assert fitting[:, 0].tolist() == [0b0010, 0b0010, 0b0110, 0b0111, 0b0111]


def test_what_there_is_no_room_for_is_decided_on_at_once() -> None:
    growth = empty_growth(4, 1)
    ground = ground_of(net_of(path_of(1, 2, 2, 9)), 5)
    begin(ground, growth, 0)
    take(ground, growth, 0, 1)
    assert growth.front[1, 0] == 0b0100
    take(ground, growth, 1, 2)
    assert (growth.front[2, 0], growth.out[2, 0]) == (0, 0b1111)


def test_nothing_fits_beside_an_atom_that_is_too_large_itself() -> None:
    growth = empty_growth(2, 1)
    begin(ground_of(net_of(path_of(9, 0)), 5), growth, 0)
    assert growth.front[0, 0] == 0

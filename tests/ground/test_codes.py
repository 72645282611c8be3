from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmap.errors import RequestError
from gridmap.ground.codes import Division, division, grid_codes, reading_order

HAIAN = "320621001003"


def test_division_code_has_three_parts() -> None:
    assert division(HAIAN) == Division(county="320621", street_office="001", community="003")


@pytest.mark.parametrize(
    "code",
    [
        None,
        float("nan"),
        320621001003,
        "",
        "32062100100",
        "3206210010031",
        "32062100100a",
        "３２０６２１００１００３",
        "020621001003",
        "320621001000",
    ],
)
def test_no_division_code(code: object) -> None:
    assert division(code) is None


def test_fifteen_digits() -> None:
    assert grid_codes(HAIAN, 2, scheme="15") == [HAIAN + "001", HAIAN + "002"]


def test_twenty_digits() -> None:
    assert grid_codes(HAIAN, 2, scheme="20", object_class="010200") == ["010200" + HAIAN + "01", "010200" + HAIAN + "02"]


def test_an_undivided_community_has_sequence_zero_in_twenty_digits() -> None:
    assert grid_codes(HAIAN, 1, scheme="20", object_class="010200") == ["010200" + HAIAN + "00"]


@pytest.mark.parametrize(("scheme", "most"), [("15", 999), ("20", 99)])
def test_more_grids_than_digits(scheme: str, most: int) -> None:
    assert len(grid_codes(HAIAN, most, scheme=scheme, object_class="010200") or []) == most  # type: ignore[arg-type]
    assert grid_codes(HAIAN, most + 1, scheme=scheme, object_class="010200") is None  # type: ignore[arg-type]


def test_unknown_scheme() -> None:
    with pytest.raises(RequestError) as caught:
        grid_codes(HAIAN, 1, scheme="16")  # type: ignore[arg-type]
    assert caught.value.code == "code_scheme_unknown"


@pytest.mark.parametrize("object_class", ["", "01020", "01020a"])
def test_twenty_digits_need_an_object_class(object_class: str) -> None:
    with pytest.raises(RequestError) as caught:
        grid_codes(HAIAN, 1, scheme="20", object_class=object_class)
    assert caught.value.code == "object_class_unusable"


def test_numbered_like_a_page() -> None:
    """Nine squares of 100 m, each up to 20 m askew, are numbered left to right, top to bottom."""
    row, column = np.divmod(np.arange(9), 3)
    askew = np.array([15, -18, 20, 0, -20, 10, 12, -15, 5])
    assert reading_order(100 * column, -100 * row + askew, np.full(9, 1e4), list("abcdefghi")).tolist() == list(range(9))


def test_no_grid_no_number() -> None:
    assert reading_order([], [], [], []).tolist() == []


PLACES = st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500), st.integers(1, 20_000)), min_size=1, max_size=30)


@given(PLACES, st.randoms(use_true_random=False))
def test_numbering_does_not_depend_on_the_order_of_the_rows(places: list[tuple[int, int, int]], random: object) -> None:
    names = [f"G{number:02d}" for number in range(len(places))]
    shuffled = list(range(len(places)))
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    x, y, area = (np.array(values, dtype=float) for values in zip(*places, strict=True))
    plain = [names[position] for position in reading_order(x, y, area, names)]
    mixed_names = [names[position] for position in shuffled]
    mixed = [mixed_names[position] for position in reading_order(x[shuffled], y[shuffled], area[shuffled], mixed_names)]
    # Grids with the very same centre are told apart by name, so that the order is the same here, too.
    assert mixed == plain

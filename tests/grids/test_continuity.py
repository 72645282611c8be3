from __future__ import annotations

import itertools

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from gridmap.grids.continuity import continued_grids

LABELS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 50)), min_size=1, max_size=12)


def kept(pairs: dict[object, object], rows: list[tuple[int, int, int]]) -> int:
    return sum(households for old, new, households in rows if pairs.get(new) == old)


@given(LABELS)
def test_no_pairing_keeps_more_households(rows: list[tuple[int, int, int]]) -> None:
    old, new, households = (pd.Series(values) for values in zip(*rows, strict=True))
    pairs = continued_grids(old, new, households)
    assert len(set(pairs.values())) == len(pairs)
    olds, news = sorted(set(old)), sorted(set(new))
    padded = [*olds, *[None] * len(news)]
    best = max(kept(dict(zip(news, chosen, strict=False)), rows) for chosen in itertools.permutations(padded, len(news)))
    assert kept(pairs, rows) == best  # type: ignore[arg-type]


def test_atoms_decide_where_households_do_not() -> None:
    old = pd.Series(["G1", "G1", "G2"])
    new = pd.Series(["x", "y", "y"])
    assert continued_grids(old, new, pd.Series([0, 0, 0])) == {"x": "G1", "y": "G2"}


def test_grids_with_nothing_in_common_are_not_paired() -> None:
    assert continued_grids(pd.Series(["G1", None]), pd.Series([None, "x"]), pd.Series([5, 5])) == {}

"""Small counts: withheld, and not to be worked out from what is shown, by strangers or by people with their own knowledge."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from gridmap.people.suppression import FEW, Suppressed, given_away, suppressed


def shown(counts: list[int], groups: list[str]) -> Suppressed:
    return suppressed(pd.DataFrame({"households": counts}), pd.Series(groups))


def most(found: Suppressed, groups: list[str], counts: list[int], cell: int, knows: list[int]) -> float:
    """Return the most that ``cell`` may hold for all that whoever knows some cells can see: an independent oracle, solved as a linear program."""
    size = len(counts)
    sums, values = [], []
    for name in dict.fromkeys(groups):
        total = found.groups["households"][name]
        if not pd.isna(total):
            sums.append([float(each == name) for each in groups])
            values.append(int(total))
    if not pd.isna(found.total["households"]):
        sums.append([1.0] * size)
        values.append(int(found.total["households"]))
    bounds = []
    for position in range(size):
        seen = found.cells["households"].iloc[position]
        known = counts[position] if position in knows else None if pd.isna(seen) else int(seen)
        # Whoever knows the rule knows that nothing empty is withheld alone.
        bounds.append((1, None) if known is None else (known, known))
    objective = np.zeros(size)
    objective[cell] = -1.0
    solved = linprog(objective, A_eq=sums or None, b_eq=values or None, bounds=bounds, method="highs")
    return np.inf if solved.status == 3 else float(-solved.fun)


CELLS = st.lists(st.tuples(st.one_of(st.integers(0, 6), st.integers(0, 40)), st.sampled_from("abc")), min_size=1, max_size=7)


@settings(max_examples=25)
@given(CELLS)
@example([(3, "a"), (6, "a"), (7, "a"), (8, "b")])
@example([(1, "a"), (1, "b"), (1, "c")])
def test_nothing_shown_gives_a_small_count_away(cells: list[tuple[int, str]]) -> None:
    counts, groups = [count for count, _ in cells], [group for _, group in cells]
    found = shown(counts, groups)
    insiders = [[], *([position] for position in range(len(cells))), *([p for p, each in enumerate(groups) if each == name] for name in set(groups))]
    for knows in insiders:
        for cell, count in enumerate(counts):
            if 1 <= count <= FEW and cell not in knows:
                assert most(found, groups, counts, cell, knows) > FEW


@settings(max_examples=60)
@given(CELLS)
def test_what_is_shown_is_true_and_never_small(cells: list[tuple[int, str]]) -> None:
    counts, groups = [count for count, _ in cells], [group for _, group in cells]
    found = shown(counts, groups)
    for frame, truth in ((found.cells, pd.Series(counts)), (found.groups, pd.Series(counts).groupby(groups).sum())):
        for name, value in frame["households"].items():
            assert pd.isna(value) or (value == truth[name] and not 1 <= value <= FEW)


def test_large_counts_are_all_shown() -> None:
    found = shown([5, 80, 0, 12], ["a", "a", "b", "b"])
    assert found.cells["households"].tolist() == [5, 80, 0, 12]
    assert found.total["households"] == 97


def test_one_small_count_takes_others_with_it() -> None:
    assert shown([3, 40, 50, 60], ["a"] * 4).cells["households"].isna().tolist() == [True, True, True, False]


def test_a_sum_that_cannot_be_kept_safe_is_withheld() -> None:
    found = shown([2, 1, 90], ["a", "a", "b"])
    assert found.groups["households"].isna().tolist() == [True, False]
    assert pd.isna(found.total["households"])


def test_a_row_is_withheld_whole() -> None:
    counts = pd.DataFrame({"households": [30, 40, 50, 60], "centre": [2, 9, 8, 7]})
    assert suppressed(counts, pd.Series(["a"] * 4)).cells.isna().to_numpy()[0].all()


@pytest.mark.parametrize(("parts", "told"), [([8, 3], True), ([8, 0], False), ([6, 5], False), ([11], False), ([5, 5, 1], False)])
def test_who_knows_one_grid_does_not_learn_of_few_in_the_rest(parts: list[int], told: bool) -> None:
    cells = pd.DataFrame({"households": [sum(parts)]}, index=["C1"])
    found = given_away(cells, pd.DataFrame({"households": parts}), pd.Series(["C1"] * len(parts)))
    assert found.tolist() == [told]

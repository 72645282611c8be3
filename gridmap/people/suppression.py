"""Counts of few persons are withheld, and so much more that nobody can work them out from the sums that are shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

FEW = 4
"""Counts from 1 to this are withheld (our rule, see DOMAIN: personal information is shown as little as possible)."""

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Suppressed:
    """What may be shown: one row for each cell, group and the whole, with one Int64 column for each count; missing is withheld."""

    cells: pd.DataFrame
    groups: pd.DataFrame
    total: pd.Series


def suppressed(counts: pd.DataFrame, groups: pd.Series, *, withheld: npt.NDArray[np.bool_] | None = None) -> Suppressed:
    """Return which of ``counts`` (one row for each cell, such as a community) may be shown with the sums by ``groups`` and the sum of all.

    A row in which any count is 1 to 4 is withheld whole, as is one that ``withheld`` names: counts of one row bound each other. Where a sum would
    give away what is withheld below it, further rows are withheld, the smallest first; where that does not help, the sum. What is left keeps two
    promises, whoever adds and subtracts what is shown: every withheld row could, for all that is known, hold 5 or more in every count that is not
    all zero; and that stays so for somebody who knows one row, or all rows of one group, from his own work.

    >>> found = suppressed(pd.DataFrame({"households": [9, 3, 8, 20]}, index=list("abcd")), pd.Series("north", index=list("abcd")))
    >>> found.cells["households"].tolist(), found.groups["households"].tolist()
    ([<NA>, <NA>, <NA>, 20], [40])
    """
    values = counts.to_numpy(dtype=np.int64)
    few = ((values >= 1) & (values <= FEW)).any(axis=1)
    hidden = few if withheld is None else few | withheld
    names = groups.reindex(counts.index).to_numpy(dtype=object)
    # Groups in their first order of appearance, so that the answer does not depend on how names are sorted.
    ordered = list(dict.fromkeys(names))
    closed: list[str] = []
    for name in ordered:
        rows = np.flatnonzero(names == name)
        more = _enough(values, rows, hidden)
        if more is None:
            closed.append(name)
        else:
            hidden = hidden.copy()
            hidden[more] = True
    pool = [values[(names == name) & hidden] for name in closed]
    total_shown = not pool or _is_safe(pool)
    by_group = counts.groupby(names, sort=False).sum().reindex(ordered)
    total = counts.sum().astype("Int64")
    shown_groups = without_rows(by_group, np.array([name in closed for name in ordered], dtype=bool))
    return Suppressed(without_rows(counts, hidden), shown_groups, total if total_shown else nothing_of(total))


def without_rows(counts: pd.DataFrame, rows: npt.NDArray[np.bool_]) -> pd.DataFrame:
    """Return counts as Int64 with some rows missing.

    >>> without_rows(pd.DataFrame({"households": [7, 8]}), np.array([True, False]))["households"].tolist()
    [<NA>, 8]
    """
    return counts.astype("Int64").where(np.broadcast_to(~rows[:, None], counts.shape))


def nothing_of(counts: pd.Series) -> pd.Series:
    """Return the same counts, all missing."""
    return pd.Series(pd.array([None] * len(counts), dtype="Int64"), index=counts.index)


def _enough(values: Counts, rows: npt.NDArray[np.int64], hidden: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64] | None:
    """Return the rows of a group to withhold so that its sum may be shown, None where no number of them is enough."""
    chosen = list(rows[hidden[rows]])
    if not chosen:
        return np.array([], dtype=np.int64)
    # A row of nothing hides nothing.
    others = [row for row in rows if not hidden[row] and values[row].any()]
    others.sort(key=lambda row: (int(values[row].sum()), int(row)))
    while not _is_safe([values[chosen]]):
        if not others:
            return None
        chosen.append(others.pop(0))
    return np.array(chosen, dtype=np.int64)


def _is_safe(groups: Sequence[Counts]) -> bool:
    """Tell whether the sum of the withheld rows of ``groups`` may be known: to strangers, and to whoever knows one row or one whole group."""
    every = np.concatenate(groups)
    owner = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    rests = [every, *(np.delete(every, row, axis=0) for row in range(len(every)))]
    if len(groups) > 1:
        rests += [every[owner != number] for number in range(len(groups))]
    return all(_is_vague(rest) for rest in rests)


def _is_vague(rows: Counts) -> bool:
    """Tell whether each of ``rows`` could hold more than few, when only their sums are known and that each holds at least one."""
    sums = rows.sum(axis=0)
    return len(rows) > 1 and bool(((sums == 0) | (sums - (len(rows) - 1) > FEW)).all())


def given_away(cells: pd.DataFrame, parts: pd.DataFrame, cell_of: pd.Series) -> npt.NDArray[np.bool_]:
    """Return which cells would tell somebody who knows one of their ``parts`` that the rest of the cell is few.

    ``parts`` are the counts of grids, ``cell_of`` says in which cell each lies: whoever works in one grid knows its count.
    """
    rest = cells.reindex(cell_of.to_numpy()).to_numpy(dtype=np.int64) - parts.to_numpy(dtype=np.int64)
    told = pd.Series(((rest >= 1) & (rest <= FEW)).any(axis=1), index=cell_of.to_numpy())
    return np.asarray(cells.index.isin(told.index[told.to_numpy(dtype=bool)]), dtype=bool)

"""Two plans side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from gridmap.grids.continuity import continued_grids
from gridmap.grids.measures import report
from gridmap.grids.plan import Plan, main_grids


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changes from plan ``a`` to plan ``b``.

    Each grid of ``b`` is paired with the grid of ``a`` that it continues. ``identical`` grids have the same atoms, ``changed`` ones lost or won some;
    both map the id in ``b`` to that in ``a``. ``new`` grids continue none, ``gone`` ones are not continued. ``households_moved`` is the number of
    households whose grid in ``b`` does not continue their grid in ``a``, of ``households_common`` in the buildings that both plans have; ``only_a``
    and ``only_b`` are buildings that the other plan does not have. ``measures`` holds for each measure its value in ``a`` and in ``b``.
    """

    a: str
    b: str
    households_moved: int
    households_common: int
    identical: Mapping[str, str]
    changed: Mapping[str, str]
    new: tuple[str, ...]
    gone: tuple[str, ...]
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]
    measures: Mapping[str, tuple[Any, Any]]

    @property
    def grids_kept(self) -> int:
        """How many grids are the same in both plans."""
        return len(self.identical)

    def as_dict(self) -> dict[str, Any]:
        """Return the comparison as plain values for ``--json``."""
        return {**asdict(self), "grids_kept": self.grids_kept, "grids_changed": len(self.changed)}


def households_moved(a: Plan, b: Plan) -> int:
    """Return how many households change grid from plan ``a`` to plan ``b``, after the best matching of their grids; see :func:`compare`."""
    _, stays, _, _, households = _paired(a, b)
    return int(households[~stays].sum())


def compare(a: Plan, b: Plan) -> Comparison:
    """Return what changes from plan ``a`` to plan ``b``; the two may have different names, rules and ids of grids.

    Buildings and stairwells are compared by id; a building that the plans divide into different stairwells is compared as a whole, by the grid in
    which most of its households are. Households are those of ``b``. Grids are paired so that the fewest households change grid (the assignment
    problem, solved exactly: H. W. Kuhn, The Hungarian method, 1955).
    """
    continued, stays, old, new, households = _paired(a, b)
    only_a, only_b = (_strangers(plan, other) for plan, other in ((a, b), (b, a)))
    # A grid is the same when all that it has in either plan stays in it.
    size_a, size_b, staying = old.value_counts(), new.value_counts(), new[stays].value_counts()
    grown, shrunk = set(b.grid_of[only_b.index]), set(a.grid_of[only_a.index])
    same = {
        this: that
        for this, that in continued.items()
        if staying.get(this, 0) == size_a[that] == size_b[this] and this not in grown and that not in shrunk
    }
    figures_a, figures_b = report(a), report(b)
    return Comparison(
        a=a.name,
        b=b.name,
        households_moved=int(households[~stays].sum()),
        households_common=int(households.sum()),
        identical=same,
        changed={this: that for this, that in continued.items() if this not in same},
        new=tuple(each for each in b.grids.index if each not in continued),
        gone=tuple(sorted(set(a.grids.index) - set(continued.values()))),
        only_a=tuple(sorted(set(only_a))),
        only_b=tuple(sorted(set(only_b))),
        measures={name: (figures_a[name], figures_b[name]) for name in figures_a},
    )


def _paired(a: Plan, b: Plan) -> tuple[dict[str, str], pd.Series, pd.Series, pd.Series, pd.Series]:
    """Return which grid of ``b`` continues which of ``a``, and for each common unit whether it stays, its two grids, its households."""
    old, new, households = _common_units(a, b)
    continued = {str(this): str(that) for this, that in continued_grids(old, new, households).items()}
    return continued, (new.map(continued) == old) | (new.isna() & old.isna()), old, new, households


def _strangers(plan: Plan, other: Plan) -> pd.Series:
    """Return the building of each atom of ``plan`` whose building ``other`` does not have."""
    sources = plan.atoms["source_building_id"]
    return sources[~sources.isin(other.atoms["source_building_id"]).to_numpy()]


def _common_units(a: Plan, b: Plan) -> tuple[pd.Series, pd.Series, pd.Series]:
    """Return the grids in ``a`` and in ``b`` and the households of all atoms and whole buildings on which both plans can be read."""
    parts_a, parts_b = (plan.atoms["source_building_id"].value_counts() for plan in (a, b))
    common = parts_b.index.intersection(parts_a.index)
    divided = common[(parts_a[common] != parts_b[common]).to_numpy()].sort_values()
    alike = common.difference(divided)
    same = b.atoms.index[b.atoms["source_building_id"].isin(alike).to_numpy()]
    totals = b.atoms["households"].groupby(b.atoms["source_building_id"]).sum()
    old = pd.concat([a.grid_of.loc[same], main_grids(a).reindex(divided)])
    new = pd.concat([b.grid_of.loc[same], main_grids(b).reindex(divided)])
    households = pd.concat([b.atoms["households"].loc[same], totals.reindex(divided)])
    return old, new, households.astype(np.int64)

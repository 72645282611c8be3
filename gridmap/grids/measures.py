"""Measures of a plan, as the field names them; each is a function of the plan and stores nothing."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gridmap.grids.continuity import continued_grids
from gridmap.grids.plan import ORDINARY, Plan, out_of_bounds
from gridmap.grids.reasons import PROVED_HOUSEHOLDS

CROSSINGS = ("arterial", "railway", "expressway", "river")
"""What a grid worker does not like to cross every day."""


def deviation_households(plan: Plan) -> pd.Series:
    """Return by how many households each ordinary grid is off the middle of the bounds, int64; below it the number is negative."""
    return (plan.ordinary["households"] - plan.rules.grid.households_target).rename("deviation_households")


def deviation_percent(plan: Plan) -> pd.Series:
    """Return :func:`deviation_households` in per cent of the middle of the bounds."""
    return (100.0 * deviation_households(plan) / plan.rules.grid.households_target).rename("deviation_percent")


def overall_range_households(plan: Plan) -> int:
    """Return the households of the largest less those of the smallest ordinary grid; 0 without grids."""
    households = plan.ordinary["households"]
    return int(households.max() - households.min()) if len(households) else 0


def overall_range_percent(plan: Plan) -> float:
    """Return the overall range in per cent of the mean ordinary grid, as redistricting reports it; nan when there is no household."""
    households = plan.ordinary["households"]
    return 100.0 * overall_range_households(plan) / float(households.mean()) if households.sum() else math.nan


def proved_hindered(plan: Plan) -> pd.Series:
    """Return for each ordinary grid, bool, whether a proof stands in the way of its bounds.

    It holds an atom above the maximum, or lies in a part proved impossible: what hangs together over crossable neighbours around the atom that the
    proof is about, without dedicated grids and without atoms above the maximum, which stand alone. The proofs are those of the plan's findings; a
    plan that was not proposed, such as an office's own, has none.
    """
    large = plan.atoms["households"] > plan.rules.grid.households_max
    free = ~large & plan.grid_of.map(plan.grids["kind"]).eq(ORDINARY)
    pairs = plan.neighbours[plan.neighbours["crossable"].to_numpy(dtype=bool)]
    joined = pairs["a"].map(free).eq(True) & pairs["b"].map(free).eq(True)
    part = _pieces(plan, pairs[joined])
    subjects = {each.subject for each in plan.findings if PROVED_HOUSEHOLDS in each.words}
    impossible = part.isin(part[part.index.isin(subjects)]) & free
    return (large | impossible).groupby(plan.grid_of).any().reindex(plan.ordinary.index).astype(bool).rename("proved_hindered")


def in_bounds_unhindered_percent(plan: Plan) -> float:
    """Return the share of ordinary grids in bounds, in per cent, among those that no proof hinders; nan when there are none.

    This is the share that benchmarks speak of. See :func:`proved_hindered`.
    """
    unhindered = proved_hindered(plan)[lambda hindered: ~hindered].index
    outside = out_of_bounds(plan).index.isin(unhindered).sum()
    return 100.0 * float(len(unhindered) - outside) / len(unhindered) if len(unhindered) else math.nan


def polsby_popper(plan: Plan) -> pd.Series:
    """Return the compactness of each grid after Polsby and Popper (1991): 4 pi area / perimeter squared, 1 for a circle, no unit.

    Holes count in the perimeter. nan for a grid without area.
    """
    area_m2, perimeter_m = plan.grids.geometry.area, plan.grids.geometry.length
    return (4 * math.pi * area_m2 / perimeter_m.where(perimeter_m > 0) ** 2).rename("polsby_popper")


def reock(plan: Plan) -> pd.Series:
    """Return the compactness of each grid after Reock (1961): area / area of the smallest circle around it, 1 for a circle, no unit.

    nan for a grid without area.
    """
    radius_m = pd.Series(shapely.minimum_bounding_radius(plan.grids.geometry.to_numpy()), index=plan.grids.index)
    return (plan.grids.geometry.area / (math.pi * radius_m.where(radius_m > 0) ** 2)).rename("reock")


def cut_length_m(plan: Plan) -> float:
    """Return the length of the inner boundary: the borders between grids of one community, each once; community borders do not count."""
    pairs = _pairs(plan)
    between = (pairs["grid_a"] != pairs["grid_b"]) & pairs["grid_a"].notna() & pairs["grid_b"].notna()
    return float(pairs["shared_m"][between & (pairs["separator"] != "community")].sum())


def compound_grids(plan: Plan) -> pd.Series:
    """Return among how many ordinary grids each compound (小区) is divided, by compound_id, int64; dedicated grids do not count."""
    ordinary = (plan.grid_of.isin(plan.ordinary.index) & plan.atoms["compound_id"].notna()).to_numpy()
    return plan.grid_of[ordinary].groupby(plan.atoms["compound_id"][ordinary]).nunique().astype(np.int64).rename("grids")


def compounds_split(plan: Plan) -> int:
    """Return how many compounds are divided among more than one ordinary grid."""
    return int((compound_grids(plan) > 1).sum())


def barriers_crossed(plan: Plan) -> pd.Series:
    """Return how often the worker of each grid must cross an arterial, railway, expressway or river, int64.

    It is the number of pieces that the grid falls into when none of these (:data:`CROSSINGS`) may be crossed, less one; a grid in parts counts them
    too.
    """
    pairs = _pairs(plan)
    joined = (pairs["grid_a"] == pairs["grid_b"]) & pairs["crossable"] & ~pairs["separator"].isin(CROSSINGS)
    crossed = _pieces(plan, pairs[joined]).groupby(plan.grid_of).nunique() - 1
    return crossed.reindex(plan.grids.index).astype(np.int64).rename("barriers_crossed")


def stability(plan: Plan, earlier: Plan) -> float:
    """Return the share of households, 0 to 1, that stay in the grid of ``earlier`` which their grid of ``plan`` continues.

    Only atoms that both plans have are counted; nan when they have no household. See :func:`gridmap.grids.continuity.continued_grids`.
    """
    households = plan.atoms["households"]
    old = earlier.grid_of.reindex(plan.atoms.index)
    both = old.notna()
    continued = plan.grid_of.map(continued_grids(old, plan.grid_of, households))
    total = int(households[both].sum())
    return float(households[both & (continued == old)].sum()) / total if total else math.nan


def report(plan: Plan) -> dict[str, Any]:
    """Return the figures of a plan as plain numbers, for tables and ``--json``; what cannot be computed is None."""
    ordinary = plan.ordinary
    target = plan.rules.grid
    deviation = deviation_households(plan).abs()
    outside = out_of_bounds(plan)
    inside = len(ordinary) - len(outside)
    hindered = proved_hindered(plan)
    figures = {
        "grids": len(plan.grids),
        "ordinary": len(ordinary),
        "dedicated": len(plan.grids) - len(ordinary),
        "communities": int(plan.grids["community_id"].nunique()),
        "atoms": len(plan.atoms),
        "atoms_unassigned": int(plan.grid_of.isna().sum()),
        "households": int(plan.grids["households"].sum()),
        "households_missing": int(plan.grids["households_missing"].sum()),
        "households_min": target.households_min,
        "households_max": target.households_max,
        "in_bounds": inside,
        "in_bounds_percent": 100.0 * inside / len(ordinary) if len(ordinary) else math.nan,
        "hindered": int(hindered.sum()),
        "in_bounds_unhindered": int((~hindered & ~hindered.index.isin(outside.index)).sum()),
        "in_bounds_unhindered_percent": in_bounds_unhindered_percent(plan),
        "households_outside": _households_outside(plan),
        "smallest_households": int(ordinary["households"].min()) if len(ordinary) else None,
        "largest_households": int(ordinary["households"].max()) if len(ordinary) else None,
        "mean_deviation_households": float(deviation.mean()),
        "overall_range_households": overall_range_households(plan),
        "overall_range_percent": overall_range_percent(plan),
        "polsby_popper_mean": float(polsby_popper(plan)[ordinary.index].mean()),
        "reock_mean": float(reock(plan)[ordinary.index].mean()),
        "cut_length_m": cut_length_m(plan),
        "compounds_split": compounds_split(plan),
        "barriers_crossed": int(barriers_crossed(plan)[ordinary.index].sum()),
    }
    return {name: None if isinstance(value, float) and math.isnan(value) else value for name, value in figures.items()}


def _households_outside(plan: Plan) -> int:
    """Sum what ordinary grids have below the minimum or above the maximum."""
    bounds, households = plan.rules.grid, plan.ordinary["households"]
    return int((bounds.households_min - households).clip(lower=0).sum() + (households - bounds.households_max).clip(lower=0).sum())


def _pieces(plan: Plan, pairs: pd.DataFrame) -> pd.Series:
    """Number the pieces that the atoms of a plan form when only ``pairs`` are joined."""
    a, b = (plan.atoms.index.get_indexer(pairs[end]) for end in ("a", "b"))
    pieces: npt.NDArray[Any] = connected_components(coo_array((np.ones(len(a)), (a, b)), shape=(len(plan.atoms),) * 2), directed=False)[1]
    return pd.Series(pieces, index=plan.atoms.index)


def _pairs(plan: Plan) -> pd.DataFrame:
    """Return the neighbour table with the grid of both ends."""
    return plan.neighbours.assign(grid_a=plan.neighbours["a"].map(plan.grid_of), grid_b=plan.neighbours["b"].map(plan.grid_of))

"""What a map of coverage tells beside itself: shares, bands of minutes, gaps, communities and grids, and the same as a workbook."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import pandas as pd

from gridmap.circles.coverage import REASONS
from gridmap.circles.limits import Limit
from gridmap.grids.plan import Plan
from gridmap.outputs.coverage_export import heading, write_sheet
from gridmap.outputs.map_shapes import to_degrees
from gridmap.outputs.sheets import new_workbook
from gridmap.outputs.walks import Mask, Walks
from gridmap.texts import Language, render

CoverageArea = Literal["community", "grid"]
"""By what a coverage is summed up."""

BANDS = (0.5, 1.0, 1.5)
"""Shares of the limit at which the colours of a map change; beyond the last is far, and after it comes what reaches nothing."""


def category_sums(walks: Walks, limit: Limit, inside: Mask) -> list[dict[str, Any]]:
    """Return for each category ``category``, ``households`` inside and how many of them are ``covered``."""
    homes = np.where(inside, walks.households, 0)
    total = int(homes.sum())
    covered = (np.where((walks.distance_cm >= 0) & (walks.distance_cm <= limit.limit_cm), homes, 0)).sum(axis=1)
    codes = walks.coverage.rules.categories
    return [{"category": code, "households": total, "covered": int(each)} for code, each in zip(codes, covered, strict=True)]


def band_sums(walks: Walks, category: str, limit: Limit, inside: Mask) -> list[int]:
    """Return the households inside by the length of their walk: one sum for each of :data:`BANDS`, one beyond, one for those who reach nothing."""
    distance = walks.distance_cm[walks.row_of(category)]
    band = np.searchsorted([limit.limit_cm * share for share in BANDS], distance, side="left")
    band = np.where(distance < 0, len(BANDS) + 1, band)
    return [int(each) for each in np.bincount(band, np.where(inside, walks.households, 0), minlength=len(BANDS) + 2)]


def reason_sums(walks: Walks, category: str, limit: Limit, inside: Mask) -> dict[str, int]:
    """Return the households inside that are not covered, by reason."""
    reason = walks.reasons(category, limit.limit_cm)
    sums = np.bincount(reason + 1, np.where(inside, walks.households, 0), minlength=len(REASONS) + 1)[1:]
    return {name: int(each) for name, each in zip(REASONS, sums, strict=True)}


def gap_rows(walks: Walks, category: str, limit: Limit, inside: Mask) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return the positions of the lived-in buildings inside that are not covered, most households first, then by id."""
    open_ = (walks.reasons(category, limit.limit_cm) >= 0) & inside & (walks.households > 0)
    rows = np.flatnonzero(open_)
    rank = walks.district.buildings.index[rows].argsort().argsort()
    return rows[np.lexsort((rank, -walks.households[rows]))]


def gap_table(walks: Walks, category: str, limit: Limit, rows: np.ndarray[Any, np.dtype[np.int64]]) -> pd.DataFrame:
    """Return what is to be told of gaps, one row for each of ``rows``: who, how many, how far or why not, and where (degrees)."""
    buildings, row = walks.district.buildings.iloc[rows], walks.row_of(category)
    distance, venue = walks.distance_cm[row][rows], walks.venue[row][rows]
    metres = pd.array(np.where(distance < 0, np.nan, distance / 100), dtype="Float64")
    names = walks.district.venues["name"].to_numpy(dtype=object)
    middles = to_degrees(buildings.geometry.representative_point())
    return pd.DataFrame(
        {
            "position": rows,
            "building_id": buildings.index.to_numpy(dtype=object),
            "name": buildings["name"].to_numpy(dtype=object),
            "compound_id": buildings["compound_id"].to_numpy(dtype=object),
            "community_id": buildings["community_id"].to_numpy(dtype=object),
            "households": walks.households[rows],
            "metres": metres,
            "minutes": (metres / limit.speed_m_per_minute).round(1),
            "nearest_venue": [names[each] if each >= 0 else None for each in venue],
            "reason": [REASONS[each] for each in walks.reasons(category, limit.limit_cm)[rows]],
            "lon": middles.x.round(6).to_numpy(),
            "lat": middles.y.round(6).to_numpy(),
        }
    )


def area_table(walks: Walks, category: str, limit: Limit, inside: Mask, by: CoverageArea, plan: Plan | None) -> pd.DataFrame:
    """Return one row for each community or grid with buildings inside: its id, name, ``households``, ``covered`` and ``share``, worst first.

    Grids are those of ``plan``, a stairwell using the door of its building; without a plan there is no row. ``position`` is the row in
    ``district.communities`` or ``plan.grids``.
    """
    buildings = walks.district.buildings
    if by == "community":
        areas, atom = walks.district.communities, np.arange(len(buildings))
        owner, homes = areas.index.get_indexer(buildings["community_id"].to_numpy(dtype=object)), walks.households
    elif plan is None:
        return pd.DataFrame(columns=["position", "id", "name", "households", "covered", "share"])
    else:
        areas, atom = plan.grids, buildings.index.get_indexer(plan.atoms["source_building_id"].to_numpy(dtype=object))
        owner = areas.index.get_indexer(plan.grid_of.reindex(plan.atoms.index).to_numpy(dtype=object))
        homes = plan.atoms["households"].fillna(0).to_numpy(dtype=np.int64)
    there = (owner >= 0) & (atom >= 0)
    there[there] &= inside[atom[there]]
    owner, homes, atom = owner[there], homes[there], atom[there]
    is_covered = walks.reasons(category, limit.limit_cm)[atom] < 0
    households = np.bincount(owner, homes, minlength=len(areas)).astype(np.int64)
    covered = np.bincount(owner, np.where(is_covered, homes, 0), minlength=len(areas)).astype(np.int64)
    rows = np.unique(owner)
    code = areas["code"].fillna("").to_numpy(dtype=object) if by == "grid" else areas.index.to_numpy(dtype=object)
    share = np.where(households > 0, covered / np.maximum(households, 1), np.nan)
    table = pd.DataFrame(
        {
            "position": rows,
            "id": [code[row] or areas.index[row] for row in rows],
            "name": areas["name"].to_numpy(dtype=object)[rows],
            "households": households[rows],
            "covered": covered[rows],
            "share": pd.array(share[rows], dtype="Float64"),
        }
    )
    order = np.lexsort((table["id"].astype(str), covered[rows] - households[rows]))
    return table.iloc[order].reset_index(drop=True)


def shown_workbook(
    walks: Walks, category: str, limit: Limit, inside: Mask, by: CoverageArea, plan: Plan | None, *, language: Language, told: Mapping[str, str]
) -> bytes:
    """Return what a map of coverage shows as an XLSX workbook: gaps, communities or grids, categories, and ``told``: what it all hangs on."""
    gaps = gap_table(walks, category, limit, gap_rows(walks, category, limit, inside)).drop(columns="position")
    areas = area_table(walks, category, limit, inside, by, plan).drop(columns="position").rename(columns={"id": f"{by}_id"})
    names = {code: getattr(each, language) for code, each in walks.coverage.rules.categories.items()}
    sums = pd.DataFrame(category_sums(walks, limit, inside))
    tables = {
        "blind": gaps.assign(reason=[render(f"reason_{each}", language, {}) for each in gaps["reason"]]),
        "grids" if by == "grid" else "communities": areas,
        "categories": sums.assign(category=sums["category"].map(names)),
        "settings": pd.DataFrame(list(told.items()), columns=["name", "value"]),
    }
    out = io.BytesIO()
    with new_workbook() as book:
        for name, table in tables.items():
            sheet = book.create_sheet(render(f"coverage_sheet_{name}", language, {}))
            write_sheet(sheet, [heading(column, language) for column in table.columns], table.itertuples(index=False))
        book.save(out)
    return out.getvalue()

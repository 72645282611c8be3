"""What the map of member households shows and exports of a territory: the least that is needed, and no number of a telephone or a document."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely

from gridmap.grids.plan import Plan
from gridmap.ground.tables import District
from gridmap.outputs.map_shapes import to_degrees
from gridmap.outputs.sheets import append_heads, new_workbook, plain_cell, set_widths
from gridmap.people.suppression import Suppressed
from gridmap.people.tables import PEOPLE_TABLES
from gridmap.store.members import FIGURES, MembersWithin, figures_by
from gridmap.texts import Language, render

SIMPLE_M = 0.5
"""Corners of grids are left out where that moves their border by no more than this."""
DECIMALS = 6
"""Places are rounded to a millionth of a degree, about 0.1 m."""
WIDTH = 16


def member_map_content(within: MembersWithin, district: District, plan: Plan | None) -> dict[str, Any]:
    """Return the grids and the buildings with member households of a territory, as plain data: counts and places, nobody's name.

    Each grid has its code, name, community, figures, organisations, the names of its workers, its service posts (``name``, ``claimed``) and its
    outline (GeoJSON, degrees); each building its label, grid, place and figures.
    ``unplaced`` counts the households whose building is gone, ``ungridded`` those that are certainly in no one grid of the plan.
    """
    homes = within.households
    known = homes["community_id"].notna().to_numpy(dtype=bool)
    open_grid = 0 if plan is None else int((homes["grid_id"].isna().to_numpy(dtype=bool) & known).sum())
    grids = [] if plan is None else _grids(within, district, plan)
    return {
        "grids": grids,
        "buildings": _buildings(homes[known], district),
        "organisations": _named(within.organisations[within.organisations["grid_id"].isna().to_numpy(dtype=bool)]),
        "unplaced": int((~known).sum()),
        "ungridded": open_grid,
        "sums": {name: int(value) for name, value in _sums(homes).items()},
    }


def _sums(homes: pd.DataFrame) -> dict[str, int]:
    return {"households": len(homes), "members": int(homes["members"].sum()), "centre": int(homes["centre"].sum())}


def _grids(within: MembersWithin, district: District, plan: Plan) -> list[dict[str, Any]]:
    grids = plan.grids.loc[within.grids]
    figures = figures_by(within.households, "grid_id", grids.index)
    names = district.communities["name"].astype(object).to_dict()
    outlines = to_degrees(grids.geometry.simplify(SIMPLE_M))
    rows = []
    for grid, row in grids.iterrows():
        own = _of_grid(within.organisations, grid)
        community = names.get(row["community_id"])
        label = {"code": _text(row["code"]), "name": _text(row["name"]), "community": _text(community) or str(row["community_id"])}
        counts = {name: int(figures.loc[grid, name]) for name in FIGURES}
        staff = {"workers": _of_grid(within.workers, grid)["name"].tolist(), "posts": _posts(_of_grid(within.posts, grid))}
        rows.append({"grid_id": str(grid), **label, **counts, "organisations": _named(own), **staff, "shape": _shape(outlines[grid])})
    # The worker of a grid looks for its code; grids without one follow in order of ids.
    return sorted(rows, key=lambda each: (each["code"] is None, each["code"] or "", each["grid_id"]))


def _of_grid(table: pd.DataFrame, grid: object) -> pd.DataFrame:
    return table[(table["grid_id"] == grid).to_numpy(dtype=bool)]


def _posts(posts: pd.DataFrame) -> list[dict[str, Any]]:
    return [{"name": str(name), "claimed": bool(claimed)} for name, claimed in zip(posts["name"], posts["claimed"], strict=True)]


def _named(organisations: pd.DataFrame) -> list[dict[str, str]]:
    return [{"name": str(row["name"]), "level": str(row["level"])} for _, row in organisations.iterrows()]


def _buildings(homes: pd.DataFrame, district: District) -> list[dict[str, Any]]:
    ids = pd.Index(homes["building_id"].unique())
    figures = figures_by(homes, "building_id", ids)
    grids: dict[str, list[str]] = {building: [] for building in ids}
    for building, grid in homes[["building_id", "grid_id"]].dropna().drop_duplicates().itertuples(index=False, name=None):
        grids[building].append(grid)
    places = to_degrees(gpd.GeoSeries(district.buildings.geometry.reindex(ids).representative_point(), crs=district.crs))
    called = district.buildings[["compound_id", "name"]].astype(object).reindex(ids)
    # Tens of thousands of rows: nothing is looked up by its id one by one.
    columns = zip(ids, called["compound_id"], called["name"], places, *(figures[name].tolist() for name in FIGURES), strict=True)
    rows = []
    for building, compound, name, place, *counts in columns:
        found = None if place is None or place.is_empty else [round(place.x, DECIMALS), round(place.y, DECIMALS)]
        label = _label(str(building), _text(compound), _text(name))
        told = {"building_id": str(building), "label": label, "grids": sorted(grids[building]), "place": found}
        rows.append(told | dict(zip(FIGURES, counts, strict=True)))
    return sorted(rows, key=lambda each: (_as_counted(each["label"]), each["building_id"]))


def building_label(district: District, building_id: str) -> str:
    """Return what people call a building: compound and name, else its id."""
    if building_id not in district.buildings.index:
        return building_id
    row = district.buildings.loc[building_id]
    return _label(building_id, _text(row["compound_id"]), _text(row["name"]))


def _label(building_id: str, compound: str | None, name: str | None) -> str:
    if compound and name and not name.startswith(compound):
        return f"{compound} {name}"
    return name or (f"{compound} {building_id}" if compound else building_id)


def households_in(within: MembersWithin, building_id: str) -> list[dict[str, Any]]:
    """Return the member households of one building inside a territory, by stairwell and room: whom to ask for, members, kind, organisation."""
    homes = within.households[(within.households["building_id"] == building_id).to_numpy(dtype=bool)]
    organisations = within.organisations["name"].to_dict()
    rows = [
        {
            "door": " ".join(part for part in (_text(row["stairwell"]), _text(row["room"])) if part),
            "name": _text(row["name"]),
            "members": int(row["members"]),
            "centre": bool(row["centre"]),
            "kind": str(row["kind"]),
            "organisation": _text(organisations.get(row["organisation_id"])),
        }
        for _, row in homes.iterrows()
    ]
    return sorted(rows, key=lambda each: _as_counted(each["door"]))


def figures_rows(found: Suppressed, district: District, *, without: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Return suppressed figures as rows, street office by street office: communities, the office's sum, and the whole last; None is withheld.

    Communities in ``without`` are left out.
    """
    communities = district.communities
    offices = communities["street_office"].astype(object).where(communities["street_office"].notna(), "")
    rows: list[dict[str, Any]] = []
    for office in found.groups.index:
        inside = [each for each in communities.index[(offices == office).to_numpy(dtype=bool)] if each not in without]
        rows += [{"of": "community", "name": _text(communities.loc[each, "name"]) or str(each), **_counts(found.cells.loc[each])} for each in inside]
        if office and inside and len(found.groups) > 1:
            rows.append({"of": "street_office", "name": str(office), **_counts(found.groups.loc[office])})
    if rows:
        rows.append({"of": "all", "name": district.name, **_counts(found.total)})
    return rows


def _counts(row: pd.Series) -> dict[str, int | None]:
    return {name: None if pd.isna(row[name]) else int(row[name]) for name in FIGURES}


def members_workbook(
    within: MembersWithin, district: District, plan: Plan | None, *, told: Mapping[str, str], language: Language, grid_id: str | None = None
) -> tuple[bytes, int]:
    """Return a workbook of the member households and organisations in a territory, or in one grid of it, and the number of households.

    ``told`` stands first: who took it, when, what for. No cell is a formula. Raises ``KeyError`` for a grid outside the territory.
    """
    homes, organisations = within.households, within.organisations
    if grid_id is not None:
        if grid_id not in within.grids:
            raise KeyError(grid_id)
        homes = homes[(homes["grid_id"] == grid_id).to_numpy(dtype=bool)]
        organisations = organisations[(organisations["grid_id"] == grid_id).to_numpy(dtype=bool)]
    codes = {} if plan is None else plan.grids["code"].astype(object).where(plan.grids["code"].notna(), None).to_dict()
    names = within.organisations["name"].to_dict()
    communities = district.communities["name"].astype(object).to_dict()
    heads = ("community", "grid", "building", "stairwell", "room", "name", "members", "centre", "kind", "organisation")
    rows = [
        (
            communities.get(row["community_id"]),
            codes.get(row["grid_id"]) or row["grid_id"],
            building_label(district, str(row["building_id"])),
            *(row[name] for name in ("stairwell", "room", "name", "members")),
            render("members_yes" if row["centre"] else "members_no", language, {}),
            render(f"members_kind_{row['kind']}", language, {}),
            names.get(row["organisation_id"]),
        )
        for _, row in homes.iterrows()
    ]
    of_organisations = [
        (row["name"], render(f"members_level_{row['level']}", language, {}), names.get(row["parent"]), codes.get(row["grid_id"]) or row["grid_id"])
        for _, row in organisations.iterrows()
    ]
    sheets = {"member_households": (heads, rows), "organisations": (("name_of", "level", "parent", "grid"), of_organisations)}
    content = io.BytesIO()
    with new_workbook() as book:
        for name, (columns, content_of) in sheets.items():
            sheet = book.create_sheet(getattr(PEOPLE_TABLES[name], language))
            _write(sheet, [*told.items()], [render(f"members_head_{column}", language, {}) for column in columns], content_of)
        book.save(content)
    return content.getvalue(), len(homes)


def _write(sheet: Any, told: Sequence[tuple[str, str]], heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    set_widths(sheet, len(heads), WIDTH)
    for pair in told:
        sheet.append([plain_cell(value) for value in pair])
    sheet.append([])
    append_heads(sheet, heads)
    for row in rows:
        sheet.append([plain_cell(value) for value in row])


def _as_counted(label: str) -> list[tuple[int, str]]:
    """Return what labels are put in order by: 4号楼 stands before 10号楼."""
    return [(int(part), "") if part.isdecimal() and part.isascii() else (0, part) for part in re.split(r"([0-9]{1,9})", label)]


def _text(value: Any) -> str | None:
    return str(value) if isinstance(value, str) and value else None


def _shape(outline: Any) -> Any:
    rounded = shapely.transform(outline, lambda points: points.round(DECIMALS))
    return shapely.geometry.mapping(rounded)

"""What a coverage comes to: by category, community and grid, the blind spots, and the rules on venues."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gridmap.circles.coverage import REASONS, Coverage, category_names
from gridmap.circles.limits import Limit
from gridmap.findings import Finding, finding
from gridmap.ground.tables import District

COMMUNITY_CENTRE = "party_service"
"""The category whose venues the ordinance's smallest floor area is about (社区用房); see ``[venue]`` in the rules."""


def with_people(coverage: Coverage, district: District) -> pd.DataFrame:
    """Return the rows of a coverage with ``households`` and ``residents`` (unknown ones count 0), ``community_id``, ``compound_id``."""
    homes = district.buildings.reindex(coverage.table["building_id"].to_numpy())
    return coverage.table.assign(
        households=homes["households"].fillna(0).to_numpy(dtype=np.int64),
        residents=homes["residents"].fillna(0).to_numpy(dtype=np.int64),
        community_id=homes["community_id"].array,
        compound_id=homes["compound_id"].array,
    )


def by_category(coverage: Coverage, district: District) -> pd.DataFrame:
    """Return one row for each category of the rules: households and residents, how many are covered, and why the others are not.

    Columns: ``venues`` (with a door on a street), ``households``, ``covered``, ``share`` (of households, 0 to 1; missing without households),
    ``residents``, ``residents_covered``, the households of each of :data:`~gridmap.circles.coverage.REASONS`, and ``next_door``: covered
    households whose nearest venue lies in another community. ``covered`` and the reasons add up to ``households``.
    """
    rows = with_people(coverage, district)
    venue_home = _community_of_venues(coverage, district)
    inside = rows["reason"].isna()
    away = inside & (rows["venue_id"].map(venue_home) != rows["community_id"])
    table = _sums(rows.assign(next_door=rows["households"].where(away, 0)), ["category"], next_door=True).reindex(list(coverage.rules.categories))
    table = table.fillna(dict.fromkeys(table.columns.drop("share"), 0)).astype(dict.fromkeys(table.columns.drop("share"), "int64"))
    serving = [sum(code in coverage.categories[venue] for venue in coverage.venue_doors.id[coverage.venue_doors.linked]) for code in table.index]
    table.insert(0, "venues", np.array(serving, dtype=np.int64))
    return table


def by_limit(coverage: Coverage, district: District, limits: Sequence[Limit]) -> pd.DataFrame:
    """Return the figures of :func:`by_category` for each of ``limits``, with ``minutes`` and ``limit_cm``, in rows; no walk is searched again."""
    tables = [by_category(coverage.within(limit), district).assign(minutes=limit.minutes, limit_cm=limit.limit_cm) for limit in limits]
    table = pd.concat(tables).reset_index()
    return table[["minutes", "limit_cm", *table.columns.drop(["minutes", "limit_cm"])]]


def by_community(coverage: Coverage, district: District) -> pd.DataFrame:
    """Return the same figures for each community and category."""
    return _sums(with_people(coverage, district), ["community_id", "category"]).reindex(list(coverage.rules.categories), level="category")


def by_grid(coverage: Coverage, atoms: pd.DataFrame, district: District) -> pd.DataFrame:
    """Return the same figures for each grid and category.

    ``atoms`` has one row for each building or stairwell of a plan: ``source_building_id``, ``grid_id``, ``households``. A stairwell uses the door of
    its building, whose residents are shared out among its stairwells as its households are, in whole persons.
    """
    shared = atoms[["source_building_id", "grid_id", "households"]].assign(residents=residents_of_atoms(atoms, district))
    rows = coverage.table.merge(shared, left_on="building_id", right_on="source_building_id")
    return _sums(rows, ["grid_id", "category"]).reindex(list(coverage.rules.categories), level="category")


def residents_of_atoms(atoms: pd.DataFrame, district: District) -> npt.NDArray[np.int64]:
    """Return the residents of each atom: those of its building in proportion to households, so that they add up to the building's.

    Where nobody is known to live in a building its residents count with its last stairwell.
    """
    source = atoms["source_building_id"]
    residents = district.buildings["residents"].reindex(source).fillna(0).to_numpy(dtype=np.int64)
    households = atoms["households"].fillna(0).astype("int64")
    passed, total = (households.groupby(source).transform(how).to_numpy(dtype=np.int64) for how in ("cumsum", "sum"))
    counted = residents * passed // np.maximum(total, 1)
    last = ~source.duplicated(keep="last").to_numpy()
    counted[last] = residents[last]
    before = pd.Series(counted).groupby(source.to_numpy()).shift(fill_value=0)
    return np.asarray(counted - before.to_numpy(dtype=np.int64))


def blind_spots(coverage: Coverage, district: District) -> pd.DataFrame:
    """Return the rows whose building is not covered and lived in, most households first.

    The columns are those of :func:`with_people`, the building's ``name``, and ``nearest_venue``, the name of the nearest venue; ``metres`` says how
    far that is. Where none can be reached they are missing.
    """
    rows = with_people(coverage, district)
    blind = rows[rows["reason"].notna() & (rows["households"] > 0)]
    order = np.lexsort((blind["category"], blind["building_id"], -blind["households"]))
    blind = blind.iloc[order].reset_index(drop=True)
    names = {"name": (district.buildings, "building_id"), "nearest_venue": (district.venues, "nearest_venue_id")}
    return blind.assign(**{column: table["name"].reindex(blind[key].to_numpy()).array for column, (table, key) in names.items()})


def venue_findings(coverage: Coverage, district: District) -> list[Finding]:
    """Return which community centres are smaller than the rules ask, and which categories no venue of a community serves."""
    rules, venues = coverage.rules, district.venues.sort_index()
    found = []
    area_m2 = venues["area_m2"]
    centres = np.array([COMMUNITY_CENTRE in coverage.categories[venue] for venue in venues.index], dtype=bool)
    for venue in venues.index[centres & (area_m2 < rules.venue.area_min_m2).fillna(False).to_numpy(dtype=bool)]:
        point = venues.geometry[venue]
        value, limit, name = float(area_m2[venue]), rules.venue.area_min_m2, str(venues["name"][venue])
        found.append(finding("venue_too_small", str(venue), value=value, limit=limit, unit="m2", name=name, x=point.x, y=point.y))
    home = _community_of_venues(coverage, district)
    served = {(home.get(venue), code) for venue in coverage.venue_doors.id for code in coverage.categories[venue]}
    lived_in = district.buildings.groupby("community_id")["households"].sum()
    for community in lived_in.index[lived_in > 0]:
        missing = [code for code in rules.categories if (community, code) not in served]
        if missing:
            names_zh, names_en = "、".join(category_names(rules, missing, "zh")), ", ".join(category_names(rules, missing, "en"))
            home_id, count = str(community), len(missing)
            found.append(finding("community_without_categories", home_id, value=count, community_id=home_id, names_zh=names_zh, names_en=names_en))
    return found


def coverage_findings(coverage: Coverage, district: District) -> list[Finding]:
    """Return all findings of a coverage: of the network and the doors, on venues, and on households that are not known."""
    unknown = district.buildings["households"].isna()
    missing = [finding("coverage_households_unknown", str(unknown.index[unknown][0]), value=int(unknown.sum()))] if unknown.any() else []
    return [*missing, *coverage.findings, *venue_findings(coverage, district)]


def _sums(rows: pd.DataFrame, by: list[str], *, next_door: bool = False) -> pd.DataFrame:
    inside = rows["reason"].isna()
    columns = {
        "households": rows["households"],
        "covered": rows["households"].where(inside, 0),
        "residents": rows["residents"],
        "residents_covered": rows["residents"].where(inside, 0),
        **{reason: rows["households"].where((rows["reason"] == reason).fillna(False), 0) for reason in REASONS},
        **({"next_door": rows["next_door"]} if next_door else {}),
    }
    table = pd.DataFrame({**{name: rows[name] for name in by}, **columns}).groupby(by, sort=True).sum()
    share = (table["covered"] / table["households"].where(table["households"] > 0)).astype("Float64")
    table.insert(2, "share", share)
    return table


def _community_of_venues(coverage: Coverage, district: District) -> dict[str, str]:
    """Return the community in which each venue lies; those outside all of them are left out."""
    venues: gpd.GeoDataFrame = district.venues.loc[coverage.venue_doors.id]
    outlines = district.communities
    venue, outline = shapely.STRtree(outlines.geometry.to_numpy()).query(venues.geometry.to_numpy(), predicate="intersects")
    # On a common border the first by id counts, so that the answer does not hang on the order of rows.
    names = pd.Series(outlines.index.to_numpy()[outline], index=venues.index.to_numpy()[venue])
    return {str(key): str(value) for key, value in names.groupby(level=0).min().items()} if len(names) else {}

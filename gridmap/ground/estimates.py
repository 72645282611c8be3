"""Households where the files do not say: estimated from floors and footprint, and told for each community."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gridmap.findings import Finding, finding
from gridmap.ground.names import plain_name
from gridmap.rules import EstimateRules

DWELLING_USES = (
    "residential", "residence", "house", "apartment", "terrace", "detached", "semidetached", "dormitory", "bungalow", "dwelling", "yes", "building",
    "住宅", "居住", "宿舍", "公寓", "民居", "民房", "商住", "住房", "居民", "别墅", "平房", "楼房", "小区",
)  # fmt: skip
"""Uses in which households live; a use that contains one of these words counts."""

OTHER_USES = (
    "commercial", "retail", "office", "industrial", "warehouse", "garage", "shed", "roof", "school", "kindergarten", "university", "college",
    "hospital",
    "church", "temple", "mosque", "hotel", "public", "civic", "government", "station", "stadium", "sports", "supermarket", "kiosk", "service",
    "greenhouse",
    "construction", "ruins", "parking", "hangar", "barn", "chapel", "cathedral", "toilets", "train", "transportation",
    "商业", "商场", "办公", "写字楼", "工业", "厂房", "仓库", "车库", "学校", "小学", "中学", "幼儿园", "医院", "宾馆", "酒店", "公共", "政府",
    "车站", "市场",
    "寺", "教堂", "体育", "文化", "配套", "变电", "门卫", "在建",
)  # fmt: skip
"""Uses in which nobody lives."""


def floor_areas(buildings: gpd.GeoDataFrame) -> npt.NDArray[np.float64]:
    """Return each building's floor area in m2: footprint times floors, one floor where they are not known; 0 for points."""
    floors = buildings["floors"].fillna(1).to_numpy(dtype=np.float64)
    areas: npt.NDArray[np.float64] = shapely.area(buildings.geometry.to_numpy()) * np.maximum(floors, 1.0)
    return areas


def lived_in(uses: pd.Series) -> npt.NDArray[np.bool_]:
    """Return where households may live: the use says so, or says nothing that is known.

    >>> lived_in(pd.Series(["住宅", "school", None])).tolist()
    [True, False, True]
    """
    codes, words = pd.factorize(uses)
    plain = [plain_name(str(word)) for word in words]
    lived = [any(word in use for word in DWELLING_USES) or not any(word in use for word in OTHER_USES) for use in plain]
    # Code -1, a use that is missing, takes the last value.
    answers: npt.NDArray[np.bool_] = np.array([*lived, True], dtype=bool)[codes]
    return answers


def estimated_households(buildings: gpd.GeoDataFrame, rules: EstimateRules, *, footprints: npt.NDArray[np.bool_]) -> gpd.GeoDataFrame:
    """Return ``buildings`` with an estimate where households are missing; ``households_source`` says which ones.

    Floors times footprint over ``rules.floor_area_per_household_m2``, rounded to a whole number. Only where floors are known, or the rules say how
    many to assume, the geometry is a footprint (``footprints``; not a made-up square, not a whole block of land), and people may live in it. A
    building whose use says that nobody lives there has 0.
    """
    missing = buildings["households"].isna().to_numpy(dtype=bool)
    inhabited = lived_in(buildings["use"]) & ~buildings["dedicated"].to_numpy(dtype=bool)
    known = missing & inhabited & footprints & (_floors(buildings, rules) > 0)
    estimate = _by_floors(buildings, rules)
    empty = missing & ~lived_in(buildings["use"])
    households = pd.array(buildings["households"], dtype="Int64")
    households[known] = pd.array(estimate[known].astype(np.int64), dtype="Int64")
    households[empty] = 0
    source = buildings["households_source"].to_numpy(dtype=object).copy()
    source[known | empty] = "estimated"
    return buildings.assign(households=households, households_source=source)


def _floors(buildings: gpd.GeoDataFrame, rules: EstimateRules) -> npt.NDArray[np.float64]:
    """Return each building's floors, and what the rules assume where they are not known."""
    floors: npt.NDArray[np.float64] = buildings["floors"].to_numpy(dtype=np.float64, na_value=rules.floors_where_unknown)
    return floors


def _by_floors(buildings: gpd.GeoDataFrame, rules: EstimateRules) -> npt.NDArray[np.float64]:
    """Return the households that floors and footprint give, whole numbers."""
    areas = shapely.area(buildings.geometry.to_numpy()) * _floors(buildings, rules)
    estimate: npt.NDArray[np.float64] = np.floor(areas / rules.floor_area_per_household_m2 + 0.5)
    return estimate


def floors_findings(buildings: gpd.GeoDataFrame, rules: EstimateRules) -> list[Finding]:
    """Tell for how many buildings the missing floors stand in the way of an estimate, or were assumed to be so many."""
    unknown = buildings["floors"].isna().to_numpy(dtype=bool) & lived_in(buildings["use"]) & ~buildings["dedicated"].to_numpy(dtype=bool)
    if rules.floors_where_unknown == 0:
        barred = int((unknown & buildings["households"].isna().to_numpy(dtype=bool)).sum())
        return [finding("floors_unknown", "buildings", value=barred, limit=len(buildings), unit="buildings")] if barred else []
    # A share of a compound's total is an estimate too, without any floors.
    by_floors = buildings["households"].to_numpy(dtype=np.float64, na_value=np.nan) == _by_floors(buildings, rules)
    assumed = int((unknown & by_floors & (buildings["households_source"] == "estimated").to_numpy(dtype=bool)).sum())
    return [finding("floors_assumed", "buildings", value=assumed, limit=rules.floors_where_unknown, unit="buildings")] if assumed else []


def estimate_findings(buildings: gpd.GeoDataFrame, rules: EstimateRules) -> list[Finding]:
    """Return one finding a community on how many buildings' households are estimated."""
    estimated = buildings[(buildings["households_source"] == "estimated").to_numpy(dtype=bool)]
    told = estimated.groupby("community_id", sort=True)["households"].agg(["size", "sum"])
    return [
        finding(
            "households_estimated",
            str(community),
            value=int(row["sum"]),
            unit="households",
            community_id=str(community),
            buildings=int(row["size"]),
            square_metres=rules.floor_area_per_household_m2,
        )
        for community, row in told.iterrows()
    ]

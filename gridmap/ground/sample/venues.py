"""Venues (阵地) of the nine categories, in the buildings of each community; every address, phone number and opening body is made up."""

from __future__ import annotations

import json
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridmap.ground.sample.drawing import Rng, rank_within, shuffled


class Sort(NamedTuple):
    """A sort of venue: its categories, how many a community has on average, its name after the community's stem, area in m2, hours, who opens it."""

    categories: tuple[str, ...]
    mean: float
    name: str
    area_min_m2: float
    area_max_m2: float
    hours: str
    opened_by: str


SORTS = (
    Sort(("party_service",), 1.0, "党群服务中心", 300, 1400, "08:30-17:30", "社区居民委员会"),
    Sort(("reading", "leisure"), 0.5, "图书室", 60, 260, "09:00-20:30", "社区居民委员会"),
    Sort(("school",), 0.8, "学校阵地", 900, 9000, "周一至周五 08:00-17:00", "教育服务处"),
    Sort(("leisure",), 0.8, "文体活动室", 80, 600, "08:00-21:00", "社区居民委员会"),
    Sort(("elderly",), 0.7, "养老服务站", 120, 900, "08:00-18:00", "民政服务处"),
    Sort(("childcare",), 0.7, "托幼园", 300, 1800, "周一至周五 07:30-17:30", "教育服务处"),
    Sort(("medical",), 0.8, "卫生服务站", 120, 1500, "08:00-20:00", "卫生服务处"),
    Sort(("shopping",), 2.2, "便民超市", 60, 700, "07:00-22:00", "商业服务公司"),
    Sort(("market",), 0.5, "菜市场", 500, 3200, "05:30-19:00", "商业服务公司"),
)


def sample_venues(communities: gpd.GeoDataFrame, buildings: gpd.GeoDataFrame, rng: Rng) -> gpd.GeoDataFrame:
    """Return the venues of every community; each stands in a building of its own where the community has enough."""
    names = communities["name"].to_numpy()
    community = np.searchsorted(communities.index.to_numpy().astype(str), buildings["community_id"].to_numpy().astype(str))
    # Large buildings first, so that a superstore does not open in an old courtyard; within them by chance.
    area = shapely.area(buildings.geometry.to_numpy())
    order = shuffled(rng, len(buildings))
    order = order[np.argsort((area[order] < 200) * 1, kind="stable")]
    order = order[np.argsort(community[order], kind="stable")]
    starts = np.searchsorted(community[order], np.arange(len(names) + 1))
    parts = []
    for number, sort in enumerate(SORTS):
        count = np.floor(sort.mean + rng.random(len(names))).astype(np.int64)
        count = np.maximum(count, 1) if number == 0 else count
        parts.append(pd.DataFrame({"community": np.repeat(np.arange(len(names)), count), "sort": number}))
    table = pd.concat(parts, ignore_index=True).sort_values(["community", "sort"], kind="stable", ignore_index=True)
    size = np.diff(starts)[table["community"]]
    at = order[starts[table["community"]] + rank_within(table["community"]) % size]
    again = rank_within(table["community"] * len(SORTS) + table["sort"])
    stems = [names[at].removesuffix("社区") for at in table["community"]]
    sorts = [SORTS[number] for number in table["sort"]]
    chance = rng.random((3, len(table)))
    area_m2 = [round(sort.area_min_m2 + (sort.area_max_m2 - sort.area_min_m2) * part**2) for sort, part in zip(sorts, chance[0], strict=True)]
    where = buildings.iloc[at]
    return gpd.GeoDataFrame(
        {
            "name": [f"{stem}社区{sort.name}" + (f"（{more + 1}部）" if more else "") for stem, sort, more in zip(stems, sorts, again, strict=True)],
            "categories": [json.dumps(sort.categories) for sort in sorts],
            "address": (where["compound_id"].fillna("") + where["name"]).to_numpy(dtype=object),
            # No area code is 0000 and no number begins with 555: nobody's telephone rings.
            "phone": [f"0000-555{number:05d}" for number in range(len(table))],
            "hours": [sort.hours for sort in sorts],
            "area_m2": [float(number) for number in area_m2],
            "opened_by": [f"{stem}{sort.opened_by}" for stem, sort in zip(stems, sorts, strict=True)],
            "accessible": chance[1] < 0.7,
            "public": chance[2] < 0.93,
        },
        geometry=shapely.point_on_surface(where.geometry.to_numpy()),
        index=[f"V{number:0{max(4, len(str(len(table))))}d}" for number in range(1, len(table) + 1)],
        crs=buildings.crs,
    )

"""A small town with venues to publish, and what must never get out of it."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd
from shapely import LineString, Point, box

from gridmap.ground.tables import District, empty_table, typed_table

CRS = 4549  # CGCS2000, 3-degree zone of 120 degrees east
EAST, NORTH = 545_000.0, 3_540_000.0

# A street of 2,000 m from west to east and a lane to the north in its middle; houses along both; venues by their metres along the street.
#
#          lane
#           |
#    G      |  M          C
#    -------+-------------------
PRIVATE = {
    "building id": "B-7f3a9c",
    "name of a building": "张三私宅",
    "compound": "密云小区",
    "households": "87654321",
    "residents": "76543218",
    "venue that is not public": "内部值班室",
    "its telephone": "13912345678",
    "its address": "后院三楼",
    "community": "保密社区",
    "gate": "G-5d1e",
    "identity number": "110101199003078515",
    "street id": "S-9b2c",
    "venue id": "V-4e8d",
}
"""What stands in the tables of the town and is for nobody's eyes."""


def public_town(text: str | None = None) -> District:
    """Return the town; with ``text`` every public field that holds text holds that."""
    houses = [(x, 20.0) for x in range(0, 2000, 100)] + [(1020.0, y) for y in range(100, 500, 100)]
    buildings = gpd.GeoDataFrame(
        {
            "community_id": PRIVATE["community"],
            "compound_id": PRIVATE["compound"],
            "name": PRIVATE["name of a building"],
            "households": pd.array([int(PRIVATE["households"])] * len(houses), dtype="Int64"),
            "residents": pd.array([int(PRIVATE["residents"])] * len(houses), dtype="Int64"),
            "households_source": "given",
            "dedicated": False,
        },
        geometry=[box(EAST + x, NORTH + y, EAST + x + 40, NORTH + y + 12) for x, y in houses],
        index=[f"{PRIVATE['building id']}-{number}" for number in range(len(houses))],
        crs=CRS,
    )
    street = LineString([(EAST, NORTH), (EAST + 2000, NORTH)])
    lane = LineString([(EAST + 1000, NORTH), (EAST + 1000, NORTH + 500)])
    streets = gpd.GeoDataFrame(
        {"name": [text or "人民路", text or "桂花弄"], "street_class": ["street", "lane"], "walkable": True, "barrier": False},
        geometry=[street, lane],
        index=[f"{PRIVATE['street id']}-{number}" for number in range(2)],
        crs=CRS,
    )
    river = gpd.GeoDataFrame(
        {"name": [text or "新河"], "kind": ["river"]}, geometry=[box(EAST, NORTH - 90, EAST + 2000, NORTH - 40)], index=["r1"], crs=CRS
    )
    gates = gpd.GeoDataFrame(
        {"compound_id": [PRIVATE["compound"]], "public": [True]}, geometry=[Point(EAST + 500, NORTH + 5)], index=[PRIVATE["gate"]], crs=CRS
    )
    communities = gpd.GeoDataFrame(
        {"name": [PRIVATE["community"]]}, geometry=[box(EAST, NORTH - 100, EAST + 2000, NORTH + 500)], index=[PRIVATE["community"]], crs=CRS
    )
    tables = {"communities": communities, "buildings": buildings, "streets": streets, "barriers": river, "gates": gates, "venues": _venues(text)}
    return District(**{name: typed_table(name, table) for name, table in tables.items()}, name=text or "示范镇")


def _venues(text: str | None) -> gpd.GeoDataFrame:
    columns = ("name", "categories", "address", "phone", "hours", "area_m2", "opened_by", "accessible", "public", "x")
    seed = PRIVATE
    table = [
        (
            "河西党群服务中心",
            '["party_service", "reading"]',
            "人民路1号",
            "0000-5550001",
            "08:30-17:30",
            420.0,
            "河西社区居民委员会",
            True,
            True,
            300.0,
        ),
        ("卫生服务站", '["medical"]', "桂花弄2号", "+86 0000 5550002", "全天", 118.5, "=社区医院", False, True, 1100.0),
        ("社区食堂", '["elderly"]', "人民路99号", None, None, None, seed["identity number"], None, True, 1800.0),
        (seed["venue that is not public"], '["medical"]', seed["its address"], seed["its telephone"], None, None, None, None, False, 600.0),
    ]
    rows = [dict(zip(columns, row, strict=True)) for row in table]
    if text is not None:
        rows = [{**row, **dict.fromkeys(("name", "address", "phone", "hours", "opened_by"), text)} for row in rows]
    places = [Point(EAST + float(str(row.pop("x"))), NORTH + 20) for row in rows]
    index = [f"{PRIVATE['venue id']}-{number}" for number in range(len(rows))]
    return gpd.GeoDataFrame(rows, geometry=places, index=index, crs=CRS)


def without_venues(district: District) -> District:
    """Return the town with no venue at all."""
    return district.with_tables({"venues": empty_table("venues", district.crs)})

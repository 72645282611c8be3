"""The tables of a district: their columns, types and units, and the district itself."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, cast

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely

Kind = Literal["text", "integer", "number", "truth"]
Cells = Literal["given", "build"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its type, whether every row needs a value, and what it means. ``one_of`` lists the only values allowed.

    A ``late`` column is one that workspaces made by older versions lack; there it is all missing.
    """

    name: str
    kind: Kind
    required: bool
    zh: str
    en: str
    one_of: tuple[str, ...] = ()
    late: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """One table: the name of its index, the kinds of geometry it allows, and its columns."""

    name: str
    index: str
    geometry: tuple[str, ...]
    columns: tuple[Column, ...]
    zh: str
    en: str


AREAS = ("Polygon", "MultiPolygon")
LINES = ("LineString", "MultiLineString")
STREET_CLASSES = ("arterial", "street", "lane", "path")
BARRIER_KINDS = ("river", "railway", "wall", "expressway")
HOUSEHOLD_SOURCES = ("given", "ledger", "estimated", "missing")

_NAME = Column("name", "text", False, "名称", "name")

TABLES: Mapping[str, Table] = {
    table.name: table
    for table in (
        Table(
            "communities",
            "community_id",
            AREAS,
            (
                Column("division_code", "text", False, "统计用区划代码（12位）", "division code, 12 digits"),
                _NAME,
                Column("street_office", "text", False, "街道", "street office"),
                Column("county", "text", False, "区县", "county"),
            ),
            "社区",
            "communities",
        ),
        Table(
            "buildings",
            "building_id",
            (*AREAS, "Point"),
            (
                Column("community_id", "text", True, "所属社区", "community"),
                Column("compound_id", "text", False, "所属小区", "compound"),
                _NAME,
                Column("households", "integer", False, "户数", "households"),
                Column("households_source", "text", True, "户数来源", "where the number of households comes from", HOUSEHOLD_SOURCES),
                Column("residents", "integer", False, "人数", "residents"),
                Column("floors", "integer", False, "楼层数", "floors"),
                Column("stairwells", "integer", False, "单元数", "stairwells"),
                Column("use", "text", False, "用途", "use"),
                Column("dedicated", "truth", True, "专属网格", "stands in a dedicated grid, outside the balance"),
            ),
            "楼栋",
            "buildings",
        ),
        Table(
            "streets",
            "street_id",
            LINES,
            (
                _NAME,
                Column("street_class", "text", True, "道路等级", "class of the street", STREET_CLASSES),
                Column("walkable", "truth", True, "可步行", "open to walkers"),
                Column("barrier", "truth", True, "阻隔", "a grid should not cross it"),
                Column("layer", "integer", False, "层（桥为正，隧道为负）", "level: above 0 a bridge, below 0 a tunnel"),
                Column("one_way", "truth", False, "步行单行（只能顺着画线的方向走）", "walkers go in the direction drawn only", late=True),
            ),
            "道路",
            "streets",
        ),
        Table(
            "barriers",
            "barrier_id",
            (*AREAS, *LINES),
            (_NAME, Column("kind", "text", True, "种类", "kind", BARRIER_KINDS)),
            "屏障",
            "barriers",
        ),
        Table(
            "gates",
            "gate_id",
            ("Point",),
            (
                Column("compound_id", "text", False, "所属小区", "compound"),
                Column("hours", "text", False, "开放时间", "opening hours"),
                Column("public", "truth", True, "对公众开放", "open to the public"),
            ),
            "出入口",
            "gates",
        ),
        Table(
            "venues",
            "venue_id",
            ("Point",),
            (
                Column("name", "text", True, "名称", "name"),
                Column("categories", "text", True, "服务类别", "categories, a JSON array of codes from the rules"),
                Column("address", "text", False, "地址", "address"),
                Column("phone", "text", False, "电话", "phone"),
                Column("hours", "text", False, "开放时间", "opening hours"),
                Column("area_m2", "number", False, "建筑面积（平方米）", "floor area, m2"),
                Column("opened_by", "text", False, "开放单位", "who opened it"),
                Column("accessible", "truth", False, "无障碍", "accessible"),
                Column("public", "truth", True, "对公众开放", "open to the public"),
            ),
            "场所",
            "venues",
        ),
    )
}

FINGERPRINTED = ("communities", "buildings", "streets", "barriers", "gates")
"""The tables that a plan depends on."""
NOT_FINGERPRINTED = ("name", "street_office", "county", "division_code", "residents", "hours", "one_way")
"""Their columns that no plan depends on."""

DTYPES: Mapping[Kind, str] = {"text": "str", "integer": "Int64", "number": "Float64", "truth": "boolean"}
"""The pandas dtype of each kind of column; missing is pd.NA, or NaN in text."""


def empty_table(name: str, crs: pyproj.CRS | None) -> gpd.GeoDataFrame:
    """Return the table ``name`` with all its columns and no row.

    >>> empty_table("gates", None).index.name
    'gate_id'
    """
    table = TABLES[name]
    columns = {column.name: pd.array([], dtype=DTYPES[column.kind]) for column in table.columns}
    index = pd.Index([], dtype="str", name=table.index)
    return gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries([], crs=crs, index=index), index=index, crs=crs)


def typed_table(name: str, frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return ``frame`` with exactly the columns of table ``name``, in order and of the right dtype; a column that is absent is all missing.

    The index is the table's id as text. ``frame`` keeps its rows, geometry and CRS and is not altered.
    """
    table = TABLES[name]
    index = pd.Index(frame.index.astype("str"), name=table.index)
    columns = {}
    for column in table.columns:
        dtype = DTYPES[column.kind]
        if column.name in frame.columns and frame[column.name].dtype == dtype:
            columns[column.name] = frame[column.name].array.copy()
            continue
        values = list(frame[column.name]) if column.name in frame.columns else [None] * len(frame)
        columns[column.name] = pd.array([None if value is pd.NA or value != value else value for value in values], dtype=dtype)
    return gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries(frame.geometry.to_numpy(), index=index, crs=frame.crs), index=index, crs=frame.crs)


@dataclass(frozen=True, eq=False)
class District:
    """What is on the ground: checked tables in one projected CRS, metres. Planning never alters it.

    Every table is a GeoDataFrame with the columns of :data:`TABLES`, indexed by its id as text. ``cells`` says whether the buildings' own
    polygons tile the land (``given``) or land cells are to be built around them (``build``).
    """

    communities: gpd.GeoDataFrame
    buildings: gpd.GeoDataFrame
    streets: gpd.GeoDataFrame
    barriers: gpd.GeoDataFrame
    gates: gpd.GeoDataFrame
    venues: gpd.GeoDataFrame
    name: str = ""
    cells: Cells = "build"

    @property
    def crs(self) -> pyproj.CRS:
        """The projected CRS of every table."""
        return cast(pyproj.CRS, self.buildings.crs)

    def tables(self) -> dict[str, gpd.GeoDataFrame]:
        """Return every table by its name."""
        return {name: getattr(self, name) for name in TABLES}

    def with_tables(self, tables: Mapping[str, gpd.GeoDataFrame]) -> District:
        """Return a district in which ``tables`` stand in place of those of the same name."""
        return replace(self, **tables)

    def fingerprint(self) -> str:
        """Return 16 hex digits that change when anything changes that a plan depends on: communities, buildings, streets, barriers, gates.

        Names, venues and the order of rows do not count.
        """
        digest = hashlib.sha256(self.cells.encode())
        for name in FINGERPRINTED:
            table = getattr(self, name).sort_index()
            digest.update(f"{name}:{len(table)}".encode())
            digest.update(joined(table.index))
            digest.update(coordinate_bytes(shapely.get_coordinates(table.geometry.to_numpy())))
            for column in TABLES[name].columns:
                if column.name not in NOT_FINGERPRINTED:
                    digest.update(joined(table[column.name]))
        return digest.hexdigest()[:16]


def joined(values: pd.Series | pd.Index) -> bytes:
    """Return a column for a fingerprint."""
    return "\x1f".join(pd.Series(values).astype("str").fillna("").to_numpy(dtype=object)).encode()


def coordinate_bytes(coordinates: npt.NDArray[np.float64]) -> bytes:
    """Return coordinates for a fingerprint, rounded to 0.1 mm: a file that has been through another program gives the same."""
    return (np.round(coordinates, 4) + 0.0).tobytes()

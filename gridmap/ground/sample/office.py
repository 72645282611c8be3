"""The sample district as an office really keeps it: files of several kinds and coordinate systems, with the faults that such files have.

Importing the folder gives back the same households and buildings; every planted fault shows up as a finding.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from gridmap.ground.coords import bd09_from_wgs84
from gridmap.ground.sample.drawing import Numbers, Rng
from gridmap.ground.sample.ledger import write_ledger
from gridmap.ground.sample.shapefile import AREA, LINE, POINT, parts_of_each, write_shapefile
from gridmap.ground.tables import District
from gridmap.rules import load_rules
from gridmap.texts import Language, render

COMMUNITIES, BUILDINGS, STREETS, GATES = "社区.shp", "楼栋.shp", "道路.shp", "出入口.shp"
BARRIERS, VENUES, LEDGER, README = "屏障.geojson", "场所.csv", "台账.xlsx", "说明.txt"
FILES = {
    "communities": COMMUNITIES,
    "buildings": BUILDINGS,
    "streets": STREETS,
    "barriers": BARRIERS,
    "gates": GATES,
    "venues": VENUES,
    "ledger": LEDGER,
}

ZONE_CRS = pyproj.CRS.from_epsg(4528)
"""The zone of the sample with the zone number before the easting."""
GAP_MIN_M, GAP_MAX_M, GAP_SHARE = 1.0, 2.2, 0.4
"""Outlines of some communities are drawn a little too small: gaps of this width open beside them."""
CLASS_WORDS = {"arterial": "主干路", "street": "支路", "lane": "小区道路", "path": "步道"}
KIND_WORDS = {"river": "河流", "railway": "铁路", "wall": "围墙", "expressway": "快速路"}


@dataclass(frozen=True, slots=True)
class PlantedDefect:
    """One fault put into the files on purpose.

    ``kind`` is the code of the finding that importing must give; ``row`` counts as the user sees it, None where the finding is about the whole file.
    """

    file: str
    row: int | None
    kind: str

    def text(self, language: Language) -> str:
        """Return what is wrong, for people."""
        return render(f"planted_{self.kind}", language, {"file": self.file, "row": self.row})


def office_options(folder: Path) -> list[str]:
    """Return the options of ``gridmap import`` that read what :func:`write_office` wrote.

    >>> office_options(Path("office"))[:2] == ["--communities", str(Path("office") / "社区.shp")]
    True
    """
    options = [part for name, file in FILES.items() for part in (f"--{name}", str(folder / file))]
    return [*options, "--crs", "venues=bd09"]


def write_office(district: District, folder: Path, *, seed: int = 1) -> list[PlantedDefect]:
    """Write ``district`` into ``folder`` as an office's raw files and return the faults planted in them.

    Shapefiles in GBK without .cpg (streets with zone-prefixed eastings and no .prj), walls and water as GeoJSON, venues as CSV picked on a
    BD-09 map, households in an XLSX ledger. Existing files of these names are replaced.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    names = _community_names(district.communities)
    defects = _write_communities(district.communities, names, folder, rng)
    title = f"{district.name}居民楼栋台账"
    ledger = write_ledger(folder / LEDGER, district.buildings, names, title, rng)
    defects += _write_buildings(district.buildings, names, ledger.unknown, folder, rng)
    defects += _write_streets(district.streets, folder)
    _write_gates(district.gates, folder)
    _write_barriers(district.barriers, folder)
    defects += _write_venues(district.venues, folder)
    rows = {"ledger_unmatched": ledger.unmatched, "ledger_row_twice": ledger.twice, "households_fault": ledger.fault}
    defects += [PlantedDefect(LEDGER, row, kind) for kind, row in rows.items()]
    _write_readme(folder, defects)
    return defects


def _community_names(communities: gpd.GeoDataFrame) -> pd.Series:
    """Return the name of each community; the last one bears that of the first: a slip of the pen."""
    names = communities["name"].astype(object).copy()
    if len(names) > 1:
        names.iloc[-1] = names.iloc[0]
    return names


def _text(values: Any) -> list[str | None]:
    return [None if pd.isna(value) else str(value) for value in values]


def _yes(values: Any) -> list[str | None]:
    return [None if pd.isna(value) else "是" if value else "否" for value in values]


def _whole(values: Any) -> list[int | None]:
    return [None if pd.isna(value) else int(value) for value in values]


def _write_communities(communities: gpd.GeoDataFrame, names: pd.Series, folder: Path, rng: Rng) -> list[PlantedDefect]:
    geometry = communities.geometry.to_numpy()
    small = rng.random(len(geometry)) < GAP_SHARE
    small[0] = True
    width_m = np.where(small & (len(geometry) > 1), GAP_MIN_M + (GAP_MAX_M - GAP_MIN_M) * rng.random(len(geometry)), 0.0)
    drawn = np.where(width_m > 0, shapely.buffer(geometry, -width_m, join_style="mitre"), geometry)
    shapes = parts_of_each(drawn)
    # The outline of the last community runs out and back along one line: the pen slipped.
    shapes[-1][0] = _with_spike(shapes[-1][0])
    columns = {
        "社区编码": _text(communities.index),
        "区划代码": _text(communities["division_code"]),
        "社区名称": _text(names),
        "所属街道": _text(communities["street_office"]),
        "区县": _text(communities["county"]),
    }
    write_shapefile(folder / COMMUNITIES, shapes, columns, kind=AREA, crs=communities.crs)
    last = len(communities)
    defects = [PlantedDefect(COMMUNITIES, last, "geometry_mended")]
    if len(communities) > 1:
        defects += [PlantedDefect(COMMUNITIES, last, "community_name_twice"), PlantedDefect(COMMUNITIES, None, "community_gaps_closed")]
    return defects


def _with_spike(ring: Numbers) -> Numbers:
    """Return the ring with a detour of no width from the middle of its first edge into the area."""
    start, end = ring[0], ring[1]
    middle = (start + end) / 2
    # Outer rings run clockwise: the area lies to the right of each edge.
    inward = np.array([end[1] - start[1], start[0] - end[0]]) / np.hypot(*(end - start))
    return np.vstack((start, middle, middle + inward * 4.0, middle, ring[1:]))


def _write_buildings(buildings: gpd.GeoDataFrame, names: pd.Series, unknown: Sequence[int], folder: Path, rng: Rng) -> list[PlantedDefect]:
    """Write footprints; households stand here only where the ledger has none: facilities (0) and what it calls unknown."""
    shapes = parts_of_each(buildings.geometry.to_numpy())
    counts = buildings["households"].tolist()
    households = [str(count) if count == 0 else None for count in counts]
    for position in unknown:
        households[position] = f"{counts[position]}户"
    columns: dict[str, list[Any]] = {
        "楼栋编号": _text(buildings.index),
        "所属社区": _text(names[buildings["community_id"]]),
        "小区名称": _text(buildings["compound_id"]),
        "楼栋名称": _text(buildings["name"]),
        "户数": households,
        "人口数": _whole(buildings["residents"]),
        "层数": _whole(buildings["floors"]),
        "单元数": _whole(buildings["stairwells"]),
        "用途": _text(buildings["use"]),
        "专属网格": _yes(buildings["dedicated"]),
    }
    unclosed, spiked, repeated, copied = _four_rows(len(buildings), rng)
    shapes[unclosed][0] = shapes[unclosed][0][:-1]
    shapes[spiked][0] = _with_spike(shapes[spiked][0])
    place = shapes[0][0][0]
    corners = buildings.geometry.bounds
    far = shapes[int(np.argmax(np.hypot(corners["minx"] - place[0], corners["miny"] - place[1])))][0][0]
    added: list[tuple[str, list[Numbers], int | str]] = [
        ("pieces_united", shapes[repeated], repeated),
        ("id_taken", [far + np.array([[0.0, 0], [0, 4], [6, 4], [6, 0], [0, 0]])], 0),
        ("footprint_dropped", shapes[copied], "重绘1"),
        ("geometry_sliver", [place + np.array([[0.0, 0], [0, 0.1], [8, 0.1], [8, 0], [0, 0]])], "碎片1"),
        ("geometry_missing", [], "空图形1"),
        ("ring_too_short", [place + np.array([[0.0, 0], [5, 5]])], "两点1"),
    ]
    for _, shape, source in added:
        shapes.append(shape)
        own = isinstance(source, str)
        for name, values in columns.items():
            values.append((source if name == "楼栋编号" else None) if own else values[int(source)])
    write_shapefile(folder / BUILDINGS, shapes, columns, kind=AREA, crs=buildings.crs)
    defects = [PlantedDefect(BUILDINGS, unclosed + 1, "ring_unclosed"), PlantedDefect(BUILDINGS, spiked + 1, "geometry_mended")]
    for row, (kind, _, _) in enumerate(added, len(buildings) + 1):
        defects.append(PlantedDefect(BUILDINGS, None if kind == "pieces_united" else row, kind))
    return defects


def _four_rows(count: int, rng: Rng) -> tuple[int, int, int, int]:
    """Draw four different rows, none of them the first."""
    rows = 1 + np.argsort(rng.random(count - 1), kind="stable")[:4]
    return int(rows[0]), int(rows[1]), int(rows[2]), int(rows[3])


def _write_streets(streets: gpd.GeoDataFrame, folder: Path) -> list[PlantedDefect]:
    # Only the number of the zone is put before the easting: the file does not say so, and no .prj lies beside it.
    shapes = parts_of_each(streets.to_crs(ZONE_CRS).geometry.to_numpy())
    layers = streets["layer"].to_numpy(dtype=object)
    columns: dict[str, list[Any]] = {
        "道路编号": [*_text(streets.index), "误点1"],
        "道路名称": [*_text(streets["name"]), None],
        "道路等级": [*(CLASS_WORDS[each] for each in streets["street_class"]), "支路"],
        "可步行": [*_yes(streets["walkable"]), "是"],
        "阻隔": [*_yes(streets["barrier"]), "否"],
        "层级": [*_whole(layers), 0],
    }
    start = shapes[0][0][0]
    shapes.append([np.vstack((start, start + np.array([0.004, 0.0])))])
    write_shapefile(folder / STREETS, shapes, columns, kind=LINE, crs=None)
    return [PlantedDefect(STREETS, len(shapes), "geometry_short_line")]


def _write_gates(gates: gpd.GeoDataFrame, folder: Path) -> None:
    columns = {
        "出入口编号": _text(gates.index),
        "小区名称": _text(gates["compound_id"]),
        "开放时间": _text(gates["hours"]),
        "对外开放": _yes(gates["public"]),
    }
    write_shapefile(folder / GATES, parts_of_each(gates.geometry.to_numpy()), columns, kind=POINT, crs=gates.crs)


def _write_barriers(barriers: gpd.GeoDataFrame, folder: Path) -> None:
    """Write water, railways and walls together as GeoJSON, in degrees: a shapefile cannot hold areas beside lines."""
    placed = barriers.to_crs(4326).geometry.to_numpy()
    features = [
        {"type": "Feature", "properties": {"编号": key, "名称": name, "类型": KIND_WORDS[kind]}, "geometry": json.loads(shapely.to_geojson(geometry))}
        for key, name, kind, geometry in zip(barriers.index, _text(barriers["name"]), barriers["kind"], placed, strict=True)
    ]
    text = json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False)
    (folder / BARRIERS).write_text(text, encoding="utf-8")


def _write_venues(venues: gpd.GeoDataFrame, folder: Path) -> list[PlantedDefect]:
    categories = load_rules().categories
    placed = venues.to_crs(4326).geometry
    longitude, latitude = bd09_from_wgs84(placed.x.to_numpy(), placed.y.to_numpy())
    with (folder / VENUES).open("w", encoding="gb18030", newline="") as file:
        writer = csv.writer(file)
        writer.writerow("场所编号 场所名称 服务类别 地址 联系电话 开放时间 建筑面积（平方米） 开放单位 无障碍 对外开放 经度 纬度".split())
        columns: list[Sequence[str | None]] = [
            _text(venues.index),
            _text(venues["name"]),
            ["、".join(categories[code].zh for code in json.loads(codes)) for codes in venues["categories"]],
            *(_text(venues[name]) for name in ("address", "phone", "hours")),
            [None if pd.isna(area_m2) else f"{area_m2:g}平方米" for area_m2 in venues["area_m2"]],
            _text(venues["opened_by"]),
            *(_yes(venues[name]) for name in ("accessible", "public")),
            *([f"{degrees:.8f}" for degrees in values] for values in (longitude, latitude)),
        ]
        writer.writerows(zip(*columns, strict=True))
        writer.writerow(["待补1", "待补充场所", "便民购物", "地址不详", "", "", "", "", "", "是", "不详", "不详"])
    return [PlantedDefect(VENUES, len(venues) + 2, "place_missing")]


def _write_readme(folder: Path, defects: Sequence[PlantedDefect]) -> None:
    """Say how to import the folder and what is wrong in it, in Chinese and English."""
    command = "gridmap import 样例区.gpkg " + " ".join(office_options(Path()))
    lines = [render("office_readme", "zh", {"command": command}), "", render("office_readme", "en", {"command": command}), ""]
    for defect in defects:
        where = defect.file if defect.row is None else f"{defect.file} : {defect.row}"
        lines.append(f"{where}　{defect.text('zh')} / {defect.text('en')}")
    (folder / README).write_text("\n".join(lines) + "\n", encoding="utf-8")

"""Parts of a community that cannot be reached from the rest, told as findings."""

from __future__ import annotations

import numpy as np
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

from gridmap.findings import Finding, finding
from gridmap.grids.blocks import Floats, Geometries, Ground, Integers
from gridmap.grids.neighbours import Pairs
from gridmap.grids.separators import CROSSABLE, SEPARATORS

SIDES = (("东部", "east"), ("东北部", "north-east"), ("北部", "north"), ("西北部", "north-west"),
         ("西部", "west"), ("西南部", "south-west"), ("南部", "south"), ("东南部", "south-east"))  # fmt: skip
BARRIER_WORDS = {"river": ("河流", "the river"), "railway": ("铁路", "the railway"), "expressway": ("快速路", "the expressway")}
OTHER_LAND = ("其他土地", "other land")


def parts_of(pairs: Pairs, cells: int) -> Integers:
    """Return for each cell the part of the community that it is in: cells of one part can be reached from each other."""
    a, b = pairs.a[pairs.crossable], pairs.b[pairs.crossable]
    graph = coo_array((np.ones(len(a), dtype=np.int8), (a, b)), shape=(cells, cells))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def part_findings(ground: Ground, pairs: Pairs, cells: Geometries) -> tuple[Finding, ...]:
    """Name each part with households that cannot be reached from the largest part, and count those without."""
    part = parts_of(pairs, len(cells))
    households = np.bincount(part, weights=ground.households)
    buildings = np.bincount(part)
    main = np.lexsort((buildings, households))[-1]
    places = shapely.get_coordinates(shapely.point_on_surface(cells))
    others = [each for each in np.lexsort((-buildings, -households)) if each != main]
    found = [_cut_off(ground, part == each, part == main, places) for each in others if households[each] > 0]
    empty = [each for each in others if households[each] == 0]
    if empty:
        x, y = (float(place) for place in places[part == empty[0]][0])
        count = int(buildings[empty].sum())
        found.append(finding("cells_parts_empty", ground.community_id, value=len(empty), community_id=ground.community_id, x=x, y=y, buildings=count))
    return tuple(found)


def _cut_off(ground: Ground, inside: np.typing.NDArray[np.bool_], main: np.typing.NDArray[np.bool_], places: Floats) -> Finding:
    away = places[inside].mean(axis=0) - places[main].mean(axis=0)
    side = SIDES[int(np.round(np.arctan2(away[1], away[0]) / (np.pi / 4))) % 8]
    distance, nearest = KDTree(places[main]).query(places[inside])
    closest = int(np.argmin(distance))
    link = shapely.linestrings([places[inside][closest], places[main][nearest[closest]]])
    barrier = _barrier_on(ground, link)
    x, y = (float(place) for place in places[inside][closest])
    return finding(
        "cells_part_cut_off", ground.community_id, value=int(ground.households[inside].sum()), community_id=ground.community_id, x=x, y=y,
        buildings=int(inside.sum()), side_zh=side[0], side_en=side[1], barrier_zh=barrier[0], barrier_en=barrier[1],
    )  # fmt: skip


def _barrier_on(ground: Ground, link: shapely.LineString) -> tuple[str, str]:
    """Return the words for the strongest barrier that the way crosses, with its name where it has one."""
    crossed = []
    for barriers in (ground.lines, ground.areas):
        for row in np.flatnonzero(shapely.intersects(barriers.geometry, link) & ~CROSSABLE[barriers.code]):
            crossed.append((int(barriers.code[row]), barriers.name[row] or ""))
    if not crossed:
        return OTHER_LAND
    code, name = max(crossed)
    zh, en = BARRIER_WORDS[SEPARATORS[code]]
    return (f"{zh}“{name}”", f'{en} "{name}"') if name else (zh, en)

"""What nobody walks through: walls except at gates, water and expressways except on bridges and in tunnels."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely

from gridmap.findings import Finding, finding
from gridmap.ground.tables import District
from gridmap.walking.segments import Floats, Geometries, Integers

GATE_REACH_M = 5.0
"""A gate opens the wall that it stands at: the nearest one within this, since gates and walls are drawn by different hands."""

SAME_WALL_M = 0.5
"""Walls no farther from the gate than this beyond the nearest one are taken to be the same wall, drawn twice."""

GATE_HALF_WIDTH_M = 4.0
"""So far to both sides of a gate the wall is open: an entrance for cars, and as much as two drawings of one place differ."""

AREA = 2


@dataclass(frozen=True, eq=False)
class Walls:
    """Lines that cut streets, and everything that a way from a door to the street may not cross.

    ``walls`` are open at gates. ``waters`` are the lines and banks of rivers and the lines of expressways. ``closed`` are all of these, the
    areas of water, and railways, which streets cross at level crossings but nobody crosses elsewhere. ``gates`` are the places of gates on them.
    ``rims`` are the lines of all barriers as drawn, gates or none, and ``water`` the areas of water.
    """

    walls: Geometries
    waters: Geometries
    closed: Geometries
    gates: Geometries
    rims: Geometries
    water: Geometries
    findings: tuple[Finding, ...]


def walls_of(district: District) -> Walls:
    """Return what nobody walks through; gates open the wall that they stand at, whether or not they name a compound."""
    barriers, gates = drawn_rows(district.barriers), drawn_rows(district.gates)
    geometry, kind = shapely.force_2d(barriers.geometry.to_numpy()), barriers["kind"].to_numpy()
    walls, open_at, idle = _opened(_lines(geometry[kind == "wall"]), shapely.force_2d(gates.geometry.to_numpy()))
    waters = geometry[np.isin(kind, ("river", "expressway"))]
    closed = np.concatenate((walls, geometry[kind != "wall"]))
    findings = [finding("gates_at_no_wall", str(gates.index[idle[0]]), value=len(idle))] if len(idle) and len(walls) else []
    areas = geometry[(kind == "river") & (shapely.get_dimensions(geometry) == AREA)]
    return Walls(walls, _lines(waters), closed, open_at, _lines(geometry), areas, tuple(findings))


def _lines(geometry: Geometries) -> Geometries:
    """Return lines as they are, and areas as their rims."""
    areas = shapely.get_dimensions(geometry) == AREA
    lines = geometry.copy()
    lines[areas] = shapely.boundary(geometry[areas])
    return lines


def wall_lines(district: District) -> Geometries:
    """Return the walls as lines, without gaps."""
    barriers = drawn_rows(district.barriers)
    return _lines(shapely.force_2d(barriers.geometry.to_numpy()[barriers["kind"].to_numpy() == "wall"]))


def rim_lines(district: District) -> Geometries:
    """Return all barriers as lines, walls without gaps."""
    return _lines(shapely.force_2d(drawn_rows(district.barriers).geometry.to_numpy()))


def drawn_rows(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the rows of a table that have a shape."""
    return table[~(table.geometry.isna() | table.geometry.is_empty)]


def gaps_of(walls: Geometries, gates: Geometries) -> tuple[Integers, Integers, Geometries]:
    """Return which gate opens which wall, as positions in both, and the place on the wall."""
    gate, wall = shapely.STRtree(walls).query(gates, predicate="dwithin", distance=GATE_REACH_M)
    apart: Floats = shapely.distance(gates[gate], walls[wall])
    least = np.full(len(gates), np.inf)
    np.minimum.at(least, gate, apart)
    same = apart <= least[gate] + SAME_WALL_M
    gate, wall = gate[same], wall[same]
    return gate, wall, shapely.get_point(shapely.shortest_line(walls[wall], gates[gate]), 0)


def _opened(walls: Geometries, gates: Geometries) -> tuple[Geometries, Geometries, Integers]:
    """Return the walls with a gap at each gate, the places of the gates on them, and the positions of gates at which no wall stands."""
    gate, wall, at_wall = gaps_of(walls, gates)
    gaps = shapely.buffer(at_wall, GATE_HALF_WIDTH_M)
    opened = walls.copy()
    order = np.argsort(wall, kind="stable")
    wall, gaps = wall[order], gaps[order]
    turn = np.arange(len(wall)) - np.searchsorted(wall, wall)
    for number in range(int(turn.max(initial=-1)) + 1):
        now = turn == number
        opened[wall[now]] = shapely.difference(opened[wall[now]], gaps[now])
    return opened, at_wall, np.setdiff1d(np.arange(len(gates)), gate)

"""The walking network: where one can walk, cut where streets meet, where walls stand and where water lies."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gridmap.findings import Finding, finding
from gridmap.ground.tables import District
from gridmap.walking.contacts import contacts, sides
from gridmap.walking.noding import SNAP_M, Corners, Cuts, Joins, Lines, corners_of, joined, rings_apart, street_meetings
from gridmap.walking.segments import MILLIMETRES, Floats, Geometries, Integers, Mask, segments_of, spots
from gridmap.walking.walls import Walls, drawn_rows, walls_of

Small = npt.NDArray[np.int32]

MILLIMETRES_IN_CM = 10.0
MARGIN_M = 1.0
"""The grid of millimetres begins so far outside the streets, so that no place is below zero."""


@dataclass(frozen=True, eq=False)
class Network:
    """Streets as a graph: ``m`` edges between ``n`` nodes, lengths in whole centimetres.

    An edge runs from node ``a`` to node ``b``; a ``one_way`` edge is walked in that direction only. ``level`` is 0 on the ground, above 0 on bridges
    and below in tunnels. ``shape`` are the corners of the edges in metres, those of edge ``e`` from ``shape_at[e]`` to ``shape_at[e + 1]``.
    ``component`` numbers the pieces of the network that do not hang together, 0 the longest; in ``without_walls`` nodes have one number that
    would hang together if no wall stood anywhere. Nodes stand in the order of a curve that keeps neighbours together (Morton 1966), so that
    searches find them close by in memory.
    """

    crs: pyproj.CRS
    node_xy: Floats
    a: Small
    b: Small
    length_cm: Small
    one_way: Mask
    level: Small
    street: npt.NDArray[np.object_]
    shape: Floats
    shape_at: Integers
    component: Small
    without_walls: Small
    names: tuple[str, ...]
    findings: tuple[Finding, ...] = field(default=())

    @property
    def nodes(self) -> int:
        """How many nodes there are."""
        return len(self.node_xy)

    @property
    def edges(self) -> int:
        """How many edges there are."""
        return len(self.a)

    def lines(self) -> Geometries:
        """Return the edges as lines."""
        row = np.repeat(np.arange(self.edges), np.diff(self.shape_at))
        return np.asarray(shapely.linestrings(self.shape, indices=row), dtype=object) if self.edges else np.empty(0, dtype=object)

    def components(self) -> pd.DataFrame:
        """Return the pieces of the network, the longest first: ``name`` (of its longest street), ``nodes``, ``length_m``."""
        count = len(self.names)
        length_m = np.bincount(self.component[self.a], weights=self.length_cm / 100.0, minlength=count)
        nodes = np.bincount(self.component, minlength=count)
        return pd.DataFrame({"name": list(self.names), "nodes": nodes, "length_m": np.round(length_m, 2)})


def walking_network(district: District, *, walls: Walls | None = None) -> Network:
    """Return the walking network of the walkable streets of ``district``.

    Streets of one level are joined where they meet or cross; bridges and tunnels only where they end. An end that stops short of a street by at
    most :data:`~gridmap.walking.noding.SNAP_M` is joined to it, with a finding. Walls cut streets except at gates; rivers and expressways cut
    streets that are known to be on the ground, not bridges, tunnels and those whose level is unknown. Closed rings that meet no other street are
    rims of squares and sports grounds and are left out, with a finding. One may walk both ways unless the street says otherwise. Lengths are whole
    centimetres, counted along each street from its beginning, so that cutting a street changes none.

    The district is not altered. A district without walkable streets gives a network without edges.
    """
    walls = walls or walls_of(district)
    streets = _walkable(district.streets)
    geometry, street = shapely.get_parts(shapely.force_2d(streets.geometry.to_numpy()), return_index=True)
    origin = np.floor(streets.total_bounds[:2]) - MARGIN_M if len(streets) else np.zeros(2)
    segments = segments_of(geometry, origin)
    if not len(segments):
        return _empty(district.crs, walls.findings)
    lines = _lines(streets, street.astype(np.int64))
    met = street_meetings(segments, lines)
    segments, lines, feet, joins = joined(segments, lines, met)
    barriers = [segments_of(shapely.get_parts(each), origin) for each in (walls.walls, walls.waters)]
    found, barred = contacts(segments, lines, *barriers)
    corners = corners_of(segments, lines, _together(met, feet, barred))
    back, on, at_wall = sides(corners, segments, lines, found)
    spot = spots(*corners.place.T, corners.level)
    apart = rings_apart(corners, spot, len(lines))
    rings = np.unique(lines.street[apart])
    kept = ~apart[corners.line]
    corners, spot, back, on, at_wall = corners.take(kept), spot[kept], back[kept], on[kept], at_wall[kept]
    one_way = streets["one_way"].fillna(False).to_numpy(dtype=bool) if "one_way" in streets else np.zeros(len(streets), dtype=bool)
    drawn = _Drawn(corners, spot, back, on, at_wall, lines, one_way, streets)
    return _assembled(drawn, origin, district.crs, (*walls.findings, *_findings(streets, drawn, joins, origin), *_ring_findings(streets, rings)))


@dataclass(frozen=True, eq=False)
class _Drawn:
    """Corners with the spot and the sides that their ways lie on: nodes are spots with sides."""

    corners: Corners
    spot: Integers
    back: Integers
    on: Integers
    at_wall: Mask
    lines: Lines
    one_way: Mask
    streets: gpd.GeoDataFrame


def _walkable(streets: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the streets that one may walk, in an order that does not depend on their ids."""
    drawn = drawn_rows(streets)
    kept = drawn[drawn["walkable"].fillna(True).astype(bool)]
    bounds = kept.bounds.to_numpy()
    return kept.iloc[np.lexsort((shapely.length(kept.geometry.to_numpy()), *bounds.T[::-1]))]


def _lines(streets: gpd.GeoDataFrame, street: Integers) -> Lines:
    level = streets["layer"].fillna(0).to_numpy(dtype=np.int64)[street]
    return Lines(street, level, level, streets["layer"].notna().to_numpy()[street])


def _together(*cuts: Cuts) -> Cuts:
    segment, place = (np.concatenate(column) for column in zip(*cuts, strict=True))
    return segment, place


def _assembled(drawn: _Drawn, origin: Floats, crs: pyproj.CRS, findings: tuple[Finding, ...]) -> Network:
    """Make edges of the corners between which a line meets nothing, and put nodes and edges in order."""
    corners = drawn.corners
    node = spots(np.concatenate((drawn.spot, drawn.spot)), np.concatenate((drawn.back, drawn.on)))
    back, on = node[: len(corners)], node[len(corners) :]
    kept = np.flatnonzero(corners.first | corners.last | (np.bincount(drawn.spot)[drawn.spot] > 1) | (drawn.back != 0) | (drawn.on != 0))
    begins, ends = kept[:-1], kept[1:]
    whole = corners.line[begins] == corners.line[ends]
    begins, ends = begins[whole], ends[whole]
    a, b = on[begins], back[ends]
    used, place = np.unique(np.concatenate((a, b)), return_inverse=True)
    xy = np.empty((int(node.max()) + 1, 2))
    xy[back], xy[on] = corners.place / MILLIMETRES, corners.place / MILLIMETRES
    order = _morton_order(xy[used])
    rank = np.empty(len(order), dtype=np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    a, b = rank[place[: len(a)]], rank[place[len(a) :]]
    cm = np.rint(corners.along_mm / MILLIMETRES_IN_CM).astype(np.int32)
    sorted_edges = np.lexsort((begins, np.maximum(a, b), np.minimum(a, b)))
    begins, ends, a, b = begins[sorted_edges], ends[sorted_edges], a[sorted_edges], b[sorted_edges]
    line = corners.line[begins]
    level = np.where(drawn.lines.level != drawn.lines.end_level, 1, drawn.lines.level)[line].astype(np.int32)
    one_way = drawn.one_way[drawn.lines.street[line]] & (drawn.lines.level[line] == drawn.lines.end_level[line])
    once, one_way = _once(a, b, begins, ends, corners.place, level, one_way)
    begins, ends, a, b = begins[once], ends[once], a[once], b[once]
    line, level, one_way = line[once], level[once], one_way[once]
    counts = ends - begins + 1
    shape_at = np.concatenate(([0], np.cumsum(counts)))
    taken = np.arange(shape_at[-1]) - np.repeat(shape_at[:-1] - begins, counts)
    component, without_walls = components_of(a, b, len(order), _wall_bonds(drawn, back, on, used, rank))
    length_cm = (cm[ends] - cm[begins]).astype(np.int32)
    street = drawn.streets.index.to_numpy(dtype=object)[drawn.lines.street[line]]
    component, names = named_components(component, a, length_cm, street, drawn.streets)
    return Network(
        crs=crs,
        node_xy=xy[used][order] + origin,
        a=a,
        b=b,
        length_cm=length_cm,
        one_way=one_way,
        level=level,
        street=street,
        shape=corners.place[taken] / MILLIMETRES + origin,
        shape_at=shape_at,
        component=component,
        without_walls=without_walls,
        names=names,
        findings=findings,
    )


def _once(a: Small, b: Small, begins: Integers, ends: Integers, place: Integers, level: Small, one_way: Mask) -> tuple[Integers, Mask]:
    """Return which edges stay when each stretch that is drawn twice is taken once, and which of all may be walked one way only.

    Neighbouring squares share a side, and files repeat streets. Doors on two copies of a stretch would otherwise be joined at its ends alone.
    """
    low, high = np.minimum(a, b), np.maximum(a, b)
    again = np.zeros(len(a), dtype=bool)
    again[1:] = (low[1:] == low[:-1]) & (high[1:] == high[:-1])
    again[:-1] |= again[1:]
    first: dict[tuple[int, int, int, bytes], tuple[int, bool]] = {}
    stays, one_way = np.ones(len(a), dtype=bool), one_way.copy()
    for edge in np.flatnonzero(again).tolist():
        shape = place[begins[edge] : ends[edge] + 1]
        forward, backward = shape.tobytes(), shape[::-1].tobytes()
        onward = forward <= backward
        kept, its_way = first.setdefault((int(low[edge]), int(high[edge]), int(level[edge]), min(forward, backward)), (edge, onward))
        if kept != edge:
            stays[edge] = False
            one_way[kept] &= bool(one_way[edge]) and onward == its_way
    return np.flatnonzero(stays), one_way


def _empty(crs: pyproj.CRS, findings: tuple[Finding, ...]) -> Network:
    none = np.empty(0, dtype=np.int32)
    texts = np.empty(0, dtype=object)
    flat = np.empty((0, 2))
    return Network(crs, flat, none, none, none, np.empty(0, dtype=bool), none, texts, flat, np.zeros(1, dtype=np.int64), none, none, (), findings)


def _morton_order(xy: Floats) -> Integers:
    """Return the order of points along a curve that keeps neighbours together: the bits of x and y in turn (Morton 1966)."""
    low, span = xy.min(axis=0), max(float(np.ptp(xy, axis=0).max()), 1e-9)
    cells = ((xy - low) / span * 65535).astype(np.uint64)
    code = np.zeros(len(xy), dtype=np.uint64)
    for axis in (0, 1):
        bits = cells[:, axis]
        for shift, mask in ((8, 0x00FF00FF), (4, 0x0F0F0F0F), (2, 0x33333333), (1, 0x55555555)):
            bits = (bits | (bits << np.uint64(shift))) & np.uint64(mask)
        code |= bits << np.uint64(axis)
    return np.lexsort((xy[:, 1], xy[:, 0], code))


def _wall_bonds(drawn: _Drawn, back: Integers, on: Integers, used: Integers, rank: Small) -> tuple[Small, Small]:
    """Return pairs of nodes between which nothing but a wall stands."""
    walled = np.flatnonzero(drawn.at_wall)
    spot = np.concatenate((drawn.spot[walled], drawn.spot[walled]))
    node = np.concatenate((back[walled], on[walled]))
    there = np.isin(node, used)
    spot, found = spot[there], rank[np.searchsorted(used, node[there])]
    order = np.argsort(spot, kind="stable")
    spot, found = spot[order], found[order]
    same = spot[1:] == spot[:-1]
    return found[:-1][same], found[1:][same]


def components_of(a: Small, b: Small, nodes: int, bonds: tuple[Small, Small]) -> tuple[Small, Small]:
    """Return the component of each node, and what it would be without walls; one-way edges hold their ends together as others do."""
    found = []
    for more in ((a[:0], b[:0]), bonds):
        left, right = np.concatenate((a, more[0])), np.concatenate((b, more[1]))
        graph = coo_array((np.ones(len(left), dtype=np.int8), (left, right)), shape=(nodes, nodes))
        found.append(connected_components(graph, directed=False)[1].astype(np.int32))
    return found[0], found[1]


def named_components(component: Small, a: Small, length_cm: Small, street: Any, streets: gpd.GeoDataFrame) -> tuple[Small, tuple[str, ...]]:
    """Number components from the longest to the shortest and name each by its longest street: the street's name, else its id."""
    count = int(component.max()) + 1
    total = np.bincount(component[a], weights=length_cm, minlength=count)
    order = np.lexsort((np.arange(count), -total))
    rank = np.empty(count, dtype=np.int32)
    rank[order] = np.arange(count)
    label = streets["name"].where(streets["name"].notna(), streets.index.to_series()).reindex(street).to_numpy(dtype=object)
    table = pd.DataFrame({"component": rank[component[a]], "label": label, "cm": length_cm})
    longest = table.groupby(["component", "label"], sort=True)["cm"].sum().reset_index().sort_values(["component", "cm"], ascending=[True, False])
    names = longest.drop_duplicates("component")["label"]
    return rank[component], tuple(str(name) for name in names)


def _findings(streets: gpd.GeoDataFrame, drawn: _Drawn, joins: Joins, origin: Floats) -> list[Finding]:
    """Tell of ends that were joined and of streets that walls or water cut."""
    found = []
    ids = streets.index.to_numpy(dtype=object)
    for street, (x, y), gap_m in zip(ids[joins.street], joins.place_m + origin, joins.gap_m, strict=True):
        found.append(finding("street_end_joined", str(street), value=round(float(gap_m), 2), limit=SNAP_M, unit="m", x=float(x), y=float(y)))
    cut = np.flatnonzero((drawn.back != drawn.on) & ~drawn.corners.first & ~drawn.corners.last)
    for wall, code in ((True, "street_cut_by_wall"), (False, "street_cut_by_water")):
        here = cut[drawn.at_wall[cut] == wall]
        street, at, count = np.unique(drawn.lines.street[drawn.corners.line[here]], return_index=True, return_counts=True)
        for row, number, (x, y) in zip(street, count, drawn.corners.place[here[at]] / MILLIMETRES + origin, strict=True):
            found.append(finding(code, str(ids[row]), value=int(number), x=float(x), y=float(y)))
    return found


def _ring_findings(streets: gpd.GeoDataFrame, rings: Integers) -> list[Finding]:
    """Tell of rings that were left out, in one sentence."""
    return [finding("street_rings_apart", min(map(str, streets.index[rings])), value=len(rings))] if len(rings) else []

"""Communities as they come: overlaps cut away, narrow gaps closed, outlines made where there are none, buildings assigned."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gridmap.findings import Finding, finding
from gridmap.ground.names import plain_name
from gridmap.ground.rows import Rows

Geometries = npt.NDArray[np.object_]
Positions = npt.NDArray[np.int64]

GAP_M = 5.0
"""Gaps between communities narrower than this are slips of the mouse and are closed; wider ones may be rivers or roads and are reported."""

TOUCHING_M = 0.001
"""What lies nearer than 1 mm touches; closing a gap rounds its edges by far less."""

OVERLAP_M2 = 1.0
"""Overlaps and gaps below this are rounding; they are removed without a word."""

SPLINTER_M2 = 10.0
"""A separate part of a community below this is a splinter that repair has left; no building stands on it."""

LARGE_GAP_M2 = 100.0
"""Holes inside the communities' land below this hold no building and are not worth a word."""

NEAREST_COMMUNITY_M = 50.0
"""A building outside every community is counted with the nearest one up to this distance: about the width of an arterial between two outlines."""

IN_TWO = 0.1
"""A building with at least this share of its ground in another community is told of; less is a slip of the mouse."""

SMALLEST_M2 = 1e-9
"""Keeps the area of a point or a line from dividing by zero."""


def repaired_communities(rows: Rows) -> tuple[Rows, list[Finding]]:
    """Return the communities without overlaps and narrow gaps, with findings on names, parts and the gaps that remain.

    Where two overlap, the smaller keeps the land: a small community drawn over a large one that was not cut out is the usual case. A community of
    which nothing remains is refused. Geometry must be valid polygons in metres, the index the ids.
    """
    findings = _name_findings(rows)
    geometry, more = _without_overlaps(rows)
    findings += more
    emptied = shapely.is_empty(geometry)
    rows = rows.with_geometry(geometry).kept(~emptied)
    geometry, more = _without_gaps(rows)
    findings += more
    parts = shapely.get_num_geometries(geometry)
    findings += [rows.finding("community_in_parts", int(position), value=int(parts[position])) for position in np.flatnonzero(parts > 1)]
    return rows.with_geometry(geometry), findings


def _name_findings(rows: Rows) -> list[Finding]:
    names = _texts(rows.frame, "name")
    findings = rows.findings("community_unnamed", np.array([name is None for name in names], dtype=bool))
    grouped = pd.Series(np.arange(len(rows))).groupby([name and plain_name(name) for name in names]).agg(list)
    for positions in grouped:
        if len(positions) > 1:
            ids = ", ".join(str(rows.subjects[position]) for position in positions)
            numbers = ", ".join(str(rows.numbers[position]) for position in positions)
            findings.append(rows.finding("community_name_twice", positions[1], column="name", value=str(names[positions[0]]), ids=ids, rows=numbers))
    return findings


def _texts(frame: pd.DataFrame, column: str) -> list[str | None]:
    if column not in frame.columns:
        return [None] * len(frame)
    return [None if pd.isna(value) or not str(value).strip() else str(value) for value in frame[column]]


def _without_overlaps(rows: Rows) -> tuple[Geometries, list[Finding]]:
    geometry = rows.frame.geometry.to_numpy().copy()
    areas = shapely.area(geometry)
    a, b = shapely.STRtree(geometry).query(geometry, predicate="intersects")
    a, b = a[a < b], b[a < b]
    common = shapely.area(shapely.intersection(geometry[a], geometry[b]))
    findings = []
    for position in np.flatnonzero(common > 0):
        first, second = int(a[position]), int(b[position])
        loser, winner = (first, second) if areas[first] > areas[second] else (second, first)
        geometry[loser] = _without_splinters(shapely.difference(geometry[loser], geometry[winner]))
        if shapely.is_empty(geometry[loser]):
            findings.append(rows.finding("community_covered", loser, other=str(rows.subjects[winner])))
        elif common[position] >= OVERLAP_M2:
            area = round(float(common[position]), 1)
            findings.append(rows.finding("community_overlap", loser, value=area, other=str(rows.subjects[winner])))
    return geometry, findings


def _polygons(geometry: shapely.Geometry) -> shapely.Geometry:
    """Return only the polygons of an overlay's result; an empty polygon when there is none."""
    parts = shapely.get_parts(shapely.get_parts(geometry))
    areas = parts[(shapely.get_dimensions(parts) == 2) & (shapely.area(parts) > 0)]
    if len(areas) == 0:
        return shapely.Polygon()
    return areas[0] if len(areas) == 1 else shapely.multipolygons(areas)


def _without_splinters(geometry: shapely.Geometry) -> shapely.Geometry:
    """Return the polygons of an overlay's result without the splinters that it leaves beside them."""
    polygons = _polygons(geometry)
    parts = shapely.get_parts(polygons)
    large = parts[shapely.area(parts) >= SPLINTER_M2]
    if len(large) in (0, len(parts)):
        return polygons
    return large[0] if len(large) == 1 else shapely.multipolygons(large)


def _without_gaps(rows: Rows) -> tuple[Geometries, list[Finding]]:
    geometry = rows.frame.geometry.to_numpy()
    tree = shapely.STRtree(geometry)
    # Across a crossing of gaps communities face each other corner to corner, half as far again.
    a, b = tree.query(geometry, predicate="dwithin", distance=1.5 * GAP_M)
    beside = pd.Series(b[a != b]).groupby(a[a != b]).agg(list)
    strips: dict[int, shapely.Geometry] = {}
    for position, others in beside.items():
        gaps = _gaps_between(geometry[position], geometry[others])
        # Each takes the strip along its own border, what an earlier one has taken excepted: together they fill gaps of at most GAP_M.
        reach = shapely.buffer(geometry[position], GAP_M / 2, join_style="mitre")
        taken = shapely.union_all([strips[other] for other in others if other in strips])
        strip = _polygons(shapely.difference(shapely.intersection(gaps, reach), taken))
        if not shapely.is_empty(strip):
            strips[position] = strip
    closed = geometry.copy()
    for position, strip in strips.items():
        closed[position] = _without_splinters(shapely.union(geometry[position], strip))
    grown = sum(shapely.area(strip) >= OVERLAP_M2 for strip in strips.values())
    findings = [rows.finding("community_gaps_closed", value=int(grown), limit=GAP_M)] if grown else []
    return closed, findings + _gap_findings(rows, closed)


def _gaps_between(community: shapely.Geometry, others: Geometries) -> shapely.Geometry:
    """Return the narrow land between a community and those beside it; narrow inlets into one community alone stay as they are."""
    # Only what lies around the community matters; all the land of its neighbours would make the overlay ten times as slow.
    around = shapely.buffer(shapely.envelope(community), 3 * GAP_M, join_style="mitre")
    others = shapely.intersection(others, around)
    land = _polygons(shapely.union_all([community, *others]))
    closed = shapely.buffer(shapely.buffer(land, GAP_M / 2, join_style="mitre"), -GAP_M / 2, join_style="mitre")
    gaps = shapely.get_parts(_polygons(shapely.difference(closed, land)))
    between = shapely.dwithin(gaps, community, TOUCHING_M) & shapely.dwithin(gaps[:, None], others[None, :], TOUCHING_M).any(axis=1)
    return shapely.union_all(gaps[between])


def _gap_findings(rows: Rows, geometry: Geometries) -> list[Finding]:
    """Tell of the holes in the communities' common land: land that belongs to nobody."""
    land = shapely.union_all(geometry)
    rings = [ring for part in shapely.get_parts(land) for ring in part.interiors]
    holes = shapely.polygons(np.array(rings, dtype=object)) if rings else np.array([], dtype=object)
    findings = []
    for hole, area in zip(holes, shapely.area(holes), strict=True):
        if area >= LARGE_GAP_M2:
            place = shapely.point_on_surface(hole)
            told = finding("community_gap", rows.layer, value=round(float(area)), unit="m2", x=place.x, y=place.y, file=rows.file, layer=rows.layer)
            findings.append(told)
    return findings


def assigned_communities(rows: Rows, communities: gpd.GeoDataFrame, given: npt.NDArray[np.object_]) -> tuple[npt.NDArray[np.object_], list[Finding]]:
    """Return the community id of each building, None where it is refused, with findings.

    The place decides: the community that holds the footprint's representative point. ``given``, what the file says (an id or a name, or
    missing), decides only between communities that the footprint lies in; where it contradicts the place, a finding says so. A building
    outside every community belongs to the nearest one within ``NEAREST_COMMUNITY_M``, with a warning; farther off it is refused.
    """
    geometry = rows.frame.geometry.to_numpy()
    areas = communities.geometry.to_numpy()
    ids = communities.index.to_numpy(dtype=object)
    tree = shapely.STRtree(areas)
    place = np.full(len(rows), -1, dtype=np.int64)
    point, area = tree.query(shapely.point_on_surface(geometry), predicate="intersects")
    # On a common border the first community takes the building.
    place[point[::-1]] = area[::-1]
    findings: list[Finding] = []
    outside = np.flatnonzero(place < 0)
    if outside.size:
        near, area, distance = _nearest(tree, geometry[outside])
        place[outside[near]] = area
        for position, target, metres in zip(outside[near].tolist(), area, distance.round(1).tolist(), strict=True):
            findings.append(rows.finding("building_near_community", position, community=str(ids[target]), value=metres, limit=NEAREST_COMMUNITY_M))
        findings += rows.findings("building_outside", place < 0)
    said = _named_communities(given, communities)
    findings += _in_two(rows, tree, areas, ids, np.where(said >= 0, -1, place))
    place, more = _contradictions(rows, areas, ids, place, said)
    found = np.full(len(rows), None, dtype=object)
    found[place >= 0] = ids[place[place >= 0]]
    return found, findings + more


def _nearest(tree: shapely.STRtree, geometry: Geometries) -> tuple[Positions, Positions, npt.NDArray[np.float64]]:
    (near, area), distance = tree.query_nearest(geometry, max_distance=NEAREST_COMMUNITY_M, all_matches=False, return_distance=True)
    return near, area, distance


def _in_two(rows: Rows, tree: shapely.STRtree, areas: Geometries, ids: npt.NDArray[np.object_], place: Positions) -> list[Finding]:
    """Tell of buildings that reach far into another community than the one at ``place``; -1 asks for no word."""
    geometry = rows.frame.geometry.to_numpy()
    building, other = tree.query(geometry, predicate="intersects")
    beside = (place[building] >= 0) & (place[building] != other)
    building, other = building[beside], other[beside]
    share = shapely.area(shapely.intersection(geometry[building], areas[other])) / np.maximum(shapely.area(geometry[building]), SMALLEST_M2)
    return [
        rows.finding("building_in_two", int(b), value=round(100 * float(part)), community=str(ids[place[b]]), other=str(ids[o]))
        for b, o, part in zip(building, other, share, strict=True)
        if part >= IN_TWO
    ]


def _named_communities(given: npt.NDArray[np.object_], communities: gpd.GeoDataFrame) -> Positions:
    """Return the position of the community that each text names by id or by name; -1 for none, unknown or ambiguous names."""
    position: dict[str, int] = {}
    names = _texts(communities, "name")
    for number, name in enumerate(names):
        if name is not None:
            plain = plain_name(name)
            position[plain] = -1 if plain in position else number
    position |= {str(identity): number for number, identity in enumerate(communities.index)}
    texts = [None if pd.isna(value) else str(value).strip() for value in given]
    return np.array([-1 if text is None else position.get(text, position.get(plain_name(text), -1)) for text in texts], dtype=np.int64)


def _contradictions(
    rows: Rows, areas: Geometries, ids: npt.NDArray[np.object_], place: Positions, said: Positions
) -> tuple[Positions, list[Finding]]:
    differ = np.flatnonzero((said >= 0) & (place >= 0) & (said != place))
    if not differ.size:
        return place, []
    geometry = rows.frame.geometry.to_numpy()
    reaches = shapely.area(shapely.intersection(geometry[differ], areas[said[differ]])) > 0
    decided = place.copy()
    decided[differ[reaches]] = said[differ[reaches]]
    findings = [
        rows.finding("community_contradicted", int(position), column="community_id", value=str(ids[said[position]]), found=str(ids[place[position]]))
        for position in differ[~reaches]
    ]
    return decided, findings

"""Outlines of communities where the files draw none: the land around the buildings, divided between the nearest ones."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.spatial import Delaunay, KDTree

from gridmap.ground.tables import typed_table

Geometries = npt.NDArray[np.object_]
Mask = npt.NDArray[np.bool_]
Positions = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.float64]

OUTLINE_M = 30.0
"""Where no community is drawn, its outline keeps this distance from its buildings."""

CLOSED_M = 150.0
"""Land between buildings belongs to the communities where no circle of this radius finds room; larger openings only where buildings surround them.

With less, houses across a park or a railway yard would be cut off from the rest of their community.
"""

OPEN_M = 200.0
"""Where a circle of this radius finds room between the middles of buildings, they face open land."""

LONG_M = 60.0
"""The middle of a building longer than this says little of where it ends."""

BESIDE_SAMPLE_M = 5.0
"""Footprints within ``OUTLINE_M`` of another community are sampled at this distance: the border runs close to them."""

SAMPLE_M = 60.0
"""Other footprints at the edge of a community are sampled at this distance."""

COARSE_M = 2.0
"""Footprints away from other communities are simplified by this much."""

GRID_M = 0.01
"""Borders are drawn to the centimetre, so that lines that meet share their end."""

FLAT_M2 = 1e-6
"""Stands for the area of a triangle that has none."""

FAR = 2.0
"""Four points so many times the district's size away stand around it, so that all borders end beyond the land."""


@dataclass(frozen=True, slots=True)
class _Net:
    """Delaunay triangles of points and of four far ones, whose numbers come last: corners, circumcentres and radii.

    ``beside[t, k]`` is the triangle across from corner k, -1 for none. The circumcentres of two triangles side by side are the ends of the border
    between the cells of the two points that they share.
    """

    points: Numbers
    corners: Positions
    beside: Positions
    centres: Numbers
    radii: Numbers


def outlined_communities(community_of: pd.Series, geometry: Geometries, crs: object) -> gpd.GeoDataFrame:
    """Return the communities table made from the buildings alone: ``community_of`` gives each building's community, in the order of ``geometry``.

    The land within ``OUTLINE_M`` of a building, closed over the spaces between buildings, is divided so that each place belongs to the
    community of the nearest building.
    """
    ids = pd.unique(community_of)
    codes = pd.Categorical(community_of, categories=ids).codes.astype(np.int64)
    hulls = shapely.convex_hull(geometry)
    points, owner = _sampled(geometry, hulls, codes)
    net = _net(points)
    land = _land(net, owner, hulls)
    areas = np.array([land], dtype=object) if len(ids) == 1 else _divided(land, net, codes[owner], len(ids))
    frame = gpd.GeoDataFrame(geometry=areas, crs=crs, index=pd.Index(ids, name="community_id"))
    return typed_table("communities", frame)


def merged_areas(community_of: pd.Series, geometry: Geometries, crs: object) -> gpd.GeoDataFrame:
    """Return the communities table made from areas that tile the land: each community is exactly the union of its areas."""
    frame = gpd.GeoDataFrame({"community_id": community_of.to_numpy()}, geometry=geometry, crs=crs)
    merged = frame.dissolve("community_id", sort=False)
    return typed_table("communities", merged)


def _net(points: Numbers) -> _Net:
    # Near zero the coordinates keep more digits.
    middle = points.mean(axis=0)
    far = FAR * (np.ptp(points, axis=0).max() + CLOSED_M) * np.array([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
    places = np.vstack([points - middle, far])
    made = Delaunay(places)
    corners = made.simplices.astype(np.int64)
    a, b, c = places[corners].transpose(1, 0, 2)
    ab, ac = b - a, c - a
    twice = 2.0 * (ab[:, 0] * ac[:, 1] - ab[:, 1] * ac[:, 0])
    ab2, ac2 = (ab**2).sum(axis=1), (ac**2).sum(axis=1)
    # Rounding may leave a triangle without any area; its centre is as far away as can be of use.
    twice[twice == 0] = FLAT_M2
    offset = np.column_stack([ac[:, 1] * ab2 - ab[:, 1] * ac2, ab[:, 0] * ac2 - ac[:, 0] * ab2]) / twice[:, None]
    offset = np.clip(offset, 2 * far.min(), 2 * far.max())
    return _Net(places + middle, corners, made.neighbors.astype(np.int64), a + offset + middle, np.hypot(*offset.T))


def _pairs(net: _Net) -> tuple[Positions, Positions, Positions]:
    """Return each two triangles side by side once, and the two points that they share, an array of pairs."""
    first, corner = np.nonzero(net.beside > np.arange(len(net.beside))[:, None])
    shared = np.column_stack([net.corners[first, (corner + 1) % 3], net.corners[first, (corner + 2) % 3]])
    return first, net.beside[first, corner], shared


def _sampled(geometry: Geometries, hulls: Geometries, codes: Positions) -> tuple[Numbers, Positions]:
    """Return points that stand for the buildings, and the position of the building that each stands for.

    Deep inside a community the middle of a building is enough; at its edge the footprint counts, the more so beside another community.
    """
    edge = np.flatnonzero(_at_edge(hulls, codes))
    lines = shapely.centroid(hulls)
    lines[edge] = shapely.segmentize(shapely.simplify(hulls[edge], COARSE_M), SAMPLE_M)
    a, b = shapely.STRtree(geometry[edge]).query(geometry[edge], predicate="dwithin", distance=OUTLINE_M)
    beside = edge[np.unique(a[codes[edge[a]] != codes[edge[b]]])]
    lines[beside] = shapely.segmentize(geometry[beside], BESIDE_SAMPLE_M)
    points, owner = shapely.get_coordinates(lines, return_index=True)
    points, first = np.unique(np.round(points, 2), axis=0, return_index=True)
    return points, owner[first]


def _at_edge(hulls: Geometries, codes: Positions) -> Mask:
    """Return which buildings face another community or open land, or are so long that their middle says little."""
    middles = np.round(shapely.get_coordinates(shapely.centroid(hulls)), 2)
    places, first, whose, number = np.unique(middles, axis=0, return_index=True, return_inverse=True, return_counts=True)
    net = _net(places)
    code = np.append(codes[first], [-1] * 4)
    edge = np.zeros(len(net.points), dtype=bool)
    _, _, shared = _pairs(net)
    edge[shared[code[shared[:, 0]] != code[shared[:, 1]]]] = True
    edge[net.corners[net.radii > OPEN_M]] = True
    west, south, east, north = shapely.bounds(hulls).T
    # Two buildings with one middle may be of two communities.
    long: Mask = np.hypot(east - west, north - south) > LONG_M
    return np.asarray(edge[whose] | (number[whose] > 1) | long, dtype=bool)


def _land(net: _Net, owner: Positions, hulls: Geometries) -> shapely.Geometry:
    """Return the land of all communities: the narrow spaces between buildings and what they surround, and a rim around the outermost."""
    far = (net.corners >= len(owner)).any(axis=1)
    filled = ~far & (net.radii <= CLOSED_M)
    first, second, shared = _pairs(net)
    rim = shared[filled[first] != filled[second]]
    closed = shapely.union_all(shapely.get_parts(shapely.polygonize(shapely.linestrings(net.points[rim]))))
    shapely.prepare(closed)
    outside = hulls[~shapely.covers(closed, hulls)]
    whole = shapely.union_all(np.append(shapely.buffer(outside, OUTLINE_M, quad_segs=2), shapely.buffer(closed, OUTLINE_M, quad_segs=2)))
    return shapely.union_all(shapely.polygons(shapely.get_exterior_ring(shapely.get_parts(whole))))


def _divided(land: shapely.Geometry, net: _Net, codes: Positions, count: int) -> Geometries:
    """Return the part of ``land`` of each community: ``codes`` gives that of each point of the net."""
    first, second, shared = _pairs(net)
    near = (shared < len(codes)).all(axis=1)
    first, second, shared = first[near], second[near], shared[near]
    between = codes[shared[:, 0]] != codes[shared[:, 1]]
    borders = shapely.linestrings(np.stack([net.centres[first[between]], net.centres[second[between]]], axis=1))
    shapely.prepare(land)
    borders = borders[shapely.intersects(land, borders)]
    lines = shapely.union_all(np.append(borders, shapely.boundary(land)), grid_size=GRID_M)
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(lines)))
    inner = shapely.point_on_surface(faces)
    inside = shapely.intersects(land, inner)
    faces, inner = faces[inside], inner[inside]
    nearest = KDTree(net.points[: len(codes)]).query(shapely.get_coordinates(inner))[1]
    order = np.argsort(codes[nearest], kind="stable")
    starts = np.searchsorted(codes[nearest][order], np.arange(count + 1))
    return np.array([shapely.coverage_union_all(faces[order[a:b]]) for a, b in itertools.pairwise(starts)], dtype=object)

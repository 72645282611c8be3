"""Points along walls."""

from __future__ import annotations

import numpy as np
import shapely
from shapes import COURTYARD_FOOTPRINT, DUPLICATE_FOOTPRINTS, SLIVER_FOOTPRINT, TOUCHING_FOOTPRINTS, TOWER_ON_PODIUM, U_SHAPED_FOOTPRINT

from gridmap.grids.walls import SHRINK_M, coinciding, overlapping, wall_points


def points(*shapes: shapely.Polygon, spacing: float = 1.0) -> np.ndarray:
    return wall_points(np.array(shapes, dtype=object), np.full(len(shapes), spacing))[0]


def test_points_stand_inside_their_footprint() -> None:
    for shape in (COURTYARD_FOOTPRINT, U_SHAPED_FOOTPRINT, SLIVER_FOOTPRINT):
        assert shapely.contains_xy(shape, points(shape)).all()


def test_points_stand_at_the_same_depth_along_long_walls() -> None:
    depth = shapely.distance(shapely.boundary(U_SHAPED_FOOTPRINT), shapely.points(points(U_SHAPED_FOOTPRINT)))
    np.testing.assert_allclose(depth.max(), SHRINK_M)


def test_a_wall_has_the_same_points_wherever_its_ring_starts_and_whichever_way_it_runs() -> None:
    corners = list(U_SHAPED_FOOTPRINT.exterior.coords)[:-1]
    turned = shapely.Polygon([*corners[3:], *corners[:3]][::-1])
    assert set(map(tuple, points(turned).round(6))) == set(map(tuple, points(U_SHAPED_FOOTPRINT).round(6)))


def test_a_shared_wall_has_its_points_face_to_face() -> None:
    left, right = (points(shape) for shape in TOUCHING_FOOTPRINTS)
    across = left[left[:, 0] > 6 - SHRINK_M - 1e-9]
    assert {(12 - x, y) for x, y in across.round(6).tolist()} <= {tuple(point) for point in right.round(6).tolist()}


def groups(*shapes: shapely.Polygon, block: int | np.ndarray = 0) -> list[list[int]]:
    footprints = np.array(shapes, dtype=object)
    return [each.tolist() for each in coinciding(footprints, *overlapping(footprints, np.zeros(len(shapes), dtype=np.int64) + block))]


def test_footprints_that_coincide_are_one_group() -> None:
    assert groups(*DUPLICATE_FOOTPRINTS, *TOWER_ON_PODIUM) == [[0, 1, 2]]


def test_touching_footprints_do_not_overlap() -> None:
    assert len(overlapping(np.array(TOUCHING_FOOTPRINTS, dtype=object), np.zeros(2, dtype=np.int64))[0]) == 0


def test_footprints_in_different_blocks_do_not_coincide() -> None:
    assert groups(*DUPLICATE_FOOTPRINTS, block=np.arange(3)) == []

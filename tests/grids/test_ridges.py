"""Lines half way between points, against GEOS."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gridmap.grids.ridges import distinct, ridges

BOX = shapely.box(0, 0, 100, 100)
BOUNDS = np.array([[0.0, 0.0, 100.0, 100.0]])


def regions(points: np.ndarray) -> dict[int, float]:
    """Return the area of each point's region in the box, from our lines."""
    xy, first, group = ridges(points, np.arange(len(points)), np.zeros(len(points), dtype=np.int64), BOUNDS)
    chains = shapely.linestrings(xy, indices=np.repeat(np.arange(len(group)), np.diff(first)))
    net = shapely.union_all([*shapely.intersection(chains, BOX), shapely.boundary(BOX)], grid_size=1e-5)
    faces = shapely.get_parts(shapely.polygonize([net]))
    point, face = shapely.STRtree(faces).query(shapely.points(points), predicate="within")
    return {int(each): float(faces[at].area) for each, at in zip(point, face, strict=True)}


def expected_regions(points: np.ndarray) -> list[float]:
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(points), extend_to=BOX, ordered=True))
    return shapely.area(shapely.intersection(cells, BOX)).tolist()


SPOTS = st.lists(st.tuples(st.integers(1, 99), st.integers(1, 99)), min_size=2, max_size=40, unique=True)


@given(SPOTS)
def test_regions_are_those_of_geos(spots: list[tuple[int, int]]) -> None:
    points = np.array(spots, dtype=np.float64)
    found = regions(points)
    np.testing.assert_allclose([found[row] for row in range(len(points))], expected_regions(points), atol=0.05)


@pytest.mark.parametrize(
    "points", [[(10, 50), (30, 50), (50, 50), (90, 50)], [(25, 25), (75, 25), (25, 75), (75, 75)]], ids=["in a row", "on a circle"]
)
def test_special_positions(points: list[tuple[float, float]]) -> None:
    found = regions(np.array(points, dtype=np.float64))
    np.testing.assert_allclose([found[row] for row in range(len(points))], expected_regions(np.array(points, dtype=np.float64)), atol=0.05)


def test_points_of_one_label_have_no_border() -> None:
    xy, first, group = ridges(np.array([[20.0, 20.0], [80.0, 80.0]]), np.array([7, 7]), np.array([0, 0]), BOUNDS)
    assert (len(xy), len(group), first.tolist()) == (0, 0, [0])


def test_a_ring_of_points_around_another_gives_a_closed_line() -> None:
    angle = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    ring = 50 + 20 * np.stack((np.cos(angle), np.sin(angle)), axis=1)
    xy, _, group = ridges(np.vstack((ring, [[50.0, 50.0]])), np.array([0] * 12 + [1]), np.zeros(13, dtype=np.int64), BOUNDS)
    assert len(group) == 1
    np.testing.assert_allclose(xy[0], xy[-1])


def test_groups_do_not_see_each_other() -> None:
    points = np.array([[20.0, 50.0], [80.0, 50.0], [50.0, 50.0]])
    xy, _, group = ridges(points, np.array([0, 1, 2]), np.array([0, 0, 1]), np.repeat(BOUNDS, 2, axis=0))
    assert group.tolist() == [0]
    np.testing.assert_allclose(xy[:, 0], 50, atol=1e-3)


def test_points_that_fall_together_do_no_harm() -> None:
    points = np.array([[20.0, 50.0], [80.0, 50.0], [20.0, 50.0]])
    assert len(ridges(points, np.array([0, 1, 0]), np.zeros(3, dtype=np.int64), BOUNDS)[2]) == 1


def test_the_first_of_points_that_fall_together_is_kept() -> None:
    points = np.array([[20.0, 50.0], [20.00001, 50.0], [20.0, 50.0], [20.0, 51.0]])
    assert distinct(points, np.array([0, 0, 1, 0]), np.repeat(BOUNDS, 2, axis=0)).tolist() == [True, False, True, True]

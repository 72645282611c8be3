"""Outlines of communities that no file draws."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gridmap.ground import outlines as module


def test_outline_of_one_community_holds_its_buildings():
    buildings = shapely.box(*(np.random.default_rng(1).uniform(0, 400, (2, 60)).repeat(1, axis=1)), *np.full((2, 60), 410.0))
    table = module.outlined_communities(pd.Series(["a"] * 60), buildings, 4549)
    assert shapely.covers(table.geometry.iloc[0], buildings).all()


def test_outlines_share_the_land_and_hold_their_own_buildings():
    x, y = (axis.ravel() * 40.0 for axis in np.meshgrid(np.arange(10), np.arange(10)))
    buildings = shapely.box(x, y, x + 20, y + 15)
    ids = pd.Series(np.where(x < 200, "west", "east"))
    table = module.outlined_communities(ids, buildings, 4549)
    assert shapely.intersection(*table.geometry.to_numpy()).area < 1e-6
    assert all(table.geometry[community].covers(building) for community, building in zip(ids, buildings, strict=True))


def test_areas_that_tile_the_land_are_merged_exactly():
    table = module.merged_areas(pd.Series(["a", "a", "b"]), shapely.box([0, 10, 20], 0, [10, 20, 30], 10), 4549)
    assert table.geometry.area.tolist() == [200, 100]


def square(x, y, size=10.0):
    return shapely.box(x, y, x + size, y + size)


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40), st.sampled_from("abc")), min_size=1, max_size=60, unique_by=lambda each: each[:2]))
def test_outlines_divide_the_land_and_each_holds_its_buildings(drawn):
    buildings = np.array([square(13.0 * x, 13.0 * y) for x, y, _ in drawn])
    ids = pd.Series([community for *_, community in drawn])
    areas = module.outlined_communities(ids, buildings, 4549).geometry
    assert shapely.is_valid(areas.to_numpy()).all()
    assert shapely.area(shapely.union_all(areas.to_numpy())) == pytest.approx(areas.area.sum())
    # The border may cut a corner by as much as footprints are sampled coarsely.
    assert (shapely.area(shapely.intersection(areas[ids].to_numpy(), buildings)) > 95).all()


@pytest.mark.parametrize("count", [1, 2, 3])
def test_few_buildings_have_a_rim(count):
    buildings = np.array([square(500.0 * n, 0) for n in range(count)])
    (area,) = module.outlined_communities(pd.Series(["a"] * count), buildings, 4549).geometry
    assert shapely.covers(area, buildings).all()
    assert area.area == pytest.approx(count * (100 + 4 * 10 * module.OUTLINE_M + np.pi * module.OUTLINE_M**2), rel=0.08)


def test_land_that_buildings_surround_belongs_to_them():
    ring = [square(30.0 * x, 30.0 * y) for x in range(20) for y in range(20) if not (4 <= x < 16 and 4 <= y < 16)]
    (area,) = module.outlined_communities(pd.Series(["a"] * len(ring)), np.array(ring), 4549).geometry
    assert not area.interiors


def test_a_long_building_beside_another_community_is_not_cut():
    buildings = np.array([shapely.box(0, 0, 300, 12), *(square(x, 14) for x in range(0, 300, 25))])
    ids = pd.Series(["long", *["row"] * 12])
    areas = module.outlined_communities(ids, buildings, 4549).geometry
    assert areas["long"].intersection(buildings[0]).area > 0.99 * buildings[0].area


def test_two_communities_in_one_footprint():
    areas = module.outlined_communities(pd.Series(["a", "b"]), np.array([square(0, 0), square(0, 0)]), 4549).geometry
    assert areas.is_valid.all()

"""Polygons that tile the land, and footprints that do not."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from gridmap.ground.landcover import cells_decision

X, Y = (axis.ravel() * 40.0 for axis in np.meshgrid(np.arange(40), np.arange(40)))
TILES = shapely.box(X, Y, X + 40, Y + 40)
FOOTPRINTS = shapely.box(X + 8, Y + 8, X + 32, Y + 30)
TERRACES = shapely.box(X, Y + 5, X + 40, Y + 30)
SCATTERED = shapely.box(4 * X, 4 * Y, 4 * X + 15, 4 * Y + 12)


@pytest.mark.parametrize(
    ("areas", "cells"),
    [
        (TILES, "given"),
        (TILES[:9], "given"),
        (FOOTPRINTS, "build"),
        (FOOTPRINTS[:9], "build"),
        (TERRACES, "build"),
        (SCATTERED, "build"),
        (SCATTERED[:9], "build"),
    ],
)
def test_decision_with_evidence(areas, cells):
    found, evidence = cells_decision(areas, "auto")
    assert found == cells
    assert set(evidence) == {"filled", "overlap"}


def test_overlapping_areas_are_no_tiling():
    assert cells_decision(shapely.box(X, Y, X + 50, Y + 40), "auto")[0] == "build"


@pytest.mark.parametrize("choice", ["given", "build"])
def test_the_user_decides(choice):
    assert cells_decision(TILES, choice) == (choice, {})


def test_one_building_is_no_tiling():
    assert cells_decision(TILES[:1], "auto")[0] == "build"

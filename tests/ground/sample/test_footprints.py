from __future__ import annotations

import numpy as np
import pytest
import shapely

from gridmap.ground.sample.footprints import footprints


@pytest.mark.parametrize("shape", ["box", "ell", "court", "cross", "stagger2", "stagger5"])
def test_outlines_are_sound_and_stay_inside_their_size(shape: str) -> None:
    count = 200
    places, size = np.zeros((count, 2)), np.ones(count)
    outlines = footprints(places, np.zeros(count), np.full(count, shape), 40 * size, 12 * size, np.random.default_rng(1))
    assert shapely.is_valid(outlines).all()
    assert shapely.is_ccw(shapely.get_exterior_ring(outlines)).mean() in (0.0, 0.5, 1.0) or shape == "ell"
    assert shapely.within(outlines, shapely.box(-20, -6, 20, 6)).all()
    assert (shapely.area(outlines) > 0.4 * 40 * 12).all()


def test_a_turned_box_is_turned_anticlockwise() -> None:
    one = np.ones(1)
    outline = footprints(np.zeros((1, 2)), np.pi / 2 * one, np.array(["box"]), 40 * one, 12 * one, np.random.default_rng(1))[0]
    assert outline.equals_exact(shapely.box(-6, -20, 6, 20).normalize(), 1e-3, normalize=True)

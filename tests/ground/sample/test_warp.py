from __future__ import annotations

import numpy as np
import pytest

from gridmap.ground.sample.warp import Warp, make_warp

LINES = np.array([0.0, 500.0, 560.0, 1100.0, 1700.0])


@pytest.fixture(params=range(5))
def warp(request: pytest.FixtureRequest) -> Warp:
    return make_warp(LINES, LINES, np.array([1]), np.array([], dtype=np.int64), (0.0, 0.0), np.random.default_rng(request.param))


def test_nothing_is_torn_or_folded(warp: Warp) -> None:
    u, v = (part.ravel() for part in np.meshgrid(np.linspace(0, 1700, 60), np.linspace(0, 1700, 60)))
    turn, scale = warp.turn_and_scale(u, v)
    assert (np.abs(turn) < 0.5).all()
    assert (scale > 0.6).all()
    assert (scale < 1.4).all()


def test_same_place_same_point(warp: Warp) -> None:
    u, v = np.array([123.456, 900.0]), np.array([10.0, 1500.5])
    assert (warp.points(u, v)[1] == warp.points(u[1:], v[1:])[0]).all()


def test_a_strip_keeps_its_width(warp: Warp) -> None:
    v = np.linspace(0, 1700, 40)
    width = np.hypot(*(warp.points(np.full(40, 560.0), v) - warp.points(np.full(40, 500.0), v)).T)
    assert (np.abs(width / 60 - 1) < 0.4).all()

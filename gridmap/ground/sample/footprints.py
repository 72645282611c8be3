"""Outlines of buildings, many at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from gridmap.ground.sample.drawing import Numbers, Rng
from gridmap.ground.sample.warp import MILLIMETRE_DIGITS


def footprints(places: Numbers, turn: Numbers, shape: Any, length: Numbers, depth: Numbers, rng: Rng) -> Any:
    """Return one polygon a building: its middle on the ground (n, 2), its turn (radians), its shape and size (metres).

    Shapes: ``box``, ``ell``, ``court`` (open to the south), ``cross``, and ``stagger2`` ... ``stagger5``, a slab whose stairwells stand a little
    forward or back. No outline reaches beyond its length and depth.
    """
    outlines = np.empty(len(places), dtype=object)
    chance = rng.random((len(places), 5))
    cosine, sine = np.cos(turn)[:, None], np.sin(turn)[:, None]
    for name in np.unique(shape.astype(str)):
        rows = np.flatnonzero(shape == name)
        x, y = _corners(name, chance[rows])
        x, y = x * length[rows, None] / 2, y * depth[rows, None] / 2
        corners = np.stack((places[rows, :1] + cosine[rows] * x - sine[rows] * y, places[rows, 1:] + sine[rows] * x + cosine[rows] * y), axis=-1)
        outlines[rows] = shapely.polygons(np.round(corners, MILLIMETRE_DIGITS))
    return outlines


def _corners(name: str, chance: Numbers) -> tuple[Numbers, Numbers]:
    """Return corners anticlockwise in a frame from -1 to 1, one row a building."""
    one = np.ones(len(chance))
    a, b = 0.15 + 0.4 * chance[:, 0], 0.1 + 0.4 * chance[:, 1]
    if name == "box":
        xs, ys = [-one, one, one, -one], [-one, -one, one, one]
    elif name == "ell":
        # Half of them are mirrored.
        side = np.where(chance[:, 2] < 0.5, -1.0, 1.0)
        xs, ys = [-side, (a - 0.1) * side, (a - 0.1) * side, side, side, -side], [-one, -one, b - 0.4, b - 0.4, one, one]
    elif name == "court":
        xs, ys = [-one, -a, -a, a, a, one, one, -one], [-one, -one, b, b, -one, -one, one, one]
    elif name == "cross":
        c, d = 0.42 + 0.2 * chance[:, 0], 0.4 + 0.25 * chance[:, 1]
        xs, ys = [-c, c, c, one, one, c, c, -c, -c, -one, -one, -c], [-one, -one, -d, -d, d, d, one, one, d, d, -d, -d]
    else:
        return _staggered(int(name.removeprefix("stagger")), chance)
    return np.column_stack(xs), np.column_stack(ys)


def _staggered(units: int, chance: Numbers) -> tuple[Numbers, Numbers]:
    edges = np.linspace(-1, 1, units + 1)
    x = np.repeat(edges, 2)[1:-1]
    # Every second stairwell stands back by up to a quarter of half the depth; which ones differs from slab to slab.
    odd = (np.arange(units)[None, :] + (chance[:, 3] < 0.5)[:, None]) % 2
    back = odd * (0.08 + 0.14 * chance[:, 4])[:, None]
    south, north = np.repeat(-1 + back, 2, axis=1), np.repeat(1 - 0.14 * (1 - odd), 2, axis=1)
    return np.tile(np.r_[x, x[::-1]], (len(chance), 1)), np.column_stack((south, north[:, ::-1]))

"""River, canals and railway: what a city is built around, and what a grid should not cross."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from gridmap.ground.sample.drawing import Numbers, Rng, between
from gridmap.ground.sample.warp import Warp

RIVER_SHARE = 0.13
"""Half the width of the water as a share of its strip."""
RIVER_MARGIN_M = 34.0
"""Bank between the embankment street and the water at its widest bend."""
RIVER_STEP_M = 12.0
CANAL_HALF_WIDTH_M = 9.0
OVERHANG_M = 60.0
"""How far river and railway go on beyond the city's edge."""


@dataclass(frozen=True, slots=True)
class River:
    """A river that winds from west to east between the embankments at ``south`` and ``north``; waves are (wave number, phase, amplitude)."""

    south: float
    north: float
    waves: tuple[tuple[float, float, float], ...]

    def middle(self, u: Any) -> Numbers:
        """Return v of the middle of the river at each ``u``."""
        v = np.full(np.shape(u), (self.south + self.north) / 2)
        for wave, phase, amplitude in self.waves:
            v = v + amplitude * np.sin(wave * np.asarray(u) + phase)
        return v

    def half_width(self, u: Numbers) -> Numbers:
        """Return half the width of the water at each ``u``: it breathes a little."""
        wave, phase, _ = self.waves[0]
        width: Numbers = (self.north - self.south) * RIVER_SHARE * (1 + 0.18 * np.sin(wave * 1.7 * u + phase * 2))
        return width

    def middle_points(self, start: float, end: float) -> tuple[Numbers, Numbers]:
        """Return the middle of the river from ``start`` to ``end``, both of them points of it."""
        u = np.linspace(start, end, max(2, int(np.ceil((end - start) / RIVER_STEP_M)) + 1))
        u[0], u[-1] = start, end
        return u, self.middle(u)

    def outline(self, start: float, end: float) -> tuple[Numbers, Numbers]:
        """Return the ring of the water from ``start`` to ``end``."""
        u, middle = self.middle_points(start, end)
        half = self.half_width(u)
        return np.r_[u, u[::-1]], np.r_[middle - half, (middle + half)[::-1]]


def draw_river(south: float, north: float, rng: Rng) -> River:
    """Draw a river between two embankments."""
    room = (north - south) * (0.5 - RIVER_SHARE * 1.2) - RIVER_MARGIN_M
    waves = []
    for length_m, share in ((820.0, 0.7), (390.0, 0.3)):
        wave = 2 * np.pi / (length_m * float(between(rng, 0.85, 1.2, 1)[0]))
        waves.append((wave, float(rng.random()) * 2 * np.pi, room * share))
    return River(south, north, tuple(waves))


def canal_outlines(canals: Numbers, rivers: tuple[River, ...], low: float, high: float, warp: Warp, rng: Rng) -> list[Any]:
    """Return the water of each canal, from edge to edge of the city, less the rivers that it runs into."""
    water = [shapely.polygons(warp.points(*river.outline(warp.u_lines[0] - OVERHANG_M, warp.u_lines[-1] + OVERHANG_M))) for river in rivers]
    outlines = []
    for canal in canals:
        v = np.linspace(low, high, max(2, int((high - low) / 20)))
        bend = 2.5 * np.sin(2 * np.pi * v / 260 + rng.random() * 6)
        ring = warp.points(np.r_[canal + bend - CANAL_HALF_WIDTH_M, (canal + bend + CANAL_HALF_WIDTH_M)[::-1]], np.r_[v, v[::-1]])
        outlines.append(shapely.difference(shapely.polygons(ring), shapely.union_all(water)))
    return [part for outline in outlines for part in shapely.get_parts(outline)]

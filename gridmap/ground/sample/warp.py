"""From the drawing board to the ground: the sample city is laid out on straight lines and then bent a little, as cities are.

On the drawing board ``u`` runs east and ``v`` north, in metres. The bend is smooth waves plus a shift of every crossing of arterials, so each
super-block gets its own slight turn. It stretches by at most about 12 %, which the gaps between buildings absorb.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gridmap.ground.sample.drawing import Rng

Numbers = NDArray[np.float64]

WAVES = 4
WAVE_STRAIN = 0.016
"""Amplitude over wave length (per radian) of each wave: small enough that four of them leave the gaps between buildings open."""
SHIFT_M = 17.0
"""How far a crossing of arterials may be shifted, east and north."""
TURN_MAX = 0.08
"""Largest turn of the whole city, radians: slabs still face south."""
MILLIMETRE_DIGITS = 3


@dataclass(frozen=True, slots=True)
class Warp:
    """The bend of one city; ``waves`` has a row (wave vector u, v, phase, amplitude east, amplitude north) for each wave."""

    u_lines: Numbers
    v_lines: Numbers
    shift_east: Numbers
    shift_north: Numbers
    waves: Numbers
    turn: float
    origin: tuple[float, float]

    def points(self, u: Any, v: Any) -> Numbers:
        """Return coordinates on the ground, shape (n, 2), metres, rounded to the millimetre."""
        return np.round(self._exact(np.asarray(u, float), np.asarray(v, float)), MILLIMETRE_DIGITS)

    def turns(self, u: Numbers, v: Numbers) -> Numbers:
        """Return how far the ground is turned at each place against the drawing board, radians anticlockwise."""
        step_m = 1.0
        east = self._exact(u + step_m, v) - self._exact(u - step_m, v)
        north = self._exact(u, v + step_m) - self._exact(u, v - step_m)
        turned: Numbers = np.arctan2(east[:, 1] - north[:, 0], east[:, 0] + north[:, 1])
        return turned

    def _exact(self, u: Numbers, v: Numbers) -> Numbers:
        x, y = u + self._shift(u, v, self.shift_east), v + self._shift(u, v, self.shift_north)
        for wave_u, wave_v, phase, amplitude_east, amplitude_north in self.waves:
            wave = np.sin(wave_u * u + wave_v * v + phase)
            x, y = x + amplitude_east * wave, y + amplitude_north * wave
        cosine, sine = np.cos(self.turn), np.sin(self.turn)
        return np.column_stack((self.origin[0] + cosine * x - sine * y, self.origin[1] + sine * x + cosine * y))

    def _shift(self, u: Numbers, v: Numbers, shift: Numbers) -> Numbers:
        """Interpolate the shift of the crossings between the lines of arterials."""
        i, along = _place(u, self.u_lines)
        j, up = _place(v, self.v_lines)
        south = shift[i, j] * (1 - along) + shift[i + 1, j] * along
        north = shift[i, j + 1] * (1 - along) + shift[i + 1, j + 1] * along
        between: Numbers = south * (1 - up) + north * up
        return between


def make_warp(u_lines: Numbers, v_lines: Numbers, narrow_u: Numbers, narrow_v: Numbers, origin: tuple[float, float], rng: Rng) -> Warp:
    """Draw the bend of a city whose arterials run along ``u_lines`` and ``v_lines``.

    ``narrow_u`` and ``narrow_v`` (bool) say which columns and rows are strips (railway, river): both sides of a strip are shifted alike, so
    that it keeps its width.
    """
    shifts = []
    for _ in range(2):
        shift = (rng.random((len(u_lines), len(v_lines))) * 2 - 1) * SHIFT_M
        for column in np.flatnonzero(narrow_u):
            shift[column + 1, :] = shift[column, :]
        for row in np.flatnonzero(narrow_v):
            shift[:, row + 1] = shift[:, row]
        shifts.append(shift)
    length_m = 1300 * 2.4 ** rng.random(WAVES)
    direction, phase, side = (2 * np.pi * rng.random(WAVES) for _ in range(3))
    wave = 2 * np.pi / length_m
    amplitude = WAVE_STRAIN / wave
    waves = np.column_stack((wave * np.cos(direction), wave * np.sin(direction), phase, amplitude * np.cos(side), amplitude * np.sin(side)))
    return Warp(u_lines, v_lines, shifts[0], shifts[1], waves, float(rng.random() * 2 - 1) * TURN_MAX, origin)


def _place(values: Numbers, lines: Numbers) -> tuple[NDArray[np.int64], Numbers]:
    position = np.clip(np.searchsorted(lines, values, side="right") - 1, 0, len(lines) - 2)
    along = np.clip((values - lines[position]) / (lines[position + 1] - lines[position]), 0, 1)
    return position, along

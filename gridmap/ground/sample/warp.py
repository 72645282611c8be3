"""From the drawing board to the ground: the sample city is laid out on straight lines and then bent a little, as cities are.

On the drawing board ``u`` runs east and ``v`` north, in metres. The bend has three parts. A conformal one fans the whole city out: it turns and
enlarges, but shears nothing, and buildings are enlarged with it. Smooth waves bend the streets, and every crossing of arterials is shifted a little,
so that each super-block gets its own turn; these two shear by some 12 % at most, which the gaps between buildings absorb.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gridmap.ground.sample.drawing import Ints, Numbers, Rng

WAVES = 4
WAVE_STRAIN = 0.017
"""Amplitude over wave length (per radian) of each wave: small enough that four of them leave the gaps between buildings open."""
SHIFT_M = 20.0
"""How far a crossing of arterials may be shifted, east and north."""
FAN_SQUARE, FAN_CUBE = 0.085, 0.035
"""Strength of the conformal part: at the city's edge it enlarges or shrinks by a quarter, or turns by a quarter radian, at most."""
TURN_MAX = 0.06
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
    fan: tuple[complex, complex]
    turn: float
    origin: tuple[float, float]

    def points(self, u: Any, v: Any) -> Numbers:
        """Return coordinates on the ground, shape (n, 2), metres, rounded to the millimetre."""
        return np.round(self._exact(np.asarray(u, float), np.asarray(v, float)), MILLIMETRE_DIGITS)

    def turn_and_scale(self, u: Numbers, v: Numbers) -> tuple[Numbers, Numbers]:
        """Return how far the ground is turned at each place against the drawing board (radians anticlockwise), and how far it is enlarged."""
        step_m = 1.0
        east = (self._exact(u + step_m, v) - self._exact(u - step_m, v)) / (2 * step_m)
        north = (self._exact(u, v + step_m) - self._exact(u, v - step_m)) / (2 * step_m)
        turned = np.arctan2(east[:, 1] - north[:, 0], east[:, 0] + north[:, 1])
        return turned, np.sqrt(east[:, 0] * north[:, 1] - east[:, 1] * north[:, 0])

    def _exact(self, u: Numbers, v: Numbers) -> Numbers:
        x, y = u + self._shift(u, v, self.shift_east), v + self._shift(u, v, self.shift_north)
        for wave_u, wave_v, phase, amplitude_east, amplitude_north in self.waves:
            wave = np.sin(wave_u * u + wave_v * v + phase)
            x, y = x + amplitude_east * wave, y + amplitude_north * wave
        middle_u, middle_v = self.u_lines[-1] / 2, self.v_lines[-1] / 2
        reach = np.hypot(middle_u, middle_v)
        place = ((x - middle_u) + 1j * (y - middle_v)) / reach
        place = (place + self.fan[0] * place**2 + self.fan[1] * place**3) * reach
        x, y = place.real + middle_u, place.imag + middle_v
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


def make_warp(u_lines: Numbers, v_lines: Numbers, strip_columns: Ints, strip_rows: Ints, origin: tuple[float, float], rng: Rng) -> Warp:
    """Draw the bend of a city whose arterials run along ``u_lines`` and ``v_lines``.

    ``strip_columns`` and ``strip_rows`` are strips (railway, river): both sides of a strip are shifted alike, so that it keeps its width.
    """
    shifts = []
    for _ in range(2):
        shift = (rng.random((len(u_lines), len(v_lines))) * 2 - 1) * SHIFT_M
        for column in strip_columns:
            shift[column + 1, :] = shift[column, :]
        for row in strip_rows:
            shift[:, row + 1] = shift[:, row]
        shifts.append(shift)
    length_m = 1300 * 2.4 ** rng.random(WAVES)
    direction, phase, side = (2 * np.pi * rng.random(WAVES) for _ in range(3))
    wave = 2 * np.pi / length_m
    amplitude = WAVE_STRAIN / wave
    waves = np.column_stack((wave * np.cos(direction), wave * np.sin(direction), phase, amplitude * np.cos(side), amplitude * np.sin(side)))
    fan_angle = 2 * np.pi * rng.random(2)
    fan = (complex(FAN_SQUARE * np.exp(1j * fan_angle[0])), complex(FAN_CUBE * np.exp(1j * fan_angle[1])))
    return Warp(u_lines, v_lines, shifts[0], shifts[1], waves, fan, float(rng.random() * 2 - 1) * TURN_MAX, origin)


def _place(values: Numbers, lines: Numbers) -> tuple[Ints, Numbers]:
    position = np.clip(np.searchsorted(lines, values, side="right") - 1, 0, len(lines) - 2)
    along = np.clip((values - lines[position]) / (lines[position + 1] - lines[position]), 0, 1)
    return position, along

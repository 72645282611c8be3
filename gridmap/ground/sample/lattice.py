"""The lattice of arterials on the drawing board: where they run, which land between them is built on, strips for railway and river.

A large city leaves out the corners of its lattice. An arterial is drawn where there is a super-block on one of its sides; through a strip it is drawn
where there are super-blocks on both ends.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from gridmap.ground.sample.drawing import Ints, Numbers, Rng, Truths, between

SUPER_BLOCK_MIN_M, SUPER_BLOCK_MAX_M = 400.0, 800.0
SUPER_BLOCK_SMALL_M, SUPER_BLOCK_LARGE_M = 440.0, 725.0
"""Mean side of the super-blocks of a small and of a large city."""
SMALL_HOUSEHOLDS, LARGE_HOUSEHOLDS = 6_000, 66_000
"""Between these a city grows from small to large ways."""
RAILWAY_STRIP_M, RIVER_STRIP_M, SMALL_RIVER_STRIP_M = 76.0, 290.0, 190.0
COLUMNS_PER_RAILWAY, ROWS_PER_RIVER = 16, 10
RAILWAY_PLACE, RIVER_PLACE = 0.62, 0.45
"""Where the strip lies among its columns or rows, as a share."""
CORNERS_FROM = 5
"""A lattice with fewer columns or rows keeps its corners."""
BUILT_WITHIN = 1.32
"""How far the city reaches towards the corners of its lattice: 1 is the ellipse that touches its sides, 2 the corners."""
MINOR_SHARE = 0.22
"""Share of the lattice that is streets, not arterials."""
LEVEL_CROSSING_SHARE = 0.25
ROAD_SPAN = 9
"""A road changes its name after so many super-blocks."""


def draw_lattice(households: int, land_per_household_m2: float, rng: Rng) -> tuple[Numbers, Numbers, Ints, Ints]:
    """Place the arterials so that the super-blocks together have the land that is needed.

    Returns the lines along v (their u), those along u (their v), the columns that are railway strips, the rows that are river strips.
    """
    large = float(np.clip((households - SMALL_HOUSEHOLDS) / (LARGE_HOUSEHOLDS - SMALL_HOUSEHOLDS), 0, 1))
    land_m2 = max(households * land_per_household_m2, SUPER_BLOCK_MIN_M**2)
    side_m = SUPER_BLOCK_SMALL_M + large * (SUPER_BLOCK_LARGE_M - SUPER_BLOCK_SMALL_M)
    number = max(1.0, land_m2 / side_m**2)
    columns = max(1, round(np.sqrt(number * 1.15)))
    rows = max(1, round(number / columns))
    if min(columns, rows) >= 4:
        # Room for the corners that are left out.
        columns, rows = round(columns * 1.06), round(rows * 1.06)
        land_m2 *= columns * rows / number
    side_m = np.sqrt(land_m2 / (columns * rows))
    spans = []
    for count in (columns, rows):
        span = np.clip(side_m * between(rng, 0.72, 1.28, count), SUPER_BLOCK_MIN_M, SUPER_BLOCK_MAX_M)
        spans.append(np.clip(span * (side_m * count / span.sum()), SUPER_BLOCK_MIN_M, SUPER_BLOCK_MAX_M))
    river_m = SMALL_RIVER_STRIP_M + large * (RIVER_STRIP_M - SMALL_RIVER_STRIP_M)
    across, railways = _with_strips(spans[0], COLUMNS_PER_RAILWAY, RAILWAY_STRIP_M, RAILWAY_PLACE)
    up, rivers = _with_strips(spans[1], ROWS_PER_RIVER, river_m, RIVER_PLACE)
    return np.r_[0.0, np.cumsum(across)], np.r_[0.0, np.cumsum(up)], railways, rivers


def _with_strips(spans: Numbers, each: int, strip_m: float, place: float) -> tuple[Numbers, Ints]:
    """Put one strip into every ``each`` spans, and at least one where there are two spans."""
    if len(spans) < 2:
        return spans, np.empty(0, dtype=np.int64)
    strips = max(1, round(len(spans) / each))
    before = np.unique(np.clip(np.round((np.arange(strips) + place) * len(spans) / strips), 1, len(spans) - 1).astype(np.int64))
    return np.insert(spans, before, strip_m), before + np.arange(len(before))


def built_cells(u_lines: Numbers, v_lines: Numbers, railways: Ints, rivers: Ints, rng: Rng) -> Truths:
    """Return which cells of the lattice are super-blocks (columns, rows): a large city leaves out its corners, strips are none."""
    middle_u, middle_v = (u_lines[1:] + u_lines[:-1]) / u_lines[-1] - 1, (v_lines[1:] + v_lines[:-1]) / v_lines[-1] - 1
    far = middle_u[:, None] ** 2 + middle_v[None, :] ** 2 + between(rng, -0.1, 0.1, (len(middle_u), len(middle_v)))
    built: Truths = (far < BUILT_WITHIN) | (min(far.shape) < CORNERS_FROM)
    built[railways, :] = False
    built[:, rivers] = False
    return built


def _beside(built: Truths, railways: Ints, rivers: Ints) -> tuple[Truths, Truths]:
    """Return where arterials are drawn: along u (columns, rows + 1) and along v (columns + 1, rows), each beside or between super-blocks."""
    filled = built.copy()
    filled[railways] = built[railways - 1] & built[railways + 1]
    # A strip of the river between two super-blocks carries their bridges.
    filled[:, rivers] = filled[:, rivers - 1] & filled[:, rivers + 1]
    side = np.pad(filled, 1)
    return side[1:-1, 1:] | side[1:-1, :-1], side[1:, 1:-1] | side[:-1, 1:-1]


def draw_arterials(u_lines: Numbers, v_lines: Numbers, railways: Ints, rivers: Ints, built: Truths, rng: Rng) -> pd.DataFrame:
    """Draw the arterials crossing by crossing: first those along u (row by row), then those along v (column by column)."""
    columns, rows = len(u_lines) - 1, len(v_lines) - 1
    beside_u, beside_v = _beside(built, railways, rivers)
    j, i = (part.ravel() for part in np.indices((rows + 1, columns)))
    outer = (j == 0) | (j == rows)
    minor = (rng.random(len(i)) < MINOR_SHARE) & ~outer & ~np.isin(j, np.r_[rivers, rivers + 1])
    under = np.isin(i, railways)
    # One crossing of the railway in four is level; the others dive under it.
    level = under & (rng.random(len(i)) < LEVEL_CROSSING_SHARE)
    along_u = pd.DataFrame({"axis": 0, "across": v_lines[j], "start": u_lines[i], "end": u_lines[i + 1], "road": j * 1000 + i // ROAD_SPAN})
    along_u["street_class"] = np.where(minor, "street", "arterial")
    along_u["layer"] = np.where(under & ~level, -1, 0)
    along_u["drawn"] = beside_u[i, j]
    i, j = (part.ravel() for part in np.indices((columns + 1, rows)))
    behind_railway = np.isin(i, railways + 1)
    over = np.isin(j, rivers)
    # Every second arterial has a bridge; the first always, so that the city hangs together.
    bridge = over & (((i - np.searchsorted(railways, i)) % 2 == 0) & ~behind_railway | (i == 0))
    minor = ((rng.random(len(i)) < MINOR_SHARE) & (i > 0) & (i < columns) | behind_railway) & ~over
    along_v = pd.DataFrame(
        {"axis": 1, "across": u_lines[i], "start": v_lines[j], "end": v_lines[j + 1], "road": 10_000_000 + i * 1000 + j // ROAD_SPAN}
    )
    along_v["street_class"] = np.where(minor, "street", "arterial")
    along_v["layer"] = np.where(bridge, 1, 0)
    along_v["drawn"] = (~over | bridge) & beside_v[i, j]
    return pd.concat((along_u, along_v), ignore_index=True)

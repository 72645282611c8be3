"""Schools, hospitals, malls, offices, parks, works and markets: no households, some of them dedicated grids."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gridmap.ground.sample.drawing import Rng

DEDICATED = ("school", "hospital", "industry")
MARGIN_M = 10.0

PARTS = pd.DataFrame(
    # Middle and size as shares of the lot inside its margin, the largest size in metres, floors, what it is.
    [
        ("school", -0.26, -0.26, 0.38, 0.11, 64, 15, 4, "教学楼"),
        ("school", -0.26, 0.02, 0.38, 0.11, 64, 15, 5, "教学楼"),
        ("school", -0.26, 0.34, 0.36, 0.12, 50, 20, 3, "食堂"),
        ("school", 0.28, -0.3, 0.34, 0.16, 46, 28, 2, "体育馆"),
        ("hospital", -0.28, -0.22, 0.38, 0.24, 64, 40, 5, "门诊楼"),
        ("hospital", 0.28, -0.22, 0.36, 0.2, 60, 30, 14, "住院楼"),
        ("hospital", 0.0, 0.26, 0.6, 0.2, 90, 30, 6, "医技楼"),
        ("mall", 0.0, 0.0, 0.74, 0.66, 150, 110, 5, "商场"),
        ("office", -0.24, 0.12, 0.32, 0.32, 46, 38, 24, "办公楼"),
        ("office", 0.25, -0.1, 0.32, 0.3, 44, 34, 17, "办公楼"),
        ("park", 0.22, 0.2, 0.12, 0.12, 15, 11, 1, "公园用房"),
        ("market", 0.0, 0.0, 0.6, 0.5, 72, 46, 2, "菜市场"),
        *(("industry", x, y, 0.4, 0.2, 96, 36, 2 if y else 3, "厂房") for x in (-0.26, 0.26) for y in (-0.32, 0.0, 0.32)),
    ],
    columns=["kind", "x", "y", "length", "depth", "length_max", "depth_max", "floors", "use"],
)
"""The middle line of a lot stays free: there a lane leads in."""

LANE_END = pd.Series({"school": 0.42, "hospital": 0.06, "industry": 0.42})
"""How far north the lane of a walled lot leads, as a share of its depth from the middle."""


def facility_buildings(lots: pd.DataFrame, rng: Rng) -> pd.DataFrame:
    """Return the buildings of facilities, with the columns of :func:`gridmap.ground.sample.compounds.homes`."""
    named = lots.assign(lot=lots.index)[["lot", "kind", "u0", "u1", "v0", "v1"]]
    table = named.merge(PARTS, on="kind", how="inner", sort=False)
    wide, deep = table["u1"] - table["u0"] - 2 * MARGIN_M, table["v1"] - table["v0"] - 2 * MARGIN_M
    table["x"], table["y"] = table["x"] * wide, table["y"] * deep
    size = 0.85 + 0.15 * rng.random(len(table))
    table["length"] = np.minimum(table["length"] * wide * size, table["length_max"])
    table["depth"] = np.minimum(table["depth"] * deep * size, table["depth_max"])
    table["shape"] = np.where(np.isin(table["kind"], ("mall", "park")), "ell", np.where(table["use"] == "办公楼", "cross", "box"))
    table["stairwells"], table["households"], table["tilt"] = 1, 0, 0.0
    return table[["lot", "x", "y", "length", "depth", "floors", "stairwells", "households", "tilt", "shape", "use"]]

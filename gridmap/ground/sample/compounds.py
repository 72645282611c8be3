"""Where homes stand on their lots: slabs in rows, towers as points, courtyards packed along alleys, villas.

Each lot has a frame of its own: origin in its middle, x along its rows, y to the north, turned by a few degrees against the streets. Rows of
slots fill it; a lane runs north of each row, and one spine, in a wider gap between two columns of slots, joins the lanes to the streets.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from gridmap.ground.sample.drawing import Ints, Numbers, Rng, Words, between, counted, rank_within, whole
from gridmap.ground.sample.dwellings import draw_dwellings
from gridmap.ground.sample.layout import HOMES

KINDS = pd.DataFrame(
    # Metres; ``units`` are stairwells side by side, ``depth`` is from front to back, ``gap_v`` from the back of a row to the front of the next.
    {
        "slab": (3, 5, 14.5, 17.0, 11.0, 13.0, 11.0, 15.0, 19.0, 25.0, 9.0, 12.0, 0.05, 0.05),
        "midrise": (2, 3, 17.0, 20.0, 13.0, 15.0, 15.0, 21.0, 27.0, 34.0, 10.0, 12.0, 0.05, 0.05),
        "tower": (1, 3, 24.0, 30.0, 17.0, 22.0, 20.0, 28.0, 36.0, 46.0, 12.0, 14.0, 0.06, 0.06),
        "courtyard": (1, 1, 10.5, 13.5, 9.5, 12.5, 2.2, 3.4, 4.6, 6.4, 4.0, 5.0, 0.07, 0.06),
        "villa": (1, 1, 12.0, 15.0, 11.0, 13.0, 8.0, 11.0, 13.0, 16.0, 9.0, 9.0, 0.1, 0.05),
    },
    index=[
        *(f"{name}_{end}" for name in ("units", "unit", "depth", "gap_u", "gap_v") for end in ("min", "max")),
        *("margin", "spine", "empty", "turn"),
    ],
).T.loc[list(HOMES)]
"""What each kind of lot looks like; ours, measured by eye on Chinese cities."""

FIRST_TOWER_STAIRWELLS = 3
AMENITY_SLOTS_MIN = 12
"""A compound with at least so many slots keeps one in its middle for a nursery or a clubhouse."""


def panels(lots: pd.DataFrame, rng: Rng) -> pd.DataFrame:
    """Return how the rows lie on each lot of homes, indexed like ``lots``; ``rows`` is 0 where nothing fits.

    Columns: ``middle_u middle_v turn`` (the frame), ``units unit_m depth gap_u gap_v`` (what stands there), ``columns rows pitch_u pitch_v``
    ``width_m height_m`` (the slots), ``left`` (columns left of the spine), ``spine_x spine_m``; ``high crowded occupied`` (0 to 1). Lengths are
    metres, turns radians.
    """
    kind = KINDS.loc[lots["kind"]].reset_index(drop=True)
    number = len(lots)
    panel = pd.DataFrame({"middle_u": (lots["u0"] + lots["u1"]) / 2, "middle_v": (lots["v0"] + lots["v1"]) / 2}).reset_index(drop=True)
    turned = rng.random(number) < 0.7
    panel["turn"] = np.where(turned, between(rng, -kind["turn"], kind["turn"], number), 0.0)
    panel["units"] = whole(rng, kind["units_min"], kind["units_max"], number)
    # Many tower lots hold point towers of one stairwell; the first never, so that even a small city has something to divide by stairwell.
    is_tower = (lots["kind"] == "tower").to_numpy()
    panel.loc[is_tower & (rng.random(number) < 0.45), "units"] = 1
    panel.loc[is_tower & (panel["units"] == 3) & (rng.random(number) < 0.6), "units"] = 2
    panel.loc[is_tower & (np.cumsum(is_tower) == 1), "units"] = FIRST_TOWER_STAIRWELLS
    # Buildings of one compound resemble each other: how high, crowded and full they are is drawn for the lot.
    for name in ("high", "crowded", "occupied"):
        panel[name] = rng.random(number)
    for name in ("unit", "depth", "gap_u", "gap_v"):
        panel["unit_m" if name == "unit" else name] = between(rng, kind[f"{name}_min"], kind[f"{name}_max"], number)
    # Several tower stairwells side by side are narrower than a tower on its own.
    panel.loc[is_tower & (panel["units"] > 1), "unit_m"] *= 0.75
    margin = kind["margin"].to_numpy()
    wide, deep = (lots["u1"] - lots["u0"]).to_numpy(), (lots["v1"] - lots["v0"]).to_numpy()
    sine = np.abs(np.sin(panel["turn"].to_numpy()))
    width = wide - 2 * margin - deep * sine - kind["spine"].to_numpy() + panel["gap_u"].to_numpy()
    height = deep - 2 * margin - wide * sine + panel["gap_v"].to_numpy() - 5
    too_narrow = width < panel["units"] * panel["unit_m"] + panel["gap_u"]
    panel["units"] = np.where(too_narrow, kind["units_min"], panel["units"]).astype(np.int64)
    slot = panel["units"] * panel["unit_m"] + panel["gap_u"]
    pitch = panel["depth"] + panel["gap_v"]
    panel["columns"] = np.maximum(np.floor(width / slot), 0).astype(np.int64)
    panel["rows"] = np.where(panel["columns"] > 0, np.maximum(np.floor(height / pitch), 0), 0).astype(np.int64)
    # What is left over widens the gaps, up to a limit.
    panel["pitch_u"] = np.minimum(width / np.maximum(panel["columns"], 1), slot * 1.15)
    panel["pitch_v"] = np.minimum(height / np.maximum(panel["rows"], 1), pitch * 1.2)
    panel["spine_m"] = kind["spine"].to_numpy()
    panel["width_m"] = panel["columns"] * panel["pitch_u"] + panel["spine_m"] - panel["gap_u"]
    panel["height_m"] = panel["rows"] * panel["pitch_v"] - panel["gap_v"] + 5
    panel["left"] = np.maximum(panel["columns"] // 2, 1)
    panel["spine_x"] = -panel["width_m"] / 2 + panel["left"] * panel["pitch_u"] + (panel["spine_m"] - panel["gap_u"]) / 2
    return panel.set_index(lots.index)


def lane_y(panel: pd.DataFrame, row: Ints) -> Numbers:
    """Return where the lane north of ``row`` runs in each lot's frame; one row of ``panel`` for each entry."""
    between_rows = panel["pitch_v"] - panel["depth"]
    y: Numbers = (-panel["height_m"] / 2 + row * panel["pitch_v"] + panel["depth"] + np.minimum(between_rows * 0.5, 9.0)).to_numpy()
    return y


def homes(lots: pd.DataFrame, panel: pd.DataFrame, rng: Rng) -> pd.DataFrame:
    """Return the buildings on lots of homes.

    Columns: lot, place ``x y`` in the lot's frame, ``tilt`` against it, shape, ``length depth``, floors, stairwells, households, use.
    """
    owner, number = counted(panel["rows"] * panel["columns"])
    lot = panel.index.to_numpy()[owner]
    own = panel.iloc[owner].reset_index(drop=True)
    kind = lots["kind"].to_numpy()[np.searchsorted(lots.index, lot)]
    columns, rows = own["columns"].to_numpy(), own["rows"].to_numpy()
    row, column = number // columns, number % columns
    empty = KINDS["empty"].loc[kind].to_numpy()
    amenity = (columns * rows >= AMENITY_SLOTS_MIN) & (number == (rows // 2) * columns + columns // 2) & (kind != "courtyard")
    kept = (rng.random(len(lot)) >= empty) | amenity
    kept |= (rank_within(owner) == 0) & (columns * rows < 4)

    units = own["units"].to_numpy()
    fewer = (rng.random(len(lot)) < 0.3) & (units > KINDS["units_min"].loc[kind].to_numpy())
    units = units - fewer
    slot = (own["units"] * own["unit_m"]).to_numpy()
    length = units * own["unit_m"].to_numpy()
    small = np.isin(kind, ("courtyard", "villa"))
    length = np.where(kind == "courtyard", length * between(rng, 0.72, 1.0, len(lot)), length)
    depth = own["depth"].to_numpy() * np.where(small, between(rng, 0.78, 1.0, len(lot)), 1.0)
    length, depth = np.where(amenity, np.minimum(slot, 26.0), length), np.where(amenity, np.minimum(depth, 14.0), depth)
    free_x, free_y = slot - length, own["depth"].to_numpy() - depth
    x = (-own["width_m"] / 2 + column * own["pitch_u"] + np.where(column >= own["left"], own["spine_m"], 0)).to_numpy() + length / 2
    x = x + free_x * rng.random(len(lot))
    y = (-own["height_m"] / 2 + row * own["pitch_v"]).to_numpy() + depth / 2 + free_y * rng.random(len(lot))
    floors, households = draw_dwellings(kind, units, kept & ~amenity, own, rng)
    table = pd.DataFrame({"lot": lot, "x": x, "y": y, "length": length, "depth": depth, "floors": floors, "stairwells": units})
    table["households"] = households
    table["tilt"] = np.where(kind == "courtyard", between(rng, -0.035, 0.035, len(lot)), 0.0)
    table["shape"] = _shapes(kind, units, owner, rng)
    table["use"] = "住宅"
    amenity_use = np.where(rng.random(len(lot)) < 0.5, "幼儿园", "社区用房")
    table.loc[amenity, ["floors", "stairwells", "households"]] = [2, 1, 0]
    table.loc[amenity, "use"] = amenity_use[amenity]
    table.loc[amenity, "shape"] = "ell"
    return table[kept].reset_index(drop=True)


def _shapes(kind: Words, units: Ints, owner: Ints, rng: Rng) -> Words:
    """Choose outlines; slabs and towers of one lot are alike."""
    thrown = rng.random(len(kind))
    of_lot = rng.random(int(owner.max()) + 1 if len(owner) else 0)[owner]
    staggered = np.char.add("stagger", units.astype(str))
    shape: Words = np.select(
        [
            (kind == "courtyard") & (thrown < 0.4),
            (kind == "courtyard") & (thrown < 0.6),
            (kind == "villa") & (thrown < 0.7),
            (kind == "tower") & (units == 1) & (of_lot < 0.7),
            np.isin(kind, ("slab", "midrise", "tower")) & (units > 1) & (of_lot < 0.65),
        ],
        ["ell", "court", "ell", "cross", staggered],
        "box",
    )
    return shape

"""How high homes are and how many households live in them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gridmap.ground.sample.drawing import Ints, Rng, Truths, Words, between, pick

LANDMARK_FLOORS = 34
LANDMARK_A_FLOOR = {2: 5, 3: 3}
"""The tower that stands out of its compound has 306 or 340 households, more than most grids may hold: so many on a floor by its stairwells."""
LANDMARK_SHARE = 0.008
"""Share of towers of several stairwells that stand out, at least one in a city that has any."""

TOWER_FLOORS_MIN, TOWER_FLOORS_MAX = 18, 34
LOWER_SHARE, LOWER_FLOORS_MAX, LOWEST_FLOORS = 0.65, 14, 11
"""So many towers are up to so many floors lower than the highest of their compound, but no lower than the last number."""
COURTYARD_HOUSEHOLDS = (1.0, 2.0, 3.0, 3.0, 2.0, 1.5, 1.0, 0.7)
"""How often an old house has 1, 2, ... 8 households."""
OCCUPIED_MIN = {"slab": 0.93, "midrise": 0.88, "tower": 0.8}
OCCUPIED_SPREAD = 0.06
"""At least so large a share of a compound's flats is lived in, less in younger ones; its buildings differ by so much."""


def draw_dwellings(kind: Words, units: Ints, able: Truths, own: pd.DataFrame, rng: Rng) -> tuple[Ints, Ints]:
    """Return the floors and households of homes.

    ``kind`` is that of the lot, ``units`` counts the stairwells; ``own`` has the row of the lot's panel for each building: buildings of one compound
    resemble each other. Among those that are ``able`` to, a few towers stand out.
    """
    floors = _floors(kind, own, rng)
    flats = floors * units * _flats_a_floor(kind, units, own)
    occupied = pd.Series(kind).map(OCCUPIED_MIN).fillna(1.0).to_numpy()
    of_lot = occupied + (1 - occupied) * own["occupied"].to_numpy()
    households = np.maximum(np.round(flats * np.minimum(of_lot + between(rng, -OCCUPIED_SPREAD, OCCUPIED_SPREAD, len(kind)), 1.0)), 1)
    old = 1 + pick(rng, COURTYARD_HOUSEHOLDS, len(kind))
    households = np.select([kind == "courtyard", kind == "villa"], [old, 1 + (rng.random(len(kind)) < 0.25)], households)
    landmark = _landmarks(able & (kind == "tower") & np.isin(units, list(LANDMARK_A_FLOOR)), rng)
    tall = LANDMARK_FLOORS * units * pd.Series(units).map(LANDMARK_A_FLOOR).fillna(1).to_numpy()
    return np.where(landmark, LANDMARK_FLOORS, floors), np.where(landmark, tall, households).astype(np.int64)


def _floors(kind: Words, own: pd.DataFrame, rng: Rng) -> Ints:
    number, high = len(kind), own["high"].to_numpy()
    lower = np.floor(rng.random(number) * (LOWER_FLOORS_MAX + 1)) * (rng.random(number) < LOWER_SHARE)
    tower = np.maximum(TOWER_FLOORS_MIN + np.floor(high * (TOWER_FLOORS_MAX - TOWER_FLOORS_MIN + 1)) - lower, LOWEST_FLOORS)
    slab = np.select([high < 0.12, high > 0.9], [5, 7], 6)
    midrise = 9 + np.floor(high * 4) + 2 * (rng.random(number) < 0.2)
    old, villa = 1 + (rng.random(number) < 0.45), 2 + (rng.random(number) < 0.5)
    floors: Ints = np.select([kind == "slab", kind == "midrise", kind == "tower", kind == "courtyard"], [slab, midrise, tower, old], villa).astype(
        np.int64
    )
    return floors


def _flats_a_floor(kind: Words, units: Ints, own: pd.DataFrame) -> Ints:
    """Return the flats on each floor of each stairwell: two as a rule, more in towers on their own."""
    crowded = own["crowded"].to_numpy()
    alone = np.select([crowded < 0.07, crowded < 0.62, crowded < 0.9], [6, 4, 3], 2)
    together = np.select([crowded < 0.04, crowded < 0.2], [4, 3], 2)
    slab = np.where(crowded < 0.25, 3, 2)
    flats: Ints = np.select([kind == "slab", (kind == "tower") & (units == 1), kind == "tower"], [slab, alone, together], 2).astype(np.int64)
    return flats


def _landmarks(able: Truths, rng: Rng) -> Truths:
    chosen: Truths = able & (rng.random(len(able)) < LANDMARK_SHARE)
    if able.any():
        chosen[np.argmax(able)] = True
    return chosen

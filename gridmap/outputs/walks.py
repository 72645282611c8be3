"""The walks of a coverage as arrays in the district's order of buildings, as maps that colour them and count on them need it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from gridmap.circles.coverage import REASONS, Coverage
from gridmap.ground.tables import District

Integers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

NONE_REACHED = np.iinfo(np.uint32).max
"""In packed walks what can reach nothing is this, less the number of the reason in REASONS."""

OUTSIDE, EMPTY, LIVED_IN = 0, 1, 2
"""In packed homes: outside the territory; nobody lives there; somebody does, or it is not known."""


@dataclass(frozen=True, eq=False)
class Walks:
    """Walks of all buildings (columns, in the order of ``district.buildings``) to the nearest venue of each category of the rules (rows).

    ``distance_cm``: whole centimetres, -1 where nothing is reached. ``reason``: the number in :data:`~gridmap.circles.coverage.REASONS` why nothing
    is, -1 where something is. ``venue``: the row of the nearest venue in ``district.venues``, -1 for none. ``households``: 0 where unknown.
    """

    coverage: Coverage
    district: District
    distance_cm: Integers
    reason: Integers
    venue: Integers
    households: Integers

    def row_of(self, category: str) -> int:
        """Return the row of a category."""
        return list(self.coverage.rules.categories).index(category)

    def reasons(self, category: str, limit_cm: int) -> Integers:
        """Return the number of the reason why each building is not covered within a limit, -1 where it is."""
        row = self.row_of(category)
        far = np.where(self.distance_cm[row] > limit_cm, REASONS.index("too_far"), -1)
        return np.where(self.distance_cm[row] < 0, self.reason[row], far).astype(np.int64)


def walks_of(coverage: Coverage, district: District) -> Walks:
    """Return the walks of ``coverage``, which must be that of ``district``."""
    table, buildings = coverage.table, district.buildings
    shape = (len(coverage.rules.categories), len(coverage.doors))
    order = pd.Index(coverage.doors.id).get_indexer(buildings.index)
    metres = table["metres"].astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan)
    distance = np.where(np.isnan(metres), -1, np.rint(np.nan_to_num(metres) * 100)).astype(np.int64)
    numbers = {reason: number for number, reason in enumerate(REASONS)}
    reason = np.where(distance >= 0, -1, table["reason"].map(numbers).fillna(-1).to_numpy(dtype=np.int64))
    venue = pd.Index(district.venues.index).get_indexer(table["nearest_venue_id"].fillna("").to_numpy(dtype=object)).astype(np.int64)
    distance, reason, venue = (column.reshape(shape)[:, order] for column in (distance, reason, venue))
    return Walks(coverage, district, distance, reason, venue, buildings["households"].fillna(0).to_numpy(dtype=np.int64))


def packed_walks(walks: Walks, category: str) -> bytes:
    """Return the walks to a category as little-endian uint32 centimetres, for each building in the district's order; see NONE_REACHED."""
    row = walks.row_of(category)
    none = NONE_REACHED - walks.reason[row]
    return bytes(np.where(walks.distance_cm[row] < 0, none, walks.distance_cm[row]).astype("<u4").tobytes())


def packed_homes(district: District, inside: Mask) -> bytes:
    """Return a byte for each building: OUTSIDE where ``inside`` is false, else EMPTY or LIVED_IN. No count is in it."""
    empty = (district.buildings["households"] == 0).fillna(False).to_numpy(dtype=bool)
    return np.where(inside, np.where(empty, EMPTY, LIVED_IN), OUTSIDE).astype(np.uint8).tobytes()

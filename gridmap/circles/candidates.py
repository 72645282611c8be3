"""Where new venues could stand when nobody has named places: at buildings, one in each square."""

from __future__ import annotations

import numpy as np
import shapely

from gridmap.circles.coverage import Coverage
from gridmap.ground.tables import District
from gridmap.walking.doors import Doors
from gridmap.walking.gates import resident_doors, resident_gates
from gridmap.walking.walls import walls_of

SITE_SPACING_M = 50.0
"""Where candidates are generated, one building is taken in each square of this side: two nearer ones serve the same people."""


def building_candidates(coverage: Coverage, district: District) -> Doors:
    """Return the doors of one building in each square of :data:`SITE_SPACING_M`, as venues would have them, by building id."""
    table = district.buildings.loc[coverage.doors.id]
    squares = np.floor(shapely.get_coordinates(shapely.centroid(table.geometry.to_numpy())) / SITE_SPACING_M)
    table = table.iloc[np.sort(np.unique(squares, axis=0, return_index=True)[1])]
    places = table.index.to_numpy(dtype=object), table.geometry.to_numpy()
    return resident_doors(coverage.network, *places, walls_of(district), resident_gates(district), leaving=False)

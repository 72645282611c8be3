"""Are the buildings' polygons land cells already? Areas that tile the land are; footprints with space between them are not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
import numpy.typing as npt
import shapely

CLOSING_M = 25.0
"""Spaces narrower than twice this belong to the land that buildings stand on."""

FILLED = 0.97
"""Areas that tile the land fill at least this share of it; footprints fill 20 to 60 per cent."""

OVERLAP = 0.01
"""Areas that tile the land overlap by at most this share."""


def cells_decision(geometry: npt.NDArray[np.object_], choice: Literal["auto", "given", "build"]) -> tuple[Literal["given", "build"], Mapping[str, float]]:
    """Return whether the polygons serve as land cells (``given``) or cells are to be built around them, with the evidence.

    The evidence is the share of the land that they fill (``filled``) and the share of their area that overlaps (``overlap``). ``choice``
    other than ``auto`` is taken as it is.
    """
    if choice != "auto":
        return choice, {}
    areas = float(shapely.area(geometry).sum())
    union = shapely.union_all(shapely.set_precision(geometry, 0.01)) if len(geometry) > 1 else geometry[0]
    land = shapely.buffer(shapely.buffer(union, CLOSING_M, quad_segs=2), -CLOSING_M, quad_segs=2)
    filled = shapely.area(union) / max(shapely.area(land), 1e-9)
    overlap = max(areas - float(shapely.area(union)), 0.0) / max(areas, 1e-9)
    evidence = {"filled": round(float(filled), 4), "overlap": round(float(overlap), 4)}
    tiles = len(geometry) > 1 and filled >= FILLED and overlap <= OVERLAP
    return ("given" if tiles else "build"), evidence

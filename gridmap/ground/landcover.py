"""Are the buildings' polygons land cells already? Areas that tile the land are; footprints with space between them are not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
import numpy.typing as npt
import shapely

CLOSING_M = 25.0
"""Spaces narrower than twice this belong to the land that buildings stand on."""

ROUNDING_M = 0.01
"""Corners that are one corner lie this near to each other in most files."""

SAMPLES, SAMPLE = 3, 300
"""Of many buildings so many neighbourhoods of so many buildings are looked at: uniting all of a city takes minutes."""

FILLED = 0.9
"""Areas that tile the land fill at least this share of it; footprints fill 20 to 60 per cent."""

PARTS = 0.05
"""Areas that tile the land lie in few separate pieces of it, at most one more than this share of their number; scattered houses each stand alone."""

OVERLAP = 0.01
"""Areas that tile the land overlap by at most this share."""


def cells_decision(
    geometry: npt.NDArray[np.object_], choice: Literal["auto", "given", "build"]
) -> tuple[Literal["given", "build"], Mapping[str, float]]:
    """Return whether the polygons serve as land cells (``given``) or cells are to be built around them, with the evidence.

    The evidence is the share of the land that they fill (``filled``) and the share of their area that overlaps (``overlap``). ``choice``
    other than ``auto`` is taken as it is.
    """
    if choice != "auto":
        return choice, {}
    if len(geometry) < 2:
        return "build", {}
    shares = np.array([_shares(sample) for sample in _samples(geometry)])
    filled, overlap = float(shares[:, 0].mean()), float(shares[:, 1].mean())
    evidence = {"filled": round(filled, 4), "overlap": round(overlap, 4)}
    return ("given" if filled >= FILLED and overlap <= OVERLAP else "build"), evidence


def _samples(geometry: npt.NDArray[np.object_]) -> list[npt.NDArray[np.object_]]:
    """Return neighbourhoods that stand for the whole: the buildings nearest to a few of them; all buildings where there are not many."""
    if len(geometry) <= SAMPLES * SAMPLE:
        return [geometry]
    points = shapely.get_coordinates(shapely.centroid(geometry))
    order = np.lexsort((points[:, 1], points[:, 0]))
    centres = points[order[np.linspace(0, len(order) - 1, SAMPLES + 2).astype(np.int64)[1:-1]]]
    return [geometry[np.argsort(np.hypot(*(points - centre).T), kind="stable")[:SAMPLE]] for centre in centres]


def _shares(geometry: npt.NDArray[np.object_]) -> tuple[float, float]:
    areas = float(shapely.area(geometry).sum())
    # A tiling of one file may differ by rounding from polygon to polygon. What follows is several times as slow on geometry that keeps its grid.
    rounded = shapely.set_precision(shapely.set_precision(geometry, ROUNDING_M), 0.0, mode="pointwise")
    union = shapely.union_all(rounded)
    land = shapely.buffer(shapely.buffer(union, CLOSING_M, quad_segs=2), -CLOSING_M, quad_segs=2)
    if shapely.get_num_geometries(land) > 1 + PARTS * len(geometry):
        # Each house by itself would fill its own land; houses far from each other share the land between them.
        land = shapely.convex_hull(union)
    covered = float(shapely.area(union))
    return covered / max(float(shapely.area(land)), 1e-9), max(areas - covered, 0.0) / max(areas, 1e-9)

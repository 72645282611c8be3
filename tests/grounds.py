"""Small districts drawn in metres: rectangles for buildings, lines for streets and barriers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pyproj
import shapely

from gridmap.grids.tiling import Tiling
from gridmap.ground.tables import District, empty_table, typed_table

CRS = pyproj.CRS.from_epsg(4547)
HOME = "C1"


def draw_district(
    communities: Mapping[str, Any] | Any,
    buildings: Mapping[str, Any],
    *,
    community_of: Mapping[str, str] | None = None,
    households: Mapping[str, int] | None = None,
    streets: Mapping[str, tuple[Any, dict[str, Any]]] | None = None,
    barriers: Mapping[str, tuple[Any, str]] | None = None,
    cells: str = "build",
) -> District:
    """Return a district; one polygon alone is the community C1. A street is a line and what differs from a lane on the ground, a barrier a shape and
    its kind."""
    outlines = communities if isinstance(communities, Mapping) else {HOME: communities}
    home = [(community_of or {}).get(name, HOME) for name in buildings]
    amounts = [(households or {}).get(name, 10) for name in buildings]
    usual = {"street_class": "lane", "walkable": True, "barrier": False, "layer": 0}
    empty = {name: empty_table(name, CRS) for name in ("gates", "venues")}
    return District(
        communities=_table("communities", outlines, {}),
        buildings=_table("buildings", buildings, {"community_id": home, "households": amounts, "households_source": "given", "dedicated": False}),
        streets=_table(
            "streets",
            {name: line for name, (line, _) in (streets or {}).items()},
            {key: [{**usual, **what}.get(key) for _, what in (streets or {}).values()] for key in (*usual, "name")},
        ),
        barriers=_table(
            "barriers", {name: shape for name, (shape, _) in (barriers or {}).items()}, {"kind": [kind for _, kind in (barriers or {}).values()]}
        ),
        **empty,
        cells=cells,  # type: ignore[arg-type]
    )


def _table(name: str, shapes: Mapping[str, Any], columns: Mapping[str, Any]) -> gpd.GeoDataFrame:
    if not shapes:
        return empty_table(name, CRS)
    return typed_table(name, gpd.GeoDataFrame(dict(columns), geometry=list(shapes.values()), index=list(shapes), crs=CRS))


def assert_tiles(tiling: Tiling, district: District) -> None:
    """Demand what every tiling promises: one cell for each building, no gap, no overlap, areas that add up."""
    assert list(tiling.cells.index) == list(district.buildings.index)
    areas = [shape for shape in district.barriers.geometry if shape.geom_type.endswith("Polygon")]
    for community_id, cells in tiling.cells.groupby("community_id"):
        shapes = cells.geometry.to_numpy()
        land = shapely.difference(district.communities.geometry[community_id], shapely.union_all(areas))
        assert shapely.is_valid(shapes).all()
        assert (shapely.area(shapes) > 0).all()
        assert shapely.coverage_is_valid(shapes)
        np.testing.assert_allclose(shapely.area(shapes).sum(), land.area, rtol=1e-6)
        assert shapely.symmetric_difference(shapely.union_all(shapes), land).area <= 1e-6 * land.area


def pair(tiling: Tiling, one: str, other: str) -> Any:
    """Return the row of a pair in the neighbour table, None when it is not there."""
    low, high = sorted((one, other))
    found = tiling.neighbours[(tiling.neighbours["a"] == low) & (tiling.neighbours["b"] == high)]
    return found.iloc[0] if len(found) else None


def codes(tiling: Tiling) -> Sequence[str]:
    """Return the codes of a tiling's findings."""
    return [each.code for each in tiling.findings]

"""The layers of a coverage, from which an independent program can recompute every number."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridmap.circles.areas import category_circles, venue_circles
from gridmap.circles.coverage import Coverage
from gridmap.circles.limits import Limit
from gridmap.circles.summaries import by_category, by_community, by_limit, coverage_findings
from gridmap.ground.tables import District
from gridmap.outputs.export_layers import FINDINGS, Export
from gridmap.progress import Progress, silent
from gridmap.store.finding_rows import findings_frame
from gridmap.store.geopackage import Field, Layer
from gridmap.walking.doors import ACCESS_M, Doors
from gridmap.walking.gates import resident_gates
from gridmap.walking.noding import SNAP_M
from gridmap.walking.walls import drawn_rows, walls_of

EDGE = (
    Field("edge_id", "integer", required=True, unique=True),
    Field("node_a", "integer", required=True),
    Field("node_b", "integer", required=True),
    Field("length_cm", "integer", required=True),
    Field("one_way", "truth", required=True),
    Field("level", "integer", required=True),
    Field("street_id", "text"),
)
DOOR = (
    Field("id", "text", required=True, unique=True),
    Field("edge_id", "integer", required=True),
    Field("position_cm", "integer", required=True),
    Field("access_cm", "integer", required=True),
)
NETWORK = Layer("network", EDGE, "LINESTRING")
DOORS = Layer("doors", DOOR, "LINESTRING")
VENUE_DOORS = Layer("venue_doors", (*DOOR, Field("categories", "text", required=True)), "LINESTRING")
COVERAGE = Layer(
    "coverage",
    (
        Field("building_id", "text", required=True),
        Field("category", "text", required=True),
        Field("metres", "number"),
        Field("minutes", "number"),
        Field("venue_id", "text"),
        Field("nearest_venue_id", "text"),
        Field("reason", "text"),
    ),
)
GATES = Layer(
    "gates",
    (
        Field("gate_id", "text", required=True, unique=True),
        Field("compound_id", "text"),
        Field("hours", "text"),
        Field("passage", "text", required=True),
    ),
    "POINT",
)
CIRCLE = (Field("minutes", "number", required=True), Field("limit_cm", "integer", required=True))
CIRCLES = Layer("circles", (Field("venue_id", "text", required=True), Field("category", "text", required=True), *CIRCLE), "MULTIPOLYGON")
CATEGORY_CIRCLES = Layer("category_circles", (Field("category", "text", required=True), *CIRCLE), "MULTIPOLYGON")
SETTINGS = Layer("settings", (Field("name", "text", required=True, unique=True), Field("value", "text", required=True)))
SUMS = (
    *(Field(name, "integer") for name in ("households", "covered")),
    Field("share", "number"),
    *(Field(name, "integer") for name in ("residents", "residents_covered", "too_far", "island", "no_street", "walled", "no_venue")),
)
CATEGORIES = Layer("categories", (Field("category", "text", required=True), Field("venues", "integer"), *SUMS, Field("next_door", "integer")))
LIMITS = Layer("limit_categories", (Field("minutes", "number", required=True), Field("limit_cm", "integer", required=True), *CATEGORIES.fields))
COMMUNITIES = Layer("community_categories", (Field("community_id", "text", required=True), Field("category", "text", required=True), *SUMS))
GRIDS = Layer("grid_categories", (Field("grid_id", "text", required=True), Field("category", "text", required=True), *SUMS))


def settings(coverage: Coverage) -> dict[str, str]:
    """Return the settings that every number of a coverage hangs on, as text; printed with every result.

    ``limit_cm``: the limit in centimetres; ``speed``: metres a minute; ``profile``: the way of walking; ``rules``: the profile of the rules;
    ``at``: the time of day, where only gates open then count.
    """
    limit = coverage.limit
    return {
        "limit_cm": str(limit.limit_cm),
        "speed": f"{limit.speed_m_per_minute:g}",
        "profile": limit.walk,
        "minutes": f"{limit.minutes:g}",
        "flat": str(limit.flat).lower(),
        "rules": coverage.rules.profile,
        "access_max_cm": str(round(ACCESS_M * 100)),
        "join_max_cm": str(round(SNAP_M * 100)),
        **({"at": coverage.at} if coverage.at else {}),
    }


def coverage_layers(coverage: Coverage, district: District, *, grids: pd.DataFrame | None = None, limits: Sequence[Limit] = ()) -> list[Export]:
    """Return the layers ``network``, ``doors``, ``venue_doors``, ``coverage``, ``settings``, ``gates``, and sums by category, community and grid.

    ``grids`` are the sums by grid; for further ``limits`` the sums by category stand in ``limit_categories``. Doors are drawn as the way from the
    street to the door; buildings and venues without one have no row, their reason stands in ``coverage``.
    """
    network = coverage.network
    edges = gpd.GeoDataFrame(
        {
            "edge_id": np.arange(network.edges),
            "node_a": network.a.astype(np.int64),
            "node_b": network.b.astype(np.int64),
            "length_cm": network.length_cm.astype(np.int64),
            "one_way": network.one_way,
            "level": network.level.astype(np.int64),
            "street_id": network.street,
        },
        geometry=network.lines(),
        crs=network.crs,
    )
    venue_doors = _doors(coverage.venue_doors, network.crs)
    venue_doors["categories"] = [json.dumps(coverage.categories[venue]) for venue in venue_doors["id"]]
    table = pd.DataFrame(list(settings(coverage).items()), columns=["name", "value"])
    more = [Export(GRIDS, grids.reset_index())] if grids is not None else []
    more += [Export(LIMITS, by_limit(coverage, district, limits))] if limits else []
    return [
        Export(NETWORK, edges),
        Export(DOORS, _doors(coverage.doors, network.crs)),
        Export(VENUE_DOORS, venue_doors),
        Export(COVERAGE, coverage.table),
        Export(SETTINGS, table),
        Export(CATEGORIES, by_category(coverage, district).reset_index()),
        Export(COMMUNITIES, by_community(coverage, district).reset_index()),
        *more,
        gates_layer(district),
        Export(FINDINGS, findings_frame(coverage_findings(coverage, district), district.crs)),
    ]


def circle_layers(coverage: Coverage, district: District, *, progress: Progress = silent) -> list[Export]:
    """Return the circles of the coverage's limit: ``circles``, one row for each venue and category, and ``category_circles``, the land of each."""
    walls = walls_of(district)
    venues = venue_circles(coverage, walls, progress=progress)
    served = venues.assign(category=[coverage.categories[venue] for venue in venues["venue_id"]]).explode("category").dropna(subset="category")
    served = served[served["category"].isin(list(coverage.rules.categories))].reset_index(drop=True)
    return [Export(CIRCLES, _as_parts(served)), Export(CATEGORY_CIRCLES, _as_parts(category_circles(coverage, walls)))]


def gates_layer(district: District) -> Export:
    """Return the gates with their hours and who passes: ``all``, ``residents_out`` (residents let out, nobody let in)."""
    gates = drawn_rows(district.gates)
    passage = np.where(np.isin(gates.index, resident_gates(district).gate), "residents_out", "all")
    frame = gates[["compound_id", "hours", "geometry"]].assign(passage=passage).rename_axis("gate_id").reset_index()
    return Export(GATES, frame)


def _as_parts(circles: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    areas = circles.geometry.to_numpy()
    single = shapely.get_type_id(areas) == shapely.GeometryType.POLYGON
    areas[single] = shapely.multipolygons([[area] for area in areas[single]]) if single.any() else areas[single]
    return circles.set_geometry(areas, crs=circles.crs)


def named(settings: Mapping[str, str]) -> str:
    """Return settings on one line, for people who read files.

    >>> named({"limit_cm": "75000", "speed": "75"})
    'limit_cm=75000, speed=75'
    """
    return ", ".join(f"{name}={value}" for name, value in settings.items())


def _doors(doors: Doors, crs: object) -> gpd.GeoDataFrame:
    linked = doors.take(doors.linked)
    # A door that stands on the street has a way without length, which is no line to some programs: it is drawn a millimetre long.
    legs = linked.leg.copy()
    short = shapely.length(legs) == 0
    ends = shapely.get_coordinates(shapely.get_point(legs[short], 0))
    legs[short] = shapely.linestrings(np.stack((ends, ends + np.array([0.001, 0.0])), axis=1)) if short.any() else legs[short]
    columns = {
        "id": linked.id,
        "edge_id": linked.edge.astype(np.int64),
        "position_cm": linked.position_cm.astype(np.int64),
        "access_cm": linked.access_cm.astype(np.int64),
    }
    return gpd.GeoDataFrame(columns, geometry=legs, crs=crs)

"""The map of a coverage: minutes of each building by category, circles around venues, and the gaps as a list, in one file."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridmap.circles.areas import venue_circles
from gridmap.circles.coverage import REASONS, Coverage
from gridmap.circles.limits import walk_limit
from gridmap.circles.summaries import by_category
from gridmap.ground.tables import District
from gridmap.outputs.folium_page import FoliumMap, safe_map
from gridmap.outputs.map_content import Columns, lines_content, page_texts, places_content, texts_of
from gridmap.outputs.map_shapes import RINGS_MINUTES, RINGS_SIMPLE_M, STEPS_PER_DEGREE, Origin, middles, packed_shapes, to_degrees
from gridmap.progress import Progress, silent
from gridmap.texts import Language, render
from gridmap.walking.walls import walls_of


def coverage_map(coverage: Coverage, district: District, *, language: Language = "zh", progress: Progress = silent) -> FoliumMap:
    """Return the map of ``coverage`` as a folium map, which notebooks show and :func:`gridmap.outputs.maps.save_map` writes.

    Each building is coloured by the minutes to the nearest venue of the category chosen beside the map; those that reach none are hatched. A click
    on a building tells its walks in every category, one on a venue shows its circles. The gaps stand in a list, most households first.
    """
    content, bounds = _content(coverage, district, language, progress)
    title = f"{district.name or ''} {render('map_circle_title', language, {})}".strip()
    return safe_map(content, title=title, language=language, bounds=bounds, start="startCoverage")


def _content(
    coverage: Coverage, district: District, language: Language, progress: Progress
) -> tuple[dict[str, Any], tuple[float, float, float, float]]:
    drawn = district.buildings if len(district.buildings) else district.communities
    west, south, east, north = (float(each) for each in to_degrees(drawn.geometry).total_bounds)
    origin = Origin(west, south)
    limit = coverage.limit
    sums = by_category(coverage, district)
    names = coverage.rules.categories
    content = {
        "language": language,
        "texts": {each: page_texts(each) for each in ("zh", "en")},
        "origin": [west, south],
        "steps": STEPS_PER_DEGREE,
        "district": district.name,
        "rules": {"zh": coverage.rules.zh, "en": coverage.rules.en},
        "limit": {"minutes": limit.minutes, "metres": limit.limit_cm / 100, "speed": limit.speed_m_per_minute, "flat": limit.flat},
        "rings": [f"{minutes:g}" for minutes in _rings(coverage)],
        "categories": [
            {"zh": names[code].zh, "en": names[code].en, "households": int(row["households"]), "covered": int(row["covered"])}
            for code, row in sums.iterrows()
        ],
        "communities": _communities(district, origin),
        "buildings": _buildings(coverage, district, origin),
        "streets": lines_content(district.streets, "street_class", origin),
        "barriers": lines_content(district.barriers, "kind", origin),
        "venues": _venues(coverage, district, origin, progress),
    }
    return content, (west, south, east, north)


def _rings(coverage: Coverage) -> tuple[float, ...]:
    """Return the minutes of the circles; where the limit is a flat distance there is one."""
    return (coverage.limit.minutes,) if coverage.limit.flat else RINGS_MINUTES


def _communities(district: District, origin: Origin) -> Columns:
    table = district.communities
    return {
        "id": table.index.tolist(),
        "name": texts_of(table["name"]),
        "shape": packed_shapes(to_degrees(table.geometry), origin),
        "middle": places_content(middles(table.geometry)[0], table.crs, origin),
    }


def _buildings(coverage: Coverage, district: District, origin: Origin) -> Columns:
    """Return each building with a metre, a reason (its place in REASONS, -1 where covered) and a venue (its row, -1 for none) for each category."""
    ids = coverage.doors.id
    table = district.buildings.loc[ids]
    walks = coverage.table.assign(
        reason=coverage.table["reason"].map({reason: number for number, reason in enumerate(REASONS)}).fillna(-1).astype(np.int64),
        venue=pd.Index(district.venues.index).get_indexer(coverage.table["nearest_venue_id"].fillna("").to_numpy(dtype=object)),
        metres=coverage.table["metres"].fillna(-1.0).astype(np.float64).round(1),
    )
    wide = {name: walks[name].to_numpy().reshape(len(coverage.rules.categories), len(ids)).T.tolist() for name in ("metres", "reason", "venue")}
    return {
        "id": table.index.tolist(),
        "name": texts_of(table["name"]),
        "compound": texts_of(table["compound_id"]),
        "community": texts_of(table["community_id"]),
        "households": table["households"].fillna(0).astype(np.int64).tolist(),
        "shape": packed_shapes(to_degrees(_as_areas(table.geometry)), origin),
        **wide,
    }


def _as_areas(geometry: gpd.GeoSeries) -> gpd.GeoSeries:
    """Return footprints as they are and points as squares that can be seen."""
    points = shapely.get_dimensions(geometry.to_numpy()) == 0
    drawn = geometry.to_numpy().copy()
    drawn[points] = shapely.buffer(drawn[points], 4.0, cap_style="square")
    return gpd.GeoSeries(drawn, index=geometry.index, crs=geometry.crs)


def _venues(coverage: Coverage, district: District, origin: Origin, progress: Progress) -> Columns:
    """Return every venue with the numbers of the categories that it serves, none where it serves nobody, and its circles from the smallest."""
    limits = [walk_limit(coverage.rules, coverage.limit.walk, minutes) for minutes in _rings(coverage)]
    circles = venue_circles(coverage, walls_of(district), limits, progress=progress)
    shapes = packed_shapes(to_degrees(circles.geometry.simplify(RINGS_SIMPLE_M, preserve_topology=False)), origin) if len(circles) else []
    of_venue: dict[str, list[Any]] = {}
    for venue, shape in zip(circles["venue_id"], shapes, strict=True):
        of_venue.setdefault(str(venue), []).append(shape)
    number = {code: position for position, code in enumerate(coverage.rules.categories)}
    serving = set(coverage.venue_doors.id)
    venues = district.venues
    own = [[number[code] for code in coverage.categories[str(venue)] if code in number] if venue in serving else [] for venue in venues.index]
    points = np.where(venues.geometry.is_empty | venues.geometry.isna(), shapely.Point(np.nan, np.nan), venues.geometry.to_numpy())
    return {
        "name": texts_of(venues["name"]),
        "categories": own,
        "place": places_content(np.column_stack((shapely.get_x(points), shapely.get_y(points))), venues.crs, origin),
        "circles": [of_venue.get(str(venue), []) for venue in venues.index],
    }

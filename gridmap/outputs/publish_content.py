"""What a public map shows, as plain data: public venues with their service circles, and the ground to find one's way by."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridmap.circles.areas import WIDTH_M, venue_circles
from gridmap.circles.coverage import Coverage, categories_of, coverage
from gridmap.circles.limits import CM, Limit, walk_limit
from gridmap.findings import Finding, finding
from gridmap.ground.tables import District, empty_table
from gridmap.outputs.map_content import lines_content, places_content, texts_of
from gridmap.outputs.map_shapes import STEPS_PER_DEGREE, Origin, packed_shapes, to_degrees
from gridmap.outputs.publish_fields import VENUE_FIELDS
from gridmap.outputs.publish_shapes import coded_parts
from gridmap.progress import Progress, silent
from gridmap.rules import Rules
from gridmap.texts import LANGUAGES, Language, catalogue
from gridmap.walking.doors import ACCESS_M
from gridmap.walking.network import Network
from gridmap.walking.walls import walls_of

WAYS = ("default", "elder")
"""The ways of walking between which a reader chooses; where another one is asked for, there is that one alone."""

CIRCLE_STEPS_PER_DEGREE = 40_000
"""Corners of circles are rounded to this part of a degree, less than 3 m: the raster that they are read from is 10 m wide."""

CIRCLE_SIMPLE_M = 6.0
"""Corners of circles are left out where that moves their border by no more than this."""

HOLE_M2 = 400.0
"""Holes of circles up to this size, four squares of their raster, are left out: they tell more of the raster than of the ground."""

BUILDING_SIMPLE_M = 0.4
"""Corners of buildings are left out where that moves a wall by no more than this: less than a pixel on the closest view."""

IDENTITY_NUMBER = re.compile(r"(?<![0-9])[0-9]{17}[0-9Xx](?![0-9])")
"""What looks like the 18-digit number of a person's identity card; no venue has one."""

ID_SIGNS = 10
"""A venue is named in links by the beginning of a hash of its id: it stays when the venue is renamed or moved, and tells nothing."""

MARGIN = 0.02
"""The map shows so much of its width and height around what is drawn."""


@dataclass(frozen=True, slots=True)
class Publication:
    """What is told about a public map: whence, of when, approved under which number (empty: not approved), at which address (empty: none).

    ``staff`` is where staff log in, when a server shows the map.
    """

    source: str
    date: str
    approval: str = ""
    address: str = ""
    staff: str = ""


def public_venues(district: District, rules: Rules) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """Return the venues that are open to the public and have a place, by name, with the public columns alone, and what was left out of them.

    ``categories`` holds tuples of codes that ``rules`` know. A text with an 18-digit identity number in it is withheld.
    """
    table = district.venues
    placed = ~(table.geometry.isna() | table.geometry.is_empty)
    shown = table[table["public"].fillna(False).astype(bool) & placed]
    names = [each.name for each in VENUE_FIELDS]
    venues = shown[[*names, "geometry"]].copy()
    known = [tuple(code for code in categories_of(text) or () if code in rules.categories) for text in shown["categories"]]
    venues["categories"] = pd.Series(known, index=shown.index, dtype=object)
    findings = []
    for name in ("name", "address", "phone", "hours", "opened_by"):
        held = venues[name].str.contains(IDENTITY_NUMBER).fillna(False).astype(bool)
        findings += [finding("publish_identity_number", str(venue), column=name) for venue in venues.index[held]]
        venues.loc[held, name] = ""
    bare = [str(venue) for venue, codes in venues["categories"].items() if not codes]
    if bare:
        findings.append(finding("publish_no_category", bare[0], value=len(bare)))
    order = np.lexsort((venues.geometry.y, venues.geometry.x, venues["name"].astype(object).fillna("")))
    return venues.iloc[order], findings


def public_content(
    district: District,
    venues: gpd.GeoDataFrame,
    rules: Rules,
    told: Publication,
    circles: Sequence[Any] | None,
    *,
    walk: str = "default",
    minutes: float = 10.0,
    language: Language = "zh",
) -> dict[str, Any]:
    """Return the content of the public page, exactly the fields of :data:`gridmap.outputs.publish_fields.PAGE_FIELDS`.

    ``venues`` are what :func:`public_venues` returns, ``circles`` what :func:`public_circles` does for the same walk and minutes; None while they are
    still computed, as the page then says. Nothing else of the district is read than the shapes of buildings, streets and water. Raises
    ``RequestError`` as :func:`gridmap.circles.limits.walk_limit` does.
    """
    bounds = _bounds(district, venues)
    origin = Origin(bounds[0], bounds[1])
    return {
        "language": language,
        "texts": {each: page_texts(each) for each in LANGUAGES},
        "district": district.name,
        "source": told.source,
        "date": told.date,
        "approval": told.approval,
        "address": told.address,
        "qr": qr_code(told.address),
        "staff": told.staff,
        "origin": list(bounds[:2]),
        "steps": {"shape": STEPS_PER_DEGREE, "circle": CIRCLE_STEPS_PER_DEGREE},
        "bounds": list(bounds),
        "limits": [
            {"walk": each.walk, "minutes": each.minutes, "metres": each.limit_cm / 100, "flat": each.flat, "access_metres": ACCESS_M}
            for each in public_limits(rules, walk, minutes)
        ],
        "categories": [{"code": code, "zh": each.zh, "en": each.en} for code, each in rules.categories.items()],
        "venues": _venue_columns(venues, rules, origin) | {"circle": [[] for _ in venues.index] if circles is None else list(circles)},
        "circles_pending": circles is None,
        "basemap": None,
        "ground": _ground(district, origin),
    }


def public_limits(rules: Rules, walk: str = "default", minutes: float = 10.0) -> list[Limit]:
    """Return the limits between which a reader of the page chooses, the first one being shown first."""
    ways = [each for each in WAYS if each in rules.walk] if walk in WAYS else []
    return [walk_limit(rules, each, minutes) for each in dict.fromkeys((walk, *ways))]


def public_circles(
    district: District,
    venues: gpd.GeoDataFrame,
    rules: Rules,
    *,
    walk: str = "default",
    minutes: float = 10.0,
    network: Network | None = None,
    progress: Progress = silent,
) -> list[Any]:
    """Return for each of ``venues`` its circles, one for each of :func:`public_limits`: rings as the page holds them, none where no walk leads to it.

    This is nearly all the work that a public map takes. ``network`` saves building the walking network again; nothing else of the district is read
    than what that is made of. Raises ``RequestError`` as :func:`gridmap.circles.coverage.coverage` does.
    """
    found = coverage(_of_nobody(district, venues), rules, walk=walk, minutes=minutes, network=network, progress=progress)
    limits = public_limits(rules, walk, minutes)
    return _circles(found, limits, district, venues, Origin(*_bounds(district, venues)[:2]), progress)


def page_texts(language: Language) -> dict[str, str]:
    """Return the fixed texts of the public page."""
    return {code: entry[language] for code, entry in catalogue().items() if code.startswith(("public_", "basemap_on_page_"))}


def qr_code(address: str) -> dict[str, Any]:
    """Return the QR code of an address as the path of its dark squares, one unit each, for SVG; no address gives an empty one.

    >>> qr_code("")
    {'size': 0, 'path': ''}
    """
    if not address:
        return {"size": 0, "path": ""}
    import segno

    rows = [list(map(bool, row)) for row in segno.make(address, error="m", micro=False).matrix]
    path = "".join(f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, dark in enumerate(row) if dark)
    return {"size": len(rows), "path": path}


def _bounds(district: District, venues: gpd.GeoDataFrame) -> tuple[float, float, float, float]:
    """Return west, south, east and north of the buildings and venues with a margin, degrees."""
    parts = [to_degrees(each).total_bounds for each in (district.buildings.geometry, venues.geometry, district.streets.geometry[:0]) if len(each)]
    west, south = np.nanmin([part[:2] for part in parts], axis=0)
    east, north = np.nanmax([part[2:] for part in parts], axis=0)
    wide, high = MARGIN * (east - west) + 1e-4, MARGIN * (north - south) + 1e-4
    return tuple(round(float(each), 6) for each in (west - wide, south - high, east + wide, north + high))  # type: ignore[return-value]


def _of_nobody(district: District, venues: gpd.GeoDataFrame) -> District:
    """Return the district without its buildings and with these venues: the venues' doors on the walking network are all that circles need."""
    return district.with_tables({"buildings": empty_table("buildings", district.crs), "venues": district.venues.loc[venues.index]})


def _venue_columns(venues: gpd.GeoDataFrame, rules: Rules, origin: Origin) -> dict[str, list[Any]]:
    number = {code: position for position, code in enumerate(rules.categories)}
    points = np.column_stack((venues.geometry.x, venues.geometry.y))
    return {
        "id": [hashlib.sha256(str(venue).encode()).hexdigest()[:ID_SIGNS] for venue in venues.index],
        "name": texts_of(venues["name"]),
        "categories": [[number[code] for code in codes] for codes in venues["categories"]],
        **{name: texts_of(venues[name]) for name in ("address", "phone", "hours")},
        "area_m2": [None if pd.isna(area) else round(float(area), 1) for area in venues["area_m2"]],
        "opened_by": texts_of(venues["opened_by"]),
        "accessible": [None if pd.isna(each) else bool(each) for each in venues["accessible"]],
        "place": places_content(points, venues.crs, origin),
    }


def _circles(found: Coverage, limits: Sequence[Limit], district: District, venues: gpd.GeoDataFrame, origin: Origin, progress: Progress) -> list[Any]:
    """Return for each venue the rings of its circle for each limit; none where no walk leads to it.

    A circle reaches :data:`gridmap.circles.areas.WIDTH_M` beyond its streets, at their far ends too: so much is taken off the walk, that on a street
    a circle ends where the walk does. Whoever looks for what is in reach from home then finds the answer of ``gridmap coverage`` in 95 of 100 cases.
    """
    walks = [replace(each, limit_cm=max(0, each.limit_cm - round(WIDTH_M * CM))) for each in limits]
    circles = venue_circles(found, walls_of(district), walks, progress=progress)
    areas = to_degrees(_without_specks(circles.geometry).simplify(CIRCLE_SIMPLE_M))
    scale = CIRCLE_STEPS_PER_DEGREE / STEPS_PER_DEGREE
    coarse = shapely.transform(areas.to_numpy(), lambda places: (places - (origin.longitude, origin.latitude)) * scale)
    packed = packed_shapes(gpd.GeoSeries(coarse), Origin(0.0, 0.0))
    drawn = dict(zip(zip(circles["venue_id"].astype(str), circles["limit_cm"], strict=True), map(coded_parts, packed), strict=True))
    return [[drawn.get((str(venue), each.limit_cm), []) for each in walks] for venue in venues.index]


def _without_specks(circles: gpd.GeoSeries) -> gpd.GeoSeries:
    """Return areas without their holes and parts of up to :data:`HOLE_M2`; the largest part stays whatever its size."""
    parts, owner = shapely.get_parts(circles.to_numpy(), return_index=True)
    rings, part_of = shapely.get_rings(parts, return_index=True)
    outer = np.diff(part_of, prepend=-1) > 0
    kept = outer | (shapely.area(shapely.polygons(rings)) > HOLE_M2)
    cleaned = [shapely.Polygon(mine[0], mine[1:]) for mine in np.split(rings[kept], np.flatnonzero(outer[kept])[1:])] if len(rings) else []
    size, largest = shapely.area(parts), pd.Series(shapely.area(parts)).groupby(owner).transform("max").to_numpy()
    large = (size > HOLE_M2) | (size == largest)
    joined = pd.Series(cleaned, dtype=object)[large].groupby(owner[large]).agg(lambda mine: shapely.MultiPolygon(list(mine)))
    return gpd.GeoSeries(joined.reindex(range(len(circles))).to_numpy(), crs=circles.crs)


def _ground(district: District, origin: Origin) -> dict[str, Any]:
    streets = _drawn(district.streets)
    barriers = _drawn(district.barriers)
    water = lines_content(barriers[barriers["kind"] == "river"], "kind", origin)
    railways = lines_content(barriers[barriers["kind"] == "railway"], "kind", origin)
    return {
        "streets": _of(lines_content(streets, "street_class", origin), "name", "kind", "shape")
        | {"walkable": streets["walkable"].fillna(False).astype(bool).tolist()},
        "water": _of(water, "name", "area", "shape"),
        "railways": _of(railways, "shape"),
        "buildings": {"shape": _building_shapes(district, origin)},
    }


def _drawn(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return table[~(table.geometry.isna() | table.geometry.is_empty)]


def _of(columns: Mapping[str, list[Any]], *names: str) -> dict[str, list[Any]]:
    return {name: list(map(coded_parts, columns[name])) if name == "shape" else columns[name] for name in names}


def _building_shapes(district: District, origin: Origin) -> list[Any]:
    """Return the outlines of buildings from west to east: not even their order tells anything of the table that they stood in."""
    outlines = district.buildings.geometry
    outlines = outlines[~(outlines.isna() | outlines.is_empty)]
    outlines = outlines[shapely.get_dimensions(outlines.to_numpy()) == AREA].simplify(BUILDING_SIMPLE_M)
    return [coded_parts(shape) for shape in sorted(packed_shapes(to_degrees(outlines), origin))]


AREA = 2
"""The dimension of an area."""

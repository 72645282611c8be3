"""What the staff's map of coverage asks for one by one: a building's walks, a venue's circles, the best places for new venues."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from gridmap.circles.areas import venue_circles
from gridmap.circles.candidates import building_candidates
from gridmap.circles.coverage import REASONS, categories_of, coverage
from gridmap.circles.limits import Limit, walk_limit
from gridmap.errors import RequestError
from gridmap.ground.tables import District
from gridmap.outputs.map_shapes import RINGS_MINUTES, RINGS_SIMPLE_M, to_degrees
from gridmap.outputs.walks import Mask, Walks, walks_of
from gridmap.rules import Rules
from gridmap.walking.cache import cached_network
from gridmap.walking.walls import walls_of

SITES_MAX = 20
"""So many new venues are proposed at most: the effort grows with them."""


def district_walks(district: District, rules: Rules, *, folder: Path | None = None) -> Walks:
    """Return the walks of a district; its walking network is kept in ``folder`` for the next time, by default in the cache folder of the user."""
    return walks_of(coverage(district, rules, network=cached_network(district, folder=folder)), district)


def building_walks(walks: Walks, position: int, limit: Limit) -> list[dict[str, Any]]:
    """Return for each category how far the building at ``position`` has to walk (metres, minutes), whereto, and the reason when it is not covered."""
    names = walks.district.venues["name"].to_numpy(dtype=object)
    told = []
    for row, category in enumerate(walks.coverage.rules.categories):
        distance, venue = int(walks.distance_cm[row, position]), int(walks.venue[row, position])
        reason = int(walks.reasons(category, limit.limit_cm)[position])
        metres = None if distance < 0 else distance / 100
        told.append(
            {
                "category": category,
                "metres": metres,
                "minutes": None if metres is None else round(limit.minutes_of(metres), 1),
                "venue": names[venue] if venue >= 0 else None,
                "venue_position": venue if venue >= 0 else None,
                "reason": None if reason < 0 else REASONS[reason],
            }
        )
    return told


def venue_rings(walks: Walks, position: int, walk: str = "default") -> list[dict[str, Any]]:
    """Return the circles of the venue at ``position`` in ``district.venues``, the widest first, as GeoJSON features with ``minutes`` and ``metres``.

    None when it has no door on a street. Where the way of walking has a flat limit there is one circle.
    """
    found, venue = walks.coverage, str(walks.district.venues.index[position])
    rules = found.rules
    limits = [walk_limit(rules, walk, minutes) for minutes in ((10.0,) if walk_limit(rules, walk).flat else RINGS_MINUTES)]
    only = replace(found, venue_doors=found.venue_doors.take(found.venue_doors.id == venue))
    circles = venue_circles(only, walls_of(walks.district), limits)
    if not len(circles):
        return []
    shapes = to_degrees(circles.geometry.simplify(RINGS_SIMPLE_M))
    features = [
        {
            "type": "Feature",
            "properties": {"minutes": float(minutes), "metres": int(limit_cm) / 100},
            "geometry": shapely.geometry.mapping(shapely.set_precision(shape, 1e-6)),
        }
        for minutes, limit_cm, shape in zip(circles["minutes"], circles["limit_cm"], shapes, strict=True)
    ]
    return features[::-1]


def venues_on_map(district: District, rules: Rules) -> list[dict[str, Any]]:
    """Return the venues that have a place: ``position`` (row in ``district.venues``), names and words for people, categories that ``rules`` know.

    A venue that is not open to the public serves nobody: ``public`` tells.
    """
    table = district.venues
    places = to_degrees(table.geometry)
    texts = table[["name", "address", "hours"]].astype(object).where(table[["name", "address", "hours"]].notna(), None)
    told = []
    for position, (venue, place, categories, public) in enumerate(zip(table.index, places, table["categories"], table["public"], strict=True)):
        if place is None or place.is_empty:
            continue
        name, address, hours = texts.iloc[position]
        known = [code for code in categories_of(categories) or () if code in rules.categories]
        words = {"venue_id": str(venue), "name": name or str(venue), "address": address, "hours": hours}
        shown = {"categories": known, "public": bool(public), "lon": round(place.x, 6), "lat": round(place.y, 6)}
        told.append({"position": position, **words, **shown})
    return told


def communities_on_map(district: District) -> list[dict[str, Any]]:
    """Return the names of communities and where on the map they stand: ``name``, ``lon``, ``lat``."""
    table = district.communities[~(district.communities.geometry.isna() | district.communities.geometry.is_empty)]
    middles = to_degrees(table.geometry.representative_point())
    names = table["name"].astype(object).where(table["name"].notna(), table.index)
    return [{"name": str(name), "lon": round(place.x, 6), "lat": round(place.y, 6)} for name, place in zip(names, middles, strict=True)]


def bounds_within(district: District, inside: Mask) -> list[float]:
    """Return west, south, east and north (degrees) of the buildings inside, of the whole district when there is none."""
    shown = district.buildings[inside] if inside.any() else district.buildings if len(district.buildings) else district.communities
    return [round(float(each), 6) for each in to_degrees(shown.geometry).total_bounds]


@dataclass(frozen=True, slots=True)
class Proposal:
    """Places for new venues in the order in which they add most (``sites``), and what they come to, households inside the territory alone."""

    sites: tuple[dict[str, Any], ...]
    households: int
    before: int
    covered: int
    proof: str


def propose_sites(walks: Walks, category: str, limit: Limit, count: int, inside: Mask) -> Proposal:
    """Return the best places for ``count`` new venues of a category, at buildings inside; existing venues stay. No exact search is begun.

    Raises ``RequestError`` for a count below 1 or above :data:`SITES_MAX`, and for a category that the rules do not know.
    """
    # Loaded with its solver when the first is asked for: the server starts without.
    from gridmap.circles.demand import uncovered_demand
    from gridmap.circles.siting import best_sites

    if not 1 <= count <= SITES_MAX:
        raise RequestError("staff_sites_count", value=count, limit=SITES_MAX)
    found, district = walks.coverage.within(limit), walks.district
    buildings = district.buildings
    order = buildings.index.get_indexer(found.doors.id)
    homes = np.where(inside, walks.households, 0)[order]
    doors = building_candidates(found, district).doors
    doors = doors.take(inside[buildings.index.get_indexer(doors.id)])
    total = int(homes.sum())
    covered = (walks.reasons(category, limit.limit_cm) < 0)[order]
    before = int(homes[covered].sum())
    result = best_sites(uncovered_demand(found, category, doors, homes), count, exact=False)
    ids = [str(doors.id[each]) for each in result.chosen]
    middles = to_degrees(buildings.geometry.loc[ids].representative_point())
    sites = tuple(
        {"building_id": each, "position": int(buildings.index.get_loc(each)), "adds": int(adds), "lon": round(place.x, 6), "lat": round(place.y, 6)}
        for each, adds, place in zip(ids, result.households, middles, strict=True)
    )
    return Proposal(sites, total, before, before + result.covered, result.proof)

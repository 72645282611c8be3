"""Does a layer look shifted? Its places are held against others under every datum that Chinese web maps use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pyproj
import shapely

from gridmap.findings import Finding, finding
from gridmap.ground.coords import FROM_WGS84, SHIFTS, TO_WGS84, WGS84, inside_box, transformer
from gridmap.ground.matching import texts
from gridmap.ground.names import community_stem, plain_name

Points = npt.NDArray[np.float64]

SAMPLE = 2000
"""As many objects of a layer are looked at: shares are then known to about two per cent."""

FEWEST = 8
"""Fewer objects than this prove nothing."""

BETTER = 0.2
"""A datum is called better when the share of objects in their right place is at least this much higher, of 1."""

ON_STREET_BETTER = 0.04
"""Of buildings crossed by a street's middle line the share is small in any datum; a fall by this much, and to less than half, is telling."""

NEAR_STREET_M = 60.0
"""A building has a street so near, but does not stand on it."""

MOST_NEAR = 0.7
"""Where fewer buildings than this share have a street near in the best datum, streets are missing, and their places prove nothing."""

NEAR_BUILDING_M = 8.0
"""A venue stands in a building or at its door."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read the coordinates of a layer: as those of ``datum``; ``of_other`` when it is the layer compared with that is shifted."""

    datum: str
    of_other: bool
    move: Callable[[Points, Points], tuple[Points, Points]] | None


READINGS = (
    Reading("", False, None),
    *(Reading(datum, False, TO_WGS84[datum]) for datum in SHIFTS[1:]),
    *(Reading(datum, True, FROM_WGS84[datum]) for datum in SHIFTS[1:]),
)


def datum_findings(tables: Mapping[str, gpd.GeoDataFrame]) -> list[Finding]:
    """Return a warning for each layer that would lie much better in another datum, naming that datum and both shares.

    Four tests: buildings and venues that name a community lie in it; streets run near buildings; they do not run through them; venues stand
    in or at buildings.
    ``tables`` are tables of a district in one projected CRS; those that are absent or empty are not tested. Outside China nothing is tested.
    """
    present = {name: table for name, table in tables.items() if len(table)}
    if not present or not _in_china(next(iter(present.values()))):
        return []
    findings: list[Finding] = []
    for name, test in (("buildings", "community"), ("venues", "community"), ("buildings", "near"), ("buildings", "streets"), ("venues", "buildings")):
        other = {"community": "communities", "near": "streets"}.get(test, test)
        if name in present and other in present and not any(each.subject in (name, other) for each in findings):
            shares = _shares(test, present[name], present[other])
            findings += _better(name, other, test, shares)
    return findings


def _in_china(table: gpd.GeoDataFrame) -> bool:
    west, south, east, north = table.total_bounds
    lon, lat = transformer(table.crs, WGS84).transform((west + east) / 2, (south + north) / 2)
    return bool(inside_box(lon, lat))


def _shares(test: str, table: gpd.GeoDataFrame, other: gpd.GeoDataFrame) -> list[tuple[float, int]]:
    """Return for each reading the share of objects in their right place, and how many objects were looked at."""
    if test == "community":
        tried = _sample(np.arange(len(table)), 10 * SAMPLE)
        named = _named_community(table.iloc[tried], other)
        chosen = _sample(np.flatnonzero(named >= 0))
        areas = other.geometry.to_numpy()
        target = areas[named[chosen]]
        points = shapely.point_on_surface(table.geometry.to_numpy()[tried[chosen]])
        return [(_mean(shapely.intersects(moved, target)), len(chosen)) for moved in _moved(points, table.crs)]
    chosen = _sample(np.arange(len(table)))
    objects = table.geometry.to_numpy()[chosen]
    others = other.geometry.to_numpy()
    if test in ("streets", "near"):
        level = other["layer"].fillna(0).to_numpy(dtype=np.int64) if "layer" in other.columns else np.zeros(len(other))
        tree = shapely.STRtree(others[level == 0])
        near = NEAR_STREET_M if test == "near" else None
        # Who stands on a street has it near as well: of those that have one, who is beside it is in the right place.
        return [((1.0 if near is None else _hit(tree, moved, near)) - _hit(tree, moved, 0.0), len(chosen)) for moved in _moved(objects, table.crs)]
    tree = shapely.STRtree(others)
    return [(_hit(tree, moved, NEAR_BUILDING_M), len(chosen)) for moved in _moved(objects, table.crs)]


def _better(name: str, other: str, test: str, shares: list[tuple[float, int]]) -> list[Finding]:
    (now, count), best = shares[0], max(range(len(shares)), key=lambda index: shares[index][0])
    found, reading = shares[best][0], READINGS[best]
    telling = found - now >= BETTER
    if test == "streets":
        telling = found - now >= ON_STREET_BETTER and (1.0 - found) * 2 <= 1.0 - now
    if test == "near":
        telling = telling and found >= MOST_NEAR
    if count < FEWEST or not telling:
        return []
    subject, against = (other, name) if reading.of_other else (name, other)
    code = {
        "community": "datum_beside_communities",
        "streets": "datum_on_streets",
        "near": "datum_off_streets",
        "buildings": "datum_beside_buildings",
    }[test]
    shown = [round(100 * share, 1) for share in (now, found)]
    if test == "streets":
        shown = [round(100 - share, 1) for share in shown]
    shifted = {SHIFTS[index]: shares[index][0] for index in range(1, len(SHIFTS))}
    rest = ", ".join(f"{datum} {100 * share:.0f} %" for datum, share in shifted.items())
    return [finding(code, subject, value=shown[0], limit=shown[1], unit="%", datum=reading.datum, against=against, sample=count, shares=rest)]


def _named_community(table: gpd.GeoDataFrame, communities: gpd.GeoDataFrame) -> npt.NDArray[np.int64]:
    """Return the position of the community whose name stands in the object's compound or name; -1 for none. The longest name counts."""
    stems: dict[str, int] = {}
    for position, name in enumerate(texts(communities, "name")):
        stem = community_stem(name) if name is not None else None
        if stem is not None:
            stems[stem] = -1 if stem in stems else position
    longest_first = sorted(stems, key=len, reverse=True)
    found = np.full(len(table), -1, dtype=np.int64)
    given = texts(table, "community_said")
    wholes = [" ".join(part for part in parts if part) for parts in zip(texts(table, "compound_id"), texts(table, "name"), strict=True)]
    cache: dict[str, int] = {}
    for row, whole in enumerate(wholes):
        own = given[row] or whole
        if own not in cache:
            plain = plain_name(own)
            cache[own] = next((stems[stem] for stem in longest_first if stem in plain), -1)
        found[row] = cache[own]
    return found


def _moved(geometry: npt.NDArray[np.object_], crs: pyproj.CRS) -> list[npt.NDArray[np.object_]]:
    """Return ``geometry`` in the working CRS under every reading."""
    to_degrees = transformer(crs, WGS84)
    coordinates = shapely.get_coordinates(geometry)
    lon, lat = to_degrees.transform(coordinates[:, 0], coordinates[:, 1])
    found = [geometry]
    for reading in READINGS[1:]:
        assert reading.move is not None
        x, y = to_degrees.transform(*reading.move(lon, lat), direction="INVERSE")
        found.append(shapely.set_coordinates(geometry.copy(), np.column_stack([x, y])))
    return found


def _hit(tree: shapely.STRtree, geometry: npt.NDArray[np.object_], distance_m: float) -> float:
    hits = tree.query(geometry, predicate="dwithin", distance=distance_m)[0]
    return len(np.unique(hits)) / max(len(geometry), 1)


def _mean(truths: npt.NDArray[np.bool_]) -> float:
    return float(truths.mean()) if len(truths) else 0.0


def _sample(positions: npt.NDArray[np.int64], count: int = SAMPLE) -> npt.NDArray[np.int64]:
    """Return at most ``count`` of ``positions``, evenly spread over the file."""
    step = max(1, -(-len(positions) // count))
    return positions[::step]

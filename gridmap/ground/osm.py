"""Extracts of OpenStreetMap, ``.osm`` or ``.osm.pbf``: buildings, streets, barriers, gates and venues."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import geopandas as gpd
import numpy as np
import osmium
import pandas as pd
import shapely

from gridmap.errors import InputError
from gridmap.findings import Finding, finding
from gridmap.ground import osm_tags
from gridmap.ground.layers import check_readable

KEYS = ("building", "highway", "waterway", "natural", "landuse", "railway", "barrier", "entrance", *osm_tags.VENUE_KEYS)
"""Objects with none of these keys are of no use here."""

COLUMNS = {
    "buildings": ("building_id", "name", "households", "floors", "use", "address"),
    "streets": ("street_id", "name", "street_class", "walkable", "barrier", "layer", "one_way"),
    "barriers": ("barrier_id", "name", "kind"),
    "gates": ("gate_id", "hours", "public"),
    "venues": ("venue_id", "name", "categories", "address", "phone", "hours", "area_m2", "opened_by", "accessible", "public"),
}
DTYPES = {
    **dict.fromkeys(("households", "floors", "layer"), "Int64"),
    **dict.fromkeys(("walkable", "barrier", "public", "accessible", "one_way"), "boolean"),
    "area_m2": "Float64",
}


@dataclass(frozen=True, eq=False)
class OsmTables:
    """The tables of an extract in longitude and latitude (EPSG:4326), each a GeoDataFrame with a RangeIndex and our column names.

    Ids are columns: ``n``, ``w`` or ``r`` for node, way or relation, and the number in OpenStreetMap. ``buildings`` has a column ``address`` beyond
    those of the district's table.
    """

    buildings: gpd.GeoDataFrame
    streets: gpd.GeoDataFrame
    barriers: gpd.GeoDataFrame
    gates: gpd.GeoDataFrame
    venues: gpd.GeoDataFrame
    findings: tuple[Finding, ...]


@dataclass
class _Collection:
    """What was gathered on the way through the file."""

    file: str
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {name: [] for name in COLUMNS})
    wkb: dict[str, list[bytes]] = field(default_factory=lambda: {name: [] for name in COLUMNS})
    findings: list[Finding] = field(default_factory=list)
    awaited: dict[str, dict[str, str]] = field(default_factory=dict)
    arrived: set[str] = field(default_factory=set)
    doors: dict[int, tuple[dict[str, str], bytes]] = field(default_factory=dict)
    no_streets: Counter[str] = field(default_factory=Counter)
    located: bool = False
    lost: bool = False

    def add(self, table: str, row: dict[str, Any], wkb: bytes) -> None:
        self.rows[table].append(row)
        self.wkb[table].append(wkb)

    def tell(self, code: str, subject: str, **words: Any) -> None:
        self.findings.append(finding(code, subject, file=self.file, **words))


def read_osm(path: Path) -> OsmTables:
    """Return the tables of an extract; what tags mean stands in ``osm_tags.toml``.

    Ways and areas that reach out of the extract are findings: a street is kept as far as it goes, an area of water by its banks as lines, and a
    building that cannot be closed is left out. A building whose outline crosses itself is kept as it is, to be repaired.

    Raises ``InputError`` when the file is missing, empty, damaged or no extract.
    """
    check_readable(path)
    kind = _kind(path)
    try:
        found = _collected(path, osmium.io.File(str(path.resolve()), kind))
        if found.lost and not found.located:
            # Overpass writes ways before their nodes; sorted once, the file reads as any other.
            with TemporaryDirectory(prefix="gridmap-") as folder:
                ordered = Path(folder) / "sorted.osm.pbf"
                _sort(path, kind, ordered)
                found = _collected(path, osmium.io.File(str(ordered), "pbf"))
                _rescue(found, osmium.io.File(str(ordered), "pbf"))
        else:
            _rescue(found, osmium.io.File(str(path.resolve()), kind))
    except (RuntimeError, osmium.InvalidLocationError) as error:
        raise InputError("file_unreadable", file=path.name, reason=" ".join(str(error).split())[:200].rstrip(".")) from error
    for value, count in sorted(found.no_streets.items()):
        found.tell("osm_no_street", f"highway={value}", value=count)
    if not any(found.rows.values()):
        raise InputError("file_without_rows", file=path.name)
    return OsmTables(**{name: _frame(found, name) for name in COLUMNS}, findings=tuple(found.findings))


def _kind(path: Path) -> str:
    """Return the format, so that libosmium guesses nothing from the name."""
    with path.open("rb") as file:
        head = file.read(4096)
    if b"OSMHeader" in head[:64]:
        return "pbf"
    if b"<osm" in head and head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
        return "osm"
    raise InputError("osm_wrong_format", file=path.name)


def _collected(path: Path, file: osmium.io.File) -> _Collection:
    found = _Collection(path.name)
    factory = osmium.geom.WKBFactory()
    wanted = osmium.filter.KeyFilter(*KEYS)
    for thing in osmium.FileProcessor(file).with_areas(wanted).with_filter(wanted):
        tags = dict(thing.tags)
        if thing.is_node():
            _take_node(found, factory, thing, tags)
        elif thing.is_way():
            _take_way(found, factory, thing, tags)
        elif thing.is_area():
            _take_area(found, factory, thing, tags)
        elif tags.get("type") == "multipolygon" and (osm_tags.is_building(tags) or osm_tags.is_water_area(tags)):
            found.awaited[f"r{thing.id}"] = tags
    return found


def _take_node(found: _Collection, factory: Any, node: Any, tags: dict[str, str]) -> None:
    if not node.location.valid():
        return
    point = bytes.fromhex(factory.create_point(node))
    if osm_tags.is_gate(tags):
        found.add("gates", _gate(node.id, tags), point)
    elif "entrance" in tags:
        found.doors[node.id] = tags, point
    if osm_tags.categories(tags):
        found.add("venues", {"venue_id": f"n{node.id}", **osm_tags.venue_values(tags)}, point)


def _gate(node: int, tags: dict[str, str]) -> dict[str, Any]:
    return {"gate_id": f"n{node}", "hours": tags.get("opening_hours"), "public": osm_tags.is_open(tags)}


def _take_way(found: _Collection, factory: Any, way: Any, tags: dict[str, str]) -> None:
    subject = f"w{way.id}"
    closed = way.is_closed() or tags.get("natural") == "water"
    if osm_tags.is_building(tags) or (closed and osm_tags.is_water_area(tags)):
        found.awaited[subject] = tags
    street, barrier = osm_tags.street_class(tags), osm_tags.line_barrier(tags)
    if street is None and "highway" in tags:
        found.no_streets[tags["highway"]] += 1
    if street is None and barrier is None:
        return
    line = _line(found, factory, way, subject)
    if line is None:
        return
    if street is not None:
        row = {"street_id": subject, "name": tags.get("name"), "street_class": street, "walkable": osm_tags.walkable(tags)}
        one_way = osm_tags.one_way(tags)
        drawn = shapely.to_wkb(shapely.reverse(shapely.from_wkb(line))) if one_way < 0 else line
        of_way = {"barrier": street in osm_tags.BARRIER_CLASSES, "layer": osm_tags.layer(tags), "one_way": one_way != 0}
        found.add("streets", {**row, **of_way}, drawn)
    if barrier is not None:
        found.add("barriers", {"barrier_id": subject, "name": tags.get("name"), "kind": barrier}, line)
    if barrier == "wall":
        for node in way.nodes:
            if node.ref in found.doors:
                door, point = found.doors.pop(node.ref)
                found.add("gates", _gate(node.ref, door), point)


def _line(found: _Collection, factory: Any, way: Any, subject: str) -> bytes | None:
    """Return the way as WKB; where nodes are outside the extract, the pieces between them."""
    if all(node.location.valid() for node in way.nodes):
        found.located = True
        try:
            return bytes.fromhex(factory.create_linestring(way))
        except RuntimeError:
            # All its nodes lie on one spot.
            found.tell("osm_no_length", subject)
            return None
    found.lost = True
    pieces = _pieces(way)
    found.located |= bool(pieces)
    absent = sum(not node.location.valid() for node in way.nodes)
    found.tell("osm_way_cut" if pieces else "osm_way_lost", subject, value=absent)
    return shapely.to_wkb(pieces[0] if len(pieces) == 1 else shapely.MultiLineString(pieces)) if pieces else None


def _pieces(way: Any) -> list[shapely.LineString]:
    runs: list[list[tuple[float, float]]] = [[]]
    for node in way.nodes:
        if not node.location.valid():
            runs.append([])
        elif not runs[-1] or runs[-1][-1] != (node.lon, node.lat):
            runs[-1].append((node.lon, node.lat))
    return [shapely.LineString(run) for run in runs if len(run) > 1]


def _take_area(found: _Collection, factory: Any, area: Any, tags: dict[str, str]) -> None:
    building, water, venue = osm_tags.is_building(tags), osm_tags.is_water_area(tags), osm_tags.categories(tags)
    # An outline that cannot be put together arrives as an area without rings.
    if not (building or water or venue) or not area.num_rings()[0]:
        return
    subject = f"{'w' if area.from_way() else 'r'}{area.orig_id()}"
    found.arrived.add(subject)
    wkb = bytes.fromhex(factory.create_multipolygon(area))
    _add_area(found, subject, tags, wkb)


def _add_area(found: _Collection, subject: str, tags: dict[str, str], wkb: bytes) -> None:
    if osm_tags.is_building(tags):
        values, faults = osm_tags.building_values(tags)
        found.add("buildings", {"building_id": subject, **values}, wkb)
        for tag, value in faults.items():
            found.tell("osm_value", subject, column=tag, value=value)
    elif osm_tags.is_water_area(tags):
        found.add("barriers", {"barrier_id": subject, "name": tags.get("name"), "kind": "river"}, wkb)
    if osm_tags.categories(tags):
        inside = shapely.to_wkb(shapely.point_on_surface(shapely.from_wkb(wkb)))
        found.add("venues", {"venue_id": subject, **osm_tags.venue_values(tags)}, inside)


def _rescue(found: _Collection, file: osmium.io.File) -> None:
    """Take what can be had of the areas that could not be put together, and tell of each."""
    missing = {subject: tags for subject, tags in found.awaited.items() if subject not in found.arrived}
    if not missing:
        return
    members = _members(file, {int(subject[1:]) for subject in missing if subject.startswith("r")})
    ways = _way_lines(file, {int(subject[1:]) for subject in missing if subject.startswith("w")} | {way for each in members.values() for way in each})
    for subject, tags in missing.items():
        pieces = [piece for way in members.get(subject, (int(subject[1:]),)) for piece in ways.get(way, ())]
        ring = pieces[0] if len(pieces) == 1 and pieces[0].is_closed and len(pieces[0].coords) > 3 else None
        if ring is not None:
            _add_area(found, subject, tags, shapely.to_wkb(shapely.Polygon(ring)))
            found.tell("osm_area_crossed", subject)
        elif pieces and osm_tags.is_water_area(tags) and not osm_tags.is_building(tags):
            found.add("barriers", {"barrier_id": subject, "name": tags.get("name"), "kind": "river"}, shapely.to_wkb(shapely.MultiLineString(pieces)))
            found.tell("osm_water_by_banks", subject)
        else:
            found.tell("osm_area_lost", subject)


def _members(file: osmium.io.File, relations: set[int]) -> dict[str, list[int]]:
    """Return the member ways of relations."""
    if not relations:
        return {}
    processor = osmium.FileProcessor(file, osmium.osm.RELATION).with_filter(osmium.filter.IdFilter(relations))
    return {f"r{relation.id}": [member.ref for member in relation.members if member.type == "w"] for relation in processor}


def _way_lines(file: osmium.io.File, ways: set[int]) -> dict[int, list[shapely.LineString]]:
    """Return ways as lines, in pieces where nodes are outside the extract."""
    processor = osmium.FileProcessor(file, osmium.osm.NODE | osmium.osm.WAY).with_locations()
    chosen = osmium.filter.IdFilter(ways)
    chosen.enable_for(osmium.osm.WAY)
    only_ways = osmium.filter.EntityFilter(osmium.osm.WAY)
    return {way.id: _pieces(way) for way in processor.with_filter(only_ways).with_filter(chosen)}


def _sort(path: Path, kind: str, ordered: Path) -> None:
    """Write the extract with nodes before ways before relations."""
    merge = osmium.MergeInputReader()
    merge.add_buffer(path.read_bytes(), kind)
    with osmium.SimpleWriter(str(ordered)) as writer:
        merge.apply(writer, simplify=True)


def _frame(found: _Collection, name: str) -> gpd.GeoDataFrame:
    columns = {column: pd.array(_column(found.rows[name], column), dtype=DTYPES.get(column, "str")) for column in COLUMNS[name]}
    geometry = shapely.from_wkb(np.array(found.wkb[name], dtype=object)) if found.wkb[name] else []
    return gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries(geometry, crs="EPSG:4326"), crs="EPSG:4326")


def _column(rows: Iterable[dict[str, Any]], column: str) -> list[Any]:
    return [row[column] for row in rows]

"""KML and KMZ, read without GDAL: a KML may name other files and addresses, and here nothing follows them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast
from xml.etree.ElementTree import Element, ParseError

import numpy as np
import pandas as pd
import shapely
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import parse

from gridmap.errors import InputError
from gridmap.findings import finding
from gridmap.ground import geometries
from gridmap.ground.layers import Layer
from gridmap.ground.vectors import spatial_layer


def read_kml(path: Path) -> list[Layer]:
    """Return the placemarks of a KML file as one layer: name, description, folder, extended data, and geometry in longitude and latitude.

    Raises ``InputError`` when the file is no well-formed KML or defines entities.
    """
    try:
        root = cast(Element, parse(path, forbid_dtd=True).getroot())
    except DefusedXmlException as error:
        raise InputError("file_reaches_out", file=path.name, reason="<!ENTITY>") from error
    except (ParseError, UnicodeError, LookupError, ValueError) as error:
        raise InputError("file_unreadable", file=path.name, reason=" ".join(str(error).split())) from error
    found = [(_attributes(mark, folder), mark) for mark, folder in _placemarks(root, None)]
    columns = pd.DataFrame([attributes for attributes, _ in found], index=pd.RangeIndex(len(found)), dtype="str")
    geometry = np.full(len(found), None, dtype=object)
    findings = []
    for position, (_, mark) in enumerate(found):
        try:
            geometry[position] = _geometry(mark)
        except (ValueError, shapely.errors.GEOSException):
            findings.append(finding("kml_unreadable", path.stem, file=path.name, layer=path.stem, row=position + 1))
    usable, more = geometries.usable_geometry(geometry, file=path.name, layer=path.stem)
    told = {each.row for each in findings}
    findings += [each for each in more if each.row is None or each.row not in told]
    return [spatial_layer(path.name, path.stem, columns, usable, "EPSG:4326", findings=findings)]


def _tag(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _placemarks(element: Element, folder: str | None) -> Iterator[tuple[Element, str | None]]:
    for child in element:
        if _tag(child) == "Placemark":
            yield child, folder
        elif _tag(child) in ("Document", "Folder"):
            name = next((each.text for each in child if _tag(each) == "name"), None)
            yield from _placemarks(child, name if _tag(child) == "Folder" else folder)


def _attributes(mark: Element, folder: str | None) -> dict[str, str | None]:
    values = {"name": None, "description": None, "folder": folder}
    for element in mark.iter():
        tag = _tag(element)
        if element in mark and tag in ("name", "description"):
            values[tag] = element.text
        elif tag == "SimpleData":
            values[element.get("name", "")] = element.text
        elif tag == "Data":
            values[element.get("name", "")] = next((each.text for each in element if _tag(each) == "value"), None)
    return {name: value.strip() or None if value else None for name, value in values.items() if name}


def _geometry(parent: Element) -> Any:
    """Return the first geometry below ``parent``, None when it has none; raises ``ValueError`` when it cannot be built."""
    makers = {"Point": _point, "LineString": _line, "LinearRing": _line, "Polygon": _polygon, "MultiGeometry": _several}
    element = next((each for each in parent if _tag(each) in makers), None)
    return None if element is None else makers[_tag(element)](element)


def _coordinates(element: Element) -> list[tuple[float, float]]:
    text = next((each.text or "" for each in element.iter() if _tag(each) == "coordinates"), "")
    points = [point.split(",") for point in text.split()]
    if any(len(point) < 2 for point in points):
        raise ValueError(text[:50])
    return [(float(point[0]), float(point[1])) for point in points]


def _point(element: Element) -> Any:
    coordinates = _coordinates(element)
    return shapely.Point(coordinates[0]) if coordinates else None


def _line(element: Element) -> Any:
    return shapely.LineString(_coordinates(element))


def _polygon(element: Element) -> Any:
    rings: dict[str, list[list[tuple[float, float]]]] = {"outerBoundaryIs": [], "innerBoundaryIs": []}
    for boundary in element:
        if _tag(boundary) in rings:
            rings[_tag(boundary)].append(_coordinates(boundary))
    if len(rings["outerBoundaryIs"]) != 1:
        raise ValueError("a polygon has one outer boundary")
    # shapely closes rings; one of fewer than three corners is a ValueError.
    return shapely.Polygon(rings["outerBoundaryIs"][0], rings["innerBoundaryIs"])


def _several(element: Element) -> Any:
    holders = [each for each in element if _tag(each) in ("Point", "LineString", "LinearRing", "Polygon", "MultiGeometry")]
    parts = []
    for each in holders:
        wrapper = Element("Placemark")
        wrapper.append(each)
        parts.append(_geometry(wrapper))
    return shapely.GeometryCollection([part for part in parts if part is not None])

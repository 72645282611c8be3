"""Guarded reading of the files that planners have: what a file is, is told by its content; nothing but the file itself is read."""

from __future__ import annotations

import dataclasses
import re
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from gridmap.errors import InputError
from gridmap.ground import archives, csvs, parquets, placemarks, sheets, vectors
from gridmap.ground.layers import Layer, check_readable

__all__ = ["Layer", "check_readable", "kind_of", "read_layers"]

READERS: dict[str, Callable[[Path], list[Layer]]] = {
    "geopackage": vectors.read_geopackage,
    "shapefile": vectors.read_shapefile,
    "geojson": vectors.read_geojson,
    "flatgeobuf": vectors.read_flatgeobuf,
    "kml": placemarks.read_kml,
    "geoparquet": parquets.read_geoparquet,
    "csv": csvs.read_csv,
    "workbook": sheets.read_workbook,
}

FORMATS = "GeoPackage, Shapefile (.shp, .zip), GeoJSON, FlatGeobuf, KML, GeoParquet, CSV, XLS, XLSX"

HEAD_BYTES = 4096
"""As much of a file as is looked at to tell what it is."""

_MAGIC = (
    (b"SQLite format 3\0", "geopackage"),
    (b"\x00\x00\x27\x0a", "shapefile"),
    (b"fgb\x03fgb", "flatgeobuf"),
    (b"PAR1", "geoparquet"),
    (b"\xd0\xcf\x11\xe0", "workbook"),
)

_REACHING_OUT = re.compile(rb"OGRVRTDataSource|VRTDataset|OGRWFSDataSource|WFS_Capabilities|gdal_streamed_alg|GDAL_WMS|GDAL_WMTS", re.IGNORECASE)
"""Words of formats that are no data themselves but say where GDAL should fetch it."""

_GEOJSON = re.compile(
    rb'"(?:features|coordinates|geometry|geometries)"\s*:'
    rb'|"type"\s*:\s*"(?:FeatureCollection|Feature|(?:Multi)?(?:Point|LineString|Polygon))"'
)


def read_layers(path: Path, *, layers: Sequence[str] | None = None) -> list[Layer]:
    """Return the layers of the file at ``path``, or only those named in ``layers``.

    Read are GeoPackage, shapefile, GeoJSON, FlatGeobuf, KML, GeoParquet, and tables (CSV, XLS, XLSX) with columns of longitude and latitude, x and
    y, or WKT; also inside a zip. Faults of single rows are findings of the layer; such a row stays, its geometry None. A layer without geometry
    comes as a plain table.

    Everything is in the arguments and in what comes back, so that a server can run this in a process of its own with limits.

    Raises ``InputError`` with one sentence when the file is missing, empty, no file, not readable, of no known format, names other files or
    addresses, would unpack to far more than it is, has no such layer, or holds no row.
    """
    check_readable(path)
    kind = kind_of(path)
    if kind == "zip":
        found = _read_zip(path)
    elif kind == "geopackage":
        found = vectors.read_geopackage(path, layers)
    else:
        found = READERS[kind](path)
    absent = sorted(set(layers or ()) - {layer.name for layer in found})
    if absent:
        raise InputError("layer_unknown", file=path.name, layer=", ".join(absent), layers=", ".join(layer.name for layer in found))
    found = [layer for layer in found if layers is None or layer.name in layers]
    if not any(len(layer.frame) for layer in found):
        raise InputError("file_without_rows", file=path.name)
    return found


def kind_of(path: Path) -> str:
    """Return the format of the file by its first bytes: ``zip`` or a key of :data:`READERS`.

    Raises ``InputError`` for any other content, above all for one that names other files or addresses.
    """
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    magic = next((kind for start, kind in _MAGIC if head.startswith(start)), None)
    if magic is not None:
        return magic
    if head.startswith(b"PK\x03\x04"):
        return "workbook" if any(name == "xl/workbook.xml" for name, _ in archives.checked_members(path)) else "zip"
    if path.suffix.lower() in (".osm", ".pbf") or b"OSMHeader" in head[:64]:
        raise InputError("file_is_osm", file=path.name)
    return _text_kind(path, head)


def _text_kind(path: Path, head: bytes) -> str:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith((b"<", b"{")):
        reaching_out = _REACHING_OUT.search(text)
        if reaching_out:
            raise InputError("file_reaches_out", file=path.name, reason=reaching_out[0].decode().strip("<"))
        if text.startswith(b"<") and re.search(rb"<(?:\w+:)?kml\b", text):
            return "kml"
        # Where the file opens with a long foreword its name may vouch for it: the driver is fixed, so nothing else can come of it.
        if text.startswith(b"{") and (_GEOJSON.search(text) or (len(head) == HEAD_BYTES and path.suffix.lower() in (".geojson", ".json"))):
            return "geojson"
    elif path.suffix.lower() in (".csv", ".tsv", ".txt") or (path.suffix.lower() == ".xls" and b"\0" not in head):
        return "csv"
    raise InputError("file_wrong_format", file=path.name, formats=FORMATS)


def _read_zip(path: Path) -> list[Layer]:
    """Return the layers of every file in the archive; their ``file`` names the archive and the file in it."""
    with tempfile.TemporaryDirectory(prefix="gridmap-") as folder:
        inside = archives.unpack(path, Path(folder))
        if not inside:
            raise InputError("archive_without_data", file=path.name, formats=FORMATS)
        return [_renamed(layer, f"{path.name}/{name}") for name, file in inside for layer in _read_member(path, name, file)]


def _read_member(path: Path, name: str, file: Path) -> list[Layer]:
    if not file.stat().st_size:
        raise InputError("file_empty", file=f"{path.name}/{name}")
    kind = kind_of(file)
    if kind == "zip":
        raise InputError("file_wrong_format", file=f"{path.name}/{name}", formats=FORMATS)
    return READERS[kind](file)


def _renamed(layer: Layer, file: str) -> Layer:
    return dataclasses.replace(layer, file=file, findings=tuple(dataclasses.replace(each, file=file) for each in layer.findings))

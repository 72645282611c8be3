"""Guarded reading of the files that planners have: what a file is, is told by its content; nothing but the file itself is read."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from gridmap.errors import InputError
from gridmap.ground import csvs, vectors
from gridmap.ground.layers import Layer, with_geometry

__all__ = ["Layer", "read_layers", "with_geometry"]

Reader = Callable[[Path, list[str] | None], list[Layer]]

READERS: dict[str, Reader] = {
    "geopackage": vectors.read_geopackage,
    "shapefile": vectors.read_shapefile,
    "geojson": vectors.read_geojson,
    "flatgeobuf": vectors.read_flatgeobuf,
    "csv": csvs.read_csv,
}

HEAD_BYTES = 4096
"""As much of a file as is looked at to tell what it is."""


def read_layers(path: Path, *, layers: Sequence[str] | None = None) -> list[Layer]:
    """Return the layers of the file at ``path``, or only those named in ``layers``.

    Read are GeoPackage, shapefile, GeoJSON and CSV (longitude and latitude, x and y, or WKT). Faults of single rows are findings of the layer;
    such a row stays, its geometry None.

    Raises ``InputError`` with one sentence when the file is missing, empty, no file, not readable, of another format than its name says, names
    other files, or holds no row.
    """
    check_readable(path)
    kind = kind_of(path)
    found = READERS[kind](path, list(layers) if layers is not None else None)
    if not any(len(layer.frame) for layer in found):
        raise InputError("file_without_rows", file=path.name)
    return found


def check_readable(path: Path) -> None:
    """Raise ``InputError`` unless ``path`` is a file with content that may be read."""
    if not path.exists():
        raise InputError("file_missing", file=str(path))
    if not path.is_file():
        raise InputError("file_is_folder", file=str(path))
    try:
        with path.open("rb") as file:
            content = file.read(1)
    except OSError as error:
        raise InputError("file_not_permitted", file=str(path), reason=error.strerror or type(error).__name__) from error
    if not content:
        raise InputError("file_empty", file=path.name)


def kind_of(path: Path) -> str:
    """Return the format of the file by its first bytes: a key of :data:`READERS`.

    Raises ``InputError`` for any other content, above all for one that names other files or addresses.
    """
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if head.startswith(b"SQLite format 3\0"):
        return "geopackage"
    if head.startswith(b"\x00\x00\x27\x0a"):
        return "shapefile"
    if head.startswith(b"fgb\x03fgb"):
        return "flatgeobuf"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"{"):
        _check_geojson(path, text)
        return "geojson"
    if text.startswith(b"<"):
        raise InputError("file_wrong_format", file=path.name, formats=FORMATS)
    if path.suffix.lower() in (".csv", ".txt", ".tsv"):
        return "csv"
    raise InputError("file_wrong_format", file=path.name, formats=FORMATS)


FORMATS = "GeoPackage (.gpkg), shapefile (.shp, .zip), GeoJSON, CSV"

_JSON_TYPE = re.compile(rb'"type"\s*:\s*"([^"]*)"')


def _check_geojson(path: Path, head: bytes) -> None:
    """Refuse JSON that is not GeoJSON; a pipeline of GDAL, above all, is JSON that names other files."""
    if b"gdal_streamed_alg" in head or (b'"command_line"' in head and b'"coordinates"' not in head):
        raise InputError("file_reaches_out", file=path.name, reason=json.loads('"gdal_streamed_alg"'))
    if not _JSON_TYPE.search(head) and b'"features"' not in head and path.suffix.lower() not in (".geojson", ".json"):
        raise InputError("file_wrong_format", file=path.name, formats=FORMATS)

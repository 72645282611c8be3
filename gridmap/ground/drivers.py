"""The one door to GDAL: of its many drivers only those stay on that gridmap reads and writes.

GDAL opens a file by its content, whatever its name, and some of its formats name other files or addresses on the network (VRT, pipelines,
web services). So the others are switched off before GDAL starts, and :mod:`gridmap.ground.files` looks at the content before GDAL does.
"""

from __future__ import annotations

import os
import sys
from types import ModuleType

ALLOWED = ("ESRI Shapefile", "FlatGeobuf", "GPKG", "GeoJSON")
"""The vector drivers that stay on."""

SKIPPED = (
    "ADBC", "AIVector", "AVCBin", "AVCE00", "AmigoCloud", "CSV", "CSW", "Carto", "DGN", "DXF", "EDIGEO", "EEDA", "ESRIJSON", "Elasticsearch",
    "GDALG", "GML", "GPSBabel", "GPX", "GTFS", "GeoJSONSeq", "GeoRSS", "HTTP", "Idrisi", "JML", "JSONFG", "KML", "LIBKML", "LVBAG", "MBTiles",
    "MEM", "MVT", "MapInfo File", "MapML", "MiraMonVector", "NGW", "OAPIF", "ODS", "OGCAPI", "OGR_GMT", "OGR_PDS", "OGR_VRT", "OSM",
    "OpenFileGDB", "PCIDSK", "PDF", "PDS4", "PGDUMP", "PLSCENES", "PMTiles", "S57", "SQLite", "SXF", "Selafin", "TopoJSON", "VDV", "VFK", "VICAR",
    "WAsP", "WFS", "XLSX",
)  # fmt: skip
"""The vector drivers that are switched off: all others of pyogrio's own GDAL. A test fails when a new release brings more."""


def gdal() -> ModuleType:
    """Return ``pyogrio.raw``, with all drivers but :data:`ALLOWED` switched off when this is the first use of GDAL in the process.

    Where a notebook has used pyogrio before, GDAL stays as it was; the look at the content before each reading guards then too.
    """
    if "pyogrio" not in sys.modules:
        before = os.environ.get("OGR_SKIP")
        os.environ["OGR_SKIP"] = ",".join(SKIPPED)
        try:
            import pyogrio.raw
        finally:
            if before is None:
                del os.environ["OGR_SKIP"]
            else:
                os.environ["OGR_SKIP"] = before
    import pyogrio.raw

    return pyogrio.raw  # type: ignore[no-any-return]


def unexpected_drivers() -> list[str]:
    """Return the drivers that are on although they are not allowed; none in a process that came to GDAL through :func:`gdal`."""
    gdal()
    import pyogrio

    return sorted(set(pyogrio.list_drivers()) - set(ALLOWED))

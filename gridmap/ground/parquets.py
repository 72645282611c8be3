"""GeoParquet, read by Arrow."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pyproj

from gridmap.errors import InputError
from gridmap.ground import geometries
from gridmap.ground.layers import Layer
from gridmap.ground.vectors import frame_of, spatial_layer

UNPACKED_BYTES_MAX = 2_000_000_000
"""As much as an archive may unpack to."""


def read_geoparquet(path: Path) -> list[Layer]:
    """Return a GeoParquet file as one layer; without a CRS in it, it is longitude and latitude, as its standard says.

    Raises ``InputError`` when the file is damaged or its geometry is not WKB.
    """
    try:
        with path.open("rb") as file:
            _refuse_huge(path, pq.read_metadata(file))
            table = pq.read_table(file)
        geo = json.loads((table.schema.metadata or {}).get(b"geo", b"null"))
        if geo is None:
            return [Layer(path.name, path.stem, frame_of(table))]
        name = geo["primary_column"]
        column = geo["columns"][name]
        crs = pyproj.CRS.from_user_input(column["crs"]) if column.get("crs") else None if "crs" in column else "OGC:CRS84"
        if column["encoding"] != "WKB":
            raise InputError("file_unreadable", file=path.name, reason=f"geometry encoding {column['encoding']}")
        wkb = table[name].to_pylist()
    except InputError:
        raise
    except (pa.ArrowException, OSError, KeyError, TypeError, json.JSONDecodeError, pyproj.exceptions.CRSError) as error:
        raise InputError("file_unreadable", file=path.name, reason=" ".join(str(error).split())[:200]) from error
    geometry, findings = geometries.read_wkb(wkb, file=path.name, layer=path.stem)
    return [spatial_layer(path.name, path.stem, frame_of(table.drop_columns([name])), geometry, crs, findings=findings)]


def _refuse_huge(path: Path, metadata: pq.FileMetaData) -> None:
    unpacked = sum(metadata.row_group(place).total_byte_size for place in range(metadata.num_row_groups))
    if unpacked > UNPACKED_BYTES_MAX:
        raise InputError("archive_too_large", file=path.name, value=unpacked // 1_000_000, limit=UNPACKED_BYTES_MAX // 1_000_000)

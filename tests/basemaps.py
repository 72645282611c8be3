"""A map of others on this computer: a server of tiles that knows where one building stands, and draws it in the datum that it is told."""

from __future__ import annotations

import struct
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import CRS, Transformer

from gridmap.ground.coords import wgs84_from_gcj02

TILE = 256
INK, RIM, LAND = (255, 0, 255), (0, 255, 255), (250, 250, 240)
"""The colours of the building, of what lies up to :data:`RIM_M` around it, and of all else."""
RIM_M = 8.0

Pixels = npt.NDArray[np.uint8]


def png(pixels: Pixels) -> bytes:
    """Return a picture (height, width, 3) as a PNG."""
    rows = np.hstack([np.zeros((len(pixels), 1), np.uint8), pixels.reshape(len(pixels), -1)]).tobytes()
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", pixels.shape[1], len(pixels), 8, 2, 0, 0, 0)), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )


def drawn(building: Any, crs: CRS, shifted: bool, z: int, x: int, y: int) -> Pixels:
    """Return a tile, each pixel asked where on the ground it lies."""
    wide = 2**z * TILE
    columns, rows = np.meshgrid(x * TILE + np.arange(TILE) + 0.5, y * TILE + np.arange(TILE) + 0.5)
    lon, lat = columns / wide * 360 - 180, np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * rows / wide))))
    if shifted:
        lon, lat = wgs84_from_gcj02(lon, lat)
    east, north = Transformer.from_crs(4326, crs, always_xy=True).transform(lon, lat)
    pixels = np.full((TILE, TILE, 3), LAND, np.uint8)
    pixels[shapely.contains_xy(building.buffer(RIM_M), east, north)] = RIM
    pixels[shapely.contains_xy(building, east, north)] = INK
    return pixels


@contextmanager
def tiles_served(building: Any, crs: CRS, *, shifted: bool) -> Iterator[tuple[str, list[str]]]:
    """Run the server; give the address of its tiles, for the settings, and the paths that were asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            z, x, y = map(int, self.path.removesuffix(".png").strip("/").split("/"))
            content = png(drawn(building, crs, shifted, z, x, y))
            self.send_response(200)
            self.send_header("Content-Type", "image/png")
            self.send_header("Access-Control-Allow-Origin", "*")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running = threading.Thread(target=server.serve_forever, daemon=True)
    running.start()
    yield f"http://127.0.0.1:{server.server_port}/{{z}}/{{x}}/{{y}}.png", asked
    server.shutdown()
    running.join()
    server.server_close()

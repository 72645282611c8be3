"""Files that make a careless reader open another file or call an address, and a listener on this computer that writes down who calls."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CANARY = "CANARY-OUTSIDE"
"""Stands in the file that nobody may read."""


@contextmanager
def listening() -> Iterator[tuple[int, list[str]]]:
    """Listen; give the port, and the list of what was asked for."""
    asked: list[str] = []

    class Listener(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def do_HEAD(self) -> None:
            self.do_GET()

        def log_message(self, *args: object) -> None:
            return None

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Listener)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield server.server_port, asked
    server.shutdown()
    server.server_close()
    thread.join()


def reaching_out(canary: Path, port: int) -> dict[str, str]:
    """Contents that make GDAL open another file or an address, if it is let."""
    url = f"http://127.0.0.1:{port}"
    source = "<OGRVRTDataSource><OGRVRTLayer name='members'><SrcDataSource>{}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>"
    pipeline = {"type": "gdal_streamed_alg", "command_line": f"gdal vector pipeline ! read {canary} ! reproject --dst-crs EPSG:4326"}
    return {
        "vrt": source.format(canary),
        "vrt_net": source.format(f"/vsicurl/{url}/members.geojson"),
        "wfs": f"<OGRWFSDataSource><URL>{url}/wfs</URL></OGRWFSDataSource>",
        "pipeline": json.dumps(pipeline),
        "hidden_pipeline": json.dumps({"features": [], **pipeline}),
        "late_vrt": " " * 5000 + source.format(canary),
        "kml_link": f"<kml><Document><NetworkLink><Link><href>{url}/a.kml</href></Link></NetworkLink></Document></kml>",
        "esri_url": json.dumps({"type": "FeatureCollection", "features": f"{url}/a.geojson"}),
        "csv_vrt": "a,b\n" + source.format(canary),
        "topology": json.dumps({"type": "Topology", "objects": {"a": {"type": "GeometryCollection", "geometries": []}}, "arcs": []}),
    }

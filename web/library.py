"""The map library and its worker, as they were built into the package: the same two files for every page with a map."""

from __future__ import annotations

from flask import Blueprint, Response, abort, send_from_directory

from gridmap import map_library_folder, page_script
from web.security import public_view

blueprint = Blueprint("library", __name__, url_prefix="/library")

BASEMAP = "basemap.js"
FILES = ("maplibre-gl-csp.js", "maplibre-gl-csp-worker.js", "maplibre-gl.css")


@blueprint.get("/<name>")
@public_view
def file(name: str) -> Response:
    """Give a file of the library, or our script for basemaps; it is asked for again only to learn that it is unchanged."""
    if name == BASEMAP:
        return Response(page_script(BASEMAP), mimetype="text/javascript")
    if name not in FILES:
        abort(404)
    return send_from_directory(map_library_folder(), name, conditional=True)

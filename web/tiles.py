"""Vector tiles of the ground and of the adopted grids, cut from memory when they are asked for, and the arrays that colour them."""

from __future__ import annotations

import gzip
import hashlib
from typing import Any

import numpy as np
from flask import Blueprint, Response, abort, jsonify, request, url_for

from gridmap import (
    RequestError,
    TileLayer,
    assignment,
    buildings_within,
    grids_layer,
    ground_layer,
    ground_layer_names,
    live_tile,
    packed_numbers,
    tile_at,
    vector_layer,
)
from web.failures import failure
from web.ground import Sight
from web.language import language
from web.security import allowed, public_view, signed_in
from web.standing import standing

blueprint = Blueprint("tiles", __name__, url_prefix="/tiles")

STAFF = ("grid_worker", "community", "street_office", "planner", "auditor", "administrator")
MVT = "application/vnd.mapbox-vector-tile"
GZIP_LEVEL = 1
"""A live tile is packed for one visitor: the fastest level."""


@blueprint.get("/layers.json")
@public_view
def layers() -> Response:
    """Tell the layers of the ground: zooms, bounds, number of features, and the address of their tiles."""
    return jsonify(layers=ground_layers_told(standing().ground.sight()))


@blueprint.get("/plan/layers.json")
@allowed(*STAFF)
def plan_layers() -> Response:
    """Tell the same of the grids of the adopted plan; no layer when none is adopted."""
    sight = standing().ground.sight()
    return jsonify(layers=plan_layers_told(sight), plan=None if sight.plan is None else sight.plan.name)


@blueprint.get("/<layer>/<int:z>/<int:x>/<int:y>.mvt")
@public_view
def ground_tile(layer: str, z: int, x: int, y: int) -> Response:
    """Give a tile of the ground."""
    if layer not in ground_layer_names():
        abort(404)
    return _tile(_ground(standing().ground.sight(), layer), z, x, y)


@blueprint.get("/plan/<layer>/<int:z>/<int:x>/<int:y>.mvt")
@allowed(*STAFF)
def plan_tile(layer: str, z: int, x: int, y: int) -> Response:
    """Give a tile of the grids of the adopted plan."""
    sight = standing().ground.sight()
    if layer != "grids" or sight.plan is None:
        abort(404)
    return _tile(_grids(sight), z, x, y)


@blueprint.get("/plan/assignment.bin")
@allowed(*STAFF)
def plan_assignment() -> Response:
    """Give for every building the number of its grid in the adopted plan, as ``packed_numbers`` packs them."""
    sight = standing().ground.sight()
    if sight.plan is None:
        abort(404)
    plan = sight.plan
    return _array(sight.remember("tiles assignment", lambda: packed_numbers(assignment(plan, list(sight.district.buildings.index)))))


@blueprint.get("/buildings/households.bin")
@allowed(*STAFF)
def households() -> Response:
    """Give the households of every building inside the viewer's territory; none where they are unknown or outside it."""
    sight = standing().ground.sight()
    buildings = sight.district.buildings
    user = signed_in()
    inside = np.zeros(len(buildings), dtype=bool)
    if user is not None:
        inside[buildings.index.get_indexer(buildings_within(user.territory, sight.district, sight.plan))] = True
    numbers = buildings["households"].fillna(-1).to_numpy(dtype=np.int64)
    return _array(packed_numbers(np.where(inside, numbers, -1)))


def warm(sight: Sight) -> None:
    """Make the layers of the ground and cut a tile of each, so that no visitor waits for that."""
    for name in ground_layer_names():
        layer = _ground(sight, name)
        if layer.bounds is not None:
            west, south, east, north = layer.bounds
            live_tile(layer, layer.max_zoom, *tile_at((west + east) / 2, (south + north) / 2, layer.max_zoom))


def _ground(sight: Sight, layer: str) -> TileLayer:
    return sight.remember(("tiles", layer), lambda: ground_layer(sight.district, layer))


def _grids(sight: Sight) -> TileLayer:
    plan = sight.plan
    if plan is None:
        abort(404)
    return sight.remember(("tiles", "grids"), lambda: grids_layer(plan))


def ground_layers_told(sight: Sight) -> dict[str, Any]:
    """Return zooms, bounds, number of features and address of tiles of each layer of the ground."""
    return {name: _told(_ground(sight, name), len(getattr(sight.district, name)), "tiles.ground_tile") for name in ground_layer_names()}


def plan_layers_told(sight: Sight) -> dict[str, Any]:
    """Return the same of the grids of the adopted plan, of none while there is no plan."""
    return {} if sight.plan is None else {"grids": _told(_grids(sight), len(sight.plan.grids), "tiles.plan_tile")}


def _told(layer: TileLayer, count: int, endpoint: str) -> dict[str, Any]:
    address = url_for(endpoint, layer=layer.name, z=0, x=0, y=0).removesuffix("0/0/0.mvt") + "{z}/{x}/{y}.mvt"
    return {**vector_layer(layer), "bounds": layer.bounds, "count": count, "tiles": [f"{address}?v={layer.version}"]}


def _tile(layer: TileLayer, z: int, x: int, y: int) -> Response:
    """Give a tile, gzipped where that is understood; nothing standing there is 204, no such tile 404."""
    try:
        tile = live_tile(layer, z, x, y)
    except RequestError as error:
        return failure(404, error.code, error.sentence(language(), page=True))
    response = Response(status=204) if not tile else Response(tile, mimetype=MVT)
    if tile and request.accept_encodings["gzip"]:
        response.set_data(gzip.compress(tile, GZIP_LEVEL, mtime=0))
        response.content_encoding = "gzip"
    response.vary.add("Accept-Encoding")
    # The address names the state of the layer: what it gives never changes.
    if request.args.get("v") == layer.version:
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return _asked_again(response, tile)


def _array(content: bytes) -> Response:
    return _asked_again(Response(content, mimetype="application/octet-stream"), content)


def _asked_again(response: Response, content: bytes) -> Response:
    """Answer 304 where the visitor has this content already."""
    response.set_etag(hashlib.sha256(content).hexdigest()[:20], weak=True)
    response.make_conditional(request)
    return response

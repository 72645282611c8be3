"""Tiles over HTTP: what is in them, who may have them, what may be kept, and what is answered when there is none."""

from __future__ import annotations

import dataclasses
import gzip
import math

import numpy as np
import pytest
from flask.testing import FlaskClient
from tile_reading import read_tile
from webtools import PASSWORD, log_in

from gridmap.ground.tables import District
from gridmap.store.accounts import Accounts, Territory
from gridmap.store.workspace import Workspace
from web import Settings

pytestmark = pytest.mark.slow


@pytest.fixture
def district(settings: Settings) -> District:
    return Workspace(settings.workspace).read_district()


@pytest.fixture
def place(district: District) -> str:
    """A tile in which buildings stand, as it is addressed."""
    middle = district.buildings.geometry.iloc[:1].to_crs(4326).iloc[0].representative_point()
    x = int((middle.x / 360 + 0.5) * 2**14)
    y = int((0.5 - math.asinh(math.tan(math.radians(middle.y))) / (2 * math.pi)) * 2**14)
    return f"14/{x}/{y}"


def test_a_tile_of_buildings(client: FlaskClient, place: str, district: District) -> None:
    reply = client.get(f"/tiles/buildings/{place}.mvt")
    assert reply.status_code == 200
    assert reply.mimetype == "application/vnd.mapbox-vector-tile"
    found = read_tile(reply.data)["buildings"]
    assert all(feature.properties["building_id"] == district.buildings.index[number] for number, feature in found.items())


def test_a_tile_is_packed_for_those_who_understand(client: FlaskClient, place: str) -> None:
    plain = client.get(f"/tiles/buildings/{place}.mvt")
    packed = client.get(f"/tiles/buildings/{place}.mvt", headers={"Accept-Encoding": "gzip, br"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert gzip.decompress(packed.data) == plain.data


def test_an_unchanged_tile_is_not_sent_again(client: FlaskClient, place: str) -> None:
    first = client.get(f"/tiles/buildings/{place}.mvt")
    again = client.get(f"/tiles/buildings/{place}.mvt", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert first.headers["Cache-Control"] == "no-cache"


def test_an_address_with_the_version_is_kept_for_good(client: FlaskClient, place: str) -> None:
    told = client.get("/tiles/layers.json").json["layers"]["buildings"]
    address = told["tiles"][0].replace("{z}/{x}/{y}", place)
    assert "immutable" in client.get(address).headers["Cache-Control"]
    assert client.get(address[:-1]).headers["Cache-Control"] == "no-cache"


def test_an_edited_plan_changes_no_tile_of_the_ground(client: FlaskClient, place: str, settings: Settings) -> None:
    before = client.get("/tiles/layers.json").json, client.get(f"/tiles/buildings/{place}.mvt").headers["ETag"]
    workspace = Workspace(settings.workspace)
    workspace.save_plan(dataclasses.replace(workspace.read_plan("first"), name="second"))
    workspace.adopt("second")
    assert (client.get("/tiles/layers.json").json, client.get(f"/tiles/buildings/{place}.mvt").headers["ETag"]) == before


def test_layers_tell_what_they_hold(client: FlaskClient, district: District) -> None:
    layers = client.get("/tiles/layers.json").json["layers"]
    assert {name: layer["count"] for name, layer in layers.items()} == {name: len(getattr(district, name)) for name in layers}
    assert layers["buildings"]["minzoom"] == 13
    assert "households" not in str(layers)


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("buildings/25/0/0.mvt", "tiles_zoom_missing"),
        ("buildings/0/0/0.mvt", "tiles_zoom_missing"),
        ("buildings/14/16384/0.mvt", "tiles_place_missing"),
        ("buildings/14/0/99999999999999999999.mvt", "tiles_place_missing"),
        ("members/14/0/0.mvt", "server_404"),
        ("buildings/-1/0/0.mvt", "server_404"),
        ("buildings/14/x/0.mvt", "server_404"),
    ],
)
def test_tiles_that_are_not_there(address: str, code: str, client: FlaskClient) -> None:
    reply = client.get(f"/tiles/{address}")
    assert (reply.status_code, reply.json["error"]["code"]) == (404, code)
    assert reply.headers["Cache-Control"] == "no-store"


def test_a_tile_with_nothing_in_it(client: FlaskClient) -> None:
    reply = client.get("/tiles/buildings/14/0/0.mvt")
    assert (reply.status_code, reply.data) == (204, b"")


PRIVATE = ("/tiles/plan/layers.json", "/tiles/plan/assignment.bin", "/tiles/buildings/households.bin", "/tiles/plan/grids/{place}.mvt")


@pytest.mark.parametrize("address", PRIVATE)
def test_what_is_private_is_kept_nowhere(address: str, place: str, as_role, client: FlaskClient) -> None:
    reply = as_role("planner").get(address.format(place=place))
    assert reply.status_code == 200
    assert reply.headers["Cache-Control"] == "no-store"
    assert client.get(address.format(place=place)).status_code == 401


def test_the_assignment_is_by_feature(as_role, place: str, settings: Settings) -> None:
    planner = as_role("planner")
    plan = Workspace(settings.workspace).read_plan("first")
    numbers = np.frombuffer(planner.get("/tiles/plan/assignment.bin").data, dtype="<u2")
    grids = {number: f.properties["grid_id"] for number, f in read_tile(planner.get(f"/tiles/plan/grids/{place}.mvt").data)["grids"].items()}
    buildings = read_tile(planner.get(f"/tiles/buildings/{place}.mvt").data)["buildings"]
    assert buildings
    for number, building in buildings.items():
        its = {plan.grid_of[atom] for atom in plan.atoms.index[plan.atoms["source_building_id"] == building.properties["building_id"]]}
        assert grids.get(int(numbers[number]), next(iter(its))) in its


def households_seen(client: FlaskClient) -> np.ndarray:
    return np.frombuffer(client.get("/tiles/buildings/households.bin").data, dtype="<u2")


def test_households_are_told_inside_the_territory_only(as_role, accounts: Accounts, district: District, settings: Settings) -> None:
    buildings = district.buildings
    known = buildings["households"].fillna(65535).to_numpy(dtype=np.int64)
    assert households_seen(as_role("planner")).tolist() == known.tolist()
    plan = Workspace(settings.workspace).read_plan("first")
    grid, community = str(plan.grids.index[0]), str(buildings["community_id"].iloc[0])
    for role, territory, inside in (
        ("grid_worker", Territory("grids", (grid,)), buildings.index.isin(plan.atoms["source_building_id"][plan.grid_of == grid])),
        ("community", Territory("community", (community,)), buildings["community_id"] == community),
        ("community", Territory("community", ("nowhere",)), np.zeros(len(buildings), dtype=bool)),
    ):
        name = f"{role}{territory.ids[0]}".replace(" ", "")
        accounts.add(name, PASSWORD, role, territory, by="test")  # type: ignore[arg-type]
        client = as_role("public")
        assert log_in(client, name) == 302
        seen = households_seen(client)
        assert set(np.flatnonzero(seen != 65535)) <= set(np.flatnonzero(inside))
        assert (seen[np.asarray(inside)] != 65535).sum() >= (0 if not np.asarray(inside).any() else 1)

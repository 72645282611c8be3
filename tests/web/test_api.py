"""The API: what it tells to whom, pages, bad input, and that every reply is as its description says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as examples
from webtools import PASSWORD, log_in

from gridmap.circles.coverage import coverage
from gridmap.findings import finding
from gridmap.ground.tables import District
from gridmap.rules import load_rules
from gridmap.store.accounts import Accounts, Territory
from gridmap.store.workspace import Workspace
from web import Settings
from web.api import description_of

pytestmark = pytest.mark.slow

BOUNDED = examples(max_examples=8, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck), derandomize=True, database=None)
LISTS = ("communities", "buildings", "grids", "venues", "plans", "coverage", "findings")


@pytest.fixture(scope="module")
def made_workspace(made_town: Path) -> Path:
    return made_town


@pytest.fixture(scope="module")
def district(made_workspace: Path) -> District:
    return Workspace(made_workspace).read_district()


@pytest.fixture
def planner(as_role) -> FlaskClient:
    return as_role("planner")


def asked(client: FlaskClient, path: str, **query: Any) -> dict[str, Any]:
    reply = client.get(f"/api/{path}", query_string=query)
    assert reply.status_code == 200, reply.text
    return dict(reply.json)


def all_of(client: FlaskClient, path: str, **query: Any) -> list[dict[str, Any]]:
    """Return every row, page by page."""
    rows: list[dict[str, Any]] = []
    address = client.get(f"/api/{path}", query_string=query).request.path
    page = asked(client, path, **query)
    while True:
        rows += page["rows"]
        if page["next"] is None:
            assert len(rows) == page["total"]
            return rows
        assert page["next"].startswith(address)
        page = dict(client.get(page["next"]).json)


@pytest.mark.parametrize("path", [each for each in LISTS if each != "findings"])
def test_lists_come_in_pages(path: str, planner: FlaskClient) -> None:
    whole = asked(planner, path, limit=1000)
    assert whole["total"] > 0
    assert asked(planner, path, limit=2, offset=1)["rows"] == whole["rows"][1:3]
    assert asked(planner, path, offset=10**8)["rows"] == []


def test_pages_lead_to_one_another(planner: FlaskClient, district: District) -> None:
    assert [each["building_id"] for each in all_of(planner, "buildings", limit=90)] == district.buildings.index.tolist()


def test_buildings_of_a_community(planner: FlaskClient, district: District) -> None:
    community = district.communities.index[1]
    found = all_of(planner, "buildings", community_id=community)
    homes = district.buildings[district.buildings["community_id"] == community]
    assert [(each["building_id"], each["households"]) for each in found] == list(homes["households"].items())


def test_coverage_is_that_of_the_command_line(planner: FlaskClient, district: District) -> None:
    table = coverage(district, load_rules("nantong"), minutes=5).table
    rows = table[table["category"] == "medical"]
    found = all_of(planner, "coverage", category="medical", minutes=5, limit=1000)
    assert [each["reason"] for each in found] == rows["reason"].astype(object).where(rows["reason"].notna(), None).tolist()
    assert [each["metres"] for each in found] == rows["metres"].astype(object).where(rows["metres"].notna(), None).tolist()


def test_the_plan_is_told(planner: FlaskClient, settings: Settings) -> None:
    plan = Workspace(settings.workspace).read_plan("first")
    assert asked(planner, "district")["plan"] == "first"
    assert {each["grid_id"]: each["households"] for each in all_of(planner, "grids")} == plan.grids["households"].to_dict()
    assert [(each["name"], each["adopted"]) for each in all_of(planner, "plans")] == [("first", True)]


def test_without_a_plan_there_are_no_grids(planner: FlaskClient, settings: Settings, district: District) -> None:
    settings.workspace.unlink()
    Workspace(settings.workspace).write_ground(district, [])
    assert asked(planner, "district")["plan"] is None
    assert asked(planner, "grids")["total"] == 0
    assert {each["grid_id"] for each in asked(planner, "buildings")["rows"]} == {None}


def test_findings_are_told_in_words(planner: FlaskClient, settings: Settings, district: District) -> None:
    found = [finding("streets_none_walkable", "streets", value=5), finding("coverage_households_unknown", "B1", value=3)]
    Workspace(settings.workspace).write_ground(district, found)
    rows = [each for each in asked(planner, "findings", lang="en")["rows"] if each["about"] == "ground"]
    assert [(each["code"], each["text"]) for each in rows] == [(each.code, each.text("en")) for each in found]
    severity = found[0].severity
    assert {each["severity"] for each in asked(planner, "findings", severity=severity)["rows"]} == {severity}


# --- who sees what -------------------------------------------------------------------------------------------------------------------------------


def test_households_are_told_inside_the_territory_only(accounts: Accounts, as_role, district: District) -> None:
    home = str(district.communities.index[0])
    accounts.add("mei", PASSWORD, "community", Territory("community", (home,)), by="test")
    client = as_role("public")
    assert log_in(client, "mei") == 302
    for path in ("communities", "buildings", "grids"):
        rows = all_of(client, path, limit=1000)
        assert {each["community_id"] for each in rows if each["households"] is not None} == {home}
        assert len({each["community_id"] for each in rows}) == 2


def test_a_part_of_a_community_does_not_tell_its_households(accounts: Accounts, as_role, settings: Settings) -> None:
    grid = str(Workspace(settings.workspace).read_plan("first").grids.index[0])
    accounts.add("lan", PASSWORD, "grid_worker", Territory("grids", (grid,)), by="test")
    client = as_role("public")
    assert log_in(client, "lan") == 302
    assert {each["households"] for each in all_of(client, "communities")} == {None}
    assert [each["grid_id"] for each in all_of(client, "grids") if each["households"] is not None] == [grid]


def test_the_public_hears_of_public_venues_alone(client: FlaskClient, district: District) -> None:
    told = {each["venue_id"] for each in all_of(client, "venues")}
    assert told == set(district.venues.index[district.venues["public"]])
    assert {path for path in LISTS if client.get(f"/api/{path}").status_code != 401} == {"venues"}
    assert client.get("/api/communities").json["error"]["code"] == "server_401"


# --- what makes no sense -------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "query", "code", "told"),
    [
        ("buildings", "limit=1000000000", "api_value", "1-1000"),
        ("buildings", "limit=0", "api_value", "1-1000"),
        ("buildings", "limit=ten", "api_value", "1-1000"),
        ("buildings", "offset=-1", "api_value", "0-100000000"),
        ("buildings", "households=5", "api_unknown", "community_id"),
        ("buildings", "community_id=", "api_value", "1-200"),
        ("coverage", "minutes=1e9", "api_value", "1-60"),
        ("coverage", "category=nonesuch", "api_value", "medical"),
        ("findings", "severity=grave", "api_value", "warning"),
        ("district", "limit=5", "api_unknown", "limit"),
    ],
)
def test_senseless_requests_are_told_what_may_be(path: str, query: str, code: str, told: str, planner: FlaskClient) -> None:
    reply = planner.get(f"/api/{path}?{query}")
    assert (reply.status_code, reply.json["error"]["code"]) == (400, code)
    assert told in reply.json["error"]["text"]
    assert set(reply.json["error"]) == {"code", "text", "request_id"}


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_it_is_read_only(method: str, planner: FlaskClient) -> None:
    assert planner.open("/api/buildings", method=method).status_code in (400, 405)


def test_failures_speak_the_language_that_is_asked_for(planner: FlaskClient) -> None:
    assert "may be" in planner.get("/api/buildings?limit=0&lang=en").json["error"]["text"]


def test_what_is_still_computed_is_said_to_be(planner: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.api.walks_now", lambda _: None)
    reply = planner.get("/api/coverage")
    assert (reply.status_code, reply.json["error"]["code"], reply.headers["Retry-After"]) == (503, "staff_working", "5")


# --- the description -----------------------------------------------------------------------------------------------------------------------------


def test_the_description_tells_every_view(app: Flask, client: FlaskClient) -> None:
    told = client.get("/api/openapi.json").json
    views = {rule.rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/api/") and rule.endpoint != "api.openapi"}
    assert set(told["paths"]) == views
    assert told["openapi"] == "3.1.0"


@pytest.mark.slow
def test_the_description_is_valid(app: Flask) -> None:
    import schemathesis  # takes seconds, which the quick part has no use for

    with app.app_context():
        schemathesis.openapi.from_dict(description_of(app)).validate()


@pytest.mark.slow
def test_replies_are_as_described(app: Flask, planner: FlaskClient) -> None:
    """schemathesis asks for what the description allows, and for what it does not; every reply is one that is described."""
    import schemathesis
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance

    assert planner.get("/api/coverage").status_code == 200
    schema = schemathesis.openapi.from_wsgi("/api/openapi.json", app)
    cookie = planner.get_cookie("gridmap_session")
    assert cookie is not None
    checks = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
    for found in schema.get_all_operations():
        operation = found.ok()
        for mode in schemathesis.GenerationMode:
            if mode is schemathesis.GenerationMode.NEGATIVE and not operation.query:
                continue

            @given(case=operation.as_strategy(generation_mode=mode))
            @BOUNDED
            def ask(case: Any) -> None:
                case.call_and_validate(cookies={"gridmap_session": cookie.value}, checks=checks)

            ask()

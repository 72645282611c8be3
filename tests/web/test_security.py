"""Who may ask for what: every role at every view, forged requests, guessing, headers."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from webtools import PASSWORD, PEOPLE, log_in, token_of

from gridmap.store.audit import AuditLog
from gridmap.store.private import PrivateStore
from web import Settings, create_app
from web.security import access_of, check_declarations

ROLES = ("public", *PEOPLE)
EVERYBODY = frozenset(ROLES)
ACCOUNTS = frozenset(PEOPLE)
PLANNERS = frozenset({"planner", "administrator"})
ENTRUSTED = ACCOUNTS - {"planner", "auditor"}
IMPORTERS = frozenset({"community", "street_office", "administrator"})
AUDITORS = frozenset({"auditor", "administrator"})
OVERSEERS = PLANNERS | {"auditor"}

MATRIX = {
    "static": EVERYBODY,
    "public.page": EVERYBODY,
    "watching.health": EVERYBODY,
    "watching.metrics": EVERYBODY,
    "accounts.login": EVERYBODY,
    "accounts.logout": ACCOUNTS,
    "accounts.home": ACCOUNTS,
    "accounts.password": ACCOUNTS,
    "administration.accounts": AUDITORS,
    "administration.add": frozenset({"administrator"}),
    "administration.account": frozenset({"administrator"}),
    "administration.change": frozenset({"administrator"}),
    "administration.disable": frozenset({"administrator"}),
    "administration.password": frozenset({"administrator"}),
    "auditing.page": AUDITORS,
    "auditing.verify": AUDITORS,
    "auditing.export": AUDITORS,
    "start.page": PLANNERS,
    "start.state": PLANNERS,
    "start.add_files": PLANNERS,
    "start.clear_files": PLANNERS,
    "start.begin": PLANNERS,
    "start.job": PLANNERS,
    "start.cancel": PLANNERS,
    "start.file": PLANNERS,
    "tiles.layers": EVERYBODY,
    "tiles.ground_tile": EVERYBODY,
    "tiles.plan_layers": ACCOUNTS,
    "tiles.plan_tile": ACCOUNTS,
    "tiles.plan_assignment": ACCOUNTS,
    "tiles.households": ACCOUNTS,
    "members.page": ACCOUNTS,
    "members.data": ACCOUNTS,
    "members.building": ENTRUSTED,
    "members.export": ENTRUSTED,
    "members.figures": EVERYBODY,
    "member_import.page": IMPORTERS,
    "member_import.add_file": IMPORTERS,
    "member_import.begin": IMPORTERS,
    "member_import.job": IMPORTERS,
    "member_import.cancel": IMPORTERS,
    "library.file": EVERYBODY,
    "coverage.page": ACCOUNTS,
    "coverage.walks": ACCOUNTS,
    "coverage.homes": ACCOUNTS,
    "coverage.venues": ACCOUNTS,
    "coverage.figures": ACCOUNTS,
    "coverage.building": ACCOUNTS,
    "coverage.circles": ACCOUNTS,
    "coverage.sites": ACCOUNTS,
    "coverage.search": ACCOUNTS,
    "coverage.workbook": ACCOUNTS,
    "api.openapi": EVERYBODY,
    "api.venues": EVERYBODY,
    "api.district": ACCOUNTS,
    "api.communities": ACCOUNTS,
    "api.buildings": ACCOUNTS,
    "api.grids": ACCOUNTS,
    "api.coverage": ACCOUNTS,
    "api.plans": OVERSEERS,
    "api.findings": OVERSEERS,
}
"""Who may ask for each view. A new view is written down here by whoever adds it; what it shows of a territory has tests of its own."""


def address_of(rule: Any) -> str:
    """Return an address of a view, its variable parts filled in."""
    given = {"filename": "gridmap.css", "ending": "csv", **dict.fromkeys(("z", "x", "y", "position", "user_id"), 1)}
    values = {name: given.get(name, "nonesuch") for name in rule.arguments}
    return str(rule.build(values)[1])


def test_every_view_is_in_the_matrix(app: Flask) -> None:
    assert sorted({rule.endpoint for rule in app.url_map.iter_rules()}) == sorted(MATRIX)


@pytest.mark.slow
@pytest.mark.parametrize("role", ROLES)
def test_roles_and_views(role: str, app: Flask, as_role) -> None:
    client, found = as_role(role), {}
    token = token_of(client, "/account/")
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.endpoint == "accounts.logout"):
        for method in sorted(rule.methods & {"GET", "POST", "PUT", "DELETE", "PATCH"}):
            reply = client.open(address_of(rule), method=method, headers={"X-CSRFToken": token})
            code = reply.json.get("error", {}).get("code") if reply.is_json else None
            found[rule.endpoint, method] = code not in ("server_401", "server_403")
            reply.close()
    assert found == {(endpoint, method): role in MATRIX[endpoint] for endpoint, method in found}


def test_what_a_view_declares_is_what_the_matrix_says(app: Flask) -> None:
    declared = {endpoint: access_of(app, endpoint) for endpoint in app.view_functions}
    assert {name: EVERYBODY if access.is_public else access.roles for name, access in declared.items()} == MATRIX


def test_a_view_without_a_declaration_is_refused(app: Flask) -> None:
    app.view_functions["careless"] = lambda: "everything"
    app.url_map.add(app.url_rule_class("/careless", endpoint="careless"))
    with pytest.raises(LookupError, match="careless"):
        check_declarations(app)


def test_nobody_known_is_led_to_the_login_and_back(client: FlaskClient) -> None:
    reply = client.get("/account/password", headers={"Accept": "text/html"})
    assert reply.location == "/account/login?next=/account/password"


@pytest.mark.parametrize(
    ("target", "goes"), [("/account/password", "/account/password"), ("//evil.test/", "/account/"), ("https://evil.test", "/account/")]
)
def test_a_login_leads_nowhere_else(target: str, goes: str, client: FlaskClient) -> None:
    form = {"name": "planner", "password": PASSWORD, "csrf_token": token_of(client), "next": target}
    assert client.post("/account/login", data=form).location == goes


@pytest.mark.parametrize("address", ["/account/login", "/account/logout", "/account/password"])
def test_a_forged_request_is_refused(address: str, as_role) -> None:
    reply = as_role("planner").post(address, data={"name": "x"})
    assert (reply.status_code, reply.json["error"]["code"]) == (400, "server_csrf")


def test_guessing_is_limited(settings: Settings) -> None:
    client = create_app(dataclasses.replace(settings, login_limit="3 per minute")).test_client()
    assert [log_in(client, f"nobody{number}", "wrong password") for number in range(4)] == [401, 401, 401, 429]


def test_guessing_from_many_addresses_is_limited(settings: Settings) -> None:
    client = create_app(dataclasses.replace(settings, login_limit="3 per minute")).test_client()
    token, found = token_of(client), []
    for number in range(4):
        form = {"name": "Planner ", "password": "wrong password", "csrf_token": token}
        found.append(client.post("/account/login", data=form, environ_base={"REMOTE_ADDR": f"10.0.0.{number}"}).status_code)
    assert found == [401, 401, 401, 429]


def test_requests_are_limited(settings: Settings) -> None:
    client = create_app(dataclasses.replace(settings, request_limit="2 per minute")).test_client()
    assert [client.get("/health").status_code for _ in range(3)] == [200, 200, 429]


def test_headers(client: FlaskClient) -> None:
    headers = client.get("/account/login").headers
    assert "script-src 'nonce-" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert (headers["X-Content-Type-Options"], headers["X-Frame-Options"]) == ("nosniff", "DENY")


def test_a_nonce_is_used_once(client: FlaskClient) -> None:
    assert len({client.get("/account/login").headers["Content-Security-Policy"] for _ in range(3)}) == 3


@pytest.mark.parametrize("https", [False, True])
def test_cookies(https: bool, settings: Settings) -> None:
    reply = create_app(dataclasses.replace(settings, https=https)).test_client().get("/account/login?lang=en")
    kept = {line.partition("=")[0]: line for line in reply.headers.getlist("Set-Cookie")}
    assert "HttpOnly" in kept["gridmap_session"]
    assert "SameSite=Lax" in kept["gridmap_session"]
    assert ("Secure" in kept["gridmap_session"]) == https == ("Strict-Transport-Security" in reply.headers)


def test_private_replies_are_kept_nowhere(as_role) -> None:
    assert as_role("planner").get("/account/").headers["Cache-Control"] == "no-store"
    assert as_role("public").get("/account/").headers["Cache-Control"] == "no-store"


def test_a_refusal_is_in_the_audit_log(app: Flask, settings: Settings, as_role) -> None:
    @app.get("/inner")
    def inner() -> str:
        return "secret"

    inner.access = dataclasses.replace(access_of(app, "accounts.home"), roles=frozenset({"administrator"}))
    assert as_role("planner").get("/inner").status_code == 403
    entry = AuditLog(PrivateStore(settings.private_path)).entries()[0]
    assert (entry.actor, entry.action, entry.subject) == ("planner", "refused", "/inner")

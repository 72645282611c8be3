"""The same for programs: lists in JSON, to be read only, described by ``/api/openapi.json``, under the same rules of access as the pages."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Blueprint, Flask, Response, current_app, jsonify, request, url_for
from marshmallow import RAISE, Schema, ValidationError
from marshmallow.validate import OneOf, Range

import web.api_schemas as shapes
from gridmap import (
    RequestError,
    building_records,
    community_records,
    grid_records,
    grids_within,
    venue_records,
    walk_limit,
)
from web.coverage import bounds_here, records, territory_mask, walks_now
from web.failures import failure
from web.language import language, say
from web.security import access_of, allowed, any_account, public_view, signed_in
from web.standing import standing

blueprint = Blueprint("api", __name__, url_prefix="/api")

OVERSEERS = ("planner", "auditor", "administrator")
"""Those who see the whole district: plans and findings tell figures of all of it."""
TABLES = ("communities", "buildings", "streets", "barriers", "gates", "venues")
LANGUAGE = "lang"
COOKIE = "session"

View = Callable[[Mapping[str, Any]], Response]


@dataclass(frozen=True, slots=True)
class Description:
    """What a view does in a sentence, the shape of what it takes, and that of its reply or of its reply's rows."""

    summary: str
    takes: type[Schema] | None
    gives: type[Schema]


def described(summary: str, *, gives: type[Schema], takes: type[Schema] | None = None) -> Callable[[View], Callable[[], Response]]:
    """Describe a view, and hand it what the address asks for, checked; raises ``RequestError`` for what makes no sense."""

    def wrap(view: View) -> Callable[[], Response]:
        @functools.wraps(view)
        def checked() -> Response:
            return view(_asked(takes))

        checked.described = Description(summary, takes, gives)  # type: ignore[attr-defined]
        return checked

    return wrap


def _asked(takes: type[Schema] | None) -> dict[str, Any]:
    """Return what the address asks for; raises ``RequestError`` for the first thing in it that makes no sense."""
    given = {name: value for name, value in request.args.items() if name != LANGUAGE}
    schema = takes() if takes else Schema()
    try:
        return dict(schema.load(given, unknown=RAISE))
    except ValidationError as error:
        name = next(iter(error.messages_dict))
    if name not in schema.fields:
        raise RequestError("api_unknown", name=name[:20], known=", ".join(schema.fields) or "—")
    raise RequestError("api_value", name=name, value=given[name][:20], allowed=_allowed(schema.fields[name]))


def _allowed(field: Any) -> str:
    """Return in few words what a field may be."""
    for each in field.validators:
        if isinstance(each, Range):
            return f"{each.min}-{each.max}"
        if isinstance(each, OneOf | shapes.OfRules):
            return ", ".join(each.choices)
    return f"1-{shapes.TEXT_MOST} 字 / characters"


def _page(rows: list[dict[str, Any]], total: int, asked: Mapping[str, Any], gives: type[Schema]) -> Response:
    """Return a page of a list: ``rows``, ``total``, ``limit``, ``offset``, and ``next``, the address of the next page."""
    limit, offset = asked["limit"], asked["offset"]
    more = {**request.args.to_dict(), "limit": limit, "offset": offset + limit}
    following = url_for(str(request.endpoint), **more) if offset + limit < total else None
    return jsonify(rows=gives(many=True).dump(rows), total=total, limit=limit, offset=offset, next=following)


def _page_of(table: Any, asked: Mapping[str, Any], gives: type[Schema]) -> Response:
    """Return a page of a table."""
    return _page(records(table.iloc[asked["offset"] : asked["offset"] + asked["limit"]]), len(table), asked, gives)


def _of_community(table: Any, asked: Mapping[str, Any]) -> Any:
    return table[table["community_id"] == asked["community_id"]] if "community_id" in asked else table


@blueprint.get("/openapi.json")
@public_view
def openapi() -> Response:
    """Describe the API."""
    return jsonify(description_of(current_app))


@blueprint.get("/district")
@any_account
@described("The district, its adopted plan and how much there is.", gives=shapes.District)
def district(_: Mapping[str, Any]) -> Response:
    """Tell of the district."""
    sight = standing().ground.sight()
    found = sight.district
    told = {
        "name": found.name or standing().ground.workspace.path.stem,
        "crs": found.crs.to_string(),
        "bounds": bounds_here(sight),
        "plan": None if sight.plan is None else sight.plan.name,
        "counts": {name: len(getattr(found, name)) for name in TABLES},
    }
    return jsonify(shapes.District().dump(told))


@blueprint.get("/communities")
@any_account
@described("The communities.", takes=shapes.Page, gives=shapes.Community)
def communities(asked: Mapping[str, Any]) -> Response:
    """List the communities."""
    sight = standing().ground.sight()
    return _page_of(community_records(sight.district, territory_mask(sight)), asked, shapes.Community)


@blueprint.get("/buildings")
@any_account
@described("The buildings, with their grid in the adopted plan.", takes=shapes.InCommunity, gives=shapes.Building)
def buildings(asked: Mapping[str, Any]) -> Response:
    """List the buildings."""
    sight, user = standing().ground.sight(), signed_in()
    assert user is not None
    key = ("api buildings", user.territory)
    table = sight.remember(key, lambda: building_records(sight.district, sight.plan, territory_mask(sight)))
    return _page_of(_of_community(table, asked), asked, shapes.Building)


@blueprint.get("/grids")
@any_account
@described("The grids of the adopted plan; none when no plan is adopted.", takes=shapes.InCommunity, gives=shapes.Grid)
def grids(asked: Mapping[str, Any]) -> Response:
    """List the grids."""
    sight, user = standing().ground.sight(), signed_in()
    assert user is not None
    if sight.plan is None:
        return _page([], 0, asked, shapes.Grid)
    table = grid_records(sight.plan, grids_within(user.territory, sight.district, sight.plan))
    return _page_of(_of_community(table, asked), asked, shapes.Grid)


@blueprint.get("/venues")
@public_view
@described("The venues that are open to the public; no account is needed.", takes=shapes.Page, gives=shapes.Venue)
def venues(asked: Mapping[str, Any]) -> Response:
    """List the public venues."""
    sight = standing().ground.sight()
    table = sight.remember("api venues", lambda: venue_records(sight.district, sight.rules))
    return _page_of(table, asked, shapes.Venue)


@blueprint.get("/plans")
@allowed(*OVERSEERS)
@described("The plans, for those who see the whole district.", takes=shapes.Page, gives=shapes.Plan)
def plans(asked: Mapping[str, Any]) -> Response:
    """List the plans."""
    return _page_of(standing().ground.workspace.plans(), asked, shapes.Plan)


@blueprint.get("/coverage")
@any_account
@described("How far it is from each building to the nearest venue of each category.", takes=shapes.Walking, gives=shapes.Walk)
def coverage(asked: Mapping[str, Any]) -> Response:
    """List the walks."""
    sight = standing().ground.sight()
    found = walks_now(sight)
    if found is None:
        response = failure(503, "staff_working", say("staff_working"))
        response.headers["Retry-After"] = "5"
        return response
    limit = walk_limit(sight.rules, asked["walk"], asked["minutes"])
    table = sight.remember(("api walks", limit.walk, limit.minutes), lambda: found.coverage.within(limit).table)
    if "category" in asked:
        table = table[table["category"] == asked["category"]]
    if "community_id" in asked:
        homes = sight.district.buildings["community_id"]
        table = table[table["building_id"].isin(homes.index[homes == asked["community_id"]])]
    return _page_of(table, asked, shapes.Walk)


@blueprint.get("/findings")
@allowed(*OVERSEERS)
@described("What is broken or doubtful, for those who see the whole district.", takes=shapes.Grave, gives=shapes.Finding)
def findings(asked: Mapping[str, Any]) -> Response:
    """List the findings on the ground and on the adopted plan."""
    sight, spoken = standing().ground.sight(), language()
    found = [("ground", each) for each in standing().ground.workspace.ground_findings()]
    found += [("plan", each) for each in (() if sight.plan is None else sight.plan.findings)]
    chosen = [(about, each) for about, each in found if each.severity == asked.get("severity", each.severity)]
    rows = [
        {name: getattr(each, name) for name in ("code", "subject", "severity", "community_id", "grid_id")}
        | {"about": about, "text": each.text(spoken, page=True)}
        for about, each in chosen[asked["offset"] : asked["offset"] + asked["limit"]]
    ]
    return _page(rows, len(chosen), asked, shapes.Finding)


def description_of(app: Flask) -> dict[str, Any]:
    """Return the OpenAPI description of every view that is described, made from the shapes that requests and replies are held to."""
    plugin = MarshmallowPlugin()
    info = {"description": "Read only. Log in at /account/login; the session's cookie opens the API. lang=zh or lang=en chooses the language."}
    spec = APISpec("gridmap", version("gridmap"), "3.1.0", plugins=[plugin], info=info)
    spec.components.security_scheme(COOKIE, {"type": "apiKey", "in": "cookie", "name": app.config["SESSION_COOKIE_NAME"]})
    spec.components.schema("Failed", schema=shapes.Failed)
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        told: Description | None = getattr(app.view_functions[rule.endpoint], "described", None)
        if told is not None:
            spec.path(path=rule.rule, operations={"get": _operation(told, access_of(app, rule.endpoint).roles)})
    return spec.to_dict()


def _operation(told: Description, roles: frozenset[str]) -> dict[str, Any]:
    row: Any = told.gives
    if told.takes is not None:
        row = {
            "type": "object",
            "required": ["rows", "total", "limit", "offset", "next"],
            "additionalProperties": False,
            "properties": {
                "rows": {"type": "array", "items": told.gives},
                **{name: {"type": "integer"} for name in ("total", "limit", "offset")},
                "next": {"type": ["string", "null"]},
            },
        }
    codes = {"400": "The address asks for what makes no sense.", "429": "Too many requests.", "503": "The data cannot be read now."}
    if roles:
        codes |= {"401": "Nobody is logged in.", "403": "This is not for your account."}
    operation: dict[str, Any] = {
        "summary": told.summary,
        "responses": {
            "200": {"description": "What was asked for.", "content": {"application/json": {"schema": row}}},
            **{code: {"description": text, "content": {"application/json": {"schema": "Failed"}}} for code, text in sorted(codes.items())},
        },
    }
    if told.takes is not None:
        operation["parameters"] = [{"in": "query", "schema": told.takes}]
    if roles:
        operation |= {"security": [{COOKIE: []}], "description": f"For the roles {', '.join(sorted(roles))}."}
    return operation

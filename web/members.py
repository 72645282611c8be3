"""Member households: drawn inside the viewer's territory alone; elsewhere counts, small ones withheld. Whatever is seen or taken is written down."""

from __future__ import annotations

import datetime as dt
import gzip
import io
from typing import Any

from flask import Blueprint, Response, abort, current_app, g, jsonify, render_template, request, send_file, url_for

from gridmap import (
    RequestError,
    Territory,
    building_label,
    community_figures,
    figures_elsewhere,
    figures_rows,
    households_in,
    member_map_content,
    members_workbook,
)
from gridmap.texts import catalogue
from web.ground import Sight
from web.headers import basemap_here
from web.language import language, say
from web.member_import import IMPORTERS
from web.security import actor, allowed, public_view, signed_in
from web.standing import standing

blueprint = Blueprint("members", __name__, url_prefix="/members")

STAFF = ("grid_worker", "community", "street_office", "planner", "auditor", "administrator")
ENTRUSTED = ("grid_worker", "community", "street_office", "administrator")
"""Who sees households, each in his territory. Planners and auditors need counts alone for their work."""

KEPT_TEXTS = ("members_", "start_session_over", "basemap_on_page_")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
GZIP_LEVEL = 1
PURPOSE_SHORTEST, PURPOSE_LONGEST = 4, 200
"""Characters of what somebody says that he takes an export for."""


@blueprint.get("/")
@allowed(*STAFF)
def page() -> str:
    """Show the page; what it draws it fetches by itself, and only that is written down."""
    sight = standing().ground.sight()
    texts = {code: entry[language()] for code, entry in catalogue().items() if code.startswith(KEPT_TEXTS)}
    told = {
        "data": url_for("members.data"),
        "building": url_for("members.building", building_id="-").removesuffix("-"),
        "ground": url_for("tiles.layers"),
        "library": url_for("library.file", name="maplibre-gl-csp-worker.js"),
        "basemap": basemap_here() if _is_entrusted() else None,
    }
    longest = {"shortest": PURPOSE_SHORTEST, "longest": PURPOSE_LONGEST}
    user = signed_in()
    may_import = user is not None and user.role in IMPORTERS
    return render_template("members.html", texts=texts, told=told, plan=sight.plan, entrusted=_is_entrusted(), may_import=may_import, **longest)


@blueprint.get("/data.json")
@allowed(*STAFF)
def data() -> Response:
    """Give the grids and buildings of the viewer's territory with their figures, and the figures of communities elsewhere."""
    sight, territory, entrusted = standing().ground.sight(), _territory(), _is_entrusted()
    packed, households = standing().people.remember(sight, ("data", territory, entrusted), lambda: _packed_data(sight, territory, entrusted))
    _write_down("members_viewed" if entrusted else "members_figures_viewed", _words(territory), households=households)
    takes = request.accept_encodings.quality("gzip") > 0
    response = Response(packed if takes else gzip.decompress(packed), mimetype="application/json")
    if takes:
        response.content_encoding = "gzip"
    response.vary.add("Accept-Encoding")
    return response


def _packed_data(sight: Sight, territory: Territory, entrusted: bool) -> tuple[bytes, int]:
    """Return what a territory sees, as JSON and gzipped, and how many households are in it."""
    people, district, plan = standing().people.people(sight), sight.district, sight.plan
    content: dict[str, Any] | None = None
    inside: list[str] = []
    if entrusted:
        content = member_map_content(standing().people.within(sight, territory), district, plan)
        inside = [] if territory.kind == "grids" else list(_communities(territory, district))
    elsewhere = figures_rows(figures_elsewhere(territory, people, district, plan), district, without=inside)
    told = {"plan": None if plan is None else plan.name, "inside": content, "elsewhere": elsewhere}
    return gzip.compress(current_app.json.dumps(told).encode(), GZIP_LEVEL, mtime=0), 0 if content is None else content["sums"]["households"]


@blueprint.get("/buildings/<path:building_id>")
@allowed(*ENTRUSTED)
def building(building_id: str) -> Response:
    """Give the member households of one building; what lies outside the territory is not there."""
    sight = standing().ground.sight()
    within = standing().people.within(sight, _territory())
    households = households_in(within, building_id)
    if not households:
        abort(404)
    _write_down("members_building_viewed", building_id, households=len(households))
    return jsonify(building_id=building_id, label=building_label(sight.district, building_id), households=households)


@blueprint.post("/export")
@allowed(*ENTRUSTED)
def export() -> Response:
    """Give the member households of the territory, or of one grid in it, as a workbook; nobody gets it without saying what for."""
    purpose, grid_id = " ".join(request.form.get("purpose", "").split()), request.form.get("grid") or None
    if not PURPOSE_SHORTEST <= len(purpose) <= PURPOSE_LONGEST or not purpose.isprintable():
        raise RequestError("members_purpose", minimum=PURPOSE_SHORTEST, maximum=PURPOSE_LONGEST)
    sight, territory = standing().ground.sight(), _territory()
    within = standing().people.within(sight, territory)
    if grid_id is not None and grid_id not in within.grids:
        abort(404)
    now = dt.datetime.now().astimezone()
    told = {
        say("members_told_warning"): say("members_told_warning_text"),
        say("members_told_by"): actor(),
        say("members_told_at"): now.isoformat(sep=" ", timespec="minutes"),
        say("members_told_purpose"): purpose,
        say("members_told_plan"): say("members_no_plan") if sight.plan is None else sight.plan.name,
    }
    content, count = members_workbook(within, sight.district, sight.plan, told=told, language=language(), grid_id=grid_id)
    # Written down before anything leaves: where that fails, nothing does.
    _write_down("members_export", grid_id or _words(territory), households=count, purpose=purpose)
    name = f"{say('members_title')}-{now:%Y%m%d}.xlsx"
    return send_file(io.BytesIO(content), mimetype=XLSX, as_attachment=True, download_name=name, etag=False)


@blueprint.get("/figures")
@public_view
def figures() -> str:
    """Show everybody the figures of each community, small ones withheld; only where the settings say so."""
    if not standing().settings.public_members:
        abort(404)
    sight = standing().ground.sight()
    found = standing().people.remember(sight, "figures", lambda: community_figures(standing().people.people(sight), sight.district, sight.plan))
    return render_template("member_figures.html", rows=figures_rows(found, sight.district), name=sight.district.name)


def _territory() -> Territory:
    user = signed_in()
    assert user is not None
    return user.territory


def _is_entrusted() -> bool:
    user = signed_in()
    return user is not None and user.role in ENTRUSTED


def _communities(territory: Territory, district: Any) -> list[str]:
    """Return the communities that lie in the territory as a whole."""
    communities = district.communities
    match territory.kind:
        case "all":
            return list(communities.index)
        case "community":
            return [each for each in communities.index if each in territory.ids]
        case "street_office":
            return [each for each, office in communities["street_office"].items() if office in territory.ids]
    return []


def _words(territory: Territory) -> str:
    return " ".join([territory.kind, *territory.ids])


def _write_down(action: str, subject: str, **details: str | int) -> None:
    standing().audit.record(actor(), action, subject, request_id=g.request_id, **details)

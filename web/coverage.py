"""The staff's map of coverage: who walks how long to what, where the gaps are, and where new venues would help most."""

from __future__ import annotations

import gzip
import io
from dataclasses import asdict
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from flask import Blueprint, Response, abort, current_app, g, jsonify, render_template, request, send_file, url_for

from gridmap import (
    Limit,
    RequestError,
    Rules,
    Walks,
    area_table,
    band_sums,
    bounds_within,
    building_walks,
    buildings_within,
    category_sums,
    communities_on_map,
    district_walks,
    find_places,
    gap_rows,
    gap_table,
    packed_homes,
    packed_walks,
    propose_sites,
    reason_sums,
    shown_workbook,
    venue_rings,
    venues_on_map,
    walk_limit,
)
from gridmap.texts import catalogue
from web.background import result_of
from web.ground import Sight
from web.headers import basemap_here
from web.language import language, say
from web.security import actor, allowed, signed_in
from web.standing import standing
from web.tiles import ground_layers_told, plan_layers_told

blueprint = Blueprint("coverage", __name__, url_prefix="/coverage")

STAFF = ("grid_worker", "community", "street_office", "planner", "auditor", "administrator")
PATIENCE_S = 20.0
"""A request waits so long for what is still computed, then the page asks again."""
GZIP_LEVEL = 1
"""The quickest level; the others save little of such content."""
MINUTES_MAX = 60
"""The longest limit that the page asks for; whole minutes alone, so that few answers are kept."""
GAPS_AT_ONCE, AREAS_AT_ONCE, GAPS_MAX = 50, 500, 1000
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
AREAS: dict[str, Literal["community", "grid"]] = {"community": "community", "grid": "grid"}
KEPT_TEXTS = ("staff_", "reason_", "start_session_over", "basemap_on_page_")


@blueprint.get("/")
@allowed(*STAFF)
def page() -> str:
    """Show the page; what it draws it fetches by itself."""
    sight = standing().ground.sight()
    texts = {code: entry[language()] for code, entry in catalogue().items() if code.startswith(KEPT_TEXTS)}
    return render_template("coverage.html", texts=texts, told=_told(sight))


def _told(sight: Sight) -> dict[str, Any]:
    """Return what the page has to know before it fetches anything."""
    rules = sight.rules
    ways = {code: walk_limit(rules, code) for code in rules.walk}
    return {
        "language": language(),
        "name": sight.district.name or standing().ground.workspace.path.stem,
        "plan": None if sight.plan is None else sight.plan.name,
        "layers": ground_layers_told(sight) | plan_layers_told(sight),
        "library": url_for("library.file", name="maplibre-gl-csp-worker.js"),
        "basemap": basemap_here(),
        "address": url_for("coverage.page"),
        "bounds": bounds_here(sight),
        "categories": [{"code": code, "name": getattr(each, language())} for code, each in rules.categories.items()],
        "walks": [
            {"code": code, "name": _name_of_walk(code), "speed": each.speed_m_per_minute, "flat_cm": each.limit_cm if each.flat else None}
            for code, each in ways.items()
        ],
    }


def _name_of_walk(code: str) -> str:
    return say(f"staff_walk_{code}") if f"staff_walk_{code}" in catalogue() else code


@blueprint.get("/walks/<category>.bin")
@allowed(*STAFF)
def walks(category: str) -> Response:
    """Give the centimetres from each building to the nearest venue of a category; 202 while they are still computed."""
    sight = standing().ground.sight()
    if category not in sight.rules.categories:
        abort(404)
    found = walks_now(sight)
    if found is None:
        return _wait()
    return _packed(*sight.remember(("coverage walks", category), lambda: _both(packed_walks(found, category))))


@blueprint.get("/homes.bin")
@allowed(*STAFF)
def homes() -> Response:
    """Tell of each building whether it lies in the viewer's territory and is lived in; no count is in it."""
    sight = standing().ground.sight()
    return _packed(*_both(packed_homes(sight.district, territory_mask(sight))))


@blueprint.get("/venues.json")
@allowed(*STAFF)
def venues() -> Response:
    """Give the venues with their place, categories, address and hours, and where the names of communities stand."""
    sight = standing().ground.sight()

    def make() -> tuple[bytes, bytes]:
        told = {"venues": venues_on_map(sight.district, sight.rules), "communities": communities_on_map(sight.district)}
        return _both(current_app.json.dumps(told).encode())

    return _packed(*sight.remember("coverage venues", make), mimetype="application/json")


@blueprint.get("/figures.json")
@allowed(*STAFF)
def figures() -> Response:
    """Give the sums, the gaps and the communities or grids for what is shown; households outside the territory are in none of them."""
    sight = standing().ground.sight()
    category, limit, by = _asked(sight.rules)
    found = walks_now(sight)
    if found is None:
        return _wait()
    inside, offset = territory_mask(sight), _whole("offset", 0, 0, 10**9)
    rows = gap_rows(found, category, limit, inside)
    count = _whole("count", GAPS_AT_ONCE, 1, GAPS_MAX)
    areas = area_table(found, category, limit, inside, by, sight.plan)
    return jsonify(
        limit={"minutes": limit.minutes, "metres": limit.limit_cm / 100, "speed": limit.speed_m_per_minute, "flat": limit.flat},
        categories=category_sums(found, limit, inside),
        bands=band_sums(found, category, limit, inside),
        reasons=reason_sums(found, category, limit, inside),
        gaps={"count": len(rows), "offset": offset, "rows": records(gap_table(found, category, limit, rows[offset : offset + count]))},
        areas={"by": by, "plan": None if sight.plan is None else sight.plan.name, "count": len(areas), "rows": records(areas[:AREAS_AT_ONCE])},
    )


@blueprint.get("/buildings/<int:position>.json")
@allowed(*STAFF)
def building(position: int) -> Response:
    """Give what is known of a building: its walks, and its households where it lies in the territory."""
    sight = standing().ground.sight()
    buildings = sight.district.buildings
    if position >= len(buildings):
        abort(404)
    category, limit, _ = _asked(sight.rules)
    found = walks_now(sight)
    if found is None:
        return _wait()
    inside = bool(territory_mask(sight)[position])
    households = _plain(buildings["households"].iloc[position]) if inside else None
    (place,) = records(gap_table(found, category, limit, np.array([position])))
    return jsonify(
        building_id=str(buildings.index[position]),
        position=position,
        inside=inside,
        households=households,
        **_names(sight, position),
        lon=place["lon"],
        lat=place["lat"],
        walks=building_walks(found, position, limit),
    )


@blueprint.get("/venues/<int:position>/circles.json")
@allowed(*STAFF)
def circles(position: int) -> Response:
    """Give the circles of a venue as GeoJSON, the widest first."""
    sight = standing().ground.sight()
    if position >= len(sight.district.venues):
        abort(404)
    walk = _way(sight.rules)
    found = walks_now(sight)
    if found is None:
        return _wait()
    features = sight.remember(("coverage circles", position, walk), lambda: venue_rings(found, position, walk))
    return jsonify(type="FeatureCollection", features=features)


@blueprint.get("/sites.json")
@allowed(*STAFF)
def sites() -> Response:
    """Propose places for new venues inside the territory; 202 while they are still sought."""
    sight = standing().ground.sight()
    (category, limit, _), count = _asked(sight.rules), _whole("sites", 3, 1, 20)
    found = walks_now(sight)
    if found is None:
        return _wait()
    user, inside = signed_in(), territory_mask(sight)
    assert user is not None
    key = ("coverage sites", category, limit.limit_cm, count, user.territory)
    proposal = result_of(sight, key, lambda: propose_sites(found, category, limit, count, inside), patience_s=PATIENCE_S)
    if proposal is None:
        return _wait()
    rows = [{**each, **_names(sight, each["position"])} for each in proposal.sites]
    return jsonify({**asdict(proposal), "sites": rows})


def _names(sight: Sight, position: int) -> dict[str, Any]:
    """Return what a building, its compound and its community are called."""
    row, communities = sight.district.buildings.iloc[position], sight.district.communities
    home = row["community_id"]
    called = _plain(communities["name"][home]) if home in communities.index else None
    return {"name": _plain(row["name"]), "compound_id": _plain(row["compound_id"]), "community": called or _plain(home)}


@blueprint.get("/search.json")
@allowed(*STAFF)
def search() -> Response:
    """Find venues, communities, grids and buildings by name, address or code."""
    sight = standing().ground.sight()
    return jsonify(found=find_places(sight.district, sight.plan, request.args.get("q", "")))


@blueprint.get("/shown.xlsx")
@allowed(*STAFF)
def workbook() -> Response:
    """Give what is shown as a workbook; it is written down who took it."""
    sight = standing().ground.sight()
    category, limit, by = _asked(sight.rules)
    found = walks_now(sight)
    if found is None:
        return _wait()
    name = getattr(sight.rules.categories[category], language())
    told = {
        say("staff_told_district"): sight.district.name or "",
        say("staff_told_category"): name,
        say("staff_told_limit"): _limit_in_words(limit),
        say("staff_told_plan"): say("staff_no_plan") if sight.plan is None else sight.plan.name,
        say("staff_told_by"): actor(),
    }
    content = shown_workbook(found, category, limit, territory_mask(sight), by, sight.plan, language=language(), told=told)
    standing().audit.record(actor(), "coverage_export", category, request_id=g.request_id, minutes=limit.minutes, walk=limit.walk)
    return send_file(io.BytesIO(content), mimetype=XLSX, as_attachment=True, download_name=f"{say('staff_title')}-{name}.xlsx")


def walks_now(sight: Sight) -> Walks | None:
    """Return the walks of the workspace, None while they are still computed."""
    folder = standing().ground.workspace.networks_folder
    return result_of(sight, "walks", lambda: district_walks(sight.district, sight.rules, folder=folder), patience_s=PATIENCE_S)


def _limit_in_words(limit: Limit) -> str:
    if limit.flat:
        return say("staff_limit_flat", metres=round(limit.limit_cm / 100))
    return say("staff_limit", minutes=f"{limit.minutes:g}", metres=round(limit.limit_cm / 100), speed=f"{limit.speed_m_per_minute:g}")


def _asked(rules: Rules) -> tuple[str, Limit, Literal["community", "grid"]]:
    """Return the category, the limit and the areas that a request asks for; raises ``RequestError`` for what makes no sense."""
    category = request.args.get("category", next(iter(rules.categories)))
    if category not in rules.categories:
        raise RequestError("category_not_in_rules", category=category, categories=", ".join(rules.categories))
    asked = request.args.get("by", "community")
    by = AREAS.get(asked)
    if by is None:
        raise RequestError("staff_value", name="by", value=asked[:20], allowed=", ".join(AREAS))
    return category, walk_limit(rules, _way(rules), _whole("minutes", 10, 1, MINUTES_MAX)), by


def _way(rules: Rules) -> str:
    walk = request.args.get("walk", "default")
    walk_limit(rules, walk)
    return walk


def _whole(name: str, usual: int, least: int, most: int) -> int:
    """Return a whole number of the address; raises ``RequestError`` unless it lies within its bounds."""
    text = request.args.get(name, str(usual))
    if not (text.isascii() and text.isdecimal() and len(text) < 12 and least <= int(text) <= most):
        raise RequestError("staff_value", name=name, value=text[:20], allowed=f"{least}-{most}")
    return int(text)


def territory_mask(sight: Sight) -> npt.NDArray[np.bool_]:
    """Return which buildings lie in the viewer's territory."""
    user, buildings = signed_in(), sight.district.buildings
    assert user is not None
    territory = user.territory

    def make() -> npt.NDArray[np.bool_]:
        return np.asarray(buildings.index.isin(buildings_within(territory, sight.district, sight.plan)), dtype=bool)

    return sight.remember(("inside", territory), make)


def bounds_here(sight: Sight) -> list[float]:
    """Return west, south, east and north of the viewer's territory, degrees."""
    user = signed_in()
    assert user is not None
    return sight.remember(("bounds", user.territory), lambda: bounds_within(sight.district, territory_mask(sight)))


def _wait() -> Response:
    response = jsonify(working=True)
    response.status_code = 202
    response.headers["Retry-After"] = "1"
    return response


def _both(content: bytes) -> tuple[bytes, bytes]:
    """Return some content as it is and gzipped."""
    return content, gzip.compress(content, GZIP_LEVEL, mtime=0)


def _packed(content: bytes, gzipped: bytes, *, mimetype: str = "application/octet-stream") -> Response:
    """Give some content, gzipped where that is understood."""
    response = Response(content, mimetype=mimetype)
    if request.accept_encodings["gzip"]:
        response.set_data(gzipped)
        response.content_encoding = "gzip"
    response.vary.add("Accept-Encoding")
    return response


def records(table: Any) -> list[dict[str, Any]]:
    """Return the rows of a table as JSON knows them; what is missing is null."""
    return [{name: _plain(value) for name, value in row.items()} for row in table.to_dict("records")]


def _plain(value: Any) -> Any:
    """Return a cell as JSON knows it; what is missing is null."""
    if value is None or value != value or str(value) == "<NA>":
        return None
    return value.item() if hasattr(value, "item") else value

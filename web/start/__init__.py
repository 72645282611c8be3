"""The start page of a planner: from files to an adopted plan without a command line."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, abort, g, jsonify, render_template, request, send_file

from gridmap import User, field_names, field_title, load_rules, profile_names
from gridmap.texts import catalogue
from web.language import language, say
from web.security import actor, allowed, signed_in
from web.standing import standing
from web.start import running, trays

blueprint = Blueprint("start", __name__, url_prefix="/start")

PLANNERS = ("planner", "administrator")
ENDINGS = (".gpkg", ".zip", ".geojson", ".csv", ".html")
EFFORTS = ("quick", "normal", "best")
DATUMS = ("wgs84", "gcj02", "bd09")

Body = Mapping[str, Any]


def _user() -> User:
    user = signed_in()
    assert user is not None
    return user


@blueprint.get("/")
@allowed(*PLANNERS)
def page() -> str:
    """Show the page; what it shows comes from :func:`state` and from jobs."""
    texts = {code: entry[language()] for code, entry in catalogue().items() if code.startswith("start_")}
    return render_template("start.html", texts=texts, titles=_titles(), profiles=_profiles())


def _titles() -> dict[str, Any]:
    """Return what tables and their columns are called, in the visitor's language."""
    columns = field_names()
    tables = {name: say(f"word_{name}") for name in (*columns, "osm")}
    return {"tables": tables, "columns": {name: {each: field_title(name, each, language()) for each in known} for name, known in columns.items()}}


def _profiles() -> list[dict[str, Any]]:
    rules = [load_rules(name) for name in profile_names()]
    return [{"name": each.profile, "minimum": each.grid.households_min, "maximum": each.grid.households_max} for each in rules]


@blueprint.get("/state")
@allowed(*PLANNERS)
def state() -> Response:
    """Give what is in the workspace, which plans there are, the uploaded files and the job that is at work."""
    found = standing()
    current = found.jobs.current()
    names = [path.name for path in trays.files_in(trays.tray_of(_user()))]
    return jsonify(ground=_ground(), plans=_plans(), files=names, job=None if current is None or current.kind not in REQUESTS else current.job_id)


def _ground() -> dict[str, Any] | None:
    workspace = standing().ground.workspace
    if not workspace.exists():
        return None
    district = standing().ground.sight().district
    homes = district.buildings["households"]
    return {
        "name": district.name or workspace.path.stem,
        "communities": len(district.communities),
        "buildings": len(homes),
        "households": int(homes.sum()),
        "streets": len(district.streets),
        "venues": len(district.venues),
    }


def _plans() -> list[dict[str, Any]]:
    workspace = standing().ground.workspace
    if not workspace.exists():
        return []
    columns = ["name", "author", "made_at", "grids", "in_bounds", "bounds", "adopted", "stale"]
    return [dict(row) for row in workspace.plans()[columns].astype(object).to_dict("records")]


@blueprint.post("/files")
@allowed(*PLANNERS, uploads=True)
def add_files() -> Response:
    """Keep uploaded files for a look at them."""
    trays.clear_old()
    trays.add_files(trays.tray_of(_user()), request.files.getlist("files"))
    standing().audit.record(actor(), "files_uploaded", request_id=g.request_id, files=len(request.files.getlist("files")))
    return state()


@blueprint.post("/files/clear")
@allowed(*PLANNERS)
def clear_files() -> Response:
    """Remove the uploaded files."""
    trays.clear(trays.tray_of(_user()))
    return state()


@blueprint.post("/jobs")
@allowed(*PLANNERS)
def begin() -> tuple[Response, int]:
    """Start background work: ``{"kind": "look" | "import" | "plan" | "adopt" | "export", ...}``."""
    body = request.get_json()
    if not isinstance(body, dict) or body.get("kind") not in REQUESTS:
        abort(400)
    kind = body["kind"]
    return jsonify(job=running.begin(kind, REQUESTS[kind](body))), 202


def _look(_: Body) -> dict[str, Any]:
    return {"paths": [str(path) for path in trays.files_in(trays.tray_of(_user()))]}


def _import(body: Body) -> dict[str, Any]:
    names, datums = _texts(body, "tables"), _texts(body, "datums")
    if not {*names, *datums} <= {*field_names(), "osm"}:
        abort(400)
    if any(datum not in DATUMS and not (datum.startswith("EPSG:") and datum[5:].isdecimal()) for datum in datums.values()):
        abort(400)
    folder = trays.tray_of(_user())
    tables = {table: str(trays.chosen_file(folder, name)) for table, name in names.items()}
    crs = ",".join(f"{table}={datum}" for table, datum in datums.items())
    plan_name = body.get("plan") if "grids" in tables else None
    return {"tables": tables, "fields": _texts(body, "fields"), "crs": crs or None, "plan": plan_name, "keep": body.get("keep") is True}


def _plan(body: Body) -> dict[str, Any]:
    bounds, start = body.get("bounds"), body.get("start")
    fits = bounds is None or (isinstance(bounds, list) and len(bounds) == 2 and all(type(each) is int for each in bounds))
    if body.get("profile") not in profile_names() or body.get("effort") not in EFFORTS or not fits or not isinstance(body.get("name"), str):
        abort(400)
    if start is not None and not isinstance(start, str):
        abort(400)
    standing().ground.workspace.check_plan_name(body["name"])
    return {"name": body["name"], "profile": body["profile"], "bounds": bounds, "effort": body["effort"], "start": start}


def _adopt(body: Body) -> dict[str, Any]:
    if not isinstance(body.get("plan"), str):
        abort(400)
    return {"plan": body["plan"]}


def _export(body: Body) -> dict[str, Any]:
    plan_name, ending = body.get("plan"), body.get("ending")
    if ending not in ENDINGS or not (plan_name is None or isinstance(plan_name, str)) or (plan_name is None and ending == ".html"):
        abort(400)
    stem = "-".join(filter(None, [standing().settings.workspace.stem, plan_name]))
    safe = "".join(sign if sign.isalnum() or sign in "-_" else "_" for sign in stem)[:80]
    folder = trays.tray_of(_user()) / "out" / secrets.token_hex(8)
    return {"plan": plan_name, "path": str(folder / f"{safe}{ending}"), "language": language()}


REQUESTS = {"look": _look, "import": _import, "plan": _plan, "adopt": _adopt, "export": _export}


def _texts(body: Body, name: str) -> dict[str, str]:
    """Return a part of the request that maps texts to texts."""
    found = body.get(name, {})
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        abort(400)
    return found


@blueprint.get("/jobs/<job_id>")
@allowed(*PLANNERS)
def job(job_id: str) -> Response:
    """Tell how far a job is, and its answer once it is over; what is read of member households is told to its owner alone, on its own page."""
    found = standing().jobs.read(job_id)
    if found.kind not in REQUESTS:
        abort(404)
    return running.told(found)


@blueprint.post("/jobs/<job_id>/cancel")
@allowed(*PLANNERS)
def cancel(job_id: str) -> Response:
    """End a job, unless it is over or saves its result."""
    job(job_id)
    standing().jobs.cancel(job_id, by=actor())
    return job(job_id)


@blueprint.get("/jobs/<job_id>/file")
@allowed(*PLANNERS)
def file(job_id: str) -> Response:
    """Give the file that a job has made for whoever asked for it."""
    found = standing().jobs.read(job_id)
    path = Path(str(found.request.get("path", "")))
    if found.kind != "export" or found.state != "done" or found.owner != actor() or not path.is_file():
        abort(404)
    standing().audit.record(actor(), "downloaded", path.name, request_id=g.request_id)
    return send_file(path, as_attachment=True, download_name=path.name)

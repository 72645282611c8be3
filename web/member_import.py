"""The import of an office's workbook of member households: the file, a look at it, then its rows, by whoever answers for that territory.

What a row holds is shown nowhere: findings tell numbers of rows. An account whose territory is not everything changes the households inside it alone.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, abort, g, jsonify, render_template, request, url_for

from gridmap import RequestError, User, people_fields
from gridmap.texts import catalogue
from web.language import language
from web.security import actor, allowed, signed_in
from web.standing import standing
from web.start import running, trays

blueprint = Blueprint("member_import", __name__, url_prefix="/members/import")

IMPORTERS = ("community", "street_office", "administrator")
"""Who may import, each within his territory; a grid worker reads what others keep."""
FOLDER = "members"
TABLES = ("organisations", "member_households", "workers", "posts")
KEPT_TEXTS = ("start_", "members_import_", "word_")


def _user() -> User:
    user = signed_in()
    assert user is not None
    return user


def _folder() -> Any:
    """Return where the workbook of this account lies: apart from the files of the ground."""
    folder = trays.tray_of(_user()) / FOLDER
    folder.mkdir(mode=trays.OWNER_ONLY, exist_ok=True)
    return folder


@blueprint.get("/")
@allowed(*IMPORTERS)
def page() -> str:
    """Show the page."""
    texts = {code: entry[language()] for code, entry in catalogue().items() if code.startswith(KEPT_TEXTS) and language() in entry}
    told = {
        "jobs": url_for("member_import.begin"),
        "file": url_for("member_import.add_file"),
        "columns": {table: people_fields(table, language()) for table in TABLES},
    }
    return render_template("member_import.html", texts=texts, told=told, everything=_user().territory.kind == "all")


@blueprint.post("/file")
@allowed(*IMPORTERS, uploads=True)
def add_file() -> Response:
    """Keep an uploaded workbook, in the place of the one before."""
    trays.clear_old()
    trays.clear(_folder())
    trays.add_files(_folder(), request.files.getlist("files")[:1])
    standing().audit.record(actor(), "files_uploaded", request_id=g.request_id, files=len(trays.files_in(_folder())))
    return jsonify(files=len(trays.files_in(_folder())))


@blueprint.post("/jobs")
@allowed(*IMPORTERS)
def begin() -> tuple[Response, int]:
    """Start reading the workbook: ``{"fields": {sheet: {ours: theirs}} | {}, "keep": true | false}``; it is kept only when that is asked for."""
    body = request.get_json()
    if not isinstance(body, dict) or not _are_fields(body.get("fields", {})):
        abort(400)
    files = trays.files_in(_folder())
    if not files:
        raise RequestError("members_import_no_file")
    asked = {"path": str(files[0]), "fields": body.get("fields", {}), "keep": body.get("keep") is True}
    return jsonify(job=running.begin("members", {**asked, "territory": asdict(_user().territory), "request_id": g.request_id})), 202


def _are_fields(found: Any) -> bool:
    """Tell whether part of a request maps sheets to columns."""
    if not isinstance(found, dict) or not all(isinstance(each, dict) for each in found.values()):
        return False
    return all(isinstance(word, str) for each in found.values() for word in each.values())


@blueprint.get("/jobs/<job_id>")
@allowed(*IMPORTERS)
def job(job_id: str) -> Response:
    """Tell whoever began it how far a job is, and its answer once it is over."""
    found = standing().jobs.read(job_id)
    if found.kind != "members" or found.owner != actor():
        abort(404)
    return running.told(found)


@blueprint.post("/jobs/<job_id>/cancel")
@allowed(*IMPORTERS)
def cancel(job_id: str) -> Response:
    """End a job, unless it is over or saves its result."""
    job(job_id)
    standing().jobs.cancel(job_id, by=actor())
    return job(job_id)

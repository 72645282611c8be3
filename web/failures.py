"""What a visitor sees when something goes wrong: one JSON shape for programs, one plain page for people, never a traceback."""

from __future__ import annotations

import errno
import logging

from flask import Flask, Response, g, jsonify, make_response, redirect, render_template, request, url_for
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, InternalServerError
from werkzeug.wrappers import Response as AnyResponse

from gridmap import GridmapError, RequestError, WorkspaceError
from web.language import language, say
from web.security import actor, signed_in
from web.standing import standing

LOG = logging.getLogger("gridmap.server")
FOR_PROGRAMS = ("/api/", "/tiles/")
KNOWN = (400, 401, 403, 404, 405, 412, 413, 428, 429, 500, 503)
DISK_FULL = "store_disk_full"
"""What the stores say of a full disk."""
STATUS = {"job_busy": 409, "job_unknown": 404, "tray_unknown": 404, "plan_unknown": 404}
"""Requests that make no sense are answered with 400, but for these."""


def wants_json() -> bool:
    """Return whether a program asks: under the API's addresses always, elsewhere unless HTML is asked for by name."""
    return request.path.startswith(FOR_PROGRAMS) or "text/html" not in request.headers.get("Accept", "")


def failure(status: int, code: str, text: str) -> Response:
    """Return the reply for a failure: ``{"error": {"code", "text", "request_id"}}`` or a page that says the same."""
    if wants_json():
        response = jsonify(error={"code": code, "text": text, "request_id": g.get("request_id", "")})
    else:
        response = make_response(render_template("error.html", text=text, status=status))
    response.status_code = status
    return response


def _http(error: HTTPException) -> AnyResponse:
    status = error.code or 500
    if status == 401 and not wants_json() and request.method == "GET":
        return redirect(url_for("accounts.login", next=request.full_path.rstrip("?")))
    if status == 403 and signed_in() is not None:
        standing().audit.record(actor(), "refused", request.path, request_id=g.request_id)
    code = f"server_{status}" if status in KNOWN else "server_400" if status < 500 else "server_500"
    response = failure(status, code, say(code, request=g.get("request_id", "")))
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    return response


def _forged(_: CSRFError) -> AnyResponse:
    return failure(400, "server_csrf", say("server_csrf"))


def _gridmap(error: GridmapError) -> Response:
    """What gridmap foresees: the request or the file is at fault, or the workspace cannot be used. Strangers hear no details of the workspace."""
    if isinstance(error, WorkspaceError):
        text = say("server_503") if signed_in() is None else error.sentence(language(), page=True)
        return failure(507 if error.code == DISK_FULL else 503, error.code, text)
    status = STATUS.get(error.code, 400) if isinstance(error, RequestError) else 422
    return failure(status, error.code, error.text(language(), page=True))


def _refused(error: OSError) -> Response:
    """What the system refuses outside the workspace, above all a full disk."""
    LOG.error(say("server_500", request=g.request_id), exc_info=error, extra={"told": {"request_id": g.request_id}})
    status = 507 if error.errno in (errno.ENOSPC, errno.EDQUOT) else 500
    code = "server_507" if status == 507 else "server_500"
    return failure(status, code, say(code, request=g.request_id))


def init_failures(app: Flask) -> None:
    """Let the app answer failures as this module does."""
    app.register_error_handler(CSRFError, _forged)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(InternalServerError, _http)
    app.register_error_handler(OSError, _refused)
    app.register_error_handler(GridmapError, _gridmap)
    app.register_error_handler(WorkspaceError, _gridmap)

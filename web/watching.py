"""What whoever runs the server can see of it: a log of one JSON object a line, figures for Prometheus, and whether all is well."""

from __future__ import annotations

import json
import logging
import re
import secrets
import time
from typing import Any

from flask import Blueprint, Flask, Response, abort, g, jsonify, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.process_collector import ProcessCollector

from gridmap import WorkspaceError
from web.language import say
from web.security import actor, public_view
from web.standing import standing

LOG = logging.getLogger("gridmap.server")
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")

blueprint = Blueprint("watching", __name__)


class JsonLines(logging.Formatter):
    """Writes each record of a log as one JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        told: dict[str, Any] = {"at": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"), "level": record.levelname, "text": record.getMessage()}
        told |= getattr(record, "told", {})
        if record.exc_info:
            told["traceback"] = self.formatException(record.exc_info)
        return json.dumps(told, ensure_ascii=False)


@blueprint.get("/health")
@public_view
def health() -> tuple[Response, int]:
    """Say whether the workspace and the private store can be read, and maps open at once."""
    found = standing()
    try:
        ready = found.ground.workspace.exists() and bool(found.store.secret())
    except WorkspaceError:
        ready = False
    if ready and not found.ready.is_set():
        return jsonify(status="starting"), 503
    return jsonify(status="ok" if ready else "failing"), 200 if ready else 503


@blueprint.get("/metrics")
@public_view
def metrics() -> Response:
    """Give the figures of this process to the addresses that may read them."""
    if request.remote_addr not in standing().settings.metrics_from.split():
        abort(403)
    return Response(generate_latest(_figures().registry), content_type=CONTENT_TYPE_LATEST)


class Figures:
    """What is counted in one process of the server."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.requests = Counter("gridmap_requests", "Requests answered.", ("view", "status"), registry=self.registry)
        self.seconds = Histogram("gridmap_request_seconds", "How long answers took.", ("view",), registry=self.registry)


def _figures() -> Figures:
    from flask import current_app

    found = current_app.extensions["gridmap_figures"]
    assert isinstance(found, Figures)
    return found


def _begin() -> None:
    given = request.headers.get("X-Request-ID", "")
    g.request_id = given if REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
    g.begun = time.perf_counter()


def _end(response: Response) -> Response:
    response.headers["X-Request-ID"] = g.request_id
    seconds = time.perf_counter() - g.begun
    # Names of views, not addresses: those may hold ids, and there is no end of unknown ones.
    view = request.endpoint or "unknown"
    _figures().requests.labels(view, str(response.status_code)).inc()
    _figures().seconds.labels(view).observe(seconds)
    told = {"request_id": g.request_id, "user": actor(), "method": request.method, "path": request.path, "view": view}
    LOG.info(say("server_answered"), extra={"told": {**told, "status": response.status_code, "ms": round(1000 * seconds, 1)}})
    return response


def init_watching(app: Flask) -> None:
    """Give every request an id, count it and write it down."""
    app.extensions["gridmap_figures"] = Figures()
    app.before_request(_begin)
    app.after_request(_end)

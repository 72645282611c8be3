"""The audit log for those who oversee the server: who did or saw what, whether the log is whole, and a copy of it to take away."""

from __future__ import annotations

import datetime as dt
import io
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, g, render_template, request, send_file, url_for

from gridmap import AuditReport, RequestError, action_word, audit_csv, audit_words, audit_workbook
from web.language import language, say
from web.security import actor, allowed
from web.standing import standing

blueprint = Blueprint("auditing", __name__, url_prefix="/audit")

OVERSEERS = ("auditor", "administrator")
ROWS_AT_ONCE, ROWS_MOST = 100, 1_000_000
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FIRST_YEAR, LAST_YEAR = 2000, 2999


@dataclass(frozen=True, slots=True)
class Sieve:
    """Which rows are asked for: of whom, of what kind, from which day to which; what is empty lets everything through."""

    actor: str = ""
    action: str = ""
    since: dt.date | None = None
    until: dt.date | None = None

    def query(self) -> dict[str, Any]:
        """Return what an address says of it."""
        named = {"actor": self.actor, "action": self.action, "since": self.since, "until": self.until}
        return {name: str(value) for name, value in named.items() if value}

    def limits(self) -> dict[str, Any]:
        """Return what the log is asked; days are those of this computer's zone."""
        since = None if self.since is None else _midnight(self.since)
        until = None if self.until is None else _midnight(self.until + dt.timedelta(days=1))
        return {"actor": self.actor, "action": self.action, "since": since, "until": until}


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time()).astimezone()


def _sieve() -> Sieve:
    asked = request.args
    return Sieve(asked.get("actor", "").strip(), asked.get("action", ""), _day(asked.get("since", "")), _day(asked.get("until", "")))


def _day(text: str) -> dt.date | None:
    """Return the day that a text names, None for none; raises ``RequestError`` for what is no day."""
    if not text:
        return None
    try:
        day = dt.date.fromisoformat(text)
    except ValueError as error:
        raise RequestError("audit_day", value=text[:20]) from error
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise RequestError("audit_day", value=text[:20])
    return day


@blueprint.get("/")
@allowed(*OVERSEERS)
def page() -> str:
    """Show the newest rows that are asked for, and older ones on further pages."""
    return _page()


def _page(report: AuditReport | None = None) -> str:
    log, sieve = standing().audit, _sieve()
    before = request.args.get("before", "")
    start = int(before) if before.isascii() and before.isdecimal() and len(before) < 16 else None
    found = log.entries(last=ROWS_AT_ONCE + 1, before=start, **sieve.limits())
    rows = [audit_words(each, language()) for each in found[:ROWS_AT_ONCE]]
    older = url_for("auditing.page", **sieve.query(), before=str(rows[-1]["number"])) if len(found) > ROWS_AT_ONCE else None
    actions = sorted(((each, action_word(each, language())) for each in log.known("action")), key=lambda pair: pair[1])
    told = {"rows": rows, "older": older, "newest": start is None, "actors": log.known("actor"), "actions": actions}
    faults = [] if report is None else [each.text(language(), page=True) for each in report.findings[:ROWS_AT_ONCE]]
    return render_template("audit.html", **told, sieve=sieve, report=report, faults=faults)


@blueprint.post("/verify")
@allowed(*OVERSEERS)
def verify() -> str:
    """Go through the whole log and tell whether it is whole; that it was done is written down."""
    head = "".join(request.form.get("head", "").split())[:100] or None
    report = standing().audit.verify(head=head)
    standing().audit.record(actor(), "audit_verified", request_id=g.request_id, rows=report.rows, broken=len(report.findings), head=report.head)
    return _page(report)


@blueprint.get("/<any(xlsx, csv):ending>")
@allowed(*OVERSEERS)
def export(ending: str) -> Response:
    """Give the rows that are asked for as a file; who took them, and which, is written down before anything leaves."""
    sieve, now = _sieve(), dt.datetime.now().astimezone()
    found = standing().audit.entries(last=ROWS_MOST, **sieve.limits())
    standing().audit.record(
        actor(), "audit_export", ending, request_id=g.request_id, rows=len(found), **{f"asked_{name}": value for name, value in sieve.query().items()}
    )
    name = f"{say('audit_title')}-{now:%Y%m%d-%H%M}.{ending}"
    if ending == "csv":
        return send_file(io.BytesIO(audit_csv(found, language=language())), mimetype="text/csv", as_attachment=True, download_name=name, etag=False)
    told = [(say("audit_told_by"), actor()), (say("audit_told_at"), now.isoformat(sep=" ", timespec="minutes"))]
    told += [(say(f"audit_column_{name}") if name in ("actor", "action") else say(f"audit_{name}"), value) for name, value in sieve.query().items()]
    content = audit_workbook(found, told=told, language=language())
    return send_file(io.BytesIO(content), mimetype=XLSX, as_attachment=True, download_name=name, etag=False)

"""The audit log: who did or saw what, each row sealed with the one before it, so that no row can be altered or taken out unnoticed."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from gridmap.findings import Finding, finding
from gridmap.store.private import PrivateStore
from gridmap.texts import Word

FIRST = "0" * 64
"""What stands for the hash before the first row."""

COLUMNS = "number, at, actor, action, subject, details, request_id"


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One row of the audit log: who (a user's name, ``-`` for nobody known) did what (``login``, ``import``, ``members_export`` ...) to what."""

    number: int
    at: str
    actor: str
    action: str
    subject: str
    details: Mapping[str, Word]
    request_id: str


@dataclass(frozen=True, slots=True)
class AuditReport:
    """The verified log: how many rows it has, the hash of the last one, and a finding for every break of the chain."""

    rows: int
    head: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class AuditLog:
    """The audit log of a private store. Rows are added, never altered."""

    store: PrivateStore

    def record(self, actor: str, action: str, subject: str = "", *, request_id: str = "", **details: Word) -> None:
        """Add a row; it is on the disk when this returns."""
        with self.store.writing() as connection:
            append(connection, actor, action, subject, request_id=request_id, **details)

    def entries(
        self,
        *,
        last: int = 200,
        before: int | None = None,
        actor: str = "",
        action: str = "",
        since: dt.datetime | None = None,
        until: dt.datetime | None = None,
    ) -> list[AuditEntry]:
        """Return the newest rows, the newest first: at most ``last``, numbered below ``before``.

        An ``actor`` is asked for by its whole name, an ``action`` by its whole code, empty for any; ``since`` is the first moment and ``until``
        the first one too late, both with their time zone.
        """
        wanted = {
            "number < ?": before,
            "actor = ?": actor or None,
            "action = ?": action or None,
            "at >= ?": None if since is None else _moment(since),
            "at < ?": None if until is None else _moment(until),
        }
        asked = {clause: value for clause, value in wanted.items() if value is not None}
        where = f"WHERE {' AND '.join(asked)}" if asked else ""
        with self.store.reading() as connection:
            query = f"SELECT {COLUMNS} FROM audit {where} ORDER BY number DESC LIMIT ?"  # noqa: S608
            rows = connection.execute(query, (*asked.values(), last)).fetchall()
        return [AuditEntry(row[0], row[1], row[2], row[3], row[4], json.loads(row[5]), row[6]) for row in rows]

    def known(self, column: Literal["actor", "action"]) -> list[str]:
        """Return who, or what, stands anywhere in the log, in order."""
        with self.store.reading() as connection:
            return [str(row[0]) for row in connection.execute(f"SELECT DISTINCT {column} FROM audit ORDER BY 1")]  # noqa: S608

    def verify(self, *, head: str | None = None) -> AuditReport:
        """Go through the whole chain.

        An altered row, a missing one and rows missing at the end are told as findings. Whoever can write the file could forge all that follows a
        row; so note the ``head`` down elsewhere from time to time and give it here: it must still be the hash of one of the rows.
        """
        findings: list[Finding] = []
        before, expected, known = FIRST, 1, head is None
        with self.store.reading() as connection:
            for *values, seal in connection.execute(f"SELECT {COLUMNS}, hash FROM audit ORDER BY number"):  # noqa: S608
                number = int(values[0])
                if number != expected:
                    findings.append(finding("audit_rows_missing", str(number), value=number - expected, first=expected))
                elif seal != _seal(before, values):
                    findings.append(finding("audit_row_altered", str(number)))
                before, expected = str(seal), number + 1
                known = known or seal == head
            row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'audit'").fetchone()
            rows = int(connection.execute("SELECT count(*) FROM audit").fetchone()[0])
        given = int(row[0]) if row else 0
        if given >= expected:
            findings.append(finding("audit_rows_missing", str(given), value=given - expected + 1, first=expected))
        if not known:
            findings.append(finding("audit_head_unknown", str(head)))
        return AuditReport(rows, before, tuple(findings))


def append(connection: sqlite3.Connection, actor: str, action: str, subject: str = "", *, request_id: str = "", **details: Word) -> None:
    """Add a row within the transaction of ``connection``, so that a change and the row that tells of it are kept together or not at all."""
    last = connection.execute("SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1").fetchone()
    kept = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'audit'").fetchone()
    number = max(int(last[0]) if last else 0, int(kept[0]) if kept else 0) + 1
    at = _moment(dt.datetime.now(dt.UTC))
    values = [number, at, actor, action, subject, json.dumps(details, ensure_ascii=False, sort_keys=True), request_id]
    seal = _seal(str(last[1]) if last else FIRST, values)
    connection.execute(f"INSERT INTO audit ({COLUMNS}, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*values, seal))  # noqa: S608


def _moment(at: dt.datetime) -> str:
    """Return a moment as the log writes it: in UTC and always as long, so that the order of texts is that of time."""
    return at.astimezone(dt.UTC).isoformat(timespec="milliseconds")


def _seal(before: str, values: list[object]) -> str:
    return hashlib.sha256(f"{before}{json.dumps(values, ensure_ascii=False)}".encode()).hexdigest()

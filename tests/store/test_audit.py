"""The audit log: whatever is done to it behind its back is found."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest

from gridmap.errors import WorkspaceError
from gridmap.store.audit import AuditLog
from gridmap.store.private import PrivateStore


@pytest.fixture
def log(tmp_path: Path) -> AuditLog:
    store = PrivateStore(tmp_path / "town.private.sqlite")
    store.make()
    log = AuditLog(store)
    for number in range(5):
        log.record("li", "members_export", f"C{number}", purpose="清明走访", rows=number)
    return log


def tamper(log: AuditLog, statement: str) -> list[str]:
    with contextlib.closing(sqlite3.connect(log.store.path)) as connection, connection:
        connection.execute(statement)
    return [each.code for each in log.verify().findings]


def test_a_whole_log(log: AuditLog) -> None:
    report = log.verify()
    assert (report.rows, report.findings) == (5, ())


def test_an_empty_log(tmp_path: Path) -> None:
    store = PrivateStore(tmp_path / "p.sqlite")
    store.make()
    assert AuditLog(store).verify().findings == ()


@pytest.mark.parametrize("column", ["actor", "action", "subject", "details", "at", "request_id", "hash"])
def test_an_altered_row(column: str, log: AuditLog) -> None:
    assert "audit_row_altered" in tamper(log, f"UPDATE audit SET {column} = 'nobody' WHERE number = 3")


def test_an_altered_last_row(log: AuditLog) -> None:
    assert tamper(log, "UPDATE audit SET actor = 'nobody' WHERE number = 5") == ["audit_row_altered"]


@pytest.mark.parametrize("number", [1, 3, 5])
def test_a_missing_row(number: int, log: AuditLog) -> None:
    assert "audit_rows_missing" in tamper(log, f"DELETE FROM audit WHERE number = {number}")


def test_rows_missing_at_the_end_stay_missing(log: AuditLog) -> None:
    tamper(log, "DELETE FROM audit WHERE number > 3")
    log.record("li", "login")
    assert "audit_rows_missing" in [each.code for each in log.verify().findings]


def test_a_log_that_was_written_anew(log: AuditLog) -> None:
    head = log.verify().head
    log.record("li", "login")
    assert log.verify(head=head).findings == ()
    tamper(log, "DELETE FROM audit")
    tamper(log, "DELETE FROM sqlite_sequence")
    log.record("li", "login")
    assert [each.code for each in log.verify(head=head).findings] == ["audit_head_unknown"]


def test_what_is_read_is_what_was_written(log: AuditLog) -> None:
    entry = log.entries(last=1)[0]
    assert (entry.actor, entry.action, entry.subject, dict(entry.details)) == ("li", "members_export", "C4", {"purpose": "清明走访", "rows": 4})


@pytest.mark.parametrize("content", [b"", b"text", b"SQLite format 3\0"])
def test_no_store(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "p.sqlite").write_bytes(content)
    with pytest.raises(WorkspaceError):
        AuditLog(PrivateStore(tmp_path / "p.sqlite")).verify()


def test_a_store_of_a_newer_gridmap(log: AuditLog) -> None:
    tamper(log, "CREATE TABLE more (x)")
    with contextlib.closing(sqlite3.connect(log.store.path)) as connection, connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(WorkspaceError, match=r"newer|新版"):
        log.verify()

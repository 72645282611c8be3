"""Background work of the server, kept in the private store, so that every process of the server sees how far it is and may end it.

A job goes from ``running`` to ``saving`` to ``done``, or to ``failed``, or from ``running`` to ``cancelled``. Only a job that has been allowed to
save may write into the workspace, and a job that saves can no longer be cancelled: the two exclude each other in one statement.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from gridmap.errors import RequestError
from gridmap.store.audit import append
from gridmap.store.private import PrivateStore

State = Literal["running", "saving", "done", "failed", "cancelled"]

LOST_AFTER_SECONDS = 20.0
"""A job whose process has not been heard of for so long has died: it tells of itself several times a second."""
KEPT_SECONDS = 86_400.0
"""How long the answer of a finished job can be asked for."""


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of background work: who asked for what, how far it is, and its answer once it is done or has failed."""

    job_id: str
    kind: str
    owner: str
    request: Mapping[str, Any]
    state: State
    step: str
    done: int
    total: int
    answer: Mapping[str, Any] | None

    @property
    def is_over(self) -> bool:
        """Tell whether nothing more will happen."""
        return self.state in ("done", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class Jobs:
    """The background work on one workspace, ``workspace`` being its path; only one job at a time."""

    store: PrivateStore
    workspace: str

    def begin(self, kind: str, owner: str, request: Mapping[str, Any], *, request_id: str = "") -> Job:
        """Register a job; raises ``RequestError`` while another one is at work on this workspace."""
        job_id, now = secrets.token_hex(8), time.time()
        with self.store.writing() as connection:
            self._bury(connection, now)
            busy = connection.execute("SELECT owner FROM jobs WHERE workspace = ? AND state IN ('running', 'saving')", (self.workspace,)).fetchone()
            if busy is not None:
                raise RequestError("job_busy", user=busy[0])
            connection.execute("DELETE FROM jobs WHERE beat < ?", (now - KEPT_SECONDS,))
            connection.execute(
                "INSERT INTO jobs (job_id, workspace, kind, owner, request, state, begun, beat) VALUES (?, ?, ?, ?, ?, 'running', ?, ?)",
                (job_id, self.workspace, kind, owner, json.dumps(request, ensure_ascii=False), now, now),
            )
            append(connection, owner, f"job_{kind}", job_id, request_id=request_id)
        return self.read(job_id)

    def read(self, job_id: str) -> Job:
        """Return a job; raises ``RequestError`` when there is none. One that has died is told as failed."""
        with self.store.reading() as connection:
            row = connection.execute(f"{_SELECT} WHERE job_id = ? AND workspace = ?", (job_id, self.workspace)).fetchone()
        if row is None:
            raise RequestError("job_unknown", job=job_id)
        return _job(row)

    def current(self) -> Job | None:
        """Return the newest job that is at work, None when there is none."""
        with self.store.reading() as connection:
            row = connection.execute(f"{_SELECT} WHERE workspace = ? AND state IN ('running', 'saving') ORDER BY begun", (self.workspace,)).fetchone()
        job = None if row is None else _job(row)
        return None if job is None or job.is_over else job

    def tell(self, job_id: str, step: str, done: int, total: int) -> bool:
        """Keep how far a job is; return whether it should go on."""
        with self.store.writing() as connection:
            told = connection.execute(
                "UPDATE jobs SET step = ?, done = ?, total = ?, beat = ? WHERE job_id = ? AND state IN ('running', 'saving')",
                (step, done, total, time.time(), job_id),
            )
            return told.rowcount == 1

    def may_save(self, job_id: str) -> bool:
        """Let a job write its result into the workspace, unless it has been cancelled."""
        return self._turn(job_id, ("running",), "saving")

    def cancel(self, job_id: str, *, by: str) -> bool:
        """End a job; return False when it is too late because it saves its result or is over."""
        if not self._turn(job_id, ("running",), "cancelled"):
            return False
        with self.store.writing() as connection:
            append(connection, by, "job_cancelled", job_id)
        return True

    def end(self, job_id: str, state: Literal["done", "failed"], answer: Mapping[str, Any]) -> None:
        """Keep the answer of a job; one that has been cancelled meanwhile stays so."""
        with self.store.writing() as connection:
            connection.execute(
                "UPDATE jobs SET state = ?, answer = ?, beat = ? WHERE job_id = ? AND state IN ('running', 'saving')",
                (state, json.dumps(answer, ensure_ascii=False), time.time(), job_id),
            )

    def _turn(self, job_id: str, before: Sequence[State], after: State) -> bool:
        marks = ", ".join("?" * len(before))
        with self.store.writing() as connection:
            turned = connection.execute(
                f"UPDATE jobs SET state = ?, beat = ? WHERE job_id = ? AND workspace = ? AND state IN ({marks})",  # noqa: S608
                (after, time.time(), job_id, self.workspace, *before),
            )
            return turned.rowcount == 1

    @staticmethod
    def _bury(connection: Any, now: float) -> None:
        connection.execute("UPDATE jobs SET state = 'failed' WHERE state IN ('running', 'saving') AND beat < ?", (now - LOST_AFTER_SECONDS,))


_SELECT = "SELECT job_id, kind, owner, request, state, step, done, total, answer, beat FROM jobs"


def _job(row: Sequence[Any]) -> Job:
    state = cast(State, row[4])
    if state in ("running", "saving") and time.time() - row[9] > LOST_AFTER_SECONDS:
        state = "failed"
    answer = None if row[8] is None else json.loads(row[8])
    return Job(row[0], row[1], row[2], json.loads(row[3]), state, row[5], row[6], row[7], answer)

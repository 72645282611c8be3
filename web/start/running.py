"""Starting background work and seeing to it that none is left for dead."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Response, g, jsonify

from gridmap import Job, Jobs
from gridmap.texts import LANGUAGES, catalogue, render
from web.language import language, say
from web.security import actor
from web.standing import standing

LOG = logging.getLogger("gridmap.server")
ROOT = Path(__file__).resolve().parents[2]
MEGABYTE, MINUTE = 1_000_000, 60
LONGEST_COMPLAINT = 4_000
ON_PEOPLE = ("members",)
"""Work on member households: what it complains of may hold what stands in a row, so that nothing of it is logged."""


def begin(kind: str, request: Mapping[str, Any]) -> str:
    """Start a job in a process of its own and return its id; raises ``RequestError`` while another one is at work."""
    found, settings = standing(), standing().settings
    limits = {"memory_bytes": settings.job_memory_mb * MEGABYTE, "cpu_seconds": settings.job_minutes * MINUTE}
    job = found.jobs.begin(kind, actor(), {**request, **limits}, request_id=g.request_id)
    command = [sys.executable, "-m", "web.worker", str(found.store.path.resolve()), found.jobs.workspace, job.job_id]
    # The worker finds this package wherever the server was started.
    places = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, "PYTHONPATH": places, "PYTHONUTF8": "1"}
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment)  # noqa: S603
    threading.Thread(target=attend, args=(process, found.jobs, job.job_id), daemon=True).start()
    return job.job_id


def attend(process: subprocess.Popen[bytes], jobs: Jobs, job_id: str) -> None:
    """Wait for the process; a job whose process died without an answer has failed, and what it complained of goes to the log, not to the page."""
    _, complaint = process.communicate()
    found = jobs.read(job_id)
    if process.returncode and not found.is_over:
        text = "" if found.kind in ON_PEOPLE else complaint.decode(errors="replace")[-LONGEST_COMPLAINT:]
        LOG.error(text, extra={"told": {"job": job_id, "kind": found.kind, "code": process.returncode}})
        error = {language: render("job_died", language, {"job": job_id}) for language in LANGUAGES}
        jobs.end(job_id, "failed", {"error": error, "findings": []})


def told(found: Job) -> Response:
    """Tell how far a job is, and its answer once it is over."""
    step = say(found.step) if found.step in catalogue() else ""
    answer = None if found.answer is None else _spoken(found.answer)
    if found.state == "failed" and answer is None:
        answer = {"error": say("job_died", job=found.job_id), "findings": []}
    reply = {"job": found.job_id, "kind": found.kind, "owner": found.owner, "state": found.state, "over": found.is_over}
    return jsonify(**reply, step=step, done=found.done, total=found.total, answer=answer)


def _spoken(value: Any) -> Any:
    """Return an answer in the visitor's language: where it holds a text in both, that one."""
    if isinstance(value, dict):
        return _spoken(value[language()]) if set(value) == {"zh", "en"} else {name: _spoken(each) for name, each in value.items()}
    return [_spoken(each) for each in value] if isinstance(value, list) else value

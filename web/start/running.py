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

from flask import g

from gridmap import Jobs
from gridmap.texts import LANGUAGES, render
from web.security import actor
from web.standing import standing

LOG = logging.getLogger("gridmap.server")
ROOT = Path(__file__).resolve().parents[2]
MEGABYTE, MINUTE = 1_000_000, 60
LONGEST_COMPLAINT = 4_000


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
    threading.Thread(target=_attend, args=(process, found.jobs, job.job_id), daemon=True).start()
    return job.job_id


def _attend(process: subprocess.Popen[bytes], jobs: Jobs, job_id: str) -> None:
    """Wait for the process; a job whose process died without an answer has failed, and what it complained of goes to the log, not to the page."""
    _, complaint = process.communicate()
    if process.returncode and not jobs.read(job_id).is_over:
        LOG.error(complaint.decode(errors="replace")[-LONGEST_COMPLAINT:], extra={"told": {"job": job_id, "code": process.returncode}})
        error = {language: render("job_died", language, {"job": job_id}) for language in LANGUAGES}
        jobs.end(job_id, "failed", {"error": error, "findings": []})

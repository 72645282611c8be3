"""The command ``gridmap serve`` as a process of its own: it starts, sees another workspace, and stops."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from gridmap.ground.sample import sample_district
from gridmap.store.workspace import Workspace
from web import Settings

pytestmark = pytest.mark.slow

PATIENCE_S = 120.0
Server = tuple[subprocess.Popen[str], str]


@pytest.fixture
def server(settings: Settings, root: Path) -> Iterator[Server]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "gridmap", "serve", str(settings.workspace), "--port", str(port), "--lang", "en"]
    group = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP} if sys.platform == "win32" else {}
    environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONUTF8": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, text=True, **group) as process:
        yield process, f"http://127.0.0.1:{port}"
        process.kill()


def text_of(address: str) -> str:
    with urlopen(address, timeout=60) as reply:
        return str(reply.read().decode())


def wait_until_ready(address: str) -> None:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        with contextlib.suppress(OSError):
            text_of(f"{address}/health")
            return
        time.sleep(0.2)
    raise TimeoutError(address)


def stop(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    process.send_signal(signal.CTRL_BREAK_EVENT if sys.platform == "win32" else signal.SIGTERM)
    # What is computed in the background is not waited for.
    told, complaints = process.communicate(timeout=20)
    return process.returncode, told, complaints


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no order to end that a program hears")
def test_it_stops_at_once_and_says_so(server: Server) -> None:
    process, address = server
    wait_until_ready(address)
    code, told, complaints = stop(process)
    assert (code, "has stopped" in told, "Traceback" in complaints) == (0, True, False)


def test_it_sees_another_workspace_in_the_place_of_the_first(server: Server, settings: Settings, tmp_path: Path) -> None:
    _, address = server
    wait_until_ready(address)
    before = text_of(f"{address}/tiles/layers.json")
    other = tmp_path / "other.gpkg"
    Workspace(other).write_ground(sample_district(300, seed=7), [], based_on=None)
    shutil.move(other, settings.workspace)
    after = text_of(f"{address}/tiles/layers.json")
    assert before != after
    assert text_of(f"{address}/health").strip() == '{"status":"ok"}'

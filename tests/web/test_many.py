"""Fifty clients at once, two processes on one private store: nothing is mixed up and nothing lost."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, Request, build_opener

import pytest
from waitress.server import create_server
from webtools import PASSWORD, PEOPLE

from gridmap.store.audit import AuditLog
from gridmap.store.private import PrivateStore
from web import Settings, create_app

pytestmark = pytest.mark.slow

CLIENTS, ROUNDS = 50, 2
OTHER = """
import sys
from pathlib import Path
from waitress.server import create_server
from web import Settings, create_app
server = create_server(create_app(Settings(workspace=Path(sys.argv[1]), login_limit="10000 per minute")), host="127.0.0.1", port=0, threads=8)
print(server.effective_port, flush=True)
server.run()
"""


@contextlib.contextmanager
def waitress_twice(settings: Settings, root: Path) -> Iterator[list[str]]:
    """Two servers of one workspace: threads of this process, and another process."""
    here = create_server(create_app(settings), host="127.0.0.1", port=0, threads=8)
    threading.Thread(target=here.run, daemon=True).start()
    environment = {**os.environ, "PYTHONPATH": str(root)}
    with subprocess.Popen([sys.executable, "-c", OTHER, str(settings.workspace)], stdout=subprocess.PIPE, env=environment, text=True) as there:
        assert there.stdout is not None
        try:
            yield [f"http://127.0.0.1:{port}" for port in (here.effective_port, int(there.stdout.readline()))]
        finally:
            there.terminate()
            here.close()


@contextlib.contextmanager
def gunicorn(settings: Settings, root: Path) -> Iterator[list[str]]:
    """One address behind which two processes answer, whichever is free."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = ["gunicorn", "--workers", "2", "--threads", "8", "--bind", f"127.0.0.1:{port}", f"web.wsgi:application({str(settings.workspace)!r})"]
    environment = {
        **os.environ,
        "PYTHONPATH": str(root),
        "GRIDMAP_SERVER_LOGIN_LIMIT": "10000 per minute",
        "GRIDMAP_SERVER_REQUEST_LIMIT": "100000 per minute",
    }
    with subprocess.Popen([sys.executable, "-m", *command], stderr=subprocess.PIPE, env=environment, text=True) as server:
        assert server.stderr is not None
        log: list[str] = []
        threading.Thread(target=log.extend, args=(server.stderr,), daemon=True).start()
        try:
            yield [f"http://127.0.0.1:{port}"] * 2
        finally:
            server.terminate()
        assert server.wait(60) == 0
    assert len({line.split("pid: ")[1] for line in log if "Booting worker" in line}) == 2
    assert [line for line in log if "Traceback" in line or '"level": "ERROR"' in line] == []


WAYS = [waitress_twice, pytest.param(gunicorn, marks=pytest.mark.skipif(sys.platform == "win32", reason="gunicorn runs on POSIX systems alone"))]


@pytest.fixture(params=WAYS)
def addresses(request: pytest.FixtureRequest, settings: Settings, root: Path) -> Iterator[list[str]]:
    with request.param(settings, root) as found:
        wait_for(found[0])
        yield found


def wait_for(address: str) -> None:
    """Wait until a server answers that maps open at once."""
    until = time.monotonic() + 120
    while time.monotonic() < until:
        # A server that has no time to answer yet is as good as one that is not there.
        with contextlib.suppress(OSError), build_opener().open(f"{address}/health", timeout=10):
            return
        time.sleep(0.2)
    raise TimeoutError(address)


def page(client: OpenerDirector, address: str, **form: str) -> str:
    with client.open(Request(address, data=urlencode(form).encode() if form else None, headers={"Accept": "text/html"}), timeout=60) as reply:
        return str(reply.read().decode())


def session(addresses: list[str], number: int) -> list[str]:
    """Log in and out several times, on both servers in turn; return what was wrong."""
    role = list(PEOPLE)[number % len(PEOPLE)]
    wrong = []
    for turn in range(ROUNDS):
        # Cookies do not tell ports apart, so a session that began here is good there.
        client = build_opener(HTTPCookieProcessor(CookieJar()))
        first, second = (addresses[(number + turn + step) % 2] for step in (0, 1))
        token = page(client, f"{first}/account/login").split('csrf-token" content="')[1].split('"')[0]
        page(client, f"{first}/account/login", name=role, password=PASSWORD, csrf_token=token)
        shown = page(client, f"{second}/account/")
        token = shown.split('csrf-token" content="')[1].split('"')[0]
        wrong += [] if f"<h1>{role}</h1>" in shown else [f"{role} saw {shown}"]
        page(client, f"{second}/account/logout", csrf_token=token)
        wrong += [f"{role} is still in"] if f"<h1>{role}</h1>" in page(client, f"{first}/account/") else []
    return wrong


def test_fifty_clients_and_two_processes(addresses: list[str], settings: Settings) -> None:
    with ThreadPoolExecutor(CLIENTS) as pool:
        wrong = [each for found in pool.map(lambda number: session(addresses, number), range(CLIENTS)) for each in found]
    assert wrong == []
    log = AuditLog(PrivateStore(settings.private_path))
    told = [entry.action for entry in log.entries(last=10_000)]
    assert (told.count("login"), told.count("logout")) == (CLIENTS * ROUNDS, CLIENTS * ROUNDS)
    assert log.verify().findings == ()

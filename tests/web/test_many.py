"""Fifty clients at once, two processes on one private store: nothing is mixed up and nothing lost."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
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


@pytest.fixture
def addresses(settings: Settings, root: Path) -> Iterator[list[str]]:
    """Two servers of one workspace: threads of this process, and another process."""
    here = create_server(create_app(settings), host="127.0.0.1", port=0, threads=8)
    threading.Thread(target=here.run, daemon=True).start()
    environment = {**os.environ, "PYTHONPATH": str(root)}
    with subprocess.Popen([sys.executable, "-c", OTHER, str(settings.workspace)], stdout=subprocess.PIPE, env=environment, text=True) as there:
        assert there.stdout is not None
        yield [f"http://127.0.0.1:{port}" for port in (here.effective_port, int(there.stdout.readline()))]
        there.terminate()
    here.close()


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

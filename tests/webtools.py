"""What tests of the server do again and again."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from flask.testing import FlaskClient
from waitress.server import create_server

from gridmap.store.accounts import Territory
from web import Settings, create_app

PASSWORD = "正确的马 battery"
PEOPLE = {
    "grid_worker": Territory("grids", ("G1",)),
    "community": Territory("community", ("C1",)),
    "street_office": Territory("street_office", ("河东街道",)),
    "planner": Territory(),
    "auditor": Territory(),
    "administrator": Territory(),
}
"""One account of each role, called like the role, all with the same password."""


def token_of(client: FlaskClient, address: str = "/account/login") -> str:
    """Return the CSRF token of a page."""
    page = client.get(address, headers={"Accept": "text/html"}, follow_redirects=True).text
    found = re.search(r'name="csrf-token" content="([^"]+)"', page)
    assert found is not None
    return found[1]


def log_in(client: FlaskClient, name: str, password: str = PASSWORD) -> int:
    """Log in by the form and return the status."""
    form = {"name": name, "password": password, "csrf_token": token_of(client)}
    return client.post("/account/login", data=form).status_code


@contextmanager
def served(settings: Settings) -> Iterator[str]:
    """Run a server on this computer and give its address."""
    server = create_server(create_app(settings), host="127.0.0.1", port=0, threads=4)
    running = threading.Thread(target=server.run, daemon=True)
    running.start()
    yield f"http://127.0.0.1:{server.effective_port}"
    server.close()
    running.join(timeout=5)

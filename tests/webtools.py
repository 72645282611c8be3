"""What tests of the server do again and again."""

from __future__ import annotations

import io
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

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


class Planner:
    """Somebody at the start page."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self.headers = {"X-CSRFToken": token_of(client, "/start/")}

    def put(self, **files: bytes) -> Any:
        return self.put_named({name.replace("_", "."): content for name, content in files.items()})

    def put_named(self, files: dict[str, bytes]) -> Any:
        data = {"files": [(io.BytesIO(content), name) for name, content in files.items()]}
        return self.client.post("/start/files", data=data, headers=self.headers, content_type="multipart/form-data")

    def ask(self, **body: Any) -> Any:
        return self.client.post("/start/jobs", json=body, headers=self.headers)

    def wait(self, **body: Any) -> dict[str, Any]:
        """Begin a job, wait until it is over, and return it."""
        reply = self.ask(**body)
        assert reply.status_code == 202, reply.text
        return self.over(reply.json["job"])

    def over(self, job: str) -> dict[str, Any]:
        for _ in range(1200):
            state = self.client.get(f"/start/jobs/{job}?lang=en").json
            if state["over"]:
                return state
            time.sleep(0.05)
        raise AssertionError(state)

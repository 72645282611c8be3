"""An app on a small workspace, with one account of every role."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from jinja2 import FileSystemBytecodeCache
from webtools import PASSWORD, PEOPLE, Planner, log_in

from gridmap.grids.propose import propose
from gridmap.grids.tiling import tile
from gridmap.ground.sample import sample_district
from gridmap.outputs.publish_content import public_venues
from gridmap.rules import load_rules
from gridmap.store.accounts import Accounts
from gridmap.store.private import PrivateStore
from gridmap.store.workspace import Workspace
from web import Settings, create_app, worker
from web.start import running

Client = Callable[..., FlaskClient]


@pytest.fixture(scope="session", autouse=True)
def _quick_hashes() -> Iterator[None]:
    """Let a password take no time: dozens of logins follow, and how strong argon2id is by default is a test of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gridmap.store.accounts._hasher", lambda: PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
        yield


@pytest.fixture(scope="session", autouse=True)
def _templates_compiled_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let the apps of all tests share their compiled templates."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Flask, "jinja_options", {"bytecode_cache": FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))})
        yield


@pytest.fixture(scope="session", autouse=True)
def _no_circles() -> Iterator[None]:
    """Let the public map have none: each test would start a process that computes them. One slow test does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("web.circles.run_module", lambda *_: 0)
        patch.setattr("web.circles.made", lambda sight: [[] for _ in public_venues(sight.district, sight.rules)[0].index])
        yield


@pytest.fixture(scope="session")
def made_workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with an adopted plan, to be copied."""
    return workspace_of(600, tmp_path_factory.mktemp("made") / "town.gpkg")


@pytest.fixture(scope="session")
def made_town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with two communities and venues of most categories; a module that needs it overrides ``made_workspace``."""
    return workspace_of(2500, tmp_path_factory.mktemp("made") / "town.gpkg")


def workspace_of(households: int, path: Path) -> Path:
    district, rules = sample_district(households, seed=1), load_rules()
    workspace = Workspace(path)
    workspace.write_ground(district, [], based_on=None)
    tiling = tile(district)
    workspace.write_tiling(tiling)
    workspace.save_plan(propose(district, rules, tiling=tiling, name="first", effort="quick"))
    workspace.adopt("first")
    return path


@pytest.fixture(scope="session")
def made_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A private store with one account of every role, each called like its role, to be copied."""
    store = PrivateStore(tmp_path_factory.mktemp("made") / "town.private.sqlite")
    store.make()
    for role, territory in PEOPLE.items():
        Accounts(store).add(role, PASSWORD, role, territory, by="test")
    return store.path


@pytest.fixture
def settings(made_workspace: Path, made_store: Path, tmp_path: Path) -> Settings:
    shutil.copy(made_workspace, tmp_path / "town.gpkg")
    shutil.copy(made_store, tmp_path / "town.private.sqlite")
    return Settings(workspace=tmp_path / "town.gpkg", login_limit="1000 per minute")


@pytest.fixture
def app(settings: Settings) -> Flask:
    return create_app(settings)


@pytest.fixture
def accounts(settings: Settings) -> Accounts:
    return Accounts(PrivateStore(settings.private_path))


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Somebody who has not logged in."""
    return app.test_client()


@pytest.fixture
def as_role(app: Flask) -> Client:
    """Give a client that is logged in as the account of a role; ``public`` is nobody."""

    def enter(role: str) -> FlaskClient:
        client = app.test_client()
        if role != "public":
            assert log_in(client, role) == 302
        return client

    return enter


@pytest.fixture
def planner(as_role: Callable[[str], FlaskClient]) -> Planner:
    return Planner(as_role("planner"))


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let jobs run within this process, to the end before the reply: starting a process takes seconds, and two tests do it."""

    def popen(command: list[str], **_: Any) -> Any:
        monkeypatch.setattr("gridmap.limit_process", lambda **_: True)
        worker.main(*command[3:])
        return Ended()

    monkeypatch.setattr(running.subprocess, "Popen", popen)


class Ended:
    """A process that has ended well."""

    returncode = 0

    def communicate(self) -> tuple[bytes, bytes]:
        return b"", b""

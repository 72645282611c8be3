"""Logging in and out, sessions, passwords, disabled accounts."""

from __future__ import annotations

import sqlite3
import stat
import sys
import time

import pytest
from argon2 import PasswordHasher, Type
from flask import Flask
from flask.testing import FlaskClient
from webtools import PASSWORD, log_in, token_of

from gridmap.errors import RequestError
from gridmap.store.accounts import Accounts, Territory
from gridmap.store.audit import AuditLog
from gridmap.store.private import PrivateStore
from web import Settings

NEW = "another good password"


def is_in(client: FlaskClient) -> bool:
    return client.get("/account/").status_code == 200


@pytest.mark.slow
def test_a_right_password_lets_in(as_role) -> None:
    assert is_in(as_role("planner"))


@pytest.mark.parametrize(("name", "password"), [("planner", "wrong password"), ("nobody", PASSWORD), ("planner", ""), ("planner", "x" * 100_000)])
def test_anything_else_does_not(name: str, password: str, client: FlaskClient) -> None:
    assert log_in(client, name, password) == 401
    assert not is_in(client)


def test_a_session_brought_along_is_not_taken_over(client: FlaskClient, app: Flask) -> None:
    token_of(client)
    before = client.get_cookie("gridmap_session").value
    log_in(client, "planner")
    assert client.get_cookie("gridmap_session").value != before
    other = app.test_client()
    other.set_cookie("gridmap_session", before)
    assert not is_in(other)


def test_logging_out_ends_the_session_for_copies_too(as_role, app: Flask) -> None:
    client, other = as_role("planner"), app.test_client()
    other.set_cookie("gridmap_session", client.get_cookie("gridmap_session").value)
    assert is_in(other)
    client.post("/account/logout", headers={"X-CSRFToken": token_of(client, "/account/")})
    assert not is_in(client)
    assert not is_in(other)


@pytest.mark.parametrize("column", ["seen", "begun"])
def test_a_session_ends_by_itself(column: str, as_role, settings: Settings) -> None:
    client = as_role("planner")
    with sqlite3.connect(settings.private_path) as connection:
        connection.execute(f"UPDATE sessions SET {column} = ?", (time.time() - 13 * 3600,))
    connection.close()
    assert not is_in(client)


def test_a_disabled_account_is_out_at_once(as_role, accounts: Accounts, client: FlaskClient) -> None:
    inside = as_role("planner")
    accounts.disable("planner", by="administrator")
    assert not is_in(inside)
    assert log_in(client, "planner") == 401
    accounts.disable("planner", by="administrator", disabled=False)
    assert log_in(client, "planner") == 302


def change(client: FlaskClient, present: str, new: str, again: str) -> int:
    form = {"present": present, "new": new, "again": again, "csrf_token": token_of(client, "/account/password")}
    return client.post("/account/password", data=form).status_code


def test_a_changed_password_ends_the_other_sessions(as_role) -> None:
    here, there = as_role("planner"), as_role("planner")
    assert change(here, PASSWORD, NEW, NEW) == 302
    assert (is_in(here), is_in(there)) == (True, False)


@pytest.mark.parametrize(
    ("present", "new", "again"),
    [("wrong", NEW, NEW), (PASSWORD, NEW, NEW + "x"), (PASSWORD, "short", "short"), (PASSWORD, "aaaaaaaaaaaa", "aaaaaaaaaaaa")],
)
def test_a_password_is_not_changed(present: str, new: str, again: str, as_role) -> None:
    assert change(as_role("planner"), present, new, again) == 400


def test_passwords_are_kept_as_argon2id(settings: Settings) -> None:
    content = settings.private_path.read_bytes()
    assert b"$argon2id$" in content
    assert PASSWORD.encode() not in content


def test_a_password_takes_time_and_memory() -> None:
    hasher = PasswordHasher()
    assert (hasher.type, hasher.memory_cost >= 65_536, hasher.time_cost >= 3) == (Type.ID, True, True)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes; the folder's rights count there")
def test_the_store_is_for_its_owner_alone(settings: Settings) -> None:
    settings.private_path.chmod(0o644)
    PrivateStore(settings.private_path).make()
    assert stat.S_IMODE(settings.private_path.stat().st_mode) == 0o600


def test_the_secret_is_made_once(settings: Settings) -> None:
    store = PrivateStore(settings.private_path)
    before = store.secret()
    store.make()
    assert store.secret() == before
    assert len(before) >= 64


def test_all_of_it_is_in_the_audit_log(as_role, accounts: Accounts) -> None:
    change(as_role("planner"), PASSWORD, NEW, NEW)
    accounts.disable("planner", by="administrator")
    told = [(entry.actor, entry.action, entry.subject) for entry in AuditLog(accounts.store).entries(last=4)]
    assert told == [
        ("administrator", "user_disabled", "planner"),
        ("planner", "login", ""),
        ("planner", "password_changed", "planner"),
        ("planner", "login", ""),
    ]


@pytest.mark.parametrize(
    ("name", "role", "territory"),
    [
        ("planner", "planner", Territory()),
        (" x", "planner", Territory()),
        ("x", "community", Territory()),
        ("x", "planner", Territory("community", ("C1",))),
    ],
)
def test_accounts_that_make_no_sense(name: str, role, territory: Territory, accounts: Accounts) -> None:
    with pytest.raises(RequestError):
        accounts.add(name, NEW, role, territory, by="test")

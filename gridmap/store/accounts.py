"""Accounts of the server: who may log in, as what, and for which part of the district."""

from __future__ import annotations

import functools
import hashlib
import json
import secrets
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast, get_args

from gridmap.errors import RequestError
from gridmap.store.audit import append
from gridmap.store.private import PrivateStore

if TYPE_CHECKING:
    from argon2 import PasswordHasher

Role = Literal["grid_worker", "community", "street_office", "planner", "auditor", "administrator"]
ROLES: tuple[Role, ...] = get_args(Role)
TerritoryKind = Literal["all", "street_office", "community", "grids"]
_KIND_OF: dict[Role, TerritoryKind] = {"grid_worker": "grids", "community": "community", "street_office": "street_office"}

SHORTEST_PASSWORD, LONGEST_PASSWORD = 10, 200
"""Characters; longer ones would only serve to keep the server busy."""
LONGEST_NAME = 60
TOKEN_BYTES = 32
GIVEN_SIGNS, GIVEN_PARTS, GIVEN_PART = "abcdefghjkmnpqrstuvwxyz23456789", 4, 4
"""A password made for somebody: four times four signs, none of which is taken for another; 79 bits."""
SEEN_EVERY_SECONDS = 60.0
"""How exactly the store knows when a session was last used; a write at each request would cost more than it tells."""


def made_password() -> str:
    """Return a new password to be told to somebody, who changes it at the first login: easy to read out, impossible to guess."""
    return "-".join("".join(secrets.choice(GIVEN_SIGNS) for _ in range(GIVEN_PART)) for _ in range(GIVEN_PARTS))


def territory_kind(role: Role) -> TerritoryKind:
    """Return the kind of territory that an account of a role has.

    >>> territory_kind("grid_worker"), territory_kind("planner")
    ('grids', 'all')
    """
    return _KIND_OF.get(role, "all")


def role_names() -> tuple[str, ...]:
    """Return the roles that an account can have, from the narrowest; whoever has not logged in has none."""
    return ROLES


@dataclass(frozen=True, slots=True)
class Territory:
    """The part of the district that an account is for: everything, or street offices, communities or grids by their ids."""

    kind: TerritoryKind = "all"
    ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class User:
    """An account, without its password.

    ``last_login`` is empty before the first one. ``must_change``: somebody else knows the password, so it is good for nothing but to be changed.
    """

    user_id: int
    name: str
    role: Role
    territory: Territory
    disabled: bool
    made_at: str
    last_login: str = ""
    must_change: bool = False


@dataclass(frozen=True, slots=True)
class Accounts:
    """The accounts of a private store. Every change is told in the audit log; ``by`` is who makes it."""

    store: PrivateStore

    def users(self) -> list[User]:
        """Return all accounts, in order of names."""
        with self.store.reading() as connection:
            return [_user(row) for row in connection.execute(f"{_SELECT} ORDER BY name")]

    def user(self, user_id: int) -> User | None:
        """Return the account with a number, None when there is none."""
        with self.store.reading() as connection:
            row = connection.execute(f"{_SELECT} WHERE user_id = ?", (user_id,)).fetchone()
        return None if row is None else _user(row)

    def add(
        self, name: str, password: str, role: Role, territory: Territory | None = None, *, by: str, must_change: bool = False, request_id: str = ""
    ) -> User:
        """Make an account; raises ``RequestError`` for a name that is taken or unusable, a territory that does not fit, a weak password.

        ``must_change``: the password is not its owner's own, who has to change it at the first login.
        """
        territory = territory or Territory()
        _check_name(name)
        _check_territory(role, territory)
        _check_password(name, password)
        hashed = _hasher().hash(password)
        with self.store.writing() as connection:
            if _row(connection, name) is not None:
                raise RequestError("user_taken", user=name)
            connection.execute(
                "INSERT INTO users (name, role, territory_kind, territory_ids, password, must_change, made_at)"
                " VALUES (?, ?, ?, ?, ?, ?, datetime('now'))",
                (name, role, territory.kind, json.dumps(territory.ids, ensure_ascii=False), hashed, must_change),
            )
            append(connection, by, "user_added", name, request_id=request_id, role=role, territory=territory.kind, ids=", ".join(territory.ids))
            return _user(_known(connection, name))

    def change(self, name: str, role: Role, territory: Territory, *, by: str, request_id: str = "") -> None:
        """Give an account another role and territory; all its sessions end. Raises ``RequestError`` for a territory that does not fit the role."""
        _check_territory(role, territory)
        with self.store.writing() as connection:
            user = _user(_known(connection, name))
            connection.execute(
                "UPDATE users SET role = ?, territory_kind = ?, territory_ids = ? WHERE user_id = ?",
                (role, territory.kind, json.dumps(territory.ids, ensure_ascii=False), user.user_id),
            )
            connection.execute("DELETE FROM sessions WHERE user_id = ?", (user.user_id,))
            before = {"role_before": user.role, "territory_before": user.territory.kind, "ids_before": ", ".join(user.territory.ids)}
            after = {"role": role, "territory": territory.kind, "ids": ", ".join(territory.ids)}
            append(connection, by, "user_changed", user.name, request_id=request_id, **before, **after)

    def set_password(self, name: str, password: str, *, by: str, must_change: bool = False, request_id: str = "") -> None:
        """Give an account another password; all its sessions end. ``must_change`` is what it is for :meth:`add`."""
        _check_password(name, password)
        hashed = _hasher().hash(password)
        with self.store.writing() as connection:
            user = _user(_known(connection, name))
            connection.execute("UPDATE users SET password = ?, must_change = ? WHERE user_id = ?", (hashed, must_change, user.user_id))
            connection.execute("DELETE FROM sessions WHERE user_id = ?", (user.user_id,))
            append(connection, by, "password_changed", user.name, request_id=request_id)

    def disable(self, name: str, *, by: str, disabled: bool = True, request_id: str = "") -> None:
        """Shut an account out at once, or let it in again; its rows in the audit log stay."""
        with self.store.writing() as connection:
            user = _user(_known(connection, name))
            connection.execute("UPDATE users SET disabled = ? WHERE user_id = ?", (disabled, user.user_id))
            connection.execute("DELETE FROM sessions WHERE user_id = ?", (user.user_id,))
            append(connection, by, "user_disabled" if disabled else "user_enabled", user.name, request_id=request_id)

    def is_password(self, name: str, password: str) -> bool:
        """Return whether that is the password of an account that may log in; it takes as long for a name that nobody has."""
        with self.store.reading() as connection:
            row = _row(connection, name)
        return _matches(row, password) and row is not None and not _user(row).disabled

    def log_in(self, name: str, password: str, *, request_id: str = "", address: str = "") -> str | None:
        """Begin a session and return its token; None, and a row in the audit log, when name and password do not fit or the account is disabled."""
        fits = self.is_password(name, password)
        with self.store.writing() as connection:
            # Looked up again: the account may have been disabled while the password was checked.
            row = _row(connection, name)
            if not fits or row is None or _user(row).disabled:
                append(connection, "-", "login_refused", name[:LONGEST_NAME], request_id=request_id, address=address)
                return None
            token, now = secrets.token_urlsafe(TOKEN_BYTES), time.time()
            connection.execute("INSERT INTO sessions VALUES (?, ?, ?, ?)", (_digest(token), _user(row).user_id, now, now))
            connection.execute("UPDATE users SET last_login = datetime('now') WHERE user_id = ?", (_user(row).user_id,))
            append(connection, _user(row).name, "login", request_id=request_id, address=address)
        return token

    def user_of(self, token: str, *, idle_seconds: float, longest_seconds: float) -> User | None:
        """Return whose session it is; None when it has ended, was not used for too long, or is too old."""
        now = time.time()
        with self.store.reading() as connection:
            found = connection.execute("SELECT user_id, begun, seen FROM sessions WHERE token = ?", (_digest(token),)).fetchone()
            if found is None or now - found[2] > idle_seconds or now - found[1] > longest_seconds:
                return None
            user = _user(connection.execute(f"{_SELECT} WHERE user_id = ?", (found[0],)).fetchone())
        if now - found[2] > min(SEEN_EVERY_SECONDS, idle_seconds / 4):
            with self.store.writing() as connection:
                connection.execute("UPDATE sessions SET seen = ? WHERE token = ?", (now, _digest(token)))
                connection.execute("DELETE FROM sessions WHERE seen < ? OR begun < ?", (now - idle_seconds, now - longest_seconds))
        return None if user.disabled else user

    def log_out(self, token: str, *, request_id: str = "") -> None:
        """End a session; a copy of its cookie is worth nothing from now on."""
        with self.store.writing() as connection:
            row = connection.execute("SELECT name FROM sessions JOIN users USING (user_id) WHERE token = ?", (_digest(token),)).fetchone()
            connection.execute("DELETE FROM sessions WHERE token = ?", (_digest(token),))
            if row is not None:
                append(connection, row[0], "logout", request_id=request_id)


_SELECT = "SELECT user_id, name, role, territory_kind, territory_ids, disabled, made_at, password, last_login, must_change FROM users"


def _row(connection: sqlite3.Connection, name: str) -> Sequence[object] | None:
    return cast("Sequence[object] | None", connection.execute(f"{_SELECT} WHERE name = ?", (name,)).fetchone())


def _known(connection: sqlite3.Connection, name: str) -> Sequence[object]:
    row = _row(connection, name)
    if row is None:
        raise RequestError("user_unknown", user=name)
    return row


def _user(row: Sequence[object]) -> User:
    territory = Territory(cast(TerritoryKind, row[3]), tuple(json.loads(str(row[4]))))
    return User(cast(int, row[0]), str(row[1]), cast(Role, row[2]), territory, bool(row[5]), str(row[6]), str(row[8]), bool(row[9]))


def _digest(token: str) -> str:
    """Return what is kept of a token: whoever reads the store cannot take over a session."""
    return hashlib.sha256(token.encode()).hexdigest()


@functools.cache
def _hasher() -> PasswordHasher:
    # argon2id with the library's own measure (RFC 9106, low memory): 64 MiB, three passes.
    from argon2 import PasswordHasher

    return PasswordHasher()


@functools.cache
def _nobody() -> str:
    return _hasher().hash(secrets.token_hex(TOKEN_BYTES))


def _matches(row: Sequence[object] | None, password: str) -> bool:
    from argon2.exceptions import InvalidHashError, VerificationError

    if len(password) > LONGEST_PASSWORD:
        return False
    try:
        return _hasher().verify(_nobody() if row is None else str(row[7]), password) and row is not None
    except (VerificationError, InvalidHashError):
        return False


def _check_name(name: str) -> None:
    if not name or name != name.strip() or not name.isprintable() or len(name) > LONGEST_NAME or name == "-":
        raise RequestError("user_name_unusable", user=name, limit=LONGEST_NAME)


def _check_territory(role: Role, territory: Territory) -> None:
    if territory.kind != territory_kind(role) or bool(territory.ids) == (territory.kind == "all"):
        raise RequestError("user_territory_unfit", role=role, kind=territory_kind(role))


def _check_password(name: str, password: str) -> None:
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise RequestError("password_length", minimum=SHORTEST_PASSWORD, maximum=LONGEST_PASSWORD)
    if password.casefold() == name.casefold() or len(set(password)) < SHORTEST_PASSWORD // 2:
        raise RequestError("password_simple")

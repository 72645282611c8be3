"""The private store: what must never be in a workspace or a public file, one SQLite file of its own that only its owner may read.

It holds the server's secret, accounts, the audit log and the server's background work; whatever is private comes to it as further tables.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from gridmap.errors import WorkspaceError
from gridmap.store.connections import WAIT_SECONDS, drafted, reading, writing
from gridmap.store.failures import failures_told

OWNER_ONLY = 0o600
OTHERS = 0o077
SECRET_BYTES = 32
LONGEST_PAUSE_MS = 8

_DOORS: dict[Path, threading.RLock] = {}

MIGRATIONS = (
    """
    CREATE TABLE secrets (name TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL);
    CREATE TABLE users (
        user_id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE COLLATE NOCASE, role TEXT NOT NULL,
        territory_kind TEXT NOT NULL, territory_ids TEXT NOT NULL, password TEXT NOT NULL,
        disabled INTEGER NOT NULL DEFAULT 0, made_at TEXT NOT NULL);
    CREATE TABLE sessions (
        token TEXT PRIMARY KEY NOT NULL, user_id INTEGER NOT NULL REFERENCES users, begun REAL NOT NULL, seen REAL NOT NULL);
    CREATE TABLE audit (
        number INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL, subject TEXT NOT NULL,
        details TEXT NOT NULL, request_id TEXT NOT NULL, hash TEXT NOT NULL);
    CREATE TABLE jobs (
        job_id TEXT PRIMARY KEY NOT NULL, workspace TEXT NOT NULL, kind TEXT NOT NULL, owner TEXT NOT NULL, request TEXT NOT NULL,
        state TEXT NOT NULL, step TEXT NOT NULL DEFAULT '', done INTEGER NOT NULL DEFAULT 0, total INTEGER NOT NULL DEFAULT 0,
        answer TEXT, begun REAL NOT NULL, beat REAL NOT NULL);
    """,
    """
    CREATE TABLE organisations (
        organisation_id TEXT PRIMARY KEY NOT NULL, name TEXT NOT NULL, level TEXT NOT NULL, parent TEXT, community_id TEXT, building_id TEXT,
        grid TEXT);
    CREATE TABLE member_households (
        household_id TEXT PRIMARY KEY NOT NULL, building_id TEXT NOT NULL, stairwell TEXT, room TEXT, name TEXT, members INTEGER NOT NULL,
        centre INTEGER NOT NULL, kind TEXT NOT NULL, organisation_id TEXT);
    CREATE TABLE workers (worker_id TEXT PRIMARY KEY NOT NULL, name TEXT NOT NULL, grid TEXT);
    CREATE TABLE posts (post_id TEXT PRIMARY KEY NOT NULL, name TEXT NOT NULL, household_id TEXT, grid TEXT);
    """,
    """
    ALTER TABLE users ADD COLUMN last_login TEXT NOT NULL DEFAULT '';
    ALTER TABLE users ADD COLUMN must_change INTEGER NOT NULL DEFAULT 0
    """,
    """
    CREATE TABLE states (name TEXT PRIMARY KEY NOT NULL, state TEXT NOT NULL);
    INSERT INTO states VALUES ('people', lower(hex(randomblob(16))))
    """,
)
"""What makes the tables; each entry brings a store from its version to the next. Entries are only ever added, at the end."""


@dataclass(frozen=True, slots=True)
class PrivateStore:
    """The private store in the file at ``path``; several programs may use it at once.

    Every method raises ``WorkspaceError`` with one sentence when the file is missing, is no private store, was made by a newer gridmap, is full
    or locked.
    """

    path: Path

    @classmethod
    def beside(cls, workspace: Path) -> PrivateStore:
        """Return the store that belongs to a workspace unless told otherwise: ``town.private.sqlite`` beside ``town.gpkg``."""
        return cls(workspace.with_suffix(".private.sqlite"))

    def exists(self) -> bool:
        """Return whether there is anything at the path, a store or not."""
        return self.path.exists()

    def make(self) -> None:
        """Make the store with a fresh secret, readable by its owner alone; a store that is there is brought up to date and closed to others."""
        if not self.exists():
            # Somebody else may be making it at the same moment; his is as good.
            with contextlib.suppress(FileExistsError), drafted(self.path, replace=False) as draft:
                _lay_out(draft)
        self._close_to_others()
        with self.writing() as connection:
            _migrate(connection)

    def secret(self) -> str:
        """Return the key that signs cookies; it was made with the store and leaves it only to the server's memory."""
        with self.reading() as connection:
            return str(connection.execute("SELECT value FROM secrets WHERE name = 'cookies'").fetchone()[0])

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Open the store and see one state of it throughout."""
        with self._door(), _patiently(reading, self.path) as connection:
            _check_version(connection, self.path)
            yield connection

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Open the store for one transaction: all of it is kept when the block ends, nothing when it raises."""
        with self._door(), _patiently(writing, self.path) as connection:
            _check_version(connection, self.path)
            yield connection

    def _door(self) -> threading.RLock:
        """Return what lets one thread of this process in at a time: dozens that ask SQLite for its lock all at once may wait for ever."""
        return _DOORS.setdefault(self.path, threading.RLock())

    def _close_to_others(self) -> None:
        """Take away what other users of this computer may do with the file; Windows inherits the folder's rights instead."""
        with failures_told(self.path):
            if os.name != "nt" and self.path.stat().st_mode & OTHERS:
                self.path.chmod(OWNER_ONLY)


@contextlib.contextmanager
def _patiently(opening: Callable[..., contextlib.AbstractContextManager[sqlite3.Connection]], path: Path) -> Iterator[sqlite3.Connection]:
    """Open the store, asking for its lock every few milliseconds: SQLite itself asks ten times a second, and a busy process would always be first."""
    deadline = time.monotonic() + WAIT_SECONDS
    with contextlib.ExitStack() as stack:
        while True:
            try:
                connection = stack.enter_context(opening(path, wait_seconds=0.0))
                # What comes first takes the lock for all that follows.
                connection.execute("PRAGMA user_version").fetchone()
                break
            except (WorkspaceError, sqlite3.OperationalError) as error:
                if getattr(error, "code", "") == "store_not_geopackage":
                    raise WorkspaceError("private_not_store", file=path.name) from error
                busy = getattr(error, "code", "") == "store_locked" or getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
                if not busy or time.monotonic() > deadline:
                    raise
                stack.close()
                time.sleep(secrets.randbelow(LONGEST_PAUSE_MS) / 1000)
        connection.execute(f"PRAGMA busy_timeout = {round(1000 * WAIT_SECONDS)}")
        yield connection


def _lay_out(path: Path) -> None:
    # The file is closed to others before anything is in it.
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, OWNER_ONLY))
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("BEGIN")
        _migrate(connection)
        connection.execute("INSERT INTO secrets VALUES ('cookies', ?)", (secrets.token_hex(SECRET_BYTES),))
        connection.execute("COMMIT")


def _migrate(connection: sqlite3.Connection) -> None:
    """Bring the tables up to date, within the transaction that is open."""
    for version in range(_version(connection), len(MIGRATIONS)):
        for statement in MIGRATIONS[version].split(";"):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {version + 1}")


def _check_version(connection: sqlite3.Connection, path: Path) -> None:
    version = _version(connection)
    if not version:
        raise WorkspaceError("private_not_store", file=path.name)
    if version > len(MIGRATIONS):
        raise WorkspaceError("private_newer", file=path.name, value=version, limit=len(MIGRATIONS))


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])

"""Opening GeoPackage files so that whatever happens the file holds the old state or the new one, never half.

A file that exists is changed in one SQLite transaction with the rollback journal (not the write-ahead log, which would leave two more files
beside it and does not work on network shares). A new file is written under another name in the same folder and then renamed.
"""

from __future__ import annotations

import contextlib
import glob
import secrets
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from gridmap.errors import WorkspaceError
from gridmap.store.failures import failures_told
from gridmap.unfinished import forget_unfinished

WAIT_SECONDS = 10.0
"""How long a second writer waits for the first; longer than any of our writes takes, short enough to wait for at a keyboard."""

SQLITE_MAGIC = b"SQLite format 3\x00"


@contextlib.contextmanager
def reading(path: Path, *, wait_seconds: float | None = None) -> Iterator[sqlite3.Connection]:
    """Open the file at ``path`` and see one state of it throughout, whatever others write meanwhile.

    Raises ``WorkspaceError`` when the file is missing, is no database, is damaged, or stays locked.
    """
    with failures_told(path), contextlib.closing(_open(path, wait_seconds)) as connection:
        connection.execute("PRAGMA query_only = ON")
        connection.execute("BEGIN")
        connection.execute("PRAGMA schema_version")
        yield connection


@contextlib.contextmanager
def writing(path: Path, *, wait_seconds: float | None = None) -> Iterator[sqlite3.Connection]:
    """Open the file at ``path`` for one transaction: all that happens inside is kept when the block ends and forgotten when it raises.

    Raises ``WorkspaceError`` as :func:`reading` does, and when the file or its folder is read-only, the disk is full, or another program keeps
    the file locked for ``wait_seconds`` (``WAIT_SECONDS`` when not told).
    """
    with failures_told(path), contextlib.closing(_open(path, wait_seconds)) as connection:
        # A program that was killed may have left the write-ahead log switched on; switching it off fails while another one uses it.
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("BEGIN IMMEDIATE")
        with _committed(connection):
            yield connection


@contextlib.contextmanager
def drafted(path: Path, *, replace: bool = True) -> Iterator[Path]:
    """Give the name of a draft in the folder of ``path``; it becomes ``path`` when the block ends, and is thrown away when it raises.

    With ``replace`` it takes the place of a file that is there; without, ``FileExistsError`` is raised when one has appeared meanwhile.
    Raises ``WorkspaceError`` when the folder is missing or read-only, the disk is full, or another program holds the file at ``path``.
    """
    with failures_told(path):
        check_place(path)
        forget_unfinished(path.parent, f".{glob.escape(path.name)}.*.tmp")
        draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
        try:
            yield draft
            if replace:
                draft.replace(path)
            else:
                _name_new(draft, path)
        finally:
            draft.unlink(missing_ok=True)


def check_place(path: Path) -> None:
    """Raise ``WorkspaceError`` when no file can come to stand at ``path``: there is a folder, or none where it should lie."""
    if not path.parent.is_dir():
        raise WorkspaceError("store_folder_missing", file=path.name, folder=str(path.parent))
    if path.is_dir():
        raise WorkspaceError("store_is_folder", file=path.name or str(path))


@contextlib.contextmanager
def creating(path: Path, *, replace: bool) -> Iterator[sqlite3.Connection]:
    """Make a new database file at ``path`` from a draft, as :func:`drafted` does; the block is one transaction."""
    with drafted(path, replace=replace) as draft:
        # The draft is nobody's yet and is thrown away on failure, so it needs no journal.
        with contextlib.closing(sqlite3.connect(_uri(draft, "rwc"), uri=True, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = OFF")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("BEGIN")
            yield connection
            connection.execute("COMMIT")
        if path.exists():
            if not replace:
                raise FileExistsError(path)
            _settle(path)
        for suffix in ("-journal", "-wal", "-shm"):
            # What a killed program left of another file of this name: SQLite would play it into the new one.
            path.with_name(path.name + suffix).unlink(missing_ok=True)


def _name_new(draft: Path, path: Path) -> None:
    """Give ``draft`` the name ``path``, or raise ``FileExistsError``."""
    if path.exists():
        raise FileExistsError(path)
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        raise
    except OSError:
        # No hard links on this file system (FAT, some network shares).
        draft.replace(path)


def is_database(path: Path) -> bool:
    """Return whether the file begins as an SQLite database does."""
    with path.open("rb") as file:
        return file.read(len(SQLITE_MAGIC)) == SQLITE_MAGIC


def _open(path: Path, wait_seconds: float | None = None) -> sqlite3.Connection:
    if path.is_dir():
        raise WorkspaceError("store_is_folder", file=path.name or str(path))
    if not path.is_file():
        raise WorkspaceError("store_missing", file=path.name)
    # What the file is, SQLite tells at the first reading. We must not open it ourselves: on POSIX systems closing it would take away the locks that
    # other threads of this process hold on it. Only an empty file, which SQLite takes for a new database, is seen here.
    if not path.stat().st_size:
        raise WorkspaceError("store_not_geopackage", file=path.name)
    # "rw" even for reading: what a killed writer left has to be rolled back first. SQLite falls back to reading when the file is write-protected.
    try:
        return sqlite3.connect(_uri(path, "rw"), uri=True, timeout=WAIT_SECONDS if wait_seconds is None else wait_seconds, isolation_level=None)
    except sqlite3.OperationalError as error:
        try:
            path.open("rb").close()
        except PermissionError:
            raise WorkspaceError("store_unreadable", file=path.name) from error
        raise


def _uri(path: Path, mode: str) -> str:
    """Return the address that SQLite takes for a path, also for Windows drives and network shares."""
    posix = path.absolute().as_posix()
    # A network share (//server/share) must stand in the path, after an empty host.
    return f"file://{'' if posix.startswith('/') else '/'}{quote(posix, safe='/:')}?mode={mode}"


@contextlib.contextmanager
def _committed(connection: sqlite3.Connection) -> Iterator[None]:
    try:
        yield
        connection.execute("COMMIT")
    finally:
        # After a full disk SQLite has already rolled back by itself.
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _settle(path: Path) -> None:
    """Make sure that no other program is in the middle of writing the database at ``path``, which is about to be replaced."""
    if not is_database(path):
        return
    with contextlib.closing(_open(path)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("BEGIN EXCLUSIVE")
        connection.execute("ROLLBACK")

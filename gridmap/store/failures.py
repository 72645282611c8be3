"""What a file system or SQLite refuses, told in one clear sentence."""

from __future__ import annotations

import contextlib
import errno
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from gridmap.errors import WorkspaceError

SQLITE_TEXTS = {
    sqlite3.SQLITE_BUSY: "store_locked",
    sqlite3.SQLITE_LOCKED: "store_locked",
    sqlite3.SQLITE_FULL: "store_disk_full",
    sqlite3.SQLITE_READONLY: "store_read_only",
    sqlite3.SQLITE_PERM: "store_read_only",
    # A file that opens but whose folder lets no journal be made fails with CANTOPEN, and only when something is written.
    sqlite3.SQLITE_CANTOPEN: "store_read_only",
    sqlite3.SQLITE_NOTADB: "store_not_geopackage",
    sqlite3.SQLITE_CORRUPT: "store_damaged",
}
SYSTEM_TEXTS = {
    errno.ENOENT: "store_folder_missing",
    errno.ENOTDIR: "store_folder_missing",
    errno.EACCES: "store_read_only",
    errno.EPERM: "store_read_only",
    errno.EROFS: "store_read_only",
    errno.ENOSPC: "store_disk_full",
    errno.EDQUOT: "store_disk_full",
    errno.EISDIR: "store_is_folder",
    errno.EBUSY: "store_locked",
}
SHARING_VIOLATIONS = (32, 33)
"""What Windows answers when another program holds the file open, or a part of it locked."""


@contextlib.contextmanager
def failures_told(path: Path) -> Iterator[None]:
    """Turn any failure of SQLite or of the file system about ``path`` into a ``WorkspaceError`` that says what to do.

    ``FileExistsError`` passes: whoever makes a new file decides what a taken name means.
    """
    try:
        yield
    except (WorkspaceError, FileExistsError):
        raise
    except sqlite3.Error as error:
        # The low byte is the kind of failure, the rest says more about it.
        code = SQLITE_TEXTS.get(getattr(error, "sqlite_errorcode", 0) & 0xFF, "store_failed")
        raise WorkspaceError(code, file=path.name, folder=str(path.parent), reason=str(error)) from error
    except OSError as error:
        sharing = getattr(error, "winerror", None) in SHARING_VIOLATIONS
        code = "store_locked" if sharing else SYSTEM_TEXTS.get(error.errno or 0, "store_failed")
        raise WorkspaceError(code, file=path.name, folder=str(path.parent), reason=error.strerror or str(error)) from error

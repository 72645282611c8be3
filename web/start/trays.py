"""Where uploaded files lie: one folder for each account, closed to others, emptied by its owner and after a day."""

from __future__ import annotations

import secrets
import shutil
import time
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from werkzeug.datastructures import FileStorage

from gridmap import RequestError, User
from web.standing import standing

OWNER_ONLY = 0o700
LONGEST_NAME = 150
MOST_FILES = 200
KEPT_SECONDS = 86_400.0
RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10))}
"""Names that Windows gives to devices, whatever their ending."""


def tray_of(user: User) -> Path:
    """Return the folder of an account's files; it is made when it is not there."""
    folder = standing().settings.files_folder / str(user.user_id)
    folder.mkdir(mode=OWNER_ONLY, parents=True, exist_ok=True)
    folder.parent.chmod(OWNER_ONLY)
    return folder


def files_in(folder: Path) -> list[Path]:
    """Return the uploaded files, in order of their names."""
    return sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))


def add_files(folder: Path, files: Sequence[FileStorage]) -> None:
    """Keep uploaded files under their own names, one of the same name replaced; raises ``RequestError`` for a name that no file can have.

    A file that the disk has no room for is not kept in part; the ``OSError`` says so to the page.
    """
    names = [plain_name(file.filename or "") for file in files]
    if len(set(names) | {path.name for path in files_in(folder)}) > MOST_FILES:
        raise RequestError("tray_full", limit=MOST_FILES)
    for name, file in zip(names, files, strict=True):
        # A hidden name is no upload's name: see plain_name.
        draft = folder / f".{secrets.token_hex(8)}"
        try:
            file.save(draft)
            draft.replace(folder / name)
        finally:
            draft.unlink(missing_ok=True)


def plain_name(name: str) -> str:
    """Return the name of an uploaded file without folders; the ending and Chinese stay, since parts of a shapefile know each other by name.

    >>> plain_name("C:\\\\data\\\\楼栋.shp"), plain_name("../../etc/passwd")
    ('楼栋.shp', 'passwd')
    """
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2].strip().rstrip(".")
    usable = last.isprintable() and not any(sign in last for sign in '<>:"|?*') and not last.startswith(".")
    if not last or not usable or len(last.encode()) > LONGEST_NAME or last.partition(".")[0].lower() in RESERVED:
        raise RequestError("tray_name", file=last[:LONGEST_NAME])
    return last


def chosen_file(folder: Path, name: str) -> Path:
    """Return the uploaded file of that name; raises ``RequestError`` when there is none."""
    found = next((path for path in files_in(folder) if path.name == name), None)
    if found is None:
        raise RequestError("tray_unknown", file=name)
    return found


def clear(folder: Path) -> None:
    """Remove the uploaded files, and those made for download."""
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def clear_old() -> None:
    """Remove the files of everybody who has not touched them for a day."""
    folder = standing().settings.files_folder
    if folder.is_dir():
        for tray in folder.iterdir():
            if tray.is_dir() and max([tray.stat().st_mtime, *(path.stat().st_mtime for path in tray.iterdir())]) < time.time() - KEPT_SECONDS:
                clear(tray)

"""Zip archives, looked through before anything is unpacked."""

from __future__ import annotations

import re
import shutil
import stat
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

from gridmap.errors import InputError


@dataclass(frozen=True, slots=True)
class Limits:
    """How much an archive may hold. ``ratio`` counts for members above ``ratio_from_bytes``: small ones often shrink well."""

    members: int = 2_000
    unpacked_bytes: int = 2_000_000_000
    ratio: int = 200
    ratio_from_bytes: int = 50_000_000


GEODATA = Limits()
WORKBOOK = Limits(unpacked_bytes=500_000_000, ratio_from_bytes=20_000_000)
"""A ledger of a million rows stays below these."""

PARTS_OF_SHAPEFILES = (".shx", ".dbf", ".prj", ".cpg")
DATA_ENDINGS = (".shp", ".gpkg", ".geojson", ".json", ".fgb", ".kml", ".parquet", ".geoparquet", ".csv", ".tsv", ".xlsx", ".xls")
"""Members that are unpacked; all others are left alone."""

_UNSAFE_CHARACTERS = re.compile(r'[<>:"/\\|?*\x00-\x1f]')
_UTF8_FLAG, _ENCRYPTED_FLAG = 0x800, 0x1


def checked_members(path: Path, *, limits: Limits = GEODATA) -> list[tuple[str, zipfile.ZipInfo]]:
    """Return the members of the archive with their names as the user sees them, folders left out.

    Raises ``InputError`` when the archive is damaged, locked by a password, has too many members, would unpack to too much, holds links, or a
    member that wants to be written outside.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise InputError("archive_damaged", file=path.name) from error
    if len(infos) > limits.members:
        raise InputError("archive_too_many", file=path.name, value=len(infos), limit=limits.members)
    unpacked = sum(info.file_size for info in infos)
    if unpacked > limits.unpacked_bytes:
        raise InputError("archive_too_large", file=path.name, value=unpacked // 1_000_000, limit=limits.unpacked_bytes // 1_000_000)
    members = [(member_name(info), info) for info in infos]
    for name, info in members:
        _refuse_unsafe(path, name, info, limits)
    names = [name for name, _ in members]
    if len(set(names)) < len(names):
        raise InputError("archive_unsafe", file=path.name, value=next(name for name in names if names.count(name) > 1))
    return [(name, info) for name, info in members if not info.is_dir()]


def _refuse_unsafe(path: Path, name: str, info: zipfile.ZipInfo, limits: Limits) -> None:
    if info.flag_bits & _ENCRYPTED_FLAG:
        raise InputError("archive_locked", file=path.name)
    if info.file_size > limits.ratio_from_bytes and info.file_size > limits.ratio * max(1, info.compress_size):
        raise InputError("archive_bomb", file=path.name, value=name, limit=limits.ratio)
    windows = PureWindowsPath(name)
    escapes = name.startswith(("/", "\\")) or windows.drive or windows.root or ".." in windows.parts
    if escapes or stat.S_ISLNK(info.external_attr >> 16) or "\0" in info.orig_filename:
        raise InputError("archive_unsafe", file=path.name, value=name)


def member_name(info: zipfile.ZipInfo) -> str:
    """Return a member's name; one that is not marked as UTF-8 is UTF-8 or GB18030 all the same where its bytes say so."""
    if info.flag_bits & _UTF8_FLAG:
        return info.filename
    try:
        written = info.filename.encode("cp437")
    except UnicodeEncodeError:
        return info.filename
    for encoding in ("utf-8", "gb18030"):
        try:
            return written.decode(encoding)
        except UnicodeDecodeError:
            continue
    return info.filename


def unpack(path: Path, folder: Path, *, limits: Limits = GEODATA) -> list[tuple[str, Path]]:
    """Unpack the data of the archive into ``folder`` and return each file that is read by itself: its name in the archive, and where it now is.

    Raises ``InputError`` as :func:`checked_members` does, and when a member is damaged.
    """
    found = []
    folders: dict[str, Path] = {}
    for name, info in checked_members(path, limits=limits):
        inner = PurePosixPath(name.replace("\\", "/"))
        ending = inner.suffix.lower()
        if ending not in (*DATA_ENDINGS, *PARTS_OF_SHAPEFILES) or inner.name.startswith("._"):
            continue
        # Folders get numbers: their own names may be forbidden on this system or too long for it.
        parent = folders.setdefault(str(inner.parent), folder / str(len(folders)))
        parent.mkdir(exist_ok=True)
        target = parent / _UNSAFE_CHARACTERS.sub("_", inner.name)
        _extract(path, info, target)
        if ending in DATA_ENDINGS:
            found.append((str(inner), target))
    return found


def _extract(path: Path, info: zipfile.ZipInfo, target: Path) -> None:
    try:
        # zipfile reads no more than the declared size, which was checked, and then compares the checksum.
        with zipfile.ZipFile(path) as archive, archive.open(info) as source, target.open("wb") as sink:
            shutil.copyfileobj(source, sink)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, zlib.error) as error:
        raise InputError("archive_damaged", file=path.name) from error

"""The circles of the public map: up to minutes of work, so a process of their own computes them, and they are kept on disk.

::

    python -m web.circles WORKSPACE FILE
"""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from filelock import FileLock

import gridmap
from web.background import result_of, run_module
from web.ground import Ground, Sight
from web.settings import Settings

OWNER_ONLY = 0o700
NAME = "circles.json.gz"
FORMAT = 1
"""Raised whenever circles are computed or kept in another way; an older file is then of no use."""
PATIENCE_S = 0.5
"""A visitor waits so long; then the page opens without circles."""


def circles_now(settings: Settings, sight: Sight) -> list[Any] | None:
    """Return the circles of the public venues, None while they are still computed."""
    return result_of(sight, "circles", lambda: circles_of(settings, sight), patience_s=PATIENCE_S, apart=True)


def circles_of(settings: Settings, sight: Sight) -> list[Any]:
    """Return the circles of the public venues: those on disk, or else computed now, by one process of the server while others wait for them."""
    file = settings.files_folder / NAME
    found = kept(file, sight)
    if found is None:
        with _alone(file):
            found = kept(file, sight)
            if found is None:
                run_module("web.circles", str(settings.workspace), str(file))
                found = kept(file, sight)
    # Where nothing can be kept, for want of room or rights, they are made here.
    return made(sight) if found is None else found


@contextlib.contextmanager
def _alone(file: Path) -> Iterator[None]:
    """Wait until no other process computes what a file shall hold; where no lock can be had, for want of rights, nobody waits."""
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError, NotImplementedError):
            file.parent.mkdir(mode=OWNER_ONLY, parents=True, exist_ok=True)
            stack.enter_context(FileLock(file.with_name(f"{file.name}.lock")))
        yield


def made(sight: Sight) -> list[Any]:
    """Compute the circles."""
    venues, _ = gridmap.public_venues(sight.district, sight.rules)
    return gridmap.public_circles(sight.district, venues, sight.rules)


def kept(file: Path, sight: Sight) -> list[Any] | None:
    """Return the circles in a file, None unless it holds those of this state of the workspace."""
    try:
        content = json.loads(gzip.decompress(file.read_bytes()))
        return list(content["circles"]) if content["of"] == [FORMAT, sight.tag] else None
    except (OSError, EOFError, ValueError, KeyError, TypeError):
        return None


def keep(file: Path, sight: Sight, circles: list[Any]) -> None:
    """Write the circles, whole or not at all."""
    file.parent.mkdir(mode=OWNER_ONLY, parents=True, exist_ok=True)
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        draft.write_bytes(gzip.compress(json.dumps({"of": [FORMAT, sight.tag], "circles": circles}).encode()))
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)


if __name__ == "__main__":
    seen = Ground(Path(sys.argv[1])).sight()
    keep(Path(sys.argv[2]), seen, made(seen))

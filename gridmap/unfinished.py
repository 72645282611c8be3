"""What a program that was killed left unfinished."""

from __future__ import annotations

import contextlib
import shutil
import time
from pathlib import Path

KEPT_S = 86_400.0
"""Nobody works for longer on something without touching it."""


def forget_unfinished(folder: Path, pattern: str) -> None:
    """Remove the files and folders in ``folder`` that match ``pattern`` and were not touched for :data:`KEPT_S` seconds.

    >>> import os, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name, changed in (("old.tmp", 1e9), ("new.tmp", time.time())):
    ...         path = Path(folder) / name
    ...         path.touch()
    ...         os.utime(path, (changed, changed))
    ...     forget_unfinished(Path(folder), "*.tmp")
    ...     os.listdir(folder)
    ['new.tmp']
    """
    for path in folder.glob(pattern):
        # Somebody else's, or removed by another process at the same moment: no reason to stop the work that asks.
        with contextlib.suppress(OSError):
            if _last_touched(path) < time.time() - KEPT_S:
                shutil.rmtree(path) if path.is_dir() else path.unlink()


def _last_touched(path: Path) -> float:
    """Return when a file, or a folder or anything in it, was last written."""
    return max(each.stat().st_mtime for each in (path, *path.glob("*")))

"""The workspace as the server sees it: opened once, kept in memory, and read anew when the file has changed or was replaced."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, cast

from gridmap import District, Plan, Rules, Workspace, WorkspaceError, load_rules

Made = TypeVar("Made")

ATTEMPTS = 5
"""How often a workspace is read again that was changed while it was read."""


@dataclass(eq=False)
class Sight:
    """One state of the workspace: the district, the adopted plan (None: there is none), and what views have made from them.

    ``tag`` is another for every other state of the file; it is meant for ETags. Nothing in it is ever altered.
    """

    district: District
    plan: Plan | None
    tag: str
    _made: dict[Hashable, Any] = field(default_factory=dict)
    _turns: dict[Hashable, threading.RLock] = field(default_factory=dict)

    @property
    def rules(self) -> Rules:
        """Return the rules that the adopted plan was made by; those of the default profile while there is none."""
        return self.remember("rules", load_rules) if self.plan is None else self.plan.rules

    def remember(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """Return what ``make`` gives, made once for this state of the workspace: ``sight.remember("tiles", lambda: encode(sight.district))``."""
        # Whoever wants the same waits, whoever wants something else does not.
        with self._turns.setdefault(key, threading.RLock()):
            if key not in self._made:
                self._made[key] = make()
            return cast(Made, self._made[key])


class Ground:
    """The workspace at a path; several threads may ask at once."""

    def __init__(self, path: Path) -> None:
        self.workspace = Workspace(path)
        self._lock = threading.Lock()
        self._sight: Sight | None = None
        self._identity: tuple[int, ...] | None = None

    def sight(self) -> Sight:
        """Return the present state of the workspace, read anew when the file is another than last time.

        Raises ``WorkspaceError`` when it is missing or cannot be read.
        """
        with self._lock:
            for _ in range(ATTEMPTS):
                identity = self._present()
                if self._sight is None or identity != self._identity:
                    self._sight, self._identity = self._read(identity), identity
                if identity == self._present():
                    return self._sight
        raise WorkspaceError("store_locked", file=self.workspace.path.name)

    def _present(self) -> tuple[int, ...]:
        """Return what tells one state of the file from another; a replaced file is another file even when time and size are the same.

        The file itself is not opened: closing it would take away the locks that other threads hold on it.
        """
        try:
            found = self.workspace.path.stat()
        except FileNotFoundError as error:
            raise WorkspaceError("store_missing", file=self.workspace.path.name) from error
        return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino

    def _read(self, identity: tuple[int, ...]) -> Sight:
        adopted = self.workspace.adopted()
        plan = None if adopted is None else self.workspace.read_plan(adopted)
        return Sight(self.workspace.read_district(), plan, hashlib.sha256(repr(identity).encode()).hexdigest()[:16])

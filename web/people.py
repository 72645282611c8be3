"""The private tables as views see them: read once for each state, and what a territory sees of them made once. Nothing of an older state is kept.

Who may see what is asked at every request, before anything is taken from here, and every view is written down there.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from gridmap import Members, MembersWithin, People, Territory, members_within
from web.ground import Sight

Made = TypeVar("Made")

KEPT = 32
"""So many things are kept, the ones made last: what a territory sees of a large district takes megabytes."""


@dataclass(eq=False)
class PeopleSeen:
    """What has been made of the present state of the private tables and of the workspace."""

    members: Members
    _state: tuple[str, str] = ("", "")
    _made: dict[Hashable, Any] = field(default_factory=dict)
    _turn: threading.RLock = field(default_factory=threading.RLock)

    def people(self, sight: Sight) -> People:
        """Return the private tables."""
        return self.remember(sight, "people", self.members.read)

    def within(self, sight: Sight, territory: Territory) -> MembersWithin:
        """Return what lies in a territory."""
        return self.remember(sight, ("within", territory), lambda: members_within(territory, self.people(sight), sight.district, sight.plan))

    def remember(self, sight: Sight, key: Hashable, make: Callable[[], Made]) -> Made:
        """Return what ``make`` gives, made once for these states."""
        # The state is asked for before the tables are read: what is read may be newer than it, never older.
        state = (self.members.state(), sight.tag)
        with self._turn:
            if state != self._state:
                self._state, self._made = state, {}
            if key not in self._made:
                made = make()
                while len(self._made) >= KEPT:
                    del self._made[next(iter(self._made))]
                self._made[key] = made
            return cast(Made, self._made[key])

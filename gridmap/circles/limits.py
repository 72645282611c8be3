"""How far a service circle reaches: named settings, printed with every result."""

from __future__ import annotations

import math
from dataclasses import dataclass

from gridmap.errors import RequestError
from gridmap.rules import Rules

CM = 100
DEFAULT_MINUTES = 10.0
"""The ten-minute circle."""
MINUTES_MAX = 24 * 60
"""Longer walks than a day are a slip of the key."""


@dataclass(frozen=True, slots=True)
class Limit:
    """The limit of a service circle: ``minutes`` at a walking speed, in whole centimetres; a household exactly at the limit is inside.

    ``walk`` names the setting in the rules and ``source`` says where it comes from. A ``flat`` limit is a distance whatever the minutes.
    """

    walk: str
    minutes: float
    speed_m_per_minute: float
    limit_cm: int
    flat: bool
    source: str

    def minutes_of(self, metres: float) -> float:
        """Return how long a walk takes, in minutes."""
        return metres / self.speed_m_per_minute


def walk_limit(rules: Rules, walk: str = "default", minutes: float = DEFAULT_MINUTES) -> Limit:
    """Return the limit that ``rules`` set for a way of walking.

    Raises ``RequestError`` for a way of walking that the rules do not name, and for minutes that are no positive number.

    >>> from gridmap.rules import load_rules
    >>> walk_limit(load_rules("nantong")).limit_cm, walk_limit(load_rules("nantong"), "gb50180", 15).limit_cm
    (75000, 50000)
    """
    if walk not in rules.walk:
        raise RequestError("walk_unknown", walk=walk, walks=", ".join(sorted(rules.walk)))
    if not (math.isfinite(minutes) and 0 < minutes <= MINUTES_MAX):
        raise RequestError("minutes_senseless", value=minutes, limit=MINUTES_MAX)
    chosen = rules.walk[walk]
    metres = chosen.flat_m or minutes * chosen.speed_m_per_minute
    # Rounded down after a rounding that takes away what binary fractions add: 0.1 minutes at 75 m/min are 750 cm, not 749.
    limit_cm = math.floor(round(metres * CM, 6))
    return Limit(walk, minutes, chosen.speed_m_per_minute, limit_cm, chosen.flat_m > 0, chosen.source)

"""How long work tells how far it is."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called as ``progress(step, done, total)``; ``step`` is the code of a text in the catalogues, for example ``step_cells``."""


def silent(step: str, done: int, total: int) -> None:
    """Tell nobody."""

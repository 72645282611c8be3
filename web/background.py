"""What takes seconds and changes nothing: begun once for each state of the workspace, in a thread, while requests go on."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from web.ground import Sight

Made = TypeVar("Made")

_POOL = ThreadPoolExecutor(max_workers=1, thread_name_prefix="background")
"""One thing at a time: whoever asks for much waits for himself and slows nobody else down."""


def result_of(sight: Sight, key: Hashable, make: Callable[[], Made], *, patience_s: float) -> Made | None:
    """Return what ``make`` gives, begun at the first call and kept as long as the workspace stays as it is; None when it is not done in time."""
    begun: Future[Made] = sight.remember(("background", key), lambda: _POOL.submit(make))
    try:
        return begun.result(timeout=patience_s)
    except TimeoutError:
        return None

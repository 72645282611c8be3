"""What takes seconds and changes nothing: begun once for each state of the workspace, in a thread or a process, while requests go on."""

from __future__ import annotations

import atexit
import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

from web.ground import Sight

Made = TypeVar("Made")

ROOT = Path(__file__).resolve().parents[1]

_TURN = threading.Lock()
"""One thing at a time: whoever asks for much waits for himself and slows nobody else down."""
_PROCESSES: set[subprocess.Popen[bytes]] = set()


def result_of(sight: Sight, key: Hashable, make: Callable[[], Made], *, patience_s: float, apart: bool = False) -> Made | None:
    """Return what ``make`` gives, begun at the first call and kept as long as the workspace stays as it is; None when it is not done in time.

    ``apart`` says that it only waits for a process of its own, and so need not wait for its turn.
    """
    begun: Future[Made] = sight.remember(("background", key), lambda: _begin(make, apart=apart))
    try:
        return begun.result(timeout=patience_s)
    except TimeoutError:
        return None


def _begin(make: Callable[[], Made], *, apart: bool) -> Future[Made]:
    """Begin work in a thread that a stopping server does not wait for, as it would for those of a pool."""
    future: Future[Made] = Future()

    def failed(*told: Any) -> bool:
        # Whoever asks for the result is told.
        if told[1] is not None:
            future.set_exception(told[1])
        return True

    def work() -> None:
        with contextlib.ExitStack() as stack:
            stack.push(failed)
            if not apart:
                stack.enter_context(_TURN)
            future.set_result(make())

    threading.Thread(target=work, name="background", daemon=True).start()
    return future


def run_module(module: str, *arguments: str) -> int:
    """Run a module of this package in a process of its own, which ends with this one, and return its exit code."""
    # The process finds this package wherever the server was started.
    places = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, "PYTHONPATH": places, "PYTHONUTF8": "1"}
    process = subprocess.Popen([sys.executable, "-m", module, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env=environment)  # noqa: S603
    _PROCESSES.add(process)
    try:
        return process.wait()
    finally:
        _PROCESSES.discard(process)


@atexit.register
def _end_processes() -> None:
    for process in list(_PROCESSES):
        process.kill()

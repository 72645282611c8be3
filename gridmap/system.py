"""What operating systems expect and where they differ: the only module that may hold a call which Windows does not have."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

INTERRUPTED = 130
"""The exit code that a shell expects of a program which Ctrl-C stopped."""


def limit_process(*, memory_bytes: int, cpu_seconds: int) -> bool:
    """Limit the memory and the processor time of this process from now on, for work on files of strangers; tell whether that could be done.

    A process beyond its memory gets ``MemoryError``, one beyond its time is ended by the system. Limits of before that are lower stay. On Windows
    nothing happens and the answer is False.
    """
    if sys.platform == "win32":
        return False
    import resource

    for kind, wanted in ((resource.RLIMIT_AS, memory_bytes), (resource.RLIMIT_CPU, cpu_seconds)):
        _, most = resource.getrlimit(kind)
        limit = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
        resource.setrlimit(kind, (limit, limit))
    return True


@contextlib.contextmanager
def interrupts_kept_from_children() -> Iterator[None]:
    """Let processes that start meanwhile never hear of Ctrl-C, which a terminal sends to all: before their first job they would die of it with a
    long message. This process hears of it a moment later. On Windows nothing happens.
    """
    if sys.platform == "win32":
        yield
        return
    import signal

    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

"""What differs between operating systems: the only module that may hold a call which Windows does not have."""

from __future__ import annotations

import sys


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

"""One function to run independent jobs, one for each community: here, or on all cores; later on a cluster."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextvars import ContextVar
from typing import TypeVar

from gridmap.system import interrupts_kept_from_children

Job = TypeVar("Job")
Result = TypeVar("Result")

RETRIES = 2
"""How often a job is given to a fresh worker when the process that ran it died (killed, out of memory)."""

_kept: ContextVar[dict[int, ProcessPoolExecutor] | None] = ContextVar("workers kept for further jobs, by the number of cores", default=None)


@contextlib.contextmanager
def workers_kept() -> Iterator[None]:
    """Let the workers that :func:`run_jobs` starts meanwhile live on for further jobs: starting one and loading our kernels takes seconds."""
    if _kept.get() is not None:
        yield
        return
    pools: dict[int, ProcessPoolExecutor] = {}
    token = _kept.set(pools)
    finished = False
    try:
        yield
        finished = True
    finally:
        _kept.reset(token)
        for pool in pools.values():
            if not finished:
                # What was begun is wanted no more, and a worker that is only starting would complain that nobody is there.
                _end(pool)
            pool.shutdown(wait=False, cancel_futures=True)


def run_jobs(work: Callable[[Job], Result], jobs: Sequence[Job], *, cores: int | None = 1) -> Iterator[tuple[int, Result]]:
    """Yield ``(position, work(job))`` for every job, in whatever order they finish.

    ``cores=None`` uses every core. With one core the jobs run here, in order. ``work`` must be a function of a module and must depend on its
    argument alone, so that the results are the same on one core and on many. A worker process that dies is replaced and its job is run again;
    when it dies ``RETRIES`` times more, ``BrokenProcessPool`` is raised. An exception of ``work`` is raised here and ends the run.

    >>> sorted(run_jobs(abs, [-1, 2, -3]))
    [(0, 1), (1, 2), (2, 3)]
    """
    cores = cores or os.cpu_count() or 1
    if min(cores, len(jobs)) <= 1:
        for position, job in enumerate(jobs):
            yield position, work(job)
        return
    waiting = dict(enumerate(jobs))
    for attempt in range(RETRIES + 1):
        pool = _workers(cores)
        finished = False
        try:
            with interrupts_kept_from_children():
                running = {pool.submit(work, job): position for position, job in waiting.items()}
            for done in as_completed(running):
                position = running[done]
                result = done.result()
                del waiting[position]
                yield position, result
            finished = True
            return
        except BrokenProcessPool:
            if attempt == RETRIES:
                raise
        finally:
            kept = _kept.get()
            if not finished:
                _end(pool)
                (kept or {}).pop(cores, None)
            if not finished or kept is None:
                pool.shutdown(wait=False, cancel_futures=True)


def begin_jobs(work: Callable[[Job], object], jobs: Sequence[Job], *, cores: int | None = 1) -> None:
    """Start jobs whose results nobody waits for, on workers that are kept for others; nothing happens with one core, or where none are kept."""
    cores, kept = cores or os.cpu_count() or 1, _kept.get()
    if cores == 1 or kept is None:
        return
    pool = _workers(cores)
    with interrupts_kept_from_children():
        for job in jobs:
            pool.submit(work, job)


def _workers(cores: int) -> ProcessPoolExecutor:
    """Return workers that are kept, or such as are started when there is work for them."""
    kept = _kept.get()
    # Whoever stops us at any moment finds them among the kept ones. "spawn" works on every system and does not copy the threads of the parent.
    pool = (kept or {}).get(cores) or ProcessPoolExecutor(cores, mp_context=multiprocessing.get_context("spawn"), initializer=_depend_on_parent)
    if kept is not None:
        kept[cores] = pool
    return pool


def _end(pool: ProcessPoolExecutor) -> None:
    """End the workers in the middle of their jobs: whoever presses Ctrl-C does not want to wait for them."""
    # Python 3.14 has kill_workers(); before that the processes have no public name.
    for process in list((getattr(pool, "_processes", None) or {}).values()):
        process.kill()


def _depend_on_parent() -> None:
    """Leave Ctrl-C, which a terminal sends to every process, to the parent, who ends its workers itself; and end when the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)

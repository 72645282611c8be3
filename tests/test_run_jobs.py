"""Jobs give the same results on one core and on many, and a worker that dies is replaced."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

from gridmap.errors import RequestError
from gridmap.run_jobs import begin_jobs, run_jobs, workers_kept


def square(number: int) -> int:
    return number * number


def touch(path: Path) -> None:
    path.touch()


def die_once(marker: Path) -> str:
    """Die like a killed process when the marker is not there yet."""
    if not marker.exists():
        marker.touch()
        os._exit(9)
    return "alive"


def die(_: int) -> int:
    os._exit(9)


def refuse(_: int) -> int:
    raise RequestError("bounds_senseless", minimum=2, maximum=1)


@pytest.mark.parametrize("cores", [1, 2])
def test_every_job_is_answered_with_its_position(cores: int) -> None:
    assert sorted(run_jobs(square, range(7), cores=cores)) == [(number, number * number) for number in range(7)]


def test_no_jobs_give_nothing() -> None:
    assert list(run_jobs(square, [], cores=None)) == []


def test_a_worker_that_dies_is_replaced(tmp_path: Path) -> None:
    jobs = [tmp_path / "one", tmp_path / "two"]
    jobs[1].touch()
    assert sorted(run_jobs(die_once, jobs, cores=2)) == [(0, "alive"), (1, "alive")]


@pytest.mark.slow
def test_a_job_that_kills_every_worker_is_told() -> None:
    with pytest.raises(BrokenProcessPool):
        list(run_jobs(die, [1, 2], cores=2))


@pytest.mark.parametrize("cores", [1, 2])
def test_an_error_of_a_job_is_raised_here(cores: int) -> None:
    with pytest.raises(RequestError, match="2:1"):
        list(run_jobs(refuse, [1, 2], cores=cores))


def pid(seconds: float) -> int:
    time.sleep(seconds)
    return os.getpid()


def workers() -> set[int]:
    return {process for _, process in run_jobs(pid, [0.5, 0.5], cores=2)}


@pytest.mark.slow
def test_workers_live_on_for_further_jobs_only_where_they_are_kept() -> None:
    with workers_kept():
        first = workers()
        with workers_kept():
            assert workers() <= first
        assert workers() <= first
    assert not workers() & first


@pytest.mark.slow
def test_a_worker_that_was_killed_between_two_runs_is_replaced() -> None:
    with workers_kept():
        for process in workers():
            os.kill(process, signal.SIGTERM)
        assert sorted(run_jobs(square, [1, 2, 3], cores=2)) == [(0, 1), (1, 4), (2, 9)]


@pytest.mark.slow
def test_a_run_that_is_given_up_leaves_no_workers_behind_it() -> None:
    with workers_kept():
        first = workers()
        running = run_jobs(pid, [0.0, 60.0], cores=2)
        assert next(running)[1] in first
        running.close()
        assert not workers() & first


ORPHAN = """
import os, signal, time
from gridmap.run_jobs import run_jobs

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell that starts this in the background has it ignored

def stay(seconds):
    os.write(1, f"{os.getpid()}\\n".encode())  # one call: two workers never write into one line
    time.sleep(seconds)

if __name__ == "__main__":
    list(run_jobs(stay, [600, 600], cores=2))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent otherwise there")
@pytest.mark.parametrize("sign", ["SIGKILL", "SIGINT"])
def test_no_worker_outlives_its_parent(sign: str, tmp_path: Path, python: list[str], root: Path) -> None:
    script = tmp_path / "stay.py"
    script.write_text(ORPHAN, encoding="utf-8")
    parent = subprocess.Popen(
        [*python, str(script)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env={**os.environ, "PYTHONPATH": str(root)}
    )
    with parent:
        assert parent.stdout is not None
        workers = [int(parent.stdout.readline()) for _ in range(2)]
        parent.send_signal(getattr(signal, sign))
        # The pipe ends when the last process that holds it has ended.
        assert parent.stdout.read() == ""
    assert len(workers) == 2


def test_jobs_that_nobody_waits_for_are_done_before_those_that_come_after(tmp_path: Path) -> None:
    with workers_kept():
        begin_jobs(touch, [tmp_path / "one", tmp_path / "two", tmp_path / "three"], cores=2)
        assert sorted(run_jobs(square, [3, 4, 5, 6], cores=2)) == [(0, 9), (1, 16), (2, 25), (3, 36)]
        deadline = time.monotonic() + 30
        while len(list(tmp_path.iterdir())) < 3 and time.monotonic() < deadline:
            time.sleep(0.05)
    assert len(list(tmp_path.iterdir())) == 3


def test_without_kept_workers_or_with_one_core_nothing_is_begun(tmp_path: Path) -> None:
    begin_jobs(touch, [tmp_path / "one"], cores=2)
    with workers_kept():
        begin_jobs(touch, [tmp_path / "two"], cores=1)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_worker_that_dies_of_what_nobody_waits_for_is_replaced() -> None:
    with workers_kept():
        begin_jobs(die, [1], cores=2)
        assert sorted(run_jobs(square, [3, 4], cores=2)) == [(0, 9), (1, 16)]

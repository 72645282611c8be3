"""A plan of a whole city by the command line: time and memory of a fresh process with its workers, and the share of grids within the bounds.

    python benchmarks/plans.py [--households 300000] [--efforts quick normal] [--runs 1]

Memory is the sum over the process and its workers, looked at five times a second; what they share counts in each of them, so it is an upper limit.
A small plan before the clock starts compiles our kernels. "Of those possible": ordinary grids, not counting those with an atom above the
maximum or in a part proved impossible.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import psutil

DONE = (0, 3)
"""3: done, and some grids are outside the bounds."""
SMALL_HOUSEHOLDS = 3_000
LOOKS_PER_S = 5


class Cost(NamedTuple):
    """What a command took, and its answer."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    answer: dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--households", type=int, default=300_000)
    parser.add_argument("--efforts", nargs="+", default=["quick", "normal"])
    parser.add_argument("--runs", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        small, city = (Path(folder) / name for name in ("small.gpkg", "city.gpkg"))
        cost("sample", small, "--households", SMALL_HOUSEHOLDS)
        cost("sample", city, "--households", given.households)
        print("| plan | wall s | CPU s | peak MB | ordinary grids | in bounds % | of those possible % |\n|---|---|---|---|---|---|---|")
        for effort in given.efforts:
            cost("plan", small, "--effort", effort, "--name", effort)
            runs = []
            for run in range(given.runs):
                # The first plan of a workspace makes its cells too, so each run begins with a fresh one.
                city.unlink()
                cost("sample", city, "--households", given.households)
                runs.append(cost("plan", city, "--effort", effort, "--name", f"{effort}{run}"))
            wall_s, cpu_s, peak_mb = (statistics.median(values) for values in zip(*(each[:3] for each in runs), strict=True))
            told = runs[0].answer
            share = f"{told['ordinary']} | {told['in_bounds_percent']:.2f} | {told['in_bounds_unhindered_percent']:.2f}"
            print(f"| {given.households:,} households, {effort} | {wall_s:.1f} | {cpu_s:.1f} | {peak_mb:.0f} | {share} |", flush=True)
    print(", ".join(f"{name} {version(name)}" for name in ("numba", "highspy", "shapely")) + f"; {os.cpu_count()} cores")


def cost(*words: object) -> Cost:
    """Run a command of gridmap in a fresh process and look after its memory."""
    start = time.perf_counter()
    line = [sys.executable, "-m", "gridmap", *map(str, words), "--json"]
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(line, stdout=output, stderr=subprocess.DEVNULL)
        peak, cpu_s = 0.0, 0.0
        while process.poll() is None:
            memory, used = _tree(process.pid)
            peak, cpu_s = max(peak, memory), max(cpu_s, used)
            time.sleep(1 / LOOKS_PER_S)
        wall_s = time.perf_counter() - start
        output.seek(0)
        if process.returncode not in DONE:
            raise SystemExit(f"gridmap {' '.join(map(str, words))} ended with {process.returncode}")
        return Cost(wall_s, cpu_s, peak / 1e6, json.load(output))


def _tree(pid: int) -> tuple[float, float]:
    """Return the memory in bytes of a process and those below it, and the CPU time of all of them, also of those that ended, in seconds."""
    memory = cpu_s = 0.0
    try:
        top = psutil.Process(pid)
        for each in (top, *top.children(recursive=True)):
            memory += each.memory_info().rss
            times = each.cpu_times()
            cpu_s += times.user + times.system + times.children_user + times.children_system
    except psutil.NoSuchProcess:
        pass
    return memory, cpu_s


if __name__ == "__main__":
    main()

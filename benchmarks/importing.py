"""Import: an office's files of a made-up city of 100,000 buildings, with a ledger of as many rows; and how fast the command answers at all.

    python benchmarks/importing.py [--buildings 100000] [--runs 3] [--folder KEEP]

The files are those of ``gridmap sample --office``: shapefiles in GBK without .cpg, an XLSX ledger with text in its figures, venues in BD-09. Each run
is a command in a fresh process; CPU time and peak memory are what the system counted for that process. A small import before the clock starts
compiles our kernels. With ``--folder`` the files are kept and used again: to make them takes longer than to import them.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

HOUSEHOLDS_A_BUILDING = 31.4
"""In a large city of the sample."""
SMALL_HOUSEHOLDS = 900
HELP_RUNS = 5
DONE = (0, 3)
"""3: done, and the faults planted in the files were found."""


@dataclass(frozen=True)
class Cost:
    wall_s: float
    cpu_s: float
    peak_mb: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--buildings", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.folder or Path(scratch)
        workspace = str(Path(scratch) / "w.gpkg")
        # Linux counts the memory of the process that starts another into the peak of that one, so this process stays small.
        with concurrent.futures.ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as apart:
            _, small = apart.submit(office, folder / "small", SMALL_HOUSEHOLDS).result()
            buildings, large = apart.submit(office, folder / "large", round(given.buildings * HOUSEHOLDS_A_BUILDING)).result()
        cost("import", workspace, *small)
        runs = {
            f"import, {buildings} buildings and their ledger": [cost("import", workspace, *large) for _ in range(given.runs)],
            "`gridmap --help`": [cost("--help") for _ in range(HELP_RUNS)],
        }
    print(" ".join(["python", *(Path(part).name for part in sys.argv)]))
    print(", ".join(f"{name} {version(name)}" for name in ("pandas", "geopandas", "pyogrio", "openpyxl")) + f"; {os.cpu_count()} cores; medians\n")
    print("| | runs | wall s | CPU s | peak MB |\n|---|---|---|---|---|")
    for name, costs in runs.items():
        wall_s, cpu_s, peak_mb = (
            statistics.median(values) for values in zip(*((each.wall_s, each.cpu_s, each.peak_mb) for each in costs), strict=True)
        )
        print(f"| {name} | {len(costs)} | {wall_s:.2f} | {cpu_s:.2f} | {peak_mb:.0f} |")


def office(folder: Path, households: int) -> tuple[str, list[str]]:
    """Write an office's files, unless they are there; return how many buildings they hold and the options that import them."""
    from gridmap.ground.sample import office_options, sample_district, write_office

    count = folder / "buildings"
    if not count.exists():
        folder.mkdir(parents=True, exist_ok=True)
        district = sample_district(households)
        write_office(district, folder)
        # Last of all: it shows that the files are complete.
        count.write_text(f"{len(district.buildings):,}", encoding="utf-8")
    return count.read_text(encoding="utf-8"), office_options(folder)


def cost(*words: str) -> Cost:
    """Run a command of gridmap in a fresh process; an import makes its workspace anew."""
    if words[0] == "import":
        Path(words[1]).unlink(missing_ok=True)
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "gridmap", *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall_s = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in DONE:
        raise SystemExit(f"gridmap {' '.join(words)} ended with {process.returncode}")
    return Cost(wall_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


if __name__ == "__main__":
    main()

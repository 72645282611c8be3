"""Compiles the kernels, once and before the tests: workers that start together in a fresh clone would each compile them for themselves.

::

    python tests/warm_up.py grids|maps
"""

from __future__ import annotations

import contextlib
import io
import sys
import tempfile
from pathlib import Path

from gridmap.cli.main import run
from gridmap.ground.sample import sample_district
from gridmap.outputs.tiles import ground_layer, ground_layer_names, write_pmtiles


def compile_grids(folder: Path) -> None:
    """Tile, divide, prove, and walk the rounds of grids."""
    town = str(folder / "town.gpkg")
    run(["sample", town, "--households", "1500"])
    run(["plan", town, "--name", "first", "--jobs", "1", "--effort", "normal"])


def compile_maps(folder: Path) -> None:
    """Walk, draw circles, choose sites, cut tiles."""
    town = str(folder / "town.gpkg")
    run(["sample", town, "--households", "1500", "--seed", "3"])
    run(["coverage", town, "--export", str(folder / "coverage.gpkg")])
    run(["sites", town, "--category", "market", "--count", "2", "--minutes", "4"])
    district = sample_district(900, seed=2)
    write_pmtiles(folder / "tiles.pmtiles", [ground_layer(district, name) for name in ground_layer_names()])


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        {"grids": compile_grids, "maps": compile_maps}[sys.argv[1]](Path(folder))

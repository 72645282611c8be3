"""Land cells: CPU time and areas beside momepy's enclosed tessellation, on the buildings and enclosures of an extract of OpenStreetMap.

    python benchmarks/cells.py EXTRACT.osm.pbf [--runs 3]

Both get the same blocks. momepy's time is that of ``enclosed_tessellation`` alone. Ours is given twice: for the cells (the blocks made anew as
well), and for the whole tiling with the neighbour table, crossings and findings. Times are process time, so that other programs do not count. A run
before the clock starts compiles our kernels.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import geopandas as gpd
import momepy
import numpy as np
import shapely

from gridmap.grids.blocks import Ground, grounds, make_blocks
from gridmap.grids.cells import cell_polygons, shared_land
from gridmap.grids.tiling import tile
from gridmap.ground.importing import ImportRequest, import_files

RIM_M = 50.0
"""The community reaches this far beyond the outermost buildings."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("extract", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    district = import_files(ImportRequest(osm=given.extract)).district
    box = shapely.box(*district.buildings.total_bounds).buffer(RIM_M, join_style="mitre")
    district = district.with_tables({"communities": district.communities.set_geometry([box])})
    (ground,) = grounds(district)
    buildings = gpd.GeoSeries(ground.buildings, crs=district.crs)
    enclosures = gpd.GeoSeries(make_blocks(ground).polygons, crs=district.crs)
    shared_land(ground)
    ours, our_times = timed(lambda: _cells(ground), given.runs)
    _, tiling_times = timed(lambda: tile(district), given.runs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs, their_times = timed(lambda: momepy.enclosed_tessellation(buildings, enclosures, n_jobs=1), given.runs)
    their_cells = theirs[theirs.index >= 0].geometry
    # Where a building stands in two enclosures, momepy gives it a cell in each; areas are compared where it has one.
    once = ~their_cells.index.duplicated(keep=False) & (their_cells.area > 0).to_numpy()
    area = their_cells[once].area
    difference = np.abs(shapely.area(ours[area.index.to_numpy()]) - area.to_numpy()) / area.to_numpy()
    print(" ".join(["python", *(Path(part).name for part in sys.argv)]))
    print(", ".join(f"{name} {version(name)}" for name in ("momepy", "shapely", "numba", "numpy")), f"GEOS {shapely.geos_version_string}")
    print(f"{len(buildings)} buildings, {len(enclosures)} blocks, CPU seconds, median of {given.runs} runs\n")
    peer = statistics.median(their_times)
    for name, times in (("cells", our_times), ("cells, neighbours, crossings", tiling_times)):
        mine = statistics.median(times)
        print(f"{name:30} gridmap {mine:6.2f}   momepy {peer:6.2f}   ratio {peer / mine:5.1f}")
    print(f"{'valid coverage':30} gridmap {_valid(ours)!s:>6}   momepy {_valid(theirs.geometry.to_numpy())!s:>6}")
    print(f"{'buildings with one cell':30} gridmap {len(ours):6}   momepy {int(once.sum()):6}")
    middle, upper = np.quantile(difference, [0.5, 0.75])
    print(f"relative difference of areas, {len(area)} cells: median {middle:.2%}, three quarters below {upper:.2%}")


def timed(work: Callable[[], Any], runs: int) -> tuple[Any, list[float]]:
    """Return the result of the last run and the process time of each."""
    times = []
    for _ in range(runs):
        start = time.process_time()
        result = work()
        times.append(time.process_time() - start)
    return result, times


def _cells(ground: Ground) -> Any:
    return cell_polygons(shared_land(ground), len(ground.buildings))


def _valid(cells: Any) -> bool:
    return bool(shapely.is_valid(cells).all() and shapely.coverage_is_valid(cells))


if __name__ == "__main__":
    main()

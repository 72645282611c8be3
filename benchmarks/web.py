"""Vector tiles: CPU time beside tippecanoe, freestiler and GDAL; memory and live tiles of a million buildings.

    python benchmarks/web.py [--buildings 100000] [--live 1000000] [--extract porto.osm.pbf] [--runs 3] [--gdal]

Made-up footprints, half L-shaped and half notched, turned at random, 40 m apart, with an id, a name, a compound and a number of households. Everyone
writes the same zooms to PMTiles with no feature dropped for density. tippecanoe is a program that reads a file, so our time is given from the same
file as well. Times are process time, children's included; a run before the clock starts compiles our kernels.
"""

from __future__ import annotations

import argparse
import math
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import freestiler
import geopandas as gpd
import numpy as np
import pyogrio
import shapely
from web_pages import pages

from gridmap.ground.importing import ImportRequest, import_files
from gridmap.outputs.tiles import TileLayer, live_tile, tile_layer, write_pmtiles

SPACING_M = 40.0
FIRST_ZOOM, LAST_ZOOM = 11, 15
FIELDS = ["building_id", "name", "compound_id", "households"]
CORNER_M = (500_000.0, 3_540_000.0)
MEGABYTE = 1_000_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--buildings", type=int, default=100_000)
    parser.add_argument("--live", type=int, default=1_000_000, help="buildings of the live tiles; 0 leaves them out")
    parser.add_argument("--extract", type=Path, help="an extract of OpenStreetMap whose buildings are tiled too")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--gdal", action="store_true", help="measure GDAL's driver, once, as well")
    parser.add_argument("--pages", type=int, default=0, help="measure, and nothing else, the server and its map of coverage with so many buildings")
    given = parser.parse_args()
    if given.pages:
        pages(given.pages, 10_000)
        return
    print(" ".join(["python", *(Path(part).name for part in sys.argv)]))
    print(f"Python {platform.python_version()},", ", ".join(f"{name} {version(name)}" for name in ("numba", "shapely", "freestiler", "tippecanoe")))
    if given.live:
        live(given.live)
    compare("made up", town(given.buildings), given.runs, gdal=given.gdal)
    if given.extract:
        buildings = import_files(ImportRequest(osm=given.extract)).district.buildings
        compare(given.extract.name, buildings.reset_index()[[*FIELDS, "geometry"]], given.runs, gdal=given.gdal)


def town(count: int) -> gpd.GeoDataFrame:
    """Return about ``count`` footprints on a square lattice."""
    rng = np.random.default_rng(1)
    side = math.isqrt(count)
    count = side * side
    middle = np.stack(np.divmod(np.arange(count), side), axis=1) * SPACING_M + CORNER_M
    shapes = np.array([[[-1, -1], [1, -1], [1, 0], [0.2, 0], [0.2, 1], [-1, 1]], [[-1, -1], [1, -1], [1, 0], [1, 1], [0, 1], [-1, 1]]])
    drawn = shapes[rng.integers(0, 2, count)] * rng.uniform(5, 16, (count, 1, 2))
    turn = rng.uniform(0, math.pi, count)
    turning = np.stack([np.stack([np.cos(turn), -np.sin(turn)], 1), np.stack([np.sin(turn), np.cos(turn)], 1)], 1)
    columns = {
        "building_id": [f"B{number:07d}" for number in range(count)],
        "name": [f"{number % 400}号楼" for number in range(count)],
        "compound_id": [f"小区{number // 40}" for number in range(count)],
        "households": rng.integers(0, 120, count),
    }
    return gpd.GeoDataFrame(columns, geometry=shapely.polygons(drawn @ turning.transpose(0, 2, 1) + middle[:, None, :]), crs=4549)


def cpu_s(work: Callable[[], object]) -> float:
    """Return the CPU time of this process and its children while they do ``work``."""
    before = os.times()
    work()
    return sum(after - earlier for after, earlier in zip(os.times()[:4], before[:4], strict=True))


def compare(name: str, frame: gpd.GeoDataFrame, runs: int, *, gdal: bool) -> None:
    """Print CPU times and sizes of the archives that everybody makes of ``frame``, in runs that take turns."""
    frame = frame.to_crs(4326)
    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder) / "buildings.fgb", Path(folder) / "out.pmtiles"
        frame.to_file(source, driver="FlatGeobuf")
        ways: dict[str, Callable[[], object]] = {
            "gridmap": lambda: ours(frame, out),
            "gridmap, from the file": lambda: ours(gpd.read_file(source), out),
            "freestiler": lambda: theirs(frame, out),
        }
        if shutil.which("tippecanoe"):
            options = [
                f"-Z{FIRST_ZOOM}",
                f"-z{LAST_ZOOM}",
                "-r1",
                "--no-feature-limit",
                "--no-tile-size-limit",
                "--quiet",
                "--force",
                "-l",
                "buildings",
            ]
            ways["tippecanoe, from the file"] = lambda: subprocess.run(["tippecanoe", *options, "-o", str(out), str(source)], check=True)
        ours(frame.head(100), out)
        times: dict[str, list[float]] = {way: [] for way in ways}
        sizes = {}
        for _ in range(runs):
            for way, work in ways.items():
                times[way].append(cpu_s(work))
                sizes[way] = out.stat().st_size
        if gdal:
            times["GDAL"], sizes["GDAL"] = (
                [cpu_s(lambda: gdals(frame, Path(folder) / "gdal.pmtiles"))],
                (Path(folder) / "gdal.pmtiles").stat().st_size,
            )
    medians = {way: statistics.median(each) for way, each in times.items()}
    print(f"\n{name}: {len(frame)} polygons, zooms {FIRST_ZOOM} to {LAST_ZOOM}, medians of {runs} runs")
    for way, median in medians.items():
        base = medians["gridmap, from the file" if "from the file" in way else "gridmap"]
        print(f"{way:28} {median:7.2f} CPU s   {median / base:5.2f} times ours   {sizes[way] / MEGABYTE:6.1f} MB")


def ours(frame: gpd.GeoDataFrame, out: Path) -> None:
    write_pmtiles(out, [tile_layer("buildings", frame, FIELDS, min_zoom=FIRST_ZOOM, max_zoom=LAST_ZOOM)])


def theirs(frame: gpd.GeoDataFrame, out: Path) -> None:
    freestiler.freestile(frame, out, layer_name="buildings", min_zoom=FIRST_ZOOM, max_zoom=LAST_ZOOM, quiet=True)


def gdals(frame: gpd.GeoDataFrame, out: Path) -> None:
    limits = {"MAX_SIZE": 50 * MEGABYTE, "MAX_FEATURES": 1_000_000}
    pyogrio.write_dataframe(frame, out, driver="PMTiles", layer="buildings", MINZOOM=FIRST_ZOOM, MAXZOOM=LAST_ZOOM, **limits)


def live(count: int) -> None:
    """Print memory and CPU time of live tiles in a town of ``count`` buildings, at places where buildings stand."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "buildings.fgb"
        # Made by a child, so that what making it takes does not count as ours.
        code = f"import web; web.town({count}).to_file({str(source)!r}, driver='FlatGeobuf')"
        subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parent)
        frame = gpd.read_file(source)
    made: list[TileLayer] = []
    took = cpu_s(lambda: made.append(tile_layer("buildings", frame, FIELDS, min_zoom=12, max_zoom=16)))
    layer = made[0]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MEGABYTE
    arrays: tuple[Any, ...] = (*vars(layer.shapes).values(), *vars(layer.index).values(), layer.attributes.codes, layer.attributes.data)
    held = sum(each.nbytes for each in arrays) / MEGABYTE
    print(
        f"\n{len(frame)} buildings: layer made in {took:.1f} CPU s, its arrays {held:.0f} MB; peak of the process, table read and kept, {peak:.0f} MB"
    )
    rng = np.random.default_rng(2)
    west, south, east, north = layer.bounds or (0, 0, 0, 0)
    for zoom in (13, 14, 15, 16):
        times, sizes = [], []
        for lon, lat in rng.uniform((west, south), (east, north), (200, 2)):
            column = int((lon / 360 + 0.5) * 2**zoom)
            row = int((0.5 - math.asinh(math.tan(math.radians(lat))) / (2 * math.pi)) * 2**zoom)
            start = time.process_time()
            tile = live_tile(layer, zoom, column, row)
            times.append(time.process_time() - start)
            sizes.append(len(tile))
        middle, upper = np.quantile(times[10:], (0.5, 0.95)) * 1000
        print(f"live tile, zoom {zoom}: median {middle:5.1f}, 95 % below {upper:5.1f} CPU ms; {statistics.median(sizes) / 1000:.0f} kB")


if __name__ == "__main__":
    main()

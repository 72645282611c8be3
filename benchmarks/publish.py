"""Size of a public map, time to publish it, and time until a browser shows it.

::

    python benchmarks/publish.py
    python benchmarks/publish.py --households 6000 --venues 100

The district is the made-up one; venues are set at doors of its buildings until there are enough. Needs Chromium, Chrome or Edge.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import psutil
import shapely
from playwright.sync_api import sync_playwright

from gridmap import District, load_rules, sample_district
from gridmap.ground.tables import typed_table
from gridmap.outputs.publish import publish
from gridmap.walking.network import walking_network

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
CONTENT = re.compile(r'<script type="application/json" id="gridmap-content">(.*?)</script>', re.DOTALL)


def main() -> None:
    """Publish the district and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--households", type=int, default=345_000, help="345,000 give some 11,000 buildings")
    parser.add_argument("--venues", type=int, default=2_000, help="so many are public")
    parser.add_argument("--runs", type=int, default=3, help="so often the page is opened")
    parser.add_argument("--keep", type=Path, help="keep the page in this folder")
    chosen = parser.parse_args()
    district = with_venues(sample_district(chosen.households, seed=1), chosen.venues)
    print(f"{len(district.buildings)} buildings, {len(district.streets)} streets, {chosen.venues} public venues")
    with tempfile.TemporaryDirectory() as folder:
        page = (chosen.keep or Path(folder)) / "map.html"
        network = timed("walking network", lambda: walking_network(district))
        timed("publish", lambda: publish(district, load_rules("nantong"), page, source="sample", date="2024-05-31", network=network))
        parts(page)
        for seconds in sorted(opened(page, chosen.runs)):
            print("page opened: list after {:.2f} s, map drawn after {:.2f} s, {:.2f} s CPU of the browser".format(*seconds))


def with_venues(district: District, count: int) -> District:
    """Return the district with ``count`` public venues: its own, and more of the same kinds in other buildings."""
    own = district.venues[district.venues["public"]]
    rng = np.random.default_rng(1)
    copies = pd.concat([own] * (count // len(own) + 1)).iloc[:count]
    places = shapely.point_on_surface(district.buildings.geometry.sample(count, random_state=1, replace=True).to_numpy())
    places[: len(own)] = copies.geometry.to_numpy()[: len(own)]
    names = copies["name"].astype(object) + [f" {number}" if number >= len(own) else "" for number in range(count)]
    table = gpd.GeoDataFrame(copies.assign(name=names), geometry=places, crs=district.crs)
    table.index = pd.Index([f"V{number:05d}" for number in rng.permutation(count)], name="venue_id")
    return district.with_tables({"venues": typed_table("venues", table)})


def timed(what: str, work):  # type: ignore[no-untyped-def]
    """Do some work and print how long it took."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    print(f"{what}: {time.perf_counter() - wall:.1f} s wall, {time.process_time() - cpu:.1f} s CPU")
    return result


def parts(page: Path) -> None:
    """Print the size of the page and of what is in it."""
    text = page.read_text(encoding="utf-8")
    found = CONTENT.search(text)
    assert found
    content = json.loads(found[1])
    print(f"page: {page.stat().st_size / 1e6:.2f} MB")
    venues, ground = content["venues"], content["ground"]
    pieces = {"content": content, "circles": venues.pop("circle"), "venues": venues, **ground}
    for name, piece in pieces.items():
        print(f"  {name}: {len(json.dumps(piece, ensure_ascii=False, separators=(',', ':')).encode()) / 1e6:.2f} MB")


def opened(page: Path, runs: int) -> list[tuple[float, float, float]]:
    """Return how long the page took to show its list and its map, and the browser's CPU time, each time in a new window of one browser."""
    program = next((path for path in map(shutil.which, BROWSERS) if path), None)
    times = []
    with sync_playwright() as playwright:
        channel = "msedge" if program is None and sys.platform == "win32" else None
        browser = playwright.chromium.launch(executable_path=program, channel=channel, args=["--no-sandbox"])
        for _ in range(runs):
            window = browser.new_page(viewport={"width": 1280, "height": 800})
            start, before = time.perf_counter(), browser_cpu()
            window.goto(page.as_uri(), wait_until="commit")
            window.wait_for_selector("html.gridmap-list-ready")
            listed = time.perf_counter() - start
            window.wait_for_selector("html.gridmap-ready")
            times.append((listed, time.perf_counter() - start, browser_cpu() - before))
            window.close()
        browser.close()
    return times


def browser_cpu() -> float:
    """Return the CPU time that the browser has taken so far, all its processes together."""
    processes = psutil.Process().children(recursive=True)
    return float(sum(sum(each.cpu_times()[:2]) for each in processes if "chrom" in each.name().lower() or "edge" in each.name().lower()))


if __name__ == "__main__":
    main()

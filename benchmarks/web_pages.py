"""How soon the server answers, and how soon its map of coverage is drawn; called by web.py with ``--pages``."""

from __future__ import annotations

import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import Page, sync_playwright

from gridmap.ground.sample import sample_district
from gridmap.store.accounts import Accounts, Territory
from gridmap.store.private import PrivateStore
from gridmap.store.workspace import Workspace

HOUSEHOLDS_A_BUILDING = 33.3
"""So many households the made-up district has for each of its buildings."""
PASSWORD = "a made-up password"
PATIENCE_S = 900
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
RUNS = 3


def pages(buildings: int, start_buildings: int) -> None:
    """Print how long the server takes to start, and how long until buildings are drawn in their colours."""
    with tempfile.TemporaryDirectory() as folder:
        small = made(start_buildings, Path(folder) / "small.gpkg")
        times = []
        for _ in range(RUNS):
            server, address, took = started(small)
            times.append(took)
            stop(server)
        print(f"\nserver of {start_buildings} buildings answers /health after {', '.join(f'{each:.2f}' for each in times)} s wall")
        large = made(buildings, Path(folder) / "large.gpkg")
        server, address, took = started(large)
        print(f"server of {buildings} buildings: {took:.2f} s wall")
        try:
            drawn(address, server.pid)
        finally:
            stop(server)


def made(buildings: int, path: Path) -> Path:
    """Write a workspace of about so many buildings with an administrator's account."""
    begun = time.perf_counter()
    district = sample_district(round(buildings * HOUSEHOLDS_A_BUILDING), seed=1)
    Workspace(path).write_ground(district, [], based_on=None)
    store = PrivateStore(path.with_suffix(".private.sqlite"))
    store.make()
    Accounts(store).add("boss", PASSWORD, "administrator", Territory(), by="benchmark")
    counts = ", ".join(f"{len(getattr(district, name))} {name}" for name in ("buildings", "streets", "venues"))
    print(f"{counts} made in {time.perf_counter() - begun:.0f} s")
    return path


def started(path: Path) -> tuple[subprocess.Popen[bytes], str, float]:
    """Start a server and return it, its address and the seconds until it answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    begun = time.perf_counter()
    command = [sys.executable, "-m", "gridmap", "serve", str(path), "--port", str(port)]
    # From another folder: here web.py would be taken for the server's own package.
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=path.parent)
    address = f"http://127.0.0.1:{port}"
    while server.poll() is None and time.perf_counter() - begun < PATIENCE_S:
        try:
            with urllib.request.urlopen(f"{address}/health") as reply:
                if reply.status == 200:
                    return server, address, time.perf_counter() - begun
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    raise TimeoutError(path.name)


def stop(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    server.wait(timeout=30)


def drawn(address: str, server: int) -> None:
    """Print the times of a first visit, when walks are still computed, and of later ones, and whose processor time they take."""
    program = next((path for path in map(shutil.which, BROWSERS) if path), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        page = context.new_page()
        page.set_default_timeout(PATIENCE_S * 1000)
        page.goto(f"{address}/account/login?next=/account/")
        page.fill("#name", "boss")
        page.fill("#password", PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_selector(".facts")
        first = visit(page, address)
        print(f"first visit, walks not computed yet: buildings drawn in their colours after {first['drawn']:.1f} s wall")
        # Once for each state of a district, a process of the server computes the circles of the public map and keeps one of the cores busy.
        psutil.wait_procs(psutil.Process(server).children(recursive=True))
        later, spent = [], []
        for _ in range(RUNS):
            before = cpu_s(server)
            later.append(visit(page, address))
            spent.append([after - earlier for after, earlier in zip(cpu_s(server), before, strict=True)])
        for name, times in zip(("server", "browser"), zip(*spent, strict=True), strict=True):
            print(f"later visits, CPU of the {name}: {', '.join(f'{each:.2f}' for each in times)} s")
        for name in ("seen", "drawn", "figures"):
            times = [each[name] for each in later]
            print(f"later visits, {name}: {', '.join(f'{each:.2f}' for each in times)} s wall, median {statistics.median(times):.2f}")
        browser.close()


def cpu_s(server: int) -> tuple[float, float]:
    """Return the processor time of the server and of everything else that this process has started, which is the browser."""
    times = {process.pid: sum(process.cpu_times()[:2]) for process in psutil.Process().children(recursive=True)}
    # The circles of the public map are computed by a process of the server; no page of the staff waits for it.
    own = [process.pid for process in psutil.Process(server).children(recursive=True)]
    return times.pop(server), sum(seconds for pid, seconds in times.items() if pid not in own)


def visit(page: Page, address: str) -> dict[str, Any]:
    """Open the map and return when buildings were seen, when they had their colours, and when the figures stood beside the map."""
    page.goto("about:blank")
    place = middle(page, address)
    begun = time.perf_counter()
    page.goto(f"{address}/coverage/#map=14.5/{place}")
    times: dict[str, float] = {}
    for name, mark in (("seen", "html.seen"), ("drawn", "html.drawn"), ("figures", "html.figures")):
        page.wait_for_selector(mark)
        times[name] = time.perf_counter() - begun
    return times


def middle(page: Page, address: str) -> str:
    """Return the middle of the district as the page's address has it."""
    west, south, east, north = page.request.get(f"{address}/api/district").json()["bounds"]
    return f"{(south + north) / 2:.5f}/{(west + east) / 2:.5f}"

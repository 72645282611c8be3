"""Take the pictures of this folder: of a plan, of coverage, of the public map, of the staff's map of coverage, and of a community that is proved
not to be divisible.

They show the sample district by default, or any OpenStreetMap extract.

::

    python docs/pictures.py
    python docs/pictures.py --osm porto.osm.pbf
    python docs/pictures.py --only coverage

It needs what ``python3 run.py test`` installs: playwright, and Chromium, Chrome or Edge. The sample takes a minute, a city of 11,000 buildings ten.
"""

from __future__ import annotations

import argparse
import contextlib
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import hard_community
from playwright.sync_api import Page, sync_playwright
from waitress.server import create_server

from gridmap.cli.main import run
from gridmap.people.reading import read_people
from gridmap.people.sample import write_sample_members
from gridmap.store.accounts import Accounts, Territory
from gridmap.store.members import Members
from gridmap.store.private import PrivateStore
from gridmap.store.workspace import Workspace
from web import Settings, create_app

PICTURES = Path(__file__).resolve().parent / "pictures"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
PAGES = {"plan": ("map",), "coverage": ("map", "--coverage"), "public": ("publish",)}
"""The names of pictures of pages, and the command that makes each page."""
SERVED = {"staff": ("/coverage/", "html.ready.figures.drawn"), "members": ("/members/", "html.ready")}
"""The names of pictures of the server's pages, where each is and what is there when it is drawn."""
IMPOSSIBLE = "impossible"
"""It shows a community of another sample city, and text; so it is as wide as the page."""
NAMES = [*PAGES, *SERVED, IMPOSSIBLE]
ENDINGS = {"zh": ".zh.png", "en": ".png"}
WIDTH, HEIGHT, SCALE = 1200, 750, 0.7
PASSWORD = "a made-up password"  # noqa: S105
SETTLE_MS = 1500
"""Letters and colours come to rest a little after the map is ready."""
DONE = (0, 3)
"""Exit codes of a step that was done; 3 means that findings remain."""


def main() -> int:
    """Make the plan, open its pages in a browser and take one picture of each in each language."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--osm", help="plan this extract instead of the sample district")
    parser.add_argument("--prefix", default="", help="put this before the names of the pictures")
    parser.add_argument("--effort", default="normal")
    parser.add_argument("--only", nargs="*", choices=NAMES, default=NAMES, help="take only these pictures")
    chosen = parser.parse_args()
    PICTURES.mkdir(exist_ok=True)
    if IMPOSSIBLE in chosen.only:
        take_impossible(chosen.prefix)
    if chosen.only == [IMPOSSIBLE]:
        return 0
    with tempfile.TemporaryDirectory() as folder:
        workspace = str(Path(folder) / "district.gpkg")
        source = ["import", workspace, "--osm", chosen.osm] if chosen.osm else ["sample", workspace]
        for line in (source, ["plan", workspace, "--effort", chosen.effort]):
            code = run(line)
            if code not in DONE:
                return code
        for name, (command, *options) in PAGES.items():
            for language, ending in ENDINGS.items() if name in chosen.only else ():
                page = Path(folder) / f"{language}.html"
                code = run([command, workspace, str(page), *options, "--lang", language])
                if code not in DONE:
                    return code
                take(page, PICTURES / (chosen.prefix + name + ending))
        wanted = [name for name in SERVED if name in chosen.only]
        if not wanted:
            return 0
        with served(Path(workspace)) as address:
            for name in wanted:
                for language, ending in ENDINGS.items():
                    take_served(address, name, language, PICTURES / f"{chosen.prefix}{name}{ending}")
    return 0


@contextlib.contextmanager
def served(workspace: Path) -> Iterator[str]:
    """Serve the workspace, its last plan adopted, with made-up member households, to an administrator who needs no password of his own."""
    store = Workspace(workspace)
    store.adopt(str(store.plans()["name"].iloc[-1]))
    settings = Settings(workspace=workspace)
    private = PrivateStore(settings.private_path)
    private.make()
    Accounts(private).add("pictures", PASSWORD, "administrator", Territory(), by="pictures")
    members = workspace.with_name("members.xlsx")
    write_sample_members(store.read_district(), members)
    Members(private).replace(dict(read_people(members, store.read_district()).tables), by="pictures", source=members.name)
    server = create_server(create_app(settings), host="127.0.0.1", port=0)
    threading.Thread(target=server.run, daemon=True).start()
    yield f"http://127.0.0.1:{server.effective_port}"
    server.close()


def take_served(address: str, name: str, language: str, picture: Path) -> None:
    """Log in, open a page of the server and keep what is seen."""
    path, drawn = SERVED[name]
    with opened() as page:
        page.goto(f"{address}/account/login?next={path}&lang={language}")
        page.fill("#name", "pictures")
        page.fill("#password", PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_selector(drawn)
        page.wait_for_timeout(SETTLE_MS)
        page.screenshot(path=picture)


def take_impossible(prefix: str) -> None:
    """Draw the community that cannot be divided, in both languages."""
    ground = hard_community.planned()
    with tempfile.TemporaryDirectory() as folder:
        for language, ending in ENDINGS.items():
            page = Path(folder) / f"{language}.html"
            page.write_text(hard_community.hard_community(*ground, "zh" if language == "zh" else "en"), encoding="utf-8")
            take(page, PICTURES / f"{prefix}{IMPOSSIBLE}{ending}", height=hard_community.HEIGHT, scale=1.0)


def take(map_page: Path, picture: Path, *, height: int = HEIGHT, scale: float = SCALE) -> None:
    """Open a map in a browser and keep what is seen."""
    with opened(height, scale) as page:
        page.goto(map_page.as_uri())
        page.wait_for_selector("html.gridmap-ready")
        page.wait_for_timeout(SETTLE_MS)
        page.screenshot(path=picture)


@contextlib.contextmanager
def opened(height: int = HEIGHT, scale: float = SCALE) -> Iterator[Page]:
    """Open a page of the size of a picture."""
    program = next((path for path in map(shutil.which, BROWSERS) if path), None)
    with sync_playwright() as playwright:
        channel = "msedge" if program is None and sys.platform == "win32" else None
        browser = playwright.chromium.launch(executable_path=program, channel=channel, args=["--no-sandbox"])
        yield browser.new_page(viewport={"width": WIDTH, "height": height}, device_scale_factor=scale)
        browser.close()


if __name__ == "__main__":
    sys.exit(main())

"""Take the pictures of this folder, of a plan and of the public map: of the sample district by default, or of any OpenStreetMap extract.

::

    python docs/pictures.py
    python docs/pictures.py --osm porto.osm.pbf

It needs what ``python3 run.py test`` installs: playwright, and Chromium, Chrome or Edge. The sample takes a minute, a city of 11,000 buildings ten.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from gridmap.cli.main import run

PICTURES = Path(__file__).resolve().parent / "pictures"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
NAMES = {"map": "plan", "publish": "public"}
"""The command that makes a page, and the name of its picture."""
ENDINGS = {"zh": ".zh.png", "en": ".png"}
WIDTH, HEIGHT, SCALE = 1200, 750, 0.7
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
    chosen = parser.parse_args()
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        workspace = str(Path(folder) / "district.gpkg")
        source = ["import", workspace, "--osm", chosen.osm] if chosen.osm else ["sample", workspace]
        for line in (source, ["plan", workspace, "--effort", chosen.effort]):
            code = run(line)
            if code not in DONE:
                return code
        for command, name in NAMES.items():
            for language, ending in ENDINGS.items():
                page = Path(folder) / f"{language}.html"
                code = run([command, workspace, str(page), "--lang", language])
                if code not in DONE:
                    return code
                take(page, PICTURES / (chosen.prefix + name + ending))
    return 0


def take(map_page: Path, picture: Path) -> None:
    """Open a map in a browser and keep what is seen."""
    program = next((path for path in map(shutil.which, BROWSERS) if path), None)
    with sync_playwright() as playwright:
        channel = "msedge" if program is None and sys.platform == "win32" else None
        browser = playwright.chromium.launch(executable_path=program, channel=channel, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, device_scale_factor=SCALE)
        page.goto(map_page.as_uri())
        page.wait_for_selector("html.gridmap-ready")
        page.wait_for_timeout(SETTLE_MS)
        page.screenshot(path=picture)
        browser.close()


if __name__ == "__main__":
    sys.exit(main())

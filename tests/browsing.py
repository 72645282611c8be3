"""What tests in a real browser share: starting it, watching what a page asks for and complains of, and what axe-core finds wrong with it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
DESK, PHONE = (1280, 800), (390, 844)
PATIENCE_MS = 60_000
NO_DRAWING = "delete window.WebGL2RenderingContext;"
"""Drawing without a graphics card takes long: a page that need not draw is told that it cannot."""
NOISE = ("GL Driver Message", "Autofocus processing was blocked")
"""What Chromium says of drawing without a graphics card, and of a test that types before the page has set the focus."""


@contextmanager
def launched() -> Iterator[Browser]:
    """Start the browser of this computer; no address but the computer's own can be found, as on a network without a way out."""
    program = next((path for path in map(shutil.which, BROWSERS) if path), None)
    with sync_playwright() as playwright:
        # Without a browser on the PATH, as on Windows, playwright looks for Edge where Windows keeps it.
        channel = "msedge" if program is None and sys.platform == "win32" else None
        closed = ["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
        started = playwright.chromium.launch(executable_path=program, channel=channel, args=closed)
        yield started
        started.close()


def watched(page: Page, *own: str) -> list[str]:
    """Return the list into which go all requests of a page but those to addresses that begin with ``own``, and all that it complains of."""
    log: list[str] = []
    page.set_default_timeout(PATIENCE_MS)
    page.on("request", lambda request: None if own and request.url.startswith(own) else log.append(request.url))
    page.on("pageerror", lambda error: log.append(f"error: {error}"))
    page.on("console", lambda message: None if any(each in message.text for each in NOISE) else log.append(f"console: {message.text}"))
    return log


def faults(page: Page) -> list[str]:
    """Return what axe-core finds wrong with a page."""
    return [f"{each['id']}: {[node['html'] for node in each['nodes']]}" for each in Axe().run(page).response["violations"]]


def tab_to(page: Page, selector: str) -> None:
    """Press the tab key until the element has the focus."""
    for _ in range(80):
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"not reached without a mouse: {selector}")


def sign_in(page: Page, address: str, name: str, password: str, going: str = "/account/") -> None:
    """Log in by the form and go on to a page."""
    page.goto(f"{address}/account/login?next={going}")
    page.fill("#name", name)
    page.fill("#password", password)
    page.keyboard.press("Enter")

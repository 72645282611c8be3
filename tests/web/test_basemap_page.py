"""A basemap of another datum under our maps in a real browser: its tiles are asked for, and our buildings lie where it says that they stand."""

from __future__ import annotations

import dataclasses
import io
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from basemaps import INK, RIM, tiles_served
from browsing import DESK, PATIENCE_MS, PHONE, faults, sign_in, watched
from PIL import Image
from playwright.sync_api import Browser, Page
from pyproj import Transformer
from webtools import PASSWORD, served

from gridmap.ground.coords import gcj02_from_wgs84
from gridmap.ground.tables import District
from gridmap.outputs.publish_page import page_script
from gridmap.store.workspace import Workspace
from web import Settings

pytestmark = pytest.mark.slow

TILE = 256
EARTH_M = 40_075_016.7
NEAR = 4
"""So far from each channel of a colour a pixel may be and count as it: tiles are resampled."""


@pytest.fixture
def district(settings: Settings) -> District:
    return Workspace(settings.workspace).read_district()


@pytest.fixture
def building(district: District) -> Any:
    """The largest building: it covers most pixels."""
    return max(district.buildings.geometry, key=lambda shape: shape.area)


@pytest.fixture(params=["gcj02", "cgcs2000"])
def shown(request: pytest.FixtureRequest, district: District, building: Any, settings: Settings) -> Iterator[tuple[str, str, list[str]]]:
    """A server with a basemap of the datum; give its address, that of the tiles, and the tiles asked for."""
    datum = request.param
    with tiles_served(building, district.crs, shifted=datum == "gcj02") as (tiles, asked):
        told = {"basemap": tiles, "basemap_datum": datum, "basemap_attribution": "测绘院 <b>", "basemap_approval": "测试号"}
        with served(dataclasses.replace(settings, **told)) as address:
            yield address, tiles.split("/{z}")[0], asked


def counted(page: Page) -> dict[str, int]:
    """Return how many pixels of the map have the colour of the building on the basemap, and of what is around it."""
    picture = np.asarray(Image.open(io.BytesIO(page.locator("#map, #gridmap-map").screenshot())).convert("RGB")).astype(int)
    return {name: int((np.abs(picture - colour) <= NEAR).all(axis=2).sum()) for name, colour in (("ink", INK), ("rim", RIM))}


def under_ours(page: Page) -> dict[str, int]:
    """Wait until the basemap is drawn, and give what is seen of it."""
    return settled(page, lambda pixels: pixels["rim"] > 500 and pixels["ink"] < 0.02 * pixels["rim"])


def without_basemap(page: Page) -> dict[str, int]:
    """Wait until nothing of the basemap is seen any more, and give what is seen of it."""
    return settled(page, lambda pixels: not any(pixels.values()))


def settled(page: Page, wanted: Callable[[dict[str, int]], bool]) -> dict[str, int]:
    """Count pixels until they are as wanted, or the patience is at its end: drawing takes as long as the machine has other work."""
    until = time.monotonic() + PATIENCE_MS / 1000
    found = counted(page)
    while not wanted(found) and time.monotonic() < until:
        page.wait_for_timeout(200)
        found = counted(page)
    return found


def middle(district: District, building: Any) -> tuple[float, float]:
    longitude, latitude = Transformer.from_crs(district.crs, 4326, always_xy=True).transform(building.centroid.x, building.centroid.y)
    return float(longitude), float(latitude)


@pytest.mark.parametrize(("shown", "size"), [("gcj02", DESK), ("cgcs2000", PHONE)], indirect=["shown"], ids=["shifted on a desk", "ours on a phone"])
def test_the_staffs_map(size: tuple[int, int], browser: Browser, shown: tuple[str, str, list[str]], district: District, building: Any) -> None:
    address, tiles, asked = shown
    page = browser.new_page(viewport={"width": size[0], "height": size[1]}, locale="zh-CN")
    log = watched(page, address, tiles)
    longitude, latitude = middle(district, building)
    sign_in(page, address, "planner", PASSWORD)
    page.wait_for_selector(".facts")
    page.goto(f"{address}/coverage/#map=18/{latitude}/{longitude}")
    page.wait_for_selector("html.ready.drawn.figures")
    under = under_ours(page)
    assert asked
    # The building on the basemap is hidden below ours, and what is around it is seen: the two lie upon each other.
    assert under["rim"] > 500
    assert under["ink"] < 0.02 * under["rim"]
    told = page.locator(".basemap-told").inner_text()
    assert told == "测绘院 <b> · 审图号：测试号"
    assert faults(page) == []
    page.get_by_role("button", name="底图").click()
    assert without_basemap(page) == {"ink": 0, "rim": 0}
    assert page.locator(".basemap-told").is_hidden()
    _stays_off_by_its_link(page, "html.ready.drawn.figures")
    assert log == []
    page.close()


def _stays_off_by_its_link(page: Page, ready: str) -> None:
    """Open the page's present address anew: the basemap that was switched off is off."""
    link = page.url
    assert "basemap=off" in link
    page.goto("about:blank")
    page.goto(link)
    page.wait_for_selector(ready)
    assert page.locator(".basemap-switch").get_attribute("aria-pressed") == "false"


def test_the_public_map(browser: Browser, shown: tuple[str, str, list[str]], district: District, building: Any) -> None:
    address, tiles, asked = shown
    page = browser.new_page(viewport={"width": DESK[0], "height": DESK[1]}, locale="zh-CN")
    log = watched(page, address, tiles, "blob:")
    longitude, latitude = middle(district, building)
    page.goto(f"{address}/#map=18/{latitude}/{longitude}&on=")
    page.wait_for_selector("html.gridmap-ready")
    under = under_ours(page)
    assert asked
    assert under["rim"] > 500
    assert under["ink"] < 0.02 * under["rim"]
    assert page.locator(".basemap-told").inner_text() == "测绘院 <b> · 审图号：测试号"
    assert faults(page) == []
    page.get_by_role("button", name="底图").click()
    page.get_by_role("button", name="English").click()
    assert without_basemap(page) == {"ink": 0, "rim": 0}
    assert page.get_by_role("button", name="Basemap").get_attribute("aria-pressed") == "false"
    _stays_off_by_its_link(page, "html.gridmap-ready")
    assert log == []
    page.close()


@pytest.mark.parametrize("shown", ["gcj02"], indirect=True)
def test_the_map_of_member_households(browser: Browser, shown: tuple[str, str, list[str]]) -> None:
    address, tiles, asked = shown
    page = browser.new_page(viewport={"width": DESK[0], "height": DESK[1]}, locale="zh-CN")
    log = watched(page, address, tiles)
    sign_in(page, address, "administrator", PASSWORD, "/members/")
    page.wait_for_selector("html.ready")
    assert asked
    assert page.locator(".basemap-told").is_visible()
    assert faults(page) == []
    assert log == []
    page.close()


def test_a_basemap_that_does_not_come_leaves_our_own_ground(browser: Browser, settings: Settings) -> None:
    told = {"basemap": "http://127.0.0.1:9/{z}/{x}/{y}.png", "basemap_datum": "gcj02", "basemap_attribution": "测绘院"}
    with served(dataclasses.replace(settings, **told)) as address:
        page = browser.new_page(locale="zh-CN")
        watched(page)
        page.goto(address)
        page.wait_for_selector("html.gridmap-ready")
        page.get_by_text("底图取不到").wait_for()
        assert page.evaluate("gridmapPage.drawnMap.map.getLayoutProperty('streets', 'visibility')") == "visible"
        page.close()


@pytest.fixture(scope="module")
def script(browser: Browser) -> Iterator[Page]:
    """A page that holds nothing but our script for basemaps."""
    page = browser.new_page()
    page.add_script_tag(content=page_script("basemap.js"))
    yield page
    page.close()


def test_the_scripts_formula_is_ours(script: Page) -> None:
    rng = np.random.default_rng(1)
    places = np.column_stack([rng.uniform(70, 140, 2000), rng.uniform(0, 57, 2000)])
    found = np.array(script.evaluate("places => places.map(([lon, lat]) => gridmapBasemap.gcj02(lon, lat))", places.tolist()))
    assert np.abs(found - np.column_stack(gcj02_from_wgs84(*places.T))).max() < 1e-11


@pytest.mark.parametrize("place", [(120.86, 32.01), (87.6, 43.8), (113.3, 23.1)])
@pytest.mark.parametrize("zoom", [8, 10, 12, 13, 14, 16, 18])
def test_a_tile_put_together_is_off_by_less_than_a_metre_or_a_twelfth_of_a_pixel(zoom: int, place: tuple[float, float], script: Page) -> None:
    wide = 2**zoom
    x = int((place[0] / 360 + 0.5) * wide)
    y = int((0.5 - np.arctanh(np.sin(np.radians(place[1]))) / (2 * np.pi)) * wide)
    pieces = script.evaluate("([z, x, y]) => gridmapBasemap.piecesOf(z, x, y)", [zoom, x, y])
    steps = np.linspace(0, 1, 5)
    across, down = (part.ravel() for part in np.meshgrid(steps, steps))
    worst = 0.0
    for piece in pieces:
        columns, rows = (x + (piece["i"] + across) / 8) / wide, (y + (piece["j"] + down) / 8) / wide
        longitude, latitude = gcj02_from_wgs84((columns - 0.5) * 360, np.degrees(np.arctan(np.sinh((0.5 - rows) * 2 * np.pi))))
        exact_x = (longitude / 360 + 0.5) * wide * TILE
        exact_y = (0.5 - np.arctanh(np.sin(np.radians(latitude))) / (2 * np.pi)) * wide * TILE
        taken_x, taken_y = piece["left"] + across * piece["width"], piece["top"] + down * piece["height"]
        worst = max(worst, float(np.hypot(exact_x - taken_x, exact_y - taken_y).max()))
    metres = worst * EARTH_M * np.cos(np.radians(place[1])) / (wide * TILE)
    assert metres < 1 or worst < 1 / 12

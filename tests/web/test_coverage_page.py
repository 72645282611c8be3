"""The staff's map of coverage in a real browser: what it asks for, thresholds without a reload, no mouse, a phone, paper, hostile names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from browsing import DESK, NO_DRAWING, PHONE, faults, sign_in, watched
from playwright.sync_api import Browser, Page
from shapes import HOSTILE_TEXTS
from webtools import PASSWORD, served

from gridmap.store.workspace import Workspace
from web import Settings

pytestmark = pytest.mark.slow

Opened = Callable[..., tuple[Page, list[str]]]


@pytest.fixture(scope="module")
def made_workspace(made_town: Path) -> Path:
    return made_town


@pytest.fixture
def address(settings: Settings) -> Iterator[str]:
    with served(settings) as at:
        yield at


@pytest.fixture
def opened(browser: Browser, address: str) -> Iterator[Opened]:
    """Open the page as a planner; return it and what it asked others for or complained of. Drawing takes long: only ``drawn`` pages have a map."""
    contexts = []

    def enter(*, size: tuple[int, int] = DESK, locale: str = "zh-CN", drawn: bool = False, link: str = "") -> tuple[Page, list[str]]:
        context = browser.new_context(viewport={"width": size[0], "height": size[1]}, locale=locale)
        contexts.append(context)
        page = context.new_page()
        log = watched(page, address)
        if not drawn:
            page.add_init_script(NO_DRAWING)
        sign_in(page, address, "planner", PASSWORD, "/coverage/")
        page.wait_for_selector("html.ready.figures")
        if link:
            page.goto(f"{address}/coverage/{link}")
            page.reload()
            page.wait_for_selector("html.ready.figures")
        return page, log

    yield enter
    for context in contexts:
        context.close()


def _until_quiet(page: Page, loads: list[str]) -> None:
    """Wait until the page has asked for nothing for a second: the last tiles come after the first drawing."""
    seen = -1
    while seen != len(loads):
        seen = len(loads)
        page.wait_for_timeout(1000)
    loads.clear()


def test_drawn_on_a_desk(opened: Opened) -> None:
    page, log = opened(drawn=True)
    loads: list[str] = []
    page.on("request", lambda request: loads.append(request.url.split("/")[3].split("?")[0] + "/" + request.url.split("/")[4].split("?")[0]))
    _until_quiet(page, loads)
    before = page.locator(".categories b").all_inner_texts()
    for _ in range(6):
        page.locator("#minutes").press("ArrowLeft")
    page.wait_for_function(f"document.querySelector('.categories b').textContent !== {before[0]!r}")
    # A threshold moves with neither a reload nor a tile: requests for the figures alone.
    assert set(loads) - {"static/icon.svg"} == {"coverage/figures.json"}
    _until_quiet(page, loads)
    page.get_by_role("button", name="场所", exact=True).click()
    page.locator("#view .row").first.click()
    page.wait_for_selector("#card:visible")
    assert "5 分钟 / 10 分钟 / 15 分钟" in page.locator("#card").inner_text()
    assert faults(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("button", name="没有覆盖的楼").click()
    page.locator("#view .row").first.click()
    page.wait_for_selector("#card dl")
    assert faults(page) == []
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.locator("img.on-paper").count() == 1
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert log == []


def test_on_a_phone_in_english(opened: Opened) -> None:
    page, log = opened(size=PHONE, locale="en-GB")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    page.get_by_role("button", name="By grid").click()
    page.wait_for_selector("#view .row .bar")
    assert "Grids of the adopted plan “first”" in page.locator("#view").inner_text()
    page.get_by_role("button", name="New places").click()
    page.get_by_role("button", name="Find places").click()
    page.wait_for_selector("#sites p")
    assert faults(page) == []
    assert log == []


def test_by_keyboard_alone_and_back_by_the_link(opened: Opened, address: str) -> None:
    page, _ = opened(link="#category=medical&minutes=4&tab=gaps")
    assert page.locator("#minutes").input_value() == "4"
    assert page.locator(".categories input:checked").get_attribute("value") == "medical"
    page.focus("#search")
    page.keyboard.type("1号楼")
    page.wait_for_selector("#search-found .row")
    reached = set()
    for _ in range(120):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id || document.activeElement.className || document.activeElement.name"))
    assert {"minutes", "walk", "tab-gaps", "tab-sites", "row", "xlsx", "print", "category"} - reached == set()
    page.locator("#view .row").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#card:visible")
    assert page.evaluate("document.activeElement.id") == "card"
    page.keyboard.press("Escape")
    assert page.locator("#card").is_hidden()
    assert page.evaluate("document.activeElement.className") == "row"


def test_what_is_shown_is_downloaded(opened: Opened) -> None:
    page, _ = opened(link="#category=medical&minutes=4&tab=grid")
    with page.expect_download() as download:
        page.locator("#xlsx").click()
    assert download.value.suggested_filename.endswith("医疗卫生.xlsx")


@pytest.mark.parametrize("link", ["#category=<b>&minutes=999&map=a/b/c", "#building=999999&tab=x", "#&&=%E0%A4%A"])
def test_a_link_without_sense_does_no_harm(link: str, opened: Opened) -> None:
    page, log = opened(link=link)
    assert page.locator("#minutes").input_value() == "10"
    assert [line for line in log if "404" not in line] == []


def test_names_do_not_become_script(opened: Opened, settings: Settings) -> None:
    workspace = Workspace(settings.workspace)
    district, hostile = workspace.read_district(), HOSTILE_TEXTS[0]
    tables = {"buildings": district.buildings.assign(name=hostile), "venues": district.venues.assign(name=hostile)}
    workspace.write_ground(district.with_tables(tables), [])
    page, log = opened(link="#minutes=3")
    title = page.title()
    page.locator("#view .row").first.click()
    page.wait_for_selector("#card dl")
    assert hostile in page.locator("#card").inner_text()
    page.locator("#search").fill(hostile[:20])
    page.wait_for_selector("#search-found .row")
    assert page.locator("main img, main script").count() == 0
    assert (page.title(), log) == (title, [])

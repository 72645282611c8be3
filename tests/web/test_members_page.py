"""The map of member households in a real browser: found and opened without a mouse, on a desk and a phone, with no way out of the computer."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from browsing import faults, sign_in, tab_to, watched
from openpyxl import load_workbook
from playwright.sync_api import Browser, Page
from webtools import PASSWORD, served

from gridmap.ground.sample import sample_district
from gridmap.people.reading import read_people
from gridmap.people.sample import write_sample_members
from gridmap.store.audit import AuditLog
from gridmap.store.members import Members
from gridmap.store.private import PrivateStore
from gridmap.store.workspace import Workspace
from web import Settings

pytestmark = pytest.mark.slow

HOSTILE = "<img src=x onerror=document.title=777>"


@pytest.fixture
def address(settings: Settings, tmp_path) -> Iterator[str]:
    """A running server with the sample's made-up households, one of them with a hostile name."""
    district = sample_district(600, seed=1)
    write_sample_members(district, tmp_path / "m.xlsx")
    tables = dict(read_people(tmp_path / "m.xlsx", district).tables)
    tables["member_households"].iloc[0, tables["member_households"].columns.get_loc("name")] = HOSTILE
    Members(PrivateStore(settings.private_path)).replace(tables, by="test", source="test")
    with served(settings) as at:
        yield at


def test_the_map_of_member_households(browser: Browser, address: str, settings: Settings) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 800}, locale="zh-CN")
    log = watched(page, address, "blob:", "data:")
    sign_in(page, address, "administrator", PASSWORD, "/members/")
    page.wait_for_selector("html.ready", timeout=60_000)
    assert faults(page) == []
    _without_a_mouse(page, settings)
    assert page.locator("#card img").count() == 0
    assert page.title() != "777"
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert faults(page) == []
    assert log == []
    page.close()
    seen = {each.action for each in AuditLog(PrivateStore(settings.private_path)).entries()}
    assert {"members_viewed", "members_building_viewed", "members_export"} <= seen


def _without_a_mouse(page: Page, settings: Settings) -> None:
    tab_to(page, "#grids .row")
    page.keyboard.press("Enter")
    assert page.locator("#grids .row[aria-expanded=true]").count() == 1
    assert page.locator("#export-grid").input_value() != ""
    page.keyboard.press("Enter")
    people = Members(PrivateStore(settings.private_path)).read().member_households
    building = people.loc[people["name"] == HOSTILE, "building_id"].iloc[0]
    district = Workspace(settings.workspace).read_district()
    page.fill("#search", str(district.buildings.loc[building, "compound_id"]))
    tab_to(page, f"#buildings .row[data-key='{building}']")
    page.keyboard.press("Enter")
    page.wait_for_selector("#card:visible")
    assert HOSTILE in page.locator("#card").inner_text()
    assert faults(page) == []
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.dataset.key") == building
    page.fill("#purpose", "核对台账")
    with page.expect_download() as download:
        tab_to(page, "#export-part button")
        page.keyboard.press("Enter")
    book = load_workbook(io.BytesIO(download.value.path().read_bytes()), read_only=True)
    assert len(list(book["党员户"].iter_rows())) > len(people)
    book.close()


def test_member_households_come_in_by_the_page(browser: Browser, settings: Settings, tmp_path) -> None:
    write_sample_members(sample_district(600, seed=1), tmp_path / "m.xlsx")
    with served(settings) as at:
        page = browser.new_page(viewport={"width": 1440, "height": 900}, locale="zh-CN")
        log = watched(page, at, "blob:", "data:")
        sign_in(page, at, "administrator", PASSWORD, "/members/import/")
        page.wait_for_selector("html.ready")
        assert faults(page) == []
        page.set_input_files("#choose", tmp_path / "m.xlsx")
        page.wait_for_selector("#import-run:visible", timeout=60_000)
        page.locator("#sheets summary").first.click()
        assert faults(page) == []
        page.set_viewport_size({"width": 390, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert faults(page) == []
        assert len(_households(settings)) == 0
        page.locator("#import-run").click()
        page.wait_for_selector("#import-result:visible", timeout=60_000)
        assert faults(page) == []
        assert len(_households(settings)) > 0
        assert log == []


def _households(settings: Settings):
    return Members(PrivateStore(settings.private_path)).read().member_households

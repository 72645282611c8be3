"""The pages of accounts and of the audit log in a real browser: an account from its making to its own password, without a mouse, on a phone too."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from browsing import DESK, PHONE, faults, sign_in, tab_to, watched
from playwright.sync_api import Browser
from webtools import PASSWORD, served

from web import Settings

pytestmark = pytest.mark.slow

OWN = "a password of my own"


@pytest.fixture
def address(settings: Settings) -> Iterator[str]:
    with served(settings) as at:
        yield at


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_an_account_is_made_and_becomes_its_owners(size: tuple[int, int], browser: Browser, address: str) -> None:
    page = browser.new_page(viewport={"width": size[0], "height": size[1]}, locale="zh-CN")
    log = watched(page, address)
    sign_in(page, address, "administrator", PASSWORD, "/administration/accounts/")
    page.wait_for_selector(".people")
    assert faults(page) == []
    page.fill("#name", "王网格员")
    tab_to(page, "[name=role]")
    page.keyboard.press("Space")
    assert page.locator("[value=grid_worker]").is_checked()
    assert page.locator(".community").is_hidden()
    tab_to(page, "[name=ids_grids]")
    page.keyboard.press("Space")
    assert faults(page) == []
    page.locator("#password").focus()
    page.keyboard.press("Enter")
    password = page.locator(".given output").inner_text()
    assert faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    page.get_by_role("button", name="退出").click()
    page.wait_for_selector("#password")
    sign_in(page, address, "王网格员", password, "/coverage/")
    page.get_by_text("这个密码是别人设的").wait_for()
    page.fill("#present", password)
    page.fill("#new", OWN)
    page.fill("#again", OWN)
    page.keyboard.press("Enter")
    page.get_by_text("密码已改").wait_for()
    assert "网格员" in page.locator(".facts").inner_text()
    assert log == []
    page.close()


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_the_log_is_verified_searched_and_taken_away(size: tuple[int, int], browser: Browser, address: str) -> None:
    page = browser.new_page(viewport={"width": size[0], "height": size[1]}, locale="en-GB")
    log = watched(page, address)
    sign_in(page, address, "auditor", PASSWORD, "/audit/")
    page.wait_for_selector(".log")
    assert faults(page) == []
    tab_to(page, ".verify button")
    page.keyboard.press("Enter")
    page.get_by_text("is whole and unaltered").wait_for()
    page.get_by_role("link", name="中文").click()
    page.get_by_role("heading", name="审计日志").wait_for()
    page.get_by_role("link", name="English").click()
    page.select_option("#action", label="log checked")
    page.get_by_role("button", name="Find").click()
    page.wait_for_url("**action=audit_verified**")
    assert page.locator(".log tbody tr").count() == 1
    assert faults(page) == []
    with page.expect_download() as download:
        page.get_by_role("link", name="Save as XLSX").click()
    assert download.value.suggested_filename.startswith("Audit log-")
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    assert log == []
    page.close()

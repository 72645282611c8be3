"""The pages in a real browser: the planner's whole story, without a mouse, on a phone, for everybody's eyes."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from browsing import faults, watched
from playwright.sync_api import Browser, Page
from webtools import PASSWORD, served

from gridmap.ground.sample import sample_district, write_office
from gridmap.ground.tables import District
from gridmap.store.workspace import Workspace
from web import Settings

pytestmark = pytest.mark.slow

PATIENCE_MS = 120_000


@pytest.fixture
def address(settings: Settings) -> Iterator[str]:
    """A running server, and no workspace yet."""
    settings.workspace.unlink()
    with served(settings) as at:
        yield at


@pytest.fixture
def opened(browser: Browser, address: str) -> Iterator[Callable[..., tuple[Page, list[str]]]]:
    """Open the start page as a planner who logs in; return the page and all that went out of this server or was complained of."""
    contexts = []

    def enter(*, locale: str = "zh-CN", width: int = 1280, height: int = 800) -> tuple[Page, list[str]]:
        context = browser.new_context(viewport={"width": width, "height": height}, locale=locale)
        contexts.append(context)
        page = context.new_page()
        log = watched(page, address)
        page.set_default_timeout(PATIENCE_MS)
        page.goto(f"{address}/start/")
        assert faults(page) == []
        page.fill("#name", "planner")
        page.fill("#password", PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_selector("html.ready")
        return page, log

    yield enter
    for context in contexts:
        context.close()


def test_the_whole_story(opened, settings: Settings, tmp_path: Path) -> None:
    write_office(sample_district(900, seed=1), tmp_path / "office", seed=1)
    page, log = opened()
    assert "还没有数据" in page.locator("#ground").inner_text()
    page.set_input_files("#choose", sorted((tmp_path / "office").iterdir()))
    page.wait_for_selector(".look")
    assert page.locator("#look-1-table").input_value() == "ledger"
    # The planner knows that the venues come from Baidu's map.
    page.get_by_role("region", name="场所.csv").get_by_label("坐标").select_option("bd09")
    page.locator(".look summary").first.click()
    assert faults(page) == []
    page.get_by_role("button", name="检查一遍").click()
    page.get_by_role("button", name="导入", exact=True).wait_for()
    assert not settings.workspace.exists()
    assert "场所.csv，场所，第 8 行" in page.locator("#check-result").inner_text()
    page.get_by_role("button", name="导入", exact=True).click()
    page.locator("#adopted:visible").wait_for()
    assert "900 户" in page.locator("#ground").inner_text()
    assert "还没有采用任何方案" in page.locator("#adopted").inner_text()
    assert not page.locator("#tray").is_visible()
    assert faults(page) == []
    page.get_by_label("计算力度").select_option("quick")
    page.get_by_role("button", name="开始划分").click()
    page.wait_for_selector("#plan-result:visible")
    page.get_by_role("button", name="采用方案“初稿”").click()
    page.wait_for_selector("#plans-result:visible")
    assert "已采用的方案“初稿”" in page.locator("#adopted").inner_text()
    with page.expect_download() as download:
        page.get_by_label("把方案“初稿”下载为").select_option(".gpkg")
    assert download.value.suggested_filename == "town-初稿.gpkg"
    assert faults(page) == []
    assert log == []
    assert Workspace(settings.workspace).adopted() == "初稿"


def test_on_a_phone_in_english(opened, settings: Settings, made_workspace: Path) -> None:
    shutil.copy(made_workspace, settings.workspace)
    page, log = opened(locale="en-GB", width=390, height=844)
    assert "600 households" in page.locator("#ground").inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert faults(page) == []
    assert log == []


def test_without_a_mouse(opened, settings: Settings, made_workspace: Path) -> None:
    shutil.copy(made_workspace, settings.workspace)
    page, _ = opened()
    reached = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id || document.activeElement.className"))
    assert {"choose", "plan-name", "plan-rules", "plan-minimum", "plan-effort", "plan-run", "download", "quiet"} <= reached


def test_names_do_not_become_script(opened, settings: Settings, made_workspace: Path) -> None:
    shutil.copy(made_workspace, settings.workspace)
    hostile = "<img src=x onerror=document.title=777>"
    Workspace(settings.workspace).write_ground(District(**sample_district(300, seed=2).tables(), name=hostile), [])
    page, log = opened()
    assert hostile in page.locator("#ground").inner_text()
    page.set_input_files("#choose", {"name": "楼栋&lt;b&gt;.csv", "mimeType": "text/csv", "buffer": f"{hostile}\n1\n".encode()})
    page.wait_for_selector(".look")
    assert page.title() != "777"
    assert page.locator("main img, main b:not(#tray-count)").count() == 0
    assert log == []


def test_a_script_that_is_not_ours_does_not_run(opened) -> None:
    page, _ = opened()
    before = page.title()
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"document.title=777\">')")
    page.evaluate("document.body.append(Object.assign(document.createElement('script'), {textContent: 'document.title=777'}))")
    page.wait_for_timeout(200)
    assert page.title() == before

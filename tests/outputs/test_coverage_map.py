"""The map of service circles: what it holds, and in a real browser that it shows it, asks for nothing and runs nobody's text."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from browsing import watched
from playwright.sync_api import Browser, Page
from shapes import HOSTILE_TEXTS
from walks import draw_walks, line, square

from gridmap.circles.coverage import coverage
from gridmap.ground.sample import sample_district
from gridmap.ground.tables import District
from gridmap.outputs.coverage_map import coverage_map
from gridmap.outputs.maps import save_map
from gridmap.rules import load_rules

RULES = load_rules("nantong")


@pytest.fixture(scope="module")
def district() -> District:
    return sample_district(1500, seed=3)


def content_of(district: District, **more: Any) -> dict[str, Any]:
    page = coverage_map(coverage(district, RULES, **more), district).get_root().render()
    found = re.search(r'<script type="application/json" id="gridmap-content">(.*?)</script>', page, re.DOTALL)
    assert found
    return dict(json.loads(found[1]))


def test_every_building_has_its_walk_in_every_category(district: District) -> None:
    content, found = content_of(district), coverage(district, RULES)
    wide = found.table.pivot(index="building_id", columns="category", values="metres")[list(RULES.categories)].fillna(-1.0)
    metres = dict(zip(content["buildings"]["id"], content["buildings"]["metres"], strict=True))
    for building, row in wide.iterrows():
        assert metres[building] == [pytest.approx(each, abs=0.051) for each in row]


def test_circles_are_nested_in_their_order(district: District) -> None:
    content = content_of(district)
    assert content["rings"] == ["5", "10", "15"]
    assert {len(each) for each in content["venues"]["circles"]} <= {0, 3}


def test_a_flat_limit_has_one_circle(district: District) -> None:
    assert len(content_of(district, walk="gb50180")["rings"]) == 1


@pytest.mark.parametrize("bare", [{"streets": {}}, {"streets": {"s": line((0, 0), (99, 0))}, "buildings": {}}])
def test_a_bare_district_has_a_map(bare: dict[str, Any]) -> None:
    assert content_of(draw_walks(**{"buildings": {"b": square(0, 20)}, **bare}))["venues"]["name"] == []


def opened(browser: Browser, district: District, folder: Path, width: int) -> tuple[Page, list[str]]:
    save_map(coverage_map(coverage(district, RULES, minutes=2), district), folder / "map.html")
    page = browser.new_page(viewport={"width": width, "height": 800})
    log = watched(page)
    page.goto((folder / "map.html").as_uri())
    page.wait_for_selector("html.gridmap-ready")
    return page, log


@pytest.mark.slow
@pytest.mark.parametrize("width", [1440, 390])
def test_one_can_choose_a_category_a_gap_and_a_venue(browser: Browser, district: District, tmp_path: Path, width: int) -> None:
    page, log = opened(browser, district, tmp_path, width)
    page.click("#gridmap-panel label:has(#gridmap-category-1)")
    assert page.evaluate("gridmapPage.view.category") == 1
    page.click("#gridmap-panel .row.gap >> nth=0")
    assert page.evaluate("gridmapPage.view.building") >= 0
    assert page.locator("#gridmap-panel .card dt").count() == len(RULES.categories)
    page.click("#gridmap-panel .row:not(.gap) >> nth=0")
    assert page.evaluate("gridmapPage.view.venue") >= 0
    page.click('#gridmap-panel .languages [lang="en"]')
    assert "Service" in page.content()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert [each for each in log if not each.startswith("file:")] == []
    page.close()


@pytest.mark.slow
@pytest.mark.parametrize("text", HOSTILE_TEXTS)
def test_names_stay_text(browser: Browser, district: District, tmp_path: Path, text: str) -> None:
    buildings, venues = district.buildings.assign(name=text, compound_id=text), district.venues.assign(name=text)
    page, log = opened(browser, district.with_tables({"buildings": buildings, "venues": venues}), tmp_path, 1200)
    title = page.title()
    page.click("#gridmap-panel .row.gap >> nth=0")
    page.click("#gridmap-panel .row:not(.gap) >> nth=0")
    assert page.title() == title
    assert [each for each in log if not each.startswith("file:")] == []
    page.close()

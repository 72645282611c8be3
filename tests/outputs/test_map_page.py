"""The page in a real browser: what it asks for, what it shows, what it does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from browsing import watched
from playwright.sync_api import Browser, Page
from shapes import HOSTILE_TEXTS

from gridmap.grids.plan import Plan
from gridmap.ground.tables import District
from gridmap.outputs.maps import plan_map, save_map

pytestmark = pytest.mark.slow

WithText = Callable[[Plan, District, str], tuple[Plan, District]]


@pytest.fixture(scope="module")
def map_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Plan, District | None], Path]:
    """Write a plan's map, once, and return the file."""
    written: dict[tuple[int, int], tuple[Path, Plan, District | None]] = {}

    def write(plan: Plan, district: District | None) -> Path:
        key = id(plan), id(district)
        if key not in written:
            path = tmp_path_factory.mktemp("map") / "map.html"
            save_map(plan_map(plan, district=district), path)
            # What is kept here cannot lend its id to another.
            written[key] = path, plan, district
        return written[key][0]

    return write


@pytest.fixture
def opened(browser: Browser, map_of: Callable[[Plan, District | None], Path]) -> Iterator[Callable[..., tuple[Page, list[str]]]]:
    """Open the map of a plan, and return the page and everything that it asked for or complained about."""
    pages = []

    def open_map(plan: Plan, district: District | None, *, width: int = 1440, height: int = 900) -> tuple[Page, list[str]]:
        page = browser.new_page(viewport={"width": width, "height": height})
        pages.append(page)
        log = watched(page)
        page.goto(map_of(plan, district).as_uri())
        page.wait_for_selector("html.gridmap-ready")
        return page, log

    yield open_map
    for page in pages:
        page.close()


def zoom_of(page: Page) -> float:
    return float(page.evaluate("gridmapPage.map.getZoom()"))


def click_on_grid(page: Page, grid_id: str) -> None:
    """Click on the middle of a grid on the map, a little below it, where no mark of a finding stands."""
    x, y = page.evaluate(
        """(id) => {
            const { map, view, latLng } = gridmapPage;
            const point = map.latLngToContainerPoint(latLng(...view.grids.find((grid) => grid.id === id).middle));
            const frame = map.getContainer().getBoundingClientRect();
            return [frame.left + point.x, frame.top + point.y + 6];
        }""",
        grid_id,
    )
    page.mouse.click(x, y)


def test_nothing_is_asked_for_but_the_file_itself(opened, map_of, town: District, town_plan: Plan) -> None:
    page, log = opened(town_plan, town)
    page.wait_for_timeout(300)
    assert log == [map_of(town_plan, town).as_uri()]


@pytest.mark.parametrize("text", HOSTILE_TEXTS)
def test_no_text_becomes_script(text: str, opened, town: District, town_plan: Plan, with_text: WithText) -> None:
    page, log = opened(*with_text(town_plan, town, text))
    for layer in page.locator("input[type=checkbox]").all():
        layer.set_checked(True)
    page.get_by_role("searchbox").fill(text)
    page.locator(".results .row").first.click()
    page.locator(".finding").first.click()
    page.locator("details").last.locator("summary").click()
    page.get_by_role("button", name="English").click()
    page.wait_for_timeout(100)
    assert page.title().startswith(text)
    assert page.locator("h1").inner_text() == text
    assert text in page.locator(".card dd").first.inner_text()
    assert [line for line in log if not line.startswith("file:")] == []
    assert page.evaluate("document.querySelectorAll('#gridmap-panel img, #gridmap-panel svg[onload], #gridmap-panel script').length") == 0


def test_a_script_that_is_not_ours_does_not_run(opened, town: District, town_plan: Plan) -> None:
    page, _ = opened(town_plan, town)
    before = page.title()
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"document.title=777\">')")
    page.evaluate("document.body.append(Object.assign(document.createElement('script'), {textContent: 'document.title=777'}))")
    page.wait_for_timeout(100)
    assert page.title() == before


def test_search_zooms_to_the_grid_and_tells_about_it(opened, town: District, town_plan: Plan) -> None:
    page, _ = opened(town_plan, town, width=390, height=844)
    before = zoom_of(page)
    page.get_by_role("searchbox").fill("001001001")
    page.keyboard.press("Enter")
    page.wait_for_function("(before) => gridmapPage.map.getZoom() > before", arg=before)
    assert page.locator(".card h2").inner_text() == "网格 001"
    assert "≈225 户，目标 275 户" in page.locator(".card").inner_text()
    assert "低于下限，差 25 户" in page.locator(".card").inner_text()


def test_search_by_name_and_community(opened, town: District, town_plan: Plan) -> None:
    page, _ = opened(town_plan, town)
    for query, results in (("桃园", 1), ("河东社区", 4), ("nonsense", 0), ("", 0)):
        page.get_by_role("searchbox").fill(query)
        assert page.locator("[role=search] .row").count() == results, query


def test_a_click_on_a_grid_tells_its_facts(opened, town: District, town_plan: Plan) -> None:
    page, _ = opened(town_plan, town)
    click_on_grid(page, "F")
    card = page.locator(".card").inner_text()
    assert "高于上限，多 60 户" in card
    assert "河东社区" in card
    page.get_by_role("button", name="关闭").click()
    assert page.locator(".card").inner_text() == ""


def test_a_finding_in_the_list_is_shown_on_the_map(opened, town: District, town_plan: Plan) -> None:
    page, _ = opened(town_plan, town, width=600)
    before = zoom_of(page)
    page.locator(".finding.error").click()
    page.wait_for_function("(before) => gridmapPage.map.getZoom() > before || gridmapPage.map.getZoom() >= 17", arg=before)
    assert page.locator(".card h2").inner_text() == "网格 001"


def test_findings_are_marked(opened, town: District, town_plan: Plan) -> None:
    page, _ = opened(town_plan, town)
    assert page.evaluate("gridmapPage.layer.marks.map((mark) => mark.severity).sort()") == ["error", "warning"]


def test_a_layer_is_switched(opened, town: District, town_plan: Plan) -> None:
    page, _ = opened(town_plan, town)
    picture = "gridmapPage.layer._container.toDataURL()"
    first = page.evaluate(picture)
    for layer in ("grids", "buildings", "streets", "barriers", "communities", "venues", "findings"):
        box, label = page.locator(f"#gridmap-layer-{layer}"), page.locator(f"label[for=gridmap-layer-{layer}]")
        shown = box.is_checked()
        label.click()
        assert (box.is_checked(), page.evaluate(picture) == first) == (not shown, False), layer
        label.click()
        assert (box.is_checked(), page.evaluate(picture) == first) == (shown, True), layer


def test_the_language_changes_in_the_page(opened, town: District, town_plan: Plan) -> None:
    page, _ = opened(town_plan, town)
    assert "仅供内部使用" in page.locator("footer").inner_text()
    page.get_by_role("button", name="English").click()
    assert "internal use only / 未经审图" in page.locator("footer").inner_text()
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.get_by_role("searchbox").get_attribute("placeholder") == "Find grid, name or community"


def test_everything_is_reached_by_keyboard(opened, town: District, town_plan: Plan) -> None:
    page, _ = opened(town_plan, town)
    reached = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id || document.activeElement.className || document.activeElement.tagName"))
    assert {"gridmap-search", "finding error", "gridmap-layer-grids", "SUMMARY", "leaflet-control-zoom-in"} <= reached
    assert any(each.startswith("map_") for each in reached)


def test_out_of_bounds_grids_are_hatched_and_signed(opened, town: District, town_plan: Plan) -> None:
    page, _ = opened(town_plan, town)
    states = dict(page.evaluate("gridmapPage.view.grids.map((grid) => [grid.id, grid.state + grid.sign])"))
    assert states == {"A": "below▼ ", "B": "inside", "C": "inside", "D": "inside", "E": "below▼ ", "F": "above▲ ", "S": "dedicated"}


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844)])
def test_nothing_is_wider_than_the_screen(width: int, height: int, opened, town: District, town_plan: Plan) -> None:
    page, _ = opened(town_plan, town, width=width, height=height)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("Math.max(...[...document.querySelectorAll('.panel *')].map((each) => each.getBoundingClientRect().right))") <= width
    assert page.evaluate("document.querySelector('.folium-map').getBoundingClientRect().height") > height * 0.4


def test_printing_shows_the_same_part_and_comes_back(opened, town: District, town_plan: Plan) -> None:
    page, _ = opened(town_plan, town)
    page.evaluate("gridmapPage.map.setZoom(19, {animate: false})")
    seen, zoom = "gridmapPage.map.getBounds().toBBoxString().split(',').map(Number)", zoom_of(page)
    west, south, east, north = page.evaluate(seen)
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    paper = page.evaluate(seen)
    assert page.evaluate("document.querySelector('.folium-map').getBoundingClientRect().width") == pytest.approx(186 / 25.4 * 96, abs=1)
    assert paper[0] <= west
    assert paper[2] >= east
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert zoom_of(page) == zoom
    assert page.evaluate(seen) == pytest.approx([west, south, east, north])


def test_without_a_district_the_plan_alone_is_shown(opened, town_plan: Plan) -> None:
    page, log = opened(town_plan, None)
    assert page.locator("#gridmap-layer-streets").count() == 0
    assert [line for line in log if not line.startswith("file:")] == []

"""The public map in a real browser: what it asks for, what it shows, and that it serves those without a mouse, a map, or good eyes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import shapely
from browsing import DESK, NO_DRAWING, PHONE, faults, watched
from playwright.sync_api import Browser, Page
from publishing import EAST, NORTH, public_town
from pyproj import Transformer
from shapes import HOSTILE_TEXTS

from gridmap.ground.tables import District
from gridmap.outputs.publish import publish
from gridmap.rules import load_rules

pytestmark = pytest.mark.slow

TO_DEGREES = Transformer.from_crs(4549, 4326, always_xy=True)
Opened = Callable[..., tuple[Page, list[str]]]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The town as a folder."""
    out = tmp_path_factory.mktemp("published") / "map"
    put(public_town(), out)
    return out


def put(town: District, out: Path) -> None:
    told = {"source": "示范镇人民政府", "date": "2024-05-31", "address": "https://map.example.org/"}
    publish(town, load_rules("nantong"), out, **told)  # type: ignore[arg-type]


@pytest.fixture
def opened(browser: Browser, published: Path) -> Iterator[Opened]:
    """Open the page and return it with everything that it asked for or complained about; drawing takes long: only ``drawn`` pages have a map."""
    pages: list[Page] = []

    def open_page(
        file: Path = published / "index.html", *, drawn: bool = False, size: tuple[int, int] = DESK, link: str = "", before: str = ""
    ) -> tuple[Page, list[str]]:
        page = browser.new_page(viewport={"width": size[0], "height": size[1]})
        pages.append(page)
        log = watched(page)
        page.add_init_script(before if drawn else before + NO_DRAWING)
        page.goto(file.as_uri() + link)
        page.wait_for_selector("html.gridmap-ready")
        return page, log

    yield open_page
    for page in pages:
        page.close()


@pytest.fixture(scope="module")
def listed(browser: Browser, published: Path) -> Iterator[Page]:
    """One page without a map for the tests that only read it, or search in it."""
    page = browser.new_page(viewport={"width": DESK[0], "height": DESK[1]})
    page.add_init_script(NO_DRAWING)
    page.goto((published / "index.html").as_uri())
    page.wait_for_selector("html.gridmap-ready")
    yield page
    page.close()


def names(page: Page) -> list[str]:
    return page.locator(".venue-name").all_inner_texts()


def degrees(x: float, y: float) -> list[float]:
    return list(TO_DEGREES.transform(EAST + x, NORTH + y))


def click_at(page: Page, x: float, y: float) -> None:
    """Click on a place of the map, metres from the corner of the town."""
    at = page.evaluate(
        "([place]) => { const m = gridmapPage.drawnMap.map; const p = m.project(place); const f = m.getContainer().getBoundingClientRect();"
        " return [f.left + p.x, f.top + p.y]; }",
        [degrees(x, y)],
    )
    page.mouse.click(*at)


# --- nothing from outside, no script from text --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_nothing_is_asked_for_but_the_file_itself(size: tuple[int, int], opened: Opened, published: Path) -> None:
    page, log = opened(drawn=True, size=size)
    page.locator(".venue").first.click()
    page.wait_for_timeout(300)
    # The blob is the worker of the map, made from the page's own text.
    assert [line for line in log if not line.startswith("blob:null/")] == [(published / "index.html").as_uri()]


@pytest.mark.parametrize("text", HOSTILE_TEXTS)
def test_no_text_becomes_script(text: str, opened: Opened, tmp_path: Path) -> None:
    put(public_town(text), tmp_path / "map")
    page, log = opened(tmp_path / "map" / "index.html", drawn=text == HOSTILE_TEXTS[0])
    page.get_by_role("searchbox").fill(text)
    page.locator(".venue").first.click()
    page.get_by_role("button", name="English").click()
    page.wait_for_timeout(100)
    assert page.title() == f"{text}: public venues"
    assert page.locator("#gridmap-card h2").inner_text() == text
    assert [line for line in log if not line.startswith(("file:", "blob:"))] == []
    assert page.locator(".panel img, .card img, .panel script, svg[onload]").count() == 0


def test_a_script_that_is_not_ours_does_not_run(opened: Opened) -> None:
    page, _ = opened()
    before = page.title()
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"document.title=777\">')")
    page.evaluate("document.body.append(Object.assign(document.createElement('script'), {textContent: 'document.title=777'}))")
    page.wait_for_timeout(100)
    assert page.title() == before


# --- what is shown -------------------------------------------------------------------------------------------------------------------------------


def test_the_list_shows_every_public_venue_under_its_category(listed: Page) -> None:
    assert listed.locator(".list h3").all_inner_texts() == ["党群服务中心", "养老服务", "医疗卫生"]
    assert names(listed) == ["河西党群服务中心", "社区食堂", "卫生服务站"]


def test_the_card_tells_everything(listed: Page) -> None:
    listed.locator(".venue").first.click()
    card = listed.locator("#gridmap-card").inner_text()
    told = ["河西党群服务中心", "图书阅览", "人民路1号", "0000-5550001", "08:30-17:30", "420 平方米", "河西社区居民委员会", "轮椅可以进入"]
    assert [text for text in told if text not in card] == []


def test_the_page_says_whence_and_whether_approved(listed: Page) -> None:
    told = listed.locator("#gridmap-told").inner_text()
    assert ["示范镇人民政府" in told, "2024-05-31" in told, "未经审图" in told] == [True, True, True]


@pytest.mark.parametrize(("query", "found"), [("食堂", ["社区食堂"]), ("桂花弄", ["卫生服务站"]), ("nursery", []), ("reading", ["河西党群服务中心"])])
def test_search_by_name_address_and_category(query: str, found: list[str], listed: Page) -> None:
    listed.get_by_role("searchbox").fill(query)
    seen = names(listed)
    listed.get_by_role("searchbox").fill("")
    assert seen == found


def test_a_category_is_switched(opened: Opened) -> None:
    page, _ = opened()
    page.get_by_role("checkbox", name="医疗卫生").uncheck()
    assert names(page) == ["河西党群服务中心", "社区食堂"]
    page.get_by_role("button", name="全不选").click()
    assert names(page) == []
    assert "没有选中任何类别" in page.locator(".panel").inner_text()


def test_a_click_on_the_map_opens_the_card(opened: Opened) -> None:
    page, _ = opened(drawn=True)
    click_at(page, 1100, 20)
    assert page.locator("#gridmap-card h2").inner_text() == "卫生服务站"


def test_the_language_changes_in_the_page(opened: Opened) -> None:
    page, _ = opened()
    page.get_by_role("button", name="English").click()
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.locator(".list h3").all_inner_texts() == ["community service centre", "care for the elderly", "medical care"]
    assert page.locator("#gridmap-count").inner_text() == "3 venues"


def test_the_code_of_the_address_is_drawn(opened: Opened) -> None:
    page, _ = opened()
    assert page.get_by_role("img", name="二维码，网址 https://map.example.org/").count() == 1


# --- what can be reached -------------------------------------------------------------------------------------------------------------------------


def test_a_click_tells_what_can_be_reached(opened: Opened) -> None:
    """From 1,000 m the centre at 300 m is 700 m away and the station at 1,100 m near; the canteen at 1,800 m is too far."""
    page, _ = opened(drawn=True)
    page.get_by_role("button", name="在地图上选").click()
    click_at(page, 1000, 2)
    assert names(page) == ["河西党群服务中心", "卫生服务站"]
    assert "10 分钟内走不到：养老服务" in page.locator(".missing").inner_text()
    page.get_by_role("button", name="取消").click()
    assert len(names(page)) == 3


def test_whoever_walks_slower_reaches_less(opened: Opened) -> None:
    """From 1,000 m the centre at 300 m is 700 m away: ten minutes at the usual pace, more for the elderly."""
    page, _ = opened(drawn=True)
    page.get_by_role("button", name="在地图上选").click()
    click_at(page, 1000, 2)
    page.get_by_role("button", name="老人步行").click()
    assert names(page) == ["卫生服务站"]
    assert "约走 500 米" in page.locator(".here").inner_text()
    assert "walk=elder" in page.evaluate("location.hash")
    assert faults(page) == []
    page.get_by_role("button", name="一般步行").click()
    assert names(page) == ["河西党群服务中心", "卫生服务站"]


def test_the_position_is_asked_for_on_a_press_alone(opened: Opened) -> None:
    count = "let asked = 0; navigator.geolocation.getCurrentPosition = (found) => { asked += 1; found({coords: {longitude: LON, latitude: LAT}}); };"
    longitude, latitude = degrees(1900, 60)
    spy = count.replace("LON", str(longitude)).replace("LAT", str(latitude)).replace("let asked", "window.asked")
    page, _ = opened(before=spy.replace("asked += 1", "window.asked += 1"))
    assert page.evaluate("window.asked") == 0
    page.get_by_role("button", name="用我的位置").click()
    assert page.evaluate("window.asked") == 1
    assert names(page) == ["社区食堂"]
    assert "最近的道路约 60 米远" in page.locator(".here-state").inner_text()


def test_places_are_judged_as_shapely_judges_them(opened: Opened) -> None:
    page, _ = opened()
    venues = page.evaluate("gridmapPage.publicView.model.venues.map((each) => each.circle)")
    rng = np.random.default_rng(1)
    points = np.column_stack(TO_DEGREES.transform(EAST + rng.uniform(-200, 2200, 400), NORTH + rng.uniform(-100, 600, 400)))
    asked = "(points) => gridmapPage.publicView.model.venues.map((venue) => points.map((point) => gridmapPage.isIn(venue, point)))"
    answers = np.array(page.evaluate(asked, points.tolist()))
    for rings, answer in zip(venues, answers, strict=True):
        area = shapely.build_area(shapely.multilinestrings([[*ring, ring[0]] for ring in rings]))
        assert (shapely.contains_xy(area, points) == answer).all()
    assert answers.any()


# --- everybody -----------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_axe_finds_nothing(size: tuple[int, int], opened: Opened) -> None:
    page, _ = opened(drawn=True, size=size)
    found = faults(page)
    page.locator(".venue").first.click()
    page.wait_for_timeout(200)
    found += faults(page)
    page.get_by_role("button", name="关闭").click()
    page.get_by_role("button", name="在地图上选").click()
    found += faults(page)
    assert found == []


def test_everything_is_done_by_keyboard(opened: Opened) -> None:
    page, _ = opened(drawn=True)
    focused = "document.activeElement.id || document.activeElement.className || document.activeElement.tagName"
    reached = []
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.append(page.evaluate(focused))
    wanted = {
        "gridmap-search",
        "gridmap-locate",
        "gridmap-pick",
        "gridmap-category-0",
        "gridmap-venue-1",
        "maplibregl-canvas",
        "maplibregl-ctrl-zoom-in",
    }
    assert wanted - set(reached) == set()
    page.locator(".venue").nth(1).focus()
    page.keyboard.press("Enter")
    assert page.locator("#gridmap-card h2").inner_text() == "社区食堂"
    page.keyboard.press("Escape")
    assert page.locator("#gridmap-card").is_hidden()
    assert page.evaluate("document.activeElement.innerText").startswith("社区食堂")


def test_a_place_is_picked_by_keyboard(opened: Opened) -> None:
    page, _ = opened(drawn=True)
    page.locator("#gridmap-pick").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    assert "从地图上选的地点出发" in page.locator(".here-state").inner_text()


def test_without_a_map_the_list_is_the_page(opened: Opened, published: Path) -> None:
    page, log = opened()
    assert "画不了地图" in page.locator("#gridmap-no-map").inner_text()
    page.locator(".venue").first.click()
    page.get_by_role("button", name="从这里走 10 分钟能到哪里？").click()
    assert names(page) == ["河西党群服务中心"]
    assert page.locator("#gridmap-pick").is_hidden()
    assert faults(page) == []
    assert log == [(published / "index.html").as_uri()]


def test_nothing_is_wider_than_a_phone(opened: Opened) -> None:
    page, _ = opened(size=PHONE)
    page.locator(".venue").first.click()
    wide = "[...document.querySelectorAll('.panel *, .card *')].filter((each) => each.getBoundingClientRect().right > innerWidth + 1).length"
    assert page.evaluate(wide) == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]


def test_what_is_touched_is_large_enough(opened: Opened) -> None:
    page, _ = opened(drawn=True, size=PHONE)
    small = """[...document.querySelectorAll('.buttons button, .kind, .venue, .maplibregl-ctrl button')]
        .filter((each) => each.offsetParent && each.getBoundingClientRect().height < 40).map((each) => each.outerHTML)"""
    assert page.evaluate(small) == []


# --- links, embedding, paper, files --------------------------------------------------------------------------------------------------------------


def test_a_link_leads_back_to_what_was_shown(opened: Opened) -> None:
    longitude, latitude = degrees(1000, 100)
    page, _ = opened(drawn=True, link=f"#map=16.50/{latitude:.5f}/{longitude:.5f}&on=medical,reading&lang=en")
    assert page.locator(".kind input:checked").count() == 2
    assert page.locator("html").get_attribute("lang") == "en"
    zoom, centre = page.evaluate("[gridmapPage.drawnMap.map.getZoom(), gridmapPage.drawnMap.map.getCenter().toArray()]")
    assert [round(zoom, 2), *np.round(centre, 5)] == [16.5, round(longitude, 5), round(latitude, 5)]
    page.get_by_role("checkbox", name="medical care").uncheck()
    assert "&on=reading&lang=en" in page.evaluate("location.hash")


def test_a_link_opens_a_venue(opened: Opened, published: Path) -> None:
    page, _ = opened()
    page.locator(".venue").nth(1).click()
    link = page.evaluate("location.hash")
    assert "venue=" in link
    page.keyboard.press("Escape")
    assert "venue=" not in page.evaluate("location.hash")
    again, _ = opened(drawn=True, link=link + "&walk=elder")
    assert again.locator("#gridmap-card h2").inner_text() == "社区食堂"
    assert again.get_by_role("button", name="老人步行").get_attribute("aria-pressed") == "true"
    again.evaluate("location.hash = '#'")
    again.wait_for_selector("#gridmap-card", state="hidden")


@pytest.mark.parametrize("link", ["#venue=nonesuch&walk=flying", "#map=a/b/c", "#map=99/400/7&on=&lang=xx", "#on=%E0%A4%A", "#&&==&map", "#on=<b>"])
def test_a_link_without_sense_does_no_harm(link: str, opened: Opened) -> None:
    page, log = opened(link=link)
    assert page.locator("html").get_attribute("lang") == "zh-CN"
    assert [line for line in log if line.startswith(("error", "console"))] == []


@pytest.mark.parametrize("link", ["?embed", "#embed"])
def test_embedded_it_is_the_map_with_a_way_to_the_list(link: str, opened: Opened) -> None:
    page, _ = opened(drawn=True, link=link, size=(700, 500))
    assert page.locator(".panel").is_hidden()
    assert page.locator("#gridmap-told").is_visible()
    page.get_by_role("button", name="只看列表").click()
    assert page.locator(".venue").first.is_visible()


def test_on_paper_stand_the_map_and_the_list(opened: Opened) -> None:
    page, _ = opened(drawn=True)
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert page.locator("img.on-paper").evaluate("(image) => image.naturalWidth") > 500
    assert page.locator(".venue").first.is_visible()
    assert page.locator(".search").is_hidden()
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.locator("img.on-paper").count() == 0


def test_files_made_in_the_page_are_those_beside_it(opened: Opened, published: Path) -> None:
    page, _ = opened()
    with page.expect_download() as sheet:
        page.get_by_role("button", name="下载表格（CSV）").click()
    assert Path(sheet.value.path()).read_bytes() == (published / "venues.csv").read_bytes()
    with page.expect_download() as points:
        page.get_by_role("button", name="下载地图数据（GeoJSON）").click()
    made = json.loads(Path(points.value.path()).read_text(encoding="utf-8"))
    assert made == json.loads((published / "venues.geojson").read_text(encoding="utf-8"))

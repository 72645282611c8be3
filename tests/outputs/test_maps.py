from __future__ import annotations

import base64
import dataclasses
import hashlib
import html
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import folium
import pandas as pd
import pytest
from shapes import HOSTILE_TEXTS

from gridmap.errors import WorkspaceError
from gridmap.grids.plan import Plan
from gridmap.ground.tables import District
from gridmap.outputs import folium_page
from gridmap.outputs.map_content import plan_content, short_label
from gridmap.outputs.maps import explore, plan_map, save_map
from gridmap.texts import catalogue

WithText = Callable[[Plan, District, str], tuple[Plan, District]]


@pytest.fixture(scope="module")
def content(town: District, town_plan: Plan) -> dict[str, Any]:
    return plan_content(town_plan, town, "zh")[0]


@pytest.fixture(scope="module")
def page(town: District, town_plan: Plan) -> str:
    return str(plan_map(town_plan, district=town).get_root().render())


def column(content: dict[str, Any], name: str) -> dict[str, Any]:
    return dict(zip(content["grids"]["id"], content["grids"][name], strict=True))


def test_neighbours_have_different_colours(content: dict[str, Any]) -> None:
    colour = column(content, "colour")
    assert all(colour[one] != colour[other] for one, other in ("AB", "AC", "BC", "BD", "BF", "DE", "DF", "EF", "ES", "FS"))


def test_households_stand_with_their_target(content: dict[str, Any]) -> None:
    assert column(content, "households") == {"A": 225, "B": 300, "C": 300, "D": 300, "E": 180, "F": 360, "S": 0}
    assert content["plan"]["target"] == 275


def test_estimated_and_unknown_households_are_counted(content: dict[str, Any]) -> None:
    assert (column(content, "estimated")["A"], column(content, "missing")["A"]) == (1, 1)
    assert sum(content["grids"]["estimated"]) == sum(content["grids"]["missing"]) == 1


def test_a_building_of_unknown_households_is_not_one_of_none(content: dict[str, Any]) -> None:
    assert content["buildings"]["households"][:2] == [75, -1]


def test_the_west_comes_first(content: dict[str, Any]) -> None:
    assert content["origin"] == pytest.approx([120.476, 31.98], abs=0.01)


@pytest.mark.parametrize(
    ("grid_id", "code", "name", "label"),
    [
        ("g1", "320602001001007", "", "007"),
        ("g1", "06020132060200100107", "", "07"),
        ("g1", "320602001001007", "桃园", "桃园"),
        ("g1", None, None, "g1"),
        ("0123456789abcdef", "", "", "…9abcdef"),
        ("g1", "", "一个非常非常长的名称", "一个非常非常长…"),
    ],
)
def test_a_label_is_short(grid_id: str, code: str | None, name: str | None, label: str) -> None:
    assert short_label(grid_id, code, name) == label


def test_a_finding_is_marked_at_its_place_else_at_its_grid(content: dict[str, Any]) -> None:
    assert content["findings"]["severity"] == ["error", "warning"]
    assert [content["grids"]["id"][grid] for grid in content["findings"]["grid"]] == ["A", "F"]
    assert content["findings"]["place"][1] == column(content, "middle")["F"]


def test_a_finding_about_nothing_on_the_map_has_no_place(town: District, town_plan: Plan) -> None:
    elsewhere = dataclasses.replace(town_plan.findings[0], subject="buildings.shp", x=None, y=None)
    content, _ = plan_content(dataclasses.replace(town_plan, findings=(elsewhere,)), town, "zh")
    assert (content["findings"]["grid"], content["findings"]["place"]) == ([-1], [None])


def test_a_finding_about_a_community_is_marked_in_it(town: District, town_plan: Plan) -> None:
    about = dataclasses.replace(town_plan.findings[0], subject="east", x=None, y=None)
    content, _ = plan_content(dataclasses.replace(town_plan, findings=(about,)), town, "zh")
    assert content["findings"]["place"][0] in [column(content, "middle")[grid] for grid in "DEFS"]


def test_venues_tell_their_categories_in_both_languages(content: dict[str, Any]) -> None:
    assert content["venues"]["zh"] == ["党群服务中心、图书阅览"]
    assert content["venues"]["en"] == ["community service centre, reading room"]


def test_without_a_district_the_cells_stand_for_buildings(town_plan: Plan) -> None:
    content, _ = plan_content(town_plan, None, "en")
    assert (len(content["buildings"]["id"]), content["streets"]["kind"], content["communities"]["id"]) == (24, [], ["east", "west"])


def test_a_building_in_no_grid_is_no_hindrance(town: District, town_plan: Plan) -> None:
    grid_of = town_plan.grid_of.copy()
    grid_of.iloc[2] = pd.NA
    content, _ = plan_content(dataclasses.replace(town_plan, grid_of=grid_of), town, "zh")
    assert len(content["grids"]["colour"]) == 7


def test_both_languages_have_every_text_of_the_page(content: dict[str, Any]) -> None:
    assert content["texts"]["zh"].keys() == content["texts"]["en"].keys() == {code for code in catalogue() if code.startswith("map_")}


def test_the_page_names_no_address_to_fetch(page: str) -> None:
    assert re.findall(r"""(?:src|href|action|srcset)\s*=\s*["']?[a-z]*:?//""", page.split("<body>")[1]) == []
    assert re.findall(r"<link|<script[^>]*src|@import|<iframe|sourceMappingURL", page) == []
    assert set(re.findall(r"url\((?!data:)[^)]*\)", page)) <= {"url(#default#VML)"}


def test_the_policy_lets_exactly_the_scripts_of_the_page_run(page: str) -> None:
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digests = {f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" for script in scripts}
    rules = dict(rule.strip().split(" ", 1) for rule in policy[1].split(";"))
    assert set(rules["script-src"].split()) == digests
    assert rules["default-src"] == rules["connect-src"] == "'none'"


@pytest.mark.parametrize("text", HOSTILE_TEXTS)
def test_no_text_leaves_the_data_block(text: str, town: District, town_plan: Plan, with_text: WithText) -> None:
    plan, district = with_text(town_plan, town, text)
    page = str(plan_map(plan, district=district).get_root().render())
    block = re.search(r'<script type="application/json" id="gridmap-content">(.*?)</script>', page, re.DOTALL)
    assert block
    assert "<" not in block[1]
    assert json.loads(block[1])["plan"]["name"] == text
    title, outside = re.findall(r"<title>([^<]*)</title>", page)[0], page.replace(block[0], "")
    assert html.unescape(title).startswith(text)
    # Not "in page": pytest would print the whole page.
    assert outside.count("document.title=777") == title.count("document.title=777")


def test_folium_is_left_as_it_was(page: str) -> None:
    assert [name for name, _ in folium.Map.default_js] == ["leaflet", "jquery", "bootstrap", "awesome_markers"]
    assert len(folium.Map.default_css) == 6


def test_a_notebook_shows_the_page(town_plan: Plan) -> None:
    shown = explore(town_plan, language="en")
    assert isinstance(shown, folium.Map)
    assert "<iframe srcdoc=" in shown._repr_html_()


def test_a_map_is_written_whole(town_plan: Plan, tmp_path: Path) -> None:
    save_map(plan_map(town_plan), tmp_path / "地图.html")
    assert [path.name for path in tmp_path.iterdir()] == ["地图.html"]
    assert (tmp_path / "地图.html").read_text(encoding="utf-8").rstrip().endswith("</html>")


def test_a_missing_folder_is_told(town_plan: Plan, tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError):
        save_map(plan_map(town_plan), tmp_path / "nowhere" / "map.html")


def test_a_page_that_cannot_be_replaced_stays(town_plan: Plan, tmp_path: Path) -> None:
    (tmp_path / "map.html").mkdir()
    with pytest.raises(WorkspaceError):
        save_map(plan_map(town_plan), tmp_path / "map.html")
    assert [path.name for path in tmp_path.iterdir()] == ["map.html"]


def test_missing_front_end_files_are_told(monkeypatch: pytest.MonkeyPatch, town_plan: Plan) -> None:
    monkeypatch.setattr(folium_page, "SCRIPTS", {"start": ("nonsense.js",)})
    with pytest.raises(folium_page.InputError, match=r"nonsense\.js"):
        plan_map(town_plan)

"""What goes out with a public map, and what never does."""

from __future__ import annotations

import csv
import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from publishing import PRIVATE, public_town, without_venues

from gridmap.cli.main import run
from gridmap.errors import RequestError
from gridmap.ground.tables import District
from gridmap.outputs.publish import publish
from gridmap.outputs.publish_content import public_venues, qr_code
from gridmap.outputs.publish_fields import FILE_FIELDS, PAGE_FIELDS, VENUE_FIELDS
from gridmap.outputs.publish_page import data_block
from gridmap.outputs.publish_shapes import LETTERS, coded_parts, decoded
from gridmap.rules import load_rules
from gridmap.store.workspace import Workspace

TOLD: dict[str, Any] = {"source": "示范镇人民政府", "date": "2024-05-31"}
BLOCK = re.compile(r'<script type="application/json" id="gridmap-content">(.*?)</script>', re.DOTALL)


@pytest.fixture(scope="module")
def town() -> District:
    return public_town()


@pytest.fixture(scope="module")
def folder(town: District, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The town published as a folder, with everything that can be told."""
    out = tmp_path_factory.mktemp("published") / "map"
    publish(town, load_rules("nantong"), out, **TOLD, approval="苏S(2024)1号", address="https://map.example.org/镇/")
    return out


@pytest.fixture(scope="module")
def content(folder: Path) -> dict[str, Any]:
    """What the page of that folder holds."""
    return content_of(folder / "index.html")


def content_of(page: Path) -> dict[str, Any]:
    found = BLOCK.search(page.read_text(encoding="utf-8"))
    assert found
    return dict(json.loads(found[1]))


def sheet_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "venues.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


# --- the declared list -----------------------------------------------------------------------------------------------------------------------


def parts_of(content: dict[str, Any]) -> dict[str, set[str]]:
    """Return the names that stand in each part of the content; the fixed words of the page are one field."""
    parts: dict[str, set[str]] = {"": set(content)}
    for name, value in content.items():
        if name == "texts":
            continue
        if isinstance(value, list) and value and isinstance(value[0], dict):
            parts[name] = {key for row in value for key in row}
        if isinstance(value, dict):
            parts |= {f"{name}.{inner}".rstrip("."): names for inner, names in parts_of(value).items()}
    return parts


def test_the_page_holds_exactly_the_declared_fields(content: dict[str, Any]) -> None:
    assert parts_of(content) == {part: {each.name for each in fields} for part, fields in PAGE_FIELDS.items()}


def test_the_files_hold_exactly_the_declared_fields(folder: Path) -> None:
    features = json.loads((folder / "venues.geojson").read_text(encoding="utf-8"))["features"]
    assert {tuple(feature["properties"]) for feature in features} == {tuple(each.name for each in VENUE_FIELDS)}
    assert {len(row) for row in sheet_of(folder)} == {len(FILE_FIELDS)}


def test_no_other_file_is_written(folder: Path) -> None:
    assert sorted(path.name for path in folder.iterdir()) == ["address.svg", "index.html", "venues.csv", "venues.geojson"]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_field_has_its_sentence(language: str) -> None:
    ends = {"zh": "。", "en": "."}[language]
    assert [each.name for fields in PAGE_FIELDS.values() for each in fields if not getattr(each, language).endswith(ends)] == []


@pytest.mark.parametrize("what", PRIVATE)
def test_nothing_private_gets_out(what: str, folder: Path, content: dict[str, Any]) -> None:
    seed = PRIVATE[what]
    assert [path.name for path in folder.iterdir() if seed.encode() in path.read_bytes()] == []
    assert seed not in json.dumps(content, ensure_ascii=False)


def test_only_public_venues_go_out(content: dict[str, Any]) -> None:
    assert sorted(content["venues"]["name"]) == ["卫生服务站", "河西党群服务中心", "社区食堂"]


def test_an_identity_number_is_withheld_and_told(town: District) -> None:
    _, findings = public_venues(town, load_rules("nantong"))
    assert [(each.code, each.column) for each in findings] == [("publish_identity_number", "opened_by")]


def test_the_order_of_buildings_tells_nothing(town: District, content: dict[str, Any], tmp_path: Path) -> None:
    turned = town.with_tables({"buildings": town.buildings.iloc[::-1]})
    publish(turned, load_rules("nantong"), tmp_path / "map.html", **TOLD)
    assert content_of(tmp_path / "map.html")["ground"]["buildings"] == content["ground"]["buildings"]


# --- what is told ----------------------------------------------------------------------------------------------------------------------------


def test_another_way_of_walking_stands_alone(town: District, tmp_path: Path) -> None:
    publish(town, load_rules("nantong"), tmp_path / "map.html", **TOLD, walk="gb50180")
    content = content_of(tmp_path / "map.html")
    assert [each["walk"] for each in content["limits"]] == ["gb50180"]
    assert {len(each) for each in content["venues"]["circle"]} == {1}


def test_links_do_not_tell_the_id_of_a_venue(town: District, content: dict[str, Any]) -> None:
    assert len(set(content["venues"]["id"])) == 3
    assert set(content["venues"]["id"]) & set(town.venues.index) == set()


def test_a_file_has_no_basemap(folder: Path, content: dict[str, Any]) -> None:
    assert content["basemap"] is None
    assert "gridmapBasemap =" not in (folder / "index.html").read_text(encoding="utf-8")


def test_source_date_and_approval_are_on_the_page(content: dict[str, Any]) -> None:
    assert (content["source"], content["date"], content["approval"]) == ("示范镇人民政府", "2024-05-31", "苏S(2024)1号")


def test_without_approval_a_note_says_so(town: District, tmp_path: Path) -> None:
    _, findings = publish(town, load_rules("nantong"), tmp_path / "map.html", **TOLD)
    assert "publish_not_approved" in [each.code for each in findings]
    assert content_of(tmp_path / "map.html")["approval"] == ""


@pytest.mark.parametrize(("way", "walk", "ends"), [(0, "default", 1050), (1, "elder", 800)])
def test_circles_hold_what_is_within_the_walk(way: int, walk: str, ends: int, content: dict[str, Any]) -> None:
    """750 m along a straight street, 500 m for the elderly: the circle of the service centre at 300 m ends at 1,050 or 800 m, and 25 m beside."""
    assert content["limits"][way]["walk"] == walk
    longitudes = []
    for ring in content["venues"]["circle"][content["venues"]["name"].index("河西党群服务中心")][way]:
        x, places = 0, []
        for step in decoded(ring)[::2]:
            x += step
            places.append(x / content["steps"]["circle"] + content["origin"][0])
        longitudes += places
    metres = (max(longitudes) - min(longitudes)) * 94_500  # a degree of longitude at 32 degrees north
    assert ends - 20 < metres < ends + 60


def test_the_sheet_is_for_excel(folder: Path) -> None:
    assert (folder / "venues.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    rows = sheet_of(folder)
    assert [row["开放单位"] for row in rows if row["名称"] == "卫生服务站"] == ["'=社区医院"]
    assert [row["电话"] for row in rows if row["名称"] == "卫生服务站"] == ["'+86 0000 5550002"]
    assert [row["类别"] for row in rows if row["名称"] == "河西党群服务中心"] == ["党群服务中心、图书阅览"]


def test_headings_in_english_are_the_names_of_the_fields(town: District, tmp_path: Path) -> None:
    publish(town, load_rules("nantong"), tmp_path / "map", **TOLD, language="en")
    assert list(sheet_of(tmp_path / "map")[0]) == [each.name for each in FILE_FIELDS]


def test_points_lie_where_the_venues_stand(folder: Path, town: District) -> None:
    features = json.loads((folder / "venues.geojson").read_text(encoding="utf-8"))["features"]
    places = {feature["properties"]["name"]: feature["geometry"]["coordinates"] for feature in features}
    asked = town.venues[town.venues["public"]].to_crs(4326)
    for name, point in zip(asked["name"], asked.geometry, strict=True):
        assert places[name] == pytest.approx([point.x, point.y], abs=1e-6)


def test_the_code_of_an_address_is_square() -> None:
    code = qr_code("https://map.example.org/")
    assert code["size"] in range(21, 178, 4)
    assert code["path"].startswith("M0 0h1v1h-1z")


@given(st.lists(st.integers(-(10**8), 10**8)))
def test_shapes_are_read_back_from_their_text(numbers: list[int]) -> None:
    (text,) = coded_parts([numbers])
    assert decoded(text) == numbers


def test_letters_of_shapes_stand_for_themselves() -> None:
    assert data_block({"shape": LETTERS}) == f'{{"shape":"{LETTERS}"}}'


def test_no_text_ends_the_block_of_content() -> None:
    assert "<" not in data_block({"name": "</script><!--"})


def test_the_page_asks_for_nothing(folder: Path) -> None:
    page = (folder / "index.html").read_text(encoding="utf-8")
    head = page[: page.index("<style>")]
    assert "connect-src 'none'" in head
    assert "unsafe" not in head
    frame = re.sub(r"(<(script|style)[^>]*>).*?</\2>", r"\1", page, flags=re.DOTALL)
    assert re.findall(r"src=|href=|url\(", frame) == []


def test_what_is_published_again_replaces_the_old(town: District, tmp_path: Path) -> None:
    for date in ("2024-05-31", "2024-06-30"):
        publish(town, load_rules("nantong"), tmp_path / "map", source="镇", date=date)
    assert content_of(tmp_path / "map" / "index.html")["date"] == "2024-06-30"


def test_a_venue_without_a_way_has_no_circle(town: District, tmp_path: Path) -> None:
    far = town.venues.assign(geometry=town.venues.geometry.translate(0, 5000))
    publish(town.with_tables({"venues": far}), load_rules("nantong"), tmp_path / "map.html", **TOLD)
    assert content_of(tmp_path / "map.html")["venues"]["circle"] == [[[], []]] * 3


def test_a_district_without_streets_and_buildings_is_published(town: District, tmp_path: Path) -> None:
    bare = town.with_tables({name: getattr(town, name).iloc[:0] for name in ("streets", "buildings", "barriers", "gates", "communities")})
    publish(bare, load_rules("nantong"), tmp_path / "map.html", **TOLD)
    assert len(content_of(tmp_path / "map.html")["venues"]["name"]) == 3


# --- what cannot be published ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"date": "yesterday"}, "publish_date_senseless"),
        ({"date": "2024-02-30"}, "publish_date_senseless"),
        ({"date": "20240530"}, "publish_date_senseless"),
        ({"approval": " "}, "publish_approval_empty"),
        ({"source": ""}, "publish_source_empty"),
        ({"address": "map.example.org"}, "publish_address_senseless"),
        ({"address": "javascript:document.title=777"}, "publish_address_senseless"),
        ({"address": "https://[1"}, "publish_address_senseless"),
        ({"address": "https://map.example.org/" + "a" * 2000}, "publish_address_senseless"),
        ({"minutes": -1.0}, "minutes_senseless"),
        ({"walk": "fly"}, "walk_unknown"),
    ],
)
def test_a_senseless_setting_is_refused(changed: dict[str, Any], code: str, town: District, tmp_path: Path) -> None:
    with pytest.raises(RequestError) as caught:
        publish(town, load_rules("nantong"), tmp_path / "map.html", **{**TOLD, **changed})
    assert caught.value.code == code
    assert list(tmp_path.iterdir()) == []


def test_no_venues(town: District, tmp_path: Path) -> None:
    with pytest.raises(RequestError) as caught:
        publish(without_venues(town), load_rules("nantong"), tmp_path / "map.html", **TOLD)
    assert caught.value.code == "publish_no_venues"


def test_no_public_venue(town: District, tmp_path: Path) -> None:
    shut = dataclasses.replace(town, venues=town.venues.assign(public=False))
    with pytest.raises(RequestError) as caught:
        publish(shut, load_rules("nantong"), tmp_path / "map.html", **TOLD)
    assert caught.value.code == "publish_no_public_venues"


@pytest.mark.parametrize(
    ("out", "code"),
    [
        ("map.pdf", "publish_ending_unknown"),
        ("notes.txt", "publish_ending_unknown"),
        ("full", "publish_folder_not_empty"),
        ("missing/map", "publish_folder_missing"),
        ("missing/map.html", "store_folder_missing"),
        ("page.html", "store_is_folder"),
    ],
)
def test_a_place_that_will_not_do_is_refused(out: str, code: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "notes.txt").write_text("x", encoding="utf-8")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "secret.xlsx").touch()
    (tmp_path / "page.html").mkdir()
    Workspace(tmp_path / "town.gpkg").write_ground(public_town(), ())
    assert run(["publish", str(tmp_path / "town.gpkg"), str(tmp_path / out), "--json", "--lang", "en"]) == 1
    assert json.loads(capsys.readouterr().out)["error"]["code"] == code


def test_a_missing_workspace_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["publish", str(tmp_path / "none.gpkg"), str(tmp_path / "map.html"), "--lang", "en"]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_the_command_says_what_it_wrote(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Workspace(tmp_path / "town.gpkg").write_ground(public_town(), ())
    line = ["publish", str(tmp_path / "town.gpkg"), str(tmp_path / "map"), "--source", "镇", "--date", "2024-05-31", "--json", "--lang", "zh"]
    assert run(line) == 0
    said = json.loads(capsys.readouterr().out)
    assert [Path(path).name for path in said["files"]] == ["index.html", "venues.csv", "venues.geojson"]
    assert said["bytes"] == sum(path.stat().st_size for path in (tmp_path / "map").iterdir())

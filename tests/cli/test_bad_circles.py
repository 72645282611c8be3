"""Bad input for service circles, by the command line in both languages: a clear sentence, the exit code, no household lost, no false distance."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import pytest
import shapely
from walks import draw_walks, line, square

from gridmap.circles.coverage import REASONS
from gridmap.cli.main import run
from gridmap.ground.tables import District
from gridmap.store.workspace import Workspace

pytestmark = pytest.mark.slow

HOMES = 10
HOUSEHOLDS = 10 * HOMES
Language = Literal["zh", "en"]


def town(**more: Any) -> District:
    """Ten houses along a street of one kilometre that another one crosses, and a clinic."""
    drawn = {
        "streets": {"we": line((0, 0), (1000, 0)), "sn": line((500, -400), (500, 400))},
        "buildings": {f"b{number}": square(number * 100, 20) for number in range(HOMES)},
        "venues": {"v": (300, 10, ["medical"])},
    }
    return draw_walks(**{**drawn, **more})


def with_categories(text: str) -> District:
    district = town()
    return district.with_tables({"venues": district.venues.assign(categories=text)})


def with_private_gate() -> District:
    district = town(walls={"w": shapely.box(250, -5, 350, 60).exterior}, gates={"g": (300, -5)})
    return district.with_tables({"gates": district.gates.assign(public=pd.array([False], dtype="boolean"))})


PIECES = {f"s{number}": line((number * 2, number * 10 % 900), (number * 2 + 1, number * 10 % 900 + 5)) for number in range(500)}
RIVER = {"r": shapely.box(200, 15, 400, 80)}
YARD = {"w": shapely.box(250, -5, 350, 60).exterior}
CROSSED = {"w": line((50, -50), (950, 50), (950, -50), (50, 50), (50, -50))}
BRIDGE = {"we": line((0, 0), (200, 0)), "bridge": (line((200, 0), (400, 0)), {"layer": 1}), "east": line((400, 0), (1000, 0))}

TOLD: dict[str, tuple[Callable[[], District], str]] = {
    "no streets": (lambda: town(streets={}), "streets_none_walkable"),
    "no venues": (lambda: town(venues={}), "community_without_categories"),
    "no barriers but a gate": (lambda: town(gates={"g": (300, 0)}), "community_without_categories"),
    "an unknown category": (lambda: with_categories('["看病"]'), "coverage_category_unknown"),
    "categories that are no list": (lambda: with_categories("看病"), "venue_categories_unreadable"),
    "a venue in a river": (lambda: town(venues={"v": (300, 30, ["medical"])}, waters=RIVER), "venue_in_water"),
    "a venue on a bridge": (lambda: town(streets=BRIDGE, waters={"r": shapely.box(210, -90, 390, 90)}), "venue_in_water"),
    "a venue 2 km from any street": (lambda: town(venues={"v": (300, 2000, ["medical"])}), "venue_no_street"),
    "500 pieces": (lambda: town(streets=PIECES), "streets_in_pieces"),
    "a gate without a compound": (with_private_gate, "gates_private_unnamed"),
    "a wall round a street without a gate": (lambda: town(walls=YARD), "street_cut_by_wall"),
    "a wall that crosses itself": (lambda: town(walls=CROSSED), "street_cut_by_wall"),
    "the rim of a square": (lambda: town(streets={"we": line((0, 0), (1000, 0)), "rim": square(400, 40).exterior}), "street_rings_apart"),
}


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", TOLD)
def test_what_is_wrong_is_told_and_no_household_is_lost(name: str, language: Language, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    draw, told = TOLD[name]
    Workspace(tmp_path / "town.gpkg").write_ground(draw(), [])
    assert run(["coverage", str(tmp_path / "town.gpkg"), "--json", "--lang", language]) == 0
    said = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    (text, *_) = [each["text"] for each in said["findings"] if each["code"] == told]
    assert any("\u4e00" <= letter <= "\u9fff" for letter in text.replace("看病", "")) == (language == "zh")
    for row in said["categories"]:
        assert row["covered"] + sum(row[reason] for reason in REASONS) == row["households"] == HOUSEHOLDS
    for row in said["blind_spots"]:
        assert (row["metres"] is None) == (row["nearest_venue_id"] is None) == (row["reason"] != "too_far")
        assert row["metres"] is None or 0 < row["metres"] < 10_000


@pytest.mark.parametrize("ending", ["xlsx", "gpkg"])
@pytest.mark.parametrize("name", ["no streets", "no venues", "500 pieces"])
def test_what_is_bare_can_be_exported_and_drawn(name: str, ending: str, tmp_path: Path) -> None:
    workspace = str(tmp_path / "town.gpkg")
    Workspace(tmp_path / "town.gpkg").write_ground(TOLD[name][0](), [])
    assert run(["coverage", workspace, "--export", str(tmp_path / f"out.{ending}"), "--json"]) == 0
    assert run(["map", workspace, str(tmp_path / "map.html"), "--coverage", "--json"]) == 0
    assert run(["sites", workspace, "--category", "market", "--json"]) == 0


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("plain") / "town.gpkg"
    Workspace(path).write_ground(town(), [])
    return path


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["coverage", "--minutes", "0"], 1),
        (["coverage", "--minutes", "-5"], 1),
        (["coverage", "--minutes", "nan"], 1),
        (["coverage", "--minutes", "1e9"], 1),
        (["coverage", "--minutes", "ten"], 2),
        (["coverage", "--at", "25:00"], 1),
        (["sites", "--category", "电影"], 1),
        (["sites", "--category", "medical", "--share", "nan"], 1),
        (["sites", "--category", "medical", "--share", "0"], 1),
        (["sites", "--category", "medical", "--count", "-1"], 1),
        (["sites", "--category", "medical", "--capacity", "0"], 1),
        (["sites", "--category", "medical", "--candidates", "nowhere.csv"], 1),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_sentence(
    words: list[str], code: int, language: Language, plain: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command, *rest = words
    assert run([command, str(plain), *rest, "--lang", language]) == code
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.strip().count("\n") == 0
    assert "valid float" not in said.err


@pytest.mark.parametrize("name", ["medical", "ｍｅｄｉｃａｌ", "医疗卫生", "Medical Care"])
def test_a_category_may_be_called_by_its_name(name: str, plain: Path) -> None:
    assert run(["sites", str(plain), "--category", name, "--json"]) == 0


def test_the_longest_walk_of_all_is_no_trouble(plain: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["coverage", str(plain), "--minutes", "1440", "--json"]) == 0
    (medical,) = [row for row in json.loads(capsys.readouterr().out)["categories"] if row["category"] == "medical"]
    assert medical["covered"] == HOUSEHOLDS


def test_two_venues_at_one_place_are_two_and_the_first_id_is_the_nearest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    district = town(venues={"w": (300, 10, ["medical"]), "v": (300, 10, ["medical"])})
    Workspace(tmp_path / "town.gpkg").write_ground(district, [])
    assert run(["coverage", str(tmp_path / "town.gpkg"), "--minutes", "1", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    (medical,) = [row for row in said["categories"] if row["category"] == "medical"]
    assert medical["venues"] == 2
    assert {row["nearest_venue_id"] for row in said["blind_spots"] if row["category"] == "medical"} == {"v"}

"""The commands ``coverage`` and ``sites``: one object of JSON, tables for people, exit codes, and what stops it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
from circles_oracle import differences

from gridmap.cli.main import run
from gridmap.ground.sample import sample_district
from gridmap.ground.tables import empty_table
from gridmap.store.workspace import Workspace
from gridmap.walking import cache

pytestmark = pytest.mark.slow

Ask = Callable[..., tuple[int, Any]]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("circles") / "town.gpkg"
    Workspace(path).write_ground(sample_district(1500, seed=3), [])
    return path


@pytest.fixture
def ask(made: Path, capsys: pytest.CaptureFixture[str]) -> Ask:
    def asked(*words: str, workspace: Path = made, command: str = "coverage") -> tuple[int, Any]:
        code = run([command, str(workspace), *words, "--json", "--lang", "en"])
        return code, json.loads(capsys.readouterr().out)

    return asked


def test_households_over_reasons_equal_all_households(ask: Ask) -> None:
    code, said = ask()
    assert code == 0
    for row in said["categories"]:
        assert row["covered"] + sum(row[reason] for reason in ("too_far", "island", "no_street", "walled", "no_venue")) == row["households"]
    assert {row["households"] for row in said["categories"]} == {1500}


def test_the_network_is_kept_beside_the_workspace(ask: Ask, made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ask()
    assert [file.suffix for file in (made.parent / "town.cache" / "networks").iterdir()] == [".npz"]
    monkeypatch.setattr(cache, "walking_network", None)
    assert ask()[0] == 0


def test_the_limit_is_told_with_the_result(ask: Ask) -> None:
    _, said = ask("--walk", "elder", "--minutes", "5")
    assert {name: said["settings"][name] for name in ("limit_cm", "speed", "profile")} == {"limit_cm": "25000", "speed": "50", "profile": "elder"}


def test_several_limits_in_one_go(ask: Ask) -> None:
    _, said = ask("--minutes", "5", "--minutes", "10", "--minutes", "15")
    assert [each["limit_cm"] for each in said["also"]] == [75_000, 112_500]


@pytest.mark.parametrize(
    "words", [["--minutes", "0"], ["--minutes", "-3"], ["--walk", "swim"], ["--at", "noon"], ["--at", "24:00"], ["--plan", "none"]]
)
def test_what_makes_no_sense_is_one_sentence(ask: Ask, words: list[str]) -> None:
    code, said = ask(*words)
    assert code == 1
    assert said["error"]["text"].count("\n") == 0


def test_minutes_that_are_no_number_cannot_be_parsed(ask: Ask) -> None:
    assert ask("--minutes", "ten")[0] == 2


def test_another_ending_is_refused(ask: Ask) -> None:
    assert ask("--export", "x.pdf")[0] == 1


def test_at_night_fewer_gates_are_open_and_nobody_walks_less(ask: Ask) -> None:
    day, night = (ask(*words)[1] for words in ((), ("--at", "23:30")))
    assert night["settings"]["at"] == "23:30"
    covered = [{row["category"]: row["covered"] for row in said["categories"]} for said in (day, night)]
    assert all(covered[1][category] <= number for category, number in covered[0].items())


@pytest.fixture(scope="module")
def exported(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("out") / "out.gpkg"
    assert run(["coverage", str(made), "--export", str(path), "--json"]) == 0
    return path


@pytest.mark.parametrize("ending", ["gpkg", "xlsx"])
def test_further_limits_stand_in_the_file_too(ask: Ask, tmp_path: Path, ending: str) -> None:
    _, said = ask("--minutes", "5", "--minutes", "10", "--minutes", "15", "--export", str(tmp_path / f"out.{ending}"))
    expected = {(each["minutes"], row["covered"]) for each in said["also"] for row in each["categories"]}
    if ending == "gpkg":
        table = gpd.read_file(tmp_path / "out.gpkg", layer="limit_categories")
        rows = set(zip(table["minutes"], table["covered"], strict=True))
    else:
        sheet = openpyxl.load_workbook(tmp_path / "out.xlsx")["other limits"]
        head, *body = sheet.iter_rows(values_only=True)
        rows = {(row[head.index("minutes")], row[head.index("households covered")]) for row in body}
    assert rows == expected


def test_the_exported_file_recomputes(exported: Path) -> None:
    assert differences(exported) == []


def test_the_exported_file_holds_a_circle_for_each_venue_and_category(exported: Path) -> None:
    circles, categories = (gpd.read_file(exported, layer=name) for name in ("circles", "category_circles"))
    doors = gpd.read_file(exported, layer="venue_doors")
    served = {(row.id, code) for row in doors.itertuples() for code in json.loads(row.categories)}
    assert set(zip(circles["venue_id"], circles["category"], strict=True)) == served
    assert set(categories["category"]) == {code for _, code in served}
    assert circles.is_valid.all()
    assert categories.is_valid.all()


def test_the_exported_file_tells_who_passes_which_gate(exported: Path, made: Path) -> None:
    gates, ground = gpd.read_file(exported, layer="gates").set_index("gate_id"), Workspace(made).read_district().gates
    assert set(gates.index) == set(ground.index)
    assert not ground.loc[gates.index[gates["passage"] == "residents_out"], "public"].any()
    assert gates["hours"].notna().all()


def test_the_workbook_has_no_formula(ask: Ask, tmp_path: Path, made: Path) -> None:
    district = Workspace(made).read_district()
    evil = district.venues.assign(name="=1+1", categories='["=cmd"]')
    Workspace(tmp_path / "evil.gpkg").write_ground(district.with_tables({"venues": evil}), [])
    assert ask("--export", str(tmp_path / "out.xlsx"), workspace=tmp_path / "evil.gpkg")[0] == 0
    book = openpyxl.load_workbook(tmp_path / "out.xlsx")
    assert len(book.sheetnames) == 6
    assert [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.data_type == "f"] == []


def test_a_workspace_is_never_overwritten(ask: Ask, made: Path) -> None:
    code, said = ask("--export", str(made))
    assert (code, said["error"]["code"]) == (1, "export_onto_workspace")


@pytest.mark.parametrize("table", ["streets", "venues", "gates", "barriers"])
def test_missing_layers_are_no_failure(ask: Ask, made: Path, tmp_path: Path, table: str) -> None:
    district = Workspace(made).read_district()
    bare = district.with_tables({table: empty_table(table, district.crs)})
    Workspace(tmp_path / "bare.gpkg").write_ground(bare, [])
    code, said = ask("--export", str(tmp_path / "out.gpkg"), workspace=tmp_path / "bare.gpkg")
    assert code == 0
    assert sum(row["households"] for row in said["categories"]) == 9 * 1500


def test_people_get_tables(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["coverage", str(made), "--lang", "zh", "--minutes", "10", "--minutes", "15"]) == 0
    said = capsys.readouterr().out
    assert "750 米" in said
    assert "盲点" in said or "没有覆盖到" in said


# --- sites ------------------------------------------------------------------------------------------------------------------------------


def test_new_venues_cover_what_they_say(ask: Ask, made: Path, tmp_path: Path) -> None:
    code, said = ask("--category", "market", "--count", "1", "--minutes", "4", command="sites")
    assert (code, said["proof"], len(said["sites"])) == (0, "optimal", 1)
    district = Workspace(made).read_district()
    point = gpd.GeoSeries(gpd.points_from_xy([said["sites"][0]["x"]], [said["sites"][0]["y"]]), crs=district.crs)
    new = district.venues.iloc[:1].assign(categories='["market"]', public=True).set_geometry(point.to_numpy(), crs=district.crs)
    new.index = pd.Index(["new"], name="venue_id")
    more = district.with_tables({"venues": pd.concat([district.venues, new])})
    Workspace(tmp_path / "more.gpkg").write_ground(more, [])
    _, after = ask("--minutes", "4", workspace=tmp_path / "more.gpkg")
    (market,) = [row for row in after["categories"] if row["category"] == "market"]
    assert market["covered"] == said["before"] + said["covered"]


def test_the_fewest_venues_reach_the_share(ask: Ask) -> None:
    _, said = ask("--category", "market", "--share", "90", "--minutes", "4", command="sites")
    assert said["before"] + said["covered"] >= 0.9 * 1500 or said["proof"] == "unreachable"


def test_candidates_come_from_a_file(ask: Ask, made: Path, tmp_path: Path) -> None:
    homes = Workspace(made).read_district().buildings.geometry.representative_point().to_crs(4326).iloc[:5]
    rows = [f"K{number},room {number},{point.x},{point.y}" for number, point in enumerate(homes)]
    (tmp_path / "rooms.csv").write_text("\n".join(["venue_id,name,lon,lat", *rows]), encoding="utf-8")
    code, said = ask("--category", "market", "--count", "2", "--minutes", "2", "--candidates", str(tmp_path / "rooms.csv"), command="sites")
    assert code == 0
    assert {each["site"] for each in said["sites"]} <= {f"K{number}" for number in range(5)}


def test_rows_of_candidates_that_cannot_be_used_are_told(ask: Ask, tmp_path: Path) -> None:
    rows = ["venue_id,name,lon,lat", "K1,a,120.86,32.02", "K2,b,NaN,inf", "K3,d,120.861,32.02", "K1,c,120.86,32.03"]
    (tmp_path / "rooms.csv").write_text("\n".join(rows), encoding="utf-8")
    code, said = ask("--category", "market", "--candidates", str(tmp_path / "rooms.csv"), "--crs", "wgs84", command="sites")
    assert code == 3
    assert {(each["code"], each["row"]) for each in said["findings"] if each["severity"] == "error"} == {("place_missing", 3), ("id_taken", 5)}


def test_no_venue_is_said_to_serve_more_than_it_holds(ask: Ask) -> None:
    words = ["--category", "market", "--capacity", "40", "--minutes", "4"]
    for aim in (["--count", "2"], ["--share", "80"]):
        _, said = ask(*words, *aim, command="sites")
        assert max(site["adds"] for site in said["sites"]) <= 40
        assert sum(site["adds"] for site in said["sites"]) == said["covered"]
        assert said["proof"] in ("optimal", "bound", "unreachable")


def test_venues_may_stand_at_street_corners(ask: Ask) -> None:
    code, said = ask("--category", "market", "--minutes", "4", "--corners", command="sites")
    assert code == 0
    assert said["sites"][0]["site"].startswith("X")


@pytest.mark.parametrize("words", [["--count", "2", "--share", "50"], ["--corners", "--candidates", "x.csv"], ["--crs", "wgs84"]])
def test_of_options_that_exclude_each_other_none_is_passed_over(ask: Ask, words: list[str]) -> None:
    assert ask("--category", "market", *words, command="sites")[0] == 2


def test_a_share_that_nobody_can_reach_is_not_called_the_best(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "rooms.csv").write_text("venue_id,name,lon,lat\nK1,far away,120.1,32.5\n", encoding="utf-8")
    _, said = ask("--category", "market", "--share", "100", "--minutes", "1", "--candidates", str(tmp_path / "rooms.csv"), command="sites")
    assert (said["sites"], said["proof"]) == ([], "unreachable")


@pytest.mark.parametrize("words", [["--category", "cinema"], ["--category", "market", "--count", "0"], ["--category", "market", "--share", "101"]])
def test_sites_that_make_no_sense_are_one_sentence(ask: Ask, words: list[str]) -> None:
    code, said = ask(*words, command="sites")
    assert code == 1
    assert said["error"]["text"].count("\n") == 0


def test_the_map_of_coverage_is_a_page(ask: Ask, tmp_path: Path) -> None:
    made_map = tmp_path / "map.html"
    assert ask(str(made_map), "--coverage", command="map")[0] == 0
    assert "gridmapPage.startCoverage" in made_map.read_text(encoding="utf-8")
    assert ask(str(made_map), "--coverage", "--plan", "x", command="map")[0] == 2

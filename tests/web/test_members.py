"""Member households: each in his own territory, elsewhere counts alone, everything written down, nothing anywhere else."""

from __future__ import annotations

import dataclasses
import io
import logging
import math
from pathlib import Path
from typing import Any

import mapbox_vector_tile
import openpyxl
import pandas as pd
import pytest
from flask.testing import FlaskClient
from webtools import token_of
from worlds import draw_world

from gridmap.cli.main import run
from gridmap.grids.atoms import split_atoms
from gridmap.grids.plan import Origin, plan_from_assignment
from gridmap.rules import load_rules
from gridmap.store.accounts import Territory
from gridmap.store.audit import AuditEntry, AuditLog
from gridmap.store.members import Members, community_figures, figures_elsewhere, members_within
from gridmap.store.private import PrivateStore
from gridmap.store.workspace import Workspace
from web import Settings, create_app

pytestmark = pytest.mark.slow

# C1 with the grids G1 and G2, C2 with G3 and C4 with G5 are of one street office, C3 with G4 of another.
DRAWING = "a1:100 a2:100 b1:100 d1:100 c1:100"
COMMUNITY = {"a1": "C1", "a2": "C1", "b1": "C2", "c1": "C3", "d1": "C4"}
GRID = {"a1": "G1", "a2": "G2", "b1": "G3", "c1": "G4", "d1": "G5"}
OFFICE = {"C1": "河东街道", "C2": "河东街道", "C3": "河西街道", "C4": "河东街道"}
HOUSEHOLDS = {"a1": 6, "a2": 7, "b1": 3, "c1": 20, "d1": 9}
IN_TERRITORY = {"grid_worker": ["a1"], "community": ["a1", "a2"], "street_office": ["a1", "a2", "b1", "d1"], "administrator": sorted(GRID)}
SECRET, PHONE, NUMBER = "秘密甲", "19900000000", "99010119000101000X"


@pytest.fixture(scope="module")
def made_workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("members") / "town.gpkg"
    district, tiling = draw_world(DRAWING, communities=COMMUNITY)
    communities = district.communities.assign(street_office=[OFFICE[each] for each in district.communities.index])
    district = district.with_tables({"communities": communities})
    atoms, neighbours, _ = split_atoms(district, tiling, 300)
    origin = Origin("", "2024-01-01T00:00:00+08:00", 0, "quick", district.fingerprint())
    plan = plan_from_assignment("first", atoms, neighbours, pd.Series(GRID), load_rules(), origin)
    workspace = Workspace(path)
    workspace.write_ground(district, [], based_on=None)
    workspace.write_tiling(tiling)
    workspace.save_plan(plan)
    workspace.adopt("first")
    return path


@pytest.fixture
def members(settings: Settings) -> Members:
    """The store of a server with member households in every building."""
    rows = [
        {"household_id": f"{building}-{n}", "building_id": building, "room": str(n), "name": f"{SECRET}{building}{n}", "members": 1, "centre": n == 0}
        for building, count in HOUSEHOLDS.items()
        for n in range(count)
    ]
    homes = pd.DataFrame(rows).assign(kind="resident", organisation_id="Z1").set_index("household_id")
    homes.loc["a1-1", "name"] = '=HYPERLINK("x")'
    tree = pd.DataFrame({"name": ["甲委", "乙支部"], "level": ["community_committee", "grid_branch"], "parent": [None, "Z0"], "grid": [None, "G1"]})
    staff = pd.DataFrame(
        {"name": [f"网格员{grid}" for grid in GRID.values()], "grid": list(GRID.values())}, index=[f"W{grid}" for grid in GRID.values()]
    )
    posts = pd.DataFrame({"name": ["政策宣传岗", "环境卫生岗"], "household_id": ["b1-0", None], "grid": [None, "G1"]}, index=["P1", "P2"])
    tables = {"member_households": homes, "organisations": tree.set_axis(["Z0", "Z1"], axis=0), "workers": staff, "posts": posts}
    found = Members(PrivateStore(settings.private_path))
    found.replace(tables, by="test", source="test")
    return found


@pytest.fixture
def data(members: Members, as_role) -> Any:
    """Give what the page of a role gets."""
    return lambda role: as_role(role).get("/members/data.json").json


def log_of(settings: Settings) -> list[AuditEntry]:
    return AuditLog(PrivateStore(settings.private_path)).entries()


def exported(client: FlaskClient, **form: str) -> Any:
    return client.post("/members/export", data={"csrf_token": token_of(client, "/account/"), **form})


@pytest.mark.parametrize("role", IN_TERRITORY)
def test_a_territory_and_nothing_else(role: str, data) -> None:
    inside = data(role)["inside"]
    assert sorted(each["building_id"] for each in inside["buildings"]) == IN_TERRITORY[role]
    assert sorted(each["grid_id"] for each in inside["grids"]) == sorted(GRID[each] for each in IN_TERRITORY[role])
    assert inside["sums"]["households"] == sum(HOUSEHOLDS[each] for each in IN_TERRITORY[role])


@pytest.mark.parametrize("role", IN_TERRITORY)
def test_each_grid_says_who_answers_for_it(role: str, data) -> None:
    grids = {each["grid_id"]: each for each in data(role)["inside"]["grids"]}
    assert {grid: each["workers"] for grid, each in grids.items()} == {grid: [f"网格员{grid}"] for grid in grids}
    posts = {"G1": [{"name": "环境卫生岗", "claimed": False}], "G3": [{"name": "政策宣传岗", "claimed": True}]}
    assert {grid: each["posts"] for grid, each in grids.items()} == {grid: posts.get(grid, []) for grid in grids}


@pytest.mark.parametrize("role", IN_TERRITORY)
def test_a_building_by_its_address(role: str, members: Members, as_role) -> None:
    client = as_role(role)
    for building in (*GRID, "nonesuch", "a1/../b1"):
        reply = client.get(f"/members/buildings/{building}")
        assert reply.status_code == (200 if building in IN_TERRITORY[role] else 404)
        assert (SECRET in reply.text) == (reply.status_code == 200)


def test_ids_in_the_address_of_the_data_change_nothing(members: Members, as_role) -> None:
    client = as_role("grid_worker")
    asked = client.get("/members/data.json?grid=G3&community=C2&building=b1&territory=all&q=b1")
    assert asked.json == client.get("/members/data.json").json


@pytest.mark.parametrize("role", ["planner", "auditor"])
def test_counts_alone_for_those_who_need_no_more(role: str, data, as_role) -> None:
    assert data(role)["inside"] is None
    assert as_role(role).get("/members/buildings/a1").status_code == 403
    assert exported(as_role(role), purpose="七月走访").status_code == 403


@pytest.mark.parametrize("role", [*IN_TERRITORY, "planner"])
def test_no_small_count_elsewhere(role: str, data) -> None:
    shown = [each[figure] for each in data(role)["elsewhere"] for figure in ("households", "members", "centre")]
    assert [count for count in shown if count is not None and 1 <= count <= 4] == []


def test_few_centre_households_hide_no_households(data) -> None:
    rows = {each["name"]: each for each in data("planner")["elsewhere"]}
    assert (rows["C3"]["households"], rows["C3"]["centre"]) == (20, None)


def test_a_worker_does_not_learn_of_few_beside_his_grid(members: Members, settings: Settings) -> None:
    sight, people = Workspace(settings.workspace), members.read()
    district, plan = sight.read_district(), sight.read_plan("first")
    few = people.with_tables({"member_households": people.member_households.drop([f"a2-{n}" for n in range(4)])})
    assert pd.isna(community_figures(few, district, plan).cells.loc["C1", "households"])
    seen = figures_elsewhere(Territory("grids", ("G1",)), few, district, plan)
    assert pd.isna(seen.cells.loc["C1", "households"])


def test_an_export_needs_a_purpose(members: Members, as_role, settings: Settings) -> None:
    client = as_role("community")
    for purpose in ("", "  a  ", "x" * 201):
        reply = exported(client, purpose=purpose)
        assert (reply.status_code, reply.json["error"]["code"]) == (400, "members_purpose")
    assert "members_export" not in {each.action for each in log_of(settings)}


def test_an_export_holds_the_territory_and_no_formula(members: Members, as_role, settings: Settings) -> None:
    reply = exported(as_role("community"), purpose="七月走访慰问")
    # A name in Chinese must travel as the standard has it: servers write headers in Latin letters.
    assert reply.headers["Content-Disposition"].encode("latin-1")
    book = openpyxl.load_workbook(io.BytesIO(reply.data))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert [cell.value for cell in cells if cell.data_type == "f"] == []
    names = {str(cell.value) for cell in cells if SECRET in str(cell.value)}
    assert len(names) == HOUSEHOLDS["a1"] + HOUSEHOLDS["a2"] - 1
    assert not any(f"{SECRET}{other}" in name for other in ("b", "c", "d") for name in names)
    assert any(cell.value == "七月走访慰问" for cell in cells)
    entry = log_of(settings)[0]
    assert (entry.actor, entry.action, entry.details["purpose"], entry.details["households"]) == ("community", "members_export", "七月走访慰问", 13)


@pytest.mark.parametrize(("grid", "status"), [("G1", 200), ("G2", 404), ("G3", 404), ("nonesuch", 404)])
def test_an_export_of_one_grid(grid: str, status: int, members: Members, as_role) -> None:
    assert exported(as_role("grid_worker"), purpose="七月走访", grid=grid).status_code == status


def test_each_view_is_written_down(members: Members, as_role, settings: Settings) -> None:
    client = as_role("grid_worker")
    client.get("/members/data.json")
    client.get("/members/buildings/a1")
    told = [(each.actor, each.action, each.subject) for each in log_of(settings)[:2]]
    assert told == [("grid_worker", "members_building_viewed", "a1"), ("grid_worker", "members_viewed", "grids G1")]
    assert AuditLog(PrivateStore(settings.private_path)).verify().findings == ()


def test_nothing_is_kept_by_browsers(members: Members, as_role) -> None:
    client = as_role("community")
    replies = [client.get(f"/members/{each}") for each in ("", "data.json", "buildings/a1")]
    assert {reply.headers["Cache-Control"] for reply in (*replies, exported(client, purpose="七月走访"))} == {"no-store"}


def test_without_a_plan_the_page_says_so(members: Members, as_role, settings: Settings, made_workspace: Path) -> None:
    district = Workspace(made_workspace).read_district()
    Workspace(settings.workspace).write_ground(district, [], based_on=None, afresh=True)
    client = as_role("grid_worker")
    assert "还没有采用任何方案" in client.get("/members/", headers={"Accept": "text/html", "Accept-Language": "zh"}).text
    assert client.get("/members/data.json").json["inside"]["buildings"] == []
    assert len(as_role("community").get("/members/data.json").json["inside"]["buildings"]) == 2


def test_figures_for_everybody_are_off_until_switched_on(members: Members, client: FlaskClient, settings: Settings) -> None:
    assert client.get("/members/figures").status_code == 404
    opened = create_app(dataclasses.replace(settings, public_members=True)).test_client().get("/members/figures")
    assert opened.status_code == 200
    assert SECRET not in opened.text
    assert '<td class="number">20</td>' in opened.text


def test_no_name_anywhere_else(members: Members, settings: Settings, as_role, caplog: pytest.LogCaptureFixture) -> None:
    opened = create_app(dataclasses.replace(settings, public_members=True))
    addresses = ["/", "/health", "/metrics", "/tiles/layers.json", "/members/figures", "/members/data.json", "/members/"]
    with caplog.at_level(logging.DEBUG):
        stranger, planner = opened.test_client(), as_role("planner")
        public = [stranger.get(address, follow_redirects=True).data for address in addresses] + tiles_of(stranger)
        staff = [planner.get(address).data for address in (*addresses, "/start/state")] + tiles_of(planner)
        as_role("community").get("/members/buildings/a1")
    files = [path.read_bytes() for path in settings.workspace.parent.rglob("*") if path.is_file() and path != settings.private_path]
    assert [found for found in (*public, *staff, *files, caplog.text.encode()) if SECRET.encode() in found] == []
    assert SECRET not in repr(log_of(settings))


def test_tiles_know_nothing_of_members(members: Members, as_role) -> None:
    seen: set[str] = set()
    for tile in tiles_of(as_role("administrator")):
        for content in mapbox_vector_tile.decode(tile).values():
            seen |= {name for feature in content["features"] for name in feature["properties"]}
    assert seen == {"building_id", "community_id", "grid_id", "kind"}


def tiles_of(client: FlaskClient) -> list[bytes]:
    """Return the tile in the middle of each layer that has anything."""
    layers = [told for address in ("/tiles/layers.json", "/tiles/plan/layers.json") for told in client.get(address).json.get("layers", {}).values()]
    found = []
    for told in layers:
        if told["count"]:
            west, south, east, north = told["bounds"]
            high = math.radians((south + north) / 2)
            x, y = int(((west + east) / 2 + 180) / 360 * 2**13), int((1 - math.asinh(math.tan(high)) / math.pi) / 2 * 2**13)
            found.append(client.get(told["tiles"][0].replace("{z}", "13").replace("{x}", str(x)).replace("{y}", str(y))).data)
    return found


def test_import_on_the_command_line(settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    book = openpyxl.Workbook()
    book.active.title = "党员户"
    for row in (
        ["楼栋编号", "房号", "姓名", "联系电话", "身份证号"],
        ["a1", "101", f"{SECRET} {PHONE}", PHONE, NUMBER],
        ["zz", "1", SECRET, PHONE, NUMBER],
    ):
        book.active.append(row)
    book.save(tmp_path / "m.xlsx")
    arguments = ["members", "import", str(settings.workspace), str(tmp_path / "m.xlsx"), "--private", str(settings.private_path)]
    assert run(arguments) == 3
    printed = capsys.readouterr()
    assert not any(secret in printed.out + printed.err for secret in (SECRET, PHONE, NUMBER))
    kept = settings.private_path.read_bytes() + settings.workspace.read_bytes()
    assert not any(secret.encode() in kept for secret in (PHONE, NUMBER))
    assert Members(PrivateStore(settings.private_path)).read().member_households["building_id"].tolist() == ["a1"]
    assert (log_of(settings)[0].action, log_of(settings)[0].details["member_households_added"]) == ("members_import", 1)


def test_an_import_that_fails_changes_nothing(members: Members, settings: Settings, tmp_path: Path) -> None:
    before = members.read().member_households
    (tmp_path / "m.xlsx").write_bytes(b"PK\x03\x04 no workbook")
    assert run(["members", "import", str(settings.workspace), str(tmp_path / "m.xlsx")]) == 1
    pd.testing.assert_frame_equal(members.read().member_households, before)


def test_whose_stairwell_is_in_which_grid(members: Members, settings: Settings) -> None:
    """A tower divided between grids: who lives in a known stairwell is its grid's, the others no worker's."""
    district, tiling = draw_world("t:600", stairwells={"t": 2})
    atoms, neighbours, _ = split_atoms(district, tiling, 300)
    origin = Origin("", "2024-01-01T00:00:00+08:00", 0, "quick", "")
    plan = plan_from_assignment("p", atoms, neighbours, pd.Series({"t#1": "G1", "t#2": "G2"}), load_rules(), origin)
    stairwells = ["1单元", "2单元", None, "7单元"]
    homes = pd.DataFrame({"building_id": "t", "stairwell": stairwells, "members": 1, "centre": False, "kind": "resident"}, index=list("abcd"))
    people = members.read().with_tables({"member_households": homes.assign(name=None, room=None, organisation_id=None)})
    assert list(members_within(Territory("grids", ("G1",)), people, district, plan).households.index) == ["a"]
    assert list(members_within(Territory(), people, district, plan).households.index) == list("abcd")


def test_what_is_kept_in_memory_is_forgotten_after_an_import_and_every_view_is_written_down(members: Members, as_role, settings: Settings) -> None:
    client = as_role("administrator")
    before = [client.get("/members/data.json").json["inside"]["sums"]["households"] for _ in range(2)]
    homes = members.read().member_households
    members.replace({"member_households": homes.iloc[:1]}, by="test", source="test")
    after = client.get("/members/data.json").json["inside"]["sums"]["households"]
    viewed = [each.details["households"] for each in log_of(settings) if each.action == "members_viewed"]
    assert (before, after, viewed) == ([len(homes)] * 2, 1, [1, len(homes), len(homes)])


def test_nobody_gets_what_was_made_for_another_territory(data) -> None:
    seen = {role: data(role)["inside"]["sums"]["households"] for role in IN_TERRITORY for _ in range(2)}
    assert seen == {role: sum(HOUSEHOLDS[each] for each in buildings) for role, buildings in IN_TERRITORY.items()}

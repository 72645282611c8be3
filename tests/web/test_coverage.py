"""The staff's map of coverage over HTTP: the same numbers as the command line, territories, bad input, workbooks."""

from __future__ import annotations

import dataclasses
import io
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest
from flask.testing import FlaskClient
from webtools import PASSWORD, log_in

from gridmap.circles.coverage import Coverage, coverage
from gridmap.circles.limits import walk_limit
from gridmap.circles.summaries import blind_spots, by_category, by_community, by_grid
from gridmap.ground.tables import District
from gridmap.rules import load_rules
from gridmap.store.accounts import Accounts, Territory
from gridmap.store.audit import AuditLog
from gridmap.store.private import PrivateStore
from gridmap.store.workspace import Workspace
from web import Settings

pytestmark = pytest.mark.slow

CATEGORY = "medical"
NONE_REACHED = 2**32 - 16
RULED = ("/coverage/walks/{}.bin", "/coverage/figures.json?category={}", "/api/coverage?category={}")


@pytest.fixture(scope="module")
def made_workspace(made_town: Path) -> Path:
    return made_town


@pytest.fixture(scope="module")
def district(made_workspace: Path) -> District:
    return Workspace(made_workspace).read_district()


@pytest.fixture(scope="module")
def truth(district: District) -> Coverage:
    """What the command line tells, within five minutes."""
    return coverage(district, load_rules("nantong"), minutes=5)


@pytest.fixture
def planner(as_role) -> FlaskClient:
    return as_role("planner")


@pytest.fixture
def in_community(accounts: Accounts, as_role, district: District) -> FlaskClient:
    """Somebody who works for the first community."""
    accounts.add("mei", PASSWORD, "community", Territory("community", (home_of(district),)), by="test")
    client = as_role("public")
    assert log_in(client, "mei") == 302
    return client


def home_of(district: District) -> str:
    return str(district.communities.index[0])


def figures(client: FlaskClient, **asked: Any) -> dict[str, Any]:
    reply = client.get("/coverage/figures.json", query_string={"category": CATEGORY, "minutes": 5, "count": 1000, **asked})
    assert reply.status_code == 200, reply.text
    return dict(reply.json)


def plain(column: pd.Series) -> list[Any]:
    """Return a column with null for what is missing."""
    return list(column.astype(object).where(column.notna(), None))


def test_sums_are_those_of_the_command_line(planner: FlaskClient, truth: Coverage, district: District) -> None:
    found, sums = figures(planner), by_category(truth, district)
    assert {each["category"]: each["covered"] for each in found["categories"]} == sums["covered"].to_dict()
    assert found["reasons"] == {name: int(sums.loc[CATEGORY, name]) for name in found["reasons"]}
    assert sum(found["bands"]) == int(sums.loc[CATEGORY, "households"])
    assert sum(found["bands"][:2]) == int(sums.loc[CATEGORY, "covered"])


def test_gaps_come_with_most_households_first(planner: FlaskClient, truth: Coverage, district: District) -> None:
    blind = blind_spots(truth, district)
    blind = blind[blind["category"] == CATEGORY]
    gaps = figures(planner)["gaps"]
    assert [each["building_id"] for each in gaps["rows"]] == blind["building_id"].tolist()
    assert [each["reason"] for each in gaps["rows"]] == blind["reason"].tolist()
    assert [each["metres"] for each in gaps["rows"]] == plain(blind["metres"])


def test_gaps_come_in_pages(planner: FlaskClient) -> None:
    whole = figures(planner)["gaps"]["rows"]
    assert figures(planner, offset=2, count=3)["gaps"]["rows"] == whole[2:5]


def test_communities_and_grids_are_those_of_the_command_line(planner: FlaskClient, truth: Coverage, district: District, settings: Settings) -> None:
    plan = Workspace(settings.workspace).read_plan("first")
    communities = by_community(truth, district).xs(CATEGORY, level="category")
    grids = by_grid(truth, plan.atoms.assign(grid_id=plan.grid_of), district).xs(CATEGORY, level="category")
    for by, sums in (("community", communities), ("grid", grids)):
        rows = figures(planner, by=by)["areas"]["rows"]
        table = district.communities if by == "community" else plan.grids
        assert {table.index[each["position"]]: each["covered"] for each in rows} == sums["covered"].to_dict()


def test_without_a_plan_there_are_no_grids(planner: FlaskClient, settings: Settings, district: District) -> None:
    settings.workspace.unlink()
    Workspace(settings.workspace).write_ground(district, [])
    assert figures(planner, by="grid")["areas"] == {"by": "grid", "plan": None, "count": 0, "rows": []}
    assert "还没有采用任何方案" in planner.get("/coverage/").text


def test_the_array_is_in_the_order_of_the_tiles(planner: FlaskClient, truth: Coverage, district: District) -> None:
    told = np.frombuffer(planner.get(f"/coverage/walks/{CATEGORY}.bin").data, dtype="<u4")
    rows = truth.table[truth.table["category"] == CATEGORY].set_index("building_id").reindex(district.buildings.index)
    expected = np.rint(rows["metres"].astype("Float64").fillna(-1).to_numpy(dtype=float) * 100)
    assert np.where(told >= NONE_REACHED, -100, told).tolist() == expected.tolist()


@pytest.mark.parametrize("walk", ["elder", "gb50180"])
def test_ways_of_walking(walk: str, planner: FlaskClient, truth: Coverage, district: District) -> None:
    limit = walk_limit(load_rules("nantong"), walk, 7)
    sums = by_category(truth.within(limit), district)
    assert {each["category"]: each["covered"] for each in figures(planner, walk=walk, minutes=7)["categories"]} == sums["covered"].to_dict()


# --- territories ---------------------------------------------------------------------------------------------------------------------------------


def test_no_household_outside_the_territory_is_counted(in_community: FlaskClient, district: District) -> None:
    home = district.buildings["community_id"] == home_of(district)
    total = int(district.buildings["households"][home].sum())
    found = figures(in_community)
    assert {each["households"] for each in found["categories"]} == {total}
    assert sum(found["bands"]) == total
    assert {each["community_id"] for each in found["gaps"]["rows"]} <= {home_of(district)}
    assert [row["households"] for row in found["areas"]["rows"]] == [total]
    for by in ("community", "grid"):
        assert sum(row["households"] for row in figures(in_community, by=by)["areas"]["rows"]) == total


def test_a_building_outside_tells_no_households(in_community: FlaskClient, planner: FlaskClient, district: District) -> None:
    away = int(np.flatnonzero((district.buildings["community_id"] != home_of(district)) & (district.buildings["households"] > 0))[0])
    told = in_community.get(f"/coverage/buildings/{away}.json").json
    assert (told["inside"], told["households"]) == (False, None)
    assert planner.get(f"/coverage/buildings/{away}.json").json["households"] == int(district.buildings["households"].iloc[away])


def test_homes_tell_where_the_territory_is_and_no_count(in_community: FlaskClient, district: District) -> None:
    told = np.frombuffer(in_community.get("/coverage/homes.bin").data, dtype=np.uint8)
    inside = (district.buildings["community_id"] == home_of(district)).to_numpy()
    empty = (district.buildings["households"] == 0).to_numpy(dtype=bool)
    assert told.tolist() == np.where(inside, np.where(empty, 1, 2), 0).tolist()


def test_new_places_are_sought_inside_the_territory(in_community: FlaskClient, district: District) -> None:
    told = in_community.get("/coverage/sites.json", query_string={"category": "reading", "minutes": 3, "sites": 2}).json
    homes = district.buildings[district.buildings["community_id"] == home_of(district)]
    assert told["households"] == int(homes["households"].sum())
    assert {each["building_id"] for each in told["sites"]} <= set(homes.index)
    assert told["covered"] == told["before"] + sum(each["adds"] for each in told["sites"]) <= told["households"]


def test_a_territory_without_buildings_has_nothing(accounts: Accounts, as_role) -> None:
    accounts.add("nobody", PASSWORD, "community", Territory("community", ("nowhere",)), by="test")
    client = as_role("public")
    assert log_in(client, "nobody") == 302
    found = figures(client)
    assert (found["gaps"]["count"], sum(found["bands"]), found["areas"]["rows"]) == (0, 0, [])
    assert client.get("/coverage/sites.json").json["sites"] == []
    assert client.get("/coverage/").status_code == 200


# --- one by one ----------------------------------------------------------------------------------------------------------------------------------


def test_circles_are_nested(planner: FlaskClient) -> None:
    features = planner.get("/coverage/venues/0/circles.json").json["features"]
    assert [each["properties"]["minutes"] for each in features] == [15, 10, 5]
    assert len(planner.get("/coverage/venues/0/circles.json?walk=gb50180").json["features"]) == 1


def test_a_building_tells_every_walk(planner: FlaskClient, truth: Coverage, district: District) -> None:
    told = planner.get("/coverage/buildings/3.json?minutes=5").json
    rows = truth.table[truth.table["building_id"] == district.buildings.index[3]]
    assert [each["metres"] for each in told["walks"]] == plain(rows["metres"])
    assert [each["reason"] for each in told["walks"]] == plain(rows["reason"])


def test_search_by_address(planner: FlaskClient, district: District) -> None:
    venue = district.venues[district.venues["address"].notna()].iloc[0]
    found = planner.get("/coverage/search.json", query_string={"q": venue["address"]}).json["found"]
    assert venue["name"] in [each["name"] for each in found if each["table"] == "venues"]


def test_search_by_name_and_code(planner: FlaskClient, district: District) -> None:
    found = planner.get("/coverage/search.json", query_string={"q": home_of(district)}).json["found"]
    assert found[0]["id"] == home_of(district)
    venue = district.venues.iloc[0]
    found = planner.get("/coverage/search.json", query_string={"q": venue["name"]}).json["found"]
    assert (found[0]["table"], found[0]["name"]) == ("venues", venue["name"])
    assert planner.get("/coverage/search.json?q=").json["found"] == []
    assert len(planner.get("/coverage/search.json", query_string={"q": "1"}).json["found"]) <= 20


def test_the_workbook_holds_what_is_shown_and_no_formula(planner: FlaskClient, settings: Settings, district: District) -> None:
    workspace = Workspace(settings.workspace)
    names = district.buildings["name"].copy()
    names[:] = "=HYPERLINK(1)"
    workspace.write_ground(district.with_tables({"buildings": district.buildings.assign(name=names)}), [])
    gaps = figures(planner)["gaps"]
    reply = planner.get("/coverage/shown.xlsx", query_string={"category": CATEGORY, "minutes": 5})
    reply.headers["Content-Disposition"].encode("latin-1")
    book = openpyxl.load_workbook(io.BytesIO(reply.data))
    assert book.sheetnames == ["盲点", "按社区", "按类别", "设定"]
    sheet = book["盲点"]
    assert [row[0].value for row in sheet.iter_rows(min_row=2)] == [each["building_id"] for each in gaps["rows"]]
    assert {cell.data_type for page in book for row in page.iter_rows() for cell in row} <= {"s", "n"}
    entry = AuditLog(PrivateStore(settings.private_path)).entries()[0]
    assert (entry.actor, entry.action, entry.subject) == ("planner", "coverage_export", CATEGORY)


# --- what makes no sense -------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"category": "nonesuch"}, "category_not_in_rules"),
        ({"walk": "crawling"}, "walk_unknown"),
        ({"minutes": "0"}, "staff_value"),
        ({"minutes": "1e9"}, "staff_value"),
        ({"minutes": "٣"}, "staff_value"),
        ({"by": "county"}, "staff_value"),
        ({"count": "1000000000"}, "staff_value"),
        ({"offset": "-1"}, "staff_value"),
    ],
)
def test_senseless_requests_are_told_so(asked: dict[str, str], code: str, planner: FlaskClient) -> None:
    reply = planner.get("/coverage/figures.json", query_string=asked)
    assert (reply.status_code, reply.json["error"]["code"]) == (400, code)


@pytest.mark.parametrize("address", ["walks/nonesuch.bin", "buildings/999999.json", "venues/999999/circles.json", "buildings/-1.json"])
def test_what_is_not_there_is_404(address: str, planner: FlaskClient) -> None:
    assert planner.get(f"/coverage/{address}").status_code == 404


def test_too_many_new_places_are_refused(planner: FlaskClient) -> None:
    assert planner.get("/coverage/sites.json?sites=21").status_code == 400


def test_what_is_still_computed_is_asked_for_again(planner: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.coverage.result_of", lambda *_, **__: None)
    reply = planner.get("/coverage/figures.json")
    assert (reply.status_code, reply.json, reply.headers["Retry-After"]) == (202, {"working": True}, "1")


def test_replies_are_kept_nowhere(planner: FlaskClient) -> None:
    for address in ("homes.bin", "figures.json", f"walks/{CATEGORY}.bin", "shown.xlsx", "venues.json"):
        assert planner.get(f"/coverage/{address}").headers["Cache-Control"] == "no-store"


def test_the_library_is_handed_out_and_nothing_beside_it(client: FlaskClient) -> None:
    with client.get("/library/maplibre-gl-csp.js") as reply:
        assert reply.status_code == 200
    assert client.get("/library/LICENSE.txt").status_code == 404
    assert client.get("/library/..%2F..%2F__init__.py").status_code == 404


def test_a_new_workspace_is_walked_anew(planner: FlaskClient, settings: Settings, district: District) -> None:
    before = figures(planner)
    workspace = Workspace(settings.workspace)
    workspace.write_ground(dataclasses.replace(district, venues=district.venues.iloc[:0]), [])
    after = figures(planner)
    assert before["reasons"]["no_venue"] == 0
    assert after["reasons"]["no_venue"] == after["categories"][0]["households"]


def test_the_map_and_the_api_follow_the_rules_of_the_adopted_plan(planner: FlaskClient, settings: Settings) -> None:
    workspace = Workspace(settings.workspace)
    plan = workspace.read_plan("first")
    fewer = {code: each for code, each in plan.rules.categories.items() if code == CATEGORY}
    workspace.save_plan(dataclasses.replace(plan, name="second", rules=dataclasses.replace(plan.rules, categories=fewer)))
    workspace.adopt("second")
    asked = {path: [planner.get(path.format(code)).status_code for code in (CATEGORY, "reading")] for path in RULED}
    assert list(asked.values()) == [[200, 404], [200, 400], [200, 400]]
    described = planner.get("/api/openapi.json").json["paths"]["/api/coverage"]["get"]["parameters"]
    assert next(each["schema"]["enum"] for each in described if each["name"] == "category") == [CATEGORY]

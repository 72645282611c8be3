"""The import of member households on the server: whose territory, what is kept, what is told, and what is written down."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from webtools import PASSWORD, log_in, token_of

from gridmap.store.accounts import Territory
from gridmap.store.audit import AuditLog
from gridmap.store.members import Members
from gridmap.store.private import PrivateStore
from gridmap.store.workspace import Workspace
from web import Settings
from web.start import running

pytestmark = [pytest.mark.usefixtures("at_once"), pytest.mark.slow]

HEAD = ("楼栋编号", "房号", "姓名", "党员人数", "类型", "中心户", "联系电话")
NAME, PHONE = "甲某某", "13900000000"


def book(*rows: tuple[Any, ...], head: tuple[str, ...] = HEAD, sheet: str = "党员户") -> bytes:
    made, out = Workbook(), io.BytesIO()
    made.active.title = sheet
    for row in (head, *rows):
        made.active.append(row)
    made.save(out)
    return out.getvalue()


def home(building: str, room: str = "101") -> tuple[Any, ...]:
    return (building, room, NAME, 1, "在册", "否", PHONE)


@pytest.fixture(scope="module")
def made_workspace(made_town: Path) -> Path:
    return made_town


class Importer:
    """Somebody who imports by the page's own requests."""

    def __init__(self, client: Any) -> None:
        self.client, self.token = client, {"X-CSRFToken": token_of(client, "/members/import/")}

    def put(self, content: bytes, name: str = "m.xlsx") -> Any:
        return self.client.post("/members/import/file", data={"files": (io.BytesIO(content), name)}, headers=self.token)

    def read(self, **asked: Any) -> dict[str, Any]:
        begun = self.client.post("/members/import/jobs", json=asked, headers=self.token)
        assert begun.status_code == 202, begun.text
        return dict(self.client.get(f"/members/import/jobs/{begun.json['job']}").json)


@pytest.fixture
def importer(as_role) -> Importer:
    return Importer(as_role("administrator"))


@pytest.fixture
def buildings(settings: Settings) -> Any:
    table = Workspace(settings.workspace).read_district().buildings
    return table[table.households > 0]


def kept(settings: Settings) -> Any:
    return Members(PrivateStore(settings.private_path)).read().member_households


def codes(reply: dict[str, Any]) -> set[str]:
    return {each["code"] for each in reply["answer"]["findings"]}


def test_a_look_keeps_nothing_and_the_import_all(importer: Importer, buildings: Any, settings: Settings) -> None:
    assert importer.put(book(home(buildings.index[0]), home(buildings.index[1]))).json == {"files": 1}
    look = importer.read(keep=False)
    assert (look["state"], look["answer"]["sheets"][0]["kept"], len(kept(settings))) == ("done", 2, 0)
    done = importer.read(keep=True)
    assert done["answer"]["changed"]["member_households"] == {"added": 2, "changed": 0, "removed": 0}
    assert len(kept(settings)) == 2


def test_it_is_written_down_and_no_name_or_number_is(importer: Importer, buildings: Any, settings: Settings, caplog) -> None:
    importer.put(book(home(buildings.index[0])))
    importer.read(keep=True)
    log = AuditLog(PrivateStore(settings.private_path)).entries()
    actions = [each.action for each in log]
    assert {"files_uploaded", "job_members", "members_import"} <= set(actions)
    written = json.dumps([[each.subject, dict(each.details)] for each in log], ensure_ascii=False) + caplog.text
    assert NAME not in written
    assert PHONE not in written


class Dead:
    """A process that has died of a row."""

    returncode = 3

    def communicate(self) -> tuple[bytes, bytes]:
        return b"", f"ValueError: {PHONE}".encode()


@pytest.mark.parametrize(("kind", "logged"), [("members", False), ("import", True)])
def test_what_a_dead_worker_complained_of_is_not_logged(kind: str, logged: bool, app, caplog: pytest.LogCaptureFixture) -> None:
    jobs = app.extensions["gridmap"].jobs
    job_id = jobs.begin(kind, "li", {}).job_id
    running.attend(Dead(), jobs, job_id)
    assert jobs.read(job_id).state == "failed"
    assert (PHONE in caplog.text) is logged


def test_the_file_goes_after_the_import(importer: Importer, buildings: Any, settings: Settings) -> None:
    importer.put(book(home(buildings.index[0])))
    assert list(settings.files_folder.rglob("*.xlsx"))
    importer.read(keep=True)
    assert not list(settings.files_folder.rglob("*.xlsx"))


def test_columns_are_what_was_confirmed(importer: Importer, buildings: Any, settings: Settings) -> None:
    head = ("楼栋编号", "房号", "某列", "党员人数", "类型", "中心户", "联系电话")
    importer.put(book(home(buildings.index[0]), head=head))
    fields = importer.read(keep=False)["answer"]["sheets"][0]["fields"]
    importer.read(keep=True, fields={"党员户": {**fields, "name": "某列"}})
    assert list(kept(settings).name) == [NAME]


@pytest.mark.parametrize("chosen", [{"name": "联系电话"}, {"name": "没有"}, {"nonesuch": "房号"}, {"name": "房号", "room": "房号"}])
def test_columns_that_cannot_be_chosen(importer: Importer, buildings: Any, chosen: dict[str, str]) -> None:
    importer.put(book(home(buildings.index[0])))
    assert importer.read(keep=True, fields={"党员户": chosen})["state"] == "failed"


def test_findings_tell_rows_and_not_what_stands_in_them(importer: Importer, buildings: Any) -> None:
    importer.put(
        book(home(buildings.index[0]), (NAME, "备注", None, None, None, None, None), home("B-nowhere"), ("合计", NAME, NAME, 2, None, None, None))
    )
    reply = importer.read(keep=False)
    assert "member_building_unknown" in codes(reply)
    assert NAME not in json.dumps(reply, ensure_ascii=False)
    assert "B-nowhere" not in json.dumps(reply, ensure_ascii=False)


def test_a_community_changes_its_own_households_alone(app, accounts, importer: Importer, buildings: Any, settings: Settings) -> None:
    own, other = (str(buildings.index[buildings.community_id == each][0]) for each in ("C001", "C002"))
    importer.put(book(home(own, "1"), home(other, "2")))
    importer.read(keep=True)
    accounts.add("mei", PASSWORD, "community", Territory("community", ("C001",)), by="test")
    client = app.test_client()
    log_in(client, "mei")
    community = Importer(client)
    community.put(book(home(own, "3"), home(other, "4")))
    reply = community.read(keep=True)
    assert "member_building_outside" in codes(reply)
    assert sorted(kept(settings).room) == ["2", "3"]


def test_a_community_cannot_replace_organisations(as_role, settings: Settings) -> None:
    community = Importer(as_role("community"))
    community.put(book(("某支部", "网格"), head=("组织名称", "层级"), sheet="组织"))
    assert community.read(keep=True)["state"] == "failed"
    assert len(Members(PrivateStore(settings.private_path)).read().organisations) == 0


def test_only_the_owner_sees_the_job(as_role, importer: Importer, buildings: Any) -> None:
    importer.put(book(home(buildings.index[0])))
    job = importer.read(keep=False)["job"]
    assert as_role("planner").get(f"/start/jobs/{job}").status_code == 404
    assert as_role("community").get(f"/members/import/jobs/{job}").status_code == 404


@pytest.mark.parametrize(
    ("content", "name"), [(b"PK\x03\x04 no workbook", "m.xlsx"), (b"", "m.xlsx"), (b"<VRTDataset/>", "m.vrt"), (b"a,b\n1,2\n", "m.csv")]
)
def test_bad_files_fail_with_a_sentence(importer: Importer, content: bytes, name: str, settings: Settings) -> None:
    importer.put(content, name)
    reply = importer.read(keep=True)
    assert reply["state"] == "failed"
    assert reply["answer"]["error"]
    assert len(kept(settings)) == 0


def test_bad_requests(importer: Importer) -> None:
    post = importer.client.post
    assert post("/members/import/jobs", json={"keep": True}, headers=importer.token).status_code == 400
    assert post("/members/import/jobs", json={"fields": {"a": 1}}, headers=importer.token).status_code == 400
    assert post("/members/import/file", data={"files": (io.BytesIO(b"x"), "m.xlsx")}).status_code == 400
    importer.put(b"x", "..\\..\\passwd.xlsx")
    assert not Path("passwd.xlsx").exists()

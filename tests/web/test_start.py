"""The planner's start page without a browser: uploads, jobs, what is refused."""

from __future__ import annotations

import dataclasses
import io
import json
import sys
import time
import zipfile
from typing import Any

import pytest
from flask import Flask
from webtools import Planner, log_in

from gridmap.ground.sample import sample_district
from gridmap.store.jobs import Jobs
from gridmap.store.workspace import Workspace
from web import Settings, create_app

pytestmark = pytest.mark.slow

SQUARE = {"type": "Polygon", "coordinates": [[[120.86, 32.0], [120.8602, 32.0], [120.8602, 32.0002], [120.86, 32.0002], [120.86, 32.0]]]}
BUILDINGS = {"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": SQUARE, "properties": {"户数": 30, "楼栋编号": "B1"}}]}
WORD = json.dumps(BUILDINGS, ensure_ascii=False).encode()


def test_a_planner_sees_what_is_there(planner: Planner) -> None:
    state = planner.client.get("/start/state").json
    assert state["ground"]["households"] == 600
    assert [(plan["name"], plan["adopted"]) for plan in state["plans"]] == [("first", True)]
    assert (state["files"], state["job"]) == ([], None)


@pytest.mark.usefixtures("at_once")
def test_files_are_looked_at(planner: Planner) -> None:
    assert planner.put(楼栋_geojson=WORD).json["files"] == ["楼栋.geojson"]
    (file,) = planner.wait(kind="look")["answer"]["files"]
    assert (file["table"], file["rows"], file["crs"]) == ("buildings", 1, "EPSG:4326")
    assert file["fields"]["buildings"] == {"building_id": "楼栋编号", "households": "户数"}


@pytest.mark.usefixtures("at_once")
def test_a_check_changes_nothing_and_an_import_does(planner: Planner, settings: Settings) -> None:
    settings.workspace.unlink()
    planner.put(楼栋_geojson=WORD)
    request = {"kind": "import", "tables": {"buildings": "楼栋.geojson"}, "datums": {"buildings": "gcj02"}}
    assert planner.wait(**request)["answer"]["figures"]["households"] == 30
    assert not settings.workspace.exists()
    assert planner.wait(**request, keep=True)["answer"]["saved"] is True
    assert Workspace(settings.workspace).read_district().buildings["households"].sum() == 30


@pytest.mark.usefixtures("at_once")
def test_a_plan_is_made_adopted_and_downloaded(planner: Planner, settings: Settings) -> None:
    made = planner.wait(kind="plan", name="二稿", profile="nantong", bounds=[200, 300], effort="quick")
    assert made["answer"]["figures"]["households"] == 600
    assert planner.wait(kind="adopt", plan="二稿")["state"] == "done"
    assert Workspace(settings.workspace).adopted() == "二稿"
    job = planner.wait(kind="export", plan="二稿", ending=".csv")
    with planner.client.get(f"/start/jobs/{job['job']}/file") as reply:
        assert reply.headers["Content-Disposition"].startswith("attachment")
        assert reply.headers["Cache-Control"] == "no-store"
        assert reply.data.startswith(b"\xef\xbb\xbf")


@pytest.mark.usefixtures("at_once")
def test_what_one_has_made_is_not_for_another(planner: Planner, as_role) -> None:
    job = planner.wait(kind="export", plan="first", ending=".geojson")["job"]
    assert as_role("administrator").get(f"/start/jobs/{job}/file").status_code == 404


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("楼栋.geojson", b'<OGRVRTDataSource><OGRVRTLayer name="a"><SrcDataSource>/etc/passwd</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>'),
        ("楼栋.geojson", b'{"type": "FeatureCollection", "features": ['),
        ("楼栋.zip", b"PK\x03\x04 no zip"),
        ("楼栋.shp", b"\x00\x00\x27\x0a"),
        ("楼栋.xlsx", b"nothing"),
        ("楼栋.geojson", b""),
    ],
)
def test_a_file_that_cannot_be_read_is_told(name: str, content: bytes, planner: Planner) -> None:
    planner.put_named({name: content})
    (file,) = planner.wait(kind="look")["answer"]["files"]
    assert "楼栋" in file["fault"]
    assert "Traceback" not in file["fault"]
    job = planner.wait(kind="import", tables={"buildings": name})
    assert job["state"] == "failed"
    assert "Traceback" not in job["answer"]["error"]


@pytest.mark.usefixtures("at_once")
def test_a_zip_that_leads_outside_is_refused(planner: Planner, settings: Settings) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("../../escaped.geojson", WORD)
    planner.put(a_zip=packed.getvalue())
    (file,) = planner.wait(kind="look")["answer"]["files"]
    assert file["fault"]
    assert list(settings.workspace.parent.rglob("escaped*")) == []


@pytest.mark.parametrize("name", ["..", "a|b.shp", "con.txt", ".hidden", "x" * 200 + ".shp"])
def test_names_that_no_file_can_have(name: str, planner: Planner) -> None:
    assert planner.put_named({name: b"x"}).status_code == 400


def test_an_uploaded_name_leads_nowhere_else(planner: Planner, settings: Settings) -> None:
    assert planner.put_named({"../../../escaped.csv": b"x"}).json["files"] == ["escaped.csv"]
    assert [path.name for path in settings.workspace.parent.rglob("escaped*")] == ["escaped.csv"]


def test_an_upload_that_is_too_large(settings: Settings) -> None:
    client = create_app(dataclasses.replace(settings, upload_mb=1)).test_client()
    log_in(client, "planner")
    headers = {**Planner(client).headers, "Content-Type": "multipart/form-data; boundary=x"}
    reply = client.post("/start/files", data=b"x" * 1_100_000, headers=headers)
    assert (reply.status_code, reply.json["error"]["code"]) == (413, "server_413")


def test_trays_are_apart(planner: Planner, as_role) -> None:
    planner.put(a_csv=b"x")
    other = Planner(as_role("administrator"))
    assert other.client.get("/start/state").json["files"] == []
    assert other.ask(kind="import", tables={"buildings": "a.csv"}).status_code == 404


def test_a_tray_is_emptied(planner: Planner) -> None:
    planner.put(a_csv=b"x")
    assert planner.client.post("/start/files/clear", headers=planner.headers).json["files"] == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes")
def test_trays_are_for_the_server_alone(planner: Planner, settings: Settings) -> None:
    planner.put(a_csv=b"x")
    assert settings.files_folder.stat().st_mode & 0o077 == 0


PLAN = {"kind": "plan", "name": "x", "profile": "nantong", "effort": "quick"}


@pytest.mark.parametrize(
    "body",
    [
        [],
        "text",
        {},
        {"kind": "nonsense"},
        {**PLAN, "profile": "/etc/passwd"},
        {**PLAN, "profile": None},
        {**PLAN, "effort": "endless"},
        {**PLAN, "bounds": ["1", "2"]},
        {**PLAN, "bounds": [1]},
        {**PLAN, "name": 7},
        {**PLAN, "name": "a\nb"},
        {**PLAN, "name": "first"},
        {**PLAN, "start": 7},
        {"kind": "adopt"},
        {"kind": "export", "plan": "first", "ending": ".exe"},
        {"kind": "export", "plan": None, "ending": ".html"},
        {"kind": "import", "tables": {"cells": "a.csv"}},
        {"kind": "import", "tables": ["a.csv"]},
        {"kind": "import", "tables": {"buildings": 7}},
        {"kind": "import", "tables": {}, "datums": {"buildings": "wgs84,venues=bd09"}},
    ],
)
def test_requests_that_make_no_sense(body: Any, planner: Planner) -> None:
    reply = planner.client.post("/start/jobs", json=body, headers=planner.headers)
    assert reply.status_code == 400
    assert reply.json["error"]["text"]


def test_broken_json(planner: Planner) -> None:
    reply = planner.client.post("/start/jobs", data='{"kind": ', headers={**planner.headers, "Content-Type": "application/json"})
    assert (reply.status_code, reply.json["error"]["code"]) == (400, "server_400")


def test_an_unknown_job(planner: Planner) -> None:
    for reply in (planner.client.get("/start/jobs/nonesuch"), planner.client.post("/start/jobs/nonesuch/cancel", headers=planner.headers)):
        assert (reply.status_code, reply.json["error"]["code"]) == (404, "job_unknown")


def test_one_job_at_a_time(planner: Planner, app: Flask) -> None:
    app.extensions["gridmap"].jobs.begin("plan", "somebody", {})
    reply = planner.ask(kind="look")
    assert reply.status_code == 409
    assert "somebody" in reply.json["error"]["text"]


@pytest.fixture
def jobs(app: Flask) -> Jobs:
    found = app.extensions["gridmap"].jobs
    assert isinstance(found, Jobs)
    return found


def test_a_cancelled_job_may_not_save(jobs: Jobs) -> None:
    job = jobs.begin("plan", "li", {})
    assert jobs.cancel(job.job_id, by="li")
    assert not jobs.may_save(job.job_id)
    assert not jobs.tell(job.job_id, "step_search", 1, 2)
    assert jobs.read(job.job_id).state == "cancelled"


def test_a_job_that_saves_is_not_cancelled(jobs: Jobs) -> None:
    job = jobs.begin("plan", "li", {})
    assert jobs.may_save(job.job_id)
    assert not jobs.cancel(job.job_id, by="li")


def test_a_job_that_is_not_heard_of_has_failed(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    job = jobs.begin("plan", "li", {})
    later = time.time() + 60
    monkeypatch.setattr("gridmap.store.jobs.time.time", lambda: later)
    assert jobs.read(job.job_id).state == "failed"
    assert jobs.current() is None
    assert jobs.begin("plan", "wang", {}).state == "running"


def test_a_cancelled_plan_leaves_the_workspace_as_it_was(planner: Planner, settings: Settings) -> None:
    settings.workspace.unlink()
    Workspace(settings.workspace).write_ground(sample_district(20_000, seed=1), [], based_on=None)
    before = settings.workspace.read_bytes()
    job = planner.ask(kind="plan", name="二稿", profile="nantong", bounds=None, effort="best").json["job"]
    for _ in range(600):
        if planner.client.get(f"/start/jobs/{job}").json["total"]:
            break
        time.sleep(0.05)
    planner.client.post(f"/start/jobs/{job}/cancel", headers=planner.headers)
    assert planner.over(job)["state"] == "cancelled"
    time.sleep(1.5)
    assert settings.workspace.read_bytes() == before


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux holds the limit exactly")
def test_a_file_that_takes_all_memory_ends_the_job_alone(settings: Settings) -> None:
    client = create_app(dataclasses.replace(settings, job_memory_mb=300)).test_client()
    log_in(client, "planner")
    planner = Planner(client)
    planner.put(楼栋_geojson=WORD)
    job = planner.wait(kind="import", tables={"buildings": "楼栋.geojson"})
    assert job["state"] == "failed"
    assert "Traceback" not in job["answer"]["error"]
    assert client.get("/health").status_code == 200

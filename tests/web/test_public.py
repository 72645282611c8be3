"""The public map at ``/``."""

from __future__ import annotations

import dataclasses
import gzip
import json
import re
import threading
import time
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

import web.circles
from gridmap.outputs.publish_fields import PAGE_FIELDS
from gridmap.store.workspace import Workspace
from web import Settings, create_app
from web.background import run_module
from web.circles import NAME, keep, kept
from web.ground import Ground, Sight

BLOCK = re.compile(r'<script type="application/json" id="gridmap-content">(.*?)</script>', re.DOTALL)


def content_of(visitor: FlaskClient, lang: str = "zh") -> dict[str, Any]:
    found = BLOCK.search(visitor.get("/", headers={"Accept-Language": lang}).text)
    assert found
    return dict(json.loads(found[1]))


def public(sight: Sight) -> Any:
    venues = sight.district.venues
    return venues[venues["public"].fillna(False).astype(bool)]


@pytest.fixture
def visitor(app: Flask) -> FlaskClient:
    return app.test_client()


def test_anybody_sees_the_declared_fields_and_no_others(visitor: FlaskClient, settings: Settings) -> None:
    page = visitor.get("/").text
    found = BLOCK.search(page)
    assert found
    content = json.loads(found[1])
    assert set(content) == {each.name for each in PAGE_FIELDS[""]}
    district = Workspace(settings.workspace).read_district()
    assert len(content["venues"]["name"]) == int(district.venues["public"].sum())
    assert [building for building in district.buildings.index if building in found[1]] == []


def test_its_policy_forbids_every_connection(visitor: FlaskClient) -> None:
    policy = visitor.get("/").headers["Content-Security-Policy"]
    assert ["connect-src 'none'" in policy, "frame-ancestors *" in policy, "unsafe" in policy] == [True, True, False]


def test_it_is_sent_once(visitor: FlaskClient) -> None:
    first = visitor.get("/", headers={"Accept-Encoding": "gzip"})
    assert gzip.decompress(first.data).startswith(b"<!DOCTYPE html>")
    again = visitor.get("/", headers={"Accept-Encoding": "gzip", "If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_it_speaks_the_visitors_language(visitor: FlaskClient) -> None:
    assert '<html lang="en">' in visitor.get("/", headers={"Accept-Language": "en"}).text


def test_staff_find_the_way_in(visitor: FlaskClient) -> None:
    found = BLOCK.search(visitor.get("/").text)
    assert found
    assert visitor.get(json.loads(found[1])["staff"]).status_code in (302, 401)


def test_until_circles_are_computed_it_opens_without(visitor: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = threading.Event()
    monkeypatch.setattr(web.circles, "PATIENCE_S", 0.0)
    monkeypatch.setattr(web.circles, "circles_of", lambda *given: begun.wait(60) and [["made"] for _ in range(len(public(given[1])))])
    before = content_of(visitor)
    begun.set()
    monkeypatch.setattr(web.circles, "PATIENCE_S", 60.0)
    after = content_of(visitor)
    assert (before["circles_pending"], set(map(tuple, before["venues"]["circle"]))) == (True, {()})
    assert (after["circles_pending"], after["venues"]["circle"][0]) == (False, ["made"])


@pytest.mark.slow
def test_circles_are_computed_by_a_process_and_kept(settings: Settings) -> None:
    sight = Ground(settings.workspace).sight()
    assert run_module("web.circles", str(settings.workspace), str(settings.files_folder / NAME)) == 0
    found = kept(settings.files_folder / NAME, sight)
    assert found is not None
    assert (len(found), any(found)) == (len(public(sight)), True)


def test_circles_that_were_kept_are_not_computed_again(settings: Settings) -> None:
    seen = Ground(settings.workspace).sight()
    keep(settings.files_folder / NAME, seen, [["kept"]])
    assert web.circles.circles_of(settings, seen) == [["kept"]]
    assert kept(settings.files_folder / NAME, dataclasses.replace(seen, tag="another")) is None


def test_a_damaged_file_of_circles_is_as_good_as_none(settings: Settings) -> None:
    seen = Ground(settings.workspace).sight()
    keep(settings.files_folder / NAME, seen, [])
    (settings.files_folder / NAME).write_bytes(b"\x1f\x8b broken")
    assert kept(settings.files_folder / NAME, seen) is None


def test_it_follows_the_rules_of_the_adopted_plan(app: Flask, settings: Settings, visitor: FlaskClient) -> None:
    workspace = Workspace(settings.workspace)
    plan = workspace.read_plan("first")
    fewer = dict(list(plan.rules.categories.items())[:2])
    workspace.save_plan(dataclasses.replace(plan, name="second", rules=dataclasses.replace(plan.rules, categories=fewer)))
    workspace.adopt("second")
    assert [each["code"] for each in content_of(visitor)["categories"]] == list(fewer)


def test_its_source_is_told_in_the_visitors_language(visitor: FlaskClient) -> None:
    told = {content_of(visitor, lang)["source"] for lang in ("zh", "en")}
    assert len(told) == 2


def test_without_public_venues_it_leads_to_the_account(app: Flask, settings: Settings, visitor: FlaskClient) -> None:
    workspace = Workspace(settings.workspace)
    district = workspace.read_district()
    shut = district.with_tables({"venues": district.venues.assign(public=False)})
    workspace.write_ground(shut, [])
    assert visitor.get("/").status_code == 302


def test_another_setting_is_another_page(settings: Settings) -> None:
    told = [settings, dataclasses.replace(settings, public_source="区统计局"), dataclasses.replace(settings, basemap="amap")]
    assert len({create_app(each).test_client().get("/").headers["ETag"] for each in told}) == len(told)


def test_two_servers_that_start_together_compute_the_circles_once(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    seen, computed = Ground(settings.workspace).sight(), []

    def compute(*_: str) -> int:
        computed.append(1)
        time.sleep(0.2)
        keep(settings.files_folder / NAME, seen, [["kept"]])
        return 0

    monkeypatch.setattr("web.circles.run_module", compute)
    servers = [threading.Thread(target=web.circles.circles_of, args=(settings, seen)) for _ in range(2)]
    for each in servers:
        each.start()
    for each in servers:
        each.join()
    assert len(computed) == 1

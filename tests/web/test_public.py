"""The public map at ``/``."""

from __future__ import annotations

import gzip
import json
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from gridmap.outputs.publish_fields import PAGE_FIELDS
from gridmap.store.workspace import Workspace
from web import Settings

BLOCK = re.compile(r'<script type="application/json" id="gridmap-content">(.*?)</script>', re.DOTALL)


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


def test_without_public_venues_it_leads_to_the_account(app: Flask, settings: Settings, visitor: FlaskClient) -> None:
    workspace = Workspace(settings.workspace)
    district = workspace.read_district()
    shut = district.with_tables({"venues": district.venues.assign(public=False)})
    workspace.write_ground(shut, [])
    assert visitor.get("/").status_code == 302

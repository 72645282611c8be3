"""The app as a whole: failures, languages, figures, settings, a workspace that changes."""

from __future__ import annotations

import dataclasses
import json
import logging
import os
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from webtools import token_of

from gridmap.errors import RequestError
from gridmap.ground.sample import sample_district
from gridmap.store.workspace import Workspace
from web import Settings, create_app
from web.ground import Ground
from web.settings import load_settings, table
from web.watching import LOG, JsonLines

HTML = {"Accept": "text/html"}


def test_an_unknown_address(client: FlaskClient) -> None:
    reply = client.get("/nonesuch")
    assert (reply.status_code, reply.json["error"]["code"]) == (404, "server_404")


def test_a_wrong_method(client: FlaskClient) -> None:
    reply = client.delete("/health")
    assert (reply.status_code, reply.json["error"]["code"]) == (405, "server_405")


def test_a_page_says_what_is_wrong(client: FlaskClient) -> None:
    page = client.get("/nonesuch", headers={**HTML, "Accept-Language": "en"})
    assert "There is nothing at this address." in page.text


def test_a_failure_shows_no_traceback(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    @app.get("/fails")
    def fails() -> str:
        raise ZeroDivisionError("secret words")

    fails.access = app.view_functions["public.page"].access
    for headers in (HTML, {}):
        reply = app.test_client().get("/fails", headers=headers)
        assert reply.status_code == 500
        assert "Traceback" not in reply.text
        assert "secret words" not in reply.text
        assert reply.headers["X-Request-ID"] in reply.text
    assert "secret words" in caplog.text


def test_a_body_that_is_too_large(client: FlaskClient) -> None:
    reply = client.post("/account/login", data=b"x" * 1_100_000, content_type="application/x-www-form-urlencoded")
    assert (reply.status_code, reply.json["error"]["code"]) == (413, "server_413")


def test_languages(client: FlaskClient) -> None:
    def title(**more: str) -> str:
        return "中文" if "工作人员登录" in client.get("/account/login", **more).text else "English"

    assert title(headers={"Accept-Language": "en-GB,en"}) == "English"
    assert title(headers={"Accept-Language": "zh-CN"}) == "中文"
    assert title(headers={"Accept-Language": "fr"}) == "中文"
    assert title(query_string={"lang": "en"}) == "English"
    assert title(headers={"Accept-Language": "zh-CN"}) == "English"


PAGES = ("/account/", "/account/password", "/administration/accounts/", "/administration/accounts/1", "/audit/", "/coverage/", "/members/", "/start/")


@pytest.mark.parametrize("address", ["/account/login", "/nonesuch", *PAGES])
def test_every_page_speaks_both_languages(address: str, as_role, client: FlaskClient) -> None:
    visitor = as_role("administrator") if address in PAGES else client
    for spoken, tag in (("zh", "zh-CN"), ("en", "en")):
        page = visitor.get(address, query_string={"lang": spoken, "x": "&1"}, headers=HTML).text
        assert f'<html lang="{tag}">' in page
        assert 'href="?x=%261&amp;lang=en"' in page


def test_an_answered_form_leads_back_in_the_other_language(as_role) -> None:
    visitor = as_role("auditor")
    token = token_of(visitor, "/audit/")
    page = visitor.post("/audit/verify", data={"csrf_token": token}, headers={"Referer": "http://localhost//evil.test/audit/"}).text
    assert 'href="/evil.test/audit/?lang=en"' in page


def test_health(client: FlaskClient, settings: Settings) -> None:
    assert client.get("/health").json == {"status": "ok"}
    settings.workspace.unlink()
    assert client.get("/health").status_code == 503


def test_figures_are_for_this_computer(client: FlaskClient) -> None:
    client.get("/nonesuch")
    assert 'gridmap_requests_total{status="404",view="unknown"} 1.0' in client.get("/metrics").text
    assert client.get("/metrics", environ_base={"REMOTE_ADDR": "10.0.0.7"}).status_code == 403


def test_request_ids(client: FlaskClient) -> None:
    assert client.get("/health", headers={"X-Request-ID": "from-the-proxy-7"}).headers["X-Request-ID"] == "from-the-proxy-7"
    assert client.get("/health", headers={"X-Request-ID": "<script>"}).headers["X-Request-ID"] != "<script>"


def test_the_log_is_one_object_a_line(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, LOG.name):
        client.get("/health?lang=en")
    line = json.loads(JsonLines().format(caplog.records[-1]))
    assert (line["user"], line["path"], line["status"]) == ("-", "/health", 200)


def test_settings_from_everywhere(tmp_path: Path) -> None:
    file = tmp_path / "server.toml"
    file.write_text("port = 1\nthreads = 2\nhttps = true\n", encoding="utf-8")
    environment = {"GRIDMAP_SERVER_PORT": "3", "GRIDMAP_SERVER_UPLOAD_MB": "4"}
    found = load_settings(Path("town.gpkg"), file=file, environment=environment, upload_mb=5, host=None)
    assert (found.port, found.threads, found.https, found.upload_mb, found.host) == (3, 2, True, 5, "127.0.0.1")


@pytest.mark.parametrize("text", ["nonsense = 1", 'port = "many"', "port =", 'https = "perhaps"'])
def test_settings_that_cannot_be(text: str, tmp_path: Path) -> None:
    file = tmp_path / "server.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(RequestError):
        load_settings(Path("town.gpkg"), file=file, environment={})


def test_every_setting_has_a_sentence() -> None:
    assert [name for name, _, sentence in table() if not sentence.endswith(".")] == []


def test_the_ground_is_read_once(settings: Settings) -> None:
    ground = Ground(settings.workspace)
    assert ground.sight() is ground.sight()
    assert ground.sight().plan.name == "first"


def test_what_is_made_from_the_ground_is_made_once(settings: Settings) -> None:
    ground = Ground(settings.workspace)
    assert ground.sight().remember("list", list) is ground.sight().remember("list", list)


def test_a_workspace_that_was_replaced_is_read_anew(settings: Settings, tmp_path: Path) -> None:
    ground = Ground(settings.workspace)
    before = ground.sight()
    Workspace(tmp_path / "new.gpkg").write_ground(sample_district(300, seed=2), [], based_on=None)
    times = settings.workspace.stat()
    os.utime(tmp_path / "new.gpkg", ns=(times.st_atime_ns, times.st_mtime_ns))
    (tmp_path / "new.gpkg").replace(settings.workspace)
    assert ground.sight().plan is None
    assert ground.sight().tag != before.tag


def test_a_workspace_that_was_changed_is_read_anew(settings: Settings) -> None:
    ground = Ground(settings.workspace)
    before = ground.sight()
    times = settings.workspace.stat()
    ground.workspace.delete_plan("first", even_adopted=True)
    os.utime(settings.workspace, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert ground.sight().plan is None
    assert before.plan is not None


def test_behind_a_proxy_its_word_counts(settings: Settings) -> None:
    headers = {"X-Forwarded-For": "127.0.0.1"}
    outside = {"REMOTE_ADDR": "10.0.0.7"}
    plain, proxied = create_app(settings), create_app(dataclasses.replace(settings, proxies=1))
    assert plain.test_client().get("/metrics", headers=headers, environ_base=outside).status_code == 403
    assert proxied.test_client().get("/metrics", headers=headers, environ_base=outside).status_code == 200

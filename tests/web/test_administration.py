"""The pages of accounts and of the audit log, without a browser."""

from __future__ import annotations

import csv
import io
import re
import sqlite3
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from openpyxl import load_workbook
from webtools import PASSWORD, log_in, token_of

from gridmap.store.accounts import Accounts, Territory, User
from gridmap.store.audit import AuditEntry, AuditLog
from web import Settings

pytestmark = pytest.mark.slow

ACCOUNTS = "/administration/accounts/"
NEW = "another good password"


class Administrator:
    """Somebody at the pages of accounts."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self.token = token_of(client, ACCOUNTS)

    def post(self, address: str, **form: Any) -> Any:
        return self.client.post(address, data={"csrf_token": self.token, **form})


@pytest.fixture
def administrator(as_role) -> Administrator:
    return Administrator(as_role("administrator"))


@pytest.fixture
def log(accounts: Accounts) -> AuditLog:
    return AuditLog(accounts.store)


def named(accounts: Accounts, name: str) -> User:
    return next(user for user in accounts.users() if user.name == name)


def of(user: User, what: str = "") -> str:
    return f"{ACCOUNTS}{user.user_id}{what}"


def newest(log: AuditLog) -> AuditEntry:
    return log.entries(last=1)[0]


def test_accounts_are_listed_with_their_last_login(as_role, accounts: Accounts) -> None:
    page = as_role("auditor").get(ACCOUNTS, headers={"Accept": "text/html"}).text
    assert [user.name for user in accounts.users() if user.name not in page] == []
    assert named(accounts, "auditor").last_login[:10] in page
    assert "新建账号" not in page


def test_an_account_is_made_with_a_password_shown_once(administrator: Administrator, app: Flask, accounts: Accounts, log: AuditLog) -> None:
    page = administrator.post(ACCOUNTS, name="王", role="community", ids_community=["C1"], ids_grids=["G1"]).text
    password = re.search(r"<output>([^<]+)</output>", page)[1]
    assert password not in administrator.client.get(ACCOUNTS).text
    made = named(accounts, "王")
    assert (made.role, made.territory, made.must_change) == ("community", Territory("community", ("C1",)), True)
    entry = newest(log)
    assert (entry.actor, entry.action, entry.subject, bool(entry.request_id)) == ("administrator", "user_added", "王", True)
    client = app.test_client()
    assert log_in(client, "王", password) == 302


def test_a_given_password_is_good_for_nothing_but_to_be_changed(administrator: Administrator, app: Flask) -> None:
    administrator.post(ACCOUNTS, name="王", role="planner", password=NEW)
    client = app.test_client()
    log_in(client, "王", NEW)
    assert [client.get(address).location for address in ("/start/", "/members/data.json", "/account/")] == ["/account/password"] * 3
    form = {"present": NEW, "new": NEW + "!", "again": NEW + "!", "csrf_token": token_of(client, "/account/password")}
    assert client.post("/account/password", data=form).status_code == 302
    assert client.get("/start/").status_code == 200


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"name": "planner", "role": "planner"}, "planner"),
        ({"name": "王", "role": "nonesuch"}, "请选一个角色"),
        ({"name": "王"}, "请选一个角色"),
        ({"name": "王", "role": "community"}, "请勾选"),
        ({"name": "王", "role": "planner", "password": "short"}, "10"),
        ({"name": "", "role": "planner"}, "账号"),
    ],
)
def test_accounts_that_make_no_sense(form: dict[str, str], told: str, administrator: Administrator, accounts: Accounts) -> None:
    before = accounts.users()
    reply = administrator.post(ACCOUNTS, **form)
    alert = reply.text.partition('role="alert">')[2].partition("<")[0]
    assert (reply.status_code, told in alert, "--" in alert) == (400, True, False)
    assert accounts.users() == before


@pytest.mark.parametrize(
    ("what", "form", "action"),
    [
        ("/role", {"role": "street_office", "ids_street_office": ["河东街道"]}, "user_changed"),
        ("/disabled", {"disabled": "1"}, "user_disabled"),
        ("/password", {"password": NEW}, "password_changed"),
    ],
)
def test_a_changed_account_is_out_at_once(
    what: str, form: dict[str, Any], action: str, administrator: Administrator, as_role, accounts: Accounts, log: AuditLog
) -> None:
    inside = as_role("planner")
    assert administrator.post(of(named(accounts, "planner"), what), **form).status_code in (200, 302)
    assert inside.get("/account/").status_code == 401
    assert (newest(log).actor, newest(log).action, newest(log).subject) == ("administrator", action, "planner")


def test_an_account_is_let_in_again(administrator: Administrator, accounts: Accounts, client: FlaskClient) -> None:
    accounts.disable("planner", by="test")
    administrator.post(of(named(accounts, "planner"), "/disabled"), disabled="0")
    assert log_in(client, "planner", PASSWORD) == 302


@pytest.mark.parametrize("what", ["/role", "/disabled", "/password"])
def test_nobody_changes_his_own_account_here(what: str, administrator: Administrator, accounts: Accounts) -> None:
    before = accounts.users()
    reply = administrator.post(of(named(accounts, "administrator"), what), role="auditor", disabled="1", password=NEW)
    assert (reply.status_code, reply.json["error"]["code"]) == (400, "accounts_own")
    assert accounts.users() == before


def test_an_unknown_account(administrator: Administrator) -> None:
    assert [administrator.post(f"{ACCOUNTS}99999{what}").status_code for what in ("/role", "/disabled", "/password")] == [404] * 3


def test_what_an_account_has_though_it_is_there_no_more_stays_ticked(administrator: Administrator, accounts: Accounts) -> None:
    accounts.add("王", NEW, "grid_worker", Territory("grids", ("旧格",)), by="test")
    page = administrator.client.get(of(named(accounts, "王")), headers={"Accept": "text/html"}).text
    assert re.search(r'value="旧格" checked><span>旧格（现在的数据里没有）', page)


def test_without_a_workspace_there_is_a_page_all_the_same(administrator: Administrator, settings: Settings) -> None:
    settings.workspace.unlink()
    assert "还没有社区" in administrator.client.get(ACCOUNTS).text


def test_no_password_is_in_the_log(administrator: Administrator, settings: Settings) -> None:
    administrator.post(ACCOUNTS, name="王", role="planner", password=NEW)
    assert NEW.encode() not in settings.private_path.read_bytes()


# --- the audit log -------------------------------------------------------------------------------------------------------------------------------


def rows_of(client: FlaskClient, **asked: str) -> list[str]:
    page = client.get("/audit/", query_string=asked, headers={"Accept": "text/html"}).text
    return [re.sub(r"<[^>]+>", "|", row) for row in re.findall(r"<tr>(<td.*?)</tr>", page)]


def test_rows_are_found_by_account_kind_and_day(as_role, log: AuditLog) -> None:
    client = as_role("auditor")
    log.record("li", "members_export", "G1", purpose="核对台账", households=3)
    (row,) = rows_of(client, actor="li")
    assert "导出党员户" in row
    assert "用途：核对台账" in row
    assert len(rows_of(client, action="members_export")) == 1
    assert rows_of(client, actor="li", until="2020-01-01") == []
    today = newest(log).at[:10]
    assert len(rows_of(client, actor="li", since="2020-01-01")) == 1
    assert today not in rows_of(client, actor="nobody")


def test_older_rows_are_on_further_pages(as_role, log: AuditLog) -> None:
    client = as_role("auditor")
    for number in range(110):
        log.record("li", "downloaded", str(number))
    page = client.get("/audit/?actor=li", headers={"Accept": "text/html"}).text
    older = re.search(r'href="([^"]+)">更早的', page)[1].replace("&amp;", "&")
    assert (len(rows_of(client, actor="li")), client.get(older).text.count("<tr><td")) == (100, 10)


@pytest.mark.parametrize("asked", ["since=x", "until=0001-01-01", "since=9999-12-31"])
def test_days_that_make_no_sense(asked: str, as_role) -> None:
    reply = as_role("auditor").get(f"/audit/?{asked}")
    assert (reply.status_code, reply.json["error"]["code"]) == (400, "audit_day")


@pytest.mark.parametrize("before", ["x", "-1", "9" * 30, "²"])
def test_pages_that_make_no_sense(before: str, as_role) -> None:
    assert as_role("auditor").get(f"/audit/?before={before}").status_code == 200


def verified(client: FlaskClient, **form: str) -> str:
    return client.post("/audit/verify", data={"csrf_token": token_of(client, "/audit/"), **form}).text


def test_the_log_is_verified_and_that_is_written_down(as_role, log: AuditLog) -> None:
    client = as_role("auditor")
    head = log.verify().head
    page = verified(client, head=head)
    assert "完整，没有改动" in page
    assert (newest(log).actor, newest(log).action) == ("auditor", "audit_verified")
    assert 'role="alert"' in verified(client, head="0" * 64)


def test_an_altered_row_is_told(as_role, settings: Settings) -> None:
    client = as_role("auditor")
    with sqlite3.connect(settings.private_path) as connection:
        connection.execute("UPDATE audit SET actor = 'li' WHERE number = 2")
    connection.close()
    assert "第 2 行被改动过" in verified(client)


def test_the_log_is_taken_away_and_that_is_written_down(as_role, log: AuditLog) -> None:
    client = as_role("auditor")
    log.record("li", "downloaded", "=HYPERLINK(1)")
    sheet = load_workbook(io.BytesIO(client.get("/audit/xlsx?actor=li").data)).active
    cells = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert ["账号", "li"] in [row[:2] for row in cells]
    assert cells[-1][2:5] == ["li", "下载文件", "'=HYPERLINK(1)"]
    assert (newest(log).action, newest(log).details["asked_actor"], newest(log).details["rows"]) == ("audit_export", "li", 1)
    reply = client.get("/audit/csv?actor=li&lang=en")
    table = list(csv.reader(io.StringIO(reply.data.decode("utf-8-sig"))))
    assert (table[0][2], table[1][2:5], reply.headers["Cache-Control"]) == ("Account", ["li", "file downloaded", "'=HYPERLINK(1)"], "no-store")


def test_names_in_the_log_are_text(as_role, log: AuditLog) -> None:
    log.record("<b>li</b>", "<i>", "<script>")
    page = as_role("auditor").get("/audit/").text
    assert "&lt;script&gt;" in page
    assert "<b>li</b>" not in page

"""Commands about the server: ``serve``, ``user``, ``audit``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from gridmap.cli.ground import JSON, LANG, PATH, WORKSPACE, login_name
from gridmap.cli.reply import Answer, give, table_lines
from gridmap.cli.words import Command, Group, option, say
from gridmap.errors import RequestError

if TYPE_CHECKING:
    from gridmap.store.accounts import Accounts, Role

PRIVATE = option("--private", type=PATH)
PASSWORD_FILE = option("--password-file", type=click.Path(path_type=Path, allow_dash=True))
NAME = click.argument("name")
ROLES = ("grid_worker", "community", "street_office", "planner", "auditor", "administrator")


@click.command("serve", cls=Command)
@WORKSPACE
@option("--host")
@option("--port", type=click.IntRange(min=0, max=65535))
@option("--settings", type=PATH)
@PRIVATE
@LANG
def serve(workspace: Path, host: str | None, port: int | None, settings: Path | None, private: Path | None) -> int:
    """The text stands in the catalogue."""
    serve_workspace(workspace, host=host, port=port, settings=settings, private=private)
    return 0


def serve_workspace(
    workspace: Path,
    *,
    host: str | None = None,
    port: int | None = None,
    settings: Path | None = None,
    private: Path | None = None,
    opened: Callable[[str], None] | None = None,
) -> None:
    """Start the server and wait until it is stopped; the first start asks for the first administrator. ``opened`` is told the address."""
    from gridmap.store.accounts import Accounts
    from gridmap.store.private import PrivateStore
    from gridmap.store.workspace import Workspace
    from web.serving import serve as run_server
    from web.settings import load_settings

    chosen = load_settings(workspace, file=settings, host=host, port=port, private=private)
    store = PrivateStore(chosen.private_path)
    if workspace.exists():
        # A file that is no workspace is told now, not to the first visitor.
        Workspace(workspace).adopted()
    if store.exists():
        # One of an earlier version is brought up to date before anything is read from it.
        store.make()
    if not store.exists() or not Accounts(store).users():
        _ask_first(workspace, store.path)

    def ready(address: str) -> None:
        click.echo(say("serve_ready", address=address))
        if opened is not None:
            opened(address)

    run_server(chosen, ready=ready)
    click.echo(say("serve_stopped"))


def _ask_first(workspace: Path, private: Path) -> None:
    """Ask for the first administrator; where nobody can be asked, raise ``RequestError`` before anything is made."""
    if not _can_ask():
        raise RequestError("serve_no_account", workspace=str(workspace))
    click.echo(say("serve_first"))
    name = str(click.prompt(say("user_ask_name"), default=login_name() or None))
    password = _asked_password()
    _accounts(workspace, private, make=True).add(name, password, "administrator", by=login_name() or "-")


@click.group("user", cls=Group)
@LANG
def user() -> None:
    """The text stands in the catalogue."""


@user.command("add", text="user_add")
@WORKSPACE
@NAME
@option("--role", type=click.Choice(ROLES), required=True)
@option("--street-office", "street_office", multiple=True)
@option("--community", "communities_of", multiple=True)
@option("--grid", "grids_of", multiple=True)
@PASSWORD_FILE
@PRIVATE
@JSON
@LANG
def add(
    workspace: Path,
    name: str,
    role: Any,
    street_office: tuple[str, ...],
    communities_of: tuple[str, ...],
    grids_of: tuple[str, ...],
    password_file: Path | None,
    private: Path | None,
    as_json: bool,
) -> int:
    """The text stands in the catalogue."""
    from gridmap.store.accounts import Territory

    chosen = [(kind, ids) for kind, ids in (("street_office", street_office), ("community", communities_of), ("grids", grids_of)) if ids]
    if len(chosen) > 1:
        raise RequestError("user_territory_unfit", role=role)
    territory = Territory(cast(Any, chosen[0][0]), chosen[0][1]) if chosen else Territory()
    password = _password(password_file)
    _accounts(workspace, private, make=True).add(name, password, cast("Role", role), territory, by=login_name() or "-")
    data = {"user": name, "role": role, "territory": {"kind": territory.kind, "ids": list(territory.ids)}}
    return give(Answer(data, [say("user_added", user=name, role=f"role_{role}")]), as_json=as_json)


@user.command("password", text="user_password")
@WORKSPACE
@NAME
@PASSWORD_FILE
@PRIVATE
@JSON
@LANG
def password(workspace: Path, name: str, password_file: Path | None, private: Path | None, as_json: bool) -> int:
    """The text stands in the catalogue."""
    accounts = _accounts(workspace, private)
    accounts.set_password(name, _password(password_file), by=login_name() or "-")
    return give(Answer({"user": name}, [say("user_password_set", user=name)]), as_json=as_json)


@user.command("list", text="user_list")
@WORKSPACE
@PRIVATE
@JSON
@LANG
def list_users(workspace: Path, private: Path | None, as_json: bool) -> int:
    """The text stands in the catalogue."""
    rows = [
        {
            "name": each.name,
            "role": each.role,
            "territory": " ".join([each.territory.kind, *each.territory.ids]),
            "disabled": each.disabled,
            "made_at": each.made_at,
        }
        for each in _accounts(workspace, private).users()
    ]
    headings = {name: say(f"users_{name}") for name in ("name", "role", "territory", "disabled", "made_at")}
    return give(Answer({"users": rows}, table_lines(rows, headings) if rows else [say("user_none")]), as_json=as_json)


@user.command("disable", text="user_disable")
@WORKSPACE
@NAME
@option("--undo", is_flag=True)
@PRIVATE
@JSON
@LANG
def disable(workspace: Path, name: str, undo: bool, private: Path | None, as_json: bool) -> int:
    """The text stands in the catalogue."""
    _accounts(workspace, private).disable(name, by=login_name() or "-", disabled=not undo)
    return give(Answer({"user": name, "disabled": not undo}, [say("user_enabled" if undo else "user_disabled", user=name)]), as_json=as_json)


@click.group("audit", cls=Group)
@LANG
def audit() -> None:
    """The text stands in the catalogue."""


@audit.command("verify", text="audit_verify")
@WORKSPACE
@PRIVATE
@option("--head")
@JSON
@LANG
def verify(workspace: Path, private: Path | None, head: str | None, as_json: bool) -> int:
    """The text stands in the catalogue."""
    from gridmap.store.audit import AuditLog

    report = AuditLog(_accounts(workspace, private).store).verify(head=head)
    line = say("audit_broken", rows=report.rows) if report.findings else say("audit_whole", rows=report.rows, head=report.head)
    return give(Answer({"rows": report.rows, "head": report.head}, [line], report.findings), as_json=as_json)


def _accounts(workspace: Path, private: Path | None, *, make: bool = False) -> Accounts:
    """Return the accounts of the private store that belongs to a workspace; ``make`` it when there is none."""
    from gridmap.store.accounts import Accounts
    from gridmap.store.private import PrivateStore

    store = PrivateStore(private) if private is not None else PrivateStore.beside(workspace)
    if not make and not store.exists():
        raise RequestError("private_missing", file=str(store.path))
    store.make()
    return Accounts(store)


def _password(file: Path | None) -> str:
    """Return the password from a file (its first line), or ask for it."""
    if file is not None:
        text = sys.stdin.readline() if str(file) == "-" else file.read_text(encoding="utf-8")
        return text.split("\n")[0].removesuffix("\r")
    if not _can_ask():
        raise RequestError("user_no_terminal")
    return _asked_password()


def _asked_password() -> str:
    while True:
        first = str(click.prompt(say("user_ask_password"), hide_input=True))
        if first == click.prompt(say("user_ask_again"), hide_input=True):
            return first
        click.echo(say("user_not_same"))


def _can_ask() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


COMMANDS = (serve, user, audit)

"""Commands about organisations and member households: ``members import``, ``members sample``."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gridmap.cli.ground import JSON, LANG, PATH, SEED, WORKSPACE, login_name
from gridmap.cli.reply import Answer, give
from gridmap.cli.words import Command, Group, language, option, say

if TYPE_CHECKING:
    from gridmap.people.reading import SheetReport

SHOWN_COLUMNS = 12


@click.group("members", cls=Group)
@LANG
def members() -> None:
    """The text stands in the catalogue."""


@members.command("import", cls=Command, text="members_import")
@WORKSPACE
@click.argument("file", type=PATH)
@option("--private", type=PATH)
@JSON
@LANG
def import_(workspace: Path, file: Path, private: Path | None, as_json: bool) -> int:
    """The text stands in the catalogue."""
    from gridmap.people.reading import read_people
    from gridmap.store.members import Members
    from gridmap.store.private import PrivateStore
    from gridmap.store.workspace import Workspace

    district = Workspace(workspace).read_district()
    store = PrivateStore(private) if private is not None else PrivateStore.beside(workspace)
    # Nothing is made before the file has been read, but what is there tells which organisations are known.
    old = None
    if store.exists():
        store.make()
        old = Members(store).read()
    found = read_people(file, district, old=old)
    store.make()
    told = Members(store).replace(found.tables, by=login_name() or "-", source=file.name)
    lines = [line for each in found.sheets for line in _sheet_lines(each)]
    for name, changed in told.items():
        counts = {what: len(ids) for what, ids in changed.items()}
        lines.append(say("members_changed", table=name, **counts))
    lines.append(say("members_imported", store=str(store.path)))
    data: dict[str, Any] = {
        "workspace": str(workspace),
        "private": str(store.path),
        "sheets": [dataclasses.asdict(each) for each in found.sheets],
        "changes": told,
    }
    return give(Answer(data, lines, found.findings), as_json=as_json)


def _sheet_lines(sheet: SheetReport) -> list[str]:
    lines = [say("members_sheet", sheet=sheet.sheet, table=sheet.table, kept=sheet.rows_kept, read=sheet.rows_read)]
    lines.append(say("members_fields", fields=_fields(sheet.table, sheet.fields), unused=_some(sheet.unused)))
    return lines


def _fields(table: str, fields: Mapping[str, str]) -> str:
    from gridmap.people.tables import PEOPLE_TABLES

    titles = {each.name: getattr(each, language()) for each in PEOPLE_TABLES[table].columns}
    return ", ".join(f"{titles.get(ours, ours)} = {theirs}" for ours, theirs in fields.items())


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:SHOWN_COLUMNS]) + (" …" if len(names) > SHOWN_COLUMNS else "") or "—"


@members.command("sample", cls=Command, text="members_sample")
@WORKSPACE
@click.argument("out", type=PATH)
@option("--seed", type=SEED, default=1, show_default=True)
@option("--overwrite", is_flag=True)
@JSON
@LANG
def sample(workspace: Path, out: Path, seed: int, overwrite: bool, as_json: bool) -> int:
    """The text stands in the catalogue."""
    from gridmap.errors import RequestError
    from gridmap.people.sample import write_sample_members
    from gridmap.store.connections import drafted
    from gridmap.store.workspace import Workspace

    if out.suffix.lower() != ".xlsx":
        raise RequestError("members_sample_ending", file=out.name)
    if out.exists() and not overwrite:
        raise RequestError("cli_exists", path=str(out))
    district = Workspace(workspace).read_district()
    with drafted(out) as draft:
        counts = write_sample_members(district, draft, seed=seed)
    lines = [say("members_sample_done", path=str(out), households=counts["member_households"], organisations=counts["organisations"])]
    return give(Answer({"file": str(out), "rows": counts}, lines), as_json=as_json)


COMMANDS = (members,)

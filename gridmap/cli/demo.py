"""The command ``demo``: the whole way once, each step shown as the command that a user would type."""

from __future__ import annotations

import os
import shlex
import sys
import webbrowser
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from gridmap.cli.ground import LANG, PATH, SEED
from gridmap.cli.words import Command, language, option, say

if TYPE_CHECKING:
    from gridmap.store.accounts import Role

GOES_ON = (0, 3)
"""Exit codes after which the demonstration goes on; 3 means that findings remain, and the office's files have some on purpose."""


@click.command("demo", cls=Command)
@click.argument("folder", type=PATH, default=Path("gridmap-demo"), required=False)
@option("--rules", "profile", default="nantong", show_default=True)
@option("--households", type=click.IntRange(min=1), default=6000, show_default=True)
@option("--seed", type=SEED, default=1, show_default=True)
@option("--serve/--no-serve", "serve", default=None)
@LANG
def demo(folder: Path, profile: str, households: int, seed: int, serve: bool | None) -> int:
    """The text stands in the catalogue."""
    folder = unused_folder(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for explanation, line in steps(folder, profile=profile, households=households, seed=seed):
        click.secho(f"\n{say(explanation)}", bold=True)
        click.secho(f"$ gridmap {shlex.join(line)}", fg="cyan")
        code = _run_step([*line, "--lang", language()])
        if code not in GOES_ON:
            return code
    click.secho("\n" + say("demo_done", map=str(folder / "plan.html"), plan=str(folder / "plan.gpkg")), bold=True)
    if sys.stdout.isatty() if serve is None else serve:
        _serve(folder / "district.gpkg")
    return 0


def _serve(workspace: Path) -> None:
    """Start the server on what was made, with accounts whose passwords are made up now and shown once, and open the public map."""
    from gridmap.cli.server import serve_workspace
    from gridmap.store.accounts import Accounts, Territory, made_password
    from gridmap.store.private import PrivateStore
    from gridmap.store.workspace import Workspace

    community_id, name = next(iter(Workspace(workspace).read_district().communities["name"].items()))
    accounts = Accounts(PrivateStore.beside(workspace))
    click.secho("\n" + say("demo_serve"), bold=True)
    everything, one = Territory(), Territory("community", (str(community_id),))
    who: list[tuple[str, Role, Territory, str]] = [
        ("demo", "administrator", everything, ""),
        ("demo-planner", "planner", everything, ""),
        ("demo-community", "community", one, f" {name}"),
    ]
    for user, role, territory, place in who:
        password = made_password()
        accounts.add(user, password, role, territory, by="demo")
        click.echo(say("demo_account", user=user.ljust(14), password=password, role=f"role_{role}", place=place))
    serve_workspace(workspace, opened=_show)


def _show(address: str) -> None:
    """Open a page in the user's browser, where there is a screen to show it on."""
    if sys.platform in ("win32", "darwin") or any(name in os.environ for name in ("DISPLAY", "WAYLAND_DISPLAY")):
        webbrowser.open(address)


def unused_folder(folder: Path) -> Path:
    """Return ``folder``, or when something is in it the first free one of ``folder-2``, ``folder-3`` ...: a demonstration touches nobody's files."""
    number, free = 1, folder
    while free.exists() and (not free.is_dir() or any(free.iterdir())):
        number += 1
        free = folder.with_name(f"{folder.resolve().name}-{number}")
    return free


def steps(folder: Path, *, profile: str, households: int, seed: int) -> list[tuple[str, list[str]]]:
    """Return the steps of the demonstration: the code of its explanation and the command line."""
    from gridmap.ground.sample import office_options

    office, workspace = folder / "office", str(folder / "district.gpkg")
    return [
        (
            "demo_sample",
            ["sample", str(folder / "sample.gpkg"), "--office", str(office), "--households", str(households), "--seed", str(seed), "--overwrite"],
        ),
        ("demo_import", ["import", workspace, *office_options(office)]),
        ("demo_plan", ["plan", workspace, "--name", "first", "--rules", profile]),
        ("demo_adopt", ["adopt", workspace, "first"]),
        ("demo_export", ["export", workspace, str(folder / "plan.gpkg")]),
        ("demo_map", ["map", workspace, str(folder / "plan.html")]),
        ("demo_members_sample", ["members", "sample", workspace, str(folder / "members.xlsx"), "--seed", str(seed)]),
        ("demo_members_import", ["members", "import", workspace, str(folder / "members.xlsx")]),
    ]


def _run_step(line: Sequence[str]) -> int:
    """Run one command of the program that this command belongs to; its failures end the demonstration as they would end the command."""
    root = click.get_current_context().find_root()
    code = cast(click.Group, root.command).main(list(line), prog_name="gridmap", standalone_mode=False, obj=root.obj)
    return code if isinstance(code, int) else 0


COMMANDS = (demo,)

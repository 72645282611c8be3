"""The command ``repair``: mend what breaks the rules in a plan, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gridmap.cli.ground import JSON, LANG, SEED, WORKSPACE, login_name
from gridmap.cli.reply import Answer, give, table_lines
from gridmap.cli.words import Command, language, option, say

if TYPE_CHECKING:
    from gridmap.grids.mending import Repair

MOVES_SHOWN = 20
"""How many moves are shown one by one; ``--json`` has them all."""


@click.command("repair", cls=Command)
@WORKSPACE
@click.argument("plan")
@option("--keep", multiple=True, metavar="GRID")
@option("--community", "repair_community")
@option("--name", "repair_name")
@option("--seed", type=SEED, default=0, show_default=True)
@option("--author")
@JSON
@LANG
def repair(
    workspace: Path,
    plan: str,
    keep: tuple[str, ...],
    repair_community: str | None,
    repair_name: str | None,
    seed: int,
    author: str | None,
    as_json: bool,
) -> int:
    """The text stands in the catalogue."""
    from gridmap.errors import RequestError
    from gridmap.grids.mending import repair as repair_plan
    from gridmap.store.workspace import Workspace

    store = Workspace(workspace)
    old = store.read_plan(plan)
    name = f"{plan}-repaired" if repair_name is None else repair_name
    if name == plan:
        raise RequestError("cli_repair_same_name", plan=plan)
    store.check_plan_name(name)
    if old.origin.ground != store.read_district().fingerprint():
        raise RequestError("cli_repair_stale", plan=plan)
    repaired = repair_plan(old, keep=keep, community=repair_community, name=name, author=author or login_name(), seed=seed)
    saved = not repaired.moves.empty
    if saved:
        store.save_plan(repaired.plan)
    before = [each.as_dict(language()) for each in repaired.before]
    data = {"workspace": str(workspace), "from": plan, "plan": name if saved else None, **repaired.as_dict(), "findings_before": before}
    return give(Answer(data, repair_lines(repaired, plan), repaired.after), as_json=as_json)


def repair_lines(repaired: Repair, plan: str) -> list[str]:
    """Say what a repair changes, move by move as far as they are few."""
    if repaired.moves.empty:
        grids = ", ".join(repaired.violated)
        return [say("cli_repair_no_better", plan=plan, grids=grids) if grids else say("cli_repair_nothing", plan=plan)]
    numbers = {"moved": repaired.households_moved, "atoms": len(repaired.moves)}
    rows = repaired.moves.rename_axis("atom").reset_index().astype(object)
    headings = {name: say(f"cli_repair_{name}") for name in ("atom", "from_grid", "to_grid", "households")}
    more = len(rows) - MOVES_SHOWN
    return [
        say("cli_repair_done", plan=plan, **numbers),
        say("cli_repair_outside", before=repaired.outside_before, after=repaired.outside_after),
        "",
        *table_lines(rows.head(MOVES_SHOWN).to_dict("records"), headings, numbers=("households",)),
        *([say("cli_repair_more", more=more)] if more > 0 else []),
        "",
        say("cli_repair_saved", name=repaired.plan.name, plan=plan),
    ]


COMMANDS = (repair,)

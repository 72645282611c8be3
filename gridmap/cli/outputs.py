"""Commands about what leaves gridmap: ``export``, ``map``, ``demo``."""

from __future__ import annotations

from pathlib import Path

import click

from gridmap.cli.ground import JSON, LANG, PATH, WORKSPACE
from gridmap.cli.reply import Answer, give, stale_findings
from gridmap.cli.words import Command, language, option, say


@click.command("export", cls=Command)
@WORKSPACE
@click.argument("out", type=PATH)
@option("--plan")
@JSON
@LANG
def export(workspace: Path, out: Path, plan: str | None, as_json: bool) -> int:
    """The text stands in the catalogue."""
    from gridmap.outputs.export import export_plan
    from gridmap.store.workspace import Workspace

    store = Workspace(workspace)
    chosen, district = store.read_plan(plan or store.adopted_or_only()), store.read_district()
    findings = [*stale_findings(chosen, district), *export_plan(chosen, district, out, language=language())]
    lines = [say("cli_export_done", plan=chosen.name, path=str(out))]
    return give(Answer({"workspace": str(workspace), "plan": chosen.name, "file": str(out)}, lines, findings), as_json=as_json)


@click.command("map", cls=Command)
@WORKSPACE
@click.argument("out", type=PATH)
@option("--plan")
@JSON
@LANG
def map_(workspace: Path, out: Path, plan: str | None, as_json: bool) -> int:
    """The text stands in the catalogue."""
    from gridmap.outputs.maps import check_page_name, plan_map, save_map
    from gridmap.store.workspace import Workspace

    check_page_name(out)
    store = Workspace(workspace)
    chosen, district = store.read_plan(plan or store.adopted_or_only()), store.read_district()
    save_map(plan_map(chosen, district=district, language=language()), out)
    lines = [say("cli_map_done", plan=chosen.name, path=str(out))]
    return give(
        Answer({"workspace": str(workspace), "plan": chosen.name, "file": str(out)}, lines, stale_findings(chosen, district)), as_json=as_json
    )


COMMANDS = (export, map_)

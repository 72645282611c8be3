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
@option("--ground", is_flag=True)
@option("--layer")
@JSON
@LANG
def export(workspace: Path, out: Path, plan: str | None, ground: bool, layer: str | None, as_json: bool) -> int:
    """The text stands in the catalogue."""
    from gridmap.errors import RequestError
    from gridmap.outputs.export import export_ground, export_plan
    from gridmap.store.workspace import Workspace

    if ground and plan is not None:
        raise RequestError("cli_plan_or_ground", plan=plan)
    store = Workspace(workspace)
    name = None if ground else store.adopted_or_only_or_none() if plan is None else plan
    district = store.read_district()
    data = {"workspace": str(workspace), "plan": name, "layer": layer, "file": str(out)}
    if name is None:
        findings = export_ground(district, out, findings=store.ground_findings(), layer=layer, language=language())
        return give(Answer(data, [say("cli_export_ground_done" if ground else "cli_export_no_plan", path=str(out))], findings), as_json=as_json)
    chosen = store.read_plan(name)
    findings = [*stale_findings(chosen, district), *export_plan(chosen, district, out, layer=layer, language=language())]
    return give(Answer(data, [say("cli_export_done", plan=chosen.name, path=str(out))], findings), as_json=as_json)


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
    chosen, district = store.read_plan(store.adopted_or_only() if plan is None else plan), store.read_district()
    save_map(plan_map(chosen, district=district, language=language()), out)
    lines = [say("cli_map_done", plan=chosen.name, path=str(out))]
    return give(
        Answer({"workspace": str(workspace), "plan": chosen.name, "file": str(out)}, lines, stale_findings(chosen, district)), as_json=as_json
    )


COMMANDS = (export, map_)

"""Commands about what leaves gridmap: ``export``, ``map``, ``demo``."""

from __future__ import annotations

from pathlib import Path

import click

from gridmap.cli.circles import ONE_LIMIT, WALK
from gridmap.cli.ground import JSON, LANG, PATH, RULES, WORKSPACE
from gridmap.cli.reply import Answer, give, progress_bars, stale_findings
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
@option("--coverage", "coverage", is_flag=True)
@ONE_LIMIT
@WALK
@RULES
@JSON
@LANG
def map_(workspace: Path, out: Path, plan: str | None, coverage: bool, walk_minutes: float, walk: str, profile: str, as_json: bool) -> int:
    """The text stands in the catalogue."""
    from gridmap.outputs.maps import check_page_name, plan_map, save_map
    from gridmap.store.workspace import Workspace

    check_page_name(out)
    if coverage:
        if plan is not None:
            raise click.UsageError(say("cli_map_two_kinds"))
        return _map_coverage(workspace, out, minutes=walk_minutes, walk=walk, profile=profile, as_json=as_json)
    store = Workspace(workspace)
    chosen, district = store.read_plan(store.adopted_or_only() if plan is None else plan), store.read_district()
    save_map(plan_map(chosen, district=district, language=language()), out)
    lines = [say("cli_map_done", plan=chosen.name, path=str(out))]
    return give(
        Answer({"workspace": str(workspace), "plan": chosen.name, "file": str(out)}, lines, stale_findings(chosen, district)), as_json=as_json
    )


def _map_coverage(workspace: Path, out: Path, *, minutes: float, walk: str, profile: str, as_json: bool) -> int:
    from gridmap.circles.coverage import coverage as cover
    from gridmap.circles.summaries import coverage_findings
    from gridmap.outputs.coverage_layers import settings
    from gridmap.outputs.coverage_map import coverage_map
    from gridmap.outputs.maps import save_map
    from gridmap.rules import load_rules
    from gridmap.store.workspace import Workspace
    from gridmap.walking.cache import cached_network

    rules, store = load_rules(profile), Workspace(workspace)
    district = store.read_district()
    with progress_bars() as progress:
        network = cached_network(district, folder=store.networks_folder)
        found = cover(district, rules, walk=walk, minutes=minutes, network=network, progress=progress)
        save_map(coverage_map(found, district, language=language(), progress=progress), out)
    data = {"workspace": str(workspace), "settings": settings(found), "file": str(out)}
    return give(Answer(data, [say("cli_map_coverage_done", path=str(out))], coverage_findings(found, district)), as_json=as_json)


COMMANDS = (export, map_)

"""Commands about the levels above the grid: ``areas``, ``merge-communities``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gridmap.cli.ground import JSON, LANG, PATH, RULES, SEED, WORKSPACE
from gridmap.cli.plans import Bounds
from gridmap.cli.reply import Answer, give, stale_findings, table_lines
from gridmap.cli.words import Command, language, option, say

if TYPE_CHECKING:
    from gridmap.grids.areas import AreaBounds, Areas
    from gridmap.grids.mergers import Mergers
    from gridmap.ground.tables import District

ACROSS = option("--across-street-offices", "across_offices", is_flag=True)
NAME = option("--name", "proposal", default=None)
EXPORT = option("--export", "level_export", type=PATH)
AREA_COLUMNS = ("area_id", "code", "street_office", "communities", "grids", "households")
MERGER_COLUMNS = ("dissolved", "dissolved_name", "dissolved_households", "into", "into_name", "households")


@click.command("areas", cls=Command)
@WORKSPACE
@option("--count", "areas_count", type=click.IntRange(min=1))
@option("--communities", "communities_each", type=Bounds())
@option("--households", "households_each", type=Bounds())
@option("--plan")
@RULES
@ACROSS
@NAME
@option("--seed", type=SEED, default=0, show_default=True)
@option("--effort", type=click.Choice(("quick", "normal", "best")), default="normal", show_default=True)
@EXPORT
@JSON
@LANG
def areas(
    workspace: Path,
    areas_count: int | None,
    communities_each: tuple[int, int] | None,
    households_each: tuple[int, int] | None,
    plan: str | None,
    profile: str,
    across_offices: bool,
    proposal: str | None,
    seed: int,
    effort: Any,
    level_export: Path | None,
    as_json: bool,
) -> int:
    """The text stands in the catalogue."""
    from gridmap.errors import RequestError
    from gridmap.grids.areas import AreaBounds, propose_areas
    from gridmap.outputs.export import check_export_name
    from gridmap.outputs.levels_export import LEVEL_ENDINGS, export_areas
    from gridmap.rules import load_rules
    from gridmap.store.area_rows import save_areas
    from gridmap.store.workspace import Workspace

    if sum(each is not None for each in (areas_count, communities_each, households_each)) > 1:
        raise RequestError("areas_two_bounds")
    if level_export is not None:
        check_export_name(level_export, LEVEL_ENDINGS)
    rules, store = load_rules(profile), Workspace(workspace)
    district = store.read_district()
    name = store.adopted_or_only_or_none() if plan is None else plan
    chosen = None if name is None else store.read_plan(name)
    bounds = None
    if communities_each is not None:
        bounds = AreaBounds("communities", *communities_each)
    elif households_each is not None:
        bounds = AreaBounds("households", *households_each)
    made = propose_areas(
        district,
        rules,
        plan=chosen,
        count=areas_count,
        bounds=bounds,
        across_offices=across_offices,
        name=proposal or "areas",
        seed=seed,
        effort=effort,
    )
    save_areas(store, made)
    findings = [*(stale_findings(chosen, district) if chosen is not None else ()), *made.findings]
    if level_export is not None:
        findings += export_areas(made, district, level_export, plan=chosen, language=language())
    data: dict[str, Any] = {"workspace": str(workspace), "name": made.name, "plan": name, "bounds": _bounds_record(made.bounds)}
    data["areas"] = _area_records(made, district)
    return give(_answer(data, _area_lines(made), findings, level_export), as_json=as_json)


def _answer(data: dict[str, Any], lines: list[str], findings: Any, level_export: Path | None) -> Answer:
    if level_export is None:
        return Answer(data, lines, findings)
    return Answer({**data, "file": str(level_export)}, [*lines, say("levels_exported", path=str(level_export))], findings)


def _bounds_record(bounds: AreaBounds | None) -> dict[str, Any] | None:
    return None if bounds is None else {"unit": bounds.unit, "min": bounds.minimum, "max": bounds.maximum}


def _records(frame: Any) -> list[dict[str, Any]]:
    """Return rows for JSON: what is missing is null."""
    plain = frame.astype(object)
    return [dict(row) for row in plain.where(plain.notna(), None).to_dict("records")]


def _area_records(made: Areas, district: District) -> list[dict[str, Any]]:
    communities = made.level.atoms[["households", "grids"]].assign(name=district.communities["name"]).rename_axis("community_id").reset_index()
    its = {area: _records(communities[(made.area_of == area).to_numpy()]) for area in made.areas.index}
    return [{**row, "communities": its[row["area_id"]]} for row in _records(made.areas.drop(columns="geometry").reset_index())]


def _area_lines(made: Areas) -> list[str]:
    table = made.areas
    numbers = {"areas": len(table), "communities": int(table["communities"].sum()), "households": int(table["households"].sum())}
    lines = [say("areas_done", name=made.name, **numbers)]
    if made.plan is not None:
        lines = [say("areas_done_with_grids", name=made.name, plan=made.plan, grids=int(table["grids"].sum()), **numbers)]
    if made.bounds is not None:
        inside = int(table[made.bounds.unit].between(made.bounds.minimum, made.bounds.maximum).sum())
        span = f"{made.bounds.minimum}-{made.bounds.maximum}"
        lines.append(say("areas_in_bounds", value=inside, areas=len(table), bounds=span, of=f"unit_{made.bounds.unit}"))
    columns = [each for each in AREA_COLUMNS if each != "grids" or made.plan is not None]
    headings = {each: say(f"column_{each}") for each in columns}
    return [*lines, *table_lines(_records(table.drop(columns="geometry").reset_index()), headings, numbers=("communities", "grids", "households"))]


@click.command("merge-communities", cls=Command)
@WORKSPACE
@option("--below", type=click.IntRange(min=1))
@option("--target", type=click.IntRange(min=1))
@option("--maximum", type=click.IntRange(min=1))
@option("--keep", "keep_communities", multiple=True, metavar="COMMUNITY")
@RULES
@ACROSS
@NAME
@EXPORT
@option("--apply", "apply_to", type=PATH)
@JSON
@LANG
def merge_communities(
    workspace: Path,
    below: int | None,
    target: int | None,
    maximum: int | None,
    keep_communities: tuple[str, ...],
    profile: str,
    across_offices: bool,
    proposal: str | None,
    level_export: Path | None,
    apply_to: Path | None,
    as_json: bool,
) -> int:
    """The text stands in the catalogue."""
    from gridmap.errors import RequestError
    from gridmap.grids.mergers import merger_bounds, propose_mergers
    from gridmap.outputs.export import check_export_name
    from gridmap.outputs.levels_export import LEVEL_ENDINGS, export_mergers
    from gridmap.rules import load_rules
    from gridmap.store.area_rows import save_mergers
    from gridmap.store.workspace import Workspace

    rules, store = load_rules(profile), Workspace(workspace)
    bounds = merger_bounds(rules, below=below, target=target, maximum=maximum)
    if level_export is not None:
        check_export_name(level_export, LEVEL_ENDINGS)
    if apply_to is not None and Workspace(apply_to).exists():
        raise RequestError("mergers_apply_exists", path=str(apply_to))
    district = store.read_district()
    made = propose_mergers(district, rules, bounds=bounds, keep=keep_communities, across_offices=across_offices)
    name = proposal or "mergers"
    save_mergers(store, made, name)
    findings = list(made.findings)
    if level_export is not None:
        findings += export_mergers(made, district, level_export, language=language())
    rows, lines = _merger_records(made, district), _merger_lines(made)
    columns = {each: say(f"column_{each}") for each in MERGER_COLUMNS}
    lines += table_lines(rows, columns, numbers=("dissolved_households", "households")) if rows else []
    counts = {"communities": len(made.into), "dissolved": len(made.dissolved), "left": len(made.into) - len(made.dissolved)}
    sizes = {"below": bounds.below, "target": bounds.target, "maximum": bounds.maximum}
    data: dict[str, Any] = {"workspace": str(workspace), "name": name, **sizes, **counts, "mergers": rows}
    if apply_to is not None:
        _apply(made, district, workspace, apply_to)
        data["applied"] = str(apply_to)
        lines.append(say("mergers_applied", path=str(apply_to)))
    return give(_answer(data, lines, findings, level_export), as_json=as_json)


def _apply(made: Mergers, district: District, workspace: Path, path: Path) -> None:
    """Write a workspace of its own in which the mergers have taken place; the one that they were proposed for stays as it is."""
    from gridmap.grids.mergers import merged_district
    from gridmap.store.workspace import Workspace

    history = [{"table": "district", "source": f"merge-communities {workspace.name}"}]
    Workspace(path).write_ground(merged_district(district, made), [], imports=history, based_on=None)


def _merger_records(made: Mergers, district: District) -> list[dict[str, Any]]:
    names, households = district.communities["name"], made.level.atoms["households"]
    rows = [
        {
            "dissolved": str(community),
            "dissolved_name": names[community],
            "dissolved_households": int(households[community]),
            "into": str(into),
            "into_name": names[into],
            "into_households": int(households[into]),
            "households": int(made.merged["households"][into]),
        }
        for community, into in made.dissolved.items()
    ]
    known = [{key: None if value != value else value for key, value in row.items()} for row in rows]
    return sorted(known, key=lambda row: (row["into"], row["dissolved"]))


def _merger_lines(made: Mergers) -> list[str]:
    bounds, communities = made.bounds, len(made.into)
    small = int((made.level.atoms["households"] < bounds.below).sum())
    words = {"communities": communities, "small": small, "below": bounds.below, "target": bounds.target}
    if not len(made.dissolved):
        return [say("mergers_none", **words)]
    return [say("mergers_done", **words, dissolved=len(made.dissolved), into=len(made.merged), left=communities - len(made.dissolved))]


COMMANDS = (areas, merge_communities)

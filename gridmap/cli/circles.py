"""Commands about service circles: ``coverage``, ``sites``."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gridmap.cli.ground import JSON, LANG, PATH, RULES, WORKSPACE
from gridmap.cli.reply import Answer, give, progress_bars, stale_findings, table_lines
from gridmap.cli.words import Command, language, option, say
from gridmap.findings import Finding, finding

if TYPE_CHECKING:
    from gridmap.circles.coverage import Coverage
    from gridmap.circles.limits import Limit

BLIND_SPOTS_SHOWN = 5

MINUTES = option("--minutes", type=click.FLOAT, multiple=True, default=(10.0,))
WALK = option("--walk", default="default", show_default=True)
AT = option("--at", "at")


@click.command("coverage", cls=Command)
@WORKSPACE
@MINUTES
@WALK
@RULES
@AT
@option("--plan")
@option("--export", "export", type=PATH)
@JSON
@LANG
def coverage(
    workspace: Path, minutes: tuple[float, ...], walk: str, profile: str, at: str | None, plan: str | None, export: Path | None, as_json: bool
) -> int:
    """The text stands in the catalogue."""
    from gridmap.circles.coverage import coverage as cover
    from gridmap.circles.limits import walk_limit
    from gridmap.circles.summaries import blind_spots, by_category, by_community, by_grid, coverage_findings
    from gridmap.outputs.coverage_export import check_coverage_name, export_coverage
    from gridmap.outputs.coverage_layers import settings
    from gridmap.rules import load_rules
    from gridmap.store.workspace import Workspace
    from gridmap.walking.cache import cached_network

    rules = load_rules(profile)
    limits = [walk_limit(rules, walk, each) for each in dict.fromkeys(minutes)]
    if export is not None:
        check_coverage_name(export)
    store = Workspace(workspace)
    district, hours = _at_time(ground := store.read_district(), at)
    name = plan or store.adopted()
    chosen = store.read_plan(name) if name else None
    with progress_bars() as progress:
        found = cover(district, rules, walk=walk, minutes=limits[0].minutes, network=cached_network(district), progress=progress)
    found = replace(found, at=at)
    sums = by_category(found, district)
    grids = by_grid(found, chosen.atoms.assign(grid_id=chosen.grid_of)) if chosen is not None else None
    findings = [*(stale_findings(chosen, ground) if chosen is not None else []), *hours, *coverage_findings(found, district)]
    if export is not None:
        with progress_bars() as progress:
            findings += export_coverage(found, district, export, grids=grids, language=language(), progress=progress)
    data: dict[str, Any] = {"workspace": str(workspace), "settings": settings(found), "categories": _records(sums)}
    data["communities"] = _records(by_community(found, district))
    if chosen is not None and grids is not None:
        data |= {"plan": chosen.name, "grids": _records(grids)}
    others = {each: by_category(found.within(each), district) for each in limits[1:]}
    data["also"] = [{"minutes": each.minutes, "limit_cm": each.limit_cm, "categories": _records(table)} for each, table in others.items()]
    blind = blind_spots(found, district)
    data["blind_spots"] = _records(blind, index=False)
    if export is not None:
        data["file"] = str(export)
    lines = [*_limit_lines(limits[0], profile), *([say("cli_coverage_at", at=at)] if at else []), *_category_lines(found, sums)]
    lines += [_also_line(each, found, table) for each, table in others.items()]
    lines += _blind_lines(found, blind)
    lines += [say("cli_coverage_exported", path=str(export))] if export is not None else []
    return give(Answer(data, lines, findings), as_json=as_json)


def _at_time(district: Any, at: str | None) -> tuple[Any, list[Finding]]:
    """Return the district with the gates that are open at a time of day, and what is to be said about their hours."""
    from gridmap.errors import RequestError
    from gridmap.walking.gates import DAY_MINUTES, gates_open_at

    if at is None:
        return district, []
    read = re.fullmatch(r"(\d{1,2})[:：](\d{2})", at.strip())
    hour, minute = (int(read[1]), int(read[2])) if read else (0, 60)
    if minute > 59 or hour * 60 + minute >= DAY_MINUTES:
        raise RequestError("time_of_day_unreadable", value=at)
    return gates_open_at(district, hour * 60 + minute)


def _limit_lines(limit: Limit, profile: str) -> list[str]:
    metres = limit.limit_cm / 100
    if limit.flat:
        return [say("cli_coverage_flat", metres=metres, walk=limit.walk, rules=profile)]
    return [say("cli_coverage_limit", metres=metres, walk=limit.walk, rules=profile, minutes=limit.minutes, speed=limit.speed_m_per_minute)]


def _category_lines(found: Coverage, sums: Any) -> list[str]:
    if not len(found.doors):
        return [say("cli_coverage_no_buildings")]
    shown = ("category", "venues", "covered", "share", "too_far", "island", "no_street", "walled", "no_venue")
    rows = [
        {**row, "category": getattr(found.rules.categories[row["category"]], language()), "share": _percent(row["share"])}
        for row in sums.reset_index().to_dict("records")
    ]
    return table_lines(rows, {name: say(f"circle_column_{name}") for name in shown})


def _also_line(limit: Limit, found: Coverage, table: Any) -> str:
    names = {code: getattr(category, language()) for code, category in found.rules.categories.items()}
    between = "，" if language() == "zh" else ", "
    shares = between.join(f"{names[code]} {_percent(share)}" for code, share in table["share"].items())
    return say("cli_coverage_also", minutes=limit.minutes, metres=limit.limit_cm / 100, shares=shares)


def _blind_lines(found: Coverage, blind: Any) -> list[str]:
    if not len(blind):
        return []
    rows = [
        {
            **row,
            "category": getattr(found.rules.categories[row["category"]], language()),
            "reason": say(f"reason_{row['reason']}"),
            "metres": None if row["metres"] is None or row["metres"] != row["metres"] else round(float(row["metres"])),
        }
        for row in blind.head(BLIND_SPOTS_SHOWN).astype(object).where(blind.head(BLIND_SPOTS_SHOWN).notna(), None).to_dict("records")
    ]
    shown = ("households", "category", "building_id", "community_id", "reason", "metres", "nearest_venue_id")
    return ["", say("cli_coverage_blind"), *table_lines(rows, {name: say(f"circle_column_{name}") for name in shown})]


def _percent(share: Any) -> str:
    return "—" if share is None or share != share else f"{100 * float(share):.1f} %"


def _records(table: Any, *, index: bool = True) -> list[dict[str, Any]]:
    """Return rows as plain records; what is missing is None."""
    flat = table.reset_index() if index else table
    return [dict(row) for row in flat.astype(object).where(flat.notna(), None).to_dict("records")]


@click.command("sites", cls=Command)
@WORKSPACE
@option("--category", required=True)
@option("--count", type=click.INT)
@option("--share", type=click.FLOAT)
@option("--capacity", type=click.INT)
@option("--candidates", type=PATH)
@MINUTES
@WALK
@RULES
@JSON
@LANG
def sites(
    workspace: Path,
    category: str,
    count: int | None,
    share: float | None,
    minutes: tuple[float, ...],
    walk: str,
    profile: str,
    as_json: bool,
    **more: Any,
) -> int:
    """The text stands in the catalogue."""
    from gridmap.circles.coverage import coverage as cover
    from gridmap.circles.siting import best_sites, fewest_sites, uncovered_demand
    from gridmap.errors import RequestError
    from gridmap.outputs.coverage_layers import settings
    from gridmap.rules import load_rules
    from gridmap.store.workspace import Workspace
    from gridmap.walking.cache import cached_network

    if share is not None and not 0 < share <= PERCENT:
        raise RequestError("sites_share_senseless", value=share)
    rules, district = load_rules(profile), Workspace(workspace).read_district()
    with progress_bars() as progress:
        found = cover(district, rules, walk=walk, minutes=minutes[0], network=cached_network(district), progress=progress)
        candidates, findings = _candidates(district, found, more["candidates"])
        households = district.buildings["households"].reindex(found.doors.id).fillna(0).to_numpy(dtype="int64")
        demand = uncovered_demand(found, category, candidates, households)
        total = int(households.sum())
        open_ = found.table.loc[found.table["category"] == category, "reason"].notna().to_numpy()
        before = total - int(households[open_].sum())
        if share is not None:
            result = fewest_sites(demand, math.ceil(total * share / PERCENT - 1e-9) - before)
        else:
            result = best_sites(demand, 1 if count is None else count, capacity=more["capacity"])
    if demand.unreachable:
        findings.append(finding("sites_unreachable", category, value=demand.unreachable))
    places = [_end(candidates.leg[each]) for each in result.chosen]
    rows = [
        {"site": str(candidates.id[each]), "adds": adds, "x": x, "y": y}
        for each, adds, (x, y) in zip(result.chosen, result.households, places, strict=True)
        if adds
    ]
    if len(rows) < len(places):
        findings.append(finding("sites_add_nobody", category, value=len(places) - len(rows)))
    after = before + result.covered
    words = {"covered": result.covered, "before": before, "households": total}
    shares = {"share_before": _percent(before / total if total else None), "share_after": _percent(after / total if total else None)}
    name = getattr(rules.categories[category], language())
    lines = [*_limit_lines(found.limit, profile), say("cli_sites_done", category=name, count=len(rows), **words, **shares)]
    lines += table_lines(rows, {column: say(f"circle_column_{column}") for column in ("site", "adds")}) if rows else []
    lines.append(say({"optimal": "cli_sites_optimal", "unreachable": "cli_sites_short"}.get(result.proof, "cli_sites_bound"), bound=result.bound))
    data: dict[str, Any] = {"workspace": str(workspace), "settings": settings(found), "category": category, "sites": rows, **words}
    data |= {"proof": result.proof, "bound": result.bound}
    return give(Answer(data, lines, findings), as_json=as_json)


PERCENT = 100


def _end(leg: Any) -> tuple[float, float]:
    """Return where a door stands: the end of the way that leads to it from the street."""
    x, y = leg.coords[-1]
    return float(x), float(y)


def _candidates(district: Any, found: Coverage, path: Path | None) -> tuple[Any, list[Finding]]:
    """Return the doors of the candidates: those of a file, else of buildings."""
    import numpy as np

    from gridmap.circles.candidates import building_candidates
    from gridmap.ground.importing import ImportRequest, import_files
    from gridmap.walking.gates import resident_doors, resident_gates
    from gridmap.walking.walls import walls_of

    if path is None:
        return building_candidates(found, district), []
    table = import_files(ImportRequest(venues=path), old=district).district.venues
    places = table.index.to_numpy(dtype=object), table.geometry.to_numpy()
    made = resident_doors(found.network, *places, walls_of(district), resident_gates(district), leaving=False)
    without = np.flatnonzero(~made.linked)
    return made, [finding("sites_without_door", str(made.id[without[0]]), value=len(without))] if len(without) else []


COMMANDS = (coverage, sites)

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
    from gridmap.circles.candidates import Candidates
    from gridmap.circles.coverage import Coverage
    from gridmap.circles.limits import Limit
    from gridmap.circles.siting import Sites
    from gridmap.ground.tables import District
    from gridmap.rules import Rules

BLIND_SPOTS_SHOWN = 5

MINUTES = option("--minutes", type=click.FLOAT, multiple=True, default=(10.0,))
ONE_LIMIT = option("--minutes", "walk_minutes", type=click.FLOAT, default=10.0, show_default=True)
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
    from gridmap.outputs.coverage_export import COVERAGE_ENDINGS, export_coverage
    from gridmap.outputs.coverage_layers import settings
    from gridmap.outputs.export import check_export_name
    from gridmap.rules import load_rules
    from gridmap.store.workspace import Workspace
    from gridmap.walking.cache import cached_network

    rules = load_rules(profile)
    limits = [walk_limit(rules, walk, each) for each in dict.fromkeys(minutes)]
    if export is not None:
        check_export_name(export, COVERAGE_ENDINGS)
    store = Workspace(workspace)
    district, hours = _at_time(ground := store.read_district(), at)
    name = plan or store.adopted()
    chosen = store.read_plan(name) if name else None
    with progress_bars() as progress:
        network = cached_network(district, folder=store.networks_folder)
        found = cover(district, rules, walk=walk, minutes=limits[0].minutes, network=network, progress=progress)
    found = replace(found, at=at)
    sums = by_category(found, district)
    grids = by_grid(found, chosen.atoms.assign(grid_id=chosen.grid_of), district) if chosen is not None else None
    findings = [*(stale_findings(chosen, ground) if chosen is not None else []), *hours, *coverage_findings(found, district)]
    if export is not None:
        with progress_bars() as progress:
            findings += export_coverage(found, district, export, grids=grids, limits=limits[1:], language=language(), progress=progress)
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
    shown = ("households", "category", "building_id", "compound_id", "name", "community_id", "reason", "metres", "nearest_venue")
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
@option("--crs", metavar="wgs84|gcj02|bd09|EPSG:n")
@option("--corners", is_flag=True)
@ONE_LIMIT
@WALK
@RULES
@JSON
@LANG
def sites(
    workspace: Path,
    category: str,
    count: int | None,
    share: float | None,
    capacity: int | None,
    walk_minutes: float,
    walk: str,
    profile: str,
    as_json: bool,
    **places: Any,
) -> int:
    """The text stands in the catalogue."""
    from gridmap.circles.coverage import coverage as cover
    from gridmap.circles.demand import category_named, uncovered_demand
    from gridmap.circles.siting import best_sites, fewest_sites
    from gridmap.outputs.coverage_layers import settings
    from gridmap.rules import load_rules
    from gridmap.store.workspace import Workspace
    from gridmap.walking.cache import cached_network

    _check_aims(count, share, **places)
    rules, store = load_rules(profile), Workspace(workspace)
    district, category = store.read_district(), category_named(rules, category)
    with progress_bars() as progress:
        network = cached_network(district, folder=store.networks_folder)
        found = cover(district, rules, walk=walk, minutes=walk_minutes, network=network, progress=progress)
        candidates = _candidates(found, district, **places)
        households = district.buildings["households"].reindex(found.doors.id).fillna(0).to_numpy(dtype="int64")
        demand = uncovered_demand(found, category, candidates.doors, households)
        total = int(households.sum())
        open_ = found.table.loc[found.table["category"] == category, "reason"].notna().to_numpy()
        before = total - int(households[open_].sum())
        if share is not None:
            result = fewest_sites(demand, math.ceil(total * share / PERCENT - 1e-9) - before, capacity=capacity)
        else:
            result = best_sites(demand, 1 if count is None else count, capacity=capacity)
    findings = list(candidates.findings)
    if demand.unreachable:
        findings.append(finding("sites_unreachable", category, value=demand.unreachable))
    rows = [_site(candidates, each, adds) for each, adds in zip(result.chosen, result.households, strict=True) if adds]
    if len(rows) < len(result.chosen):
        findings.append(finding("sites_add_nobody", category, value=len(result.chosen) - len(rows)))
    sums = {"covered": result.covered, "before": before, "households": total}
    data: dict[str, Any] = {"workspace": str(workspace), "settings": settings(found), "category": category, "sites": rows, **sums}
    data |= {"proof": result.proof, "bound": result.bound, "gap": result.gap}
    lines = [*_limit_lines(found.limit, profile), _sites_line(rules, category, len(rows), **sums)]
    if rows:
        lines += table_lines(rows, {column: say(f"circle_column_{column}") for column in ("site", "name", "adds")}, numbers=("adds",))
    lines.append(_proof_line(result, fewest=share is not None))
    return give(Answer(data, lines, findings), as_json=as_json)


PERCENT = 100


def _check_aims(count: int | None, share: float | None, *, candidates: Path | None, crs: str | None, corners: bool) -> None:
    """Refuse options that exclude each other, rather than pass over one of them."""
    from gridmap.errors import RequestError

    if count is not None and share is not None:
        raise click.UsageError(say("cli_sites_two_aims"))
    if candidates is not None and corners:
        raise click.UsageError(say("cli_sites_two_kinds"))
    if candidates is None and crs is not None:
        raise click.UsageError(say("cli_sites_crs_alone"))
    if share is not None and not 0 < share <= PERCENT:
        raise RequestError("sites_share_senseless", value=share)


def _candidates(found: Coverage, district: District, *, candidates: Path | None, crs: str | None, corners: bool) -> Candidates:
    """Return the candidates: the places of a file, else street corners or buildings."""
    from gridmap.circles.candidates import building_candidates, corner_candidates, file_candidates

    if candidates is not None:
        return file_candidates(found, district, candidates, crs=crs)
    return corner_candidates(found, district) if corners else building_candidates(found, district)


def _site(candidates: Candidates, number: int, adds: int) -> dict[str, Any]:
    """Return what is told of a chosen candidate; it stands where the way to its door ends."""
    x, y = candidates.doors.leg[number].coords[-1]
    return {"site": str(candidates.doors.id[number]), "name": candidates.name[number] or None, "adds": adds, "x": float(x), "y": float(y)}


def _sites_line(rules: Rules, category: str, count: int, *, covered: int, before: int, households: int) -> str:
    shares = [_percent(each / households if households else None) for each in (before, before + covered)]
    name = getattr(rules.categories[category], language())
    words = {"covered": covered, "before": before, "households": households}
    return say("cli_sites_done", category=name, count=count, share_before=shares[0], share_after=shares[1], **words)


def _proof_line(result: Sites, *, fewest: bool) -> str:
    """Say what is proved of a choice of sites."""
    if fewest and not result.chosen and result.proof == "optimal":
        return say("cli_sites_enough")
    unproved = "cli_sites_bound_fewest" if fewest else "cli_sites_bound"
    code = {"optimal": "cli_sites_optimal", "unreachable": "cli_sites_short"}.get(result.proof, unproved)
    return say(code, bound=result.bound, gap=_percent(result.gap))


COMMANDS = (coverage, sites)

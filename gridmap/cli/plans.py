"""Commands about plans: ``plan``, ``plans``, ``compare``, ``adopt``."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gridmap.cli.ground import JSON, LANG, RULES, SEED, WORKSPACE, login_name
from gridmap.cli.reply import Answer, give, progress_bars, table_lines
from gridmap.cli.words import Command, option, say
from gridmap.findings import Finding, finding

if TYPE_CHECKING:
    from gridmap.grids.compare import Comparison
    from gridmap.store.resume import Finished


class Bounds(click.ParamType[tuple[int, int]]):
    """``MIN:MAX`` households; whether they make sense is the rules' business."""

    name = "MIN:MAX"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        if isinstance(value, tuple):
            return value
        low, colon, high = str(value).replace("：", ":").partition(":")
        if not colon or not low.strip().isdecimal() or not high.strip().isdecimal():
            self.fail(say("cli_bounds_form", value=str(value)), param, ctx)
        return int(low), int(high)


@click.command("plan", cls=Command)
@WORKSPACE
@option("--name", default="plan", show_default=True)
@RULES
@option("--households", type=Bounds())
@option("--from", "start")
@option("--keep", multiple=True, metavar="GRID")
@option("--community")
@option("--seed", type=SEED, default=0, show_default=True)
@option("--effort", type=click.Choice(("quick", "normal", "best")), default="normal", show_default=True)
@option("--jobs", type=click.IntRange(min=1), default=None)
@option("--resume", is_flag=True)
@option("--author")
@JSON
@LANG
def plan(
    workspace: Path,
    name: str,
    profile: str,
    households: tuple[int, int] | None,
    start: str | None,
    keep: tuple[str, ...],
    community: str | None,
    seed: int,
    effort: Any,
    jobs: int | None,
    resume: bool,
    author: str | None,
    as_json: bool,
) -> int:
    """The text stands in the catalogue."""
    from gridmap.grids.compare import households_moved
    from gridmap.grids.measures import report
    from gridmap.rules import load_rules
    from gridmap.store.resume import Finished
    from gridmap.store.rounds import plan_rounds
    from gridmap.store.work import plan_into
    from gridmap.store.workspace import Workspace

    rules = load_rules(profile)
    if households is not None:
        rules = rules.with_households(*households)
    store = Workspace(workspace)
    finished = Finished(workspace, known=resume)
    with progress_bars() as progress:
        proposed = plan_into(
            store,
            rules,
            name=name,
            start=start,
            keep=keep,
            community=community,
            effort=effort,
            seed=seed,
            cores=jobs,
            author=author or login_name(),
            resume=finished,
            progress=progress,
        )
    finished.forget()
    measures = report(proposed)
    rounds = plan_rounds(store, proposed, cores=jobs)
    lines = [*plan_lines(proposed, measures), *_round_lines(rounds)]
    data = {"workspace": str(workspace), "plan": name, **measures, "rounds": _round_records(rounds)}
    if start is not None:
        moved = households_moved(store.read_plan(start), proposed)
        data |= {"from": start, "households_moved": moved}
        lines.append(say("cli_plan_moved", plan=start, moved=moved))
    findings = [*proposed.findings, *_not_resumable(finished)]
    return give(Answer(data, lines, findings), as_json=as_json)


def _round_records(rounds: Any) -> list[dict[str, Any]]:
    flat = rounds.reset_index()
    return [dict(row) for row in flat.astype(object).where(flat.notna(), None).to_dict("records")]


def _round_lines(rounds: Any) -> list[str]:
    """Say how long the usual daily round is and which walk inside a grid is the longest."""
    known = rounds.dropna()
    if not len(known):
        return []
    farthest = known["longest_m"].idxmax()
    median, longest = round(float(known["round_m"].median())), round(float(known["longest_m"].max()))
    return [say("cli_plan_rounds", median=median, longest=longest, grid=str(farthest))]


def _not_resumable(finished: Finished) -> list[Finding]:
    if finished.refused is None:
        return []
    return [finding("cli_no_resume", str(finished.refused.filename), file=str(finished.refused.filename), reason=finished.refused.strerror)]


def plan_lines(plan: Any, measures: dict[str, Any]) -> list[str]:
    """Say in a few lines what a plan is like."""
    bounds = f"{measures['households_min']}-{measures['households_max']}"
    numbers = {name: measures[name] for name in ("grids", "communities", "households", "ordinary", "in_bounds")}
    lines = [say("cli_plan_done", plan=plan.name, **numbers), say("cli_plan_bounds", bounds=bounds, **numbers)]
    if measures["hindered"] and measures["hindered"] < measures["ordinary"]:
        # Rounded down, so that 100 means all.
        percent = math.floor(10 * measures["in_bounds_unhindered_percent"]) / 10
        unhindered = measures["ordinary"] - measures["hindered"]
        inside = measures["in_bounds_unhindered"]
        lines.append(say("cli_plan_unhindered", hindered=measures["hindered"], unhindered=unhindered, in_bounds=inside, percent=percent))
    return lines


@click.command("plans", cls=Command)
@WORKSPACE
@option("--delete")
@option("--force", is_flag=True)
@JSON
@LANG
def plans(workspace: Path, delete: str | None, force: bool, as_json: bool) -> int:
    """The text stands in the catalogue."""
    from gridmap.errors import RequestError
    from gridmap.store.workspace import Workspace

    store = Workspace(workspace)
    if delete is not None:
        store.delete_plan(delete, even_adopted=force)
        return give(Answer({"workspace": str(workspace), "deleted": delete}, [say("cli_plan_deleted", plan=delete)]), as_json=as_json)
    if force:
        raise RequestError("cli_force_alone")
    rows = store.plans().to_dict("records")
    shown = ("name", "adopted", "stale", "grids", "in_bounds", "households", "profile", "bounds", "author", "made_at")
    lines = table_lines(rows, {name: say(f"cli_plans_{name}") for name in shown}) if rows else [say("cli_no_plans", path=str(workspace))]
    return give(Answer({"workspace": str(workspace), "plans": rows}, lines), as_json=as_json)


@click.command("compare", cls=Command)
@WORKSPACE
@click.argument("a")
@click.argument("b")
@JSON
@LANG
def compare(workspace: Path, a: str, b: str, as_json: bool) -> int:
    """The text stands in the catalogue."""
    from gridmap.grids.compare import compare as compare_plans
    from gridmap.store.workspace import Workspace

    store = Workspace(workspace)
    comparison = compare_plans(store.read_plan(a), store.read_plan(b))
    data = comparison.as_dict()
    changes = {"moved": comparison.households_moved, "kept": comparison.grids_kept, "changed": len(comparison.changed)}
    lines = [
        say("cli_compare_done", a=a, b=b, **changes, new=len(comparison.new), gone=len(comparison.gone), households=comparison.households_common),
        "",
        *compare_lines(comparison),
    ]
    return give(Answer({"workspace": str(workspace), **data}, lines), as_json=as_json)


COMPARED = (
    "grids",
    "ordinary",
    "dedicated",
    "households",
    "bounds",
    "in_bounds",
    "in_bounds_percent",
    "in_bounds_unhindered_percent",
    "households_outside",
    "smallest_households",
    "largest_households",
    "mean_deviation_households",
    "overall_range_households",
    "cut_length_m",
    "compounds_split",
    "barriers_crossed",
    "polsby_popper_mean",
    "reock_mean",
)
"""The measures that ``compare`` shows, in this order; ``bounds`` stands for minimum and maximum."""


def compare_lines(comparison: Comparison) -> list[str]:
    """Say in a table what two plans measure, side by side, and by how much the second has more or less."""
    low, high = (comparison.measures[f"households_{limit}"] for limit in ("min", "max"))
    measures = {**comparison.measures, "bounds": tuple(f"{low[end]}-{high[end]}" for end in (0, 1))}
    rows = [{"measure": say(f"cli_compare_{name}"), "a": measures[name][0], "b": measures[name][1]} for name in COMPARED]
    for row in rows:
        counted = all(isinstance(row[end], int | float) for end in "ab")
        change = round(row["b"] - row["a"], 2) if counted else 0
        row["change"] = f"{change:+.2f}".rstrip("0").rstrip(".") if change else ""
    headings = {"measure": say("cli_compare_measure"), "a": comparison.a, "b": comparison.b, "change": say("cli_compare_change")}
    return table_lines(rows, headings, numbers=("a", "b", "change"))


@click.command("adopt", cls=Command)
@WORKSPACE
@click.argument("plan")
@option("--codes", "scheme", type=click.Choice(("15", "20")), default="15", show_default=True)
@option("--object-class")
@JSON
@LANG
def adopt(workspace: Path, plan: str, scheme: Any, object_class: str | None, as_json: bool) -> int:
    """The text stands in the catalogue."""
    from gridmap.errors import RequestError
    from gridmap.store.work import adopt_plan
    from gridmap.store.workspace import Workspace

    if object_class is not None and scheme != "20":
        raise RequestError("cli_object_class_alone", value=object_class)
    findings = adopt_plan(Workspace(workspace), plan, scheme=scheme, object_class=object_class or "")
    return give(Answer({"workspace": str(workspace), "adopted": plan}, [say("cli_adopt_done", plan=plan)], findings), as_json=as_json)


COMMANDS = (plan, plans, compare, adopt)

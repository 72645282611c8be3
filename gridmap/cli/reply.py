"""How a command answers: a text for people or one JSON object, and progress bars on standard error."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click
from tabulate import tabulate
from tqdm import tqdm

from gridmap.cli.words import language, say
from gridmap.errors import GridmapError
from gridmap.findings import SEVERITIES, Finding, finding, worst
from gridmap.progress import Progress
from gridmap.texts import one_line

if TYPE_CHECKING:
    from gridmap.grids.plan import Plan
    from gridmap.ground.tables import District

SHOWN_OF_EACH_KIND, SHORT_KIND = 5, 10
"""Findings of one kind are printed in full up to a short list; of a longer one the first few are, and the rest are counted."""

WIDEST_CELL = 40
"""How many characters of a name a table shows; a longer one would push the other columns off the screen."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command did: ``data`` for programs, ``lines`` for people, and the findings for both."""

    data: Mapping[str, Any]
    lines: Sequence[str]
    findings: Sequence[Finding] = ()


def give(answer: Answer, *, as_json: bool) -> int:
    """Print the answer and return the exit code: 3 when findings of severity error remain, else 0."""
    if as_json:
        listed = [each.as_dict(language()) for each in answer.findings]
        click.echo(json.dumps({**answer.data, "findings": listed}, ensure_ascii=False, default=_plain))
    else:
        for line in [*answer.lines, *findings_lines(answer.findings)]:
            click.echo(line)
    return 3 if worst(answer.findings) == "error" else 0


def findings_lines(findings: Sequence[Finding]) -> list[str]:
    """Return the findings as text: errors first, those of one kind together, a few in full and the rest counted."""
    lines = []
    for severity in SEVERITIES:
        mark = say(f"cli_severity_{severity}")
        lines += [f"{mark} {line}" for line in _grouped([each for each in findings if each.severity == severity], lambda each: each.code)]
    if findings:
        counts = {severity: sum(each.severity == severity for each in findings) for severity in SEVERITIES}
        lines.append(say("cli_findings_counted", errors=counts["error"], warnings=counts["warning"], infos=counts["info"]))
    return lines


def error_lines(error: GridmapError) -> list[str]:
    """Return a failure as text: its sentence, then the faults layer by layer, a few of each kind in full and the rest counted."""
    faults = _grouped(error.findings, lambda each: (each.file, each.layer, each.code))
    return [error.sentence(language()), *(f"  {line}" for line in faults)]


def _grouped(findings: Sequence[Finding], key: Callable[[Finding], Hashable]) -> list[str]:
    kinds: dict[Hashable, list[Finding]] = {}
    for each in findings:
        kinds.setdefault(key(each), []).append(each)
    lines = []
    for same in kinds.values():
        shown = len(same) if len(same) <= SHORT_KIND else SHOWN_OF_EACH_KIND
        lines += [each.text(language()) for each in same[:shown]]
        if len(same) > shown:
            lines.append(say("cli_more_findings", count=len(same) - shown, code=same[0].code))
    return lines


def stale_findings(plan: Plan, district: District) -> list[Finding]:
    """Return a warning when the plan was made from other ground than what is in the workspace now."""
    return [] if plan.origin.ground == district.fingerprint() else [finding("plan_stale", plan.name)]


@contextmanager
def progress_bars() -> Iterator[Progress]:
    """Give a function that draws a bar for each step on standard error, once the step has taken a second, and only on a terminal."""
    bars: dict[str, tqdm[Any]] = {}

    def show(step: str, done: int, total: int) -> None:
        if step not in bars:
            for bar in bars.values():
                bar.close()
            bars[step] = tqdm(total=total, desc=say(step), delay=1.0, disable=None, leave=False)
        bars[step].total = total
        bars[step].update(done - bars[step].n)

    try:
        yield show
    finally:
        for bar in bars.values():
            bar.close()


def table_lines(rows: Sequence[Mapping[str, Any]], headings: Mapping[str, str], *, numbers: Sequence[str] = ()) -> list[str]:
    """Return rows as aligned text, with the columns that ``headings`` names; those of ``numbers`` are set flush right."""
    shown = [[_shown(row.get(name)) for name in headings] for row in rows]
    titles = [one_line(title, longest=WIDEST_CELL) for title in headings.values()]
    sides = ["right" if name in numbers else "left" for name in headings]
    return tabulate(shown, headers=titles, tablefmt="simple", disable_numparse=True, colalign=sides if rows else None).splitlines()


def _shown(value: object) -> str:
    if value is None or value != value:
        return "—"
    if isinstance(value, bool):
        return say("cli_yes") if value else say("cli_no")
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else one_line(str(value), longest=WIDEST_CELL)


def _plain(value: object) -> object:
    """Turn numpy numbers and times into what JSON knows."""
    if hasattr(value, "item"):
        return value.item()
    return str(value)

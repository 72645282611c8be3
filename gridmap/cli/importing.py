"""The command ``import``: files into a workspace, everything or nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gridmap.cli.reply import Answer
from gridmap.cli.words import language, say
from gridmap.errors import RequestError
from gridmap.ground.importing import ImportRequest
from gridmap.progress import Progress
from gridmap.rules import load_rules
from gridmap.store.work import import_into
from gridmap.store.workspace import Workspace


def import_answer(path: Path, request: ImportRequest, *, profile: str, author: str, progress: Progress) -> Answer:
    """Read the files of ``request``, keep them in the workspace at ``path``, which is made when there is none, and say what came of it."""
    if request.plan is not None and request.grids is None:
        raise RequestError("cli_plan_needs_grids", plan=request.plan)
    workspace = Workspace(path)
    done = import_into(workspace, request, load_rules(profile), author=author, progress=progress)
    report, homes = done.imported.report, done.imported.district.buildings.households
    data: dict[str, Any] = {"workspace": str(path), "report": report.as_dict()}
    lines = report.lines(language())
    if done.plan is not None:
        data["plan"] = done.plan.name
        lines.append(say("cli_import_division", plan=done.plan.name, grids=len(done.plan.grids)))
    lines.append(say("cli_import_done", path=str(path), buildings=len(homes), households=int(homes.sum()), missing=int(homes.isna().sum())))
    plans = workspace.plans()
    stale = [str(name) for name in plans["name"][plans["stale"]]]
    if stale:
        data["stale_plans"] = stale
        lines.append(say("cli_import_stale", plans=", ".join(stale)))
    return Answer(data, lines, done.findings)


def field_options(fields: Sequence[str]) -> Mapping[str, str]:
    """Return ``{"buildings.households": "HH"}`` for ``("buildings.households=HH",)``."""
    named = {}
    for text in fields:
        ours, sign, theirs = text.partition("=")
        if not sign or "." not in ours or not theirs.strip():
            raise RequestError("cli_field_form", value=text)
        named[ours.strip()] = theirs.strip()
    return named

"""The command ``import``: files into a workspace, everything or nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gridmap.cli.reply import Answer
from gridmap.cli.words import language, say
from gridmap.errors import RequestError
from gridmap.findings import Finding
from gridmap.grids.existing import plan_from_division
from gridmap.grids.plan import Plan
from gridmap.grids.tiling import Tiling, tile
from gridmap.ground.importing import Import, ImportRequest, import_files
from gridmap.progress import Progress
from gridmap.rules import Rules, load_rules
from gridmap.store.workspace import Workspace


def import_into(path: Path, request: ImportRequest, *, profile: str, author: str, progress: Progress) -> Answer:
    """Read the files of ``request`` and keep them in the workspace at ``path``, which is made when there is none."""
    if request.plan is not None and request.grids is None:
        raise RequestError("cli_plan_needs_grids", plan=request.plan)
    rules = load_rules(profile)
    workspace = Workspace(path)
    old = workspace.read_district() if workspace.exists() else None
    imported = import_files(request, old=old, rules=rules, progress=progress)
    tiling, plan = _present_plan(imported, rules, author=author, progress=progress)
    workspace.write_ground(imported.district, imported.findings, imports=_history(imported), tiling=tiling, plan=plan, based_on=old)
    findings: Sequence[Finding] = imported.findings
    data: dict[str, Any] = {"workspace": str(path), "report": imported.report.as_dict()}
    lines = imported.report.lines(language())
    if plan is not None:
        told = {id(each) for each in imported.findings}
        # The file of grids has already been told of what it leaves out.
        missing = {each.subject for each in imported.findings if each.code == "building_in_no_grid"}
        more = (each for each in plan.findings if id(each) not in told and not (each.code == "atom_unassigned" and each.subject in missing))
        findings = [*findings, *more]
        data["plan"] = plan.name
        lines.append(say("cli_import_division", plan=plan.name, grids=len(plan.grids)))
    homes = imported.district.buildings.households
    lines.append(say("cli_import_done", path=str(path), buildings=len(homes), households=int(homes.sum()), missing=int(homes.isna().sum())))
    plans = workspace.plans()
    stale = [str(name) for name in plans["name"][plans["stale"]]]
    if stale:
        data["stale_plans"] = stale
        lines.append(say("cli_import_stale", plans=", ".join(stale)))
    return Answer(data, lines, findings)


def _present_plan(imported: Import, rules: Rules, *, author: str, progress: Progress) -> tuple[Tiling | None, Plan | None]:
    """Return the grids that the office has as a plan, and the tiling it stands on; None and None when no grids were imported."""
    division = imported.division
    if division is None:
        return None, None
    tiling = tile(imported.district, cores=None, progress=progress)
    names = division.names.to_frame("name")
    plan = plan_from_division(
        division.plan, imported.district, tiling, rules, division.grid_of, grids=names, author=author, findings=division.findings
    )
    return tiling, plan


def field_options(fields: Sequence[str]) -> Mapping[str, str]:
    """Return ``{"buildings.households": "HH"}`` for ``("buildings.households=HH",)``."""
    named = {}
    for text in fields:
        ours, sign, theirs = text.partition("=")
        if not sign or "." not in ours or not theirs.strip():
            raise RequestError("cli_field_form", value=text)
        named[ours.strip()] = theirs.strip()
    return named


def _history(imported: Import) -> list[dict[str, Any]]:
    return [
        {"table": each.table, "source": each.file, "rows": each.rows_kept, "fields": json.dumps(dict(each.fields), ensure_ascii=False)}
        for each in imported.report.tables
    ]

"""The planner's work on a workspace, each step as one call: import, plan, adopt. The command line and the server do the same."""

from __future__ import annotations

import json
from collections.abc import Callable, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any

from gridmap.findings import Finding, finding
from gridmap.grids.compiling import compile_half, halves
from gridmap.grids.existing import plan_from_division
from gridmap.grids.plan import CODE_FINDINGS, Effort, Plan, with_codes
from gridmap.grids.propose import propose
from gridmap.grids.tiling import Tiling, tile
from gridmap.ground.codes import CodeScheme
from gridmap.ground.importing import Import, ImportRequest, import_files
from gridmap.progress import Progress, silent
from gridmap.rules import Rules
from gridmap.run_jobs import begin_jobs, workers_kept
from gridmap.store.batches import LARGE
from gridmap.store.large_plans import plan_in_batches
from gridmap.store.workspace import Workspace

MaySave = Callable[[], bool]
"""Asked once, when all is computed and nothing is written yet; with False the workspace stays as it is."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import found, and the plan of the present grids when they were among the files; ``saved``: the workspace holds it now."""

    imported: Import
    plan: Plan | None
    findings: tuple[Finding, ...]
    saved: bool


def import_into(
    workspace: Workspace, request: ImportRequest, rules: Rules, *, author: str = "", save: MaySave = lambda: True, progress: Progress = silent
) -> Imported:
    """Read the files of ``request`` and keep them in the workspace, which is made when there is none: all of it or nothing.

    Raises ``InputError`` and ``RequestError`` as :func:`gridmap.import_files` does, ``WorkspaceError`` when the workspace cannot be written or
    somebody else has changed its ground meanwhile.
    """
    old = workspace.read_district() if workspace.exists() else None
    imported = import_files(request, old=old, rules=rules, progress=progress)
    tiling, plan = _present_plan(imported, rules, author=author, progress=progress)
    saved = save()
    if saved:
        workspace.write_ground(imported.district, imported.findings, imports=_history(imported), tiling=tiling, plan=plan, based_on=old)
    return Imported(imported, plan, (*imported.findings, *_more_findings(imported, plan)), saved)


def _more_findings(imported: Import, plan: Plan | None) -> list[Finding]:
    """Return what the plan of the present grids tells beyond what the import has told already."""
    if plan is None:
        return []
    told = {id(each) for each in imported.findings}
    # The file of grids has already been told of what it leaves out.
    missing = {each.subject for each in imported.findings if each.code == "building_in_no_grid"}
    return [each for each in plan.findings if id(each) not in told and not (each.code == "atom_unassigned" and each.subject in missing)]


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


def _history(imported: Import) -> list[dict[str, Any]]:
    return [
        {"table": each.table, "source": each.file, "rows": each.rows_kept, "fields": json.dumps(dict(each.fields), ensure_ascii=False)}
        for each in imported.report.tables
    ]


@workers_kept()
def plan_into(
    workspace: Workspace,
    rules: Rules,
    *,
    name: str,
    start: str | None = None,
    keep: Sequence[str] = (),
    community: str | None = None,
    effort: Effort = "normal",
    seed: int = 0,
    cores: int | None = None,
    author: str = "",
    resume: MutableMapping[str, dict[str, Any]] | None = None,
    save: MaySave = lambda: True,
    progress: Progress = silent,
) -> Plan:
    """Propose a plan and keep it in the workspace under ``name``; nothing is written before all is computed.

    A district of more than ``LARGE`` buildings is planned in batches of communities, see :func:`gridmap.store.large_plans.plan_in_batches`.
    ``start`` is the name of an earlier plan to keep close to; ``keep``, ``community`` and ``resume`` are as for :func:`gridmap.propose`. Raises
    ``RequestError`` for a name that cannot be used, or is the adopted plan's, and for a request that makes no sense.
    """
    if start is None and community is None and not keep and workspace.buildings() > LARGE:
        kept = {} if resume is None else resume
        return plan_in_batches(
            workspace, rules, name=name, effort=effort, seed=seed, cores=cores, author=author, resume=kept, save=save, progress=progress
        )
    district = workspace.read_district()
    workspace.check_plan_name(name)
    earlier = None if start is None else workspace.read_plan(start)
    if community is None and len(district.communities) > 1:
        # The first plan after an installation waits for its kernels: they are compiled while the land is divided.
        begin_jobs(compile_half, halves(effort), cores=cores)
    known = workspace.read_tiling()
    tiling = tile(district, cores=cores, progress=progress) if known is None else known
    plan = propose(
        district,
        rules,
        tiling=tiling,
        name=name,
        seed=seed,
        effort=effort,
        cores=cores,
        start=earlier,
        keep=keep,
        community=community,
        author=author,
        resume=resume,
        progress=progress,
    )
    if save():
        if known is None:
            workspace.write_tiling(tiling)
        workspace.save_plan(plan)
    return plan


def adopt_plan(workspace: Workspace, name: str, *, scheme: CodeScheme = "15", object_class: str = "") -> list[Finding]:
    """Make that plan the adopted one, give its grids official codes, and return what is to be said: that it is stale, where there are no codes.

    Raises ``RequestError`` when there is no such plan.
    """
    district = workspace.read_district()
    coded = with_codes(workspace.read_plan(name), district, scheme, object_class=object_class)
    workspace.adopt(name, coded=coded)
    stale = [] if coded.origin.ground == district.fingerprint() else [finding("plan_stale", name)]
    return [*stale, *(each for each in coded.findings if each.code in CODE_FINDINGS)]

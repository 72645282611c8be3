"""Background work in a process of its own, which may be ended at any moment and cannot harm the server.

::

    python -m web.worker PRIVATE WORKSPACE JOB

It reads what to do from the private store, tells there several times a second how far it is, and writes its answer there.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import gridmap
from gridmap.texts import LANGUAGES, render

BEAT_SECONDS = 0.4
SHOWN_OF_EACH_KIND = 20
"""As many findings of one kind are told in full; the rest are counted."""

Answer = dict[str, Any]


class Desk:
    """What one job has at hand: the workspace, its request, and ways to tell how far it is."""

    def __init__(self, jobs: gridmap.Jobs, job_id: str, workspace: gridmap.Workspace) -> None:
        job = jobs.read(job_id)
        self.jobs, self.job_id, self.workspace = jobs, job_id, workspace
        self.kind, self.owner, self.request = job.kind, job.owner, job.request
        self.over = threading.Event()
        self._state = ("", 0, 0)

    def progress(self, step: str, done: int, total: int) -> None:
        """Remember how far the work is."""
        self._state = (step, done, total)

    def save(self) -> bool:
        """Ask whether the result may be written; when the job was cancelled this process ends here."""
        if not self.jobs.may_save(self.job_id):
            _vanish()
        return True

    def beat(self) -> None:
        """Tell how far the work is, again and again, and end this process once nobody wants it any more."""
        while not self.over.wait(BEAT_SECONDS):
            try:
                wanted = self.jobs.tell(self.job_id, *self._state)
            except gridmap.WorkspaceError:
                # The private store is busy for once; there will be another moment.
                continue
            if not wanted:
                _vanish()


def _vanish() -> None:
    """End at once, with the processes that share the work; nothing has been written."""
    for child in multiprocessing.active_children():
        child.kill()
    os._exit(0)


def both(code: str, **words: Any) -> dict[str, str]:
    """Return a text in both languages; the page shows the visitor's."""
    return {language: render(code, language, words) for language in LANGUAGES}


def grouped(findings: Sequence[gridmap.Finding]) -> list[Answer]:
    """Return findings by kind, the gravest first: how many of each, and some in full."""
    kinds: dict[tuple[int, str], list[gridmap.Finding]] = {}
    for each in findings:
        kinds.setdefault((("error", "warning", "info").index(each.severity), each.code), []).append(each)
    return [
        {
            "severity": same[0].severity,
            "code": code,
            "count": len(same),
            "texts": [{language: each.text(language, page=True) for language in LANGUAGES} for each in same[:SHOWN_OF_EACH_KIND]],
        }
        for (_, code), same in sorted(kinds.items(), key=lambda kind: kind[0][0])
    ]


def look(desk: Desk) -> Answer:
    """Look at the uploaded files."""
    desk.progress("step_job_look", 0, 0)
    files = []
    for each in gridmap.look_at_files([Path(path) for path in desk.request["paths"]]):
        record: Answer = {name: getattr(each, name) for name in ("file", "layer", "rows", "geometry", "crs", "proposed_crs", "table")}
        fault = None if each.fault is None else {language: each.fault.text(language, page=True) for language in LANGUAGES}
        lists: Answer = {"columns": list(each.columns), "tables": list(each.tables), "fault": fault, "findings": grouped(each.findings)}
        fields = {table: dict(guess) for table, guess in each.fields.items()}
        files.append({**record, **lists, "fields": fields})
    return {"files": files}


def read_in(desk: Desk) -> Answer:
    """Read the files as the planner has confirmed them; keep them in the workspace only when that is asked for."""
    asked = desk.request
    paths: dict[str, Any] = {table: Path(path) for table, path in asked["tables"].items()}
    request = gridmap.ImportRequest(**paths, fields=asked["fields"], crs=asked["crs"], plan=asked["plan"], name=desk.workspace.path.stem)
    done = gridmap.import_into(
        desk.workspace, request, gridmap.load_rules(), author=desk.owner, save=desk.save if asked["keep"] else lambda: False, progress=desk.progress
    )
    homes = done.imported.district.buildings.households
    figures = {"buildings": len(homes), "households": int(homes.sum()), "missing": int(homes.isna().sum())}
    lines = {language: done.imported.report.lines(language) for language in LANGUAGES}
    return {"lines": lines, "figures": figures, "findings": grouped(done.findings), "saved": done.saved}


def plan(desk: Desk) -> Answer:
    """Propose a plan and keep it."""
    asked = desk.request
    rules = gridmap.load_rules(asked["profile"])
    if asked["bounds"] is not None:
        rules = rules.with_households(*asked["bounds"])
    made = gridmap.plan_into(
        desk.workspace,
        rules,
        name=asked["name"],
        start=asked["start"],
        effort=asked["effort"],
        author=desk.owner,
        save=desk.save,
        progress=desk.progress,
    )
    figures = {name: value for name, value in gridmap.report(made).items() if isinstance(value, int | float | str)}
    return {"plan": made.name, "figures": figures, "findings": grouped(made.findings)}


def adopt(desk: Desk) -> Answer:
    """Make a plan the adopted one."""
    desk.progress("step_job_adopt", 0, 0)
    desk.save()
    return {"plan": desk.request["plan"], "findings": grouped(gridmap.adopt_plan(desk.workspace, desk.request["plan"]))}


def export(desk: Desk) -> Answer:
    """Write a plan, or the ground, into a file for download."""
    desk.progress("step_job_export", 0, 0)
    asked, path = desk.request, Path(desk.request["path"])
    path.parent.mkdir(parents=True, exist_ok=True)
    district = desk.workspace.read_district()
    if asked["plan"] is None:
        findings = gridmap.export_ground(district, path, findings=desk.workspace.ground_findings(), language=asked["language"])
        return {"file": path.name, "findings": grouped(findings)}
    chosen = desk.workspace.read_plan(asked["plan"])
    if path.suffix == ".html":
        gridmap.save_map(gridmap.plan_map(chosen, district=district, language=asked["language"]), path)
        return {"file": path.name, "findings": []}
    return {"file": path.name, "findings": grouped(gridmap.export_plan(chosen, district, path, language=asked["language"]))}


def members(desk: Desk) -> Answer:
    """Read a workbook of member households; keep its rows, all or none, only when that is asked for, and the file no longer than until then."""
    desk.progress("step_job_members", 0, 0)
    asked, path, keeper = desk.request, Path(desk.request["path"]), gridmap.Members(desk.jobs.store)
    district, adopted = desk.workspace.read_district(), desk.workspace.adopted()
    territory = gridmap.Territory(asked["territory"]["kind"], tuple(asked["territory"]["ids"]))
    inside = None
    if territory.kind != "all":
        inside = set(gridmap.buildings_within(territory, district, None if adopted is None else desk.workspace.read_plan(adopted)))
    old = keeper.read()
    found = gridmap.read_people(path, district, old=old, fields=asked["fields"], inside=inside)
    sheets = [
        {"sheet": each.sheet, "table": each.table, "fields": dict(each.fields), "columns": [*each.fields.values(), *each.unused]}
        | {"read": each.rows_read, "kept": each.rows_kept}
        for each in found.sheets
    ]
    changed: dict[str, dict[str, int]] = {}
    if asked["keep"]:
        desk.save()
        told = keeper.replace(found.tables, by=desk.owner, source=path.suffix.lower(), request_id=asked["request_id"])
        changed = {table: {what: len(ids) for what, ids in each.items()} for table, each in told.items()}
        path.unlink(missing_ok=True)
    return {"sheets": sheets, "changed": changed, "findings": grouped(found.findings), "saved": asked["keep"]}


WORK: Mapping[str, Callable[[Desk], Answer]] = {"look": look, "import": read_in, "plan": plan, "adopt": adopt, "export": export, "members": members}
OF_STRANGERS = ("look", "import", "members")
"""Work on files from outside, which gets limits where the system has any."""


def main(private: str, workspace: str, job_id: str) -> None:
    """Do a job and write down its answer, or why it failed."""
    jobs = gridmap.Jobs(gridmap.PrivateStore(Path(private)), workspace)
    desk = Desk(jobs, job_id, gridmap.Workspace(Path(workspace)))
    threading.Thread(target=desk.beat, daemon=True).start()
    if desk.kind in OF_STRANGERS:
        gridmap.limit_process(memory_bytes=desk.request["memory_bytes"], cpu_seconds=desk.request["cpu_seconds"])
    try:
        done, answer = _answer(desk)
    finally:
        desk.over.set()
    jobs.end(job_id, "done" if done else "failed", answer)


def _answer(desk: Desk) -> tuple[bool, Answer]:
    """Do the work; return whether it was done, and its answer or why it failed."""
    try:
        return True, WORK[desk.kind](desk)
    except gridmap.GridmapError as error:
        return False, {"error": {language: error.sentence(language, page=True) for language in LANGUAGES}, "findings": grouped(error.findings)}
    except MemoryError:
        return False, {"error": both("job_memory"), "findings": []}
    except OSError as error:
        return False, {"error": both("job_refused", reason=error.strerror or type(error).__name__), "findings": []}


if __name__ == "__main__":
    main(*sys.argv[1:])

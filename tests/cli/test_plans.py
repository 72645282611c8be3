"""Awkward ground and locks through the command ``plan``: a finding or one sentence, the plan complete, never a hang."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from worlds import World, draw_world

from gridmap.cli.main import run
from gridmap.grids.existing import plan_from_division
from gridmap.grids.plan import broken_promises, grid_parts
from gridmap.rules import load_rules
from gridmap.store.workspace import Workspace

LINE = ("--jobs", "1", "--effort", "quick")


def stored(world: World, path: Path, drawn: dict[str, str] | None = None) -> Workspace:
    """Keep a small world in a workspace, and with it the plan ``drawn`` whose grids are named by building."""
    district, tiling = world
    plan = None if drawn is None else plan_from_division("drawn", district, tiling, load_rules("nantong"), pd.Series(drawn))
    store = Workspace(path / "w.gpkg")
    store.write_ground(district, [], tiling=tiling, plan=plan)
    return store


def planned(store: Workspace, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, Any]:
    capsys.readouterr()
    code = run(["plan", str(store.path), *LINE, *words, "--json"])
    return code, json.loads(capsys.readouterr().out)


STAR = "\n".join([". t1:140 .", "t2:140 hub:20 t3:140", ". t4:140 ."])
"""Towers that reach each other over one small building only: two can share its grid, and the others stay too small."""

AWKWARD = {
    "no plan can be within the bounds": ("a:155 b:155", 3, {"grid_outside_proved"}),
    "one building": ("a:275", 0, set()),
    "one building, too large": ("a:900", 0, {"stairwells_assumed"}),
    "no household anywhere": ("a:0 b:0 c:0\nd:0 e:0 f:0", 3, {"grid_outside_proved"}),
    "households unknown everywhere": ("a:? b:? c:?", 3, {"grid_outside_proved", "grid_households_missing"}),
    "a star of towers": (STAR, 3, {"grid_outside_proved", "branches_too_heavy"}),
    "only schools": ("a:0! b:0!", 0, set()),
}


@pytest.mark.parametrize("kind", AWKWARD)
def test_awkward_ground_is_planned_with_its_reasons(kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    drawing, code, told = AWKWARD[kind]
    store = stored(draw_world(drawing), tmp_path)
    answered, answer = planned(store, capsys)
    assert answered == code
    assert told <= {each["code"] for each in answer["findings"]}
    assert "grid_not_found" not in {each["code"] for each in answer["findings"]}
    plan = store.read_plan("plan")
    assert broken_promises(plan.atoms, plan.neighbours, plan.grid_of) == []


ROWS = "a0:140 a1:140\nb0:140 b1:140\nc0:140 c1:140"
IN_ROWS = {f"{row}{column}": row for row in "abc" for column in "01"}
"""Three grids of 280 households each."""

LOCKS = {
    "in parts": ({"a0": "c", "c0": "a"}, ["a"], {"grid_disconnected"}, "140 households lie apart"),
    "leaving too little": ({"a1": "c", "b1": "a", "c1": "a"}, ["a"], {"proof_with_kept_grids"}, "the one kept grid"),
}


@pytest.mark.parametrize("kind", LOCKS)
def test_locks_that_make_trouble_are_told_and_hold(kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changes, keep, told, said = LOCKS[kind]
    drawn = IN_ROWS | changes
    store = stored(draw_world(ROWS), tmp_path, drawn)
    code, answer = planned(store, capsys, "--from", "drawn", *(word for each in keep for word in ("--keep", each)), "--lang", "en")
    assert code == 3
    assert told <= {each["code"] for each in answer["findings"]}
    assert any(said in each["text"] for each in answer["findings"])
    plan = store.read_plan("plan")
    assert {each: set(plan.atoms_of(each)) for each in keep} == {each: {atom for atom, grid in drawn.items() if grid == each} for each in keep}
    apart = plan.grid_of[grid_parts(plan.atoms, plan.neighbours, plan.grid_of) > 0]
    assert set(apart) <= set(keep)


def test_a_lock_on_what_another_community_keeps_anyway(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A grid that is locked twice over is locked once."""
    world = draw_world(ROWS, communities={"c0": "C2", "c1": "C2"})
    store = stored(world, tmp_path, IN_ROWS)
    code, answer = planned(store, capsys, "--from", "drawn", "--community", "C1", "--keep", "c", "--keep", "c")
    assert (code, answer["households_moved"]) == (0, 0)

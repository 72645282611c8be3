"""A plan made in batches is the plan made at once: same grids, land, neighbours and findings, in the same order."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from gridmap.errors import InputError, RequestError, WorkspaceError
from gridmap.grids import community
from gridmap.grids.measures import report
from gridmap.grids.plan import Plan
from gridmap.ground.sample import sample_district
from gridmap.progress import silent
from gridmap.rules import Rules, load_rules
from gridmap.store import work
from gridmap.store.large_plans import plan_in_batches
from gridmap.store.rounds import plan_rounds
from gridmap.store.work import plan_into
from gridmap.store.workspace import Workspace

pytestmark = pytest.mark.slow
HOUSEHOLDS, AT_MOST = 12_000, 100

Batched = tuple[Workspace, Plan, dict[str, Any]]
"""A workspace, the plan that was made in it, and what was found for each community."""


@pytest.fixture(scope="module")
def rules() -> Rules:
    return load_rules("nantong")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("towns")


def town(path: Path) -> Workspace:
    made = Workspace(path)
    made.write_ground(sample_district(HOUSEHOLDS, seed=3), ())
    return made


def in_batches(workspace: Workspace, rules: Rules, **changed: Any) -> Plan:
    asked: dict[str, Any] = {"name": "plan", "effort": "quick", "seed": 0, "cores": 1, "author": "", "resume": {}, "save": lambda: True}
    return plan_in_batches(workspace, rules, **{**asked, "progress": silent, "at_most": AT_MOST, **changed})


@pytest.fixture(scope="module")
def whole(folder: Path, rules: Rules) -> Workspace:
    made = town(folder / "whole.gpkg")
    plan_into(made, rules, name="plan", effort="quick", cores=1)
    return made


@pytest.fixture(scope="module")
def batched(folder: Path, rules: Rules) -> Batched:
    made = town(folder / "batched.gpkg")
    resume: dict[str, Any] = {}
    return made, in_batches(made, rules, cores=2, resume=resume), resume


def test_the_town_has_buildings_divided_into_stairwells(whole: Workspace) -> None:
    plan = whole.read_plan("plan")
    assert (plan.atoms.index != plan.atoms["source_building_id"]).any()


def test_the_plan_is_that_made_at_once(whole: Workspace, batched: Batched) -> None:
    at_once, made = whole.read_plan("plan"), batched[0].read_plan("plan")
    pd.testing.assert_frame_equal(made.atoms, at_once.atoms)
    pd.testing.assert_frame_equal(made.neighbours, at_once.neighbours)
    pd.testing.assert_series_equal(made.grid_of, at_once.grid_of)
    pd.testing.assert_frame_equal(made.grids, at_once.grids)


def test_its_findings_are_those(whole: Workspace, batched: Batched) -> None:
    at_once, made = whole.read_plan("plan").findings, batched[0].read_plan("plan").findings
    assert sorted(map(repr, made)) == sorted(map(repr, at_once))


def test_the_tiling_is_that_made_at_once(whole: Workspace, batched: Batched) -> None:
    at_once, made = whole.read_tiling(), batched[0].read_tiling()
    assert at_once is not None
    assert made is not None
    pd.testing.assert_frame_equal(made.cells, at_once.cells)
    pd.testing.assert_frame_equal(made.neighbours, at_once.neighbours)


def test_the_report_needs_no_land_of_atoms(whole: Workspace, batched: Batched) -> None:
    assert batched[1].atoms.geometry.isna().all()
    assert report(batched[1]) == report(whole.read_plan("plan"))


def test_the_spatial_index_finds_what_lies_there(batched: Batched) -> None:
    with sqlite3.connect(batched[0].path) as connection:
        for layer in ("cells", "atoms"):
            (rows,) = connection.execute(f"SELECT count(*) FROM {layer}").fetchone()
            assert connection.execute(f"SELECT count(*) FROM rtree_{layer}_geom").fetchone() == (rows,)


def test_rounds_by_batches_are_those_of_the_whole(batched: Batched) -> None:
    workspace, plan, _ = batched
    at_once = plan_rounds(workspace, plan)
    pd.testing.assert_frame_equal(plan_rounds(workspace, plan, large=1, at_most=AT_MOST), at_once.sort_index())


def test_what_is_finished_is_not_searched_for_again(folder: Path, rules: Rules, batched: Batched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(community, "plan_community", None)
    again = in_batches(town(folder / "again.gpkg"), rules, resume=dict(batched[2]))
    assert again.grid_of.equals(batched[1].grid_of)


def test_proofs_are_told_once_for_all(folder: Path, rules: Rules) -> None:
    plan = in_batches(town(folder / "proved.gpkg"), rules, effort="normal")
    assert [each.code.startswith("plan_proved") for each in plan.findings].count(True) == 1


def test_nothing_is_written_when_it_is_not_wanted(folder: Path, rules: Rules, batched: Batched) -> None:
    workspace = town(folder / "unwanted.gpkg")
    before = workspace.path.read_bytes()
    in_batches(workspace, rules, resume=dict(batched[2]), save=lambda: False)
    assert workspace.path.read_bytes() == before
    assert not list(folder.glob("*.tmp"))


def test_what_a_killed_program_left_is_removed_in_time(folder: Path, rules: Rules, batched: Batched) -> None:
    left = folder / ".gridmap.abcdefgh.tmp"
    left.mkdir()
    (left / "0.gpkg").write_bytes(b"half")
    for path in (left / "0.gpkg", left):
        os.utime(path, (1e9, 1e9))
    in_batches(town(folder / "after.gpkg"), rules, resume=dict(batched[2]), save=lambda: False)
    assert not left.exists()


def test_ground_that_changed_meanwhile_is_not_planned_over(folder: Path, rules: Rules, batched: Batched) -> None:
    workspace = town(folder / "changed.gpkg")

    def change() -> bool:
        drawn = workspace.read_district()
        workspace.write_ground(drawn.with_tables({"buildings": drawn.buildings.assign(households=7)}), ())
        return True

    with pytest.raises(WorkspaceError, match="changed"):
        in_batches(workspace, rules, resume=dict(batched[2]), save=change)
    assert not len(workspace.plans())


def test_all_buildings_of_no_community_are_told(folder: Path, rules: Rules) -> None:
    drawn = sample_district(HOUSEHOLDS, seed=3)
    buildings = drawn.buildings.copy()
    buildings.loc[buildings.index[[0, -1]], "community_id"] = ["nowhere", "elsewhere"]
    workspace = Workspace(folder / "lost.gpkg")
    workspace.write_ground(drawn.with_tables({"buildings": buildings}), ())
    with pytest.raises(InputError) as told:
        in_batches(workspace, rules)
    assert len(told.value.findings) == 2
    assert not list(folder.glob("*.tmp"))


def test_communities_without_buildings_are_told_as_at_once(folder: Path, rules: Rules) -> None:
    drawn = sample_district(HOUSEHOLDS, seed=3)
    kept = drawn.buildings["community_id"].isin(sorted(set(drawn.buildings["community_id"]))[:1])
    told = []
    for name, at_most in (("bare", 5), ("bare_at_once", 10_000)):
        workspace = Workspace(folder / f"{name}.gpkg")
        workspace.write_ground(drawn.with_tables({"buildings": drawn.buildings[kept]}), ())
        in_batches(workspace, rules, at_most=at_most)
        tiling = workspace.read_tiling()
        assert tiling is not None
        told.append(sorted(map(repr, (*tiling.findings, *workspace.read_plan("plan").findings))))
    assert told[0] == told[1]


def test_an_adopted_plan_is_refused_before_anything_is_computed(batched: Batched, rules: Rules) -> None:
    workspace = batched[0]
    workspace.adopt("plan")
    with pytest.raises(RequestError):
        in_batches(workspace, rules)


def test_large_districts_are_planned_in_batches(folder: Path, rules: Rules, batched: Batched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "LARGE", 100)
    found = plan_into(town(folder / "large.gpkg"), rules, name="plan", effort="quick", cores=1, resume=dict(batched[2]))
    assert found.atoms.geometry.isna().all()

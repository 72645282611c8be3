"""The workspace gives back what it was given, and refuses what would lose somebody's work."""

from __future__ import annotations

import dataclasses
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd
import pyogrio
import pytest
from geopandas.testing import assert_geodataframe_equal
from pandas.testing import assert_frame_equal, assert_series_equal
from worlds import draw_world

from gridmap.errors import RequestError, WorkspaceError
from gridmap.findings import Finding
from gridmap.grids.plan import Plan, with_codes
from gridmap.grids.tiling import Tiling
from gridmap.ground.tables import TABLES, District
from gridmap.store.schema import LAYERS, SETTINGS
from gridmap.store.workspace import Workspace


def assert_same_plan(a: Plan, b: Plan) -> None:
    assert_geodataframe_equal(a.atoms, b.atoms)
    assert_frame_equal(a.neighbours, b.neighbours)
    assert_series_equal(a.grid_of, b.grid_of)
    assert_geodataframe_equal(a.grids, b.grids)
    assert (a.name, a.rules, a.findings, a.origin) == (b.name, b.rules, b.findings, b.origin)


def moved(district: District) -> District:
    return district.with_tables({"buildings": district.buildings.assign(households=district.buildings["households"] + 1)})


@pytest.mark.parametrize("name", TABLES)
def test_each_table_comes_back_identical(name: str, district: District, workspace: Workspace) -> None:
    assert_geodataframe_equal(district.tables()[name], workspace.read_district().tables()[name])


def test_the_fingerprint_is_the_same(district: District, workspace: Workspace) -> None:
    assert workspace.read_district().fingerprint() == district.fingerprint()


def test_name_and_cells_come_back(district: District, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "w.gpkg")
    workspace.write_ground(dataclasses.replace(district, name="城北", cells="given"), [])
    assert (workspace.read_district().name, workspace.read_district().cells) == ("城北", "given")


def test_ground_findings_come_back(workspace: Workspace, findings: list[Finding]) -> None:
    assert workspace.ground_findings() == findings


def test_the_tiling_comes_back(workspace: Workspace, tiling: Tiling) -> None:
    kept = workspace.read_tiling()
    assert kept is not None
    assert_geodataframe_equal(kept.cells, tiling.cells)
    assert_frame_equal(kept.neighbours, tiling.neighbours)
    assert (kept.findings, kept.fingerprint) == (tiling.findings, tiling.fingerprint)


def test_the_plan_comes_back(workspace: Workspace, plan: Plan) -> None:
    assert_same_plan(workspace.read_plan("first"), plan)


def stored_rules(workspace: Workspace, change: Callable[[dict[str, Any]], None]) -> None:
    """Alter the rules of the plan as another version of gridmap would have written them."""
    with closing(sqlite3.connect(workspace.path)) as connection, connection:
        rules = json.loads(connection.execute("SELECT rules FROM plans").fetchone()[0])
        change(rules)
        connection.execute("UPDATE plans SET rules = ?", (json.dumps(rules),))


def test_a_plan_of_an_earlier_version_is_readable(workspace: Workspace, plan: Plan) -> None:
    stored_rules(workspace, lambda rules: rules["estimate"].pop("floors_where_unknown"))
    assert workspace.read_plan("first").rules == plan.rules


def test_a_plan_of_a_later_version_is_refused_in_one_sentence(workspace: Workspace) -> None:
    stored_rules(workspace, lambda rules: rules["weights"].update(shade=1.0))
    with pytest.raises(WorkspaceError) as error:
        workspace.read_plan("first")
    assert (error.value.code, error.value.words["keys"]) == ("plan_rules_unknown", "weights.shade")
    assert workspace.plans()["name"].tolist() == ["first"]


def test_buildings_given_as_points_come_back(tmp_path: Path, district: District) -> None:
    points = district.with_tables({"buildings": district.buildings.set_geometry(district.buildings.geometry.centroid)})
    workspace = Workspace(tmp_path / "w.gpkg")
    workspace.write_ground(points, [])
    assert_geodataframe_equal(workspace.read_district().buildings, points.buildings)


def test_history_of_imports(workspace: Workspace) -> None:
    row = workspace.imports().iloc[0]
    assert (row["layer"], row["source"], row["rows"], row["details"]) == ("buildings", "楼栋.shp", 6, '{"added": 6}')


def test_plans_are_listed(workspace: Workspace) -> None:
    row = workspace.plans().iloc[0].drop(["made_at", "author"])
    assert row.to_dict() == {
        "name": "first",
        "profile": "nantong",
        "bounds": "250:300",
        "grids": 4,
        "in_bounds": 2,
        "households": 1142,
        "findings": 2,
        "adopted": False,
        "stale": False,
        "parent": "older",
    }


def test_a_plan_of_older_ground_is_stale_and_still_whole(workspace: Workspace, district: District, plan: Plan) -> None:
    workspace.write_ground(moved(district), [])
    assert workspace.plans()["stale"].tolist() == [True]
    assert_same_plan(workspace.read_plan("first"), plan)


def test_the_old_ground_again_makes_the_plan_fresh(workspace: Workspace, district: District) -> None:
    workspace.write_ground(moved(district), [])
    workspace.write_ground(district, [])
    assert workspace.plans()["stale"].tolist() == [False]


def test_no_tiling_of_older_ground(workspace: Workspace, district: District) -> None:
    workspace.write_ground(moved(district), [])
    assert workspace.read_tiling() is None


def test_plans_move_with_a_new_crs(workspace: Workspace, district: District, plan: Plan) -> None:
    workspace.write_ground(district.with_tables({name: table.to_crs(4548) for name, table in district.tables().items()}), [])
    kept = workspace.read_plan("first")
    assert kept.grids.crs.to_epsg() == 4548
    assert kept.grids.area.sum() == pytest.approx(plan.grids.area.sum(), rel=3e-3)
    assert pyogrio.read_info(workspace.path, layer="grids_first")["crs"] == "EPSG:4548"


def test_saving_a_plan_of_changed_ground_is_refused(workspace: Workspace, district: District, plan: Plan) -> None:
    workspace.write_ground(moved(district), [])
    with pytest.raises(WorkspaceError, match="changed while"):
        workspace.save_plan(dataclasses.replace(plan, name="second"))


def test_writing_a_tiling_of_changed_ground_is_refused(workspace: Workspace, district: District, tiling: Tiling) -> None:
    workspace.write_ground(moved(district), [])
    with pytest.raises(WorkspaceError, match="changed while"):
        workspace.write_tiling(tiling)


def test_an_import_does_not_undo_another(workspace: Workspace, district: District) -> None:
    other = district.with_tables({"venues": district.venues.assign(name="别处")})
    workspace.write_ground(other, [], based_on=district)
    with pytest.raises(WorkspaceError, match="changed while"):
        workspace.write_ground(moved(district), [], based_on=district)
    assert workspace.read_district().venues["name"].tolist() == ["别处"]


def test_a_workspace_that_appeared_meanwhile_is_kept(workspace: Workspace, district: District) -> None:
    with pytest.raises(WorkspaceError, match="meanwhile"):
        workspace.write_ground(moved(district), [], based_on=None)
    assert workspace.read_district().fingerprint() == district.fingerprint()


def test_a_workspace_written_afresh_has_no_old_plan(workspace: Workspace, district: District) -> None:
    workspace.adopt("first")
    workspace.write_ground(moved(district), [], afresh=True)
    assert workspace.plans().empty
    assert (workspace.adopted(), workspace.read_tiling(), workspace.ground_findings(), len(workspace.imports())) == (None, None, [], 0)
    assert workspace.read_district().fingerprint() == moved(district).fingerprint()


def test_only_a_workspace_is_written_afresh(tmp_path: Path, district: District) -> None:
    other = tmp_path / "other.gpkg"
    district.buildings.to_file(other)
    before = other.read_bytes()
    with pytest.raises(WorkspaceError) as error:
        Workspace(other).write_ground(district, [], afresh=True)
    assert error.value.code == "workspace_foreign"
    assert other.read_bytes() == before


def test_ground_tiling_and_plan_in_one_step(tmp_path: Path, district: District, tiling: Tiling, plan: Plan) -> None:
    workspace = Workspace(tmp_path / "w.gpkg")
    workspace.write_ground(district, [], tiling=tiling, plan=plan)
    assert_same_plan(workspace.read_plan("first"), plan)
    assert workspace.read_tiling() is not None


def test_ground_is_not_kept_when_its_plan_cannot_be(workspace: Workspace, district: District, plan: Plan) -> None:
    workspace.adopt("first")
    with pytest.raises(RequestError, match="adopted"):
        workspace.write_ground(moved(district), [], plan=plan)
    assert workspace.read_district().fingerprint() == district.fingerprint()


def test_a_plan_of_the_same_name_is_replaced(workspace: Workspace, plan: Plan) -> None:
    workspace.save_plan(dataclasses.replace(plan, findings=()))
    assert workspace.read_plan("first").findings == ()
    assert workspace.plans()["name"].tolist() == ["first"]


def test_the_adopted_plan_is_not_replaced(workspace: Workspace, plan: Plan) -> None:
    workspace.adopt("first")
    with pytest.raises(RequestError, match="adopted plan"):
        workspace.save_plan(plan)


@pytest.mark.parametrize("name", ["", "  ", "FIRST", " first", "a\nb", "a\x1b[31m", "\u202efirst", "长" * 101])
def test_unusable_names_of_plans(workspace: Workspace, plan: Plan, name: str) -> None:
    with pytest.raises(RequestError, match=r"must not be empty|cannot be called"):
        workspace.save_plan(dataclasses.replace(plan, name=name))


@pytest.mark.parametrize("name", ['O\'Brien "x"; DROP TABLE plans', "方案 一", "a/b%", "长" * 100])
def test_any_other_name_of_a_plan(workspace: Workspace, plan: Plan, name: str) -> None:
    workspace.save_plan(dataclasses.replace(plan, name=name))
    assert_same_plan(workspace.read_plan(name), dataclasses.replace(plan, name=name))
    assert len(pyogrio.read_dataframe(workspace.path, layer=f"grids_{name}")) == len(plan.grids)


def test_exactly_one_plan_is_adopted(workspace: Workspace, plan: Plan) -> None:
    workspace.save_plan(dataclasses.replace(plan, name="second"))
    workspace.adopt("first")
    workspace.adopt("second")
    assert workspace.adopted() == "second"
    assert workspace.plans()["adopted"].tolist() == [False, True]


def test_adopting_keeps_official_codes(workspace: Workspace, district: District, plan: Plan) -> None:
    communities = district.communities.assign(division_code=["320602001001", "320602001002"])
    coded = with_codes(plan, district.with_tables({"communities": communities}))
    workspace.adopt("first", coded=coded)
    assert_geodataframe_equal(workspace.read_plan("first").grids, coded.grids)
    assert workspace.adopted() == "first"


def test_no_plan_is_adopted_at_first(workspace: Workspace) -> None:
    assert workspace.adopted() is None


def test_the_only_plan_is_taken(workspace: Workspace) -> None:
    assert workspace.adopted_or_only() == "first"


def test_of_several_plans_one_has_to_be_named(workspace: Workspace, plan: Plan) -> None:
    workspace.save_plan(dataclasses.replace(plan, name="second"))
    with pytest.raises(RequestError, match="first, second"):
        workspace.adopted_or_only()
    workspace.adopt("second")
    assert workspace.adopted_or_only() == "second"


@pytest.mark.parametrize("call", [lambda workspace: workspace.read_plan("none"), lambda workspace: workspace.adopt("none")])
def test_an_unknown_plan(workspace: Workspace, call: object) -> None:
    with pytest.raises(RequestError, match="first"):
        call(workspace)  # type: ignore[operator]


def test_plans_of_one_way_share_their_atoms(workspace: Workspace, plan: Plan) -> None:
    workspace.save_plan(dataclasses.replace(plan, name="second"))
    with closing(sqlite3.connect(workspace.path)) as connection:
        assert connection.execute("SELECT count(*) FROM atoms").fetchone()[0] == len(plan.atoms)


def test_atoms_of_no_plan_are_forgotten(workspace: Workspace, plan: Plan) -> None:
    workspace.save_plan(dataclasses.replace(plan, atoms=plan.atoms.assign(households=1)))
    with closing(sqlite3.connect(workspace.path)) as connection:
        assert connection.execute("SELECT count(*) FROM atoms").fetchone()[0] == len(plan.atoms)


def contents(workspace: Workspace) -> dict[str, int]:
    """Return how many rows each table has, whatever it is for."""
    with closing(sqlite3.connect(workspace.path)) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")]
        return {name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in names if name != "sqlite_sequence"}


def test_a_deleted_plan_leaves_nothing(workspace: Workspace, plan: Plan) -> None:
    before = contents(workspace)
    workspace.save_plan(dataclasses.replace(plan, name='it\'s "二"', rules=plan.rules.with_households(200, 300)))
    workspace.delete_plan('it\'s "二"')
    assert contents(workspace) == before
    assert_same_plan(workspace.read_plan("first"), plan)
    workspace.delete_plan("first")
    assert {name: contents(workspace)[name] for name in ("plans", "grids", "assignments", "atoms", "atom_neighbours")} == dict.fromkeys(
        ("plans", "grids", "assignments", "atoms", "atom_neighbours"), 0
    )
    assert workspace.ground_findings()


def test_the_adopted_plan_is_deleted_only_when_that_is_meant(workspace: Workspace) -> None:
    workspace.adopt("first")
    with pytest.raises(RequestError, match="first"):
        workspace.delete_plan("first")
    workspace.delete_plan("first", even_adopted=True)
    assert (workspace.adopted(), len(workspace.plans())) == (None, 0)


def test_a_workspace_holds_the_declared_tables_and_no_other(workspace: Workspace) -> None:
    """Nothing private has a table here; a new table has to be declared in the schema and named in this test."""
    with closing(sqlite3.connect(workspace.path)) as connection:
        found = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")}
    declared = {layer.name for layer in LAYERS}
    assert {name for name in found if not name.startswith(("rtree_", "gpkg_", "sqlite_"))} == declared | {SETTINGS, "grids_first", "layer_styles"}
    assert declared - set(TABLES) == {
        "cells",
        "neighbours",
        "findings",
        "plans",
        "grids",
        "assignments",
        "atoms",
        "atom_neighbours",
        "imports",
    }


def test_nothing_stands_beside_the_file(workspace: Workspace) -> None:
    assert [path.name for path in workspace.path.parent.iterdir()] == [workspace.path.name]


def test_a_plan_with_a_building_in_no_grid(workspace: Workspace, plan: Plan) -> None:
    loose = plan.grid_of.copy()
    loose.iloc[0] = None
    workspace.save_plan(dataclasses.replace(plan, grid_of=loose))
    assert_series_equal(workspace.read_plan("first").grid_of, loose)


def test_a_district_without_plans(tmp_path: Path) -> None:
    district, _ = draw_world("a:1")
    workspace = Workspace(tmp_path / "w.gpkg")
    workspace.write_ground(district, [])
    assert workspace.plans().empty
    with pytest.raises(RequestError, match="no plan"):
        workspace.adopted_or_only()
    assert isinstance(workspace.plans(), pd.DataFrame)

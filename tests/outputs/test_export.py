"""What leaves gridmap, read back by programs that know nothing of it."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from worlds import draw_world

from gridmap.errors import RequestError, WorkspaceError
from gridmap.findings import Finding
from gridmap.grids.atoms import split_atoms
from gridmap.grids.plan import Origin, Plan, plan_from_assignment
from gridmap.ground.tables import District
from gridmap.outputs.export import export_ground, export_plan
from gridmap.rules import load_rules
from gridmap.store.workspace import Workspace

GRID_OF = {"a": "G1", "b": "G1", "c#1": "G2", "c#2": "G2", "c#3": "G2", "d": "G1", "p": "G3", "q": "G4"}
LONG = "很长的名字" * 30


@pytest.fixture(scope="module")
def district() -> District:
    drawn, _ = draw_world(
        "a:100 b:160 p:280\nc:602 d:? q:0!",
        communities={"p": "C2", "q": "C2"},
        stairwells={"c": 3},
        name={"a": "=HYPERLINK(1)", "b": LONG, "d": "＋1"},
    )
    return drawn


@pytest.fixture(scope="module")
def plan(district: District) -> Plan:
    _, tiling = draw_world("a:100 b:160 p:280\nc:602 d:? q:0!", communities={"p": "C2", "q": "C2"})
    rules = load_rules("nantong")
    atoms, neighbours, _ = split_atoms(district, tiling, rules.grid.households_max)
    findings = [Finding("rules_key_missing", "甲", "error", x=500_050.0, y=3_500_000.0), Finding("rules_key_missing", "乙", "error")]
    origin = Origin("", "2024-05-01T08:00:00+08:00", 0, "quick", district.fingerprint())
    known = pd.DataFrame({"name": ["东一"], "code": ["320602001001001"]}, index=["G1"])
    return plan_from_assignment("first", atoms, neighbours, pd.Series(GRID_OF), rules, origin, grids=known, findings=findings)


@pytest.fixture(scope="module")
def geopackage(tmp_path_factory: pytest.TempPathFactory, plan: Plan, district: District) -> Path:
    path = tmp_path_factory.mktemp("export") / "方案.gpkg"
    assert export_plan(plan, district, path) == []
    return path


@pytest.fixture(scope="module")
def shapefiles(tmp_path_factory: pytest.TempPathFactory, plan: Plan, district: District) -> Path:
    path = tmp_path_factory.mktemp("export") / "方案.zip"
    assert [each.code for each in export_plan(plan, district, path)] == ["export_texts_cut"]
    return path


def layer(path: Path, name: str) -> gpd.GeoDataFrame:
    return pyogrio.read_dataframe(path, layer=name)


def in_zip(path: Path, name: str) -> list[list[str]]:
    with zipfile.ZipFile(path) as archive:
        text = archive.read(name)
    assert text.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(text.decode("utf-8-sig"))))


# --- GeoPackage: an independent program checks the plan from this file alone ----------------------------------------------------------------------


def test_layers_of_the_geopackage(geopackage: Path) -> None:
    assert set(pyogrio.list_layers(geopackage)[:, 0]) == {"grids", "buildings", "cells", "neighbours", "findings"}


def test_every_atom_is_in_exactly_one_grid(geopackage: Path) -> None:
    buildings, cells, grids = (layer(geopackage, name) for name in ("buildings", "cells", "grids"))
    assert sorted(buildings["building_id"]) == sorted(cells["building_id"]) == sorted(GRID_OF)
    assert buildings["building_id"].is_unique
    assert set(buildings["grid_id"]) == set(grids["grid_id"])


def test_households_and_bounds(geopackage: Path) -> None:
    buildings, grids = layer(geopackage, "buildings"), layer(geopackage, "grids").set_index("grid_id")
    sums = buildings.groupby("grid_id")["households"].sum()
    assert (grids["households"] == sums).all()
    ordinary = grids[grids["kind"] == "ordinary"]
    assert ordinary.index[~ordinary["households"].between(ordinary["households_min"], ordinary["households_max"])].tolist() == ["G2"]
    assert grids.loc[grids["kind"] == "dedicated", "households_min"].isna().all()


def test_every_grid_is_connected_inside_its_community(geopackage: Path) -> None:
    buildings, neighbours = layer(geopackage, "buildings").set_index("building_id"), layer(geopackage, "neighbours")
    pairs = neighbours[neighbours["crossable"].astype(bool)]
    graph = nx.Graph()
    graph.add_nodes_from(buildings.index)
    graph.add_edges_from(zip(pairs["a"], pairs["b"], strict=True))
    for _, its in buildings.groupby("grid_id"):
        assert nx.is_connected(graph.subgraph(its.index))
        assert its["community_id"].nunique() == 1


def test_grids_are_the_union_of_their_cells(geopackage: Path) -> None:
    cells, grids = layer(geopackage, "cells"), layer(geopackage, "grids").set_index("grid_id")
    for grid_id, its in cells.groupby("grid_id"):
        assert grids.geometry[grid_id].symmetric_difference(its.union_all()).area == pytest.approx(0, abs=1e-6)


def test_columns_of_the_neighbour_table(geopackage: Path) -> None:
    with closing(sqlite3.connect(geopackage)) as connection:
        names = [row[1] for row in connection.execute("PRAGMA table_info(neighbours)")]
    assert names == ["fid", "a", "b", "shared_m", "separator", "crossable"]


def test_the_geopackage_is_in_the_working_crs(geopackage: Path, plan: Plan) -> None:
    assert layer(geopackage, "grids").crs == plan.grids.crs


def test_stairwells_name_their_building(geopackage: Path) -> None:
    buildings = layer(geopackage, "buildings").set_index("building_id")
    assert buildings.loc[["c#1", "c#2", "c#3"], "source_building_id"].tolist() == ["c", "c", "c"]


def test_findings_in_both_languages(geopackage: Path, plan: Plan) -> None:
    findings = layer(geopackage, "findings")
    assert findings["text_zh"].tolist() == [each.text("zh") for each in plan.findings]
    assert findings["text_en"].tolist() == [each.text("en") for each in plan.findings]
    assert findings.geometry.isna().tolist() == [False, True]


def test_a_building_that_is_gone_is_drawn_as_its_cell(tmp_path: Path, plan: Plan, district: District) -> None:
    fewer = district.with_tables({"buildings": district.buildings.drop(index="a")})
    assert [each.code for each in export_plan(plan, fewer, tmp_path / "x.gpkg")] == ["export_buildings_gone"]
    assert layer(tmp_path / "x.gpkg", "buildings").set_index("building_id").area["a"] == pytest.approx(10_000)


# --- shapefiles -----------------------------------------------------------------------------------------------------------------------------------


def test_members_of_the_zip(shapefiles: Path) -> None:
    members = set(zipfile.ZipFile(shapefiles).namelist())
    drawn = {f"{name}.{ending}" for name in ("grids", "buildings", "cells", "findings") for ending in ("shp", "shx", "dbf", "prj", "cpg")}
    assert members == drawn | {"neighbours.dbf", "neighbours.cpg", "fields.csv", "long_texts.csv"}


def test_code_pages_say_utf_8(shapefiles: Path) -> None:
    with zipfile.ZipFile(shapefiles) as archive:
        assert {archive.read(name) for name in archive.namelist() if name.endswith(".cpg")} == {b"UTF-8"}


def test_field_names_fit_and_are_explained(shapefiles: Path) -> None:
    _, *rows = in_zip(shapefiles, "fields.csv")
    shown = {(name, field) for name, field, *_ in rows}
    for name in ("grids", "buildings", "cells", "neighbours", "findings"):
        fields = set(pyogrio.read_info(f"/vsizip/{shapefiles}/{name}.dbf")["fields"])
        assert {field for layer_name, field in shown if layer_name == name} == fields
        assert max(map(len, fields)) <= 10


def test_values_of_a_shapefile(shapefiles: Path, plan: Plan) -> None:
    grids = pyogrio.read_dataframe(f"/vsizip/{shapefiles}/grids.shp").set_index("grid_id")
    assert grids["households"].to_dict() == plan.grids["households"].to_dict()
    assert grids.loc["G1", ["name", "code"]].tolist() == ["东一", "320602001001001"]
    assert shapely.normalize(grids.geometry["G1"]).equals_exact(shapely.normalize(plan.grids.geometry["G1"]), 1e-6)


def test_long_texts_are_cut_at_a_character_and_kept_whole_beside(shapefiles: Path) -> None:
    buildings = pyogrio.read_dataframe(f"/vsizip/{shapefiles}/buildings.shp").set_index("bldg_id")
    assert buildings["name"]["b"] == LONG[:84]
    assert in_zip(shapefiles, "long_texts.csv")[1:] == [["buildings", "2", "name", LONG]]


def test_a_mixture_of_geometries_becomes_several_shapefiles(tmp_path: Path, district: District) -> None:
    buildings = district.buildings.copy()
    buildings.loc["a", "geometry"] = buildings.geometry["a"].centroid
    export_ground(district.with_tables({"buildings": buildings}), tmp_path / "x.zip")
    members = zipfile.ZipFile(tmp_path / "x.zip").namelist()
    assert {"buildings_points.shp", "buildings_areas.shp", "communities.shp"} <= set(members)


# --- GeoJSON and CSV ------------------------------------------------------------------------------------------------------------------------------


def test_geojson_is_in_wgs84_with_outer_rings_anticlockwise(tmp_path: Path, plan: Plan, district: District) -> None:
    export_plan(plan, district, tmp_path / "x.geojson")
    collection = json.loads((tmp_path / "x.geojson").read_text(encoding="utf-8"))
    assert set(collection) == {"type", "features"}
    drawn = shapely.from_geojson([json.dumps(feature["geometry"]) for feature in collection["features"]])
    assert shapely.is_ccw(shapely.get_exterior_ring(drawn)).all()
    assert np.allclose(shapely.bounds(drawn), plan.grids.to_crs(4326).bounds.to_numpy(), atol=1e-8)
    first = collection["features"][0]["properties"]
    assert (first["grid_id"], first["name"], first["households"], first["worker"]) == ("G1", "东一", 260, None)


def sheet(path: Path) -> list[list[str]]:
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"))))


def test_csv_has_each_building_with_its_grid(tmp_path: Path, plan: Plan, district: District) -> None:
    export_plan(plan, district, tmp_path / "x.csv", language="en")
    names, *rows = sheet(tmp_path / "x.csv")
    assert {row[names.index("building_id")]: row[names.index("grid_id")] for row in rows} == GRID_OF


def test_csv_headings_in_chinese(tmp_path: Path, plan: Plan, district: District) -> None:
    export_plan(plan, district, tmp_path / "x.csv", language="zh")
    assert {"户数", "网格编号", "名称"} <= set(sheet(tmp_path / "x.csv")[0])


def test_no_cell_of_a_csv_is_a_formula(tmp_path: Path, plan: Plan, district: District) -> None:
    export_plan(plan, district, tmp_path / "x.csv")
    cells = [cell for row in sheet(tmp_path / "x.csv") for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"))]
    assert {"'=HYPERLINK(1)", "'＋1"} <= set(cells)


# --- refusals -------------------------------------------------------------------------------------------------------------------------------------


def test_an_unknown_ending(tmp_path: Path, plan: Plan, district: District) -> None:
    with pytest.raises(RequestError, match=r"\.gpkg, \.zip, \.geojson, \.csv"):
        export_plan(plan, district, tmp_path / "x.dwg")


def test_a_workspace_is_not_overwritten(tmp_path: Path, plan: Plan, district: District) -> None:
    workspace = Workspace(tmp_path / "w.gpkg")
    workspace.write_ground(district, [])
    with pytest.raises(WorkspaceError, match="is a workspace"):
        export_plan(plan, district, workspace.path)


@pytest.mark.parametrize("ending", ["gpkg", "zip", "geojson", "csv"])
def test_an_export_replaces_an_older_one_and_leaves_nothing_beside(tmp_path: Path, plan: Plan, district: District, ending: str) -> None:
    (tmp_path / f"x.{ending}").write_bytes(b"old")
    export_plan(plan, district, tmp_path / f"x.{ending}")
    assert (tmp_path / f"x.{ending}").stat().st_size > 100
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("ending", ["gpkg", "zip", "geojson", "csv"])
def test_a_missing_folder(tmp_path: Path, plan: Plan, district: District, ending: str) -> None:
    with pytest.raises(WorkspaceError, match="does not exist"):
        export_plan(plan, district, tmp_path / "none" / f"x.{ending}")


def test_the_ground_as_a_geopackage(tmp_path: Path, district: District) -> None:
    export_ground(district, tmp_path / "x.gpkg", findings=[Finding("rules_key_missing", "甲", "error")])
    assert set(pyogrio.list_layers(tmp_path / "x.gpkg")[:, 0]) == {"communities", "buildings", "findings"}


def test_a_plan_with_a_building_in_no_grid(tmp_path: Path, plan: Plan, district: District) -> None:
    loose = plan.grid_of.copy()
    loose.iloc[0] = None
    for ending in ("gpkg", "zip", "geojson", "csv"):
        export_plan(dataclasses.replace(plan, grid_of=loose), district, tmp_path / f"x.{ending}")
    assert layer(tmp_path / "x.gpkg", "buildings").set_index("building_id")["grid_id"].isna().sum() == 1


def test_one_layer_alone(tmp_path: Path, plan: Plan, district: District) -> None:
    export_ground(district, tmp_path / "c.csv", layer="communities", language="en")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "c.csv").read_text(encoding="utf-8-sig"))))
    assert [row["community_id"] for row in rows] == ["C1", "C2"]
    export_plan(plan, district, tmp_path / "p.gpkg", layer="grids")
    assert pyogrio.list_layers(tmp_path / "p.gpkg")[:, 0].tolist() == ["grids"]
    export_plan(plan, district, tmp_path / "b.geojson", layer="buildings")
    assert len(gpd.read_file(tmp_path / "b.geojson")) == len(plan.atoms)


@pytest.mark.parametrize(("name", "layer", "known"), [("x.csv", "roads", "buildings, cells"), ("x.geojson", "neighbours", "grids, buildings, cells")])
def test_a_layer_that_cannot_be_written(name: str, layer: str, known: str, tmp_path: Path, plan: Plan, district: District) -> None:
    with pytest.raises(RequestError) as error:
        export_plan(plan, district, tmp_path / name, layer=layer)
    assert error.value.code == "export_layer_unknown"
    assert known in str(error.value.words["layers"])
    assert not (tmp_path / name).exists()

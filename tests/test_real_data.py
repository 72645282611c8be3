"""Real input, through the command line as a user types it: import, plan, export, map.

What a plan promises is checked from the exported GeoPackage alone, with sqlite3, networkx and shapely; nothing of gridmap but its command runs here.
"""

from __future__ import annotations

import contextlib
import functools
import io
import json
import re
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import networkx as nx
import pyogrio
import pytest
import shapely

from gridmap.cli.main import run

pytestmark = pytest.mark.slow

DONE = (0, 3)
MINIMUM, MAXIMUM = 250, 300


@dataclass(frozen=True)
class Imported:
    """The workspace that ``import`` made, the rules it was made with, and what it answered."""

    workspace: Path
    rules: Path
    answer: dict[str, Any]


@dataclass(frozen=True)
class Planned:
    """What ``plan`` answered, and the files that ``export`` and ``map`` made."""

    answer: dict[str, Any]
    export: Path
    page: Path


def gridmap(*arguments: object) -> dict[str, Any]:
    """Run a command and return its JSON; it may leave findings, but it may not fail, warn or print anything else."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run([*map(str, arguments), "--json", "--lang", "en"])
    assert code in DONE, err.getvalue()
    assert err.getvalue() == ""
    answer: dict[str, Any] = json.loads(out.getvalue())
    assert code == (3 if any(each["severity"] == "error" for each in answer.get("findings", [])) else 0)
    return answer


SOURCES = {
    "songshan": {"buildings": "songshan/songshan.gpkg"},
    "porto": {"osm": "porto/porto.osm.pbf"},
    "suzhou": {"buildings": "suzhou/buildings.geojson"},
    "shanghai": {
        "buildings": "shanghai/buildings.geojson",
        "streets": "shanghai/roads.geojson",
        "barriers": "shanghai/water.geojson",
        "venues": "shanghai/pois.geojson",
    },
    "nantong": {"osm": "nantong/nantong.osm"},
}
PARTS = {"shanghai": (shapely.box(121.480, 31.230, 121.492, 31.242),)}
"""What is planned of a source, where all of it would take minutes; in degrees."""
RULES = 'extends = "nantong"\n'
ASSUMED_FLOORS = "[estimate]\nfloors_where_unknown = 3\n"
"""In Porto nine buildings in ten say nothing of their floors."""


@pytest.fixture(scope="module")
def import_of(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Imported]:
    """Import a source, once; ``part`` alone of it when it is given."""

    @functools.cache
    def import_of(name: str, *part: shapely.Polygon) -> Imported:
        folder = tmp_path_factory.mktemp(name)
        rules, workspace = folder / "my.toml", folder / f"{name}.gpkg"
        rules.write_text(RULES + (ASSUMED_FLOORS if name == "porto" else ""), encoding="utf-8")
        files = {option: shared_data / file for option, file in SOURCES[name].items()}
        if part:
            files = {option: cut(file, *part, folder) for option, file in files.items()}
        options = [word for option, file in files.items() for word in (f"--{option}", file)]
        return Imported(workspace, rules, gridmap("import", workspace, *options, "--rules", rules))

    return import_of


@pytest.fixture(scope="module")
def plan_of(import_of: Callable[..., Imported]) -> Callable[[str], Planned]:
    """Plan a source, or the part of it that stands above, once."""

    @functools.cache
    def plan_of(name: str) -> Planned:
        ground = import_of(name, *PARTS.get(name, ()))
        export, page = ground.workspace.with_name("plan.gpkg"), ground.workspace.with_name("plan.html")
        answer = gridmap("plan", ground.workspace, "--name", "first", "--effort", "quick", "--jobs", 1, "--rules", ground.rules)
        gridmap("export", ground.workspace, export, "--plan", "first")
        gridmap("map", ground.workspace, page, "--plan", "first")
        return Planned(answer, export, page)

    return plan_of


@pytest.fixture(scope="module", params=SOURCES)
def planned(request: pytest.FixtureRequest, plan_of: Callable[[str], Planned]) -> Planned:
    return plan_of(request.param)


def cut(file: Path, part: shapely.Polygon, folder: Path) -> Path:
    """Write what touches the part into a file of the same name, each feature as it stands."""
    content = json.loads(file.read_text(encoding="utf-8"))
    content["features"] = [each for each in content["features"] if shapely.intersects(shapely.from_geojson(json.dumps(each["geometry"])), part)]
    (folder / file.name).write_text(json.dumps(content), encoding="utf-8")
    return folder / file.name


def rows(file: Path, query: str) -> list[tuple[Any, ...]]:
    """Return what an independent program reads from the exported file."""
    with contextlib.closing(sqlite3.connect(file)) as connection:
        return connection.execute(query).fetchall()


def test_every_atom_is_in_exactly_one_grid_of_its_community(planned: Planned) -> None:
    atoms = rows(planned.export, "select building_id, grid_id, community_id from buildings")
    community_of = dict(rows(planned.export, "select grid_id, community_id from grids"))
    assert len({atom for atom, *_ in atoms}) == len(atoms)
    assert all(community_of[grid] == community for _, grid, community in atoms)
    assert {grid for _, grid, _ in atoms} == set(community_of)


def test_every_grid_is_connected_over_crossable_neighbours(planned: Planned) -> None:
    grid_of = dict(rows(planned.export, "select building_id, grid_id from buildings"))
    graph = nx.Graph()
    graph.add_nodes_from(grid_of)
    graph.add_edges_from((a, b) for a, b in rows(planned.export, "select a, b from neighbours where crossable") if grid_of[a] == grid_of[b])
    assert nx.number_connected_components(graph) == len(set(grid_of.values()))


def test_households_of_grids_are_the_sums_of_their_atoms(planned: Planned) -> None:
    sums = rows(planned.export, "select grid_id, sum(coalesce(households, 0)) from buildings group by grid_id order by grid_id")
    assert sums == rows(planned.export, "select grid_id, households from grids order by grid_id")


def test_each_pair_of_neighbours_stands_once(planned: Planned) -> None:
    pairs = rows(planned.export, "select min(a, b), max(a, b) from neighbours")
    assert len(set(pairs)) == len(pairs)
    assert all(a != b for a, b in pairs)


@pytest.mark.parametrize("layer", ["grids", "cells"])
def test_polygons_tile_the_land(planned: Planned, layer: str) -> None:
    polygons = pyogrio.read_dataframe(planned.export, layer=layer).geometry.to_numpy()
    assert shapely.is_valid(polygons).all()
    a, b = shapely.STRtree(polygons).query(polygons, predicate="intersects")
    a, b = a[a < b], b[a < b]
    assert shapely.area(shapely.intersection(polygons[a], polygons[b])).sum() < 1e-6 * shapely.area(polygons).sum()
    assert shapely.area(shapely.union_all(polygons)) == pytest.approx(shapely.area(polygons).sum(), rel=1e-6)


def test_grids_are_the_unions_of_their_cells(planned: Planned) -> None:
    cells = pyogrio.read_dataframe(planned.export, layer="cells")
    grids = pyogrio.read_dataframe(planned.export, layer="grids").set_index("grid_id")
    areas = cells.area.groupby(cells["grid_id"]).sum()
    assert (areas - grids.area).abs().max() < 1e-6 * grids.area.sum()


def test_every_grid_outside_the_bounds_has_an_error(planned: Planned) -> None:
    outside = rows(planned.export, f"select grid_id from grids where kind = 'ordinary' and households not between {MINIMUM} and {MAXIMUM}")
    told = {each.get("grid_id") for each in planned.answer["findings"] if each["severity"] == "error"}
    assert {grid for (grid,) in outside} <= told


def test_what_is_above_the_maximum_and_cannot_be_divided_stands_alone(planned: Planned) -> None:
    large = rows(planned.export, f"select grid_id, households from buildings where households > {MAXIMUM}")
    assert set(large) <= set(rows(planned.export, "select grid_id, households from grids where buildings = 1"))
    assert len(large) == len([each for each in planned.answer["findings"] if each["code"].endswith("_above_maximum")])


def test_the_page_asks_nobody(planned: Planned) -> None:
    """Links to click are there; nothing is fetched."""
    page = planned.page.read_text(encoding="utf-8")
    assert planned.page.stat().st_size > 50_000
    assert re.findall(r"""<[^>]+\bsrc=["']?(?:https?:)?//|<link[^>]+\bhref=["']?(?:https?:)?//|url\(["']?(?:https?:)?//|@import""", page) == []
    assert "default-src 'none'" in page


def found(imported: Imported, code: str) -> list[dict[str, Any]]:
    return [each for each in imported.answer["findings"] if each["code"] == code]


def test_eight_areas_of_songshan_are_told_one_by_one(import_of: Callable[[str], Imported], shared_data: Path) -> None:
    songshan = import_of("songshan")
    areas = pyogrio.read_dataframe(shared_data / "songshan" / "songshan.gpkg")
    large = areas[areas["H_CNT"] > MAXIMUM].set_index("CODEBASE")["H_CNT"]
    assert len(large) == 8
    assert {each["subject"]: each["value"] for each in found(songshan, "area_too_large")} == large.to_dict()
    assert songshan.answer["report"]["cells"] == "given"
    assert [each["value"] for each in found(songshan, "households_missing")] == [44]


def test_households_of_porto_are_estimated_from_levels_alone(import_of: Callable[[str], Imported]) -> None:
    porto = import_of("porto")
    assert sources_of_households(porto) == {"estimated": 11_400}
    assert [each["value"] for each in found(porto, "households_estimated")] == households_of(porto)
    (assumed,) = found(porto, "floors_assumed")
    assert assumed["value"] > 9000


def test_the_shores_of_porto_are_joined_by_bridges_alone(plan_of: Callable[[str], Planned]) -> None:
    file = plan_of("porto").export
    north_m = pyogrio.read_dataframe(file, layer="buildings").set_index("building_id").centroid.y
    for condition, joined in (("crossable", True), ("crossable and shared_m > 0", False)):
        graph = nx.Graph(rows(file, f"select a, b from neighbours where {condition}"))
        assert nx.has_path(graph, north_m.idxmin(), north_m.idxmax()) == joined


def test_households_of_suzhou_are_estimated_and_marked(import_of: Callable[[str], Imported]) -> None:
    suzhou = import_of("suzhou")
    assert sources_of_households(suzhou) == {"estimated": 3074}
    assert [each["value"] for each in found(suzhou, "households_estimated")] == households_of(suzhou)
    assert len(found(suzhou, "geometry_sliver")) == 2


def test_what_tiles_had_cut_is_united_in_shanghai(import_of: Callable[[str], Imported], shared_data: Path) -> None:
    shanghai = import_of("shanghai")
    assert {each["file"] for each in found(shanghai, "pieces_united")} >= {"buildings.geojson", "roads.geojson", "water.geojson"}
    for table, key, file in (("buildings", "building_id", "buildings"), ("streets", "street_id", "roads")):
        features = json.loads((shared_data / "shanghai" / f"{file}.geojson").read_text(encoding="utf-8"))["features"]
        given = {str(each["properties"]["id"]) for each in features}
        stored = [identity for (identity,) in rows(shanghai.workspace, f"select {key} from {table}")]
        assert len(set(stored)) == len(stored)
        assert set(stored) <= given


def sources_of_households(imported: Imported) -> dict[str, int]:
    return dict(rows(imported.workspace, "select households_source, count(*) from buildings group by 1"))


def households_of(imported: Imported) -> list[int]:
    """The households of each community."""
    return [total for (total,) in rows(imported.workspace, "select sum(households) from buildings group by community_id")]

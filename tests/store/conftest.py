"""A workspace of a small world: two communities, a plan of three grids, findings of every kind."""

from __future__ import annotations

import shutil
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from shapely import LineString, MultiPolygon, Point, box
from worlds import CRS, EAST_M, NORTH_M, draw_world

from gridmap.findings import Finding
from gridmap.grids.atoms import split_atoms
from gridmap.grids.plan import Origin, Plan, plan_from_assignment
from gridmap.grids.tiling import Tiling
from gridmap.ground.tables import District, typed_table
from gridmap.rules import load_rules
from gridmap.store.workspace import Workspace

TOWN = """
    a:100 b:160 p:280
    c:602 d:?   q:0!
"""
GRID_OF = {"a": "G1", "b": "G1", "d": "G1", "c#1": "G2", "c#2": "G2", "c#3": "G2", "p": "G3", "q": "G4"}


@pytest.fixture(scope="session")
def district() -> District:
    """Buildings in every state, missing values, a mixture of barriers, a venue; no gate."""
    drawn, _ = draw_world(TOWN, communities={"p": "C2", "q": "C2"}, stairwells={"c": 3}, name={"a": "1号楼", "b": "=HYPERLINK(1)"})

    def table(name: str, /, **columns: object) -> gpd.GeoDataFrame:
        frame = gpd.GeoDataFrame(columns, crs=CRS)
        return typed_table(name, frame.set_index(f"{name.removesuffix('s')}_id"))

    east, north = EAST_M, NORTH_M
    streets = table(
        "streets",
        street_id=["s1", "s2"],
        name=["人民路", None],
        street_class=["street", "lane"],
        walkable=[True, True],
        barrier=[False, False],
        layer=[None, 1],
        geometry=[LineString([(east, north), (east + 9, north)]), LineString([(east, north), (east, north - 0.1)])],
    )
    river = box(east, north - 300, east + 300, north - 220)
    barriers = table("barriers", barrier_id=["r", "w"], kind=["river", "wall"], geometry=[river, LineString([(east, north), (east + 5, north)])])
    venues = table(
        "venues", venue_id=["v"], name=["党群服务中心"], categories=['["reading"]'], area_m2=[400.5], public=[True], geometry=[Point(east, north)]
    )
    parts = drawn.communities.geometry.to_numpy().copy()
    parts[0] = MultiPolygon([parts[0], box(east + 900, north, east + 950, north + 50)])
    communities = drawn.communities.set_geometry(gpd.GeoSeries(parts, index=drawn.communities.index, crs=CRS))
    return drawn.with_tables({"streets": streets, "barriers": barriers, "venues": venues, "communities": communities})


@pytest.fixture(scope="session")
def tiling(district: District) -> Tiling:
    """The squares of the small world as cells."""
    _, drawn = draw_world(TOWN, communities={"p": "C2", "q": "C2"})
    return Tiling(drawn.cells, drawn.neighbours, (), district.fingerprint())


@pytest.fixture(scope="session")
def findings() -> list[Finding]:
    """One with a place and numbers, one about a row of a file, one with words of its own."""
    return [
        Finding("rules_value_unfit", "b", "warning", value=304, limit=300.5, unit="households", x=EAST_M + 0.1, y=NORTH_M, words={"expected": "int"}),
        Finding("rules_key_missing", "a", "error", value="4328户", file="楼栋.shp", layer="楼栋", row=12, column="户数", community_id="C1"),
    ]


@pytest.fixture(scope="session")
def plan(district: District, tiling: Tiling, findings: list[Finding]) -> Plan:
    """A plan that divides building c into its stairwells."""
    rules = load_rules("nantong")
    atoms, neighbours, _ = split_atoms(district, tiling, rules.grid.households_max)
    known = pd.DataFrame({"name": ["东一", None], "worker": [None, "网格员甲"]}, index=["G1", "G2"])
    origin = Origin("规划员", "2024-05-01T08:00:00+08:00", 7, "quick", district.fingerprint(), parent="older", version="0.1")
    return plan_from_assignment("first", atoms, neighbours, pd.Series(GRID_OF), rules, origin, grids=known, findings=findings, lenient=True)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory, district: District, tiling: Tiling, findings: list[Finding], plan: Plan) -> Path:
    """All of it in a file, written once."""
    made = Workspace(tmp_path_factory.mktemp("template") / "w.gpkg")
    made.write_ground(district, findings, imports=[{"table": "buildings", "source": "楼栋.shp", "added": 6}])
    made.write_tiling(tiling)
    made.save_plan(plan)
    return made.path


@pytest.fixture
def workspace(tmp_path: Path, template: Path) -> Workspace:
    """All of it in a file of the test's own."""
    return Workspace(Path(shutil.copy(template, tmp_path / "城北 1%.gpkg")))

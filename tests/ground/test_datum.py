"""A layer in a shifted datum is told, one in the right datum is not."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely

from gridmap.ground import coords
from gridmap.ground.datum import datum_findings
from gridmap.ground.sample import sample_district

X0, Y0 = 580_000.0, 3_540_000.0
SIDE_M = 400.0


def place(frame):
    return gpd.GeoDataFrame(frame, crs=4549)


def shifted(table, datum):
    """Return the table as it looks when its ``datum`` coordinates are read as WGS 84."""
    wgs84 = table.to_crs(4326)
    move = coords.FROM_WGS84[datum]
    return wgs84.set_geometry(shapely.transform(wgs84.geometry.to_numpy(), lambda c: np.column_stack(move(c[:, 0], c[:, 1]))), crs=4326).to_crs(4549)


@pytest.fixture(scope="module")
def tables():
    """Five by five communities of 400 m, each with buildings in rows between streets, named after it, and a venue in a building."""
    i, j = (axis.ravel() for axis in np.meshgrid(np.arange(5), np.arange(5)))
    names = [f"{a}{b}社区" for a in "东南西北中" for b in "和平安宁康"]
    x, y = X0 + i * SIDE_M, Y0 + j * SIDE_M
    communities = place({"name": names, "geometry": shapely.box(x, y, x + SIDE_M, y + SIDE_M)})
    # Streets at uneven distances: a lattice looks the same after any shift by its width.
    lanes = np.cumsum(np.random.default_rng(0).integers(60, 110, 24)) - 60
    k, m = (axis.ravel() for axis in np.meshgrid(np.arange(50), np.arange(50)))
    bx, by = X0 + k * 40 + 8, Y0 + m * 40 + 8
    owner = (m // 10) * 5 + k // 10
    buildings = place({"compound_id": [f"{names[o][:2]}花园" for o in owner], "geometry": shapely.box(bx, by, bx + 22, by + 22)})
    lines = [shapely.LineString([(X0 + v, Y0), (X0 + v, Y0 + 2000)]) for v in lanes]
    lines += [shapely.LineString([(X0, Y0 + v), (X0 + 2000, Y0 + v)]) for v in lanes]
    streets = place({"layer": 0, "geometry": lines})
    free = np.isin(np.arange(len(bx)), shapely.STRtree(shapely.box(bx, by, bx + 22, by + 22)).query(lines, predicate="intersects")[1], invert=True)
    buildings = buildings[free]
    venues = place({"name": [f"{name}卫生站" for name in names], "geometry": shapely.points(x + 20, y + 20)})
    return {"communities": communities, "buildings": buildings, "streets": streets, "venues": venues}


def test_the_right_datum_gives_no_warning(tables):
    assert datum_findings(tables) == []


@pytest.mark.parametrize("datum", ["gcj02", "bd09"])
@pytest.mark.parametrize("name", ["venues", "buildings"])
def test_a_shifted_layer_is_told_with_its_datum(tables, name, datum):
    without_streets = {key: table for key, table in tables.items() if key in ("communities", name)}
    found = datum_findings({**without_streets, name: shifted(tables[name], datum)})
    assert [(each.subject, each.words["datum"]) for each in found] == [(name, datum)]
    assert found[0].limit > 95


def test_buildings_on_streets(tables):
    # The streets of one half only: no datum brings them near to most buildings.
    streets = tables["streets"].clip((X0, Y0, X0 + SIDE_M * 2.5, Y0 + 2000))
    found = datum_findings({"streets": streets, "buildings": shifted(tables["buildings"], "gcj02")})
    assert [(each.code, each.subject, each.words["datum"]) for each in found] == [("datum_on_streets", "buildings", "gcj02")]


def test_when_the_other_layer_is_shifted_it_is_named(tables):
    found = datum_findings({"communities": shifted(tables["communities"], "bd09"), "buildings": tables["buildings"]})
    assert [(each.subject, each.words["datum"]) for each in found] == [("communities", "bd09")]


def test_a_handful_of_objects_proves_nothing(tables):
    assert datum_findings({"communities": tables["communities"], "venues": shifted(tables["venues"].iloc[:5], "bd09")}) == []


def test_outside_china_nothing_is_tested(tables):
    moved = {name: table.set_crs(32629, allow_override=True) for name, table in tables.items()}
    assert datum_findings(moved) == []


@pytest.fixture(scope="module")
def district():
    return sample_district(2000, seed=3)


@pytest.mark.parametrize("datum", ["gcj02", "bd09"])
@pytest.mark.parametrize("name", ["streets", "buildings"])
def test_streets_and_buildings_apart_tell_which_of_them_is_shifted(district, datum, name):
    tables = {"buildings": district.buildings, "streets": district.streets}
    assert datum_findings(tables) == []
    moved = tables[name].to_crs(4549)
    found = datum_findings({**{key: table.to_crs(4549) for key, table in tables.items()}, name: shifted(moved, datum)})
    assert [(each.code, each.subject, each.words["datum"]) for each in found] == [("datum_off_streets", name, datum)]


def test_streets_that_reach_few_buildings_prove_nothing(district):
    assert (
        datum_findings({"buildings": district.buildings, "streets": shifted(district.streets.to_crs(4549).iloc[:8], "gcj02").to_crs(district.crs)})
        == []
    )

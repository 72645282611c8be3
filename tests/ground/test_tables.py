"""The tables of a district have their declared columns, types and fingerprint."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from gridmap.ground.tables import DTYPES, TABLES, District, empty_table, typed_table

CRS = "EPSG:4549"


@pytest.fixture
def district() -> District:
    """Two buildings in one community, nothing else."""
    tables = {name: empty_table(name, CRS) for name in TABLES}
    outline = gpd.GeoDataFrame({"name": ["东社区"]}, geometry=[shapely.box(0, 0, 100, 50)], index=["C1"], crs=CRS)
    homes = {"community_id": ["C1", "C1"], "households": [36, None], "households_source": ["given", "missing"], "dedicated": [False, False]}
    footprints = [shapely.box(10, 10, 30, 20), shapely.box(60, 10, 80, 20)]
    tables["communities"] = typed_table("communities", outline)
    tables["buildings"] = typed_table("buildings", gpd.GeoDataFrame(homes, geometry=footprints, index=["B1", "B2"], crs=CRS))
    return District(**tables)


@pytest.mark.parametrize("name", TABLES)
def test_an_empty_table_has_all_columns(name: str) -> None:
    table = TABLES[name]
    frame = empty_table(name, CRS)
    assert list(frame.columns) == [column.name for column in table.columns] + ["geometry"]
    assert [str(frame[column.name].dtype) for column in table.columns] == [DTYPES[column.kind] for column in table.columns]
    assert frame.index.name == table.index


def test_typed_table_keeps_missing_missing(district: District) -> None:
    assert district.buildings.households.isna().tolist() == [False, True]
    assert district.buildings.households.sum() == 36


def test_typed_table_leaves_its_argument_alone() -> None:
    raw = gpd.GeoDataFrame({"extra": [1]}, geometry=[shapely.Point(0, 0)], index=[7], crs=CRS)
    typed = typed_table("gates", raw)
    assert list(raw.columns) == ["extra", "geometry"]
    assert typed.index.tolist() == ["7"]


def test_fingerprint_does_not_depend_on_the_order_of_rows(district: District) -> None:
    turned = district.with_tables({"buildings": district.buildings.iloc[::-1]})
    assert turned.fingerprint() == district.fingerprint()


def test_fingerprint_forgets_names_and_venues(district: District) -> None:
    renamed = district.with_tables({"communities": district.communities.assign(name=pd.array(["西社区"], dtype="str"))})
    assert renamed.fingerprint() == district.fingerprint()


@pytest.mark.parametrize(("column", "values"), [("households", [37, None]), ("dedicated", [True, False]), ("compound_id", ["P1", None])])
def test_fingerprint_changes_with_what_a_plan_depends_on(district: District, column: str, values: list[object]) -> None:
    changed = typed_table("buildings", district.buildings.assign(**{column: pd.Series(values, index=district.buildings.index, dtype=object)}))
    assert district.with_tables({"buildings": changed}).fingerprint() != district.fingerprint()

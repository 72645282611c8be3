"""What an import tells about changed tables."""

from __future__ import annotations

import geopandas as gpd
import pytest
import shapely

from gridmap.ground.reports import LedgerReport, Report, TableReport, differences
from gridmap.ground.tables import typed_table


def gates(**points):
    frame = gpd.GeoDataFrame({"public": True}, geometry=[shapely.Point(x, 0) for x in points.values()], index=list(points), crs=4549)
    return typed_table("gates", frame)


def test_added_changed_removed():
    assert differences(gates(a=1, b=2, c=3), gates(b=2, c=4, d=5)) == (["d"], ["c"], ["a"])


def test_rounding_is_no_change():
    assert differences(gates(a=1), gates(a=1.00001)) == ([], [], [])


def test_missing_against_known_is_a_change():
    new = gates(a=1)
    new.loc["a", "hours"] = "8-20"
    assert differences(gates(a=1), new) == ([], ["a"], [])


def test_of_many_unused_columns_the_first_are_shown():
    table = TableReport("gates", "g.shp", "g", {}, tuple(f"name:{n}" for n in range(40)), 1, 1, False, (), (), ())
    shown = Report("EPSG:4549", (table,), "build", {}, None).lines("en")[2]
    assert "name:11 …" in shown
    assert "name:12" not in shown


def test_columns_of_our_own_names_go_without_saying_and_so_do_rows_that_stay():
    table = TableReport("gates", "g.osm", "gates", {"hours": "hours"}, (), 1, 1, True, (), (), ())
    lines = Report("EPSG:4549", (table,), "build", {}, None).lines("en")
    assert [line.strip() for line in lines[2:]] == ["nothing changed"]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_lines_of_both_languages(language):
    table = TableReport("gates", "g.shp", "g", {"gate_id": "ID"}, ("X",), 3, 2, True, ("a",), (), ("b",))
    ledger = LedgerReport("l.xlsx", 5, {"id": 2, "name": 1}, (7,), (8,))
    lines = Report("EPSG:4549", (table,), "build", {"filled": 0.4, "overlap": 0.0}, ledger).lines(language)
    assert len(lines) == 11
    assert any("g.shp" in line for line in lines)

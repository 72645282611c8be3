"""Geometry cleaning: what is mended, dropped or refused is told with its row."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from shapes import BOW_TIE, EMPTY, SLIVER_FOOTPRINT

from gridmap.findings import finding
from gridmap.ground import repair
from gridmap.ground.rows import ROW, Rows

SQUARE = shapely.box(0, 0, 10, 10)


def rows(*geometry, table="buildings", ids=None, **columns):
    frame = gpd.GeoDataFrame({**columns, ROW: range(1, len(geometry) + 1)}, geometry=list(geometry), crs=4549)
    if ids is not None:
        frame.index = ids
        frame.index.name = "building_id"
    return Rows(table, "楼栋.shp", "楼栋", frame, {})


def codes(findings):
    return [(each.code, each.row) for each in findings]


@pytest.mark.parametrize("geometry", [None, EMPTY, shapely.Point(np.nan, 1)])
def test_rows_without_a_place_are_refused(geometry):
    kept, findings = repair.readable_geometry(rows(SQUARE, geometry))
    assert len(kept) == 1
    assert codes(findings) == [("row_without_geometry", 2)]
    assert findings[0].severity == "error"


def test_what_the_reader_said_becomes_the_refusal():
    said = finding("ring_too_short", "楼栋", row=2)
    _, findings = repair.readable_geometry(rows(SQUARE, None), [said])
    assert [(each.code, each.severity) for each in findings] == [("ring_too_short", "error")]


def test_heights_are_dropped():
    kept, _ = repair.readable_geometry(rows(shapely.force_3d(SQUARE, 4.0)))
    assert not kept.frame.geometry.has_z.any()


def test_self_intersection_is_mended_with_its_reason():
    kept, findings = repair.mended_geometry(rows(BOW_TIE))
    assert kept.frame.geometry.is_valid.all()
    assert kept.frame.geometry.area.iloc[0] == pytest.approx(50)
    assert findings[0].words["reason_en"] == "its outline crosses itself"


def test_a_spike_leaves_no_trace():
    spiked = shapely.Polygon([(0, 0), (5, 0), (5, -4), (5, 0), (10, 0), (10, 10), (0, 10)])
    kept, findings = repair.mended_geometry(rows(spiked))
    assert kept.frame.geometry.iloc[0].equals(SQUARE)
    assert codes(findings) == [("geometry_mended", 1)]


def test_slivers_are_dropped():
    kept, findings = repair.mended_geometry(rows(SQUARE, SLIVER_FOOTPRINT))
    assert len(kept) == 1
    assert codes(findings) == [("geometry_sliver", 2)]


def test_closed_lines_become_areas():
    kept, findings = repair.mended_geometry(rows(shapely.LineString([(0, 0), (9, 0), (9, 9), (0, 9), (0, 0)])))
    assert kept.frame.geometry.area.iloc[0] == pytest.approx(81)
    assert codes(findings) == [("geometry_closed_line", 1)]


def test_an_open_line_is_no_building():
    kept, findings = repair.mended_geometry(rows(SQUARE, shapely.LineString([(0, 0), (9, 0)])))
    assert len(kept) == 1
    assert codes(findings) == [("geometry_wrong_kind", 2)]


def test_of_a_collection_only_the_areas_stay():
    mixed = shapely.GeometryCollection([SQUARE, shapely.Point(3, 3)])
    kept, findings = repair.mended_geometry(rows(mixed))
    assert kept.frame.geometry.iloc[0].equals(SQUARE)
    assert codes(findings) == [("geometry_parts_dropped", 1)]


def test_areas_become_points_where_points_are_asked_for():
    kept, _ = repair.mended_geometry(rows(SQUARE, shapely.Point(1, 1), table="venues"))
    assert set(kept.frame.geom_type) == {"Point"}


def test_a_street_drawn_as_an_area_becomes_its_outline():
    kept, _ = repair.mended_geometry(rows(SQUARE, table="streets"))
    assert kept.frame.geometry.length.iloc[0] == pytest.approx(40)


def test_barriers_are_lines_or_areas():
    kept, findings = repair.mended_geometry(rows(SQUARE, shapely.LineString([(0, 0), (9, 0)]), table="barriers"))
    assert (len(kept), findings) == (2, [])


def test_points_among_areas_are_entrances():
    kept, findings = repair.mended_geometry(rows(SQUARE, shapely.box(20, 0, 30, 10), shapely.Point(1, 1)))
    assert len(kept) == 2
    assert [each.code for each in findings] == ["points_among_areas"]


def test_points_with_households_among_areas_are_buildings():
    kept, _ = repair.mended_geometry(rows(SQUARE, shapely.box(20, 0, 30, 10), shapely.Point(1, 1), households=["3", "4", "60"]))
    assert len(kept) == 3


def test_pieces_at_a_tile_edge_are_united():
    kept, findings = repair.united_by_id(rows(SQUARE, shapely.box(10, 0, 20, 10), shapely.box(50, 0, 60, 10), ids=["a", "a", "b"]))
    assert kept.frame.index.tolist() == ["a", "b"]
    assert kept.frame.geometry.iloc[0].equals(shapely.box(0, 0, 20, 10))
    assert (findings[0].value, findings[0].words["pieces"]) == (1, 2)


def test_different_buildings_of_one_id_are_an_error_that_names_the_rows():
    kept, findings = repair.united_by_id(rows(SQUARE, shapely.box(500, 0, 510, 10), ids=["a", "a"]))
    assert len(kept) == 1
    assert (findings[0].code, findings[0].severity, findings[0].row, findings[0].words["rows"]) == ("id_taken", "error", 2, "1, 2")


def test_touching_buildings_with_different_households_are_not_pieces():
    _, findings = repair.united_by_id(rows(SQUARE, shapely.box(10, 0, 20, 10), ids=["a", "a"], households=["3", "4"]))
    assert [each.code for each in findings] == ["id_taken"]


def venues(*geometry, names):
    return rows(*geometry, table="venues", ids=["v"] * len(geometry), name=names)


def test_a_venue_that_two_tiles_mark_is_one():
    kept, findings = repair.united_by_id(venues(shapely.Point(0, 0), shapely.Point(60, 0), names=["和平饭店", "和平饭店"]))
    assert kept.frame.geometry.tolist() == [shapely.Point(0, 0)]
    assert [each.code for each in findings] == ["pieces_united"]


@pytest.mark.parametrize(("x", "names"), [(60, ["甲", "乙"]), (60, [None, None]), (900, ["甲", "甲"])], ids=["other name", "no name", "far away"])
def test_other_venues_of_one_id_are_an_error(x, names):
    _, findings = repair.united_by_id(venues(shapely.Point(0, 0), shapely.Point(x, 0), names=names))
    assert [each.code for each in findings] == ["id_taken"]


def test_streets_cut_at_tile_edges_are_joined():
    pieces = [shapely.LineString([(0, 0), (5, 0)]), shapely.LineString([(5, 0), (9, 0)])]
    kept, _ = repair.united_by_id(rows(*pieces, table="streets", ids=["s", "s"]))
    assert kept.frame.geometry.iloc[0].equals(shapely.LineString([(0, 0), (9, 0)]))


def test_a_footprint_drawn_twice_is_dropped_when_it_says_nothing():
    kept, findings = repair.drawn_twice(rows(SQUARE, SQUARE, ids=["a", "b"], households=[5, None]))
    assert kept.frame.index.tolist() == ["a"]
    assert codes(findings) == [("footprint_dropped", 2)]


def test_of_two_equal_footprints_the_one_with_households_stays():
    kept, _ = repair.drawn_twice(rows(SQUARE, SQUARE, ids=["a", "b"], households=[None, 5]))
    assert kept.frame.index.tolist() == ["b"]


def test_equal_footprints_with_households_both_stay():
    kept, findings = repair.drawn_twice(rows(SQUARE, SQUARE, ids=["a", "b"], households=[4, 5]))
    assert len(kept) == 2
    assert [each.code for each in findings] == ["footprint_kept_twice"]


def test_squares_of_points_never_overlap():
    rng = np.random.default_rng(3)
    squares = repair.footprints_from_points(shapely.points(rng.uniform(0, 100, (200, 2))))
    a, b = shapely.STRtree(squares).query(squares, predicate="overlaps")
    near = shapely.distance(shapely.centroid(squares[a]), shapely.centroid(squares[b])) > 2 * repair.POINT_HALF_SIDE_MIN_M
    assert not near.any()


def test_points_on_one_spot_get_one_square_each():
    assert len(repair.footprints_from_points(shapely.points([[1.0, 1.0], [1.0, 1.0]]))) == 2


def test_nothing_given_is_altered():
    given = rows(BOW_TIE, ids=["a"])
    before = given.frame.geometry.to_wkb().tolist()
    repair.mended_geometry(given)
    assert given.frame.geometry.to_wkb().tolist() == before

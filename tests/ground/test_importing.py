"""From files to a district, and what is said of bad ones."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from gridmap.errors import InputError, RequestError
from gridmap.ground.importing import ImportRequest, import_files
from gridmap.ground.tables import TABLES, District

X0, Y0 = 580_000.0, 3_540_000.0


def place(x, y, width=20.0, depth=12.0):
    return shapely.box(X0 + x, Y0 + y, X0 + x + width, Y0 + y + depth)


def buildings(**columns):
    """Twelve buildings of 12 to 23 households, in two communities side by side, 200 m wide each."""
    x = np.arange(12) * 33.0 + 5
    own = {
        "编号": [f"{n:03d}" for n in range(12)],
        "小区名称": ["阳光花园"] * 6 + ["和平里"] * 6,
        "楼号": [f"{n % 6 + 1}号楼" for n in range(12)],
        "户数": [f"{n + 12}户" for n in range(12)],
        "层数": 6,
    }
    given = {**own, **columns}
    return gpd.GeoDataFrame(
        {name: values for name, values in given.items() if values is not None}, geometry=[place(each, 20) for each in x], crs=4549
    )


def communities(*areas, **columns):
    drawn = areas or (place(0, 0, 198, 60), place(198, 0, 202, 60))
    own = {"社区编号": [f"0{n}" for n in range(1, len(drawn) + 1)], "社区名称": [f"{'甲乙丙丁'[n]}社区" for n in range(len(drawn))]}
    return gpd.GeoDataFrame({**own, **columns}, geometry=list(drawn), crs=4549)


def unstated(frame, folder):
    """Write a CSV with the geometry as text: it says nothing of its CRS."""
    path = folder / "bare.csv"
    frame.assign(wkt=frame.geometry.to_wkt()).drop(columns="geometry").to_csv(path, index=False, encoding="utf-8")
    return path


def kept(frame, folder, name):
    path = folder / f"{name}.gpkg"
    frame.to_file(path, driver="GPKG")
    return path


@pytest.fixture
def files(tmp_path):
    return {"buildings": kept(buildings(), tmp_path, "buildings"), "communities": kept(communities(), tmp_path, "communities")}


def codes(imported, *severities):
    return [each.code for each in imported.findings if not severities or each.severity in severities]


def test_a_whole_district(files):
    found = import_files(ImportRequest(**files))
    assert found.district.buildings["households"].tolist() == list(range(12, 24))
    assert found.district.buildings["community_id"].tolist() == ["01"] * 6 + ["02"] * 6
    assert found.district.crs.to_epsg() == 4549
    assert codes(found, "error", "warning") == ["community_below_minimum"] * 2


def test_every_table_has_its_columns_and_types(files):
    for name, table in import_files(ImportRequest(**files)).district.tables().items():
        assert [*table.columns.drop("geometry")] == [column.name for column in TABLES[name].columns]
        assert table.index.name == TABLES[name].index


def test_the_report_shows_the_columns(files):
    report = import_files(ImportRequest(**files)).report
    assert report.tables[1].fields == {"building_id": "编号", "compound_id": "小区名称", "name": "楼号", "households": "户数", "floors": "层数"}
    assert report.as_dict()["tables"][1]["rows_kept"] == 12


def test_a_column_may_be_chosen(tmp_path, files):
    files["buildings"] = kept(buildings(户数=None, 甲=7), tmp_path, "other")
    found = import_files(ImportRequest(**files, fields={"buildings.households": "甲"}))
    assert found.district.buildings["households"].tolist() == [7] * 12


def test_importing_twice_gives_the_same(files):
    first = import_files(ImportRequest(**files)).district
    second = import_files(ImportRequest(**files), old=first)
    assert second.district.fingerprint() == first.fingerprint()
    assert all((table.added, table.changed, table.removed) == ((), (), ()) for table in second.report.tables)


def test_tables_that_are_not_given_stay(tmp_path, files):
    old = import_files(ImportRequest(**files)).district
    venues = gpd.GeoDataFrame({"名称": ["甲卫生站"]}, geometry=[shapely.Point(X0 + 8, Y0 + 25)], crs=4549)
    new = import_files(ImportRequest(venues=kept(venues, tmp_path, "venues")), old=old).district
    assert len(new.venues) == 1
    assert new.fingerprint() == old.fingerprint()


def test_a_replaced_table_tells_what_changed(tmp_path, files):
    old = import_files(ImportRequest(**files)).district
    other = buildings(户数=[99, *range(13, 24)]).iloc[:11]
    report = import_files(ImportRequest(buildings=kept(other, tmp_path, "other")), old=old).report
    assert (report.tables[0].added, report.tables[0].changed, report.tables[0].removed) == ((), ("000",), ("011",))


def test_made_ids_stay_with_their_buildings(tmp_path, files):
    files["buildings"] = kept(buildings(编号=None), tmp_path, "without")
    old = import_files(ImportRequest(**files)).district
    fewer = kept(buildings(编号=None).iloc[3:], tmp_path, "fewer")
    table = import_files(ImportRequest(buildings=fewer), old=old).report.tables[0]
    assert (table.added, table.changed, table.removed) == ((), (), ("B1", "B2", "B3"))


def test_a_new_building_gets_a_new_id(tmp_path, files):
    files["buildings"] = kept(buildings(编号=None), tmp_path, "without")
    old = import_files(ImportRequest(**files)).district
    moved = buildings(编号=None)
    moved.loc[0, "geometry"] = place(7, 44)
    table = import_files(ImportRequest(buildings=kept(moved, tmp_path, "moved")), old=old).report.tables[0]
    assert (table.added, table.changed, table.removed) == (("B1'",), (), ("B1",))


def test_new_communities_take_the_old_buildings(tmp_path, files):
    old = import_files(ImportRequest(**files)).district
    one = kept(communities(place(0, 0, 400, 60)), tmp_path, "one")
    assert set(import_files(ImportRequest(communities=one), old=old).district.buildings["community_id"]) == {"01"}


def test_the_workspace_keeps_its_crs(tmp_path, files):
    old = import_files(ImportRequest(**files)).district
    moved = kept(buildings().to_crs(4528), tmp_path, "moved")
    found = import_files(ImportRequest(buildings=moved), old=old)
    assert found.district.crs == old.crs
    assert found.report.tables[0].changed == ()


@pytest.mark.parametrize("names", [("buildings",), ("venues",), ("buildings", "communities")])
def test_another_city_needs_another_workspace(names, tmp_path, files):
    old = import_files(ImportRequest(**files)).district
    venues = gpd.GeoDataFrame({"名称": ["甲卫生站"]}, geometry=[shapely.Point(X0, Y0)], crs=4549)
    frames = {"buildings": buildings(), "communities": communities(), "venues": venues}
    # The same numbers in the zone of 108 degrees east.
    far = {name: kept(frames[name].set_crs(4545, allow_override=True), tmp_path, f"far {name}") for name in names}
    error = refused(ImportRequest(**far), old=old)
    assert (error.code, error.words["file"]) == ("import_elsewhere", f"far {names[-1]}.gpkg")
    assert error.words["value"] == pytest.approx(1136, abs=5)


def test_layers_of_different_crs_are_brought_together(tmp_path, files):
    files["communities"] = kept(communities().to_crs(4326), tmp_path, "degrees")
    assert import_files(ImportRequest(**files)).district.buildings["community_id"].tolist() == ["01"] * 6 + ["02"] * 6


def test_a_ledger_fills_in(tmp_path, files):
    files["buildings"] = kept(buildings(户数=None), tmp_path, "bare")
    ledger = tmp_path / "ledger.csv"
    rows = pd.DataFrame(
        {"小区": ["阳光花园"] * 6 + ["和平里"], "楼号": ["1#", "二号楼", "３号楼", "4", "5幢", "6号楼", None], "户数": [10] * 6 + [60]}
    )
    rows.to_csv(ledger, index=False, encoding="gb18030")
    found = import_files(ImportRequest(**files, ledger=ledger))
    assert found.district.buildings["households"].tolist() == [10] * 12
    assert found.district.buildings["households_source"].tolist() == ["ledger"] * 6 + ["estimated"] * 6
    assert found.report.ledger.matched == {"compound": 1, "name": 6}


def test_what_a_ledger_leaves_out_is_told(tmp_path, files):
    ledger = tmp_path / "台账.csv"
    ledger.write_text("楼栋编号,户数\n003,77\n合计,77\n填表人：某某,\n", encoding="utf-8")
    found = [each for each in import_files(ImportRequest(**files, ledger=ledger)).findings if each.file == "台账.csv" and each.row]
    assert [(each.code, each.row) for each in found] == [("row_total", 3), ("row_note", 4)]


def test_a_ledger_alone_updates_the_workspace(tmp_path, files):
    old = import_files(ImportRequest(**files)).district
    ledger = tmp_path / "ledger.csv"
    ledger.write_text("楼栋编号,户数\n003,77\n", encoding="utf-8")
    found = import_files(ImportRequest(ledger=ledger), old=old).district.buildings
    assert (found["households"]["003"], found["households_source"]["003"], found["households_source"]["004"]) == (77, "ledger", "given")


def test_missing_households_are_estimated_from_floors(tmp_path, files):
    files["buildings"] = kept(buildings(户数=["暂无资料", *(["9户"] * 11)]), tmp_path, "gap")
    found = import_files(ImportRequest(**files))
    assert found.district.buildings["households"].tolist()[:2] == [14, 9]
    assert found.district.buildings["households_source"].tolist()[:2] == ["estimated", "given"]
    assert "households_estimated" in codes(found)


def test_points_may_stand_for_buildings(tmp_path, files):
    frame = buildings()
    files["buildings"] = kept(frame.set_geometry(frame.centroid), tmp_path, "points")
    found = import_files(ImportRequest(**files)).district.buildings
    assert set(found.geom_type) == {"Polygon"}
    assert found["households"].sum() == sum(range(12, 24))


def test_without_communities_the_column_tells(tmp_path):
    path = kept(buildings(所属社区=["甲"] * 6 + ["乙"] * 6), tmp_path, "b")
    found = import_files(ImportRequest(buildings=path)).district
    assert found.communities.index.tolist() == ["甲", "乙"]
    assert all(found.communities.geometry[row.community_id].covers(row.geometry) for row in found.buildings.itertuples())


def test_without_communities_and_column_there_is_one(tmp_path):
    found = import_files(ImportRequest(buildings=kept(buildings(), tmp_path, "b"))).district
    assert found.communities.index.tolist() == ["C1"]
    assert found.communities.geometry.iloc[0].covers(shapely.union_all(found.buildings.geometry.to_numpy()))


def test_outlines_made_from_buildings_follow_new_buildings(tmp_path):
    old = import_files(ImportRequest(buildings=kept(buildings(), tmp_path, "b"))).district
    far = buildings().set_geometry(buildings().translate(5000))
    found = import_files(ImportRequest(buildings=kept(far, tmp_path, "far")), old=old).district
    assert len(found.buildings) == 12


def test_an_existing_division(tmp_path, files):
    grids = gpd.GeoDataFrame({"网格编号": ["007", "008"]}, geometry=[place(0, 0, 198, 60), place(198, 0, 202, 60)], crs=4549)
    found = import_files(ImportRequest(**files, grids=kept(grids, tmp_path, "grids"), plan="现状"))
    assert found.division.plan == "现状"
    assert found.division.grid_of.tolist() == ["007"] * 6 + ["008"] * 6


def test_what_a_list_of_grids_leaves_out_is_told_once(tmp_path, files):
    grids = tmp_path / "网格.xlsx"
    pd.DataFrame({"楼栋编号": ["001", "002", "合计"], "网格编号": ["A", "A", "2"]}).to_excel(grids, index=False)
    found = import_files(ImportRequest(**files, grids=grids)).findings
    assert [each.row for each in found if each.code == "row_total"] == [4]


def test_progress_is_told(files):
    told = []
    import_files(ImportRequest(**files), progress=lambda step, done, total: told.append((step, done, total)))
    assert told[-1][1] == told[-1][2]
    assert {step for step, _, _ in told} == {"step_import_read", "step_import_repair", "step_import_households", "step_import_checks"}


BAD_ROWS = {
    "negative households": (buildings(户数=["-3", *(["9户"] * 11)]), "households_fault", 1, "户数"),
    "fractional households": (buildings(户数=[9, 9, 304.5, *([9] * 9)]), "households_fault", 3, "户数"),
    "duplicate ids": (buildings(编号=["x", "x", *map(str, range(10))]), "id_taken", 2, "编号"),
    "null geometry": (buildings().set_geometry([None, *buildings().geometry[1:]], crs=4549), "geometry_missing", 1, None),
    "in no community": (buildings().set_geometry([place(9000, 0), *buildings().geometry[1:]], crs=4549), "building_outside", 1, None),
}


@pytest.mark.parametrize("name", BAD_ROWS)
def test_bad_rows_are_errors_with_row_and_column(name, tmp_path, files):
    frame, code, row, column = BAD_ROWS[name]
    files["buildings"] = kept(frame, tmp_path, "bad")
    found = [each for each in import_files(ImportRequest(**files)).findings if each.code == code]
    assert [(each.severity, each.file, each.row, each.column) for each in found] == [("error", "bad.gpkg", row, column)]
    assert found[0].text("zh") != found[0].text("en")


BAD_AREAS = {
    "overlapping communities": (communities(place(0, 0, 220, 60), place(198, 0, 202, 60)), "community_overlap"),
    "community without buildings": (communities(place(0, 0, 198, 60), place(198, 0, 202, 60), place(0, 60, 400, 60)), "community_without_buildings"),
    "repeated name": (communities(社区名称="甲社区"), "community_name_twice"),
    "self-intersection": (communities(shapely.Polygon([(X0, Y0), (X0 + 400, Y0 + 60), (X0 + 400, Y0), (X0, Y0 + 60)])), "geometry_mended"),
}


@pytest.mark.parametrize("name", BAD_AREAS)
def test_bad_communities_are_told(name, tmp_path, files):
    frame, code = BAD_AREAS[name]
    files["communities"] = kept(frame, tmp_path, "bad")
    assert code in codes(import_files(ImportRequest(**files)))


def refused(request, **options):
    with pytest.raises((InputError, RequestError)) as caught:
        import_files(request, **options)
    for language in ("zh", "en"):
        assert caught.value.text(language)
    return caught.value


def test_no_crs_is_refused(tmp_path, files):
    files["buildings"] = unstated(buildings(), tmp_path)
    error = refused(ImportRequest(**files))
    assert (error.code, error.words["file"]) == ("crs_unstated", "bare.csv")


def test_no_crs_is_fine_when_the_user_states_it(tmp_path, files):
    files["buildings"] = unstated(buildings(), tmp_path)
    assert len(import_files(ImportRequest(**files, crs="EPSG:4549")).district.buildings) == 12


def test_degrees_that_are_metres_are_refused(tmp_path, files):
    files["buildings"] = kept(buildings().set_crs(4326, allow_override=True), tmp_path, "lying")
    assert refused(ImportRequest(**files)).code in ("crs_out_of_range", "crs_unstated")


def test_a_stated_projected_crs_stands_against_a_general_option(files):
    found = import_files(ImportRequest(**files, crs="bd09"))
    assert codes(found).count("crs_kept") == 2


def test_shifted_coordinates_come_back(tmp_path, files):
    from gridmap.ground.coords import bd09_from_wgs84

    degrees = gpd.GeoSeries([shapely.Point(X0 + 15, Y0 + 26)], crs=4549).to_crs(4326)
    lon, lat = bd09_from_wgs84(degrees.x, degrees.y)
    path = tmp_path / "venues.csv"
    pd.DataFrame({"名称": ["甲卫生站"], "经度": lon, "纬度": lat}).to_csv(path, index=False)
    venue = import_files(ImportRequest(**files, venues=path, crs="venues=bd09")).district.venues.geometry.iloc[0]
    assert venue.distance(shapely.Point(X0 + 15, Y0 + 26)) < 0.01


def test_all_faults_of_all_files_are_told_at_once(tmp_path):
    (tmp_path / "empty.shp").touch()
    error = refused(ImportRequest(buildings=tmp_path / "none.gpkg", communities=tmp_path / "empty.shp"))
    assert error.code == "import_failed"
    assert {each.code for each in error.findings} == {"file_missing", "file_empty"}


def test_no_household_anywhere_is_refused(tmp_path, files):
    files["buildings"] = kept(buildings(户数=None, 层数=None, 备注="x"), tmp_path, "bare")
    error = refused(ImportRequest(**files))
    assert error.code == "no_households_at_all"
    assert "备注" in error.text("zh")


def test_a_layer_without_a_usable_row_fails_with_reasons(tmp_path, files):
    lines = buildings().set_geometry([shapely.LineString([(X0, Y0), (X0 + 9, Y0)])] * 12, crs=4549)
    files["buildings"] = kept(lines, tmp_path, "lines")
    error = refused(ImportRequest(**files))
    assert error.code == "import_failed"
    assert [each.code for each in error.findings] == ["layer_unusable", *["geometry_wrong_kind"] * 12]


def test_buildings_far_from_every_community_fail(tmp_path, files):
    files["buildings"] = kept(buildings().set_geometry(buildings().translate(90_000)), tmp_path, "far")
    assert refused(ImportRequest(**files)).code == "buildings_all_outside"


def test_a_ledger_that_fits_nothing_fails(tmp_path, files):
    ledger = tmp_path / "ledger.csv"
    ledger.write_text("楼栋编号,户数\nzzz,77\n", encoding="utf-8")
    assert refused(ImportRequest(**files, ledger=ledger)).code == "ledger_matches_nothing"


def test_a_ledger_without_households_fails(tmp_path, files):
    ledger = tmp_path / "ledger.csv"
    ledger.write_text("楼栋编号,小区,单元,备注\n003,甲,1,77\n", encoding="utf-8")
    assert refused(ImportRequest(**files, ledger=ledger)).code == "no_household_field"


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({}, "import_nothing"),
        ({"communities": "communities"}, "import_without_buildings"),
        ({"buildings": "buildings", "plan": "p"}, "plan_without_grids"),
        ({"buildings": "buildings", "fields": {"buildings.rooms": "x"}}, "field_unknown"),
        ({"buildings": "buildings", "fields": {"buildings.households": "x"}}, "column_absent"),
        ({"buildings": "buildings", "fields": {"buildings.layer": "x"}}, "layer_unknown"),
        ({"buildings": "buildings", "crs": "mars"}, "crs_unknown"),
    ],
)
def test_requests_that_make_no_sense(options, code, files):
    named = {name: files.get(value, value) if isinstance(value, str) else value for name, value in options.items()}
    assert refused(ImportRequest(**named)).code == code


def test_a_file_of_several_layers_needs_a_choice(tmp_path):
    path = tmp_path / "all.gpkg"
    for layer in ("a", "b"):
        buildings().to_file(path, layer=layer, driver="GPKG")
    assert refused(ImportRequest(buildings=path)).code == "layer_ambiguous"
    assert len(import_files(ImportRequest(buildings=path, fields={"buildings.layer": "b"})).district.buildings) == 12


def test_the_old_district_is_not_altered(tmp_path, files):
    old = import_files(ImportRequest(**files)).district
    before = {name: table.to_wkb() for name, table in old.tables().items()}
    import_files(ImportRequest(buildings=kept(buildings(户数=5), tmp_path, "other")), old=old)
    assert all(old.tables()[name].to_wkb().equals(table) for name, table in before.items())


def test_songshan_is_its_own_cells(shared_data):
    found = import_files(ImportRequest(buildings=shared_data / "songshan" / "songshan.gpkg"))
    assert (len(found.district.buildings), found.district.buildings["households"].sum()) == (838, 80_518)
    assert (found.district.cells, found.district.crs.to_epsg()) == ("given", 32651)
    assert codes(found).count("area_too_large") == 8


@pytest.mark.slow
def test_suzhou_has_floors(shared_data):
    found = import_files(ImportRequest(buildings=shared_data / "suzhou" / "buildings.geojson"))
    assert set(found.district.buildings["households_source"]) == {"estimated"}
    assert codes(found).count("geometry_sliver") == 2


@pytest.mark.slow
def test_shanghai_is_put_together_again(shared_data):
    folder = shared_data / "shanghai"
    request = ImportRequest(buildings=folder / "buildings.geojson", streets=folder / "roads.geojson", barriers=folder / "water.geojson")
    found = import_files(request)
    assert found.district.buildings.index.is_unique
    assert found.district.streets.index.is_unique
    assert codes(found).count("pieces_united") == 3


@pytest.mark.slow
def test_porto_from_openstreetmap(shared_data):
    found = import_files(ImportRequest(osm=shared_data / "porto" / "porto.osm.pbf"))
    assert len(found.district.buildings) == 11_400
    assert found.district.crs.to_epsg() == 32629
    assert isinstance(found.district, District)


@pytest.mark.parametrize(
    ("columns", "name"),
    [
        ({}, "east"),
        ({"街道": ["城南街道", "城南街道"], "区县": ["崇川区", "崇川区"]}, "城南街道"),
        ({"街道": ["城南街道", "城北街道"], "区县": ["崇川区", "崇川区"]}, "崇川区"),
        ({"街道": ["城南街道", None]}, "east"),
    ],
    ids=["unsaid", "street office", "county", "not of all"],
)
def test_the_district_is_called_as_its_communities_say(tmp_path, files, columns, name):
    files["communities"] = kept(communities(**columns), tmp_path, "of one office")
    assert import_files(ImportRequest(**files, name="east")).district.name == name


def test_buildings_imported_later_leave_the_name(files):
    old = import_files(ImportRequest(**files, name="east")).district
    assert import_files(ImportRequest(buildings=files["buildings"], name="west"), old=old).district.name == "east"

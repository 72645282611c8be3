from __future__ import annotations

import json
from pathlib import Path

import osmium
import pytest
import shapely

from gridmap.errors import InputError
from gridmap.ground.osm import OsmTables, read_osm
from gridmap.ground.osm_tags import table
from gridmap.rules import load_rules

# Nodes of a small world, a tenth of a thousandth of a degree apart: node 10 * row + column stands at (column, row).
STEP = 0.0001


def node(number: int, **tags: str) -> str:
    x, y = number % 10 * STEP + 121, number // 10 * STEP + 32
    return f'<node id="{number}" lon="{x:.7f}" lat="{y:.7f}">{tagged(tags)}</node>'


def tagged(tags: dict[str, str]) -> str:
    return "".join(f'<tag k="{key.replace("__", ":")}" v="{value}"/>' for key, value in tags.items())


def way(number: int, *nodes: int, **tags: str) -> str:
    return f'<way id="{number}">{"".join(f"<nd ref={chr(34)}{each}{chr(34)}/>" for each in nodes)}{tagged(tags)}</way>'


def relation(number: int, *members: tuple[int, str], **tags: str) -> str:
    inner = "".join(f'<member type="way" ref="{each}" role="{role}"/>' for each, role in members)
    return f'<relation id="{number}">{inner}{tagged({"type": "multipolygon", **tags})}</relation>'


def read(folder: Path, *things: str) -> OsmTables:
    path = folder / "a.osm"
    order = {"<node": 0, "<way ": 1, "<rela": 2}
    body = "".join(sorted(things, key=lambda thing: order[thing[:5]]))
    path.write_text(f'<?xml version="1.0" encoding="UTF-8"?><osm version="0.6">{body}</osm>', encoding="utf-8")
    return read_osm(path)


GROUND = [node(10 * row + column) for row in range(10) for column in range(10)]
SQUARE = (11, 12, 22, 21, 11)


def codes(tables: OsmTables) -> list[tuple[str, str]]:
    return [(each.code, each.subject) for each in tables.findings]


def test_building_with_its_values(tmp_path: Path) -> None:
    tags = {"building": "apartments", "building__levels": "6", "building__flats": "48户", "addr__street": "学田路", "addr__housenumber": "8"}
    tables = read(tmp_path, *GROUND, way(1, *SQUARE, **tags))
    row = tables.buildings.iloc[0]
    assert (row["building_id"], row["floors"], row["households"], row["use"], row["name"], row["address"]) == (
        "w1",
        6,
        48,
        "apartments",
        "8",
        "学田路8",
    )
    assert row.geometry.geom_type == "MultiPolygon"
    assert tables.buildings.crs.to_epsg() == 4326


def test_building_of_a_relation_has_its_courtyard(tmp_path: Path) -> None:
    rings = way(1, 11, 15, 55, 51, 11), way(2, 22, 23, 33, 32, 22)
    tables = read(tmp_path, *GROUND, *rings, relation(9, (1, "outer"), (2, "inner"), building="yes"))
    assert tables.buildings["building_id"].tolist() == ["r9"]
    assert shapely.area(tables.buildings.geometry.iloc[0]) == pytest.approx(15 * STEP**2)


@pytest.mark.parametrize(("text", "floors"), [("6", 6), ("3;5", 5), ("2-4", 4), ("1.5", 2), ("1,5", 2), ("x", None), ("-1", None), ("4000", None)])
def test_floors(tmp_path: Path, text: str, floors: int | None) -> None:
    tables = read(tmp_path, *GROUND, way(1, *SQUARE, building="yes", building__levels=text))
    assert tables.buildings["floors"].fillna(-1).tolist() == [floors or -1]


def test_value_that_is_no_number_is_told(tmp_path: Path) -> None:
    tables = read(tmp_path, *GROUND, way(1, *SQUARE, building="yes", building__levels="many"))
    assert [(each.code, each.subject, each.column, each.value) for each in tables.findings] == [("osm_value", "w1", "building:levels", "many")]


STREETS = [
    ({"highway": "primary"}, ("arterial", True, True, 0)),
    ({"highway": "motorway"}, ("arterial", False, True, 0)),
    ({"highway": "residential"}, ("street", True, False, 0)),
    ({"highway": "service", "access": "private"}, ("lane", True, False, 0)),
    ({"highway": "footway", "foot": "no"}, ("path", False, False, 0)),
    ({"highway": "footway", "bridge": "yes"}, ("path", True, False, 1)),
    ({"highway": "footway", "tunnel": "yes", "layer": "-2"}, ("path", True, False, -2)),
    ({"highway": "footway", "layer": "high"}, ("path", True, False, 0)),
]


@pytest.mark.parametrize(("tags", "expected"), STREETS)
def test_streets(tmp_path: Path, tags: dict[str, str], expected: tuple[object, ...]) -> None:
    streets = read(tmp_path, *GROUND, way(1, 11, 12, 13, **tags)).streets
    assert tuple(streets.iloc[0][["street_class", "walkable", "barrier", "layer"]]) == expected


def test_what_is_no_street_is_counted(tmp_path: Path) -> None:
    tables = read(tmp_path, *GROUND, way(1, 11, 12, highway="proposed"), way(2, 12, 13, highway="path"))
    assert len(tables.streets) == 1
    assert [(each.code, each.subject, each.value) for each in tables.findings] == [("osm_no_street", "highway=proposed", 1)]


BARRIERS = [
    ({"waterway": "river"}, "river"),
    ({"waterway": "river", "tunnel": "culvert"}, None),
    ({"waterway": "ditch"}, None),
    ({"railway": "rail"}, "railway"),
    ({"railway": "rail", "bridge": "viaduct"}, None),
    ({"railway": "subway"}, None),
    ({"barrier": "fence"}, "wall"),
    ({"highway": "motorway"}, "expressway"),
    ({"highway": "trunk"}, None),
    ({"highway": "trunk", "motorroad": "yes"}, "expressway"),
]


@pytest.mark.parametrize(("tags", "kind"), BARRIERS)
def test_barriers(tmp_path: Path, tags: dict[str, str], kind: str | None) -> None:
    tables = read(tmp_path, *GROUND, way(1, 11, 12, 13, **tags), way(2, *SQUARE, building="yes"))
    assert tables.barriers["kind"].tolist() == ([kind] if kind else [])


def test_water_areas_are_rivers_but_fountains_are_not(tmp_path: Path) -> None:
    fountain = way(2, 61, 62, 72, 71, 61, natural="water", amenity="fountain")
    tables = read(tmp_path, *GROUND, way(1, *SQUARE, natural="water", name="镜湖"), fountain)
    assert tables.barriers[["barrier_id", "name", "kind"]].to_numpy().tolist() == [["w1", "镜湖", "river"]]


def test_gates_and_doors(tmp_path: Path) -> None:
    others = [thing for thing in GROUND if 'id="11"' not in thing and 'id="12"' not in thing and 'id="33"' not in thing and 'id="44"' not in thing]
    gates = [node(11, barrier="gate", access="private"), node(12, entrance="yes"), node(33, entrance="main"), node(44, barrier="lift_gate")]
    tables = read(tmp_path, *others, *gates, way(1, 12, 13, 14, barrier="wall"))
    assert dict(zip(tables.gates["gate_id"], tables.gates["public"], strict=True)) == {"n11": False, "n44": True, "n12": True}


def test_venues_from_nodes_and_areas(tmp_path: Path) -> None:
    others = [thing for thing in GROUND if 'id="44"' not in thing]
    shop = node(44, amenity="pharmacy", opening_hours="Mo-Su 08:00-20:00", wheelchair="yes", phone="0513-0000")
    tables = read(tmp_path, *others, shop, way(1, *SQUARE, building="yes", amenity="library", name="图书馆"))
    drugs, library = tables.venues.to_dict("records")
    assert (drugs["venue_id"], drugs["name"], json.loads(drugs["categories"]), drugs["accessible"]) == ("n44", "pharmacy", ["medical"], True)
    assert (library["venue_id"], library["name"], json.loads(library["categories"])) == ("w1", "图书馆", ["reading"])
    assert len(tables.buildings) == 1
    assert tables.buildings.geometry.iloc[0].contains(library["geometry"])


def test_the_table_of_tags_knows_only_categories_of_the_rules() -> None:
    used = {code for values in table()["venues"].values() for codes in values.values() for code in codes}
    assert used == set(load_rules("nantong").categories)


def test_street_that_leaves_the_extract_is_kept_as_far_as_it_goes(tmp_path: Path) -> None:
    tables = read(tmp_path, *GROUND, way(1, 11, 12, 999, 14, 15, 16, highway="residential"), way(2, 11, 999, highway="residential"))
    assert shapely.length(tables.streets.geometry.iloc[0]) == pytest.approx(3 * STEP)
    assert codes(tables) == [("osm_way_cut", "w1"), ("osm_way_lost", "w2")]


def test_river_whose_area_leaves_the_extract_is_kept_by_its_banks(tmp_path: Path) -> None:
    tables = read(tmp_path, *GROUND, way(1, 11, 12, 13), relation(9, (1, "outer"), (77, "outer"), natural="water"))
    assert tables.barriers[["barrier_id", "kind"]].to_numpy().tolist() == [["r9", "river"]]
    assert shapely.length(tables.barriers.geometry.iloc[0]) == pytest.approx(2 * STEP)
    assert codes(tables) == [("osm_water_by_banks", "r9")]


@pytest.mark.parametrize("nodes", [(11, 12, 999, 21, 11), (11, 12, 22)])
def test_building_that_cannot_be_closed_is_told(tmp_path: Path, nodes: tuple[int, ...]) -> None:
    tables = read(tmp_path, *GROUND, way(1, *nodes, building="yes"), way(2, *SQUARE, building="yes"))
    assert tables.buildings["building_id"].tolist() == ["w2"]
    assert codes(tables) == [("osm_area_lost", "w1")]


def test_building_that_crosses_itself_arrives_as_it_is(tmp_path: Path) -> None:
    tables = read(tmp_path, *GROUND, way(1, 11, 33, 31, 13, 11, building="yes"))
    assert tables.buildings.geometry.is_valid.tolist() == [False]
    assert codes(tables) == [("osm_area_crossed", "w1")]


def test_ways_before_their_nodes(tmp_path: Path) -> None:
    path = tmp_path / "a.osm"
    path.write_text(f'<osm version="0.6">{way(1, *SQUARE, building="yes")}{way(2, 11, 12, highway="path")}{"".join(GROUND)}</osm>', encoding="utf-8")
    tables = read_osm(path)
    assert (len(tables.buildings), len(tables.streets), tables.findings) == (1, 1, ())


def test_pbf_gives_the_same(tmp_path: Path) -> None:
    plain = read(tmp_path, *GROUND, way(1, *SQUARE, building="yes"), way(2, 11, 12, highway="path"))
    with osmium.SimpleWriter(str(tmp_path / "a.osm.pbf")) as writer:
        for thing in osmium.FileProcessor(str(tmp_path / "a.osm")):
            writer.add(thing)
    packed = read_osm(tmp_path / "a.osm.pbf")
    assert packed.buildings.equals(plain.buildings)
    assert packed.streets.equals(plain.streets)


ENTITIES = (
    '<!DOCTYPE osm [<!ENTITY a SYSTEM "file:///etc/hostname">]><osm version="0.6"><node id="1" lon="1" lat="1"><tag k="shop" v="&a;"/></node></osm>'
)


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.osm", b"", "file_empty"),
        ("a.osm", b"{}", "osm_wrong_format"),
        ("a.osm.pbf", b"\0\0\0\x0d\x0a\x09OSMHeader\x18", "file_unreadable"),
        ("a.osm", b'<osm version="0.6"><node id="1" lon="x" lat="1"/></osm>', "file_unreadable"),
        ("a.osm", b'<osm version="0.6"><node id="1"', "file_unreadable"),
        ("a.osm", b'<osm version="0.6"></osm>', "file_without_rows"),
        ("a.osm", ENTITIES.encode(), "file_unreadable"),
    ],
)
def test_extracts_without_use_get_one_sentence(tmp_path: Path, name: str, content: bytes, code: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_osm(path)
    assert caught.value.code == code
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_porto(shared_data: Path) -> None:
    tables = read_osm(shared_data / "porto" / "porto.osm.pbf")
    assert len(tables.buildings) == 11_404
    assert tables.buildings["floors"].notna().sum() == 667
    no_streets = sum(int(each.value or 0) for each in tables.findings if each.code == "osm_no_street")
    assert len(tables.streets) + no_streets == 4_656
    assert set(tables.barriers["kind"]) >= {"river", "railway", "wall"}
    assert len(tables.venues) > 500


def test_nantong(shared_data: Path) -> None:
    tables = read_osm(shared_data / "nantong" / "nantong.osm")
    assert (len(tables.buildings), int(tables.streets["walkable"].sum())) == (89, 30)

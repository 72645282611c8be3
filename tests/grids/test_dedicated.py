from __future__ import annotations

from worlds import draw_world

from gridmap.grids.atoms import split_atoms
from gridmap.grids.dedicated import dedicated_groups, divided_communities


def groups(drawing: str, **world: object) -> list[set[str]]:
    district, tiling = draw_world(drawing, **world)  # type: ignore[arg-type]
    atoms, neighbours, _ = split_atoms(district, tiling, 300)
    found = dedicated_groups(atoms, neighbours, district.buildings["name"])
    return sorted((set(its.index) for _, its in found.groupby(found)), key=min)


def test_blocks_of_one_school_form_one_grid() -> None:
    assert groups("a:1! b:1! c:9", name={"a": "school", "b": "school"}) == [{"a", "b"}]


def test_blocks_of_one_compound_form_one_grid() -> None:
    assert groups("a:1! b:1! c:9", compound_id={"a": "K", "b": "K"}) == [{"a", "b"}]


def test_neighbours_without_anything_in_common_stand_alone() -> None:
    assert groups("a:1! b:1! c:9", name={"a": "school"}) == [{"a"}, {"b"}]


def test_blocks_that_one_cannot_walk_between_stand_alone() -> None:
    names = {"a": "school", "b": "school"}
    assert groups("a:1! b:1!", name=names, between={("a", "b"): ("river", False)}) == [{"a"}, {"b"}]
    assert groups("a:1! c:5 b:1!", name=names) == [{"a"}, {"b"}]


def test_dedicated_buildings_that_divide_the_rest_are_told() -> None:
    district, tiling = draw_world("a:100 s:0! b:100")
    atoms, neighbours, _ = split_atoms(district, tiling, 300)
    assert [(each.code, each.value, each.limit) for each in divided_communities(atoms, neighbours)] == [("dedicated_divides", 2, 1)]


def test_dedicated_buildings_at_the_edge_divide_nothing() -> None:
    district, tiling = draw_world("a:100 b:100 s:0!", communities={"b": "C2", "s": "C2"})
    atoms, neighbours, _ = split_atoms(district, tiling, 300)
    assert divided_communities(atoms, neighbours) == []


def test_no_dedicated_building() -> None:
    assert groups("a:1 b:2") == []

"""Batches: every community once, those that lie together, each small; what is read of one is what the whole district holds of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely

from gridmap.ground.sample import sample_district
from gridmap.ground.tables import District
from gridmap.store.batches import MARGIN_M
from gridmap.store.fingerprints import ground_fingerprint
from gridmap.store.workspace import Workspace

AT_MOST = 150


@pytest.fixture(scope="module")
def town() -> District:
    return sample_district(20_000, seed=3)


@pytest.fixture(scope="module")
def workspace(town: District, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    made = Workspace(tmp_path_factory.mktemp("town") / "town.gpkg")
    made.write_ground(town, ())
    return made


def test_every_community_is_in_one_batch(town: District, workspace: Workspace) -> None:
    found = [each for batch in workspace.batches(AT_MOST) for each in batch.communities]
    assert sorted(found) == sorted(town.communities.index)


def test_every_building_is_in_the_batch_of_its_community(town: District, workspace: Workspace) -> None:
    for batch in workspace.batches(AT_MOST):
        mine = town.buildings["community_id"].isin(batch.communities)
        assert batch.buildings.tolist() == (np.flatnonzero(mine) + 1).tolist()


def test_a_batch_is_small_unless_one_community_is_larger(workspace: Workspace) -> None:
    batches = workspace.batches(AT_MOST)
    assert len(batches) > 2
    assert all(len(batch.buildings) <= AT_MOST or len(batch.communities) == 1 for batch in batches)


def test_all_is_one_batch_where_it_is_small_enough(town: District, workspace: Workspace) -> None:
    assert [len(batch.buildings) for batch in workspace.batches(10_000)] == [len(town.buildings)]


def test_batches_lie_apart(town: District, workspace: Workspace) -> None:
    centres = [town.communities.loc[list(batch.communities)].geometry.union_all().centroid for batch in workspace.batches(300)]
    boxes = [town.communities.loc[list(batch.communities)].total_bounds for batch in workspace.batches(300)]
    inside = [[shapely.box(*box).contains(centre) for centre in centres] for box in boxes]
    assert np.array_equal(np.array(inside), np.eye(len(boxes), dtype=bool))


def test_a_batch_has_its_rows_as_the_district_has_them(town: District, workspace: Workspace) -> None:
    batch = workspace.batches(AT_MOST)[0]
    read = workspace.read_batch(batch)
    mine = town.buildings["community_id"].isin(batch.communities)
    pd.testing.assert_frame_equal(read.buildings, town.buildings[mine])
    pd.testing.assert_frame_equal(read.communities, town.communities[town.communities.index.isin(batch.communities)])


def test_a_batch_has_the_streets_within_its_margin(town: District, workspace: Workspace) -> None:
    read = workspace.read_batch(workspace.batches(AT_MOST)[0])
    low_x, low_y, high_x, high_y = pd.concat([read.communities, read.buildings]).total_bounds
    near = town.streets.intersects(shapely.box(low_x - MARGIN_M, low_y - MARGIN_M, high_x + MARGIN_M, high_y + MARGIN_M))
    assert set(town.streets.index[near]) <= set(read.streets.index)


def test_far_streets_are_left_out(tmp_path: Path, town: District) -> None:
    streets = town.streets.copy()
    far = streets.index[0]
    streets.loc[far, "geometry"] = shapely.affinity.translate(streets.geometry[far], 50_000.0)
    moved = Workspace(tmp_path / "far.gpkg")
    moved.write_ground(town.with_tables({"streets": streets}), ())
    assert far not in moved.read_batch(moved.batches(10_000)[0]).streets.index


def test_buildings_of_no_community_are_in_one_batch(tmp_path: Path, town: District) -> None:
    buildings = town.buildings.copy()
    lost = buildings.index[[0, -1]]
    buildings.loc[lost, "community_id"] = ["nowhere", "elsewhere"]
    made = Workspace(tmp_path / "lost.gpkg")
    made.write_ground(town.with_tables({"buildings": buildings}), ())
    read = [set(made.read_batch(batch).buildings.index) for batch in made.batches(AT_MOST)]
    assert [set(lost) <= each for each in read].count(True) == 1


def test_some_buildings_alone(town: District, workspace: Workspace) -> None:
    some = sorted(town.buildings.index[[3, 7]])
    assert sorted(workspace.read_buildings(some).buildings.index) == some


def test_the_fingerprint_read_by_columns_is_the_districts(town: District, workspace: Workspace) -> None:
    assert workspace.fingerprint() == town.fingerprint() == workspace.read_district().fingerprint()


def test_the_fingerprint_of_a_small_world(tmp_path: Path, district: District) -> None:
    made = Workspace(tmp_path / "small.gpkg")
    made.write_ground(district, ())
    with made._reading() as connection:
        assert ground_fingerprint(connection, "build") == district.fingerprint()

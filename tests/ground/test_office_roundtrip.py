"""An office's raw files come back as the district that they were made from, and every fault planted in them is found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pytest
import shapely

from gridmap.ground.importing import Import, ImportRequest, import_files
from gridmap.ground.sample import PlantedDefect, office_options, sample_district, write_office
from gridmap.ground.tables import District

pytestmark = pytest.mark.slow


class Round(NamedTuple):
    district: District
    defects: list[PlantedDefect]
    request: ImportRequest
    imported: Import


def request_of(folder: Path) -> ImportRequest:
    """Return what the command line in the office's readme asks for."""
    words = office_options(folder)
    options: dict[str, Any] = {name.removeprefix("--"): value for name, value in zip(words[::2], words[1::2], strict=True)}
    return ImportRequest(**{name: value if name == "crs" else Path(value) for name, value in options.items()})


@pytest.fixture(scope="module", params=[(1500, 4), (6000, 1)], ids=["one community", "several communities"])
def back(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Round:
    folder = tmp_path_factory.mktemp("office")
    district = sample_district(request.param[0], seed=request.param[1])
    defects = write_office(district, folder)
    asked = request_of(folder)
    return Round(district, defects, asked, import_files(asked))


def test_all_buildings_and_no_other_come_back(back: Round) -> None:
    assert set(back.imported.district.buildings.index) == set(back.district.buildings.index)


@pytest.mark.parametrize("column", ["households", "residents", "floors", "stairwells", "dedicated", "community_id", "compound_id", "name", "use"])
def test_what_is_known_of_buildings_comes_back(back: Round, column: str) -> None:
    expected = back.district.buildings[column]
    found = back.imported.district.buildings[column].reindex(expected.index)
    pd.testing.assert_series_equal(found, expected)


def test_footprints_come_back(back: Round) -> None:
    expected = back.district.buildings.geometry
    found = back.imported.district.buildings.geometry.reindex(expected.index)
    assert shapely.hausdorff_distance(found.to_numpy(), expected.to_numpy()).max() < 0.001


def test_households_say_where_they_come_from(back: Round) -> None:
    assert set(back.imported.district.buildings["households_source"]) == {"ledger", "given"}


@pytest.mark.parametrize("table", ["streets", "barriers", "gates", "venues"])
def test_other_tables_come_back(back: Round, table: str) -> None:
    expected, found = getattr(back.district, table), getattr(back.imported.district, table)
    assert set(found.index) == set(expected.index)
    pairs = found.geometry.reindex(expected.index).to_numpy(), expected.geometry.to_numpy()
    # BD-09 is undone to 1 mm, the zone and degrees to far less.
    assert shapely.hausdorff_distance(*pairs).max() < 0.002


def test_streets_keep_their_class_and_level(back: Round) -> None:
    columns = ["street_class", "walkable", "barrier", "layer"]
    expected = pd.DataFrame(back.district.streets[columns])
    pd.testing.assert_frame_equal(pd.DataFrame(back.imported.district.streets[columns]).reindex(expected.index), expected)


def test_communities_come_back_but_for_their_gaps(back: Round) -> None:
    expected = back.district.communities.geometry
    found = back.imported.district.communities.geometry.reindex(expected.index)
    assert shapely.hausdorff_distance(found.to_numpy(), expected.to_numpy()).max() < 6.0


def test_every_planted_fault_is_found(back: Round) -> None:
    found = {(each.file, each.row, each.code) for each in back.imported.findings}
    assert [defect for defect in back.defects if (defect.file, defect.row, defect.kind) not in found] == []


def test_planted_faults_are_the_only_errors(back: Round) -> None:
    planted = {(defect.file, defect.row) for defect in back.defects}
    assert [each for each in back.imported.findings if each.severity == "error" and (each.file, each.row) not in planted] == []


def test_nothing_is_left_to_guess_about_names(back: Round) -> None:
    """Every row of the ledger finds its building by name, but for the one that was pulled down."""
    ledger = back.imported.report.ledger
    assert ledger is not None
    assert ledger.ambiguous == ()
    assert len(ledger.unmatched) == 1


def test_a_wrong_datum_is_noticed(back: Round) -> None:
    """Without saying that the venues were picked on a BD-09 map, the import must warn."""
    imported = import_files(replace(back.request, crs=None))
    assert {each.code for each in imported.findings} & {"datum_beside_buildings", "datum_beside_communities"}

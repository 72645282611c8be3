from __future__ import annotations

import csv
from pathlib import Path

import pyogrio
import pytest

from gridmap.ground.sample import PlantedDefect, office_options, write_office
from gridmap.ground.tables import District

Office = tuple[Path, list[PlantedDefect]]


@pytest.fixture(scope="module")
def office(small: District, tmp_path_factory: pytest.TempPathFactory) -> Office:
    folder = tmp_path_factory.mktemp("office")
    return folder, write_office(small, folder)


def test_no_shapefile_tells_its_encoding(office: Office) -> None:
    assert len(list(office[0].glob("*.shp"))) == 4
    assert not list(office[0].glob("*.cpg"))


def test_streets_carry_the_zone_and_say_nothing(office: Office) -> None:
    assert not (office[0] / "道路.prj").exists()
    west = pyogrio.read_info(office[0] / "道路.shp", force_total_bounds=True)["total_bounds"][0]
    assert 40_000_000 < west < 41_000_000


def test_two_communities_bear_one_name(office: Office) -> None:
    names = pyogrio.read_dataframe(office[0] / "社区.shp", encoding="GBK")["社区名称"]
    assert names.duplicated().sum() == 1


def test_venues_are_shifted_as_on_a_web_map(office: Office, small: District) -> None:
    with (office[0] / "场所.csv").open(encoding="gb18030", newline="") as file:
        first = next(csv.DictReader(file))
    true = small.venues.to_crs(4326).geometry.iloc[0]
    metres = ((float(first["经度"]) - true.x) * 94_400, (float(first["纬度"]) - true.y) * 110_900)
    assert 1000 < (metres[0] ** 2 + metres[1] ** 2) ** 0.5 < 1250


def test_readme_gives_the_command_and_every_fault(office: Office) -> None:
    text = (office[0] / "说明.txt").read_text(encoding="utf-8")
    assert " ".join(office_options(Path())) in text
    assert all(defect.text("zh") in text and defect.text("en") in text for defect in office[1])


def test_same_seed_same_files(office: Office, small: District, tmp_path: Path) -> None:
    assert write_office(small, tmp_path) == office[1]
    for file in office[0].iterdir():
        # A workbook holds the time at which it was written.
        if file.suffix != ".xlsx":
            assert (tmp_path / file.name).read_bytes() == file.read_bytes()


def test_the_district_is_not_altered(small: District, tmp_path: Path) -> None:
    before = small.fingerprint()
    write_office(small, tmp_path)
    assert small.fingerprint() == before

"""An office's workbook: matched like a ledger, faults told row by row, no number of a person kept."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from gridmap.errors import InputError
from gridmap.findings import Finding
from gridmap.ground.sample import sample_district
from gridmap.ground.tables import District
from gridmap.people.reading import PeopleImport, read_people
from gridmap.people.sample import MADE_UP, write_sample_members

HEADS = ("小区", "楼号", "单元", "房号", "姓名", "党员人数", "党员中心户", "类型", "所属组织")
Read = Callable[..., PeopleImport]


@pytest.fixture(scope="module")
def district() -> District:
    return sample_district(300, seed=1)


@pytest.fixture
def home(district: District) -> tuple[str, str]:
    """Compound and number of a building."""
    row = district.buildings[district.buildings["households"] > 0].iloc[0]
    return str(row["compound_id"]), str(row["name"])


@pytest.fixture
def read(district: District, tmp_path: Path) -> Read:
    """Write sheets into a workbook and read it."""

    def write(rows: Sequence[Sequence[Any]], heads: Sequence[str] = HEADS, sheet: str = "党员户", **more: Sequence[Sequence[Any]]) -> PeopleImport:
        book = openpyxl.Workbook()
        book.remove(book.active)
        for title, content in {sheet: [heads, *rows], **more}.items():
            made = book.create_sheet(title)
            for row in content:
                made.append(list(row))
        book.save(tmp_path / "m.xlsx")
        return read_people(tmp_path / "m.xlsx", district)

    return write


def codes(found: PeopleImport) -> list[tuple[str, int | None]]:
    return [(each.code, each.row) for each in found.findings]


def everything_told(findings: Sequence[Finding]) -> str:
    return "\n".join(f"{each.text('zh')}{each.text('en')}{dataclasses.asdict(each)}" for each in findings)


def test_a_household_is_matched_by_compound_and_number(read: Read, home: tuple[str, str], district: District) -> None:
    compound, number = home
    found = read([[compound, number.replace("号楼", "#"), "2单元", "301", "某甲", 2, "是", "在职", None]])
    (row,) = found.tables["member_households"].to_dict("records")
    assert district.buildings.loc[row["building_id"], ["compound_id", "name"]].tolist() == [compound, number]
    assert (row["members"], row["centre"], row["kind"], row["room"]) == (2, True, "in_service", "301")


@pytest.mark.parametrize(
    ("place", "value", "code"),
    [
        (1, "99号楼", "member_building_unknown"),
        (5, "几个", "member_count_fault"),
        (5, 0, "member_count_fault"),
        (6, "也许", "member_word_unknown"),
        (7, "天外", "member_word_unknown"),
    ],
)
def test_a_row_that_cannot_be_used_is_told_and_the_others_kept(place: int, value: Any, code: str, read: Read, home: tuple[str, str]) -> None:
    good = [*home, "1单元", "101", "某甲", 1, "否", "在册", None]
    bad = [*home, "1单元", "102", "某乙", 1, "否", "在册", None]
    bad[place] = value
    found = read([bad, good])
    assert codes(found) == [(code, 2)]
    assert found.tables["member_households"]["room"].tolist() == ["101"]
    assert (found.sheets[0].rows_read, found.sheets[0].rows_kept) == (2, 1)


def test_the_same_flat_twice(read: Read, home: tuple[str, str]) -> None:
    row = [*home, "1单元", "101", "某甲", 1, "否", "在册", None]
    assert codes(read([row, row])) == [("member_flat_twice", 3)]


def test_numbers_of_persons_are_never_kept_nor_told(read: Read, home: tuple[str, str]) -> None:
    secret, phone = "99010119000101000X", "19900000000"
    heads = [*HEADS, "身份证号", "联系电话", "编号"]
    found = read([[*home, "1单元", "101", f"某甲{secret}", 1, "否", "在册", None, secret, phone, secret]], heads)
    kept = found.tables["member_households"].reset_index().to_csv()
    assert secret not in kept + everything_told(found.findings)
    assert phone not in kept + everything_told(found.findings)
    assert {code for code, _ in codes(found)} == {"member_columns_never_kept", "member_number_removed"}


def test_what_the_office_does_not_say_is_assumed_aloud(read: Read, home: tuple[str, str]) -> None:
    found = read([[*home, "101"]], ("小区", "楼号", "房号"))
    assert found.tables["member_households"][["members", "kind"]].to_numpy().tolist() == [[1, "resident"]]
    assert {code for code, _ in codes(found)} == {"member_count_assumed", "member_kind_assumed"}


def test_organisations_are_named_by_households(read: Read, home: tuple[str, str], district: District) -> None:
    community = district.communities["name"].iloc[0]
    tree = [
        ("组织编号", "组织名称", "层级", "上级组织", "社区"),
        ("Z1", "甲大党委", "社区大党委", None, community),
        ("Z2", "乙支部", "网格党支部", "甲大党委", community),
    ]
    found = read([[*home, None, "101", None, 1, "否", "在册", "乙支部"], [*home, None, "102", None, 1, "否", "在册", "丙支部"]], 组织=tree)
    assert found.tables["organisations"]["parent"].tolist()[1:] == ["Z1"]
    assert found.tables["member_households"]["organisation_id"].fillna("").tolist() == ["Z2", ""]
    assert codes(found) == [("member_organisation_unknown", 3)]


def test_ids_that_are_made_stay_the_same(read: Read, home: tuple[str, str]) -> None:
    first, second = [*home, "1单元", "101", "某甲", 1, "否", "在册", None], [*home, "1单元", "102", "某乙", 2, "否", "在册", None]
    before, after = read([first, second]), read([second, first])
    assert set(before.tables["member_households"].index) == set(after.tables["member_households"].index)


def test_a_workbook_without_a_header(read: Read) -> None:
    with pytest.raises(InputError, match="header"):
        read([[1, 2]], ("甲", "乙"))


def test_the_sample_is_marked_and_read_whole(district: District, tmp_path: Path) -> None:
    counts = write_sample_members(district, tmp_path / "s.xlsx")
    book = openpyxl.load_workbook(tmp_path / "s.xlsx", read_only=True)
    assert {next(sheet.iter_rows(values_only=True))[0] for sheet in book} == {MADE_UP}
    book.close()
    found = read_people(tmp_path / "s.xlsx", district)
    assert {name: len(table) for name, table in found.tables.items()} == counts
    assert [each for each in found.findings if each.severity != "info"] == []
    assert found.tables["member_households"]["name"].str.startswith("样例人物").all()

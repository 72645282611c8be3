from __future__ import annotations

import numpy as np
import openpyxl
import pytest

from gridmap.ground.sample.ledger import HEADER, HEADER_ROW, UNKNOWN, chinese, write_ledger
from gridmap.ground.tables import District
from gridmap.ground.values import chinese_number


@pytest.fixture(scope="module")
def rows(small: District, tmp_path_factory: pytest.TempPathFactory) -> list[tuple[object, ...]]:
    path = tmp_path_factory.mktemp("ledger") / "台账.xlsx"
    write_ledger(path, small.buildings, small.communities["name"].astype(object), "台账", np.random.default_rng(1))
    return list(openpyxl.load_workbook(path).worksheets[0].iter_rows(values_only=True))


def column(rows: list[tuple[object, ...]], name: str) -> list[object]:
    return [row[HEADER.index(name)] for row in rows[HEADER_ROW:]]


def test_header_stands_below_a_title(rows: list[tuple[object, ...]]) -> None:
    assert rows[0][0] == "台账"
    assert rows[HEADER_ROW - 1] == HEADER


def test_buildings_are_spelled_in_many_ways(rows: list[tuple[object, ...]]) -> None:
    names = [name for name in column(rows, "楼号") if isinstance(name, str)]
    for ending in ("号楼", "#", "幢", "栋"):
        assert any(name.endswith(ending) for name in names)
    assert any(name.startswith(tuple("一二三四五六七八九十")) for name in names)


def test_households_are_spelled_in_many_ways(rows: list[tuple[object, ...]]) -> None:
    counts = column(rows, "户数")
    assert UNKNOWN in counts
    assert any(isinstance(count, int) for count in counts)
    assert any(isinstance(count, str) and count[0] in "１２３４５６７８９" for count in counts)


def test_the_total_stands_last(rows: list[tuple[object, ...]], small: District) -> None:
    assert column(rows, "小区名称")[-1] == "合计"
    assert column(rows, "户数")[-1] == small.buildings["households"].sum()


@pytest.mark.parametrize("number", [*range(1, 130), 200, 205, 210, 999])
def test_chinese_numbers(number: int) -> None:
    assert chinese_number(chinese(number)) == number

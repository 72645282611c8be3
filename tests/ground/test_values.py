from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmap.ground.values import (
    approximate,
    building_and_stairwell,
    building_number,
    chinese_number,
    compound_name,
    parse_households,
    parse_numbers,
    parse_texts,
    parse_truths,
)

COUNTS = [
    ("4328户", 4328),
    ("约300户", 300),
    ("300余户", 300),
    ("３００", 300),
    (304.0, 304),
    ("304.0", 304),
    ("1,234", 1234),
    ("共 12 户", 12),
    ("三百", 300),
    ("十二户", 12),
    (np.int64(7), 7),
    ("0", 0),
]
UNKNOWN = ["暂无资料", "不详", "-", "—", "", "  ", None, np.nan, pd.NA, "无", "N/A"]
FAULTS = [304.5, "304.5户", -3, "-3", "abc", "100-120", True, np.inf, "户"]


@pytest.mark.parametrize(("value", "count"), COUNTS)
def test_counts(value: object, count: int) -> None:
    numbers, fault = parse_households([value])
    assert (numbers.tolist(), fault.tolist()) == ([count], [False])


@pytest.mark.parametrize("value", UNKNOWN)
def test_what_nobody_knows_is_missing_and_not_zero(value: object) -> None:
    numbers, fault = parse_households([value])
    assert (numbers.isna().tolist(), fault.tolist()) == ([True], [False])


@pytest.mark.parametrize("value", FAULTS)
def test_what_cannot_be_a_count_is_a_fault(value: object) -> None:
    numbers, fault = parse_households([value])
    assert (numbers.isna().tolist(), fault.tolist()) == ([True], [True])


@given(st.lists(st.one_of(st.none(), st.integers(0, 10**6))))
def test_counts_survive_whatever_stands_around_them(counts: list[int | None]) -> None:
    written = [None if count is None else f" {count} 户 " for count in counts]
    numbers, fault = parse_households(written)
    assert numbers.dtype == "Int64"
    assert [None if number is pd.NA else number for number in numbers] == counts
    assert not fault.any()


def test_approximate_counts_say_so() -> None:
    assert approximate(["约300户", "300余户", "300户左右", "300户", 300, None]).tolist() == [True, True, True, False, False, False]


def test_numbers_with_units() -> None:
    numbers, fault = parse_numbers(["400.5㎡", "1,200平方米", "大", -1.0, None])
    assert numbers.fillna(-9).tolist() == [400.5, 1200, -9, -9, -9]
    assert fault.tolist() == [False, False, True, True, False]


def test_truths() -> None:
    truths, fault = parse_truths(["是", "否", 1, 0.0, True, "", "perhaps"])
    assert [None if truth is pd.NA else truth for truth in truths] == [True, False, True, False, True, None, None]
    assert fault.tolist() == [False] * 6 + [True]


def test_texts_keep_leading_zeros() -> None:
    assert parse_texts(pd.Series(["007", None, " a "])).tolist()[::2] == ["007", "a"]


@given(st.integers(1, 9999))
def test_chinese_numbers_both_ways(number: int) -> None:
    digits = "零一二三四五六七八九"
    text = ""
    for power, sign in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // power % 10
        if digit:
            text += digits[digit] + sign
        elif text and number % power:
            text = text.rstrip("零") + "零"
    assert chinese_number(text) == number


BUILDINGS = [
    ("3#", "3", None), ("3号楼", "3", None), ("三号楼", "3", None), ("3幢", "3", None), ("3栋", "3", None),
    ("３号", "3", None), ("第三栋", "3", None), ("3", "3", None), ("03号楼", "3", None), ("二十三幢", "23", None),
    ("A座", "A", None), ("b1栋", "B1", None), ("B-3栋", "B-3", None), ("3号楼2单元", "3", "2"), ("三号楼二单元", "3", "2"),
    ("2单元", None, "2"), ("3号楼东单元", "3", "东"), ("幸福小区3号楼", "3", None), ("8号3号楼1单元301室", "3", "1"), ("会所", None, None),
    ("", None, None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "building", "stairwell"), BUILDINGS)
def test_numbers_of_buildings_and_stairwells(text: str, building: str | None, stairwell: str | None) -> None:
    assert building_and_stairwell(text) == (building, stairwell)
    assert building_number(text) == building


@given(st.text())
def test_any_text_has_a_number_or_none(text: str) -> None:
    assert building_number(text) is None or building_number(text) != ""


@pytest.mark.parametrize(
    "same", [("幸福小区", "幸 福"), ("幸福小区（一期）", "幸福１期"), ("和平里(东区)", "和平里东区"), ("RoseGarden", "rose garden")]
)
def test_names_of_compounds_written_differently(same: tuple[str, str]) -> None:
    assert compound_name(same[0]) == compound_name(same[1])


@given(st.text(st.sampled_from("阳光花园小区一二十期（）() Aａ１2-")))
def test_normal_names_are_normal(text: str) -> None:
    assert compound_name(compound_name(text)) == compound_name(text) or "小区" in compound_name(text)

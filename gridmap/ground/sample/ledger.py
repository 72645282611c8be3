"""The ledger (台账) of an office: one sheet that people filled in by hand over the years."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
from openpyxl.styles import Alignment, Font

from gridmap.ground.sample.drawing import Rng

UNKNOWN = "暂无资料"
UNKNOWN_SHARE = 0.02
"""Share of buildings whose households the ledger does not know; the map does."""
BY_STAIRWELL_SHARE = 0.06
"""Share of buildings that the ledger lists stairwell by stairwell."""
HEADER = ("序号", "社区", "小区名称", "楼号", "单元", "户数", "人口数", "层数", "备注")
COMMUNITY, COMPOUND, HOUSEHOLDS = 2, 3, 6
"""Columns of the sheet, counted from 1."""
HEADER_ROW = 3

_DIGITS = "零一二三四五六七八九"


@dataclass(slots=True)
class Written:
    """Where the ledger says something wrong: rows as a spreadsheet shows them. ``unknown`` are positions of buildings left to the map."""

    unknown: list[int]
    twice: int = 0
    unmatched: int = 0
    fault: int = 0
    merges: list[tuple[int, int, int]] = field(default_factory=list)


def chinese(number: int) -> str:
    """Return a whole number below 1000 as people write it.

    >>> [chinese(number) for number in (3, 10, 12, 20, 108, 215)]
    ['三', '十', '十二', '二十', '一百零八', '二百一十五']
    """
    if number < 10:
        return _DIGITS[number]
    if number < 20:
        return "十" + (_DIGITS[number % 10] if number % 10 else "")
    if number < 100:
        return _DIGITS[number // 10] + chinese(10 + number % 10)
    rest = number % 100
    tail = "" if rest == 0 else "零" + _DIGITS[rest] if rest < 10 else _DIGITS[rest // 10] + "十" + (_DIGITS[rest % 10] if rest % 10 else "")
    return _DIGITS[number // 100] + "百" + tail


def wide(text: str) -> str:
    """Return ``text`` with full-width digits.

    >>> wide("48户")
    '４８户'
    """
    return text.translate({ord("0") + digit: ord("０") + digit for digit in range(10)})


def _building_spelling(name: str, way: int) -> str:
    """Spell the name of a building in one of the ways of the people who fill in ledgers; a number of a compound in more ways than an address."""
    number = name.removesuffix("号楼")
    if not number.isdigit():
        return wide(name) if way == 1 else name
    ways: tuple[Callable[[str], str], ...] = (
        lambda digits: f"{digits}号楼",
        lambda digits: f"{wide(digits)}号楼",
        lambda digits: f"{digits}#",
        lambda digits: f"{chinese(int(digits))}号楼",
        lambda digits: f"{digits}幢",
        lambda digits: f"{int(digits):02d}栋",
    )
    return ways[way % len(ways)](number)


def _count_spelling(number: int, way: int) -> int | str:
    return (number, number, f"{number}户", wide(f"{number}户"), wide(str(number)), f" {number} 户")[way]


def write_ledger(path: Path, buildings: gpd.GeoDataFrame, community_name: pd.Series, title: str, rng: Rng) -> Written:
    """Write the homes of ``buildings`` into a workbook and return what is wrong in it.

    Title and maker stand in merged rows above the header; compounds and communities in merged cells, with a row of subtotals each; numbers and
    buildings are spelled in many ways. Wrong on purpose: a building that does not exist, a row that stands there twice, half a household
    where the map knows better.
    """
    homes = buildings[buildings["households"] > 0]
    order = np.lexsort((np.arange(len(homes)), homes["compound_id"].fillna("").to_numpy(dtype=object).astype(str), homes["community_id"].to_numpy(dtype=object).astype(str)))
    homes = homes.iloc[order]
    chance = rng.random((4, len(homes)))
    unknown = np.flatnonzero(chance[0] < UNKNOWN_SHARE)
    if len(unknown) == 0:
        unknown = np.array([len(homes) // 2])
    written = Written(buildings.index.get_indexer(homes.index[unknown]).tolist())
    book = openpyxl.Workbook()
    sheet = book.active
    _write_head(sheet, title)
    lines = _lines(homes, community_name, set(unknown.tolist()), chance[1:], written)
    for row, line in enumerate(lines, HEADER_ROW + 1):
        for column, value in enumerate(line, 1):
            if value is not None:
                sheet.cell(row, column, value)
    for column, top, bottom in written.merges:
        sheet.merge_cells(start_row=top, end_row=bottom, start_column=column, end_column=column)
        sheet.cell(top, column).alignment = Alignment(vertical="center", wrap_text=True)
    book.save(path)
    return written


def _write_head(sheet: Any, title: str) -> None:
    sheet.title = "楼栋台账"
    for row, text in ((1, title), (2, "填报单位：综合服务窗口　　填报说明：户数按实有户填写")):
        sheet.merge_cells(start_row=row, end_row=row, start_column=1, end_column=len(HEADER))
        sheet.cell(row, 1, text).alignment = Alignment(horizontal="center")
    sheet.cell(1, 1).font = Font(bold=True, size=16)
    for column, name in enumerate(HEADER, 1):
        sheet.cell(HEADER_ROW, column, name).font = Font(bold=True)
    for letter, width in zip("ABCDEFGHI", (6, 16, 18, 18, 8, 10, 10, 6, 14), strict=True):
        sheet.column_dimensions[letter].width = width


def _lines(homes: gpd.GeoDataFrame, community_name: pd.Series, unknown: set[int], chance: Any, written: Written) -> Iterator[list[Any]]:
    """Yield the rows below the header and note in ``written`` what they merge and where they are wrong."""
    row, serial = HEADER_ROW, 0
    groups = _groups(homes)
    community_top = row + 1
    for place, (start, stop) in enumerate(groups):
        first = homes.iloc[start]
        compound, community = first["compound_id"], first["community_id"]
        new_community = place == 0 or homes["community_id"].iat[groups[place - 1][0]] != community
        community_top = row + 1 if new_community else community_top
        compound_top = row + 1
        for position in range(start, stop):
            building = homes.iloc[position]
            for stairwell, households in _stairwells(building, position in unknown, chance[:, position]):
                row, serial = row + 1, serial + 1
                yield [
                    serial,
                    community_name[community] if row == community_top else None,
                    _compound_spelling(compound, chance[2, start]) if row == compound_top and isinstance(compound, str) else None,
                    _building_spelling(building["name"], int(chance[0, position] * 9)),
                    stairwell,
                    households,
                    int(building["residents"]) if stairwell is None else None,
                    int(building["floors"]),
                    None,
                ]
        if isinstance(compound, str) and row > compound_top:
            written.merges.append((COMPOUND, compound_top, row))
        if place == len(groups) - 1 or homes["community_id"].iat[groups[place + 1][0]] != community:
            if row > community_top:
                written.merges.append((COMMUNITY, community_top, row))
        row += 1
        yield [None, None, "小计", None, None, int(homes["households"].iloc[start:stop].sum()), None, None, None]
        community_top = row + 1
    last = homes.iloc[-1]
    name, compound, where = last["name"], last["compound_id"], community_name[last["community_id"]]
    wrong = homes.iloc[min(unknown)]
    row += 1
    written.unmatched = row
    yield [serial + 1, where, "拆迁安置房", "99号楼", None, 40, None, 6, "已拆除"]
    written.twice = row + 1
    yield [serial + 2, where, compound if isinstance(compound, str) else None, name, None, int(last["households"]), None, int(last["floors"]), "重复登记"]
    written.fault = row + 2
    compound = wrong["compound_id"] if isinstance(wrong["compound_id"], str) else None
    yield [serial + 3, community_name[wrong["community_id"]], compound, wrong["name"], "附", "0.5户", None, int(wrong["floors"]), "待核实"]
    yield [None, None, "合计", None, None, int(homes["households"].sum()), None, None, None]


def _groups(homes: gpd.GeoDataFrame) -> list[tuple[int, int]]:
    """Return the runs of rows of one compound, or of one community's homes outside compounds."""
    keys = homes["community_id"].to_numpy(dtype=object).astype(str) + "\x1f" + homes["compound_id"].fillna("").to_numpy(dtype=object).astype(str)
    starts = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))
    return list(zip(starts.tolist(), [*starts[1:].tolist(), len(keys)], strict=True))


def _compound_spelling(compound: str, chance: float) -> str:
    """Some people put a blank inside a name, some add 小区."""
    return f"{compound[0]} {compound[1:]}" if chance < 0.1 else f"{compound}小区" if chance < 0.15 else compound


def _stairwells(building: pd.Series, unknown: bool, chance: Any) -> Iterator[tuple[str | None, int | str]]:
    """Yield the stairwell, or None, and the households of each row that the ledger has for a building."""
    households, stairwells = int(building["households"]), int(building["stairwells"])
    if unknown:
        yield None, UNKNOWN
    elif chance[1] < BY_STAIRWELL_SHARE and stairwells > 1:
        each, rest = divmod(households, stairwells)
        for number in range(stairwells):
            yield f"{number + 1}单元", each + (number < rest)
    else:
        yield None, _count_spelling(households, int(chance[2] * 6))

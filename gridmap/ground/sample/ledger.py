"""The ledger (台账) of an office: one sheet that people filled in by hand over the years."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font
from openpyxl.worksheet.cell_range import CellRange, MultiCellRange

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

Home = dict[str, Any]
"""One building as a row of its table, with its ``position`` there."""

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
    homes = _homes(buildings)
    chance = rng.random((4, len(homes)))
    unknown = np.flatnonzero(chance[0] < UNKNOWN_SHARE).tolist() or [len(homes) // 2]
    written = Written([homes[position]["position"] for position in unknown])
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("楼栋台账")
    _write_head(sheet, title)
    for line in _lines(homes, community_name.to_dict(), set(unknown), chance[1:], written):
        for column in (COMMUNITY, COMPOUND):
            if line[column - 1] is not None:
                line[column - 1] = _styled(sheet, line[column - 1], alignment=Alignment(vertical="center", wrap_text=True))
        sheet.append(line)
    merges = [(row, 1, row, len(HEADER)) for row in range(1, HEADER_ROW)]
    merges += [(top, column, bottom, column) for column, top, bottom in written.merges]
    # All at once: added one by one, each is compared with all before it.
    sheet.merged_cells = MultiCellRange([CellRange(min_row=top, min_col=left, max_row=bottom, max_col=right) for top, left, bottom, right in merges])
    book.save(path)
    return written


def _homes(buildings: gpd.GeoDataFrame) -> list[Home]:
    """Return the buildings with households, community by community and compound by compound; the ledger starts each anew."""
    table = pd.DataFrame(buildings[["community_id", "compound_id", "name", "households", "residents", "floors", "stairwells"]])
    table = table.assign(position=np.arange(len(table)))[(table["households"] > 0).to_numpy(dtype=bool)]
    table = table.sort_values(["community_id", "compound_id", "position"], kind="stable").astype(object)
    records: list[Home] = table.where(table.notna(), None).to_dict("records")
    return records


def _write_head(sheet: Any, title: str) -> None:
    # Widths come first: they stand before the rows in the file, and rows go to the file as they come.
    for letter, width in zip("ABCDEFGHI", (6, 16, 18, 18, 8, 10, 10, 6, 14), strict=True):
        sheet.column_dimensions[letter].width = width
    middle = Alignment(horizontal="center")
    sheet.append([_styled(sheet, title, alignment=middle, font=Font(bold=True, size=16))])
    sheet.append([_styled(sheet, "填报单位：综合服务窗口　　填报说明：户数按实有户填写", alignment=middle)])
    sheet.append([_styled(sheet, name, font=Font(bold=True)) for name in HEADER])


def _styled(sheet: Any, text: str, **styles: Any) -> Any:
    cell = WriteOnlyCell(sheet, text)
    for name, style in styles.items():
        setattr(cell, name, style)
    return cell


def _lines(homes: list[Home], community_name: Mapping[str, str], unknown: set[int], chance: Any, written: Written) -> Iterator[list[Any]]:
    """Yield the rows below the header and note in ``written`` what they merge and where they are wrong."""
    row, serial = HEADER_ROW, 0
    for start, stop in _runs(homes):
        first = homes[start]
        top = row + 1
        label = _compound_spelling(first["compound_id"], chance[2, start])
        for position in range(start, stop):
            home = homes[position]
            for stairwell, households in _stairwells(home, position in unknown, chance[:, position]):
                row, serial = row + 1, serial + 1
                front = [community_name[first["community_id"]], label] if row == top else [None, None]
                residents = home["residents"] if stairwell is None else None
                name = _building_spelling(home["name"], int(chance[0, position] * 9))
                yield [serial, *front, name, stairwell, households, residents, home["floors"], None]
        if row > top:
            # A cell that is merged with nothing below stays empty there: outside compounds there is no name to spread.
            written.merges += [(COMMUNITY, top, row), *([(COMPOUND, top, row)] if label else [])]
        row += 1
        yield [None, None, "小计", None, None, sum(home["households"] for home in homes[start:stop]), None, None, None]
    # The row to repeat is one that holds a whole building.
    whole = [position for position, home in enumerate(homes) if position not in unknown and not _by_stairwell(home, chance[:, position])]
    yield from _wrong_lines(homes[whole[-1]], homes[min(unknown)], community_name, serial, row, written)
    yield [None, None, "合计", None, None, sum(home["households"] for home in homes), None, None, None]


def _wrong_lines(twice: Home, wrong: Home, community_name: Mapping[str, str], serial: int, row: int, written: Written) -> Iterator[list[Any]]:
    """Yield the rows that are wrong on purpose: a building pulled down, one that stands there already, and half a household."""
    written.unmatched, written.twice, written.fault = row + 1, row + 2, row + 3
    where, elsewhere = community_name[twice["community_id"]], community_name[wrong["community_id"]]
    yield [serial + 1, where, "拆迁安置房", "99号楼", None, 40, None, 6, "已拆除"]
    yield [serial + 2, where, twice["compound_id"], twice["name"], None, twice["households"], None, twice["floors"], "重复登记"]
    yield [serial + 3, elsewhere, wrong["compound_id"], wrong["name"], "附", "0.5户", None, wrong["floors"], "待核实"]


def _runs(homes: list[Home]) -> list[tuple[int, int]]:
    """Return the runs of rows of one compound, or of one community's homes outside compounds."""
    keys = [(home["community_id"], home["compound_id"]) for home in homes]
    starts = [position for position, key in enumerate(keys) if position == 0 or key != keys[position - 1]]
    return list(zip(starts, [*starts[1:], len(keys)], strict=True))


def _compound_spelling(compound: str | None, chance: float) -> str | None:
    """Some people put a blank inside a name, some add 小区."""
    if compound is None:
        return None
    return f"{compound[0]} {compound[1:]}" if chance < 0.1 else f"{compound}小区" if chance < 0.15 else compound


def _by_stairwell(home: Home, chance: Any) -> bool:
    return bool(chance[1] < BY_STAIRWELL_SHARE and home["stairwells"] > 1)


def _stairwells(home: Home, unknown: bool, chance: Any) -> Iterator[tuple[str | None, int | str]]:
    """Yield the stairwell, or None, and the households of each row that the ledger has for a building."""
    households, stairwells = home["households"], home["stairwells"]
    if unknown:
        yield None, UNKNOWN
    elif _by_stairwell(home, chance):
        each, rest = divmod(households, stairwells)
        for number in range(stairwells):
            yield f"{number + 1}单元", each + (number < rest)
    else:
        yield None, _count_spelling(households, int(chance[2] * 6))

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from gridmap.errors import InputError
from gridmap.ground import sheets
from gridmap.ground.files import read_layers
from gridmap.ground.sheets import read_ledger
from gridmap.ground.workbooks import Sheet

HEADER = ["小区名称", "楼 号", "户　数"]


def workbook(path: Path, rows: list[list[Any]], *, merged: tuple[str, ...] = (), more: dict[str, list[list[Any]]] | None = None) -> Path:
    book = openpyxl.Workbook()
    for name, sheet_rows in {"台账": rows, **(more or {})}.items():
        sheet = book.create_sheet(name)
        for row in sheet_rows:
            sheet.append(row)
    for each in merged:
        book["台账"].merge_cells(each)
    book.remove(book.worksheets[0])
    book.save(path)
    return path


def table(path: Path) -> list[list[str]]:
    rows: list[list[str]] = read_ledger(path).frame.fillna("").to_numpy().tolist()
    return rows


def codes(path: Path) -> list[tuple[str, int | None]]:
    return [(each.code, each.row) for each in read_ledger(path).findings]


def test_header_below_merged_titles(tmp_path: Path) -> None:
    rows = [["幸福社区楼栋台账（２０２４年）"], ["填表单位：某社区"], HEADER, ["阳光花园", "1号楼", 30]]
    ledger = read_ledger(workbook(tmp_path / "a.xlsx", rows, merged=("A1:C1", "A2:C2")))
    assert list(ledger.frame.columns) == ["小区名称", "楼号", "户数"]
    assert ledger.user_row(0) == 4


def test_header_of_two_rows(tmp_path: Path) -> None:
    rows = [["小区名称", "楼号", "住户情况", None], [None, None, "户数", "人数"], ["阳光花园", "1", 30, 90]]
    ledger = read_ledger(workbook(tmp_path / "a.xlsx", rows, merged=("A1:A2", "B1:B2", "C1:D1")))
    assert list(ledger.frame.columns) == ["小区名称", "楼号", "户数", "人数"]
    assert len(ledger.frame) == 1


def test_merged_names_stand_in_each_row_and_only_there(tmp_path: Path) -> None:
    rows = [HEADER, ["阳光花园", "1", 1], [None, "2", 2], [None, "3", 3]]
    assert [row[0] for row in table(workbook(tmp_path / "a.xlsx", rows, merged=("A2:A3",)))] == ["阳光花园", "阳光花园", ""]


def test_width_blanks_and_whole_numbers(tmp_path: Path) -> None:
    rows = [HEADER, ["阳 光　花园（北区）", "３ 号楼", "３００"], ["Rose Garden", 4.0, 12.5]]
    assert table(workbook(tmp_path / "a.xlsx", rows)) == [["阳光花园(北区)", "3号楼", "300"], ["Rose Garden", "4", "12.5"]]


def test_totals_notes_and_repeated_headers_are_left_out(tmp_path: Path) -> None:
    rows = [HEADER, ["阳光花园", "1", 1], [None, "小 计", 1], HEADER, ["和平里", "2", 2], [None], ["合计", None, 3], ["填表人：某某"]]
    path = workbook(tmp_path / "a.xlsx", rows)
    assert [row[0] for row in table(path)] == ["阳光花园", "和平里"]
    assert codes(path) == [("row_total", 3), ("row_header_again", 4), ("row_total", 7), ("row_note", 8)]
    assert [read_ledger(path).user_row(place) for place in (0, 1)] == [2, 5]


def test_sheets_are_put_together_and_others_told(tmp_path: Path) -> None:
    second = [["小区", "楼栋", "总户数"], ["新村", "9", 9]]
    path = workbook(tmp_path / "a.xlsx", [HEADER, ["阳光花园", "1", 1]], more={"二": second, "说明": [["本表由社区填写"]]})
    ledger = read_ledger(path)
    assert table(path) == [["阳光花园", "1", "1"], ["新村", "9", "9"]]
    assert ledger.sheets == ("台账", "二")
    assert [(each.code, each.subject) for each in ledger.findings] == [("sheet_left_out", "说明")]


def test_formulas_without_a_value_are_told(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", [HEADER, ["阳光花园", "1", "=1+1"]])
    assert table(path) == [["阳光花园", "1", ""]]
    assert codes(path) == [("sheet_uncomputed", None)]


def test_ledger_as_csv_in_gbk(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("台账,,\n小区名称,楼号,户数\n阳光花园,３号楼,暂无资料\n".encode("gbk"))
    assert table(path) == [["阳光花园", "3号楼", "暂无资料"]]
    assert read_ledger(path).encoding == "GB18030"


def test_text_that_calls_itself_xls(tmp_path: Path) -> None:
    path = tmp_path / "a.xls"
    path.write_bytes("小区名称\t楼号\t户数\n阳光花园\t1\t5\n".encode("utf-16"))
    assert table(path) == [["阳光花园", "1", "5"]]


def test_venues_in_a_workbook_get_their_places(tmp_path: Path) -> None:
    rows = [["场所一览", None, None], ["场所名称", "经度", "纬度"], ["图书室", 121.5, "32.25"], ["诊所", None, None]]
    (layer,) = read_layers(workbook(tmp_path / "a.xlsx", rows))
    assert layer.frame.geometry.notna().tolist() == [True, False]
    assert [(each.code, each.row) for each in layer.findings if each.row] == [("place_missing", 4)]


def test_biff_workbook_with_merged_cells(tmp_path: Path, biff: Callable[..., bytes]) -> None:
    path = tmp_path / "a.xls"
    path.write_bytes(biff([["小区名称", "楼号", "户数"], ["阳光花园", "1", 30.0], ["", "2", 31.0]], merged=(1, 2, 0, 0)))
    assert table(path) == [["阳光花园", "1", "30"], ["阳光花园", "2", "31"]]


@pytest.fixture
def biff() -> Callable[..., bytes]:
    """A writer of the smallest BIFF8 stream that an old spreadsheet program would read: one sheet, text and numbers, one merged range."""
    import struct

    def record(kind: int, data: bytes = b"") -> bytes:
        return struct.pack("<HH", kind, len(data)) + data

    def text(value: str) -> bytes:
        return struct.pack("<HB", len(value), 1) + value.encode("utf-16-le")

    def written(rows: list[list[Any]], merged: tuple[int, int, int, int]) -> bytes:
        cells = b""
        for row, values in enumerate(rows):
            for column, value in enumerate(values):
                place = struct.pack("<HHH", row, column, 0)
                cells += (
                    record(0x0203, place + struct.pack("<d", value))
                    if isinstance(value, float)
                    else record(0x0204, place + text(value))
                    if value
                    else b""
                )
        sheet = record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0010, 0, 0, 0, 6))
        sheet += record(0x0200, struct.pack("<IIHHH", 0, len(rows), 0, 3, 0)) + cells
        sheet += record(0x00E5, struct.pack("<HHHHH", 1, *merged)) + record(0x000A)
        start = record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0005, 0, 0, 0, 6)) + record(0x0042, struct.pack("<H", 1200))
        font = record(0x0031, struct.pack("<HHHHHBBBBBB", 200, 0, 0x7FFF, 400, 0, 0, 0, 0, 0, 1, 0) + "A".encode("latin-1"))
        style = record(0x00E0, struct.pack("<HHHBBBBIIH", 0, 0, 0, 0x20, 0, 0, 0, 0, 0, 0x20C0))
        name = "台账".encode("utf-16-le")
        boundsheet_size = 4 + 8 + len(name)
        offset = len(start) + len(font) + len(style) + boundsheet_size + 4
        bounds = record(0x0085, struct.pack("<IBBBB", offset, 0, 0, 2, 1) + name)
        return start + font + style + bounds + record(0x000A) + sheet

    def compound(stream: bytes) -> bytes:
        size = 512
        stream = stream.ljust(max(4096, -(-len(stream) // size) * size), b"\0")
        sectors = len(stream) // size
        header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
        header += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0) + struct.pack("<109I", 0, *[0xFFFFFFFF] * 108)
        chain = [0xFFFFFFFD, 0xFFFFFFFE, *range(3, sectors + 2), 0xFFFFFFFE]
        fat = struct.pack("<128I", *chain, *[0xFFFFFFFF] * (128 - len(chain)))

        def entry(name: str, kind: int, child: int, start: int, length: int) -> bytes:
            raw = name.encode("utf-16-le") + b"\0\0"
            links = struct.pack("<III", 0xFFFFFFFF, 0xFFFFFFFF, child)
            return raw.ljust(64, b"\0") + struct.pack("<HBB", len(raw), kind, 1) + links + bytes(36) + struct.pack("<III", start, length, 0)

        empty = entry("", 0, 0xFFFFFFFF, 0, 0)
        directory = entry("Root Entry", 5, 1, 0xFFFFFFFE, 0) + entry("Workbook", 2, 0xFFFFFFFF, 2, len(stream)) + empty + empty
        return header + fat + directory + stream

    return lambda rows, merged: compound(written(rows, merged))


def altered(path: Path, part: str, change: Callable[[bytes], bytes]) -> Path:
    """Rewrite one part of a workbook."""
    with zipfile.ZipFile(path) as source:
        parts = {name: source.read(name) for name in source.namelist()}
    parts[part] = change(parts[part])
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in parts.items():
            target.writestr(name, content)
    path.write_bytes(buffer.getvalue())
    return path


def refused(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        read_ledger(path)
    return caught.value.code


LAUGHS = b"""<!DOCTYPE lolz [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>"""
SHEET = "xl/worksheets/sheet1.xml"


@pytest.mark.parametrize("part", [SHEET, "xl/workbook.xml", "xl/styles.xml"])
def test_entities_are_refused(tmp_path: Path, part: str) -> None:
    path = workbook(tmp_path / "a.xlsx", [HEADER, ["阳光花园", "1", 1]])

    def with_entities(content: bytes) -> bytes:
        body = content[content.index(b"?>") + 2 :] if content.startswith(b"<?xml") else content
        return LAUGHS + body

    assert refused(altered(path, part, with_entities)) == "file_reaches_out"


def test_a_bomb_in_a_workbook_is_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", [HEADER, ["阳光花园", "1", 1]])
    altered(path, SHEET, lambda content: content + b" " * 30_000_000)
    assert refused(path) == "archive_bomb"


def test_a_merged_range_over_the_whole_sheet_costs_nothing(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", [HEADER, ["阳光花园", "1", 1], [None, "2", 2]], merged=("A2:A3",))
    altered(path, SHEET, lambda content: content.replace(b'ref="A2:A3"', b'ref="A2:XFD1048576"'))
    assert [row[:2] for row in table(path)] == [["阳光花园", "1"], ["阳光花园", "2"]]


def test_time_grows_with_the_merged_ranges_and_not_with_their_square(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every row has a merged range of its own, as where a name stands over two columns."""

    class Counted(tuple[int, ...]):
        looks = 0

        def __iter__(self) -> Iterator[int]:
            Counted.looks += 1
            return super().__iter__()

    number = 2000
    rows = [HEADER, *([f"花园{place}", "1", "1"] for place in range(number))]
    sheet = Sheet("台账", rows, tuple(Counted((place, place, 1, 2)) for place in range(1, number + 1)))  # type: ignore[misc]
    path = tmp_path / "a.xlsx"
    path.write_bytes(b"anything")
    monkeypatch.setattr(sheets, "read_sheets", lambda _: ([sheet], None))
    assert len(read_ledger(path).frame) == number
    assert Counted.looks <= 5 * number


def test_a_note_in_merged_cells_is_left_out(tmp_path: Path) -> None:
    rows: list[list[Any]] = [HEADER, ["阳光花园", "1", 1], ["以下为北区"], ["和平里", "2", 2]]
    path = workbook(tmp_path / "a.xlsx", rows, merged=("A3:C3",))
    assert codes(path) == [("row_note", 3)]


def test_a_sheet_that_claims_to_be_huge_costs_nothing(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", [HEADER, ["阳光花园", "1", 1]])
    altered(path, SHEET, lambda content: content.replace(b'<dimension ref="A1:C2"', b'<dimension ref="A1:XFD1048576"'))
    assert table(path) == [["阳光花园", "1", "1"]]


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.xlsx", b"", "file_empty"),
        ("a.xlsx", b"PK\x03\x04 nothing", "archive_damaged"),
        ("a.xls", b"\xd0\xcf\x11\xe0 nothing", "sheet_damaged"),
        ("a.xls", b"<html><table><tr><td>1</td></tr></table></html>", "sheet_wrong_format"),
        ("a.xlsx", b"%PDF-1.7", "sheet_wrong_format"),
        ("a.csv", "甲,乙\n1,2\n".encode(), "sheet_without_header"),
        ("a.csv", "小区名称,楼号\n".encode(), "file_without_rows"),
    ],
)
def test_ledgers_without_use_get_one_sentence(tmp_path: Path, name: str, content: bytes, code: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert refused(path) == code


@pytest.mark.parametrize("part", [SHEET, "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "[Content_Types].xml"])
@pytest.mark.parametrize("keep", [0.0, 0.5])
def test_damaged_parts_are_no_tracebacks(tmp_path: Path, part: str, keep: float) -> None:
    path = workbook(tmp_path / "a.xlsx", [HEADER, ["阳光花园", "1", 1]])
    altered(path, part, lambda content: content[: int(len(content) * keep)])
    assert refused(path) in ("sheet_damaged", "sheet_without_header", "sheet_wrong_format")

"""Official codes: 12-digit division codes of communities, 15- and 20-digit codes of grids, and the order in which grids are numbered.

Codes are text, never numbers: leading zeros matter.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from gridmap.errors import RequestError

CodeScheme = Literal["15", "20"]

DIVISION_DIGITS = 12
OBJECT_CLASS_DIGITS = 6
SEQUENCE_DIGITS: Mapping[CodeScheme, int] = {"15": 3, "20": 2}
"""How many digits number the grids inside one community."""

AREAS_MOST = 99
"""Two digits number the areas of a street office."""

ROW_DEPTH = 0.5
"""Depth of a row of grids, in sides of a square as large as the mean grid: neighbours in a row may lie that much further south than its first."""


@dataclass(frozen=True, slots=True)
class Division:
    """The parts of a division code (统计用区划代码): county 6 digits (GB/T 2260), street office or town 3 (GB/T 10114), community or village 3."""

    county: str
    street_office: str
    community: str


def division(code: object) -> Division | None:
    """Return the parts of a 12-digit division code, or None when ``code`` is missing or is no such code.

    The first two digits (province) run from 11; a community's own three digits are not 000, which stands for the whole street office.
    A code that a spreadsheet turned into a number is no text and is not accepted: its leading digits cannot be trusted.

    >>> division("320602001003")
    Division(county='320602', street_office='001', community='003')
    >>> division("32060200100") is None
    True
    """
    if not isinstance(code, str) or len(code) != DIVISION_DIGITS or not (code.isascii() and code.isdigit()):
        return None
    if int(code[:2]) < 11 or code[6:9] == "000" or code[9:] == "000":
        return None
    return Division(code[:6], code[6:9], code[9:])


def grid_codes(division_code: object, grids: int, *, scheme: CodeScheme = "15", object_class: str = "") -> list[str] | None:
    """Return the codes of a community's grids in their order of numbering, or None when they cannot be given.

    Scheme ``15`` (Beijing DB11, unit grids): division code 12 digits (county 6, street office 3, community 3) + sequence 3, from 001.
    Scheme ``20`` (CJ/T 349-2010): object class 6 (CJ/T 348-2010, ``object_class``) + division code 12 + sequence 2, from 01; a community that is one
    grid has the sequence 00. None means that the division code is missing or unusable, or that there are more grids than the sequence has
    digits for. Raises ``RequestError`` for an unknown scheme, and for scheme 20 without an object class of six digits.

    >>> grid_codes("320602001003", 2)
    ['320602001003001', '320602001003002']
    >>> grid_codes("320602001003", 1, scheme="20", object_class="010100")
    ['01010032060200100300']
    >>> grid_codes(None, 2) is None
    True
    """
    if scheme not in SEQUENCE_DIGITS:
        raise RequestError("code_scheme_unknown", scheme=str(scheme), schemes=", ".join(SEQUENCE_DIGITS))
    prefix = _object_class(object_class) if scheme == "20" else ""
    digits = SEQUENCE_DIGITS[scheme]
    if division(division_code) is None or grids >= 10**digits:
        return None
    if scheme == "20" and grids == 1:
        return [f"{prefix}{division_code}00"]
    return [f"{prefix}{division_code}{number:0{digits}d}" for number in range(1, grids + 1)]


def area_codes(division_codes: Sequence[Sequence[object]]) -> list[str | None]:
    """Return the codes of areas in their order of numbering, each area told by the division codes of its communities; None where it has no code.

    An area (片区) has no place in the national codes. Ours: the 9 digits of the street office that all its communities belong to, ``P`` for 片区, and
    two digits from 01 in each street office; the letter keeps it from being taken for a community. An area of several street offices of one county
    has 000 for the street office. There is no code when a division code is missing or unusable, when there are several counties, or beyond 99.

    >>> area_codes([["320602001003", "320602001004"], ["320602001005"], ["320602001006", "320602002001"], [None]])
    ['320602001P01', '320602001P02', '320602000P01', None]
    """
    codes: list[str | None] = []
    counts: dict[str, int] = {}
    for its in division_codes:
        parts = [division(code) for code in its]
        counties, offices = ({each and getattr(each, part) for each in parts} for part in ("county", "street_office"))
        county = next(iter(counties)) if len(counties) == 1 else None
        if county is None or None in parts:
            codes.append(None)
            continue
        office = f"{county}{next(iter(offices)) if len(offices) == 1 else '000'}"
        counts[office] = counts.get(office, 0) + 1
        codes.append(f"{office}P{counts[office]:02d}" if counts[office] <= AREAS_MOST else None)
    return codes


def reading_order(x_m: npt.ArrayLike, y_m: npt.ArrayLike, area_m2: npt.ArrayLike, names: Sequence[str]) -> npt.NDArray[np.int64]:
    """Return the positions of a community's grids in the order in which they are numbered: west to east in rows, the rows from north to south.

    ``x_m``, ``y_m`` are the grids' centres (east, north), ``area_m2`` their areas, ``names`` breaks ties. A row begins with the northernmost grid
    that has no row yet and takes every grid whose centre lies at most half a grid's side further south (:data:`ROW_DEPTH`); so grids that stand
    side by side, a little askew, read from left to right like words. Depends only on the grids, not on the order they come in. Source: CJ/T
    349-2010, 5.7, and Beijing DB11: left to right, top to bottom; how the rows are told apart is ours.

    >>> reading_order([0, 100, 0, 100], [0, 3, 100, 98], [1e4] * 4, ["a", "b", "c", "d"]).tolist()
    [2, 3, 0, 1]
    """
    x, y, area = (np.asarray(values, dtype=np.float64) for values in (x_m, y_m, area_m2))
    if not len(x):
        return np.zeros(0, dtype=np.int64)
    depth_m = ROW_DEPTH * math.sqrt(float(area.mean()))
    row = np.zeros(len(x), dtype=np.int64)
    number, first_y = -1, math.inf
    for position in np.argsort(-y, kind="stable"):
        if first_y - y[position] > depth_m or number < 0:
            number, first_y = number + 1, float(y[position])
        row[position] = number
    names_array: npt.NDArray[Any] = np.asarray(names, dtype=str)
    return np.lexsort((names_array, -y, x, row)).astype(np.int64)


def _object_class(text: str) -> str:
    if len(text) != OBJECT_CLASS_DIGITS or not (text.isascii() and text.isdigit()):
        raise RequestError("object_class_unusable", value=text)
    return text

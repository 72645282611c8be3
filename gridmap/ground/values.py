"""Values as users write them: counts with words around them, truth in many words, numbers of buildings, names with stray blanks."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

MISSING_WORDS = frozenset(
    "|-|--|—|——|/|\\|无|无资料|暂无|暂无资料|暂无数据|暂缺|缺|不详|不明|未知|未统计|待统计|待核实|未填|空|none|null|nan|n/a|na|#n/a|unknown|?".split(
        "|"
    )
)
"""What stands in a cell whose value nobody knows."""

_APPROXIMATE = re.compile(r"约|近|余|多|左右|上下|\+$")
_COUNT = re.compile(
    r"(?:共|计|合计|总计|约|大约|将近|近|超过|超)*"
    r"([+-]?\d+(?:\.\d+)?(?:e\+?\d+)?)"
    r"(?:余|多|\+)?(?:户|家|人|层|个|幢|栋|f|单元|households?)?(?:左右|上下|余|多|\+)?"
)
_DIGIT_FORMS = ("零〇", "一壹", "二两贰", "三叁", "四肆", "五伍", "六陆", "七柒", "八捌", "九玖")
_DIGITS = {character: value for value, characters in enumerate(_DIGIT_FORMS) for character in characters}
_POWERS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
_NUMERAL = "".join([*_DIGITS, *_POWERS])
_TRUE = frozenset("1 1.0 true t yes y 是 有 √ ✓ 对 开放 可 可以 designated limited permissive customers public".split())
_FALSE = frozenset("0 0.0 false f no n 否 没有 × ✗ x 不 不开放 不可 不可以 private".split())

Parsed = tuple[pd.api.extensions.ExtensionArray, np.ndarray]
"""Values, missing where unknown, and a mask of the rows that hold something which cannot be right."""


def half_width(text: str) -> str:
    """Return ``text`` with full-width digits, letters and marks as plain ones, and without blanks.

    >>> half_width("３ 号楼：")
    '3号楼:'
    """
    return "".join(unicodedata.normalize("NFKC", text).split())


def parse_households(values: Sequence[Any]) -> tuple[Any, np.ndarray]:
    """Return whole numbers (Int64, missing where nobody knows) and a mask of faults: fractions, negative numbers, text without a number.

    A value with a fault is missing in the result. 304.0 is 304; ``约300户`` is 300, see :func:`approximate`.

    >>> parse_households(["4328户", "暂无资料", "３００", 304.0, 304.5, "-3", "三百"])[0].tolist()
    [4328, <NA>, 300, 304, <NA>, <NA>, 300]
    """
    return _parsed(values, whole_number, "Int64")


parse_integers = parse_households


def parse_numbers(values: Sequence[Any]) -> tuple[Any, np.ndarray]:
    """Return numbers (Float64) and a mask of faults: negative numbers and text without a number.

    >>> parse_numbers(["约400.5平方米", ""])[0].tolist()
    [400.5, <NA>]
    """
    return _parsed(values, _number_of_measure, "Float64")


def parse_truths(values: Sequence[Any]) -> tuple[Any, np.ndarray]:
    """Return truth values (boolean) and a mask of faults: words that mean neither.

    >>> parse_truths(["是", "No", None, "maybe"])[0].tolist()
    [True, False, <NA>, <NA>]
    """
    return _parsed(values, _truth, "boolean")


def parse_texts(values: Sequence[Any]) -> Any:
    """Return texts (str dtype) stripped of blanks at the ends, missing where empty; whole numbers lose their ``.0``, ids keep leading zeros.

    >>> list(parse_texts([" 007 ", 12.0, ""]))
    ['007', '12', nan]
    """
    array, _ = _parsed(values, _text, "object")
    return pd.array(array, dtype="str")


def approximate(values: Sequence[Any]) -> np.ndarray:
    """Return a mask of the values that say themselves that they are not exact: ``约300户``, ``300余户``.

    >>> approximate(["约300户", "300户"]).tolist()
    [True, False]
    """
    return np.array([isinstance(value, str) and bool(_APPROXIMATE.search(half_width(value))) for value in values], dtype=bool)


def _parsed(values: Sequence[Any], parse: Callable[[Any], Any], dtype: str) -> tuple[Any, np.ndarray]:
    """Apply ``parse`` once to each distinct value; it returns None for missing and raises ValueError for a fault."""
    codes, distinct = pd.factorize(pd.Series(values, dtype=object), use_na_sentinel=True)
    results = np.full(len(distinct) + 1, None, dtype=object)
    faulty = np.zeros(len(distinct) + 1, dtype=bool)
    for place, value in enumerate(distinct):
        try:
            results[place] = parse(value)
        except ValueError:
            faulty[place] = True
    return pd.array(results[codes], dtype=dtype), faulty[codes]


def whole_number(value: Any) -> int | None:
    """Return one count as :func:`parse_households` does, None where nobody knows; raises ``ValueError`` for a fault."""
    number = _number(value)
    if number is None:
        return None
    if number < 0 or number != int(number):
        raise ValueError(value)
    return int(number)


def _number(value: Any) -> float | int | None:
    if isinstance(value, bool | np.bool_):
        raise ValueError(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        if not np.isfinite(value):
            raise ValueError(value)
        return float(value)
    text = half_width(str(value)).lower().replace(",", "").rstrip("。.")
    if text in MISSING_WORDS:
        return None
    match = _COUNT.fullmatch(text)
    if match:
        return int(match[1]) if match[1].lstrip("+-").isdigit() else float(match[1])
    words = re.sub(r"^(?:共|约)|[户家人层个栋幢]$", "", text)
    return chinese_number(words)


def _number_of_measure(value: Any) -> float | None:
    text = re.sub(r"(?:平方米|平米|㎡|m2|米|m|元)$", "", half_width(value).lower()) if isinstance(value, str) else value
    number = _number(text)
    if number is not None and number < 0:
        raise ValueError(value)
    return None if number is None else float(number)


def _truth(value: Any) -> bool | None:
    word = half_width(str(value)).lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    if word in MISSING_WORDS:
        return None
    raise ValueError(value)


def _text(value: Any) -> str | None:
    if isinstance(value, float | np.floating) and value.is_integer():
        value = int(value)
    return str(value).strip() or None


def chinese_number(text: str) -> int:
    """Return the whole number, up to 9,999, that Chinese numerals stand for.

    Raises ``ValueError`` when ``text`` is none.

    >>> [chinese_number(text) for text in ("三", "十二", "二十", "三百零五", "三百二", "一〇八")]
    [3, 12, 20, 305, 320, 108]
    """
    if not text or any(character not in _NUMERAL for character in text):
        raise ValueError(text)
    if not any(character in _POWERS for character in text):
        return int("".join(str(_DIGITS[character]) for character in text))
    total, digit = 0, None
    for character in text:
        if character in _POWERS:
            total += (1 if digit is None else digit) * _POWERS[character]
            digit = None
        else:
            digit = _DIGITS[character]
    # 三百二 is 320: without 零 the last digit counts the next lower power.
    spoken = len(text) > 2 and _POWERS.get(text[-2], 0) > 10
    return total + (digit or 0) * (_POWERS[text[-2]] // 10 if spoken else 1)


_LABEL = rf"(?:[A-Z]+-?)?\d+[A-Z]?(?:-\d+)?|[A-Z]|[{_NUMERAL}]+|[甲乙丙丁戊己庚辛东南西北中]"
_BUILDING = re.compile(rf"(?:第|NO\.?)?(?P<number>{_LABEL})(?:号楼|号住宅楼|号院|#楼|#|号|幢|栋|座|楼|栋楼|幢楼)")
_STAIRWELL = re.compile(rf"(?P<number>{_LABEL})(?:单元|号楼道|门洞|梯)")


def building_and_stairwell(text: str) -> tuple[str | None, str | None]:
    """Return the number of the building and of the stairwell that ``text`` names, each None when it names none.

    >>> building_and_stairwell("幸福小区３号楼2单元"), building_and_stairwell("办公楼")
    (('3', '2'), (None, None))
    """
    plain = half_width(text).upper()
    stairwell = _STAIRWELL.search(plain)
    rest = plain[: stairwell.start()] if stairwell else plain
    building = list(_BUILDING.finditer(rest))
    if building:
        number: str | None = building[-1]["number"]
    else:
        number = rest if re.fullmatch(_LABEL, rest) else None
    return _label(number), _label(stairwell["number"] if stairwell else None)


def building_number(text: str) -> str | None:
    """Return the number of the building that ``text`` names, written one way; None when it names none.

    >>> [building_number(text) for text in ("3#", "3号楼", "三号楼", "３幢", "03栋", "A座", "会所")]
    ['3', '3', '3', '3', '3', 'A', None]
    """
    return building_and_stairwell(text)[0]


def _label(number: str | None) -> str | None:
    """Write Chinese numerals as digits and drop leading zeros."""
    if number is None:
        return None
    if number.isdecimal() and number.isascii():
        return number.lstrip("0") or "0"
    if all(character in _NUMERAL for character in number):
        return str(chinese_number(number))
    return re.sub(r"(?<!\d)0+(?=\d)", "", number)


def compound_name(text: str) -> str:
    """Return a compound's name in the one form in which names are compared: no blanks, brackets or width, no 小区 at the end, 1期 for 一期.

    >>> compound_name("幸福 小区（一期）"), compound_name("幸福１期")
    ('幸福1期', '幸福1期')
    """
    name = re.sub(r"[()\[\]{}《》〈〉【】“”\"'·.,、:;_-]", "", half_width(text).upper())
    name = re.sub(rf"([{_NUMERAL}]+)(?=期|区$)", lambda match: str(chinese_number(match[1])), name)
    shorter = re.sub(r"(?:住宅|居民)?小区(?=$|\d+期|[东南西北]区$)", "", name)
    return shorter or name

"""Classes of streets, kinds of barriers and categories of venues, from the words that files use for them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from gridmap.ground.names import plain_name
from gridmap.rules import Category

STREET_WORDS: Mapping[str, tuple[str, ...]] = {
    "arterial": (
        "arterial", "motorway", "trunk", "primary", "secondary", "major_road", "highway", "expressway",
        "高速公路", "高速", "快速路", "主干路", "主干道", "主干", "次干路", "次干道", "次干", "城市主干道", "城市次干道", "国道", "省道", "大道",
    ),
    "street": ("street", "tertiary", "unclassified", "residential", "minor_road", "road", "支路", "支道", "街道", "街", "路", "城市支路", "县道",
        "乡道", "道路"),
    "lane": ("lane", "living_street", "service", "alley", "driveway", "track", "巷", "巷道", "弄", "里弄", "胡同", "小区路", "小区道路",
        "内部道路", "内部路"),
    "path": ("path", "footway", "pedestrian", "steps", "cycleway", "bridleway", "corridor", "pier", "sidewalk", "步行道", "人行道", "人行", "步道",
        "小路", "小径", "绿道"),
}  # fmt: skip
"""Our street classes and the words for them; OpenStreetMap's with and without ``_link``."""

FAST_WORDS = frozenset({"motorway", "trunk", "expressway", "高速公路", "高速", "快速路"})
"""Roads without walkers; no grid should cross them."""

NO_STREET_WORDS = frozenset(
    {"rail", "railway", "subway", "light_rail", "tram", "ferry", "funicular", "aerialway", "aeroway", "铁路", "地铁", "轨道交通", "轮渡"}
)
"""Lines in street layers that nobody can walk on."""

BARRIER_WORDS: Mapping[str, tuple[str, ...]] = {
    "river": (
        "river",
        "riverbank",
        "water",
        "canal",
        "stream",
        "lake",
        "drain",
        "ditch",
        "河",
        "河流",
        "河道",
        "江",
        "湖",
        "湖泊",
        "水系",
        "水域",
        "运河",
        "水",
    ),
    "railway": ("railway", "rail", "light_rail", "tram", "铁路", "铁道", "轨道", "轨道交通"),
    "wall": ("wall", "fence", "city_wall", "retaining_wall", "hedge", "围墙", "墙", "围栏", "栅栏"),
    "expressway": ("expressway", "motorway", "trunk", "高速公路", "高速", "快速路", "高架", "高架路"),
}

CATEGORY_WORDS: Mapping[str, tuple[str, ...]] = {
    "party_service": ("党群服务中心", "党群服务站", "党群", "党建", "居委会", "便民服务中心", "社区服务"),
    "reading": ("图书", "书屋", "阅览", "书店", "library", "books"),
    "school": ("小学", "中学", "学校", "school"),
    "leisure": ("文体", "文化", "健身", "体育", "公园", "广场", "活动中心", "活动室", "park", "playground", "sports", "fitness", "community_centre"),
    "elderly": ("养老", "老年", "敬老", "日间照料", "助餐", "social_facility", "nursing_home"),
    "childcare": ("托幼", "托育", "幼儿园", "kindergarten", "childcare"),
    "medical": ("医院", "卫生", "诊所", "医疗", "药店", "药房", "hospital", "clinic", "doctors", "pharmacy"),
    "shopping": ("超市", "便利", "商店", "商场", "购物", "supermarket", "convenience", "mall"),
    "market": ("菜市", "农贸", "菜场", "集市", "marketplace", "greengrocer"),
}
"""Words that stand for a category of the rules where a file uses neither its code nor its name."""

_BETWEEN = re.compile(r"\s*[,，;；、|/]+\s*")


def street_classes(values: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    """Return the street class of each value: ``rail`` and the like give an empty text, unknown words None."""
    words = {word: street_class for street_class, known in STREET_WORDS.items() for word in known} | dict.fromkeys(NO_STREET_WORDS, "")
    return _looked_up(values, words)


def fast_roads(values: npt.NDArray[np.object_]) -> npt.NDArray[np.bool_]:
    """Return where a value means a road without walkers."""
    codes, distinct = _factorized(values)
    fast: npt.NDArray[np.bool_] = np.array([*(_word(value) in FAST_WORDS for value in distinct), False], dtype=bool)[codes]
    return fast


def barrier_kinds(values: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    """Return the kind of barrier of each value, None where the word is not known."""
    return _looked_up(values, {word: kind for kind, known in BARRIER_WORDS.items() for word in known})


def barrier_kind_of_name(name: str) -> str | None:
    """Return the kind of barrier that the name of a file or layer speaks of.

    >>> barrier_kind_of_name("水系面"), barrier_kind_of_name("layer1")
    ('river', None)
    """
    plain = name.casefold()
    return next((kind for kind, known in BARRIER_WORDS.items() if any(word in plain for word in known if len(word) > 1 or word == "河")), None)


def categories_of(value: object, categories: Mapping[str, Category]) -> tuple[list[str], list[str]]:
    """Return the category codes that a cell names, and the words in it that name none.

    >>> from gridmap.rules import load_rules
    >>> categories_of("医疗卫生、菜市场", load_rules().categories)
    (['medical', 'market'], [])
    """
    if value is None or (not isinstance(value, list | tuple | np.ndarray) and pd.isna(value)):
        return [], []
    codes: list[str] = []
    unknown: list[str] = []
    for word in _category_words(value):
        found = _category(word, categories)
        # "Medical care" is one category of two words, "medical market" are two.
        parts = [word] if found is not None else word.split()
        for part, code in ((part, found or _category(part, categories)) for part in parts):
            if code is None:
                unknown.append(part)
            elif code not in codes:
                codes.append(code)
    return codes, unknown


def _category_words(value: object) -> list[str]:
    if isinstance(value, list | tuple | np.ndarray):
        return [str(each) for each in value]
    text = str(value).strip()
    if text.startswith("["):
        try:
            parsed = json.loads(text)
        except json.JSONDecodeError:
            parsed = text.strip("[]").replace('"', "").replace("'", "").split(",")
        return [str(each).strip() for each in parsed if str(each).strip()]
    return [word for word in _BETWEEN.split(text) if word]


def _category(word: str, categories: Mapping[str, Category]) -> str | None:
    plain = plain_name(word)
    for code, category in categories.items():
        if plain in (plain_name(code), plain_name(category.zh), plain_name(category.en)):
            return code
    return next((code for code, known in CATEGORY_WORDS.items() if code in categories and any(plain_name(each) in plain for each in known)), None)


def _looked_up(values: npt.NDArray[np.object_], words: Mapping[str, str]) -> npt.NDArray[np.object_]:
    codes, distinct = _factorized(values)
    plain = [*map(_word, distinct), ""]
    found = np.array([words.get(word, words.get(word.removesuffix("_link"))) for word in plain], dtype=object)
    looked_up: npt.NDArray[np.object_] = found[codes]
    return looked_up


def _factorized(values: npt.NDArray[np.object_]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.object_]]:
    """Return the place of each value among the distinct ones, -1 where it is missing: a city's streets have a dozen words."""
    codes, distinct = pd.factorize(values, use_na_sentinel=True)
    return codes, distinct


def _word(value: object) -> str:
    return str(value).strip().casefold()

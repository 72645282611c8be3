"""Invented Chinese names.

Communities and compounds are named by a verb or an adjective and a homely thing ("酿橘", "暖檐"), streets by a thing and a water ("笺渡路"): they
read like names but belong to no known place.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from gridmap.ground.sample.drawing import Ints, Rng, shuffled

COUNTY = "砚澜区"
COUNTY_CODE = "990101"
"""No such county: 99 is no province."""

DOES = "拾缀漱掬衔裁描绣酿煮织弹研磨数问约候邀寄藏晒牧捻"
THINGS = "笺砚檐苔萤鸢穗桨篷菱芡橘柚棉蚕蓑笠釉瓷墨弦笛鼓砧瓦榫梭"
FEELS = "暖朗恬悠淳皎煦馥憩缓宥沁熹昀漪晗"
HOUSES = "檐窗廊烛茶帘枕案屏笺阶炉盏瓮匾椽"
ROADS = "笺菱橘釉梭砧蓑篷萤穗榫瓮桨鸢帘芡"
WATERS = "渡埠坞汀矶堰埭滩圩浜"

_NUMBERS = "一二三四五六七八九十"


def _pairs(first: str, second: str) -> list[str]:
    return [a + b for a in first for b in second if a != b]


def _unique(stems: list[str], endings: tuple[str, ...], count: int, rng: Rng) -> list[str]:
    """Return ``count`` different names: stems in a drawn order, then again with a number."""
    order = shuffled(rng, len(stems))
    ending = shuffled(rng, count) % len(endings)
    names = []
    for position in range(count):
        again, at = divmod(position, len(stems))
        names.append(stems[order[at]] + ("" if again == 0 else _repeat(again + 1)) + endings[ending[position]])
    return names


def _repeat(number: int) -> str:
    """Write a number up to 9999 in Chinese digits, one by one: enough to keep names apart."""
    return "".join("〇一二三四五六七八九"[int(digit)] for digit in str(number)) if number > 10 else _NUMBERS[number - 1]


def community_names(count: int, rng: Rng) -> list[str]:
    """Return ``count`` different names of communities."""
    return _unique(_pairs(DOES, THINGS), ("社区",), count, rng)


def office_names(count: int, rng: Rng) -> list[str]:
    """Return ``count`` different names of street offices."""
    return _unique(_pairs(THINGS, WATERS), ("街道",), count, rng)


def compound_names(kinds: pd.Series, rng: Rng) -> list[str]:
    """Return a name, used once, for each lot by its kind."""
    endings = {
        "slab": ("新村", "苑", "花园", "里"),
        "midrise": ("雅苑", "家园", "庭"),
        "tower": ("府", "公馆", "华庭"),
        "villa": ("墅园", "别院"),
        "courtyard": ("巷",),
        "school": ("小学", "中学", "实验学校"),
        "hospital": ("医院",),
        "mall": ("广场",),
        "office": ("大厦",),
        "park": ("公园",),
        "industry": ("产业园",),
        "market": ("农贸市场",),
    }
    stems = _unique(_pairs(FEELS, HOUSES), ("",), len(kinds), rng)
    chosen = shuffled(rng, len(kinds))
    return [stem + endings[kind][number % len(endings[kind])] for stem, kind, number in zip(stems, kinds, chosen, strict=True)]


def road_names(roads: Ints, classes: pd.Series, rng: Rng) -> list[str]:
    """Return the name of each street line: lines of one road share it."""
    numbers, first, road = np.unique(roads, return_index=True, return_inverse=True)
    stems = _unique(_pairs(ROADS, WATERS), ("",), len(numbers), rng)
    ending = {"arterial": "大道", "street": "路", "lane": "弄", "path": "步道", "canal": "", "border": ""}
    named = [stem + ending[name] for stem, name in zip(stems, classes.to_numpy()[first], strict=True)]
    return [named[position] for position in road]


def river_names(count: int, rng: Rng) -> list[str]:
    """Return ``count`` different stems for rivers and canals."""
    return _unique(_pairs("蓑笺瓷穗檐", "汀浮渟漪湲"), ("",), count, rng)

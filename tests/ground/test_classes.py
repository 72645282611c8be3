"""Words of files for classes of streets, kinds of barriers and categories."""

from __future__ import annotations

import numpy as np
import pytest

from gridmap.ground import classes
from gridmap.rules import load_rules


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("主干路", "arterial"),
        ("primary_link", "arterial"),
        ("支路", "street"),
        ("Residential", "street"),
        ("小区道路", "lane"),
        ("steps", "path"),
        ("地铁", ""),
        ("x", None),
        (None, None),
    ],
)
def test_street_class(word, found):
    assert classes.street_classes(np.array([word], dtype=object))[0] == found


@pytest.mark.parametrize(
    ("word", "found"), [("河流", "river"), ("riverbank", "river"), ("铁路", "railway"), ("围墙", "wall"), ("高架", "expressway"), ("喷泉", None)]
)
def test_barrier_kind(word, found):
    assert classes.barrier_kinds(np.array([word], dtype=object))[0] == found


@pytest.mark.parametrize(("name", "found"), [("water", "river"), ("铁路线", "railway"), ("围墙2024", "wall"), ("layer0", None)])
def test_barrier_kind_by_the_name_of_a_file(name, found):
    assert classes.barrier_kind_of_name(name) == found


@pytest.mark.parametrize(
    ("value", "codes"),
    [
        ('["medical", "market"]', ["medical", "market"]),
        ("['medical']", ["medical"]),
        ("医疗卫生;菜市场", ["medical", "market"]),
        ("Medical care", ["medical"]),
        ("medical market", ["medical", "market"]),
        ("社区卫生服务站", ["medical"]),
        (None, []),
        (float("nan"), []),
    ],
)
def test_categories(value, codes):
    assert classes.categories_of(value, load_rules().categories)[0] == codes


def test_words_that_name_no_category_are_told():
    assert classes.categories_of("纪念碑", load_rules().categories) == ([], ["纪念碑"])

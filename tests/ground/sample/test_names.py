from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gridmap.ground.sample import names
from gridmap.ground.tables import District

KNOWN_PLACES = "栖霞 听涛 临江 滨江 云溪 青浦 徐汇 姑苏 崇川 海门 通州 如皋 启东 海安 如东 南湖 西湖 东湖 玄武 鼓楼 浦口 江宁 六合 溧水"


@pytest.mark.parametrize("make", [names.community_names, names.office_names, names.river_names])
def test_names_differ_however_many(make: object) -> None:
    made = make(5000, np.random.default_rng(1))  # type: ignore[operator]
    assert len(set(made)) == 5000


def test_a_road_has_one_name() -> None:
    made = names.road_names(np.array([7, 3, 7]), pd.Series(["street", "lane", "street"]), np.random.default_rng(1))
    assert made[0] == made[2] != made[1]


def test_no_name_of_the_district_is_a_known_place(city: District) -> None:
    made = [*city.communities["name"], *city.communities["street_office"], *city.buildings["compound_id"].dropna(), *city.streets["name"].dropna()]
    assert not [name for name in made if any(place in name for place in KNOWN_PLACES.split())]


def test_all_names_can_be_written_in_gbk(city: District) -> None:
    """Shapefiles of offices are in GBK."""
    for table in city.tables().values():
        for column in table.select_dtypes("str"):
            "".join(table[column].dropna()).encode("gbk")

"""Households estimated where files do not say."""

from __future__ import annotations

import dataclasses

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from gridmap.ground import estimates
from gridmap.ground.tables import typed_table
from gridmap.rules import load_rules

RULES = load_rules().estimate


def buildings(**columns):
    count = len(next(iter(columns.values())))
    known = columns.get("households", [None] * count)
    own = {"community_id": "c", "dedicated": False, "households_source": ["missing" if value is None else "given" for value in known]}
    return typed_table("buildings", gpd.GeoDataFrame({**own, **columns}, geometry=[shapely.box(0, 0, 20, 10)] * count, crs=4549))


def estimated(table, footprints=True):
    return estimates.estimated_households(table, RULES, footprints=np.full(len(table), footprints))


@pytest.mark.parametrize(
    ("floors", "use", "households", "source"),
    [
        (6, None, 12, "estimated"),
        (6, "住宅", 12, "estimated"),
        (6, "学校", 0, "estimated"),
        (None, None, pd.NA, "missing"),
        (0, None, pd.NA, "missing"),
    ],
)
def test_estimate(floors, use, households, source):
    found = estimated(buildings(floors=[floors], use=[use]))
    assert (str(found["households"].iloc[0]), found["households_source"].iloc[0]) == (str(households), source)


def test_what_is_known_stays():
    found = estimated(buildings(floors=[6], households=[3]))
    assert (found["households"].iloc[0], found["households_source"].iloc[0]) == (3, "given")


def test_no_estimate_without_a_footprint():
    assert estimated(buildings(floors=[6]), footprints=False)["households"].isna().all()


def test_no_estimate_for_dedicated_buildings():
    assert estimated(buildings(floors=[6], dedicated=[True]))["households"].isna().all()


ASSUMING = dataclasses.replace(RULES, floors_where_unknown=3)


@pytest.mark.parametrize(
    ("floors", "use", "households"), [(None, None, 6), (None, "学校", 0), (6, None, 12), (0, None, pd.NA)], ids=["unknown", "school", "known", "none"]
)
def test_floors_are_assumed_only_where_the_rules_say_so(floors, use, households):
    found = estimates.estimated_households(buildings(floors=[floors], use=[use]), ASSUMING, footprints=np.array([True]))
    assert str(found["households"].iloc[0]) == str(households)


def test_assumed_floors_stay_unknown_in_the_table():
    found = estimates.estimated_households(buildings(floors=[None]), ASSUMING, footprints=np.array([True]))
    assert found["floors"].isna().all()
    assert found["households_source"].tolist() == ["estimated"]


def test_assumed_floors_are_told():
    found = estimates.estimated_households(buildings(floors=[None, None, 6], use=[None, "学校", None]), ASSUMING, footprints=np.full(3, True))
    assert [(each.code, each.value, each.limit) for each in estimates.floors_findings(found, ASSUMING)] == [("floors_assumed", 1, 3)]


def test_unknown_floors_are_told_where_nothing_is_assumed():
    found = estimated(buildings(floors=[None, None, None, 6], use=[None, "学校", None, None], households=[None, None, 5, None]))
    assert [(each.code, each.value, each.limit) for each in estimates.floors_findings(found, RULES)] == [("floors_unknown", 1, 4)]


def test_one_finding_a_community():
    found = estimated(buildings(floors=[6, 6, 6], community_id=["a", "a", "b"]))
    told = estimates.estimate_findings(found, RULES)
    assert [(each.subject, each.value, each.words["buildings"]) for each in told] == [("a", 24, 2), ("b", 12, 1)]

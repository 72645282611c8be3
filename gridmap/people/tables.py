"""The private tables: their columns, and all of them together. None has a place for a telephone or an identity number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import pandas as pd

from gridmap.ground.tables import DTYPES, Column, Table

LEVELS = ("street_committee", "community_committee", "grid_branch", "building_group", "stationed_unit")
"""Street working committee, community committee, grid branch, building group (the levels of Yangquan), and organisations of stationed units."""

HOUSEHOLD_KINDS = ("resident", "in_service", "floating")
"""Registered here; working elsewhere and registered here a second time; staying here for a while."""

_GRID = Column("grid", "text", False, "网格（编码、编号或名称）", "grid, by code, id or name")
_BUILDING = Column("building_id", "text", False, "楼栋", "building")

PEOPLE_TABLES: Mapping[str, Table] = {
    table.name: table
    for table in (
        Table(
            "organisations",
            "organisation_id",
            (),
            (
                Column("name", "text", True, "组织名称", "name"),
                Column("level", "text", True, "层级", "level", LEVELS),
                Column("parent", "text", False, "上级组织", "the organisation above"),
                Column("community_id", "text", False, "所属社区", "community"),
                _BUILDING,
                _GRID,
            ),
            "组织",
            "organisations",
        ),
        Table(
            "member_households",
            "household_id",
            (),
            (
                Column("building_id", "text", True, "楼栋", "building"),
                Column("stairwell", "text", False, "单元", "stairwell"),
                Column("room", "text", False, "房号", "room"),
                Column("name", "text", False, "联系人", "whom to ask for"),
                Column("members", "integer", True, "党员人数", "members in the household"),
                Column("centre", "truth", True, "中心户", "centre household"),
                Column("kind", "text", True, "类型", "kind", HOUSEHOLD_KINDS),
                Column("organisation_id", "text", False, "所属组织", "organisation"),
            ),
            "党员户",
            "member households",
        ),
        Table(
            "workers",
            "worker_id",
            (),
            (Column("name", "text", True, "姓名", "name"), _GRID),
            "网格员",
            "grid workers",
        ),
        Table(
            "posts",
            "post_id",
            (),
            (
                Column("name", "text", True, "岗位名称", "name of the service post"),
                Column("household_id", "text", False, "认领的党员户", "member household that has claimed it"),
                _GRID,
            ),
            "服务岗位",
            "service posts",
        ),
    )
}


@dataclass(frozen=True, eq=False)
class People:
    """The private tables, each a DataFrame with the columns of :data:`PEOPLE_TABLES`, indexed by its id as text."""

    organisations: pd.DataFrame
    member_households: pd.DataFrame
    workers: pd.DataFrame
    posts: pd.DataFrame

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return every table by its name."""
        return {name: getattr(self, name) for name in PEOPLE_TABLES}

    def with_tables(self, tables: Mapping[str, pd.DataFrame]) -> People:
        """Return people in which ``tables`` stand in place of those of the same name."""
        return replace(self, **tables)


def typed_people(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Return ``frame`` with exactly the columns of the private table ``name``, in order and of the right dtype; an absent column is all missing.

    >>> typed_people("workers", pd.DataFrame({"name": ["甲"]}, index=["W1"])).to_dict("index")
    {'W1': {'name': '甲', 'grid': nan}}
    """
    table = PEOPLE_TABLES[name]
    columns = {}
    for column in table.columns:
        values = list(frame[column.name]) if column.name in frame.columns else [None] * len(frame)
        columns[column.name] = pd.array([None if pd.isna(value) else value for value in values], dtype=DTYPES[column.kind])
    return pd.DataFrame(columns, index=pd.Index(frame.index.astype("str"), name=table.index))


def no_people() -> People:
    """Return private tables without a row."""
    nobody = pd.DataFrame(index=pd.Index([], dtype="str"))
    return People(**{name: typed_people(name, nobody) for name in PEOPLE_TABLES})


def changes(old: pd.DataFrame, new: pd.DataFrame) -> dict[str, list[str]]:
    """Return the ids that were ``added``, ``changed`` and ``removed`` between two states of one table, each in order.

    >>> before, after = pd.DataFrame({"n": [1, 2]}, index=["a", "b"]), pd.DataFrame({"n": [3, 4]}, index=["b", "c"])
    >>> changes(before, after)
    {'added': ['c'], 'changed': ['b'], 'removed': ['a']}
    """
    both = old.index.intersection(new.index)
    before, after = old.loc[both].astype(object), new.loc[both].astype(object)
    same = (before.eq(after) | (before.isna() & after.isna())).all(axis=1).to_numpy(dtype=bool)
    parts = {"added": new.index.difference(old.index), "changed": both[~same], "removed": old.index.difference(new.index)}
    return {name: sorted(map(str, ids)) for name, ids in parts.items()}

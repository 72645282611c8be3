"""Which column of an office's workbook is which of the private tables', and which columns never come in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from gridmap.ground.fields import FIELD_NAMES, field_title, plain
from gridmap.people.tables import PEOPLE_TABLES
from gridmap.texts import Language, render

_LEDGER = FIELD_NAMES["ledger"]
_GRID = "grid 网格 所属网格 所在网格 网格编码 网格编号 网格名称 网格代码 grid_code grid_id"
_ORGANISATION = "organisation 所属组织 所在组织 所属支部 所在支部 党支部 支部 组织关系 组织 branch organisation_id"
_PLACE = {name: _LEDGER[name] for name in ("building_id", "community", "compound", "building", "address")}

PEOPLE_FIELDS: Mapping[str, Mapping[str, str]] = {
    "organisations": {
        "organisation_id": "organisation_id 组织编号 组织编码 组织代码 支部编号 编号 id",
        "name": "organisation 组织名称 支部名称 组织全称 名称 组织 党支部 支部 name",
        "level": "level 层级 组织层级 级别 组织类别 组织类型 类别 类型",
        "parent": "parent 上级组织 上级 上级党组织 隶属 上级名称",
        **_PLACE,
        "grid": _GRID,
    },
    "member_households": {
        "household_id": "household_id 户编号 户号 党员户编号 编号 id",
        **_PLACE,
        "stairwell": _LEDGER["stairwell"],
        "room": _LEDGER["room"],
        "name": "name 联系人 姓名 户主 党员姓名 党员 户主姓名 contact",
        "members": "members 党员人数 党员数 党员数量 人数 members_count",
        "centre": "centre 中心户 党员中心户 是否中心户 是否党员中心户 centre_household",
        "kind": "kind 党员类型 党员类别 类型 类别 户类型",
        "organisation": _ORGANISATION,
    },
    "workers": {
        "worker_id": "worker_id 网格员编号 编号 id",
        "name": "worker 网格员 姓名 网格员姓名 网格长 包干干部 专职网格员 name",
        "grid": _GRID,
    },
    "posts": {
        "post_id": "post_id 岗位编号 编号 id",
        "name": "post 岗位名称 岗位 服务岗位 名称 name",
        "household_id": "household_id 认领户 认领党员户 户编号 认领人户编号",
        "grid": _GRID,
    },
}
"""For each private table, for each column: the names under which offices keep it, the surest first."""

SHEET_WORDS: Mapping[str, str] = {
    "organisations": "组织|支部|organisation",
    "member_households": "党员户|党员名册|党员台账|中心户|household|member",
    "workers": "网格员|网格长|包干|worker",
    "posts": "岗位|post",
}
"""What the name of a sheet says of its content."""

NEVER_KEPT = tuple(
    map(plain, "身份证 身份证号 身份证号码 证件号 证件号码 公民身份号码 电话 手机 手机号 联系电话 联系方式 电话号码 出生 phone mobile tel".split())
)
"""Words in the name of a column that is never kept: gridmap has no use for it, and what is not there cannot get lost."""

_PERSONAL_NUMBER = re.compile(r"(?<!\d)(?:\d{17}[\dXx]|(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4})(?!\d)")

LEVEL_WORDS: Mapping[str, str] = {
    "stationed_unit": "驻区|单位|共建|unit",
    "street_committee": "街道|大工委|street",
    "community_committee": "社区|大党委|community",
    "grid_branch": "网格|支部|branch|grid",
    "building_group": "楼|小组|group|building",
}
KIND_WORDS: Mapping[str, str] = {
    "in_service": "在职|双报到|in_?service|in-service",
    "floating": "流动|floating",
    "resident": "在册|居民|常住|本地|离退|退休|居住|resident",
}


def people_fields(table: str, language: Language) -> dict[str, str]:
    """Return the columns that a sheet may have, with what they are called, for people.

    >>> people_fields("workers", "en")
    {'worker_id': 'id', 'name': 'name', 'grid': 'grid, by code, id or name'}
    """
    known = {each.name: str(getattr(each, language)) for each in PEOPLE_TABLES[table].columns}
    own = {"organisation": "organisation_id"}

    def called(column: str) -> str:
        if column == PEOPLE_TABLES[table].index:
            return render("field_id", language, {})
        return known.get(own.get(column, column)) or field_title("ledger", column, language)

    return {column: called(column) for column in PEOPLE_FIELDS[table]}


def is_never_kept(column: str) -> bool:
    """Tell whether a column is of the kind that is never kept.

    >>> is_never_kept("联系电话"), is_never_kept("身份证号码"), is_never_kept("楼号")
    (True, True, False)
    """
    return any(word in plain(column) for word in NEVER_KEPT)


def holds_personal_number(text: str) -> bool:
    """Tell whether there is something like an 18-digit identity number or a mobile telephone's number in ``text``.

    >>> holds_personal_number("甲 99010119000101000X"), holds_personal_number("301")
    (True, False)
    """
    return bool(_PERSONAL_NUMBER.search(text))


def code_of(text: str, words: Mapping[str, str], codes: Sequence[str]) -> str | None:
    """Return the code that a word of an office means, None where it means none.

    >>> code_of("网格党支部", LEVEL_WORDS, tuple(LEVEL_WORDS)), code_of("在职党员", KIND_WORDS, tuple(KIND_WORDS))
    ('grid_branch', 'in_service')
    """
    said = plain(text)
    if text.strip().lower() in codes:
        return text.strip().lower()
    return next((code for code, pattern in words.items() if re.search(pattern, said)), None)

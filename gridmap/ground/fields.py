"""Which column of a user's file is which of ours: guessed from Chinese and English names, tags of OpenStreetMap and pinyin initials."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

from gridmap.ground.tables import TABLES
from gridmap.ground.values import (
    approximate,
    building_and_stairwell,
    building_number,
    compound_name,
    parse_households,
    parse_integers,
    parse_numbers,
    parse_texts,
    parse_truths,
)
from gridmap.texts import Language, render

__all__ = [
    "FIELD_NAMES",
    "approximate",
    "building_and_stairwell",
    "building_number",
    "compound_name",
    "field_names",
    "field_title",
    "guess_fields",
    "parse_households",
    "parse_integers",
    "parse_numbers",
    "parse_texts",
    "parse_truths",
]

_COMMUNITY = (
    "社区编号 社区编码 社区代码 社区id community_id sqbh sqdm 社区名称 所属社区 所在社区 社区 community community_name sqmc sq 居委会 村居 town_id"
)
_COMPOUND = (
    "小区编号 小区编码 小区id compound_id xqbh 小区名称 所属小区 所在小区 小区 compound compound_name estate xqmc xq "
    "院落 院落名称 小区院落 addr:housename"
)
_STAIRWELLS = "单元数 单元总数 单元个数 楼道数 stairwells entrances units dys"
_FLOORS = "楼层数 总楼层 总层数 地上层数 层数 楼层 floors floor building:levels levels storeys stories num_floors lcs zcs cs"
_HOUSEHOLDS = (
    "户数 总户数 住户数 居民户数 常住户数 家庭户数 户数合计 现有户数 实有户数 households household hh h_cnt hh_cnt "
    "building:flats flats dwellings hs zhs"
)
_RESIDENTS = "人口数 人口 总人口 常住人口 居民人数 人数 residents population pop p_cnt rks rk zrk"
_NAME = "名称 name name:zh 中文名称 mc"
_ID = "编号 编码 代码 id code fid objectid gid uuid osm_id bh bm"
_HOURS = "开放时间 营业时间 服务时间 opening_hours hours kfsj yysj"

FIELD_NAMES: Mapping[str, Mapping[str, str]] = {
    "communities": {
        "community_id": "community_id 社区编号 社区编码 社区代码 社区id sqbh sqdm " + _ID,
        "division_code": "division_code 统计用区划代码 区划代码 行政区划代码 区划编码 qhdm",
        "name": "社区名称 社区 community community_name sqmc " + _NAME,
        "street_office": "street_office 街道名称 所属街道 街道 街道办 乡镇街道 镇街 jdmc jd",
        "county": "county 区县 区县名称 县区 所属区 行政区 district qxmc qx",
    },
    "buildings": {
        "building_id": "building_id 楼栋编号 楼栋编码 楼栋id 楼栋代码 建筑编号 建筑编码 建筑物编码 房屋编号 ldbh ldbm codebase " + _ID,
        "community_id": _COMMUNITY,
        "compound_id": _COMPOUND,
        "name": "楼栋名称 楼栋号 楼栋 楼号 栋号 幢号 楼幢 楼名 建筑名称 building_name ldmc ldh lh " + _NAME + " addr:housenumber",
        "households": _HOUSEHOLDS,
        "residents": _RESIDENTS,
        "floors": _FLOORS,
        "height_m": "height building:height 建筑高度 房屋高度 楼高 高度 height_m gd",
        "stairwells": _STAIRWELLS + " 单元",
        "use": "用途 房屋用途 建筑用途 使用性质 建筑类型 use usage building building:use kind type yt",
        "dedicated": "dedicated 专属网格 是否专属 专属",
        "grid_id": "grid_id 网格编号 网格编码 网格id 网格代码 网格名称 所属网格 网格 grid wgbh wgmc",
    },
    "streets": {
        "street_id": "street_id 道路编号 道路编码 路段编号 " + _ID,
        "name": "道路名称 路名 街道名称 road_name street_name dlmc lm " + _NAME,
        "street_class": "street_class 道路等级 道路类型 道路类别 等级 类别 highway fclass road_class class kind_detail kind type dldj",
        "walkable": "walkable 可步行 可通行 步行 foot",
        "barrier": "barrier 阻隔 是否阻隔",
        "layer": "layer 层级 所在层 level",
        "one_way": "one_way 步行单行 单向步行",
        "bridge": "bridge is_bridge 桥 桥梁 是否桥梁",
        "tunnel": "tunnel is_tunnel 隧道 是否隧道",
    },
    "barriers": {
        "barrier_id": "barrier_id 屏障编号 " + _ID,
        "name": _NAME + " 河流名称 水系名称 铁路名称",
        "kind": "kind 种类 类型 类别 barrier waterway railway natural fclass class type lx",
    },
    "gates": {
        "gate_id": "gate_id 出入口编号 大门编号 " + _ID,
        "compound_id": _COMPOUND,
        "hours": _HOURS,
        "public": "public 对公众开放 是否开放 对外开放 开放 access",
    },
    "venues": {
        "venue_id": "venue_id 场所编号 阵地编号 编号id " + _ID,
        "name": "场所名称 阵地名称 点位名称 机构名称 venue_name " + _NAME,
        "categories": "categories category 服务类别 类别 场所类别 类型 场所类型 分类 kind amenity shop type class fclass lx lb",
        "address": "address 地址 详细地址 所在地址 位置 addr:full addr dz",
        "phone": "phone 联系电话 电话 电话号码 contact:phone tel telephone dh",
        "hours": _HOURS,
        "area_m2": "area_m2 建筑面积 面积 使用面积 area jzmj mj",
        "opened_by": "opened_by 开放单位 所属单位 主办单位 单位 operator",
        "accessible": "accessible 无障碍 无障碍设施 wheelchair",
        "public": "public 对公众开放 是否开放 对外开放 开放 access",
    },
    "grids": {
        "grid_id": "grid_id 网格编号 网格编码 网格id 网格代码 wgbh 网格号 网格 grid 网格名称 wgmc " + _ID,
        "code": "code 网格编码 网格代码 编码",
        "name": "网格名称 wgmc " + _NAME,
        "community_id": _COMMUNITY,
        "building_id": "building_id 楼栋编号 楼栋编码 楼栋id 楼栋代码 建筑编号 ldbh source_building_id 楼栋名称 楼栋 楼号 building",
        "households": _HOUSEHOLDS,
        "worker": "worker 网格员 网格长 包干干部 专职网格员 grid_worker wgy",
        "kind": "kind 网格类型 网格类别",
    },
    "ledger": {
        "building_id": "building_id 楼栋编号 楼栋编码 楼栋id 楼栋代码 建筑编号 建筑编码 ldbh ldbm",
        "community": _COMMUNITY,
        "compound": _COMPOUND,
        "building": "楼栋 楼号 楼栋号 栋号 幢号 楼幢 楼幢号 楼栋名称 楼名 楼宇 building building_name building_no block ldh ldmc lh 栋 幢 楼",
        "stairwell": "单元 单元号 单元名称 楼道 楼道号 stairwell unit entrance dyh dy",
        "room": "房号 室号 门牌号 房间号 房屋号 室 room flat fh",
        "households": _HOUSEHOLDS + " 户",
        "residents": _RESIDENTS,
        "floors": _FLOORS,
        "stairwells": _STAIRWELLS,
        "address": "地址 详细地址 楼栋地址 坐落 address dz",
    },
}
"""For each table, for each of our columns: the names under which users keep it, the surest first."""

OTHER_COUNTS = tuple("党员 空置 空户 空关 出租 商户 低保 中心户 入户 困难 流动 网格 空挂 平均 户均 人均 每层 每户 所在".split())
"""Words that make another thing of a name which they stand in: 党员户数 are households of members, not the households."""

CONTAINED_LETTERS = 4
"""The fewest letters of a Latin name that is looked for inside a longer one; shorter ones occur by chance."""


def guess_fields(table: str, columns: Sequence[str], *, known: Mapping[str, Mapping[str, str]] = FIELD_NAMES) -> dict[str, str]:
    """Return which of ``columns`` is each column of ``table``: our name -> the user's name. Nothing is guessed twice or from values.

    Case, width, blanks and punctuation do not count. A name that is the same beats one that only contains the word, and of these the longest
    word wins. ``table`` is one of the district's tables, ``ledger``, or ``grids``, or else one of those that ``known`` gives names for.

    >>> guess_fields("buildings", ["楼栋编号", "小区名称", "总户数（户）", "Floor"])
    {'building_id': '楼栋编号', 'compound_id': '小区名称', 'households': '总户数（户）', 'floors': 'Floor'}
    >>> guess_fields("ledger", ["小 区", "楼号", "党员户数"])
    {'compound': '小 区', 'building': '楼号'}
    """
    wanted = {ours: [plain(name) for name in names.split()] for ours, names in known[table].items()}
    keys = {column: plain(column) for column in columns}
    found: dict[str, str] = {}
    exact = (
        (rank, place, ours, column)
        for ours, names in wanted.items()
        for rank, name in enumerate(names)
        for place, column in enumerate(columns)
        if keys[column] == name
    )
    for _, _, ours, column in sorted(exact, key=lambda match: match[:2]):
        if ours not in found and column not in found.values():
            found[ours] = column
    contained = (
        (-len(name), place, ours, column)
        for ours, names in wanted.items()
        for name in names
        for place, column in enumerate(columns)
        if _long_enough(name) and name in keys[column] and not any(word in keys[column] and word not in name for word in OTHER_COUNTS)
    )
    for _, _, ours, column in sorted(contained, key=lambda match: match[:2]):
        if ours not in found and column not in found.values():
            found[ours] = column
    return {ours: found[ours] for ours in wanted if ours in found}


def plain(name: str) -> str:
    """Return a column name without case, width, blanks, punctuation, and without a unit in brackets.

    >>> plain("总户数 （户）：")
    '总户数'
    """
    text = unicodedata.normalize("NFKC", name).lower()
    return re.sub(r"[\W_]+", "", re.sub(r"[(\[].*?[)\]]", "", text)) or re.sub(r"[\W_]+", "", text)


def _long_enough(name: str) -> bool:
    return len(name) >= (CONTAINED_LETTERS if name.isascii() else 2)


def field_names() -> dict[str, tuple[str, ...]]:
    """Return the columns that can be chosen for each table, also for a ledger and for present grids."""
    return {table: tuple(columns) for table, columns in FIELD_NAMES.items()}


def field_title(table: str, column: str, language: Language) -> str:
    """Return what a column of a table (also of a ledger or of present grids) means, for people.

    >>> field_title("buildings", "households", "zh"), field_title("ledger", "room", "en")
    ('户数', 'room')
    """
    known = {each.name: each for each in TABLES[table].columns} if table in TABLES else {}
    if column in known:
        return str(getattr(known[column], language))
    own_id = table in TABLES and column == TABLES[table].index
    return render("field_id" if own_id else f"field_{column}", language, {})

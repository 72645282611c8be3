"""A made-up workbook of organisations and member households for a district: no person in it exists, and every sheet says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
from openpyxl.styles import Font

from gridmap.ground.tables import District

MADE_UP = "样例数据，人物虚构 / made-up sample, no real persons"
"""The first row of every sheet."""

MEMBER_SHARE = 0.09
"""Share of households with members; of the order of the places in DOMAIN (2,279 members for 66,000 residents), a little more for small samples."""
CENTRE_SHARE = 0.12
"""Share of these that are centre households."""
ROOMS_A_FLOOR = 2

Rng = np.random.Generator

ORGANISATIONS = ("组织编号", "组织名称", "层级", "上级组织", "社区", "小区", "楼栋编号")
HOUSEHOLDS = ("党员户编号", "社区", "小区", "楼号", "楼栋编号", "单元", "房号", "联系人", "党员人数", "党员中心户", "类型", "所属组织")
POSTS = ("岗位编号", "岗位名称", "认领户")
STANDING_POSTS = ("政策宣传岗", "环境卫生岗", "治安巡逻岗", "邻里调解岗", "助老帮困岗", "文体活动岗", "民情收集岗", "便民服务岗")
"""Eight standing posts, as in Nantong's 8+N; their names are ours."""


def write_sample_members(district: District, path: Path, *, seed: int = 1) -> dict[str, int]:
    """Write the workbook and return how many rows each sheet has: organisations, member households, posts.

    Persons are called 样例人物0001 and so on; nobody has a telephone or an identity number.
    """
    rng = np.random.default_rng(seed)
    buildings = pd.DataFrame(district.buildings.drop(columns="geometry"))
    homes = buildings[(buildings["households"].fillna(0) > 0).to_numpy(dtype=bool)]
    names = district.communities["name"].astype(object)
    organisations = _organisations(homes, names)
    households = _households(homes, names, rng)
    posts = [[f"P{number + 1:03d}", post, row[0]] for number, (post, row) in enumerate(zip(STANDING_POSTS, households, strict=False))]
    book = openpyxl.Workbook(write_only=True)
    sheets: dict[str, tuple[tuple[str, ...], list[list[Any]]]] = {
        "组织": (ORGANISATIONS, organisations),
        "党员户": (HOUSEHOLDS, households),
        "岗位": (POSTS, posts),
    }
    for title, (heads, rows) in sheets.items():
        sheet = book.create_sheet(title)
        note = openpyxl.cell.WriteOnlyCell(sheet, MADE_UP)
        note.font = Font(bold=True)
        sheet.append([note])
        sheet.append(list(heads))
        for row in rows:
            sheet.append(row)
    book.save(path)
    return {"organisations": len(organisations), "member_households": len(households), "posts": len(posts)}


def _organisations(homes: pd.DataFrame, names: pd.Series) -> list[list[Any]]:
    """Return a committee for each community, a branch for each compound and a group for its first building."""
    rows: list[list[Any]] = []
    for community, theirs in homes.groupby("community_id", sort=True):
        name = names[community]
        committee = f"Z-{community}"
        rows.append([committee, f"{name}大党委（样例）", "社区大党委", None, name, None, None])
        for number, (compound, inside) in enumerate(theirs.groupby("compound_id", sort=True), 1):
            branch = f"{committee}-{number}"
            rows.append([branch, f"{compound}网格党支部（样例）", "网格党支部", committee, name, compound, inside.index[0]])
            rows.append([f"{branch}-1", f"{compound}第一楼栋党小组（样例）", "楼栋党小组", branch, name, compound, inside.index[0]])
    return rows


def _households(homes: pd.DataFrame, names: pd.Series, rng: Rng) -> list[list[Any]]:
    branches = {
        (community, compound): f"{compound}网格党支部（样例）" for community, compound in homes[["community_id", "compound_id"]].dropna().to_numpy()
    }
    rows: list[list[Any]] = []
    for building, home in homes.iterrows():
        flats = int(home["households"])
        stairwells = int(home["stairwells"]) if pd.notna(home["stairwells"]) and home["stairwells"] else 1
        for flat in np.flatnonzero(rng.random(flats) < MEMBER_SHARE).tolist():
            stairwell, place = flat % stairwells + 1, flat // stairwells
            room = f"{place // ROOMS_A_FLOOR + 1}{place % ROOMS_A_FLOOR + 1:02d}"
            kind = str(rng.choice(["在册", "在职", "流动"], p=[0.6, 0.3, 0.1]))
            number = len(rows) + 1
            centre = "是" if rng.random() < CENTRE_SHARE else "否"
            compound = home["compound_id"] if pd.notna(home["compound_id"]) else None
            members = int(rng.choice([1, 2, 3], p=[0.7, 0.25, 0.05]))
            branch = branches.get((home["community_id"], compound))
            where = [names[home["community_id"]], compound, home["name"], building, f"{stairwell}单元", room]
            rows.append([f"H{number:05d}", *where, f"样例人物{number:04d}", members, centre, kind, branch])
    return rows

"""Draw a community that cannot be divided within the bounds, with the sentence that proves it, as one page for each language.

It is one of the sample city: south of the river there are too many households for one grid and too few for two. The map lies on its side, north to
the right.
"""

from __future__ import annotations

from html import escape
from typing import Any

import shapely
from shapely.affinity import affine_transform, translate

from gridmap import load_rules, propose, sample_district, tile
from gridmap.findings import Finding
from gridmap.grids.certificate import Certificate, certificates
from gridmap.grids.graph import community_graph
from gridmap.grids.plan import Plan
from gridmap.ground.tables import District
from gridmap.texts import Language

SEED, COMMUNITY = 2, "C003"
WIDTH, HEIGHT = 1200, 810
MAP = (40, 94, 1120, 452)
"""Left, top, width and height of the map in the picture, pixels."""
FILLS = ("#cfe3d4", "#d9d3ea", "#cfe0ee", "#f3e2bd", "#e3ead0")
IMPOSSIBLE, DEDICATED, INK, WATER = "#f6cfc4", "#e6e3dd", "#2b2a28", "#9cc4dc"
RED = "#b3261e"
HALO = 'paint-order="stroke" stroke="#fff" stroke-width="4" stroke-linejoin="round"'
CHIP = 165
"""From the colour of one grid to that of the next below the map, pixels."""
FONT = "'Noto Sans CJK SC','Source Han Sans SC','Microsoft YaHei','PingFang SC',sans-serif"
TEXTS = {
    "zh": {
        "title": "{name}：有一片分不成合格的网格",
        "under": "每个网格须有 {low}—{high} 户。楼上的数字是户数，颜色是网格，红线圈出的一片已证明做不到。",
        "says": "报告里这样写",
        "ways": "{total} 户的分法",
        "one": "1 个网格",
        "two": "2 个网格",
        "bounds": "允许 {low}—{high} 户",
        "grid": "{households} 户",
        "dedicated": "专属网格",
        "over": "多 {by} 户",
        "under_by": "各少 {by} 户",
        "north": "北",
        "river": "河",
    },
    "en": {
        "title": "Community {id}: a part that makes no legal grids",
        "under": "A grid must hold {low}-{high} households. Numbers on buildings are households; colours are grids; "
        "the part in the red line is proved impossible.",
        "says": "What the report says",
        "ways": "Ways to divide {total} households",
        "one": "1 grid",
        "two": "2 grids",
        "bounds": "{low}-{high} allowed",
        "grid": "{households} households",
        "dedicated": "dedicated grid",
        "over": "{by} too many",
        "under_by": "{by} too few each",
        "north": "N",
        "river": "river",
    },
}


def planned() -> tuple[District, Plan, Certificate]:
    """Plan the community and return the proof about it too."""
    district = sample_district(6000, seed=SEED)
    plan = propose(district, load_rules("nantong"), tiling=tile(district), name="plan", effort="quick")
    own = plan.atoms[(plan.atoms["community_id"] == COMMUNITY) & ~plan.atoms["dedicated"].to_numpy(dtype=bool)]
    bounds = plan.rules.grid.households_min, plan.rules.grid.households_max
    return district, plan, certificates(community_graph(own, plan.neighbours, plan.rules), *bounds)[0]


def hard_community(district: District, plan: Plan, proof: Certificate, language: Language) -> str:
    """Return the page."""
    says = next(each for each in plan.findings if each.code == proof.code and each.subject == proof.subject)
    low, high = plan.rules.grid.households_min, plan.rules.grid.households_max
    texts = TEXTS[language]
    name = str(district.communities.at[COMMUNITY, "name"])
    title = texts["title"].format(name=name, id=COMMUNITY)
    parts = [
        f'<text x="40" y="46" font-size="27" font-weight="700">{escape(title)}</text>',
        f'<text x="40" y="76" font-size="16" fill="#5d5a55">{escape(texts["under"].format(low=low, high=high))}</text>',
        *_map(district, plan, proof, texts),
        *_ways(proof, low, high, texts),
    ]
    return (
        f'<!doctype html><html lang="{language}" class="gridmap-ready"><meta charset="utf-8"><body style="margin:0;background:#fff">'
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" font-family="{FONT}" fill="{INK}">'
        f"{''.join(parts)}</svg>{_sentence(says, language)}</body></html>"
    )


def _sentence(says: Finding, language: Language) -> str:
    """Return the box with the sentence of the report, word for word."""
    style = (
        "position:absolute;left:40px;top:598px;width:560px;box-sizing:border-box;padding:14px 20px;border-left:6px solid #b3261e;background:#fbf4f1"
    )
    head = f'<div style="font-size:15px;color:{RED};font-weight:700;margin-bottom:6px">{escape(TEXTS[language]["says"])}</div>'
    return f'<div style="{style};font:19px/1.6 {escape(FONT)};color:{INK}">{head}{escape(says.text(language))}</div>'


def _map(district: District, plan: Plan, proof: Certificate, texts: dict[str, str]) -> list[str]:
    atoms = plan.atoms[plan.atoms["community_id"] == COMMUNITY]
    outline = shapely.union_all(atoms.geometry.to_numpy())
    left, bottom, right, top = outline.bounds
    scale = min(MAP[2] / (top - bottom), MAP[3] / (right - left))
    shift = MAP[0] + (MAP[2] - scale * (top - bottom)) / 2, MAP[1]

    def path(shape: Any, style: str) -> str:
        laid = affine_transform(shape, (0, scale, scale, 0, shift[0] - scale * bottom, shift[1] - scale * left))
        polygons = [each for each in shapely.get_parts(laid) if each.geom_type == "Polygon"]
        rings = [ring.coords for polygon in polygons for ring in (polygon.exterior, *polygon.interiors)]
        lines = ["M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in ring) + "Z" for ring in rings]
        return f'<path d="{"".join(lines)}" {style}/>'

    def text(shape: Any, words: str, style: str) -> str:
        spot = shape if shape.geom_type == "Point" else shapely.get_point(shapely.maximum_inscribed_circle(shape), 0)
        x, y = shift[0] + scale * (spot.y - bottom), shift[1] + scale * (spot.x - left)
        return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="middle" dominant-baseline="central" {style}>{escape(words)}</text>'

    water = shapely.union_all(district.barriers[district.barriers["kind"] == "river"].geometry.to_numpy()) & shapely.convex_hull(outline)
    drawn = [path(water, f'fill="{WATER}"')]
    hard = set(proof.atoms)
    fills = iter(FILLS)
    chips = []
    for grid_id, its in atoms.groupby(plan.grid_of[atoms.index]):
        dedicated, named = bool(its["dedicated"].any()), bool(hard & set(its.index))
        fill = DEDICATED if dedicated else IMPOSSIBLE if named else next(fills)
        drawn += [path(cell, f'fill="{fill}" stroke="#fff" stroke-width="1"') for cell in its.geometry]
        drawn.append(path(plan.grids.geometry[grid_id], 'fill="none" stroke="#6d6a64" stroke-width="1.6"'))
        words = texts["dedicated"] if dedicated else texts["grid"].format(households=int(its["households"].sum()))
        chips.append((not named, dedicated, fill, RED if named else "#6d6a64", words))
    buildings = district.buildings.geometry.reindex(atoms["source_building_id"].unique())
    drawn += [path(shape, 'fill="#77726a" fill-opacity="0.75"') for shape in buildings]
    part = shapely.union_all(atoms.loc[list(proof.atoms)].geometry.to_numpy())
    drawn.append(path(part, f'fill="none" stroke="{RED}" stroke-width="5"'))
    for atom in atoms[atoms["households"] > 0].itertuples():
        spot = shapely.centroid(buildings[atom.source_building_id])
        drawn.append(text(spot, str(atom.households), f'font-size="15" font-weight="600" {HALO}'))
    spot = translate(shapely.centroid(buildings[proof.subject]), xoff=24 / scale)
    drawn.append(text(spot, proof.subject, f'font-size="14" font-weight="600" fill="{RED}" {HALO}'))
    empty = atoms.loc[list(proof.atoms)].query("households == 0").geometry
    open_land = shapely.difference(shapely.union_all(empty.to_numpy()), shapely.union_all(buildings.to_numpy()))
    drawn.append(text(open_land, str(proof.households), f'font-size="34" font-weight="700" fill="{RED}" {HALO}'))
    drawn.append(text(water, texts["river"], 'font-size="17" font-style="italic" fill="#1f5a7d"'))
    drawn += _chips(sorted(chips))
    x, y = WIDTH - 96, 565
    drawn.append(f'<path d="M{x} {y}h44m-12 -7l12 7l-12 7" fill="none" stroke="{INK}" stroke-width="2.2"/>')
    drawn.append(f'<text x="{x + 52}" y="{y + 6}" font-size="17">{texts["north"]}</text>')
    return drawn


def _chips(chips: list[tuple[bool, bool, str, str, str]]) -> list[str]:
    """Return the grids' colours and households, one beside the other under the map."""
    x, y, row = 40, 570, []
    for _, _, fill, stroke, words in chips:
        row.append(f'<rect x="{x}" y="{y - 13}" width="26" height="17" rx="3" fill="{fill}" stroke="{stroke}" stroke-width="1.8"/>')
        row.append(f'<text x="{x + 34}" y="{y + 1}" font-size="15">{escape(words)}</text>')
        x += CHIP
    return row


def _ways(proof: Certificate, low: int, high: int, texts: dict[str, str]) -> list[str]:
    """Return bars for the two nearest ways to divide the part, against the band of the bounds."""
    left, top, scale = 724, 650, 1.02
    total, half = proof.households, proof.households // 2
    band = left + scale * low, scale * (high - low)
    middle = band[0] + band[1] / 2
    rows = [
        f'<text x="630" y="{top - 36}" font-size="15" font-weight="700" fill="{RED}">{escape(texts["ways"].format(total=total))}</text>',
        f'<rect x="{band[0]:.0f}" y="{top - 8}" width="{band[1]:.0f}" height="128" fill="#cfe3d4"/>',
        f'<text x="{middle:.0f}" y="{top + 140}" text-anchor="middle" font-size="14" fill="#3d6b49">'
        f"{escape(texts['bounds'].format(low=low, high=high))}</text>",
    ]
    bars = (
        (texts["one"], [total], texts["over"].format(by=total - high)),
        (texts["two"], [half, total - half], texts["under_by"].format(by=low - half)),
    )
    y = top
    for name, loads, why in bars:
        rows.append(f'<text x="630" y="{y + 12 + 18 * (len(loads) - 1):.0f}" font-size="17" dominant-baseline="central">{escape(name)}</text>')
        end = max(left + scale * max(loads), band[0] + band[1]) + 12
        for load in loads:
            rows.append(f'<rect x="{left}" y="{y}" width="{scale * load:.1f}" height="24" rx="3" fill="#d98a75"/>')
            rows.append(f'<text x="{left + 10}" y="{y + 17}" font-size="15" font-weight="700" fill="#fff">{load}</text>')
            y += 34
        place = y - 34 * len(loads) + 12 + 17 * (len(loads) - 1)
        rows.append(
            f'<text x="{end:.0f}" y="{place:.0f}" font-size="16" font-weight="700" fill="{RED}" dominant-baseline="central">{escape(why)}</text>'
        )
        y += 10
    return rows

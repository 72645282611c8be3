"""Communities: groups of blocks bounded by arterials and streets, of 800 to 6,000 households where the city allows it."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridmap.ground.sample.drawing import Ints, Numbers
from gridmap.ground.sample.layout import Layout
from gridmap.ground.sample.streets import segments
from gridmap.ground.sample.warp import Warp
from gridmap.ground.sample.water import River

HOUSEHOLDS_MIN, HOUSEHOLDS_MAX = 800, 6000
HOUSEHOLDS_JOINED_BELOW = 1500
"""A community below this joins a neighbour where the two stay below the maximum and nothing but a street lies between them."""
FAR = 1e6
"""Added to the households of a neighbour beyond a railway or the river: it is chosen last."""


def group_blocks(layout: Layout, households: Ints, *, wanted: int | None = None) -> Ints:
    """Return the number of the community of each block, from 0 on; ``households`` are those of each block.

    With ``wanted`` there are that many communities as far as blocks allow, small ones among them, as before small ones were merged.
    """
    supers, blocks = layout.super_blocks, layout.blocks
    column, row = blocks["column"].to_numpy(), blocks["row"].to_numpy()
    starts = np.searchsorted(blocks["super_block"].to_numpy(), np.arange(len(supers) + 1))
    if wanted is not None:
        return _group_into(layout, households, wanted, [np.arange(first, last) for first, last in itertools.pairwise(starts.tolist())])
    group = np.full(len(blocks), -1, dtype=np.int64)
    number = 0
    for first, last in itertools.pairwise(starts.tolist()):
        waiting = [np.arange(first, last)]
        while waiting:
            part = waiting.pop()
            halves = _halves(part, column, row, households) if households[part].sum() > HOUSEHOLDS_MAX else None
            if halves is None:
                group[part] = number
                number += 1
            else:
                waiting += halves
    _join_small(layout, group, households)
    return np.unique(group, return_inverse=True)[1].astype(np.int64)


def _group_into(layout: Layout, households: Ints, wanted: int, parts: list[Ints]) -> Ints:
    """Divide the largest of ``parts``, rectangles of blocks, until there are as many as wanted, or join the smallest until there are no more."""
    column, row = layout.blocks["column"].to_numpy(), layout.blocks["row"].to_numpy()
    whole: list[Ints] = []
    while len(parts) and len(parts) + len(whole) < wanted:
        largest = parts.pop(max(range(len(parts)), key=lambda number: (households[parts[number]].sum(), -number)))
        halves = _halves(largest, column, row, households)
        if halves is None:
            whole.append(largest)
        else:
            parts += halves
    group = np.zeros(len(households), dtype=np.int64)
    for number, part in enumerate(parts + whole):
        group[part] = number
    sums = np.bincount(group, weights=households).astype(np.float64)
    while np.isfinite(sums).sum() > wanted:
        small = int(np.argmin(sums))
        near = _near(layout, group, sums, small)
        if near:
            chosen = min(near, key=lambda each: (near[each], each))
            group[group == small] = chosen
            sums[chosen] += sums[small]
        sums[small] = np.inf
    # Numbered by their first blocks, as the super-blocks are: communities of near numbers lie near each other.
    _, first, of = np.unique(group, return_index=True, return_inverse=True)
    order: Ints = np.argsort(np.argsort(first)).astype(np.int64)
    return order[of]


def _halves(part: Ints, column: Ints, row: Ints, households: Ints) -> list[Ints] | None:
    """Divide a rectangle of blocks along the street that gives the most even halves."""
    total = households[part].sum()
    best: tuple[float, Ints] | None = None
    for places in (column[part], row[part]):
        for cut in np.unique(places)[1:]:
            low = places < cut
            off = abs(households[part[low]].sum() * 2 - total)
            if best is None or off < best[0]:
                best = (off, low)
    return None if best is None else [part[best[1]], part[~best[1]]]


def _join_small(layout: Layout, group: Ints, households: Ints) -> None:
    """Join communities that are too small to a neighbour across an arterial, rather not across a railway or the river."""
    sums = np.bincount(group, weights=households, minlength=int(group.max()) + 1).astype(np.float64)
    for small in np.argsort(sums, kind="stable"):
        if not 0 <= sums[small] < HOUSEHOLDS_JOINED_BELOW:
            continue
        near = _near(layout, group, sums, int(small))
        if sums[small] >= HOUSEHOLDS_MIN:
            near = {other: their for other, their in near.items() if their + sums[small] <= HOUSEHOLDS_MAX}
        if near:
            chosen = min(near, key=lambda each: (near[each], each))
            group[group == small] = chosen
            sums[chosen] += sums[small]
            sums[small] = -1


def _near(layout: Layout, group: Ints, sums: Numbers, small: int) -> dict[int, float]:
    """Return the communities beside one across an arterial with their households, more by ``FAR`` for those beyond a railway or the river."""
    supers, blocks = layout.super_blocks, layout.blocks
    owner = blocks["super_block"].to_numpy()
    at = {(int(i), int(j)): number for number, (i, j) in enumerate(zip(supers["i"], supers["j"], strict=True))}
    starts = np.searchsorted(owner, np.arange(len(supers) + 1))
    near: dict[int, float] = {}
    for block in np.flatnonzero(group == small):
        i, j = int(supers["i"].iat[owner[block]]), int(supers["j"].iat[owner[block]])
        for step_i, step_j in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            for steps in (1, 2):
                other = at.get((i + steps * step_i, j + steps * step_j))
                if other is None:
                    continue
                for touching in _touching(blocks.iloc[starts[other] : starts[other + 1]], step_i, step_j):
                    near.setdefault(int(group[starts[other] + touching]), sums[group[starts[other] + touching]] + (FAR if steps == 2 else 0))
                break
    near.pop(small, None)
    return near


def _touching(blocks: pd.DataFrame, step_i: int, step_j: int) -> Ints:
    """Return the positions of the blocks of the super-block reached by a step that lie on the side it was entered."""
    if step_i:
        edge = blocks["column"] == (0 if step_i > 0 else blocks["column"].max())
    else:
        edge = blocks["row"] == (0 if step_j > 0 else blocks["row"].max())
    return np.flatnonzero(edge.to_numpy())


def outlines(layout: Layout, group: Ints, points: pd.DataFrame, warp: Warp) -> Any:
    """Return the polygon of each community: its blocks, and its half of the river and railway strips beside it.

    ``points`` are the vertices of the skeleton's lines: the outlines have the very vertices of the streets they run along, so no sliver can
    open between the two.
    """
    lines = np.flatnonzero((layout.lines["street_class"] != "lane").to_numpy())
    borders = points[np.isin(points["line"], lines)]
    edges, _ = segments(borders.assign(node=borders["crossing"]), warp)
    rivers = [shapely.linestrings(warp.points(*piece)) for river in layout.rivers for piece in _river_pieces(layout, river)]
    faces = shapely.get_parts(shapely.polygonize(np.concatenate((edges, np.array(rivers, dtype=object)))))
    places, owner = _face_owners(layout, group)
    place, face = shapely.STRtree(faces).query(shapely.points(warp.points(places[:, 0], places[:, 1])), predicate="within")
    order = np.argsort(owner[place], kind="stable")
    parts = np.split(faces[face[order]], np.flatnonzero(np.diff(owner[place][order])) + 1)
    united = np.empty(len(parts), dtype=object)
    united[:] = [shapely.normalize(shapely.coverage_union_all(part)) for part in parts]
    return united


def _river_pieces(layout: Layout, river: River) -> list[tuple[Numbers, Numbers]]:
    """Return the middle of the river between one line that meets it and the next."""
    stops = np.unique(np.r_[layout.u_lines, layout.railway_middles])
    return [river.middle_points(start, end) for start, end in itertools.pairwise(stops.tolist())]


def _face_owners(layout: Layout, group: Ints) -> tuple[Numbers, Ints]:
    """Return a place on the drawing board inside every face, and the community that the face belongs to."""
    supers, blocks = layout.super_blocks, layout.blocks
    places = [np.column_stack(((blocks["u0"] + blocks["u1"]) / 2, (blocks["v0"] + blocks["v1"]) / 2))]
    owners = [group]
    edge_columns = blocks.groupby("super_block")["column"].transform("max").to_numpy()
    edge_rows = blocks.groupby("super_block")["row"].transform("max").to_numpy()
    column, row = blocks["column"].to_numpy(), blocks["row"].to_numpy()
    i, j = (supers[name].to_numpy()[blocks["super_block"]] for name in ("i", "j"))
    middle_u, middle_v = (supers["u0"] + supers["u1"]) / 2, (supers["v0"] + supers["v1"]) / 2
    for step_i, step_j in ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1)):
        # Strips are owned by the super-blocks beside them: a quarter of the crossing of two strips by the one at its corner.
        beside = np.isin(i + step_i, layout.railway_columns) if step_i else np.ones(len(blocks), dtype=bool)
        beside &= np.isin(j + step_j, layout.river_rows) if step_j else True
        beside &= (column == (edge_columns if step_i > 0 else 0)) & (row == (edge_rows if step_j > 0 else 0))
        owner = blocks["super_block"].to_numpy()[beside]
        u = middle_u.to_numpy()[owner] if not step_i else supers["u1" if step_i > 0 else "u0"].to_numpy()[owner] + step_i * 9.0
        v = middle_v.to_numpy()[owner] if not step_j else supers["v1" if step_j > 0 else "v0"].to_numpy()[owner] + step_j * 9.0
        places.append(np.column_stack((u, v)))
        owners.append(group[beside])
    return np.concatenate(places), np.concatenate(owners)

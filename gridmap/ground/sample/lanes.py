"""Lanes inside lots, gates and walls."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridmap.ground.sample.compounds import lane_y
from gridmap.ground.sample.drawing import Numbers, Rng, counted
from gridmap.ground.sample.facilities import LANE_END, MARGIN_M
from gridmap.ground.sample.layout import HOMES, Layout
from gridmap.ground.sample.warp import Warp

WALL_INSET_M = 1.5
"""From the edge of the lot to its wall."""
WALL_STEP_M = 60.0
OPEN_KINDS = ("courtyard", "park", "mall", "office", "market")
"""Lots without a wall."""


Drawn = tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]
"""Nodes of lanes, gates, crossings with streets."""


@dataclass(frozen=True, slots=True)
class Lanes:
    """``segments``: lot, ``u0 v0 u1 v1``. ``crossings``: line, at, node. ``gates``: lot, side, ``u v``."""

    segments: pd.DataFrame
    crossings: pd.DataFrame
    gates: pd.DataFrame


def draw_lanes(layout: Layout, panel: pd.DataFrame, rng: Rng) -> Lanes:
    """Draw the lanes of every lot that has any, join each lot to at least one street, and put gates where a lane passes a wall.

    ``panel`` is indexed by lot and has the frame of every lot (see :func:`gridmap.ground.sample.compounds.panels`).
    """
    lots = layout.lots.loc[panel.index]
    joins = _joins(lots, rng)
    spine, gates, crossings = _spine_nodes(layout, lots, panel, joins)
    rows, more_gates, more_crossings = _row_nodes(layout, lots, panel, joins, rng)
    segments = pd.concat((_runs(spine, ["lot"], "y"), _runs(rows, ["lot", "row"], "x")), ignore_index=True)
    return Lanes(segments, pd.concat((crossings, more_crossings), ignore_index=True), pd.concat((gates, more_gates), ignore_index=True))


def facility_panels(lots: pd.DataFrame) -> pd.DataFrame:
    """Return frames for the lots of facilities that have a lane or path: it leads in from the south along the middle."""
    lots = lots[np.isin(lots["kind"], (*LANE_END.index, "park"))]
    panel = pd.DataFrame({"middle_u": (lots["u0"] + lots["u1"]) / 2, "middle_v": (lots["v0"] + lots["v1"]) / 2}, index=lots.index)
    deep = lots["v1"] - lots["v0"] - 2 * MARGIN_M
    end = lots["kind"].map(LANE_END).astype(np.float64).fillna(0.0) * deep
    return panel.assign(turn=0.0, rows=0, columns=0, spine_x=0.0, end_y=end)


def _joins(lots: pd.DataFrame, rng: Rng) -> dict[str, Any]:
    """Choose on which sides a lot is joined to the street; no side that has water."""
    kind = lots["kind"].to_numpy()
    thrown = rng.random((4, len(lots)))
    facility = ~np.isin(kind, HOMES)
    south = (thrown[0] < 0.6) | facility
    open_ = np.isin(kind, OPEN_KINDS)
    joins = {"south": south, "north": (~south | (thrown[1] < 0.35) | open_) & (~facility | (kind == "park"))}
    for side, chance in (("west", thrown[2]), ("east", thrown[3])):
        joins[side] = (chance < np.where(open_, 0.7, 0.3)) & ~facility & (lots[side].to_numpy() >= 0)
    return joins


def _to_board(panel: pd.DataFrame, x: Any, y: Any) -> tuple[Numbers, Numbers]:
    cosine, sine = np.cos(panel["turn"].to_numpy()), np.sin(panel["turn"].to_numpy())
    return panel["middle_u"].to_numpy() + cosine * x - sine * y, panel["middle_v"].to_numpy() + sine * x + cosine * y


def _leaving(layout: Layout, lots: pd.DataFrame, panel: pd.DataFrame, side: str, fixed: Numbers) -> Drawn:
    """Lead the spine (south, north) or a row's lane (west, east) out of its lot: nodes at the wall and on the street, gate, crossing.

    ``fixed`` is the coordinate in the lot's frame that stays the same: x of the spine or y of the lane.
    """
    turn = panel["turn"].to_numpy()
    cosine, sine = np.cos(turn), np.sin(turn)
    line = lots[side].to_numpy()
    street = layout.lines["across"].to_numpy()[line]
    edge, inward = {"south": ("v0", 1), "north": ("v1", -1), "west": ("u0", 1), "east": ("u1", -1)}[side]
    wall = lots[edge].to_numpy() + inward * WALL_INSET_M
    nodes = []
    for place in (wall, street):
        if side in ("south", "north"):
            moving = (place - panel["middle_v"].to_numpy() - sine * fixed) / cosine
            u, _ = _to_board(panel, fixed, moving)
            node = {"u": u, "v": place, "x": fixed, "y": moving}
        else:
            moving = (place - panel["middle_u"].to_numpy() + sine * fixed) / cosine
            _, v = _to_board(panel, moving, fixed)
            node = {"u": place, "v": v, "x": moving, "y": fixed}
        nodes.append(pd.DataFrame({"lot": lots.index, **node}))
    walled = ~np.isin(lots["kind"], OPEN_KINDS)
    gates = nodes[0].loc[walled, ["lot", "u", "v"]].assign(side=side)
    crossing = pd.DataFrame({"line": line, "at": nodes[1]["u" if side in ("south", "north") else "v"], "node": True})
    # An open lot has no gate, so its lane needs no vertex at the wall.
    return pd.concat((nodes[0][walled], nodes[1]), ignore_index=True), gates, crossing


def _spine_nodes(layout: Layout, lots: pd.DataFrame, panel: pd.DataFrame, joins: dict[str, Any]) -> Drawn:
    owner, row = counted(panel["rows"])
    own = panel.iloc[owner]
    x, y = own["spine_x"].to_numpy(), lane_y(own, row)
    u, v = _to_board(own, x, y)
    parts = [pd.DataFrame({"lot": own.index, "u": u, "v": v, "x": x, "y": y})]
    blind = panel[panel["rows"] == 0]
    u, v = _to_board(blind, blind["spine_x"].to_numpy(), blind["end_y"].to_numpy())
    parts.append(pd.DataFrame({"lot": blind.index, "u": u, "v": v, "x": blind["spine_x"], "y": blind["end_y"]}))
    gates, crossings = [], []
    for side in ("south", "north"):
        chosen = joins[side]
        nodes, gate, crossing = _leaving(layout, lots[chosen], panel[chosen], side, panel["spine_x"].to_numpy()[chosen])
        parts.append(nodes)
        gates.append(gate)
        crossings.append(crossing)
    return pd.concat(parts, ignore_index=True), pd.concat(gates), pd.concat(crossings)


def _row_nodes(layout: Layout, lots: pd.DataFrame, panel: pd.DataFrame, joins: dict[str, Any], rng: Rng) -> Drawn:
    owner, row = counted(panel["rows"])
    own = panel.iloc[owner]
    y = lane_y(own, row)
    half = own["width_m"].to_numpy() / 2 - 3
    parts = []
    for x in (-half, own["spine_x"].to_numpy(), half):
        u, v = _to_board(own, x, y)
        parts.append(pd.DataFrame({"lot": own.index, "row": row, "u": u, "v": v, "x": x, "y": y}))
    gates, crossings = [], []
    chosen_row = np.floor(rng.random((2, len(lots))) * np.maximum(panel["rows"].to_numpy(), 1)).astype(np.int64)
    for number, side in enumerate(("west", "east")):
        chosen = joins[side] & (panel["rows"].to_numpy() > 0)
        exit_row = chosen_row[number][chosen]
        nodes, gate, crossing = _leaving(layout, lots[chosen], panel[chosen], side, lane_y(panel[chosen], exit_row))
        nodes["row"] = pd.Series(exit_row, index=lots.index[chosen]).loc[nodes["lot"]].to_numpy()
        parts.append(nodes)
        gates.append(gate)
        crossings.append(crossing)
    return pd.concat(parts, ignore_index=True), pd.concat(gates), pd.concat(crossings)


def _runs(nodes: pd.DataFrame, owner: list[str], along: str) -> pd.DataFrame:
    """Join nodes that follow each other on the same lane."""
    nodes = nodes.sort_values([*owner, along], kind="stable")
    same = np.ones(max(len(nodes) - 1, 0), dtype=bool)
    for name in owner:
        values = nodes[name].to_numpy()
        same &= values[1:] == values[:-1]
    u, v, lot = nodes["u"].to_numpy(), nodes["v"].to_numpy(), nodes["lot"].to_numpy()
    segments = pd.DataFrame({"lot": lot[:-1], "u0": u[:-1], "v0": v[:-1], "u1": u[1:], "v1": v[1:]})[same]
    return segments[np.hypot(segments["u1"] - segments["u0"], segments["v1"] - segments["v0"]) > 0.01]


def walls(lots: pd.DataFrame, gates: pd.DataFrame, warp: Warp) -> Any:
    """Return a closed line around each of ``lots`` on the ground; the gates are vertices of it."""
    u0, v0 = lots["u0"].to_numpy() + WALL_INSET_M, lots["v0"].to_numpy() + WALL_INSET_M
    u1, v1 = lots["u1"].to_numpy() - WALL_INSET_M, lots["v1"].to_numpy() - WALL_INSET_M
    corners = ((u0, v0), (u1, v0), (u1, v1), (u0, v1), (u0, v0))
    parts = []
    for turn, ((from_u, from_v), (to_u, to_v)) in enumerate(itertools.pairwise(corners)):
        steps = np.ceil((np.abs(to_u - from_u) + np.abs(to_v - from_v)) / WALL_STEP_M)
        owner, number = counted(steps)
        share = number / steps[owner]
        parts.append((owner, turn + share, from_u[owner] + share * (to_u - from_u)[owner], from_v[owner] + share * (to_v - from_v)[owner]))
    at = np.searchsorted(lots.index, gates["lot"])
    turn = gates["side"].map({"south": 0, "east": 1, "north": 2, "west": 3}).to_numpy()
    u, v = gates["u"].to_numpy(), gates["v"].to_numpy()
    share_u, share_v = (u - u0[at]) / (u1 - u0)[at], (v - v0[at]) / (v1 - v0)[at]
    parts.append((at, turn + np.select([turn == 0, turn == 1, turn == 2], [share_u, share_v, 1 - share_u], 1 - share_v), u, v))
    parts.append((np.arange(len(lots)), np.full(len(lots), 4.0), u0, v0))
    owner, along, u, v = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.lexsort((along, owner))
    return shapely.linestrings(warp.points(u[order], v[order]), indices=owner[order])

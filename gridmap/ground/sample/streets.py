"""From the skeleton to street lines: every line is broken where another street meets it, so the network hangs together at shared end points."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridmap.ground.sample.drawing import counted
from gridmap.ground.sample.warp import Warp

VERTEX_STEP_M = 60.0


def vertices(lines: pd.DataFrame, crossings: pd.DataFrame) -> pd.DataFrame:
    """Return the vertices of every line in order: line, at, node, crossing, ``u v``.

    Streets are broken at nodes, borders at crossings and ends; further vertices let a line bend.
    """
    span = (lines["end"] - lines["start"]).to_numpy()
    pieces = np.ceil(span / VERTEX_STEP_M).astype(np.int64)
    owner, number = counted(pieces + 1)
    last = number == pieces[owner]
    at = np.where(last, lines["end"].to_numpy()[owner], lines["start"].to_numpy()[owner] + number * (span / pieces)[owner])
    own = pd.DataFrame({"line": owner, "at": at, "node": (number == 0) | last, "crossing": (number == 0) | last})
    every = pd.concat((own, crossings[["line", "at", "node"]].assign(crossing=True)), ignore_index=True)
    every = every.sort_values(["line", "at"], kind="stable").reset_index(drop=True)
    line, place = every["line"].to_numpy(), every["at"].to_numpy()
    group = np.cumsum(np.r_[0, (line[1:] != line[:-1]) | (place[1:] != place[:-1])])
    # Of vertices at one place the most important is kept.
    best = np.lexsort((~every["crossing"].to_numpy(), ~every["node"].to_numpy(), group))
    every = every.iloc[best[np.r_[True, np.diff(group[best]) > 0]]].reset_index(drop=True)
    across, along_u = lines["across"].to_numpy()[every["line"]], lines["axis"].to_numpy()[every["line"]] == 0
    every["u"], every["v"] = np.where(along_u, every["at"], across), np.where(along_u, across, every["at"])
    return every


def segments(points: pd.DataFrame, warp: Warp) -> tuple[Any, pd.DataFrame]:
    """Return one line between each two nodes that follow each other, and for each its ``line`` and its middle ``u v`` on the drawing board."""
    line, node = points["line"].to_numpy(), points["node"].to_numpy()
    starts = np.flatnonzero(node & np.r_[line[1:] == line[:-1], False])
    nodes = np.flatnonzero(node)
    ends = nodes[np.searchsorted(nodes, starts, side="right")]
    owner, number = counted(ends - starts + 1)
    rows = starts[owner] + number
    u, v = points["u"].to_numpy(), points["v"].to_numpy()
    geometry = shapely.linestrings(warp.points(u[rows], v[rows]), indices=owner)
    table = pd.DataFrame({"line": line[starts], "u": (u[starts] + u[ends]) / 2, "v": (v[starts] + v[ends]) / 2})
    # Nodes less than a millimetre apart are one place on the ground.
    kept = shapely.length(geometry) > 0
    return geometry[kept], table[kept]

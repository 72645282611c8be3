"""The neighbour table: which cells lie side by side, for how many metres, what separates them, and whether one may cross."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely

from gridmap.grids.blocks import Floats, Integers, Mask
from gridmap.grids.faces import Borders
from gridmap.grids.separators import CODE, CROSSABLE, SEPARATORS

SHARED_MIN_M = 0.5
"""Pairs of cells that share no more than this are not in the neighbour table (DESIGN, tables)."""

COMMUNITY_GAP_M = 0.5
"""Communities whose outlines run side by side within this are taken to touch: outlines are drawn no finer."""

PARALLEL = 0.1
"""Outlines run side by side if the sine of the angle between them is at most this (6 degrees)."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of cells by position, ``a`` < ``b``; ``code`` is the position of the separator in SEPARATORS."""

    a: Integers
    b: Integers
    shared_m: Floats
    code: Integers
    crossable: Mask


def pairs_of(owner: Integers, borders: Borders, code: Integers, crossings: Integers, crossing_code: Integers) -> Pairs:
    """Return the pairs of cells that share more than 0.5 m of border or are joined by a crossing.

    The separator of a pair is the one along most of its common border (the strongest of equals). A pair is crossable when more than 0.5 m of its
    border may be crossed, or when a street crosses there by bridge, underpass or on the level: ``crossings`` (n, 2) are those pairs,
    ``crossing_code`` the barrier that each crosses.
    """
    inner = borders.right >= 0
    one, other = owner[borders.left[inner]], owner[borders.right[inner]]
    length, along = borders.length_m[inner], code[inner]
    differ = one != other
    low, high = np.minimum(one, other)[differ], np.maximum(one, other)[differ]
    kinds = len(SEPARATORS)
    size = int(max(high.max(initial=0), crossings.max(initial=0))) + 1
    key, place = np.unique((low * size + high) * kinds + along[differ], return_inverse=True)
    metres = np.bincount(place, weights=length[differ], minlength=len(key))
    pair, kind = key // kinds, key % kinds
    pairs, of = np.unique(pair, return_inverse=True)
    shared = np.bincount(of, weights=metres, minlength=len(pairs))
    open_m = np.bincount(of, weights=metres * CROSSABLE[kind], minlength=len(pairs))
    strongest = np.zeros(len(pairs), dtype=np.int64)
    order = np.lexsort((kind, np.round(metres, 4), of))
    strongest[of[order]] = kind[order]  # the last one written runs along most of the border
    bridged, first = np.unique(crossings.min(axis=1) * size + crossings.max(axis=1), return_index=True)
    side_by_side = shared > SHARED_MIN_M
    crossable = (open_m > SHARED_MIN_M) | np.isin(pairs, bridged)
    pairs, shared, strongest, crossable = pairs[side_by_side], shared[side_by_side], strongest[side_by_side], crossable[side_by_side]
    far = ~np.isin(bridged, pairs)
    everything = np.concatenate((pairs, bridged[far]))
    order = np.argsort(everything)
    return Pairs(
        (everything // size)[order],
        (everything % size)[order],
        np.concatenate((shared, np.zeros(far.sum())))[order],
        np.concatenate((strongest, crossing_code[first[far]]))[order],
        np.concatenate((crossable, np.ones(far.sum(), dtype=bool)))[order],
    )


def pairs_across(ends: Floats, cell: Integers, community: Integers, *, group: Integers | None = None) -> Pairs:
    """Return the pairs of cells of different communities that lie side by side along the communities' outlines.

    ``ends`` (n, 4): straight pieces of outline, with the cell and the community that each belongs to. Outlines of two communities need not share
    corners: the common length is measured by laying one piece on the other. With the ``group`` of each piece only pairs of different groups are told.
    """
    pieces = shapely.linestrings(ends.reshape(-1, 2, 2))
    one, other = shapely.STRtree(pieces).query(pieces, predicate="dwithin", distance=COMMUNITY_GAP_M)
    once = (community[one] < community[other]) & (True if group is None else group[one] != group[other])
    one, other = one[once], other[once]
    shared = _common_length(ends[one], ends[other])
    side = shared > 0
    low, high = np.minimum(cell[one], cell[other])[side], np.maximum(cell[one], cell[other])[side]
    size = int(cell.max(initial=0)) + 1
    pairs, place = np.unique(low * size + high, return_inverse=True)
    # The sum of several lengths must not depend on the order in which they were found.
    ascending = np.argsort(shared[side], kind="stable")
    metres = np.asarray(np.bincount(place[ascending], weights=shared[side][ascending], minlength=len(pairs)), dtype=np.float64)
    pairs, metres = pairs[metres > SHARED_MIN_M], metres[metres > SHARED_MIN_M]
    count = len(pairs)
    return Pairs(pairs // size, pairs % size, metres, np.full(count, CODE["community"]), np.zeros(count, dtype=bool))


def _common_length(one: Floats, other: Floats) -> Floats:
    """Return how far pieces of line run side by side, metres; 0 where they do not run side by side."""
    along = one[:, 2:] - one[:, :2]
    length = np.hypot(along[:, 0], along[:, 1])
    unit = along / length[:, None]
    across = np.stack((-unit[:, 1], unit[:, 0]), axis=1)
    ends = (other[:, :2] - one[:, :2], other[:, 2:] - one[:, :2])
    place = [np.einsum("ij,ij->i", end, unit) for end in ends]
    apart = [np.einsum("ij,ij->i", end, across) for end in ends]
    common = np.minimum(length, np.maximum(*place)) - np.maximum(0.0, np.minimum(*place))
    slope = np.abs(apart[1] - apart[0]) / np.maximum(np.hypot(other[:, 2] - other[:, 0], other[:, 3] - other[:, 1]), 1e-12)
    return np.where((slope <= PARALLEL) & (np.minimum(np.abs(apart[0]), np.abs(apart[1])) <= COMMUNITY_GAP_M), np.maximum(common, 0.0), 0.0)


def neighbour_table(pairs: Pairs, building_id: np.typing.NDArray[np.object_]) -> pd.DataFrame:
    """Return the neighbour table of :class:`gridmap.grids.tiling.Tiling` for cells named ``building_id``."""
    names = np.asarray(building_id, dtype=object)
    one, other = names[pairs.a], names[pairs.b]
    turned = one > other
    table = pd.DataFrame(
        {
            "a": pd.array(np.where(turned, other, one), dtype="str"),
            "b": pd.array(np.where(turned, one, other), dtype="str"),
            "shared_m": pairs.shared_m,
            "separator": pd.array(np.array(SEPARATORS, dtype=object)[pairs.code], dtype="str"),
            "crossable": pairs.crossable,
        }
    )
    return table.sort_values(["a", "b"], ignore_index=True)

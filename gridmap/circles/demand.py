"""Who lacks a category of venues, and which candidate for a new one they could walk to."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from gridmap.circles.coverage import Coverage, same_edge
from gridmap.errors import RequestError
from gridmap.rules import Rules
from gridmap.walking.doors import Doors, arrivals
from gridmap.walking.reach import arcs, reached
from gridmap.walking.segments import Integers


@dataclass(frozen=True, eq=False)
class Demand:
    """Who could be served by which candidate: ``serves`` (demand x candidates, truth) and ``households`` of each demand.

    Homes that the same candidates reach count as one demand. ``unreachable`` are households that no candidate reaches.
    """

    serves: Any
    households: Integers
    unreachable: int

    @property
    def candidates(self) -> int:
        """How many candidates there are."""
        return int(self.serves.shape[1])


def demand_of(serves: Any, households: Integers) -> Demand:
    """Return the demand of homes, each row of ``serves`` (homes x candidates, sparse) being one; rows that are alike are put together.

    Two rows are alike when two independent sums over random 62-bit numbers of their candidates agree; for a million homes that errs with a chance
    below 1e-24.
    """
    rows = sp.csr_array(serves, dtype=bool)
    households = households.astype(np.int64)
    keys = np.random.default_rng(0).integers(0, 2**62, size=(2, rows.shape[1]), dtype=np.int64)
    counts = np.diff(rows.indptr)
    owner = np.repeat(np.arange(rows.shape[0]), counts)
    sums = np.zeros((2, rows.shape[0]), dtype=np.int64)
    for side in (0, 1):
        # Sums run over at 64 bits, which only mixes them further.
        np.add.at(sums[side], owner, keys[side][rows.indices])
    lived = (counts > 0) & (households > 0)
    _, first, group = np.unique(sums[:, lived], axis=1, return_index=True, return_inverse=True)
    kept = np.flatnonzero(lived)[first]
    together = np.bincount(group.ravel(), weights=households[lived], minlength=len(kept)).astype(np.int64)
    return Demand(rows[kept], together, int(households[counts == 0].sum()))


def category_named(rules: Rules, text: str) -> str:
    """Return the code of the category that a text names: its code, or its name in either language, in letters of any width.

    Raises ``RequestError`` for a category that the rules do not know.

    >>> from gridmap.rules import load_rules
    >>> category_named(load_rules("nantong"), "医疗卫生"), category_named(load_rules("nantong"), "ｍarket")
    ('medical', 'market')
    """
    plain = unicodedata.normalize("NFKC", text).strip().casefold()
    for code, category in rules.categories.items():
        if plain in (code.casefold(), category.zh.casefold(), category.en.casefold()):
            return code
    # Codes are English words already; beside them stands what a Chinese reader would write.
    known = ", ".join(f"{code} ({category.zh})" for code, category in rules.categories.items())
    raise RequestError("category_not_in_rules", category=text, categories=known)


def uncovered_demand(coverage: Coverage, category: str, candidates: Doors, households: Integers) -> Demand:
    """Return who lacks a category and could walk to which candidate within the limit; existing venues stay and what they cover counts no more.

    ``households`` stand in the order of the coverage's doors. A candidate without a door on a street serves nobody. Raises ``RequestError`` for a
    category that the rules do not know.
    """
    category = category_named(coverage.rules, category)
    rows = coverage.table[coverage.table["category"] == category]
    open_ = rows["reason"].notna().to_numpy() & coverage.doors.linked
    serves = reach_matrix(coverage, candidates)
    wanted = np.where(open_, households, 0)
    found = demand_of(serves, wanted)
    lost = int(households[rows["reason"].notna().to_numpy() & ~coverage.doors.linked].sum())
    return Demand(found.serves, found.households, found.unreachable + lost)


def reach_matrix(coverage: Coverage, candidates: Doors) -> Any:
    """Return which candidates (columns) each building (rows) can walk to within the limit, as a sparse truth matrix."""
    network, homes, limit = coverage.network, coverage.doors, coverage.limit.limit_cm
    linked = np.flatnonzero(candidates.linked)
    shape = (len(homes), len(candidates))
    if not len(linked) or not network.edges:
        return sp.csr_array(shape, dtype=bool)
    node, start, first = arrivals(network, candidates.take(linked))
    found = reached(arcs(network, towards=True), node, start, first, limit_cm=limit)
    source = np.repeat(np.arange(len(linked)), np.diff(found.first))
    pairs = []
    rows = np.flatnonzero(homes.linked)
    for end, steps, open_ in (
        (network.a, homes.position_cm, ~network.one_way[homes.edge]),
        (network.b, network.length_cm[homes.edge] - homes.position_cm, np.ones(len(homes), dtype=bool)),
    ):
        usable = rows[open_[rows]]
        order = usable[np.argsort(end[homes.edge[usable]], kind="stable")]
        at = end[homes.edge[order]]
        begins, ends = np.searchsorted(at, found.node), np.searchsorted(at, found.node, side="right")
        number = ends - begins
        home = order[np.arange(number.sum()) - np.repeat(np.cumsum(number) - number - begins, number)]
        walked = np.repeat(found.distance_cm.astype(np.int64), number) + steps[home] + homes.access_cm[home]
        within = walked <= limit
        pairs.append((home[within], linked[np.repeat(source, number)[within]]))
    pairs.append(_on_one_edge(network, homes, candidates, limit))
    home, candidate = (np.concatenate(column) for column in zip(*pairs, strict=True))
    matrix = sp.coo_array((np.ones(len(home), dtype=bool), (home, candidate)), shape=shape).tocsr()
    matrix.sum_duplicates()
    return matrix


def _on_one_edge(network: Any, homes: Doors, candidates: Doors, limit_cm: int) -> tuple[Integers, Integers]:
    home, candidate, along = same_edge(network, homes, candidates)
    within = along + homes.access_cm[home] + candidates.access_cm[candidate] <= limit_cm
    return home[within], candidate[within]

"""Where the next venues should stand: most uncovered households with a number of venues, or fewest venues for a share of all households."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import highspy
import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from gridmap.circles.coverage import Coverage, same_edge
from gridmap.circles.covering import bounded, exchanged
from gridmap.errors import RequestError
from gridmap.walking.doors import Doors
from gridmap.walking.reach import arcs, reached
from gridmap.walking.segments import Integers, Mask

Proof = Literal["optimal", "bound", "unreachable"]

NODES_MAX = 20_000
"""Effort is counted in nodes of the search, never in seconds, so that the same question has the same answer on every machine."""


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


@dataclass(frozen=True, eq=False)
class Sites:
    """Chosen candidates (positions, in the order in which they add most), the households that they cover, and what is proved.

    ``bound`` is the most that any choice could cover (for :func:`fewest_sites` the least number of venues). ``proof`` is ``optimal`` when the choice
    meets it, ``bound`` when the search ended before that was proved, ``unreachable`` when no choice reaches the share that was asked for.
    """

    chosen: tuple[int, ...]
    households: tuple[int, ...]
    covered: int
    bound: float
    proof: Proof

    @property
    def gap(self) -> float:
        """How far the choice may be from the best one, as a share of the bound; 0 when it is the best."""
        return max(0.0, (self.bound - self.covered) / self.bound) if self.bound else 0.0


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


def uncovered_demand(coverage: Coverage, category: str, candidates: Doors, households: Integers) -> Demand:
    """Return who lacks a category and could walk to which candidate within the limit; existing venues stay and what they cover counts no more.

    ``households`` stand in the order of the coverage's doors. A candidate without a door on a street serves nobody. Raises ``RequestError`` for a
    category that the rules do not know.
    """
    if category not in coverage.rules.categories:
        raise RequestError("category_not_in_rules", category=category, categories=", ".join(coverage.rules.categories))
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
    edge = candidates.edge[linked]
    both = ~network.one_way[edge]
    count = 1 + both.astype(np.int64)
    first = np.concatenate(([0], np.cumsum(count)))
    node, start = np.empty(first[-1], dtype=np.int32), np.empty(first[-1], dtype=np.int32)
    node[first[:-1]], start[first[:-1]] = network.a[edge], (candidates.position_cm + candidates.access_cm)[linked]
    node[first[:-1][both] + 1] = network.b[edge[both]]
    start[first[:-1][both] + 1] = (network.length_cm[edge] - candidates.position_cm[linked] + candidates.access_cm[linked])[both]
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


def best_sites(demand: Demand, count: int, *, capacity: int | None = None, exact: bool = True) -> Sites:
    """Return ``count`` candidates that together cover the most households (maximal covering location problem, Church and ReVelle 1974).

    Chosen greedily and by exchange first. With ``exact`` a bound then proves that nothing is better, or tells which candidates a better choice must
    and cannot hold, and HiGHS settles the few that are left. ``capacity`` is how many households one venue can serve.
    Raises ``RequestError`` when ``count`` is below 1.
    """
    if count < 1:
        raise RequestError("sites_count_senseless", value=count)
    if capacity is not None and capacity < 1:
        raise RequestError("sites_capacity_senseless", value=capacity)
    count = min(count, demand.candidates)
    total = int(demand.households.sum())
    if not count or not total:
        return Sites((), (), 0, 0.0, "optimal")
    chosen = _greedy(demand, count)
    reached_all = _covered(demand, chosen) == total
    bound = float(total)
    proof: Proof = "optimal" if reached_all and capacity is None else "bound"
    if exact and (capacity is not None or not reached_all):
        if capacity is None:
            return _told(demand, *_proved(demand, count, chosen))
        chosen, covered, bound, proof = _solve(demand, count, chosen, capacity)
        return _told(demand, chosen, bound, proof, covered)
    return _told(demand, chosen, bound, proof)


def fewest_sites(demand: Demand, households: int) -> Sites:
    """Return the fewest candidates that together cover at least so many households (location set covering, Toregas and others 1971).

    Where all of them together do not, all that add something are returned and ``proof`` is ``unreachable``.
    """
    total = int(demand.households.sum())
    wanted = min(households, total)
    if wanted <= 0:
        return Sites((), (), 0, 0.0, "optimal")
    model = _model(demand, None)
    cost = np.zeros(model.lp.num_col_)
    cost[: demand.candidates] = 1.0
    found = _run(model, cost, minimise=True, row=(demand_row(demand), float(wanted), highspy.kHighsInf))
    if found is None:
        chosen = _greedy(demand, demand.candidates)
        return _told(demand, chosen, float(len(chosen)), "bound")
    values, bound, optimal = found
    chosen = np.flatnonzero(values[: demand.candidates] > 0.5)
    proof: Proof = "unreachable" if households > total else "optimal" if optimal else "bound"
    return _told(demand, chosen, float(np.ceil(bound - 1e-6)), proof)


def demand_row(demand: Demand) -> npt.NDArray[np.float64]:
    """Return the row of the model that sums the households covered."""
    return np.concatenate((np.zeros(demand.candidates), demand.households.astype(np.float64)))


def _told(demand: Demand, chosen: Sequence[int] | Integers, bound: float, proof: Proof, covered: int | None = None) -> Sites:
    """Put candidates in the order in which each adds most to those before it."""
    left, served = list(map(int, chosen)), np.zeros(len(demand.households), dtype=bool)
    columns = demand.serves.tocsc()
    order, gains = [], []
    while left:
        adds = [int(demand.households[_rows_of(columns, each)][~served[_rows_of(columns, each)]].sum()) for each in left]
        best = int(np.argmax(adds))
        order.append(left.pop(best))
        gains.append(adds[best])
        served[_rows_of(columns, order[-1])] = True
    total = int(demand.households[served].sum()) if covered is None else covered
    return Sites(tuple(order), tuple(gains), total, bound, proof)


def _rows_of(columns: Any, candidate: int) -> Integers:
    return np.asarray(columns.indices[columns.indptr[candidate] : columns.indptr[candidate + 1]], dtype=np.int64)


def _covered(demand: Demand, chosen: Integers) -> int:
    served: Mask = np.asarray(demand.serves[:, chosen].sum(axis=1) > 0).ravel()
    return int(demand.households[served].sum())


def _greedy(demand: Demand, count: int) -> Integers:
    """Return candidates chosen one by one, each the best then, and exchanged while that helps."""
    columns = demand.serves.tocsc()
    return np.asarray(exchanged(columns.indptr.astype(np.int64), columns.indices.astype(np.int64), demand.households, count), dtype=np.int64)


def _proved(demand: Demand, count: int, chosen: Integers) -> tuple[Integers, float, Proof]:
    """Return the best choice, the bound and what is proved, from a good choice."""
    columns = demand.serves.tocsc()
    least = _covered(demand, chosen)
    first, rows = columns.indptr.astype(np.int64), columns.indices.astype(np.int64)
    bound, never, always = bounded(first, rows, demand.households, count, least)
    left = np.flatnonzero(~(never | always))
    taken = np.flatnonzero(always)
    if bound < least + 1 or len(taken) > count or (len(taken) == count and _covered(demand, taken) <= least):
        return chosen, float(least), "optimal"
    served: Mask = np.asarray(demand.serves[:, taken].sum(axis=1) > 0).ravel()
    base = int(demand.households[served].sum())
    rest = demand_of(demand.serves[~served][:, left], demand.households[~served])
    if len(taken) == count or not len(left):
        return (taken, float(base), "optimal") if base > least else (chosen, float(least), "optimal")
    start = np.flatnonzero(np.isin(left, chosen))[: count - len(taken)]
    more, covered, top, proof = _solve(rest, count - len(taken), start, None)
    if base + covered > least:
        chosen, least = np.concatenate((taken, left[more])), base + covered
    return chosen, min(max(float(least), base + top), float(np.floor(bound))), proof


@dataclass(frozen=True, eq=False)
class _Model:
    lp: Any
    integer: int


def _model(demand: Demand, capacity: int | None) -> _Model:
    """Return the model: one truth for each candidate, one share for each demand, and a row for each demand: no share without a candidate.

    With a capacity the shares are flows from candidates to demands.
    """
    rows, candidates = demand.serves.shape
    lp = highspy.HighsLp()
    if capacity is None:
        matrix = sp.hstack([-demand.serves.astype(float), sp.eye_array(rows)]).tocsr()
        upper, columns, limits = np.zeros(rows), candidates + rows, np.ones(candidates + rows)
    else:
        pairs = demand.serves.tocoo()
        flows = len(pairs.row)
        sent = sp.coo_array((np.ones(flows), (pairs.row, np.arange(flows))), shape=(rows, flows))
        taken = sp.coo_array((np.ones(flows), (pairs.col, np.arange(flows))), shape=(candidates, flows))
        matrix = sp.vstack([sp.hstack([sp.csr_array((rows, candidates)), sent]), sp.hstack([-capacity * sp.eye_array(candidates), taken])]).tocsr()
        upper, columns = np.concatenate((demand.households.astype(float), np.zeros(candidates))), candidates + flows
        limits = np.concatenate((np.ones(candidates), demand.households[pairs.row].astype(float)))
    lp.num_col_, lp.num_row_ = columns, matrix.shape[0]
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = np.zeros(columns), np.zeros(columns), limits
    lp.row_lower_, lp.row_upper_ = np.full(matrix.shape[0], -highspy.kHighsInf), upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = matrix.indptr, matrix.indices, matrix.data
    lp.integrality_ = [highspy.HighsVarType.kInteger] * candidates + [highspy.HighsVarType.kContinuous] * (columns - candidates)
    return _Model(lp, candidates)


def _run(
    model: _Model, cost: npt.NDArray[np.float64], *, minimise: bool, row: tuple[npt.NDArray[np.float64], float, float], start: Any = None
) -> tuple[npt.NDArray[np.float64], float, bool] | None:
    """Return the best values, the bound and whether it is met; None when the search ended without any."""
    highs = highspy.Highs()
    for name, value in (("output_flag", False), ("threads", 1), ("mip_rel_gap", 0.0), ("mip_abs_gap", 0.999), ("mip_max_nodes", NODES_MAX)):
        highs.setOptionValue(name, value)
    model.lp.col_cost_ = cost
    model.lp.sense_ = highspy.ObjSense.kMinimize if minimise else highspy.ObjSense.kMaximize
    highs.passModel(model.lp)
    used = np.flatnonzero(row[0]).astype(np.int32)
    highs.addRow(row[1], row[2], len(used), used, row[0][used])
    if start is not None:
        known = highspy.HighsSolution()
        known.col_value = start.tolist()
        highs.setSolution(known)
    highs.run()
    info = highs.getInfo()
    if info.primal_solution_status != 2:
        return None
    optimal = highs.getModelStatus() == highspy.HighsModelStatus.kOptimal
    return np.array(highs.getSolution().col_value), float(info.mip_dual_bound), optimal


def _solve(demand: Demand, count: int, chosen: Integers, capacity: int | None) -> tuple[Integers, int, float, Proof]:
    model = _model(demand, capacity)
    candidates, columns = demand.candidates, model.lp.num_col_
    cost = np.zeros(columns)
    cost[candidates:] = demand.households if capacity is None else 1.0
    pick = np.zeros(columns)
    pick[:candidates] = 1.0
    start = None
    if capacity is None:
        start = np.zeros(columns)
        start[chosen] = 1.0
        start[candidates:] = np.asarray(demand.serves[:, chosen].sum(axis=1) > 0).ravel()
    found = _run(model, cost, minimise=False, row=(pick, 0.0, float(count)), start=start)
    if found is None:
        return chosen, _covered(demand, chosen), float(demand.households.sum()), "bound"
    values, bound, optimal = found
    best = np.flatnonzero(values[:candidates] > 0.5)
    covered = round(float(values[candidates:] @ cost[candidates:]))
    return best, covered, float(covered) if optimal else float(np.floor(bound + 1e-6)), "optimal" if optimal else "bound"

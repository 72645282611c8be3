"""Where the next venues should stand: most uncovered households with a number of venues, or fewest venues for a share of all households."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import highspy
import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from scipy.sparse.csgraph import maximum_flow

from gridmap.circles.covering import bounded, exchanged
from gridmap.circles.demand import Demand, demand_of
from gridmap.errors import RequestError
from gridmap.walking.segments import Integers, Mask

Proof = Literal["optimal", "bound", "unreachable"]

NODES_MAX = 20_000
"""Effort is counted in nodes of the search, never in seconds, so that the same question has the same answer on every machine."""

PAIRS_MAX = 20_000
"""With more pairs of a home and a venue that it can reach, capacities are settled by a good choice and a bound: the exact model takes minutes."""


@dataclass(frozen=True, eq=False)
class Sites:
    """Chosen candidates (positions), the households that each serves, how many they are together, and what is proved.

    They stand in the order in which each adds most to those before it, which is what ``households`` tells; with a capacity, in the order in which
    they serve most. ``bound`` is the most that any choice could cover (for :func:`fewest_sites` the least number of venues). ``proof`` is ``optimal``
    when the choice meets it, ``bound`` when the search ended before that was proved, ``unreachable`` when no choice reaches the share that was asked
    for. ``gap`` is how far the choice may be from the best one, as a share of the larger of the two; 0 when it is the best.
    """

    chosen: tuple[int, ...]
    households: tuple[int, ...]
    covered: int
    bound: float
    proof: Proof
    gap: float


NO_SITES = Sites((), (), 0, 0.0, "optimal", 0.0)
"""Nothing is needed, or nobody is there to be served."""


def best_sites(demand: Demand, count: int, *, capacity: int | None = None, exact: bool = True) -> Sites:
    """Return ``count`` candidates that together cover the most households (maximal covering location problem, Church and ReVelle 1974).

    Chosen greedily and by exchange first. With ``exact`` a bound then proves that nothing is better, or tells which candidates a better choice must
    and cannot hold, and HiGHS settles the few that are left. ``capacity`` is how many households one venue can serve; each household goes to one
    venue then, and with more than :data:`PAIRS_MAX` pairs there may be a gap. Raises ``RequestError`` when ``count`` or ``capacity`` is below 1.
    """
    if count < 1:
        raise RequestError("sites_count_senseless", value=count)
    _check_capacity(capacity)
    count = min(count, demand.candidates)
    total = int(demand.households.sum())
    if not count or not total:
        return NO_SITES
    chosen = _greedy(demand, count)
    if capacity is not None:
        return _told(demand, *_best_within(demand, count, chosen, capacity, exact=exact), capacity)
    if _covered(demand, chosen) == total:
        return _told(demand, chosen, float(total), "optimal")
    return _told(demand, *(_proved(demand, count, chosen) if exact else (chosen, float(total), "bound")))


def _best_within(demand: Demand, count: int, chosen: Integers, capacity: int, *, exact: bool) -> tuple[Integers, float, Proof]:
    """Return a choice of venues that serve no more than ``capacity`` each, from a good choice; no bound is higher than without capacities."""
    bound = float(min(int(demand.households.sum()), count * capacity))
    if exact and _covered(demand, chosen, capacity) < bound:
        without, most, _ = _proved(demand, count, chosen)
        bound = min(bound, most)
        chosen = max((chosen, without), key=lambda each: _covered(demand, each, capacity))
    covered = _covered(demand, chosen, capacity)
    if covered == bound:
        return chosen, bound, "optimal"
    if not exact or demand.serves.nnz > PAIRS_MAX:
        return chosen, bound, "bound"
    chosen, most, proof = _solve(demand, count, chosen, capacity)
    return chosen, min(bound, most), proof


def fewest_sites(demand: Demand, households: int, *, capacity: int | None = None) -> Sites:
    """Return the fewest candidates that together cover at least so many households (location set covering, Toregas and others 1971).

    Where all of them together do not, the fewest that cover as many as all of them are returned, and ``proof`` is ``unreachable``. ``capacity`` is
    how many households one venue can serve. Raises ``RequestError`` when it is below 1.
    """
    _check_capacity(capacity)
    if households <= 0:
        return NO_SITES
    reachable = _covered(demand, np.arange(demand.candidates), capacity)
    if not reachable:
        return replace(NO_SITES, proof="unreachable")
    wanted = min(households, reachable)
    chosen, bound, proof = _fewest(demand, wanted, None)
    if capacity is not None and _covered(demand, chosen, capacity) < wanted:
        bound = max(bound, float(-(-wanted // capacity)))
        if demand.serves.nnz > PAIRS_MAX:
            chosen = _few_within(demand, wanted, int(bound), capacity)
        else:
            chosen, least, proof = _fewest(demand, wanted, capacity)
            bound = max(bound, least)
        proof = "optimal" if len(chosen) == bound else "bound"
    told = _told(demand, chosen, bound, "unreachable" if households > reachable else proof, capacity)
    return replace(told, gap=max(0.0, 1.0 - bound / len(chosen)))


def _fewest(demand: Demand, wanted: int, capacity: int | None) -> tuple[Integers, float, Proof]:
    """Return the fewest candidates that serve so many households, as HiGHS finds them, the bound and what is proved."""
    model = _model(demand, capacity)
    cost = np.zeros(model.num_col_)
    cost[: demand.candidates] = 1.0
    served = np.concatenate((np.zeros(demand.candidates), _worth(demand, model, capacity)))
    found = _run(model, cost, minimise=True, row=(served, float(wanted), highspy.kHighsInf))
    if found is None:
        return np.arange(demand.candidates), 1.0, "bound"
    values, bound, optimal = found
    return np.flatnonzero(values[: demand.candidates] > 0.5), float(np.ceil(bound - 1e-6)), "optimal" if optimal else "bound"


def _few_within(demand: Demand, wanted: int, least: int, capacity: int) -> Integers:
    """Return few candidates that serve so many households within their capacity: good choices of more and more, halving the distance each time."""
    low, high, best = least, demand.candidates, np.arange(demand.candidates)
    while low < high:
        number = (low + high) // 2
        chosen = _greedy(demand, number)
        if _covered(demand, chosen, capacity) >= wanted:
            best, high = chosen, number
        else:
            low = number + 1
    return best


def _check_capacity(capacity: int | None) -> None:
    if capacity is not None and capacity < 1:
        raise RequestError("sites_capacity_senseless", value=capacity)


def _told(demand: Demand, chosen: Integers, bound: float, proof: Proof, capacity: int | None = None) -> Sites:
    """Put candidates in order, each with the households that it adds or serves."""
    if capacity is None:
        order, serves = _by_gain(demand, chosen)
    else:
        flows = _flows(demand, chosen, capacity)
        order = sorted(range(len(flows)), key=lambda place: -flows[place])
        serves = [flows[place] for place in order]
    covered = sum(serves)
    gap = max(0.0, (bound - covered) / bound) if bound else 0.0
    return Sites(tuple(int(chosen[place]) for place in order), tuple(serves), covered, bound, proof, gap)


def _by_gain(demand: Demand, chosen: Integers) -> tuple[list[int], list[int]]:
    """Return the places in ``chosen`` in the order in which each adds most to those before it, and how many households it adds."""
    left, served = list(range(len(chosen))), np.zeros(len(demand.households), dtype=bool)
    columns = demand.serves.tocsc()
    rows = [_rows_of(columns, int(each)) for each in chosen]
    order, gains = [], []
    while left:
        adds = [int(demand.households[rows[place]][~served[rows[place]]].sum()) for place in left]
        best = int(np.argmax(adds))
        order.append(left.pop(best))
        gains.append(adds[best])
        served[rows[order[-1]]] = True
    return order, gains


def _rows_of(columns: Any, candidate: int) -> Integers:
    return np.asarray(columns.indices[columns.indptr[candidate] : columns.indptr[candidate + 1]], dtype=np.int64)


def _covered(demand: Demand, chosen: Integers, capacity: int | None = None) -> int:
    """Return the households that ``chosen`` can serve together."""
    if capacity is not None:
        return sum(_flows(demand, chosen, capacity))
    served: Mask = np.asarray(demand.serves[:, chosen].sum(axis=1) > 0).ravel()
    return int(demand.households[served].sum())


def _flows(demand: Demand, chosen: Integers, capacity: int) -> list[int]:
    """Return how many households each of ``chosen`` serves where none serves more than ``capacity`` and together they serve most: a largest flow."""
    pairs = demand.serves[:, chosen].tocoo()
    homes, venues = demand.serves.shape[0], len(chosen)
    goal = homes + venues + 1
    tail = np.concatenate((np.zeros(homes, dtype=np.int64), pairs.row + 1, homes + 1 + np.arange(venues)))
    head = np.concatenate((1 + np.arange(homes), homes + 1 + pairs.col, np.full(venues, goal)))
    room = np.concatenate((demand.households, demand.households[pairs.row], np.full(venues, min(capacity, int(demand.households.sum())))))
    flow = maximum_flow(sp.csr_array((room.astype(np.int32), (tail, head)), shape=(goal + 1, goal + 1)), 0, goal).flow.tocsr()
    return [int(each) for each in flow[[goal]].toarray()[0, homes + 1 : goal] * -1]


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
    more, top, proof = _solve(rest, count - len(taken), start, None)
    covered = _covered(rest, more)
    if base + covered > least:
        chosen, least = np.concatenate((taken, left[more])), base + covered
    return chosen, min(max(float(least), base + top), float(np.floor(bound))), proof


def _model(demand: Demand, capacity: int | None) -> Any:
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
    return lp


def _worth(demand: Demand, model: Any, capacity: int | None) -> npt.NDArray[np.float64]:
    """Return the households that one unit of each share or flow of the model stands for."""
    return np.asarray(demand.households, dtype=np.float64) if capacity is None else np.ones(model.num_col_ - demand.candidates)


def _run(
    model: Any, cost: npt.NDArray[np.float64], *, minimise: bool, row: tuple[npt.NDArray[np.float64], float, float], start: Any = None
) -> tuple[npt.NDArray[np.float64], float, bool] | None:
    """Return the best values, the bound and whether it is met; None when the search ended without any."""
    highs = highspy.Highs()
    for name, value in (("output_flag", False), ("threads", 1), ("mip_rel_gap", 0.0), ("mip_abs_gap", 0.999), ("mip_max_nodes", NODES_MAX)):
        highs.setOptionValue(name, value)
    model.col_cost_ = cost
    model.sense_ = highspy.ObjSense.kMinimize if minimise else highspy.ObjSense.kMaximize
    highs.passModel(model)
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


def _solve(demand: Demand, count: int, chosen: Integers, capacity: int | None) -> tuple[Integers, float, Proof]:
    """Return the best choice that HiGHS finds, at least as good as ``chosen``, the bound and what is proved."""
    model = _model(demand, capacity)
    candidates, columns = demand.candidates, model.num_col_
    cost, pick = np.zeros(columns), np.zeros(columns)
    cost[candidates:] = _worth(demand, model, capacity)
    pick[:candidates] = 1.0
    start = None
    if capacity is None:
        start = np.zeros(columns)
        start[chosen] = 1.0
        start[candidates:] = np.asarray(demand.serves[:, chosen].sum(axis=1) > 0).ravel()
    found = _run(model, cost, minimise=False, row=(pick, 0.0, float(count)), start=start)
    if found is None:
        return chosen, float(demand.households.sum()), "bound"
    values, bound, optimal = found
    best = np.flatnonzero(values[:candidates] > 0.5)
    covered, before = (_covered(demand, each, capacity) for each in (best, chosen))
    if optimal:
        return best, float(covered), "optimal"
    return best if covered > before else chosen, float(np.floor(bound + 1e-6)), "bound"

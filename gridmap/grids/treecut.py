"""The exact cut of a spanning tree into parts within bounds, and random trees to cut.

A tree over atoms is cut along some of its edges so that every part holds a number of households within the bounds, at the least cost: a knapsack over
the households of the part that is still open at each atom, from the leaves to the root. The number of parts is free. A part outside the bounds is not
forbidden but dear, so there is always an answer, and it is the best one for that tree.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridmap.grids.chance import Words, uniform
from gridmap.grids.graph import CommunityGraph, Floats, Ints
from gridmap.kernels import kernel, lean_kernel

NONE = -1


class Net(NamedTuple):
    """A community's graph as the kernels read it: rows of neighbours, ``cut_dm`` and ``pull`` (how gladly a tree follows it) for each of them.

    ``earlier`` is the code of each atom's grid in an earlier plan, -1 for none.
    """

    households: Ints
    compound: Ints
    earlier: Ints
    indptr: Ints
    easy_end: Ints
    crossable_end: Ints
    indices: Ints
    cut_dm: Ints
    pull: Floats


class Tree(NamedTuple):
    """A spanning tree over the atoms ``nodes[:m]``: their positions in the order of growth, each one's parent (position, -1 for the root), and what
    it costs to cut there.

    ``place`` says at which position of ``nodes`` each atom of the net stands, -1 for those outside.
    """

    nodes: Ints
    place: Ints
    order: Ints
    rank: Ints
    parent: Ints
    link: Ints
    cost: Floats
    key: Floats
    front: Ints


def net_of(graph: CommunityGraph, earlier: Ints | None = None) -> Net:
    """Return ``graph`` as the kernels read it."""
    rows = np.repeat(np.arange(len(graph)), np.diff(graph.indptr))
    same = (graph.compound[rows] == graph.compound[graph.indices]) & (graph.compound[rows] >= 0)
    # A tree that runs inside compounds and crosses no barrier where it can do without keeps both in whole branches.
    pull = np.sqrt(1.0 + graph.cut_dm[graph.edges] + np.where(same, graph.split_dm, 0))
    pull[graph.barrier[graph.edges]] = 0.5
    return Net(
        graph.households,
        graph.compound,
        np.full(len(graph), NONE, np.int64) if earlier is None else np.ascontiguousarray(earlier, np.int64),
        graph.indptr,
        graph.easy_end,
        graph.crossable_end,
        graph.indices,
        graph.cut_dm[graph.edges],
        pull,
    )


def renumbered(net: Net, order: Ints) -> Net:
    """Return ``net`` with its atoms in another ``order``."""
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    indptr = np.concatenate(([0], np.cumsum(np.diff(net.indptr)[order])))
    shift = indptr[:-1] - net.indptr[order]
    pairs = np.arange(indptr[-1]) - np.repeat(shift, np.diff(indptr))
    return Net(
        net.households[order], net.compound[order], net.earlier[order], indptr, net.easy_end[order] + shift, net.crossable_end[order] + shift,
        rank[net.indices[pairs]], net.cut_dm[pairs], net.pull[pairs],
    )  # fmt: skip


def empty_tree(count: int) -> Tree:
    """Return room for trees over up to ``count`` atoms."""
    ints = [np.full(count, NONE, np.int64) for _ in range(6)]
    return Tree(*ints, np.zeros(count), np.zeros(count), np.zeros(count, np.int64))


@lean_kernel
def grow_tree(net: Net, tree: Tree, count: int, sharpness: int, state: Words) -> int:
    """Grow a random tree over ``tree.nodes[:count]`` from a random atom, following pairs by chance times ``pull`` to the power ``sharpness`` (0, 1,
    2).

    Returns how many atoms it reached; fewer than ``count`` when they are not connected.
    """
    for i in range(count):
        tree.rank[i] = NONE
        tree.key[i] = -1.0
    reached, waiting, at = 0, 0, int(uniform(state) * count)
    tree.parent[at] = NONE
    while True:
        tree.rank[at] = reached
        tree.order[reached] = at
        reached += 1
        atom = tree.nodes[at]
        for e in range(net.indptr[atom], net.crossable_end[atom]):
            beside = tree.place[net.indices[e]]
            if beside >= 0 and tree.rank[beside] == NONE:
                key = uniform(state) + 1e-12
                for _ in range(sharpness):
                    key *= net.pull[e]
                if key > tree.key[beside]:
                    if tree.key[beside] < 0.0:
                        tree.front[waiting] = beside
                        waiting += 1
                    tree.key[beside] = key
                    tree.parent[beside] = at
                    tree.link[beside] = e
        if waiting == 0:
            return reached
        best = 0
        for i in range(1, waiting):
            if tree.key[tree.front[i]] > tree.key[tree.front[best]]:
                best = i
        at = tree.front[best]
        waiting -= 1
        tree.front[best] = tree.front[waiting]


@lean_kernel
def price_links(net: Net, tree: Tree, count: int, split_dm: int, barrier_dm: int) -> None:
    """Set ``tree.cost`` of every atom but the root to what it costs to cut its branch off: the whole border of the branch, compounds and barriers.

    Exact for the border when one link is cut. A link within a compound is taken to split it, a link over a barrier to save the crossing; trees that
    follow ``pull`` make that nearly true.
    """
    for i in range(count):
        tree.cost[i] = 0.0
    for i in range(count):
        atom = tree.nodes[i]
        for e in range(net.indptr[atom], net.indptr[atom + 1]):
            j = tree.place[net.indices[e]]
            if j > i:
                border = float(net.cut_dm[e])
                a, b = i, j
                while a != b:
                    if tree.rank[a] > tree.rank[b]:
                        a = tree.parent[a]
                    else:
                        b = tree.parent[b]
                tree.cost[i] += border
                tree.cost[j] += border
                tree.cost[a] -= 2.0 * border
    for t in range(count - 1, 0, -1):
        i = tree.order[t]
        tree.cost[tree.parent[i]] += tree.cost[i]
    for t in range(1, count):
        i = tree.order[t]
        atom, above, e = tree.nodes[i], tree.nodes[tree.parent[i]], tree.link[i]
        if net.compound[atom] >= 0 and net.compound[atom] == net.compound[above]:
            tree.cost[i] += split_dm
        if e >= net.easy_end[above]:
            tree.cost[i] -= barrier_dm


@kernel
def closing_costs(minimum: int, maximum: int, target: int, unevenness_dm: int, violation_dm: float) -> Floats:
    """Return what a part of 0, 1, 2 ... households costs by its number alone, float64.

    The table ends where two parts below the minimum break the bounds less than one above the maximum.
    """
    last = max(maximum, minimum + maximum // 2)
    closing = np.empty(last + 1)
    for x in range(last + 1):
        closing[x] = unevenness_dm * abs(x - target) + violation_dm * (max(0, minimum - x) + max(0, x - maximum))
    return closing


@kernel
def cut_tree(order: Ints, parent: Ints, households: Ints, cost: Floats, closing: Floats, part: Ints) -> float:  # noqa: C901 - one compiled loop; calls inside it would cost
    """Cut a tree at the least sum of ``cost`` over the links cut and of ``closing`` over the parts; return the sum.

    ``order`` lists the positions of the atoms, parents first; ``parent``, ``households`` and ``cost`` are by position, ``cost[i]`` for cutting the
    link from i to its parent. ``closing[x]`` is the cost of a part of x households; larger parts are not allowed, and no atom may be larger. ``part``
    receives the number of each atom's part, 0, 1, 2 ...; it is int64 by position. Exact up to the rounding of float64 sums.

    Memory: two tables over the households of the open part for each atom, only as long as its branch is heavy.
    """
    count, last = len(order), len(closing) - 1
    weight = np.empty(count, np.int64)
    table = np.empty(count + 1, np.int64)
    before = np.empty(count, np.int64)
    for i in range(count):
        weight[i] = households[i]
    room = 0
    for t in range(count - 1, 0, -1):
        i, above = order[t], parent[order[t]]
        before[i] = room
        room += min(last, weight[above]) - households[above] + 1
        weight[above] += weight[i]
    for i in range(count):
        table[i] = room
        room += min(last, weight[i]) - households[i] + 1
    open_cost = np.full(room, np.inf)
    closed = np.empty(count)
    closed_at = np.empty(count, np.int64)
    for i in range(count):
        weight[i] = households[i]
        open_cost[table[i]] = 0.0

    for t in range(count - 1, -1, -1):
        i = order[t]
        least, least_at = np.inf, 0
        span = min(last, weight[i]) - households[i] + 1
        for s in range(span):
            whole = open_cost[table[i] + s] + closing[households[i] + s]
            if whole < least:
                least, least_at = whole, households[i] + s
        closed[i] = least
        closed_at[i] = least_at
        if t == 0:
            break
        above = parent[i]
        old = min(last, weight[above]) - households[above] + 1
        weight[above] += weight[i]
        new = min(last, weight[above]) - households[above] + 1
        base, keep = table[above], before[i]
        apart = least + cost[i]
        for s in range(old):
            open_cost[keep + s] = open_cost[base + s]
            open_cost[base + s] += apart
        for y in range(span):
            joined = open_cost[table[i] + y]
            if joined < np.inf:
                shift = households[i] + y
                # The inner loop of it all, left simple so that it becomes vector instructions.
                for s in range(min(old, new - shift)):
                    together = open_cost[keep + s] + joined
                    if together < open_cost[base + shift + s]:
                        open_cost[base + shift + s] = together

    root = order[0]
    current = np.empty(count, np.int64)
    current[root] = closed_at[root]
    if not _walk_back(order, parent, households, cost, closed, closed_at, (weight, table, before), open_cost, last, current, part):
        return np.inf
    return closed[root]


@kernel
def _walk_back(
    order: Ints,
    parent: Ints,
    households: Ints,
    cost: Floats,
    closed: Floats,
    closed_at: Ints,
    tables: tuple[Ints, Ints, Ints],
    open_cost: Floats,
    last: int,
    current: Ints,
    part: Ints,
) -> bool:
    """Find which links the best sum cut. An atom's children are undone in the opposite order of their merging, each from the copy made before it."""
    weight, table, before = tables
    value = np.empty(len(order))
    root = order[0]
    value[root] = open_cost[table[root] + current[root] - households[root]]
    part[root] = 0
    parts = 1
    for t in range(1, len(order)):
        i = order[t]
        above = parent[i]
        at, keep = current[above] - households[above], before[i]
        weight[above] -= weight[i]
        old = min(last, weight[above]) - households[above] + 1
        found = at < old and open_cost[keep + at] + (closed[i] + cost[i]) == value[above]
        if found:
            part[i] = parts
            parts += 1
            current[i] = closed_at[i]
            value[above] = open_cost[keep + at]
        else:
            for y in range(min(last, weight[i]) - households[i] + 1):
                left = at - households[i] - y
                if 0 <= left < old and open_cost[keep + left] + open_cost[table[i] + y] == value[above]:
                    found = True
                    part[i] = part[above]
                    current[i] = households[i] + y
                    current[above] -= current[i]
                    value[above] = open_cost[keep + left]
                    break
        if not found:
            return False
        value[i] = open_cost[table[i] + current[i] - households[i]]
    return True

"""Moves that turn one connected division of a community into another, and the annealing that makes them.

Each move takes a region of one to four neighbouring grids and divides its atoms anew into connected parts: by cutting a random tree over the region,
or by shifting an atom (with whatever hangs on it) from one grid to the next. Every division on the way is connected.
"""

from __future__ import annotations

import numpy as np

from gridmap.grids.chance import Words, below, gumbel, uniform
from gridmap.grids.division import Catch, Division, Limits, Region, gather, keep_parts, outside, price_parts, release, settle
from gridmap.grids.graph import Floats, Ints
from gridmap.grids.treecut import NONE, Net, cut_tree, grow_tree, price_links
from gridmap.kernels import lean_kernel

REGION_GRIDS = 4
"""The most grids that one move divides anew."""
EXCHANGES, SHIFTS, HALVINGS, PAIRS = 0.15, 0.55, 0.96, 0.97
"""Shares of the moves, each with those before it: an atom goes to the next grid and another comes back; one goes; two grids are divided by one cut of
a tree; two grids are taken at all. Trees over more grids find little that pairs do not, and take much longer."""


@lean_kernel
def _pick_region(net: Net, division: Division, region: Region, start: int, wanted: int, state: Words) -> int:
    """List the grid of atom ``start`` and up to ``wanted`` - 1 grids that lie beside those listed; return how many. ``stack[0]`` and ``stack[1]`` are
    left at the crossable pair that led to the last of them."""
    region.grids[0] = division.label[start]
    grids = 1
    for _ in range(8 * wanted):
        if grids == wanted:
            break
        grid = region.grids[below(state, grids)]
        atom = division.head[grid]
        for _ in range(below(state, division.atoms[grid])):
            atom = division.following[atom]
        links = net.crossable_end[atom] - net.indptr[atom]
        if links == 0:
            continue
        beside = net.indices[net.indptr[atom] + below(state, links)]
        known = False
        for g in range(grids):
            known = known or region.grids[g] == division.label[beside]
        if not known:
            region.grids[grids] = division.label[beside]
            region.stack[0], region.stack[1] = atom, beside
            grids += 1
    return grids


@lean_kernel
def _split_in_two(net: Net, limits: Limits, region: Region, count: int, heat: float, violation_dm: float, state: Words) -> int:
    """Cut the tree over the region once or not at all, a Boltzmann draw at temperature ``heat`` among all links; return the number of parts."""
    tree = region.tree
    branch = region.mark
    total = np.int64(0)
    for i in range(count):
        branch[i] = net.households[tree.nodes[i]]
        total += branch[i]
    for t in range(count - 1, 0, -1):
        branch[tree.parent[tree.order[t]]] += branch[tree.order[t]]
    best, best_at = violation_dm * outside(total, limits) - heat * gumbel(state), NONE
    for t in range(1, count):
        i = tree.order[t]
        dear = tree.cost[i] + violation_dm * (outside(branch[i], limits) + outside(total - branch[i], limits))
        # The noise is seldom above 12 times the heat, so most links need no logarithms.
        if dear - 12.0 * heat < best:
            dear -= heat * gumbel(state)
            if dear < best:
                best, best_at = dear, t
    for i in range(count):
        region.part[i] = 0
    if best_at == NONE:
        return 1
    region.part[tree.order[best_at]] = 1
    for t in range(best_at + 1, count):
        if region.part[tree.parent[tree.order[t]]] == 1:
            region.part[tree.order[t]] = 1
    return 2


@lean_kernel
def _split_in_many(net: Net, region: Region, count: int, closing: Floats, heat: float, state: Words) -> int:
    """Cut the tree over the region at best, with some noise; return the number of parts."""
    tree = region.tree
    households = region.mark[:count]
    for i in range(count):
        households[i] = net.households[tree.nodes[i]]
        tree.cost[i] -= heat * gumbel(state)
    total = cut_tree(tree.order[:count], tree.parent[:count], households, tree.cost, closing, region.part)
    if total == np.inf:
        return 0
    parts = 0
    for i in range(count):
        parts = max(parts, region.part[i] + 1)
    return parts


@lean_kernel
def _shift(net: Net, region: Region, count: int, at: int, target: int) -> bool:
    """Move the atom at position ``at`` to part ``target``, with all that its part would lose hold of but the piece with most households.

    Returns whether anything is left of the part that it came from.
    """
    tree, source = region.tree, region.part[at]
    for i in range(count):
        region.mark[i] = 0
    region.part[at] = target
    pieces, best, best_weight = 0, 0, NONE
    atom = tree.nodes[at]
    for e in range(net.indptr[atom], net.crossable_end[atom]):
        start = tree.place[net.indices[e]]
        if start < 0 or region.part[start] != source or region.mark[start] != 0:
            continue
        pieces += 1
        region.mark[start] = pieces
        region.stack[0] = start
        top, weight = 1, 0
        while top > 0:
            top -= 1
            other = tree.nodes[region.stack[top]]
            weight += net.households[other]
            for f in range(net.indptr[other], net.crossable_end[other]):
                j = tree.place[net.indices[f]]
                if j >= 0 and region.part[j] == source and region.mark[j] == 0:
                    region.mark[j] = pieces
                    region.stack[top] = j
                    top += 1
        if weight > best_weight:
            best, best_weight = pieces, weight
    for i in range(count):
        if region.part[i] == source and region.mark[i] != best:
            region.part[i] = target
    return pieces > 0


@lean_kernel
def _shift_back(net: Net, region: Region, count: int, state: Words) -> None:
    """After part 1 has gained, give an atom on its border back to part 0: the first of a random order that can go."""
    start = below(state, count)
    for step in range(count):
        i = (start + step) % count
        if region.part[i] != 1:
            continue
        atom = region.tree.nodes[i]
        for e in range(net.indptr[atom], net.crossable_end[atom]):
            j = region.tree.place[net.indices[e]]
            if j >= 0 and region.part[j] == 0:
                _shift(net, region, count, i, np.int64(0))
                return


@lean_kernel
def _accept(region: Region, division: Division, limits: Limits, grids: int, parts: int, heat: float, violation_dm: float, state: Words) -> bool:
    """Decide by Metropolis' rule whether the new parts replace the old grids."""
    gain = 0.0
    for g in range(grids):
        label = region.grids[g]
        gain += 0.5 * division.cost[label] + violation_dm * outside(division.households[label], limits)
    for p in range(parts):
        gain -= 0.5 * region.part_cost[p] + violation_dm * outside(region.part_households[p], limits)
    return gain >= 0.0 or (heat > 0.0 and uniform(state) < np.exp(gain / heat))


@lean_kernel
def _propose(
    net: Net, limits: Limits, division: Division, region: Region, start: int, closing: Floats, heat: float, violation_dm: float, state: Words
) -> tuple[int, int, int]:
    """Lay out a region around atom ``start`` and divide it anew; return (grids, atoms, parts), parts 0 when nothing came of it."""
    choice = uniform(state)
    wanted = 2 if choice < PAIRS else 3 + below(state, REGION_GRIDS - 2)
    grids = _pick_region(net, division, region, start, wanted, state)
    from_atom, to_atom = region.stack[0], region.stack[1]
    count = gather(division, region, grids)
    if choice < SHIFTS and grids == 2:
        at, other = region.tree.place[from_atom], region.tree.place[to_atom]
        if uniform(state) < 0.5:
            at, other = other, at
        target = region.part[other]
        if not _shift(net, region, count, at, target):
            for i in range(count):
                region.part[i] = 0
            return grids, count, 1
        if choice < EXCHANGES:
            if target == 0:
                for i in range(count):
                    region.part[i] = 1 - region.part[i]
                region.grids[0], region.grids[1] = region.grids[1], region.grids[0]
            _shift_back(net, region, count, state)
            both = 0
            for i in range(count):
                both += region.part[i]
            if both == 0 or both == count:
                return grids, count, 0
        return grids, count, 2
    if grow_tree(net, region.tree, count, below(state, 3), state) < count:
        return grids, count, 0
    price_links(net, region.tree, count, limits.split_dm, limits.barrier_dm)
    if choice < HALVINGS and grids == 2:
        return grids, count, _split_in_two(net, limits, region, count, heat, violation_dm, state)
    return grids, count, _split_in_many(net, region, count, closing, heat, state)


@lean_kernel
def anneal(
    net: Net,
    limits: Limits,
    division: Division,
    region: Region,
    catch: Catch,
    best: Ints,
    best_score: Ints,
    closing: Floats,
    steps: int,
    heat: float,
    violation_dm: float,
    tolerance: int,
    focus: float,
    state: Words,
) -> None:
    """Make ``steps`` moves at temperature ``heat`` (decimetres), a household outside the bounds costing ``violation_dm``.

    Grids met with at most ``tolerance`` households outside the bounds are remembered. A share ``focus`` of the moves starts at grids that were
    outside the bounds at the beginning and still are.

    ``best`` and ``best_score`` (violation, twice the cost) keep the best division met: fewest households outside, then least cost.
    """
    count = len(net.households)
    pause, waited = count // 64, count
    faulty = region.faulty
    faults = 0
    for label in range(count):
        if division.head[label] >= 0 and outside(division.households[label], limits) > 0:
            faulty[faults] = label
            faults += 1
    for step in range(steps):
        start = below(state, count)
        if faults > 0 and uniform(state) < focus:
            label = faulty[below(state, faults)]
            if division.head[label] >= 0 and outside(division.households[label], limits) > 0:
                start = division.head[label]
        grids, atoms, parts = _propose(net, limits, division, region, start, closing, heat, violation_dm, state)
        if parts > 0:
            price_parts(net, limits, region, atoms, parts)
            keep_parts(region, catch, limits, tolerance, atoms, parts)
            if _accept(region, division, limits, grids, parts, heat, violation_dm, state):
                settle(division, region, limits, atoms, grids, parts)
        release(region, atoms)
        waited += 1
        if waited > pause or step == steps - 1:
            violation, cost = division.tally[1], division.tally[2]
            if violation < best_score[0] or (violation == best_score[0] and cost < best_score[1]):
                best_score[0], best_score[1] = violation, cost
                for atom in range(count):
                    best[atom] = division.label[atom]
                waited = 0

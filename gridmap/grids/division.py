"""A division of a part into grids as it is being changed: what its grids hold and cost, and how some of them give way to others.

A grid's cost depends on its own atoms alone. Costs are kept twice as large as they are, since a border is shared by two grids.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridmap.grids.chance import Words
from gridmap.grids.graph import Ints
from gridmap.grids.treecut import NONE, Net, Tree, empty_tree
from gridmap.kernels import lean_kernel


class Limits(NamedTuple):
    """The bounds and middle of a grid, in households, and the costs of :class:`gridmap.grids.graph.CommunityGraph`, in decimetres."""

    minimum: int
    maximum: int
    target: int
    barrier_dm: int
    split_dm: int
    unevenness_dm: int
    moved_dm: int


class Division(NamedTuple):
    """A division into grids as it is being changed. By atom: ``label``, and the ``following`` and ``preceding`` atom of its grid.

    By label: ``head`` (first atom, -1 when the label is free), ``atoms``, ``households`` and ``cost`` (twice the grid's cost in decimetres, since a
    border is shared by two grids). ``free`` is a stack of free labels. ``tally``: number of free labels, violation in households, twice the cost of
    all.
    """

    label: Ints
    following: Ints
    preceding: Ints
    head: Ints
    atoms: Ints
    households: Ints
    cost: Ints
    free: Ints
    tally: Ints


class Region(NamedTuple):
    """The atoms of the grids that a move divides anew, with room for the new parts.

    ``grids``: labels of the old grids. ``part``: the new part of each atom, by position. ``part_households`` and ``part_cost`` (twice, as above): by
    part. ``mark`` and ``stack``: room by position. ``compound_seen`` and ``earlier_households``: room by code.
    """

    tree: Tree
    grids: Ints
    part: Ints
    part_households: Ints
    part_cost: Ints
    mark: Ints
    stack: Ints
    faulty: Ints
    compound_seen: Ints
    earlier_households: Ints


class Catch(NamedTuple):
    """Every grid within the bounds (or not far outside) that a search met, each once.

    Grid c holds ``atoms[start[c]:start[c + 1]]`` and costs ``cost[c]`` (twice, as above). ``table`` finds grids by ``hashes``; ``codes`` are random
    words by atom. ``count[0]`` is the number of grids.
    """

    atoms: Ints
    start: Ints
    cost: Ints
    households: Ints
    hashes: Words
    table: Ints
    codes: Words
    count: Ints


def empty_division(count: int) -> Division:
    """Return room for a division of ``count`` atoms."""
    return Division(*[np.full(count, NONE, np.int64) for _ in range(8)], np.zeros(3, np.int64))


def empty_region(net: Net) -> Region:
    """Return room for regions of up to all atoms of ``net``."""
    count = len(net.households)
    rooms = [np.zeros(count, np.int64) for _ in range(6)]
    codes = [np.full(int(values.max(initial=0)) + 1, fill, np.int64) for values, fill in ((net.compound, NONE), (net.earlier, 0))]
    return Region(empty_tree(count), np.zeros(count, np.int64), *rooms, *codes)


def empty_catch(count: int, grids: int, atoms: int) -> Catch:
    """Return room for ``grids`` grids with ``atoms`` atoms together, of a community of ``count`` atoms."""
    codes = np.random.SeedSequence(count).generate_state(count, np.uint64)
    slots = 1 << max(4, int(2 * grids).bit_length())
    start, cost, households = (np.zeros(grids + 1, np.int64) for _ in range(3))
    hashes, table = np.zeros(grids, np.uint64), np.full(slots, NONE, np.int64)
    return Catch(np.zeros(atoms, np.int64), start, cost, households, hashes, table, codes, np.zeros(1, np.int64))


@lean_kernel
def outside(households: int, limits: Limits) -> int:
    """Return how many households are below the minimum or above the maximum."""
    return max(0, limits.minimum - households) + max(0, households - limits.maximum)


@lean_kernel
def arithmetic_violation(households: int, minimum: int, maximum: int) -> int:
    """Return the fewest households outside the bounds when ``households`` are divided freely into grids.

    >>> [arithmetic_violation(households, 250, 300) for households in (0, 100, 275, 310, 412, 600, 640)]
    [250, 150, 0, 10, 88, 0, 40]
    """
    fewest = max(1, households // maximum)
    outside_fewest = max(fewest * minimum - households, households - fewest * maximum)
    # One grid more has room for all.
    return max(0, min(outside_fewest, (fewest + 1) * minimum - households))


@lean_kernel
def price_parts(net: Net, limits: Limits, region: Region, count: int, parts: int) -> None:
    """Set ``part_households`` and ``part_cost`` of all parts of ``region``: borders, compounds, barriers, unevenness and moved households."""
    tree = region.tree
    for p in range(parts):
        region.part_households[p] = 0
        region.part_cost[p] = 0
    for i in range(count):
        atom, p = tree.nodes[i], region.part[i]
        region.part_households[p] += net.households[atom]
        for e in range(net.indptr[atom], net.indptr[atom + 1]):
            j = tree.place[net.indices[e]]
            if j < 0 or region.part[j] != p:
                region.part_cost[p] += net.cut_dm[e]
    for p in range(parts):
        if limits.unevenness_dm:
            region.part_cost[p] += 2 * limits.unevenness_dm * abs(region.part_households[p] - limits.target)
        if limits.split_dm:
            region.part_cost[p] += 2 * limits.split_dm * _compounds_touched(net, region, count, p)
        if limits.moved_dm:
            region.part_cost[p] += 2 * limits.moved_dm * _households_moved(net, region, count, p)
    if limits.barrier_dm:
        _price_barriers(net, limits, region, count, parts)


@lean_kernel
def price_sets(net: Net, limits: Limits, region: Region, atoms: Ints, start: Ints, cost: Ints) -> None:
    """Set ``cost[s]`` to twice the cost of the grid ``atoms[start[s]:start[s + 1]]``."""
    one = np.int64(1)
    for s in range(len(start) - 1):
        count = start[s + 1] - start[s]
        for i in range(count):
            atom = atoms[start[s] + i]
            region.tree.nodes[i] = atom
            region.tree.place[atom] = i
            region.part[i] = 0
        price_parts(net, limits, region, count, one)
        cost[s] = region.part_cost[0]
        release(region, count)


@lean_kernel
def _compounds_touched(net: Net, region: Region, count: int, part: int) -> int:
    touched = 0
    for i in range(count):
        if region.part[i] == part:
            compound = net.compound[region.tree.nodes[i]]
            if compound >= 0 and region.compound_seen[compound] != part:
                region.compound_seen[compound] = part
                touched += 1
    for i in range(count):
        compound = net.compound[region.tree.nodes[i]]
        if compound >= 0:
            region.compound_seen[compound] = NONE
    return touched


@lean_kernel
def _households_moved(net: Net, region: Region, count: int, part: int) -> int:
    known, most = 0, 0
    for i in range(count):
        atom = region.tree.nodes[i]
        if region.part[i] == part and net.earlier[atom] >= 0:
            known += net.households[atom]
            region.earlier_households[net.earlier[atom]] += net.households[atom]
            most = max(most, region.earlier_households[net.earlier[atom]])
    for i in range(count):
        if net.earlier[region.tree.nodes[i]] >= 0:
            region.earlier_households[net.earlier[region.tree.nodes[i]]] = 0
    return known - most


@lean_kernel
def _price_barriers(net: Net, limits: Limits, region: Region, count: int, parts: int) -> None:
    """Add the barrier crossings of every part: pieces that it falls into when no barrier may be crossed, less one."""
    tree = region.tree
    for i in range(count):
        region.mark[i] = 0
    for p in range(parts):
        region.part_cost[p] -= 2 * limits.barrier_dm
    for start in range(count):
        if region.mark[start] == 0:
            p = region.part[start]
            region.part_cost[p] += 2 * limits.barrier_dm
            region.mark[start] = 1
            region.stack[0] = start
            top = 1
            while top > 0:
                top -= 1
                atom = tree.nodes[region.stack[top]]
                for e in range(net.indptr[atom], net.easy_end[atom]):
                    j = tree.place[net.indices[e]]
                    if j >= 0 and region.mark[j] == 0 and region.part[j] == p:
                        region.mark[j] = 1
                        region.stack[top] = j
                        top += 1


@lean_kernel
def gather(division: Division, region: Region, grids: int) -> int:
    """Lay out the atoms of the grids ``region.grids[:grids]``, each grid one part; return how many atoms."""
    count = 0
    for g in range(grids):
        atom = division.head[region.grids[g]]
        while atom >= 0:
            region.tree.nodes[count] = atom
            region.tree.place[atom] = count
            region.part[count] = g
            count += 1
            atom = division.following[atom]
    return count


@lean_kernel
def release(region: Region, count: int) -> None:
    """Forget the atoms laid out."""
    for i in range(count):
        region.tree.place[region.tree.nodes[i]] = NONE


@lean_kernel
def settle(division: Division, region: Region, limits: Limits, count: int, grids: int, parts: int) -> None:
    """Put the parts of ``region`` in the place of its grids."""
    for g in range(grids):
        label = region.grids[g]
        division.tally[1] -= outside(division.households[label], limits)
        division.tally[2] -= division.cost[label]
        division.head[label] = NONE
        division.atoms[label] = 0
        if g >= parts:
            division.free[division.tally[0]] = label
            division.tally[0] += 1
    for p in range(grids, parts):
        division.tally[0] -= 1
        region.grids[p] = division.free[division.tally[0]]
        division.head[region.grids[p]] = NONE
        division.atoms[region.grids[p]] = 0
    for i in range(count):
        atom, label = region.tree.nodes[i], region.grids[region.part[i]]
        division.label[atom] = label
        division.preceding[atom] = NONE
        division.following[atom] = division.head[label]
        if division.head[label] >= 0:
            division.preceding[division.head[label]] = atom
        division.head[label] = atom
        division.atoms[label] += 1
    for p in range(parts):
        label = region.grids[p]
        division.households[label] = region.part_households[p]
        division.cost[label] = region.part_cost[p]
        division.tally[1] += outside(region.part_households[p], limits)
        division.tally[2] += region.part_cost[p]


@lean_kernel
def lay(net: Net, limits: Limits, division: Division, region: Region, labels: Ints) -> None:
    """Set ``division`` to the connected grids of ``labels`` (numbers from 0 upwards, without a gap)."""
    count, parts, none = len(labels), np.int64(0), np.int64(0)
    for atom in range(count):
        region.tree.nodes[atom] = atom
        region.tree.place[atom] = atom
        region.part[atom] = labels[atom]
        parts = max(parts, labels[atom] + 1)
        division.free[atom] = count - 1 - atom
    division.tally[0] = count
    division.tally[1] = 0
    division.tally[2] = 0
    price_parts(net, limits, region, count, parts)
    settle(division, region, limits, count, none, parts)
    release(region, count)


@lean_kernel
def keep_parts(region: Region, catch: Catch, limits: Limits, tolerance: int, count: int, parts: int) -> None:
    """Remember the parts with at most ``tolerance`` households outside the bounds, unless they are known or there is no room."""
    for p in range(parts):
        if outside(region.part_households[p], limits) > tolerance:
            continue
        size, hashed = 0, np.uint64(0)
        for i in range(count):
            if region.part[i] == p:
                hashed ^= catch.codes[region.tree.nodes[i]]
                size += 1
        known = catch.count[0]
        if known >= len(catch.hashes) or catch.start[known] + size > len(catch.atoms):
            return
        slot = np.int64(hashed % np.uint64(len(catch.table)))
        while catch.table[slot] >= 0 and catch.hashes[catch.table[slot]] != hashed:
            slot = (slot + 1) % len(catch.table)
        if catch.table[slot] >= 0:
            continue
        catch.table[slot] = known
        catch.hashes[known] = hashed
        catch.cost[known] = region.part_cost[p]
        catch.households[known] = region.part_households[p]
        end = catch.start[known]
        for i in range(count):
            if region.part[i] == p:
                catch.atoms[end] = region.tree.nodes[i]
                end += 1
        catch.start[known + 1] = end
        catch.count[0] += 1

"""The graph of one community: its atoms, which of them lie side by side, and what a border between two grids costs.

Everything is counted in integers, so that a cost that is updated equals one that is computed anew: households, and decimetres of border weighted by
the rules. A plan's cost is the sum of its grids' costs, each of which depends on that grid's atoms alone; the search, the recombination of grids and
every proof rest on that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from gridmap.rules import Rules, Weights

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Truths = npt.NDArray[np.bool_]

DM_PER_M = 10
BARRIERS = ("arterial", "railway", "expressway", "river")
"""Separators that a grid should not reach across."""


class Score(NamedTuple):
    """How good a plan is; less is better, and households outside the bounds come first, absolutely."""

    violation_households: int
    objective_dm: int


@dataclass(frozen=True, eq=False)
class CommunityGraph:
    """The atoms of one community, without the dedicated ones, as arrays.

    ``atom_ids``: the n atoms in order. ``households``: int64[n]. ``compound``: int64[n], a code for each compound (小区), -1 for none.

    Pairs of atoms that lie side by side, each once: ``first`` and ``second`` (int64[m], positions of atoms, first < second), ``crossable`` (bool[m]),
    ``barrier`` (bool[m], crossable, but only over an arterial, railway, expressway or river), ``shared_dm`` (int64[m], common border) and ``cut_dm``
    (int64[m], what a border between two grids costs there).

    The same pairs from each atom's side, in compressed rows: atom i has the neighbours ``indices[indptr[i]:indptr[i + 1]]`` over the pairs
    ``edges[...]`` (int64). Those before ``easy_end[i]`` are reached without crossing a barrier, those before ``crossable_end[i]`` over one; the
    others count for the border but never hold a grid together.

    The other costs: ``barrier_dm`` for each barrier crossing that a grid needs to hold together, ``split_dm`` for each grid beyond the first that a
    compound is divided among, ``unevenness_dm`` for each household off the middle of the bounds, ``moved_dm`` for each household that leaves its grid
    of an earlier plan.
    """

    community_id: str
    atom_ids: tuple[str, ...]
    households: Ints
    compound: Ints
    first: Ints
    second: Ints
    crossable: Truths
    barrier: Truths
    shared_dm: Ints
    cut_dm: Ints
    indptr: Ints
    easy_end: Ints
    crossable_end: Ints
    indices: Ints
    edges: Ints
    barrier_dm: int
    split_dm: int
    unevenness_dm: int
    moved_dm: int

    def __len__(self) -> int:
        return len(self.households)

    def part(self, atoms: Ints) -> CommunityGraph:
        """Return the graph of the atoms at the positions ``atoms`` alone; borders to the others, which are always cut, are left out."""
        position = np.full(len(self), -1, np.int64)
        position[atoms] = np.arange(len(atoms))
        inside = (position[self.first] >= 0) & (position[self.second] >= 0)
        return graph_of_pairs(
            self.community_id,
            tuple(self.atom_ids[atom] for atom in atoms),
            self.households[atoms],
            self.compound[atoms],
            position[self.first[inside]],
            position[self.second[inside]],
            self.crossable[inside],
            self.barrier[inside],
            self.shared_dm[inside],
            self.cut_dm[inside],
            (self.barrier_dm, self.split_dm, self.unevenness_dm, self.moved_dm),
        )

    def components(self, among: Truths | None = None) -> list[Ints]:
        """Return the positions of the atoms of each part that is connected over crossable pairs of the atoms ``among`` (all, when None).

        The parts come in the order of their first atoms.
        """
        among = np.ones(len(self), np.bool_) if among is None else among
        usable = self.crossable & among[self.first] & among[self.second]
        return _components(len(self), self.first[usable], self.second[usable], among)


def community_graph(atoms: gpd.GeoDataFrame, neighbours: pd.DataFrame, rules: Rules, *, community_id: str = "") -> CommunityGraph:
    """Return the graph of ``atoms``, all of one community and none of them dedicated.

    ``atoms`` is a table as in :class:`gridmap.grids.plan.Plan`, ``neighbours`` the neighbour table; pairs with an atom that is not in ``atoms`` are
    left out. A metre of border between two grids counts ``inner_boundary`` times the factor of what runs along it: ``along_compound`` within a
    compound, else that of the wall, lane, street or arterial; railways, expressways and rivers count like arterials. A grid crosses barriers as often
    as it falls into pieces, less one, when no arterial, railway, expressway or river may be crossed.
    """
    index = atoms.index
    first = index.get_indexer(neighbours["a"])
    second = index.get_indexer(neighbours["b"])
    inside = (first >= 0) & (second >= 0)
    first, second = np.minimum(first, second)[inside].astype(np.int64), np.maximum(first, second)[inside].astype(np.int64)
    compound = pd.factorize(atoms["compound_id"])[0].astype(np.int64)
    shared_m = neighbours["shared_m"].to_numpy(np.float64)[inside]
    separator = neighbours["separator"].to_numpy(dtype=object)[inside]
    crossable = neighbours["crossable"].to_numpy(np.bool_)[inside]
    weights = rules.weights
    same_compound = (compound[first] == compound[second]) & (compound[first] >= 0)
    costs_m = (weights.barrier_crossed, weights.compound_split, weights.unevenness, weights.moved_household)
    border_dm = np.rint(DM_PER_M * weights.inner_boundary * shared_m * _border_factors(separator, same_compound, weights)).astype(np.int64)
    return graph_of_pairs(
        community_id,
        tuple(str(atom) for atom in index),
        atoms["households"].to_numpy(np.int64),
        compound,
        first,
        second,
        crossable,
        crossable & np.isin(separator.astype(str), BARRIERS),
        np.rint(DM_PER_M * shared_m).astype(np.int64),
        border_dm,
        tuple(round(DM_PER_M * cost_m) for cost_m in costs_m),
    )


def drawn_together(graph: CommunityGraph, first: Ints, group: Ints) -> CommunityGraph:
    """Return a graph in which the atoms of each ``group`` (int64[n], numbers from 0 upwards) are one, named and placed like the atom
    ``first[group]``.

    Pairs between two groups become one pair: borders and their costs add up, it is crossable where any of them is, a barrier where each crossable one
    is.
    """
    a, b = np.minimum(group[graph.first], group[graph.second]), np.maximum(group[graph.first], group[graph.second])
    apart = a != b
    pairs, of = np.unique(np.stack((a[apart], b[apart])), axis=1, return_inverse=True)
    count = pairs.shape[1]
    crossable = np.bincount(of, weights=graph.crossable[apart], minlength=count) > 0
    easy = np.bincount(of, weights=(graph.crossable & ~graph.barrier)[apart], minlength=count) > 0
    shared_dm, cut_dm = (np.bincount(of, weights=each[apart], minlength=count).astype(np.int64) for each in (graph.shared_dm, graph.cut_dm))
    return graph_of_pairs(
        graph.community_id,
        tuple(graph.atom_ids[atom] for atom in first),
        np.bincount(group, weights=graph.households, minlength=len(first)).astype(np.int64),
        graph.compound[first],
        pairs[0],
        pairs[1],
        crossable,
        crossable & ~easy,
        shared_dm,
        cut_dm,
        (graph.barrier_dm, graph.split_dm, graph.unevenness_dm, graph.moved_dm),
    )


def score(graph: CommunityGraph, labels: Ints, minimum: int, maximum: int, *, earlier: Ints | None = None) -> Score:
    """Return the households outside the bounds and the weighted sum of a plan, in decimetres.

    ``labels`` (int64[n]) says which grid each atom is in; ``earlier`` likewise for an earlier plan, -1 for an atom that it did not have. A household
    counts as moved when its grid holds more households of another earlier grid than of its own.
    """
    grids, label = np.unique(labels, return_inverse=True)
    load = np.bincount(label, weights=graph.households, minlength=len(grids)).astype(np.int64)
    outside = np.maximum(minimum - load, 0) + np.maximum(load - maximum, 0)
    cut = label[graph.first] != label[graph.second]
    objective = int(graph.cut_dm[cut].sum())
    easy = graph.crossable & ~graph.barrier & ~cut
    pieces = len(_components(len(graph), graph.first[easy], graph.second[easy], np.ones(len(graph), np.bool_)))
    objective += graph.barrier_dm * (pieces - len(grids))
    in_compound = graph.compound >= 0
    touched = np.unique(np.stack((graph.compound[in_compound], label[in_compound])), axis=1).shape[1]
    objective += graph.split_dm * (touched - len(np.unique(graph.compound[in_compound])))
    objective += graph.unevenness_dm * int(np.abs(load - (minimum + maximum) // 2).sum())
    if earlier is not None and graph.moved_dm:
        objective += graph.moved_dm * _households_moved(graph.households, label, earlier)
    return Score(int(outside.sum()), objective)


def is_connected(graph: CommunityGraph, labels: Ints) -> bool:
    """Say whether every grid of ``labels`` is connected over crossable pairs.

    A grid without atoms does not exist, so an empty community is connected.
    """
    within = graph.crossable & (labels[graph.first] == labels[graph.second])
    parts = _components(len(graph), graph.first[within], graph.second[within], np.ones(len(graph), np.bool_))
    return len(parts) == len(np.unique(labels))


def _households_moved(households: Ints, label: Ints, earlier: Ints) -> int:
    known = earlier >= 0
    if not known.any():
        return 0
    pairs = pd.DataFrame({"new": label[known], "old": earlier[known], "households": households[known]})
    overlap = pairs.groupby(["new", "old"])["households"].sum()
    return int(overlap.sum() - overlap.groupby("new").max().sum())


def _border_factors(separator: npt.NDArray[np.object_], same_compound: Truths, weights: Weights) -> Floats:
    factors = {"none": 1.0, "wall": weights.along_wall, "lane": weights.along_lane, "street": weights.along_street}
    by_separator = np.array([factors.get(name, weights.along_arterial) for name in separator], np.float64)
    return np.where(same_compound, weights.along_compound, by_separator)


def _components(count: int, first: Ints, second: Ints, among: Truths) -> list[Ints]:
    links = csr_matrix((np.ones(len(first), np.int8), (first, second)), shape=(count, count))
    _, part = connected_components(links, directed=False)
    atoms = np.flatnonzero(among)
    _, start, part = np.unique(part[atoms], return_index=True, return_inverse=True)
    order = np.argsort(start)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    part = rank[part]
    sizes = np.bincount(part, minlength=len(order))
    return np.split(atoms[np.argsort(part, kind="stable")].astype(np.int64), np.cumsum(sizes)[:-1]) if len(order) else []


def graph_of_pairs(
    community_id: str,
    atom_ids: tuple[str, ...],
    households: Ints,
    compound: Ints,
    first: Ints,
    second: Ints,
    crossable: Truths,
    barrier: Truths,
    shared_dm: Ints,
    cut_dm: Ints,
    costs_dm: tuple[int, ...],
) -> CommunityGraph:
    """Return the graph of atoms and of pairs side by side, the fields of :class:`CommunityGraph`; ``costs_dm`` are its last four.

    The pairs are laid out in rows: by atom, easy ones first, uncrossable ones last, then by neighbour, so that the order of the input does not
    matter.
    """
    count, pairs = len(households), len(first)
    row = np.concatenate((first, second))
    column = np.concatenate((second, first))
    edge = np.tile(np.arange(pairs, dtype=np.int64), 2)
    hardness = np.where(crossable, np.where(barrier, 1, 0), 2)[edge]
    order = np.lexsort((column, hardness, row))
    indptr = np.concatenate(([0], np.cumsum(np.bincount(row, minlength=count)))).astype(np.int64)
    easy_end = indptr[:-1] + np.bincount(row[hardness == 0], minlength=count)
    crossable_end = indptr[:-1] + np.bincount(row[hardness < 2], minlength=count)
    return CommunityGraph(
        community_id,
        atom_ids,
        np.array(households, np.int64),
        np.ascontiguousarray(compound, np.int64),
        first,
        second,
        crossable,
        barrier,
        shared_dm,
        cut_dm,
        indptr,
        easy_end.astype(np.int64),
        crossable_end.astype(np.int64),
        column[order],
        edge[order],
        *costs_dm,
    )

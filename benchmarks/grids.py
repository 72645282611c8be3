"""Division into grids: share in bounds, connected, cut length and CPU time beside METIS (contiguous) and spopt's MaxP on the same neighbour tables.

    python benchmarks/grids.py [--workspace CITY.gpkg] [--communities 85] [--efforts quick normal] [--maxp 8]

Without a workspace the communities are made up (towns.py). Times are process time on one core after a first run that compiles the kernels.
METIS gets as many parts as the middle of the bounds asks and the tolerance that the bounds allow; it does not know of a least size. MaxP knows
the least size only; it runs on the first communities, since it is slow. The profile ``compact`` has the border alone, as the others do.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pymetis
from towns import city

from gridmap.grids.graph import CommunityGraph, Ints, community_graph, is_connected
from gridmap.grids.plan import EFFORTS, Effort
from gridmap.grids.search import community_seed, search
from gridmap.rules import load_rules

MINIMUM, MAXIMUM = 250, 300
HEADER = ("method", "grids", "in bounds %", "of possible %", "connected %", "cut km", "compounds split", "CPU s", "slowest s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workspace", type=Path)
    parser.add_argument("--communities", type=int, default=85)
    parser.add_argument("--efforts", nargs="+", choices=EFFORTS, default=["quick", "normal"])
    parser.add_argument("--maxp", type=int, default=8)
    given = parser.parse_args()
    tables = city(communities=given.communities) if given.workspace is None else tables_of(given.workspace)[: given.communities]
    graphs = {profile: [community_graph(*pair, load_rules(profile)) for pair in tables] for profile in ("compact", "nantong")}
    sizes = [len(graph) for graph in graphs["compact"]]
    households = sum(int(graph.households.sum()) for graph in graphs["compact"])
    print(f"{len(sizes)} communities, {sum(sizes)} atoms (largest {max(sizes)}), {households} households, bounds {MINIMUM}-{MAXIMUM}\n")
    first = [search(graph, MINIMUM, MAXIMUM, effort="quick") for graph in graphs["compact"]]
    possible = np.array([result.violation_bound == 0 for result in first])
    print(f"{np.count_nonzero(~possible)} communities are proved to have no division within the bounds; 'of possible' leaves them out\n")

    rows = [measured("METIS, contiguous", graphs["compact"], possible, lambda graph, _: with_metis(graph))]
    for effort in given.efforts:
        for profile in ("compact", "nantong"):
            rows.append(measured(f"gridmap {effort}, {profile}", graphs[profile], possible, searcher(effort)))
    print_table(rows, against=0)
    if given.maxp:
        few = graphs["compact"][: given.maxp]
        print(f"\nthe first {len(few)} communities")
        maxp = measured("spopt MaxP", few, possible, lambda graph, _: with_maxp(graph))
        print_table([maxp, measured("gridmap quick, compact", few, possible, searcher("quick"))], against=0)
    names = ("numba", "highspy", "pymetis", "spopt", "numpy")
    print(
        "\n"
        + ", ".join(f"{name} {importlib.metadata.version(name)}" for name in names)
        + f", Python {platform.python_version()}, {os.cpu_count()} cores"
    )
    print("python", " ".join(sys.argv))


def searcher(effort: Effort) -> Callable[[CommunityGraph, int], Ints]:
    """Return our search with one effort; each community has its own seed."""
    return lambda graph, number: search(graph, MINIMUM, MAXIMUM, effort=effort, seed=community_seed(0, str(number))).labels


def with_metis(graph: CommunityGraph) -> Ints:
    """Divide with METIS, part by part, since its parts are contiguous only in a connected graph."""
    labels = np.zeros(len(graph), np.int64)
    following = 0
    for part in graph.components():
        inner = graph.part(part)
        wanted = max(1, round(int(inner.households.sum()) / ((MINIMUM + MAXIMUM) / 2)))
        rows = [np.arange(inner.indptr[i], inner.crossable_end[i]) for i in range(len(inner))]
        links = np.concatenate(rows) if rows else np.zeros(0, np.int64)
        own = np.zeros(len(inner), np.int64)
        if wanted > 1:
            tolerance = pymetis.Options(ufactor=round(1000 * (2 * MAXIMUM / (MINIMUM + MAXIMUM) - 1)), contig=1)
            starts = np.concatenate(([0], np.cumsum([len(row) for row in rows])))
            weights = np.maximum(1, inner.shared_dm[inner.edges[links]])
            adjacency = pymetis.CSRAdjacency(starts.tolist(), inner.indices[links].tolist())
            sizes, borders = inner.households.tolist(), weights.tolist()
            found = pymetis.part_graph(wanted, adjacency, vweights=sizes, eweights=borders, recursive=False, options=tolerance)
            own = np.unique(np.array(found[1]), return_inverse=True)[1]
        labels[part] = own + following
        following += int(own.max()) + 1
    return labels


def with_maxp(graph: CommunityGraph) -> Ints:
    """Divide with spopt's MaxP: as many regions as can be of at least the minimum, atoms in their order as the thing to be alike."""
    from libpysal.weights import W
    from spopt.region import MaxPHeuristic

    labels = np.zeros(len(graph), np.int64)
    following = 0
    for part in graph.components():
        inner = graph.part(part)
        own = np.zeros(len(inner), np.int64)
        if inner.households.sum() >= 2 * MINIMUM:
            beside = {i: inner.indices[inner.indptr[i] : inner.crossable_end[i]].tolist() for i in range(len(inner))}
            frame = pd.DataFrame({"place": np.arange(len(inner), dtype=float), "households": inner.households})
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                np.random.seed(0)  # noqa: NPY002 - spopt knows no other way.
                model = MaxPHeuristic(frame, W(beside, silence_warnings=True), ["place"], "households", MINIMUM, 2)
                model.solve()
            own = np.unique(np.array(model.labels_), return_inverse=True)[1]
        labels[part] = own + following
        following += int(own.max()) + 1
    return labels


def measured(
    name: str, graphs: Sequence[CommunityGraph], can_be: npt.NDArray[np.bool_], divide: Callable[[CommunityGraph, int], Ints]
) -> dict[str, Any]:
    """Divide every community and add up the figures."""
    grids = inside = possible = possible_inside = connected = split = 0
    cut_dm, seconds = 0, []
    for number, graph in enumerate(graphs):
        begun = time.process_time()
        labels = divide(graph, number)
        seconds.append(time.process_time() - begun)
        load = np.bincount(labels, weights=graph.households)
        within = int(((load >= MINIMUM) & (load <= MAXIMUM)).sum())
        grids += len(load)
        inside += within
        possible += len(load) if can_be[number] else 0
        possible_inside += within if can_be[number] else 0
        connected += sum(is_connected(graph.part(np.flatnonzero(labels == label)), labels[labels == label]) for label in range(len(load)))
        cut_dm += int(graph.shared_dm[labels[graph.first] != labels[graph.second]].sum())
        in_compound = graph.compound >= 0
        both = np.unique(np.stack((graph.compound[in_compound], labels[in_compound])), axis=1)
        split += int((np.bincount(both[0]) > 1).sum()) if both.size else 0
    shares = 100 * inside / grids, 100 * possible_inside / max(1, possible), 100 * connected / grids
    return dict(zip(HEADER, (name, grids, *shares, cut_dm / 10_000, split, sum(seconds), max(seconds)), strict=True))


def print_table(rows: list[dict[str, Any]], *, against: int) -> None:
    """Print the figures, and cut and time as ratios to one of the rows."""
    frame = pd.DataFrame(rows)
    for column in ("cut km", "CPU s"):
        frame[f"{column} ratio"] = frame[column] / frame[column][against]
    print(frame.to_string(index=False, float_format=lambda value: f"{value:.2f}"))


def tables_of(path: Path) -> list[tuple[pd.DataFrame, pd.DataFrame]]:
    """Return atoms and neighbour table of every community of a workspace, without dedicated atoms."""
    from gridmap.grids.atoms import split_atoms
    from gridmap.grids.tiling import tile
    from gridmap.store.workspace import Workspace

    workspace = Workspace(path)
    district = workspace.read_district()
    tiling = workspace.read_tiling() or tile(district)
    atoms, neighbours, _ = split_atoms(district, tiling, MAXIMUM)
    ordinary = atoms[~atoms["dedicated"].to_numpy(dtype=bool)]
    home = neighbours["a"].map(ordinary["community_id"])
    pairs = dict(iter(neighbours.groupby(home)))
    return [(its, pairs.get(community, neighbours.iloc[:0])) for community, its in ordinary.groupby("community_id")]


if __name__ == "__main__":
    main()

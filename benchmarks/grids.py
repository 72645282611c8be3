"""Division into grids beside METIS, KaHIP, GerryChain and spopt's MaxP on the same neighbour tables: share in bounds, connected, borders, CPU time.

    python benchmarks/grids.py [--workspace CITY.gpkg] [--communities 85] [--efforts quick normal] [--steps 500] [--long 0] [--maxp 8]

Without a workspace the communities are made up (towns.py). Times are process time on one core after a first run that compiles the kernels. The
others make as many grids of each part as our plan of the profile ``compact`` at the last effort (partitioners.py says what else they are told);
of GerryChain's chain the best legal plan counts, so it is there for some communities only. It runs ``--steps`` on all communities and 5,000 on the
first ``--long``. MaxP runs on the first ``--maxp``, since it is slow. The profile ``compact`` has the border alone, as the others do; "weighted km"
is the border in the weights of ``nantong``, for every plan.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from partitioners import grids_of_parts, with_gerrychain, with_kahip, with_maxp, with_metis
from towns import city

from gridmap.grids.graph import CommunityGraph, Ints, community_graph, is_connected
from gridmap.grids.plan import EFFORTS, Effort
from gridmap.grids.search import community_seed, search
from gridmap.rules import load_rules

MINIMUM, MAXIMUM = 250, 300
LONG_STEPS = 5000
PACKAGES = ("numba", "highspy", "numpy", "pymetis", "kahip", "gerrychain", "spopt")


@dataclass(frozen=True)
class Divided:
    """What one method made of each community, None where it has no plan to show, and its CPU seconds for each."""

    name: str
    labels: list[Ints | None]
    seconds: list[float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workspace", type=Path)
    parser.add_argument("--communities", type=int, default=85)
    parser.add_argument("--efforts", nargs="+", choices=EFFORTS, default=["quick", "normal"])
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--long", type=int, default=0)
    parser.add_argument("--maxp", type=int, default=8)
    given = parser.parse_args()
    tables = city(communities=given.communities) if given.workspace is None else tables_of(given.workspace)[: given.communities]
    compact, nantong = ([community_graph(*pair, load_rules(profile)) for pair in tables] for profile in ("compact", "nantong"))
    sizes = [len(graph) for graph in compact]
    households = sum(int(graph.households.sum()) for graph in compact)
    print(f"{len(sizes)} communities, {sum(sizes)} atoms (largest {max(sizes)}), {households} households, bounds {MINIMUM}-{MAXIMUM}\n")
    for effort in given.efforts:
        ours(effort, compact[:1], "first run")  # Compiles or loads the kernels.
    first = [search(graph, MINIMUM, MAXIMUM, effort="quick") for graph in compact]
    possible = np.array([result.violation_bound == 0 for result in first])
    print(f"{np.count_nonzero(~possible)} communities are proved to have no division within the bounds; 'of possible' leaves them out\n")

    pairs = [(ours(effort, compact, "compact"), ours(effort, nantong, "nantong")) for effort in given.efforts]
    wanted = [grids_of_parts(graph, labels) for graph, labels in zip(compact, pairs[-1][0].labels, strict=True) if labels is not None]
    peers = [
        divided("METIS k-way, contiguous", nantong, lambda graph, n: with_metis(graph, wanted[n], MAXIMUM, recursive=False)),
        divided("METIS recursive bisection", nantong, lambda graph, n: with_metis(graph, wanted[n], MAXIMUM, recursive=True)),
        divided("KaHIP strong", nantong, lambda graph, n: with_kahip(graph, wanted[n], MAXIMUM, seed=n)),
        *gerrychain(nantong, wanted, given.steps),
    ]
    print_frame([figures(plan, nantong, possible) for pair in pairs for plan in pair] + [figures(plan, nantong, possible) for plan in peers])
    print("\nOurs as a share of theirs, on the communities where they have a plan\n")
    print_frame([beside(peer, pairs, nantong, given.efforts) for peer in peers])
    if given.long:
        few = nantong[: given.long]
        print(f"\nthe first {len(few)} communities", flush=True)
        chains = list(gerrychain(few, wanted, LONG_STEPS))[1:]
        print_frame([figures(chain, few, possible) for chain in chains])
        print_frame([beside(chain, pairs, nantong, given.efforts) for chain in chains])
    if given.maxp:
        few = nantong[: given.maxp]
        print(f"\nthe first {len(few)} communities")
        maxp = divided("spopt MaxP", few, lambda graph, _: with_maxp(graph, MINIMUM))
        print_frame([figures(maxp, few, possible), figures(ours("quick", compact[: given.maxp], "compact"), few, possible)])
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)
    print(f"\n{versions}, Python {platform.python_version()}, {os.cpu_count()} cores\npython {' '.join(sys.argv)}")


def divided(name: str, graphs: Sequence[CommunityGraph], divide: Callable[[CommunityGraph, int], Ints]) -> Divided:
    """Divide every community and take the time."""
    plan = Divided(name, [], [])
    for number, graph in enumerate(graphs):
        begun = time.process_time()
        plan.labels.append(divide(graph, number))
        plan.seconds.append(time.process_time() - begun)
    return plan


def ours(effort: Effort, graphs: Sequence[CommunityGraph], profile: str) -> Divided:
    """Divide with our search; each community has its own seed."""

    def divide(graph: CommunityGraph, number: int) -> Ints:
        return search(graph, MINIMUM, MAXIMUM, effort=effort, seed=community_seed(0, str(number))).labels

    return divided(f"gridmap {effort}, {profile}", graphs, divide)


def gerrychain(graphs: Sequence[CommunityGraph], wanted: Sequence[Sequence[int]], steps: int) -> Iterator[Divided]:
    """Return GerryChain's first plans where they are legal, and the best legal ones of its chains by weighted and by plain cut."""
    chains = [with_gerrychain(graph, wanted[n], MINIMUM, MAXIMUM, steps=steps, seed=n) for n, graph in enumerate(graphs)]
    starts = [chain.start if is_legal(graph, chain.start) else None for graph, chain in zip(graphs, chains, strict=True)]
    seconds = [chain.start_s + chain.chain_s for chain in chains]
    yield Divided("GerryChain recursive tree", starts, [chain.start_s for chain in chains])
    yield Divided(f"GerryChain ReCom {steps}, best weighted", [chain.best_weighted for chain in chains], seconds)
    yield Divided(f"GerryChain ReCom {steps}, best plain", [chain.best_plain for chain in chains], seconds)


def is_legal(graph: CommunityGraph, labels: Ints) -> bool:
    """Say whether every grid is connected and within the bounds."""
    load = np.bincount(labels, weights=graph.households)
    return bool(load.min() >= MINIMUM and load.max() <= MAXIMUM) and is_connected(graph, labels)


def borders(graph: CommunityGraph, labels: Ints) -> tuple[float, float, int]:
    """Return the border between grids in km, plain and weighted, and the number of compounds that are divided among grids."""
    cut = labels[graph.first] != labels[graph.second]
    in_compound = graph.compound >= 0
    both = np.unique(np.stack((graph.compound[in_compound], labels[in_compound])), axis=1)
    split = int((np.bincount(both[0]) > 1).sum()) if both.size else 0
    return int(graph.shared_dm[cut].sum()) / 10_000, int(graph.cut_dm[cut].sum()) / 10_000, split


def too_large(graph: CommunityGraph) -> int:
    """Return the number of compounds with more households than a grid may hold: every plan within the bounds divides these."""
    in_compound = graph.compound >= 0
    return int((np.bincount(graph.compound[in_compound], graph.households[in_compound]) > MAXIMUM).sum()) if in_compound.any() else 0


def figures(plan: Divided, graphs: Sequence[CommunityGraph], can_be: npt.NDArray[np.bool_]) -> dict[str, Any]:
    """Add up the figures of one method; ``graphs`` say what a border weighs, ``can_be`` which communities are not proved impossible."""
    grids = inside = possible = possible_inside = connected = unavoidable = 0
    totals = np.zeros(3)
    for number, (graph, labels) in enumerate(zip(graphs, plan.labels, strict=True)):
        if labels is not None:
            load = np.bincount(labels, weights=graph.households)
            within = int(((load >= MINIMUM) & (load <= MAXIMUM)).sum())
            grids += len(load)
            inside += within
            possible += len(load) if can_be[number] else 0
            possible_inside += within if can_be[number] else 0
            connected += sum(is_connected(graph.part(np.flatnonzero(labels == label)), labels[labels == label]) for label in range(len(load)))
            totals += borders(graph, labels)
            unavoidable += too_large(graph)
    return {
        "method": plan.name,
        "communities": sum(labels is not None for labels in plan.labels),
        "grids": grids,
        "in bounds %": 100 * inside / max(1, grids),
        "of possible %": 100 * possible_inside / max(1, possible),
        "connected %": 100 * connected / max(1, grids),
        "cut km": totals[0],
        "weighted km": totals[1],
        "compounds split": int(totals[2]),
        "unavoidable": unavoidable,
        "CPU s": sum(plan.seconds),
        "slowest s": max(plan.seconds, default=0.0),
    }


def beside(peer: Divided, pairs: Sequence[tuple[Divided, Divided]], graphs: Sequence[CommunityGraph], efforts: Sequence[str]) -> dict[str, Any]:
    """Return our plain cut (of ``compact``), weighted cut and compounds split (of ``nantong``) as shares of those of another method."""
    shown = [number for number, labels in enumerate(peer.labels) if labels is not None]

    def totals(plan: Divided) -> npt.NDArray[np.float64]:
        rows = [borders(graphs[n], labels) for n in shown if (labels := plan.labels[n]) is not None]
        total: npt.NDArray[np.float64] = np.array(rows, np.float64).reshape(-1, 3).sum(axis=0)
        return total

    row: dict[str, Any] = {"ours / theirs": peer.name, "communities": len(shown)}
    theirs = totals(peer)
    for effort, (compact, nantong) in zip(efforts, pairs, strict=True):
        legal = [all(labels is not None and is_legal(graphs[n], labels) for labels in (compact.labels[n], nantong.labels[n])) for n in shown]
        row[f"legal, {effort}"] = sum(legal)
        shares = (totals(compact)[0], *totals(nantong)[1:]) / np.where(theirs > 0, theirs, np.nan)
        row |= dict(zip((f"cut, {effort}", f"weighted, {effort}", f"split, {effort}"), shares, strict=True))
    return row


def print_frame(rows: list[dict[str, Any]]) -> None:
    """Print rows as a table."""
    print(pd.DataFrame(rows).to_string(index=False, float_format=lambda value: f"{value:.3f}"), flush=True)


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

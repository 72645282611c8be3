"""What is proved of divisions into grids, at each effort: CPU time, weighted border, proofs, gaps.

    python benchmarks/proofs.py [--workspace CITY.gpkg] [--communities 85] [--efforts quick normal]

Without a workspace the communities are made up (towns.py). The profile is ``nantong``; each community has its own seed. CPU time is that of one
core, after a first run that compiles the kernels. A gap is what a better division could cost less at most, as a share of the cost.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from grids import MAXIMUM, MINIMUM, print_frame, tables_of
from towns import city

from gridmap.grids.graph import CommunityGraph, community_graph
from gridmap.grids.plan import EFFORTS, Effort
from gridmap.grids.search import Result, community_seed, search
from gridmap.rules import load_rules

PACKAGES = ("numba", "highspy", "numpy")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workspace", type=Path)
    parser.add_argument("--communities", type=int, default=85)
    parser.add_argument("--efforts", nargs="+", choices=EFFORTS, default=["quick", "normal"])
    given = parser.parse_args()
    tables = city(communities=given.communities) if given.workspace is None else tables_of(given.workspace)[: given.communities]
    rules = load_rules("nantong")
    graphs = [community_graph(*pair, rules) for pair in tables]
    sizes = [len(graph) for graph in graphs]
    print(f"{len(graphs)} communities of {min(sizes)}-{max(sizes)} atoms, {sum(sizes)} in all\n")
    rows = []
    for effort in given.efforts:
        search(graphs[0], MINIMUM, MAXIMUM, effort=effort)
        rows.append({"effort": effort, **measured(graphs, effort)})
    print_frame(rows)
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)
    print(f"\n{versions}, Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\npython {' '.join(sys.argv)}")


def measured(graphs: Sequence[CommunityGraph], effort: Effort) -> dict[str, float | int]:
    """Divide every community; return what the table says of an effort."""
    results: list[Result] = []
    seconds: list[float] = []
    for number, graph in enumerate(graphs):
        begun = time.process_time()
        results.append(search(graph, MINIMUM, MAXIMUM, effort=effort, seed=community_seed(0, str(number))))
        seconds.append(time.process_time() - begun)
    gaps = np.array([np.nan if each.gap_dm is None else each.gap_dm / each.objective_dm for each in results])
    return {
        "CPU s": round(sum(seconds), 1),
        "median s": round(float(np.median(seconds)), 2),
        "p99 s": round(float(np.percentile(seconds, 99)), 2),
        "weighted km": round(sum(each.objective_dm for each in results) / 1e4, 1),
        "grids outside": sum(outside(graph, each) for graph, each in zip(graphs, results, strict=True)),
        "proved": int((gaps == 0).sum()),
        "among buildings": int((gaps[[each.drawn_together == 0 for each in results]] == 0).sum()),
        "gap <= 2 %": int((gaps <= 0.02).sum()),
        "no gap known": int(np.isnan(gaps).sum()),
    }


def outside(graph: CommunityGraph, result: Result) -> int:
    """Return how many grids are outside the bounds."""
    load = pd.Series(graph.households).groupby(result.labels).sum()
    return int((~load.between(MINIMUM, MAXIMUM)).sum())


if __name__ == "__main__":
    main()

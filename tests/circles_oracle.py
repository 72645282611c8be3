"""An independent reader of an exported coverage: it knows nothing but the file, and recomputes every number with networkx."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import networkx as nx
import pyogrio


def recomputed(path: Path) -> dict[tuple[str, str], tuple[int | None, bool]]:
    """Return for each building and category centimetres to the nearest venue, and whether that is within the limit.

    Every door is put on its edge as a node of its own: the network is cut there physically, and one search from all venues of a category does the
    rest, against the direction in which people walk.
    """
    names = ("network", "doors", "venue_doors", "coverage", "settings")
    layers = {name: pyogrio.read_dataframe(path, layer=name, read_geometry=False) for name in names}
    limit = int(layers["settings"].set_index("name").loc["limit_cm", "value"])
    stops: dict[int, list[tuple[int, Any]]] = {}
    for kind in ("doors", "venue_doors"):
        for row in layers[kind].itertuples():
            stops.setdefault(row.edge_id, []).append((row.position_cm, (kind, row.id)))
    graph = nx.DiGraph()
    for edge in layers["network"].itertuples():
        along = [(0, edge.node_a), *sorted(stops.get(edge.edge_id, ()), key=lambda stop: stop[0]), (edge.length_cm, edge.node_b)]
        for (start, one), (end, other) in itertools.pairwise(along):
            _join(graph, other, one, end - start)
            if not edge.one_way:
                _join(graph, one, other, end - start)
    access = dict(zip(layers["doors"]["id"], layers["doors"]["access_cm"], strict=True))
    venues = [(row.id, row.access_cm, set(json.loads(row.categories))) for row in layers["venue_doors"].itertuples()]
    found: dict[tuple[str, str], tuple[int | None, bool]] = {}
    for category in layers["coverage"]["category"].unique():
        for venue, cm, served in venues:
            if category in served:
                graph.add_edge("start", ("from", venue), weight=0)
                graph.add_edge(("from", venue), ("venue_doors", venue), weight=cm)
        there = nx.single_source_dijkstra_path_length(graph, "start", weight="weight") if "start" in graph else {}
        for building in layers["coverage"]["building_id"].unique():
            cm = there.get(("doors", building)) if building in access else None
            total = None if cm is None else int(cm + access[building])
            found[building, category] = total, total is not None and total <= limit
        graph.remove_nodes_from([node for node in graph if node == "start" or (isinstance(node, tuple) and node[0] == "from")])
    return found


def _join(graph: nx.DiGraph, one: Any, other: Any, cm: int) -> None:
    if not graph.has_edge(one, other) or graph[one][other]["weight"] > cm:
        graph.add_edge(one, other, weight=cm)


def differences(path: Path) -> list[str]:
    """Return every row of the exported coverage that differs from what its own network says."""
    table = pyogrio.read_dataframe(path, layer="coverage", read_geometry=False)
    expected = recomputed(path)
    wrong = []
    for row in table.itertuples():
        cm, covered = expected.pop((row.building_id, row.category))
        own = None if row.metres != row.metres else round(row.metres * 100)
        own_venue, reason = (value if isinstance(value, str) else None for value in (row.venue_id, row.reason))
        if own != cm or (own_venue is not None) != covered or (cm is None) == (reason in ("too_far", None)):
            wrong.append(f"{row.building_id} {row.category}: {own} {own_venue} {row.reason}, but {cm} {covered}")
    return wrong + [f"missing: {key}" for key in expected]

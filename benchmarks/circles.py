"""Service circles: CPU time beside scipy, networkx, pandana, OSMnx and spopt, and a whole run on a made-up city.

    python benchmarks/circles.py [--sizes 50000 200000 1000000] [--households 300000] [--osm EXTRACT.osm.pbf]

The networks are made up: crossings 60 m apart, a quarter of the streets missing, a river with bridges, ids in any order. Peers get the same edges;
all distances are checked to be equal. Times are process time on one core; a run before the clock starts compiles our kernels. ``warm`` is the search
alone, ``cold`` includes reading the network from disk (ours) or building the matrix (scipy). OSMnx, spopt and Valhalla are left out where they
are not installed; of Valhalla the wheel ``pyvalhalla-weekly`` holds the program that builds its tiles.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import json
import resource
import statistics
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import scipy.sparse as sp
import shapely
import shapely.ops
from scipy.sparse.csgraph import dijkstra

from gridmap.circles.areas import WIDTH_M, venue_circles
from gridmap.circles.coverage import coverage
from gridmap.circles.demand import demand_of
from gridmap.circles.rasters import outline
from gridmap.circles.siting import best_sites
from gridmap.ground.importing import ImportRequest, import_files
from gridmap.ground.sample import sample_district
from gridmap.rules import load_rules
from gridmap.walking.cache import cached_network
from gridmap.walking.reach import FAR, Arcs, arcs, arcs_of, nearest, reached
from gridmap.walking.walls import walls_of

LIMIT_CM = 80_000
CM = 100
VENUES, CATEGORIES = 1000, 9


def timed(work: Callable[[], Any], runs: int = 1) -> tuple[Any, float]:
    """Return what ``work`` returns, and the median of its CPU seconds."""
    seconds = []
    for _ in range(runs):
        start = time.process_time()
        result = work()
        seconds.append(time.process_time() - start)
    return result, statistics.median(seconds)


def made_up(nodes: int, seed: int = 7) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return x, y of the nodes and tail, head and centimetres of the edges."""
    rng = np.random.default_rng(seed)
    side = int(np.ceil(np.sqrt(nodes)))
    gx, gy = np.meshgrid(np.arange(side), np.arange(side))
    xy = np.column_stack([(each * 60 + rng.uniform(-18, 18, (side, side))).ravel() for each in (gx, gy)])
    at = np.arange(side * side).reshape(side, side)
    tail = np.concatenate((at[:, :-1].ravel(), at[:-1].ravel()))
    head = np.concatenate((at[:, 1:].ravel(), at[1:].ravel()))
    over = (tail // side == side // 2) & (head // side == side // 2 + 1)
    kept = (rng.random(len(tail)) > 0.25) & (~over | (tail % side % 15 == 0))
    tail, head = tail[kept], head[kept]
    cm = np.rint(np.hypot(*(xy[tail] - xy[head]).T) * rng.uniform(1, 1.15, len(tail)) * 100).astype(np.int32)
    return xy, tail.astype(np.int32), head.astype(np.int32), cm


def ours_of(xy: np.ndarray, tail: np.ndarray, head: np.ndarray, cm: np.ndarray) -> tuple[Arcs, np.ndarray]:
    """Return our arcs and the place of each node in the order in which we keep them."""
    from gridmap.walking.network import _morton_order

    order = _morton_order(xy)
    rank = np.empty(len(order), dtype=np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    both = np.concatenate((rank[tail], rank[head])), np.concatenate((rank[head], rank[tail]))
    return arcs_of(len(xy), *both, np.concatenate((cm, cm))), rank


def searches(nodes: int, *, with_pandana: bool = False) -> None:
    xy, tail, head, cm = made_up(nodes)
    shuffled = np.random.default_rng(3).permutation(len(xy)).astype(np.int32)
    xy = xy[np.argsort(shuffled)]
    tail, head = shuffled[tail], shuffled[head]
    rng = np.random.default_rng(11)
    venues, category = rng.choice(len(xy), VENUES, replace=False).astype(np.int32), rng.integers(0, CATEGORIES, VENUES)
    graph, rank = ours_of(xy, tail, head, cm)
    zeros = np.zeros(VENUES, dtype=np.int32)

    def ours() -> list[np.ndarray]:
        sets = [rank[venues[category == each]] for each in range(CATEGORIES)]
        return [nearest(graph, own, zeros[: len(own)], np.arange(len(own), dtype=np.int32), limit_cm=LIMIT_CM).distance_cm for own in sets]

    ours()
    found, own_s = timed(ours, 7)
    size = (len(xy), len(xy))
    matrix, build_s = timed(
        lambda: sp.csr_array((np.tile(cm, 2).astype(float), (np.concatenate((tail, head)), np.concatenate((head, tail)))), shape=size)
    )

    def scipys() -> list[np.ndarray]:
        return [dijkstra(matrix, indices=venues[category == each], min_only=True, limit=LIMIT_CM) for each in range(CATEGORIES)]

    theirs, scipy_s = timed(scipys, 7)
    for mine, other in zip(found, theirs, strict=True):
        reachable = np.isfinite(other)
        assert (mine[rank[reachable]] == other[reachable]).all()
        assert (mine[rank[~reachable]] == FAR).all()
    tell(f"nearest of {CATEGORIES} categories, {len(xy):,} nodes, warm", own_s, "scipy", scipy_s)
    with tempfile.TemporaryDirectory() as folder:
        np.savez(Path(folder) / "kept.npz", first=graph.first, arc=graph.arc)

        def cold() -> None:
            with np.load(Path(folder) / "kept.npz") as kept:
                again = Arcs(kept["first"], kept["arc"], graph.longest_cm)
            for each in range(CATEGORIES):
                own = rank[venues[category == each]]
                nearest(again, own, zeros[: len(own)], np.arange(len(own), dtype=np.int32), limit_cm=LIMIT_CM)

        _, cold_s = timed(cold, 5)
    tell("  the same, cold", cold_s, "scipy with its build", scipy_s + build_s)
    if len(xy) <= 60_000:
        network = nx.Graph()
        network.add_weighted_edges_from(zip(tail.tolist(), head.tolist(), cm.tolist(), strict=True))
        networkx_s = timed(
            lambda: [
                nx.multi_source_dijkstra_path_length(network, set(venues[category == each].tolist()) & set(network), LIMIT_CM)
                for each in range(CATEGORIES)
            ]
        )[1]
        tell("  the same, warm", own_s, "networkx", networkx_s)
    if with_pandana:
        pandanas(xy, tail, head, cm, venues, category, own_s)
    few = venues[:200]
    first = np.arange(len(few) + 1)
    reached(graph, rank[few], zeros[: len(few)], first, limit_cm=LIMIT_CM)
    sets, reach_s = timed(lambda: reached(graph, rank[few], zeros[: len(few)], first, limit_cm=LIMIT_CM))
    each, scipy_reach_s = timed(lambda: [dijkstra(matrix, indices=[venue], limit=LIMIT_CM) for venue in few[:20]])
    assert [int(np.isfinite(row).sum()) for row in each] == np.diff(sets.first)[:20].tolist()
    tell("  reachable set of each of 200 venues", reach_s, "scipy", scipy_reach_s * 10)


def pandanas(xy: np.ndarray, tail: np.ndarray, head: np.ndarray, cm: np.ndarray, venues: np.ndarray, category: np.ndarray, own_s: float) -> None:
    import pandana

    with warnings.catch_warnings(), contextlib.redirect_stdout(None):
        warnings.simplefilter("ignore")
        ids = pd.RangeIndex(len(xy))
        x, y = (pd.Series(column, index=ids) for column in xy.T)
        network = pandana.Network(x, y, pd.Series(tail), pd.Series(head), pd.DataFrame({"cm": cm.astype(float)}))

        def work() -> None:
            for each in range(CATEGORIES):
                own = venues[category == each]
                network.set_pois("v", LIMIT_CM, 1, pd.Series(xy[own, 0]), pd.Series(xy[own, 1]))
                network.nearest_pois(LIMIT_CM, "v", num_pois=1)

        _, seconds = timed(work)
    tell("  the same, warm (its build not counted)", own_s, "pandana", seconds)


def siting() -> None:
    xy, tail, head, cm = made_up(50_000)
    graph, rank = ours_of(xy, tail, head, cm)
    rng = np.random.default_rng(5)
    near = np.flatnonzero((xy > 2000).all(axis=1) & (xy < 6800).all(axis=1))
    candidates, homes = rng.choice(near, 300, replace=False), rng.choice(near, 8000)
    households = rng.integers(1, 120, len(homes))
    sets = reached(graph, rank[candidates], np.zeros(300, dtype=np.int32), np.arange(301), limit_cm=LIMIT_CM)
    at = sp.csc_array((np.ones(len(sets.node), dtype=bool), sets.node, sets.first), shape=(len(xy), 300))
    serves = at.tocsr()[rank[homes]]
    best_sites(demand_of(serves[:50], households[:50]), 2)
    found, own_s = timed(lambda: best_sites(demand_of(serves, households), 10))
    _, first_s = timed(lambda: best_sites(demand_of(serves, households), 10, exact=False))
    print(f"siting: first answer {1000 * first_s:.0f} ms; exact {own_s:.2f} s, {found.proof}, {found.covered} of {households.sum()} households")
    if importlib.util.find_spec("spopt"):
        import pulp
        from spopt.locate import MCLP

        def theirs() -> float:
            cost = np.where(serves.toarray(), 1.0, 1e5)
            model = MCLP.from_cost_matrix(cost, households.astype(float), 800.0, p_facilities=10)
            return float(pulp.value(model.solve(pulp.PULP_CBC_CMD(msg=False, threads=1), results=False).problem.objective))

        start = time.perf_counter()
        best = theirs()
        # CBC is a process of its own: wall time is what there is.
        tell("siting, exact, 10 of 300 sites, 8,000 homes", own_s, "spopt with CBC (wall)", time.perf_counter() - start)
        assert round(best) == found.covered, (best, found.covered)


def whole(households: int) -> None:
    district, rules = sample_district(households, seed=7), load_rules("nantong")
    coverage(sample_district(1000, seed=1), rules)
    found, seconds = timed(lambda: coverage(district, rules))
    print(f"whole run, {households:,} households, {len(district.buildings):,} buildings, {len(district.venues)} venues: {seconds:.2f} s")
    print(f"  memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB, the city and our imports included")
    draw(found, district)


def draw(found: Any, district: Any, path: Path | None = None) -> None:
    walls = walls_of(district)
    venue_circles(found, walls)
    drawn, seconds = timed(lambda: venue_circles(found, walls), 5)
    each_s = seconds / max(len(drawn), 1)
    print(f"  circle polygons: {1000 * each_s:.2f} ms a venue, median of 5 runs over {len(drawn)} venues")
    segments = pieces(found, 10)
    exact = [shapely.union_all(shapely.buffer(shapely.linestrings(each.reshape(-1, 2, 2)), WIDTH_M, quad_segs=12)) for each in segments]
    for cell_m in (10.0, 5.0):
        found_areas, outline_s = timed(lambda cell_m=cell_m: [outline(each, WIDTH_M, cell_m) for each in segments])  # type: ignore[misc]
        share = shapely.area(shapely.intersection(found_areas, exact)) / shapely.area(shapely.union(found_areas, exact))
        each_ms = 1000 * outline_s / len(segments)
        print(f"  outlines at {cell_m} m, every tenth: IoU {np.median(share):.4f} in the median, {share.min():.4f} at least; {each_ms:.2f} ms each")
    if importlib.util.find_spec("osmnx"):
        tell("  the same", each_s, "OSMnx recipe", recipe(found, 20))
    if path and importlib.util.find_spec("valhalla"):
        tell("  the same", each_s, "Valhalla", valhallas(path, found, drawn))


def pieces(found: Any, every: int) -> list[np.ndarray]:
    """Return for each so many-th venue the straight pieces of street within the limit, by distances at both ends of each edge."""
    network, doors = found.network, found.venue_doors.take(found.venue_doors.linked)
    lines, graph = network.lines(), arcs(network, towards=True)
    chosen = []
    for venue in range(0, len(doors), every):
        edge, position, access = int(doors.edge[venue]), int(doors.position_cm[venue]), int(doors.access_cm[venue])
        node, start = [network.a[edge]], [position + access]
        if not network.one_way[edge]:
            node, start = [*node, network.b[edge]], [*start, int(network.length_cm[edge]) - position + access]
        within = reached(graph, np.array(node), np.array(start), np.array([0, len(node)]), limit_cm=found.limit.limit_cm)
        left = np.full(network.nodes, -1, dtype=np.int64)
        left[within.node] = found.limit.limit_cm - within.distance_cm
        own = [doors.leg[venue]]
        for e in np.flatnonzero(((left[network.a] > 0) | (left[network.b] > 0)) & (network.length_cm > 0)):
            share = np.array([left[network.a[e]], left[network.b[e]]]).clip(0, network.length_cm[e]) / network.length_cm[e]
            if share[0] > 0 and not network.one_way[e]:
                own.append(shapely.ops.substring(lines[e], 0, share[0], normalized=True))
            if share[1] > 0:
                own.append(shapely.ops.substring(lines[e], 1 - share[1], 1, normalized=True))
        spare, length = max(0, found.limit.limit_cm - access), network.length_cm[edge]
        high = position if network.one_way[edge] else min(length, position + spare)
        own.append(shapely.ops.substring(lines[edge], max(0, position - spare) / length, high / length, normalized=True))
        places, line = shapely.get_coordinates(own, return_index=True)
        along = np.flatnonzero(np.diff(line) == 0)
        chosen.append(np.hstack((places[along], places[along + 1])))
    return chosen


def recipe(found: Any, venues: int) -> float:
    """Return the seconds a venue of the recipe for isochrones in OSMnx's examples: nodes within reach, their edges buffered and united."""
    import osmnx

    network = found.network
    graph = nx.MultiDiGraph(crs=network.crs)
    graph.add_nodes_from((node, {"x": x, "y": y}) for node, (x, y) in enumerate(network.node_xy))
    for a, b, cm, line in zip(network.a.tolist(), network.b.tolist(), network.length_cm.tolist(), network.lines(), strict=True):
        graph.add_edge(a, b, length=cm / CM, geometry=line)
        graph.add_edge(b, a, length=cm / CM, geometry=line.reverse())

    def one(node: int) -> Any:
        near = nx.ego_graph(graph, node, radius=found.limit.limit_cm / CM, distance="length")
        edges = osmnx.graph_to_gdfs(near, nodes=False) if near.number_of_edges() else None
        return edges.buffer(WIDTH_M).union_all() if edges is not None else None

    nodes = network.a[found.venue_doors.edge[found.venue_doors.linked][:venues]].tolist()
    _, seconds = timed(lambda: [one(node) for node in nodes])
    return seconds / len(nodes)


def valhallas(path: Path, found: Any, drawn: Any) -> float:
    """Return the seconds a venue of Valhalla's isochrones from the same extract, its tiles built before, and tell how well they agree with ours."""
    import valhalla

    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder) / "valhalla.json"
        settings.write_text(json.dumps(valhalla.get_config(tile_extract="", tile_dir=folder)), encoding="utf-8")
        subprocess.run([Path(valhalla.__file__).parent / "bin" / "valhalla_build_tiles", "-c", settings, path], check=True, capture_output=True)
        actor = valhalla.Actor(settings)
        at_street = shapely.get_point(found.venue_doors.leg[found.venue_doors.linked], 0)
        places = gpd.GeoSeries(at_street, crs=found.network.crs).to_crs(4326)
        asked = {"costing": "pedestrian", "polygons": True, "generalize": 0, "contours": [{"distance": found.limit.limit_cm / CM / 1000}]}
        requests = [json.dumps({**asked, "locations": [{"lon": place.x, "lat": place.y}]}) for place in places]
        answers = [actor.isochrone(request) for request in requests]
        _, seconds = timed(lambda: [actor.isochrone(request) for request in requests])
    shapes = [shapely.geometry.shape(json.loads(each)["features"][0]["geometry"]) for each in answers]
    own, theirs = drawn.geometry.to_numpy(), shapely.make_valid(gpd.GeoSeries(shapes, crs=4326).to_crs(drawn.crs).to_numpy())
    share = shapely.area(shapely.intersection(own, theirs)) / shapely.area(shapely.union(own, theirs))
    print(f"  Valhalla's isochrones: IoU with our circles {np.median(share):.2f} in the median")
    return seconds / len(requests)


def extract(path: Path) -> None:
    district, rules = import_files(ImportRequest(osm=path)).district, load_rules("nantong")
    found, seconds = timed(lambda: coverage(district, rules))
    print(f"{path.name}: {found.network.nodes:,} nodes, whole run {seconds:.2f} s")
    with tempfile.TemporaryDirectory() as folder:
        cached_network(district, folder=Path(folder))
        print(f"  network from the cache: {timed(lambda: cached_network(district, folder=Path(folder)))[1]:.3f} s")
    draw(found, district, path)


def tell(task: str, own_s: float, peer: str, peer_s: float) -> None:
    print(f"{task}: {1000 * own_s:.1f} ms; {peer} {1000 * peer_s:.1f} ms, {peer_s / own_s:.1f} times as long", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="*", default=[50_000, 200_000, 1_000_000])
    parser.add_argument("--households", type=int, default=300_000)
    parser.add_argument("--osm", type=Path)
    parser.add_argument("--pandana", action="store_true", help="also pandana, which takes minutes")
    given = parser.parse_args()
    whole(given.households)
    if given.osm:
        extract(given.osm)
    for size in given.sizes:
        searches(size, with_pandana=given.pandana)
    siting()


if __name__ == "__main__":
    main()

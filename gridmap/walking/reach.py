"""Searches on the walking network: the nearest source for every node, and everything within reach of each source.

The queue is a ring of buckets, each a few metres wide, in whole centimetres; inside a bucket a distance may be corrected once more, so the
result is exact (Dial 1969; Denardo and Fox 1979).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gridmap.kernels import kernel
from gridmap.walking.network import Network, Small

FAR = 2**31 - 1
"""No distance: what cannot be reached. It never leaves this package."""

NOBODY = -1
"""The source of what no source reaches."""

NOWHERE = (FAR << 32) | 0xFFFFFFFF
"""Distance ``FAR`` and source ``NOBODY`` in one number."""

ROOM = 4096
"""So many nodes a bucket holds at first; a search that needs more is begun again with four times the room."""

BUCKET_BITS = 11
"""A bucket is 2 ** 11 cm, 20 m, wide: measured fastest of 5 to 80 m on networks of 50,000 to a million nodes."""

BUCKETS = 16
"""Edges up to 15 buckets, 300 m, need no more; the ring is widened for longer ones."""


@dataclass(frozen=True, eq=False)
class Arcs:
    """Arcs of a graph by the node that they leave (compressed rows): ``arc[k]`` is (the node led to, centimetres)."""

    first: Small
    arc: Small
    longest_cm: int

    @property
    def nodes(self) -> int:
        """How many nodes there are."""
        return len(self.first) - 1


def arcs(network: Network, *, towards: bool) -> Arcs:
    """Return the arcs of ``network``: as one walks them, or with ``towards`` against the walk, to search from a goal for those who walk to it."""
    both = ~network.one_way
    tail, head = (network.b, network.a) if towards else (network.a, network.b)
    return arcs_of(
        network.nodes,
        np.concatenate((tail, head[both])),
        np.concatenate((head, tail[both])),
        np.concatenate((network.length_cm, network.length_cm[both])),
    )


def arcs_of(nodes: int, tail: Small, head: Small, length_cm: Small) -> Arcs:
    """Return arcs in compressed rows; those that lead back to where they began are left out, since nobody gains by them."""
    apart = tail != head
    tail, head, length_cm = tail[apart], head[apart], length_cm[apart]
    order = np.argsort(tail, kind="stable")
    first = np.zeros(nodes + 1, dtype=np.int32)
    np.cumsum(np.bincount(tail, minlength=nodes), out=first[1:])
    arc = np.column_stack((head[order], length_cm[order])).astype(np.int32)
    return Arcs(first, np.ascontiguousarray(arc), int(length_cm.max(initial=0)))


@dataclass(frozen=True, eq=False)
class Nearest:
    """For each node the distance to the nearest source, :data:`FAR` where there is none, and which source it is (-1)."""

    distance_cm: Small
    source: Small


def nearest(graph: Arcs, node: Small, start_cm: Small, source: Small, *, limit_cm: int = FAR) -> Nearest:
    """Return the nearest source of every node within ``limit_cm``; of equally near ones the source with the lowest number.

    Source ``source[k]`` begins at ``node[k]`` with ``start_cm[k]`` already walked; one source may begin at several nodes.
    """
    bits, buckets = _ring(graph, int(start_cm.max(initial=0)))
    begun = node.astype(np.int32), start_cm.astype(np.int32), source.astype(np.int32)
    room, done = max(ROOM, graph.nodes // buckets, len(node)), False
    while not done:
        queue = np.empty((buckets, room), dtype=np.int32)
        label = np.full(graph.nodes, NOWHERE, dtype="<i8")
        done = _nearest(graph.first, graph.arc, *begun, min(limit_cm, FAR - 1), bits, queue, label)
        room *= 4
    halves = label.view("<i4").reshape(-1, 2)
    return Nearest(halves[:, 1], halves[:, 0])


@dataclass(frozen=True, eq=False)
class Reached:
    """What each source reaches: nodes ``node[first[k] : first[k + 1]]`` at ``distance_cm``."""

    first: npt.NDArray[np.int64]
    node: Small
    distance_cm: Small


def reached(graph: Arcs, node: Small, start_cm: Small, first: npt.NDArray[np.int64], *, limit_cm: int) -> Reached:
    """Return all nodes within ``limit_cm`` of each source; source ``k`` begins at ``node[first[k] : first[k + 1]]`` with ``start_cm`` walked."""
    bits, buckets = _ring(graph, int(start_cm.max(initial=0)))
    room, done = ROOM, False
    while not done:
        queue = np.empty((buckets, room), dtype=np.int32)
        done, *found = _reached(graph.first, graph.arc, node.astype(np.int32), start_cm.astype(np.int32), first, limit_cm, bits, queue)
        room *= 4
    return Reached(*found)


def _ring(graph: Arcs, start_max_cm: int) -> tuple[int, int]:
    """Return how wide a bucket is, in bits, and how many there are: a power of two, so that the ring holds the longest arc."""
    bits, buckets = BUCKET_BITS, BUCKETS
    longest = max(graph.longest_cm, start_max_cm)
    while (buckets - 1) << bits <= longest:
        if buckets < 1024:
            buckets *= 2
        else:
            bits += 1
    return bits, buckets


@kernel
def _nearest(first: Any, arc: Any, node: Any, start: Any, source: Any, limit: Any, bits: Any, queue: Any, label: Any) -> bool:
    """Lower the labels of nodes to those of their nearest sources; return False when the queue has too little room, and then they are of no use.

    A label has the distance in its upper half and the source in its lower: the smaller one is then the nearer source, and of equally near ones that
    with the lower number.
    """
    buckets, room = queue.shape
    mask = buckets - 1
    beyond = np.int64(limit + 1) << 32
    count = np.zeros(buckets, np.int64)
    live = 0
    for k in range(node.size):
        begun = (np.int64(start[k]) << 32) | np.int64(source[k])
        if begun < min(beyond, label[node[k]]):
            label[node[k]] = begun
            i = (start[k] >> bits) & mask
            if count[i] == room:
                return False
            queue[i, count[i]] = node[k]
            count[i] += 1
            live += 1
    now = np.int64(0)
    while live > 0:
        j = np.uint64(now & mask)
        base = now << (bits + 32)
        while count[j] > 0:
            count[j] -= 1
            live -= 1
            here = np.uint32(queue[j, count[j]])
            mine = label[here]
            if mine < base:
                continue
            for k in range(np.uint32(first[here]), np.uint32(first[here + np.uint32(1)])):
                there = np.uint32(arc[k, 0])
                far = mine + (np.int64(arc[k, 1]) << 32)
                # Without a branch: whether the number is smaller is anybody's guess, and a wrong guess costs more than a write for nothing.
                better = far < min(beyond, label[there])
                label[there] = far if better else label[there]
                i = np.uint64((far >> (bits + 32)) & mask)
                if count[i] == room:
                    return False
                queue[i, count[i]] = there
                count[i] += better
                live += better
        now += 1
    return True


@kernel
def _spread(first: Any, arc: Any, limit: Any, bits: Any, distance: Any, queue: Any, count: Any, live: Any, out: Any, total: Any) -> Any:
    """Walk on from what is in the queue until nothing is left; return how many nodes are in the list then, -1 when the queue had too little room."""
    buckets, room = queue.shape
    mask = buckets - 1
    now = np.int64(0)
    while live > 0:
        j = np.uint64(now & mask)
        base = now << bits
        while count[j] > 0:
            count[j] -= 1
            live -= 1
            here = np.uint32(queue[j, count[j]])
            walked = np.int64(distance[here])
            if walked < base:
                continue
            for k in range(np.uint32(first[here]), np.uint32(first[here + np.uint32(1)])):
                there = np.uint32(arc[k, 0])
                far = walked + np.int64(arc[k, 1])
                before = distance[there]
                better = (far < before) & (far <= limit)
                out[total] = there
                total += better & (before == FAR)
                distance[there] = far if better else before
                i = np.uint64((far >> bits) & mask)
                if count[i] == room:
                    return -1
                queue[i, count[i]] = there
                count[i] += better
                live += better
        now += 1
    return total


@kernel
def _reached(first: Any, arc: Any, node: Any, start: Any, begins: Any, limit: Any, bits: Any, queue: Any) -> Any:
    nodes = first.size - 1
    buckets, room = queue.shape
    distance = np.full(nodes, FAR, np.int32)
    count = np.zeros(buckets, np.int64)
    sources = begins.size - 1
    out_first = np.zeros(sources + 1, np.int64)
    out_node = np.empty(4 * nodes + 1024, np.int32)
    out_distance = np.empty(4 * nodes + 1024, np.int32)
    total = 0
    for s in range(sources):
        began = total
        # One place more than there are nodes: what is no better is written too, and written over.
        if total + nodes >= out_node.size:
            out_node = np.concatenate((out_node, np.empty_like(out_node)))
            out_distance = np.concatenate((out_distance, np.empty_like(out_distance)))
        live = 0
        for k in range(begins[s], begins[s + 1]):
            if start[k] <= limit and start[k] < distance[node[k]]:
                if distance[node[k]] == FAR:
                    out_node[total] = node[k]
                    total += 1
                distance[node[k]] = start[k]
                i = (start[k] >> bits) & (buckets - 1)
                if count[i] == room:
                    return False, out_first, out_node, out_distance
                queue[i, count[i]] = node[k]
                count[i] += 1
                live += 1
        total = _spread(first, arc, limit, bits, distance, queue, count, live, out_node, total)
        if total < 0:
            return False, out_first, out_node, out_distance
        for k in range(began, total):
            out_distance[k] = distance[out_node[k]]
            distance[out_node[k]] = FAR
        out_first[s + 1] = total
    return True, out_first, out_node[:total].copy(), out_distance[:total].copy()

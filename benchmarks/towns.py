"""Made-up communities for benchmarks: atoms and neighbour tables only, quick to make in any number, seeded.

Super-blocks between streets and arterials hold compounds of towers, slabs or old courtyards; land between buildings is divided by their Voronoi
cells. Less lifelike than the sample district, but free of the steps before the search.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.spatial import Voronoi

BLOCK_M = 180.0
"""Side of a super-block."""
HOUSEHOLDS = {"tower": (40, 130), "slab": (12, 60), "courtyard": (2, 14)}
"""Households of one building, from and up to, by kind of compound."""


def town(buildings: int, *, seed: int, towers: float = 0.25, courtyards: float = 0.2, community: str = "C1") -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return atoms and neighbour table of a community of about ``buildings`` buildings; ``towers`` and ``courtyards`` are shares of compounds."""
    rng = np.random.default_rng(seed)
    points, compounds, households, blocks = [], [], [], []
    side = int(np.ceil(np.sqrt(buildings / 11)))
    for block in range(side * side):
        kind = str(rng.choice(["tower", "slab", "courtyard"], p=[towers, 1 - towers - courtyards, courtyards]))
        number = int(rng.integers(4, 19))
        columns = int(np.ceil(np.sqrt(number)))
        for i in range(number):
            if len(points) < buildings:
                step = 0.8 * BLOCK_M / columns
                corner = np.array([block % side, block // side]) * BLOCK_M + 0.1 * BLOCK_M
                points.append(corner + np.array([i % columns, i // columns]) * step + rng.uniform(0.2, 0.8, 2) * step)
                compounds.append(f"{community}-{block}")
                blocks.append(block)
                households.append(0 if rng.random() < 0.04 else int(rng.integers(*HOUSEHOLDS[kind])))
    index = pd.Index([f"{community}-B{i:05d}" for i in range(len(points))], name="building_id")
    atoms = pd.DataFrame({"community_id": community, "compound_id": compounds, "households": households, "dedicated": False}, index=index)
    return atoms, _neighbours(np.array(points), np.array(blocks), side, index, rng)


def _neighbours(points: np.ndarray, blocks: np.ndarray, side: int, index: pd.Index, rng: np.random.Generator) -> pd.DataFrame:
    extent = side * BLOCK_M
    # Mirrored copies close the outer cells at the edge of the town.
    mirrored = [points * [s, t] + [ox, oy] for s, t, ox, oy in ((-1, 1, 0, 0), (-1, 1, 2 * extent, 0), (1, -1, 0, 0), (1, -1, 0, 2 * extent))]
    diagram = Voronoi(np.concatenate([points, *mirrored]))
    arterial_row = int(rng.integers(1, max(2, side)))
    rows = []
    for (a, b), ridge in zip(diagram.ridge_points, diagram.ridge_vertices, strict=True):
        if max(a, b) < len(points) and -1 not in ridge:
            length = float(np.linalg.norm(np.subtract(*diagram.vertices[ridge])))
            if length > 0.5:
                a, b = min(a, b), max(a, b)
                across = {blocks[a] // side, blocks[b] // side}
                separator = "none" if blocks[a] == blocks[b] else "arterial" if across == {arterial_row - 1, arterial_row} else "street"
                rows.append((index[a], index[b], length, separator, separator != "arterial" or (min(blocks[a], blocks[b]) % 2 == 0)))
    return pd.DataFrame(sorted(rows), columns=["a", "b", "shared_m", "separator", "crossable"])


def city(*, communities: int = 85, seed: int = 1) -> list[tuple[pd.DataFrame, pd.DataFrame]]:
    """Return communities of about 3,500 households each, some 30 to 200 buildings, in several mixes."""
    rng = np.random.default_rng(seed)
    towns = []
    for number in range(communities):
        mix = ((0.6, 0.05), (0.25, 0.2), (0.1, 0.1), (0.3, 0.45))[number % 4]
        mean = mix[0] * 85 + mix[1] * 8 + (1 - sum(mix)) * 36
        wanted = float(np.clip(rng.normal(3500, 900), 800, 6000))
        towns.append(town(max(20, round(wanted / mean)), seed=seed * 1000 + number, towers=mix[0], courtyards=mix[1], community=f"C{number:03d}"))
    return towns

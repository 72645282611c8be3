"""Daily rounds against trying every order, and walks between doors by hand."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
import shapely
from walks import draw_walks, line

from gridmap.walking.doors import doors
from gridmap.walking.network import walking_network
from gridmap.walking.rounds import daily_rounds, tour_length
from gridmap.walking.walls import walls_of


def exact(apart: np.ndarray) -> int:
    orders = itertools.permutations(range(1, len(apart)))
    return min(sum(int(apart[a, b]) for a, b in itertools.pairwise((0, *order, 0))) for order in orders)


@pytest.mark.parametrize("seed", range(25))
def test_rounds_are_within_a_twentieth_of_the_shortest(seed: int) -> None:
    places = np.random.default_rng(seed).integers(0, 50_000, (7, 2))
    apart = np.abs(places[:, None] - places[None]).sum(axis=2)
    assert exact(apart) <= tour_length(apart) <= 1.05 * exact(apart)


@pytest.mark.parametrize("count", [0, 1])
def test_one_door_needs_no_round(count: int) -> None:
    assert tour_length(np.zeros((count, count), dtype=np.int64)) == 0


def test_a_round_goes_there_and_back_with_every_step_to_a_door() -> None:
    homes = {f"b{x}": shapely.Point(x, 5) for x in (0, 100, 300)} | {"far": shapely.Point(0, 900)}
    district = draw_walks({"we": line((0, 0), (400, 0)), "apart": line((0, 900), (50, 900))}, buildings=homes)
    network = walking_network(district)
    found = doors(network, district.buildings.index.to_numpy(dtype=object), district.buildings.geometry.to_numpy(), walls_of(district))
    table = daily_rounds(network, found, pd.Series({"b0": "g", "b100": "g", "b300": "g", "far": "h"}))
    assert table.loc["g"].tolist() == [3, 0, 630.0, 310.0]
    assert table.loc["h"].tolist() == [1, 0, 0.0, 0.0]
    both = daily_rounds(network, found, pd.Series({"b0": "g", "far": "g"}))
    assert both[["round_m", "longest_m"]].isna().all().all()


@pytest.mark.parametrize(("x", "longest_m"), [(599, 619.0), (601, 621.0), (2000, 2020.0), (5000, 5020.0), (5001, np.nan)])
def test_doors_far_from_each_other_are_found_as_far_as_five_kilometres(x: int, longest_m: float) -> None:
    homes = {"near": shapely.Point(0, 10), "far": shapely.Point(x, 10)}
    district = draw_walks({"we": line((0, 0), (6000, 0))}, buildings=homes)
    network = walking_network(district)
    found = doors(network, district.buildings.index.to_numpy(dtype=object), district.buildings.geometry.to_numpy(), walls_of(district))
    table = daily_rounds(network, found, pd.Series({"near": "g", "far": "g"}))
    assert table["longest_m"].tolist() == pytest.approx([longest_m], nan_ok=True)

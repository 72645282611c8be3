from __future__ import annotations

import numpy as np

from gridmap.grids.chance import below, gumbel, seeded, uniform


def test_same_seeds_same_numbers() -> None:
    first, second = seeded(1, 2), seeded(1, 2)
    assert [uniform(first) for _ in range(3)] == [uniform(second) for _ in range(3)]


def test_other_seeds_other_numbers() -> None:
    assert uniform(seeded(1, 2)) != uniform(seeded(2, 1))


def test_uniform_fills_the_unit_interval_evenly() -> None:
    state = seeded(7)
    drawn = np.array([uniform(state) for _ in range(4000)])
    assert drawn.min() >= 0
    assert drawn.max() < 1
    assert np.histogram(drawn, bins=8, range=(0, 1))[0].min() > 400


def test_below_reaches_every_number() -> None:
    state = seeded(8)
    assert {below(state, 5) for _ in range(200)} == set(range(5))


def test_gumbel_has_its_mean() -> None:
    state = seeded(9)
    assert abs(np.mean([gumbel(state) for _ in range(4000)]) - np.euler_gamma) < 0.1

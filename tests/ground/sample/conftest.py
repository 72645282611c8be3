"""Two made-up cities: one of four super-blocks, one large enough to have left out its corners."""

from __future__ import annotations

import pytest

from gridmap.ground.sample import sample_district
from gridmap.ground.tables import District


@pytest.fixture(scope="session")
def small() -> District:
    return sample_district()


@pytest.fixture(scope="session")
def city() -> District:
    return sample_district(40_000, seed=2)

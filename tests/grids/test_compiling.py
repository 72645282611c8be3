"""The halves of what a plan compiles, and workers that live on."""

from __future__ import annotations

import pytest

from gridmap.grids.certificate import certificates
from gridmap.grids.compiling import HOUSEHOLDS, LIMITS, SIDE, compile_half, halves, small_part
from gridmap.grids.plan import Effort
from gridmap.grids.search import search


def test_the_part_is_one_that_can_be_divided() -> None:
    graph = small_part()
    assert graph.households.tolist() == SIDE * SIDE * [HOUSEHOLDS]
    assert len(graph.components()) == 1
    assert certificates(graph, LIMITS.minimum, LIMITS.maximum) == []
    assert search(graph, LIMITS.minimum, LIMITS.maximum, effort="quick").violation_households == 0


@pytest.mark.parametrize("effort", ["quick", "normal", "best"])
def test_both_halves_of_every_effort_run(effort: Effort) -> None:
    assert [compile_half(job) for job in halves(effort)] == [None, None]

from __future__ import annotations

import pytest

from gridmap.grids.division import arithmetic_violation


@pytest.mark.parametrize("households", range(1, 60))
def test_arithmetic_violation_is_the_least_of_all_numbers_of_grids(households: int) -> None:
    each = [max(0, grids * 7 - households, households - grids * 9) for grids in range(1, households + 2)]
    assert arithmetic_violation(households, 7, 9) == min(each)

"""Where candidates for new venues are generated."""

from __future__ import annotations

import numpy as np
import shapely
from walks import draw_walks, line

from gridmap.circles.candidates import SITE_SPACING_M, building_candidates, corner_candidates
from gridmap.circles.coverage import coverage
from gridmap.circles.demand import reach_matrix
from gridmap.rules import load_rules

RULES = load_rules("nantong")


def test_street_corners_are_where_three_ways_meet_on_the_ground() -> None:
    streets = {
        "we": (line((0, 0), (900, 0)), {"name": "南路"}),
        "north": (line((300, 0), (300, 200)), {"name": "北街"}),
        "bridge": (line((600, -100), (600, 100)), {"layer": 1}),
    }
    district = draw_walks(streets, buildings={"b": shapely.Point(300, 20)})
    found = corner_candidates(coverage(district, RULES), district)
    assert (found.doors.id.tolist(), found.name.tolist()) == (["X1"], ["北街 / 南路"])
    assert shapely.get_point(found.doors.leg[0], 0).x == 500_300


def test_from_a_corner_people_are_reached_along_the_streets_alone() -> None:
    streets = {"we": line((0, 0), (900, 0)), "north": line((300, 0), (300, 200))}
    homes = {"near": shapely.Point(760, 10), "far": shapely.Point(1000, 0)}
    district = draw_walks({**streets, "on": line((900, 0), (1100, 0))}, buildings=homes)
    found = coverage(district, RULES, minutes=470 / 75)
    serves = reach_matrix(found, corner_candidates(found, district).doors).toarray()[:, 0]
    assert dict(zip(found.doors.id, serves, strict=True)) == {"near": True, "far": False}


def test_without_corners_there_is_no_candidate() -> None:
    district = draw_walks({"we": line((0, 0), (900, 0))}, buildings={"b": shapely.Point(300, 20)})
    assert len(corner_candidates(coverage(district, RULES), district).doors) == 0


def test_of_buildings_close_together_one_is_a_candidate() -> None:
    homes = {f"b{number}": shapely.Point(10 + number * 15, 10) for number in range(10)}
    district = draw_walks({"we": line((0, 0), (900, 0))}, buildings=homes)
    assert len(building_candidates(coverage(district, RULES), district).doors) == np.ceil(150 / SITE_SPACING_M)

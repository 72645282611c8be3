"""Every awkward kind of input once, by name, for all tests: ``from shapes import BOW_TIE``. Append; do not alter what others rely on."""

from __future__ import annotations

from shapely import MultiPolygon, Polygon

UNIT_SQUARE = Polygon([(0, 0), (1, 0), (1, 1), (0, 1)])
BOW_TIE = Polygon([(0, 0), (10, 10), (10, 0), (0, 10)])
EMPTY = Polygon()
HOSTILE_TEXTS = (
    "${document.title=777}",
    "<img src=x onerror=document.title=777>",
    "</script><script>document.title=777</script>",
    "`+(document.title=777)+`",
    "{{ 7*7 }}",
    "\"'><svg onload=document.title=777>",
)
"""Texts that become script where a page is built without care."""
DUPLICATE_FOOTPRINTS = (Polygon([(0, 0), (12, 0), (12, 10), (0, 10)]),) * 3
"""One building entered three times."""
TOUCHING_FOOTPRINTS = (Polygon([(0, 0), (6, 0), (6, 10), (0, 10)]), Polygon([(6, 0), (12, 0), (12, 10), (6, 10)]))
OVERLAPPING_FOOTPRINTS = (Polygon([(0, 0), (8, 0), (8, 10), (0, 10)]), Polygon([(6, 2), (14, 2), (14, 12), (6, 12)]))
TOWER_ON_PODIUM = (Polygon([(0, 0), (30, 0), (30, 20), (0, 20)]), Polygon([(20, 10), (30, 10), (30, 20), (20, 20)]))
"""The tower stands on the corner of the podium and shares two of its walls."""
OUTLINE_AND_HOUSES = (Polygon([(0, 0), (12, 0), (12, 10), (0, 10)]), *TOUCHING_FOOTPRINTS)
"""A terrace drawn as a whole and as its houses: the whole has no wall of its own."""
SLIVER_FOOTPRINT = Polygon([(0, 0), (10, 0), (10, 0.1), (0, 0.1)])
U_SHAPED_FOOTPRINT = Polygon([(0, 0), (20, 0), (20, 20), (15, 20), (15, 5), (5, 5), (5, 20), (0, 20)])
COURTYARD_FOOTPRINT = Polygon([(0, 0), (20, 0), (20, 20), (0, 20)], [[(5, 5), (15, 5), (15, 15), (5, 15)]])
TWO_PART_FOOTPRINT = MultiPolygon([(((0, 0), (6, 0), (6, 6), (0, 6)), []), (((20, 0), (26, 0), (26, 6), (20, 6)), [])])

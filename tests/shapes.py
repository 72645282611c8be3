"""Every awkward kind of input once, by name, for all tests: ``from shapes import BOW_TIE``. Append; do not alter what others rely on."""

from __future__ import annotations

from shapely import Polygon

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

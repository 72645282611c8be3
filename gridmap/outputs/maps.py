"""The quick map of a plan: one page in one file that opens anywhere, with no network."""

from __future__ import annotations

import secrets
from pathlib import Path

from gridmap.grids.plan import Plan
from gridmap.ground.tables import District
from gridmap.outputs.folium_page import FoliumMap, safe_map
from gridmap.outputs.map_content import plan_content
from gridmap.store.failures import failures_told
from gridmap.texts import Language, render, user_language


def plan_map(plan: Plan, *, district: District | None = None, language: Language = "zh") -> FoliumMap:
    """Return the map of ``plan`` as a folium map, which notebooks show and :func:`save_map` writes.

    It shows each grid with its households beside the target, neighbours in different colours, grids out of bounds hatched, and the findings at
    their place. With the ``district`` it also shows buildings, streets, barriers, venues and the names of communities. ``language`` is the one that
    the page opens in; a button on it changes to the other.
    """
    content, bounds = plan_content(plan, district, language)
    place = district.name if district is not None and district.name else plan.name
    return safe_map(content, title=f"{place} · {render('map_title', language, {})}", language=language, bounds=bounds)


def explore(plan: Plan, *, district: District | None = None, language: Language | None = None) -> FoliumMap:
    """Show ``plan`` in a notebook, in the user's language unless told otherwise; the last line of a cell draws it.

    The same map as :func:`plan_map` makes, as geopandas users expect from ``GeoDataFrame.explore``.
    """
    return plan_map(plan, district=district, language=language or user_language())


def save_map(drawn: FoliumMap, path: Path) -> None:
    """Write the map as one HTML file, whole or not at all: a page of that name stays as it was until the new one is complete.

    Raises ``WorkspaceError`` when the folder is missing or read-only, or the disk is full.
    """
    page = drawn.get_root().render()
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    with failures_told(path):
        try:
            part.write_text(page, encoding="utf-8", newline="\n")
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)

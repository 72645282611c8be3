"""The quick map of a plan: one page in one file that opens anywhere, with no network."""

from __future__ import annotations

from pathlib import Path

from gridmap.errors import RequestError
from gridmap.grids.plan import Plan
from gridmap.ground.tables import District
from gridmap.outputs.folium_page import FoliumMap, safe_map
from gridmap.outputs.map_content import plan_content
from gridmap.outputs.plain_files import PAGE_ENDINGS
from gridmap.store.connections import check_place, drafted
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

    Raises ``RequestError`` when the name does not end as a web page's does, so that no slip of the keyboard replaces a workspace, and
    ``WorkspaceError`` when the folder is missing or read-only, or the disk is full.
    """
    check_page_name(path)
    page = drawn.get_root().render()
    with drafted(path) as draft:
        draft.write_text(page, encoding="utf-8", newline="\n")


def check_page_name(path: Path) -> None:
    """Raise ``RequestError`` unless ``path`` ends as the name of a web page does, and ``WorkspaceError`` where no file can be."""
    if path.suffix.lower() not in PAGE_ENDINGS:
        raise RequestError("map_ending_unknown", file=path.name or str(path), endings=", ".join(PAGE_ENDINGS))
    check_place(path)

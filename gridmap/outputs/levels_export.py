"""Areas and mergers as files: a workbook for people, and every format that a plan can be exported to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import geopandas as gpd
import pandas as pd

from gridmap.findings import Finding
from gridmap.grids.areas import Areas
from gridmap.grids.coarsen import Level
from gridmap.grids.mergers import Mergers
from gridmap.grids.plan import Plan
from gridmap.ground.tables import District
from gridmap.outputs.export import ENDINGS, check_export_name, write_layers
from gridmap.outputs.export_layers import FINDINGS, Export
from gridmap.outputs.plain_files import harmless, headings
from gridmap.outputs.sheets import append_heads, new_workbook, set_widths
from gridmap.store.area_rows import area_table
from gridmap.store.blobs import sql_values
from gridmap.store.connections import drafted
from gridmap.store.finding_rows import findings_frame
from gridmap.store.geopackage import Field, Layer
from gridmap.store.schema import AREA_COLUMNS, MERGER_COLUMNS
from gridmap.texts import Language, render, user_language

LEVEL_ENDINGS = (".xlsx", *ENDINGS)
WIDTH = 16
"""Of a column of the workbook, in characters."""

OF_COMMUNITY = (Field("name", "text"), Field("division_code", "text"), Field("street_office", "text"))
AREAS = Layer("areas", AREA_COLUMNS, "MULTIPOLYGON")
MERGED = Layer("merged", MERGER_COLUMNS, "MULTIPOLYGON")
COMMUNITIES = Layer(
    "communities",
    (
        Field("community_id", "text", required=True),
        *OF_COMMUNITY,
        Field("households", "integer"),
        Field("grids", "integer"),
        Field("area_id", "text"),
    ),
    "MULTIPOLYGON",
)
GRIDS = Layer(
    "grids",
    (*(Field(name, "text") for name in ("grid_id", "community_id", "area_id", "code", "name")), Field("households", "integer")),
    "MULTIPOLYGON",
)
DISSOLVED = Layer(
    "communities",
    (
        Field("community_id", "text", required=True),
        *OF_COMMUNITY,
        Field("households", "integer"),
        Field("into", "text"),
        Field("into_name", "text"),
        Field("households_after", "integer"),
    ),
    "MULTIPOLYGON",
)


def export_areas(areas: Areas, district: District, path: Path, *, plan: Plan | None = None, language: Language | None = None) -> list[Finding]:
    """Write areas to ``path`` and return what the format could not hold; its ending says which format.

    The layers, or sheets of a workbook, are ``areas``, ``communities`` with the area of each, with a plan ``grids``, and ``findings``; GeoJSON and
    CSV hold the areas alone. The file appears whole or not at all. Raises ``RequestError`` for another ending and ``WorkspaceError`` when the file
    cannot be written or is a workspace.
    """
    layers = [Export(AREAS, area_table(areas)), Export(COMMUNITIES, _communities(areas.level, district).assign(area_id=areas.area_of.to_numpy()))]
    if plan is not None:
        grids = plan.grids.assign(area_id=plan.grids["community_id"].map(areas.area_of)).rename_axis("grid_id").reset_index()
        layers.append(Export(GRIDS, grids))
    return _write([*layers, _findings(areas.findings, areas.level)], path, "areas", language or user_language())


def export_mergers(mergers: Mergers, district: District, path: Path, *, language: Language | None = None) -> list[Finding]:
    """Write mergers to ``path`` as :func:`export_areas` writes areas: ``merged``, ``communities`` with what each goes into, and ``findings``; GeoJSON
    and CSV hold the communities."""
    table = _communities(mergers.level, district)
    names = district.communities["name"]
    after = mergers.level.atoms["households"].groupby(mergers.into.to_numpy()).sum()
    into = mergers.into.to_numpy()
    told = table.assign(into=into, into_name=names.reindex(into).to_numpy(), households_after=after.reindex(into).to_numpy())
    layers = [Export(DISSOLVED, told), Export(MERGED, mergers.merged.reset_index()), _findings(mergers.findings, mergers.level)]
    return _write(layers, path, "communities", language or user_language())


def _communities(level: Level, district: District) -> gpd.GeoDataFrame:
    known = district.communities
    told = {field.name: known[field.name].array for field in OF_COMMUNITY}
    return level.atoms[["households", "grids", "geometry"]].assign(**told).rename_axis("community_id").reset_index()


def _findings(findings: Sequence[Finding], level: Level) -> Export:
    return Export(FINDINGS, findings_frame(findings, level.atoms.crs))


def _write(layers: Sequence[Export], path: Path, drawn: str, language: Language) -> list[Finding]:
    check_export_name(path, LEVEL_ENDINGS)
    if path.suffix.lower() != ".xlsx":
        return write_layers(layers, path, drawn=drawn, language=language)
    with drafted(path) as draft, new_workbook() as book:
        for each in layers:
            sheet = book.create_sheet(render(f"level_sheet_{each.name}", language, {}))
            sheet.freeze_panes = "A2"
            set_widths(sheet, len(each.columns), WIDTH)
            append_heads(sheet, headings(each, language))
            table = pd.DataFrame({name: pd.Series(sql_values(each.frame[name]), dtype=object) for name in each.columns})
            for row in table.itertuples(index=False):
                sheet.append([harmless(value) for value in row])
        book.save(draft)
    return []

"""Plans and ground as files for other programs: GeoPackage, shapefiles in a zip, GeoJSON, CSV."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gridmap.errors import RequestError, WorkspaceError
from gridmap.findings import Finding
from gridmap.grids.plan import Plan
from gridmap.ground.tables import District
from gridmap.outputs.export_layers import Export, ground_layers, plan_layers
from gridmap.outputs.plain_files import write_csv, write_geojson
from gridmap.outputs.shapefile_zip import write_shapefiles
from gridmap.store.connections import check_place, creating
from gridmap.store.geopackage import append_rows, create_layer, initialise
from gridmap.store.workspace import is_workspace
from gridmap.texts import Language, user_language

ENDINGS = (".gpkg", ".zip", ".geojson", ".csv")


def export_plan(plan: Plan, district: District, path: Path, *, layer: str | None = None, language: Language | None = None) -> list[Finding]:
    """Write a plan to ``path`` and return what the format could not hold; the ending of ``path`` says which format.

    - ``.gpkg``: the layers ``grids``, ``buildings``, ``cells``, ``neighbours`` and ``findings`` in the working CRS, metres; enough for an
      independent program to check the plan.
    - ``.zip``: the same as shapefiles in UTF-8, with a sheet that tells which short field name stands for what.
    - ``.geojson``: the grids in WGS 84 (RFC 7946).
    - ``.csv``: the buildings, each with its grid; UTF-8 with a byte order mark, so that Excel reads Chinese; headings in ``language``.

    With ``layer`` only that layer is written. The file appears whole or not at all; one that is there is replaced. Raises ``RequestError`` for
    another ending or layer and ``WorkspaceError`` when the file cannot be written or is a workspace.
    """
    layers, findings = plan_layers(plan, district)
    return findings + write_layers(layers, path, drawn="grids", layer=layer, language=language or user_language())


def export_ground(
    district: District, path: Path, *, findings: Sequence[Finding] = (), layer: str | None = None, language: Language | None = None
) -> list[Finding]:
    """Write the ground to ``path`` as :func:`export_plan` writes a plan: its tables that have rows; in ``.geojson`` and ``.csv`` the buildings alone,
    or ``layer``."""
    return write_layers(ground_layers(district, findings), path, drawn="buildings", layer=layer, language=language or user_language())


def write_layers(layers: Sequence[Export], path: Path, *, drawn: str, layer: str | None = None, language: Language) -> list[Finding]:
    """Write layers to ``path`` by its ending and return what the format could not hold; a format of one layer gets ``layer``, else ``drawn``.

    CSV gets the buildings where there are any.
    """
    check_export_name(path)
    ending = path.suffix.lower()
    by_name = {each.name: each for each in layers if ending != ".geojson" or each.layer.geometry is not None}
    if layer is not None and layer not in by_name:
        raise RequestError("export_layer_unknown", layer=layer, layers=", ".join(by_name), ending=ending)
    chosen = layers if layer is None else [by_name[layer]]
    if ending == ".gpkg":
        write_geopackage(chosen, path)
    elif ending == ".zip":
        return write_shapefiles(chosen, path)
    elif ending == ".geojson":
        write_geojson(by_name[layer or drawn], path)
    else:
        write_csv(by_name[layer or ("buildings" if "buildings" in by_name else drawn)], path, language)
    return []


def check_export_name(path: Path, endings: Sequence[str] = ENDINGS) -> None:
    """Raise ``RequestError`` unless ``path`` ends as one of the formats does, and ``WorkspaceError`` where a workspace is or no file can be."""
    # A slip of the keyboard must not replace a workspace with all its plans, whatever it is called.
    if is_workspace(path):
        raise WorkspaceError("export_onto_workspace", file=path.name)
    if path.suffix.lower() not in endings:
        raise RequestError("export_ending_unknown", file=path.name or str(path), endings=", ".join(endings))
    check_place(path)


def write_geopackage(layers: Sequence[Export], path: Path) -> None:
    """Write layers to one GeoPackage, whole or not at all."""
    with creating(path, replace=True) as connection:
        initialise(connection)
        for each in layers:
            create_layer(connection, each.layer, each.frame.crs if each.layer.geometry else None)
            append_rows(connection, each.layer, each.frame)

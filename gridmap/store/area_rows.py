"""Areas and mergers as rows of a workspace: proposals, each under its name, that QGIS shows as layers."""

# ruff: noqa: S608
# Names of tables stand in the schema; values always are parameters.

from __future__ import annotations

import geopandas as gpd
import pandas as pd

from gridmap.grids.areas import Areas
from gridmap.grids.mergers import Mergers
from gridmap.store.geopackage import Layer, append_rows, create_layer, crs_of, read_features, table_names
from gridmap.store.schema import AREAS_LAYER, MERGERS_LAYER
from gridmap.store.workspace import Workspace


def area_table(areas: Areas) -> gpd.GeoDataFrame:
    """Return the areas with their communities listed, as they are kept and exported."""
    members = areas.area_of.groupby(areas.area_of.to_numpy()).agg(lambda its: ", ".join(map(str, its.index)))
    return areas.areas.assign(community_ids=members.reindex(areas.areas.index)).reset_index()


def save_areas(workspace: Workspace, areas: Areas) -> None:
    """Keep areas under their name, in place of earlier ones of that name."""
    _save(workspace, AREAS_LAYER, area_table(areas), areas.name, areas.ground)


def save_mergers(workspace: Workspace, mergers: Mergers, name: str) -> None:
    """Keep mergers under ``name``, in place of earlier ones of that name."""
    _save(workspace, MERGERS_LAYER, mergers.merged.reset_index(), name, mergers.ground)


def read_areas(workspace: Workspace) -> gpd.GeoDataFrame | None:
    """Return all areas that are kept, with ``proposal``, their name, and ``ground``; None when there never were any."""
    return _read(workspace, AREAS_LAYER)


def read_mergers(workspace: Workspace) -> gpd.GeoDataFrame | None:
    """Return all mergers that are kept, with ``proposal``, their name, and ``ground``; None when there never were any."""
    return _read(workspace, MERGERS_LAYER)


def _read(workspace: Workspace, layer: Layer) -> gpd.GeoDataFrame | None:
    with workspace._reading() as connection:
        return read_features(connection, layer) if layer.name in table_names(connection) else None


def _save(workspace: Workspace, layer: Layer, frame: gpd.GeoDataFrame, name: str, ground: str) -> None:
    made = frame.assign(proposal=name, ground=ground)
    with workspace._writing() as connection:
        if layer.name not in table_names(connection) or crs_of(connection, layer.name) != frame.crs:
            others = read_features(connection, layer) if layer.name in table_names(connection) else made.iloc[:0]
            create_layer(connection, layer, frame.crs)
            append_rows(connection, layer, pd.DataFrame(others.to_crs(frame.crs)).pipe(gpd.GeoDataFrame, geometry="geometry", crs=frame.crs))
        connection.execute(f'DELETE FROM "{layer.name}" WHERE proposal = ?', (name,))
        append_rows(connection, layer, made)

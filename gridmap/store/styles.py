"""How QGIS draws a workspace: grids as an outline with their name, buildings plain, findings by severity."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from html import escape

from gridmap.store.geopackage import GEOMETRY_COLUMN

STYLES_TABLE = """
CREATE TABLE IF NOT EXISTS layer_styles (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256), f_table_schema TEXT(256),
    f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN, description TEXT,
    owner TEXT(30), ui TEXT(30), update_time DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')))
"""
"""As QGIS itself makes it."""

GRID_LABEL = 'coalesce("name", "code", "grid_id") || \'\\n\' || "households"'
SEVERITY_COLOURS = {"error": "215,25,28,255", "warning": "253,174,97,255", "info": "43,131,186,255"}


def add_styles(connection: sqlite3.Connection) -> None:
    """Say how QGIS draws the layers of a workspace, unless somebody has saved a style for one there."""
    connection.execute(STYLES_TABLE)
    entry = (
        "INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES ('layer_styles', 'attributes', 'layer_styles') ON CONFLICT DO NOTHING"
    )
    connection.execute(entry)
    for layer, qml in STYLES.items():
        add_style(connection, layer, qml)


def add_grid_style(connection: sqlite3.Connection, layer: str) -> None:
    """Draw ``layer`` as grids are drawn."""
    add_style(connection, layer, GRIDS_QML)


def add_style(connection: sqlite3.Connection, layer: str, qml: str) -> None:
    """Make ``qml`` the default style of ``layer``, unless it has one."""
    statement = """
        INSERT INTO layer_styles
        (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName, styleQML, styleSLD, useAsDefault, owner)
        SELECT '', '', ?1, ?2, 'gridmap', ?3, '', 1, '' WHERE NOT EXISTS (SELECT 1 FROM layer_styles WHERE f_table_name = ?1)
    """
    connection.execute(statement, (layer, GEOMETRY_COLUMN, qml))


def drop_style(connection: sqlite3.Connection, layer: str) -> None:
    """Remove the styles of a layer that is gone."""
    if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'layer_styles'").fetchone():
        connection.execute("DELETE FROM layer_styles WHERE f_table_name = ?", (layer,))


def _symbol(kind: str, layer: str, name: str = "0", /, **values: str) -> str:
    # The older way to write properties: every QGIS 3 reads it.
    properties = "".join(f"<prop k='{key}' v='{escape(value)}'/>" for key, value in values.items())
    return f"<symbol type='{kind}' name='{name}' alpha='1'><layer class='{layer}' enabled='1' pass='0' locked='0'>{properties}</layer></symbol>"


def _qml(renderer: str, label: str = "") -> str:
    return (
        f"<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'><qgis version='3.16' labelsEnabled='{int(bool(label))}'>{renderer}{label}</qgis>"
    )


def _label(expression: str) -> str:
    buffer = "<text-buffer bufferDraw='1' bufferSize='1' bufferColor='255,255,255,255'/>"
    text = (
        f"<text-style fieldName='{escape(expression)}' isExpression='1' fontSize='9' fontWeight='50' textColor='40,40,40,255'>{buffer}</text-style>"
    )
    # Without these flags QGIS finds no place that it may use.
    placement = "<placement placement='1' priority='5' centroidInside='1' placementFlags='10' polygonPlacementFlags='2' offsetUnits='MM'/>"
    return f"<labeling type='simple'><settings calloutType='simple'>{text}{placement}</settings></labeling>"


def _single(symbol: str) -> str:
    return f"<renderer-v2 type='singleSymbol'><symbols>{symbol}</symbols></renderer-v2>"


def _by_severity() -> str:
    categories = "".join(f"<category symbol='{at}' value='{name}' label='{name}' render='true'/>" for at, name in enumerate(SEVERITY_COLOURS))
    symbols = "".join(
        _symbol("marker", "SimpleMarker", str(at), name="circle", color=colour, size="2.6", outline_color="255,255,255,255")
        for at, colour in enumerate(SEVERITY_COLOURS.values())
    )
    return f"<renderer-v2 type='categorizedSymbol' attr='severity'><categories>{categories}</categories><symbols>{symbols}</symbols></renderer-v2>"


def _fill(fill: str, outline: str, width_mm: str) -> str:
    values = {"color": fill, "style": "solid" if fill else "no", "outline_color": outline, "outline_width": width_mm, "outline_style": "solid"}
    return _single(_symbol("fill", "SimpleFill", **values))


GRIDS_QML = _qml(_fill("", "200,30,30,255", "0.6"), _label(GRID_LABEL))
STYLES: Mapping[str, str] = {
    "communities": _qml(_fill("", "90,40,130,255", "0.9"), _label('coalesce("name", "community_id")')),
    "buildings": _qml(_fill("205,195,180,255", "150,140,125,255", "0.1")),
    "cells": _qml(_fill("", "190,190,190,255", "0.15")),
    "atoms": _qml(_fill("", "190,190,190,255", "0.15")),
    "grids": GRIDS_QML,
    "findings": _qml(_by_severity()),
}

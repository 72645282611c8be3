"""QGIS finds a style for each layer, and keeps the styles that users saved. (That QGIS draws them was seen in QGIS 3.22.)"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from xml.etree import ElementTree as ET

import pytest

from gridmap.grids.plan import Plan
from gridmap.store.styles import STYLES
from gridmap.store.workspace import Workspace


def styles(workspace: Workspace) -> dict[str, str]:
    with closing(sqlite3.connect(workspace.path)) as connection:
        return dict(connection.execute("SELECT f_table_name, styleQML FROM layer_styles WHERE useAsDefault").fetchall())


def test_which_layers_have_a_style(workspace: Workspace) -> None:
    assert set(styles(workspace)) == {*STYLES, "grids_first"}


@pytest.mark.parametrize("layer", STYLES)
def test_a_style_is_xml_with_a_symbol(workspace: Workspace, layer: str) -> None:
    assert ET.fromstring(styles(workspace)[layer]).find(".//symbol/layer") is not None


def test_grids_are_labelled_with_their_households(workspace: Workspace) -> None:
    text = ET.fromstring(styles(workspace)["grids_first"]).find(".//text-style")
    assert text is not None
    assert '"households"' in text.attrib["fieldName"]


def test_a_style_that_the_user_saved_stays(workspace: Workspace, plan: Plan) -> None:
    with closing(sqlite3.connect(workspace.path)) as connection:
        connection.execute("UPDATE layer_styles SET styleQML = 'mine' WHERE f_table_name = 'grids_first'")
        connection.commit()
    workspace.save_plan(plan)
    assert styles(workspace)["grids_first"] == "mine"

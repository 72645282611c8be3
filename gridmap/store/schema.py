"""What a workspace holds: the whole list of its layers and tables. Nothing private has a place here."""

from __future__ import annotations

from gridmap.ground.tables import AREAS, TABLES, Kind, Table
from gridmap.store.geopackage import Field, Layer

SCHEMA_VERSION = 1
"""Raised when an older gridmap could no longer read what is written."""

SETTINGS = "gridmap_settings"
"""Name of the table of names and values; no layer, so that QGIS does not offer it."""


def _fields(**kinds: Kind) -> tuple[Field, ...]:
    return tuple(Field(name, kind) for name, kind in kinds.items())


def _needed(**kinds: Kind) -> tuple[Field, ...]:
    return tuple(Field(name, kind, required=True) for name, kind in kinds.items())


def _ground_layer(table: Table) -> Layer:
    """Areas and lines are kept as collections, so that each layer has one type; buildings given as points are told apart when written."""
    if set(table.geometry) & set(AREAS) and table.name != "barriers":
        geometry = "MULTIPOLYGON"
    else:
        geometry = {"streets": "MULTILINESTRING", "barriers": "GEOMETRY"}.get(table.name, "POINT")
    columns = tuple(Field(column.name, column.kind, required=column.required, late=column.late) for column in table.columns)
    return Layer(table.name, (Field(table.index, "text", required=True, unique=True), *columns), geometry)


GROUND: dict[str, Layer] = {name: _ground_layer(table) for name, table in TABLES.items()}

ATOM_COLUMNS = (
    *_needed(atom_id="text", source_building_id="text", community_id="text"),
    *_fields(compound_id="text"),
    *_needed(households="integer", households_source="text", dedicated="truth"),
)
NEIGHBOUR_COLUMNS = _needed(a="text", b="text", shared_m="number", separator="text", crossable="truth")
GRID_COLUMNS = (
    *_needed(grid_id="text", kind="text", community_id="text"),
    *_fields(code="text", name="text"),
    *_needed(households="integer", buildings="integer", households_missing="integer"),
    *_fields(worker="text"),
)
FINDING_COLUMNS = (
    *_needed(severity="text", code="text", subject="text", text_zh="text", text_en="text"),
    *_fields(community_id="text", grid_id="text", value="text", limit="text", unit="text"),
    *_fields(file="text", layer="text", row="integer", column="text", words="text"),
)
"""``value`` and ``limit`` are shown as text; ``words`` holds them and all further words of the text as JSON, exactly."""

CELLS = Layer("cells", _needed(building_id="text", community_id="text"), "MULTIPOLYGON")
NEIGHBOURS = Layer("neighbours", NEIGHBOUR_COLUMNS)
FINDINGS = Layer("findings", (*_needed(stage="text"), *_fields(plan="text"), *FINDING_COLUMNS), "POINT", bare=True)
"""``stage`` is ``ground``, ``tiling`` or ``plan``."""
ATOMS = Layer("atoms", (*_needed(atoms_key="text"), *ATOM_COLUMNS), "MULTIPOLYGON")
"""The atoms of every plan; plans made from the same ground in the same way share them, by ``atoms_key``."""
ATOM_NEIGHBOURS = Layer("atom_neighbours", (*_needed(atoms_key="text"), *NEIGHBOUR_COLUMNS))
PLANS = Layer(
    "plans",
    (
        Field("name", "text", required=True, unique=True),
        *_needed(author="text", made_at="text", profile="text", rules="text", seed="integer", effort="text", ground="text", version="text"),
        *_fields(parent="text"),
        *_needed(households_min="integer", households_max="integer", grids="integer", in_bounds="integer", households="integer", findings="integer"),
        *_needed(atoms_key="text", adopted="truth"),
    ),
)
ASSIGNMENTS = Layer("assignments", (*_needed(plan="text", atom_id="text"), *_fields(grid_id="text")))
GRIDS = Layer("grids", (*_needed(plan="text"), *GRID_COLUMNS), "MULTIPOLYGON")
IMPORTS = Layer("imports", (*_needed(made_at="text", layer="text"), *_fields(source="text"), *_needed(rows="integer"), *_fields(details="text")))

AREA_COLUMNS = (
    *_needed(area_id="text"),
    *_fields(code="text", name="text", street_office="text"),
    *_needed(communities="integer", households="integer", households_missing="integer"),
    *_fields(grids="integer"),
    *_needed(community_ids="text"),
)
"""``community_ids`` lists the communities of an area, joined by commas."""
MERGER_COLUMNS = (
    *_needed(community_id="text"),
    *_fields(code="text", name="text", street_office="text"),
    *_needed(dissolves="text", communities="integer", households_before="integer", households="integer"),
)
"""``dissolves`` lists the communities that go into this one, joined by commas."""
AREAS_LAYER = Layer("areas", (*_needed(proposal="text", ground="text"), *AREA_COLUMNS), "MULTIPOLYGON")
MERGERS_LAYER = Layer("mergers", (*_needed(proposal="text", ground="text"), *MERGER_COLUMNS), "MULTIPOLYGON")
"""Areas and mergers of communities that were proposed, each under the name of its ``proposal``; the layers are made when they are first needed.
``ground`` is the fingerprint of the district that they were proposed for."""

LAYERS: tuple[Layer, ...] = (*GROUND.values(), CELLS, NEIGHBOURS, FINDINGS, PLANS, GRIDS, ASSIGNMENTS, ATOMS, ATOM_NEIGHBOURS, IMPORTS)
"""Every layer of a new workspace. Each plan is also shown as the view ``grids_<plan>``."""


def plan_view(plan: str) -> str:
    """Return the name of the layer that shows the grids of one plan alone."""
    return f"grids_{plan}"

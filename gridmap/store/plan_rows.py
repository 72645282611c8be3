"""Plans as rows of a workspace: the plan itself, its atoms and their neighbours, the assignment, the grids."""

# ruff: noqa: S608
# Names of tables stand in this file; values always are parameters.

from __future__ import annotations

import dataclasses
import hashlib
import json
import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd
import shapely

from gridmap.errors import InputError, WorkspaceError
from gridmap.findings import Finding
from gridmap.grids.plan import Origin, Plan
from gridmap.rules import Rules, rules_from_dict
from gridmap.store.geopackage import append_drawn, append_plain, append_rows, create_view, drop_layer, read_features, read_rows
from gridmap.store.schema import ASSIGNMENTS, ATOM_NEIGHBOURS, ATOMS, GRIDS, PLANS, plan_view
from gridmap.store.styles import add_grid_style, drop_style

NEIGHBOUR_TYPES = {"shared_m": "float64", "crossable": "bool"}
ATOM_TYPES = {"households": "int64", "dedicated": "bool"}
GRID_TYPES = dict.fromkeys(("households", "buildings", "households_missing"), "int64")


@dataclasses.dataclass(frozen=True, eq=False)
class AtomRows:
    """The atoms and their neighbours as rows of their layers, with the bounds (n x 4) of the atoms and the ``key`` that they are kept under."""

    key: str
    atoms: Iterator[tuple[Any, ...]]
    bounds: Any
    neighbours: Iterator[tuple[Any, ...]]


def names(connection: sqlite3.Connection) -> list[str]:
    """Return the names of all plans in the order in which they were saved."""
    return [name for (name,) in connection.execute("SELECT name FROM plans ORDER BY rowid")]


def add_indexes(connection: sqlite3.Connection) -> None:
    """Make plans quick to find among the rows of all."""
    for table, column in (("assignments", "plan"), ("grids", "plan"), ("atoms", "atoms_key"), ("atom_neighbours", "atoms_key")):
        connection.execute(f"CREATE INDEX IF NOT EXISTS {table}_by_{column} ON {table} ({column})")


def of_plan(name: str) -> str:
    """Return the SQL condition for the rows of a plan, for a view, which takes no parameters."""
    return "plan = '" + name.replace("'", "''") + "'"


def write(connection: sqlite3.Connection, plan: Plan, rows: AtomRows | None = None) -> None:
    """Keep ``plan`` in place of one of its name; its being adopted stays as it was. ``rows`` stand for atoms that ``plan`` has without their land."""
    adopted = bool(connection.execute("SELECT count(*) FROM plans WHERE name = ? AND adopted", (plan.name,)).fetchone()[0])
    connection.execute("DELETE FROM plans WHERE name = ?", (plan.name,))
    for table in ("assignments", "grids"):
        connection.execute(f"DELETE FROM {table} WHERE plan = ?", (plan.name,))
    key = atoms_key(plan) if rows is None else rows.key
    append_rows(connection, PLANS, _plan_row(plan, key, adopted))
    _write_atoms(connection, plan, key, rows)
    assignment = pd.DataFrame({"plan": plan.name, "atom_id": plan.atoms.index, "grid_id": plan.grid_of.to_numpy(dtype=object)})
    append_rows(connection, ASSIGNMENTS, assignment)
    append_rows(connection, GRIDS, plan.grids.rename_axis("grid_id").reset_index().assign(plan=plan.name))
    create_view(connection, plan_view(plan.name), GRIDS, of_plan(plan.name))
    add_grid_style(connection, plan_view(plan.name))


def delete(connection: sqlite3.Connection, name: str) -> None:
    """Remove the plan called ``name`` with its layer on the map, its style, its findings, and the atoms that no other plan has."""
    connection.execute("DELETE FROM plans WHERE name = ?", (name,))
    for table in ("assignments", "grids", "findings"):
        connection.execute(f"DELETE FROM {table} WHERE plan = ?", (name,))
    _forget_atoms(connection)
    drop_layer(connection, plan_view(name))
    drop_style(connection, plan_view(name))


def read(connection: sqlite3.Connection, name: str, findings: Sequence[Finding]) -> Plan:
    """Return the plan called ``name``, which must exist."""
    row = read_rows(connection, PLANS, "name = ?", (name,)).iloc[0]
    atoms = read_features(connection, ATOMS, "atoms_key = ?", (row["atoms_key"],)).drop(columns="atoms_key").set_index("atom_id").astype(ATOM_TYPES)
    neighbours = read_rows(connection, ATOM_NEIGHBOURS, "atoms_key = ?", (row["atoms_key"],)).drop(columns="atoms_key").astype(NEIGHBOUR_TYPES)
    assignment = read_rows(connection, ASSIGNMENTS, "plan = ?", (name,)).set_index("atom_id")["grid_id"]
    grids = read_features(connection, GRIDS, "plan = ?", (name,)).drop(columns="plan").set_index("grid_id").astype(GRID_TYPES)
    parent = None if pd.isna(row["parent"]) else str(row["parent"])
    origin = Origin(row["author"], row["made_at"], int(row["seed"]), row["effort"], row["ground"], parent, row["version"])
    return Plan(name, atoms, neighbours, assignment.reindex(atoms.index).rename("grid_id"), grids, _rules(row), tuple(findings), origin)


def _rules(row: pd.Series) -> Rules:
    """Return the rules of a plan; an earlier gridmap may have stored fewer of them, a later one more."""
    try:
        return rules_from_dict(json.loads(row["rules"]))
    except InputError as error:
        keys = ", ".join(each.subject for each in error.findings)
        raise WorkspaceError("plan_rules_unknown", plan=str(row["name"]), keys=keys, version=str(row["version"]) or None) from error


def atoms_key(plan: Plan) -> str:
    """Return 16 hex digits that two plans share when they have the same atoms, cells and neighbours."""
    digest = hashlib.sha256()
    atoms, neighbours = plan.atoms, plan.neighbours
    digest.update(shapely.get_coordinates(atoms.geometry.to_numpy()).tobytes())
    for frame in (atoms.drop(columns="geometry").rename_axis("atom_id").reset_index(), neighbours):
        digest.update(pd.util.hash_pandas_object(pd.DataFrame(frame), index=False).to_numpy().tobytes())
    return digest.hexdigest()[:16]


def _plan_row(plan: Plan, key: str, adopted: bool) -> pd.DataFrame:
    bounds = plan.rules.grid
    households = plan.ordinary["households"]
    row = {
        "name": plan.name,
        **dataclasses.asdict(plan.origin),
        "profile": plan.rules.profile,
        "rules": json.dumps(plan.rules.as_dict(), ensure_ascii=False),
        "households_min": bounds.households_min,
        "households_max": bounds.households_max,
        "grids": len(plan.grids),
        "in_bounds": int(households.between(bounds.households_min, bounds.households_max).sum()),
        "households": int(plan.atoms["households"].sum()),
        "findings": len(plan.findings),
        "atoms_key": key,
        "adopted": adopted,
    }
    return pd.DataFrame([row])


def _write_atoms(connection: sqlite3.Connection, plan: Plan, key: str, rows: AtomRows | None) -> None:
    """Keep the atoms and neighbours under ``key`` unless they are there, and forget those that no plan has any more."""
    _forget_atoms(connection)
    if connection.execute("SELECT count(*) FROM atoms WHERE atoms_key = ?", (key,)).fetchone()[0]:
        return
    if rows is not None:
        append_drawn(connection, ATOMS, rows.atoms, rows.bounds)
        append_plain(connection, ATOM_NEIGHBOURS, rows.neighbours)
        return
    append_rows(connection, ATOMS, plan.atoms.rename_axis("atom_id").reset_index().assign(atoms_key=key))
    append_rows(connection, ATOM_NEIGHBOURS, plan.neighbours.assign(atoms_key=key))


def _forget_atoms(connection: sqlite3.Connection) -> None:
    """Remove the atoms and neighbours that no plan has any more."""
    for table in ("atoms", "atom_neighbours"):
        connection.execute(f"DELETE FROM {table} WHERE atoms_key NOT IN (SELECT atoms_key FROM plans)")

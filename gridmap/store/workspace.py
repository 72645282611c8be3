"""The workspace: where a district and its plans are kept, one GeoPackage file that QGIS opens as it is."""

# ruff: noqa: S608
# Names of tables stand in this file; values always are parameters.

from __future__ import annotations

import contextlib
import dataclasses
import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd
import pyproj
import shapely

from gridmap.errors import RequestError, WorkspaceError
from gridmap.findings import Finding
from gridmap.grids.plan import Plan, now
from gridmap.ground.tables import TABLES, Cells, District, typed_table
from gridmap.store import plan_rows
from gridmap.store.batches import Batch, batches_of, read_batch, read_buildings
from gridmap.store.connections import creating, is_database, reading, writing
from gridmap.store.finding_rows import findings_frame, findings_of
from gridmap.store.fingerprints import ground_fingerprint
from gridmap.store.geopackage import (
    Layer,
    add_functions,
    append_drawn,
    append_plain,
    append_rows,
    create_layer,
    create_view,
    crs_of,
    initialise,
    is_geopackage,
    read_features,
    read_rows,
    srs_of,
    table_names,
)
from gridmap.store.schema import (
    ATOMS,
    CELLS,
    FINDINGS,
    GRIDS,
    GROUND,
    IMPORTS,
    LAYERS,
    NEIGHBOURS,
    PLANS,
    SCHEMA_VERSION,
    SETTINGS,
    plan_view,
)
from gridmap.store.styles import add_styles

if TYPE_CHECKING:
    from gridmap.grids.tiling import Tiling

POLYGON_DIMENSIONS = 2
NAME_LONGEST = 100
"""How many characters the name of a plan may have; it stands in lists, on maps and in names of layers."""


@dataclasses.dataclass(frozen=True, eq=False)
class LandRows:
    """Cells, atoms and neighbours as rows of their layers, in the order in which these hold them, with the bounds (n x 4) of what is drawn.

    ``told`` are the findings on the cells, ``atoms_key`` is what the atoms are kept under.
    """

    cells: Iterator[tuple[Any, ...]]
    cell_bounds: Any
    neighbours: Iterator[tuple[Any, ...]]
    told: tuple[Finding, ...]
    atoms_key: str
    atoms: Iterator[tuple[Any, ...]]
    atom_bounds: Any
    atom_neighbours: Iterator[tuple[Any, ...]]


@dataclasses.dataclass(frozen=True, slots=True)
class Workspace:
    """A district and its plans in one GeoPackage file.

    Every writing method is one transaction: whatever happens meanwhile (the process is killed, the disk is full, another program writes) the
    file holds the old state or the new one. No method holds a lock while it computes. Every method raises ``WorkspaceError`` with one
    sentence when the file is missing, is no workspace, was made by a newer gridmap, is read-only, full or locked.
    """

    path: Path

    def exists(self) -> bool:
        """Return whether there is anything at the path, a workspace or not."""
        return self.path.exists()

    @property
    def networks_folder(self) -> Path:
        """Where walking networks of this workspace are kept between commands: ``town.cache/networks`` beside ``town.gpkg``.

        Nothing in it is private or missed: whoever deletes ``town.cache`` waits a little longer the next time.
        """
        return self.path.with_suffix(".cache") / "networks"

    # --- ground -------------------------------------------------------------------------------------------------------------------------------

    def write_ground(
        self,
        district: District,
        findings: Sequence[Finding],
        *,
        imports: Sequence[Mapping[str, Any]] = (),
        tiling: Tiling | None = None,
        plan: Plan | None = None,
        based_on: District | Literal["any"] | None = "any",
        afresh: bool = False,
    ) -> None:
        """Replace the ground by ``district`` and the findings on it; the workspace is made when there is none.

        ``tiling`` and ``plan`` (made from this ground, as when an existing division is imported) are kept in the same step. Other plans stay; those
        made from other ground count as stale from now on. ``imports`` is added to the history: for each table that was read its name
        (``table``), the names of its files (``source``) and whatever else is worth keeping.

        ``based_on`` is the district that the new one was made from (None: there was no workspace). When the workspace no longer holds it, because
        somebody else has written meanwhile, ``WorkspaceError`` is raised instead of undoing his work. ``afresh`` puts a new workspace in the place
        of one that is there, with all its plans; it must be a workspace and nobody may be writing into it.
        """

        def change(connection: sqlite3.Connection) -> None:
            _move_layers(connection, district.crs)
            for name, frame in district.tables().items():
                _replace(connection, GROUND[name], frame.reset_index(), district.crs)
            _set(connection, district_name=district.name, cells=district.cells)
            _replace_findings(connection, findings, "ground", None)
            kept = _setting(connection, "tiling")
            if kept and kept != district.fingerprint():
                _forget_tiling(connection, district.crs)
            if tiling is not None:
                _write_tiling(connection, tiling)
            if plan is not None:
                _write_plan(connection, plan)
            _log_imports(connection, district, imports)

        if afresh and self.exists():
            with self._reading():
                pass
        if afresh or based_on is None or not self.exists():
            try:
                with creating(self.path, replace=afresh) as connection:
                    _lay_out(connection, district.crs)
                    change(connection)
            except FileExistsError as error:
                raise WorkspaceError("workspace_appeared", file=self.path.name) from error
            return
        with self._writing() as connection:
            if isinstance(based_on, District) and not _same(based_on, _district(connection)):
                raise WorkspaceError("workspace_ground_changed", file=self.path.name)
            change(connection)

    def read_district(self) -> District:
        """Return what is on the ground, with whatever other programs such as QGIS have changed since."""
        with self._reading() as connection:
            return _district(connection)

    def fingerprint(self) -> str:
        """Return the fingerprint of the district, without reading all of it at once."""
        with self._reading() as connection:
            return _fingerprint(connection)

    def batches(self, at_most: int) -> list[Batch]:
        """Return all communities in batches of at most so many buildings that lie together, unless one community has more by itself."""
        with self._reading() as connection:
            return batches_of(connection, at_most)

    def read_batch(self, batch: Batch) -> District:
        """Return a district of some communities alone, with the streets, barriers and gates in and around them, and no venues."""
        with self._reading() as connection:
            return read_batch(connection, batch, name=_setting(connection, "district_name"), cells=_cells(connection))

    def read_buildings(self, ids: Sequence[str]) -> District:
        """Return a district of some buildings alone."""
        with self._reading() as connection:
            return read_buildings(connection, ids, name=_setting(connection, "district_name"), cells=_cells(connection))

    def buildings(self) -> int:
        """Return how many buildings there are."""
        with self._reading() as connection:
            return int(connection.execute("SELECT count(*) FROM buildings").fetchone()[0])

    def srs_id(self) -> int:
        """Return the number of the district's CRS in the file."""
        with self._reading() as connection:
            return srs_of(connection, CELLS)

    def ground_findings(self) -> list[Finding]:
        """Return the findings on the ground as of the last import."""
        with self._reading() as connection:
            return findings_of(read_features(connection, FINDINGS, "stage = 'ground'"))

    def imports(self) -> pd.DataFrame:
        """Return the history of imports, oldest first: ``made_at``, ``layer``, ``source``, ``rows``, ``details`` (JSON)."""
        with self._reading() as connection:
            return read_rows(connection, IMPORTS)

    # --- tiling -------------------------------------------------------------------------------------------------------------------------------

    def write_tiling(self, tiling: Tiling) -> None:
        """Keep the cells and neighbours; raises ``WorkspaceError`` when the ground is no longer the one that they were made from."""
        with self._writing() as connection:
            if _fingerprint(connection) != tiling.fingerprint:
                raise WorkspaceError("workspace_ground_changed", file=self.path.name)
            _write_tiling(connection, tiling)

    def read_tiling(self) -> Tiling | None:
        """Return the cells and neighbours, or None when there are none or the ground has changed since they were made."""
        with self._reading() as connection:
            fingerprint = _setting(connection, "tiling")
            if not fingerprint or fingerprint != _fingerprint(connection):
                return None
            cells = read_features(connection, CELLS).set_index("building_id")
            neighbours = read_rows(connection, NEIGHBOURS).astype({"shared_m": "float64", "crossable": "bool"})
            findings = findings_of(read_features(connection, FINDINGS, "stage = 'tiling'"))
            # Loaded with its kernels when it is first asked for: the server has no use for it.
            from gridmap.grids.tiling import Tiling

            return Tiling(cells, neighbours, tuple(findings), fingerprint)

    # --- plans --------------------------------------------------------------------------------------------------------------------------------

    def save_plan(self, plan: Plan) -> None:
        """Keep a plan under its name, in place of an earlier one of that name.

        Raises ``WorkspaceError`` when the ground has changed since the plan was begun, and ``RequestError`` when the name is that of the adopted
        plan, which others rely on, or is empty, longer than ``NAME_LONGEST``, holds line breaks and the like or blanks at its ends, or differs from
        that of another plan only in capital letters.
        """
        with self._writing() as connection:
            if _fingerprint(connection) != plan.origin.ground:
                raise WorkspaceError("workspace_ground_changed", file=self.path.name)
            _write_plan(connection, plan)

    def save_with_land(self, plan: Plan, land: LandRows) -> None:
        """Keep a plan as :meth:`save_plan` does, and its land cells and neighbours too, which come as rows: a whole city need not be in memory."""
        with self._writing() as connection:
            if _fingerprint(connection) != plan.origin.ground:
                raise WorkspaceError("workspace_ground_changed", file=self.path.name)
            _check_plan_name(connection, plan.name)
            crs = plan.atoms.crs
            create_layer(connection, CELLS, crs)
            create_layer(connection, NEIGHBOURS, None)
            append_drawn(connection, CELLS, land.cells, land.cell_bounds)
            append_plain(connection, NEIGHBOURS, land.neighbours)
            _replace_findings(connection, land.told, "tiling", None)
            _set(connection, tiling=plan.origin.ground)
            plan_rows.write(connection, plan, plan_rows.AtomRows(land.atoms_key, land.atoms, land.atom_bounds, land.atom_neighbours))
            _replace_findings(connection, plan.findings, "plan", plan.name)

    def check_plan_name(self, name: str) -> None:
        """Raise ``RequestError`` when :meth:`save_plan` would refuse a plan of that name; worth asking before a long computation."""
        with self._reading() as connection:
            _check_plan_name(connection, name)

    def read_plan(self, name: str) -> Plan:
        """Return the plan of that name, also one whose ground has changed since; raises ``RequestError`` when there is none."""
        with self._reading() as connection:
            _known(connection, name)
            findings = findings_of(read_features(connection, FINDINGS, "stage = 'plan' AND plan = ?", (name,)))
            return plan_rows.read(connection, name, findings)

    def plans(self) -> pd.DataFrame:
        """Return one row for each plan, in the order in which they were saved.

        Columns: ``name``, ``author``, ``made_at``, ``profile``, ``bounds`` (as ``250:300``), ``grids``, ``in_bounds`` (ordinary grids whose
        households lie in the bounds), ``households``, ``findings`` (number), ``adopted``, ``stale`` (made from ground that has changed since),
        ``parent``.
        """
        with self._reading() as connection:
            rows = read_rows(connection, PLANS)
            ground = _fingerprint(connection) if len(rows) else ""
        rows["bounds"] = rows["households_min"].astype("str") + ":" + rows["households_max"].astype("str")
        rows["stale"] = rows["ground"] != ground
        counts = dict.fromkeys(("grids", "in_bounds", "households", "findings"), "int64")
        columns = ["name", "author", "made_at", "profile", "bounds", *counts, "adopted", "stale", "parent"]
        return rows[columns].astype({**counts, "adopted": "bool", "stale": "bool"})

    def delete_plan(self, name: str, *, even_adopted: bool = False) -> None:
        """Remove a plan and all that belongs to it; other plans stay, also those that were made from it.

        Raises ``RequestError`` when there is no such plan, or it is the adopted one, which others rely on, unless ``even_adopted``.
        """
        with self._writing() as connection:
            _known(connection, name)
            if name == _adopted(connection) and not even_adopted:
                raise RequestError("plan_delete_adopted", plan=name)
            plan_rows.delete(connection, name)

    def adopt(self, name: str, *, coded: Plan | None = None) -> None:
        """Make that plan the one adopted plan; ``coded`` is the same plan with official codes, which are kept in the same step.

        Raises ``RequestError`` when there is no such plan.
        """
        with self._writing() as connection:
            _known(connection, name)
            if coded is not None:
                plan_rows.write(connection, dataclasses.replace(coded, name=name))
                _replace_findings(connection, coded.findings, "plan", name)
            connection.execute("UPDATE plans SET adopted = (name = ?)", (name,))

    def adopted(self) -> str | None:
        """Return the name of the adopted plan, or None."""
        with self._reading() as connection:
            return _adopted(connection)

    def adopted_or_only(self) -> str:
        """Return the name of the adopted plan, else of the only one; raises ``RequestError`` when there is none or a choice."""
        name = self.adopted_or_only_or_none()
        if name is None:
            raise RequestError("plan_none", file=self.path.name, plans="")
        return name

    def adopted_or_only_or_none(self) -> str | None:
        """Return the name of the adopted plan, else of the only one, None without plans; raises ``RequestError`` when there is a choice."""
        with self._reading() as connection:
            names = plan_rows.names(connection)
            adopted = _adopted(connection)
        if adopted is not None or len(names) <= 1:
            return adopted or next(iter(names), None)
        raise RequestError("plan_to_choose", file=self.path.name, plans=", ".join(names))

    # --- the file -----------------------------------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with reading(self.path) as connection:
            self._check(connection)
            yield connection

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with writing(self.path) as connection:
            self._check(connection)
            add_functions(connection)
            yield connection

    def _check(self, connection: sqlite3.Connection) -> None:
        """Refuse a file that is no workspace of ours or that only a newer gridmap understands."""
        if not is_geopackage(connection):
            raise WorkspaceError("store_not_geopackage", file=self.path.name)
        if SETTINGS not in table_names(connection):
            raise WorkspaceError("workspace_foreign", file=self.path.name)
        version = int(_setting(connection, "schema_version") or 0)
        if version > SCHEMA_VERSION:
            raise WorkspaceError("workspace_newer", file=self.path.name, value=version, limit=SCHEMA_VERSION)


def is_workspace(path: Path) -> bool:
    """Return whether there is a workspace at ``path``, of whatever version."""
    if not path.is_file() or not is_database(path):
        return False
    with reading(path) as connection:
        return SETTINGS in table_names(connection)


def _lay_out(connection: sqlite3.Connection, crs: pyproj.CRS) -> None:
    initialise(connection)
    connection.execute(f"CREATE TABLE {SETTINGS} (name TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL)")
    _set(connection, schema_version=str(SCHEMA_VERSION))
    for layer in LAYERS:
        create_layer(connection, layer, crs)
    plan_rows.add_indexes(connection)
    add_styles(connection)


def _move_layers(connection: sqlite3.Connection, crs: pyproj.CRS) -> None:
    """Bring what older plans have on the map into the CRS of the new ground."""
    if crs_of(connection, GRIDS.name) == crs:
        return
    for layer in (GRIDS, ATOMS, FINDINGS):
        _replace(connection, layer, read_features(connection, layer).to_crs(crs), crs)
    plan_rows.add_indexes(connection)
    for name in plan_rows.names(connection):
        create_view(connection, plan_view(name), GRIDS, plan_rows.of_plan(name))


def _replace(connection: sqlite3.Connection, layer: Layer, frame: pd.DataFrame, crs: pyproj.CRS | None) -> None:
    if layer.geometry == "MULTIPOLYGON" and (shapely.get_dimensions(frame.geometry.to_numpy()) != POLYGON_DIMENSIONS).any():
        layer = dataclasses.replace(layer, geometry="GEOMETRY")
    create_layer(connection, layer, crs)
    append_rows(connection, layer, frame)


def _replace_findings(connection: sqlite3.Connection, findings: Sequence[Finding], stage: str, plan: str | None) -> None:
    connection.execute("DELETE FROM findings WHERE stage = ? AND plan IS ?", (stage, plan))
    frame = findings_frame(findings, crs_of(connection, FINDINGS.name)).assign(stage=stage, plan=plan)
    append_rows(connection, FINDINGS, frame)


def _district(connection: sqlite3.Connection) -> District:
    tables = {name: read_features(connection, layer).set_index(TABLES[name].index) for name, layer in GROUND.items()}
    return District(**tables, name=_setting(connection, "district_name"), cells=_cells(connection))


def _fingerprint(connection: sqlite3.Connection) -> str:
    return ground_fingerprint(connection, _cells(connection))


def _cells(connection: sqlite3.Connection) -> Cells:
    return "given" if _setting(connection, "cells") == "given" else "build"


def _same(a: District, b: District) -> bool:
    """Return whether two districts are the same in all that a workspace keeps, also in what no plan depends on."""
    tables = b.tables()
    return a.cells == b.cells and all(typed_table(name, frame).equals(tables[name]) for name, frame in a.tables().items())


def _write_tiling(connection: sqlite3.Connection, tiling: Tiling) -> None:
    _replace(connection, CELLS, tiling.cells.rename_axis("building_id").reset_index(), tiling.cells.crs)
    _replace(connection, NEIGHBOURS, tiling.neighbours, None)
    _replace_findings(connection, tiling.findings, "tiling", None)
    _set(connection, tiling=tiling.fingerprint)


def _write_plan(connection: sqlite3.Connection, plan: Plan) -> None:
    _check_plan_name(connection, plan.name)
    plan_rows.write(connection, plan)
    _replace_findings(connection, plan.findings, "plan", plan.name)


def _check_plan_name(connection: sqlite3.Connection, name: str) -> None:
    if not name.strip():
        raise RequestError("plan_name_empty")
    if name != name.strip() or not name.isprintable() or len(name) > NAME_LONGEST:
        raise RequestError("plan_name_unusable", plan=name, limit=NAME_LONGEST)
    if name == _adopted(connection):
        raise RequestError("plan_is_adopted", plan=name)
    twins = [other for other in plan_rows.names(connection) if other != name and other.lower() == name.lower()]
    if twins:
        raise RequestError("plan_name_twin", plan=name, other=twins[0])


def _forget_tiling(connection: sqlite3.Connection, crs: pyproj.CRS) -> None:
    create_layer(connection, CELLS, crs)
    create_layer(connection, NEIGHBOURS, None)
    _replace_findings(connection, (), "tiling", None)
    _set(connection, tiling="")


def _log_imports(connection: sqlite3.Connection, district: District, imports: Sequence[Mapping[str, Any]]) -> None:
    time = now()
    tables = district.tables()
    rows = []
    for entry in imports:
        name = str(entry["table"])
        more = {key: value for key, value in entry.items() if key not in ("table", "source")}
        details = json.dumps(more, ensure_ascii=False, default=str) if more else None
        rows.append((time, name, entry.get("source"), len(tables[name]) if name in tables else 0, details))
    append_rows(connection, IMPORTS, pd.DataFrame(rows, columns=["made_at", "layer", "source", "rows", "details"], dtype=object))


def _setting(connection: sqlite3.Connection, name: str) -> str:
    row = connection.execute(f"SELECT value FROM {SETTINGS} WHERE name = ?", (name,)).fetchone()
    return "" if row is None else str(row[0])


def _set(connection: sqlite3.Connection, **values: str) -> None:
    connection.executemany(f"INSERT OR REPLACE INTO {SETTINGS} VALUES (?, ?)", values.items())


def _adopted(connection: sqlite3.Connection) -> str | None:
    row = connection.execute("SELECT name FROM plans WHERE adopted").fetchone()
    return None if row is None else str(row[0])


def _known(connection: sqlite3.Connection, name: str) -> None:
    names = plan_rows.names(connection)
    if name not in names:
        raise RequestError("plan_unknown" if names else "plan_none", plan=name, plans=", ".join(names), file="")

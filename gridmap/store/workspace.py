"""The workspace: where a district and its plans are kept, one GeoPackage file that QGIS opens as it is."""

from __future__ import annotations

import contextlib
import dataclasses
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from gridmap.errors import RequestError, WorkspaceError
from gridmap.findings import Finding
from gridmap.grids.plan import Plan
from gridmap.ground.tables import District
from gridmap.store import ground_rows, plan_rows
from gridmap.store.batches import Batch, batches_of, read_batch, read_buildings
from gridmap.store.connections import creating, is_database, reading, writing
from gridmap.store.finding_rows import findings_of
from gridmap.store.geopackage import (
    add_functions,
    append_drawn,
    append_plain,
    create_layer,
    is_geopackage,
    read_features,
    read_rows,
    srs_of,
    table_names,
)
from gridmap.store.schema import (
    CELLS,
    FINDINGS,
    GROUND,
    IMPORTS,
    NEIGHBOURS,
    PLANS,
    SCHEMA_VERSION,
    SETTINGS,
)

if TYPE_CHECKING:
    from gridmap.grids.tiling import Tiling

NAME_LONGEST = 100
"""How many characters the name of a plan may have; it stands in lists, on maps and in names of layers."""


@dataclasses.dataclass(frozen=True, eq=False)
class LandRows:
    """Cells and their neighbours as rows of their layers, with the bounds (n x 4) of the cells and the findings on them; and the atoms likewise."""

    cells: Iterator[tuple[Any, ...]]
    cell_bounds: Any
    neighbours: Iterator[tuple[Any, ...]]
    told: tuple[Finding, ...]
    atoms: plan_rows.AtomRows


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
            ground_rows.move_layers(connection, district.crs)
            for name, frame in district.tables().items():
                ground_rows.replace(connection, GROUND[name], frame.reset_index(), district.crs)
            ground_rows.set_values(connection, district_name=district.name, cells=district.cells)
            ground_rows.replace_findings(connection, findings, "ground", None)
            kept = ground_rows.setting(connection, "tiling")
            if kept and kept != district.fingerprint():
                ground_rows.forget_tiling(connection, district.crs)
            if tiling is not None:
                ground_rows.write_tiling(connection, tiling)
            if plan is not None:
                _write_plan(connection, plan)
            ground_rows.log_imports(connection, district, imports)

        if afresh and self.exists():
            with self._reading():
                pass
        if afresh or based_on is None or not self.exists():
            try:
                with creating(self.path, replace=afresh) as connection:
                    ground_rows.lay_out(connection, district.crs)
                    change(connection)
            except FileExistsError as error:
                raise WorkspaceError("workspace_appeared", file=self.path.name) from error
            return
        with self._writing() as connection:
            if isinstance(based_on, District) and not ground_rows.same(based_on, ground_rows.district(connection)):
                raise WorkspaceError("workspace_ground_changed", file=self.path.name)
            change(connection)

    def read_district(self) -> District:
        """Return what is on the ground, with whatever other programs such as QGIS have changed since."""
        with self._reading() as connection:
            return ground_rows.district(connection)

    def fingerprint(self) -> str:
        """Return the fingerprint of the district, without reading all of it at once."""
        with self._reading() as connection:
            return ground_rows.fingerprint(connection)

    def batches(self, at_most: int) -> list[Batch]:
        """Return all communities in batches of at most so many buildings that lie together, unless one community has more by itself."""
        with self._reading() as connection:
            return batches_of(connection, at_most)

    def read_batch(self, batch: Batch) -> District:
        """Return a district of some communities alone, with the streets, barriers and gates in and around them, and no venues."""
        with self._reading() as connection:
            return read_batch(connection, batch, name=ground_rows.setting(connection, "district_name"), cells=ground_rows.cells(connection))

    def read_buildings(self, ids: Sequence[str]) -> District:
        """Return a district of some buildings alone."""
        with self._reading() as connection:
            return read_buildings(connection, ids, name=ground_rows.setting(connection, "district_name"), cells=ground_rows.cells(connection))

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
            if ground_rows.fingerprint(connection) != tiling.fingerprint:
                raise WorkspaceError("workspace_ground_changed", file=self.path.name)
            ground_rows.write_tiling(connection, tiling)

    def read_tiling(self) -> Tiling | None:
        """Return the cells and neighbours, or None when there are none or the ground has changed since they were made."""
        with self._reading() as connection:
            fingerprint = ground_rows.setting(connection, "tiling")
            if not fingerprint or fingerprint != ground_rows.fingerprint(connection):
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
            if ground_rows.fingerprint(connection) != plan.origin.ground:
                raise WorkspaceError("workspace_ground_changed", file=self.path.name)
            _write_plan(connection, plan)

    def save_with_land(self, plan: Plan, land: LandRows) -> None:
        """Keep a plan as :meth:`save_plan` does, and its land cells and neighbours too, which come as rows: a whole city need not be in memory."""
        with self._writing() as connection:
            if ground_rows.fingerprint(connection) != plan.origin.ground:
                raise WorkspaceError("workspace_ground_changed", file=self.path.name)
            _check_plan_name(connection, plan.name)
            create_layer(connection, CELLS, plan.atoms.crs)
            create_layer(connection, NEIGHBOURS, None)
            append_drawn(connection, CELLS, land.cells, land.cell_bounds)
            append_plain(connection, NEIGHBOURS, land.neighbours)
            ground_rows.replace_findings(connection, land.told, "tiling", None)
            ground_rows.set_values(connection, tiling=plan.origin.ground)
            plan_rows.write(connection, plan, land.atoms)
            ground_rows.replace_findings(connection, plan.findings, "plan", plan.name)

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
            ground = ground_rows.fingerprint(connection) if len(rows) else ""
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
                ground_rows.replace_findings(connection, coded.findings, "plan", name)
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
        version = int(ground_rows.setting(connection, "schema_version") or 0)
        if version > SCHEMA_VERSION:
            raise WorkspaceError("workspace_newer", file=self.path.name, value=version, limit=SCHEMA_VERSION)


def is_workspace(path: Path) -> bool:
    """Return whether there is a workspace at ``path``, of whatever version."""
    if not path.is_file() or not is_database(path):
        return False
    with reading(path) as connection:
        return SETTINGS in table_names(connection)


def _write_plan(connection: sqlite3.Connection, plan: Plan) -> None:
    _check_plan_name(connection, plan.name)
    plan_rows.write(connection, plan)
    ground_rows.replace_findings(connection, plan.findings, "plan", plan.name)


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


def _adopted(connection: sqlite3.Connection) -> str | None:
    row = connection.execute("SELECT name FROM plans WHERE adopted").fetchone()
    return None if row is None else str(row[0])


def _known(connection: sqlite3.Connection, name: str) -> None:
    names = plan_rows.names(connection)
    if name not in names:
        raise RequestError("plan_unknown" if names else "plan_none", plan=name, plans=", ".join(names), file="")

"""Batches of a large city planned one by one: what a plan holds of land waits in a file until all are put together."""

# ruff: noqa: S608
# Names of tables stand in this file; values always are parameters.

from __future__ import annotations

import contextlib
import dataclasses
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from gridmap.findings import Finding
from gridmap.grids.plan import Effort, Plan
from gridmap.grids.propose import propose
from gridmap.grids.tiling import Rim, Tiling, tile_with_rim
from gridmap.ground.tables import District
from gridmap.rules import Rules
from gridmap.store.geopackage import Layer, drawn_rows, plain_rows, quoted
from gridmap.store.plan_rows import atoms_key
from gridmap.store.schema import ATOM_NEIGHBOURS, ATOMS, CELLS, NEIGHBOURS

FIRST_NUMBER = 10_000_000
"""Grids of batch ``b`` are numbered from so many times (b + 1) on until all are named: no batch has so many."""
NUMBERED = re.compile(r"G\d{8,}")

Bounds = npt.NDArray[np.float64]
Rows = Iterator[tuple[Any, ...]]


@dataclass(frozen=True, eq=False)
class Ask:
    """What is to be planned: a batch as it is read by ``read``, and how. ``srs_id`` is that of the layers of land."""

    read: Callable[[], District]
    number: int
    folder: Path
    srs_id: int
    rules: Rules
    seed: int
    effort: Effort
    finished: Mapping[str, dict[str, Any]]


@dataclass(frozen=True, eq=False)
class Part:
    """The plan of a batch. ``plan`` lacks the land of its atoms, which is in ``file`` with the cells and the neighbours, as rows of the workspace.

    ``rim`` is where cells of other batches may lie beside, ``told`` are the findings on the cells, ``outcomes`` those of its communities by the keys
    of their problems.
    """

    file: Path
    plan: Plan
    atoms_key: str
    rim: Rim
    told: tuple[Finding, ...]
    cell_bounds: Bounds
    atom_bounds: Bounds
    outcomes: dict[str, dict[str, Any]]


def plan_batch(ask: Ask) -> Part:
    """Plan one batch; depends on the batch and the request alone."""
    district = ask.read()
    tiling, rim = tile_with_rim(district)
    outcomes = _Used(ask.finished)
    taken = [f"G{FIRST_NUMBER * (ask.number + 1)}"]
    plan = propose(district, ask.rules, tiling=tiling, seed=ask.seed, effort=ask.effort, taken=taken, resume=outcomes)
    file = ask.folder / f"{ask.number}.sqlite"
    _write(file, plan, tiling, ask.srs_id)
    cell_bounds, atom_bounds = (shapely.bounds(frame.geometry.to_numpy()) for frame in (tiling.cells, plan.atoms))
    light = dataclasses.replace(plan, atoms=_without_land(plan.atoms), findings=tuple(each for each in plan.findings if not _of_all(each)))
    return Part(file, light, atoms_key(plan), rim, tiling.findings, cell_bounds, atom_bounds, outcomes.used)


class _Used(dict[str, dict[str, Any]]):
    """Outcomes that are known or will be, and which of them were asked for or added."""

    def __init__(self, known: Mapping[str, dict[str, Any]]) -> None:
        super().__init__(known)
        self.used: dict[str, dict[str, Any]] = {}

    def __getitem__(self, key: str) -> dict[str, Any]:
        self.used[key] = super().__getitem__(key)
        return self.used[key]

    def __setitem__(self, key: str, outcome: dict[str, Any]) -> None:
        super().__setitem__(key, outcome)
        self.used[key] = outcome


def _of_all(found: Finding) -> bool:
    """Return whether a finding speaks of all communities of a plan together."""
    return found.code.startswith("plan_proved")


def _without_land(atoms: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return atoms.set_geometry(gpd.GeoSeries([None] * len(atoms), index=atoms.index, crs=atoms.crs))


def _write(file: Path, plan: Plan, tiling: Tiling, srs_id: int) -> None:
    """Keep what a plan holds of land and neighbours as the rows that the workspace will hold."""
    file.unlink(missing_ok=True)  # of a worker that died
    atoms = plan.atoms.rename_axis("atom_id").reset_index().assign(atoms_key="")
    cells = tiling.cells.rename_axis("building_id").reset_index()
    tables: list[tuple[Layer, Rows]] = [
        (CELLS, drawn_rows(CELLS, cells, srs_id)),
        (NEIGHBOURS, plain_rows(NEIGHBOURS, tiling.neighbours)),
        (ATOMS, drawn_rows(ATOMS, atoms, srs_id)),
        (ATOM_NEIGHBOURS, plain_rows(ATOM_NEIGHBOURS, plan.neighbours.assign(atoms_key=""))),
    ]
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("BEGIN")
        for layer, rows in tables:
            columns = _columns(layer)
            connection.execute(f"CREATE TABLE {layer.name} ({', '.join(map(quoted, columns))})")
            connection.executemany(f"INSERT INTO {layer.name} VALUES ({', '.join('?' * len(columns))})", rows)
        connection.execute("COMMIT")


def _columns(layer: Layer) -> list[str]:
    return [*(["geom"] if layer.geometry else []), *(field.name for field in layer.fields)]

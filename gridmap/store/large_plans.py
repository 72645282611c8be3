"""A large city planned batch by batch: the batches' plans put together, and their land merged into the workspace in one transaction."""

# ruff: noqa: S608
# Names of tables stand in this file; values always are parameters.

from __future__ import annotations

import contextlib
import dataclasses
import functools
import hashlib
import heapq
import json
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from gridmap.findings import Finding
from gridmap.grids.atoms import split_atoms
from gridmap.grids.community import outcome_of
from gridmap.grids.plan import Effort, Origin, Plan, next_grid_ids, now, program_version
from gridmap.grids.reasons import optimality_findings
from gridmap.grids.tiling import Tiling, neighbours_across
from gridmap.progress import Progress
from gridmap.rules import Rules
from gridmap.run_jobs import run_jobs
from gridmap.store.batch_plans import NUMBERED, Ask, Part, plan_batch
from gridmap.store.batches import AT_MOST, Batch, Integers
from gridmap.store.blobs import as_single, geometry_of
from gridmap.store.failures import failures_told
from gridmap.store.geopackage import Layer, plain_rows
from gridmap.store.plan_rows import AtomRows
from gridmap.store.schema import ATOM_NEIGHBOURS, ATOMS, CELLS, NEIGHBOURS
from gridmap.store.workspace import LandRows, Workspace
from gridmap.unfinished import forget_unfinished

Rows = Iterator[tuple[Any, ...]]
MaySave = Callable[[], bool]


def plan_in_batches(
    workspace: Workspace,
    rules: Rules,
    *,
    name: str,
    effort: Effort,
    seed: int,
    cores: int | None,
    author: str,
    resume: MutableMapping[str, dict[str, Any]],
    save: MaySave,
    progress: Progress,
    at_most: int = AT_MOST,
) -> Plan:
    """Propose a plan as :func:`gridmap.plan_into` does, in batches of at most so many buildings, and keep it with its land cells.

    It is the same plan as when all is planned at once, but memory does not grow with the land: in the plan that is returned the geometry of atoms is
    missing (None); the workspace has it. Each batch is one job, so that all cores read and write too.
    """
    workspace.check_plan_name(name)
    ground, srs_id = workspace.fingerprint(), workspace.srs_id()
    batches = workspace.batches(at_most)
    total, done = sum(len(batch.buildings) for batch in batches), 0
    progress("step_batches", done, total)
    forget_unfinished(workspace.path.parent, ".gridmap.*.tmp")
    with failures_told(workspace.path), tempfile.TemporaryDirectory(prefix=".gridmap.", suffix=".tmp", dir=workspace.path.parent) as folder:
        asks = [
            Ask(functools.partial(workspace.read_batch, batch), number, Path(folder), srs_id, rules, seed, effort, dict(resume))
            for number, batch in enumerate(batches)
        ]
        found: dict[int, Part] = {}
        for number, part in run_jobs(plan_batch, asks, cores=cores):
            found[number] = part
            resume.update(part.outcomes)
            done += len(batches[number].buildings)
            progress("step_batches", done, total)
        parts = [found[number] for number in range(len(batches))]
        together = _Together(workspace, batches, parts, rules)
        plan = together.plan(name, Origin(author, now(), seed, effort, ground, version=program_version()))
        if save():
            with together.land() as land:
                workspace.save_with_land(plan, land)
    return plan


class _Together:
    """The plans of all batches, as one."""

    def __init__(self, workspace: Workspace, batches: Sequence[Batch], parts: Sequence[Part], rules: Rules) -> None:
        self.parts = parts
        self.cell_rows = [batch.buildings for batch in batches]
        self.atom_rows = [_atom_rows(batch, part) for batch, part in zip(batches, parts, strict=True)]
        self.across = neighbours_across([part.rim for part in parts])
        self.atoms_across = self._atoms_across(workspace, rules)
        self.atoms_key = hashlib.sha256(" ".join(part.atoms_key for part in parts).encode()).hexdigest()[:16]

    def _atoms_across(self, workspace: Workspace, rules: Rules) -> pd.DataFrame:
        """Return the neighbours among the atoms of different batches; a building there may have been divided into its stairwells."""
        ids = sorted({*self.across["a"], *self.across["b"]})
        rows = [row for part in self.parts for row in _chosen(part.file, ids)]
        land = gpd.GeoSeries(as_single(geometry_of([row[0] for row in rows])), index=pd.Index([row[1] for row in rows], dtype="str"))
        district = workspace.read_buildings(ids)
        home = district.buildings["community_id"]
        cells = gpd.GeoDataFrame({"community_id": home}, geometry=land.reindex(home.index).to_numpy(), index=home.index, crs=district.crs)
        atoms, neighbours, _ = split_atoms(district, Tiling(cells, self.across, (), ""), rules.grid.households_max)
        source = atoms["source_building_id"]
        return neighbours[(neighbours["a"].map(source) != neighbours["b"].map(source)).to_numpy()].reset_index(drop=True)

    def plan(self, name: str, origin: Origin) -> Plan:
        """Return the plan of all batches, its grids named in the order of their communities."""
        plans = [part.plan for part in self.parts]
        order = np.argsort(np.concatenate(self.atom_rows), kind="stable")
        atoms = pd.concat([plan.atoms for plan in plans]).iloc[order]
        grids = pd.concat([plan.grids for plan in plans])
        names = _names(grids)
        grid_of = pd.concat([plan.grid_of for plan in plans]).iloc[order].map(names).astype("str")
        grids = grids.set_axis(grids.index.map(names)).rename_axis("grid_id").sort_index()
        neighbours = pd.concat([*(plan.neighbours for plan in plans), self.atoms_across]).sort_values(["a", "b"], ignore_index=True)
        told = [_renamed(each, names) for plan in plans for each in plan.findings]
        own = {key: outcome_of(record) for part in self.parts for key, record in part.outcomes.items()}
        return Plan(name, atoms, neighbours, grid_of, grids, plans[0].rules, (*told, *optimality_findings(own)), origin)

    @contextlib.contextmanager
    def land(self) -> Iterator[LandRows]:
        """Give the rows that the workspace will hold, in the order in which it would hold them had all been planned at once."""
        with contextlib.ExitStack() as stack:
            files = [stack.enter_context(contextlib.closing(sqlite3.connect(part.file))) for part in self.parts]
            cell_order, atom_order = (np.argsort(np.concatenate(rows), kind="stable") for rows in (self.cell_rows, self.atom_rows))
            key, across = self.atoms_key, plain_rows(ATOM_NEIGHBOURS, self.atoms_across.assign(atoms_key=""))
            atoms = AtomRows(
                key,
                ((land, key, *rest) for land, _, *rest in _in_order(files, ATOMS, self.atom_rows)),
                np.concatenate([part.atom_bounds for part in self.parts])[atom_order],
                ((key, *rest) for _, *rest in _sorted(files, ATOM_NEIGHBOURS, across)),
            )
            yield LandRows(
                _in_order(files, CELLS, self.cell_rows),
                np.concatenate([part.cell_bounds for part in self.parts])[cell_order],
                _sorted(files, NEIGHBOURS, plain_rows(NEIGHBOURS, self.across)),
                tuple(each for part in self.parts for each in part.told),
                atoms,
            )


def _atom_rows(batch: Batch, part: Part) -> Integers:
    """Return for each atom of a batch the row of its building; atoms are in the order of these."""
    source = part.plan.atoms["source_building_id"]
    building: Integers = (source != source.shift()).cumsum().to_numpy(dtype=np.int64) - 1
    return batch.buildings[building]


def _chosen(file: Path, ids: Sequence[str]) -> list[tuple[Any, ...]]:
    """Return the land cells of some buildings."""
    with contextlib.closing(sqlite3.connect(file)) as connection:
        rows = connection.execute(
            "SELECT geom, building_id FROM cells WHERE building_id IN (SELECT value FROM json_each(?))", (json.dumps(list(ids)),)
        )
        return rows.fetchall()


def _names(grids: gpd.GeoDataFrame) -> dict[str, str]:
    """Return for each grid its name in the whole plan: community by community in the order of their ids, and as they were numbered in each."""
    order = pd.DataFrame({"community_id": grids["community_id"], "number": [int(each[1:]) for each in grids.index]}, index=grids.index)
    return dict(zip(order.sort_values(["community_id", "number"]).index, next_grid_ids((), len(order)), strict=True))


def _renamed(found: Finding, names: dict[str, str]) -> Finding:
    """Return a finding that speaks of grids by their names in the whole plan."""

    def named(text: Any) -> Any:
        return NUMBERED.sub(lambda match: names.get(match[0], match[0]), text) if isinstance(text, str) else text

    words = {word: named(value) for word, value in found.words.items()}
    return dataclasses.replace(found, subject=named(found.subject), grid_id=named(found.grid_id), words=words)


def _in_order(files: Sequence[sqlite3.Connection], layer: Layer, rows: Sequence[Integers]) -> Rows:
    """Return the rows of a layer in all files by the row that each belongs to."""
    streams = (
        zip(its.tolist(), file.execute(f"SELECT * FROM {layer.name} ORDER BY rowid"), strict=True) for its, file in zip(rows, files, strict=True)
    )
    return (row for _, row in heapq.merge(*streams, key=itemgetter(0)))


def _sorted(files: Sequence[sqlite3.Connection], layer: Layer, across: Rows) -> Rows:
    """Return the neighbours of a layer in all files and those ``across``, sorted as every neighbour table is."""
    names = [field.name for field in layer.fields]
    pair = itemgetter(names.index("a"), names.index("b"))
    return heapq.merge(*(file.execute(f"SELECT * FROM {layer.name} ORDER BY rowid") for file in files), across, key=pair)

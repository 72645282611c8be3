"""Recombination: of all grids that a search met, the best set that holds every atom once (set partitioning, solved with HiGHS)."""

from __future__ import annotations

from dataclasses import dataclass

import highspy
import numpy as np

from gridmap.grids.graph import Floats, Ints, Truths


@dataclass(frozen=True, eq=False)
class Columns:
    """Candidate grids: grid c holds the atoms ``atoms[start[c]:start[c + 1]]`` (int64) and costs ``cost[c]`` (float64)."""

    atoms: Ints
    start: Ints
    cost: Floats

    def __len__(self) -> int:
        return len(self.cost)

    def take(self, chosen: Ints) -> Columns:
        """Return the grids at the positions ``chosen``."""
        sizes = np.diff(self.start)[chosen]
        start = np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)
        atoms = self.atoms[np.repeat(self.start[chosen] - start[:-1], sizes) + np.arange(start[-1])]
        return Columns(atoms, start, self.cost[chosen])


@dataclass(frozen=True, slots=True)
class SolverEffort:
    """How much the solver may do: grids in the integer program, nodes of its tree, rounds of the linear program."""

    grids: int
    nodes: int
    rounds: int


def best_partition(columns: Columns, atoms: int, incumbent: Ints, effort: SolverEffort) -> Ints:
    """Return the positions of the grids that hold each of ``atoms`` atoms once at the least cost, as far as ``effort`` reaches.

    ``incumbent`` lists the positions of grids that do so already; it is returned when nothing better is found.
    """
    dual, bound = _relaxation(columns, atoms, incumbent, effort)
    known_cost = float(columns.cost[incumbent].sum())
    reduced = columns.cost - np.add.reduceat(dual[columns.atoms], columns.start[:-1])
    # A grid whose reduced cost exceeds the gap is in no better plan.
    near = np.flatnonzero(reduced < known_cost - bound)
    near = near[np.argsort(reduced[near], kind="stable")][: effort.grids]
    near = np.union1d(near, incumbent)
    chosen = _solve(columns.take(near), atoms, np.isin(near, incumbent), effort)
    return near[chosen] if columns.cost[near[chosen]].sum() < known_cost else incumbent


def _relaxation(columns: Columns, atoms: int, incumbent: Ints, effort: SolverEffort) -> tuple[Floats, float]:
    """Solve the linear program, adding grids by reduced cost round by round; return the price of each atom and the value reached."""
    highs = _model(atoms)
    held = np.zeros(len(columns), np.bool_)
    wanted = incumbent
    dual, value = np.zeros(atoms), 0.0
    for _ in range(effort.rounds):
        _add(highs, columns.take(wanted))
        held[wanted] = True
        highs.run()
        dual = np.array(highs.getSolution().row_dual)
        value = highs.getInfo().objective_function_value
        reduced = columns.cost - np.add.reduceat(dual[columns.atoms], columns.start[:-1])
        reduced[held] = 0.0
        wanted = np.argsort(reduced, kind="stable")[:400]
        wanted = wanted[reduced[wanted] < -1e-6]
        if not len(wanted):
            return dual, value
    # Not solved to the end: the value is no bound, so the gap is taken from below by what the grids left out could still save.
    return dual, value + 30.0 * float(np.minimum(reduced, 0.0).min())


def _solve(columns: Columns, atoms: int, start: Truths, effort: SolverEffort) -> Ints:
    highs = _model(atoms)
    _add(highs, columns)
    count = len(columns)
    highs.changeColsIntegrality(count, np.arange(count, dtype=np.int32), np.full(count, highspy.HighsVarType.kInteger))
    highs.setOptionValue("mip_max_nodes", effort.nodes)
    highs.setOptionValue("mip_rel_gap", 0.0)
    highs.setOptionValue("mip_abs_gap", 0.99)
    highs.setSolution(count, np.arange(count, dtype=np.int32), start.astype(np.float64))
    highs.run()
    values = np.array(highs.getSolution().col_value)
    return np.flatnonzero(values > 0.5) if len(values) == count else np.flatnonzero(start)


def _model(atoms: int) -> highspy.Highs:
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    # One thread and a fixed seed: the same answer on every machine.
    highs.setOptionValue("threads", 1)
    highs.setOptionValue("random_seed", 0)
    for _ in range(atoms):
        highs.addRow(1.0, 1.0, 0, np.array([], np.int32), np.array([]))
    return highs


def _add(highs: highspy.Highs, columns: Columns) -> None:
    count = len(columns)
    starts, atoms = columns.start[:-1].astype(np.int32), columns.atoms.astype(np.int32)
    highs.addCols(count, columns.cost, np.zeros(count), np.ones(count), len(atoms), starts, atoms, np.ones(len(atoms)))

"""The division that an office already has, as a plan: most planners start from the grids that they have."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import pandas as pd

from gridmap.findings import Finding, finding
from gridmap.grids.atoms import split_atoms
from gridmap.grids.plan import Origin, Plan, bounds_finding, now, out_of_bounds, plan_from_assignment, program_version
from gridmap.grids.tiling import Tiling
from gridmap.ground.tables import District
from gridmap.rules import Rules


def plan_from_division(
    name: str,
    district: District,
    tiling: Tiling,
    rules: Rules,
    grid_of_building: pd.Series,
    *,
    grids: pd.DataFrame | None = None,
    author: str = "",
    findings: Iterable[Finding] = (),
) -> Plan:
    """Return the plan of an existing division.

    ``grid_of_building`` gives the grid id (text, as the office writes it) of each building by building_id; a building that is absent or has none
    stays in no grid. The stairwells of a building follow it. ``grids``, indexed by grid_id, gives kind, code, name and worker where the office has
    them; ``findings`` are those of the import. Nothing is mended: an unassigned building, a grid in parts, across communities or outside the bounds
    of ``rules``, and missing households are findings.
    """
    atoms, neighbours, found = split_atoms(district, tiling, rules.grid.households_max)
    grid_of = pd.Series(grid_of_building.reindex(atoms["source_building_id"]).to_numpy(), index=atoms.index)
    origin = Origin(author, now(), 0, "quick", district.fingerprint(), version=program_version())
    plan = plan_from_assignment(name, atoms, neighbours, grid_of, rules, origin, grids=grids, findings=[*findings, *found], lenient=True)
    outside = [bounds_finding("grid_out_of_bounds", grid, str(grid_id), rules) for grid_id, grid in out_of_bounds(plan).iterrows()]
    return dataclasses.replace(plan, findings=(*plan.findings, *outside, *missing_households(plan)))


def missing_households(plan: Plan) -> list[Finding]:
    """Return a finding for each ordinary grid with atoms whose households are not known; schools and factories need none."""
    missing = plan.ordinary[plan.ordinary["households_missing"] > 0]
    return [
        finding("grid_households_missing", str(grid_id), grid_id=str(grid_id), community_id=str(home), value=int(number), unit="atoms")
        for grid_id, number, home in zip(missing.index, missing["households_missing"], missing["community_id"], strict=True)
    ]

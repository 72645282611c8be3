"""Plans: which atom is in which grid."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gridmap.errors import RequestError
from gridmap.findings import Finding, finding
from gridmap.grids.boundaries import grid_polygons
from gridmap.ground.codes import SEQUENCE_DIGITS, CodeScheme, division, grid_codes, reading_order
from gridmap.ground.tables import District
from gridmap.rules import Rules

Effort = Literal["quick", "normal", "best"]
EFFORTS: tuple[Effort, ...] = ("quick", "normal", "best")

ORDINARY = "ordinary"
DEDICATED = "dedicated"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a plan comes from: enough to make it again. ``made_at`` is an ISO 8601 time with zone; ``ground`` the fingerprint of the district."""

    author: str
    made_at: str
    seed: int
    effort: Effort
    ground: str
    parent: str | None = None
    version: str = ""


@dataclass(frozen=True, eq=False)
class Plan:
    """Which atom is in which grid; it never changes.

    ``atoms``: GeoDataFrame indexed by atom id (``building_id``; ``B12#3`` is the third stairwell of building B12), with ``source_building_id``,
    ``community_id``, ``compound_id`` (text, may be missing), ``households`` (int64; missing counts 0), ``households_source`` (text), ``dedicated``
    (bool) and ``geometry``, the atom's land cell.

    ``neighbours``: the neighbour table of the atoms, as in :class:`gridmap.grids.tiling.Tiling`.

    ``grid_of``: Series of grid ids (text) in the order of ``atoms``. It is missing only where an office's own division leaves a building in no grid;
    each such building is a finding.

    ``grids``: GeoDataFrame indexed by grid_id (text, opaque) with ``kind`` (ordinary or dedicated), ``community_id``, ``code`` (text, may be
    missing), ``name`` (text, may be missing), ``households`` (int64), ``buildings`` (int64, distinct source buildings), ``households_missing``
    (int64, atoms whose households are unknown), ``worker`` (text, may be missing) and ``geometry``, the union of the cells.

    ``parent`` is the plan that this one was changed from by :func:`move`, and ``moved`` the atoms that changed grid; a plan that was proposed,
    imported or read has none.
    """

    name: str
    atoms: gpd.GeoDataFrame
    neighbours: pd.DataFrame
    grid_of: pd.Series
    grids: gpd.GeoDataFrame
    rules: Rules
    findings: tuple[Finding, ...]
    origin: Origin
    parent: Plan | None = None
    moved: tuple[str, ...] = ()

    @property
    def ordinary(self) -> gpd.GeoDataFrame:
        """The grids inside the balance."""
        return self.grids[self.grids["kind"] == ORDINARY]

    def atoms_of(self, grid_id: str) -> list[str]:
        """Return the ids of a grid's atoms; raises ``RequestError`` when there is no such grid."""
        if grid_id not in self.grids.index:
            raise RequestError("grid_unknown", grid=grid_id, plan=self.name)
        return [str(each) for each in self.grid_of.index[(self.grid_of == grid_id).to_numpy()]]


def now() -> str:
    """Return the time as plans record it: ISO 8601 with zone, to the second."""
    return dt.datetime.now(dt.UTC).astimezone().isoformat(timespec="seconds")


def program_version() -> str:
    """Return the version of gridmap, empty when it runs from a clone that was never installed."""
    try:
        return metadata.version("gridmap")
    except metadata.PackageNotFoundError:
        return ""


def plan_from_assignment(
    name: str,
    atoms: gpd.GeoDataFrame,
    neighbours: pd.DataFrame,
    grid_of: pd.Series,
    rules: Rules,
    origin: Origin,
    *,
    grids: gpd.GeoDataFrame | pd.DataFrame | None = None,
    findings: Iterable[Finding] = (),
    lenient: bool = False,
) -> Plan:
    """Return the plan in which atom ``a`` is in grid ``grid_of[a]``; its grids table and polygons are made from that.

    ``grids``, indexed by grid_id, gives what the assignment cannot know: ``kind``, ``code``, ``name``, ``worker``; columns and rows may be absent. A
    grid without a given kind is dedicated when all its atoms are. Always checked: every atom is in exactly one grid, no grid crosses a community,
    every grid is connected over crossable neighbours. What is broken is a finding in a ``lenient`` plan (one that an office already has) and
    otherwise raises ``RequestError`` with all of them.
    """
    assigned = pd.Series(pd.array(grid_of.reindex(atoms.index), dtype="str"), index=atoms.index, name="grid_id")
    broken = broken_promises(atoms, neighbours, assigned)
    if broken and not lenient:
        raise RequestError("plan_breaks_promises", findings=broken, plan=name)
    table = grids_table(atoms, assigned, grids)
    return Plan(name, atoms, neighbours, assigned, table, rules, (*findings, *broken), origin)


def grids_table(atoms: gpd.GeoDataFrame, grid_of: pd.Series, known: gpd.GeoDataFrame | pd.DataFrame | None = None) -> gpd.GeoDataFrame:
    """Return the grids of an assignment: sums, polygons, and what ``known`` tells of kind, code, name and worker."""
    polygons = grid_polygons(atoms.geometry, grid_of)
    by_grid = atoms.drop(columns="geometry").groupby(grid_of.to_numpy(), sort=True)
    missing = (atoms["households_source"] == "missing").groupby(grid_of.to_numpy(), sort=True).sum()
    told = pd.DataFrame(index=polygons.index) if known is None else pd.DataFrame(known).reindex(polygons.index)
    kind = pd.Series(np.where(by_grid["dedicated"].all(), DEDICATED, ORDINARY), index=polygons.index)
    columns = {
        "kind": pd.array(told["kind"].fillna(kind) if "kind" in told else kind, dtype="str"),
        "community_id": pd.array(by_grid["community_id"].first(), dtype="str"),
        "code": _told(told, "code"),
        "name": _told(told, "name"),
        "households": by_grid["households"].sum().to_numpy(dtype=np.int64),
        "buildings": by_grid["source_building_id"].nunique().to_numpy(dtype=np.int64),
        "households_missing": missing.to_numpy(dtype=np.int64),
        "worker": _told(told, "worker"),
    }
    return gpd.GeoDataFrame(columns, geometry=polygons, index=polygons.index, crs=atoms.crs)


def _told(told: pd.DataFrame, column: str) -> Any:
    return pd.array(told[column] if column in told else np.full(len(told), None, dtype=object), dtype="str")


def grid_parts(atoms: gpd.GeoDataFrame, neighbours: pd.DataFrame, grid_of: pd.Series) -> pd.Series:
    """Return for each atom the number, from 0, of the connected part of its own grid that it belongs to; part 0 has the most households."""
    part = _components(atoms.index, neighbours, grid_of)
    sizes = pd.DataFrame({"grid": grid_of.to_numpy(), "part": part, "households": atoms["households"].to_numpy(), "atoms": 1})
    totals = sizes.groupby(["grid", "part"], sort=True).sum().sort_values(["households", "atoms"], ascending=False, kind="stable")
    rank = totals.groupby("grid").cumcount().droplevel("grid")
    return pd.Series(rank.reindex(part).fillna(0).to_numpy(dtype=np.int64), index=atoms.index, name="part")


def _components(index: pd.Index, neighbours: pd.DataFrame, grid_of: pd.Series) -> npt.NDArray[np.int64]:
    """Number the connected pieces that remain when only crossable neighbours in the same grid are joined."""
    crossable = neighbours[neighbours["crossable"].to_numpy(dtype=bool)]
    a, b = index.get_indexer(crossable["a"]), index.get_indexer(crossable["b"])
    codes = pd.factorize(grid_of.to_numpy())[0]
    joined = (a >= 0) & (b >= 0) & (codes[a] == codes[b])
    pairs = coo_array((np.ones(int(joined.sum()), dtype=np.int8), (a[joined], b[joined])), shape=(len(index), len(index)))
    return connected_components(pairs, directed=False)[1].astype(np.int64)  # type: ignore[no-any-return]


def broken_promises(atoms: gpd.GeoDataFrame, neighbours: pd.DataFrame, grid_of: pd.Series) -> list[Finding]:
    """Return a finding for each atom in no grid and each grid that crosses a community or is not connected; none for a plan that may stand."""
    findings = [_unassigned(atoms.loc[each], str(each)) for each in atoms.index[grid_of.isna().to_numpy()]]
    communities = atoms["community_id"].groupby(grid_of.to_numpy(), sort=True)
    for grid_id, number in communities.nunique().items():
        if number > 1:
            names = ", ".join(sorted(set(communities.get_group(grid_id))))
            findings.append(finding("grid_crosses_communities", str(grid_id), grid_id=str(grid_id), value=int(number), limit=1, communities=names))
    parts = grid_parts(atoms, neighbours, grid_of)
    number_of_parts = parts.groupby(grid_of.to_numpy(), sort=True).max() + 1
    for grid_id, number in number_of_parts[number_of_parts > 1].items():
        apart = atoms.loc[((grid_of == grid_id) & (parts > 0)).to_numpy()]
        place = apart.geometry.iloc[0].representative_point()
        findings.append(
            finding(
                "grid_disconnected",
                str(grid_id),
                grid_id=str(grid_id),
                community_id=str(apart["community_id"].iloc[0]),
                value=int(number),
                limit=1,
                unit="parts",
                x=float(place.x),
                y=float(place.y),
                apart=some(apart.index),
                households=int(apart["households"].sum()),
            )
        )
    return findings


def _unassigned(atom: Any, atom_id: str) -> Finding:
    place = atom["geometry"].representative_point()
    home, households = str(atom["community_id"]), int(atom["households"])
    return finding("atom_unassigned", atom_id, value=households, unit="households", community_id=home, x=float(place.x), y=float(place.y))


def some(ids: Iterable[Any], most: int = 5) -> str:
    """Name the first few ids."""
    names = [str(each) for each in ids]
    return ", ".join(names[:most]) + (" ..." if len(names) > most else "")


def households_of(plan: Plan) -> pd.Series:
    """Return the households of each grid, int64, by grid_id; missing households count 0."""
    return plan.grids["households"]


def out_of_bounds(plan: Plan) -> gpd.GeoDataFrame:
    """Return the ordinary grids with fewer households than the rules ask or more than they allow; both limits are inside."""
    grids = plan.ordinary
    bounds = plan.rules.grid
    return grids[~grids["households"].between(bounds.households_min, bounds.households_max)]


def main_grids(plan: Plan) -> pd.Series:
    """Return for each building of a plan, by its id, the grid that holds most of its households; among equals the first by id."""
    table = pd.DataFrame({"source": plan.atoms["source_building_id"], "grid": plan.grid_of, "households": plan.atoms["households"]})
    most = table.groupby(["source", "grid"], sort=True, as_index=False).sum().sort_values("households", ascending=False, kind="stable")
    return most.drop_duplicates("source").set_index("source")["grid"]


def next_grid_ids(taken: Iterable[str], number: int) -> list[str]:
    """Return ``number`` new grid ids that count on from the highest of ``taken``.

    >>> next_grid_ids(["G0007", "north", "G0002"], 2)
    ['G0008', 'G0009']
    """
    used = [int(each[1:]) for each in taken if each[:1] == "G" and each[1:].isascii() and each[1:].isdigit()]
    first = max(used, default=0) + 1
    return [f"G{each:04d}" for each in range(first, first + number)]


def move(plan: Plan, atom_ids: Sequence[str], to: str | None, *, lenient: bool = False) -> Plan:
    """Return the plan in which ``atom_ids`` are in grid ``to``, or in a new grid when ``to`` is None.

    The new plan knows its ``parent`` and what ``moved``; moving back gives the same grids again. Only the grids that lose or win atoms are made anew.
    A grid that loses its last atom is gone. Official codes stay as they are until the plan is adopted again. Raises ``RequestError`` for an unknown
    atom or grid, for a move into a grid of another community, and for one that would leave a grid in parts; with ``lenient`` the parts become
    findings instead.
    """
    unknown = [each for each in atom_ids if each not in plan.atoms.index]
    if unknown or not atom_ids:
        raise RequestError("atoms_unknown", atoms=some(unknown), plan=plan.name)
    if to is not None and to not in plan.grids.index:
        raise RequestError("grid_unknown", grid=to, plan=plan.name)
    target = next_grid_ids(plan.grids.index, 1)[0] if to is None else to
    grid_of = plan.grid_of.copy()
    moved = tuple(str(each) for each in dict.fromkeys(atom_ids) if grid_of[each] != target)
    touched = {target, *grid_of.loc[list(moved)].dropna()}
    grid_of.loc[list(moved)] = target
    own = plan.grid_of.isin(touched).to_numpy() | grid_of.isin(touched).to_numpy()
    atoms = plan.atoms[own]
    broken = broken_promises(atoms, plan.neighbours, grid_of[own])
    across = [each for each in broken if each.code == "grid_crosses_communities"]
    if across or (broken and not lenient):
        raise RequestError("move_breaks_promises", findings=across or broken, plan=plan.name)
    made = grids_table(atoms, grid_of[own], plan.grids.drop(columns="geometry"))
    grids = pd.concat([plan.grids[~plan.grids.index.isin(touched)], made]).sort_index()
    kept = [each for each in plan.findings if each.grid_id not in touched and not (each.code == "atom_unassigned" and each.subject in moved)]
    changed = dataclasses.replace(plan, grid_of=grid_of, grids=grids, findings=(*kept, *broken), parent=plan, moved=moved)
    return dataclasses.replace(
        changed, findings=(*changed.findings, *(_off_bounds(changed, each) for each in out_of_bounds(changed).index if each in touched))
    )


def _off_bounds(plan: Plan, grid_id: str) -> Finding:
    """Tell that a grid redrawn by hand is outside the bounds; nothing is claimed about whether it could be inside."""
    return bounds_finding("grid_out_of_bounds", plan.grids.loc[grid_id], grid_id, plan.rules)


def bounds_finding(code: str, grid: Any, grid_id: str, rules: Rules) -> Finding:
    """Make the finding ``code`` about a grid whose households are below the minimum or above the maximum."""
    bounds = rules.grid
    households = int(grid["households"])
    place = grid["geometry"].representative_point()
    return finding(
        code,
        grid_id,
        value=households,
        limit=bounds.households_min if households < bounds.households_min else bounds.households_max,
        unit="households",
        community_id=str(grid["community_id"]),
        grid_id=grid_id,
        x=float(place.x),
        y=float(place.y),
        minimum=bounds.households_min,
        maximum=bounds.households_max,
    )


def with_codes(plan: Plan, district: District, scheme: CodeScheme = "15", *, object_class: str = "") -> Plan:
    """Return the plan with official codes for all its grids, dedicated ones too, as at adoption.

    Inside a community the grids are numbered west to east in rows, the rows from north to south (:func:`gridmap.ground.codes.reading_order`). A
    community whose division code is missing or unusable, or that has more grids than the code has digits for, gets no codes, and a finding says so.
    Raises ``RequestError`` as :func:`gridmap.ground.codes.grid_codes` does.
    """
    codes = pd.Series(pd.array([None] * len(plan.grids), dtype="str"), index=plan.grids.index)
    findings = [each for each in plan.findings if each.code not in CODE_FINDINGS]
    centre = plan.grids.geometry.centroid
    for community_id, grids in plan.grids.groupby("community_id", sort=True):
        code = district.communities["division_code"].get(community_id)
        numbered = grid_codes(code, len(grids), scheme=scheme, object_class=object_class)
        if numbered is None:
            findings.append(_uncoded(str(community_id), code, len(grids), scheme))
            continue
        order = reading_order(centre.x[grids.index], centre.y[grids.index], grids.geometry.area, list(grids.index))
        codes.loc[grids.index[order]] = numbered
    return dataclasses.replace(plan, grids=plan.grids.assign(code=codes), findings=tuple(findings))


CODE_FINDINGS = ("division_code_missing", "division_code_unusable", "grids_beyond_code")


def _uncoded(community_id: str, code: object, grids: int, scheme: CodeScheme) -> Finding:
    """Say why the grids of a community get no codes."""
    if division(code) is not None:
        return finding(
            "grids_beyond_code", community_id, community_id=community_id, value=grids, limit=10 ** SEQUENCE_DIGITS[scheme] - 1, unit="grids"
        )
    if pd.isna(code):
        return finding("division_code_missing", community_id, community_id=community_id)
    return finding("division_code_unusable", community_id, community_id=community_id, value=str(code))

"""Import: from a planner's files to a checked district, everything or nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from gridmap.errors import InputError, RequestError
from gridmap.findings import Finding, finding
from gridmap.ground.checks import check_district
from gridmap.ground.communities import assigned_communities, repaired_communities
from gridmap.ground.conversion import typed_rows, with_ids
from gridmap.ground.datum import datum_findings
from gridmap.ground.division import ExistingDivision, existing_division
from gridmap.ground.estimates import estimated_households, floor_areas
from gridmap.ground.fields import parse_households
from gridmap.ground.landcover import cells_decision
from gridmap.ground.matching import Matches, households_from_ledger, match_ledger
from gridmap.ground.names import as_texts
from gridmap.ground.outlines import merged_areas, outlined_communities
from gridmap.ground.repair import drawn_twice, footprints_from_points, mended_geometry, readable_geometry, united_by_id
from gridmap.ground.reports import LedgerReport, Report, TableReport, table_report
from gridmap.ground.rows import ROW, Rows, located
from gridmap.ground.sources import OSM_TABLES, Sources, read_sources
from gridmap.ground.tables import TABLES, District, empty_table, typed_table
from gridmap.progress import Progress, silent
from gridmap.rules import Rules, load_rules

ONE_COMMUNITY = "C1"
"""The id of the community when the files know of none."""


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """What the user asks to import, as on the command line.

    ``fields`` maps ``table.column`` to the name of the column in the file (``buildings.households`` -> ``HU_SHU``), ``table.layer`` to the name
    of the layer. ``crs`` is ``wgs84``, ``gcj02``, ``bd09`` or ``EPSG:n`` for all files that do not say themselves, or for single tables
    (``venues=bd09``). ``name`` is what the district is called where the communities are not all of one street office or county.
    """

    communities: Path | None = None
    buildings: Path | None = None
    streets: Path | None = None
    barriers: Path | None = None
    gates: Path | None = None
    venues: Path | None = None
    osm: Path | None = None
    ledger: Path | None = None
    grids: Path | None = None
    plan: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    crs: str | None = None
    cells: Literal["auto", "given", "build"] = "auto"
    name: str = ""

    def paths(self) -> dict[str, Path]:
        """Return the files by what they hold: a table, ``osm``, ``ledger`` or ``grids``."""
        named = {name: getattr(self, name) for name in (*TABLES, "osm", "ledger", "grids")}
        return {name: path for name, path in named.items() if path is not None}


@dataclass(frozen=True, eq=False)
class Import:
    """The district, what was found wrong or doubtful, the report for the user, and the existing division when one was given."""

    district: District
    findings: tuple[Finding, ...]
    report: Report
    division: ExistingDivision | None


def import_files(request: ImportRequest, *, old: District | None = None, rules: Rules | None = None, progress: Progress = silent) -> Import:
    """Read the files of ``request`` into a district; tables that are not given come from ``old``, the district of the workspace.

    Reading, coordinates, repair, types, communities, ledger, estimates and checks follow each other; nothing is stored here, so that all of it is
    taken or nothing. A row that cannot be used is an error finding and left out. Raises ``InputError`` with every fault of every file when a file
    cannot be read or a layer has no usable row, and ``RequestError`` when the request makes no sense.
    """
    paths = request.paths()
    _check_request(request, paths, old)
    rules = rules or load_rules()
    steps = _Steps(progress, len(paths) + 3)
    sources = read_sources(paths, request.fields, request.crs, old, steps.next)
    tables, findings = _usable_tables(sources, rules, old)
    # What is told of a table is in its findings already.
    findings += sources.told.get("ledger", ())
    steps.next("repair")
    communities = _communities(tables, old)
    buildings, communities, more = _assigned(_buildings(tables, old), communities)
    findings += more
    steps.next("households")
    buildings, ledger_report, more = _with_households(buildings, communities, sources.ledger)
    findings += more
    cells, evidence = _cells(buildings, request, old, "buildings" in tables)
    buildings = _estimated(buildings, cells, rules)
    if communities is None:
        communities = _made_communities(buildings, cells, sources.crs)
    steps.next("checks")
    district = _district(tables, communities, buildings, old, sources.crs, cells, request)
    _check_households(district, sources, findings)
    findings += datum_findings({**district.tables(), "buildings": _with_said(district.buildings, tables.get("buildings"))})
    findings += located(check_district(district, rules), tables)
    division = None
    if sources.grids is not None:
        division = existing_division(sources.grids, district, plan="imported" if request.plan is None else request.plan, told=sources.told["grids"])
        findings += division.findings
    report = Report(
        crs=_crs_name(sources.crs),
        tables=tuple(_table_reports(sources, tables, district, old)),
        cells=cells,
        cells_evidence=evidence,
        ledger=ledger_report,
    )
    steps.end()
    return Import(district, (*sources.findings, *findings), report, division)


@dataclass(slots=True)
class _Steps:
    """Tells how far the import is, one step a file and some more."""

    progress: Progress
    total: int
    done: int = 0

    def next(self, name: str) -> None:
        code = f"step_import_{name}" if name in ("repair", "households", "checks") else "step_import_read"
        self.progress(code, self.done, self.total)
        self.done += 1

    def end(self) -> None:
        """Tell that all is done."""
        self.progress("step_import_checks", self.total, self.total)


def _check_request(request: ImportRequest, paths: Mapping[str, Path], old: District | None) -> None:
    if not paths:
        raise RequestError("import_nothing")
    if old is None and not {"buildings", "osm"} & set(paths):
        raise RequestError("import_without_buildings", given=", ".join(f"--{name}" for name in sorted(paths)))
    if request.plan is not None and request.grids is None:
        raise RequestError("plan_without_grids", plan=request.plan)


def _usable_tables(sources: Sources, rules: Rules, old: District | None) -> tuple[dict[str, Rows], list[Finding]]:
    """Repair and type every table.

    Raises ``InputError`` naming every layer that has no usable row, each with the findings that say why.
    """
    usable: dict[str, Rows] = {}
    findings: list[Finding] = []
    empty: list[Finding] = []
    for name, rows in sources.tables.items():
        ready, told = _usable_rows(rows, list(sources.told[name]), rules, getattr(old, name, None))
        if len(ready):
            usable[name] = ready
            findings += told
        else:
            empty += [finding("layer_unusable", rows.layer, file=rows.file, layer=rows.layer), *told]
    if empty:
        raise InputError("import_failed", findings=empty)
    return usable, findings


def _usable_rows(rows: Rows, told: list[Finding], rules: Rules, earlier: gpd.GeoDataFrame | None) -> tuple[Rows, list[Finding]]:
    rows, findings = readable_geometry(rows, told)
    rows, more = mended_geometry(rows)
    findings += more
    rows, more = with_ids(rows, earlier)
    findings += more
    rows, more = united_by_id(rows)
    findings += more
    rows, more = typed_rows(rows, rules)
    findings += more
    if rows.table == "buildings":
        rows, more = drawn_twice(rows)
        findings += more
    if rows.table == "communities":
        rows, more = repaired_communities(rows)
        findings += more
    return rows, findings


def _communities(tables: Mapping[str, Rows], old: District | None) -> gpd.GeoDataFrame | None:
    """Return the communities table: the one imported, else the one of the workspace; None when there is none yet."""
    if "communities" in tables:
        return typed_table("communities", tables["communities"].frame)
    if old is None or ("buildings" in tables and _outlined(old)):
        return None
    return old.communities


def _outlined(district: District) -> bool:
    """Return whether the communities' outlines were made from the buildings; then new buildings ask for new outlines."""
    made = _made_communities(district.buildings, district.cells, district.crs)
    if not made.index.equals(district.communities.index):
        return False
    differ = shapely.symmetric_difference(made.geometry.to_numpy(), district.communities.geometry.to_numpy())
    return bool(shapely.area(differ).sum() < 1e-6 * shapely.area(made.geometry.to_numpy()).sum())


def _buildings(tables: Mapping[str, Rows], old: District | None) -> Rows:
    """Return the buildings to work on: the imported rows, else those of the workspace."""
    if "buildings" in tables:
        return tables["buildings"]
    assert old is not None
    frame = old.buildings.assign(**{ROW: np.arange(1, len(old.buildings) + 1)})
    return Rows("buildings", "", "buildings", frame, {})


def _assigned(rows: Rows, communities: gpd.GeoDataFrame | None) -> tuple[Rows, gpd.GeoDataFrame | None, list[Finding]]:
    """Return the buildings with their communities and footprints instead of points; those in no community are refused.

    Raises ``InputError`` when no building is left.
    """
    frame = rows.frame
    given = as_texts(frame["community_id"].to_numpy(dtype=object)) if "community_id" in frame.columns else np.full(len(rows), None, dtype=object)
    points = shapely.get_dimensions(frame.geometry.to_numpy()) == 0
    rows = rows.with_geometry(footprints_from_points(frame.geometry.to_numpy()))
    findings = [rows.finding("points_made_footprints", value=int(points.sum()))] if points.any() else []
    if communities is None:
        found, more = _communities_by_column(rows, given)
    else:
        found, more = assigned_communities(rows, communities, given)
    findings += more
    inside = np.array([community is not None for community in found], dtype=bool)
    if not inside.any():
        raise InputError("buildings_all_outside", findings=findings[:20], file=rows.file)
    frame = rows.frame.assign(community_id=found, community_said=given, drawn=~points & (frame.get("drawn", True)))
    return rows.with_frame(frame).kept(inside), communities, findings


def _communities_by_column(rows: Rows, given: np.ndarray) -> tuple[np.ndarray, list[Finding]]:
    """Without outlines the buildings' own column tells the communities, and a building without one is refused; without that column there is one."""
    known = np.array([value is not None for value in given], dtype=bool)
    if not known.any():
        return np.full(len(rows), ONE_COMMUNITY, dtype=object), [rows.finding("one_community", subject=ONE_COMMUNITY)]
    count = len(set(given[known]))
    told = [rows.finding("communities_by_column", column="community_id", value=count)]
    return given, told + rows.findings("building_without_community", ~known, column="community_id")


def _with_households(
    rows: Rows, communities: gpd.GeoDataFrame | None, ledger: Rows | None
) -> tuple[gpd.GeoDataFrame, LedgerReport | None, list[Finding]]:
    """Return the buildings table with the households that the files give, the ledger's in place of the map's."""
    frame = rows.frame
    if "households" not in frame.columns:
        frame = frame.assign(households=pd.array([pd.NA] * len(frame), dtype="Int64"))
    said = frame["households"].notna().to_numpy(dtype=bool)
    if "households_source" not in frame.columns or rows.columns:
        frame = frame.assign(households_source=np.where(said, "given", "missing"))
    extra = frame[["drawn"]]
    table = typed_table("buildings", frame)
    if ledger is None:
        return table.assign(drawn=extra["drawn"].to_numpy(dtype=bool)), None, []
    counts, fault = _ledger_counts(ledger)
    findings = ledger.findings("households_fault", fault, column="households")
    names = communities if communities is not None else empty_table("communities", table.crs)
    matches = match_ledger(ledger, table, names)
    if not np.isin(matches.how.astype(str), ("id", "name", "place", "compound")).any():
        raise InputError("ledger_matches_nothing", file=ledger.file, example=_example(ledger), findings=())
    taken = households_from_ledger(ledger, counts, matches, table, floor_areas(table))
    table = table.assign(households=taken.households, households_source=taken.source, drawn=extra["drawn"].to_numpy(dtype=bool))
    return table, _ledger_report(ledger, matches), [*findings, *taken.findings]


def _ledger_counts(ledger: Rows) -> tuple[pd.arrays.IntegerArray, np.ndarray]:
    """Return the households of each ledger row; in a ledger of rooms without a number of households each row is one."""
    if "households" in ledger.frame.columns:
        counts, fault = parse_households(ledger.frame["households"].to_numpy(dtype=object))
        return counts, fault
    return pd.array(np.ones(len(ledger), dtype=np.int64), dtype="Int64"), np.zeros(len(ledger), dtype=bool)


def _example(ledger: Rows) -> str:
    first = ledger.frame.drop(columns=[ROW, "geometry"]).iloc[0]
    return ", ".join(str(value) for value in first if not pd.isna(value))


def _ledger_report(ledger: Rows, matches: Matches) -> LedgerReport:
    ways = matches.how.astype(str)
    return LedgerReport(
        file=ledger.file,
        rows=len(ledger),
        matched={way: count for way, count in matches.counts().items() if way in ("id", "name", "place", "compound")},
        ambiguous=tuple(ledger.numbers[ways == "ambiguous"].tolist()),
        unmatched=tuple(ledger.numbers[ways == "unmatched"].tolist()),
    )


def _cells(
    buildings: gpd.GeoDataFrame, request: ImportRequest, old: District | None, new: bool
) -> tuple[Literal["given", "build"], Mapping[str, float]]:
    if request.cells == "auto" and not new and old is not None:
        return old.cells, {}
    return cells_decision(buildings.geometry.to_numpy(), request.cells)


def _estimated(buildings: gpd.GeoDataFrame, cells: Literal["given", "build"], rules: Rules) -> gpd.GeoDataFrame:
    # An area that is its own cell is land, not a footprint: floors times land would be nonsense.
    drawn = buildings["drawn"].to_numpy(dtype=bool) & (cells == "build")
    return estimated_households(buildings.drop(columns="drawn"), rules.estimate, footprints=drawn)


def _made_communities(buildings: gpd.GeoDataFrame, cells: Literal["given", "build"], crs: pyproj.CRS) -> gpd.GeoDataFrame:
    make = merged_areas if cells == "given" else outlined_communities
    return make(buildings["community_id"], buildings.geometry.to_numpy(), crs)


def _district(
    tables: Mapping[str, Rows],
    communities: gpd.GeoDataFrame,
    buildings: gpd.GeoDataFrame,
    old: District | None,
    crs: pyproj.CRS,
    cells: Literal["given", "build"],
    request: ImportRequest,
) -> District:
    """Put the tables together: imported, else those of the workspace, else empty."""
    others = {name: typed_table(name, tables[name].frame) for name in ("streets", "barriers", "gates", "venues") if name in tables}
    for name in ("streets", "barriers", "gates", "venues"):
        if name not in others:
            others[name] = getattr(old, name) if old is not None else empty_table(name, crs)
    name = (_common_name(communities) if "communities" in tables else None) or (old.name if old is not None else request.name)
    return District(communities=communities, buildings=typed_table("buildings", buildings), name=name, cells=cells, **others)


def _common_name(communities: gpd.GeoDataFrame) -> str | None:
    """Return the street office that all communities are of, else the county; None when they are of several or the file does not say."""
    for column in ("street_office", "county"):
        names = communities[column].unique()
        if len(names) == 1 and not pd.isna(names[0]):
            return str(names[0])
    return None


def _check_households(district: District, sources: Sources, findings: Sequence[Finding]) -> None:
    """Raise ``InputError`` when there is not a single household: then nothing can be balanced. Values that cannot be read are told with it."""
    if not district.buildings["households"].notna().any():
        rows = sources.tables.get("buildings")
        columns = ", ".join(sources.unused.get("buildings", ())) or "—"
        faults = [each for each in findings if each.code == "households_fault"]
        raise InputError("no_households_at_all", file=f" ({rows.file})" if rows is not None else "", columns=columns, findings=faults)


def _with_said(buildings: gpd.GeoDataFrame, rows: Rows | None) -> gpd.GeoDataFrame:
    """Return the buildings with what their file says of their community, for the test of the datum."""
    if rows is None or "community_id" not in rows.frame.columns:
        return buildings
    said = pd.Series(as_texts(rows.frame["community_id"].to_numpy(dtype=object)), index=rows.frame.index.astype("str"))
    return buildings.assign(community_said=said.reindex(buildings.index).to_numpy(dtype=object))


def _crs_name(crs: pyproj.CRS) -> str:
    epsg = crs.to_epsg()
    return f"EPSG:{epsg} {crs.name}" if epsg is not None else str(crs.name)


def _table_reports(sources: Sources, tables: Mapping[str, Rows], district: District, old: District | None) -> list[TableReport]:
    return [
        table_report(
            name, sources.tables[name], getattr(district, name), getattr(old, name) if old is not None else None, sources.unused.get(name, ())
        )
        for name in TABLES
        if name in tables
    ]


__all__ = ["OSM_TABLES", "ExistingDivision", "Import", "ImportRequest", "import_files"]

"""Where new venues could stand: at places that somebody named, else at buildings or at street corners, one in each square."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gridmap.circles.coverage import Coverage
from gridmap.findings import Finding, finding
from gridmap.ground.importing import ImportRequest, import_files
from gridmap.ground.tables import District, empty_table
from gridmap.walking.doors import LINKED, Doors
from gridmap.walking.gates import resident_doors, resident_gates
from gridmap.walking.segments import Floats, Integers
from gridmap.walking.walls import walls_of

SITE_SPACING_M = 50.0
"""Where candidates are generated, one is taken in each square of this side: two nearer ones serve the same people."""

CORNER_WAYS = 3
"""Where so many stretches of street meet there is a corner."""

NOT_ASKED = ("categories_absent", "category_unknown", "venue_unnamed", "ids_missing")
"""What a file of venues should hold and one of empty rooms need not."""


@dataclass(frozen=True, eq=False)
class Candidates:
    """Places for new venues: their doors, their names in the same order (empty for none), and what is wrong with the file that named them."""

    doors: Doors
    name: npt.NDArray[np.object_]
    findings: tuple[Finding, ...] = ()


def building_candidates(coverage: Coverage, district: District) -> Candidates:
    """Return one building in each square of :data:`SITE_SPACING_M`, with doors as venues would have them, by building id."""
    table = district.buildings.loc[coverage.doors.id]
    table = table.iloc[_one_a_square(shapely.get_coordinates(shapely.centroid(table.geometry.to_numpy())))]
    places = table.index.to_numpy(dtype=object), table.geometry.to_numpy()
    made = resident_doors(coverage.network, *places, walls_of(district), resident_gates(district), leaving=False)
    return Candidates(made, _names(table["compound_id"], table["name"]))


def corner_candidates(coverage: Coverage, district: District) -> Candidates:
    """Return one street corner in each square of :data:`SITE_SPACING_M`: ``X1``, ``X2`` ..., named by the streets that meet there.

    Corners lie on the ground, where at least :data:`CORNER_WAYS` stretches of street meet; a venue there has its door on the corner itself.
    """
    network = coverage.network
    ends, edge = np.concatenate((network.a, network.b)), np.tile(np.arange(network.edges), 2)
    ground = (network.level[edge] == 0) & (network.length_cm[edge] > 0)
    ends, edge = ends[ground], edge[ground]
    corners = np.flatnonzero(np.bincount(ends, minlength=network.nodes) >= CORNER_WAYS)
    corners = corners[np.lexsort(network.node_xy[corners].T)]
    corners = corners[_one_a_square(network.node_xy[corners])]
    order = np.argsort(ends, kind="stable")
    begins, after = np.searchsorted(ends[order], corners), np.searchsorted(ends[order], corners, side="right")
    own = edge[order[begins]] if len(corners) else np.empty(0, dtype=np.int64)
    names = district.streets["name"]
    met = [names.reindex(network.street[edge[order[start:stop]]]).dropna().unique() for start, stop in zip(begins, after, strict=True)]
    count = len(corners)
    made = Doors(
        id=np.array([f"X{number + 1}" for number in range(count)], dtype=object),
        edge=own.astype(np.int32),
        position_cm=np.where(network.a[own] == corners, 0, network.length_cm[own]).astype(np.int32),
        access_cm=np.zeros(count, dtype=np.int32),
        state=np.full(count, LINKED, dtype=np.int8),
        leg=np.asarray(shapely.linestrings(np.repeat(network.node_xy[corners][:, None], 2, axis=1)), dtype=object),
    )
    return Candidates(made, np.array([" / ".join(sorted(each)) for each in met], dtype=object))


def file_candidates(coverage: Coverage, district: District, path: Path, *, crs: str | None = None) -> Candidates:
    """Return the places of a file (points or areas, as for venues; ``crs`` as in an import), and what is wrong with its rows.

    Raises ``InputError`` when the file cannot be read or has no usable row.
    """
    bare = district.with_tables({"venues": empty_table("venues", district.crs)})
    read = import_files(ImportRequest(venues=path, crs=crs), old=bare)
    findings = [each for each in read.findings if each.file == path.name and each.code not in NOT_ASKED]
    table = read.district.venues
    places = table.index.to_numpy(dtype=object), table.geometry.to_numpy()
    made = resident_doors(coverage.network, *places, walls_of(district), resident_gates(district), leaving=False)
    without = np.flatnonzero(~made.linked)
    if len(without):
        findings.append(finding("sites_without_door", str(made.id[without[0]]), value=len(without)))
    return Candidates(made, _names(table["name"]), tuple(findings))


def _one_a_square(xy: Floats) -> Integers:
    """Return the positions of the first place in each square, in order."""
    return np.sort(np.unique(np.floor(xy / SITE_SPACING_M), axis=0, return_index=True)[1])


def _names(*columns: pd.Series) -> npt.NDArray[np.object_]:
    """Return what stands in some columns of text, one after the other; nothing where nothing stands."""
    rows = zip(*(column.fillna("").astype(str) for column in columns), strict=True)
    return np.array([" ".join(filter(None, row)) for row in rows], dtype=object)

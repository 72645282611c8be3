"""Ledger rows matched to buildings and compounds: by id, then by name, then by place."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gridmap.findings import Finding
from gridmap.ground import fields
from gridmap.ground.names import as_texts, plain_name
from gridmap.ground.rows import Rows
from gridmap.ground.values import half_width

Positions = npt.NDArray[np.int64]
Texts = list[str | None]
How = Literal["id", "name", "place", "compound", "ambiguous", "unmatched", "empty"]

PLACE_M = 30.0
"""A ledger row with coordinates belongs to the building it lies in, else to the nearest one within this distance."""

_TAIL = re.compile(
    r"(?:第|NO\.?)?(?:[A-Z]+-?)?(?:\d+[A-Z]?(?:-\d+)?|[A-Z]|[零〇一二两三四五六七八九十百]+|[甲乙丙丁东南西北中])(?:号楼|号住宅楼|号院|#楼|#|号|幢|栋|座|楼|栋楼|幢楼)"
)
"""Where the number of a building stands in its name."""


@dataclass(frozen=True, eq=False)
class Matches:
    """What each row of a ledger speaks of.

    ``building`` is the position of its building, -1 where it has none; ``members`` the positions of a whole compound's buildings where the row
    speaks of one, else None; ``how`` the way it was found. ``candidates`` counts what an ambiguous row could mean.
    """

    building: Positions
    members: npt.NDArray[np.object_]
    how: npt.NDArray[np.object_]
    candidates: Positions

    def counts(self) -> dict[str, int]:
        """Return how many rows were matched each way."""
        ways, counts = np.unique(self.how.astype(str), return_counts=True)
        return dict(zip(ways.tolist(), counts.tolist(), strict=True))


# A city has few compounds and still fewer ways to write the number of a building.
compound_name = functools.lru_cache(maxsize=65536)(fields.compound_name)
building_and_stairwell = functools.lru_cache(maxsize=65536)(fields.building_and_stairwell)


@functools.lru_cache(maxsize=65536)
def split_building_name(name: str) -> tuple[str, str | None]:
    """Return what stands before the building number, as :func:`compound_name` writes it, and the number; None when there is none.

    >>> split_building_name("阳光花园三号楼"), split_building_name("3#"), split_building_name("幸福大厦")
    (('阳光花园', '3'), ('', '3'), ('幸福大厦', None))
    """
    number = building_and_stairwell(name)[0]
    if number is None:
        return compound_name(name), None
    marks = list(_TAIL.finditer(half_width(name).upper()))
    return compound_name(half_width(name)[: marks[-1].start()]) if marks else "", number


def texts(frame: pd.DataFrame, *columns: str) -> Texts:
    """Return the first of ``columns`` that the frame has, as stripped text; None where it is missing or empty."""
    for column in columns:
        if column in frame.columns:
            return list(as_texts(frame[column].to_numpy(dtype=object)))
    return [None] * len(frame)


class _Index:
    """Buildings by id, by the keys that their names give, and by compound."""

    def __init__(self, buildings: gpd.GeoDataFrame, communities: gpd.GeoDataFrame) -> None:
        self.ids = {str(identity): position for position, identity in enumerate(buildings.index.to_numpy(dtype=object))}
        self.communities = [str(each) for each in buildings["community_id"].to_numpy(dtype=object)]
        self.community_ids: dict[str, set[str]] = {}
        for identity, name in zip(communities.index, texts(communities, "name"), strict=True):
            for word in {str(identity), name or str(identity)}:
                self.community_ids.setdefault(plain_name(word), set()).add(str(identity))
        self.by_name: dict[tuple[str, str], list[int]] = {}
        self.by_compound: dict[str, list[int]] = {}
        for position, (compound, name) in enumerate(zip(texts(buildings, "compound_id"), texts(buildings, "name"), strict=True)):
            if compound is not None:
                self.by_compound.setdefault(compound_name(compound), []).append(position)
            for key in _name_keys(compound, name):
                self.by_name.setdefault(key, []).append(position)

    def in_community(self, positions: list[int], community: str | None) -> list[int]:
        """Return the positions in the community that a row names by id or name; all when it names none, or none that is known."""
        wanted = self.community_ids.get(plain_name(community)) if community is not None else None
        if wanted is None:
            return positions
        inside = [position for position in positions if self.communities[position] in wanted]
        return inside or positions

    def members(self, compound: str, community: str | None) -> list[int]:
        """Return the buildings of a compound."""
        return self.in_community(self.by_compound.get(compound_name(compound), []), community)


def _name_keys(compound: str | None, name: str | None) -> list[tuple[str, str]]:
    """Return the keys (compound, building number or name) under which a building may be spoken of, the surest first."""
    if name is None:
        return []
    front, number = split_building_name(name)
    own = compound_name(compound) if compound is not None else ""
    if number is None:
        inner = front.removeprefix(own) or front
        return [(own, inner), ("", front)] if own else [("", front)]
    # The third building of 阳光花园's second phase is another than that of 阳光花园 itself.
    inner = front.removeprefix(own)
    return [(own + inner, number)] if own or not front else [(front, number)]


def match_ledger(ledger: Rows, buildings: gpd.GeoDataFrame, communities: gpd.GeoDataFrame) -> Matches:
    """Return for each ledger row the building, or the compound, that it speaks of.

    An id decides; else compound and building number or name ("3#", "3号楼" and "三号楼" are one), narrowed by the community that the row names;
    else, where the ledger has coordinates, the place. A row with a compound but no building speaks of the whole compound. Names that fit several
    buildings are ambiguous and are left to the user.
    """
    index = _Index(buildings, communities)
    frame = ledger.frame
    ids, compounds = texts(frame, "building_id"), texts(frame, "compound")
    names, communities_said = _building_names(frame), texts(frame, "community")
    by_place = _by_place(frame, buildings)
    count = len(frame)
    building, candidates = np.full(count, -1, dtype=np.int64), np.zeros(count, dtype=np.int64)
    members, how = np.full(count, None, dtype=object), np.full(count, "unmatched", dtype=object)
    for row in range(count):
        own_id, compound, name, community = ids[row], compounds[row], names[row], communities_said[row]
        if own_id is None and compound is None and name is None and by_place[row] < 0:
            how[row] = "empty"
            continue
        if own_id is not None and own_id in index.ids:
            building[row], how[row] = index.ids[own_id], "id"
            continue
        found = _found_by_name(index, compound, name or own_id, community)
        if len(found) > 1 and by_place[row] in found:
            found = [int(by_place[row])]
        whole = index.members(compound or name or "", community) if name is None or compound is None else []
        if len(found) == 1:
            building[row], how[row] = found[0], "name"
        elif len(found) > 1:
            how[row], candidates[row] = "ambiguous", len(found)
        elif by_place[row] >= 0:
            building[row], how[row] = by_place[row], "place"
        elif whole:
            members[row], how[row] = np.array(whole, dtype=np.int64), "compound"
    return Matches(building, members, how, candidates)


def _found_by_name(index: _Index, compound: str | None, name: str | None, community: str | None) -> list[int]:
    if name is None:
        return []
    for key in _name_keys(compound, name):
        found = index.by_name.get(key)
        if found:
            return index.in_community(found, community)
    if compound is None:
        return []
    # A compound of one building: its number may be missing on the map.
    only = index.members(compound, community)
    return only if len(only) == 1 and split_building_name(name)[1] in (None, "1") else []


def _building_names(frame: pd.DataFrame) -> Texts:
    """Return what the ledger calls each building; where it has only addresses, the address."""
    names, addresses = texts(frame, "building"), texts(frame, "address")
    return [name or address for name, address in zip(names, addresses, strict=True)]


def _by_place(frame: gpd.GeoDataFrame, buildings: gpd.GeoDataFrame) -> Positions:
    found = np.full(len(frame), -1, dtype=np.int64)
    points = frame.geometry.to_numpy()
    placed = np.flatnonzero(~shapely.is_missing(points))
    if placed.size:
        tree = shapely.STRtree(buildings.geometry.to_numpy())
        row, building = tree.query_nearest(points[placed], max_distance=PLACE_M, all_matches=False)
        found[placed[row]] = building
    return found


@dataclass(frozen=True, eq=False)
class LedgerHouseholds:
    """Households after the ledger was taken in, in the order of the buildings, where they come from, and the findings."""

    households: pd.arrays.IntegerArray
    source: npt.NDArray[np.object_]
    findings: tuple[Finding, ...]


def households_from_ledger(
    ledger: Rows, households: pd.arrays.IntegerArray, matches: Matches, buildings: gpd.GeoDataFrame, floor_area_m2: npt.NDArray[np.float64]
) -> LedgerHouseholds:
    """Return the buildings' households with those of the ledger in place.

    ``households`` are the ledger's own, one a row. Rows of the stairwells of one building are added up; a row that repeats building and
    stairwell is refused. The ledger replaces what the map says, with a finding where they differ. The number of a whole compound, less what is
    known of its buildings, is spread over those without a number in proportion to ``floor_area_m2`` (largest remainder) and marked as estimated.
    """
    findings = _match_findings(ledger, matches)
    said = pd.array(buildings["households"], dtype="Int64")
    result = said.copy()
    source = buildings["households_source"].to_numpy(dtype=object).copy()
    counted, more = _without_repeats(ledger, matches)
    findings += more
    known = np.flatnonzero(counted & (matches.building >= 0) & ~households.isna())
    sums = pd.Series(households[known].to_numpy(dtype=np.int64)).groupby(matches.building[known]).sum()
    places, totals = sums.index.to_numpy(dtype=np.int64), sums.to_numpy(dtype=np.int64)
    before = said[places].to_numpy(dtype=np.int64, na_value=0)
    for place in np.flatnonzero(~said[places].isna() & (before != totals)).tolist():
        building = str(buildings.index[places[place]])
        findings.append(ledger.finding("ledger_differs", subject=building, value=int(totals[place]), limit=int(before[place])))
    result[places], source[places] = totals, "ledger"
    findings += _spread_compounds(ledger, households, matches, floor_area_m2, result, source)
    return LedgerHouseholds(result, source, tuple(findings))


def _match_findings(ledger: Rows, matches: Matches) -> list[Finding]:
    findings = []
    for row in np.flatnonzero(np.isin(matches.how.astype(str), ("ambiguous", "unmatched"))):
        label = _label(ledger, int(row))
        if matches.how[row] == "ambiguous":
            findings.append(ledger.finding("ledger_ambiguous", int(row), subject=label, value=int(matches.candidates[row])))
        else:
            findings.append(ledger.finding("ledger_unmatched", int(row), subject=label))
    return findings


def _label(ledger: Rows, row: int) -> str:
    one = ledger.frame.iloc[[row]]
    parts = [texts(one, column)[0] for column in ("building_id", "community", "compound", "building", "stairwell")]
    return " ".join(part for part in parts if part)


def _without_repeats(ledger: Rows, matches: Matches) -> tuple[npt.NDArray[np.bool_], list[Finding]]:
    """Return which rows count, and a finding for each that says again what an earlier one said."""
    stairwells, rooms = texts(ledger.frame, "stairwell"), texts(ledger.frame, "room")
    names = _building_names(ledger.frame)
    counted = np.ones(len(ledger), dtype=bool)
    seen: dict[tuple[int, str | None, str | None], int] = {}
    findings = []
    for row in np.flatnonzero(matches.building >= 0).tolist():
        # The stairwell may stand in a column of its own or behind the building's number: 3号楼2单元.
        stairwell = stairwells[row]
        own = (stairwell and plain_name(stairwell)) or building_and_stairwell(names[row] or "")[1]
        room = rooms[row]
        key = (int(matches.building[row]), own, room and plain_name(room))
        if key in seen:
            counted[row] = False
            findings.append(ledger.finding("ledger_row_twice", row, subject=_label(ledger, row), value=int(ledger.numbers[seen[key]])))
        else:
            seen[key] = row
    return counted, findings


def _spread_compounds(
    ledger: Rows,
    households: pd.arrays.IntegerArray,
    matches: Matches,
    floor_area_m2: npt.NDArray[np.float64],
    result: pd.arrays.IntegerArray,
    source: npt.NDArray[np.object_],
) -> list[Finding]:
    """Write the households of whole compounds into ``result`` and ``source``."""
    findings = []
    for row in np.flatnonzero(matches.how == "compound").tolist():
        if pd.isna(households[row]):
            continue
        members = matches.members[row]
        unknown = members[np.asarray(result[members].isna())]
        rest = int(households[row]) - int(result[members].sum())
        label = _label(ledger, row)
        if len(unknown) == 0 or rest < 0:
            if rest != 0:
                findings.append(
                    ledger.finding("compound_total_differs", row, subject=label, value=int(households[row]), limit=int(households[row]) - rest)
                )
            continue
        result[unknown] = pd.array(largest_remainder(rest, floor_area_m2[unknown]), dtype="Int64")
        whole = len(members) == 1
        source[unknown] = "ledger" if whole else "estimated"
        if not whole:
            findings.append(ledger.finding("compound_spread", row, subject=label, value=rest, buildings=len(unknown)))
    return findings


def largest_remainder(total: int, weights: npt.NDArray[np.float64]) -> Positions:
    """Divide the whole number ``total`` in proportion to ``weights``, to whole numbers that add up to it; equal shares where all weights are 0.

    >>> largest_remainder(10, np.array([1.0, 1.0, 1.0])).tolist()
    [4, 3, 3]
    """
    shares = weights / weights.sum() if weights.sum() > 0 else np.full(len(weights), 1.0 / len(weights))
    exact = shares * total
    parts: Positions = np.floor(exact).astype(np.int64)
    order = np.argsort(-(exact - parts), kind="stable")
    parts[order[: total - int(parts.sum())]] += 1
    return parts

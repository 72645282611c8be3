"""Who can walk to what: for each building and category the nearest venue, how far it is, and if it is too far or out of reach, why."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gridmap.circles.limits import CM, DEFAULT_MINUTES, Limit, walk_limit
from gridmap.findings import Finding, finding
from gridmap.ground.tables import District
from gridmap.progress import Progress, silent
from gridmap.rules import Rules
from gridmap.walking.doors import LINKED, NO_STREET, Doors, arrivals
from gridmap.walking.gates import resident_doors, resident_gates
from gridmap.walking.guarded import guarded_network
from gridmap.walking.network import Network, walking_network
from gridmap.walking.reach import FAR, Arcs, arcs, nearest
from gridmap.walking.segments import Integers, Mask
from gridmap.walking.walls import Walls, walls_of

REASONS = ("too_far", "island", "no_street", "walled", "no_venue")
"""Why a building is not covered. ``too_far``: the nearest venue is beyond the limit. ``island``: its streets do not hang together with those of
any venue. ``no_street``: there is no street near it. ``walled``: a wall, water or a railway without a way through lies between. ``no_venue``: no
venue of the category has a door on a street."""

UNREACHED = np.int64(FAR) << 32
"""The label of what cannot be reached; labels are distance and rank of the venue in one number, so that one comparison settles ties."""


@dataclass(frozen=True, eq=False)
class Coverage:
    """For each building and category how far the nearest venue is, or why there is none.

    ``table`` has one row for each building and category: ``building_id``, ``category``, ``metres`` (two decimals, from door to door), ``minutes``,
    ``venue_id`` (the nearest venue, where it lies within the limit), ``nearest_venue_id`` (also beyond it), ``reason`` (missing where covered, else
    one of :data:`REASONS`). Where nothing can be reached metres and minutes are missing. ``at`` is the time of day whose open gates alone count.
    """

    table: pd.DataFrame
    limit: Limit
    rules: Rules
    network: Network
    doors: Doors
    venue_doors: Doors
    categories: Mapping[str, tuple[str, ...]]
    findings: tuple[Finding, ...]
    at: str | None = None

    @property
    def covered(self) -> pd.Series:
        """Whether the row's building can walk to a venue of its category within the limit."""
        return self.table["reason"].isna().rename("covered")

    def within(self, limit: Limit) -> Coverage:
        """Return the same walks judged by another limit; nothing is searched again."""
        return replace(self, table=_judged(self.table, limit), limit=limit)


def coverage(
    district: District,
    rules: Rules,
    *,
    walk: str = "default",
    minutes: float = DEFAULT_MINUTES,
    network: Network | None = None,
    progress: Progress = silent,
) -> Coverage:
    """Return who can walk to what in ``district``, from door to door along the walking network, in whole centimetres.

    A walk leads from the nearest spot of the building's footprint straight to the street, along streets to where the venue's door meets them, and
    straight to the venue. Gates for residents let people out and nobody in. Venues that are not open to the public serve nobody. ``network`` is that
    of :func:`~gridmap.walking.network.walking_network` and saves building it again.

    Raises ``RequestError`` for an unknown way of walking or senseless minutes.
    """
    limit = walk_limit(rules, walk, minutes)
    steps = len(rules.categories) + 3
    progress("step_coverage", 0, steps)
    walls = walls_of(district)
    gates = resident_gates(district)
    network = guarded_network(network or walking_network(district, walls=walls), gates, district.streets)
    progress("step_coverage", 1, steps)
    buildings = district.buildings.sort_index()
    homes = resident_doors(network, buildings.index.to_numpy(dtype=object), buildings.geometry.to_numpy(), walls, gates, leaving=True)
    progress("step_coverage", 2, steps)
    venues, categories, faults = _open_venues(district.venues, rules)
    venue_doors = resident_doors(network, venues.index.to_numpy(dtype=object), venues.geometry.to_numpy(), walls, gates, leaving=False)
    progress("step_coverage", 3, steps)
    graph = arcs(network, towards=True)
    beside = same_edge(network, homes, venue_doors)
    parts = []
    for number, category in enumerate(rules.categories):
        listed = np.array([category in categories[venue] for venue in venue_doors.id], dtype=bool)
        serving = listed & venue_doors.linked
        label = _labels(graph, network, homes, venue_doors, serving, beside)
        parts.append(_rows(category, label, network, homes, venue_doors, serving, bool(listed.any())))
        progress("step_coverage", number + 4, steps)
    columns = ["building_id", "category", "metres", "minutes", "venue_id", "nearest_venue_id", "reason"]
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=[*columns, "barred"])
    faults += _door_findings(homes, venue_doors, buildings, venues, walls, network, district.streets)
    if limit.flat and minutes != DEFAULT_MINUTES:
        faults.append(finding("limit_flat", walk, value=limit.limit_cm / CM, minutes=minutes))
    judged = _judged(table, limit)[columns]
    return Coverage(judged, limit, rules, network, homes, venue_doors, categories, (*network.findings, *gates.findings, *faults))


def categories_of(text: object) -> tuple[str, ...] | None:
    """Return the codes of a JSON array in text, in order and each once; None for what is none.

    >>> categories_of('["medical", "medical"]'), categories_of("medical")
    (('medical',), None)
    """
    try:
        codes = json.loads(text) if isinstance(text, str) else None
    except ValueError:
        return None
    if not isinstance(codes, list) or not all(isinstance(code, str) for code in codes):
        return None
    return tuple(dict.fromkeys(codes))


def _open_venues(venues: gpd.GeoDataFrame, rules: Rules) -> tuple[gpd.GeoDataFrame, dict[str, tuple[str, ...]], list[Finding]]:
    """Return the venues that serve the public, sorted by id, with their categories, and what is wrong with them."""
    venues = venues.sort_index()
    parsed = {str(venue): categories_of(text) for venue, text in venues["categories"].items()}
    unreadable = [venue for venue, codes in parsed.items() if codes is None]
    faults = [finding("venue_categories_unreadable", venue, value=str(venues["categories"][venue])) for venue in unreadable]
    categories = {venue: codes or () for venue, codes in parsed.items()}
    unknown: dict[str, list[str]] = {}
    for venue, codes in categories.items():
        for code in codes:
            if code not in rules.categories:
                unknown.setdefault(code, []).append(venue)
    for code, who in sorted(unknown.items()):
        faults.append(finding("coverage_category_unknown", code, value=len(who), venue=who[0], profile=rules.profile))
    shut = venues.index[~venues["public"].fillna(True).astype(bool)]
    if len(shut):
        faults.append(finding("venues_not_public", str(shut[0]), value=len(shut)))
    return venues.drop(index=shut), categories, faults


def same_edge(network: Network, homes: Doors, venues: Doors) -> tuple[Integers, Integers, Integers]:
    """Return the pairs of building and venue whose doors are on one edge, where one may walk from one to the other along it, and how far."""
    order = np.flatnonzero(venues.linked)
    order = order[np.argsort(venues.edge[order], kind="stable")]
    rows = np.flatnonzero(homes.linked)
    begins = np.searchsorted(venues.edge[order], homes.edge[rows])
    count = np.searchsorted(venues.edge[order], homes.edge[rows], side="right") - begins
    home = np.repeat(rows, count)
    venue = order[np.arange(len(home)) - np.repeat(np.cumsum(count) - count - begins, count)]
    ahead = venues.position_cm[venue].astype(np.int64) - homes.position_cm[home]
    allowed = (ahead >= 0) | ~network.one_way[homes.edge[home]]
    return home[allowed], venue[allowed], np.abs(ahead[allowed])


def _labels(graph: Arcs, network: Network, homes: Doors, venues: Doors, serving: Mask, beside: tuple[Integers, Integers, Integers]) -> Integers:
    """Return for each building its least distance to a venue, access at both ends counted, and which one, in one number."""
    label = np.full(len(homes), UNREACHED)
    rows = np.flatnonzero(serving)
    node, start, first = arrivals(network, venues.take(rows))
    found = nearest(graph, node, start, np.repeat(rows, np.diff(first)).astype(np.int32))
    linked = np.flatnonzero(homes.linked)
    edge = homes.edge[linked]
    for end, steps, open_ in (
        (network.a, homes.position_cm[linked], ~network.one_way[edge]),
        (network.b, network.length_cm[edge] - homes.position_cm[linked], np.ones(len(edge), dtype=bool)),
    ):
        reached = open_ & (found.distance_cm[end[edge]] != FAR)
        walked = found.distance_cm[end[edge]].astype(np.int64) + steps
        label[linked[reached]] = np.minimum(label[linked[reached]], ((walked << 32) | found.source[end[edge]])[reached])
    home, venue, along = beside
    serves = serving[venue]
    np.minimum.at(label, home[serves], ((along[serves] + venues.access_cm[venue[serves]]) << 32) | venue[serves])
    reached = label != UNREACHED
    label[reached] += homes.access_cm[reached].astype(np.int64) << 32
    return label


def _rows(category: str, label: Integers, network: Network, homes: Doors, venues: Doors, serving: Mask, listed: bool) -> pd.DataFrame:
    """Return the rows of one category, with the reason why nothing can be reached in ``barred``."""
    there = label != UNREACHED
    venue = np.where(there, label & 0x7FFFFFFF, 0)
    metres = pd.array(np.where(there, (label >> 32) / CM, np.nan), dtype="Float64")
    barred = np.full(len(homes), "", dtype=object)
    if serving.any():
        at = network.a[np.where(homes.linked, homes.edge, 0)] if network.edges else np.zeros(len(homes), dtype=np.int32)
        behind_wall = np.isin(network.without_walls[at], network.without_walls[network.a[venues.edge[serving]]])
        same = np.isin(network.component[at], network.component[network.a[venues.edge[serving]]])
        barred[~there] = np.where(behind_wall & ~same, "walled", "island")[~there]
    else:
        barred[:] = "no_venue"
    if listed:
        barred[homes.state != LINKED] = "walled"
        barred[homes.state == NO_STREET] = "no_street"
    nearest_id = np.full(len(homes), None, dtype=object)
    nearest_id[there] = venues.id[venue[there]]
    return pd.DataFrame(
        {
            "building_id": pd.array(homes.id, dtype="str"),
            "category": category,
            "metres": metres,
            "nearest_venue_id": pd.array(nearest_id, dtype="str"),
            "barred": barred,
        }
    )


def _judged(table: pd.DataFrame, limit: Limit) -> pd.DataFrame:
    """Return the rows with minutes, venue and reason by a limit; distances stay as they are."""
    metres = table["metres"].astype("Float64")
    distance_cm = np.rint(metres.fillna(-1.0).to_numpy(dtype=np.float64) * CM)
    there = metres.notna().to_numpy()
    inside = there & (distance_cm <= limit.limit_cm)
    kept = table["barred"] if "barred" in table else table["reason"]
    reason = kept.to_numpy(dtype=object).copy()
    reason[there] = "too_far"
    reason[inside] = None
    venue = table["nearest_venue_id"].to_numpy(dtype=object).copy()
    venue[~inside] = None
    return table.assign(
        minutes=(metres / limit.speed_m_per_minute).round(2),
        venue_id=pd.array(venue, dtype="str"),
        reason=pd.array(reason, dtype="str"),
    )


def _door_findings(
    homes: Doors, venues: Doors, buildings: gpd.GeoDataFrame, table: gpd.GeoDataFrame, walls: Walls, network: Network, streets: gpd.GeoDataFrame
) -> list[Finding]:
    """Tell of buildings and venues that have no door on a street."""
    if not network.edges:
        return [finding("streets_none_walkable", "streets", value=len(streets))]
    households = buildings["households"].fillna(0).to_numpy(dtype=np.int64)
    found = _piece_findings(network, homes, households)
    in_water = _in_water(table, walls)
    for row in np.flatnonzero(~venues.linked):
        state = "venue_in_water" if in_water[row] else "venue_no_street" if venues.state[row] == NO_STREET else "venue_walled"
        point = table.geometry.iloc[row]
        x, y = (float(point.x), float(point.y)) if point is not None and not point.is_empty else (None, None)
        found.append(finding(state, str(venues.id[row]), name=str(table["name"].iloc[row]), x=x, y=y))
    for row in np.flatnonzero(~homes.linked & (households > 0)):
        code = "building_no_street" if homes.state[row] == NO_STREET else "building_walled"
        point = shapely.point_on_surface(buildings.geometry.iloc[row])
        community = str(buildings["community_id"].iloc[row])
        found.append(finding(code, str(homes.id[row]), value=int(households[row]), community_id=community, x=float(point.x), y=float(point.y)))
    return found


def _piece_findings(network: Network, homes: Doors, households: Integers) -> list[Finding]:
    """Tell into how many pieces the streets fall, how much of them the longest holds, and how many households live at each of the others."""
    pieces = network.components()
    if len(pieces) < 2:
        return []
    share = 100 * pieces["length_m"].iloc[0] / max(pieces["length_m"].sum(), 0.01)
    linked = homes.linked
    lived = np.bincount(network.component[network.a[homes.edge[linked]]], weights=households[linked], minlength=len(pieces)).astype(np.int64)
    _, somewhere = np.unique(network.component, return_index=True)
    found = [finding("streets_in_pieces", str(pieces["name"].iloc[0]), value=len(pieces), limit=round(float(share), 1))]
    for piece in np.argsort(-lived, kind="stable"):
        if piece and lived[piece]:
            x, y = network.node_xy[somewhere[piece]].tolist()
            length_m = round(float(pieces["length_m"].iloc[piece]))
            found.append(finding("streets_apart", str(pieces["name"].iloc[piece]), value=int(lived[piece]), length_m=length_m, x=x, y=y))
    return found


def _in_water(venues: gpd.GeoDataFrame, walls: Walls) -> npt.NDArray[np.bool_]:
    inside = np.zeros(len(venues), dtype=bool)
    inside[shapely.STRtree(walls.water).query(venues.geometry.to_numpy(), predicate="intersects")[0]] = True
    return inside


def category_names(rules: Rules, codes: Sequence[str], language: str) -> list[str]:
    """Return the names of categories in ``language``; a code that the rules do not know stays as it is."""
    return [getattr(rules.categories[code], language) if code in rules.categories else code for code in codes]

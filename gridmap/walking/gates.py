"""Gates that are not open to everybody: those for residents only, and those that are shut at some time of the day.

People walk from home to a venue, so a gate for residents only lets people out and nobody in: whoever is inside may leave, whoever comes from outside
needs another gate.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gridmap.findings import Finding, finding
from gridmap.ground.tables import District
from gridmap.walking.doors import Doors, doors
from gridmap.walking.network import Network
from gridmap.walking.segments import Geometries, Integers, Mask
from gridmap.walking.walls import GATE_HALF_WIDTH_M, Walls, drawn_rows, gaps_of, rim_lines, wall_lines

DAY_MINUTES = 24 * 60

SAME_PLACE_M = 0.01
"""A face of the ground touches a wall when it comes this near: what two drawings of one corner differ by after rounding."""

_ALL_DAY = re.compile(r"24 ?(小时|时|h|hours|/ ?7)|全天|全日|all day", re.IGNORECASE)
_SPAN = re.compile(r"(\d{1,2})[:：](\d{2})\s*[-–—~～至到]+\s*(\d{1,2})[:：](\d{2})")
_OTHERS = re.compile(r"每天|每日|周一至周日|daily|Mo-Su|[\s,，、;；]", re.IGNORECASE)


def parse_hours(text: str) -> tuple[tuple[int, int], ...] | None:
    """Return the spans of minutes after midnight in which a gate is open every day; None for what cannot be read for sure, such as single weekdays.

    >>> parse_hours("06:00-22:00"), parse_hours("24小时"), parse_hours("早晚")
    (((360, 1320),), ((0, 1440),), None)
    """
    if _ALL_DAY.search(text):
        return ((0, DAY_MINUTES),)
    found = [tuple(int(each) for each in span) for span in _SPAN.findall(text)]
    if not found or _OTHERS.sub("", _SPAN.sub("", text)):
        return None
    if any(hour > 24 or minute > 59 or hour * 60 + minute > DAY_MINUTES for span in found for hour, minute in (span[:2], span[2:])):
        return None
    return tuple((a * 60 + b, c * 60 + d) for a, b, c, d in found)


def is_open(spans: tuple[tuple[int, int], ...], minute: int) -> bool:
    """Tell whether a minute of the day lies in one of the spans; a span that ends before it begins lasts over midnight.

    >>> is_open(((1320, 360),), 60), is_open(((360, 1320),), 1320)
    (True, False)
    """
    return any(start <= minute < end if start < end else minute >= start or minute < end for start, end in spans)


def gates_open_at(district: District, minute: int) -> tuple[District, list[Finding]]:
    """Return the district with those gates alone that are open at a minute of the day; gates whose hours are missing or unreadable count as open."""
    hours = district.gates["hours"]
    read = {gate: parse_hours(text) for gate, text in hours.dropna().items()}
    unread = [str(gate) for gate, spans in read.items() if spans is None]
    findings = [finding("gate_hours_unreadable", unread[0], value=len(unread), hours=str(hours[unread[0]]))] if unread else []
    shut = [gate for gate, spans in read.items() if spans is not None and not is_open(spans, minute)]
    return district.with_tables({"gates": district.gates.drop(index=shut)}), findings


@dataclass(frozen=True, eq=False)
class ResidentGates:
    """Gates for residents only: the piece of wall that each takes the place of, and the ground inside it; one row for each such piece."""

    gate: npt.NDArray[np.object_]
    gap: Geometries
    inside: Geometries
    findings: tuple[Finding, ...]

    def __len__(self) -> int:
        return len(self.gate)


def resident_gates(district: District) -> ResidentGates:
    """Return the gates of compounds that are not open to the public, of those in which somebody lives.

    Nobody lives at a school or a works: who goes to a public venue there is let in, and such a gate counts as open to all. Inside is where buildings
    of the compound stand, else where the wall closes round. A gate without a compound, and one of which that cannot be told, counts as open to all,
    with a finding.
    """
    gates = drawn_rows(district.gates)
    private = ~gates["public"].fillna(True).to_numpy(dtype=bool)
    lived_in = district.buildings.loc[district.buildings["households"].fillna(1) > 0, "compound_id"].dropna().unique()
    named = gates["compound_id"].isin(lived_in).to_numpy()
    findings = _unsure("gates_private_unnamed", gates.index[private & gates["compound_id"].isna().to_numpy()])
    lines = wall_lines(district)
    row, wall, at = gaps_of(lines, shapely.force_2d(gates.geometry.to_numpy()))
    kept = (private & named)[row]
    if not kept.any():
        none = np.empty(0, dtype=object)
        return ResidentGates(none, none, none, tuple(findings))
    gap = _without(shapely.intersection(lines[wall[kept]], shapely.buffer(at[kept], GATE_HALF_WIDTH_M)), shapely.buffer(at[~kept], GATE_HALF_WIDTH_M))
    row, at = row[kept], at[kept]
    inside = _insides(district, at, gates["compound_id"].to_numpy(dtype=object)[row])
    told = ~shapely.is_missing(inside)
    findings += _unsure("gates_private_unclear", gates.index[np.unique(row[~told])])
    told &= ~shapely.is_empty(gap)
    return ResidentGates(gates.index.to_numpy(dtype=object)[row[told]], gap[told], inside[told], tuple(findings))


def _without(gaps: Geometries, free: Geometries) -> Geometries:
    """Return the gaps without what is ``free``, of which each is touched by little."""
    touched, by = shapely.STRtree(free).query(gaps, predicate="intersects")
    left = gaps.copy()
    for gap in np.unique(touched):
        left[gap] = shapely.difference(gaps[gap], shapely.union_all(free[by[touched == gap]]))
    return left


def _unsure(code: str, gates: pd.Index) -> list[Finding]:
    return [finding(code, str(gates[0]), value=len(gates))] if len(gates) else []


def _insides(district: District, at: Geometries, compound: npt.NDArray[np.object_]) -> Geometries:
    """Return the ground on the inner side of each gate; None where that cannot be told."""
    faces = np.asarray(shapely.get_parts(shapely.polygonize([shapely.union_all(rim_lines(district))])), dtype=object)
    tree = shapely.STRtree(faces)
    homes = district.buildings.geometry.to_numpy()
    home, face = tree.query(shapely.point_on_surface(homes), predicate="within")
    lived_in = set(zip(face.tolist(), district.buildings["compound_id"].to_numpy(dtype=object)[home].tolist(), strict=True))
    beside: list[list[int]] = [[] for _ in at]
    for gate, face in zip(*tree.query(at, predicate="dwithin", distance=SAME_PLACE_M).tolist(), strict=True):
        beside[gate].append(face)
    inside = np.full(len(at), None, dtype=object)
    for gate, found in enumerate(beside):
        sides = [face for face in found if (face, compound[gate]) in lived_in] or found
        if len(sides) == 1:
            inside[gate] = faces[sides[0]]
    return inside


def resident_doors(network: Network, ids: npt.NDArray[np.object_], places: Geometries, walls: Walls, gates: ResidentGates, *, leaving: bool) -> Doors:
    """Return doors as :func:`~gridmap.walking.doors.doors` does, none of whose ways leads in through a gate for residents only.

    ``leaving`` people walk from the door to the street, others from the street to the door.
    """
    found = doors(network, ids, places, walls)
    wrong = _leads_in(found.leg, gates, leaving)
    if not wrong.any():
        return found
    others = shapely.STRtree(gates.gap).query(walls.gates, predicate="dwithin", distance=SAME_PLACE_M)[0]
    shut = replace(
        walls,
        walls=np.concatenate((walls.walls, gates.gap)),
        closed=np.concatenate((walls.closed, gates.gap)),
        gates=np.delete(walls.gates, others),
    )
    again = doors(network, ids[wrong], places[wrong], shut)
    columns = {name: getattr(found, name).copy() for name in ("edge", "position_cm", "access_cm", "state", "leg")}
    for name, column in columns.items():
        column[wrong] = getattr(again, name)
    return Doors(found.id, **columns)


def _leads_in(legs: Geometries, gates: ResidentGates, leaving: bool) -> Mask:
    wrong = np.zeros(len(legs), dtype=bool)
    if len(gates):
        leg, gap = shapely.STRtree(gates.gap).query(legs, predicate="intersects")
        inside = shapely.intersects(gates.inside[gap], shapely.get_point(legs[leg], -1))
        wrong[leg[inside != leaving]] = True
    return wrong


def crossings(network: Network, gates: ResidentGates) -> tuple[Integers, Integers, Integers]:
    """Return where streets on the ground pass such gates: the edge, how far along it in centimetres, and the gate's row."""
    lines = network.lines()
    edge, gap = shapely.STRtree(gates.gap).query(lines, predicate="intersects")
    ground = network.level[edge] == 0
    edge, gap = edge[ground], gap[ground]
    met = shapely.intersection(lines[edge], gates.gap[gap])
    # A street that runs along the wall for a while passes it, if at all, at either end.
    points, pair = shapely.get_coordinates(met, return_index=True)
    edge, gap = edge[pair], gap[pair]
    share = shapely.line_locate_point(lines[edge], shapely.points(points), normalized=True)
    return edge, np.rint(share * network.length_cm[edge]).astype(np.int64), gap

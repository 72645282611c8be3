"""The sample district: a made-up but lifelike Chinese city of any size."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from gridmap.errors import RequestError
from gridmap.ground.sample import names
from gridmap.ground.sample.communities import group_blocks, outlines
from gridmap.ground.sample.compounds import homes, panels
from gridmap.ground.sample.drawing import Ints, Rng, Truths, rank_within, shuffled
from gridmap.ground.sample.facilities import DEDICATED, facility_buildings
from gridmap.ground.sample.footprints import footprints
from gridmap.ground.sample.lanes import OPEN_KINDS, Lanes, draw_lanes, facility_panels, walls
from gridmap.ground.sample.layout import HOMES, Layout, draw_layout
from gridmap.ground.sample.streets import segments, vertices
from gridmap.ground.sample.venues import sample_venues
from gridmap.ground.sample.warp import Warp, make_warp
from gridmap.ground.sample.water import OVERHANG_M, canal_outlines
from gridmap.ground.tables import District, typed_table

CRS = pyproj.CRS.from_epsg(4549)
"""CGCS2000, 3-degree zone, central meridian 120 E."""
ORIGIN = (581_000.0, 3_543_000.0)
"""South-west corner, metres in that zone: near 120.86 E, 32.02 N."""
LAND_PER_HOUSEHOLD_M2 = 103.0
LAND_STEP = 1.08
"""The land of super-blocks needed for one household: a first guess, and the factor by which it grows until the homes suffice."""
SAME_PLACE_M = 2.0
"""The middle of a bridge lies over the middle of its canal."""
STREAM = 38
"""Which cities the seeds stand for; chosen so that the first one, small as it is, shows most sorts of things and can be divided into grids."""
FIRST_SHARE = 0.7
"""Old quarters and the tallest tower are sure of their place in a city of which they hold no more than this."""
HOUSEHOLDS_LEAST = 100
DIVISIONS_MOST = 399 * 999
"""Three digits each of a division code are left for the street office (001-399) and the community."""


def sample_district(households: int = 6000, *, seed: int = 1, communities: int | None = None, street_offices: int | None = None) -> District:
    """Make up a Chinese city with exactly so many households; the same seed gives the same city.

    Arterials, super-blocks of 400-800 m, streets and lanes; communities (社区) of 800 to 6,000 households bounded by arterials and streets; gated
    compounds (小区) of slabs, towers and villas, old courtyards; schools, hospitals, works (dedicated), malls, offices, parks, markets; a river, a
    canal and a railway with bridges, underpasses and level crossings; venues of the nine categories of the profile ``nantong``. Every name is
    made up, the county code 990101 does not exist. CRS: EPSG:4549, near 120.86 E, 32.02 N.

    With ``communities`` the city has that many, as far as its blocks allow, many of them small, as before a merger; with ``street_offices`` they
    are shared out among that many.

    Raises ``RequestError`` below 100 households, or below 100 for each of ``communities``: that is no community.

    >>> district = sample_district(1000, seed=3)
    >>> int(district.buildings["households"].sum())
    1000
    """
    least = HOUSEHOLDS_LEAST * max(communities or 1, 1)
    if households < least:
        raise RequestError("sample_too_small", value=households, limit=least)
    land_per_household_m2 = LAND_PER_HOUSEHOLD_M2
    while True:
        rng = np.random.default_rng((STREAM, seed))
        layout = draw_layout(households, rng, land_per_household_m2=land_per_household_m2)
        panel = panels(layout.lots[np.isin(layout.lots["kind"], HOMES)], rng)
        buildings = homes(layout.lots, panel, rng)
        if buildings["households"].sum() >= households:
            break
        land_per_household_m2 *= LAND_STEP
    return _district(layout, panel, buildings, households, seed, rng, wanted=communities, offices=street_offices)


def _district(
    layout: Layout,
    panel: pd.DataFrame,
    buildings: pd.DataFrame,
    households: int,
    seed: int,
    rng: Rng,
    *,
    wanted: int | None,
    offices: int | None,
) -> District:
    """Draw everything that stands on a layout and carry it from the drawing board to the ground."""
    kinds = layout.lots["kind"].copy()
    kept = _lots_needed(buildings, kinds, households, rng)
    surplus = np.isin(kinds, HOMES) & ~kept
    kinds[surplus] = np.asarray(("park", "office", "industry", "school", "park", "market"))[np.flatnonzero(surplus) % 6]
    layout.lots["kind"] = kinds
    panel, buildings = panel[kept[panel.index]], buildings[kept[buildings["lot"]]]
    buildings = pd.concat((buildings, facility_buildings(layout.lots[~kept], rng))).sort_values("lot", kind="stable", ignore_index=True)
    buildings["households"] = _exact(buildings["households"].to_numpy(), households, rng)
    frames = pd.concat((panel, facility_panels(layout.lots[~kept]))).sort_index()
    warp = make_warp(layout.u_lines, layout.v_lines, layout.railway_columns, layout.river_rows, ORIGIN, rng)
    lanes = draw_lanes(layout, frames, rng)
    points = vertices(layout.lines, pd.concat((layout.crossings, lanes.crossings), ignore_index=True))

    block = layout.lots["block"].to_numpy()[buildings["lot"]]
    by_block = np.bincount(block, weights=buildings["households"], minlength=len(layout.blocks)).astype(np.int64)
    group = group_blocks(layout, by_block, wanted=wanted)
    communities = _communities(outlines(layout, group, points, warp), rng, offices)
    lot_names = np.asarray(names.compound_names(layout.lots["kind"], rng), dtype=object)
    built = _buildings(layout, buildings, panel, communities.index.to_numpy()[group[block]], lot_names, warp, rng)
    streets = _streets(layout, points, lanes, warp, rng)
    barriers, gates = _barriers(layout, lanes, warp, rng), _gates(layout, lanes, lot_names, warp, rng)
    tables = {"communities": communities, "buildings": built, "streets": streets, "barriers": barriers, "gates": gates}
    tables["venues"] = sample_venues(communities, built, rng)
    return District(**{name: typed_table(name, table) for name, table in tables.items()}, name=f"{names.COUNTY}（虚构样例 {seed}）")


def _lots_needed(buildings: pd.DataFrame, kinds: pd.Series, households: int, rng: Rng) -> Truths:
    """Choose lots of homes until they hold all households and only a little more; the others get another use."""
    lots = len(kinds)
    sums = np.bincount(buildings["lot"], weights=buildings["households"], minlength=lots)
    order = shuffled(rng, lots)
    order = order[sums[order] > 0]
    # Old quarters and the tower that stands out come first, where they are not most of the city.
    first = np.isin(np.arange(lots), buildings["lot"].iloc[[int(buildings["households"].argmax())]]) | (kinds == "courtyard").to_numpy()
    if sums[first].sum() <= households * FIRST_SHARE:
        order = np.concatenate((order[first[order]], order[~first[order]]))
    kept = np.zeros(lots, dtype=bool)
    inside = np.cumsum(sums[order]) <= households
    kept[order[inside]] = True
    missing = households - sums[kept].sum()
    rest = order[~inside]
    # Small lots fill up most of what is missing, then the smallest lot that holds the remainder closes the gap.
    for lot in rest[np.argsort(-sums[rest], kind="stable")][:2000]:
        if sums[lot] <= missing:
            kept[lot] = True
            missing -= sums[lot]
    if missing > 0.01 * households:
        enough = [lot for lot in rest if not kept[lot] and sums[lot] >= missing]
        kept[min(enough, key=lambda lot: (sums[lot], lot)) if enough else rest[~kept[rest]][:1]] = True
    return kept


def _exact(households: Ints, total: int, rng: Rng) -> Ints:
    """Let flats stand empty, or add some, one in each of the larger buildings in turn, until the sum is ``total``.

    Where the larger buildings do not have so many to spare, every building keeps its share.
    """
    least = min(24, int(households.max()))
    large = np.flatnonzero(households >= least)
    counts = households.copy()
    if counts.sum() - total >= least * len(large):
        counts = counts * total // counts.sum()
    large = large[shuffled(rng, len(large))]
    off = int(total - counts.sum())
    rounds, rest = divmod(abs(off), len(large))
    counts[large] += np.sign(off) * rounds
    counts[large[:rest]] += np.sign(off)
    return counts


def _ids(prefix: str, count: int, digits: int) -> pd.Index:
    return pd.Index([f"{prefix}{number:0{digits}d}" for number in range(1, count + 1)])


def _communities(polygons: Any, rng: Rng, street_offices: int | None) -> gpd.GeoDataFrame:
    """Number communities from north to south in bands, west to east within, and give them street offices, codes and names."""
    count = len(polygons)
    if count > DIVISIONS_MOST:
        raise RequestError("sample_too_large", value=count, limit=DIVISIONS_MOST)
    per_office = max(8, -(-count // 99)) if count <= 99 * 999 else 999
    if street_offices is not None:
        per_office = -(-count // min(street_offices, count))
    office = np.arange(count) // per_office
    offices = names.office_names(int(office.max()) + 1, rng)
    table = {
        "division_code": [f"{names.COUNTY_CODE}{at + 1:03d}{number + 1:03d}" for at, number in zip(office, rank_within(office), strict=True)],
        "name": names.community_names(count, rng),
        "street_office": [offices[at] for at in office],
        "county": [names.COUNTY] * count,
    }
    return gpd.GeoDataFrame(table, geometry=polygons, index=_ids("C", count, max(3, len(str(count)))), crs=CRS)


def _buildings(layout: Layout, table: pd.DataFrame, panel: pd.DataFrame, community: Any, lot_names: Any, warp: Warp, rng: Rng) -> gpd.GeoDataFrame:
    lot = table["lot"].to_numpy()
    lots = layout.lots.iloc[lot]
    kind = lots["kind"].to_numpy()
    turn = panel["turn"].reindex(lot).fillna(0.0).to_numpy()
    x, y = table["x"].to_numpy(), table["y"].to_numpy()
    u = ((lots["u0"] + lots["u1"]) / 2).to_numpy() + np.cos(turn) * x - np.sin(turn) * y
    v = ((lots["v0"] + lots["v1"]) / 2).to_numpy() + np.sin(turn) * x + np.cos(turn) * y
    warped, scale = warp.turn_and_scale(u, v)
    turned = turn + table["tilt"].to_numpy() + warped
    length, depth = table["length"].to_numpy() * scale, table["depth"].to_numpy() * scale
    polygons = footprints(warp.points(u, v), turned, table["shape"].to_numpy(), length, depth, rng)
    number = rank_within(lot) + 1
    is_courtyard, home = kind == "courtyard", np.isin(kind, HOMES)
    several = np.bincount(lot, minlength=len(lot_names))[lot] > 1
    in_compound = home & ~is_courtyard | np.isin(kind, DEDICATED)
    label = [
        f"{lot_names[at]}{n}号" if old else f"{n}号楼" if inside else f"{lot_names[at]}{n}号楼" if many else lot_names[at]
        for at, n, old, inside, many in zip(lot, number, is_courtyard, in_compound, several, strict=True)
    ]
    households = table["households"].to_numpy()
    residents = np.round(households * (2.1 + 1.1 * rng.random(len(table)))).astype(np.int64)
    return gpd.GeoDataFrame(
        {
            "community_id": community,
            "compound_id": np.where(in_compound, lot_names[lot], None),
            "name": label,
            "households": households,
            "households_source": "given",
            "residents": residents,
            "floors": table["floors"].to_numpy(),
            "stairwells": table["stairwells"].to_numpy(),
            "use": table["use"].to_numpy(),
            "dedicated": np.isin(kind, DEDICATED),
        },
        geometry=polygons,
        index=_ids("B", len(table), max(5, len(str(len(table))))),
        crs=CRS,
    )


def _streets(layout: Layout, points: pd.DataFrame, lanes: Lanes, warp: Warp, rng: Rng) -> gpd.GeoDataFrame:
    """Return all streets, broken at every crossing: the skeleton, then the lanes inside lots."""
    lines = layout.lines
    drawn = points[lines["drawn"].to_numpy()[points["line"]]]
    geometry, middle = segments(drawn, warp)
    line = middle["line"].to_numpy()
    layer = lines["layer"].to_numpy()[line].copy()
    along_u = lines["axis"].to_numpy()[line] == 0
    for canal in layout.canals:
        layer[along_u & (np.abs(middle["u"].to_numpy() - canal) < SAME_PLACE_M)] = 1
    roads = pd.Series(names.road_names(lines["road"].to_numpy(), lines["street_class"], rng))
    inner = lanes.segments
    ends = np.stack((warp.points(inner["u0"], inner["v0"]), warp.points(inner["u1"], inner["v1"])), axis=1)
    is_path = (layout.lots["kind"].to_numpy() == "park")[inner["lot"]]
    count = len(line) + len(inner)
    street_class = np.r_[lines["street_class"].to_numpy()[line], np.where(is_path, "path", "lane")]
    table = {
        "name": np.r_[roads.to_numpy(dtype=object)[line], np.full(len(inner), None)],
        "street_class": street_class,
        "walkable": True,
        "barrier": street_class == "arterial",
        "layer": np.r_[layer, np.zeros(len(inner), dtype=np.int64)],
    }
    return gpd.GeoDataFrame(table, geometry=np.r_[geometry, shapely.linestrings(ends)], index=_ids("S", count, max(5, len(str(count)))), crs=CRS)


def _barriers(layout: Layout, lanes: Lanes, warp: Warp, rng: Rng) -> gpd.GeoDataFrame:
    low, high = layout.u_lines[0] - OVERHANG_M, layout.u_lines[-1] + OVERHANG_M
    bottom, top = layout.v_lines[0], layout.v_lines[-1]
    river_names = names.river_names(len(layout.rivers) + 1, rng)
    rivers = [shapely.polygons(warp.points(*river.outline(low, high))) for river in layout.rivers]
    canals = canal_outlines(layout.canals, layout.rivers, bottom - OVERHANG_M, top + OVERHANG_M, warp, rng)
    railways = []
    for middle in layout.railway_middles:
        v = np.linspace(bottom - OVERHANG_M, top + OVERHANG_M, max(2, int((top - bottom) / 40)))
        railways.append(shapely.linestrings(warp.points(np.full(len(v), middle), v)))
    walled = layout.lots[~np.isin(layout.lots["kind"], OPEN_KINDS)]
    rings = walls(walled, lanes.gates, warp)
    kinds = ["river"] * (len(rivers) + len(canals)) + ["railway"] * len(railways) + ["wall"] * len(rings)
    labels: list[str | None] = [f"{name}河" for name in river_names[: len(rivers)]]
    labels += [f"{river_names[-1]}浜"] * len(canals) + ["砚澜铁路"] * len(railways) + [None] * len(rings)
    geometry = np.array([*rivers, *canals, *railways, *rings], dtype=object)
    return gpd.GeoDataFrame({"name": labels, "kind": kinds}, geometry=geometry, index=_ids("W", len(kinds), max(4, len(str(len(kinds))))), crs=CRS)


def _gates(layout: Layout, lanes: Lanes, lot_names: Any, warp: Warp, rng: Rng) -> gpd.GeoDataFrame:
    gates = lanes.gates
    lot = gates["lot"].to_numpy()
    first = rank_within(lot) == 0
    site = np.isin(layout.lots["kind"].to_numpy()[lot], DEDICATED)
    hours = np.where(first, "00:00-24:00", np.where(rng.random(len(gates)) < 0.5, "06:00-22:00", "05:30-23:00"))
    public = ~site & (first | (rng.random(len(gates)) < 0.6))
    return gpd.GeoDataFrame(
        {"compound_id": lot_names[lot], "hours": hours, "public": public},
        geometry=shapely.points(warp.points(gates["u"].to_numpy(), gates["v"].to_numpy())),
        index=_ids("G", len(gates), max(4, len(str(len(gates))))),
        crs=CRS,
    )

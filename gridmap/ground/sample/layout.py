"""The skeleton of the sample city on the drawing board: arterials, super-blocks, streets, blocks, lots; river, canal, railway.

Arterials run along ``u_lines`` and ``v_lines``. The land between two neighbouring arterials is a super-block of 400-800 m a side, except where the
column is a railway strip or the row a river strip. Streets divide a super-block into blocks, lanes divide a block into lots. A line of the skeleton is
straight on the drawing board: along ``u`` (axis 0) or along ``v`` (axis 1), at the coordinate ``across``, from ``start`` to ``end``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from gridmap.ground.sample.drawing import Ints, Numbers, Rng, Truths, between, counted, pick, rank_within, shuffled
from gridmap.ground.sample.water import River, draw_river

SUPER_BLOCK_MIN_M, SUPER_BLOCK_MAX_M = 400.0, 800.0
RAILWAY_STRIP_M, RIVER_STRIP_M = 76.0, 290.0
SMALL_RIVER_STRIP_M = 190.0
CANAL_BANK_M = 17.0
"""From the middle of the canal to the edge of the lots beside it."""
HALF_WIDTH_M = {"arterial": 21.0, "street": 11.0, "lane": 5.0, "canal": CANAL_BANK_M}
"""From the middle of a street to the edge of the lots beside it, pavement and trees included."""
COLUMNS_PER_RAILWAY, ROWS_PER_RIVER, COLUMNS_PER_CANAL = 16, 10, 9
THREE_BLOCKS_M = 640.0
"""A wider super-block is divided into three columns (or rows) of blocks, a narrower one into two."""
BUILT_WITHIN = 1.32
"""How far the city reaches towards the corners of its lattice: 1 is the ellipse that touches its sides, 2 the corners."""
SIDES = ("south", "north", "west", "east")

FACILITIES = ("school", "hospital", "mall", "office", "park", "industry", "market")
HOMES = ("slab", "midrise", "tower", "courtyard", "villa")


@dataclass(frozen=True, slots=True)
class Layout:
    """The drawing board.

    ``lines``: axis, across, start, end, street_class, road (number of the road whose name it bears), layer, drawn (False: a border without a street).
    ``crossings``: line, at, node: places on a line where another line meets it (node) or which only give it a vertex.
    ``blocks``: super_block, column, row, the extent ``u0 u1 v0 v1`` between the middles of its streets, and its four lines.
    ``lots``: block, super_block, extent inside the pavements, its four lines (-1: none, there is water), kind.
    """

    u_lines: Numbers
    v_lines: Numbers
    railway_columns: Ints
    river_rows: Ints
    rivers: tuple[River, ...]
    canals: Numbers
    lines: pd.DataFrame
    crossings: pd.DataFrame
    super_blocks: pd.DataFrame
    blocks: pd.DataFrame
    lots: pd.DataFrame

    @property
    def railway_middles(self) -> Numbers:
        """Where each railway runs: the middle of its strip."""
        middles: Numbers = (self.u_lines[self.railway_columns] + self.u_lines[self.railway_columns + 1]) / 2
        return middles


def draw_layout(households: int, rng: Rng, *, land_per_household_m2: float) -> Layout:
    """Draw the skeleton of a city with land for about ``households``."""
    u_lines, v_lines, railways, rivers = _lattice(households, land_per_household_m2, rng)
    built = _built(u_lines, v_lines, railways, rivers, rng)
    lines = _arterials(u_lines, v_lines, railways, rivers, built, rng)
    supers = _super_blocks(u_lines, v_lines, built)
    canals = _canals(supers, u_lines, rng)
    supers["canal"] = np.isin(supers["i"], canals)
    lines, crossings, blocks, canal_at = _blocks(supers, lines, u_lines, v_lines, canals, rng)
    lots, lanes, lane_crossings = _lots(blocks, lines, rng)
    lots["kind"] = _kinds(lots, supers, rng)
    water = tuple(draw_river(v_lines[row], v_lines[row + 1], rng) for row in rivers)
    borders = _railway_borders(u_lines, v_lines, railways, first=len(lines) + len(lanes))
    lines = pd.concat((lines, lanes, borders), ignore_index=True)
    strips = _strip_crossings(lines, u_lines, railways, water, canal_at)
    crossings = pd.concat((crossings, lane_crossings, strips), ignore_index=True)
    return Layout(u_lines, v_lines, railways, rivers, water, canal_at, lines, crossings, supers, blocks, lots)


def _lattice(households: int, land_per_household_m2: float, rng: Rng) -> tuple[Numbers, Numbers, Ints, Ints]:
    """Place the arterials so that the super-blocks together have the land that is needed."""
    small = float(np.clip((households - 6000) / 60000, 0, 1))
    land_m2 = max(households * land_per_household_m2, SUPER_BLOCK_MIN_M**2)
    side_m = 440 + 205 * small
    number = max(1.0, land_m2 / side_m**2)
    columns = max(1, round(np.sqrt(number * 1.15)))
    rows = max(1, round(number / columns))
    if min(columns, rows) >= 4:
        # Room for the corners that are left out.
        columns, rows = round(columns * 1.06), round(rows * 1.06)
        land_m2 *= columns * rows / number
    side_m = np.sqrt(land_m2 / (columns * rows))
    spans = []
    for count in (columns, rows):
        span = np.clip(side_m * between(rng, 0.72, 1.28, count), SUPER_BLOCK_MIN_M, SUPER_BLOCK_MAX_M)
        spans.append(np.clip(span * (side_m * count / span.sum()), SUPER_BLOCK_MIN_M, SUPER_BLOCK_MAX_M))
    across, railways = _with_strips(spans[0], COLUMNS_PER_RAILWAY, RAILWAY_STRIP_M, 0.62)
    up, rivers = _with_strips(spans[1], ROWS_PER_RIVER, SMALL_RIVER_STRIP_M + small * (RIVER_STRIP_M - SMALL_RIVER_STRIP_M), 0.45)
    return np.r_[0.0, np.cumsum(across)], np.r_[0.0, np.cumsum(up)], railways, rivers


def _with_strips(spans: Numbers, each: int, strip_m: float, place: float) -> tuple[Numbers, Ints]:
    """Put one strip into every ``each`` spans, and at least one where there are two spans."""
    if len(spans) < 2:
        return spans, np.empty(0, dtype=np.int64)
    strips = max(1, round(len(spans) / each))
    before = np.unique(np.clip(np.round((np.arange(strips) + place) * len(spans) / strips), 1, len(spans) - 1).astype(np.int64))
    return np.insert(spans, before, strip_m), before + np.arange(len(before))


def _built(u_lines: Numbers, v_lines: Numbers, railways: Ints, rivers: Ints, rng: Rng) -> Truths:
    """Return which cells of the lattice are super-blocks (columns, rows): a large city leaves out its corners, strips are none."""
    middle_u, middle_v = (u_lines[1:] + u_lines[:-1]) / u_lines[-1] - 1, (v_lines[1:] + v_lines[:-1]) / v_lines[-1] - 1
    far = middle_u[:, None] ** 2 + middle_v[None, :] ** 2 + between(rng, -0.1, 0.1, (len(middle_u), len(middle_v)))
    built: Truths = (far < BUILT_WITHIN) | (min(far.shape) < 5)
    built[railways, :] = False
    built[:, rivers] = False
    return built


def _beside(built: Truths, railways: Ints, rivers: Ints) -> tuple[Truths, Truths]:
    """Return where arterials are drawn: along u (columns, rows + 1) and along v (columns + 1, rows), each beside or between super-blocks."""
    filled = built.copy()
    filled[railways] = built[railways - 1] & built[railways + 1]
    # A strip of the river between two super-blocks carries their bridges.
    filled[:, rivers] = filled[:, rivers - 1] & filled[:, rivers + 1]
    side = np.pad(filled, 1)
    return side[1:-1, 1:] | side[1:-1, :-1], side[1:, 1:-1] | side[:-1, 1:-1]


def _arterials(u_lines: Numbers, v_lines: Numbers, railways: Ints, rivers: Ints, built: Truths, rng: Rng) -> pd.DataFrame:
    """Draw the arterials crossing by crossing: first those along u (row by row), then those along v (column by column)."""
    columns, rows = len(u_lines) - 1, len(v_lines) - 1
    beside_u, beside_v = _beside(built, railways, rivers)
    j, i = (part.ravel() for part in np.indices((rows + 1, columns)))
    outer = (j == 0) | (j == rows)
    minor = (rng.random(len(i)) < 0.22) & ~outer & ~np.isin(j, np.r_[rivers, rivers + 1])
    under = np.isin(i, railways)
    # One crossing of the railway in four is level; the others dive under it.
    level = under & (rng.random(len(i)) < 0.25)
    along_u = pd.DataFrame({"axis": 0, "across": v_lines[j], "start": u_lines[i], "end": u_lines[i + 1], "road": j * 1000 + i // 9})
    along_u["street_class"] = np.where(minor, "street", "arterial")
    along_u["layer"] = np.where(under & ~level, -1, 0)
    along_u["drawn"] = beside_u[i, j]
    i, j = (part.ravel() for part in np.indices((columns + 1, rows)))
    behind_railway = np.isin(i, railways + 1)
    over = np.isin(j, rivers)
    # Every second arterial has a bridge; the first always, so that the city hangs together.
    bridge = over & (((i - np.searchsorted(railways, i)) % 2 == 0) & ~behind_railway | (i == 0))
    minor = ((rng.random(len(i)) < 0.22) & (i > 0) & (i < columns) | behind_railway) & ~over
    along_v = pd.DataFrame({"axis": 1, "across": u_lines[i], "start": v_lines[j], "end": v_lines[j + 1], "road": 10_000_000 + i * 1000 + j // 9})
    along_v["street_class"] = np.where(minor, "street", "arterial")
    along_v["layer"] = np.where(bridge, 1, 0)
    along_v["drawn"] = (~over | bridge) & beside_v[i, j]
    return pd.concat((along_u, along_v), ignore_index=True)


def _railway_borders(u_lines: Numbers, v_lines: Numbers, railways: Ints, *, first: int) -> pd.DataFrame:
    """Draw the middle of each railway strip, row by row: a border of communities, no street."""
    railway, j = (part.ravel() for part in np.indices((len(railways), len(v_lines) - 1)))
    middle = ((u_lines[railways] + u_lines[railways + 1]) / 2)[railway]
    borders = pd.DataFrame({"axis": 1, "across": middle, "start": v_lines[j], "end": v_lines[j + 1], "road": first + np.arange(len(j))})
    return borders.assign(street_class="border", layer=0, drawn=False)


def _strip_crossings(lines: pd.DataFrame, u_lines: Numbers, railways: Ints, rivers: tuple[River, ...], canals: Numbers) -> pd.DataFrame:
    """Give every line that crosses the middle of a railway, river or canal a vertex there, at which borders are broken but streets are not."""
    along_u, across, start, end = (lines["axis"] == 0).to_numpy(), *(lines[name].to_numpy() for name in ("across", "start", "end"))
    found = []
    for middle in np.r_[(u_lines[railways] + u_lines[railways + 1]) / 2, canals]:
        crossing = np.flatnonzero(along_u & (start < middle) & (end > middle))
        found.append((crossing, np.full(len(crossing), middle)))
    for river in rivers:
        crossing = np.flatnonzero(~along_u & (start == river.south) & (end == river.north))
        found.append((crossing, river.middle(across[crossing])))
    found.append((np.empty(0, dtype=np.int64), np.empty(0)))
    line, at = (np.concatenate(column) for column in zip(*found, strict=True))
    return pd.DataFrame({"line": line, "at": at, "node": False})


def _super_blocks(u_lines: Numbers, v_lines: Numbers, built: Truths) -> pd.DataFrame:
    columns, rows = built.shape
    i, j = np.nonzero(built)
    supers = pd.DataFrame({"i": i, "j": j, "u0": u_lines[i], "u1": u_lines[i + 1], "v0": v_lines[j], "v1": v_lines[j + 1]})
    supers["columns"] = np.where(supers["u1"] - supers["u0"] > THREE_BLOCKS_M, 3, 2)
    supers["rows"] = np.where(supers["v1"] - supers["v0"] > THREE_BLOCKS_M, 3, 2)
    for name, number in (("south", j * columns + i), ("north", (j + 1) * columns + i)):
        supers[name] = number
    first = (rows + 1) * columns
    supers["west"], supers["east"] = first + i * rows + j, first + (i + 1) * rows + j
    middle_u, middle_v = u_lines[-1] / 2, v_lines[-1] / 2
    far = np.hypot((supers["u0"] + supers["u1"]) / 2 - middle_u, (supers["v0"] + supers["v1"]) / 2 - middle_v)
    supers["far"] = far / max(float(far.max()), 1000.0)
    return supers


def _canals(supers: pd.DataFrame, u_lines: Numbers, rng: Rng) -> Ints:
    """Choose the columns of super-blocks through which a canal runs."""
    columns = np.unique(supers["i"].to_numpy())
    if len(columns) < 2:
        return np.empty(0, dtype=np.int64)
    number = max(1, round(len(columns) / COLUMNS_PER_CANAL))
    return np.sort(columns[shuffled(rng, len(columns))[:number]])


def _splits(count: Ints, low: Numbers, high: Numbers, rng: Rng) -> Numbers:
    """Return where each super-block is divided: (n, 4), the borders of its two or three columns or rows, padded with its end."""
    places = np.column_stack([low, *(low + (high - low) * np.minimum((k + between(rng, -0.14, 0.14, len(low))) / count, 1) for k in (1, 2)), high])
    places[:, 2] = np.where(count == 3, places[:, 2], high)
    return places


def _blocks(
    supers: pd.DataFrame, lines: pd.DataFrame, u_lines: Numbers, v_lines: Numbers, canals: Ints, rng: Rng
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, Numbers]:
    """Divide super-blocks by streets; the canal takes the place of one street."""
    columns, rows = supers["columns"].to_numpy(), supers["rows"].to_numpy()
    across = _splits(columns, supers["u0"].to_numpy(), supers["u1"].to_numpy(), rng)
    up = _splits(rows, supers["v0"].to_numpy(), supers["v1"].to_numpy(), rng)
    canal_at = np.array([u_lines[i] + (u_lines[i + 1] - u_lines[i]) * between(rng, 0.46, 0.54, 1)[0] * 2 / (3 if u_lines[i + 1] - u_lines[i] > THREE_BLOCKS_M else 2) for i in canals])
    has_canal = supers["canal"].to_numpy()
    across[has_canal, 1] = canal_at[np.searchsorted(canals, supers["i"].to_numpy()[has_canal])]

    start = len(lines)
    owner_v, k_v = counted(columns - 1)
    water = has_canal[owner_v] & (k_v == 0)
    first_v = start + np.cumsum(columns - 1) - (columns - 1)
    along_v = pd.DataFrame({"axis": 1, "across": across[owner_v, k_v + 1], "start": supers["v0"].to_numpy()[owner_v], "end": supers["v1"].to_numpy()[owner_v]})
    along_v["road"], along_v["street_class"], along_v["drawn"] = 20_000_000 + np.arange(len(along_v)), np.where(water, "canal", "street"), ~water
    owner_u, k_u = counted(rows - 1)
    first_u = start + len(along_v) + np.cumsum(rows - 1) - (rows - 1)
    along_u = pd.DataFrame({"axis": 0, "across": up[owner_u, k_u + 1], "start": supers["u0"].to_numpy()[owner_u], "end": supers["u1"].to_numpy()[owner_u]})
    along_u["road"], along_u["street_class"], along_u["drawn"] = 30_000_000 + np.arange(len(along_u)), "street", True
    lines = pd.concat((lines, along_v.assign(layer=0), along_u.assign(layer=0)), ignore_index=True)

    meets = [(supers[side].to_numpy()[owner_v[~water]], across[owner_v, k_v + 1][~water]) for side in ("south", "north")]
    meets += [(supers[side].to_numpy()[owner_u], up[owner_u, k_u + 1]) for side in ("west", "east")]
    inner, other = counted((columns - 1)[owner_u])
    cross_super, cross_u = owner_u[inner], first_u[owner_u[inner]] + k_u[inner]
    cross_v = first_v[cross_super] + other
    dry = ~(has_canal[cross_super] & (other == 0))
    meets += [(cross_u[dry], lines["across"].to_numpy()[cross_v[dry]]), (cross_v[dry], lines["across"].to_numpy()[cross_u[dry]])]
    # Where a street meets the canal it is broken on both banks; the piece between is a bridge.
    banks = [supers.loc[has_canal, side].to_numpy() for side in ("south", "north")] + [cross_u[~dry]]
    at = [across[has_canal, 1], across[has_canal, 1], lines["across"].to_numpy()[cross_v[~dry]]]
    meets += [(line, place + bank) for line, place in zip(banks, at, strict=True) for bank in (-CANAL_BANK_M + 1, CANAL_BANK_M - 1)]
    meets.append((cross_v[~dry], lines["across"].to_numpy()[cross_u[~dry]]))
    crossings = pd.DataFrame({"line": np.concatenate([line for line, _ in meets]), "at": np.concatenate([place for _, place in meets]), "node": True})

    owner, number = counted(columns * rows)
    column, row = number % columns[owner], number // columns[owner]
    borders_v = np.column_stack((supers["west"], np.where(columns > 1, first_v, 0), np.where(columns > 2, first_v + 1, 0), supers["east"]))
    borders_v[columns == 2, 2] = supers["east"].to_numpy()[columns == 2]
    borders_u = np.column_stack((supers["south"], np.where(rows > 1, first_u, 0), np.where(rows > 2, first_u + 1, 0), supers["north"]))
    borders_u[rows == 2, 2] = supers["north"].to_numpy()[rows == 2]
    blocks = pd.DataFrame({"super_block": owner, "column": column, "row": row})
    blocks["u0"], blocks["u1"] = across[owner, column], across[owner, column + 1]
    blocks["v0"], blocks["v1"] = up[owner, row], up[owner, row + 1]
    blocks["west"], blocks["east"] = borders_v[owner, column], borders_v[owner, column + 1]
    blocks["south"], blocks["north"] = borders_u[owner, row], borders_u[owner, row + 1]
    return lines, crossings, blocks, canal_at


def _lots(blocks: pd.DataFrame, lines: pd.DataFrame, rng: Rng) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Cut most blocks into two lots by a lane across their longer side."""
    half = lines["street_class"].map(HALF_WIDTH_M).to_numpy()
    water = (lines["street_class"] == "canal").to_numpy()
    wide, deep = (blocks["u1"] - blocks["u0"]).to_numpy(), (blocks["v1"] - blocks["v0"]).to_numpy()
    longer = np.maximum(wide, deep)
    cut = rng.random(len(blocks)) < np.where(longer > 300, 0.9, np.where(longer > 230, 0.5, 0.12))
    along_v = wide >= deep
    share = between(rng, 0.38, 0.62, len(blocks))
    number = len(lines) + np.cumsum(cut) - 1
    place = np.where(along_v, blocks["u0"] + wide * share, blocks["v0"] + deep * share)
    start, end = np.where(along_v, blocks["v0"], blocks["u0"]), np.where(along_v, blocks["v1"], blocks["u1"])
    first_line, last_line = np.where(along_v, blocks["south"], blocks["west"]), np.where(along_v, blocks["north"], blocks["east"])
    start, end = start + water[first_line] * CANAL_BANK_M, end - water[last_line] * CANAL_BANK_M
    lanes = pd.DataFrame({"axis": np.where(along_v, 1, 0), "across": place, "start": start, "end": end, "road": 40_000_000 + np.arange(len(blocks))})[cut]
    lanes = lanes.assign(street_class="lane", layer=0, drawn=True)
    meets = [(line[cut & ~water[line]], place[cut & ~water[line]]) for line in (first_line, last_line)]
    crossings = pd.DataFrame({"line": np.concatenate([line for line, _ in meets]), "at": np.concatenate([at for _, at in meets]), "node": True})

    owner, part = counted(1 + cut)
    lots = blocks.iloc[owner].reset_index(drop=True).assign(block=owner)
    split_u, split_v = cut[owner] & along_v[owner], cut[owner] & ~along_v[owner]
    for side, own, is_part in (("east", split_u, 0), ("west", split_u, 1), ("north", split_v, 0), ("south", split_v, 1)):
        lots.loc[own & (part == is_part), side] = number[owner][own & (part == is_part)]
    all_across = np.r_[lines["across"].to_numpy(), lanes["across"].to_numpy()]
    all_half = np.r_[half, np.full(len(lanes), HALF_WIDTH_M["lane"])]
    for edge, side, inward in (("u0", "west", 1), ("u1", "east", -1), ("v0", "south", 1), ("v1", "north", -1)):
        line = lots[side].to_numpy()
        lots[edge] = all_across[line] + inward * all_half[line]
    all_water = np.r_[water, np.zeros(len(lanes), dtype=bool)]
    for side in SIDES:
        lots[side] = np.where(all_water[lots[side].to_numpy()], -1, lots[side])
    return lots, lanes, crossings


def _kinds(lots: pd.DataFrame, supers: pd.DataFrame, rng: Rng) -> pd.Series:
    """Say what stands on each lot: a school in most super-blocks, another facility in many, homes elsewhere, old ones in the middle of the city."""
    owner = lots["super_block"].to_numpy()
    order = shuffled(rng, len(lots))
    rank = np.empty(len(lots), dtype=np.int64)
    rank[order] = rank_within(owner[order])
    far = supers["far"].to_numpy()[owner]
    edge = np.clip(far * 1.6 - 0.8, 0, 1)
    weights = np.column_stack((0.5 + 0 * far, 0.16 * np.exp(-far), 0.5 - 0.3 * far, 0.6 - 0.4 * far, 0.7 + 0 * far, 0.1 + 1.1 * edge, 0.3 + 0 * far))
    facility = np.asarray(FACILITIES)[pick(rng, weights, len(lots))]
    facility = np.where(rank == 0, "school", facility)
    chosen = ((rank == 0) & (rng.random(len(lots)) < 0.8)) | ((rank == 1) & (rng.random(len(lots)) < 0.75))
    old = np.exp(-((far / 0.4) ** 2))
    weights = np.column_stack((0.42 + 0.15 * old, 0.24 + 0 * far, 0.2 + 0.25 * far, 0.16 * old + 0.005, 0.015 + 0.05 * edge))
    homes = np.asarray(HOMES)[pick(rng, weights, len(lots))]
    return pd.Series(np.where(chosen, facility, homes), index=lots.index)

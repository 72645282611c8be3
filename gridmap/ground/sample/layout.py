"""The skeleton of the sample city on the drawing board: arterials, super-blocks, streets, blocks, lots; river, canal, railway.

Arterials run along ``u_lines`` and ``v_lines``. The land between two neighbouring arterials is a super-block of 400-800 m a side, except where the
column is a railway strip or the row a river strip. Streets divide a super-block into blocks, lanes divide a block into lots. A line of the skeleton
is straight on the drawing board: along ``u`` (axis 0) or along ``v`` (axis 1), at the coordinate ``across``, from ``start`` to ``end``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from gridmap.ground.sample.drawing import Ints, Numbers, Rng, Truths, between, counted, pick, rank_within, shuffled
from gridmap.ground.sample.lattice import built_cells, draw_arterials, draw_lattice
from gridmap.ground.sample.water import River, draw_river

THREE_BLOCKS_M = 660.0
"""A wider super-block is divided into three columns (or rows) of blocks, a narrower one into two."""
COLUMNS_PER_CANAL = 9
CANAL_BANK_M = 17.0
"""From the middle of the canal to the edge of the lots beside it."""
BRIDGE_HALF_M = CANAL_BANK_M - 1
"""From the middle of the canal to the ends of its bridges."""
HALF_WIDTH_M = {"arterial": 21.0, "street": 11.0, "lane": 5.0, "canal": CANAL_BANK_M}
"""From the middle of a street to the edge of the lots beside it, pavement and trees included."""
SIDES = ("south", "north", "west", "east")
INNER_V_ROADS, INNER_U_ROADS, LANE_ROADS, BORDER_ROADS = 20_000_000, 30_000_000, 40_000_000, 50_000_000
"""First numbers of the roads of each sort; the arterials' lie below."""

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
    u_lines, v_lines, railways, rivers = draw_lattice(households, land_per_household_m2, rng)
    built = built_cells(u_lines, v_lines, railways, rivers, rng)
    arterials = draw_arterials(u_lines, v_lines, railways, rivers, built, rng)
    supers = _super_blocks(u_lines, v_lines, built)
    supers["canal_at"] = _canals(supers, rng)
    across, up = _splits(supers, "u", rng), _splits(supers, "v", rng)
    across[:, 1] = supers["canal_at"].fillna(pd.Series(across[:, 1]))
    along_v, along_u = (
        _inner_lines(supers, across, 1, len(arterials)),
        _inner_lines(supers, up, 0, len(arterials) + int((supers["columns"] - 1).sum())),
    )
    lines = pd.concat((arterials, along_v, along_u), ignore_index=True)
    blocks = _blocks(supers, across, up, along_v, along_u)
    lots, lanes, lane_crossings = _lots(blocks, lines, rng)
    lots["kind"] = _kinds(lots, supers, rng)
    water = tuple(draw_river(v_lines[row], v_lines[row + 1], rng) for row in rivers)
    lines = pd.concat((lines, lanes, _railway_borders(u_lines, v_lines, railways)), ignore_index=True)
    canals = np.unique(supers["canal_at"].dropna())
    strips = _strip_crossings(lines, u_lines, railways, water, canals)
    crossings = pd.concat((_street_crossings(supers, along_v, along_u), lane_crossings, strips), ignore_index=True)
    return Layout(u_lines, v_lines, railways, rivers, water, canals, lines, crossings, supers, blocks, lots)


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


def _canals(supers: pd.DataFrame, rng: Rng) -> Numbers:
    """Choose the columns of super-blocks through which a canal runs, and return where it runs in each super-block; nan where there is none."""
    columns = np.unique(supers["i"].to_numpy())
    number = max(1, round(len(columns) / COLUMNS_PER_CANAL)) if len(columns) > 1 else 0
    chosen = columns[shuffled(rng, len(columns))[:number]]
    place = between(rng, 0.92, 1.08, int(columns.max()) + 1)[supers["i"]]
    # In the middle of a super-block of two columns of blocks, beside the first column of three.
    at = supers["u0"] + (supers["u1"] - supers["u0"]) * place / supers["columns"]
    return np.where(np.isin(supers["i"], chosen), at, np.nan)


def _splits(supers: pd.DataFrame, axis: str, rng: Rng) -> Numbers:
    """Return where each super-block is divided: (n, 4), the borders of its two or three columns (or rows), padded with its end."""
    count = supers["columns" if axis == "u" else "rows"].to_numpy()
    low, high = supers[f"{axis}0"].to_numpy(), supers[f"{axis}1"].to_numpy()
    inner = [low + (high - low) * (k + between(rng, -0.14, 0.14, len(low))) / count for k in (1, 2)]
    return np.column_stack((low, inner[0], np.where(count == 3, inner[1], high), high))


def _inner_lines(supers: pd.DataFrame, splits: Numbers, axis: int, first: int) -> pd.DataFrame:
    """Return the streets that divide super-blocks, indexed by their number among all lines; a canal takes the place of one."""
    owner, number = counted(supers["columns" if axis == 1 else "rows"] - 1)
    low, high = ("v0", "v1") if axis == 1 else ("u0", "u1")
    water = (supers["canal_at"].notna().to_numpy()[owner] & (number == 0)) if axis == 1 else np.zeros(len(owner), dtype=bool)
    return pd.DataFrame(
        {
            "axis": axis,
            "across": splits[owner, number + 1],
            "start": supers[low].to_numpy()[owner],
            "end": supers[high].to_numpy()[owner],
            "road": (INNER_V_ROADS if axis == 1 else INNER_U_ROADS) + np.arange(len(owner)),
            "street_class": np.where(water, "canal", "street"),
            "layer": 0,
            "drawn": ~water,
            "super_block": owner,
        },
        index=np.arange(first, first + len(owner)),
    )


def _street_crossings(supers: pd.DataFrame, along_v: pd.DataFrame, along_u: pd.DataFrame) -> pd.DataFrame:
    """Return where streets inside super-blocks meet each other and the arterials around, and where bridges over the canal begin and end."""
    parts = []
    for inner, sides in ((along_v, ("south", "north")), (along_u, ("west", "east"))):
        drawn = inner[inner["drawn"]]
        parts += [pd.DataFrame({"line": supers[side].to_numpy()[drawn["super_block"]], "at": drawn["across"], "node": True}) for side in sides]
    pairs = along_v.reset_index(names="line").merge(along_u.reset_index(names="line"), on="super_block", suffixes=("_v", "_u"))
    dry = pairs["drawn_v"].to_numpy()
    parts += [
        pd.DataFrame({"line": pairs["line_u"][dry], "at": pairs["across_v"][dry], "node": True}),
        # Borders meet at the canal too, though no street does.
        pd.DataFrame({"line": pairs["line_v"], "at": pairs["across_u"], "node": dry}),
    ]
    wet = supers[supers["canal_at"].notna()]
    over = [(wet["south"], wet["canal_at"]), (wet["north"], wet["canal_at"]), (pairs["line_u"][~dry], pairs["across_v"][~dry])]
    for line, place in over:
        parts += [pd.DataFrame({"line": line, "at": place + side * BRIDGE_HALF_M, "node": True}) for side in (-1, 1)]
    return pd.concat(parts, ignore_index=True)


def _blocks(supers: pd.DataFrame, across: Numbers, up: Numbers, along_v: pd.DataFrame, along_u: pd.DataFrame) -> pd.DataFrame:
    """Return the blocks between the streets of each super-block, row by row, with the four lines around each."""
    columns, rows = supers["columns"].to_numpy(), supers["rows"].to_numpy()
    owner, number = counted(columns * rows)
    column, row = number % columns[owner], number // columns[owner]
    lines_v, lines_u = _borders(supers, along_v, ("west", "east")), _borders(supers, along_u, ("south", "north"))
    blocks = pd.DataFrame({"super_block": owner, "column": column, "row": row})
    blocks["u0"], blocks["u1"] = across[owner, column], across[owner, column + 1]
    blocks["v0"], blocks["v1"] = up[owner, row], up[owner, row + 1]
    blocks["west"], blocks["east"] = lines_v[owner, column], lines_v[owner, column + 1]
    blocks["south"], blocks["north"] = lines_u[owner, row], lines_u[owner, row + 1]
    return blocks


def _borders(supers: pd.DataFrame, inner: pd.DataFrame, sides: tuple[str, str]) -> Ints:
    """Return the numbers of the lines that bound the columns (or rows) of blocks of each super-block, (n, 4), padded with the last."""
    borders = np.tile(supers[sides[1]].to_numpy()[:, None], (1, 4))
    borders[:, 0] = supers[sides[0]]
    owner = inner["super_block"].to_numpy()
    borders[owner, 1 + rank_within(owner)] = inner.index
    return borders


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
    lanes = pd.DataFrame({"axis": np.where(along_v, 1, 0), "across": place, "start": start, "end": end, "road": LANE_ROADS + np.arange(len(blocks))})
    lanes = lanes[cut].assign(street_class="lane", layer=0, drawn=True)
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


def _railway_borders(u_lines: Numbers, v_lines: Numbers, railways: Ints) -> pd.DataFrame:
    """Draw the middle of each railway strip, row by row: a border of communities, no street."""
    railway, j = (part.ravel() for part in np.indices((len(railways), len(v_lines) - 1)))
    middle = ((u_lines[railways] + u_lines[railways + 1]) / 2)[railway]
    borders = pd.DataFrame({"axis": 1, "across": middle, "start": v_lines[j], "end": v_lines[j + 1], "road": BORDER_ROADS + np.arange(len(j))})
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
    kind = np.where(chosen, facility, np.asarray(HOMES)[pick(rng, weights, len(lots))])
    # Even a small city has an old quarter, where its middle is.
    middle = np.hypot((lots["u0"] + lots["u1"]) / 2 - supers["u1"].max() / 2, (lots["v0"] + lots["v1"]) / 2 - supers["v1"].max() / 2).to_numpy()
    kind[np.argmin(np.where(chosen, np.inf, middle))] = "courtyard"
    return pd.Series(kind, index=lots.index)

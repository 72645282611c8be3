"""Organisations and member households in the private store, and what of them lies in the territory of an account."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gridmap.grids.plan import Plan
from gridmap.ground.tables import District
from gridmap.people.suppression import FEW, Suppressed, given_away, nothing_of, suppressed, without_rows
from gridmap.people.tables import PEOPLE_TABLES, People, changes, typed_people
from gridmap.store.accounts import Territory
from gridmap.store.audit import append
from gridmap.store.private import PrivateStore
from gridmap.store.territories import buildings_within, grids_within

FIGURES = ("households", "members", "centre")
"""What is counted: households with members, members, centre households."""


@dataclass(frozen=True, slots=True)
class Members:
    """The private tables of organisations, member households, workers and posts in a private store."""

    store: PrivateStore

    def read(self) -> People:
        """Return all of them."""
        with self.store.reading() as connection:
            rows = {name: connection.execute(f"SELECT * FROM {name} ORDER BY rowid").fetchall() for name in PEOPLE_TABLES}  # noqa: S608
        return People(**{name: _frame(name, rows[name]) for name in PEOPLE_TABLES})

    def state(self) -> str:
        """Return what is another after every import, and in every other store: as long as it is the same, so is what :meth:`read` returns.

        Whoever keeps what he has read asks for the state first.
        """
        with self.store.reading() as connection:
            return str(connection.execute("SELECT state FROM states WHERE name = 'people'").fetchone()[0])

    def replace(self, tables: Mapping[str, pd.DataFrame], *, by: str, source: str, request_id: str = "") -> dict[str, dict[str, list[str]]]:
        """Put ``tables`` in the place of those of the same name, all or nothing, and return the ids added, changed and removed in each.

        The audit log is told how many, not who.
        """
        old = self.read().tables()
        typed = {name: typed_people(name, table) for name, table in tables.items()}
        told = {name: changes(old[name], table) for name, table in typed.items()}
        with self.store.writing() as connection:
            for name, table in typed.items():
                connection.execute(f"DELETE FROM {name}")  # noqa: S608
                marks = ", ".join("?" * (len(table.columns) + 1))
                values = table.reset_index().astype(object)
                rows = values.where(values.notna(), None).itertuples(index=False, name=None)
                connection.executemany(f"INSERT INTO {name} VALUES ({marks})", rows)  # noqa: S608
            connection.execute("UPDATE states SET state = lower(hex(randomblob(16))) WHERE name = 'people'")
            counts = {f"{name}_{what}": len(ids) for name, each in told.items() for what, ids in each.items()}
            append(connection, by, "members_import", source, request_id=request_id, **counts)
        return told


def _frame(name: str, rows: list[tuple[object, ...]]) -> pd.DataFrame:
    table = PEOPLE_TABLES[name]
    frame = pd.DataFrame(rows, columns=[table.index, *(column.name for column in table.columns)], dtype=object).set_index(table.index)
    for column in table.columns:
        if column.kind == "truth":
            frame[column.name] = [None if value is None else bool(value) for value in frame[column.name]]
    return typed_people(name, frame)


def placed_households(people: People, district: District, plan: Plan | None) -> pd.DataFrame:
    """Return the member households with ``community_id`` and ``grid_id`` of the adopted plan beside them.

    Both are missing where the building is gone; the grid is missing without a plan, and where a building lies in several grids and the household's
    stairwell does not say in which.
    """
    homes = people.member_households
    community = district.buildings["community_id"].astype(object).reindex(homes["building_id"]).to_numpy()
    grids = np.full(len(homes), None, dtype=object)
    if plan is not None:
        parts = plan.grid_of.astype(object).groupby(plan.atoms["source_building_id"].astype(object).to_numpy(), sort=False).agg(list).to_dict()
        for position, (building, stairwell) in enumerate(zip(homes["building_id"], homes["stairwell"], strict=True)):
            grids[position] = _grid_of(parts.get(building, []), stairwell)
    return homes.assign(community_id=pd.array(community, dtype="str"), grid_id=pd.array(grids, dtype="str"))


def _grid_of(parts: list[object], stairwell: object) -> object:
    """Return the grid of a household from the grids of its building's stairwells, in order, and its own stairwell; None where that is open."""
    known = {each for each in parts if isinstance(each, str)}
    if len(known) == 1 and len(known) == len(set(map(str, parts))):
        return known.pop()
    digits = "".join(sign for sign in stairwell if sign.isdecimal() and sign.isascii()) if isinstance(stairwell, str) else ""
    number = int(digits[:4]) if digits else 0
    return parts[number - 1] if 1 <= number <= len(parts) and isinstance(parts[number - 1], str) else None


def placed_organisations(people: People, district: District, plan: Plan | None) -> pd.DataFrame:
    """Return the organisations with their community and the ``grid_id`` that they belong to in the adopted plan.

    What the office says of the grid counts first (its code, id or name), else the grid of the building, where that is one.
    """
    table = people.organisations
    community = table["community_id"].astype(object).copy()
    of_building = district.buildings["community_id"].astype(object)
    grids: list[object] = [None] * len(table)
    if plan is not None:
        parts = plan.grid_of.astype(object).groupby(plan.atoms["source_building_id"].astype(object).to_numpy(), sort=False).agg(list).to_dict()
        named = _grids_by_word(plan)
        for position, (said, building) in enumerate(zip(table["grid"], table["building_id"], strict=True)):
            grids[position] = named.get(said) or _grid_of(parts.get(building, []), None)
        in_grid = plan.grids["community_id"].astype(object).to_dict()
        community = community.where(community.notna(), pd.Series([in_grid.get(grid) for grid in grids], index=table.index, dtype=object))
    community = community.where(community.notna(), table["building_id"].map(of_building.to_dict()))
    return table.assign(community_id=pd.array(community, dtype="str"), grid_id=pd.array(grids, dtype="str"))


def _grids_by_word(plan: Plan) -> dict[object, str]:
    """Return the grid that an office means by a name or code that one grid alone has, or by an id."""
    named: dict[object, str] = {}
    for column in ("name", "code"):
        once = plan.grids[column][plan.grids[column].notna() & ~plan.grids[column].duplicated(keep=False)]
        named |= {word: str(grid) for grid, word in once.items()}
    return named | {grid: str(grid) for grid in plan.grids.index}


def placed_workers(people: People, plan: Plan | None) -> pd.DataFrame:
    """Return the grid workers with the ``grid_id`` that they answer for in the adopted plan, missing where that is open."""
    named = {} if plan is None else _grids_by_word(plan)
    return people.workers.assign(grid_id=pd.array([named.get(said) for said in people.workers["grid"]], dtype="str"))


def placed_posts(people: People, households: pd.DataFrame, plan: Plan | None) -> pd.DataFrame:
    """Return the service posts with ``claimed`` and their ``grid_id``: the one that the office names, else that of the household that has claimed it.

    ``households`` are what :func:`placed_households` returns.
    """
    named, posts = {} if plan is None else _grids_by_word(plan), people.posts
    home = households["grid_id"].dropna().to_dict()
    grids = [named.get(said) or home.get(claimer) for said, claimer in zip(posts["grid"], posts["household_id"], strict=True)]
    return posts.assign(claimed=posts["household_id"].notna().to_numpy(dtype=bool), grid_id=pd.array(grids, dtype="str"))


@dataclass(frozen=True, eq=False)
class MembersWithin:
    """What lies in a territory: member households and organisations with community and grid, and the ids of its grids (none without a plan).

    ``workers`` and ``posts`` are those of its grids.
    """

    households: pd.DataFrame
    organisations: pd.DataFrame
    grids: pd.Index
    workers: pd.DataFrame
    posts: pd.DataFrame


def members_within(territory: Territory, people: People, district: District, plan: Plan | None) -> MembersWithin:
    """Return the member households and organisations in a territory.

    A territory of grids holds the households that certainly are in one of them. With an organisation those above it are seen too, so that the tree
    hangs together. Households whose building is gone belong to no territory but that of the whole district.
    """
    homes, organisations = placed_households(people, district, plan), placed_organisations(people, district, plan)
    grids = pd.Index([], dtype="str") if plan is None else grids_within(territory, district, plan)
    workers, posts = (table[table["grid_id"].isin(grids)] for table in (placed_workers(people, plan), placed_posts(people, homes, plan)))
    if territory.kind == "all":
        return MembersWithin(homes, organisations, grids, workers, posts)
    inside = homes["building_id"].isin(buildings_within(territory, district, plan)).to_numpy(dtype=bool)
    if territory.kind == "grids":
        inside = inside & homes["grid_id"].isin(grids).to_numpy(dtype=bool)
        own = organisations["grid_id"].isin(grids).to_numpy(dtype=bool)
    else:
        communities = district.buildings.loc[buildings_within(territory, district, plan), "community_id"].unique()
        own = organisations["community_id"].isin(communities).to_numpy(dtype=bool)
    return MembersWithin(homes[inside], _with_those_above(organisations, own), grids, workers, posts)


def _with_those_above(organisations: pd.DataFrame, own: np.ndarray) -> pd.DataFrame:
    above = organisations["parent"].dropna().to_dict()
    wanted: set[object] = set()
    for identity in organisations.index[own]:
        while identity is not None and identity not in wanted:
            wanted.add(identity)
            identity = above.get(identity)
    return organisations[organisations.index.isin(wanted)]


def figures_by(households: pd.DataFrame, column: str, names: pd.Index) -> pd.DataFrame:
    """Return households with members, their members and centre households for each of ``names``, by ``column``; 0 where there are none."""
    counted = pd.DataFrame({"households": 1, "members": households["members"].astype("int64"), "centre": households["centre"].astype("int64")})
    sums = counted.groupby(households[column].astype(object).to_numpy()).sum()
    return sums.reindex(names.astype(object), fill_value=0).astype("int64").set_axis(names)


def community_figures(people: People, district: District, plan: Plan | None) -> Suppressed:
    """Return the figures of each community, street office and the whole as anybody may see them, small ones withheld.

    A community whose figures would tell the worker of one of its grids that few live in the rest of it is withheld too. Nothing but this leaves the
    territories: staff outside and the public see the same.
    """
    homes = placed_households(people, district, plan)
    counts = figures_by(homes, "community_id", district.communities.index)
    offices = district.communities["street_office"].astype(object)
    withheld = np.zeros(len(counts), dtype=bool)
    found: list[Suppressed] = []
    for family in (list(FIGURES[:2]), list(FIGURES[2:])):
        # Where households are withheld, so are the centre households among them; few of these alone leave the households shown.
        if plan is not None:
            parts = figures_by(homes, "grid_id", plan.grids.index)[family]
            withheld = withheld | given_away(counts[family], parts, plan.grids["community_id"].astype(object))
        found.append(suppressed(counts[family], offices.where(offices.notna(), ""), withheld=withheld))
        withheld = found[-1].cells.isna().any(axis=1).to_numpy(dtype=bool)
    cells, groups = (pd.concat([getattr(each, part) for each in found], axis=1) for part in ("cells", "groups"))
    return Suppressed(cells, groups, pd.concat([each.total for each in found]))


def state_of(people: People) -> str:
    """Return what is another for every other state of the private tables; nothing can be read from it."""
    digest = hashlib.sha256()
    for table in people.tables().values():
        digest.update(pd.util.hash_pandas_object(table.astype("str"), index=True).to_numpy().tobytes())
    return digest.hexdigest()[:16]


def figures_elsewhere(territory: Territory, people: People, district: District, plan: Plan | None) -> Suppressed:
    """Return :func:`community_figures` as the holder of a territory may see them: without what he could work out from what he knows.

    Sums are withheld from whoever knows several communities, street offices or grids; a worker of grids does not see his own community either, where
    that would tell him that few live in the rest of it.
    """
    found = community_figures(people, district, plan)
    if territory.kind == "all":
        return found
    several = len(territory.ids) > 1
    cells = found.cells
    if territory.kind == "grids":
        own = members_within(territory, people, district, plan).households
        counts = figures_by(placed_households(people, district, plan), "community_id", cells.index)
        rest = counts - figures_by(own, "community_id", cells.index)
        told = rest.isin(range(1, FEW + 1)) & (rest < counts)
        told.loc[told[list(FIGURES[:2])].any(axis=1)] = True
        cells = cells.where(~told)
        several = several or bool(told.to_numpy().any())
    if not several:
        return Suppressed(cells, found.groups, found.total)
    return Suppressed(cells, without_rows(found.groups, np.ones(len(found.groups), dtype=bool)), nothing_of(found.total))

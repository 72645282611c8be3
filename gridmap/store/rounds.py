"""The daily rounds of a plan's grids, on the streets of its workspace."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from gridmap.grids.plan import Plan
from gridmap.ground.tables import District
from gridmap.run_jobs import run_jobs
from gridmap.store.batches import AT_MOST, LARGE
from gridmap.store.workspace import Workspace
from gridmap.walking.cache import cached_network
from gridmap.walking.doors import doors
from gridmap.walking.network import Network, walking_network
from gridmap.walking.rounds import daily_rounds
from gridmap.walking.walls import walls_of


@dataclass(frozen=True, eq=False)
class _Ask:
    """A batch as it is read by ``read``, and the grid of each of its atoms, by building."""

    read: Callable[[], District]
    grid_of: pd.Series


def plan_rounds(workspace: Workspace, plan: Plan, *, cores: int | None = 1, large: int = LARGE, at_most: int = AT_MOST) -> pd.DataFrame:
    """Return what :func:`gridmap.walking.rounds.daily_rounds` tells of each grid; of none where there are no streets.

    The network is kept beside the workspace. That of a district of more than ``large`` buildings is made in batches of at most so many and not
    kept: walks that lead farther out of a batch than its margin of streets are not found there.
    """
    grid_of = plan.grid_of.set_axis(plan.atoms["source_building_id"].to_numpy())
    if workspace.buildings() <= large:
        district = workspace.read_district()
        return _rounds(district, cached_network(district, folder=workspace.networks_folder), grid_of)
    home = plan.atoms["community_id"].to_numpy(dtype=object)
    asks = [
        _Ask(functools.partial(workspace.read_batch, each), grid_of[pd.Index(home).isin(each.communities)]) for each in workspace.batches(at_most)
    ]
    return pd.concat([table for _, table in run_jobs(_rounds_of_batch, asks, cores=cores)]).sort_index()


def _rounds_of_batch(ask: _Ask) -> pd.DataFrame:
    district = ask.read()
    return _rounds(district, walking_network(district), ask.grid_of)


def _rounds(district: District, network: Network, grid_of: pd.Series) -> pd.DataFrame:
    buildings = district.buildings
    found = doors(network, buildings.index.to_numpy(dtype=object), buildings.geometry.to_numpy(), walls_of(district))
    table = daily_rounds(network, found, grid_of)
    return table if network.edges else table.iloc[:0]

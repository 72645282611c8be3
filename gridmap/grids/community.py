"""One community's problem: what can be proved about it, then the search. Communities are independent jobs."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from gridmap.grids.certificate import Certificate, certificates
from gridmap.grids.graph import CommunityGraph, community_graph
from gridmap.grids.plan import Effort
from gridmap.grids.search import community_seed, search
from gridmap.progress import Progress
from gridmap.rules import Rules
from gridmap.run_jobs import run_jobs

Labels = npt.NDArray[np.int64]

NO_GRID = -1
"""The label of an atom that is in no grid of the earlier plan."""


@dataclass(frozen=True, slots=True)
class Job:
    """One community's problem, arrays only, so that it travels light to another process. ``start`` is None without an earlier plan."""

    community_id: str
    atoms: tuple[str, ...]
    graph: CommunityGraph
    minimum: int
    maximum: int
    seed: int
    effort: Effort
    start: Labels | None
    known: Labels | None = None

    def key(self) -> str:
        """Return a text that two jobs share only when they are the same problem."""
        digest = hashlib.sha256(f"{self.atoms}{self.minimum}:{self.maximum}:{self.seed}:{self.effort}".encode())
        for field in dataclasses.fields(self.graph):
            value = getattr(self.graph, field.name)
            # An array of texts holds addresses, which differ from run to run.
            plain = isinstance(value, np.ndarray) and value.dtype != object
            digest.update(f"{field.name}:".encode() + (value.tobytes() if plain else "\x1f".join(map(str, np.atleast_1d(value))).encode()))
        digest.update(b"" if self.start is None else self.start.tobytes())
        return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Outcome:
    """The grids found for a community, as a label for each atom, and what could be proved beforehand."""

    labels: Labels
    certificates: tuple[Certificate, ...]


def plan_community(job: Job) -> Outcome:
    """Plan one community: what can be proved, and the search unless its result is known. Depends on the job alone."""
    if job.known is not None:
        return Outcome(job.known, tuple(certificates(job.graph, job.minimum, job.maximum)))
    result = search(job.graph, job.minimum, job.maximum, effort=job.effort, seed=job.seed, start=job.start)
    return Outcome(result.labels, result.certificates)


def community_jobs(atoms: gpd.GeoDataFrame, neighbours: pd.DataFrame, earlier: pd.Series, rules: Rules, *, seed: int, effort: Effort) -> list[Job]:
    """Return one job for each community, in the order in which the communities appear in ``atoms``.

    ``atoms`` are those to be planned, ``neighbours`` may speak of others too. ``earlier`` gives the grid of an earlier plan for each atom, missing
    where it has none.
    """
    home = neighbours["a"].map(atoms["community_id"])
    inside = (home == neighbours["b"].map(atoms["community_id"])).to_numpy(dtype=bool)
    pairs = dict(iter(neighbours[inside].groupby(home[inside])))
    jobs = []
    for community_id, its in atoms.groupby("community_id", sort=False):
        before = earlier.reindex(its.index)
        start = None if before.isna().all() else pd.factorize(before, sort=True)[0].astype(np.int64)
        graph = community_graph(its, pairs.get(community_id, neighbours.iloc[:0]), rules, community_id=str(community_id))
        grid = rules.grid
        job_seed = community_seed(seed, str(community_id))
        jobs.append(Job(str(community_id), tuple(its.index), graph, grid.households_min, grid.households_max, job_seed, effort, start))
    return jobs


def run_communities(jobs: Sequence[Job], *, cores: int | None, resume: MutableMapping[str, list[int]], progress: Progress) -> list[Outcome]:
    """Return the outcome of every job, in their order; a result that ``resume`` holds is not searched for again, a new one is added to it."""
    keys = [job.key() for job in jobs]
    known = [np.array(resume[key], dtype=np.int64) if key in resume else None for key in keys]
    todo = [dataclasses.replace(job, known=labels) for job, labels in zip(jobs, known, strict=True)]
    # The largest first: the last job to finish should be a short one.
    order = sorted(range(len(jobs)), key=lambda position: (-len(jobs[position].atoms), position))
    outcomes: dict[int, Outcome] = {}
    progress("step_search", 0, len(jobs))
    for at, outcome in run_jobs(plan_community, [todo[position] for position in order], cores=cores):
        position = order[at]
        outcomes[position] = outcome
        resume[keys[position]] = [int(label) for label in outcome.labels]
        progress("step_search", len(outcomes), len(jobs))
    return [outcomes[position] for position in range(len(jobs))]

"""One community's problem: what can be proved about it, then the search. Communities are independent jobs."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from gridmap.grids.certificate import Certificate
from gridmap.grids.compiling import compile_half, halves
from gridmap.grids.graph import CommunityGraph, community_graph
from gridmap.grids.plan import Effort
from gridmap.grids.search import community_seed, search
from gridmap.progress import Progress
from gridmap.rules import Rules
from gridmap.run_jobs import run_jobs

Labels = npt.NDArray[np.int64]

RECORDS = 2
"""Raised when outcomes are kept in another way."""
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

    def key(self) -> str:
        """Return a text that two jobs share only when they are the same problem."""
        digest = hashlib.sha256(f"{RECORDS}{self.atoms}{self.minimum}:{self.maximum}:{self.seed}:{self.effort}".encode())
        for field in dataclasses.fields(self.graph):
            value = getattr(self.graph, field.name)
            # An array of texts holds addresses, which differ from run to run.
            plain = isinstance(value, np.ndarray) and value.dtype != object
            digest.update(f"{field.name}:".encode() + (value.tobytes() if plain else "\x1f".join(map(str, np.atleast_1d(value))).encode()))
        digest.update(b"" if self.start is None else self.start.tobytes())
        return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Outcome:
    """The grids found for a community, as a label for each atom, what could be proved beforehand, and how good they are.

    ``gap`` is the share by which the weighted sum could be better, 0 when it is proved to be the best, None when nothing is proved; it holds for
    plans that keep together small atoms that were drawn together into some of up to ``drawn_together`` households.
    """

    labels: Labels
    certificates: tuple[Certificate, ...]
    gap: float | None = None
    drawn_together: int = 0

    def record(self) -> dict[str, Any]:
        """Return it as plain values, for JSON."""
        proofs = [dataclasses.asdict(each) for each in self.certificates]
        return {"labels": self.labels.tolist(), "proofs": proofs, "gap": self.gap, "drawn_together": self.drawn_together}


def outcome_of(record: Mapping[str, Any]) -> Outcome:
    """Return the outcome that was kept as ``record``."""
    proofs = [Certificate(**{**each, "atoms": tuple(each["atoms"]), "group": tuple(each["group"])}) for each in record["proofs"]]
    return Outcome(np.array(record["labels"], dtype=np.int64), tuple(proofs), record["gap"], record["drawn_together"])


def plan_community(job: Job) -> Outcome:
    """Plan one community. Depends on the job alone."""
    result = search(job.graph, job.minimum, job.maximum, effort=job.effort, seed=job.seed, start=job.start)
    return Outcome(result.labels, result.certificates, result.gap, result.drawn_together)


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


def run_communities(jobs: Sequence[Job], *, cores: int | None, resume: MutableMapping[str, dict[str, Any]], progress: Progress) -> list[Outcome]:
    """Return the outcome of every job, in their order; one that ``resume`` holds is not searched for again, a new one is added to it."""
    keys = [job.key() for job in jobs]
    outcomes = {position: outcome_of(resume[key]) for position, key in enumerate(keys) if key in resume}
    # The largest first: the last job to finish should be a short one.
    order = sorted(set(range(len(jobs))) - set(outcomes), key=lambda position: (-len(jobs[position].atoms), position))
    progress("step_search", len(outcomes), len(jobs))
    if len(order) > 1 and cores != 1:
        list(run_jobs(compile_half, halves(jobs[order[0]].effort), cores=cores))
    for at, outcome in run_jobs(plan_community, [jobs[position] for position in order], cores=cores):
        position = order[at]
        outcomes[position] = outcome
        resume[keys[position]] = outcome.record()
        progress("step_search", len(outcomes), len(jobs))
    return [outcomes[position] for position in range(len(jobs))]

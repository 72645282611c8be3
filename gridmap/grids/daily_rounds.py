"""The daily round as a soft goal: buildings change grid where the rounds get shorter by more than the rest of the weighted sum gets worse.

This comes after the search, which knows no streets. What is proved of a division is proved of the sum without the rounds.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt

from gridmap.findings import Finding, finding
from gridmap.grids.community import Job, Outcome
from gridmap.grids.graph import DM_PER_M, CommunityGraph, Ints, Score, is_connected, score
from gridmap.grids.plan import Effort
from gridmap.ground.tables import District
from gridmap.progress import Progress
from gridmap.run_jobs import run_jobs
from gridmap.walking.doors import doors
from gridmap.walking.network import walking_network
from gridmap.walking.reach import arcs
from gridmap.walking.rounds import WIDEST_CM, door_distances, tour_length
from gridmap.walking.walls import walls_of

MOST_DOORS = 3000
"""Of a community with more doors than this the rounds are not weighed: the walks between all pairs of them would fill 36 MB and more."""

PASSES: Mapping[Effort, int] = {"quick": 1, "normal": 4, "best": 16}
"""So many times at most each pair of neighbouring grids is looked at."""

LEAST_DM = 0.001
"""A gain smaller than this is none: sums of fractions are not exact."""

CM_PER_DM = 10


@dataclass(frozen=True, slots=True)
class RoundJob:
    """One community, divided, and the walks between its doors: ``door`` is the row of each atom in ``apart_cm``, -1 for one without a door."""

    job: Job
    labels: Ints
    door: Ints
    apart_cm: npt.NDArray[np.int32]
    weight: float

    def round_cm(self, atoms: Ints) -> int:
        """Return the length of a round through the doors of ``atoms``; doors that no street joins count as :data:`WIDEST_CM` apart."""
        rows = np.unique(self.door[atoms])
        rows = rows[rows >= 0]
        return tour_length(self.apart_cm[np.ix_(rows, rows)].astype(np.int64))


@dataclass(frozen=True, slots=True)
class Shortened:
    """A division with shorter rounds: the rounds before and after in centimetres, and the weighted sum without them, in decimetres."""

    labels: Ints
    before_cm: int
    after_cm: int
    before: Score
    after: Score


def with_short_rounds(
    district: District,
    atoms: gpd.GeoDataFrame,
    jobs: Sequence[Job],
    outcomes: Sequence[Outcome],
    weight: float,
    *,
    cores: int | None,
    progress: Progress,
) -> tuple[list[Outcome], list[Finding]]:
    """Return the outcomes with grids whose daily rounds are shorter, weighed by ``weight`` (metres of border for a metre of round), and what to tell.

    Households outside the bounds never become more, and every grid stays connected. The gap of an outcome speaks of the sum without the rounds and is
    left out; how many were proved before is told. Without streets nothing changes.
    """
    walls = walls_of(district)
    network = walking_network(district, walls=walls)
    graph = arcs(network, towards=False)
    buildings = district.buildings
    found = doors(network, buildings.index.to_numpy(dtype=object), buildings.geometry.to_numpy(), walls)
    findings: list[Finding] = []
    round_jobs = []
    for job, outcome in zip(jobs, outcomes, strict=True):
        row = buildings.index.get_indexer(atoms["source_building_id"].loc[list(job.atoms)])
        rows = np.unique(row[found.linked[row]]) if len(found) else np.empty(0, dtype=np.int64)
        if len(rows) > MOST_DOORS:
            findings.append(finding("rounds_not_weighed", job.community_id, community_id=job.community_id, value=len(rows), limit=MOST_DOORS))
            rows = rows[:0]
        apart = np.minimum(door_distances(network, graph, found.take(rows)), WIDEST_CM).astype(np.int32)
        place = np.full(len(buildings), -1, dtype=np.int64)
        place[rows] = np.arange(len(rows))
        round_jobs.append(RoundJob(job, outcome.labels, place[row], apart, weight))
    shortened: list[Shortened | None] = [None] * len(jobs)
    progress("step_rounds", 0, len(jobs))
    for number, (position, each) in enumerate(run_jobs(shorten_rounds, round_jobs, cores=cores)):
        shortened[position] = each
        progress("step_rounds", number + 1, len(jobs))
    done = [each for each in shortened if each is not None]
    findings.append(_told(done, outcomes))
    return [dataclasses.replace(outcome, labels=each.labels, gap=None) for outcome, each in zip(outcomes, done, strict=True)], findings


def _told(done: Sequence[Shortened], outcomes: Sequence[Outcome]) -> Finding:
    before_m, after_m = (round(sum(getattr(each, name) for each in done) / (CM_PER_DM * DM_PER_M)) for name in ("before_cm", "after_cm"))
    rest_m = round(sum(each.after.objective_dm - each.before.objective_dm for each in done) / DM_PER_M)
    proved = sum(outcome.gap == 0 for outcome in outcomes)
    return finding("rounds_weighed", "", value=after_m, limit=before_m, unit="m", rest=rest_m, proved=proved, communities=len(outcomes))


def shorten_rounds(round_job: RoundJob) -> Shortened:
    """Move and exchange atoms between neighbouring grids while that lowers the weighted sum with the rounds in it. Depends on its argument alone."""
    job = round_job.job
    pairs = _Pairs(round_job)
    labels = round_job.labels.copy()
    rng = np.random.default_rng(job.seed)
    changed = np.ones(int(labels.max(initial=-1)) + 1, dtype=bool)
    for _ in range(PASSES[job.effort]):
        todo = [pair for pair in _beside(job.graph, labels) if changed[list(pair)].any()]
        changed[:] = False
        for one, other in (todo[position] for position in rng.permutation(len(todo))):
            while pairs.better(labels, one, other):
                changed[[one, other]] = True
        if not changed.any():
            break
    divisions = (round_job.labels, labels)
    rounds = [sum(round_job.round_cm(np.flatnonzero(each == grid)) for grid in np.unique(each)) for each in divisions]
    scores = [score(job.graph, each, job.minimum, job.maximum, earlier=job.start) for each in divisions]
    return Shortened(labels, rounds[0], rounds[1], scores[0], scores[1])


def _beside(graph: CommunityGraph, labels: Ints) -> list[tuple[int, int]]:
    """Return the pairs of grids between which one may cross, in order."""
    one, other = labels[graph.first[graph.crossable]], labels[graph.second[graph.crossable]]
    return sorted({(int(min(a, b)), int(max(a, b))) for a, b in zip(one, other, strict=True) if a != b})


class _Pairs:
    """Tries changes between two grids of one community; it remembers the rounds that it has seen."""

    def __init__(self, round_job: RoundJob) -> None:
        self.round_job = round_job
        self.seen: dict[bytes, int] = {}

    def better(self, labels: Ints, one: int, other: int) -> bool:
        """Make the best change between two grids, in ``labels``, if any lowers the sum; return whether one did."""
        region = np.flatnonzero((labels == one) | (labels == other))
        graph, own = self.round_job.job.graph.part(region), labels[region]
        least, best = self._cost(graph, own, region), None
        outside = least[0]
        for trial in _changes(graph, own, one, other):
            if self._outside(graph, trial, one, other) > outside or not is_connected(graph, trial):
                continue
            cost = self._cost(graph, trial, region)
            if (cost[0], cost[1] + LEAST_DM) < least:
                least, best = cost, trial
        if best is not None:
            labels[region] = best
        return best is not None

    def _outside(self, graph: CommunityGraph, own: Ints, one: int, other: int) -> int:
        job, loads = self.round_job.job, (int(graph.households[own == grid].sum()) for grid in (one, other))
        return sum(max(job.minimum - load, load - job.maximum, 0) for load in loads)

    def _cost(self, graph: CommunityGraph, own: Ints, region: Ints) -> tuple[int, float]:
        job = self.round_job.job
        rest = score(graph, own, job.minimum, job.maximum, earlier=None if job.start is None else job.start[region])
        rounds = sum(self._round_cm(region[own == grid]) for grid in np.unique(own))
        return rest.violation_households, rest.objective_dm + self.round_job.weight * rounds / CM_PER_DM

    def _round_cm(self, atoms: Ints) -> int:
        key = atoms.tobytes()
        if key not in self.seen:
            self.seen[key] = self.round_job.round_cm(atoms)
        return self.seen[key]


def _changes(graph: CommunityGraph, own: Ints, one: int, other: int) -> Iterator[Ints]:
    """Yield divisions in which one atom on the common border has gone to the other grid, or two have changed places; no grid is emptied."""
    across = graph.crossable & (own[graph.first] != own[graph.second])
    border = np.unique(np.concatenate((graph.first[across], graph.second[across])))
    sides = [border[own[border] == grid] for grid in (one, other)]
    for goer, grid, stays in [(atom, other, one) for atom in sides[0]] + [(atom, one, other) for atom in sides[1]]:
        if np.count_nonzero(own == stays) > 1:
            yield _with(own, (goer,), (grid,))
    for goer in sides[0]:
        for comer in sides[1]:
            yield _with(own, (goer, comer), (other, one))


def _with(own: Ints, atoms: tuple[int, ...], grids: tuple[int, ...]) -> Ints:
    changed = own.copy()
    changed[list(atoms)] = grids
    return changed

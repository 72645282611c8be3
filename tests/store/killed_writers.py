"""Kill writers of a workspace at random moments, many times; run by test_connections.py.

``killed_writers.py WORKSPACE ROUNDS``: each round a child process changes every building again and again, telling the number of each
change once it is kept; it is killed after a random while. Then the file must be sound, hold one change whole, and not an older one than was told
last. Every other round the child makes a new workspace instead, which must be whole or absent.
"""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path

from gridmap.ground.tables import District
from gridmap.store.workspace import Workspace

LONGEST_SECONDS = 0.6


def numbered(district: District, number: int) -> District:
    return district.with_tables({"buildings": district.buildings.assign(households=number, floors=number)})


def write_for_ever(workspace: Workspace, district: District, start: int, told: int) -> None:
    number = start
    while True:
        number += 1
        workspace.write_ground(numbered(district, number), [])
        os.write(told, f"{number}\n".encode())


def make_for_ever(path: Path, district: District) -> None:
    number = 0
    while True:
        number += 1
        path.unlink(missing_ok=True)
        Workspace(path).write_ground(numbered(district, number), [])


def killed_after_a_while(work: object, chance: random.Random) -> str:
    """Run ``work(pipe)`` in a child, kill it, and return what it wrote to the pipe."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        try:
            work(write)  # type: ignore[operator]
        finally:
            os._exit(1)
    os.close(write)
    time.sleep(chance.uniform(0.0, LONGEST_SECONDS))
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), "the writer stopped by itself"
    with os.fdopen(read, encoding="utf-8") as pipe:
        return pipe.read()


def number_in(workspace: Workspace) -> int:
    """Return the number of the one change that the workspace holds; fails when it is unsound or holds two."""
    with closing(sqlite3.connect(workspace.path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("SELECT rtreecheck('rtree_buildings_geom')").fetchone() == ("ok",)
    buildings = workspace.read_district().buildings
    numbers = set(buildings["households"]) | set(buildings["floors"])
    assert len(numbers) == 1, numbers
    return int(numbers.pop())


def main(path: Path, rounds: int) -> None:
    chance = random.Random(1)
    workspace = Workspace(path)
    district = workspace.read_district()
    number = 0
    workspace.write_ground(numbered(district, number), [])
    new = path.with_name("new.gpkg")
    rolled_back = 0
    for each in range(rounds):
        if each % 2:
            killed_after_a_while(lambda _: make_for_ever(new, district), chance)
            if new.exists():
                number_in(Workspace(new))
            continue
        told = killed_after_a_while(lambda pipe, start=number: write_for_ever(workspace, district, start, pipe), chance).split()
        rolled_back += path.with_name(f"{path.name}-journal").exists()
        last = int(told[-1]) if told else number
        number = number_in(workspace)
        assert last <= number <= last + 1, (last, number)
        assert len(workspace.plans()) == 1
    # Kills that only ever fall between two changes would prove nothing.
    assert number > 0
    assert rolled_back > 0


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))

"""Networks on disk: the same as built anew, found again, and never in the way."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
import pytest
from walks import draw_walks, line

from gridmap.walking import cache
from gridmap.walking.cache import cached_network, network_fingerprint
from gridmap.walking.network import walking_network

STREETS = {"we": line((0, 0), (100, 0)), "sn": (line((50, 0.5), (50, 50)), {"name": "=北街"})}


def world(**more: Any) -> Any:
    return draw_walks({**STREETS, **more}, walls={"w": line((30, -9), (30, 9))})


@pytest.fixture
def users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache folder of the user."""
    monkeypatch.setattr(platformdirs, "user_cache_dir", lambda *_, **__: str(tmp_path / "cache"))
    return tmp_path / "cache" / "networks"


def refuse(*_: Any) -> None:
    raise AssertionError("built again")


def test_what_is_kept_is_what_was_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built = cached_network(world(), folder=tmp_path)
    monkeypatch.setattr(cache, "walking_network", refuse)
    kept = cached_network(world(), folder=tmp_path)
    for each in fields(built):
        np.testing.assert_equal(getattr(kept, each.name), getattr(built, each.name))


def encrypted(content: bytes) -> bytes:
    """The flags of the first file in the list at the end of the archive say that it is encrypted."""
    at = content.index(b"PK\x01\x02") + 8
    return content[:at] + b"\x41" + content[at + 1 :]


@pytest.mark.parametrize("damage", [lambda content: content[:100], lambda content: content[:0], lambda content: content[:2], encrypted])
def test_a_damaged_file_is_built_again(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    cached_network(world(), folder=tmp_path)
    (file,) = tmp_path.iterdir()
    file.write_bytes(damage(file.read_bytes()))
    assert cached_network(world(), folder=tmp_path).edges == 5


@pytest.mark.parametrize(
    "change",
    [
        {"a": lambda values: values + 1000},
        {"shape_at": lambda values: values * 2},
        {"component": lambda values: values - 1},
        {"length_cm": lambda values: values.astype("i8")},
        {"node_xy": lambda values: values[:-1]},
        {"street": lambda values: values[:1]},
        {"findings": lambda _: np.array("7")},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_network_that_does_not_fit_together_is_built_again(tmp_path: Path, change: dict[str, Callable[[Any], Any]]) -> None:
    """Compiled loops read where the numbers lead; the file may have come with somebody else's workspace."""
    cached_network(world(), folder=tmp_path)
    (file,) = tmp_path.iterdir()
    with np.load(file) as kept:
        arrays = {name: change.get(name, lambda values: values)(kept[name]) for name in kept.files}
    np.savez(file, **arrays)
    assert cached_network(world(), folder=tmp_path).edges == 5
    with np.load(file) as kept:
        assert kept["a"].max() < len(kept["node_xy"])


def test_a_network_without_streets_is_kept_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cached_network(draw_walks({}), folder=tmp_path)
    monkeypatch.setattr(cache, "walking_network", refuse)
    assert cached_network(draw_walks({}), folder=tmp_path).edges == 0


def test_without_a_folder_the_users_is_taken(users: Path) -> None:
    cached_network(world())
    assert [file.suffix for file in users.iterdir()] == [".npz"]


def test_where_the_folder_cannot_be_written_the_users_is_taken(tmp_path: Path, users: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    cached_network(world(), folder=tmp_path / "file")
    assert [file.suffix for file in users.iterdir()] == [".npz"]
    monkeypatch.setattr(cache, "walking_network", refuse)
    assert cached_network(world(), folder=tmp_path / "file").edges == 5


def test_what_the_user_had_is_kept_beside_the_workspace_too(tmp_path: Path, users: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cached_network(world())
    monkeypatch.setattr(cache, "walking_network", refuse)
    cached_network(world(), folder=tmp_path / "town.cache")
    assert [file.name for file in (tmp_path / "town.cache").iterdir()] == [file.name for file in users.iterdir()]


def test_where_nothing_can_be_written_it_works_all_the_same(tmp_path: Path, users: Path) -> None:
    users.parent.write_text("", encoding="utf-8")
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert cached_network(world(), folder=tmp_path / "file").edges == 5


def test_a_file_of_somebody_else_is_read_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def not_mine(*_: Any) -> None:
        raise PermissionError

    cached_network(world(), folder=tmp_path)
    monkeypatch.setattr(cache, "walking_network", refuse)
    monkeypatch.setattr(Path, "touch", not_mine)
    assert cached_network(world(), folder=tmp_path).edges == 5


def test_another_street_is_another_network() -> None:
    assert network_fingerprint(world()) == network_fingerprint(world())
    changed = [world(more=line((0, 9), (9, 9))), world(we=line((0, 0), (100, 1))), world(we=(line((0, 0), (100, 0)), {"layer": 1}))]
    assert len({network_fingerprint(each) for each in [world(), *changed]}) == 4


def test_only_the_last_networks_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "KEPT_BESIDE", 1)
    cached_network(world(), folder=tmp_path)
    cached_network(world(more=line((0, 9), (9, 9))), folder=tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == [f"{network_fingerprint(world(more=line((0, 9), (9, 9))))}.npz"]


def test_what_killed_processes_left_is_removed_in_time(tmp_path: Path) -> None:
    old, new = tmp_path / "old.tmp", tmp_path / "new.tmp"
    for file in (old, new):
        file.write_bytes(b"PK")
    os.utime(old, (1e9, 1e9))
    cached_network(world(), folder=tmp_path)
    assert (old.exists(), new.exists()) == (False, True)


def test_several_at_once_are_no_hindrance_to_each_other(tmp_path: Path) -> None:
    worlds = [world(more=line((0, number), (9, number))) for number in range(8)]
    with ThreadPoolExecutor(8) as threads:
        edges = list(threads.map(lambda each: cached_network(each, folder=tmp_path).edges, worlds * 3))
    assert edges == [walking_network(each).edges for each in worlds] * 3
    assert not list(tmp_path.glob("*.tmp"))

"""Networks on disk: the same as built anew, found again, and never in the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from walks import draw_walks, line

from gridmap.walking import cache
from gridmap.walking.cache import cached_network, network_fingerprint

STREETS = {"we": line((0, 0), (100, 0)), "sn": (line((50, 0.5), (50, 50)), {"name": "=北街"})}


def world(**more: Any) -> Any:
    return draw_walks({**STREETS, **more}, walls={"w": line((30, -9), (30, 9))})


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


def test_where_nothing_can_be_written_it_works_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert cached_network(world(), folder=tmp_path / "file").edges == 5


def test_another_street_is_another_network() -> None:
    assert network_fingerprint(world()) == network_fingerprint(world())
    changed = [world(more=line((0, 9), (9, 9))), world(we=line((0, 0), (100, 1))), world(we=(line((0, 0), (100, 0)), {"layer": 1}))]
    assert len({network_fingerprint(each) for each in [world(), *changed]}) == 4


def test_only_the_last_networks_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "KEPT", 1)
    cached_network(world(), folder=tmp_path)
    cached_network(world(more=line((0, 9), (9, 9))), folder=tmp_path)
    assert len(list(tmp_path.iterdir())) == 1

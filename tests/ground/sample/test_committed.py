"""The small district that comes with the repository."""

from __future__ import annotations

from pathlib import Path

import pytest

from gridmap.ground.tables import TABLES, District
from gridmap.rules import load_rules
from gridmap.store.workspace import Workspace

BYTES_MOST = 3_000_000


@pytest.fixture
def folder(root: Path) -> Path:
    return root / "data" / "geo"


@pytest.mark.slow
def test_it_is_what_the_generator_makes(folder: Path, small: District) -> None:
    committed = Workspace(folder / "sample.gpkg").read_district()
    assert committed.fingerprint() == small.fingerprint()
    for name in TABLES:
        assert len(getattr(committed, name)) == len(getattr(small, name))


def test_it_is_small(folder: Path) -> None:
    assert (folder / "sample.gpkg").stat().st_size < BYTES_MOST


def test_its_rules_can_be_read(folder: Path) -> None:
    assert load_rules(str(folder / "rules.toml")).grid.households_min == 250


def test_its_readme_tells_origin_and_licence(folder: Path) -> None:
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert "made up" in text
    assert "CC0" in text

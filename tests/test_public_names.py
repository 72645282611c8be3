"""The public list is what the package exposes, no more and no less."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import gridmap

ROOT = Path(__file__).resolve().parent.parent


def typed_names() -> dict[str, str]:
    """Return the names that type checkers see, each with its module."""
    tree = ast.parse((ROOT / "gridmap" / "__init__.py").read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    return {alias.asname or alias.name: str(node.module) for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names}


def test_type_checkers_see_the_same_names() -> None:
    assert typed_names() == gridmap._MODULE_OF


@pytest.mark.parametrize("name", gridmap.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(gridmap, name).__name__ == name


def test_every_public_name_is_listed_by_dir() -> None:
    assert set(gridmap.__all__) <= set(dir(gridmap))


def test_another_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        gridmap.nonsense  # noqa: B018


def test_every_public_name_is_a_function_or_class_of_ours() -> None:
    assert [name for name in gridmap.__all__ if not getattr(gridmap, name).__module__.startswith("gridmap")] == []

"""What is compiled is neither stale nor leaky."""

from __future__ import annotations

import ast
import os
from pathlib import Path

import pytest

import gridmap
from gridmap.kernels import forget_stale

PACKAGE = Path(gridmap.__file__).parent


@pytest.mark.parametrize(("source_s", "kept"), [(100, True), (300, False)])
def test_machine_code_older_than_a_source_with_kernels_is_forgotten(tmp_path: Path, source_s: int, kept: bool) -> None:
    source, code = tmp_path / "moves.py", tmp_path / "deeper" / "__pycache__" / "cuts.nbi"
    code.parent.mkdir(parents=True)
    source.write_text("from gridmap.kernels import kernel", encoding="utf-8")
    code.touch()
    os.utime(code, (200, 200))
    os.utime(source, (source_s, source_s))
    forget_stale(tmp_path)
    assert code.exists() == kept


def test_a_newer_source_without_kernels_makes_nothing_stale(tmp_path: Path) -> None:
    code = tmp_path / "__pycache__" / "cuts.nbi"
    code.parent.mkdir()
    code.touch()
    os.utime(code, (200, 200))
    (tmp_path / "texts.py").write_text("", encoding="utf-8")
    forget_stale(tmp_path)
    assert code.exists()


def _kernels(tree: ast.Module, decorator: str) -> list[ast.FunctionDef]:
    functions = [each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef)]
    return [each for each in functions if any(isinstance(mark, ast.Name) and mark.id == decorator for mark in each.decorator_list)]


MAKERS = {"empty", "empty_like", "zeros", "zeros_like", "full", "ones", "concatenate", "array", "arange", "argsort", "copy"}
SCALARS = {"int", "float", "bool", "None"}


def _may_return_an_array(kernel: ast.FunctionDef) -> bool:
    makes = any(isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in MAKERS for call in ast.walk(kernel))
    told = "" if kernel.returns is None else ast.unparse(kernel.returns)
    return makes and not set(told.removeprefix("tuple[").removesuffix("]").split(", ")) <= SCALARS


def test_no_lean_kernel_gets_an_array_from_another_kernel() -> None:
    """It would never be freed."""
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in PACKAGE.rglob("*.py")}
    makers = {each.name for tree in trees.values() for each in _kernels(tree, "kernel") if _may_return_an_array(each)}
    leaks = [
        f"{path.relative_to(PACKAGE)}: {each.name} calls {call.func.id}"
        for path, tree in trees.items()
        for each in _kernels(tree, "lean_kernel")
        for call in ast.walk(each)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in makers
    ]
    assert makers
    assert not leaks

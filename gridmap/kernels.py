"""Compiled inner loops: two decorators, so that every kernel is typed, cached on disk and free of the interpreter's lock."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar, cast

import numba

Kernel = TypeVar("Kernel", bound=Callable[..., object])


def kernel(function: Kernel) -> Kernel:
    """Compile ``function`` with numba when it is first called and keep the machine code on disk for the next process."""
    # Said outright, since a kernel that is compiled for a lean one would be lean too.
    return cast(Kernel, numba.njit(cache=True, nogil=True, no_cfunc_wrapper=True, _nrt=True)(function))


def lean_kernel(function: Kernel) -> Kernel:
    """The same for one that makes no array: it does not count the references to those that it is given.

    Where kernels hand many arrays to each other the counting takes a quarter of their time. numba refuses to compile a lean kernel that makes an
    array; one that got a new array from another kernel would never free it.
    """
    return cast(Kernel, numba.njit(cache=True, nogil=True, no_cfunc_wrapper=True, _nrt=False)(function))


def forget_stale(package: Path) -> None:
    """Remove machine code that is older than any source with kernels.

    numba compiles a kernel anew when its own file has changed, but not when another kernel that it calls has: it would go on with both, and crash.
    """
    sources = [each for each in package.rglob("*.py") if b"gridmap.kernels" in each.read_bytes()]
    newest = max((each.stat().st_mtime for each in sources), default=0.0)
    for code in package.rglob("__pycache__/*.nbi"):
        with contextlib.suppress(OSError):  # another process may have removed it, or may keep it open
            if code.stat().st_mtime < newest:
                code.unlink()


forget_stale(Path(__file__).parent)

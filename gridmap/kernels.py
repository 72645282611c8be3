"""Compiled inner loops: one decorator, so that every kernel is typed, cached on disk and free of the interpreter's lock."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import numba

Kernel = TypeVar("Kernel", bound=Callable[..., object])


def kernel(function: Kernel) -> Kernel:
    """Compile ``function`` with numba when it is first called and keep the machine code on disk for the next process."""
    return cast(Kernel, numba.njit(cache=True, nogil=True)(function))

"""Compiled inner loops: two decorators, so that every kernel is typed, cached on disk and free of the interpreter's lock."""

from __future__ import annotations

from collections.abc import Callable
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
    array, or gets a new one from another kernel.
    """
    return cast(Kernel, numba.njit(cache=True, nogil=True, no_cfunc_wrapper=True, _nrt=False)(function))

"""What every test may use."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).resolve().parent.parent

# A deadline for one example tells more of what else the machine does than of the code. A test that says nothing of the number of its examples gets
# 50; in the quick part of the suite every law is tried on few.
QUICK_EXAMPLES = 10
settings.register_profile("all", deadline=None, max_examples=50)
settings.register_profile("quick", deadline=None, max_examples=QUICK_EXAMPLES)

# A test that keeps all logs would have numba write a line for every step of compiling.
logging.getLogger("numba").setLevel(logging.WARNING)


def is_quick(config: pytest.Config) -> bool:
    return bool(config.option.markexpr == "not slow")


def pytest_configure(config: pytest.Config) -> None:
    settings.load_profile("quick" if is_quick(config) else "all")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the files with slow tests first: one of them begun last would keep a worker busy when the others have nothing left to do."""
    if is_quick(config):
        for function in {item.obj for item in items if isinstance(item, pytest.Function)}:
            _try_few_examples(function)
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


def _try_few_examples(test: object) -> None:
    """Let a law that says its own number of examples be tried on few of them."""
    own = getattr(test, "_hypothesis_internal_use_settings", None)
    if own is not None and own.max_examples > QUICK_EXAMPLES:
        test._hypothesis_internal_use_settings = settings(own, max_examples=QUICK_EXAMPLES)  # type: ignore[attr-defined]


def data_folder() -> Path | None:
    """Return the folder of real input files: ``GRIDMAP_SHARED_DATA``, else ``../shared/data`` beside the repository; None when neither is there."""
    named = os.environ.get("GRIDMAP_SHARED_DATA")
    folder = Path(named) if named else ROOT.parent / "shared" / "data"
    return folder if folder.is_dir() else None


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real input files; without it the tests on real input are skipped."""
    folder = data_folder()
    if folder is None:
        pytest.skip("no real input files: set GRIDMAP_SHARED_DATA to their folder")
    return folder


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def python() -> list[str]:
    """The command that starts this Python anew, warnings being errors there too."""
    return [sys.executable, "-W", "error"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A real browser, started for the module that asks for it."""
    from browsing import launched

    with launched() as started:
        yield started

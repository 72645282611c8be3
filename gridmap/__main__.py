"""The start of ``gridmap`` and ``python -m gridmap``: what runs before anything takes time to load."""

from __future__ import annotations

import os
import signal
from types import FrameType
from typing import NoReturn

from gridmap.system import INTERRUPTED


def main() -> NoReturn:
    """Load the command line and run it. Ctrl-C ends the program at once and without a word while it loads: nothing has been begun."""
    signal.signal(signal.SIGINT, _leave)
    from gridmap.cli import main as run

    run()


def _leave(_number: int, _frame: FrameType | None) -> None:
    os._exit(INTERRUPTED)


if __name__ == "__main__":
    main()

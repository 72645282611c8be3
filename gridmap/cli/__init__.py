"""The command line: ``gridmap COMMAND WORKSPACE ...``.

Exit codes: 0 done; 1 failed, with one sentence; 2 the command line cannot be parsed; 3 done, but findings of severity error remain.
Heavy libraries are imported inside the commands, so that ``gridmap --help`` answers at once.
"""

from gridmap.cli.main import main

__all__ = ["main"]

"""Run the commands shown in getting-started and put their real output beneath them.

::

    python docs/outputs.py

A block ```` ```console 8 ```` keeps at most 8 lines of the output of each command. Everything happens in a temporary folder.
"""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import tempfile
from pathlib import Path

from gridmap.cli.main import run

HERE = Path(__file__).resolve().parent
PAGES = {"getting-started.zh.md": "zh", "getting-started.md": "en"}
BLOCK = re.compile(r"^```console (\d+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def filled(page: str, language: str) -> str:
    """Return the page with the output of its commands; they run in the current folder."""

    def fill(block: re.Match[str]) -> str:
        longest = int(block[1])
        lines = []
        for command in (line for line in block[2].splitlines() if line.startswith("$ ")):
            lines += [command, *shown(command.removeprefix("$ gridmap "), language, longest)]
        return "\n".join([f"```console {longest}", *lines, "```"])

    return BLOCK.sub(fill, page)


def shown(command: str, language: str, longest: int) -> list[str]:
    """Run one command and return what it says, cut after ``longest`` lines."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        run([*shlex.split(command), "--lang", language])
    lines = [line.rstrip() for line in said.getvalue().splitlines()]
    return lines if len(lines) <= longest else [*lines[:longest], "..."]


def main() -> None:
    """Fill every page."""
    for name, language in PAGES.items():
        path = HERE / name
        page = path.read_text(encoding="utf-8")
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
            page = filled(page, language)
        path.write_text(page, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()

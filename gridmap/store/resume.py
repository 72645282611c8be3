"""What an interrupted run has finished, kept outside the workspace until the run is complete."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any

import platformdirs


class Finished(MutableMapping[str, dict[str, Any]]):
    """Finished communities by the key of their problem, each kept on disk as soon as it is there.

    One line a community is added to a file in the user's cache folder. A line that a killed process left half written is passed over.
    ``known=False`` begins anew and forgets what an earlier run left. Where the file cannot be written the work goes on without it, and
    ``refused`` says why.
    """

    refused: OSError | None = None

    def __init__(self, workspace: Path, *, known: bool) -> None:
        name = hashlib.sha256(str(workspace.resolve()).encode()).hexdigest()[:16]
        self._file = Path(platformdirs.user_cache_dir("gridmap", appauthor=False)) / "unfinished" / f"{name}.jsonl"
        if not known:
            self.forget()
        self._results = dict(_lines(self._file))

    def forget(self) -> None:
        """Delete the file: the run is complete, or what it held is not wanted."""
        with self._tried():
            self._file.unlink(missing_ok=True)

    def __getitem__(self, key: str) -> dict[str, Any]:
        return self._results[key]

    def __setitem__(self, key: str, outcome: dict[str, Any]) -> None:
        if self._results.get(key) == outcome:
            return
        self._results[key] = outcome
        with self._tried():
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._file.open("a", encoding="utf-8") as file:
                file.write(json.dumps([key, outcome]) + "\n")

    @contextlib.contextmanager
    def _tried(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.refused = error

    def __delitem__(self, key: str) -> None:
        raise TypeError("what is finished stays finished")

    def __iter__(self) -> Iterator[str]:
        return iter(self._results)

    def __len__(self) -> int:
        return len(self._results)


def _lines(file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    if not file.exists():
        return
    for line in file.read_text(encoding="utf-8").splitlines():
        try:
            key, outcome = json.loads(line)
        except ValueError:
            continue
        yield key, outcome

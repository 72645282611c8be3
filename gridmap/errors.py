"""What can go wrong, as one tree.

::

    GridmapError
    ├── InputError (ValueError)       a file or table cannot be read or used; carries every fault that was found
    ├── RequestError (ValueError)     the request makes no sense: min > max, an unknown plan or profile
    └── WorkspaceError (OSError)      the workspace cannot be read or written: missing, locked, read-only, disk full

A broken rule of the ordinance is not an error but a :class:`gridmap.findings.Finding`. Every message comes from the catalogues, says what
was expected, what came, where, and what to do, and can be had in both languages.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gridmap.texts import Language, Word, in_a_row, render, user_language

if TYPE_CHECKING:
    from gridmap.findings import Finding


class GridmapError(Exception):
    """Any failure that gridmap foresees; ``code`` names its text in the catalogues and ``words`` fills it in."""

    def __init__(self, code: str, /, *, findings: Sequence[Finding] = (), **words: Word) -> None:
        self.code = code
        self.words = words
        self.findings = tuple(findings)
        super().__init__(code, words)

    def sentence(self, language: Language, *, page: bool = False) -> str:
        """Return the sentence for people, what to do included, without the faults; ``page``: on a page of the server, not at the command line."""
        todo = render(self.code, language, self.words, part="todo_on_page" if page else "todo")
        return in_a_row([render(self.code, language, self.words), todo], language)

    def text(self, language: Language, *, page: bool = False) -> str:
        """Return the sentence for people, then one line for each fault."""
        return "\n".join([self.sentence(language, page=page), *(f"  {finding.text(language, page=page)}" for finding in self.findings)])

    def __str__(self) -> str:
        return self.text(user_language())

    def __reduce__(self) -> tuple[object, ...]:
        # Errors cross process borders when communities are planned on several cores; keyword arguments need help to survive it.
        return _rebuild, (type(self), self.code, self.findings, self.words)


def _rebuild(kind: type[GridmapError], code: str, findings: Sequence[Finding], words: dict[str, Word]) -> GridmapError:
    return kind(code, findings=findings, **words)


class InputError(GridmapError, ValueError):
    """A file or table cannot be read or used; ``findings`` holds every fault of it at once."""


class RequestError(GridmapError, ValueError):
    """The request makes no sense, whatever the data: a minimum above the maximum, a plan or profile that does not exist."""


class WorkspaceError(GridmapError, OSError):
    """The workspace cannot be read or written: it is missing, locked by another program, read-only, or the disk is full."""

"""Texts for people, in Chinese and English, from catalogues.

A catalogue is a TOML file in this folder. Each entry has a code and holds both languages side by side, so that no translation can be
forgotten: ``zh`` and ``en`` say what is the case, the optional ``todo_zh`` and ``todo_en`` say what to do about it, and ``severity``
is how much it matters when the text stands in a finding. Where ``todo`` speaks of the command line, ``todo_on_page`` names the text that says
what to do on the pages of the server.

Where a word depends on a number, a gap holds both forms, for one and for any other number, and ``#`` stands for the number:
``{value:# grid is|# grids are} new``. A gap such as ``{kind:word}`` shows the word for a code of ours (``river``: 河流), from ``words.toml``.
"""

from __future__ import annotations

import functools
import locale
import os
import tomllib
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Literal

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")
Word = str | int | float | bool | None

LONGEST_WORD = 500
"""A sentence shows at most so many characters of a name, a value or a list; what is longer is no name but a slip."""


@functools.cache
def catalogue() -> Mapping[str, Mapping[str, str]]:
    """Return every entry of every catalogue by its code.

    Raises ``KeyError`` when two catalogues define the same code: that is a mistake in the package, not in anybody's data.
    """
    entries: dict[str, Mapping[str, str]] = {}
    for file in sorted(resources.files(__name__).iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".toml"):
            for code, entry in tomllib.loads(file.read_text(encoding="utf-8")).items():
                if code in entries:
                    raise KeyError(f"text {code!r} is defined twice, the second time in {file.name}")
                entries[code] = entry
    return entries


def user_language() -> Language:
    """Return the language of the user: ``GRIDMAP_LANG``, else the locale, else English.

    On Windows, where no locale variable is set, the system's own language decides.
    """
    for variable in ("GRIDMAP_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(variable)
        if value:
            return "zh" if value.lower().startswith("zh") else "en"
    name = locale.getlocale()[0] or ""
    return "zh" if name.lower().startswith(("zh", "chinese")) else "en"


Part = Literal["text", "todo", "todo_on_page"]


def render(code: str, language: Language, words: Mapping[str, Word], *, part: Part = "text") -> str:
    """Return the text of ``code`` in ``language`` with ``words`` filled in; an entry without a ``todo`` gives an empty string.

    ``todo`` is what to do at the command line, ``todo_on_page`` on a page of the server.

    >>> render("plan_unknown", "en", {"plan": "north", "plans": "first, second"})
    'There is no plan "north" in this workspace; its plans are: first, second.'
    >>> render("cli_findings_counted", "en", {"errors": 1, "warnings": 0, "infos": 2})
    '1 error, 0 warnings, 2 notes.'
    >>> render("barrier_kind_by_name", "zh", {"value": "river"})
    '没有种类列；已按文件名当作河流。'
    """
    entry = catalogue()[code]
    if part == "todo_on_page" and part in entry:
        entry, part = catalogue()[entry[part]], "text"
    template = entry[language] if part == "text" else entry.get(f"todo_{language}", "")
    return template.format_map({name: _Gap(word, language) for name, word in words.items()})


def in_a_row(sentences: Sequence[str], language: Language) -> str:
    """Return sentences one after the other, empty ones left out; Chinese puts no blank between them.

    >>> in_a_row(["It is open.", "", "Close it."], "en"), in_a_row(["没有关。", "请关闭。"], "zh")
    ('It is open. Close it.', '没有关。请关闭。')
    """
    return ("" if language == "zh" else " ").join(sentence for sentence in sentences if sentence)


def one_line(text: str, *, longest: int = LONGEST_WORD) -> str:
    """Return ``text`` without line breaks and signs that command a terminal, cut at ``longest`` characters: names come from anybody's files.

    >>> one_line("first\\nsecond"), one_line("far too long", longest=8)
    ('first second', 'far too…')
    """
    plain = "".join(character if character.isprintable() else " " for character in text[: longest + 1])
    return plain if len(plain) <= longest else plain[: longest - 1].rstrip() + "…"


class _Gap:
    """What fills a gap of a text; see the top of this module for gaps that hold more than a name."""

    def __init__(self, word: Word, language: Language) -> None:
        self._word = word
        self._language = language

    def __format__(self, forms: str) -> str:
        if not forms:
            return _shown(self._word)
        if forms == "word":
            return catalogue().get(f"word_{self._word}", {}).get(self._language) or _shown(self._word)
        one, _, many = forms.partition("|")
        return (one if self._word == 1 else many).replace("#", _shown(self._word))


def _shown(word: Word) -> str:
    """Show whole floats without a decimal point and other floats with at most three digits after it."""
    if isinstance(word, float):
        return f"{word:.3f}".rstrip("0").rstrip(".")
    return "—" if word is None else one_line(str(word))

"""The catalogues: complete in both languages, every text used, every code that the code names there."""

from __future__ import annotations

import ast
import functools
import re
import string
import tomllib
from collections.abc import Callable
from pathlib import Path

from gridmap.findings import SEVERITIES
from gridmap.ground.tables import BARRIER_KINDS, STREET_CLASSES, TABLES
from gridmap.texts import Word, catalogue, render

ROOT = Path(__file__).resolve().parent.parent
CATALOGUES = sorted((ROOT / "gridmap" / "texts").glob("*.toml"))
FILES = [path for folder in ("gridmap", "web") for path in sorted((ROOT / folder).rglob("*")) if "assets" not in path.parts]
SOURCES = [path for path in FILES if path.suffix in (".py", ".js", ".html")]
ENTRIES = [(path.name, code, entry) for path in CATALOGUES for code, entry in tomllib.loads(path.read_text(encoding="utf-8")).items()]
KEYS = {"zh", "en", "todo_zh", "todo_en", "todo_on_page", "severity"}
ERRORS = {"InputError", "RequestError", "WorkspaceError", "GridmapError"}


def gaps(text: str) -> set[str]:
    """Return what a text mentions; ``side_zh`` and ``side_en`` are one word in two languages."""
    names = [re.split(r"[.\[]", name)[0] for _, name, _, _ in string.Formatter().parse(text) if name is not None]
    return {name.removesuffix("_zh").removesuffix("_en") for name in names}


@functools.cache
def named_codes() -> list[tuple[str, str, str]]:
    """Return every code that the code names outright: file, what it is handed to, code."""
    found = []
    for path in SOURCES:
        if path.suffix == ".py":
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str):
                    taker = ast.unparse(node.func).rpartition(".")[2]
                    if taker in {"finding", "progress", "render", *ERRORS}:
                        found.append((path.relative_to(ROOT).as_posix(), taker, node.args[0].value))
    return found


def wrong_entries(is_right: Callable[[dict[str, str]], bool]) -> list[str]:
    return [f"{file}: {code}" for file, code, entry in ENTRIES if not is_right(entry)]


def test_both_languages_are_there() -> None:
    assert wrong_entries(lambda entry: {"zh", "en"} <= set(entry) and ("todo_zh" in entry) == ("todo_en" in entry)) == []


def test_no_text_is_empty() -> None:
    assert wrong_entries(lambda entry: all(text.strip() for text in entry.values())) == []


def test_keys_are_known() -> None:
    assert wrong_entries(lambda entry: set(entry) <= KEYS and entry.get("severity", "error") in SEVERITIES) == []


def test_gaps_are_the_same_in_both_languages() -> None:
    assert wrong_entries(lambda entry: all(gaps(entry.get(f"{part}zh", "")) == gaps(entry.get(f"{part}en", "")) for part in ("", "todo_"))) == []


TERMINAL = re.compile(r"--[a-z]|\bgridmap [a-z]")
"""An option or a command of the command line."""


def test_pages_name_no_option() -> None:
    """What speaks of the command line points to what to do on a page of the server, a text without gaps that does not."""
    wrong = wrong_entries(lambda entry: "todo_on_page" in entry or not TERMINAL.search(entry.get("todo_zh", "") + entry.get("todo_en", "")))
    assert [each for each in wrong if not each.startswith("cli.toml")] == []
    for target in {entry["todo_on_page"] for _, _, entry in ENTRIES if "todo_on_page" in entry}:
        assert not any(TERMINAL.search(catalogue()[target][language]) or gaps(catalogue()[target][language]) for language in ("zh", "en"))


def test_no_two_files_define_one_code() -> None:
    assert len(catalogue()) == len(ENTRIES)


def test_every_code_named_is_in_a_catalogue() -> None:
    assert sorted({f"{file}: {code}" for file, _, code in named_codes() if code not in catalogue()}) == []


def test_every_finding_has_a_severity() -> None:
    assert [f"{file}: {code}" for file, taker, code in named_codes() if taker == "finding" and "severity" not in catalogue().get(code, {})] == []


def test_every_text_is_used() -> None:
    sources = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES)
    words = set(re.findall(r"\b[a-z][a-z0-9_]*\b", sources)) | {entry.get("todo_on_page", "") for _, _, entry in ENTRIES}
    # Codes put together: from a fixed beginning as in f"cli_help_{command}", or from a code and an ending as in f"{code}_closed" or += "_closed".
    beginnings = tuple(re.findall(r"""f["']([a-z][a-z0-9_]+_)\{""", sources))
    # The same in our scripts: `start_plans_${column}`.
    beginnings += tuple(re.findall(r"`([a-z][a-z0-9_]+_)\$\{", sources))
    # And in our templates: say("account_" ~ name).
    beginnings += tuple(re.findall(r"""["']([a-z][a-z0-9_]+_)["'] ~""", sources))
    endings = set(re.findall(r"""(?:f["']\{\w+\}|\+= ["'])(_[a-z0-9_]+)["']""", sources))

    def is_used(code: str) -> bool:
        return code in words or code.startswith(beginnings) or any(code.endswith(end) and code.removesuffix(end) in words for end in endings)

    assert [f"{file}: {code}" for file, code, _ in ENTRIES if not is_used(code)] == []


def test_nobody_is_told_to_open_a_way() -> None:
    """A planner cannot open a crossing; he can add one that is there to the streets."""
    assert wrong_entries(lambda entry: not any(word in text for text in entry.values() for word in ("open a crossing", "打通"))) == []


PLURALS = (
    "areas|buildings|cells|communities|defects|errors|files|formulas|gaps|gates|grids|households|kinds|lines|notes|others|parts|pieces|places|points"
    "|rows|shapes|stairwells|streets|texts|things|venues|warnings|ways"
)


def test_one_is_no_plural() -> None:
    """Every gap holds a 1: then no plural may follow it."""
    wrong = re.compile(rf"(?<![\w.,-])1 (?:(?:kept|more|ordinary|present|separate|such) )?(?:{PLURALS})\b")
    found = []
    for file, code, entry in ENTRIES:
        # Texts of the map are filled in by the page itself; bounds are two numbers, a group has several members.
        words: dict[str, Word] = {name: 300 if name in ("bounds", "maximum", "number") else 1 for name in names_in(entry["en"])}
        if not code.startswith("map_") and wrong.search(render(code, "en", words)):
            found.append(f"{file}: {code}: {render(code, 'en', words)}")
    assert found == []


def names_in(text: str) -> list[str]:
    return [name for _, name, _, _ in string.Formatter().parse(text) if name]


def test_both_forms_of_a_gap() -> None:
    """A gap with forms has two of them, and only English has any: Chinese words do not change with numbers."""
    forms = [
        (code, key, spec)
        for _, code, entry in ENTRIES
        for key in KEYS & set(entry)
        for _, _, spec, _ in string.Formatter().parse(entry[key])
        if spec not in ("", None, "word")
    ]
    assert [each for each in forms if each[2].count("|") != 1 or each[1] not in ("en", "todo_en")] == []


def test_words_for_all_that_tables_may_hold() -> None:
    assert [each for each in (*TABLES, *STREET_CLASSES, *BARRIER_KINDS) if f"word_{each}" not in catalogue()] == []

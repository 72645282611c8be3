"""The documents: complete, true, in both languages, and every example in them runs."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import re
import shlex
import shutil
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from types import ModuleType
from typing import Any, get_type_hints

import click
import pytest

import gridmap
from gridmap.cli.main import application, run
from gridmap.ground.fields import FIELD_NAMES
from gridmap.ground.tables import TABLES
from gridmap.rules import NAMED_SECTIONS, SECTIONS, Rules
from gridmap.texts import catalogue

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "README.zh.md", ROOT / "CHANGELOG.md", *sorted(DOCS.glob("*.md"))]
IN_ENGLISH_ONLY = ("CHANGELOG.md", "design.md")
TWINS = [(path, path.with_suffix(".zh.md")) for path in PAGES if path.name not in IN_ENGLISH_ONLY and not path.name.endswith(".zh.md")]
BLOCK = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", re.DOTALL | re.MULTILINE)
NO_WHOLE_LINE = re.compile(r"gridmap [\w-]+( --\w+)?|gridmap (COMMAND|命令) .*|.*\[\.\.\.\]")
"""What sentences say of commands without giving the whole line."""
LARGEST_PICTURE_BYTES = 300_000
ENGLISH = {"社区": "communities", "楼栋": "buildings", "道路": "streets", "屏障": "barriers", "场所": "venues", "台账": "ledger", "网格": "grids"}
DONE = (0, 3)


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def both(page: str) -> tuple[str, str]:
    """Return a page of docs/ in both languages."""
    return read(DOCS / f"{page}.md"), read(DOCS / f"{page}.zh.md")


def blocks(path: Path, language: str) -> list[str]:
    return [text for kind, text in BLOCK.findall(read(path)) if kind == language]


def headings(path: Path) -> list[int]:
    """Return the depth of each heading, those inside examples left out."""
    return [len(signs) for signs in re.findall(r"^(#+) ", BLOCK.sub("", read(path)), re.MULTILINE)]


def command_lines(path: Path) -> list[str]:
    """Return every command line shown, in blocks and within sentences."""
    text = read(path)
    lines = [line.removeprefix("$ ") for _, block in BLOCK.findall(text) for line in block.splitlines()]
    quoted = [line for line in re.findall(r"`(gridmap [^`]*)`", BLOCK.sub("", text)) if not NO_WHOLE_LINE.fullmatch(line)]
    return [line for line in [*lines, *quoted] if line.startswith("gridmap ")]


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"docs_{name}", DOCS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# --- complete ---------------------------------------------------------------------------------------------------------------------------


def test_pages_made_from_the_code_are_up_to_date() -> None:
    behind = [name for name, text in load("generate").pages().items() if read(DOCS / name) != text]
    assert behind == [], "run: python docs/generate.py"


def test_every_command_has_its_section() -> None:
    assert [name for name in application.commands for page in both("command-line") if f"## gridmap {name}\n" not in page] == []


def test_every_option_of_the_help_is_told() -> None:
    options = {name for command in application.commands.values() for each in command.params if isinstance(each, click.Option) for name in each.opts}
    assert [name for name in sorted(options) for page in both("command-line") if f"`{name}" not in page] == []


def test_every_column_is_told() -> None:
    ours = [f"{name}.{column}" for name, table in TABLES.items() for column in (table.index, *(each.name for each in table.columns))]
    known = [f"{table}.{column}" for table, columns in FIELD_NAMES.items() for column in columns]
    assert [name for name in {*ours, *known} for page in both("files-and-columns") if f"`{name}`" not in page] == []


def test_every_recognised_name_is_told() -> None:
    names = {word for columns in FIELD_NAMES.values() for text in columns.values() for word in text.split()}
    assert [name for name in sorted(names) for page in both("files-and-columns") if name not in page] == []


def test_every_key_of_the_rules_is_told() -> None:
    kinds: list[Any] = [get_type_hints(Rules)[name] for name in SECTIONS] + list(NAMED_SECTIONS.values())
    keys = {each.name for kind in kinds for each in fields(kind)} | {"extends"}
    assert [key for key in sorted(keys) for page in both("rules") if f"`{key}`" not in page] == []


def test_every_profile_is_told() -> None:
    assert [name for name in gridmap.profile_names() for page in both("rules") if f"`{name}`" not in page] == []


def test_every_finding_is_told() -> None:
    codes = [code for code, entry in catalogue().items() if "severity" in entry]
    assert [code for code in codes for page in both("findings") if f"`{code}`" not in page] == []


def test_every_error_and_warning_says_what_to_do() -> None:
    grave = {code: entry for code, entry in catalogue().items() if entry.get("severity") in ("error", "warning")}
    assert [code for code, entry in grave.items() if "todo_zh" not in entry] == []


def test_every_public_name_is_told() -> None:
    text = read(DOCS / "design.md")
    assert [name for name in gridmap.__all__ if f"`gridmap.{name}`" not in text] == []


def test_every_document_is_listed_in_both_readmes() -> None:
    english, chinese = read(ROOT / "README.md"), read(ROOT / "README.zh.md")
    assert [path.name for path, _ in TWINS if path.parent == DOCS and f"(docs/{path.name})" not in english] == []
    assert [twin.name for path, twin in TWINS if path.parent == DOCS and f"(docs/{twin.name})" not in chinese] == []


# --- true -------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_links_lead_somewhere(path: Path) -> None:
    targets = [target for target in re.findall(r"\]\(([^)#]+)", BLOCK.sub("", read(path))) if "://" not in target]
    assert [target for target in targets if not (path.parent / target).exists()] == []


def test_the_map_of_the_folders_is_true() -> None:
    folders = [name for path in PAGES[:2] for name in re.findall(r"`((?:[a-z]+/)+)`", read(path))]
    assert [name for name in folders if not (ROOT / name).is_dir() and not (ROOT / "gridmap" / "ground" / name).is_dir()] == []


def test_pictures_are_small() -> None:
    assert [path.name for path in (DOCS / "pictures").iterdir() if path.stat().st_size > LARGEST_PICTURE_BYTES] == []


@pytest.mark.parametrize(("path", "twin"), TWINS, ids=[name_of(path) for path, _ in TWINS])
def test_both_languages_have_the_same_sections_and_examples(path: Path, twin: Path) -> None:
    assert headings(path) == headings(twin)
    assert [kind for kind, _ in BLOCK.findall(read(path))] == [kind for kind, _ in BLOCK.findall(read(twin))]


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_every_command_line_parses(path: Path) -> None:
    for line in command_lines(path):
        words = shlex.split(line, comments=True)[1:]
        if "..." not in words and words[:1] != ["--help"]:
            command = application.commands[words[0]]
            command.make_context(words[0], words[1:]).close()


@pytest.mark.parametrize("path", [path for path in PAGES if path.name.startswith("rules")], ids=name_of)
def test_the_example_of_rules_is_a_profile(path: Path, tmp_path: Path) -> None:
    (example,) = blocks(path, "toml")
    (tmp_path / "ours.toml").write_text(example, encoding="utf-8")
    grid: Mapping[str, Any] = tomllib.loads(example)["grid"]
    assert gridmap.load_rules(str(tmp_path / "ours.toml")).grid.households_max == grid["households_max"]


# --- examples that run ----------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An office's files under Chinese and English names, and its present grids: one for each community."""
    folder = tmp_path_factory.mktemp("office")
    with contextlib.redirect_stdout(io.StringIO()):
        assert run(["sample", str(folder / "made-up.gpkg"), "--office", str(folder), "--households", "900"]) in DONE
    buildings = gridmap.Workspace(folder / "made-up.gpkg").read_district().buildings
    rows = [f"{building},{community}-1" for building, community in buildings["community_id"].items()]
    (folder / "网格.csv").write_text("\n".join(["楼栋编号,网格编号", *rows]), encoding="utf-8")
    for path in [path for path in folder.iterdir() if path.stem in ENGLISH]:
        shutil.copy(path, path.with_stem(ENGLISH[path.stem]))
    return folder


@pytest.fixture(scope="module", params=["README.md", "README.zh.md"])
def walked(request: pytest.FixtureRequest, office: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[list[tuple[str, int]], Path]]:
    """The folder in which all commands of a README were run one after the other, and their exit codes."""
    folder = shutil.copytree(office, tmp_path_factory.mktemp("walked") / "files")
    with contextlib.chdir(folder), contextlib.redirect_stdout(io.StringIO()), pytest.MonkeyPatch.context() as patch:
        # Other tests have the other cores.
        patch.setattr("gridmap.run_jobs.os.cpu_count", lambda: 1)
        lines = [line for block in blocks(ROOT / request.param, "sh") for line in block.splitlines()]
        yield [(line, run(shlex.split(line)[1:])) for line in lines], folder


@pytest.mark.slow
def test_first_steps_run(walked: tuple[list[tuple[str, int]], Path]) -> None:
    codes, _ = walked
    assert [(line, code) for line, code in codes if code not in DONE] == []


@pytest.mark.slow
def test_an_independent_program_finds_the_plan_right(walked: tuple[list[tuple[str, int]], Path]) -> None:
    _, folder = walked
    page = DOCS / ("checking-a-plan.md" if (folder / "plan.gpkg").exists() else "checking-a-plan.zh.md")
    (program,) = blocks(page, "python")
    said = io.StringIO()
    with contextlib.chdir(folder), contextlib.redirect_stdout(said):
        names: dict[str, Any] = {}
        exec(program, names)
        names["plan"].close()
    outside = len(re.findall("outside|之内", said.getvalue()))
    assert re.search(r"(\d+) (faults|处不符)", said.getvalue())[1] == str(outside)  # type: ignore[index]


@pytest.mark.slow
@pytest.mark.parametrize("path", [path for path in PAGES if blocks(path, "python") and "checking" not in path.name], ids=name_of)
def test_python_examples_run(path: Path, tmp_path: Path) -> None:
    with contextlib.chdir(tmp_path), contextlib.redirect_stdout(io.StringIO()):
        for example in blocks(path, "python"):
            exec(example, {})

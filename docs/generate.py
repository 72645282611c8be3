"""Write the pages of this folder that follow from the code: columns, findings and commands, in both languages.

::

    python docs/generate.py

The beginning of each page is written by hand. A test makes the pages again and compares: after a change of a table, a text or a command, run
this and commit what it writes.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import click

from gridmap.cli.main import application
from gridmap.cli.words import Session
from gridmap.ground.fields import FIELD_NAMES
from gridmap.ground.tables import TABLES
from gridmap.texts import LANGUAGES, Language

HERE = Path(__file__).resolve().parent
CATALOGUES = HERE.parent / "gridmap" / "texts"

# --- files and columns --------------------------------------------------------------------------------------------------------------

SHAPES = {
    "communities": {"zh": "面", "en": "areas"},
    "buildings": {"zh": "面或点", "en": "areas or points"},
    "streets": {"zh": "线", "en": "lines"},
    "barriers": {"zh": "线或面", "en": "lines or areas"},
    "gates": {"zh": "点", "en": "points"},
    "venues": {"zh": "点", "en": "points"},
}
OTHER_TABLES = {
    "ledger": {"zh": "户数台账", "en": "ledger of households", "zh_note": "表格，没有图形", "en_note": "a sheet, without shapes"},
    "grids": {"zh": "现有网格", "en": "present grids", "zh_note": "面，或“楼栋—网格”对照表", "en_note": "areas, or a table of building and grid"},
}
INDEX = {"zh": "编号", "en": "id, unique"}
OTHER_COLUMNS = {
    ("buildings", "height_m"): ("楼高（米），没有楼层数时用", "height, m; used where floors are missing"),
    ("buildings", "grid_id"): ("现在的网格，当作网格表读入时用", "present grid, when read as a table of grids"),
    ("streets", "bridge"): ("是不是桥", "whether it is a bridge"),
    ("streets", "tunnel"): ("是不是隧道", "whether it is a tunnel"),
    ("ledger", "building_id"): ("楼栋编号", "id of the building"),
    ("ledger", "community"): ("社区", "community"),
    ("ledger", "compound"): ("小区", "compound"),
    ("ledger", "building"): ("楼号或楼名", "number or name of the building"),
    ("ledger", "stairwell"): ("单元号", "number of the stairwell"),
    ("ledger", "room"): ("房号；有这一列时，一行算一户", "room; with it each row is a household"),
    ("ledger", "households"): ("户数", "households"),
    ("ledger", "residents"): ("人数", "residents"),
    ("ledger", "floors"): ("楼层数", "floors"),
    ("ledger", "stairwells"): ("单元数", "stairwells"),
    ("ledger", "address"): ("地址", "address"),
    ("grids", "grid_id"): ("网格编号", "id of the grid"),
    ("grids", "code"): ("网格编码", "code of the grid"),
    ("grids", "name"): ("网格名称", "name of the grid"),
    ("grids", "community_id"): ("所属社区", "community"),
    ("grids", "building_id"): ("楼栋", "building"),
    ("grids", "households"): ("户数", "households"),
    ("grids", "worker"): ("网格员", "grid worker"),
    ("grids", "kind"): ("类别：ordinary 普通，dedicated 专属", "kind: ordinary or dedicated"),
}
KINDS = {
    "text": {"zh": "文字", "en": "text"},
    "integer": {"zh": "整数", "en": "whole number"},
    "number": {"zh": "数", "en": "number"},
    "truth": {"zh": "是或否", "en": "yes or no"},
}
COLUMN_HEADS = {"zh": ("列", "意思", "填什么", "认得的列名"), "en": ("column", "meaning", "kind", "recognised names")}


def files_and_columns(language: Language) -> str:
    """Return the page on files and columns."""
    parts: list[str] = []
    for name in FIELD_NAMES:
        title, note = _titles(name, language)
        parts += [f"## {title}{_option(name, language)}\n", f"{note}\n", _table(COLUMN_HEADS[language], _column_rows(name, language))]
    return "\n".join(parts)


def _titles(name: str, language: Language) -> tuple[str, str]:
    if name in OTHER_TABLES:
        return OTHER_TABLES[name][language], OTHER_TABLES[name][f"{language}_note"]
    return getattr(TABLES[name], language), SHAPES[name][language]


def _option(name: str, language: Language) -> str:
    return f"（`--{name}`）" if language == "zh" else f" (`--{name}`)"


def _column_rows(name: str, language: Language) -> Iterator[Sequence[str]]:
    table = TABLES.get(name)
    known = {column.name: column for column in table.columns} if table else {}
    names = [*([table.index] if table else []), *known]
    names += [each for each in FIELD_NAMES[name] if each not in names]
    for each in names:
        column = known.get(each)
        if column is not None:
            meaning = getattr(column, language)
            kind = ", ".join(f"`{value}`" for value in column.one_of) or KINDS[column.kind][language]
        elif table and each == table.index:
            meaning, kind = INDEX[language], KINDS["text"][language]
        else:
            meaning, kind = OTHER_COLUMNS[name, each][LANGUAGES.index(language)], ""
        yield f"`{name}.{each}`", meaning, kind, _recognised(name, each, language)


def _recognised(table: str, column: str, language: Language) -> str:
    if column not in FIELD_NAMES[table]:
        return "由 gridmap 填写" if language == "zh" else "filled in by gridmap"
    return ("、" if language == "zh" else ", ").join(dict.fromkeys(FIELD_NAMES[table][column].split()))


# --- findings -----------------------------------------------------------------------------------------------------------------------

SECTIONS = {
    "reading": {"zh": "读取文件", "en": "Reading files"},
    "import": {"zh": "检查、修复、与台账核对", "en": "Checking, mending, matching with the ledger"},
    "cells": {"zh": "划分地块", "en": "Pieces of land"},
    "plan": {"zh": "方案和网格", "en": "Plans and grids"},
    "search": {"zh": "为什么做不到（划分网格时按错误列出）", "en": "Why it cannot be (told as errors when a plan is made)"},
    "circles": {"zh": "步行网络和服务圈", "en": "Walking and service circles"},
    "levels": {"zh": "片区和社区合并", "en": "Areas and mergers of communities"},
    "store": {"zh": "导出", "en": "Export"},
    "members": {"zh": "组织和党员户", "en": "Organisations and member households"},
    "optimality": {"zh": "方案有多好", "en": "How good a plan is"},
    "rounds": {"zh": "每日巡访路线", "en": "Daily rounds"},
    "publish": {"zh": "发布", "en": "Publishing"},
    "server": {"zh": "服务器", "en": "The server"},
    "cli": {"zh": "过时的方案", "en": "Stale plans"},
    "rules": {"zh": "规则文件（有错就不能用，退出码为 1）", "en": "Rules files (with a fault they cannot be used; exit code 1)"},
}
FINDING_HEADS = {"zh": ("", "情况", "怎么办", "代码"), "en": ("", "what is the case", "what to do", "code")}
MARKS = {"error": "✗", "warning": "!", "info": "·"}


def findings(language: Language) -> str:
    """Return the page on findings; those of catalogues without a section of their own come last."""
    parts: list[str] = []
    files = {path.stem: tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted(CATALOGUES.glob("*.toml"))}
    for name in sorted(files, key=lambda each: (*SECTIONS, each).index(each)):
        rows = [
            (MARKS[entry["severity"]], _shown(entry[language]), _shown(entry.get(f"todo_{language}", "")) or "—", f"`{code}`")
            for code, entry in files[name].items()
            if "severity" in entry
        ]
        if rows:
            title = SECTIONS[name][language] if name in SECTIONS else name
            parts += [f"## {title}\n", _table(FINDING_HEADS[language], rows)]
    return "\n".join(parts)


def _shown(text: str) -> str:
    """Return a text of the catalogues with … in its gaps, and where a gap holds two forms the one for many."""
    many = re.sub(r"\{\w+:[^|{}]*\|([^{}]*)\}", lambda forms: forms[1].replace("#", "…"), text)
    return re.sub(r"\{[^}]*\}", "…", many)


# --- commands -----------------------------------------------------------------------------------------------------------------------

OPTION_HEADS = {"zh": ("选项", "意思", "不写时"), "en": ("option", "meaning", "default")}


def command_line(language: Language) -> str:
    """Return the page on commands, in the words of their ``--help``."""
    parts: list[str] = []
    with click.Context(application, info_name="gridmap", obj=Session(language)) as top:
        for name, command in application.commands.items():
            parts += _command(name, command, top, language, "##")
    return "\n".join(parts)


def _command(name: str, command: click.Command, parent: click.Context, language: Language, signs: str) -> Iterator[str]:
    """Yield the section of a command; a group has a section below it for each of its commands."""
    with click.Context(command, info_name=name, parent=parent) as context:
        usage = " ".join(piece for piece in command.collect_usage_pieces(context) if piece != "[OPTIONS]")
        yield f"{signs} {context.command_path}\n"
        if isinstance(command, click.Group):
            yield _help(command.help or "")
            for below, each in command.commands.items():
                yield from _command(below, each, context, language, signs + "#")
            return
        yield f"`{context.command_path} {usage} [...]`\n"
        yield _help(command.help or "")
        yield _table(OPTION_HEADS[language], [_option_row(each) for each in command.params if isinstance(each, click.Option)])


def _help(text: str) -> str:
    """Return the help of a command with its examples as a block of code."""
    words, _, examples = text.partition("\b\n")
    lines = [line.strip() for line in examples.splitlines()[1:] if line.strip()]
    return words.strip() + "\n" + ("\n```sh\n" + "\n".join(lines) + "\n```\n" if lines else "")


def _option_row(option: click.Option) -> Sequence[str]:
    takes = "" if option.is_flag else f" {option.metavar or _takes(option.type)}"
    names = ", ".join(f"`{name}{takes}`" for name in (*option.opts, *option.secondary_opts))
    default = option.default if option.show_default else None
    return names, option.help or "", "—" if default is None else f"`{default}`"


def _takes(kind: click.ParamType) -> str:
    return "|".join(kind.choices) if isinstance(kind, click.Choice) else {"integer range": "N", "integer": "N"}.get(kind.name, kind.name.upper())


# --- all --------------------------------------------------------------------------------------------------------------------------

PAGES = {"files-and-columns": files_and_columns, "findings": findings, "command-line": command_line}
MARK = "<!-- what follows is written by docs/generate.py -->\n\n"
"""What stands above this line in a page is written by hand and kept."""


def pages() -> Mapping[str, str]:
    """Return every page that follows from the code, by its file name."""
    made = {}
    for name, make in PAGES.items():
        for language in LANGUAGES:
            file = name + (".zh.md" if language == "zh" else ".md")
            head = (HERE / file).read_text(encoding="utf-8").partition(MARK)[0]
            made[file] = head + MARK + make(language).rstrip() + "\n"
    return made


def _table(heads: Sequence[str], rows: Iterator[Sequence[str]] | Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in line) + " |" for line in lines) + "\n"


def main() -> None:
    """Write the pages."""
    for name, text in pages().items():
        (HERE / name).write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()

"""The entry point: parse, run, and turn every failure into one sentence and an exit code."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from gridmap.cli import demo, ground, outputs, plans
from gridmap.cli.words import Group, Option, Session, language_asked, option, say, usage_sentence
from gridmap.errors import GridmapError
from gridmap.texts import LANGUAGES, Language

DONE, FAILED, UNPARSED, FINDINGS = 0, 1, 2, 3
INTERRUPTED = 130
"""What a shell expects of a program that Ctrl-C stopped."""


@click.group("gridmap", cls=Group)
@option("--lang", type=click.Choice(LANGUAGES), expose_value=False)
@click.version_option(package_name="gridmap", prog_name="gridmap", cls=Option)
def application() -> None:
    """The text stands in the catalogue."""


for command in (*ground.COMMANDS, *plans.COMMANDS, *outputs.COMMANDS, *demo.COMMANDS):
    application.add_command(command)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and leave with its exit code."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        # A Windows console or a pipe may not be in UTF-8; Chinese text must never end in a UnicodeEncodeError.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace") if stream.isatty() else stream.reconfigure(encoding="utf-8")
    sys.exit(run(arguments))


def run(arguments: list[str]) -> int:
    """Run the command line and return its exit code."""
    language = language_asked(arguments)
    with click.Context(application, info_name="gridmap", obj=Session(language)):
        try:
            code = application.main(arguments, prog_name="gridmap", standalone_mode=False, obj=Session(language))
        except click.exceptions.NoArgsIsHelpError as error:
            click.echo(error.format_message())
            return UNPARSED
        except click.UsageError as error:
            command = error.ctx.command_path if error.ctx else "gridmap"
            click.echo(f"{usage_sentence(error)} {say('cli_see_help', command=command)}", err=True)
            return UNPARSED
        except click.Abort:
            click.echo(say("cli_interrupted"), err=True)
            return INTERRUPTED
        except KeyboardInterrupt:
            click.echo(say("cli_interrupted"), err=True)
            return INTERRUPTED
        except GridmapError as error:
            return _failed(error, language, as_json="--json" in arguments)
    return code if isinstance(code, int) else DONE


def _failed(error: GridmapError, language: Language, *, as_json: bool) -> int:
    click.echo(error.text(language), err=True)
    if as_json:
        findings = [finding.as_dict(language) for finding in error.findings]
        click.echo(json.dumps({"error": {"code": error.code, "text": error.text(language), "findings": findings}}, ensure_ascii=False))
    return FAILED

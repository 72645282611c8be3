"""The entry point: parse, run, and turn every failure into one sentence and an exit code."""

from __future__ import annotations

import atexit
import gc
import json
import os
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from types import FrameType
from typing import NoReturn

import click

from gridmap.cli import circles, demo, ground, levels, members, outputs, plans, publish, repair, server
from gridmap.cli.reply import error_lines
from gridmap.cli.words import Group, Option, Session, language_asked, option, say, usage_sentence
from gridmap.errors import GridmapError
from gridmap.system import INTERRUPTED
from gridmap.texts import LANGUAGES, Word, in_a_row

DONE, FAILED, UNPARSED, FINDINGS = 0, 1, 2, 3
PATIENCE_SECONDS = 1.5
"""How long after Ctrl-C the program may take to end by itself."""
OBJECTS_BETWEEN_SWEEPS = 100_000
"""Tables become millions of objects that live to the end; Python's 700 new ones between two searches for garbage cost a tenth of an import."""


@click.group("gridmap", cls=Group)
@option("--lang", type=click.Choice(LANGUAGES), expose_value=False)
@click.version_option(package_name="gridmap", prog_name="gridmap", cls=Option)
def application() -> None:
    """The text stands in the catalogue."""


for family in (ground, plans, repair, levels, circles, outputs, publish, members, server, demo):
    for command in family.COMMANDS:
        application.add_command(command)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and leave with its exit code."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        # A Windows console or a pipe may not be in UTF-8; Chinese text must never end in a UnicodeEncodeError.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace") if stream.isatty() else stream.reconfigure(encoding="utf-8")
    signal.signal(signal.SIGINT, _stop)
    gc.set_threshold(OBJECTS_BETWEEN_SWEEPS)
    try:
        code = run(arguments)
    except KeyboardInterrupt:
        # Ctrl-C before the command line was parsed, or once more while the first was told.
        code = INTERRUPTED
    if code == INTERRUPTED:
        # What is left of an ordinary end, joining threads and freeing memory, can take longer than the user's patience.
        atexit._run_exitfuncs()
        os._exit(code)
    sys.exit(code)


def _stop(number: int, frame: FrameType | None) -> None:
    """On Ctrl-C let the work tidy up, and end it soon in any case: a library may swallow the interrupt, a thread wait for a worker that is gone."""
    timer = threading.Timer(PATIENCE_SECONDS, os._exit, (INTERRUPTED,))
    timer.daemon = True
    timer.start()
    signal.default_int_handler(number, frame)


def run(arguments: list[str]) -> int:
    """Run the command line and return its exit code."""
    language = language_asked(arguments)
    as_json = "--json" in arguments
    with click.Context(application, info_name="gridmap", obj=Session(language)):
        strange = next((argument for argument in arguments if not _is_text(argument)), None)
        if strange is not None:
            _tell("cli_not_text", [say("cli_not_text", value=strange)], as_json=as_json)
            return FAILED
        try:
            code = application.main(arguments, prog_name="gridmap", standalone_mode=False, obj=Session(language))
            return code if isinstance(code, int) else DONE
        except click.exceptions.NoArgsIsHelpError as error:
            click.echo(error.format_message())
            return UNPARSED
        except click.UsageError as error:
            command = error.ctx.command_path if error.ctx else "gridmap"
            _tell("cli_usage_error", [in_a_row([usage_sentence(error), say("cli_see_help", command=command)], language)], as_json=as_json)
            return UNPARSED
        except (click.Abort, KeyboardInterrupt):
            _tell("cli_interrupted", [say("cli_interrupted")], as_json=as_json)
            return INTERRUPTED
        except GridmapError as error:
            _tell(error.code, error_lines(error), [finding.as_dict(language) for finding in error.findings], as_json=as_json)
        except ImportError as error:
            # Ctrl-C while a library in C is loaded comes as an error of that library.
            if not isinstance(error.__cause__ or error.__context__, KeyboardInterrupt):
                raise
            _tell("cli_interrupted", [say("cli_interrupted")], as_json=as_json)
            return INTERRUPTED
        except (BrokenProcessPool, MemoryError):
            _tell("cli_out_of_memory", [say("cli_out_of_memory")], as_json=as_json)
        except OSError as error:
            # What the system refuses outside the workspace, whose failures are told where they happen.
            words = {"file": str(error.filename or say("cli_output")), "reason": error.strerror or type(error).__name__}
            # Where it is standard output that cannot be written to, an object on it would fail again.
            _tell("cli_system_refused", [say("cli_system_refused", **words)], as_json=as_json and error.filename is not None)
    return FAILED


def _is_text(argument: str) -> bool:
    """Return whether all of an argument could be read; Linux passes names of files on whose bytes are no text."""
    return argument.isascii() or not any("\ud800" <= character <= "\udfff" for character in argument)


def _tell(code: str, lines: Sequence[str], findings: Sequence[Mapping[str, Word]] = (), *, as_json: bool) -> None:
    """Say what went wrong, on standard error for people and as one JSON object on standard output where that was asked for."""
    text = "\n".join(lines)
    click.echo(text, err=True)
    if as_json:
        click.echo(json.dumps({"error": {"code": code, "text": text, "findings": findings}}, ensure_ascii=False))

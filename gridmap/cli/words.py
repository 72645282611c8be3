"""Commands, arguments and options that speak the user's language.

Their help stands in the catalogue ``cli.toml``: ``help_plan`` for the command ``plan``, ``option_seed`` for the option ``--seed``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import click

from gridmap.texts import LANGUAGES, Language, Word, render, user_language

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Session:
    """What holds for one run of the program."""

    language: Language


def language_asked(arguments: Sequence[str]) -> Language:
    """Return the language that ``--lang`` asks for, wherever it stands on the command line, else the user's.

    It is needed before the command line is parsed, because the parser's own messages are in that language.

    >>> language_asked(["plan", "town.gpkg", "--lang", "zh"])
    'zh'
    """
    for position, argument in enumerate(arguments):
        value = argument.partition("=")[2] if argument.startswith("--lang=") else None
        if argument == "--lang" and position + 1 < len(arguments):
            value = arguments[position + 1]
        for language in LANGUAGES:
            if value == language:
                return language
    return user_language()


def language() -> Language:
    """Return the language of this run."""
    context = click.get_current_context(silent=True)
    session = context.find_root().obj if context else None
    return session.language if isinstance(session, Session) else user_language()


def say(code: str, /, **words: Word) -> str:
    """Return a text of the catalogues in the language of this run."""
    return render(code, language(), words)


class _Spoken:
    """Help that is looked up when it is shown; what the parser sets is the code of a text."""

    @property
    def help(self) -> str | None:
        return say(self._code) if self._code else None

    @help.setter
    def help(self, code: str | None) -> None:
        self._code = code


class _Headings:
    """The headings of help pages."""

    def format_usage(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        pieces = self.collect_usage_pieces(context)  # type: ignore[attr-defined]
        formatter.write_usage(context.command_path, " ".join(pieces), prefix=say("cli_usage") + " ")

    def format_options(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        options = [parameter for parameter in self.get_params(context) if isinstance(parameter, click.Option)]  # type: ignore[attr-defined]
        records = [record for each in options if (record := each.get_help_record(context))]
        if records:
            with formatter.section(say("cli_options")):
                formatter.write_dl(records)


def spoken_help_option(help_option: click.Option | None) -> click.Option | None:
    """Let ``--help`` itself speak the user's language."""
    if help_option is not None:
        help_option.help = say("option_help")
    return help_option


class SuperfluousArguments(click.UsageError):
    """The command line holds words that have no place in it."""

    def __init__(self, context: click.Context, words: Sequence[str]) -> None:
        super().__init__("", context)
        self.words = words


class Command(_Spoken, _Headings, click.Command):
    """A command whose help is ``help_<name>``, or ``help_<text>`` where two commands share a name (``user add``)."""

    def __init__(self, name: str | None, *, text: str = "", **settings: Any) -> None:
        settings["help"] = f"help_{(text or name or '').replace('-', '_')}"
        super().__init__(name, **settings)

    def get_help_option(self, context: click.Context) -> click.Option | None:
        return spoken_help_option(super().get_help_option(context))

    def parse_args(self, context: click.Context, arguments: list[str]) -> list[str]:
        """Take the command line apart; words that have no place in it are an error that speaks the user's language."""
        context.allow_extra_args = True
        rest = super().parse_args(context, arguments)
        if context.args and not context.resilient_parsing:
            raise SuperfluousArguments(context, list(context.args))
        return rest

    def get_short_help_str(self, limit: int = 45) -> str:
        """Return the first sentence whole; the list of commands wraps it."""
        return (self.help or "").partition("\n")[0]


class Group(_Spoken, _Headings, click.Group):
    """A group of commands whose help is ``help_<name>``; commands made with it speak too."""

    command_class = Command

    def __init__(self, name: str | None = None, **settings: Any) -> None:
        settings["help"] = f"help_{name}"
        super().__init__(name, **settings)

    def get_help_option(self, context: click.Context) -> click.Option | None:
        return spoken_help_option(super().get_help_option(context))

    def list_commands(self, context: click.Context) -> list[str]:
        """Keep the order in which the commands are used, not that of the alphabet."""
        return list(self.commands)

    def format_options(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        _Headings.format_options(self, context, formatter)
        rows = [(name, self.commands[name].get_short_help_str(limit=formatter.width)) for name in self.list_commands(context)]
        with formatter.section(say("cli_commands")):
            formatter.write_dl(rows)


class Option(_Spoken, click.Option):
    """An option whose help is ``option_<name>``."""

    def __init__(self, *names: Any, **settings: Any) -> None:
        super().__init__(*names, **settings)
        self._code = f"option_{self.name}"


def option(*names: str, **settings: Any) -> Callable[[Function], Function]:
    """Make an option that speaks the user's language."""
    return click.option(*names, cls=Option, **settings)


def usage_sentence(error: click.UsageError) -> str:
    """Return what is wrong with the command line, in the language of this run."""
    if isinstance(error, click.NoSuchOption):
        near = ", ".join(error.possibilities or ())
        return say("cli_no_such_option_near", option=error.option_name, near=near) if near else say("cli_no_such_option", option=error.option_name)
    if isinstance(error, click.MissingParameter):
        hint = error.param_hint or (error.param.human_readable_name if error.param else "")
        return say("cli_missing", parameter=hint if isinstance(hint, str) else ", ".join(hint))
    if isinstance(error, click.BadParameter) and error.param is not None:
        return say("cli_bad_value", parameter=error.param.opts[-1], reason=_expected(error.param.type) or error.message)
    if isinstance(error, click.BadOptionUsage):
        return say("cli_value_missing", option=error.option_name)
    if isinstance(error, SuperfluousArguments):
        return say("cli_superfluous", words=", ".join(error.words))
    if isinstance(error, click.exceptions.NoSuchCommand):
        return say("cli_no_such_command", command=error.command_name)
    if error.ctx is not None and isinstance(error.ctx.command, click.Group) and error.ctx.invoked_subcommand is None:
        return say("cli_command_missing")
    return say("cli_bad_line", reason=error.format_message())


def _expected(kind: click.ParamType[Any]) -> str:
    """Say what a parameter of this kind takes; empty where its own check says it better."""
    if isinstance(kind, click.Choice):
        return say("cli_expected_choice", choices=", ".join(kind.choices))
    if isinstance(kind, click.IntRange) and kind.max is not None:
        return say("cli_expected_between", minimum=kind.min, maximum=kind.max)
    if isinstance(kind, click.IntRange):
        return say("cli_expected_from", minimum=kind.min)
    plain = {click.INT: "cli_expected_integer", click.FLOAT: "cli_expected_number"}
    return say(plain[kind]) if kind in plain else ""

"""Settings of the server: a name, a default and a sentence each, from a file, the environment and the command line, the later counting more."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, replace
from pathlib import Path
from typing import Annotated, Any, get_args, get_type_hints

from gridmap import RequestError

ENVIRONMENT = "GRIDMAP_SERVER_"
"""``GRIDMAP_SERVER_PORT=8000`` in the environment sets ``port``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that can be set about a server."""

    workspace: Annotated[Path, "The workspace that is served."]
    private: Annotated[Path | None, "The private store; beside the workspace unless set."] = None
    host: Annotated[str, "The address to listen on; 0.0.0.0 lets other computers in."] = "127.0.0.1"
    port: Annotated[int, "The port to listen on."] = 8350
    threads: Annotated[int, "How many requests are answered at once."] = 8
    proxies: Annotated[int, "How many proxies in front of the server are trusted to say who is asking."] = 0
    https: Annotated[bool, "Whether people come by https; cookies then never travel without it."] = False
    session_idle_minutes: Annotated[int, "A session that nobody uses ends after this time."] = 60
    session_hours: Annotated[int, "Every session ends after this time."] = 12
    login_limit: Annotated[str, "How often one address, and one account, may try to log in."] = "10 per minute"
    request_limit: Annotated[str, "How many requests one address may make."] = "3000 per minute"
    upload_mb: Annotated[int, "The largest upload, all files together; what is larger is answered with 413."] = 500
    job_memory_mb: Annotated[int, "The memory that background work on uploaded files may take, where the system can limit it."] = 8192
    job_minutes: Annotated[int, "The processor time that background work may take, where the system can limit it."] = 120
    public_source: Annotated[str, "Where the data of the public map come from, printed on it; the office's own files unless set."] = ""
    public_date: Annotated[str, "Date of the data on the public map, as 2024-05-31; that of the latest import unless set."] = ""
    public_approval: Annotated[str, "Map approval number of the public map; without it the map says that it is not approved."] = ""
    public_address: Annotated[str, "Address of the public map, shown as a QR code."] = ""
    public_members: Annotated[bool, "Whether everybody may see the figures of member households of each community, on a page of their own."] = False
    basemap: Annotated[str, "A map of others under ours: tianditu, amap, or the address of own tiles with {z}, {x} and {y}; none unless set."] = ""
    basemap_datum: Annotated[str, "The datum of own tiles: wgs84, cgcs2000 or gcj02. Own tiles without one are refused."] = ""
    basemap_key: Annotated[str, "The key that Tianditu has given you; browsers of visitors get to know it."] = ""
    basemap_attribution: Annotated[str, "Whose map it is, shown on it; own tiles need it."] = ""
    basemap_approval: Annotated[str, "Map approval number of that map, shown on it."] = ""
    basemap_zoom: Annotated[int, "The largest zoom that own tiles have."] = 18
    metrics_from: Annotated[str, "The addresses that may read /metrics."] = "127.0.0.1 ::1"

    def absolute(self) -> Settings:
        """Return the same settings with paths that hold wherever the program goes."""
        return replace(self, workspace=self.workspace.absolute(), private=self.private_path.absolute())

    @property
    def private_path(self) -> Path:
        """The private store, set or by default."""
        return self.private or self.workspace.with_suffix(".private.sqlite")

    @property
    def files_folder(self) -> Path:
        """Where uploaded files lie until they are imported, and what was made for download."""
        return self.private_path.with_suffix(".files")


TRUTHS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
NAMES = tuple(each.name for each in fields(Settings))


def load_settings(workspace: Path, *, file: Path | None = None, environment: Mapping[str, str] | None = None, **given: Any) -> Settings:
    """Return the settings for serving ``workspace``; ``given`` is what the command line says, None where it says nothing.

    Raises ``RequestError`` for a name that no setting has and for a value of the wrong kind.
    """
    values: dict[str, Any] = {"workspace": workspace}
    if file is not None:
        values |= _from_file(file)
    environment = os.environ if environment is None else environment
    values |= {name: environment[key] for name in NAMES if (key := ENVIRONMENT + name.upper()) in environment and name != "workspace"}
    values |= {name: value for name, value in given.items() if value is not None}
    unknown = sorted(set(values) - set(NAMES))
    if unknown:
        raise RequestError("setting_unknown", name=unknown[0], known=", ".join(NAMES))
    return Settings(**{each.name: _converted(each.name, values[each.name]) for each in fields(Settings) if each.name in values})


def _from_file(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RequestError("setting_file", file=str(file), reason=str(error)) from error


def _converted(name: str, value: Any) -> Any:
    """Return a value of the kind that the setting has; the environment knows texts alone."""
    kind = _kinds()[name][0]
    try:
        if kind is bool:
            return TRUTHS[str(value).lower()]
        return int(value) if kind is int else Path(value) if kind in (Path, Path | None) else str(value)
    except (ValueError, KeyError, TypeError) as error:
        raise RequestError("setting_value", name=name, value=str(value), kind=getattr(kind, "__name__", str(kind))) from error


def _kinds() -> dict[str, tuple[Any, str]]:
    """Return the type and the sentence of every setting."""
    return {name: (get_args(kind)[0], get_args(kind)[1]) for name, kind in get_type_hints(Settings, include_extras=True).items()}


def table() -> list[tuple[str, str, str]]:
    """Return name, default and sentence of every setting."""
    rows = []
    for each in fields(Settings):
        kind, sentence = _kinds()[each.name]
        default = "" if each.default is MISSING or each.default is None else str(each.default)
        rows.append((each.name, default.lower() if kind is bool else default, sentence))
    return rows

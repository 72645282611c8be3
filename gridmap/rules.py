"""Rules: every number of an ordinance, with its source, in named profiles.

A profile is a TOML file. Those in ``gridmap/rules/`` come with the package; a user's own file works the same. A profile may extend another
(``extends = "base"``) and then says only what differs. Each section carries ``source``: the document that the numbers come from, or
that they are ours. No such number stands in code.
"""

from __future__ import annotations

import dataclasses
import functools
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, get_type_hints

from gridmap.errors import InputError, RequestError
from gridmap.findings import Finding, finding

HOUSEHOLDS_MOST = 10_000_000
"""No grid holds more households than the largest city has; far larger numbers would not fit where they are counted."""


@dataclass(frozen=True, slots=True)
class GridRules:
    """How many households an ordinary grid (网格) may hold; both limits are inside."""

    households_min: int
    households_max: int
    source: str

    @property
    def households_target(self) -> int:
        """The middle of the bounds, shown beside a grid's own number."""
        return (self.households_min + self.households_max) // 2


@dataclass(frozen=True, slots=True)
class Weights:
    """What makes one legal plan better than another: a weighted sum, in metres of grid border between buildings that lie side by side.

    ``inner_boundary`` weighs each metre of border between two grids of one community. A metre of border counts ``along_compound`` times when
    it cuts a compound (小区), and ``along_wall``, ``along_lane``, ``along_street``, ``along_arterial`` times when it runs along such a
    thing: borders belong on streets. ``compound_split`` is added for each grid beyond the first that a compound is divided among,
    ``barrier_crossed`` for each barrier crossing (arterial, railway, river) inside a grid, ``moved_household`` for each household that leaves
    its grid of an earlier plan, ``unevenness`` for each household that a grid is off the target. ``level_unevenness`` is the same for areas and for
    communities that are merged. ``daily_round`` weighs each metre of the grids' daily rounds, from door to door along the streets; above 0 they are
    shortened after the search, and no proof speaks of them.
    """

    inner_boundary: float
    along_compound: float
    along_wall: float
    along_lane: float
    along_street: float
    along_arterial: float
    compound_split: float
    barrier_crossed: float
    moved_household: float
    unevenness: float
    level_unevenness: float
    source: str
    daily_round: float = 0.0


@dataclass(frozen=True, slots=True)
class EstimateRules:
    """How households are estimated from footprint and floors where they are missing: floor area over ``floor_area_per_household_m2``.

    Where the floors are missing too but the building's height is known, a floor is ``storey_height_m`` high. Where neither is known the building
    is taken to have ``floors_where_unknown`` floors; 0 assumes nothing, and its households stay missing.
    """

    floor_area_per_household_m2: float
    storey_height_m: float
    floors_where_unknown: int
    source: str


@dataclass(frozen=True, slots=True)
class CommunityRules:
    """Sizes of a community (社区) in households: the usual one, the one below which it is merged, and the largest that a merger may make."""

    households_target: int
    households_merge_below: int
    households_max: int
    source: str


@dataclass(frozen=True, slots=True)
class AreaRules:
    """How many households an area (片区), which is made of whole communities, should hold; both limits are inside."""

    households_min: int
    households_max: int
    source: str


@dataclass(frozen=True, slots=True)
class VenueRules:
    """The smallest floor area of a community's venue (阵地)."""

    area_min_m2: float
    source: str


@dataclass(frozen=True, slots=True)
class WalkRules:
    """How far "10 minutes" reaches: a speed, or where ``flat_m`` is above 0 that distance, whatever the minutes and the speed."""

    speed_m_per_minute: float
    source: str
    flat_m: float = 0.0


@dataclass(frozen=True, slots=True)
class Category:
    """A class of venues; ``circle`` is the service circle it belongs to: learning, leisure, medical or shopping."""

    zh: str
    en: str
    circle: str
    source: str


@dataclass(frozen=True, slots=True)
class Rules:
    """One named profile; ``profile`` is its name or the path it was read from."""

    profile: str
    zh: str
    en: str
    grid: GridRules
    weights: Weights
    estimate: EstimateRules
    community: CommunityRules
    area: AreaRules
    venue: VenueRules
    walk: Mapping[str, WalkRules]
    categories: Mapping[str, Category]

    def with_households(self, households_min: int, households_max: int) -> Rules:
        """Return the same rules with other bounds for the grid.

        Raises ``RequestError`` when the bounds make no sense.

        >>> load_rules("nantong").with_households(200, 260).grid.households_max
        260
        """
        if households_min < 1 or households_max < households_min:
            raise RequestError("bounds_senseless", minimum=households_min, maximum=households_max)
        if households_max > HOUSEHOLDS_MOST:
            raise RequestError("bounds_too_large", value=households_max, limit=HOUSEHOLDS_MOST)
        grid = GridRules(households_min, households_max, source="--households")
        return dataclasses.replace(self, grid=grid)

    def as_dict(self) -> dict[str, Any]:
        """Return the rules as plain numbers and text, for storing beside a plan; ``rules_from_dict`` gives them back."""
        return dataclasses.asdict(self)


SECTIONS = ("grid", "weights", "estimate", "community", "area", "venue")
NAMED_SECTIONS = {"walk": WalkRules, "categories": Category}


def profile_names() -> list[str]:
    """Return the names of the profiles that come with the package; ``base`` only serves to be extended.

    >>> "nantong" in profile_names()
    True
    """
    files = (resources.files("gridmap") / "rules").iterdir()
    return sorted(Path(file.name).stem for file in files if file.name.endswith(".toml") and file.name != "base.toml")


def load_rules(profile: str = "nantong") -> Rules:
    """Return the profile of that name, or of that TOML file.

    Raises ``RequestError`` when there is no such profile or file and ``InputError`` with every fault of the file at once.

    >>> load_rules("nantong").grid.households_min
    250
    """
    table = _extended(profile, ())
    faults = _faults(table, profile)
    if faults:
        raise InputError("rules_unusable", findings=faults, file=profile)
    return _rules({**table, "profile": profile})


def rules_from_dict(table: Mapping[str, Any]) -> Rules:
    """Return the rules that ``Rules.as_dict`` wrote, in this version of gridmap or an earlier one.

    What rules did not have then is taken from the profile ``base``. Raises ``InputError`` with everything that this version does not know or lacks.
    """
    filled = _filled(table)
    faults = _faults({name: value for name, value in filled.items() if name != "profile"}, str(table["profile"]))
    if faults:
        raise InputError("rules_unusable", findings=faults, file=str(table["profile"]))
    return _rules(filled)


def _filled(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``table`` with the keys of ``base`` where it has none; named things that it has none of are not added to those that it has."""
    base = _read("base")
    filled = {**base, **table}
    for name in SECTIONS:
        if name in table:
            filled[name] = {**base.get(name, {}), **table[name]}
    for name in NAMED_SECTIONS:
        if name in table:
            known = base.get(name, {})
            filled[name] = {key: {**known.get(key, {}), **entry} for key, entry in table[name].items()}
    return filled


def _rules(table: Mapping[str, Any]) -> Rules:
    """Return rules from a table that has been checked."""
    hints = get_type_hints(Rules)
    sections: dict[str, Any] = {name: hints[name](**table[name]) for name in SECTIONS}
    named: dict[str, Any] = {name: {key: kind(**entry) for key, entry in table[name].items()} for name, kind in NAMED_SECTIONS.items()}
    return Rules(profile=table["profile"], zh=table["zh"], en=table["en"], **sections, **named)


def _extended(profile: str, seen: tuple[str, ...]) -> dict[str, Any]:
    """Read ``profile`` and lay it over the profile that it extends."""
    if profile in seen:
        raise RequestError("rules_circular", profile=profile)
    table = dict(_read(profile))
    parent = table.pop("extends", None)
    if parent is None:
        return table
    base = _extended(str(parent), (*seen, profile))
    merged = {**base, **{name: value for name, value in table.items() if not isinstance(value, dict)}}
    for name, value in table.items():
        if isinstance(value, dict):
            # Whole entries for named things (a category is never half of one profile, half of another), single keys for plain sections.
            merged[name] = {**base.get(name, {}), **value}
    return merged


@functools.cache
def _read(profile: str) -> Mapping[str, Any]:
    own = resources.files("gridmap") / "rules" / f"{profile}.toml"
    path = Path(profile)
    try:
        content = path.read_bytes() if path.suffix == ".toml" and not path.is_dir() else own.read_bytes()
        text = content.decode("utf-8-sig")
        return tomllib.loads(text)
    except (FileNotFoundError, NotADirectoryError):
        raise RequestError("rules_unknown", profile=profile, profiles=", ".join(profile_names())) from None
    except UnicodeDecodeError as error:
        raise InputError("rules_not_text", file=profile) from error
    except tomllib.TOMLDecodeError as error:
        # The reason is told in English only, but it names the place.
        place = re.search(r"line (\d+)", str(error))
        line = int(place[1]) if place else text.rstrip().count("\n") + 1
        raise InputError("rules_not_toml", file=profile, line=line, reason=text.splitlines()[line - 1].strip() if text.strip() else "") from error


def _faults(table: Mapping[str, Any], file: str) -> list[Finding]:
    faults = []
    hints = get_type_hints(Rules)
    for name in ("zh", "en"):
        if not isinstance(table.get(name), str):
            faults.append(finding("rules_key_missing", name, file=file))
    for name in SECTIONS:
        faults += _section_faults(hints[name], table.get(name), name, file)
    for name, kind in NAMED_SECTIONS.items():
        entries = table.get(name, {})
        if not isinstance(entries, dict):
            faults.append(finding("rules_key_missing", name, file=file))
            continue
        for key, entry in entries.items():
            faults += _section_faults(kind, entry, f"{name}.{key}", file)
    for name in sorted(set(table) - {"zh", "en", *SECTIONS, *NAMED_SECTIONS}):
        faults.append(finding("rules_key_unknown", name, file=file))
    for name in ("grid", "area"):
        bounds = table.get(name)
        if not faults and isinstance(bounds, dict) and not 1 <= bounds["households_min"] <= bounds["households_max"]:
            faults.append(finding("rules_bounds_senseless", name, file=file, value=bounds["households_min"], limit=bounds["households_max"]))
    grid = table.get("grid")
    if not faults and isinstance(grid, dict) and grid["households_max"] > HOUSEHOLDS_MOST:
        faults.append(finding("rules_bounds_too_large", "grid.households_max", file=file, value=grid["households_max"], limit=HOUSEHOLDS_MOST))
    return faults


def _section_faults(kind: type, section: object, name: str, file: str) -> list[Finding]:
    if not isinstance(section, dict):
        return [finding("rules_key_missing", name, file=file)]
    faults = []
    hints = get_type_hints(kind)
    optional = {each.name for each in dataclasses.fields(kind) if each.default is not dataclasses.MISSING}
    for key, expected in hints.items():
        value = section.get(key)
        if value is None and key in optional:
            continue
        if value is None:
            faults.append(finding("rules_key_missing", f"{name}.{key}", file=file))
        elif not _fits(value, expected):
            faults.append(finding("rules_value_unfit", f"{name}.{key}", file=file, value=str(value), expected=expected.__name__))
    for key in sorted(set(section) - set(hints)):
        faults.append(finding("rules_key_unknown", f"{name}.{key}", file=file))
    return faults


def _fits(value: object, expected: type) -> bool:
    """A number must be finite and not negative; a whole number serves where a fraction is allowed; true and false are no numbers."""
    if expected is str:
        return isinstance(value, str)
    if isinstance(value, bool) or not isinstance(value, int if expected is int else int | float):
        return False
    return 0 <= value < float("inf")

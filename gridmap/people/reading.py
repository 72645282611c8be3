"""An office's workbook of organisations and member households: read, matched with the buildings, checked row by row."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from gridmap.errors import InputError, RequestError
from gridmap.findings import Finding, finding
from gridmap.ground.fields import guess_fields, parse_integers, parse_truths
from gridmap.ground.layers import Layer
from gridmap.ground.matching import Matches, match_ledger, texts
from gridmap.ground.names import plain_name
from gridmap.ground.rows import ROW, Rows
from gridmap.ground.sheets import read_each_sheet
from gridmap.ground.tables import District
from gridmap.people.fields import (
    KIND_WORDS,
    LEVEL_WORDS,
    PEOPLE_FIELDS,
    SHEET_WORDS,
    code_of,
    holds_personal_number,
    is_never_kept,
)
from gridmap.people.tables import HOUSEHOLD_KINDS, LEVELS, PEOPLE_TABLES, People, no_people, typed_people

MEMBERS_MOST = 50
"""More members than this are no household; such a number is a slip (ours, no source)."""

Texts = list[str | None]


@dataclass(frozen=True, slots=True)
class SheetReport:
    """One sheet: which private table it is, what its columns were taken for, the columns not kept, and how many rows were read and kept."""

    table: str
    sheet: str
    fields: Mapping[str, str]
    unused: tuple[str, ...]
    rows_read: int
    rows_kept: int


@dataclass(frozen=True, eq=False)
class PeopleImport:
    """What a workbook holds: the tables that it has sheets for, the findings, and a report on each sheet."""

    tables: Mapping[str, pd.DataFrame]
    findings: tuple[Finding, ...]
    sheets: tuple[SheetReport, ...]


@dataclass(eq=False)
class _Sheet:
    """One sheet at work: its rows, which of them are still kept, and what was found wrong."""

    rows: Rows
    kept: np.ndarray
    inside: Collection[str] | None = None
    columns: dict[str, Any] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def text(self, column: str) -> Texts:
        return texts(self.rows.frame, column)

    def refuse(self, position: int, code: str, /, *, column: str | None = None, **words: Any) -> None:
        """Leave a row out and say why; once is enough. What stands in the row is not repeated: it may be somebody's name."""
        if self.kept[position]:
            self.kept[position] = False
            self.findings.append(self.rows.finding(code, position, column=column, subject=str(self.rows.numbers[position]), **words))


def read_people(
    path: Path,
    district: District,
    *,
    old: People | None = None,
    fields: Mapping[str, Mapping[str, str]] | None = None,
    inside: Collection[str] | None = None,
) -> PeopleImport:
    """Read the workbook at ``path``; buildings are found as those of a ledger are, by id, name and address.

    Each sheet is one of :data:`gridmap.people.tables.PEOPLE_TABLES`, told by its name or its columns. A row that cannot be used is an error finding
    and left out; columns and texts with telephone or identity numbers are never kept. ``old`` are the organisations that member households may name
    when the workbook has no sheet of organisations. ``fields`` gives, for a sheet by its name, the columns that stand for ours where the guess is
    wrong. With ``inside``, ids of buildings, only member households there are read; ``old`` ones elsewhere stay in their table, other sheets are told
    and left. Raises ``InputError`` when the file cannot be read, no sheet has a header, or, with ``inside``, none holds member households;
    ``RequestError`` for ``fields`` that the sheet does not have.
    """
    layers, findings = read_each_sheet(path, PEOPLE_FIELDS, SHEET_WORDS)
    old = old or no_people()
    tables: dict[str, pd.DataFrame] = {}
    if inside is not None:
        left = [layer.name for name, layer in layers if name != "member_households"]
        findings = [*findings, *(finding("member_sheet_left", sheet, file=path.name, layer=sheet) for sheet in left)]
        layers = [each for each in layers if each[0] == "member_households"]
        tables["member_households"] = old.member_households[~old.member_households["building_id"].isin(list(inside))]
        if not layers:
            raise InputError("member_households_absent", file=path.name)
    reports: list[SheetReport] = []
    # Organisations come first: households name them.
    order = list(PEOPLE_TABLES)
    for name, layer in sorted(layers, key=lambda each: order.index(each[0])):
        sheet, taken, unused = _opened(name, layer, (fields or {}).get(layer.name))
        sheet.inside = inside
        findings = [*findings, *map(_without_cell, layer.findings)]
        organisations = tables.get("organisations", old.organisations)
        _READERS[name](sheet, district, organisations, tables.get(name))
        findings += sheet.findings
        made = pd.DataFrame(sheet.columns)[sheet.kept]
        table = typed_people(name, made.set_index(PEOPLE_TABLES[name].index))
        tables[name] = pd.concat([tables[name], table]) if name in tables else table
        reports.append(SheetReport(name, layer.name, taken, unused, len(layer.frame), len(table)))
    return PeopleImport(tables, tuple(findings), tuple(reports))


def _without_cell(found: Finding) -> Finding:
    """Return a finding on a row without what stands in it: it may be somebody's name."""
    return found if found.row is None or found.value is None else replace(found, value="…")


def _opened(name: str, layer: Layer, chosen: Mapping[str, str] | None) -> tuple[_Sheet, dict[str, str], tuple[str, ...]]:
    """Return a sheet under our names of columns, without what is never kept, what its columns were taken for, and the columns not used."""
    never = [str(column) for column in layer.frame.columns if is_never_kept(str(column))]
    there = [str(column) for column in layer.frame.columns if str(column) not in never]
    fields = guess_fields(name, there, known=PEOPLE_FIELDS) if chosen is None else _chosen(name, layer.name, there, chosen)
    columns: dict[str, Any] = {ours: layer.frame[theirs].to_numpy(dtype=object) for ours, theirs in fields.items()}
    numbers = [layer.user_row(position) for position in range(len(layer.frame))]
    frame = gpd.GeoDataFrame({**columns, ROW: np.array(numbers, dtype=np.int64)}, geometry=gpd.GeoSeries([None] * len(numbers)))
    sheet = _Sheet(Rows(name, layer.file, layer.name, frame, fields), np.ones(len(numbers), dtype=bool))
    if never:
        sheet.findings.append(sheet.rows.finding("member_columns_never_kept", value=len(never), columns=", ".join(never)))
    for column in fields:
        for position, text in enumerate(texts(frame, column)):
            if text is not None and holds_personal_number(text):
                frame.loc[position, column] = None
                sheet.findings.append(sheet.rows.finding("member_number_removed", position, column=column, subject=str(numbers[position])))
    filled = [str(column) for column in layer.frame.columns if layer.frame[column].notna().any()]
    unused = tuple(column for column in filled if column not in (*fields.values(), *never))
    return sheet, fields, unused


def _chosen(name: str, sheet: str, there: Collection[str], chosen: Mapping[str, str]) -> dict[str, str]:
    """Return the columns that somebody has chosen; raises ``RequestError`` for one that is not ours, not in the sheet, or chosen twice."""
    for ours, theirs in chosen.items():
        if ours not in PEOPLE_FIELDS[name] or theirs not in there or list(chosen.values()).count(theirs) > 1:
            raise RequestError("member_field_chosen", sheet=sheet, column=theirs)
    return dict(chosen)


def _organisations(sheet: _Sheet, district: District, _: pd.DataFrame, before: pd.DataFrame | None) -> None:
    names, parents = _required(sheet, "name"), sheet.text("parent")
    ids = _ids(sheet, "organisation_id", names, before)
    levels = _coded(sheet, "level", LEVEL_WORDS, LEVELS)
    building = _building_ids(sheet, district, needed=False)
    known = {plain_name(word): identity for identity, name in zip(ids, names, strict=True) for word in (identity, name or identity)}
    above: Texts = [None if parent is None else known.get(plain_name(parent)) for parent in parents]
    for position, parent in enumerate(parents):
        if parent is not None and above[position] is None:
            sheet.findings.append(sheet.rows.finding("member_parent_unknown", position, column="parent", subject=str(sheet.rows.numbers[position])))
    communities = _community_ids(sheet, district)
    told = {"organisation_id": ids, "name": names, "level": levels, "parent": above, "community_id": communities}
    sheet.columns = {**told, "building_id": building, "grid": sheet.text("grid")}


def _member_households(sheet: _Sheet, district: District, organisations: pd.DataFrame, before: pd.DataFrame | None) -> None:
    building = _building_ids(sheet, district, needed=True)
    for position, where in enumerate(building):
        if where is not None and sheet.inside is not None and where not in sheet.inside:
            sheet.refuse(position, "member_building_outside")
    stairwells, rooms = sheet.text("stairwell"), sheet.text("room")
    _once_each(sheet, building, stairwells, rooms)
    made = _made_ids(building, stairwells, rooms)
    ids = _ids(sheet, "household_id", made, before)
    members = _members(sheet)
    centre = _truths(sheet, "centre")
    kinds = _coded(sheet, "kind", KIND_WORDS, HOUSEHOLD_KINDS, default="resident")
    organisation = _named_organisations(sheet, organisations)
    told = {"household_id": ids, "building_id": building, "stairwell": stairwells, "room": rooms, "name": sheet.text("name")}
    sheet.columns = {**told, "members": members, "centre": centre, "kind": kinds, "organisation_id": organisation}


def _workers(sheet: _Sheet, _: District, __: pd.DataFrame, before: pd.DataFrame | None) -> None:
    names, grids = _required(sheet, "name"), sheet.text("grid")
    made: Texts = [f"{name} {grid}" if grid else name for name, grid in zip(names, grids, strict=True)]
    sheet.columns = {"worker_id": _ids(sheet, "worker_id", made, before), "name": names, "grid": grids}


def _posts(sheet: _Sheet, _: District, __: pd.DataFrame, before: pd.DataFrame | None) -> None:
    names, grids, claimed = _required(sheet, "name"), sheet.text("grid"), sheet.text("household_id")
    made: Texts = ["/".join(part for part in (name, grid, by) if part) or None for name, grid, by in zip(names, grids, claimed, strict=True)]
    sheet.columns = {"post_id": _ids(sheet, "post_id", made, before), "name": names, "household_id": claimed, "grid": grids}


_READERS: Mapping[str, Callable[[_Sheet, District, pd.DataFrame, pd.DataFrame | None], None]] = {
    "organisations": _organisations,
    "member_households": _member_households,
    "workers": _workers,
    "posts": _posts,
}


def _required(sheet: _Sheet, column: str) -> Texts:
    """Return the texts of a column; a row without one is refused."""
    values = sheet.text(column)
    for position, value in enumerate(values):
        if value is None:
            sheet.refuse(position, "member_value_missing", column=column)
    return values


def _ids(sheet: _Sheet, column: str, made: Sequence[str | None], before: pd.DataFrame | None) -> list[str]:
    """Return the ids of the rows, made ones where the file has none; a row whose id was given to another is refused."""
    seen: dict[str, int] = {} if before is None else dict.fromkeys(map(str, before.index), 0)
    ids = []
    for position, given in enumerate(sheet.text(column)):
        identity = given or made[position] or str(sheet.rows.numbers[position])
        if identity in seen:
            sheet.refuse(position, "member_id_twice", column=column, value=seen[identity] or None)
        elif sheet.kept[position]:
            seen[identity] = int(sheet.rows.numbers[position])
        ids.append(identity)
    return ids


def _coded(sheet: _Sheet, column: str, words: Mapping[str, str], codes: Sequence[str], default: str | None = None) -> Texts:
    """Return the codes that the words of a column mean; an unknown word refuses its row, a missing one too unless there is a ``default``."""
    found: Texts = []
    missing = 0
    for position, text in enumerate(sheet.text(column)):
        code = default if text is None else code_of(text, words, codes)
        missing += text is None
        if code is None:
            sheet.refuse(position, "member_value_missing" if text is None else "member_word_unknown", column=column)
        found.append(code)
    if default is not None and missing:
        sheet.findings.append(sheet.rows.finding("member_kind_assumed", column=column, value=missing))
    return found


def _members(sheet: _Sheet) -> list[int]:
    """Return the members of each household; where the office does not say, one."""
    counts, fault = parse_integers(sheet.text("members"))
    assumed = counts.isna() & ~fault
    filled = counts.fillna(1).to_numpy(dtype=np.int64)
    for position in np.flatnonzero(fault | (filled < 1) | (filled > MEMBERS_MOST)):
        sheet.refuse(int(position), "member_count_fault", column="members", limit=MEMBERS_MOST)
    if assumed.any():
        sheet.findings.append(sheet.rows.finding("member_count_assumed", column="members", value=int(assumed.sum())))
    return [int(value) for value in filled]


def _truths(sheet: _Sheet, column: str) -> list[bool]:
    words = ["是" if text is not None and "中心户" in text else text for text in sheet.text(column)]
    values, fault = parse_truths(words)
    for position in np.flatnonzero(fault):
        sheet.refuse(int(position), "member_word_unknown", column=column)
    return [bool(value) for value in values.fillna(False)]


def _building_ids(sheet: _Sheet, district: District, *, needed: bool) -> Texts:
    """Return the building of each row. A row that names none, or one that is not there or not the only one, is refused where it is ``needed``."""
    matches: Matches = match_ledger(sheet.rows, district.buildings, district.communities)
    ids = district.buildings.index
    found: Texts = []
    for position, building in enumerate(matches.building.tolist()):
        how, whole = str(matches.how[position]), matches.members[position]
        if building < 0 and whole is not None and len(whole) == 1:
            building = int(whole[0])
        found.append(None if building < 0 else str(ids[building]))
        # An organisation may belong to a compound or a community as a whole.
        if building < 0 and (needed or how in ("ambiguous", "unmatched")):
            code = "member_building_ambiguous" if how == "ambiguous" else "member_building_absent" if how == "empty" else "member_building_unknown"
            value = int(matches.candidates[position]) or None
            if needed:
                sheet.refuse(position, code, value=value)
            elif how != "unmatched" or sheet.text("building")[position] is not None:
                sheet.findings.append(sheet.rows.finding("member_place_unknown", position, subject=str(sheet.rows.numbers[position])))
    return found


def _once_each(sheet: _Sheet, building: Texts, stairwells: Texts, rooms: Texts) -> None:
    """Refuse rows that name the same flat again."""
    seen: dict[tuple[str, str, str], int] = {}
    for position, (where, stairwell, room) in enumerate(zip(building, stairwells, rooms, strict=True)):
        if where is None or room is None:
            continue
        key = (where, plain_name(stairwell or ""), plain_name(room))
        if key in seen and sheet.kept[position]:
            sheet.refuse(position, "member_flat_twice", value=seen[key])
        seen.setdefault(key, int(sheet.rows.numbers[position]))


def _made_ids(building: Texts, stairwells: Texts, rooms: Texts) -> Texts:
    """Return an id for each household from where it lives, the same at every import; households of one building without rooms are numbered."""
    numbers: dict[str, int] = {}
    made: Texts = []
    for where, stairwell, room in zip(building, stairwells, rooms, strict=True):
        parts = [part for part in (where, stairwell, room) if part]
        stem = "-".join(parts)
        if room is None:
            numbers[stem] = numbers.get(stem, 0) + 1
            stem = f"{stem}-{numbers[stem]}户"
        made.append(stem if where else None)
    return made


def _community_ids(sheet: _Sheet, district: District) -> Texts:
    names = texts(district.communities, "name")
    named = zip(map(str, district.communities.index), names, strict=True)
    known = {plain_name(word): identity for identity, name in named for word in (identity, name or identity)}
    found: Texts = []
    for position, said in enumerate(sheet.text("community")):
        found.append(None if said is None else known.get(plain_name(said)))
        if said is not None and found[-1] is None:
            sheet.findings.append(sheet.rows.finding("member_place_unknown", position, column="community", subject=str(sheet.rows.numbers[position])))
    return found


def _named_organisations(sheet: _Sheet, organisations: pd.DataFrame) -> Texts:
    """Return the ids of the organisations that the rows name by id or name; one that is not known is told and left open."""
    named = zip(organisations.index, organisations["name"], strict=True)
    known = {plain_name(str(word)): str(identity) for identity, name in named for word in (identity, name)}
    found: Texts = []
    for position, said in enumerate(sheet.text("organisation")):
        found.append(None if said is None else known.get(plain_name(said)))
        if said is not None and found[-1] is None:
            sheet.findings.append(
                sheet.rows.finding("member_organisation_unknown", position, column="organisation", subject=str(sheet.rows.numbers[position]))
            )
    return found

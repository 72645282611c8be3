"""Raw columns of a file made into the typed columns of a table; what cannot be understood is a finding."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gridmap.findings import Finding
from gridmap.ground import classes
from gridmap.ground.fields import parse_households, parse_integers, parse_numbers, parse_truths
from gridmap.ground.names import as_texts, plain_name
from gridmap.ground.rows import Rows
from gridmap.ground.tables import TABLES, Column
from gridmap.rules import Rules

Values = npt.NDArray[np.object_]
Step = tuple[Rows, list[Finding]]

_LEVEL = re.compile(r"[+-]?\d+")
_NO = ("no", "No", "NO", "0", "false", "False", "f", "F", "n", "N", "否", "无")

PARSERS = {"integer": parse_integers, "number": parse_numbers, "truth": parse_truths}

DEFAULT_TRUTHS = {"dedicated": False, "walkable": True, "barrier": False, "public": True}
"""What stands in a column of truth values that every row needs, where a file does not say."""

SAME_PLACE_M = 0.1
"""What has its middle within 10 cm of where something stood is that thing: files round, and nothing else stands so near."""

PREFIXES = {"communities": "C", "buildings": "B", "streets": "S", "barriers": "X", "gates": "G", "venues": "V"}
"""The first letter of the ids that are made where a file has none."""


def with_ids(rows: Rows, earlier: gpd.GeoDataFrame | None = None) -> Step:
    """Return ``rows`` with their ids, as text, as the index.

    Ids of the file are kept as they are written, leading zeros too. A column that holds one value in every row is no id. Missing ids are made:
    what stands where something stood in ``earlier``, the table of the workspace, keeps its id; else a letter and the row's number.
    """
    name = TABLES[rows.table].index
    given = as_texts(rows.frame[name].to_numpy(dtype=object)) if name in rows.frame.columns else np.full(len(rows), None, dtype=object)
    if rows.table == "communities" and not _known(given).any():
        given = _division_codes(rows)
    findings: list[Finding] = []
    known = _known(given)
    if len(rows) > 1 and known.all() and len(set(given)) == 1:
        findings.append(rows.finding("ids_all_same", column=name, value=str(given[0])))
        given, known = np.full(len(rows), None, dtype=object), np.zeros(len(rows), dtype=bool)
    elif known.any() and not known.all():
        findings.append(rows.finding("ids_missing", column=name, value=int(np.count_nonzero(~known))))
    ids = given.copy()
    taken = set(given[known])
    if earlier is not None and not known.all():
        # A new building must not get the id of one that was there: plans speak of ids.
        ids[~known] = _earlier_ids(rows.frame.geometry.to_numpy()[~known], earlier, taken)
        taken |= set(earlier.index)
    for position in np.flatnonzero(~_known(ids)):
        ids[position] = _free_id(PREFIXES[rows.table], int(rows.numbers[position]), taken)
        taken.add(ids[position])
    frame = rows.frame.drop(columns=[name], errors="ignore")
    return rows.with_frame(frame.set_axis(pd.Index(ids.astype(str), name=name), axis=0)), findings


def _earlier_ids(geometry: Values, earlier: gpd.GeoDataFrame, taken: set[str]) -> Values:
    """Return the id that the thing at each place had in ``earlier``, None where there was none; no id is given twice."""
    found = np.full(len(geometry), None, dtype=object)
    tree = shapely.STRtree(shapely.centroid(earlier.geometry.to_numpy()))
    new, old = tree.query_nearest(shapely.centroid(geometry), max_distance=SAME_PLACE_M, all_matches=False)
    used = set(taken)
    for position, identity in zip(new.tolist(), earlier.index[old], strict=True):
        if identity not in used:
            found[position] = identity
            used.add(identity)
    return found


def _free_id(prefix: str, number: int, taken: set[str]) -> str:
    """Return the prefix and number, with further marks where that is another row's id."""
    found = f"{prefix}{number}"
    while found in taken:
        found += "'"
    return found


def _division_codes(rows: Rows) -> Values:
    """Return the division codes where each community has its own; they serve as ids then."""
    if "division_code" not in rows.frame.columns:
        return np.full(len(rows), None, dtype=object)
    codes = as_texts(rows.frame["division_code"].to_numpy(dtype=object))
    unique = _known(codes).all() and len(set(codes)) == len(codes)
    return codes if unique else np.full(len(rows), None, dtype=object)


def _known(values: Values) -> npt.NDArray[np.bool_]:
    return np.array([value is not None for value in values], dtype=bool)


def typed_rows(rows: Rows, rules: Rules) -> Step:
    """Return ``rows`` with every column of their table in its type, and findings about values that cannot be understood.

    ``community_id`` of buildings is left to the assignment of communities, as is ``households_source`` to the estimate.
    """
    rows, findings = _classed(rows, rules)
    columns: dict[str, object] = {}
    for column in TABLES[rows.table].columns:
        # The level of a street, which alone may be negative, was read with its bridges and tunnels.
        if column.name in rows.frame.columns and column.name != "layer":
            columns[column.name], more = _typed_column(rows, column)
            findings += more
        elif column.name in DEFAULT_TRUTHS:
            columns[column.name] = pd.array([DEFAULT_TRUTHS[column.name]] * len(rows), dtype="boolean")
    return rows.with_frame(rows.frame.assign(**columns)), findings


def _typed_column(rows: Rows, column: Column) -> tuple[object, list[Finding]]:
    values = rows.frame[column.name].to_numpy(dtype=object)
    if column.kind == "text":
        return as_texts(values), []
    if column.name == "households":
        parsed, fault = parse_households(values)
        return parsed, rows.findings("households_fault", fault, column="households")
    found, fault = PARSERS[column.kind](values)
    findings = rows.findings("value_unreadable", fault, column=column.name)
    if column.name in DEFAULT_TRUTHS:
        truths = pd.array(found, dtype="boolean")
        truths[truths.isna()] = DEFAULT_TRUTHS[column.name]
        return truths, findings
    return found, findings


def _classed(rows: Rows, rules: Rules) -> Step:
    """Do what only one table needs."""
    match rows.table:
        case "buildings":
            return _floored_buildings(rows, rules.estimate.storey_height_m)
        case "streets":
            return _class_streets(rows)
        case "barriers":
            return _class_barriers(rows)
        case "venues":
            return _class_venues(rows, rules)
    return rows, []


def _class_streets(rows: Rows) -> Step:
    frame = rows.frame
    if "street_class" not in frame.columns:
        findings = [rows.finding("street_class_absent")]
        raw = np.full(len(rows), None, dtype=object)
    else:
        findings = []
        raw = frame["street_class"].to_numpy(dtype=object)
    found = classes.street_classes(raw)
    found, findings = _told_unknown(rows, raw, found, "street_class", "street_class_unknown", findings, default="street")
    rails = found == ""
    if rails.any():
        findings.append(rows.finding("streets_not_walked", column="street_class", value=int(rails.sum())))
    fast = classes.fast_roads(raw)
    added: dict[str, object] = {"street_class": found}
    if "walkable" not in frame.columns:
        added["walkable"] = ~fast
    if "barrier" not in frame.columns:
        added["barrier"] = fast
    if {"layer", "bridge", "tunnel"} & set(frame.columns):
        added["layer"], unreadable = _levels(frame)
        findings += rows.findings("value_unreadable", unreadable, column="layer" if "layer" in frame.columns else None)
    return rows.with_frame(frame.assign(**added)).kept(~rails), findings


def _levels(frame: gpd.GeoDataFrame) -> tuple[object, npt.NDArray[np.bool_]]:
    """Return the level of each street, where none is given 1 on a bridge and -1 in a tunnel, and where the level cannot be read."""
    said = as_texts(frame["layer"].to_numpy(dtype=object)) if "layer" in frame.columns else np.full(len(frame), None, dtype=object)
    levels = np.array([int(word) if word is not None and _LEVEL.fullmatch(str(word)) else None for word in said], dtype=object)
    readable = _known(levels)
    for column, level in (("bridge", 1), ("tunnel", -1)):
        if column in frame.columns:
            # Tags name the kind of bridge ("viaduct"): any word but "no" is one.
            words = pd.Series(as_texts(frame[column].to_numpy(dtype=object)), dtype="object")
            levels[~readable & words.notna().to_numpy() & ~words.isin(_NO).to_numpy()] = level
    return pd.array(levels, dtype="Int64"), _known(said) & ~readable


def _class_barriers(rows: Rows) -> Step:
    if "kind" not in rows.frame.columns:
        kind = classes.barrier_kind_of_name(rows.layer) or classes.barrier_kind_of_name(rows.file)
        if kind is None:
            return rows.kept(np.zeros(len(rows), dtype=bool)), [rows.finding("barrier_kind_absent")]
        return rows.with_frame(rows.frame.assign(kind=kind)), [rows.finding("barrier_kind_by_name", value=kind)]
    raw = rows.frame["kind"].to_numpy(dtype=object)
    found = classes.barrier_kinds(raw)
    found, findings = _told_unknown(rows, raw, found, "kind", "barrier_kind_unknown", [], default="")
    return rows.with_frame(rows.frame.assign(kind=found)).kept(found != ""), findings


def _told_unknown(
    rows: Rows, raw: Values, found: Values, column: str, code: str, findings: list[Finding], *, default: str
) -> tuple[Values, list[Finding]]:
    """Put ``default`` where nothing was found, with one finding for each word that is not known."""
    unknown = ~_known(found)
    filled = np.where(unknown, default, found)
    words = pd.Series(as_texts(raw[unknown])).value_counts(dropna=True)
    told = [rows.finding(code, column=column, value=str(word), count=int(count), default=default) for word, count in words.items()]
    return filled, findings + told


def _class_venues(rows: Rows, rules: Rules) -> Step:
    frame = rows.frame
    names = as_texts(frame["name"].to_numpy(dtype=object)) if "name" in frame.columns else np.full(len(rows), None, dtype=object)
    nameless = ~_known(names)
    findings = rows.findings("venue_unnamed", nameless)
    raw = frame["categories"].to_numpy(dtype=object) if "categories" in frame.columns else names
    found: list[str] = []
    unknown: dict[str, int] = {}
    for value, name in zip(raw, names, strict=True):
        codes, words = classes.categories_of(value, rules.categories)
        if not codes and name is not None:
            # A venue often says what it is in its own name: 崂山三村卫生站.
            codes = classes.categories_of([plain_name(name)], rules.categories)[0]
        found.append(json.dumps(codes))
        if not codes:
            for word in words or [""]:
                unknown[word] = unknown.get(word, 0) + 1
    if "categories" in frame.columns:
        findings += _categories_unknown(rows, unknown)
    elif unknown:
        findings.append(rows.finding("categories_absent", value=sum(unknown.values())))
    filled = np.where(nameless, rows.subjects, names)
    return rows.with_frame(frame.assign(name=filled, categories=np.array(found, dtype=object))), findings


def _categories_unknown(rows: Rows, unknown: Mapping[str, int]) -> list[Finding]:
    """Tell in one sentence which categories are not known, the most frequent first: map data has dozens that are no service at all."""
    if not unknown:
        return []
    ordered = sorted(unknown.items(), key=lambda each: (-each[1], each[0]))
    words = ", ".join(f"{word or '—'} ({count})" for word, count in ordered)
    return [rows.finding("category_unknown", column="categories", value=len(unknown), count=sum(unknown.values()), words=words)]


def _floored_buildings(rows: Rows, storey_height_m: float) -> Step:
    """Fill in missing floors from heights."""
    if "height_m" not in rows.frame.columns:
        return rows, []
    height, fault = parse_numbers(rows.frame["height_m"].to_numpy(dtype=object))
    findings = rows.findings("value_unreadable", fault, column="height_m")
    given = rows.frame["floors"].to_numpy(dtype=object) if "floors" in rows.frame.columns else np.full(len(rows), None, dtype=object)
    floors = np.array(given, dtype=object)
    metres = height.to_numpy(dtype=np.float64, na_value=np.nan)
    filled = np.array([pd.isna(value) for value in given], dtype=bool) & (metres > 0)
    floors[filled] = np.maximum(np.round(metres[filled] / storey_height_m), 1).astype(np.int64).astype(object)
    if filled.any():
        told = rows.finding("floors_from_height", column="height_m", value=int(filled.sum()), limit=storey_height_m)
        findings.append(told)
    return rows.with_frame(rows.frame.assign(floors=floors)), findings

"""What the map page of a plan holds: plain numbers and texts, nothing about how they look."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gridmap.findings import Finding
from gridmap.grids.plan import Plan
from gridmap.ground.codes import SEQUENCE_DIGITS
from gridmap.ground.tables import District
from gridmap.outputs.map_colours import greedy_colours
from gridmap.outputs.map_shapes import STEPS_PER_DEGREE, Origin, middles, packed_points, packed_shapes, to_degrees
from gridmap.rules import Rules
from gridmap.texts import LANGUAGES, Language, catalogue

Columns = dict[str, list[Any]]
Bounds = tuple[float, float, float, float]

LONGEST_LABEL = 8
"""Signs of an id that a label shows; the page tells the whole id when the grid is clicked."""

SHOWN_LENGTH_OF_15 = SEQUENCE_DIGITS["15"]


def plan_content(plan: Plan, district: District | None, language: Language) -> tuple[dict[str, Any], Bounds]:
    """Return what the page of ``plan`` shows, ready for JSON, and west, south, east and north of the plan in degrees.

    Every table is a set of columns of equal length. Places are whole steps from ``origin``, as :mod:`gridmap.outputs.map_shapes` packs them.
    Without a district the page has no streets, barriers and venues, and shows the cells of the atoms in place of buildings.
    """
    in_degrees = to_degrees(plan.grids.geometry)
    west, south, east, north = (float(each) for each in in_degrees.total_bounds)
    origin = Origin(west, south)
    centres, radii = middles(plan.grids.geometry)
    content = {
        "language": language,
        "texts": {each: page_texts(each) for each in LANGUAGES},
        "origin": [west, south],
        "steps": STEPS_PER_DEGREE,
        "plan": _plan_facts(plan, district),
        "grids": {
            **_grid_columns(plan),
            "colour": _grid_colours(plan).tolist(),
            "shape": packed_shapes(in_degrees, origin),
            "middle": places_content(centres, plan.grids.crs, origin),
            "radius_m": np.round(radii, 1).tolist(),
        },
        "communities": _communities(plan, district, origin),
        "buildings": _buildings(plan, district, origin),
        "streets": lines_content(district.streets, "street_class", origin) if district else lines_content(None, "street_class", origin),
        "barriers": lines_content(district.barriers, "kind", origin) if district else lines_content(None, "kind", origin),
        "venues": _venues(district, plan.rules, origin),
        "findings": _findings(plan, centres, origin),
    }
    return content, (west, south, east, north)


def short_label(grid_id: str, code: str | None, name: str | None) -> str:
    """Return what stands on the map for a grid: its name, else the number within the community that ends its code, else its id, cut when long.

    >>> short_label("g-1", "320602001001007", None)
    '007'
    """
    if name:
        return name if len(name) <= LONGEST_LABEL else f"{name[: LONGEST_LABEL - 1]}…"
    if code:
        return code[-SHOWN_LENGTH_OF_15:] if len(code) == 15 else code[-SEQUENCE_DIGITS["20"] :]
    return grid_id if len(grid_id) <= LONGEST_LABEL else f"…{grid_id[1 - LONGEST_LABEL :]}"


def page_texts(language: Language) -> dict[str, str]:
    """Return all texts that pages show."""
    return {code: entry[language] for code, entry in catalogue().items() if code.startswith("map_")}


def _plan_facts(plan: Plan, district: District | None) -> dict[str, Any]:
    return {
        "district": district.name if district else "",
        "name": plan.name,
        "author": plan.origin.author,
        "made_at": plan.origin.made_at,
        "rules": {"zh": plan.rules.zh, "en": plan.rules.en},
        "minimum": plan.rules.grid.households_min,
        "maximum": plan.rules.grid.households_max,
        "target": plan.rules.grid.households_target,
    }


def _grid_columns(plan: Plan) -> Columns:
    grids = plan.grids
    codes, names, workers = (texts_of(grids[column]) for column in ("code", "name", "worker"))
    estimated = plan.grid_of[plan.atoms["households_source"].eq("estimated").to_numpy()].value_counts().reindex(grids.index, fill_value=0)
    return {
        "id": grids.index.tolist(),
        "label": [short_label(*each) for each in zip(grids.index, codes, names, strict=True)],
        "code": codes,
        "name": names,
        "worker": workers,
        "community": texts_of(grids["community_id"]),
        "dedicated": grids["kind"].eq("dedicated").tolist(),
        "households": grids["households"].astype(int).tolist(),
        "buildings": grids["buildings"].astype(int).tolist(),
        "missing": grids["households_missing"].astype(int).tolist(),
        "estimated": estimated.astype(int).tolist(),
    }


def _grid_colours(plan: Plan) -> npt.NDArray[np.int64]:
    """Colour the grids so that any two with a common border differ, across communities too."""
    number = pd.Series(np.arange(len(plan.grids)), index=plan.grids.index)
    grid_of = plan.grid_of.map(number)
    touching = plan.neighbours[plan.neighbours["shared_m"] > 0]
    pairs = np.column_stack([grid_of.reindex(touching[side]).to_numpy(dtype=np.float64) for side in ("a", "b")])
    # An office's own division may leave buildings without a grid.
    pairs = pairs[np.isfinite(pairs).all(axis=1)].astype(np.int64)
    return greedy_colours(len(plan.grids), np.unique(np.sort(pairs, axis=1), axis=0))


def _communities(plan: Plan, district: District | None, origin: Origin) -> Columns:
    if district is not None and len(district.communities):
        table = district.communities
        names = texts_of(table["name"])
    else:
        table = plan.grids[["community_id", "geometry"]].dissolve("community_id")
        names = [""] * len(table)
    centres, _ = middles(table.geometry)
    return {
        "id": table.index.tolist(),
        "name": names,
        "shape": packed_shapes(to_degrees(table.geometry), origin),
        "middle": places_content(centres, table.crs, origin),
    }


def _buildings(plan: Plan, district: District | None, origin: Origin) -> Columns:
    """Return the outlines of the district's buildings, or without a district the cells of the atoms; households -1 when unknown."""
    if district is None:
        table, names = plan.atoms, [""] * len(plan.atoms)
        known = table["households_source"].ne("missing").to_numpy()
    else:
        table = district.buildings
        names = texts_of(table["name"])
        known = table["households"].notna().to_numpy()
    households = table["households"].fillna(0).to_numpy(dtype=np.int64)
    return {
        "id": table.index.tolist(),
        "name": names,
        "households": np.where(known, households, -1).tolist(),
        "estimated": table["households_source"].eq("estimated").tolist(),
        "shape": packed_shapes(to_degrees(table.geometry), origin),
    }


def lines_content(table: gpd.GeoDataFrame | None, kind: str, origin: Origin) -> Columns:
    """Return streets or barriers with their kind, name and shape, and whether they are areas."""
    if table is None:
        return {"kind": [], "name": [], "shape": [], "area": []}
    return {
        "kind": texts_of(table[kind]),
        "name": texts_of(table["name"]),
        "shape": packed_shapes(to_degrees(table.geometry), origin),
        "area": np.isin(shapely.get_type_id(np.asarray(table.geometry.array, dtype=object)), (3, 6)).tolist(),
    }


def _venues(district: District | None, rules: Rules, origin: Origin) -> Columns:
    if district is None:
        return {"name": [], "zh": [], "en": [], "place": []}
    venues = district.venues[~(district.venues.geometry.isna() | district.venues.geometry.is_empty)]
    categories = [_categories(text) for text in venues["categories"]]
    return {
        "name": texts_of(venues["name"]),
        **{language: [_category_names(codes, rules, language) for codes in categories] for language in LANGUAGES},
        "place": places_content(shapely.get_coordinates(venues.geometry.to_numpy()), venues.crs, origin),
    }


def _categories(text: str) -> list[str]:
    codes = json.loads(text) if isinstance(text, str) and text.startswith("[") else []
    return [str(code) for code in codes]


def _category_names(codes: Sequence[str], rules: Rules, language: Language) -> str:
    names = [getattr(rules.categories[code], language) if code in rules.categories else code for code in codes]
    return ("、" if language == "zh" else ", ").join(names)


def _findings(plan: Plan, centres: npt.NDArray[np.float64], origin: Origin) -> Columns:
    """Return the findings, the gravest first; ``grid`` is a position in the grids table or -1, ``place`` where it is marked or null."""
    gravity = {"error": 0, "warning": 1, "info": 2}
    findings = sorted(plan.findings, key=lambda finding: gravity[finding.severity])
    grid_at = {grid_id: position for position, grid_id in enumerate(plan.grids.index)}
    whose = _Whose(plan, grid_at, centres)
    found = [whose.grid_and_place(finding) for finding in findings]
    places = np.array([place for _, place in found], dtype=np.float64).reshape(-1, 2)
    return {
        "severity": [finding.severity for finding in findings],
        **{language: [finding.text(language) for finding in findings] for language in LANGUAGES},
        "grid": [grid for grid, _ in found],
        "place": places_content(places, plan.grids.crs, origin),
    }


class _Whose:
    """Finds out where a finding belongs: its own place, else that of the atom, grid or community that it is about.

    What is about a grid as a whole is marked at the middle of the grid, where its label stands, whatever place it names.
    """

    def __init__(self, plan: Plan, grid_at: dict[str, int], centres: npt.NDArray[np.float64]) -> None:
        self.plan = plan
        self.grid_at = grid_at
        self.centres = centres
        self.grid_of_atom = dict(zip(plan.atoms.index, plan.grid_of, strict=True))
        self.first_atom = dict(zip(plan.atoms["source_building_id"][::-1], plan.atoms.index[::-1], strict=True))

    def grid_and_place(self, finding: Finding) -> tuple[int, tuple[float, float]]:
        atom = finding.subject if finding.subject in self.grid_of_atom else self.first_atom.get(finding.subject)
        grid_id = next((each for each in (finding.grid_id, finding.subject, self.grid_of_atom.get(atom)) if each in self.grid_at), None)
        grid = -1 if grid_id is None else self.grid_at[grid_id]
        if finding.x is not None and finding.y is not None and finding.subject not in self.grid_at:
            return grid, (finding.x, finding.y)
        if atom is not None:
            point = self.plan.atoms.geometry[atom].representative_point()
            return grid, (point.x, point.y)
        if grid >= 0:
            return grid, (float(self.centres[grid, 0]), float(self.centres[grid, 1]))
        return -1, self._middle_of_community(finding.community_id or finding.subject)

    def _middle_of_community(self, community_id: str) -> tuple[float, float]:
        members = np.flatnonzero(self.plan.grids["community_id"].eq(community_id).to_numpy())
        if not len(members):
            return float("nan"), float("nan")
        # The grid in the middle of the community: a place inside it, however it is shaped.
        middle = self.centres[members].mean(axis=0)
        nearest = members[np.hypot(*(self.centres[members] - middle).T).argmin()]
        return float(self.centres[nearest, 0]), float(self.centres[nearest, 1])


def places_content(coordinates: npt.NDArray[np.float64], crs: Any, origin: Origin) -> list[list[int] | None]:
    """Return places in the working CRS as whole steps from the origin; a place that is not a number is null."""
    points = to_degrees(gpd.GeoSeries(gpd.points_from_xy(coordinates[:, 0], coordinates[:, 1]), crs=crs))
    degrees = np.column_stack([points.x.to_numpy(), points.y.to_numpy()]) if len(points) else np.empty((0, 2))
    known: npt.NDArray[np.bool_] = np.asarray(np.isfinite(degrees).all(axis=1))
    steps = packed_points(np.where(known[:, None], degrees, origin.longitude), origin)
    return [step if there else None for step, there in zip(steps.tolist(), known.tolist(), strict=True)]


def texts_of(column: pd.Series) -> list[str]:
    """Return a column of text, missing being the empty text."""
    return [str(text) for text in column.astype(object).where(column.notna(), "")]

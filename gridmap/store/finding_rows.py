"""Findings as a layer: a text for people in both languages, and all that is needed to read them back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import pandas as pd
import pyproj
import shapely

from gridmap.findings import Finding
from gridmap.ground.tables import DTYPES
from gridmap.store.schema import FINDING_COLUMNS

PLAIN = ("severity", "code", "subject", "community_id", "grid_id", "unit", "file", "layer", "row", "column")


def findings_frame(findings: Sequence[Finding], crs: pyproj.CRS | None) -> gpd.GeoDataFrame:
    """Return one row for each finding with the columns of ``FINDING_COLUMNS`` and its place, where it has one."""
    rows = [_row(each) for each in findings]
    frame = {field.name: pd.array([row[field.name] for row in rows], dtype=DTYPES[field.kind]) for field in FINDING_COLUMNS}
    places = [shapely.Point(each.x, each.y) if each.x is not None and each.y is not None else None for each in findings]
    return gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries(places, crs=crs), crs=crs)


def findings_of(frame: gpd.GeoDataFrame) -> list[Finding]:
    """Return the findings that :func:`findings_frame` laid out."""
    x, y = shapely.get_x(frame.geometry.to_numpy()).tolist(), shapely.get_y(frame.geometry.to_numpy()).tolist()
    rows = pd.DataFrame(frame.drop(columns="geometry")).astype(object).where(frame.drop(columns="geometry").notna(), None).to_dict("records")
    findings = []
    for row, own_x, own_y in zip(rows, x, y, strict=True):
        told = json.loads(row["words"])
        place = {} if own_x != own_x else {"x": own_x, "y": own_y}
        findings.append(Finding(**{name: row[name] for name in PLAIN}, value=told["value"], limit=told["limit"], words=told["words"], **place))
    return findings


def _row(finding: Finding) -> dict[str, Any]:
    row: dict[str, Any] = {name: getattr(finding, name) for name in PLAIN}
    row |= {"text_zh": finding.text("zh"), "text_en": finding.text("en")}
    row |= {name: None if getattr(finding, name) is None else str(getattr(finding, name)) for name in ("value", "limit")}
    told = {"value": finding.value, "limit": finding.limit, "words": dict(finding.words)}
    return {**row, "words": json.dumps(told, ensure_ascii=False, default=_plain)}


def _plain(number: Any) -> Any:
    """Return a numpy number as Python's own."""
    return number.item()

"""The public venue map: one web page that opens anywhere with no network, or a folder for any static host."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import geopandas as gpd
import numpy as np
import pandas as pd

from gridmap.errors import RequestError
from gridmap.findings import Finding, finding
from gridmap.ground.tables import District
from gridmap.outputs.export_layers import Export
from gridmap.outputs.map_content import texts_of
from gridmap.outputs.map_shapes import to_degrees
from gridmap.outputs.plain_files import PAGE_ENDINGS, write_geojson, write_table
from gridmap.outputs.publish_content import Publication, public_circles, public_content, public_venues
from gridmap.outputs.publish_fields import FILE_FIELDS, VENUE_POINTS
from gridmap.outputs.publish_page import public_page
from gridmap.progress import Progress, silent
from gridmap.rules import Rules
from gridmap.store.connections import drafted
from gridmap.store.workspace import Workspace
from gridmap.texts import Language, render
from gridmap.walking.network import Network

PAGE, SHEET, POINTS, CODE = "index.html", "venues.csv", "venues.geojson", "address.svg"
"""The files of a folder; the last one, the QR code as a picture for posters, only where an address was given."""

PLACE_DECIMALS = 6
"""About 0.1 m."""

ADDRESS_LONGEST = 1000
"""A QR code holds little more, and no address needs it."""

CODE_SCALE = 8
"""Units of the picture to a square of the QR code."""

DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def publish(
    district: District,
    rules: Rules,
    out: Path,
    *,
    source: str,
    date: str,
    approval: str | None = None,
    address: str | None = None,
    walk: str = "default",
    minutes: float = 10.0,
    language: Language = "zh",
    network: Network | None = None,
    progress: Progress = silent,
) -> tuple[list[Path], list[Finding]]:
    """Write the public venue map and return the files written and what was left out of them.

    ``out`` is a web page by its ending (``.html``), else a folder, new, empty or published before, which gets the page, the venues as CSV and
    GeoJSON, and the QR code of ``address``. Only venues with ``public`` true and the fields of :mod:`gridmap.outputs.publish_fields` go out.
    ``source``, ``date`` (YYYY-MM-DD) and the map ``approval`` number are printed on the page; without a number it says "internal use only".
    Service circles are walks of ``minutes`` in the way ``walk``. ``language`` is the one the page opens in and the sheet's headings are in.

    Raises ``RequestError`` when nothing can be published or a setting makes no sense, ``WorkspaceError`` when a file cannot be written.
    """
    told = _told(source, date, approval, address)
    check_out(out)
    if not len(district.venues):
        raise RequestError("publish_no_venues")
    venues, findings = public_venues(district, rules)
    if not len(venues):
        raise RequestError("publish_no_public_venues", venues=len(district.venues))
    if not told.approval:
        findings.append(finding("publish_not_approved", district.name))
    circles = public_circles(district, venues, rules, walk=walk, minutes=minutes, network=network, progress=progress)
    content = public_content(district, venues, rules, told, circles, walk=walk, minutes=minutes, language=language)
    page = public_page(content, language=language)
    if out.suffix.lower() in PAGE_ENDINGS:
        _write_text(out, page)
        return [out], findings
    out.mkdir(exist_ok=True)
    _write_text(out / PAGE, page)
    write_venue_sheet(out / SHEET, venues, rules, language)
    write_geojson(Export(VENUE_POINTS, _points(venues, rules, language)), out / POINTS)
    written = [out / PAGE, out / SHEET, out / POINTS]
    if told.address:
        _write_code(out / CODE, told.address)
        written.append(out / CODE)
    return written, findings


def date_of_data(store: Workspace) -> str:
    """Return the day of the latest import, which is how old the data are; for a district that was never imported, the day of its file."""
    imports = store.imports()
    if len(imports):
        return str(imports["made_at"].max())[: len("2000-01-01")]
    return dt.datetime.fromtimestamp(store.path.stat().st_mtime, tz=dt.UTC).date().isoformat()


def check_out(out: Path) -> None:
    """Raise ``RequestError`` unless ``out`` is the name of a web page or of a folder that is new, empty or was published before."""
    ending = out.suffix.lower()
    if ending in PAGE_ENDINGS:
        return
    if out.is_file() or (ending and not out.is_dir()):
        raise RequestError("publish_ending_unknown", file=out.name, endings=", ".join(PAGE_ENDINGS))
    if not out.is_dir():
        if not out.absolute().parent.is_dir():
            raise RequestError("publish_folder_missing", folder=str(out.parent))
        return
    others = sorted(path.name for path in out.iterdir() if path.name not in (PAGE, SHEET, POINTS, CODE))
    if others:
        raise RequestError("publish_folder_not_empty", folder=str(out), file=others[0])


def write_venue_sheet(path: Path, venues: gpd.GeoDataFrame, rules: Rules, language: Language) -> None:
    """Write the venues for Excel: UTF-8 with a byte order mark, texts that would be formulas made harmless."""
    with drafted(path) as draft:
        write_table(draft, headings(language), *columns(venues, rules, language).values())


def headings(language: Language) -> list[str]:
    """Return the headings of the sheet: the fields' own names, which stay the same for ever, or in Chinese what they mean."""
    return [render(f"public_column_{each.name}", language, {}) if language == "zh" else each.name for each in FILE_FIELDS]


def columns(venues: gpd.GeoDataFrame, rules: Rules, language: Language) -> dict[str, list[Any]]:
    """Return the columns of the files, exactly those of :data:`gridmap.outputs.publish_fields.FILE_FIELDS`; what is missing is None."""
    places = to_degrees(venues.geometry)
    between = "、" if language == "zh" else ", "
    names = [between.join(getattr(rules.categories[code], language) for code in codes) for codes in venues["categories"]]
    texts = {name: texts_of(venues[name]) for name in ("name", "address", "phone", "hours", "opened_by")}
    given: dict[str, list[Any]] = {
        **texts,
        "categories": names,
        "area_m2": [None if pd.isna(area) else round(float(area), 1) for area in venues["area_m2"]],
        "accessible": [None if pd.isna(each) else bool(each) for each in venues["accessible"]],
        "longitude": np.round(places.x.to_numpy(), PLACE_DECIMALS).tolist(),
        "latitude": np.round(places.y.to_numpy(), PLACE_DECIMALS).tolist(),
    }
    return {each.name: given[each.name] for each in FILE_FIELDS}


def _points(venues: gpd.GeoDataFrame, rules: Rules, language: Language) -> gpd.GeoDataFrame:
    table = pd.DataFrame(columns(venues, rules, language), index=venues.index)
    points = gpd.points_from_xy(table.pop("longitude"), table.pop("latitude"), crs=4326)
    return gpd.GeoDataFrame(table.astype({"accessible": "boolean", "area_m2": "Float64"}), geometry=points)


def _told(source: str, date: str, approval: str | None, address: str | None) -> Publication:
    """Return what the page says about itself, checked."""
    if approval is not None and not approval.strip():
        raise RequestError("publish_approval_empty")
    if not source.strip():
        raise RequestError("publish_source_empty")
    if not _is_date(date):
        raise RequestError("publish_date_senseless", value=date)
    if address is not None and not _is_address(address):
        raise RequestError("publish_address_senseless", value=address)
    return Publication(source.strip(), date, (approval or "").strip(), address or "")


def _is_date(text: str) -> bool:
    try:
        return DATE.fullmatch(text) is not None and bool(dt.date.fromisoformat(text))
    except ValueError:
        return False


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and len(text) <= ADDRESS_LONGEST and text.isprintable() and " " not in text


def _write_code(path: Path, address: str) -> None:
    import segno

    with drafted(path) as draft:
        segno.make(address, error="m", micro=False).save(str(draft), kind="svg", scale=CODE_SCALE)


def _write_text(path: Path, text: str) -> None:
    with drafted(path) as draft:
        draft.write_text(text, encoding="utf-8", newline="\n")

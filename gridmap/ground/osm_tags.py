"""What tags of OpenStreetMap mean: the table in ``osm_tags.toml``, and the values of single tags."""

from __future__ import annotations

import functools
import json
import re
import tomllib
from collections.abc import Mapping
from importlib import resources
from typing import Any

from gridmap.ground.values import whole_number

Tags = Mapping[str, str]

BARRIER_CLASSES = ("arterial",)
"""Classes of streets that a grid should not cross."""


@functools.cache
def table() -> Mapping[str, Any]:
    """Return the table of tags."""
    return tomllib.loads((resources.files("gridmap.ground") / "osm_tags.toml").read_text(encoding="utf-8"))


VENUE_KEYS = frozenset(table()["venues"])


@functools.cache
def _street_classes() -> Mapping[str, str]:
    return {value: name for name, values in table()["street_classes"].items() for value in values}


@functools.cache
def _pairs(section: str, name: str) -> frozenset[tuple[str, str]]:
    return frozenset((key, value) for key, _, value in (tag.partition("=") for tag in table()[section][name]))


def _any(tags: Tags, section: str, name: str) -> bool:
    return not _pairs(section, name).isdisjoint(tags.items())


def street_class(tags: Tags) -> str | None:
    """Return the class of the street, None for what is none.

    >>> street_class({"highway": "residential"}), street_class({"highway": "proposed"})
    ('street', None)
    """
    return _street_classes().get(tags.get("highway", ""))


def walkable(tags: Tags) -> bool:
    """Tell whether people walk there.

    >>> walkable({"highway": "trunk"}), walkable({"highway": "trunk", "sidewalk": "both"}), walkable({"highway": "footway", "foot": "no"})
    (False, True, False)
    """
    if _any(tags, "walking", "closing_tags"):
        return False
    if _any(tags, "walking", "opening_tags"):
        return True
    return tags.get("highway") not in table()["walking"]["closed_classes"] and not _any(tags, "walking", "closing_unless_opened")


def one_way(tags: Tags) -> int:
    """Return 1 where walkers go only as the way is drawn, -1 where only against it, else 0: what is one way for cars is not for them.

    >>> one_way({"highway": "footway", "oneway": "yes"}), one_way({"highway": "residential", "oneway": "yes"}), one_way({"oneway:foot": "-1"})
    (1, 0, -1)
    """
    said = tags.get("oneway:foot", "")
    if not said and tags.get("foot:backward") == "no":
        said = "yes"
    if not said and tags.get("highway") in table()["walking"]["one_way_classes"]:
        said = tags.get("oneway", "")
    return {"yes": 1, "1": 1, "true": 1, "-1": -1, "reverse": -1}.get(said, 0)


def layer(tags: Tags) -> int:
    """Return the level: at least 1 on a bridge, at most -1 in a tunnel, else 0; a passage through a building is at ground level.

    >>> layer({"bridge": "yes"}), layer({"tunnel": "yes", "layer": "-2"}), layer({"tunnel": "building_passage"}), layer({"layer": "1"})
    (1, -2, 0, 0)
    """
    number = re.fullmatch(r"[+-]?\d{1,2}", tags.get("layer", ""))
    stated = int(number[0]) if number else 0
    if tags.get("bridge", "no") != "no":
        return max(1, stated)
    if tags.get("tunnel", "no") not in ("no", "building_passage"):
        return min(-1, stated)
    return 0


_LINE_KEYS = frozenset(("waterway", "railway", "barrier", "highway"))


def line_barrier(tags: Tags) -> str | None:
    """Return the kind of barrier that a line is, None when it is none; bridges, tunnels and what is below the ground are none.

    >>> line_barrier({"waterway": "river"}), line_barrier({"railway": "rail", "tunnel": "yes"}), line_barrier({"highway": "trunk"})
    ('river', None, None)
    """
    if _LINE_KEYS.isdisjoint(tags) or layer(tags) or tags.get("location") == "underground":
        return None
    kinds = {"river": "river_lines", "railway": "railway_lines", "wall": "wall_lines", "expressway": "expressway_lines"}
    kind = next((kind for kind, name in kinds.items() if _any(tags, "barriers", name)), None)
    return None if kind == "expressway" and not _any(tags, "barriers", "expressway_needs") else kind


def is_water_area(tags: Tags) -> bool:
    """Tell whether an area is water that nobody walks through; fountains and pools are not meant.

    >>> is_water_area({"natural": "water"}), is_water_area({"natural": "water", "amenity": "fountain"})
    (True, False)
    """
    return _any(tags, "barriers", "river_areas") and not _any(tags, "barriers", "not_river_areas") and layer(tags) >= 0


def is_building(tags: Tags) -> bool:
    """Tell whether an area is a building."""
    return tags.get("building", "no") != "no"


def is_gate(tags: Tags) -> bool:
    """Tell whether a node is a gate by itself."""
    return _any(tags, "gates", "nodes")


def is_open(tags: Tags) -> bool:
    """Tell whether everybody may pass or enter."""
    return not _any(tags, "gates", "closed")


def categories(tags: Tags) -> list[str]:
    """Return the codes of the categories that a venue serves, none for what is no venue.

    >>> categories({"amenity": "community_centre"}), categories({"amenity": "bench"})
    (['party_service', 'leisure'], [])
    """
    found: list[str] = []
    if VENUE_KEYS.isdisjoint(tags):
        return found
    for key, values in table()["venues"].items():
        # Several values of one key stand beside each other with semicolons.
        for value in tags.get(key, "").split(";"):
            found += [code for code in values.get(value.strip(), ()) if code not in found]
    if tags.get("amenity") == "social_facility" and _serves_others(tags):
        found.remove("elderly")
    return found


def _serves_others(tags: Tags) -> bool:
    return tags.get("social_facility:for", "senior") != "senior" and tags.get("social_facility") not in table()["venues"]["social_facility"]


def venue_values(tags: Tags) -> dict[str, Any]:
    """Return our columns of a venue. One without a name is called by its tag."""
    keys = table()["venues"]
    name = tags.get("name") or tags.get("name:zh") or tags.get("brand") or next((tags[key] for key in keys if key in tags), "")
    wheelchair = {"yes": True, "designated": True, "no": False}
    return {
        "name": name,
        "categories": json.dumps(categories(tags)),
        "address": address(tags),
        "phone": tags.get("phone") or tags.get("contact:phone"),
        "hours": tags.get("opening_hours"),
        "area_m2": None,
        "opened_by": tags.get("operator"),
        "accessible": wheelchair.get(tags.get("wheelchair", "")),
        "public": is_open(tags),
    }


def address(tags: Tags) -> str | None:
    """Return the address on one line.

    >>> address({"addr:street": "学田路", "addr:housenumber": "8号"})
    '学田路8号'
    """
    if tags.get("addr:full"):
        return tags["addr:full"]
    street, number = tags.get("addr:street") or tags.get("addr:place") or "", tags.get("addr:housenumber", "")
    chinese = any("\u3400" <= character <= "\u9fff" for character in street)
    between = "" if chinese or not street or not number else " "
    return f"{street}{between}{number}" or None


def building_values(tags: Tags) -> tuple[dict[str, Any], dict[str, str]]:
    """Return our columns of a building, and the tags whose value is no number.

    >>> building_values({"building": "yes", "building:levels": "3;5", "building:flats": "x"})[0]["floors"]
    5
    """
    floors, bad_floors = _floors(tags.get("building:levels"))
    faults = {"building:levels": tags.get("building:levels", "")} if bad_floors else {}
    try:
        flats = whole_number(tags.get("building:flats", ""))
    except ValueError:
        flats = None
        faults["building:flats"] = tags["building:flats"]
    use = tags["building"] if tags["building"] != "yes" else tags.get("amenity") or tags.get("shop") or tags.get("office")
    return {
        "name": tags.get("name") or tags.get("name:zh") or tags.get("addr:housename") or tags.get("addr:housenumber"),
        "households": flats,
        "floors": floors,
        "use": use,
        "address": address(tags),
    }, faults


def _floors(text: str | None) -> tuple[int | None, bool]:
    """Return the number of floors, the highest where several are named, a half one counted in full; and whether the text was no number."""
    if text is None:
        return None, False
    numbers = re.findall(r"\d+(?:[.,]\d+)?", text)
    if not numbers or re.search(r"[A-Za-z]", text) or text.strip().startswith("-"):
        return None, True
    most = max(float(number.replace(",", ".")) for number in numbers)
    return (None, True) if most > FLOORS_MAX else (int(-(-most // 1)) or None, False)


FLOORS_MAX = 200
"""More floors than any building has: a slip of the key."""

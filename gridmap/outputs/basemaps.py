"""Maps of others to lie under ours: which there are, in which datum they are drawn, and what must be said of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, cast, get_args
from urllib.parse import urlsplit

from gridmap.errors import RequestError

Datum = Literal["wgs84", "cgcs2000", "gcj02"]
"""CGCS2000 and WGS 84 are the same at the scale of a map; GCJ-02 is shifted by hundreds of metres."""

PROVIDERS = ("tianditu", "amap")
DEEPEST, OWN_DEEPEST = 18, 22
"""The largest zoom of the providers' tiles, and the largest that own tiles may have."""
TIANDITU = "https://t{s}.tianditu.gov.cn/{layer}_w/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&LAYER={layer}&STYLE=default&TILEMATRIXSET=w"
TIANDITU_TILE = "&FORMAT=tiles&TILEMATRIX={z}&TILEROW={y}&TILECOL={x}&tk="
AMAP = "https://webrd0{s}.is.autonavi.com/appmaptile?lang=zh_cn&size=1&scale=1&style=8&x={x}&y={y}&z={z}"
HOST = re.compile(r"([0-9A-Za-z.\-]+|\[[0-9A-Fa-f:]+\])(:[0-9]{1,5})?")
UNUSABLE = re.compile(r"[\s;,'\"<>\\]")
KEY = re.compile(r"[0-9A-Za-z]{8,64}")
GAPS = ("{x}", "{y}", "{z}")


@dataclass(frozen=True, slots=True)
class Basemap:
    """A map of raster tiles in Web Mercator (XYZ, 256 pixels).

    ``layers`` are drawn one over the other; each is a tuple of addresses that give the same tiles, with ``{x}``, ``{y}`` and ``{z}`` in them.
    ``attribution`` names whose it is, ``approval`` is its map approval number (审图号), empty where there is none to show.
    """

    layers: tuple[tuple[str, ...], ...]
    datum: Datum
    attribution: str
    approval: str = ""
    deepest: int = DEEPEST

    @property
    def hosts(self) -> tuple[str, ...]:
        """Return where the tiles come from, as a content policy names it: scheme, host and port."""
        return hosts_of(self.content())

    def content(self) -> dict[str, Any]:
        """Return the same as plain data, as pages need it: lists, and whether the tiles are shifted against WGS 84."""
        told = asdict(self)
        return {**told, "layers": [list(each) for each in self.layers], "shifted": told.pop("datum") == "gcj02"} | {"datum": self.datum}


def hosts_of(content: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Return where the tiles of a basemap's :meth:`Basemap.content` come from, nowhere for none.

    >>> hosts_of({"layers": [["http://127.0.0.1:8080/{z}/{x}/{y}.png"]]}), hosts_of(None)
    (('http://127.0.0.1:8080',), ())
    """
    if content is None:
        return ()
    parts = [urlsplit(address) for layer in content["layers"] for address in layer]
    return tuple(dict.fromkeys(f"{each.scheme}://{each.netloc}" for each in parts))


def basemap_of(name: str, *, datum: str = "", key: str = "", attribution: str = "", approval: str = "", deepest: int = DEEPEST) -> Basemap | None:
    """Return the basemap that settings ask for, None when they ask for none.

    ``name`` is ``tianditu`` (needs ``key``), ``amap``, or the address of own tiles with ``{x}``, ``{y}`` and ``{z}`` in it. Own tiles must say in
    which ``datum`` they are drawn and whose they are (``attribution``); nothing is guessed, since a wrong datum shifts everything by hundreds of
    metres. Raises ``RequestError`` for what is missing or makes no sense.

    >>> basemap_of("") is None, basemap_of("amap").datum
    (True, 'gcj02')
    """
    if not name:
        return None
    if name in PROVIDERS and datum:
        raise RequestError("basemap_datum_known", name=name)
    if name == "tianditu":
        if not KEY.fullmatch(key):
            raise RequestError("basemap_key")
        return Basemap(tuple(_tianditu(layer, key) for layer in ("vec", "cva")), "cgcs2000", attribution or "天地图 Tianditu", approval)
    if name == "amap":
        return Basemap((tuple(AMAP.replace("{s}", str(server)) for server in range(1, 5)),), "gcj02", attribution or "高德地图 Amap", approval)
    return _own(name, datum, attribution, approval, deepest)


def _tianditu(layer: str, key: str) -> tuple[str, ...]:
    address = TIANDITU.replace("{layer}", layer) + TIANDITU_TILE + key
    return tuple(address.replace("{s}", str(server)) for server in range(8))


def _own(address: str, datum: str, attribution: str, approval: str, deepest: int) -> Basemap:
    try:
        parts = urlsplit(address)
        usable = parts.scheme in ("http", "https") and HOST.fullmatch(parts.netloc) is not None and parts.port != 0
    except ValueError:
        usable = False
    if not usable or any(address.count(gap) != 1 for gap in GAPS) or UNUSABLE.search(address):
        raise RequestError("basemap_address", value=address, known=", ".join(PROVIDERS))
    if datum not in get_args(Datum):
        raise RequestError("basemap_datum", value=datum or "—", known=", ".join(get_args(Datum)))
    if not attribution.strip():
        raise RequestError("basemap_attribution")
    if not 1 <= deepest <= OWN_DEEPEST:
        raise RequestError("basemap_deepest", value=deepest, limit=OWN_DEEPEST)
    return Basemap(((address,),), cast(Datum, datum), attribution.strip(), approval, deepest)

"""Basemaps by settings: what is refused, and what each of them is."""

from __future__ import annotations

from typing import Any

import pytest

from gridmap.errors import RequestError
from gridmap.outputs.basemaps import Basemap, basemap_of, hosts_of

OWN = "http://10.0.0.5:8080/tiles/{z}/{x}/{y}.png"
TOLD = {"datum": "gcj02", "attribution": "测绘院"}


def test_none_unless_asked_for() -> None:
    assert basemap_of("") is None


@pytest.mark.parametrize(
    ("name", "more", "datum", "hosts"),
    [
        ("tianditu", {"key": "0123456789abcdef"}, "cgcs2000", [f"https://t{server}.tianditu.gov.cn" for server in range(8)]),
        ("amap", {}, "gcj02", [f"https://webrd0{server}.is.autonavi.com" for server in range(1, 5)]),
        (OWN, TOLD, "gcj02", ["http://10.0.0.5:8080"]),
    ],
)
def test_each_has_its_datum_and_its_hosts(name: str, more: dict[str, Any], datum: str, hosts: list[str]) -> None:
    found = basemap_of(name, approval="审图号", **more)
    assert isinstance(found, Basemap)
    assert (found.datum, list(found.hosts), found.approval, bool(found.attribution)) == (datum, hosts, "审图号", True)
    assert found.content()["shifted"] is (datum == "gcj02")
    assert [address.count(gap) for layer in found.layers for address in layer for gap in ("{x}", "{y}", "{z}")] == [1] * 3 * sum(
        map(len, found.layers)
    )


def test_no_approval_number_is_made_up() -> None:
    assert [basemap_of("amap").approval, basemap_of("tianditu", key="0123456789abcdef").approval] == ["", ""]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("name", "more", "code"),
    [
        (OWN, {"attribution": "测绘院"}, "basemap_datum"),
        (OWN, {"attribution": "测绘院", "datum": "bd09"}, "basemap_datum"),
        (OWN, {"datum": "wgs84"}, "basemap_attribution"),
        (OWN, {**TOLD, "deepest": 99}, "basemap_deepest"),
        ("amap", {"datum": "wgs84"}, "basemap_datum_known"),
        ("tianditu", {}, "basemap_key"),
        ("tianditu", {"key": "a'; script-src *"}, "basemap_key"),
        ("google", TOLD, "basemap_address"),
        ("http://h/{z}/{x}.png", TOLD, "basemap_address"),
        ("http://{x}.h/{z}/{x}/{y}.png", TOLD, "basemap_address"),
        ("http://h;script-src */{z}/{x}/{y}.png", TOLD, "basemap_address"),
        ("http://user@h/{z}/{x}/{y}.png", TOLD, "basemap_address"),
        ("http://h:port/{z}/{x}/{y}.png", TOLD, "basemap_address"),
        ("http:///{z}/{x}/{y}.png", TOLD, "basemap_address"),
        ("file:///tiles/{z}/{x}/{y}.png", TOLD, "basemap_address"),
        ("javascript:{z}{x}{y}", TOLD, "basemap_address"),
    ],
)
def test_what_is_refused(name: str, more: dict[str, Any], code: str) -> None:
    with pytest.raises(RequestError) as caught:
        basemap_of(name, **more)
    assert caught.value.code == code
    assert {caught.value.text(language).count("\n") for language in ("zh", "en")} == {0}  # type: ignore[arg-type]


def test_without_one_nothing_may_be_fetched() -> None:
    assert hosts_of(None) == ()

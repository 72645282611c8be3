"""The basemap that settings ask for: which pages may fetch its tiles, and that a server without a datum for it does not start."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from webtools import log_in

from gridmap.errors import RequestError
from web import Settings, create_app

HOST = "http://10.0.0.5:8080"
TOLD: dict[str, Any] = {"basemap": HOST + "/{z}/{x}/{y}.png", "basemap_datum": "gcj02", "basemap_attribution": "测绘院"}
WITH_A_MAP = ("/", "/coverage/", "/members/")


@pytest.mark.parametrize("on", [True, False])
def test_only_pages_with_a_map_may_fetch_its_tiles(on: bool, settings: Settings) -> None:
    client = create_app(dataclasses.replace(settings, **TOLD) if on else settings).test_client()
    log_in(client, "administrator")
    for address in (*WITH_A_MAP, "/start/", "/account/", "/administration/accounts/", "/audit/", "/tiles/layers.json", "/members/data.json"):
        policy = client.get(address).headers["Content-Security-Policy"]
        named = [line.split()[0] for line in policy.split("; ") if HOST in line]
        assert (address, sorted(named)) == (address, ["connect-src", "img-src"] if on and address in WITH_A_MAP else [])


def test_whoever_sees_no_map_fetches_no_tiles(settings: Settings) -> None:
    client = create_app(dataclasses.replace(settings, **TOLD)).test_client()
    log_in(client, "auditor")
    assert HOST not in client.get("/members/").headers["Content-Security-Policy"]


def test_own_tiles_without_a_datum_are_refused_at_the_start(settings: Settings) -> None:
    with pytest.raises(RequestError) as caught:
        create_app(dataclasses.replace(settings, **{**TOLD, "basemap_datum": ""}))
    assert caught.value.code == "basemap_datum"

"""Uploads that mean harm, and a disk without room, through the server's own routes: rows 2, 3, 5, 6 and 19 of the table of threats."""

from __future__ import annotations

import errno
import io
import json
import sqlite3
import stat
import zipfile
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook as Book
from reaching import CANARY, listening, reaching_out
from webtools import Planner
from werkzeug.datastructures import FileStorage

from gridmap.store import connections
from gridmap.store.workspace import Workspace
from web import Settings

pytestmark = pytest.mark.slow

SQUARE = [[120.86, 32.0], [120.8602, 32.0], [120.8602, 32.0002], [120.86, 32.0002], [120.86, 32.0]]
COLLECTIONS = ("vrt", "vrt_net", "wfs", "pipeline", "hidden_pipeline", "late_vrt", "kml_link", "esri_url", "topology")


def collection(*rings: Any) -> bytes:
    """Return buildings of 30 households each, whatever their rings look like."""
    features = [
        {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [ring]}, "properties": {"户数": 30, "楼栋编号": f"B{number}"}}
        for number, ring in enumerate(rings, start=1)
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False).encode()


def archive(**members: bytes | str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in members.items():
            packed.writestr(name.replace("__", "."), data)
    return content.getvalue()


def looked_at(planner: Planner, name: str, content: bytes) -> str:
    """Upload a file, look at it and import it; return all that the server said, which holds no traceback."""
    assert planner.put_named({name: content}).status_code == 200
    said = planner.wait(kind="look")
    said_then = planner.wait(kind="import", tables={"buildings": name}, keep=True)
    text = json.dumps([said, said_then], ensure_ascii=False)
    assert "Traceback" not in text
    assert said_then["state"] == "failed"
    return text


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("ending", ["geojson", "zip"])
def test_a_file_that_names_another_file_or_an_address(ending: str, planner: Planner, settings: Settings, tmp_path: Path) -> None:
    canary, before = tmp_path / "outside.geojson", settings.workspace.read_bytes()
    canary.write_bytes(collection(SQUARE).replace(b"B1", CANARY.encode()))
    with listening() as (port, asked):
        for kind in COLLECTIONS:
            content = reaching_out(canary, port)[kind].encode()
            name = f"{kind}.{ending}"
            said = looked_at(planner, name, archive(upload__geojson=content) if ending == "zip" else content)
            assert CANARY not in said
            planner.client.post("/start/files/clear", headers=planner.headers)
    assert asked == []
    assert settings.workspace.read_bytes() == before


def linked() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as packed:
        info = zipfile.ZipInfo("link.geojson")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        packed.writestr(info, "/etc/passwd")
    return content.getvalue()


def escaping(name: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as packed:
        packed.writestr(name, collection(SQUARE))
    return content.getvalue()


def crowded() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as packed:
        for number in range(2001):
            packed.writestr(f"{number}.geojson", b"")
    return content.getvalue()


def bomb(name: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as packed, packed.open(name, "w", force_zip64=True) as member:
        for _ in range(120):
            member.write(bytes(1_000_000))
    return content.getvalue()


def expanding() -> bytes:
    """Return a workbook whose sheet defines entities of entities."""
    book, content = Book(), io.BytesIO()
    book.active.append(["楼栋编号", "户数"])
    book.save(content)
    lines = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 9))
    hostile = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a0 "ha">{lines}]><worksheet><sheetData>&a8;</sheetData></worksheet>'
    changed = io.BytesIO()
    with zipfile.ZipFile(content) as old, zipfile.ZipFile(changed, "w") as new:
        for each in old.infolist():
            new.writestr(each, hostile if each.filename == "xl/worksheets/sheet1.xml" else old.read(each))
    return changed.getvalue()


PACKED = {
    "above.zip": lambda: escaping("../../escaped.geojson"),
    "absolute.zip": lambda: escaping("/tmp/escaped.geojson"),
    "windows.zip": lambda: escaping("C:\\escaped.geojson"),
    "link.zip": linked,
    "crowd.zip": crowded,
    "bomb.zip": lambda: bomb("a.geojson"),
    "bomb.xlsx": lambda: bomb("xl/worksheets/sheet1.xml"),
    "expanding.xlsx": expanding,
    "deep.kml": lambda: b'<?xml version="1.0"?><!DOCTYPE k [<!ENTITY a "b">]><kml>&a;</kml>',
}


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("name", PACKED)
def test_archives_and_workbooks_that_mean_harm(name: str, planner: Planner, settings: Settings) -> None:
    before = settings.workspace.read_bytes()
    said = looked_at(planner, name, PACKED[name]())
    assert name in said
    assert list(settings.workspace.parent.rglob("escaped*")) == []
    assert settings.workspace.read_bytes() == before


@pytest.mark.usefixtures("at_once")
def test_geometry_that_cannot_be(planner: Planner, settings: Settings) -> None:
    settings.workspace.unlink()
    moved = [[x + 0.001, y] for x, y in SQUARE]
    bow = [[120.863, 32.0], [120.8634, 32.0004], [120.8634, 32.0], [120.863, 32.0004], [120.863, 32.0]]
    rings = [SQUARE, moved[:-1], SQUARE[:2], [], bow, [["a", "b"]] * 4]
    planner.put(楼栋_geojson=collection(*rings))
    done = planner.wait(kind="import", tables={"buildings": "楼栋.geojson"}, keep=True)
    said = json.dumps(done, ensure_ascii=False)
    assert "Traceback" not in said
    assert "row 3" in said
    assert {"B1", "B2", "B5"} == set(Workspace(settings.workspace).read_district().buildings.index)


# --- a disk without room -------------------------------------------------------------------------------------------------------------------------


def test_a_full_disk_under_an_upload(planner: Planner, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    before = settings.workspace.read_bytes()
    planner.put(a_csv=b"before")

    def full(_: FileStorage, target: Any, **__: Any) -> None:
        Path(target).write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(FileStorage, "save", full)
    reply = planner.put(a_csv=b"after", b_csv=b"after")
    assert (reply.status_code, reply.json["error"]["code"]) == (507, "server_507")
    assert "磁盘已满" in reply.json["error"]["text"]
    monkeypatch.undo()
    assert planner.client.get("/start/state").json["files"] == ["a.csv"]
    (tray,) = (each for each in settings.files_folder.iterdir() if each.is_dir())
    assert [(path.name, path.read_bytes()) for path in tray.iterdir()] == [("a.csv", b"before")]
    assert settings.workspace.read_bytes() == before


def without_room(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    """Let SQLite find the disk full when this file, or a draft of it, would grow by a single page."""
    connect = sqlite3.connect

    def limited(database: Any, *arguments: Any, **options: Any) -> sqlite3.Connection:
        connection = connect(database, *arguments, **options)
        if path.stem in str(database) and "private" not in str(database):
            connection.execute("PRAGMA max_page_count = 1")
        return connection

    monkeypatch.setattr(connections.sqlite3, "connect", limited)


@pytest.mark.usefixtures("at_once")
def test_a_full_disk_under_an_import(planner: Planner, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.workspace.unlink()
    request = {"kind": "import", "tables": {"buildings": "楼栋.geojson"}, "keep": True}
    planner.put(楼栋_geojson=collection(SQUARE))
    assert planner.wait(**request)["answer"]["saved"]
    before = settings.workspace.read_bytes()
    planner.put(楼栋_geojson=collection(SQUARE, [[x + 0.001, y] for x, y in SQUARE]))
    without_room(monkeypatch, settings.workspace)
    done = planner.wait(**request)
    assert (done["state"], "disk is full" in done["answer"]["error"]) == ("failed", True)
    assert settings.workspace.read_bytes() == before


def test_a_full_disk_under_the_audit_log(planner: Planner, monkeypatch: pytest.MonkeyPatch) -> None:
    connect = sqlite3.connect

    def limited(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection = connect(*arguments, **options)
        connection.execute("PRAGMA max_page_count = 1")
        return connection

    monkeypatch.setattr(connections.sqlite3, "connect", limited)
    replies = [planner.put(**{f"f{number}_csv": b"x"}) for number in range(40)]
    failed = next(reply for reply in replies if reply.status_code != 200)
    assert (failed.status_code, failed.json["error"]["code"]) == (507, "store_disk_full")

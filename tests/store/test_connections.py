"""Whatever goes wrong: one clear sentence, and the file as it was."""

from __future__ import annotations

import dataclasses
import os
import shutil
import sqlite3
import stat
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pyogrio
import pytest

from gridmap.errors import RequestError, WorkspaceError
from gridmap.grids.plan import Plan
from gridmap.ground.tables import District
from gridmap.store import connections
from gridmap.store.connections import creating, drafted, reading, writing
from gridmap.store.failures import failures_told
from gridmap.store.geopackage import add_functions
from gridmap.store.workspace import Workspace

Write = Callable[[Workspace, District], None]


def write(workspace: Workspace, district: District) -> None:
    workspace.write_ground(moved(district), [])


def moved(district: District) -> District:
    return district.with_tables({"buildings": district.buildings.assign(households=district.buildings["households"] + 1)})


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for a lock only a moment."""
    monkeypatch.setattr(connections, "WAIT_SECONDS", 0.1)


@pytest.fixture
def other(workspace: Workspace) -> Iterator[sqlite3.Connection]:
    """Another program that has the workspace open."""
    with closing(sqlite3.connect(workspace.path, isolation_level=None, check_same_thread=False)) as connection:
        yield connection


# --- files that are no workspace ------------------------------------------------------------------------------------------------------------------


def missing(path: Path) -> None:
    path.unlink(missing_ok=True)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def a_text(path: Path) -> None:
    path.write_text("PK", encoding="utf-8")


def a_folder(path: Path) -> None:
    path.mkdir()


def a_plain_database(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE t (x)")


def a_foreign_geopackage(path: Path) -> None:
    import geopandas as gpd
    from shapely import Point

    pyogrio.write_dataframe(gpd.GeoDataFrame({"x": [1]}, geometry=[Point(0, 0)], crs=4547), path)


def from_the_future(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE gridmap_settings SET value = '99' WHERE name = 'schema_version'")
        connection.commit()


def torn(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:20_000])


KINDS = {
    missing: "There is no file",
    empty: "not a GeoPackage",
    a_text: "not a GeoPackage",
    a_folder: "is a folder",
    a_plain_database: "not a GeoPackage",
    a_foreign_geopackage: "not a workspace of gridmap",
    from_the_future: "made by a newer gridmap",
    torn: "is damaged",
}


@pytest.mark.parametrize("make", KINDS, ids=lambda make: make.__name__)
def test_a_file_that_is_no_workspace(make: Callable[[Path], None], workspace: Workspace) -> None:
    if make not in (from_the_future, torn):
        workspace.path.unlink()
    make(workspace.path)
    with pytest.raises(WorkspaceError, match=KINDS[make]) as refused:
        workspace.read_district()
    assert workspace.path.name in str(refused.value)


@pytest.mark.parametrize("make", [kind for kind in KINDS if kind is not missing], ids=lambda make: make.__name__)
def test_a_file_that_is_no_workspace_is_not_overwritten(make: Callable[[Path], None], workspace: Workspace, district: District) -> None:
    if make not in (from_the_future, torn):
        workspace.path.unlink()
    make(workspace.path)
    before = workspace.path.read_bytes() if workspace.path.is_file() else None
    with pytest.raises(WorkspaceError):
        workspace.write_ground(district, [])
    assert before is None or workspace.path.read_bytes() == before


def test_a_folder_that_does_not_exist(tmp_path: Path, district: District) -> None:
    with pytest.raises(WorkspaceError, match="does not exist"):
        Workspace(tmp_path / "none" / "w.gpkg").write_ground(district, [])


def test_every_failure_has_both_languages() -> None:
    with pytest.raises(WorkspaceError) as told, failures_told(Path("w.gpkg")):
        raise sqlite3.OperationalError("no code at all")
    assert "no code at all" in told.value.text("zh")
    assert "no code at all" in told.value.text("en")


# --- locks ----------------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("hurry")
@pytest.mark.parametrize("lock", ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"])
@pytest.mark.parametrize("afresh", [False, True])
def test_a_file_locked_by_another_program(workspace: Workspace, district: District, other: sqlite3.Connection, lock: str, afresh: bool) -> None:
    other.execute(lock)
    with pytest.raises(WorkspaceError, match="locked by another program such as QGIS"):
        workspace.write_ground(moved(district), [], afresh=afresh)
    other.execute("ROLLBACK")
    assert workspace.read_district().fingerprint() == district.fingerprint()


@pytest.mark.usefixtures("hurry")
def test_a_file_that_qgis_edits(workspace: Workspace, district: District, other: sqlite3.Connection) -> None:
    """QGIS switches the write-ahead log on while it has a layer open for editing."""
    other.execute("PRAGMA journal_mode = WAL")
    other.execute("BEGIN")
    other.execute("SELECT count(*) FROM buildings").fetchone()
    with pytest.raises(WorkspaceError, match="locked by another program such as QGIS"):
        write(workspace, district)
    assert workspace.read_district().fingerprint() == district.fingerprint()


def test_a_log_that_a_killed_program_left_is_taken_in(workspace: Workspace, district: District, tmp_path: Path, other: sqlite3.Connection) -> None:
    other.execute("PRAGMA journal_mode = WAL")
    add_functions(other)
    other.execute("UPDATE buildings SET households = 7 WHERE building_id = 'd'")
    left = tmp_path / "left"
    left.mkdir()
    for file in tmp_path.glob("*.gpkg*"):
        shutil.copy(file, left / file.name)
    copy = Workspace(left / workspace.path.name)
    assert copy.read_district().buildings["households"]["d"] == 7
    write(copy, district)
    assert [file.name for file in left.iterdir()] == [workspace.path.name]


def test_the_second_writer_waits(workspace: Workspace, district: District, other: sqlite3.Connection) -> None:
    other.execute("BEGIN IMMEDIATE")
    timer = threading.Timer(0.5, lambda: other.execute("ROLLBACK"))
    timer.start()
    write(workspace, district)
    timer.join()
    assert workspace.read_district().fingerprint() == moved(district).fingerprint()


def test_writers_at_once_lose_nothing(workspace: Workspace, plan: Plan) -> None:
    names = [f"plan {number}" for number in range(4)]
    threads = [threading.Thread(target=workspace.save_plan, args=(dataclasses.replace(plan, name=name),)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(workspace.plans()["name"]) == ["first", *names]


def test_a_reader_sees_one_state(workspace: Workspace, district: District) -> None:
    with reading(workspace.path) as connection:
        before = connection.execute("SELECT sum(households) FROM buildings").fetchone()
        # The writer has to wait for the reader when it commits, so it is not tried here; a second reader is.
        assert workspace.read_district().buildings["households"].sum() == before[0]


def test_a_reader_cannot_write(workspace: Workspace) -> None:
    with pytest.raises(WorkspaceError), reading(workspace.path) as connection:
        connection.execute("DELETE FROM buildings")


# --- disks, folders, rights -----------------------------------------------------------------------------------------------------------------------


def test_a_full_disk(workspace: Workspace, district: District, monkeypatch: pytest.MonkeyPatch) -> None:
    limit_pages(monkeypatch, workspace.path.stat().st_size // 4096 + 2)
    with pytest.raises(WorkspaceError, match="disk is full"):
        workspace.write_ground(grown(district), [])
    monkeypatch.undo()
    assert workspace.read_district().fingerprint() == district.fingerprint()
    assert [path.name for path in workspace.path.parent.iterdir()] == [workspace.path.name]


def test_a_full_disk_under_a_new_workspace(tmp_path: Path, district: District, monkeypatch: pytest.MonkeyPatch) -> None:
    limit_pages(monkeypatch, 40)
    with pytest.raises(WorkspaceError, match="disk is full"):
        Workspace(tmp_path / "w.gpkg").write_ground(district, [])
    assert list(tmp_path.iterdir()) == []


def limit_pages(monkeypatch: pytest.MonkeyPatch, pages: int) -> None:
    """Let SQLite find the disk full after so many pages."""
    connect = sqlite3.connect

    def limited(*args: Any, **options: Any) -> sqlite3.Connection:
        connection = connect(*args, **options)
        connection.execute(f"PRAGMA max_page_count = {pages}")
        return connection

    monkeypatch.setattr(connections.sqlite3, "connect", limited)


def grown(district: District) -> District:
    """The same ground with names too long for what is left of the disk."""
    return district.with_tables({"buildings": district.buildings.assign(name="长" * 20_000)})


@pytest.fixture
def ordinary_user(workspace: Workspace) -> Iterator[Workspace]:
    """The workspace in a folder of a user who is not root, whom no right stops."""
    if not hasattr(os, "seteuid"):
        pytest.skip("rights of folders are told otherwise on this system")
    folder = Path(tempfile.mkdtemp())
    path = Path(shutil.copy(workspace.path, folder / "w.gpkg"))
    root = os.geteuid() == 0
    if root:
        for each in (folder, path):
            os.chown(each, 65534, 65534)
        os.seteuid(65534)
    try:
        yield Workspace(path)
    finally:
        if root:
            os.seteuid(0)
        folder.chmod(stat.S_IRWXU)
        shutil.rmtree(folder)


@pytest.mark.parametrize("new", [False, True])
def test_a_read_only_folder(ordinary_user: Workspace, district: District, new: bool) -> None:
    folder = ordinary_user.path.parent
    folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    workspace = Workspace(folder / "new.gpkg") if new else ordinary_user
    with pytest.raises(WorkspaceError, match="read-only"):
        write(workspace, district)
    assert ordinary_user.read_district().fingerprint() == district.fingerprint()
    assert [path.name for path in folder.iterdir()] == ["w.gpkg"]


def test_a_read_only_file(ordinary_user: Workspace, district: District) -> None:
    ordinary_user.path.chmod(stat.S_IRUSR)
    with pytest.raises(WorkspaceError, match="read-only"):
        write(ordinary_user, district)
    assert ordinary_user.read_district().fingerprint() == district.fingerprint()


def test_a_file_that_may_not_be_read(ordinary_user: Workspace) -> None:
    ordinary_user.path.chmod(0)
    with pytest.raises(WorkspaceError, match="may not be read"):
        ordinary_user.read_district()


def test_a_workspace_is_readable_for_whom_the_system_lets(workspace: Workspace, tmp_path: Path, district: District) -> None:
    fresh = Workspace(tmp_path / "fresh.gpkg")
    fresh.write_ground(district, [])
    (tmp_path / "plain").touch()
    assert fresh.path.stat().st_mode == (tmp_path / "plain").stat().st_mode


# --- new files ------------------------------------------------------------------------------------------------------------------------------------


def test_a_draft_is_thrown_away_when_something_fails(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("old", encoding="utf-8")

    def fail() -> None:
        with drafted(tmp_path / "x.csv") as draft:
            draft.write_text("half", encoding="utf-8")
            raise RequestError("plan_none")

    with pytest.raises(RequestError):
        fail()
    assert [path.read_text(encoding="utf-8") for path in tmp_path.iterdir()] == ["old"]


def test_what_a_killed_program_left_is_removed_in_time(tmp_path: Path) -> None:
    old, new, other = (tmp_path / name for name in (".x[1].csv.0a0a0a0a.tmp", ".x[1].csv.0b0b0b0b.tmp", ".x1.csv.0a0a0a0a.tmp"))
    for file in (old, new, other):
        file.write_text("half", encoding="utf-8")
    for file in (old, other):
        os.utime(file, (1e9, 1e9))
    with drafted(tmp_path / "x[1].csv") as draft:
        draft.write_text("whole", encoding="utf-8")
    assert {path.name for path in tmp_path.iterdir()} == {"x[1].csv", new.name, other.name}


def test_a_new_file_does_not_take_the_place_of_one_that_appeared(tmp_path: Path) -> None:
    def race() -> None:
        with drafted(tmp_path / "x", replace=False) as draft:
            draft.write_text("mine", encoding="utf-8")
            (tmp_path / "x").write_text("another's", encoding="utf-8")

    with pytest.raises(FileExistsError):
        race()
    assert [path.read_text(encoding="utf-8") for path in tmp_path.iterdir()] == ["another's"]


def test_no_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, target: Path) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    with drafted(tmp_path / "x", replace=False) as draft:
        draft.write_text("mine", encoding="utf-8")
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


@pytest.mark.parametrize("suffix", ["-journal", "-wal"])
def test_what_an_older_file_of_the_name_left_is_not_played_into_the_new_one(
    tmp_path: Path, workspace: Workspace, district: District, suffix: str
) -> None:
    """The user deletes a file after a crash and keeps its journal; the next file of that name must not be harmed."""
    fresh = Workspace(tmp_path / "fresh.gpkg")
    with closing(sqlite3.connect(workspace.path, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA journal_mode = {'WAL' if suffix == '-wal' else 'DELETE'}")
        connection.execute("PRAGMA cache_size = 1")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE plans SET rules = zeroblob(1000000)")
        connection.execute("UPDATE assignments SET atom_id = 'half'")
        if suffix == "-wal":
            connection.execute("COMMIT")
        shutil.copy(f"{workspace.path}{suffix}", f"{fresh.path}{suffix}")
    fresh.write_ground(district, [])
    assert fresh.read_district().fingerprint() == district.fingerprint()
    assert not fresh.path.with_name(fresh.path.name + suffix).exists()


@pytest.mark.usefixtures("hurry")
def test_a_database_in_use_is_not_replaced(workspace: Workspace, other: sqlite3.Connection) -> None:
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(WorkspaceError, match="locked"), creating(workspace.path, replace=True) as connection:
        connection.execute("CREATE TABLE t (x)")
    other.execute("ROLLBACK")
    assert not workspace.read_district().buildings.empty


@pytest.mark.parametrize("name", ["城 北.gpkg", "50% #1?.gpkg", "a&b=c;d.gpkg", "it's.gpkg"])
def test_any_file_name(tmp_path: Path, name: str) -> None:
    with creating(tmp_path / name, replace=True) as connection:
        connection.execute("CREATE TABLE t (x)")
    with writing(tmp_path / name) as connection:
        connection.execute("INSERT INTO t VALUES (1)")
    with reading(tmp_path / name) as connection:
        assert connection.execute("SELECT x FROM t").fetchone() == (1,)
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(
    ("path", "address"),
    [("/maps/城 北.gpkg", "file:///maps/%E5%9F%8E%20%E5%8C%97.gpkg?mode=rw"), ("//server/share/w.gpkg", "file:////server/share/w.gpkg?mode=rw")],
)
def test_addresses_for_sqlite(path: str, address: str) -> None:
    assert connections._uri(Path(path), "rw") == address


# --- sudden death ---------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork; the rounds would take minutes")
def test_killed_at_any_moment_the_file_is_old_or_new(workspace: Workspace, python: list[str], root: Path) -> None:
    """Forty kills of a process that writes one state after the other; see killed_writers.py."""
    script = Path(__file__).with_name("killed_writers.py")
    command = [*python, str(script), str(workspace.path), "40"]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False, env={**os.environ, "PYTHONPATH": str(root)})
    assert done.returncode == 0, done.stderr

"""The whole way of a planner, command by command, from an office's files to a map; and what stops it: Ctrl-C, closed pipes, full screens."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import geopandas as gpd
import pyogrio
import pytest
import shapely

from gridmap.cli.demo import unused_folder
from gridmap.cli.main import run
from gridmap.grids.plan import move
from gridmap.grids.tiling import tile
from gridmap.ground.coords import FROM_WGS84
from gridmap.ground.sample import office_options, sample_district
from gridmap.store.workspace import Workspace

pytestmark = pytest.mark.slow

HOUSEHOLDS = 900


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("office")
    assert run(["sample", str(folder / "sample.gpkg"), "--households", str(HOUSEHOLDS), "--office", str(folder / "原始文件")]) == 0
    return folder


@pytest.fixture(scope="module")
def workspace(office: Path) -> Path:
    """The office's files imported; 3 means that the faults planted in them were found."""
    path = office / "区.gpkg"
    assert run(["import", str(path), *office_options(office / "原始文件")]) == 3
    assert run(["plan", str(path), "--name", "一稿", "--jobs", "1", "--effort", "quick"]) in (0, 3)
    assert run(["plan", str(path), "--name", "二稿", "--from", "一稿", "--seed", "7", "--jobs", "1", "--effort", "quick"]) in (0, 3)
    return path


def told(capsys: pytest.CaptureFixture[str], *words: object) -> Any:
    capsys.readouterr()
    assert run([*map(str, words), "--json"]) in (0, 3)
    return json.loads(capsys.readouterr().out)


def test_the_office_files_give_back_the_sample(office: Path, workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ours, theirs = (told(capsys, "check", path)["tables"] for path in (workspace, office / "sample.gpkg"))
    assert {name: ours[name] for name in ("communities", "buildings", "gates", "venues")} == {
        name: theirs[name] for name in ("communities", "buildings", "gates", "venues")
    }


def test_plans_are_listed_compared_and_adopted(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert [plan["name"] for plan in told(capsys, "plans", workspace)["plans"]] == ["一稿", "二稿"]
    same = told(capsys, "compare", workspace, "一稿", "一稿")
    assert (same["households_moved"], same["new"], same["gone"]) == (0, [], [])
    assert told(capsys, "adopt", workspace, "二稿")["adopted"] == "二稿"
    assert run(["plan", str(workspace), "--name", "二稿"]) == 1


def test_a_comparison_shows_the_measures_side_by_side(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    figures = told(capsys, "compare", workspace, "一稿", "二稿")["measures"]
    assert run(["compare", str(workspace), "一稿", "二稿", "--lang", "en"]) == 0
    rows = {line[: line.find("  ")].strip(): line.split() for line in capsys.readouterr().out.splitlines() if "  " in line}
    assert rows["measure"][-3:] == ["一稿", "二稿", "change"]
    for name, title in (("grids", "grids"), ("compounds_split", "compounds split"), ("barriers_crossed", "barriers crossed")):
        a, b = figures[name]
        assert rows[title][len(title.split()) :] == [str(a), str(b), *([f"{b - a:+}"] if a != b else [])]


def test_the_export_alone_shows_that_the_plan_holds(workspace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told(capsys, "export", workspace, tmp_path / "a.gpkg", "--plan", "一稿")
    buildings, grids = (gpd.read_file(tmp_path / "a.gpkg", layer=layer) for layer in ("buildings", "grids"))
    sums = buildings.groupby("grid_id")["households"].sum()
    assert sums.to_dict() == grids.set_index("grid_id")["households"].to_dict()
    assert buildings.groupby("grid_id")["community_id"].nunique().max() == 1


def test_a_plan_is_deleted(workspace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = Path(shutil.copy(workspace, tmp_path / "w.gpkg"))
    assert told(capsys, "plans", path, "--delete", "一稿")["deleted"] == "一稿"
    assert [plan["name"] for plan in told(capsys, "plans", path)["plans"]] == ["二稿"]
    told(capsys, "adopt", path, "二稿")
    assert run(["plans", str(path), "--delete", "二稿", "--lang", "en"]) == 1
    assert "--force" in capsys.readouterr().err
    told(capsys, "plans", path, "--delete", "二稿", "--force")
    assert told(capsys, "plans", path)["plans"] == []


def test_codes_of_20_digits(workspace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = Path(shutil.copy(workspace, tmp_path / "w.gpkg"))
    told(capsys, "adopt", path, "一稿", "--codes", "20", "--object-class", "010100")
    codes = Workspace(path).read_plan("一稿").grids["code"]
    assert codes.str.fullmatch("010100[0-9]{14}").all()


def test_a_plan_redrawn_by_hand_is_repaired(workspace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = Path(shutil.copy(workspace, tmp_path / "w.gpkg"))
    store = Workspace(path)
    first = store.read_plan("一稿")
    ways = first.neighbours[first.neighbours["crossable"]]
    ends = zip(ways["a"], ways["b"], strict=True)
    ordinary = set(first.ordinary.index)
    # The largest building on a border is drawn into the grid beyond it.
    over = [(a, first.grid_of[b]) for a, b in ends if first.grid_of[a] != first.grid_of[b] and {first.grid_of[a], first.grid_of[b]} <= ordinary]
    atom, grid = max(over, key=lambda pair: int(first.atoms["households"][pair[0]]))
    redrawn = dataclasses.replace(move(first, [atom], grid, lenient=True), name="手改")
    store.save_plan(redrawn)
    told_ = told(capsys, "repair", path, "手改", "--name", "修补")
    assert told_["outside_after"] < told_["outside_before"]
    assert told_["households_moved"] == told(capsys, "compare", path, "手改", "修补")["households_moved"] > 0
    assert store.read_plan("手改").grid_of.equals(redrawn.grid_of)
    assert store.read_plan("修补").origin.parent == "手改"
    assert run(["repair", str(path), "手改", "--name", "修补", "--lang", "en"]) in (0, 3)
    assert f"{told_['outside_before']} before, {told_['outside_after']} after" in capsys.readouterr().out


def test_nothing_to_repair_saves_nothing(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = workspace.read_bytes()
    answer = told(capsys, "repair", workspace, "一稿")
    assert (answer["plan"], answer["moves"], answer["households_moved"]) == (None, [], 0)
    assert workspace.read_bytes() == before


def test_a_plan_from_another_tells_who_moves(workspace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = Path(shutil.copy(workspace, tmp_path / "w.gpkg"))
    line = ["plan", path, "--name", "三稿", "--from", "一稿", "--households", "120:160", "--jobs", "1", "--effort", "quick"]
    answer = told(capsys, *line)
    moved = told(capsys, "compare", path, "一稿", "三稿")["households_moved"]
    assert (answer["from"], answer["households_moved"]) == ("一稿", moved)
    assert moved > 0


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_step_speaks_the_language(language: str, workspace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [
        ["check"],
        ["plans"],
        ["compare", "一稿", "二稿"],
        ["export", tmp_path / "a.csv", "--plan", "一稿"],
        ["map", tmp_path / "a.html", "--plan", "一稿"],
    ]
    for command, *rest in lines:
        capsys.readouterr()
        assert run([command, str(workspace), *map(str, rest), "--lang", language]) in (0, 3)
        first = capsys.readouterr().out.splitlines()[0].replace("一稿", "").replace("二稿", "")
        assert any("一" <= character <= "鿿" for character in first) == (language == "zh")


def test_a_check_tells_of_coordinates_that_were_shifted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Venues as if picked on a web map and stored unaware, by whatever program."""
    town = sample_district(3000)
    degrees = town.venues.to_crs(4326)
    shifted = shapely.points(*FROM_WGS84["bd09"](degrees.geometry.x.to_numpy(), degrees.geometry.y.to_numpy()))
    venues = town.venues.set_geometry(gpd.GeoSeries(shifted, index=degrees.index, crs=4326).to_crs(town.crs))
    Workspace(tmp_path / "s.gpkg").write_ground(town.with_tables({"venues": venues}), [])
    found = [each for each in told(capsys, "check", tmp_path / "s.gpkg")["findings"] if each["code"].startswith("datum_")]
    assert [(each["subject"], "bd09" in each["text"]) for each in found] == [("venues", True)]


@pytest.fixture(scope="module")
def broken_off(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace as a plan leaves it that was broken off: with the pieces of land, and no plan."""
    path = tmp_path_factory.mktemp("broken") / "s.gpkg"
    assert run(["sample", str(path), "--households", "900"]) == 0
    store = Workspace(path)
    store.write_tiling(tile(store.read_district()))
    return path


def test_a_workspace_whose_plan_was_broken_off_serves_on(broken_off: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, "check", broken_off)["households"] == 900
    assert told(capsys, "plans", broken_off)["plans"] == []
    before = broken_off.read_bytes()
    for line in (["map", tmp_path / "a.html"], ["adopt", "plan"], ["compare", "a", "b"], ["plan", "--from", "a"]):
        capsys.readouterr()
        assert run([line[0], str(broken_off), *map(str, line[1:]), "--lang", "en"]) == 1
        assert capsys.readouterr().err == "There is no plan in this workspace yet. Make one with gridmap plan.\n"
    assert broken_off.read_bytes() == before


def test_without_a_plan_the_ground_is_exported(broken_off: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, "export", broken_off, tmp_path / "a.gpkg")["plan"] is None
    layers = set(pyogrio.list_layers(tmp_path / "a.gpkg")[:, 0])
    assert {"communities", "buildings", "streets", "barriers", "gates", "venues"} >= layers - {"findings"}
    assert {"communities", "buildings", "streets"} <= layers
    assert run(["export", str(broken_off), str(tmp_path / "b.csv"), "--layer", "streets", "--lang", "en"]) == 0
    assert "no plan yet" in capsys.readouterr().out


def test_the_ground_is_exported_beside_a_plan(workspace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, "export", workspace, tmp_path / "v.geojson", "--ground", "--layer", "venues")["plan"] is None
    assert run(["export", str(workspace), str(tmp_path / "v.csv"), "--ground", "--plan", "一稿", "--lang", "en"]) == 1
    assert "exclude each other" in capsys.readouterr().err


def test_a_demonstration_touches_nobody_s_files(tmp_path: Path) -> None:
    assert unused_folder(tmp_path / "demo") == tmp_path / "demo"
    (tmp_path / "demo").mkdir()
    assert unused_folder(tmp_path / "demo") == tmp_path / "demo"
    (tmp_path / "demo" / "mine.gpkg").touch()
    assert unused_folder(tmp_path / "demo") == tmp_path / "demo-2"


def test_a_sample_written_over_another_is_a_new_workspace(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "s.gpkg"
    assert run(["sample", str(path), "--households", "900"]) == 0
    assert run(["plan", str(path), "--jobs", "1", "--effort", "quick"]) in (0, 3)
    assert run(["sample", str(path), "--households", "400", "--overwrite"]) == 0
    assert told(capsys, "plans", path)["plans"] == []
    assert told(capsys, "check", path)["households"] == 400
    assert sorted(each.name for each in tmp_path.iterdir()) == ["s.cache", "s.gpkg"]


def test_raw_files_of_others_are_not_replaced(office: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path.name: path.read_bytes() for path in (office / "原始文件").iterdir()}
    assert run(["sample", str(tmp_path / "s.gpkg"), "--households", "300", "--office", str(office / "原始文件"), "--lang", "en"]) == 1
    assert "--overwrite" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in (office / "原始文件").iterdir()} == before
    assert not (tmp_path / "s.gpkg").exists()


# --- as a program -------------------------------------------------------------------------------------------------------------------------------

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="shells and signals are others there")


@pytest.fixture
def shell(python: list[str], root: Path, tmp_path: Path) -> Any:
    """Run a line of a shell in which ``gridmap`` is this program."""

    def shell(line: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
        script = f'gridmap() {{ "{python[0]}" -m gridmap "$@"; }}; {line}'
        environment = {**os.environ, "PYTHONPATH": str(root), "XDG_CACHE_HOME": str(tmp_path / "cache"), **environment}
        return subprocess.run(["bash", "-c", script], env=environment, capture_output=True, check=False)

    return shell


@POSIX
@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("gridmap check {w} --json | head -c 1", 0),
        ("set -o pipefail; gridmap plans {w} | true; test $? -le 1", 0),
        ("gridmap plans {w} > /dev/full", 1),
        ("gridmap plans {w} --json > /dev/full", 1),
        ("gridmap plans {w} >&-", 0),
        ("gridmap plans nowhere.gpkg 2>&-", 1),
        ("gridmap plans $'\\xc2\\xa5.gpkg'", 1),
    ],
)
def test_closed_pipes_and_full_disks_give_no_traceback(line: str, code: int, shell: Any, workspace: Path) -> None:
    if "/dev/full" in line and not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    done = shell(line.format(w=workspace))
    assert done.returncode == code, done.stderr
    assert b"Traceback" not in done.stderr
    assert b"Exception" not in done.stderr


@POSIX
@pytest.mark.parametrize("environment", [{"LC_ALL": "C"}, {"PYTHONIOENCODING": "ascii"}, {"PYTHONIOENCODING": "gbk", "COLUMNS": "20"}])
def test_chinese_text_wherever_it_is_shown(environment: dict[str, str], shell: Any, workspace: Path) -> None:
    done = shell(f"gridmap plans {workspace} --lang zh", **environment)
    assert (done.returncode, "方案" in done.stdout.decode("utf-8")) == (0, True)


@POSIX
def test_ctrl_c_at_the_start_is_quiet_at_any_moment(python: list[str], root: Path) -> None:
    """From when Python itself has started, which no program can guard, through loading to the answer."""
    code = "import os, sys; from gridmap.__main__ import main; os.write(2, b'.'); sys.argv = ['gridmap', 'plans', 'none.gpkg']; main()"
    for wait_seconds in (0.02, 0.05, 0.1, 0.15, 0.2, 0.3):
        with subprocess.Popen([python[0], "-c", code], cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=heeds_ctrl_c) as process:
            assert process.stderr is not None
            assert process.stderr.read(1) == b"."
            time.sleep(wait_seconds)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=30)
        assert process.returncode in (130, 1)
        assert (b"Traceback" in err, b"\n" in err.strip(), out) == (False, False, b""), err


def heeds_ctrl_c() -> None:
    """Where the tests run in the background they were told to ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


TELLING = """
import contextlib, os
from gridmap.__main__ import main
from gridmap.cli import plans

@contextlib.contextmanager
def telling():
    yield lambda step, done, total: os.write(int(os.environ["STEPS"]), f"{step}\\n".encode())

plans.progress_bars = telling
main()
"""
"""The program, telling each step of its work to a pipe as it comes to it."""


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace of two communities, which two processes divide; all kernels are compiled that a plan of it asks for."""
    folder = tmp_path_factory.mktemp("city")
    assert run(["sample", str(folder / "village.gpkg"), "--households", "300"]) == 0
    assert run(["plan", str(folder / "village.gpkg"), "--effort", "normal", "--jobs", "1"]) in (0, 3)
    assert run(["sample", str(folder / "city.gpkg"), "--households", "2500"]) == 0
    return folder / "city.gpkg"


@POSIX
@pytest.mark.parametrize("step", ["step_cells", "step_search"])
def test_ctrl_c_stops_a_plan_within_two_seconds(
    step: str, city: Path, python: list[str], root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A long plan, begun in another process and interrupted when it has come to the step; the signal goes to all its processes."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    read, write = os.pipe()
    environment = {**os.environ, "PYTHONPATH": str(root), "GRIDMAP_LANG": "en", "STEPS": str(write)}
    command = [python[0], "-c", TELLING, "plan", str(city), "--effort", "best", "--name", "long", "--jobs", "2"]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, env=environment, stdout=pipe, stderr=pipe, text=True, start_new_session=True, preexec_fn=heeds_ctrl_c, pass_fds=[write]
    ) as planning:
        os.close(write)
        with os.fdopen(read, encoding="utf-8") as steps:
            assert any(line.strip() == step for line in steps), planning.communicate()
            begun = time.monotonic()
            os.killpg(planning.pid, signal.SIGINT)
            out, err = planning.communicate(timeout=60)
            assert time.monotonic() - begun < 2.0
    assert (planning.returncode, out) == (130, "")
    assert err.strip() == "Stopped; the workspace is as it was."
    assert "long" not in [plan["name"] for plan in told(capsys, "plans", city)["plans"]]
    assert run(["plan", str(city), "--effort", "quick", "--name", step, "--jobs", "1", "--resume"]) in (0, 3)

"""The direction of imports, inside functions too, and other promises that only the source can break."""

from __future__ import annotations

import ast
import functools
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import gridmap

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted(path for folder in ("gridmap", "web") for path in (ROOT / folder).rglob("*.py"))
ALL_SOURCES = [*SOURCES, ROOT / "run.py", *sorted((ROOT / "frontend").glob("*.py"))]

# A module may import from its own layer and from those before it.
LAYERS = (
    ("texts", "errors", "findings", "rules", "run_jobs", "progress", "kernels", "system", "unfinished"),
    ("ground",),
    ("walking",),
    ("grids", "circles", "people"),
    ("store", "outputs"),
    ("web",),
    ("cli", "__main__"),
)
KNOWN = {part for layer in LAYERS for part in layer}
APART = ("grids", "circles", "people")
FOLIUM_DOOR = "gridmap/outputs/folium_page.py"
ONE_DOOR = {
    "folium": FOLIUM_DOOR,
    "branca": FOLIUM_DOOR,
    "flask": "web/",
    "waitress": "web/",
    "argon2": "gridmap/store/accounts.py",
    "dask": "gridmap/run_jobs.py",
}
POSIX_DOOR = "gridmap/system.py"
POSIX_MODULES = {"crypt", "fcntl", "grp", "nis", "posix", "pty", "pwd", "resource", "spwd", "syslog", "termios", "tty"}
POSIX_NAMES = {
    "os": set(
        """
        chown chroot ctermid fchdir fchmod fchown fork forkpty getegid geteuid getgid getgroups getloadavg getpgid getpgrp getpriority getresuid
        getsid getuid killpg lchown mkfifo mknod nice openpty pathconf pipe2 pread pwrite posix_fadvise posix_fallocate posix_spawn sched_getaffinity
        sched_setaffinity sendfile setegid seteuid setgid setpgid setpriority setsid setuid statvfs sync sysconf tcgetpgrp ttyname uname wait wait3
        wait4 waitid WNOHANG O_CLOEXEC O_DIRECTORY O_NOFOLLOW O_NONBLOCK O_SYNC
        """.split()
    ),
    "signal": {"SIGALRM", "SIGCHLD", "SIGHUP", "SIGKILL", "SIGQUIT", "SIGSTOP", "SIGUSR1", "SIGUSR2", "alarm", "pause", "setitimer", "sigwait"},
    "time": {"tzset", "clock_settime", "pthread_getcpuclockid"},
    "asyncio": {"add_signal_handler"},
}


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@functools.cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=name_of(path))


@functools.cache
def imports(path: Path) -> tuple[str, ...]:
    """Return the full name of everything that the module imports, wherever the import stands, relative ones made absolute."""
    return tuple(_imports(path))


def _imports(path: Path) -> Iterator[str]:
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            before = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (before, node.module or "") if part)
            yield from (f"{module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant) and ast.unparse(node.func).endswith("import_module"):
            yield str(node.args[0].value)


def part_of(dotted: str) -> str | None:
    """Return the part of the project that a dotted name belongs to, None when it is another's."""
    words = dotted.split(".")
    if words[0] == "web":
        return "web"
    return words[1] if words[0] == "gridmap" and len(words) > 1 else None


def own_part(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return "web" if parts[0] == "web" else parts[1]


def layer_of(part: str) -> int:
    return next(number for number, layer in enumerate(LAYERS) if part in layer)


PARTS = [path for path in SOURCES if own_part(path) != "__init__"]


@pytest.mark.parametrize("path", PARTS, ids=name_of)
def test_imports_run_one_way(path: Path) -> None:
    own = layer_of(own_part(path))
    wrong = [name for name in imports(path) if (part := part_of(name)) in KNOWN and layer_of(str(part)) > own]
    assert wrong == []


@pytest.mark.parametrize("path", PARTS, ids=name_of)
def test_grids_circles_and_people_do_not_know_each_other(path: Path) -> None:
    own = own_part(path)
    wrong = [name for name in imports(path) if own in APART and part_of(name) in APART and part_of(name) != own]
    assert wrong == []


@pytest.mark.parametrize("path", [path for path in SOURCES if own_part(path) == "web"], ids=name_of)
def test_the_server_uses_public_names_alone(path: Path) -> None:
    allowed = {"gridmap", *(f"gridmap.{name}" for name in gridmap.__all__)}
    assert [name for name in imports(path) if name.split(".")[0] == "gridmap" and name not in allowed and not name.startswith("gridmap.texts.")] == []


def test_every_module_has_its_layer() -> None:
    assert {own_part(path) for path in PARTS} <= KNOWN


@pytest.mark.parametrize(("library", "door"), ONE_DOOR.items())
def test_a_library_comes_in_by_one_door(library: str, door: str) -> None:
    users = [name_of(path) for path in SOURCES if any(name.split(".")[0] == library for name in imports(path))]
    assert [user for user in users if not user.startswith(door)] == []


@pytest.mark.parametrize("path", [path for path in ALL_SOURCES if name_of(path) != POSIX_DOOR], ids=name_of)
def test_no_call_that_only_posix_has(path: Path) -> None:
    wrong = [name for name in imports(path) if name.split(".")[0] in POSIX_MODULES]
    wrong += [name for name in imports(path) if name.rpartition(".")[2] in POSIX_NAMES.get(name.rpartition(".")[0], ())]
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.attr in POSIX_NAMES.get(node.value.id, ()):
            wrong.append(f"{node.value.id}.{node.attr}, line {node.lineno}")
    assert wrong == []


@pytest.mark.parametrize("path", ALL_SOURCES, ids=name_of)
def test_no_broad_except(path: Path) -> None:
    broad = {"Exception", "BaseException"}
    handlers = [node for node in ast.walk(tree_of(path)) if isinstance(node, ast.ExceptHandler)]
    wrong = [node.lineno for node in handlers if node.type is None or broad & {each.id for each in ast.walk(node.type) if isinstance(each, ast.Name)}]
    assert wrong == []


@pytest.mark.parametrize("path", ALL_SOURCES, ids=name_of)
def test_text_files_are_opened_with_their_encoding(path: Path) -> None:
    openers = {"read_text", "write_text"}
    calls = [node for node in ast.walk(tree_of(path)) if isinstance(node, ast.Call)]
    wrong = [
        node.lineno
        for node in calls
        if isinstance(node.func, ast.Attribute) and node.func.attr in openers and not any(word.arg == "encoding" for word in node.keywords)
    ]
    assert wrong == []


def test_importing_gridmap_loads_no_heavy_library(python: list[str]) -> None:
    code = "import sys, gridmap; print([name for name in ('numpy', 'pandas', 'geopandas', 'folium', 'numba', 'flask') if name in sys.modules])"
    done = subprocess.run([*python, "-c", code], capture_output=True, text=True, check=True, encoding="utf-8")
    assert done.stdout.strip() == "[]"

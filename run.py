"""The two commands of this project, on a machine that has Python 3.11 or newer and nothing else.

::

    python3 run.py demo [-- options of `gridmap demo`]
    python3 run.py test [--quick] [options of pytest]

Both make a virtual environment in ``.venv``, install gridmap into it and run; the second time they start at once and need no network.
``test`` checks style (ruff), types (mypy) and behaviour (pytest, on all cores unless ``-n`` says otherwise), all three even when one fails, and
installs the system packages that the browser tests need where it may; ``--quick`` leaves out the slow tests and tries laws on fewer examples. The
exit code is that of the first check that failed.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if sys.platform == "win32" else "bin")
PYTHON = BIN / ("python.exe" if sys.platform == "win32" else "python")
OLDEST_PYTHON = (3, 11)
SET_UP_FILES = ("setup.cfg", "pyproject.toml", "frontend/package-lock.json", "frontend/build_backend.py")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "msedge", "chrome")
BROWSER_FOLDERS = ("Google/Chrome/Application/chrome.exe", "Microsoft/Edge/Application/msedge.exe")


def main(arguments: Sequence[str]) -> int:
    """Run the command that the arguments name and return its exit code."""
    command, rest = (arguments[0], list(arguments[1:])) if arguments else ("", [])
    if sys.version_info < OLDEST_PYTHON:
        return _say(f"gridmap needs Python {OLDEST_PYTHON[0]}.{OLDEST_PYTHON[1]} or newer; this is {sys.version.split()[0]}.")
    if command == "demo":
        return _set_up(test=False) or _run(PYTHON, "-m", "gridmap", "demo", *[word for word in rest if word != "--"])
    if command == "test":
        return _set_up(test=True) or _test(rest)
    print(__doc__)
    return 0 if command in ("-h", "--help") else 2


def _test(arguments: list[str]) -> int:
    quick = "--quick" in arguments
    # Else every worker, and every program that a test starts, would compile all sources for itself.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    chosen = [word for word in arguments if word != "--quick"]
    if not quick:
        failed = _install_system_packages()
        if failed:
            return failed
    checks = [
        ["ruff", "check", "."],
        ["mypy"],
        ["pytest", *_on_all_cores(chosen), *(["-m", "not slow"] if quick else []), *chosen],
    ]
    with _compiling():
        codes = [_run(PYTHON, "-m", *check) for check in checks[:-1]]
    codes.append(_run(PYTHON, "-m", *checks[-1]))
    return next((code for code in codes if code), 0)


@contextlib.contextmanager
def _compiling() -> Iterator[None]:
    """Compile the kernels meanwhile, unless an earlier run did: workers that start together would each compile them. A failure shows in the tests."""
    done = any((ROOT / "gridmap").glob("*/__pycache__/*.nbi"))
    parts = [] if done else ["grids", "maps"]
    null, program = subprocess.DEVNULL, str(ROOT / "tests" / "warm_up.py")
    begun = [subprocess.Popen([str(PYTHON), program, part], cwd=ROOT, stdin=null, stdout=null, stderr=null) for part in parts]
    try:
        yield
    finally:
        for process in begun:
            process.wait()


def _on_all_cores(chosen: Sequence[str]) -> list[str]:
    """Return what spreads the tests over all cores, each file on one of them, in the order of tests/conftest.py; nothing when the user says how many,
    or wants the debugger."""
    own = any(word.startswith(("-n", "--numprocesses", "--dist", "--pdb")) for word in chosen)
    return [] if own else ["-n", "auto", "--dist", "loadfile", "--no-loadscope-reorder"]


def _set_up(*, test: bool) -> int:
    """Make ``.venv`` and install gridmap into it, unless that was done and nothing that it depends on changed since."""
    wanted = _fingerprint()
    done = {stamp: stamp.exists() and stamp.read_text(encoding="utf-8") == wanted for stamp in (_stamp("test"), _stamp("demo"))}
    if PYTHON.exists() and (done[_stamp("test")] or (not test and done[_stamp("demo")])):
        return 0
    failed = _make_venv()
    if failed:
        return failed
    print("Installing gridmap and what it needs into .venv; this takes a few minutes the first time ...", flush=True)
    failed = _run(PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--editable", ".[test]" if test else ".")
    if failed:
        return _say("The installation failed; the reason stands above. The first run needs the network.")
    _stamp("test" if test else "demo").write_text(wanted, encoding="utf-8")
    return 0


def _stamp(purpose: str) -> Path:
    return VENV / f"gridmap-{purpose}.txt"


def _fingerprint() -> str:
    digest = hashlib.sha256(sys.version.encode())
    for name in SET_UP_FILES:
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def _make_venv() -> int:
    if PYTHON.exists() and _run(PYTHON, "-m", "pip", "--version", quiet=True) == 0:
        return 0
    # Debian splits Python: without this package a virtual environment comes without pip.
    if _run(sys.executable, "-c", "import ensurepip, venv", quiet=True) != 0:
        package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
        if _apt_install([package]) != 0:
            return _say(f"This Python cannot make virtual environments. Please install the package {package}:\n  sudo apt-get install {package}")
    venv.create(VENV, clear=VENV.exists(), with_pip=True, symlinks=sys.platform != "win32")
    return 0


def _install_system_packages() -> int:
    """See to a browser and Chinese fonts, which the browser tests need."""
    missing = [] if _browser() else ["chromium"]
    if sys.platform.startswith("linux") and not _has_chinese_font():
        missing.append("fonts-noto-cjk")
    if not missing or _apt_install(missing) == 0:
        return 0
    if not shutil.which("apt-get"):
        return _say("The browser tests need Chromium, Chrome or Edge, and a font with Chinese signs. Please install them, or test with --quick.")
    words = " ".join(missing)
    return _say(f"The browser tests need these packages: {words}. Please install them, or test with --quick:\n  sudo apt-get install {words}")


def _browser() -> bool:
    folders = [os.environ[name] for name in ("PROGRAMFILES", "PROGRAMFILES(X86)") if name in os.environ]
    return any(shutil.which(name) for name in BROWSERS) or any((Path(folder) / name).exists() for folder in folders for name in BROWSER_FOLDERS)


def _has_chinese_font() -> bool:
    if not shutil.which("fc-list"):
        return False
    return bool(subprocess.run(["fc-list", ":lang=zh"], capture_output=True, check=False).stdout.strip())


def _apt_install(packages: list[str]) -> int:
    """Install Debian packages where this user may: as root, or with sudo that asks no password. Any other answer than 0 is a no."""
    if not shutil.which("apt-get"):
        return 1
    is_root = os.access("/var/lib/dpkg", os.W_OK)
    if not is_root and not (shutil.which("sudo") and _run("sudo", "-n", "true", quiet=True) == 0):
        return 1
    prefix = [] if is_root else ["sudo", "-n"]
    print(f"Installing {' '.join(packages)} ...", flush=True)
    _run(*prefix, "apt-get", "update", "-qq", quiet=True)
    return _run(*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages, quiet=True)


def _run(*command: str | Path, quiet: bool = False) -> int:
    output = subprocess.DEVNULL if quiet else None
    with subprocess.Popen(list(map(str, command)), cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=output) as process:
        while True:
            # The program hears of Ctrl-C too, and ends by itself: a server first answers the requests at work.
            with contextlib.suppress(KeyboardInterrupt):
                return process.wait()


def _say(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

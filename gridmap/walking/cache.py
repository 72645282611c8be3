"""Walking networks kept on disk, so that the second question about the same streets needs no building."""

from __future__ import annotations

import contextlib
import hashlib
import json
import secrets
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
import shapely

from gridmap.findings import finding
from gridmap.ground.tables import District
from gridmap.unfinished import forget_unfinished
from gridmap.walking.network import Network, walking_network

FORMAT = 3
"""Raised whenever networks are built or kept in another way; older files are then of no use."""

KEPT, KEPT_BESIDE = 20, 3
"""So many networks are kept, the ones used last: in the user's folder, and in one that belongs to a single workspace."""

DAMAGED = (OSError, ValueError, KeyError, TypeError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error)
"""What reading a damaged file raises: an empty one EOFError, one whose flags say that it is encrypted RuntimeError, one of another kind TypeError."""

ARRAYS = ("node_xy", "a", "b", "length_cm", "one_way", "level", "shape", "shape_at", "component", "without_walls")


def network_fingerprint(district: District) -> str:
    """Return 32 hex digits that change when anything changes that the walking network of a district depends on."""
    digest = hashlib.sha256(f"{FORMAT}\x1f{district.crs.to_wkt()}".encode())
    for table, columns in (("streets", ("name", "walkable", "layer", "one_way")), ("barriers", ("kind",)), ("gates", ())):
        frame = getattr(district, table).sort_index()
        digest.update(f"{table}:{len(frame)}".encode())
        for values in (frame.index.to_series(), *(frame[column] for column in columns if column in frame)):
            digest.update("\x1f".join(values.astype("str").fillna("").to_numpy(dtype=object)).encode())
        digest.update(b"".join(wkb or b"-" for wkb in shapely.to_wkb(frame.geometry.to_numpy(), output_dimension=2)))
    return digest.hexdigest()[:32]


def cached_network(district: District, *, folder: Path | None = None) -> Network:
    """Return the walking network of ``district`` as it was kept on disk; else it is built, and kept for the next time.

    It is kept in ``folder``, and where there is none, or nothing can be written there, in the cache folder of the user. A file that is damaged
    is as good as none, and where nothing can be written at all the network is built each time. Several processes may ask at once.
    """
    places = [(_users(), KEPT)] if folder is None else [(folder, KEPT_BESIDE), (_users(), KEPT)]
    name = f"{network_fingerprint(district)}.npz"
    network, tried = _found([place / name for place, _ in places], district)
    network = network or walking_network(district)
    for place, most in places[:tried]:
        with contextlib.suppress(OSError):
            _write(place / name, network)
            with contextlib.suppress(OSError):  # another process may be at the same
                _forget_oldest(place, most)
            break
    return network


def _found(files: list[Path], district: District) -> tuple[Network | None, int]:
    """Return the network in the first of ``files`` that holds one, and how many before it hold none."""
    for tried, file in enumerate(files):
        with contextlib.suppress(*DAMAGED):
            network = _read(file, district)
            with contextlib.suppress(OSError):  # it may be somebody else's
                file.touch()
            return network, tried
    return None, len(files)


def _users() -> Path:
    return Path(platformdirs.user_cache_dir("gridmap", appauthor=False)) / "networks"


def _read(file: Path, district: District) -> Network:
    with file.open("rb") as stream, np.load(stream, allow_pickle=False) as kept:
        told = json.loads(str(kept["findings"]))
        findings = tuple(finding(code, subject, **words) for code, subject, words in told)
        names, street = tuple(json.loads(str(kept["names"]))), kept["street"].astype(object)
        network = Network(crs=district.crs, street=street, names=names, findings=findings, **{name: kept[name] for name in ARRAYS})
    if not _sound(network):
        raise ValueError(file)
    return network


def _sound(network: Network) -> bool:
    """Return whether all arrays fit each other: compiled loops do not look, and the file may have come with a workspace of other people."""
    nodes, edges, corners = len(network.node_xy), len(network.a), len(network.shape)
    kinds = {"node_xy": "f8", "one_way": "?", "shape": "f8", "shape_at": "i8"}
    shapes = {"node_xy": (nodes, 2), "shape": (corners, 2), "shape_at": (edges + 1,), "component": (nodes,), "without_walls": (nodes,)}
    for name in ARRAYS:
        array = getattr(network, name)
        if array.dtype != kinds.get(name, "i4") or array.shape != shapes.get(name, (edges,)):
            return False
    ends, first = np.concatenate((network.a, network.b)), network.shape_at
    within = not edges or (ends.min() >= 0 and ends.max() < nodes and network.length_cm.min() >= 0)
    numbered = not nodes or (network.component.min() >= 0 and network.component.max() < len(network.names))
    whole = first[0] == 0 and first[-1] == corners and (not edges or int(np.diff(first).min()) > 1)
    return bool(within and numbered and whole and len(network.street) == edges and np.isfinite(network.shape).all())


def _write(file: Path, network: Network) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    told = [(each.code, each.subject, _words(each)) for each in network.findings]
    arrays: dict[str, Any] = {name: getattr(network, name) for name in ARRAYS}
    arrays |= {"street": network.street.astype(str), "names": np.array(json.dumps(network.names)), "findings": np.array(json.dumps(told))}
    forget_unfinished(file.parent, "*.tmp")
    draft = file.with_name(f"{secrets.token_hex(8)}.tmp")
    try:
        with draft.open("wb") as stream:
            np.savez(stream, **arrays)
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)


def _words(told: Any) -> dict[str, Any]:
    words = {name: getattr(told, name) for name in ("value", "limit", "unit", "x", "y")}
    return {name: value for name, value in {**words, **told.words}.items() if value is not None}


def _forget_oldest(folder: Path, most: int) -> None:
    files = sorted(folder.glob("*.npz"), key=lambda file: file.stat().st_mtime, reverse=True)
    for file in files[most:]:
        file.unlink(missing_ok=True)

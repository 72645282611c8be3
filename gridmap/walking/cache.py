"""Walking networks kept on disk, so that the second question about the same streets needs no building."""

from __future__ import annotations

import contextlib
import hashlib
import json
import secrets
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
import shapely

from gridmap.findings import finding
from gridmap.ground.tables import District
from gridmap.walking.network import Network, walking_network

FORMAT = 2
"""Raised whenever networks are built or kept in another way; older files are then of no use."""

KEPT = 20
"""So many networks are kept, the ones used last."""

DAMAGED = (OSError, ValueError, KeyError, EOFError, RuntimeError, zipfile.BadZipFile)
"""What reading a damaged file raises: an empty one EOFError, one whose flags say that it is encrypted RuntimeError."""

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
    """Return the walking network of ``district``: from the cache in ``folder``, by default the user's own, else built and kept there.

    A file that is damaged, or that cannot be written, is as good as none: the network is built.
    """
    folder = folder or Path(platformdirs.user_cache_dir("gridmap", appauthor=False)) / "networks"
    file = folder / f"{network_fingerprint(district)}.npz"
    with contextlib.suppress(*DAMAGED):
        network = _read(file, district)
        file.touch()
        return network
    network = walking_network(district)
    with contextlib.suppress(OSError):
        _write(file, network)
        _forget_oldest(folder)
    return network


def _read(file: Path, district: District) -> Network:
    with file.open("rb") as stream, np.load(stream, allow_pickle=False) as kept:
        told = json.loads(str(kept["findings"]))
        findings = tuple(finding(code, subject, **words) for code, subject, words in told)
        names, street = tuple(json.loads(str(kept["names"]))), kept["street"].astype(object)
        return Network(crs=district.crs, street=street, names=names, findings=findings, **{name: kept[name] for name in ARRAYS})


def _write(file: Path, network: Network) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    told = [(each.code, each.subject, _words(each)) for each in network.findings]
    arrays: dict[str, Any] = {name: getattr(network, name) for name in ARRAYS}
    arrays |= {"street": network.street.astype(str), "names": np.array(json.dumps(network.names)), "findings": np.array(json.dumps(told))}
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


def _forget_oldest(folder: Path) -> None:
    files = sorted(folder.glob("*.npz"), key=lambda file: file.stat().st_mtime, reverse=True)
    for file in files[KEPT:]:
        file.unlink(missing_ok=True)

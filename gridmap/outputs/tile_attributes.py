"""Attributes of a layer's features: every distinct value written once, and for every feature the number of its value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api import types

FieldType = Literal["String", "Number", "Boolean"]


@dataclass(frozen=True, eq=False)
class Attributes:
    """``codes[f, k]`` is the number of the value of key ``keys[k]`` at feature f, -1 where it is missing.

    Value v stands, framed as a tile holds it, in ``data[first[v]:first[v + 1]]``. ``types`` are the words of TileJSON's ``vector_layers``.
    """

    keys: tuple[str, ...]
    types: tuple[FieldType, ...]
    codes: npt.NDArray[np.int32]
    data: npt.NDArray[np.uint8]
    first: npt.NDArray[np.int64]


def attributes_of(columns: Mapping[str, Any], rows: npt.NDArray[Any]) -> Attributes:
    """Return the values of ``columns`` (Series by key: texts, numbers, truths) at ``rows``; a missing value is left out of the tile.

    >>> found = attributes_of({"households": pd.Series([12, None, 12], dtype="Int64")}, np.array([2, 1, 0]))
    >>> found.codes.tolist(), found.types
    ([[0], [-1], [0]], ('Number',))
    """
    codes = np.empty((len(rows), len(columns)), dtype=np.int32)
    written: list[bytes] = []
    kinds: list[FieldType] = []
    for key, column in enumerate(columns.values()):
        kinds.append(_field_type(column))
        number, distinct = pd.factorize(pd.Series(column).iloc[rows])
        codes[:, key] = np.where(number < 0, -1, number + len(written))
        written += [_value(each, kinds[-1]) for each in distinct]
    lengths = np.fromiter((len(each) for each in written), dtype=np.int64, count=len(written))
    data = np.frombuffer(b"".join(written), dtype=np.uint8)
    return Attributes(tuple(columns), tuple(kinds), codes, data, np.concatenate(([0], np.cumsum(lengths))))


def _field_type(column: Any) -> FieldType:
    if types.is_bool_dtype(column):
        return "Boolean"
    return "Number" if types.is_numeric_dtype(column) else "String"


def _value(value: Any, kind: FieldType) -> bytes:
    """Return a value as the specification frames it (4.1): a message of one field, 1 text, 3 double, 5 uint64, 6 sint64, 7 truth."""
    if kind == "String":
        return message(4, message(1, str(value).encode()))
    if kind == "Boolean":
        return message(4, bytes((0x38, int(value))))
    if float(value).is_integer():
        whole = int(value)
        return message(4, b"\x28" + varint(whole) if whole >= 0 else b"\x30" + varint(-2 * whole - 1))
    return message(4, b"\x19" + np.float64(value).astype("<f8").tobytes())


def varint(value: int) -> bytes:
    """Return a number as protocol buffers write it.

    >>> varint(300).hex()
    'ac02'
    """
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def message(field: int, content: bytes) -> bytes:
    """Return ``content`` with the number of its field and its length before it."""
    return varint(field << 3 | 2) + varint(len(content)) + content

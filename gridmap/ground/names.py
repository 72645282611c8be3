"""Names as people write them, made comparable."""

from __future__ import annotations

import functools
import re
import unicodedata

import numpy as np
import numpy.typing as npt
import pandas as pd

_NOISE = re.compile(r"[\s·•・,，.。、:：;；_'\"“”‘’()（）\[\]【】<>《》]+")
_DASH = re.compile(r"[—–‐‑−-]+")
_COMMUNITY_ENDING = re.compile(r"(社区居民委员会|社区居委会|居民委员会|村民委员会|社区党群服务中心|居委会|村委会|社区)$")

SHORTEST_STEM = 2
"""A stem of one character says nothing: it occurs everywhere."""


@functools.lru_cache(maxsize=65536)
def plain_name(name: str) -> str:
    """Return ``name`` without what differs from writer to writer: full-width forms, case, blanks, brackets and other marks but dashes.

    >>> plain_name("阳光 花园（北区）") == plain_name("阳光花园(北区)")
    True
    """
    return _DASH.sub("-", _NOISE.sub("", unicodedata.normalize("NFKC", name))).casefold()


def community_stem(name: str) -> str | None:
    """Return what a community's name has of its own, or None when that is too short to be recognised in other names.

    >>> community_stem("崂山三村社区居委会")
    '崂山三村'
    """
    stem = _COMMUNITY_ENDING.sub("", plain_name(name))
    return stem if len(stem) >= SHORTEST_STEM else None


def as_texts(values: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    """Return each value as text: whole numbers without decimals, None where it is missing or blank.

    >>> as_texts(np.array([7.0, " 007 ", None, ""], dtype=object)).tolist()
    ['7', '007', None, None]
    """
    codes, distinct = pd.factorize(values, use_na_sentinel=True)
    # One more for the missing ones, whose code is -1.
    found = np.array([*map(_text, distinct), None], dtype=object)
    texts: npt.NDArray[np.object_] = found[codes]
    return texts


def _text(value: object) -> str | None:
    if isinstance(value, str):
        return value.strip() or None
    # Excel and shapefiles keep the number 3 as 3.0.
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip() or None

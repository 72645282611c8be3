"""Names as people write them, made comparable."""

from __future__ import annotations

import re
import unicodedata

_NOISE = re.compile(r"[\s·•・,，.。、:：;；\-_—–'\"“”‘’()（）\[\]【】<>《》]+")
_COMMUNITY_ENDING = re.compile(r"(社区居民委员会|社区居委会|居民委员会|村民委员会|社区党群服务中心|居委会|村委会|社区)$")

SHORTEST_STEM = 2
"""A stem of one character says nothing: it occurs everywhere."""


def plain_name(name: str) -> str:
    """Return ``name`` without what differs from writer to writer: full-width forms, case, blanks, brackets and other marks.

    >>> plain_name("阳光 花园（北区）") == plain_name("阳光花园(北区)")
    True
    """
    return _NOISE.sub("", unicodedata.normalize("NFKC", name)).casefold()


def community_stem(name: str) -> str | None:
    """Return what a community's name has of its own, or None when that is too short to be recognised in other names.

    >>> community_stem("崂山三村社区居委会")
    '崂山三村'
    """
    stem = _COMMUNITY_ENDING.sub("", plain_name(name))
    return stem if len(stem) >= SHORTEST_STEM else None

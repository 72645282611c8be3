"""What a shapefile leaves open: its parts, the encoding of its text, and its CRS."""

from __future__ import annotations

import codecs
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from gridmap.errors import InputError

PARTS = (".shx", ".dbf")
"""What must lie beside the .shp."""

GBK_LANGUAGE = 0x4D
"""The language byte of a .dbf that stands for GBK (code page 936)."""

CHINESE = "GB18030"
"""Holds all of GBK and GB2312, so that it serves for each of them."""

RECORDS_AT_ONCE = 65_536


def parts(path: Path) -> dict[str, Path]:
    """Return the files that belong to the .shp at ``path`` by their ending in small letters.

    Raises ``InputError`` when one is missing that the shapefile cannot be read without.
    """
    beside = {each.suffix.lower(): each for each in path.parent.iterdir() if each.stem.lower() == path.stem.lower()}
    missing = [ending for ending in PARTS if ending not in beside]
    if missing:
        raise InputError("shapefile_part_missing", file=path.name, missing=" ".join(path.stem + ending for ending in missing))
    return beside


def text_encoding(dbf: Path, cpg: Path | None) -> tuple[str, str | None]:
    """Return the encoding of the text in ``dbf``, UTF-8 or GB18030, and what ``cpg`` says when the bytes do not bear it out, else None.

    Text that is UTF-8 of three bytes a character throughout can be nothing else. Otherwise what the .cpg, or the language byte, says holds where all
    text can be read so; else text that is valid UTF-8 is UTF-8, and the rest GB18030.
    """
    texts = {text for text in _dbf_texts(dbf) if not text.isascii()}
    stated = cpg.read_bytes()[:64].decode("ascii", "replace").strip() if cpg is not None else ""
    claimed = _claimed(stated)
    if claimed is None and not stated and _language(dbf) == GBK_LANGUAGE:
        claimed = CHINESE
    utf8 = _fits(texts, "UTF-8")
    # Chinese in GBK is often valid UTF-8 for a character or two, then of two bytes each; Chinese in UTF-8 is nearly always valid GBK.
    letters = {ord(character) for text in texts for character in text.decode("utf-8", "ignore")} if utf8 else set()
    certain = bool(texts) and utf8 and not any(0x80 <= letter < 0x800 for letter in letters)
    if not certain and claimed is not None and _fits(texts, claimed):
        return claimed, None
    found = "UTF-8" if utf8 else CHINESE
    return found, None if found == claimed else stated or None


def _claimed(stated: str) -> str | None:
    """Return the encoding that a .cpg names; None for none, or for one that Chinese text does not come in."""
    word = stated.upper().replace("-", "").replace("_", "").replace(" ", "")
    if word in ("UTF8", "65001", "CP65001"):
        return "UTF-8"
    return CHINESE if word in ("GBK", "GB2312", "GB18030", "936", "CP936", "ANSI936", "54936", "OEM936", "EUCCN") else None


def decoded(column: pd.Series, encoding: str) -> pd.Series:
    """Return text that was read byte by byte as Latin-1 in its true ``encoding``; a character cut off at the end of its field is left out."""
    if column.dropna().str.isascii().all():
        # Ids and the like, the same in every encoding.
        return column.astype("str")
    codes, texts = pd.factorize(column.to_numpy(dtype=object))
    words = np.array([*(decoded_text(text, encoding) for text in texts), None], dtype=object)
    return pd.Series(words[codes], index=column.index, dtype="str")


def decoded_text(text: str, encoding: str) -> str:
    """Return one such text.

    >>> decoded_text("南通".encode("gbk").decode("latin-1"), "GB18030")
    '南通'
    """
    if text.isascii():
        return text
    raw = text.encode("latin-1")
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError:
        return codecs.getincrementaldecoder(encoding)("replace").decode(raw, final=False)


def _fits(texts: set[bytes], encoding: str) -> bool:
    """Tell whether every text can be read so, not counting a character that the width of its field cut off."""
    decoder = codecs.getincrementaldecoder(encoding)
    try:
        for text in texts:
            decoder().decode(text, final=False)
    except UnicodeDecodeError:
        return False
    return True


def _language(dbf: Path) -> int:
    with dbf.open("rb") as file:
        header = file.read(32)
    return header[29] if len(header) == 32 else 0


def _dbf_texts(dbf: Path) -> Iterator[bytes]:
    """Yield column names and the text values of a .dbf, those that come again not every time."""
    with dbf.open("rb") as file:
        header = file.read(32)
        if len(header) < 32:
            return
        _, start, width = struct.unpack("<IHH", header[4:12])
        fields = file.read(max(0, start - 32))
        spans, offset = [], 1
        for place in range(0, len(fields) - 31, 32):
            field = fields[place : place + 32]
            if field[0] == 0x0D:
                break
            yield field[:11].split(b"\0")[0]
            if field[11:12] == b"C" and field[16] and offset < width:
                spans.append((offset, min(offset + field[16], width)))
            offset += field[16]
        while spans and (records := file.read(width * RECORDS_AT_ONCE)):
            table = np.frombuffer(records, dtype=np.uint8, count=len(records) // width * width).reshape(-1, width)
            for first, last in spans:
                # Words come again and again: each is looked at once.
                yield from {text.rstrip(b" \0") for text in set(table[:, first:last].copy().view(f"S{last - first}").ravel().tolist())}

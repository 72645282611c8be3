from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import pytest

from gridmap.errors import InputError
from gridmap.ground import archives
from gridmap.ground.archives import Limits, checked_members, unpack
from gridmap.ground.files import read_layers

POINTS = "name,lon,lat\n甲,121.0,32.0\n"


def archive(path: Path, members: dict[str, bytes], *, links: tuple[str, ...] = ()) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = ((stat.S_IFLNK if name in links else stat.S_IFREG) | 0o644) << 16
            file.writestr(info, content)
    return path


def refused(path: Path, limits: Limits = archives.GEODATA) -> str:
    with pytest.raises(InputError) as caught:
        checked_members(path, limits=limits)
    return caught.value.code


@pytest.mark.parametrize("name", ["../a.csv", "/a.csv", "a/../../a.csv", "C:/a.csv", "..\\a.csv", "\\\\host\\a.csv"])
def test_members_that_would_land_outside_are_refused(tmp_path: Path, name: str) -> None:
    path = archive(tmp_path / "a.zip", {name: b"x"})
    assert refused(path) == "archive_unsafe"
    with pytest.raises(InputError):
        read_layers(path)
    assert [each.name for each in tmp_path.iterdir()] == ["a.zip"]


def test_links_are_refused(tmp_path: Path) -> None:
    assert refused(archive(tmp_path / "a.zip", {"a.csv": b"/etc/hosts"}, links=("a.csv",))) == "archive_unsafe"


def test_too_many_members_are_refused(tmp_path: Path) -> None:
    assert refused(archive(tmp_path / "a.zip", {f"{number}.csv": b"" for number in range(2_001)})) == "archive_too_many"


def test_a_bomb_is_refused_unopened(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file, file.open("a.csv", "w", force_zip64=True) as member:
        for _ in range(60):
            member.write(bytes(1_000_000))
    assert refused(path) == "archive_bomb"


def test_too_much_in_all_is_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", {"a.csv": b"x" * 600, "b.csv": b"x" * 600})
    assert refused(path, Limits(unpacked_bytes=1_000)) == "archive_too_large"


def test_a_lie_about_the_size_is_found_out(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", {"a.csv": b"x" * 100_000})
    content = path.read_bytes().replace((100_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    path.write_bytes(content)
    (tmp_path / "out").mkdir()
    with pytest.raises(InputError) as caught:
        unpack(path, tmp_path / "out")
    assert caught.value.code == "archive_damaged"


def test_names_in_gbk_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    archive(path, {"AAAA.csv": POINTS.encode()})
    path.write_bytes(path.read_bytes().replace(b"AAAA", "楼栋".encode("gbk")))
    (layer,) = read_layers(path)
    assert (layer.file, layer.frame["name"].tolist()) == ("a.zip/楼栋.csv", ["甲"])


def test_other_members_are_left_alone(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", {"readme.md": b"x", "__MACOSX/._a.csv": b"x", "data/a.csv": POINTS.encode()})
    assert [layer.file for layer in read_layers(path)] == ["a.zip/data/a.csv"]


def test_an_archive_without_data_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_layers(archive(tmp_path / "a.zip", {"a.exe": b"MZ"}))
    assert caught.value.code == "archive_without_data"

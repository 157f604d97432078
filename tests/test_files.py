"""Whatever a path names, it is read whole within its limit or refused with a sentence; nothing waits."""

import gzip
import os
import socket
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmm.errors import DataError
from mmm.files import (
    Wanted,
    files_below,
    matching_files,
    open_regular,
    read_bytes,
    read_json,
    read_text,
    unpack_gzip,
    write_whole,
)

WANTED = Wanted("The test file", 1_000, DataError, "Give another one.")
pytestmark = pytest.mark.timeout(300)


def _fails(path: Path | str, said: str) -> None:
    for read in (open_regular, read_bytes, read_text, read_json):
        with pytest.raises(DataError, match=said) as caught:
            read(path, WANTED)
        assert str(caught.value).startswith("The test file '")


def test_what_is_no_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        _fails(tmp_path / "s", "is a socket, not a file. Give another one.")
    (tmp_path / "link").symlink_to(tmp_path / "pipe.json")
    _fails(tmp_path / "pipe.json", "is a named pipe, not a file. Give another one.")
    _fails(tmp_path / "link", "is a named pipe, not a file")
    _fails("/dev/zero", "is a device, not a file")
    _fails(tmp_path, "is a folder, not a file")
    _fails(tmp_path / "none", "does not exist")
    _fails(tmp_path / "pipe.json" / "below", "does not exist")
    _fails(tmp_path / ("n" * 300), "cannot be read")
    _fails("a\0b", r"'a\\x00b' is no name of a file")
    (tmp_path / "round").symlink_to(tmp_path / "round")
    _fails(tmp_path / "round", "cannot be read")


def test_sizes_end_at_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "large"
    path.write_bytes(b"x" * 1_000)
    assert len(read_bytes(path, WANTED)) == 1_000
    path.write_bytes(b"x" * 1_001)
    _fails(path, "has 1,001 bytes; at most 1,000 are read")


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="needs Linux")
def test_a_file_that_says_it_is_empty_ends_at_the_limit_too() -> None:
    with pytest.raises(DataError, match=r"gives no end within 10 bytes"):
        read_bytes("/proc/self/maps", Wanted("The test file", 10, DataError))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[" * 900, "nested too deeply|not JSON"),
        (b'{"a": 1, "a": 2}', "the key 'a' appears twice"),
        (b"{", "not JSON"),
        (b"", "not JSON"),
        (b"\xff\xfe", "not UTF-8"),
    ],
)
def test_json_that_is_none(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "f.json"
    path.write_bytes(content)
    with pytest.raises(DataError, match=said):
        read_json(path, WANTED)


@pytest.mark.parametrize("content", ["[" * 200_000 + "]" * 200_000, '{"a":' * 200_000, "9" * 100_000])
def test_json_that_exhausts_a_parser(tmp_path: Path, content: str) -> None:
    path = tmp_path / "f.json"
    path.write_text(content)
    with pytest.raises(DataError, match=r"nested too deeply|cannot be read as JSON"):
        read_json(path, Wanted("The test file", 10_000_000, DataError))


@settings(max_examples=50, deadline=None)
@given(members=st.lists(st.binary(max_size=3_000), min_size=1, max_size=3), padding=st.integers(0, 20))
def test_gzip_unpacks_as_the_library_does(members: list[bytes], padding: int) -> None:
    packed = b"".join(map(gzip.compress, members)) + b"\0" * padding
    assert unpack_gzip(packed, "x.gz", WANTED, 10_000) == gzip.decompress(packed) == b"".join(members)
    cut = gzip.compress(members[0])[:-5]
    with pytest.raises(DataError, match=r"no intact gzip file"):
        unpack_gzip(cut, "x.gz", WANTED, 10_000)


def test_gzip_stops_where_it_grows_too_large() -> None:
    packed = gzip.compress(b"\0" * 50_000_000)
    with pytest.raises(DataError, match=r"unpacks to more than 10,000 bytes"):
        unpack_gzip(packed, "x.gz", WANTED, 10_000)
    members = gzip.compress(b"") * 20_000  # each costs a look at itself, not at all that follow
    assert unpack_gzip(members, "x.gz", WANTED, 10_000) == b""
    with pytest.raises(DataError, match=r"no intact gzip file"):
        unpack_gzip(b"no gzip at all", "x.gz", WANTED, 10_000)


def test_patterns(tmp_path: Path) -> None:
    base = tmp_path / "[odd] name"
    (base / "markets" / "deep").mkdir(parents=True)
    for name in ("b.yaml", "a.yaml"):
        (base / "markets" / name).touch()
    os.mkfifo(base / "markets" / "pipe.yaml")
    files = [base / "markets" / "a.yaml", base / "markets" / "b.yaml"]
    for pattern in (
        "markets/*.yaml",
        "markets/*",
        "mark**ets/*.yaml",
        "**/[ab].yaml",
        f"{tmp_path}/?odd* name/markets/*",
    ):
        assert matching_files(pattern, base, WANTED) == files, pattern
    assert matching_files("not there.yaml", base, WANTED) == [base / "not there.yaml"]
    for pattern in ("x*", "markets/deep*", "*/", "a\0*", "a\0b"):
        with pytest.raises(DataError, match=r"matches no file|NUL"):
            matching_files(pattern, base, WANTED)


def test_a_folder_of_files(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "x").touch()
    (tmp_path / "a").touch()
    (tmp_path / "sub" / "up").symlink_to(tmp_path)
    assert files_below(tmp_path, WANTED, 10) == [tmp_path / "a", tmp_path / "sub" / "x"]
    with pytest.raises(DataError, match=r"more than 2 files"):
        files_below(tmp_path, WANTED, 2)
    for name in ("a", "none", "a\0b"):
        with pytest.raises(DataError, match=r"is no folder"):
            files_below(tmp_path / name, WANTED, 2)


def test_written_whole_or_not_at_all(tmp_path: Path) -> None:
    assert write_whole(tmp_path / "new" / "f.txt", "ü").read_text(encoding="utf-8") == "ü"
    assert write_whole(tmp_path / "new" / "f.txt", b"later").read_bytes() == b"later"
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError):
        write_whole(tmp_path / "folder", "x")
    with pytest.raises(UnicodeEncodeError):
        write_whole(tmp_path / "new" / "f.txt", "\ud800")
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["f.txt"]
    assert (tmp_path / "new" / "f.txt").read_bytes() == b"later"

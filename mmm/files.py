"""Files that somebody names: read whole within a limit or refused with a sentence, and written whole or not at all.

A path in the settings, on the command line or in a report's folder may name anything: a pipe that never ends, a device,
a folder, four gigabytes, a file that is gone. Whatever reads such a path reads it through here. :class:`Wanted` says
what the file is to its user; every failure is an error of the class that it names, in a sentence that names the file.

    LOGO = Wanted("report.logo:", 300_000, ReportError, "Shrink it.")
    content = read_bytes(path, LOGO)

This module imports nothing of the package but the errors and the names of what is in the making.
"""

import glob
import gzip
import io
import itertools
import json
import os
import stat
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from mmm.errors import MMMError, SettingsError
from mmm.scratch import discard, keep, scratch_path

MOST_MATCHES = 1_000
"""Files that a pattern may match."""
_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISSOCK, "a socket"),
)


@dataclass(frozen=True)
class Wanted:
    """What a file is to its user.

    ``what`` begins every message (``The settings file``, or a key with a colon); ``most`` is the largest size in bytes;
    ``error`` is the class that is raised; ``advice`` is a sentence that ends a message about a missing or wrong file.
    """

    what: str
    most: int
    error: type[MMMError] = SettingsError
    advice: str = ""

    def refuse(self, path: Path | str, said: str, advice: str | None = None) -> MMMError:
        """The error that says ``said`` of the file; NUL and other control characters of its name are spelled out."""
        ending = self.advice if advice is None else advice
        return self.error(f"{self.what} '{_shown(path)}' {said}. {ending}".rstrip())


def open_regular(path: Path | str, wanted: Wanted) -> BinaryIO:
    """The file, open for reading bytes; never waits for a writer, as opening a named pipe does.

    Raises ``wanted.error`` where it is missing, unreadable, larger than ``wanted.most`` or anything but a regular file.
    """
    try:
        # Before it is opened: opening a device may already do something.
        _require_regular(path, Path(path).stat(), wanted)
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise wanted.refuse(path, "does not exist") from error
    except OSError as error:
        raise wanted.refuse(path, f"cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise wanted.refuse(path, f"is no name of a file ({error})") from error
    file = os.fdopen(handle, "rb")
    try:
        _require_regular(path, os.fstat(handle), wanted)  # What was opened, should it have been exchanged meanwhile.
    except BaseException:
        file.close()
        raise
    return file


def _require_regular(path: Path | str, found: os.stat_result, wanted: Wanted) -> None:
    for test, kind in _KINDS:
        if test(found.st_mode):
            raise wanted.refuse(path, f"is {kind}, not a file")
    if found.st_size > wanted.most:
        raise wanted.refuse(path, f"has {found.st_size:,} bytes; at most {wanted.most:,} are read")


def read_bytes(path: Path | str, wanted: Wanted) -> bytes:
    """The whole content. Raises ``wanted.error`` as :func:`open_regular` does, and where more comes than was said."""
    with open_regular(path, wanted) as file:
        try:
            content = file.read(wanted.most + 1)
        except OSError as error:
            raise wanted.refuse(path, f"cannot be read ({error.strerror})") from error
    if content is None or len(content) > wanted.most:  # None: a file of the kernel that would wait
        raise wanted.refuse(path, f"gives no end within {wanted.most:,} bytes")
    return content


def read_text(path: Path | str, wanted: Wanted) -> str:
    """The whole content as UTF-8, a byte order mark left out. Raises ``wanted.error``."""
    try:
        return read_bytes(path, wanted).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise wanted.refuse(path, f"is not UTF-8 (byte {error.start})", "Save it with UTF-8 encoding.") from error


def read_json(path: Path | str, wanted: Wanted) -> Any:
    """The value of a JSON file. Raises ``wanted.error`` for what is no JSON, nested too deeply, or has a key twice."""
    try:
        return json.loads(read_text(path, wanted), object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        raise wanted.refuse(path, f"is not JSON (line {error.lineno}: {error.msg})") from error
    except ValueError as error:  # a key twice, or more digits than Python reads
        raise wanted.refuse(path, f"cannot be read as JSON ({error})") from error
    except RecursionError as error:
        raise wanted.refuse(path, "is nested too deeply to be read") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key '{twice}' appears twice in one object")
    return found


def unpack_gzip(content: bytes, path: Path | str, wanted: Wanted, most: int) -> bytes:
    """Unpacked bytes of a gzip file of any number of members, at most ``most``; memory stays near what is returned.

    Raises ``wanted.error`` for a damaged file, and as soon as more than ``most`` bytes come out.
    """
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
            unpacked = file.read(most + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise wanted.refuse(path, f"is no intact gzip file ({error})", "Compress it again.") from error
    if len(unpacked) > most:
        raise wanted.refuse(path, f"unpacks to more than {most:,} bytes", "Give less, or the plain file.")
    return unpacked


def matching_files(pattern: str, base: Path, wanted: Wanted) -> list[Path]:
    """The files that a pattern of ``*``, ``?`` and ``[...]`` matches below ``base`` (or anywhere, if absolute).

    In order. ``**`` means ``*``: patterns do not search whole trees. Folders, pipes and devices are left out. A text
    without such signs is one path, whether it is there or not. Raises ``wanted.error`` where none or too many match.
    """
    if "\0" in pattern:
        raise wanted.refuse(pattern, "holds a NUL character, which no file's name does")
    if not glob.has_magic(pattern):
        return [base / pattern]
    # The folder's own name is taken as it stands.
    whole = str(Path(glob.escape(str(base))) / pattern)
    seen = list(itertools.islice(_files(whole), MOST_MATCHES + 1))
    if not seen:
        raise wanted.refuse(pattern, f"matches no file in '{_shown(base)}'", "Correct the pattern.")
    if len(seen) > MOST_MATCHES:
        raise wanted.refuse(pattern, f"matches more than {MOST_MATCHES:,} files", "Narrow the pattern.")
    return sorted(seen)


def _files(pattern: str) -> Iterator[Path]:
    # Path.glob takes neither absolute patterns nor '**' inside a name.
    return (path for path in map(Path, glob.iglob(pattern)) if path.is_file())  # noqa: PTH207


def files_below(folder: Path, wanted: Wanted, most: int) -> list[Path]:
    """The files in a folder and below it, in order; links to folders are not followed.

    Raises ``wanted.error`` where the folder is none, or holds more than ``most`` entries.
    """
    try:
        if not folder.is_dir():
            raise wanted.refuse(folder, "is no folder")
        found = list(itertools.islice(folder.rglob("*"), most + 1))
    except OSError as error:
        raise wanted.refuse(folder, f"cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise wanted.refuse(folder, f"is no name of a folder ({error})") from error
    if len(found) > most:
        raise wanted.refuse(folder, f"holds more than {most:,} files and folders", "Name a folder of its own.")
    return sorted(path for path in found if not path.is_dir())


def write_whole(path: Path, content: str | bytes) -> Path:
    """Writes a file (text as UTF-8) whole or not at all; its folder is made where it is missing. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        raise IsADirectoryError(21, "Is a directory", str(path))
    temporary = scratch_path(path)
    try:
        temporary.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        return keep(temporary, path)
    finally:
        discard(temporary)


def _shown(path: Path | str) -> str:
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in str(path))

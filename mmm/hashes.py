"""Hashes (SHA-256, as hexadecimal text) of plain data and of files. This module imports nothing of the package."""

import hashlib
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any


def of_data(value: Any, default: Callable[[Any], Any] | None = None) -> str:
    """Hash of plain data, whatever the order of keys; ``default`` writes what JSON does not have."""
    return of_text(json.dumps(value, sort_keys=True, default=default))


def of_text(text: str) -> str:
    """Hash of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def of_file(path: Path) -> str:
    """Hash of a file's content. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def of_files(paths: Iterable[Path], root: Path) -> str:
    """Hash of the names, as seen from ``root``, and contents of files, in their order. Raises OSError."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()

"""Results of long studies, kept in one file each, so that an interrupted study goes on where it stopped."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any


def kept(path: Path, key: str, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The result stored in ``path`` under ``key``, or a new one that is then stored; unreadable files are made anew.

    Written under a temporary name and renamed.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError):
        found = None
    if isinstance(found, dict) and found.get("key") == key:
        return found
    made = {"key": key, **make()}
    write_text(path, json.dumps(made, indent=1) + "\n")
    return made


def write_text(path: Path, text: str) -> Path:
    """Write a file whole or not at all; its folder is made where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.write_text(text, encoding="utf-8")
    return temporary.replace(path)

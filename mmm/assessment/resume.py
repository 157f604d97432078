"""Results of long studies, kept in one file each, so that an interrupted study goes on where it stopped."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mmm.files import write_whole


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
    write_whole(path, json.dumps(made, indent=1) + "\n")
    return made

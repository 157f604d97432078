"""Which folder a project is: where its store of fits and its reports lie, from whichever folder a command is called.

This module imports nothing of the package.
"""

import os
from pathlib import Path

REPORTS = "reports"
_MARK = ".git"
"""A checkout ends the search: what lies above it is another project's."""


def placed(store: str, base: Path) -> Path:
    """The full path of a store that settings in ``base`` name.

    A relative one lies in the nearest folder, from ``base`` upwards, that holds it already or is a checkout (has
    ``.git``); else in ``base``. Home and the root of the disk end the search, and another user's store is none.
    One that begins with ``./`` lies in ``base``.
    """
    start = base.resolve()
    relative = Path(store).expanduser()
    if relative.is_absolute():
        return relative
    if store.startswith(("./", ".\\")):
        return start / relative
    ends = {Path.home().resolve(), Path(start.anchor)}
    for folder in (start, *start.parents):
        if folder in ends and folder != start:
            break
        if _own(folder / relative) or (folder / _MARK).exists():
            return folder / relative
    return start / relative


def reports() -> Path:
    """The project's folder of reports, seen from the working directory: ``reports``, or such as ``../reports``."""
    return Path(os.path.relpath(placed(REPORTS, Path.cwd())))


def _own(path: Path) -> bool:
    try:
        found = path.stat()
    except OSError:
        return False
    return path.is_dir() and (not hasattr(os, "getuid") or found.st_uid == os.getuid())

"""From what somebody names to a proposal: one table, or many that belong together."""

import os
from collections.abc import Mapping
from pathlib import Path

from mmm.data.exports.cells import cells_of
from mmm.data.exports.header import recognised
from mmm.errors import DataError
from mmm.starting.asked import Proposal, quoted
from mmm.starting.joined import propose_joined
from mmm.starting.proposal import propose
from mmm.starting.sight import Sight, named_paths, see, see_query


def start(named: list[str], folder: Path, name: str, answers: Mapping[str, str]) -> Proposal:
    """Settings for files, folders, patterns and queries, for a settings file in ``folder``.

    Raises DataError for tables that cannot be read, or from which no analysis can be made.
    """
    queries = [text for text in named if is_query(text)]
    if queries:
        if len(named) > 1:
            raise DataError("A query stands alone: join the other tables within it.")
        return propose(see_query(queries[0], folder), {"query": queries[0]}, name, answers)
    paths = list(dict.fromkeys(path for text in named for path in named_paths(text, Path())))
    given = {Path(text) for text in named}
    sights: dict[Path, Sight] = {}
    aside: list[Path] = []
    for path in (path for path in paths if kind_of(path) is None):
        try:
            sights[path] = see(path)
        except DataError:
            if path in given or path.suffix.lower() != ".txt" or len(paths) == 1:
                raise
            aside.append(path)  # A note that lies beside the tables of a folder.
    paths = [path for path in paths if path not in aside]
    if len(paths) == 1 and paths[0] in sights:
        found = propose(sights[paths[0]], relative(paths[0], folder), name, answers)
    else:
        found = propose_joined(paths, sights, folder, name, answers)
    found.notes += [f"{quoted([path.name])} is no table, and is left out." for path in aside]
    return found


def relative(path: Path, folder: Path) -> str:
    """A path as a settings file in ``folder`` names it."""
    return Path(os.path.relpath(path, folder)).as_posix()


def is_query(text: str) -> bool:
    """Whether a text is a query and no path."""
    return text.strip().lower().startswith(("select ", "with "))


def kind_of(path: Path) -> str | None:
    """The reader that knows the file, if there is one."""
    try:
        found = cells_of(path, None, lambda cells, above: recognised(cells, above) is not None)
    except DataError:
        return None
    return recognised(found.header, found.above)

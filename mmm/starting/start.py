"""From what somebody names to a proposal: one table, or many that belong together."""

import os
from collections.abc import Mapping
from pathlib import Path

from mmm.data.exports.cells import cells_of
from mmm.data.exports.header import recognised
from mmm.errors import DataError
from mmm.starting.asked import Proposal
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
    known = {path: kind_of(path) for path in paths}
    if len(paths) == 1 and known[paths[0]] is None:
        return propose(see(paths[0]), relative(paths[0], folder), name, answers)
    sights: dict[Path, Sight] = {path: see(path) for path in paths if known[path] is None}
    return propose_joined(paths, sights, folder, name, answers)


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

"""From a file or a pandas frame to a Dataset, or to one error that lists everything that stands against it."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from mmm.data.dataset import Dataset
from mmm.data.grid import grid_of
from mmm.data.panel import check_cells, panel_of
from mmm.data.problems import Problems
from mmm.data.read import Table, check_columns, read_file, table_of_frame
from mmm.data.read_future import future_of
from mmm.data.records import records_of
from mmm.data.remembered import changes_since, path_of, remember
from mmm.data.settings import DataSettings, QuerySettings
from mmm.data.wildcards import with_columns
from mmm.errors import DataError

if TYPE_CHECKING:
    from mmm.data.exports.assemble import Assembled

Frames = Mapping[str, Callable[[], pd.DataFrame]]
"""Sources that are made rather than read, by the name that stands in ``data.source``."""


def load(settings: DataSettings, base: Path, frames: Frames | None = None) -> Dataset:
    """Read ``settings.source`` and check it.

    A source named in ``frames`` is made by calling its function; this is how the caller supplies ``demo``, because
    the simulator imports this layer and not the other way round. A query is run over files or a database. Anything else
    is a path relative to ``base``, the folder of the settings file: .csv, .csv.gz, .parquet or .xlsx.

    Raises DataError with all problems found, each with its rule, up to ten rows and the next step.
    """
    dataset = _past(settings, base, frames)
    if settings.future is None:
        return dataset
    table = read_file(base / settings.future.source, settings.csv, "data.future")
    return replace(dataset, future=future_of(table, dataset, settings))


def _past(settings: DataSettings, base: Path, frames: Frames | None) -> Dataset:
    """What ``settings.source`` holds."""
    source = settings.source
    if source is None:
        return _of_sources(settings, base)
    if isinstance(source, QuerySettings):
        return _of_query(source, settings, base)
    made = (frames or {}).get(source)
    if made is not None:
        return dataset_of(table_of_frame(made(), source), settings, base)
    own_table = settings.target.source is not None
    columns = [column for role, column in settings.columns() if not (own_table and role == "target.column")]
    return dataset_of(read_file(base / source, settings.csv, columns=columns, sheet=settings.sheet), settings, base)


def joined(settings: DataSettings, base: Path) -> "Assembled":
    """The table of ``data.sources`` with the account of every file. Raises DataError like :func:`load`."""
    from mmm.data.exports.assemble import Wish, assembled  # readers of platforms' files are needed by nobody else

    wish = Wish(settings.sources, settings.calendar, settings.rates, settings.currency, settings.date)
    return assembled(wish, base)


def _of_sources(settings: DataSettings, base: Path) -> Dataset:
    """The panel of several files; what became of each is among the notes."""
    found = joined(settings, base)
    dataset = dataset_of(found.table, settings, base)
    account = (line.sentence(settings.currency) for line in found.lines)
    return replace(dataset, notes=(*dataset.notes, *found.notes, *account))


def _of_query(source: QuerySettings, settings: DataSettings, base: Path) -> Dataset:
    """The panel that a query gives; what is other than at its last run stands in the error, or in the notes."""
    from mmm.data.query import NoRowsError, read_query  # databases and their drivers are needed by nobody else

    path, table = path_of(source, base), None
    try:
        table = read_query(source, base)
        dataset = dataset_of(table, settings, base)
    except DataError as error:
        changes = changes_since(path, table) if table is not None or isinstance(error, NoRowsError) else []
        raise DataError("\n".join((str(error), *changes))) from None
    changes = changes_since(path, table)
    remember(path, table)
    return replace(dataset, notes=(*dataset.notes, *changes))


def from_frame(frame: pd.DataFrame, settings: DataSettings) -> Dataset:
    """The same checks on a pandas frame; ``settings.source`` is not read and the frame's index is ignored.

    Raises DataError like :func:`load`; rows are counted from 0.
    """
    return dataset_of(table_of_frame(frame), settings)


def dataset_of(table: Table, settings: DataSettings, base: Path = Path()) -> Dataset:
    """The same checks on a table that was read already; ``base`` is where a table of the outcome alone is looked for.

    Raises DataError like :func:`load`.
    """
    if settings.target.every is not None:
        # Imported here: the usual panel needs nothing of it.
        from mmm.data.read_coarse import coarse_panel

        return coarse_panel(table, settings, base, dataset_of)
    problems = Problems(table.source)
    settings = with_columns(settings, table.columns, problems)
    check_columns(table, settings.columns(), problems)
    problems.stop_if_any()
    records = records_of(table, settings, problems)
    grid = grid_of(records, settings, problems)
    check_cells(records, grid, settings, problems)
    problems.stop_if_any()
    found = panel_of(records, grid, settings, problems)
    others = {
        name: dataset_of(table, settings.model_copy(update={"target": other}), base)
        for name, other in settings.target.also.items()
    }
    return replace(found, outcomes=tuple(others.items()))

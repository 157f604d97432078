"""From a file or a pandas frame to a Dataset, or to one error that lists everything that stands against it."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd

from mmm.data.dataset import Dataset
from mmm.data.grid import grid_of
from mmm.data.panel import check_cells, panel_of
from mmm.data.problems import Problems
from mmm.data.read import Table, check_columns, read_file, table_of_frame
from mmm.data.records import records_of
from mmm.data.settings import DataSettings

Frames = Mapping[str, Callable[[], pd.DataFrame]]
"""Sources that are made rather than read, by the name that stands in ``data.source``."""


def load(settings: DataSettings, base: Path, frames: Frames | None = None) -> Dataset:
    """Read ``settings.source`` and check it.

    A source named in ``frames`` is made by calling its function; this is how the caller supplies ``demo``, because
    the simulator imports this layer and not the other way round. Anything else is a path relative to ``base``, the
    folder of the settings file: .csv, .csv.gz or .parquet.

    Raises DataError with all problems found, each with its rule, up to ten rows and the next step.
    """
    made = (frames or {}).get(settings.source)
    if made is not None:
        return _dataset(table_of_frame(made(), settings.source), settings)
    return _dataset(
        read_file(base / settings.source, settings.csv, columns=[column for _, column in settings.columns()]), settings
    )


def from_frame(frame: pd.DataFrame, settings: DataSettings) -> Dataset:
    """The same checks on a pandas frame; ``settings.source`` is not read and the frame's index is ignored.

    Raises DataError like :func:`load`; rows are counted from 0.
    """
    return _dataset(table_of_frame(frame), settings)


def _dataset(table: Table, settings: DataSettings) -> Dataset:
    problems = Problems(table.source)
    check_columns(table, settings.columns(), problems)
    problems.stop_if_any()
    records = records_of(table, settings, problems)
    grid = grid_of(records, settings, problems)
    check_cells(records, grid, settings, problems)
    problems.stop_if_any()
    return panel_of(records, grid, settings, problems)

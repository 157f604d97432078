"""Tables and arrays as plain data, and back: numbers come back exactly, each column in its type."""

from typing import Any

import numpy as np
import pandas as pd

from mmm.arrays import Floats
from mmm.sealed import number


def array_data(values: Floats) -> dict[str, Any]:
    """An array of numbers of any shape: its shape, and its values row by row."""
    return {"shape": list(values.shape), "values": [number(value) for value in values.ravel().tolist()]}


def array(data: dict[str, Any]) -> Floats:
    """What :func:`array_data` gave. Raises KeyError, TypeError or ValueError for anything else."""
    return np.array([float(value) for value in data["values"]]).reshape(data["shape"])


def numbers_data(values: dict[str, float]) -> dict[str, float | str]:
    """Numbers by name as JSON has them."""
    return {name: number(value) for name, value in values.items()}


def frame_data(table: pd.DataFrame) -> dict[str, Any]:
    """A table as plain data: columns in order with their types, and the index where it is a named one."""
    named = table.index.name is not None
    flat = table.reset_index() if named else table
    return {
        "index": table.index.name,
        "types": {str(name): str(column.dtype) for name, column in flat.items()},
        "columns": {str(name): _column_data(column) for name, column in flat.items()},
    }


def _column_data(column: "pd.Series[Any]") -> list[Any]:
    if pd.api.types.is_datetime64_any_dtype(column):
        return [moment.isoformat() for moment in column]
    if pd.api.types.is_float_dtype(column):
        return [number(value) for value in column]
    return list(column.tolist())


def frame(data: dict[str, Any]) -> pd.DataFrame:
    """What :func:`frame_data` gave. Raises KeyError, TypeError or ValueError for anything else."""
    columns = {}
    for name, kind in data["types"].items():
        values = pd.Series(data["columns"][name], dtype=object)
        columns[name] = (pd.to_datetime(values) if kind.startswith("datetime64") else values).astype(kind)
    table = pd.DataFrame(columns)
    return table if data["index"] is None else table.set_index(data["index"])

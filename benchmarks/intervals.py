"""Scores of interval estimates against a truth, as several studies of returns have them."""

import numpy as np
import pandas as pd


def scored(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows (``truth``, ``lower``, ``median``, ``upper``, all above zero) with ``inside``, and on the log scale
    ``width`` and ``error``."""
    return rows.assign(
        inside=(rows["lower"] <= rows["truth"]) & (rows["truth"] <= rows["upper"]),
        width=np.log(rows["upper"] / rows["lower"]),
        error=np.abs(np.log(rows["median"] / rows["truth"])),
    )


def by_group(rows: pd.DataFrame, groups: list[str]) -> pd.DataFrame:
    """By group in the order of the rows: intervals, coverage, mean width and mean error."""
    measures = {"intervals": ("inside", "size"), "coverage": ("inside", "mean"), "width": ("width", "mean")}
    return scored(rows).groupby(groups, sort=False).agg(**measures, error=("error", "mean"))

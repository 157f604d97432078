"""The one way to write a CSV table. Texts come from data, and a spreadsheet must take none of them for a formula."""

import re

import numpy as np
import pandas as pd

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What makes a spreadsheet read a cell as a formula, or look for one behind it; the last four are the wide forms."""
_INSIDE = re.compile(r"([;\t\r\n]\"*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])")
"""Where a spreadsheet that separates by semicolons, tabs or lines sees a cell begin, whatever the quotes say."""


def safe_text(text: str) -> str:
    """The text with an apostrophe before whatever a spreadsheet would compute."""
    inside = _INSIDE.sub(r"\1'", text)
    return f"'{inside}" if text.startswith(FORMULA_STARTS) else inside


def csv_text(frame: pd.DataFrame, *, index: bool = False) -> str:
    """The table as CSV with a header: texts safe, numbers plain, days as 2026-01-31, no number as nothing."""
    safe = frame.reset_index() if index else frame.reset_index(drop=True)
    written = pd.DataFrame({safe_text(str(name)): _cells(safe[name]) for name in safe.columns})
    return str(written.to_csv(index=False, lineterminator="\n", date_format="%Y-%m-%d"))


def _cells(column: pd.Series) -> pd.Series:
    if pd.api.types.is_numeric_dtype(column):
        return column.replace([np.inf, -np.inf], np.nan)
    if pd.api.types.is_datetime64_any_dtype(column):
        return column
    return column.map(lambda cell: safe_text(cell) if isinstance(cell, str) else cell)

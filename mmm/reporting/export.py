"""The plan as CSV and XLSX, and all results as JSON. Texts from the data stay text in every one of them."""

import csv
import math
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from mmm.errors import ReportError
from mmm.reporting import results
from mmm.reporting.figures.sheet import Drawn
from mmm.reporting.material import Material
from mmm.reporting.numbers import results_of
from mmm.reporting.workbook import FORMULA_STARTS, write_workbook

_COLUMNS = (
    ("reference", "spend_today"),
    ("spend", "spend_plan"),
    ("change", "change"),
    ("change_share", "change_relative"),
    ("lower_bound", "allowed_from"),
    ("upper_bound", "allowed_to"),
    ("reference_effect", "won_today"),
    ("reference_effect_lower", "won_today_5%"),
    ("reference_effect_upper", "won_today_95%"),
    ("effect", "won_plan"),
    ("effect_lower", "won_plan_5%"),
    ("effect_upper", "won_plan_95%"),
    ("next_today", "next_money_today"),
    ("next_planned", "next_money_plan"),
    ("first_step", "first_step"),
    ("probability_direction", "probability_above_average"),
    ("observed_max_ratio", "highest_period_relative_to_observed"),
)


def write_outputs(m: Material, folder: Path) -> None:
    """allocation.csv, allocation.xlsx and results.json."""
    write_csv(m.plan.allocation, folder / "allocation.csv")
    write_workbook(m, folder / "allocation.xlsx")
    (folder / results.FILE).write_text(results_of(m).model_dump_json(indent=1), encoding="utf-8")


def plan_folder(folder: Path) -> Path:
    """``folder``, made where it is missing. Raises ReportError where nothing can be written to it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=folder, prefix=".plan-"):
            return folder
    except OSError as error:
        raise ReportError(
            f"The plan cannot be written to '{folder}' ({error.strerror}). Choose another folder with --out."
        ) from error


def write_plan(m: Material, schedule: pd.DataFrame, folder: Path) -> list[Path]:
    """allocation.csv, schedule.csv (money by date, geo and channel) and allocation.xlsx, each whole or not at all."""
    names = ["allocation.csv", "schedule.csv", "allocation.xlsx"]
    with TemporaryDirectory(dir=folder, prefix=".plan-") as scratch:
        made = Path(scratch)
        write_csv(m.plan.allocation, made / names[0])
        write_schedule(schedule, made / names[1])
        write_workbook(m, made / names[2])
        return [(made / name).replace(folder / name) for name in names]


def write_schedule(schedule: pd.DataFrame, path: Path) -> None:
    """The plan by date, geo and channel in long form, with the reference plan beside it."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["date", "geo", "channel", "spend_today", "spend_plan"])
        for _, line in schedule.iterrows():
            texts = (safe_text(str(line["geo"])), safe_text(str(line["channel"])))
            amounts = (_plain(float(line[name])) for name in ("reference", "spend"))
            writer.writerow([f"{line['date']:%Y-%m-%d}", *texts, *amounts])


def safe_text(text: str) -> str:
    """A text that no spreadsheet takes for a formula: an apostrophe before =, +, -, @, tab and return."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def write_csv(allocation: pd.DataFrame, path: Path) -> None:
    """One row a channel; amounts as plain numbers with full precision, no thousands separators."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["channel", *(name for _, name in _COLUMNS)])
        for name, line in allocation.iterrows():
            writer.writerow([safe_text(str(name)), *(_plain(float(line[column])) for column, _ in _COLUMNS)])


def _plain(value: float) -> str:
    return "" if not math.isfinite(value) else repr(round(value, 6))


def write_figures(figures: tuple[Drawn, ...], folder: Path) -> None:
    """Figures for slides: SVG and PNG in ``folder``; names are the report's own."""
    folder.mkdir(exist_ok=True)
    for figure in figures:
        (folder / f"{figure.name}.svg").write_text(figure.wide, encoding="utf-8")
        if figure.png is not None:
            (folder / f"{figure.name}.png").write_bytes(figure.png)


def clean(value: Any) -> Any:
    """Plain JSON values: numpy scalars unwrapped, infinities and NaN as null."""
    if isinstance(value, Mapping):
        return {str(k): clean(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [clean(v) for v in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, str | int | bool) else str(value)

"""The plan as CSV and XLSX, and all results as JSON. Texts from the data stay text in every one of them."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mmm.errors import ReportError
from mmm.files import write_whole
from mmm.interrupts import deferred
from mmm.records import Records
from mmm.reporting.content import results
from mmm.reporting.figures.sheet import Drawn
from mmm.reporting.files.to_results import results_of
from mmm.reporting.files.workbook import write_workbook
from mmm.reporting.pages.telling import Telling
from mmm.scratch import scratch_folder, sweep
from mmm.tables import csv_text

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


@dataclass(frozen=True)
class Export:
    """A further file beside a report: its name, and what is in it."""

    file: str
    content: Callable[[Telling], str | bytes]


EXPORTS: Records[Export] = Records("export", "mmm.reporting.files.further", "mmm.exports")


def write_outputs(m: Telling, folder: Path) -> None:
    """allocation.csv, allocation.xlsx, results.json, and the further exports."""
    write_csv(m.plan.allocation, folder / "allocation.csv")
    write_workbook(m, folder / "allocation.xlsx")
    write_whole(folder / results.FILE, results_of(m).model_dump_json(indent=1))
    if "pptx" in m.settings.report.formats:
        from mmm.reporting.files.deck import FILE, deck

        (folder / FILE).write_bytes(deck(m))
    for export in EXPORTS.values():
        write_whole(folder / export.file, export.content(m))


def plan_folder(folder: Path) -> Path:
    """``folder``, made where it is missing. Raises ReportError where nothing can be written to it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        sweep(folder)
        with scratch_folder(folder / "plan"):
            return folder
    except OSError as error:
        raise ReportError(
            f"The plan cannot be written to '{folder}' ({error.strerror}). Choose another folder with --out."
        ) from error


def write_plan(m: Telling, schedule: pd.DataFrame, folder: Path) -> list[Path]:
    """allocation.csv, schedule.csv (money by date, geo and channel) and allocation.xlsx, each whole or not at all."""
    names = ["allocation.csv", "schedule.csv", "allocation.xlsx"]
    with scratch_folder(folder / "plan") as made:
        write_csv(m.plan.allocation, made / names[0])
        write_schedule(schedule, made / names[1])
        write_workbook(m, made / names[2])
        with deferred():
            return [(made / name).replace(folder / name) for name in names]


def write_schedule(schedule: pd.DataFrame, path: Path) -> None:
    """The plan by date, geo and channel in long form, with the reference plan beside it."""
    names = {"reference": "spend_today", "spend": "spend_plan"}
    amounts = schedule[list(names)].astype(float).map(_meant)
    write_whole(
        path, csv_text(pd.concat([schedule[["date", "geo", "channel"]], amounts], axis=1).rename(columns=names))
    )


def write_csv(allocation: pd.DataFrame, path: Path) -> None:
    """One row a channel; amounts as plain numbers with twelve significant digits, no thousands separators."""
    amounts = allocation[[column for column, _ in _COLUMNS]].astype(float).map(_meant)
    write_whole(path, csv_text(amounts.rename(columns=dict(_COLUMNS)).rename_axis("channel"), index=True))


def _meant(value: float) -> float:
    """Twelve significant digits: all that is meant, and none of the computer's rounding."""
    return float(f"{value:.12g}")


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

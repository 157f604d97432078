"""From a readout to the row that the model takes as evidence."""

import pandas as pd

from mmm.calibration.settings import ExperimentSettings
from mmm.data.dataset import Dataset
from mmm.errors import DataError
from mmm.experiments.readout import Readout

COLUMNS = ("name", "channel", "geos", "start", "end", "kind", "spend", "outcome", "error", "counted_until")


def evidence_row(readout: Readout, geos: tuple[str, ...]) -> dict[str, str | float]:
    """One row of the table in docs/experiments.md; ``geos`` are the analysis' geos, none for everywhere.

    ``outcome`` is positive where the money raised it, ``error`` the standard error whose 90% interval is the readout's.
    Raises DataError where the money that was moved is not known.
    """
    test, panel, moved = readout.test, readout.panel, readout.delivery
    spend = test.planned_spend if moved is None else moved.moved
    if test.kind != "hold_out" and spend is None:
        what = "withheld" if test.kind == "go_dark" else "added"
        raise DataError(
            f"Test '{test.name}': the money that was {what} is not known, and the model needs it. Give the panel's "
            "spend "
            "column (desk.readouts.panel.spend) or planned_spend."
        )
    last = pd.Timedelta(days=panel.days - 1)
    ends = {key: panel.dates[row - 1] + last for key, row in (("end", test.end), ("counted_until", test.span.stop))}
    return {
        "name": test.name,
        "channel": test.channel,
        "geos": ";".join(geos),
        "start": f"{panel.dates[test.span.start]:%Y-%m-%d}",
        "end": f"{ends['end']:%Y-%m-%d}",
        "kind": test.kind,
        "spend": "" if spend is None else float(f"{spend:.6g}"),
        "outcome": float(f"{readout.brought:.6g}"),
        "error": float(f"{readout.error:.6g}"),
        "counted_until": f"{ends['counted_until']:%Y-%m-%d}",
    }


def geos_of(readout: Readout, dataset: Dataset | None, stated: tuple[str, ...] | None) -> tuple[str, ...]:
    """The analysis' geos of a test: those stated, the treated regions by name, none where the analysis is national.

    Raises DataError where the treated regions are no geos of the analysis.
    """
    if stated is not None:
        return stated
    if dataset is not None and len(dataset.geos) == 1:
        return ()
    unknown = [] if dataset is None else [r for r in readout.test.treated if r not in dataset.geos]
    if dataset is not None and unknown:
        raise DataError(
            f"Test '{readout.test.name}': its region '{unknown[0]}' is no geo of the analysis. Say in which of its "
            "geos the "
            f"treated regions are: desk.readouts.geos (known: {', '.join(dataset.geos[:10])})."
        )
    return readout.test.treated


def as_experiment(row: dict[str, str | float]) -> ExperimentSettings:
    """The row as a test of the section ``experiments``."""
    given = {key: value for key, value in row.items() if value != ""}
    if "geos" in given:
        given["geos"] = tuple(str(given["geos"]).split(";"))  # type: ignore[assignment]
    return ExperimentSettings.model_validate(given)

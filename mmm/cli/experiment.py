"""``mmm experiment``: regional tests of a channel."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import typer

from mmm.assessment.agreement import expectation
from mmm.calibration import read_evidence
from mmm.calibration.settings import ExperimentsSettings
from mmm.cli.output import plain, say, table
from mmm.data.calendar import parse_periods
from mmm.data.dataset import Dataset
from mmm.digits import amount, interval
from mmm.errors import DataError, SettingsError
from mmm.experiments.estimators import ESTIMATORS
from mmm.experiments.evidence import as_experiment
from mmm.experiments.reading import read_tests
from mmm.experiments.readout import Readout, Z
from mmm.experiments.settings import DeskSettings, ReadoutSettings
from mmm.files import write_whole
from mmm.inference.fit import Fit
from mmm.model.evidence import stake
from mmm.reporting.runs.inputs import checked_request
from mmm.settings import Settings, load_dataset, load_settings, read_parameters
from mmm.tables import csv_text
from mmm.workflow import fitted

_LOW = 0.8
"""Share of the planned money below which a test is called diluted."""
_RARE = 0.01


def show_readouts(config: Path, parameters: list[str], out: Path, *, with_model: bool) -> None:
    """Read every test of the settings, print what it said, and write evidence.csv and the courses below ``out``.

    Raises SettingsError where no test is given, DataError for the first one that cannot be read.
    """
    settings = load_settings(config, read_parameters(parameters))
    desk = _desk(config, settings)
    dataset = load_dataset(settings) if with_model or any(t.panel is None for t in desk.readouts) else None
    read = read_tests(desk, dataset, settings.base, settings.data.currency, say)
    fit = _untold(settings, dataset, desk.readouts) if with_model and dataset is not None else None
    for readout, row in zip(read.readouts, read.rows, strict=True):
        _print(readout, settings.data.target.unit or settings.data.target.column)
        _print_row(row)
        if fit is not None:
            _print_expectation(settings, fit, row)
    folder = out / settings.name / "experiment"
    frames = {"evidence": read.evidence}
    frames["estimators"] = pd.concat({r.test.name: r.table for r in read.readouts}, names=["test"]).reset_index()
    frames["courses"] = pd.concat({r.test.name: r.path for r in read.readouts}, names=["test"]).reset_index(level=0)
    for name, frame in frames.items():
        typer.echo(plain(str(_write(folder / f"{name}.csv", frame))))


def _desk(config: Path, settings: Settings) -> DeskSettings:
    if settings.desk is None or not settings.desk.readouts:
        raise SettingsError(f"{config} names no test under desk.readouts. Add one; docs/experiments.md shows it.")
    return settings.desk


def _write(path: Path, frame: pd.DataFrame) -> Path:
    try:
        return write_whole(path, csv_text(frame))
    except OSError as error:
        raise DataError(f"'{path}' cannot be written ({error.strerror}). Choose another folder with --out.") from error


def _print(readout: Readout, unit: str) -> None:
    """The estimators beside one another, and what to think of the one that was chosen."""
    test, placebos = readout.test, readout.placebos
    columns = ["estimator", f"effect ({unit}, 90% interval)", "of expected", "placebo error"]
    columns += ["coverage: all, treated", "p, blocks", "p, iid", ""]
    rows = [_line(readout, str(name), row) for name, row in readout.table.iterrows()]
    title = f"{test.name}: {test.channel}, {test.kind}, {len(test.treated)} regions, {test.span.length} periods counted"
    table(title, columns, rows, right=columns[1:7])
    typer.echo(
        f"Intervals are made of {len(placebos.share)} placebo tests in {placebos.windows} windows before the test. "
        "Coverage is how often they held when made of the other windows: in all groups, and in the treated regions. "
        "A p-value stands with the share of placebo tests that it left alone at 10%: near 90% it means what it says."
    )
    for line in _remarks(readout):
        typer.echo(plain(f"- {line}"))


def _line(readout: Readout, name: str, row: "pd.Series[float]") -> tuple[str, ...]:
    estimator = ESTIMATORS.get(name)
    passes = bool(row["passes"])
    return (
        "average of those that pass" if estimator is None else estimator.label,
        interval(row["effect"], row["lower"], row["upper"]) if passes else amount(row["effect"]),
        f"{row['share']:+.1%}",
        f"{row['error_share']:.1%}",
        f"{row['coverage']:.0%}, {row['own_coverage']:.0%}",
        _p(row["p_block"], row["kept_block"]),
        _p(row["p_iid"], row["kept_iid"]),
        "chosen" if name == readout.chosen else "" if passes else "interval did not hold",
    )


def _p(p: float, kept: float) -> str:
    return "-" if pd.isna(p) else f"{p:.3f} ({kept:.0%})"


def _remarks(readout: Readout) -> list[str]:
    robust, moved = readout.robustness, readout.delivery
    lines = []
    if readout.conformal is not None:
        lower, upper = readout.conformal
        kept = readout.table["kept_block"][readout.chosen]
        said = f"{amount(lower, lower, upper)} to {amount(upper, lower, upper)}"
        lines.append(f"Conformal interval by blocks: {said}; its test held in {kept:.0%} of placebo tests.")
    if len(robust.dropped):
        low, high = robust.dropped["effect"].min(), robust.dropped["effect"].max()
        far = robust.dropped["region"].iloc[int((robust.dropped["effect"] - readout.effect).abs().argmax())]
        span = f"{amount(low, low, high)} to {amount(high, low, high)}"
        lines.append(f"Without one of its {len(robust.dropped)} main controls: {span} (farthest without {far}).")
    if robust.without_near is not None:
        lines.append(f"Without the controls that the test may have spilled over to: {amount(robust.without_near)}.")
    if robust.strayed_p < _RARE:
        lines.append(
            f"{robust.strayed} of {robust.controls} controls did something in the test's periods that they do in one "
            "window of ten: did the test reach them, or did something else happen? Exclude them, or widen the error."
        )
    if moved is not None and readout.test.kind != "hold_out":
        verb = "withheld" if readout.test.kind == "go_dark" else "added"
        lines.append(f"Money {verb}: {amount(moved.moved)}; {amount(moved.usual)} were usual.")
    if moved is not None and moved.share is not None:
        diluted = " The test was diluted: its result is that of the money that moved." if moved.share < _LOW else ""
        lines.append(f"Delivered against planned: {moved.share:.0%}.{diluted}")
    return lines


def _print_row(row: dict[str, str | float]) -> None:
    typer.echo("Evidence for the model (a row of evidence.csv, which experiments.source takes):")
    typer.echo(plain("    " + ", ".join(f"{key}: {value}" for key, value in row.items() if value != "")))
    typer.echo(f"    Outcome is counted until {row['counted_until']}; carryover after that the model adds by itself.")


def _untold(settings: Settings, dataset: Dataset, tests: tuple[ReadoutSettings, ...]) -> Fit:
    """The model without these tests: from the store, or fitted."""
    request = checked_request(settings, dataset)
    untold = replace(request.beliefs, evidence=request.beliefs.evidence.without(t.name for t in tests))
    return fitted(replace(request, beliefs=untold), progress=True, say=say)


def _print_expectation(settings: Settings, fit: Fit, row: dict[str, str | float]) -> None:
    """The model's expectation of the same money, and the test's result."""
    lookback = parse_periods(settings.model.lookback, fit.dataset.frequency)
    given = ExperimentsSettings(tests=(as_experiment(row),))
    (experiment,) = read_evidence(given, fit.dataset, settings.base, lookback).experiments
    view = expectation(fit, experiment)
    valued = fit.dataset.has_value
    unit = (float(fit.dataset.data["value_per_unit"].mean()) if valued else 1.0) / stake(experiment, fit.dataset)
    brought, reach = experiment.measured * unit, Z * experiment.error * unit
    what = "return" if valued else "outcome per unit of money"
    typer.echo(
        f"Before the test the model expects a {what} of {interval(view.median, view.lower, view.upper)}; the test says "
        f"{interval(brought, brought - reach, brought + reach)}. The model gives a result this far out a probability "
        "of "
        f"{view.tail:.2f}."
    )

"""From the settings' tests and a table of tests to Evidence, or to one error that lists all that stands against it."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import ValidationError

from mmm.calibration.peers import PEERS, from_peer
from mmm.calibration.settings import ExperimentSettings, ExperimentsSettings
from mmm.data.calendar import Frequency
from mmm.data.cells import is_blank
from mmm.data.dataset import Dataset
from mmm.data.marks import amount, undressed
from mmm.data.problems import Problems, nearest, shown
from mmm.data.read import Table, read_file
from mmm.errors import DataError
from mmm.model.evidence import Evidence, Experiment, contrasts, stake

_DF = 4.0
_SEPARATOR = ";"
# A hold-out's stated spend and the data's may differ by this share: invoices and records rarely agree to the cent.
_SPEND_TOLERANCE = 0.1
# Spend withheld beyond this many times the channel's largest spend is taken for a wrong unit.
_MOST_SPEND = 5.0


def read_evidence(settings: ExperimentsSettings, dataset: Dataset, base: Path, lookback: int) -> Evidence:
    """All tests of the settings and of the file ``settings.source``, which is relative to ``base``.

    ``lookback`` is the model's, in periods. Raises DataError that lists every problem: unknown channels and geos,
    windows that are not whole periods or partly outside the data, missing or implausible amounts, names given twice,
    tests that measure the same cells twice.
    """
    problems = Problems("experiments")
    tests = _stated(settings, dataset.frequency, base, problems)
    found = [(where, _experiment(where, test, dataset, problems)) for where, test in tests]
    experiments = [(where, e) for where, e in found if e is not None]
    for where, experiment in experiments:
        _check(where, experiment, dataset, lookback, problems)
    _check_names([where for where, _ in tests], [test.name for _, test in tests], problems)
    for (where, one), (other, two) in itertools.combinations(experiments, 2):
        _check_overlap(f"{where} and {other}", one, two, problems)
    problems.stop_if_any()
    last = dataset.dates[-1]
    aged = (_aged(e, last, settings.widen_per_year) for _, e in experiments)
    return Evidence(experiments=tuple(aged), df=_DF if settings.errors == "student_t" else None)


def promises(settings: ExperimentsSettings, frequency: Frequency, base: Path) -> dict[str, float]:
    """What tests were expected to be worth before they were run, by name; those that say so. Raises DataError."""
    problems = Problems("experiments")
    tests = _stated(settings, frequency, base, problems)
    problems.stop_if_any()
    return {test.name: test.promised for _, test in tests if test.promised is not None}


def _stated(
    settings: ExperimentsSettings, frequency: Frequency, base: Path, problems: Problems
) -> list[tuple[str, ExperimentSettings]]:
    """All tests with the place where each stands."""
    tests = [(f"experiments.tests.{i}", test) for i, test in enumerate(settings.tests)]
    if settings.source is not None:
        table = read_file(base / settings.source, settings.csv, "experiments.source")
        tests += _from_table(table, settings, problems, frequency)
    return tests


def _from_table(
    table: Table, settings: ExperimentsSettings, problems: Problems, frequency: Frequency
) -> list[tuple[str, ExperimentSettings]]:
    known = list(ExperimentSettings.model_fields)
    if set(PEERS) <= set(table.columns):
        known = [*known, *PEERS]
    for column in table.columns:
        if column not in known:
            problems.add(f"{table.source}: column '{column}' is unknown.", nearest(column, known))
    out = []
    for row in range(len(table.frame)):
        where = f"{table.source}, {table.where(row)}"
        cells = {c: table.frame[c].iloc[row] for c in table.columns if c in known}
        try:
            values = dict(_values(cells, settings))
            if "delta_x" in values:
                values = from_peer(values, row + 1, frequency)
            out.append((where, ExperimentSettings.model_validate(values)))
        except ValidationError as error:
            for problem in error.errors(include_url=False):
                key = ".".join(str(part) for part in problem["loc"])
                text = problem["msg"].removeprefix("Value error, ")
                received = f" (received {shown(problem['input'])})" if key else ""
                problems.add(f"{where}: {f'{key}: ' if key else ''}{text}{received}.", "Correct the row.")
        except ValueError as error:
            problems.add(f"{where}: {error}.", "Correct the row.")
    return out


def _values(cells: dict[str, Any], settings: ExperimentsSettings) -> Iterator[tuple[str, Any]]:
    for name, cell in cells.items():
        if is_blank(cell):
            continue
        text = str(cell).strip()
        if name == "geos":
            yield name, tuple(part.strip() for part in text.split(_SEPARATOR) if part.strip())
        elif name in ("spend", "outcome", "roas", "error", "promised", *PEERS[1:]):
            read = amount(undressed(text).body, settings.csv.style)
            yield name, text if read is None else read.value
        else:
            yield name, text


def _experiment(where: str, test: ExperimentSettings, dataset: Dataset, problems: Problems) -> Experiment | None:
    """The test in the panel's terms; None, with the problems recorded, where it cannot be put into them."""
    before = len(problems.found)
    _check_labels(where, test, dataset, problems)
    _check_days(where, test, dataset, problems)
    if len(problems.found) > before:
        return None
    frequency = dataset.frequency
    start, end = (_period(pd.Timestamp(day), frequency) for day in (test.start, test.end))
    until = None if test.counted_until is None else _period(pd.Timestamp(test.counted_until), frequency)
    made = Experiment(
        name=test.name,
        channel=test.channel,
        geos=test.geos or dataset.geos,
        start=f"{start:%Y-%m-%d}",
        end=f"{end:%Y-%m-%d}",
        kind=test.kind,
        spend=test.spend,
        counted=None if until is None else (until - end).days // frequency.days,
        measures="outcome" if test.roas is None else "value",
        measured=test.outcome if test.outcome is not None else 0.0,
        error=test.error,
    )
    if test.roas is None:
        return made
    try:
        money = stake(made, dataset)
    except DataError as error:
        problems.add(f"{where}: {error}", "")
        return None
    return made.model_copy(update={"measured": test.roas * money, "error": test.error * money})


def _check_labels(where: str, test: ExperimentSettings, dataset: Dataset, problems: Problems) -> None:
    if test.channel not in dataset.channels:
        problems.add(f"{where}: '{test.channel}' is no channel of the data.", nearest(test.channel, dataset.channels))
    for geo in test.geos or ():
        if geo not in dataset.geos:
            problems.add(f"{where}: '{geo}' is no geo of the data.", nearest(geo, dataset.geos))
    if test.roas is not None and not dataset.has_value:
        problems.add(
            f"{where}: roas is given, but the outcome has no value per unit.",
            "Give outcome instead, or data.target.value_per_unit.",
        )


def _check_days(where: str, test: ExperimentSettings, dataset: Dataset, problems: Problems) -> None:
    """A test covers whole periods: it starts on a period's first day and ends on the last (or the last one's first)."""
    frequency = dataset.frequency
    for key, day in (("start", test.start), ("end", test.end), ("counted_until", test.counted_until)):
        if day is None:
            continue
        first = _period(pd.Timestamp(day), frequency)
        last = first + pd.Timedelta(days=frequency.days - 1)
        if pd.Timestamp(day) != first and (key == "start" or pd.Timestamp(day) != last):
            problems.add(
                f"{where}: {key} {day} is inside a week of the data ({first:%Y-%m-%d} to {last:%Y-%m-%d}).",
                f"Give the {'first' if key == 'start' else 'last'} day of a week.",
            )


def _period(day: pd.Timestamp, frequency: Frequency) -> pd.Timestamp:
    """Start of the period that a day is in."""
    if frequency.anchor is None:
        return day
    return day - pd.Timedelta(days=(day.day_of_week - frequency.anchor) % 7)


def _check(where: str, experiment: Experiment, dataset: Dataset, lookback: int, problems: Problems) -> None:
    """What the panel has to say: whether it can place the test, and whether the amounts can be meant."""
    try:
        (contrast,) = contrasts(Evidence(experiments=(experiment,)), dataset, lookback)
        money = stake(experiment, dataset)
    except DataError as error:
        problems.add(f"{where}: {error}", "")
        return
    spend = dataset.data["spend"].values[:, contrast.geos, contrast.channel].sum(axis=1)
    periods = (pd.Timestamp(experiment.end) - pd.Timestamp(experiment.start)).days // dataset.frequency.days + 1
    if experiment.spend is not None and abs(experiment.spend / money - 1) > _SPEND_TOLERANCE:
        problems.add(
            f"{where}: spend is {experiment.spend:,.0f}, but the data have {money:,.0f} in its geos and periods.",
            "Correct amount, geos or dates; for a hold-out inside the data spend may be left out.",
        )
    if money > _MOST_SPEND * spend.max() * periods:
        problems.add(
            f"{where}: spend is {money:,.0f}; the channel's largest spend in these geos over {periods} periods "
            f"would be {spend.max() * periods:,.0f}.",
            f"Is it in {dataset.currency}, and for these geos alone?",
        )
    unit = dataset.data["outcome"].values[:, contrast.geos]
    if experiment.measures == "value":
        unit = unit * dataset.data["value_per_unit"].values[:, contrast.geos]
    counted = len(contrast.weights) - contrast.before
    typical = float(pd.DataFrame(unit).mean().sum()) * counted
    if abs(experiment.measured) > typical:
        problems.add(
            f"{where}: the result is {experiment.measured:,.0f}, more than all outcome that these geos have in "
            f"{counted} periods ({typical:,.0f}).",
            "Is it in the outcome's unit, and in total over the geos and periods?",
        )


def _check_names(places: list[str], names: list[str], problems: Problems) -> None:
    for name in dict.fromkeys(names):
        twice = [where for where, other in zip(places, names, strict=True) if other == name]
        if len(twice) > 1:
            problems.add(f"{len(twice)} experiments are named '{name}'.", "Give each its own name.", twice)


def _check_overlap(where: str, one: Experiment, two: Experiment, problems: Problems) -> None:
    """Two tests of one channel on the same cells would count the same outcome twice."""
    geos = sorted(set(one.geos) & set(two.geos))
    if one.channel == two.channel and geos and one.start <= two.end and two.start <= one.end:
        problems.add(
            f"{where}: '{one.name}' and '{two.name}' both test {one.channel} in {geos[0]} between "
            f"{max(one.start, two.start)} and {min(one.end, two.end)}.",
            "Their results share outcome, which would count twice. Combine them, or keep the more exact one.",
        )


def _aged(experiment: Experiment, last: pd.Timestamp, per_year: float) -> Experiment:
    """The experiment with its error widened by ``per_year`` times itself for each year before the data's end."""
    years = max((last - pd.Timestamp(experiment.end)).days, 0) / 365.25
    return experiment.model_copy(update={"error": experiment.error * (1.0 + per_year * years)})

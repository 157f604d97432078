"""From the settings of a test to its panel and its run: files are read, names and days are found in them."""

from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from mmm.data.csv_settings import CsvSettings
from mmm.data.dataset import Dataset
from mmm.data.load import dataset_of
from mmm.data.problems import nearest
from mmm.data.read import Table, read_file
from mmm.data.settings import DataSettings
from mmm.errors import DataError
from mmm.experiments.panel import GeoPanel, Span, panel_of
from mmm.experiments.settings import PanelSettings, ReadoutSettings
from mmm.model.evidence import Kind

_GROUPS = ("treated", "control", "excluded")


@dataclass(frozen=True)
class GeoTest:
    """A test in its panel's terms: regions by name, rows that are read, rows in which spend was changed."""

    name: str
    channel: str
    kind: Kind
    treated: tuple[str, ...]
    near: tuple[str, ...]
    span: Span
    end: int
    planned_spend: float | None


def read_panel(settings: PanelSettings, channel: str, currency: str, base: Path) -> GeoPanel:
    """The panel of a file, checked like every panel. Raises DataError with all that is wrong with it."""
    columns = [settings.date, settings.region, settings.outcome, *([settings.spend] if settings.spend else [])]
    table = read_file(base / settings.source, settings.csv, "desk.readouts.panel.source", columns)
    spend = settings.spend
    if spend is None:
        # The readers of panels know of spend always, and of a channel that ran.
        spend = _unused(table)
        table = replace(table, frame=table.frame.assign(**{spend: "1"}))
    dataset = dataset_of(
        table,
        DataSettings(
            source=settings.source,
            date=settings.date,
            date_format=settings.date_format,
            geo=settings.region,
            target={"column": settings.outcome, "kind": "kpi"},
            currency=currency,
            channels={channel: spend},
            csv=settings.csv,
        ),
    )
    made = replace(panel_of(dataset, channel), source=table.source)
    return made if settings.spend is not None else replace(made, spend=None)


def _unused(table: Table) -> str:
    name = "spend"
    while name in table.columns:
        name += "_"
    return name


def posed_test(test: ReadoutSettings, base: Path, currency: str, dataset: Dataset | None) -> tuple[GeoPanel, GeoTest]:
    """The panel without its excluded regions, and the test in it.

    ``dataset`` is the analysis' own panel, which is read where the test names no file. Raises DataError.
    """
    if test.panel is not None:
        panel = read_panel(test.panel, test.channel, currency, base)
    elif dataset is not None:
        panel = panel_of(dataset, test.channel)
    else:
        raise DataError(f"Test '{test.name}' names no panel. Give desk.readouts.panel.")
    treated, excluded = (test.treated or (), test.excluded)
    if test.assignment is not None:
        treated, excluded = _assigned(base / test.assignment, panel, test.name)
    for key, names in (("treated", treated), ("excluded", excluded), ("near", test.near)):
        for name in names:
            if name not in panel.regions:
                raise DataError(
                    f"Test '{test.name}', {key}: '{name}' is no region of {panel.source}. "
                    f"{nearest(name, panel.regions)}"
                )
    both = sorted(set(treated) & set(test.near))
    if both:
        raise DataError(f"Test '{test.name}': '{both[0]}' is treated and near; near are controls beside treated ones.")
    span, end = _rows(test, panel)
    panel = panel.without(excluded)
    if len(panel.regions) - len(treated) < LEAST_DONORS:
        raise DataError(
            f"Test '{test.name}': {len(treated)} of {len(panel.regions)} regions were treated; at least "
            f"{LEAST_DONORS} "
            "have to be left as controls."
        )
    run = GeoTest(test.name, test.channel, test.kind, tuple(treated), test.near, span, end, test.planned_spend)
    return panel, run


LEAST_DONORS = 3


def _assigned(path: Path, panel: GeoPanel, name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Treated and excluded regions of an assignment file; regions that it leaves out are controls."""
    table = read_file(path, CsvSettings(), "desk.readouts.assignment", ("region", "group"))
    for column in ("region", "group"):
        if column not in table.columns:
            raise DataError(f"{table.source}: column '{column}' is not there. {nearest(column, table.columns)}")
    found: dict[str, str] = {}
    for row in range(len(table.frame)):
        region, group = (str(table.frame[c].iloc[row]).strip() for c in ("region", "group"))
        where = f"{table.source}, {table.where(row)}"
        if group not in _GROUPS:
            raise DataError(f"{where}: group '{group}' of '{region}' is none. {nearest(group, _GROUPS)}")
        if region not in panel.regions:
            raise DataError(f"{where}: '{region}' is no region of {panel.source}. {nearest(region, panel.regions)}")
        if region in found:
            raise DataError(f"{where}: '{region}' has been assigned before, to {found[region]}. Give each region once.")
        found[region] = group
    treated, _, excluded = (tuple(r for r, g in found.items() if g == group) for group in _GROUPS)
    if not treated:
        raise DataError(f"{table.source}: no region is treated, so that test '{name}' has nothing to read.")
    return treated, excluded


def _rows(test: ReadoutSettings, panel: GeoPanel) -> tuple[Span, int]:
    """Rows that are read, and the row after the last in which spend was changed."""
    last = panel.dates[-1] + pd.Timedelta(days=panel.days - 1)
    until = test.counted_until or test.end
    begin, end, stop = (
        (pd.Timestamp(day) - panel.dates[0]).days + extra for day, extra in ((test.start, 0), (test.end, 1), (until, 1))
    )
    if begin < panel.days or stop > (last - panel.dates[0]).days + 1:
        raise DataError(
            f"Test '{test.name}' runs from {test.start} to {until}; {panel.source} has days from "
            f"{panel.dates[0]:%Y-%m-%d} "
            f"to {last:%Y-%m-%d}, and the test needs a history before it. Correct the dates, or give more data."
        )
    for key, day, rest in (("start", test.start, begin), ("end", test.end, end), ("counted_until", until, stop)):
        if rest % panel.days:
            first = panel.dates[panel.dates <= pd.Timestamp(day)][-1]
            raise DataError(
                f"Test '{test.name}': {key} {day} is inside a week of {panel.source} ({first:%Y-%m-%d} to "
                f"{first + pd.Timedelta(days=6):%Y-%m-%d}). Give the {'first' if key == 'start' else 'last'} day of "
                "a week."
            )
    return Span(0, begin // panel.days, stop // panel.days), end // panel.days

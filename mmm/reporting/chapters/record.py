"""Chapters on record: the data and the assumptions in plain words, and the appendix for statisticians."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from mmm.data.quality.report import Finding, where
from mmm.reporting.content.shapes import Told
from mmm.reporting.languages.words import mark
from mmm.reporting.pages.parts import Cell, Chapter, Column, Table, columns, table_of
from mmm.reporting.pages.telling import Telling
from mmm.reporting.sentences import answers

_MOST_FINDINGS = 40
_MOST_PARAMETERS = 20
_MOST_GEOS = 60


def data(m: Telling) -> Chapter:
    """Data and assumptions in plain words."""
    findings = m.quality.findings
    html = m.render(
        "chapters/data.html.j2",
        facts=_facts(m),
        findings=_findings_table(m, findings[:_MOST_FINDINGS]) if findings else None,
        left_out=max(len(findings) - _MOST_FINDINGS, 0),
        assumptions=_assumptions(m),
    )
    answer = answers.data(m.basis.periods, len(m.basis.geos), len(m.quality.warnings), m.fmt)
    return Chapter("data", m.fmt.t("What is this based on?"), answer, html, folded=True)


def _facts(m: Telling) -> Table:
    b, fmt, t = m.basis, m.fmt, m.fmt.t

    def listed(names: Sequence[str], most: int = 40) -> str:
        return fmt.join([fmt.label(name) for name in names], most)

    rows = [
        (t("Period"), f"{fmt.date_range(b.first, b.last)}, {fmt.periods(b.periods)}"),
        (t("Outcome"), b.outcome),
        (t("Regions"), f"{len(b.geos)}: {listed(b.geos, 12)}" if len(b.geos) > 1 else t("one")),
        (t("Paid channels"), listed(b.channels)),
        *((t(r), listed([n for n, own in b.unpaid.items() if own == r])) for r in dict.fromkeys(b.unpaid.values())),
        (t("Other drivers"), listed(b.controls) or t("none recorded")),
        (t("Media spend"), fmt.money(b.spend)),
    ]
    if b.excluded:
        rows.append((t("Left out"), listed(b.excluded)))
    head = (Column(t("What"), number=False), Column(t("In the data"), number=False))
    return table_of(t("What the model has seen."), head, [(Cell(a), Cell(text)) for a, text in rows])


def _findings_table(m: Telling, findings: tuple[Finding, ...]) -> Table:
    t, below = m.fmt.t, m.fmt.made_below
    caption = t("Nothing was changed in the data.")
    head = [Column(t("Concerns"), number=False), Column(t("What was found"), number=False)]
    # One advice for all is said once.
    alike = len(findings) > 1 and len({f.suggestion for f in findings}) == 1
    if alike:
        caption += f" {below(findings[0].suggestion)}"
    else:
        head.append(Column(t("What to do"), number=False))

    def rows() -> Iterator[tuple[Cell, ...]]:
        for f in findings:
            place = below(where(f.geos, f.dates))
            name = m.fmt.label(f.channel) if f.channel else t("Data")
            cells = (Cell(name, place, tone="warn" if f.severity == "warning" else ""), Cell(below(f.message)))
            yield cells if alike else (*cells, Cell(below(f.suggestion)))

    return table_of(caption, tuple(head), rows())


def _assumptions(m: Telling) -> list[str]:
    """How the model thinks, for readers who do not read formulas."""
    fmt, t, model = m.fmt, m.fmt.t, m.settings.model
    baseline = model.baseline
    regions = len(m.basis.geos) > 1
    parts = [t("a level for each region") if regions else t("a level")]
    if baseline.trend:
        parts.append(t("a steady trend"))
    if baseline.seasonality_order:
        parts.append(t("a yearly season"))
    if baseline.drift is not None:
        parts.append(t("a slow drift"))
    calendar = baseline.calendar
    if calendar.weekdays is not None and fmt.period == "day":
        parts.append(t("the days of the week"))
    if calendar.months is not None:
        parts.append(t("the months"))
    if calendar.holidays is not None:
        parts.append(t("public holidays"))
    if calendar.events:
        parts.append(t("events ({names})", names=fmt.join([fmt.label(e.name) for e in calendar.events], 6)))
    if m.basis.controls:
        parts.append(t("effects of {names}", names=fmt.join([fmt.label(c) for c in m.basis.controls], 6)))
    reach = fmt.made_below(str(model.lookback))
    spent = mark("What is spent in one week may go on working for up to {reach}.")
    spent_daily = mark("What is spent on one day may go on working for up to {reach}.")
    lines = [
        t("Without media, the outcome would follow {parts}.", parts=fmt.join(parts, 8)),
        " ".join((t(fmt.by_period(spent, spent_daily), reach=reach), *_by_family(m, m.workings.carryovers))),
        " ".join((t("More money on a channel always helps."), *_by_family(m, m.workings.curves))),
    ]
    if regions:
        lines.append(
            t("Regions resemble each other: what is learned in one informs the others, as far as the data agree.")
        )
    lines.append(
        t(
            "Before the data, each channel’s return was assumed to lie in a wide range (see the chapter before); the "
            "data then narrow it."
        )
    )
    lines.append(
        t(
            "For the plan, prices stay those of the last weeks and money is spread over time and regions as in "
            "today’s plan, unless the settings say otherwise."
        )
    )
    return lines


def _by_family(m: Telling, told: Told) -> Iterator[str]:
    """The sentences of the families, with the names of their channels where there are several."""
    for names, sentence in told:
        said = m.fmt.made_below(sentence)
        if len(told) == 1:
            yield said
        else:
            yield m.fmt.t("{names}: {said}", names=m.fmt.join([m.fmt.label(c) for c in names], 6), said=said)


def appendix(m: Telling) -> Chapter:
    """For statisticians."""
    w, t, below = m.workings, m.fmt.t, m.fmt.made_below
    html = m.render(
        "chapters/appendix.html.j2",
        facts=table_of(
            t("The fit."),
            (Column(t("What"), number=False), Column(t("Value"), number=False)),
            [(Cell(below(a)), Cell(below(b))) for a, b in w.facts],
            compact=True,
        ),
        models=_models_table(m) if len(w.models) else None,
        regions=_geo_table(m) if len(m.basis.geos) > 1 else None,
        diagnostics=_diagnostics_table(m, w.diagnostics),
        priors=table_of(
            t("Priors, as 90% intervals."),
            (Column(t("Quantity"), number=False), Column(t("Prior"), number=False)),
            [(Cell(below(a)), Cell(below(b))) for a, b in w.priors],
            compact=True,
        ),
        versions=", ".join(f"{name} {version}" for name, version in sorted(w.versions.items())),
        changed=w.changed_yaml,
        settings=w.settings_yaml,
    )
    return Chapter("appendix", t("Appendix for statisticians"), "", html, folded=True)


def _models_table(m: Telling) -> Table:
    """One row a model of the mixture: what tells it from the others."""
    fmt, t = m.fmt, m.fmt.t
    head = (
        Column(t("Model"), number=False),
        Column(t("Weight")),
        Column(t("Carryover"), number=False),
        Column(t("Saturation"), number=False),
        Column(t("Drift, length")),
        Column(t("Drift, scale")),
    )

    def families(names: str) -> str:
        return "; ".join(fmt.made_below(name) for name in names.split("; "))

    rows = []
    for name, line in m.workings.models.iterrows():
        drifts = int(line["drift"]) > 0
        rows.append(
            (
                Cell(str(name)),
                Cell(fmt.percent(float(line["weight"]), 0)),
                Cell(families(str(line["adstock"]))),
                Cell(families(str(line["saturation"]))),
                Cell(fmt.periods(int(line["drift"]) // (7 if fmt.period == "week" else 1)) if drifts else ""),
                Cell(_significant(float(line["drift_scale"]), m) if drifts else ""),
            )
        )
    return table_of(
        t("The models that were fitted, by weight; what else they assume is alike."), head, rows, compact=True
    )


def _geo_table(m: Telling) -> Table:
    """Average return by geo and channel: one row a geo."""
    fmt, frame = m.fmt, m.meaning.geos
    names = list(m.basis.channels)
    geos = list(dict.fromkeys(frame["geo"]))[:_MOST_GEOS]
    means = frame.set_index(["geo", "channel"])["roas"].to_dict()
    head = (Column(fmt.t("Region"), number=False), *(Column(fmt.label(c)) for c in names))
    rows = [
        (Cell(fmt.label(str(g))), *(Cell(fmt.ratio(float(means.get((g, c), np.nan)))) for c in names)) for g in geos
    ]
    caption = fmt.t(
        "Average return per {amount} by region; single regions are less certain than the whole.",
        amount=fmt.next_amount,
    )
    return table_of(caption, head, rows, compact=True)


def _diagnostics_table(m: Telling, frame: pd.DataFrame) -> Table:
    fmt = m.fmt
    t = fmt.t
    ends = (fmt.percent(0.05, 0), fmt.percent(0.95, 0))
    head = columns(t("Parameter"), t("Mean"), t("SD"), *ends, "R-hat", t("ESS bulk"), t("ESS tail"))
    shown = frame.head(_MOST_PARAMETERS)
    rows = [
        (
            Cell(str(name)),
            *(Cell(_significant(float(line[c]), m)) for c in ("mean", "sd", "lower", "upper")),
            Cell(fmt.number(float(line["r_hat"]), 3)),
            Cell(fmt.number(float(line["ess_bulk"]))),
            Cell(fmt.number(float(line["ess_tail"]))),
        )
        for name, line in shown.iterrows()
    ]
    rest = len(frame) - len(shown)
    caption = t("Posterior and sampler diagnostics by parameter.")
    if rest:
        caption += " " + fmt.plural("{n} more is in results.json.", "{n} more are in results.json.", rest)
    return table_of(caption, head, rows, compact=True)


def _significant(value: float, m: Telling) -> str:
    """Three significant digits."""
    if value == 0 or value != value:
        return m.fmt.number(value)
    text = f"{value:.3g}"
    if "e" in text:
        return text.replace("-", "\u2212")
    return m.fmt.number(value, len(text.partition(".")[2]))

"""Chapters on record: the data and the assumptions in plain words, and the appendix for statisticians."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from mmm.data.quality.report import Finding, where
from mmm.reporting import answers
from mmm.reporting.format import join
from mmm.reporting.material import Material
from mmm.reporting.page import Cell, Chapter, Column, Table, columns, render, table_of

_MOST_FINDINGS = 40
_MOST_PARAMETERS = 30
_MOST_GEOS = 60


def data(m: Material) -> Chapter:
    """Data and assumptions in plain words."""
    findings = m.quality.findings
    html = render(
        "chapters/data.html.j2",
        m.settings.report.templates,
        facts=_facts(m),
        findings=_findings_table(m, findings[:_MOST_FINDINGS]) if findings else None,
        left_out=max(len(findings) - _MOST_FINDINGS, 0),
        assumptions=_assumptions(m),
    )
    answer = answers.data(m.basis.periods, len(m.basis.geos), len(m.quality.warnings), m.fmt)
    return Chapter("data", "What is this based on?", answer, html)


def _facts(m: Material) -> Table:
    b, fmt = m.basis, m.fmt
    labels = [fmt.label(c) for c in b.channels]
    rows = [
        ("Period", f"{fmt.date(b.first)} to {fmt.date(b.last)}, {b.periods} {fmt.period}s"),
        ("Outcome", b.outcome if fmt.money_outcome else f"{b.outcome}, in {fmt.outcome_unit}"),
        ("Regions", f"{len(b.geos)}: {join([fmt.label(g) for g in b.geos], 12)}" if len(b.geos) > 1 else "one"),
        ("Paid channels", join(labels, 40)),
        ("Other drivers", join([fmt.label(c) for c in b.controls], 40) or "none recorded"),
        ("Media spend", fmt.money(b.spend)),
    ]
    if b.excluded:
        rows.append(("Left out", join([fmt.label(c) for c in b.excluded], 40)))
    head = (Column("What", number=False), Column("In the data", number=False))
    return table_of("What the model has seen.", head, [(Cell(a), Cell(t)) for a, t in rows])


def _findings_table(m: Material, findings: tuple[Finding, ...]) -> Table:
    head = (
        Column("Concerns", number=False),
        Column("What was found", number=False),
        Column("What to do", number=False),
    )

    def rows() -> Iterator[tuple[Cell, ...]]:
        for f in findings:
            place = where(f.geos, f.dates)
            name = m.fmt.label(f.channel) if f.channel else "Data"
            yield Cell(name, place, tone="warn" if f.severity == "warning" else ""), Cell(f.message), Cell(f.suggestion)

    return table_of("Points to know; nothing was changed in the data.", head, rows())


def _assumptions(m: Material) -> list[str]:
    """How the model thinks, for readers who do not read formulas."""
    fmt, model = m.fmt, m.settings.model
    baseline = model.baseline
    parts = ["a level" + (" for each region" if len(m.basis.geos) > 1 else "")]
    if baseline.trend:
        parts.append("a steady trend")
    if baseline.seasonality_order:
        parts.append("a yearly season")
    if baseline.drift is not None:
        parts.append("a slow drift")
    if m.basis.controls:
        parts.append(f"effects of {join([fmt.label(c) for c in m.basis.controls], 6)}")
    lines = [
        f"Without media, the outcome would follow {join(parts, 8)}.",
        f"What is spent in one {fmt.period} goes on working for up to {model.lookback}, ever more weakly.",
        "More money on a channel always helps, but each further amount helps less.",
    ]
    if len(m.basis.geos) > 1:
        lines.append(
            "Regions resemble each other: what is learned in one informs the others, as far as the data agree."
        )
    lines.append(
        "Before the data, each channel’s return was assumed to lie in a wide range (see the chapter before); the data "
        "then narrow it."
    )
    lines.append(
        f"For the plan, prices stay those of the last weeks and money is spread over {fmt.period}s and regions as in "
        "today’s plan, unless the settings say otherwise."
    )
    return lines


def appendix(m: Material) -> Chapter:
    """For statisticians."""
    w = m.workings
    html = render(
        "chapters/appendix.html.j2",
        m.settings.report.templates,
        facts=table_of(
            "The fit.",
            (Column("What", number=False), Column("Value", number=False)),
            [(Cell(a), Cell(b)) for a, b in w.facts],
            compact=True,
        ),
        regions=_geo_table(m) if len(m.basis.geos) > 1 else None,
        diagnostics=_diagnostics_table(m, w.diagnostics),
        priors=table_of(
            "Priors, as 90% intervals.",
            (Column("Quantity", number=False), Column("Prior", number=False)),
            [(Cell(a), Cell(b)) for a, b in w.priors],
            compact=True,
        ),
        versions=", ".join(f"{name} {version}" for name, version in sorted(w.versions.items())),
        settings=w.settings_yaml,
    )
    return Chapter("appendix", "Appendix for statisticians", "", html)


def _geo_table(m: Material) -> Table:
    """Average return by geo and channel: one row a geo."""
    fmt, frame = m.fmt, m.meaning.geos
    names = list(m.basis.channels)
    geos = list(dict.fromkeys(frame["geo"]))[:_MOST_GEOS]
    means = frame.set_index(["geo", "channel"])["roas"].to_dict()
    head = (Column("Region", number=False), *(Column(fmt.label(c)) for c in names))
    rows = [
        (Cell(fmt.label(str(g))), *(Cell(fmt.ratio(float(means.get((g, c), np.nan)))) for c in names)) for g in geos
    ]
    caption = f"Average return per {fmt.next_amount} by region; single regions are less certain than the whole."
    return table_of(caption, head, rows, compact=True)


def _diagnostics_table(m: Material, frame: pd.DataFrame) -> Table:
    fmt = m.fmt
    head = columns("Parameter", "Mean", "SD", "5%", "95%", "R-hat", "ESS bulk", "ESS tail")
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
    caption = "Posterior and sampler diagnostics by parameter" + (
        f"; {rest} more are in results.json." if rest else "."
    )
    return table_of(caption, head, rows, compact=True)


def _significant(value: float, m: Material) -> str:
    """Three significant digits."""
    if value == 0 or value != value:
        return m.fmt.number(value)
    text = f"{value:.3g}"
    if "e" in text:
        return text.replace("-", "\u2212")
    return m.fmt.number(value, len(text.partition(".")[2]))

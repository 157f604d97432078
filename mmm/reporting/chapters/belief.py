"""Chapter on belief: fit, forecast of unseen periods, the gate, and what was believed before the data."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from mmm.assessment.agreement import View
from mmm.reporting import answers
from mmm.reporting.figures.experiments import experiments
from mmm.reporting.figures.fit import coverage, fit, held_out
from mmm.reporting.figures.returns import Belief, before_after
from mmm.reporting.figures.sheet import Drawn
from mmm.reporting.format import join, plural
from mmm.reporting.material import Material
from mmm.reporting.page import Cell, Chapter, Column, Table, Tone, render, table_of

_MOST_BELIEFS = 18
_TONES: dict[str, tuple[Tone, str]] = {
    "pass": ("good", "passed"),
    "warn": ("warn", "reservation"),
    "fail": ("bad", "failed"),
}


def belief(m: Material) -> Chapter:
    """Can we believe it?"""
    figures: list[Drawn] = [fit(m.meaning.fitted, m.pen)]
    hidden, inside, error = 0, 0, float("nan")
    if m.holdout is not None:
        total = m.holdout.total
        hidden, error = len(total), m.holdout.error
        inside = int(((total["actual"] >= total["lower"]) & (total["actual"] <= total["upper"])).sum())
        figures.append(held_out(_with_history(m.meaning.fitted, total), hidden, m.pen))
    if m.agreed:
        figures.append(experiments(m.agreed, m.pen))
    if m.meaning.beliefs:
        figures.append(before_after(_largest(m), m.meaning.belief_title, m.pen))
    html = render(
        "chapters/belief.html.j2",
        m.settings.report.templates,
        gate=_gate_table(m),
        passed=m.gate.passed,
        fit_sentence=_fit_sentence(m),
        holdout=_holdout_sentence(m) if m.holdout is not None else "",
        experiments=_experiments_table(m) if m.agreed else None,
        experiments_sentence=_experiments_sentence(m) if m.agreed else "",
        beliefs=bool(m.meaning.beliefs),
        title=m.meaning.belief_title,
    )
    answer = answers.belief(m.gate.passed, bool(m.gate.warnings), error, inside, hidden, m.fmt)
    return Chapter("belief", "Can we believe it?", answer, html, tuple(figures))


def _largest(m: Material) -> tuple[Belief, ...]:
    """As many channels as the figure holds on a page, those with the most spend."""
    order = m.meaning.channels["spend"].sort_values(ascending=False, kind="stable").index[:_MOST_BELIEFS]
    return tuple(b for b in m.meaning.beliefs if b.name in set(order))


def _with_history(fitted: pd.DataFrame, total: pd.DataFrame) -> pd.DataFrame:
    """The periods before the hidden ones, of which only the actual is known here, then the forecast."""
    earlier = fitted["date"] < total["date"].iloc[0]
    before = pd.DataFrame(fitted.loc[earlier, ["date", "actual"]]).assign(mean=np.nan, lower=np.nan, upper=np.nan)
    return pd.concat([before, total[["date", "actual", "mean", "lower", "upper"]]], ignore_index=True)


def _fit_sentence(m: Material) -> str:
    x, fmt = m.meaning, m.fmt
    inside = coverage(x.fitted)
    return (
        f"The model’s account is off by {fmt.percent(x.mape, 1)} in a typical {fmt.period} and explains "
        f"{fmt.percent(x.r2, 0)} of the ups and downs. {fmt.percent(inside, 0)} of the {fmt.period}s lie in its 90% "
        "interval. A good fit alone proves little: the model has seen these data."
    )


def _holdout_sentence(m: Material) -> str:
    if m.holdout is None:
        return ""
    h, fmt = m.holdout, m.fmt
    worse = h.skill < 0
    text = (
        f"A second model was fitted without the last {plural(len(h.dates), fmt.period)} and then asked to forecast "
        f"them, given the spend that actually happened. On average it was off by {fmt.percent(h.error, 1)}"
    )
    if np.isfinite(h.skill):
        text += (
            f"; repeating the same {fmt.period}s of the year before would have been off by "
            f"{fmt.percent(h.naive_error, 1)}"
        )
    return text + ("." if not worse else ". The simple rule did better here, which speaks against the model.")


def _experiments_sentence(m: Material) -> str:
    """How many experiments the model expected by itself, and where it was furthest off."""
    fmt, count = m.fmt, len(m.agreed)
    expected = [a for a in m.agreed if a.untold.tail >= 0.1]
    worst = min(m.agreed, key=lambda a: a.untold.tail)
    base = fmt.return_base
    start = (
        f"Without being told, the model would have expected {'the result' if count == 1 else 'all results'}."
        if len(expected) == count
        else f"Without being told, the model would have expected {len(expected)} of {plural(count, 'result')}."
    )
    off = (
        f" Furthest off: {worst.experiment.name} measured {fmt.returned(base * worst.measured)} per "
        f"{fmt.next_amount}, the model alone says {fmt.returned(base * worst.untold.median)} "
        f"({fmt.returned_range(base * worst.untold.lower, base * worst.untold.upper)}); told of it, "
        f"{fmt.returned(base * worst.told.median)}."
    )
    return start + (off if len(expected) < count else "")


def _experiments_table(m: Material) -> Table:
    fmt, base = m.fmt, m.fmt.return_base
    kinds = {"hold_out": "hold-out", "go_dark": "go-dark", "heavy_up": "heavy-up"}
    head = (
        Column("Experiment", number=False),
        Column("When and where", number=False),
        Column("Money at stake"),
        Column("Measured"),
        Column("Model without it"),
        Column("Model with it"),
    )

    def rows() -> Iterator[tuple[Cell, ...]]:
        for a in m.agreed:
            e = a.experiment
            days = [pd.Timestamp(day).date() for day in (e.start, e.end)]
            where = "everywhere" if set(e.geos) == set(m.basis.geos) else join([fmt.label(g) for g in e.geos])
            yield (
                Cell(e.name, f"{fmt.label(e.channel)}, {kinds[e.kind]}", swatch=m.look.channel(e.channel)),
                Cell(f"{fmt.date(days[0])} to {fmt.date(days[1])}", where),
                Cell(fmt.money(a.money)),
                Cell(fmt.returned(base * a.measured), fmt.returned_range(*(base * v for v in a.interval))),
                _view_cell(a.untold, m),
                _view_cell(a.told, m),
            )

    return table_of(f"Experiments: returns per {fmt.next_amount}, with 90% intervals.", head, rows())


def _view_cell(view: View, m: Material) -> Cell:
    base = m.fmt.return_base
    note = m.fmt.returned_range(base * view.lower, base * view.upper)
    return Cell(
        m.fmt.returned(base * view.median), note, tone="warn" if view.tail < m.settings.gate.experiment_tail else ""
    )


def _gate_table(m: Material) -> Table:
    head = (
        Column("Check", number=False),
        Column("Result", number=False),
        Column("Needed", number=False),
        Column("What it says", number=False),
    )

    def rows() -> Iterator[tuple[Cell, ...]]:
        for check in m.gate.checks:
            tone, word = _TONES[check.status]
            yield (
                Cell(check.title),
                Cell(word, tone=tone, strong=check.status != "pass"),
                Cell(check.threshold),
                Cell(check.summary, check.advice),
            )

    return table_of("The checks that a model must pass before it may advise.", head, rows())

"""Chapter on belief: fit, forecast of unseen periods, the gate, and what was believed before the data."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from mmm.reporting.chapters import by_model
from mmm.reporting.content.material import PriorPosterior
from mmm.reporting.figures.fit import coverage, fit, held_out
from mmm.reporting.figures.returns import before_after
from mmm.reporting.figures.sheet import Drawn
from mmm.reporting.languages.words import mark
from mmm.reporting.notation.identity import Point
from mmm.reporting.pages.parts import Cell, Chapter, Column, Table, Tone, table_of
from mmm.reporting.pages.telling import Telling
from mmm.reporting.sentences import answers
from mmm.reporting.sentences.lights import LIGHTS, reasons

_MOST_BELIEFS = 18
_LIGHTS: dict[str, Tone] = {"green": "good", "amber": "warn", "red": "bad"}
_TONES: dict[str, tuple[Tone, str]] = {
    "pass": ("good", mark("passed")),
    "warn": ("warn", mark("reservation")),
    "fail": ("bad", mark("failed")),
}


def belief(m: Telling) -> Chapter:
    """Can we believe it?"""
    figures: list[Drawn] = [fit(m.meaning.fitted, m.pen)]
    hidden, inside, error = 0, 0, float("nan")
    if m.holdout is not None:
        total = m.holdout.total
        hidden, error = len(total), m.holdout.error
        inside = int(((total["actual"] >= total["lower"]) & (total["actual"] <= total["upper"])).sum())
        figures.append(held_out(_with_history(m.meaning.fitted, total), hidden, m.pen))
    if m.meaning.beliefs:
        figures.append(before_after(_largest(m), m.meaning.belief_title, m.pen))
    html = m.render(
        "chapters/belief.html.j2",
        gate=_gate_table(m),
        lights=_lights_table(m),
        fit_sentence=_fit_sentence(m),
        holdout=_holdout_sentence(m) if m.holdout is not None else "",
        models=by_model.models_table(m.models, m) if m.models is not None else None,
        models_text=by_model.models_text(m.models, m) if m.models is not None else "",
        disputes=by_model.disputes(m.models.plan, m.fmt) if m.models is not None else [],
        beliefs=bool(m.meaning.beliefs),
        counted=m.decision.model_gain is not None,
        title=m.meaning.belief_title,
    )
    answer = answers.belief(m.gate.passed, len(m.gate.warnings), error, inside, hidden, m.fmt)
    return Chapter("belief", m.fmt.t("Can we believe it?"), answer, html, tuple(figures))


def _largest(m: Telling) -> tuple[PriorPosterior, ...]:
    """As many channels as the figure holds on a page, those with the most spend."""
    order = m.meaning.channels["spend"].sort_values(ascending=False, kind="stable").index[:_MOST_BELIEFS]
    return tuple(b for b in m.meaning.beliefs if b.name in set(order))


def _with_history(fitted: pd.DataFrame, total: pd.DataFrame) -> pd.DataFrame:
    """The periods before the hidden ones, of which only the actual is known here, then the forecast."""
    earlier = fitted["date"] < total["date"].iloc[0]
    before = pd.DataFrame(fitted.loc[earlier, ["date", "actual"]]).assign(mean=np.nan, lower=np.nan, upper=np.nan)
    return pd.concat([before, total[["date", "actual", "mean", "lower", "upper"]]], ignore_index=True)


def _fit_sentence(m: Telling) -> str:
    x, fmt = m.meaning, m.fmt
    inside = coverage(x.fitted)
    values = {
        "error": fmt.percent(Point(x.error, "fit/error"), 1),
        "share": fmt.percent(Point(x.r2, "fit/r2"), 0),
        "inside": fmt.percent(Point(inside, "fit/coverage"), 0),
    }
    text = fmt.by_period(
        mark(
            "The model’s account is off by {error} of a week’s outcome on average and explains {share} of the ups "
            "and downs. {inside} of the weeks lie in its 90% interval."
        ),
        mark(
            "The model’s account is off by {error} of a day’s outcome on average and explains {share} of the ups "
            "and downs. {inside} of the days lie in its 90% interval."
        ),
    )
    if fmt.row:
        text = mark(
            "The model’s account is off by {error} of an outcome on average and explains {share} of the ups and downs. "
            "{inside} of the outcomes lie in its 90% interval."
        )
    return f"{fmt.t(text, **values)} {fmt.t('A good fit alone proves little: the model has seen these data.')}"


def _holdout_sentence(m: Telling) -> str:
    if m.holdout is None:
        return ""
    h, fmt = m.holdout, m.fmt
    values = {
        "periods": fmt.rows(len(h.dates)),
        "error": fmt.percent(Point(h.error, "fit/holdout_error"), 1),
        "naive": fmt.percent(Point(h.naive_error, "fit/naive_error"), 1),
    }
    start = fmt.t(
        "A second model was fitted without the last {periods} and then asked to forecast them, given the spend that "
        "actually happened.",
        **values,
    )
    if not np.isfinite(h.skill):
        return f"{start} {fmt.t('On average it was off by {error}.', **values)}"
    year = mark(
        "On average it was off by {error}; repeating the same period of the year before would have been off by {naive}."
    )
    last = mark("On average it was off by {error}; repeating the last value would have been off by {naive}.")
    compared = fmt.t(year if h.seasonal else last, **values)
    worse = fmt.t("The simple rule did better here, which speaks against the model.") if h.error > h.naive_error else ""
    return " ".join(filter(None, (start, compared, worse)))


def _lights_table(m: Telling) -> Table:
    """The light of every channel, and its reasons."""
    t, fmt = m.fmt.t, m.fmt
    head = (
        Column(t("Channel"), number=False),
        Column(t("Its return"), number=False),
        Column(t("Why"), number=False),
    )
    rows = (
        (
            Cell(fmt.label(light.channel), swatch=m.look.channel(light.channel)),
            Cell(t(LIGHTS[light.colour]), tone=_LIGHTS[light.colour], strong=light.colour != "green"),
            Cell(reasons(light, fmt)),
        )
        for light in m.lights
    )
    return table_of(t("How far each return can be relied on."), head, rows, folded=not _concerned(m))


def _concerned(m: Telling) -> bool:
    return any(light.colour != "green" for light in m.lights)


def _gate_table(m: Telling) -> Table:
    t, below = m.fmt.t, m.fmt.made_below
    head = (
        Column(t("Check"), number=False),
        Column(t("Result"), number=False),
        Column(t("Needed"), number=False),
        Column(t("What it says"), number=False),
    )

    def rows() -> Iterator[tuple[Cell, ...]]:
        for check in m.gate.checks:
            tone, word = _TONES[check.status]
            yield (
                Cell(below(check.said)),
                Cell(t(word), tone=tone, strong=check.status != "pass"),
                Cell(below(check.threshold)),
                Cell(below(check.summary), below(check.advice)),
            )

    caption = t("The checks that a model must pass before it may advise.")
    return table_of(caption, head, rows(), folded=m.gate.passed)

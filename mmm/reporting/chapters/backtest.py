"""Chapter on earlier refreshes, where a backtest of this analysis lies in the store."""

from collections.abc import Iterator

from mmm.assessment.backtest import Backtest
from mmm.reporting.figures.backtest import refreshes
from mmm.reporting.languages.words import mark
from mmm.reporting.pages.parts import Cell, Chapter, Column, Table, table_of
from mmm.reporting.pages.telling import Telling

_MOST_CHANNELS = 9
_FAR = 3.0
"""Shifts beyond this, in standard deviations that the new data explain, are pointed out."""


def backtest(m: Telling) -> Chapter | None:
    """Would it have held before? None where no backtest was made."""
    found = m.backtest
    if found is None:
        return None
    order = m.meaning.channels["spend"].sort_values(ascending=False, kind="stable").index
    shown = [c for c in order if c in set(found.returns["channel"])][:_MOST_CHANNELS]
    rank = {name: i for i, name in enumerate(shown)}
    kept = found.returns[found.returns["channel"].isin(shown)]
    html = m.render(
        "chapters/backtest.html.j2",
        forecasts=_forecasts(found, m),
        drift=_drift(found, m),
        sentence=_sentence(found, m),
    )
    figure = refreshes(kept.sort_values("channel", key=lambda c: c.map(rank), kind="stable"), m.pen)
    return Chapter("backtest", m.fmt.t("Would it have held before?"), _answer(found, m), html, (figure,))


def _answer(found: Backtest, m: Telling) -> str:
    fmt, scores = m.fmt, found.by_step()
    inside, better = (float(scores[name].iloc[-1]) for name in ("coverage", "skill_without"))
    start = fmt.plural(
        "The analysis was made again as of one earlier date. {inside} of what came after lay in its 90% intervals.",
        "The analysis was made again as of {n} earlier dates. {inside} of what came after lay in its 90% intervals.",
        found.forecasts["origin"].nunique(),
        inside=fmt.percent(inside, 0),
    )
    compared = (
        mark("Its forecasts were {share} better than those of a model without media.")
        if better >= 0
        else mark("Its forecasts were {share} worse than those of a model without media.")
    )
    return f"{start} {fmt.t(compared, share=fmt.percent(abs(better), 0))}"


def _sentence(found: Backtest, m: Telling) -> str:
    fmt, drift = m.fmt, found.drift()
    moved = [fmt.label(str(c)) for c in drift.index[drift["largest"] > _FAR]]
    if not moved:
        return fmt.t("From refresh to refresh no return moved by more than three times what the new data explain.")
    return fmt.t(
        "{names}: from one refresh to the next the return moved by more than three times what the new data explain. "
        "Either the interval is too narrow, or the effect has changed.",
        names=fmt.join(moved),
    )


def _forecasts(found: Backtest, m: Telling) -> Table:
    fmt, t = m.fmt, m.fmt.t
    head = (
        Column(t(fmt.by_period(mark("Weeks ahead"), mark("Days ahead"))), number=False),
        Column(t("Forecasts")),
        Column(t("In the 90% interval")),
        Column("CRPS"),
        Column(t("Better than no media")),
        Column(t("Better than last year")),
    )

    def rows() -> Iterator[tuple[Cell, ...]]:
        for span, r in found.by_step().iterrows():
            low, _, high = str(span).partition(" to ")
            label = t("{low} to {high}", low=low, high=high) if high else t("all")
            yield (
                Cell(label, strong=not high),
                Cell(fmt.number(r["periods"])),
                Cell(fmt.percent(r["coverage"], 0)),
                Cell(fmt.outcome(r["crps"])),
                Cell(fmt.percent(r["skill_without"], 0, sign=True)),
                Cell(fmt.percent(r["skill_naive"], 0, sign=True)),
            )

    return table_of(t("Forecasts of the refreshes, against what then happened."), head, rows())


def _drift(found: Backtest, m: Telling) -> Table:
    fmt, t = m.fmt, m.fmt.t
    head = (
        Column(t("Channel"), number=False),
        Column(t("Typical shift")),
        Column(t("Largest shift")),
        Column(t("Stayed in the interval before")),
    )

    def rows() -> Iterator[tuple[Cell, ...]]:
        for name, r in found.drift().iterrows():
            yield (
                Cell(fmt.label(str(name)), swatch=m.look.channel(str(name))),
                Cell(fmt.number(r["rms"], 1)),
                Cell(fmt.number(r["largest"], 1), tone="warn" if r["largest"] > _FAR else ""),
                Cell(fmt.percent(r["kept"], 0)),
            )

    caption = t(
        "Returns from refresh to refresh; shifts in standard deviations that the new data explain (1 is usual)."
    )
    return table_of(caption, head, rows())

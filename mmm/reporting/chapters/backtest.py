"""Chapter on earlier refreshes, where a backtest of this analysis lies in the store."""

from collections.abc import Iterator

from mmm.assessment.backtest import Backtest
from mmm.reporting.figures.backtest import refreshes
from mmm.reporting.format import join, plural
from mmm.reporting.material import Material
from mmm.reporting.page import Cell, Chapter, Column, Table, render, table_of

_MOST_CHANNELS = 9
_FAR = 3.0
"""Shifts beyond this, in standard deviations that the new data explain, are pointed out."""


def backtest(m: Material) -> Chapter | None:
    """Would it have held before? None where no backtest was made."""
    found = m.backtest
    if found is None:
        return None
    order = m.meaning.channels["spend"].sort_values(ascending=False, kind="stable").index
    shown = [c for c in order if c in set(found.returns["channel"])][:_MOST_CHANNELS]
    rank = {name: i for i, name in enumerate(shown)}
    kept = found.returns[found.returns["channel"].isin(shown)]
    html = render(
        "chapters/backtest.html.j2",
        m.settings.report.templates,
        forecasts=_forecasts(found, m),
        drift=_drift(found, m),
        sentence=_sentence(found, m),
    )
    figure = refreshes(kept.sort_values("channel", key=lambda c: c.map(rank), kind="stable"), m.pen)
    return Chapter("backtest", "Would it have held before?", _answer(found, m), html, (figure,))


def _answer(found: Backtest, m: Material) -> str:
    fmt, scores = m.fmt, found.by_step()
    inside, better = (float(scores[name].iloc[-1]) for name in ("coverage", "skill_without"))
    return (
        f"The analysis was made again as of {plural(found.forecasts['origin'].nunique(), 'earlier date')}. "
        f"{fmt.percent(inside, 0)} of what came after lay in its 90% intervals; its forecasts were "
        f"{fmt.percent(abs(better), 0)} {'better' if better >= 0 else 'worse'} than those of a model without media."
    )


def _sentence(found: Backtest, m: Material) -> str:
    drift = found.drift()
    moved = [m.fmt.label(str(c)) for c in drift.index[drift["largest"] > _FAR]]
    if not moved:
        return "From refresh to refresh no return moved by more than three times what the new data explain."
    return (
        f"{join(moved)}: from one refresh to the next the return moved by more than three times what the new data "
        "explain. Its interval is too narrow, or what it does has changed."
    )


def _forecasts(found: Backtest, m: Material) -> Table:
    fmt = m.fmt
    head = (
        Column(f"{fmt.period.capitalize()}s ahead", number=False),
        Column("Forecasts"),
        Column("In the 90% interval"),
        Column("CRPS"),
        Column("Better than no media"),
        Column("Better than last year"),
    )

    def rows() -> Iterator[tuple[Cell, ...]]:
        for label, r in found.by_step().iterrows():
            yield (
                Cell(str(label), strong=label == "all"),
                Cell(fmt.number(r["periods"])),
                Cell(fmt.percent(r["coverage"], 0)),
                Cell(fmt.outcome(r["crps"])),
                Cell(fmt.percent(r["skill_without"], 0, sign=True)),
                Cell(fmt.percent(r["skill_naive"], 0, sign=True)),
            )

    return table_of("Forecasts of the refreshes, against what then happened.", head, rows())


def _drift(found: Backtest, m: Material) -> Table:
    fmt = m.fmt
    head = (
        Column("Channel", number=False),
        Column("Typical shift"),
        Column("Largest shift"),
        Column("Stayed in the interval before"),
    )

    def rows() -> Iterator[tuple[Cell, ...]]:
        for name, r in found.drift().iterrows():
            yield (
                Cell(fmt.label(str(name)), swatch=m.look.channel(str(name))),
                Cell(fmt.number(r["rms"], 1)),
                Cell(fmt.number(r["largest"], 1), tone="warn" if r["largest"] > _FAR else ""),
                Cell(fmt.percent(r["kept"], 0)),
            )

    caption = "Returns from refresh to refresh; shifts in standard deviations that the new data explain (1 is usual)."
    return table_of(caption, head, rows())

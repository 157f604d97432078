"""Page one: what to do, what it brings, how sure that is, and what it rests on."""

from collections.abc import Iterator
from dataclasses import dataclass

from mmm.reporting.decision import Decision
from mmm.reporting.figures.plan import from_to
from mmm.reporting.format import plural
from mmm.reporting.material import Material
from mmm.reporting.narrative import failure, rests_on
from mmm.reporting.page import Chapter, Tile, Tone, render

_MOST_MOVES, _MOST_MOVES_FAILED = 8, 5


@dataclass(frozen=True)
class Note:
    """A short paragraph with a heading."""

    title: str
    text: str
    tone: Tone = ""


def summary(m: Material) -> Chapter:
    """Page one."""
    teller = m.teller
    headline = teller.headline()
    # Page one stays one page in print.
    most = _MOST_MOVES if m.gate.passed else _MOST_MOVES_FAILED
    largest = m.plan.allocation["change"].abs().sort_values(ascending=False).index[:most]
    shown = m.plan.allocation.loc[[c for c in m.plan.allocation.index if c in set(largest)]]
    left_out = len(m.plan.allocation) - len(shown)
    html = render(
        "chapters/summary.html.j2",
        m.settings.report.templates,
        headline=headline,
        split="" if m.decision.mostly_shifts else teller.split_of_gain(),
        unspent=teller.unspent(),
        badge=_badge(m),
        failures=[failure(c.name, c.title) for c in m.gate.failures],
        failed=not m.gate.passed,
        tiles=list(_tiles(m)),
        notes=list(_notes(m)),
        left_out=f"{plural(left_out, 'smaller change')} in the table of the plan." if left_out else "",
    )
    figure = from_to(shown, m.decision.horizon, m.gain_pen)
    return Chapter("summary", "What to do", "", html, (figure,))


def _badge(m: Material) -> tuple[Tone, str]:
    if not m.gate.passed:
        return "bad", "The model did not pass its checks"
    if m.gate.warnings:
        return "warn", f"Model checks passed, with {plural(len(m.gate.warnings), 'reservation')}"
    return "good", "Model checks passed"


def _tiles(m: Material) -> Iterator[Tile]:
    d, fmt = m.decision, m.gain_fmt
    tone: Tone = {"better": "good", "worse": "bad", "open": "warn"}.get(d.verdict, "soft")  # type: ignore[assignment]
    noun = m.gain_outcome if fmt.money_outcome else fmt.outcome_unit
    yield Tile(
        f"Expected change in {noun}",
        fmt.outcome(d.gain.mean, sign=True) if fmt.money_outcome else fmt.outcome(d.gain.mean, sign=True, short=True),
        f"90% interval {fmt.outcome_range(d.gain.lower, d.gain.upper)}",
        tone,
    )
    if d.verdict != "unchanged":
        yield Tile("Chance to beat today’s plan", _short_chance(d.probability), f"over {d.horizon}", tone)
    yield _money_tile(d, m)
    yield Tile(
        "Won by media with this plan",
        fmt.outcome(d.won_planned.mean),
        f"90% interval {fmt.outcome_range(d.won_planned.lower, d.won_planned.upper)}",
        "soft",
    )


def _money_tile(d: Decision, m: Material) -> Tile:
    fmt = m.gain_fmt
    if d.changes_total:
        return Tile(
            "Budget", fmt.money(d.spend_planned), f"{fmt.money(d.spend_change, sign=True)} against today", "soft"
        )
    share = d.shifted / d.spend_today if d.spend_today else 0.0
    return Tile(
        "Money that moves", fmt.money(d.shifted), f"{fmt.percent(share)} of {fmt.money(d.spend_planned)}", "soft"
    )


def _short_chance(p: float) -> str:
    return "> 99%" if p > 0.99 else "< 1%" if p < 0.01 else f"{round(100 * p)}%"


def _notes(m: Material) -> Iterator[Note]:
    teller, basis = m.teller, m.basis
    yield Note("If you do nothing", teller.do_nothing())
    yield Note("How sure is this?", teller.how_sure())
    beyond = any(move.reach > 1.005 for move in m.decision.moves)
    yield Note("How far outside experience?", teller.outside(), "warn" if beyond else "")
    yield Note("Can the model be believed?", _believed(m), "" if m.gate.passed else "bad")
    rest = rests_on(basis.periods, len(basis.geos), len(basis.channels), len(basis.controls), m.fmt)
    yield Note(
        "What does it rest on?",
        f"{rest[0].upper()}{rest[1:]}, {m.fmt.date(basis.first)} to {m.fmt.date(basis.last)}. Spend and results are "
        "observed, not an experiment: what moved together by chance can mislead.",
    )
    yield Note("What would change our mind?", teller.change_mind())


def _believed(m: Material) -> str:
    fmt = m.fmt
    if not m.gate.passed:
        return "No. It failed the checks named above; the numbers are shown only because the settings ask for them."
    text = f"Its account fits {fmt.percent(m.meaning.r2)} of the ups and downs of the past."
    if m.holdout is not None:
        total = m.holdout.total
        inside = int(((total["actual"] >= total["lower"]) & (total["actual"] <= total["upper"])).sum())
        text = (
            f"Asked to forecast {plural(len(total), fmt.period)} that it had not seen, the model was off by "
            f"{fmt.percent(m.holdout.error, 1)} on average; {inside} of {len(total)} lay in its 90% interval."
        )
    if m.gate.warnings:
        names = "; ".join(c.title[0].lower() + c.title[1:] for c in m.gate.warnings)
        text += f" A reservation concerns: {names}."
    return text

"""Page one: what to do, what it brings, how sure that is, and what it rests on."""

from collections.abc import Iterator
from dataclasses import dataclass

from mmm.planning.statements import TODAY
from mmm.reporting.chapters import by_model
from mmm.reporting.content.decision import Decision
from mmm.reporting.figures.plan import from_to
from mmm.reporting.notation.identity import Point
from mmm.reporting.pages.parts import Chapter, Tile, Tone
from mmm.reporting.pages.telling import Telling
from mmm.reporting.sentences import alternatives, answers
from mmm.reporting.sentences.lights import not_to_rely_on
from mmm.reporting.sentences.page_one import failure, promises, reservation, rests_on
from mmm.reporting.sentences.statements import told

_MOST_MOVES, _FEWER_MOVES, _MOST_MOVES_FAILED = 8, 6, 5
_MANY_NOTES = 7
_MOST_RESERVATIONS = 2
_LARGE = 0.05
_AS_MUCH, _NOTICED = 0.5, 0.002
"""Timing stands on page one where it wins this share of the recommended change, and of what media win at all."""


@dataclass(frozen=True)
class Note:
    """A short paragraph with a heading."""

    title: str
    text: str
    tone: Tone = ""


def summary(m: Telling) -> Chapter:
    """Page one."""
    teller = m.teller
    headline = teller.headline()
    # Page one stays one page in print.
    notes = list(_notes(m))
    many = len(m.plan.allocation) > _MOST_MOVES or len(notes) > _MANY_NOTES
    most = _MOST_MOVES_FAILED if not m.gate.passed else _FEWER_MOVES if many else _MOST_MOVES
    largest = m.plan.allocation["change"].abs().sort_values(ascending=False).index[:most]
    shown = m.plan.allocation.loc[[c for c in m.plan.allocation.index if c in set(largest)]]
    left_out = len(m.plan.allocation) - len(shown)
    html = m.render(
        "chapters/summary.html.j2",
        headline=headline,
        split="" if m.decision.mostly_shifts else teller.split_of_gain(),
        unspent=teller.unspent(),
        held=teller.held(_large(m)),
        badge=_badge(m),
        failures=[failure(c.name, c.said, m.fmt) for c in m.gate.failures],
        failed=not m.gate.passed,
        tiles=list(_tiles(m)),
        notes=notes,
        left_out=_left_out(left_out, m),
        gloss=_gloss(m),
    )
    figure = from_to(shown, m.decision.horizon, m.gain_pen)
    return Chapter("summary", m.fmt.t("What to do"), "", html, (figure,))


def _large(m: Telling) -> set[str]:
    """Channels with a good part of all money, in the data or in today's plan: page one says where one is left out."""
    found: set[str] = set()
    for spend in (m.meaning.channels["spend"], m.plan.allocation["reference"]):
        found |= {str(name) for name in spend.index[spend >= _LARGE * max(float(spend.sum()), 1e-300)]}
    return found


def _left_out(count: int, m: Telling) -> str:
    if not count:
        return ""
    return m.fmt.plural(
        "{n} smaller change in the table of the plan.", "{n} smaller changes in the table of the plan.", count
    )


def _badge(m: Telling) -> tuple[Tone, str]:
    if not m.gate.passed:
        return "bad", m.fmt.t("The model did not pass its checks")
    if m.gate.warnings:
        return "warn", m.fmt.plural(
            "Model checks passed, with {n} reservation",
            "Model checks passed, with {n} reservations",
            len(m.gate.warnings),
        )
    return "good", m.fmt.t("Model checks passed")


def _tiles(m: Telling) -> Iterator[Tile]:
    d, fmt = m.decision, m.gain_fmt
    tone: Tone = {"better": "good", "worse": "bad", "open": "warn"}.get(d.verdict, "soft")  # type: ignore[assignment]
    t = fmt.t
    noun = m.gain_outcome if fmt.money_outcome else fmt.outcome_unit
    yield Tile(
        t("Expected change: {noun}", noun=noun),
        fmt.outcome(d.gain, sign=True) if fmt.money_outcome else fmt.signed_count(d.gain),
        t("90% interval {ends}", ends=fmt.outcome_range(d.gain)),
        tone,
    )
    if d.verdict != "unchanged":
        yield Tile(
            t("Chance to beat today’s plan"),
            _short_chance(Point(d.probability, "plan/probability"), m),
            m.teller.during,
            tone,
        )
    yield _money_tile(d, m)
    yield Tile(
        t("Won by media with this plan"),
        fmt.outcome(d.won_planned) if fmt.money_outcome else fmt.count(d.won_planned),
        t("90% interval {ends}", ends=fmt.outcome_range(d.won_planned)),
        "soft",
    )


def _money_tile(d: Decision, m: Telling) -> Tile:
    fmt = m.gain_fmt
    total = Point(d.spend_planned, "plan/spend_planned")
    if d.changes_total:
        note = fmt.t("{change} against today", change=fmt.money(Point(d.spend_change, "plan/spend_change"), sign=True))
        return Tile(fmt.t("Budget"), fmt.money(total), note, "soft")
    share = d.shifted / d.spend_today if d.spend_today else 0.0
    note = fmt.t("{share} of {total}", share=fmt.percent(Point(share, "plan/shifted/share")), total=fmt.money(total))
    return Tile(fmt.t("Money that moves"), fmt.money(Point(d.shifted, "plan/shifted")), note, "soft")


def _short_chance(p: float, m: Telling) -> str:
    if p > 0.99:
        return f"> {m.fmt.percent(0.99, 0)}"
    return f"< {m.fmt.percent(0.01, 0)}" if p < 0.01 else m.fmt.percent(p, 0)


def _notes(m: Telling) -> Iterator[Note]:
    teller, basis, t = m.teller, m.basis, m.fmt.t
    yield Note(t("If you do nothing"), teller.do_nothing())
    yield Note(t("How sure is this?"), teller.how_sure())
    profit = teller.profit()
    if profit:
        yield Note(t("Does it pay?"), profit, "warn")
    timing = _timing(m)
    if timing:
        yield Note(t("When, not only where?"), timing, "warn")
    yield Note(t("How far outside experience?"), teller.outside(), "warn" if teller.goes_beyond() else "")
    yield Note(t("Can the model be believed?"), _believed(m), "" if m.gate.passed else "bad")
    record = _record(m)
    if record:
        yield Note(t("What became of earlier promises?"), record)
    disputes = by_model.disputes(m.models.plan, m.fmt) if m.models is not None else []
    if disputes:
        yield Note(t("Where do the models disagree?"), " ".join(disputes), "warn")
    rest = rests_on(basis.periods, len(basis.geos), len(basis.channels), len(basis.controls), m.fmt)
    yield Note(
        t("What does it rest on?"),
        t(
            "{data}, {dates}. Spend and results are observed, not an experiment: what moved together by chance can "
            "mislead.",
            data=f"{rest[0].upper()}{rest[1:]}",
            dates=m.fmt.date_range(basis.first, basis.last),
        ),
    )
    yield Note(t("What would change our mind?"), teller.change_mind())


def _timing(m: Telling) -> str:
    """What the best weeks for the same money would win, where that is of the size of the recommended change."""
    found = m.plan.foresight
    if found.timing is None:
        return ""
    kept = float(found.timing["as_reference"].sum() - found.timing["even"].sum())
    more = found.pulsing.mean - max(kept, 0.0)
    if more < _AS_MUCH * abs(m.decision.gain.mean) or more <= _NOTICED * float(found.timing["even"].sum()):
        return ""
    return alternatives.timing(found, m.gain_fmt)


def _record(m: Telling) -> str:
    """How far the promises of settled plans held, and what that makes of this one; empty where none was settled."""
    d, fmt = m.decision, m.gain_fmt
    what, gain = ("outcome", d.gain) if d.net is None else ("profit", d.net)
    unit = fmt.currency if fmt.money_outcome else fmt.outcome_unit
    for found in m.records:
        if (found.what, found.unit) == (what, unit):
            return promises(found, gain, fmt)
    return ""


def _believed(m: Telling) -> str:
    fmt = m.fmt
    if not m.gate.passed:
        return fmt.t(
            "No. It failed the checks named above; the numbers are shown only because the settings ask for them."
        )
    text = fmt.t(
        "Its account fits {share} of the ups and downs of the past.", share=fmt.percent(Point(m.meaning.r2, "fit/r2"))
    )
    if m.holdout is not None:
        total = m.holdout.total
        inside = int(((total["actual"] >= total["lower"]) & (total["actual"] <= total["upper"])).sum())
        text = answers.forecast(m.holdout.error, inside, len(total), fmt)
    told = [reservation(c.name, c.said, c.channels, fmt) for c in m.gate.warnings]
    if len(told) > _MOST_RESERVATIONS:
        rest = len(told) - (_MOST_RESERVATIONS - 1)
        told = told[: _MOST_RESERVATIONS - 1]
        told.append(
            fmt.t("{n} further reservations stand under “{chapter}”.", n=rest, chapter=fmt.t("Can we believe it?"))
        )
    return " ".join(filter(None, [text, *told, not_to_rely_on(m.lights, fmt)]))


def _gloss(m: Telling) -> str:
    """The two terms of page one that need saying."""
    ends = m.fmt.t("90% interval: nine in ten of the values that fit the data lie inside.")
    today = [told(note, m.fmt) for note in m.plan.notes if note.kind in TODAY]
    return " ".join([*today, ends])

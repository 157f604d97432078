"""What is off and what to do about it, from a state; words stand here, figures in the state."""

from collections.abc import Iterator

from mmm.data.quality import Finding
from mmm.digits import amount, interval
from mmm.monitoring.settings import MonitorSettings
from mmm.monitoring.state import Money, Point, State

_SMALL = 0.01
"""Share of the plan's money below which a channel's pace is not judged."""

_WORSE = "Ask whether the rest of the plan should change: mmm replan. A test on the channel settles what it brings."


def points_of(state: State, settings: MonitorSettings, findings: tuple[Finding, ...], revised: int) -> Iterator[Point]:
    """Everything that is off."""
    if state.seen == 0:
        yield Point(
            kind="no_data",
            severity="note",
            sentence=f"The data hold no period of the plan yet: it begins on {state.first}.",
            advice="Look again when its first period is in.",
        )
        return
    yield from _data(state, findings, revised)
    yield from _surprise(state, bool(findings))
    yield from _pace(state, settings)
    yield from _limits(state)
    yield from _returns(state, settings)
    if state.seen >= state.periods:
        yield Point(
            kind="over",
            severity="note",
            sentence=f"The horizon is over: all {state.periods} periods are in.",
            advice="Say what the plan brought, and plan the next one.",
        )


def _data(state: State, findings: tuple[Finding, ...], revised: int) -> Iterator[Point]:
    for finding in findings:
        yield Point(
            kind="data",
            severity="look",
            channel=finding.channel or "",
            sentence=f"The data may be wrong: {finding.message}",
            advice=finding.suggestion,
            size=float(len(finding.dates)),
        )
    if revised:
        what = "rows before the plan are gone" if revised < 0 else f"{amount(revised)} cells before it were revised"
        yield Point(
            kind="revised",
            severity="note",
            sentence=f"Since the plan was made, {what}.",
            advice="The plan's model stays as it was; the next fit sees the revised data.",
            size=float(abs(revised)),
        )
    rows = len(state.weeks)
    if state.unfollowed:
        yield Point(
            kind="unfollowed",
            severity="note",
            sentence=f"Money and limits are followed, the outcome is not: {state.unfollowed}",
            advice="Make the fit anew when the outcomes are in: it sees them all.",
        )
    elif rows < state.seen:
        missing = state.seen - rows
        yield Point(
            kind="data",
            severity="note",
            sentence=f"Of the last {missing} periods the money is known and the outcome is not.",
            advice="Nothing to do if it is booked later.",
            size=float(missing),
        )


def _surprise(state: State, doubtful: bool) -> Iterator[Point]:
    found = state.surprise
    if found is None or found.since is None:
        return
    ratio = found.ratio
    share, ends = ratio.mean - 1.0, f"{ratio.lower - 1:+.1%} to {ratio.upper - 1:+.1%}"
    like = "the whole market" if found.likeliest == "demand" else f"the effect of {found.likeliest}"
    first = "Clear the findings on the data first: a wrong row looks like a change of the market. " if doubtful else ""
    then = (
        "Look for what changed in the market (price, competitor, season) and make the fit anew."
        if found.likeliest == "demand"
        else f"Look at {found.likeliest}: booking of its spend, creatives, tracking; then make the fit anew."
    )
    yield Point(
        kind="surprise",
        severity="act",
        channel="" if found.likeliest == "demand" else found.likeliest,
        sentence=(
            f"The outcome is not what the model expects of the money spent, since {found.since} at the latest: "
            f"{share:+.1%} over the periods seen (90% interval {ends}). It looks most like a change in {like}. Under a "
            f"right model at most {found.p_value:.2%} of plans ever show so much evidence, however often one looks."
        ),
        advice=first + then,
        size=found.largest,
    )


def _pace(state: State, settings: MonitorSettings) -> Iterator[Point]:
    for money in (state.total, *state.channels):
        allowed = settings.channel if money.channel else settings.pace
        if money.off is None and money.spent > _SMALL * state.total.plan:
            yield Point(
                kind="channel_pace",
                severity="look",
                channel=money.channel,
                sentence=f"{money.channel} spent {amount(money.spent)} {state.currency}; nothing was due.",
                advice="Book it where it belongs, or plan anew with it.",
                size=money.spent,
            )
        if money.off is None or abs(money.off) <= allowed or money.plan < _SMALL * state.total.plan:
            continue
        yield Point(
            kind="channel_pace" if money.channel else "pace",
            severity="act" if not money.channel and abs(money.off) > 2 * allowed else "look",
            channel=money.channel,
            sentence=_pace_words(state, money),
            advice=_pace_advice(state, money),
            size=abs(money.off),
        )


def _pace_words(state: State, money: Money) -> str:
    who = money.channel or "The plan"
    text = (
        f"{who} has spent {amount(money.spent)} of {amount(money.due)} {state.currency} that were due, {money.off:+.1%}"
    )
    if money.end is None or state.seen >= state.periods:
        return f"{text}."
    ends = (money.end.mean, money.end.lower, money.end.upper)
    return (
        f"{text}; it ends at {amount(money.end.mean, *ends)} (90% interval {amount(money.end.lower, *ends)} to "
        f"{amount(money.end.upper, *ends)}) of {amount(money.plan)} if it goes on like this."
    )


def _pace_advice(state: State, money: Money) -> str:
    left = state.periods - state.seen
    if left <= 0:
        return "The horizon is over: it counts as spent."
    rest = max(0.0, money.plan - money.spent) / left
    return (
        f"To end as planned, spend {amount(rest)} {state.currency} a {state.period} from now on "
        f"(lately {amount(money.burn)}), or plan the rest anew."
    )


def _returns(state: State, settings: MonitorSettings) -> Iterator[Point]:
    """Channels whose ROAS, or cost per unit, is worse than their threshold: to act on where all of the interval is."""
    for one in state.efficiency:
        least, most = settings.least_roas.get(one.channel), settings.most_cost.get(one.channel)
        if least is not None and one.roas is not None and one.roas.mean < least:
            found = interval(one.roas.mean, one.roas.lower, one.roas.upper)
            yield Point(
                kind="returns",
                severity="act" if one.roas.upper < least else "look",
                channel=one.channel,
                sentence=f"{one.channel} returns {found} {state.currency} a unit of money; the least is {least:g}.",
                advice=_WORSE,
                size=1.0 - one.roas.mean / least,
            )
        if most is not None and one.cost_per_unit is not None and one.cost_per_unit.mean > most:
            cost = one.cost_per_unit
            found = interval(cost.mean, cost.lower, cost.upper)
            yield Point(
                kind="cost",
                severity="act" if cost.lower > most else "look",
                channel=one.channel,
                sentence=f"A unit of {state.outcome_unit} won by {one.channel} costs {found} {state.currency}; the "
                f"most is {most:g}.",
                advice=_WORSE,
                size=cost.mean / most - 1.0,
            )


def _limits(state: State) -> Iterator[Point]:
    for limit in state.limits:
        if limit.broken:
            bound = (
                limit.at_most
                if limit.at_most is not None and limit.spent_and_planned > limit.at_most
                else limit.at_least
            )
            yield Point(
                kind="limit",
                severity="act",
                sentence=(
                    f"'{limit.name}': {amount(limit.spent_and_planned)} {state.currency} are spent and planned in "
                    f"{limit.period}; the limit is {amount(bound or 0.0)}."
                ),
                advice="Change what is still ahead, and have it approved.",
                size=abs(limit.spent_and_planned - (bound or 0.0)),
            )

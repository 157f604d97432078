"""Page one in sentences: written by rules from the numbers, for gains, losses and evidence that does not decide.

Every function takes numbers and returns plain text; escaping is the templates' work.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from mmm.reporting.decision import Decision, Estimate, Move
from mmm.reporting.format import Formatter, join, plural


@dataclass(frozen=True)
class Headline:
    """The recommendation: ``lead`` says what to do, ``sentence`` what it brings and how sure that is."""

    lead: str
    sentence: str


@dataclass(frozen=True)
class Teller:
    """Writes the sentences of one decision. ``outcome`` names the outcome where it is money, such as revenue."""

    decision: Decision
    fmt: Formatter
    outcome: str = "revenue"

    # page one

    def headline(self) -> Headline:
        """The recommendation in two sentences, with money, interval and probability."""
        return Headline(self._lead(), self._promise())

    def _lead(self) -> str:
        d, fmt = self.decision, self.fmt
        if d.verdict == "unchanged":
            return f"Keep today’s plan for the next {d.span}."
        up, down = _names(d.raised(), fmt), _names(d.lowered(), fmt)
        if d.changes_total or not (up and down):
            return self._lead_with_budget(up, down)
        verb = "Consider moving" if d.verdict == "open" else "Move"
        return f"{verb} {fmt.money(d.shifted)} from {down} to {up} over the next {d.span}."

    def _lead_with_budget(self, up: str, down: str) -> str:
        """The lead where the total changes: how much in all, and where the difference goes."""
        d, fmt = self.decision, self.fmt
        more = d.spend_change > 0
        lead = f"Spend {fmt.money(d.spend_planned)} over the next {d.span}, "
        lead += f"{fmt.money(abs(d.spend_change))} {'more' if more else 'less'} than today: "
        if up and down:
            return f"{lead}more on {up}, less on {down}."
        return f"{lead}the extra goes to {up}." if up else f"{lead}the cut falls on {down}."

    def _promise(self) -> str:
        d, fmt = self.decision, self.fmt
        gain, chance = d.gain, fmt.probability(d.probability)
        interval = f"90% interval {fmt.outcome_range(gain.lower, gain.upper)}"
        if d.verdict == "unchanged":
            return "Within the limits set, no other split of the budget is expected to bring noticeably more."
        if d.verdict == "equal":
            return (
                f"The two plans are as good as each other: the difference is {self.change_of(gain.mean)} ({interval}), "
                f"too little to matter. Other reasons may decide."
            )
        if d.verdict == "better":
            return (
                f"We expect {self.change_of(gain.mean)} than with today’s plan ({interval}). "
                f"The chance that it does better than today’s plan is {chance}."
            )
        if d.verdict == "worse":
            ends = fmt.outcome_range(-gain.upper, -gain.lower)
            return (
                f"Expect {self.change_of(gain.mean)} than with today’s plan (90% interval {ends} less){self._saved()}. "
                f"The chance that it does better than today’s plan is {chance}."
            )
        return (
            f"The evidence does not separate the two plans: on average this one brings {self.change_of(gain.mean)} "
            f"than today’s, but anything from {self._swing(gain)} is plausible (90% interval). "
            f"The chance that it does better is {chance}."
        )

    def _saved(self) -> str:
        """What a cut saves, so that its loss is not read alone."""
        d = self.decision
        return f", for {self.fmt.money(-d.spend_change)} less spend" if d.changes_total and d.spend_change < 0 else ""

    def change_of(self, value: float) -> str:
        """'€1.24 million more revenue', '300 fewer orders', in the words of the outcome."""
        fmt = self.fmt
        if fmt.money_outcome:
            return f"{fmt.money(abs(value))} {'more' if value >= 0 else 'less'} {self.outcome}"
        amount = fmt.outcome(abs(value), short=True)
        return f"{amount} {'more' if value >= 0 else 'fewer'} {fmt.outcome_unit}"

    def _swing(self, gain: Estimate) -> str:
        """The ends of an interval around zero as a loss and a gain."""
        fmt = self.fmt
        return f"a loss of {fmt.outcome(abs(gain.lower))} to a gain of {fmt.outcome(gain.upper)}"

    def split_of_gain(self) -> str:
        """Where totals differ: how much comes from the split and how much from the amount of money."""
        d, fmt = self.decision, self.fmt
        if d.mix_gain is None or not d.changes_total:
            return ""
        size = d.gain.mean - d.mix_gain.mean
        return (
            f"Of the difference, {fmt.outcome(d.mix_gain.mean, sign=True)} comes from splitting the money better "
            f"(90% interval {fmt.outcome_range(d.mix_gain.lower, d.mix_gain.upper)}) and "
            f"{fmt.outcome(size, sign=True)} from spending {'more' if d.spend_change > 0 else 'less'}."
        )

    def do_nothing(self) -> str:
        """What keeping today's plan means."""
        d, fmt = self.decision, self.fmt
        today = (
            f"Today’s plan is expected to win {fmt.outcome(d.won_today.mean)} through media over the {d.span} "
            f"(90% interval {fmt.outcome_range(d.won_today.lower, d.won_today.upper)})."
        )
        if d.verdict == "unchanged":
            return today
        if d.verdict == "better":
            lost = d.gain.mean / max(d.periods, 1)
            return f"{today} Each {fmt.period} of waiting forgoes about {fmt.outcome(lost)}."
        if d.verdict == "worse":
            return f"{today} It wins more than the plan above, and costs {fmt.money(abs(d.spend_change))} " + (
                "more." if d.spend_change < 0 else "less."
            )
        if d.verdict == "equal":
            return f"{today} Staying with it costs nothing that would be noticed."
        return f"{today} Staying with it is a defensible choice until the evidence is clearer."

    def how_sure(self) -> str:
        """Probability in words, and what a bad case looks like."""
        d, fmt = self.decision, self.fmt
        if d.verdict == "unchanged":
            return "The two plans are the same, so there is nothing to be wrong about."
        bad = "still gains" if d.worst > 0 else "loses"
        return (
            f"{_in_hundred(d.probability)} this plan does better. If things go badly (the worst 5%), it {bad} "
            f"{fmt.outcome(abs(d.worst))} on average against today’s plan."
        )

    def outside(self) -> str:
        """How far the plan leaves what was ever tried."""
        beyond = sorted((m for m in self.decision.moves if m.reach > 1.005), key=lambda m: -m.reach)
        fmt = self.fmt
        if not beyond:
            return f"Every channel stays within the {fmt.per_period} spend that the data have seen."
        first = beyond[0]
        times = fmt.number(first.reach, 1)
        text = f"{fmt.label(first.name)} would go up to {times} times its highest {fmt.period} on record"
        if len(beyond) > 1:
            others = _names(beyond[1:], fmt)
            text += f"; {others} would also go beyond {'theirs' if len(beyond) > 2 else 'its own'}"
        return f"{text}. There the model continues the curve without having seen it: go there in steps."

    def change_mind(self) -> str:
        """Which finding would overturn the advice: the move that the data support least."""
        d, fmt = self.decision, self.fmt
        weighed = [m for m in (*d.raised(), *d.lowered()) if math.isfinite(m.direction)]
        if not weighed:
            return "An experiment on the largest channel would teach the most."
        weakest = min(weighed, key=_support)
        support = _support(weakest)
        name = fmt.label(weakest.name)
        more = "more" if weakest.rises else "less"
        if support > 0.95:
            return (
                f"The direction of every move is well supported; the least certain is {more} for {name} "
                f"({fmt.probability(support)}). A new competitor, price or product would call for a new look."
            )
        text = (
            f"The move that the data support least is {more} for {name}: the chance that its next {fmt.next_amount} "
            f"returns {more} than the average channel’s is {fmt.probability(support)}."
        )
        if weakest.next_return.known:
            ends = fmt.ratio_range(weakest.next_return.lower, weakest.next_return.upper).replace(" to ", " and ")
            text += f" Its return lies between {ends}."
        return f"{text} A test on {name} would tell the most."

    def unspent(self) -> str:
        """Why money is left over, where it is."""
        d, fmt = self.decision, self.fmt
        if d.unspent <= 0.005 * max(d.spend_planned, 1e-9):
            return ""
        return (
            f"{fmt.money(d.unspent)} of the budget stays unspent: within the limits, no channel’s next "
            f"{fmt.next_amount} returns enough to be worth spending."
        )


_FAILURES = {
    "r_hat": "Repeated runs of the calculation do not agree with each other.",
    "ess_bulk": "The calculation was too short for stable averages.",
    "ess_tail": "The calculation was too short for stable intervals.",
    "divergences": "The calculation missed a part of the possible answers.",
    "e_bfmi": "The calculation explored the possible answers too slowly.",
    "baseline": "Media are credited with more than the whole outcome.",
    "coverage": "Forecasts of unseen periods do not hold.",
}


def failure(name: str, title: str) -> str:
    """A failed check without jargon; its title where the check is not known here."""
    return _FAILURES.get(name, f"{title}: failed.")


def _names(moves: Sequence[Move], fmt: Formatter) -> str:
    return join([fmt.label(m.name) for m in moves])


def _support(move: Move) -> float:
    """Probability that the data give to the direction in which a channel moves."""
    return move.direction if move.rises else 1.0 - move.direction


def _in_hundred(probability: float) -> str:
    if probability > 0.99:
        return "In practically all outcomes that fit the data,"
    if probability < 0.01:
        return "In practically none of the outcomes that fit the data"
    return f"In about {round(100 * probability)} of 100 outcomes that fit the data,"


def rests_on(periods: int, geos: int, channels: int, controls: int, fmt: Formatter) -> str:
    """What data the advice rests on, as a noun phrase: '156 weeks of data from 8 geos on 6 channels ...'."""
    text = f"{plural(periods, fmt.period)} of data"
    if geos > 1:
        text += f" from {geos} regions"
    text += f" on {plural(channels, 'paid channel')}"
    if controls:
        text += f" and {plural(controls, 'other driver')}"
    return text

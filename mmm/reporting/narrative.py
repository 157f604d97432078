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
        if d.verdict == "equal":
            least = fmt.percent(d.negligible, 0 if d.negligible >= 0.01 else 1)
            return f"Today’s plan will do: the best other plan found wins the same, within {least} of what media win."
        if not d.mostly_shifts:
            return self._lead_with_budget(up, down)
        verb = "Consider moving" if d.verdict == "open" else "Move"
        lead = f"{verb} {fmt.money(d.shifted)} from {down} to {up} over the next {d.span}"
        if not d.changes_total:
            return f"{lead}."
        more = "more" if d.spend_change > 0 else "less"
        return f"{lead}, and spend {fmt.money(abs(d.spend_change))} {more}."

    def _lead_with_budget(self, up: str, down: str) -> str:
        """The lead where the total changes: how much in all, and where the difference goes."""
        d, fmt = self.decision, self.fmt
        more = d.spend_change > 0
        lead = f"Spend {fmt.money(d.spend_planned)} over the next {d.span}"
        if d.changes_total:
            lead += f", {fmt.money(abs(d.spend_change))} {'more' if more else 'less'} than today"
        if up and down:
            return f"{lead}: more on {up}, less on {down}."
        if up:
            return f"{lead}: the extra goes to {up}."
        if down:
            return f"{lead}: the cut falls on {down}."
        if d.inside > 0.005 * d.spend_today:
            moved = fmt.money(d.inside)
            return f"{lead}, as today by channel, and move {moved} within channels to better places or times."
        return f"{lead}, split as today."

    def _promise(self) -> str:
        d = self.decision
        if d.verdict == "unchanged":
            return "Within the limits set, no other split of the budget is expected to bring noticeably more."
        return self._promise_net(d.net) if d.net is not None else self._promise_outcome()

    def _promise_outcome(self) -> str:
        """What the plan brings where the money spent is the same."""
        d, fmt = self.decision, self.fmt
        gain, chance = d.gain, fmt.probability(d.probability)
        interval = f"90% interval {fmt.outcome_range(gain.lower, gain.upper)}"
        more = "more" if d.spend_change > 0 else "less"
        price = f" for {fmt.money(abs(d.spend_change))} {more} spend" if d.changes_total else ""
        if d.verdict == "equal":
            return (
                f"The best split found brings {self.change_of(gain.mean)}{price} ({interval}), which may as well be "
                "nothing. The settings count that as no difference; other reasons may decide."
            )
        if d.verdict == "open":
            return (
                f"The evidence does not separate the two plans: on average this one brings {self.change_of(gain.mean)} "
                f"than today’s, but anything from {self._swing(gain)} is plausible (90% interval). "
                f"The chance that it does better is {chance}."
            )
        if d.verdict == "worse":
            interval = f"90% interval {fmt.outcome_range(-gain.upper, -gain.lower)} {self._less}"
        start = f"We expect {self.change_of(gain.mean)} than with today’s plan ({interval}){price}."
        return f"{start} The chance that it does better than today’s plan is {chance}."

    def _promise_net(self, net: Estimate) -> str:
        """What the plan brings where it also spends more or less: outcome, money, and the difference of the two."""
        d, fmt = self.decision, self.fmt
        chance = fmt.probability(d.probability)
        gain = d.gain
        lower, upper = (gain.lower, gain.upper) if gain.mean >= 0 else (-gain.upper, -gain.lower)
        money = f"{fmt.money(abs(d.spend_change))} {'more' if d.spend_change > 0 else 'less'} spend"
        margin = f" at a margin of {fmt.percent(d.margin)}" if d.margin != 1 else ""
        start = (
            f"We expect {self.change_of(gain.mean)} than with today’s plan (90% interval "
            f"{fmt.outcome_range(lower, upper)}) for {money}: "
        )
        if d.verdict == "open":
            return (
                f"{start}net of the money, anything from {self._swing(net)}{margin} is plausible, so the evidence does "
                f"not separate the two plans. The chance that it pays off is {chance}."
            )
        word = "gain" if net.mean >= 0 else "loss"
        ends = (net.lower, net.upper) if net.mean >= 0 else (-net.upper, -net.lower)
        text = f"{start}a net {word} of {fmt.money(abs(net.mean))}{margin} ({fmt.money_range(*ends)})."
        if d.verdict == "equal":
            return f"{text} The settings count that as no difference; other reasons may decide."
        return f"{text} The chance that it pays off is {chance}."

    @property
    def _less(self) -> str:
        return "less" if self.fmt.money_outcome else "fewer"

    def change_of(self, value: float) -> str:
        """'€1.24 million more revenue', '300 fewer orders', in the words of the outcome."""
        fmt = self.fmt
        if fmt.money_outcome:
            return f"{fmt.money(abs(value))} {'more' if value >= 0 else 'less'} {self.outcome}"
        amount = fmt.count(abs(value))
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
            lost = d.decisive.mean / max(d.periods, 1)
            return f"{today} Each {fmt.period} of waiting forgoes about {fmt.outcome(lost)}{self._net_of_money}."
        if d.verdict == "worse":
            return f"{today} On this evidence that is the better choice{self._net_of_money}."
        if d.verdict == "equal":
            return f"{today} Staying with it costs less than what counts as a difference."
        return f"{today} Staying with it is a defensible choice until the evidence is clearer."

    @property
    def _net_of_money(self) -> str:
        return "" if self.decision.net is None else ", net of the money spent"

    def limits(self) -> str:
        """Which channels stop at a limit of the settings, so that the limit decides and not the evidence."""
        d, fmt = self.decision, self.fmt
        low = _names([m for m in d.moves if m.limit == "lower"], fmt)
        high = _names([m for m in d.moves if m.limit == "upper"], fmt)
        if not low and not high:
            return ""
        parts = []
        if high:
            parts.append(f"{high} at the most that was allowed")
        if low:
            parts.append(f"{low} at the least")
        return f"The limits, not the evidence, stop {' and '.join(parts)}."

    def how_sure(self) -> str:
        """Probability in words, and what a bad case looks like."""
        d, fmt = self.decision, self.fmt
        if d.verdict == "unchanged":
            return "The two plans are the same, so there is nothing to be wrong about."
        bad = "still gains" if d.worst > 0 else "loses"
        return (
            f"{_in_hundred(d.probability)} this plan does better. If things go badly (the worst 5%), it {bad} "
            f"{fmt.outcome(abs(d.worst))} on average against today’s plan{self._net_of_money}."
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
    return join([fmt.label(m.name) for m in moves], limit=3)


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

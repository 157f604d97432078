"""The recommendation in two sentences: what to do, what it brings, and how sure that is."""

from collections.abc import Sequence
from dataclasses import dataclass

from mmm.reporting.content.decision import Decision, Move
from mmm.reporting.notation.estimate import Estimate
from mmm.reporting.notation.formatter import Formatter
from mmm.reporting.notation.identity import Point


@dataclass(frozen=True)
class Headline:
    """The recommendation: ``lead`` says what to do, ``sentence`` what it brings and how sure that is."""

    lead: str
    sentence: str


@dataclass(frozen=True)
class Recommendation:
    """What to do and what it brings. ``outcome`` names the outcome where it is money, such as revenue."""

    decision: Decision
    fmt: Formatter
    outcome: str = "revenue"

    # page one

    def headline(self) -> Headline:
        """The recommendation in two sentences, with money, interval and probability."""
        lead = self._lead()
        if self.decision.doubtful:
            lead = self.fmt.t(
                "These data cannot decide: repeating past values forecast better than the model. If it is right "
                "nevertheless: {lead}",
                lead=lead,
            )
        return Headline(lead, self._promise())

    @property
    def ahead(self) -> str:
        """The horizon as a phrase of time: 'the next 13 weeks'."""
        count = self.decision.periods
        if self.fmt.period == "day":
            return self.fmt.plural("the next day", "the next {n} days", count)
        return self.fmt.plural("the next week", "the next {n} weeks", count)

    @property
    def during(self) -> str:
        """The horizon as a phrase of duration: 'over the 13 weeks'."""
        count = self.decision.periods
        if self.fmt.period == "day":
            return self.fmt.plural("over the day", "over the {n} days", count)
        return self.fmt.plural("over the week", "over the {n} weeks", count)

    def _lead(self) -> str:
        d, fmt, t = self.decision, self.fmt, self.fmt.t
        if d.verdict == "unchanged":
            return t("Keep today’s plan for {ahead}.", ahead=self.ahead)
        if d.verdict == "equal":
            least = fmt.percent(d.negligible, 0 if d.negligible >= 0.01 else 1)
            return t(
                "Today’s plan will do: the best other plan found wins the same, within {share} of what media win.",
                share=least,
            )
        up, down = named(d.raised(), fmt), named(d.lowered(), fmt)
        if not d.mostly_shifts:
            return self._lead_with_budget(up, down)
        values = {"amount": fmt.money(Point(d.shifted, "plan/shifted")), "down": down, "up": up, "ahead": self.ahead}
        values["change"] = fmt.money(_less_or_more(d))
        return self._lead_considered(values) if d.verdict == "open" else self._lead_moved(values)

    def _lead_considered(self, values: dict[str, str]) -> str:
        d, t = self.decision, self.fmt.t
        if not d.changes_total:
            return t("Consider moving {amount} from {down} to {up} over {ahead}.", **values)
        if d.spend_change > 0:
            return t("Consider moving {amount} from {down} to {up} over {ahead}, and spend {change} more.", **values)
        return t("Consider moving {amount} from {down} to {up} over {ahead}, and spend {change} less.", **values)

    def _lead_moved(self, values: dict[str, str]) -> str:
        d, t = self.decision, self.fmt.t
        if not d.changes_total:
            return t("Move {amount} from {down} to {up} over {ahead}.", **values)
        if d.spend_change > 0:
            return t("Move {amount} from {down} to {up} over {ahead}, and spend {change} more.", **values)
        return t("Move {amount} from {down} to {up} over {ahead}, and spend {change} less.", **values)

    def _lead_with_budget(self, up: str, down: str) -> str:
        """The lead where the total changes: how much in all, and where the difference goes."""
        d, t = self.decision, self.fmt.t
        values = {"spend": self._spend(), "up": up, "down": down}
        if up and down:
            return t("{spend}: more on {up}, less on {down}.", **values)
        if up:
            return t("{spend}: the extra goes to {up}.", **values)
        if down:
            return t("{spend}: the cut falls on {down}.", **values)
        if d.inside > 0.005 * d.spend_today:
            return t(
                "{spend}, as today by channel, and move {moved} within channels to better places or times.",
                spend=self._spend(),
                moved=self.fmt.money(d.inside),
            )
        return t("{spend}, split as today.", spend=self._spend())

    def _spend(self) -> str:
        d, fmt, t = self.decision, self.fmt, self.fmt.t
        total = Point(d.spend_planned, "plan/spend_planned")
        values = {"total": fmt.money(total), "ahead": self.ahead, "change": fmt.money(_less_or_more(d))}
        if not d.changes_total:
            return t("Spend {total} over {ahead}", **values)
        if d.spend_change > 0:
            return t("Spend {total} over {ahead}, {change} more than today", **values)
        return t("Spend {total} over {ahead}, {change} less than today", **values)

    def _promise(self) -> str:
        d = self.decision
        if d.verdict == "unchanged":
            return self.fmt.t(
                "Within the limits set, no other split of the budget is expected to bring noticeably more."
            )
        return self._promise_net(d.net) if d.net is not None else self._promise_outcome()

    def _promise_outcome(self) -> str:
        """What the plan brings where the money spent is the same, or the outcome is worth no money."""
        d, fmt, t = self.decision, self.fmt, self.fmt.t
        gain = d.gain
        values = {"change": self.change_of(gain), "interval": self._interval(gain), "price": self._price()}
        if d.verdict == "equal":
            return t(
                "The best split found brings {change}{price} ({interval}), which may as well be nothing. The settings "
                "count that as no difference; other reasons may decide.",
                **values,
            )
        chance = fmt.probability(Point(d.probability, "plan/probability"))
        if d.verdict == "open":
            return t(
                "The evidence does not separate the two plans: on average this one brings {change} than today’s, but "
                "anything from {swing} is plausible (90% interval). The chance that it does better is {chance}.",
                change=values["change"],
                swing=self._swing(gain),
                chance=chance,
            )
        return t(
            "We expect {change} than with today’s plan ({interval}){price}. The chance that it does better than "
            "today’s plan is {chance}.",
            chance=chance,
            **values,
        )

    def _interval(self, gain: Estimate) -> str:
        """The interval of a change, in the direction that its sentence speaks of."""
        fmt = self.fmt
        if gain.mean >= 0:
            return fmt.t("90% interval {ends}", ends=fmt.outcome_range(gain))
        ends = fmt.outcome_range(turned(gain))
        if fmt.money_outcome:
            return fmt.t("90% interval {ends} less", ends=ends)
        return fmt.t("90% interval {ends} fewer", ends=ends)

    def _price(self) -> str:
        """' for €500 thousand more spend', or nothing where the total stays."""
        d, t = self.decision, self.fmt.t
        if not d.changes_total:
            return ""
        change = self.fmt.money(_less_or_more(d))
        if d.spend_change > 0:
            return t(" for {change} more spend", change=change)
        return t(" for {change} less spend", change=change)

    def _promise_net(self, net: Estimate) -> str:
        """What the plan brings where it also spends more or less: outcome, money, and the difference of the two."""
        d, fmt, t = self.decision, self.fmt, self.fmt.t
        shown = net if net.mean >= 0 else turned(net)
        values = {
            "start": t(
                "We expect {change} than with today’s plan ({interval}){price}",
                change=self.change_of(d.gain),
                interval=self._interval(d.gain),
                price=self._price(),
            ),
            "margin": t(" at a margin of {share}", share=fmt.percent(d.margin)) if d.margin not in (None, 1) else "",
            "net": fmt.money(shown),
            "ends": fmt.money_range(shown),
            "chance": fmt.probability(Point(d.probability, "plan/probability")),
        }
        if d.verdict == "open":
            return t(
                "{start}: net of the money, anything from {swing}{margin} is plausible, so the evidence does not "
                "separate the two plans. The chance that it pays off is {chance}.",
                swing=self._swing(net),
                **values,
            )
        if net.mean >= 0:
            text = t("{start}: a net gain of {net}{margin} ({ends}).", **values)
        else:
            text = t("{start}: a net loss of {net}{margin} ({ends}).", **values)
        if d.verdict == "equal":
            return f"{text} {t('The settings count that as no difference; other reasons may decide.')}"
        return f"{text} {t('The chance that it pays off is {chance}.', **values)}"

    def change_of(self, value: Estimate) -> str:
        """'€1.24 million more revenue', '300 fewer orders', in the words of the outcome."""
        fmt, t = self.fmt, self.fmt.t
        shown = value if value.mean >= 0 else turned(value)
        if fmt.money_outcome:
            values = {"amount": fmt.money(shown), "outcome": self.outcome, "of_outcome": t.of(self.outcome)}
            if value.mean >= 0:
                return t("{amount} more {outcome}", **values)
            return t("{amount} less {outcome}", **values)
        values = {"count": fmt.count(shown), "unit": fmt.outcome_unit, "amount": fmt.outcome(shown)}
        if value.mean >= 0:
            return t("{count} more {unit}", **values)
        return t("{count} fewer {unit}", **values)

    def _swing(self, gain: Estimate) -> str:
        """The ends of an interval around zero as a loss and a gain."""
        fmt = self.fmt
        return fmt.t(
            "a loss of {loss} to a gain of {gain}",
            loss=fmt.outcome(Point(abs(gain.lower), f"{gain.q}/lower/turned" if gain.q else "")),
            gain=fmt.outcome(Point(gain.upper, f"{gain.q}/upper" if gain.q else "")),
        )

    def split_of_gain(self) -> str:
        """Where totals differ: how much comes from the split and how much from the amount of money."""
        d, fmt, t = self.decision, self.fmt, self.fmt.t
        if d.mix_gain is None or not d.changes_total:
            return ""
        if d.mix_gain.lower == d.mix_gain.upper == 0.0:
            return t("The split between channels stays as it is; all of the difference comes from the amount of money.")
        values = {
            "mix": fmt.outcome(d.mix_gain, sign=True),
            "ends": fmt.outcome_range(d.mix_gain),
            "size": fmt.outcome(Point(d.gain.mean - d.mix_gain.mean, "plan/size_gain"), sign=True),
        }
        if d.spend_change > 0:
            return t(
                "Of the difference, {mix} comes from splitting the money better (90% interval {ends}) and {size} from "
                "spending more.",
                **values,
            )
        return t(
            "Of the difference, {mix} comes from splitting the money better (90% interval {ends}) and {size} from "
            "spending less.",
            **values,
        )


def turned(value: Estimate) -> Estimate:
    """A change as its opposite: a gain of -5 (-8 to 1) as a loss of 5 (-1 to 8)."""
    return value.times(-1.0, f"{value.q}/turned" if value.q else "")


def _less_or_more(d: Decision) -> Point:
    """How much the plan's total differs from today's, the direction being said in words."""
    return Point(abs(d.spend_change), "plan/spend_change" if d.spend_change >= 0 else "plan/spend_change/turned")


def named(moves: Sequence[Move], fmt: Formatter) -> str:
    """Names of channels as a phrase, the largest moves first."""
    return fmt.join([fmt.label(m.name) for m in moves], limit=3)

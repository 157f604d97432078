"""Page one in sentences: written by rules from the numbers, for gains, losses and evidence that does not decide.

Every function takes numbers and returns plain text; escaping is the templates' work.
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from mmm.register.ledger import Record
from mmm.reporting.content.decision import Move, Pays
from mmm.reporting.languages.words import mark
from mmm.reporting.notation.estimate import Estimate
from mmm.reporting.notation.formatter import Formatter
from mmm.reporting.notation.identity import Point
from mmm.reporting.sentences.recommendation import Recommendation, named

BEYOND = 1.05
"""Spend above the highest on record by less than this is as good as seen."""


@dataclass(frozen=True)
class Teller(Recommendation):
    """Writes the sentences of one decision."""

    def do_nothing(self) -> str:
        """What keeping today's plan means."""
        d, t = self.decision, self.fmt.t
        today = t(
            "Today’s plan is expected to win {won} through media {during} (90% interval {ends}).",
            won=self.fmt.outcome(d.won_today),
            during=self.during,
            ends=self.fmt.outcome_range(d.won_today),
        )
        then = self._then()
        return f"{today} {then}" if then else today

    def _then(self) -> str:
        d, fmt, t = self.decision, self.fmt, self.fmt.t
        if d.verdict == "unchanged":
            return ""
        if d.verdict == "better":
            each = d.decisive.times(1 / max(d.periods, 1))
            values = {"amount": fmt.outcome(each), "net": self._net_of_money, "ends": fmt.outcome_range(each)}
            if fmt.period == "day":
                return t("Each day of waiting forgoes about {amount}{net} ({ends}).", **values)
            return t("Each week of waiting forgoes about {amount}{net} ({ends}).", **values)
        if d.verdict == "worse":
            return t("On this evidence that is the better choice{net}.", net=self._net_of_money)
        if d.verdict == "equal":
            return t("Staying with it costs less than what counts as a difference.")
        return t("Staying with it is a defensible choice until the evidence is clearer.")

    @property
    def _net_of_money(self) -> str:
        return "" if self.decision.net is None else self.fmt.t(", net of the money spent")

    def limits(self) -> str:
        """Which channels stop at a limit of the settings, so that the limit decides and not the evidence."""
        d, fmt, t = self.decision, self.fmt, self.fmt.t
        low = named([m for m in d.moves if m.limit == "lower"], fmt)
        high = named([m for m in d.moves if m.limit == "upper"], fmt)
        if high and low:
            return t(
                "The limits, not the evidence, stop {high} at the most that was allowed and {low} at the least.",
                high=high,
                low=low,
            )
        if high:
            return t("The limits, not the evidence, stop {high} at the most that was allowed.", high=high)
        return t("The limits, not the evidence, stop {low} at the least.", low=low) if low else ""

    def held(self, large: Collection[str]) -> str:
        """Which of the ``large`` channels are out of the decision, and why."""
        fmt = self.fmt
        by: dict[str, list[Move]] = {}
        for move in self.decision.moves:
            if move.name in large and move.held:
                by.setdefault("pause" if move.held == "pause" else "settings", []).append(move)
        said = []
        if paused := by.get("pause"):
            said.append(
                fmt.plural(
                    "{names} takes no part in this decision: today’s plan spends nothing on it, and limits relative to "
                    "that leave it at nothing. With limits in money it can be planned.",
                    "{names} take no part in this decision: today’s plan spends nothing on them, and limits relative "
                    "to that leave them at nothing. With limits in money they can be planned.",
                    len(paused),
                    names=named(paused, fmt),
                )
            )
        if fixed := by.get("settings"):
            said.append(
                fmt.plural(
                    "{names} takes no part in this decision: the settings leave it one amount only.",
                    "{names} take no part in this decision: the settings leave them one amount each.",
                    len(fixed),
                    names=named(fixed, fmt),
                )
            )
        return " ".join(said)

    def how_sure(self) -> str:
        """Probability in words, and what a bad case looks like."""
        d, fmt, t = self.decision, self.fmt, self.fmt.t
        if d.verdict == "unchanged":
            return t("The two plans are the same, so there is nothing to be wrong about.")
        values = {"amount": fmt.outcome(Point(abs(d.worst), "plan/worst5")), "net": self._net_of_money}
        if d.worst > 0:
            bad = t(
                "If things go badly (the worst 5%), it still gains {amount} on average against today’s plan{net}.",
                **values,
            )
        else:
            bad = t(
                "If things go badly (the worst 5%), it loses {amount} on average against today’s plan{net}.", **values
            )
        return " ".join(filter(None, (self._in_hundred(d.probability), bad, self.model_alone())))

    def model_alone(self) -> str:
        """What the posterior says by itself of the gain, and why the report says something else."""
        gain = self.decision.model_gain
        if gain is None or self.decision.verdict == "unchanged":
            return ""
        values = {"gain": self.fmt.outcome(gain, sign=True), "ends": self.fmt.outcome_range(gain)}
        kept = self.decision.kept
        if kept is None:
            return self.fmt.t(
                "The figures count how far such models were off where the truth was known; by itself the model would "
                "say {gain} (90% interval {ends}).",
                **values,
            )
        return self.fmt.t(
            "How that is known: in {held} of {worlds} simulated companies that nothing was tuned on, what came lay in "
            "the interval that had been promised (docs/studies/promises.md). The model alone would say {gain} "
            "(90% interval {ends}).",
            held=kept.held,
            worlds=kept.worlds,
            **values,
        )

    def _in_hundred(self, probability: float) -> str:
        t = self.fmt.t
        if probability > 0.99:
            return t("In practically all outcomes that fit the data, this plan does better.")
        if probability < 0.01:
            return t("In practically none of the outcomes that fit the data this plan does better.")
        return t("In about {n} of 100 outcomes that fit the data, this plan does better.", n=round(100 * probability))

    def outside(self) -> str:
        """How far the plan leaves what was ever tried."""
        fmt, t = self.fmt, self.fmt.t
        beyond = sorted((m for m in self.decision.moves if m.reach > BEYOND), key=lambda m: -m.reach)
        if not beyond:
            return t(
                fmt.by_period(
                    mark("Every channel stays within the weekly spend that the data have seen."),
                    mark("Every channel stays within the daily spend that the data have seen."),
                )
            )
        values = {"name": fmt.label(beyond[0].name), "times": fmt.number(beyond[0].reach, 1)}
        text = t(
            fmt.by_period(
                mark("{name} would go up to {times} times its highest week on record."),
                mark("{name} would go up to {times} times its highest day on record."),
            ),
            **values,
        )
        if len(beyond) > 1:
            others = named(beyond[1:], fmt)
            text += " " + fmt.plural(
                "{names} would also go beyond its own.",
                "{names} would also go beyond theirs.",
                len(beyond) - 1,
                names=others,
            )
        return f"{text} {t('There the model continues the curve without having seen it: go there in steps.')}"

    def first_steps(self) -> str:
        """For which channels the next money is a first step, since they have next to none."""
        fmt = self.fmt
        names = named([m for m in self.decision.moves if min(m.today, m.planned) < m.first], fmt)
        if not names:
            return ""
        return fmt.t(
            "With next to no spend on {names}, the next {amount} stands for a first step: what 1% of the highest spend "
            "so far, kept up, returns.",
            names=names,
            amount=fmt.next_amount,
        )

    def goes_beyond(self) -> bool:
        """Whether a channel leaves what the data have seen."""
        return any(m.reach > BEYOND for m in self.decision.moves)

    def change_mind(self) -> str:
        """Which finding would overturn the advice: the move that the data support least."""
        d, fmt, t = self.decision, self.fmt, self.fmt.t
        weighed = [m for m in (*d.raised(), *d.lowered()) if math.isfinite(m.direction)]
        if not weighed:
            return t("An experiment on the largest channel would teach the most.")
        weakest = min(weighed, key=_support)
        support = _support(weakest)
        values = {"name": fmt.label(weakest.name), "chance": fmt.probability(support), "amount": fmt.next_amount}
        if support > 0.95:
            sentences = [t("The direction of every move is well supported.")]
            if support <= 0.99:
                sentences.append(
                    t("The least certain is more for {name} ({chance}).", **values)
                    if weakest.rises
                    else t("The least certain is less for {name} ({chance}).", **values)
                )
            sentences.append(t("An experiment that contradicts a channel’s return would change the plan."))
            return " ".join([*sentences, t("A new competitor, price or product would call for a new look.")])
        if weakest.rises:
            text = t(
                "The move that the data support least is more for {name}: the chance that its next {amount} returns "
                "more than the average channel’s is {chance}.",
                **values,
            )
        else:
            text = t(
                "The move that the data support least is less for {name}: the chance that its next {amount} returns "
                "less than the average channel’s is {chance}.",
                **values,
            )
        return " ".join(
            filter(None, (text, self._next_return(weakest), t("A test on {name} would tell the most.", **values)))
        )

    def _next_return(self, move: Move) -> str:
        if not move.next_return.known:
            return ""
        lower, upper = self.fmt.ratio_ends(move.next_return)
        return self.fmt.t("Its return lies between {lower} and {upper}.", lower=lower, upper=upper)

    def profit(self) -> str:
        """What was assumed of profit where no margin is stated, and the margin from which the advice is another."""
        d, fmt, t = self.decision, self.fmt, self.fmt.t
        if d.margin is not None or not fmt.value_returns:
            return ""
        values = {"outcome": self.outcome, "of_outcome": t.of(self.outcome)}
        text = [t("No margin is stated, so the plan weighs {outcome}, and whether money pays is not judged.", **values)]
        text += [self._pays(one, first=one is d.pays[0]) for one in d.pays]
        if not d.pays:
            text.append(t("Its limits leave no smaller budget, so no margin would change the plan’s total."))
        return " ".join([*text, t("With plan.margin in the settings it weighs profit.")])

    def _pays(self, one: Pays, *, first: bool) -> str:
        """From which margin on money pays; ``first`` where no sentence of the kind stands before this one."""
        fmt, t = self.fmt, self.fmt.t
        amount = fmt.money(one.money)
        if not one.margin.mean <= 1:
            return self._pays_never(one.which, amount, first=first)
        # A margin is at most all of the revenue.
        capped = Estimate(one.margin.mean, one.margin.lower, min(one.margin.upper, 1.0), q=one.margin.q)
        values = {"amount": amount, "margin": fmt.percent(capped, 0), "ends": fmt.percent_range(capped, decimals=0)}
        if one.which == "less":
            return t("The {amount} less pay as long as the margin is below {margin} (90% interval {ends}).", **values)
        if one.which == "more":
            return t("The {amount} more pay from a margin of {margin} on (90% interval {ends}).", **values)
        return t(
            "Its last {amount} pay from a margin of {margin} on (90% interval {ends}); below that, spending less earns "
            "more.",
            **values,
        )

    def _pays_never(self, which: str, amount: str, *, first: bool) -> str:
        t = self.fmt.t
        if which == "less":
            return t("The {amount} less would win less than they cost: saving them pays at any margin.", amount=amount)
        if which == "more":
            return t("The {amount} more win less than they cost: no margin makes them pay.", amount=amount)
        if first:
            return t("The last {amount} of the plan win less than they cost: no margin makes them pay.", amount=amount)
        return t("Nor do the last {amount} that the plan spends return what they cost.", amount=amount)

    def unspent(self) -> str:
        """Why money is left over, where it is."""
        d, fmt = self.decision, self.fmt
        if d.unspent <= 0.005 * max(d.spend_planned, 1e-9):
            return ""
        return fmt.t(
            "{amount} of the budget stays unspent: within the limits, no channel’s next {next} returns enough to be "
            "worth spending.",
            amount=fmt.money(Point(d.unspent, "plan/unspent")),
            next=fmt.next_amount,
        )


_FAILURES = {
    "r_hat": mark("Repeated runs of the calculation do not agree with each other."),
    "ess_bulk": mark("The calculation was too short for stable averages."),
    "ess_tail": mark("The calculation was too short for stable intervals."),
    "divergences": mark("The calculation missed a part of the possible answers."),
    "e_bfmi": mark("The calculation explored the possible answers too slowly."),
    "baseline": mark("Media are credited with more than the whole outcome."),
    "coverage": mark("Forecasts of unseen periods do not hold."),
    "scale": mark("The data have another size than those that the model was made for."),
    "last_year": mark("These data cannot decide: repeating past values forecasts better than the model."),
    "sign": mark("The data say that a channel works the other way than the model assumes."),
}


def failure(name: str, problem: str, fmt: Formatter) -> str:
    """A failed check without jargon; the check's own words where it is not known here."""
    if name in _FAILURES:
        return fmt.t(_FAILURES[name])
    return f"{fmt.made_below(problem)}."


_RESERVATIONS = {
    "sign": mark("The data speak against an effect of {names} in the direction that the model assumes."),
    "prior": mark("The return of {names} rests mostly on what was assumed before the data; a test would settle it."),
    "sensitive": mark("How far the data moved the return of {names} depends on how sure the assumption before was."),
    "surprise": mark("The return of {names} is far from what was expected: a driver may be missing from the data."),
    "together": mark("{names} ran so much alike that only what they bring together is known well."),
    "family": mark("The return of {names} depends on which of the models is right."),
    "quarter": mark("What is believed of {names} moved more with the last weeks than it should."),
    "hidden_demand": mark("Weak demand that the data do not show would undo the advice on {names}."),
    "unexplained": mark("What the model cannot explain still goes up and down with {names}."),
    "noise": mark("The outcome made jumps that the model cannot explain."),
    "baseline": mark("In some periods, media are credited with more than the whole outcome."),
    "coverage": mark("Forecasts of unseen periods missed more, or less, than they should."),
    "last_year": mark("Repeating past values forecast better than the model, perhaps by chance."),
    "r_hat": mark("A single run of the calculation cannot be compared with another."),
    "scale": mark("The data have another size than those that the model was made for."),
    "divergences": mark("The calculation may have missed a part of the possible answers."),
    "experiments": mark("An experiment and the model do not agree."),
    "explanations": mark(
        "These data have several explanations, which differ in what {names} bring; a test would settle it."
    ),
    "graph": mark("By the causes that were stated, the returns of {names} are not their whole effects."),
    "left_out": mark("One of the models could not be calculated and was left out."),
}


def reservation(name: str, problem: str, channels: Sequence[str], fmt: Formatter) -> str:
    """A check that passed with a reservation, without jargon; its own words where it is not known here."""
    if name in _RESERVATIONS:
        return fmt.t(_RESERVATIONS[name], names=fmt.join([fmt.label(c) for c in channels], 3))
    return f"{fmt.made_below(problem)}."


def _support(move: Move) -> float:
    """Probability that the data give to the direction in which a channel moves."""
    return move.direction if move.rises else 1.0 - move.direction


def promises(record: Record, gain: Estimate, fmt: Formatter) -> str:
    """What became of the promises of settled plans, and what is to be counted on of this one."""
    over, won = (Estimate(one.mean, one.lower, one.upper) for one in (record.over, record.won))
    text = [
        fmt.plural(
            "{held} of {n} settled plan held what was promised.",
            "{held} of {n} settled plans held what was promised.",
            record.plans,
            held=record.held,
        ),
        fmt.t(
            "Promises were {over} above what came, on average (90% interval {ends}).",
            over=fmt.outcome(over),
            ends=fmt.outcome_range(over),
        ),
        fmt.t(
            "In all, plans won {won} (90% interval {ends}).",
            won=fmt.outcome(won, sign=True),
            ends=fmt.outcome_range(won),
        ),
    ]
    if record.factor < 1.0:
        told = gain.times(record.factor)
        text.append(
            fmt.t(
                "By that record {share} of a promise is kept: count on {told} of this plan (90% interval {ends}).",
                share=fmt.percent(record.factor, 0),
                told=fmt.outcome(told, sign=True),
                ends=fmt.outcome_range(told),
            )
        )
    return " ".join(text)


def rests_on(periods: int, geos: int, channels: int, controls: int, fmt: Formatter) -> str:
    """What data the advice rests on, as a noun phrase: '156 weeks of data from 8 regions on 6 paid channels ...'."""
    text = fmt.t("{periods} of data", periods=fmt.periods(periods))
    if geos > 1:
        text += fmt.plural(" from {n} region", " from {n} regions", geos)
    text += fmt.plural(" on {n} paid channel", " on {n} paid channels", channels)
    if controls:
        text += fmt.plural(" and {n} other driver", " and {n} other drivers", controls)
    return text

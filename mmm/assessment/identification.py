"""Warnings where identification is weak: checks of the gate made from :mod:`mmm.assessment.signals`.

Each names the channels concerned and the next step. They warn: a weakly identified channel is no reason to stop, but
the reader must know. One may fail: where the data say clearly that a channel works the other way than the model can
express, its return and those of all others are wrong. docs/warnings.md says how the limits were chosen.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mmm.assessment.checks import Check, Status
from mmm.assessment.settings import GateSettings
from mmm.assessment.signals import SCORES, Signals

_SCORE_ADVICE = {
    "future": "{names}: the outcome moves before the spend does, so the spend follows demand. Add what drives demand "
    "as a control, and test the channel.",
    "later": "{names}: an effect shows after the look-back. Raise model.lookback.",
    "fading": "{names}: the effect changes over time. Let it vary (model.channels.NAME.varies: true), or test it now.",
    "bent": "{names}: the curve may be of another shape. Do not go far beyond the spend that was tried.",
    "joint": "{names}: the effect depends on which other channels run. Plan them together, and test them together.",
}


@dataclass(frozen=True)
class _Kind:
    """A kind of weakness in words; ``advice`` has the place ``{names}`` for the channels."""

    name: str
    title: str
    rule: str
    advice: str

    def check(self, far: pd.Series, limit: float, shown: pd.Series | None = None) -> Check:
        """Warn of the channels whose ``far`` is above ``limit``; ``shown`` are the values to tell, if others."""
        worst = str(far.idxmax())
        value = float((far if shown is None else shown)[worst])
        shown_value = f"{value:.2f}" if np.isfinite(value) else "more than can be measured"
        beyond = [str(c) for c in far.index[far > limit]]
        if not beyond:
            return Check(self.name, self.title, "pass", value, self.rule, f"Furthest is {worst} with {shown_value}.")
        names = ", ".join(beyond)
        summary = f"Beyond the limit: {names}. Furthest is {worst} with {shown_value}."
        advice = self.advice.replace("{names}", names)
        return Check(self.name, self.title, "warn", value, self.rule, summary, advice, tuple(beyond))


def identification_checks(found: Signals, settings: GateSettings) -> tuple[Check, ...]:
    """One check a kind of weakness, in a fixed order."""
    table = found.channels
    checks = [_sign(table, settings), _prior(table, settings), _sensitive(table, settings), _surprise(table, settings)]
    if len(table) > 1:
        checks.append(_together(table, settings))
    if (table["family"] > 0).any():
        checks.append(_family(table, settings))
    if table["quarter"].notna().any():
        checks.append(_quarter(table, settings))
    if len(table) > 1:
        checks.append(_hidden_demand(table, settings))
    return (*checks, _unexplained(table, settings), _noise(found.whole, settings))


def concerned(checks: tuple[Check, ...]) -> dict[str, tuple[str, ...]]:
    """By channel, the names of the checks that warn of it."""
    out: dict[str, list[str]] = {}
    for check in checks:
        for channel in check.channels:
            out.setdefault(channel, []).append(check.name)
    return {channel: tuple(names) for channel, names in out.items()}


def _sign(table: pd.DataFrame, settings: GateSettings) -> Check:
    """Against the sign that a channel's role assumes: :mod:`mmm.assessment.free_signs`."""
    warned, failed = settings.opposite_sign_warn, settings.opposite_sign_fail
    far = table["against"]
    worst, value = str(far.idxmax()), float(far.max())
    status: Status = "fail" if value > failed else "warn" if value > warned else "pass"
    summary = f"Most speaks against the sign of {worst}: {value:.1f} standard deviations."
    advice = ""
    beyond = tuple(str(c) for c in far.index[far > warned])
    if beyond:
        names = ", ".join(beyond)
        effect, error = (float(table[column][worst]) for column in ("opposite", "opposite_error"))
        summary = (
            f"With signs left free the effect of {worst}, in the terms of its prior, is {effect:.2f} with a standard "
            f"error of {error:.2f}: {value:.1f} standard deviations against the sign that is assumed."
        )
        advice = (
            f"{names}: the model cannot express this, so that this return and those of other channels are wrong. Look "
            "for what moves against the spend and add it as a control, such as prices, promotions or a season. If "
            "there is nothing, the channel may do harm: pause it in some regions and test it, or state what is known "
            "in model.channels.NAME.sign."
        )
    return Check(
        "sign",
        "Channels work the way that is assumed",
        status,
        value,
        f"at most {warned:g} standard deviations against the sign; beyond {failed:g} fails",
        summary,
        advice,
        beyond,
    )


def _prior(table: pd.DataFrame, settings: GateSettings) -> Check:
    limit = settings.overlap_max
    kind = _Kind(
        "prior",
        "Returns rest on the data",
        f"prior and posterior share at most {limit:g}",
        "Test {names}: without a test the return rests on the prior.",
    )
    return kind.check(table["overlap"], limit)


def _sensitive(table: pd.DataFrame, settings: GateSettings) -> Check:
    """The data moved the return, but how far depends on how sure the prior was."""
    limit = settings.prior_shift_max
    kind = _Kind(
        "sensitive",
        "Returns stay when the prior is made surer or less sure",
        f"moved by at most {limit:g} standard deviations",
        "Test {names}: a prior half or twice as sure gives another return.",
    )
    return kind.check(table["prior"], limit)


def _surprise(table: pd.DataFrame, settings: GateSettings) -> Check:
    limit = settings.surprise_max
    kind = _Kind(
        "surprise",
        "Returns have the size that was expected",
        f"within {limit:g} standard deviations of the prior",
        "{names}: far from what was assumed before. Something that moves with the spend, such as demand, may be "
        "missing in the data: add it as a control, and test the channel.",
    )
    return kind.check(table["surprise"].abs(), limit)


def _together(table: pd.DataFrame, settings: GateSettings) -> Check:
    limit = settings.together_max
    kind = _Kind(
        "together",
        "Channels can be told apart",
        f"correlation of two returns of at least -{limit:g}",
        "{names}: of these only sums are known well. Run them in different weeks, or test one of them.",
    )
    return kind.check(-table["together"], limit, table["together"])


def _family(table: pd.DataFrame, settings: GateSettings) -> Check:
    limit = settings.family_max
    kind = _Kind(
        "family",
        "Models agree on the returns",
        f"at most {limit:g} of the variance between models",
        "{names}: the return depends on the assumed carryover and curve. Vary the spend in bursts and pauses, or test "
        "the channel.",
    )
    return kind.check(table["family"], limit)


def _quarter(table: pd.DataFrame, settings: GateSettings) -> Check:
    limit = settings.quarter_max
    kind = _Kind(
        "quarter",
        "Returns stay when the last periods are left out",
        f"moved by at most {limit:g} times what the new data explain",
        "{names}: the estimate moved more with the last periods than it should. Look for a change in campaigns, "
        "tracking or data.",
    )
    return kind.check(table["quarter"].abs().fillna(0.0), limit)


def _hidden_demand(table: pd.DataFrame, settings: GateSettings) -> Check:
    """Only where a direction is advised at all: else there is nothing to undo."""
    limit = settings.robustness_min
    kind = _Kind(
        "hidden_demand",
        "Hidden demand would have to be strong to undo the advice",
        f"at least {limit:g} of what is unexplained in spend and outcome",
        "{names}: weak hidden demand would undo what is advised. Test it before much money is moved.",
    )
    sure = (table["direction"] - 0.5).abs() > settings.direction_sure - 0.5
    needed = table["robustness"].where(sure, 1.0)
    return kind.check(1.0 - needed, 1.0 - limit, needed)


def _unexplained(table: pd.DataFrame, settings: GateSettings) -> Check:
    """The advice is for the kind that is furthest out."""
    scores, limit = table[list(SCORES)].abs(), settings.score_max
    worst = scores.max(axis=1)
    advice = _SCORE_ADVICE[str(scores.max().idxmax())]
    rule = f"scores of at most {limit:g}"
    return _Kind("unexplained", "What is unexplained follows no channel", rule, advice).check(worst, limit)


def _noise(whole: Mapping[str, float], settings: GateSettings) -> Check:
    step, tails = whole["step"], whole["tails"]
    advice = ""
    if step > settings.step_max:
        advice = "The outcome shifts for good at some date. Look for an event there and add it as a control."
    elif tails > settings.tails_max:
        advice = "Single periods are far off. Add their events as controls, or set model.likelihood to student_t."
    return Check(
        "noise",
        "What is unexplained looks like noise",
        "warn" if advice else "pass",
        step,
        f"shift of at most {settings.step_max:g}, excess kurtosis of at most {settings.tails_max:g}",
        f"The largest lasting shift scores {step:.1f}, the excess kurtosis is {tails:.1f}.",
        advice,
    )

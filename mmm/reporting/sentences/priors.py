"""Words for what is believed before the data: numbers in business units, and what is absurd with its next step."""

from collections.abc import Callable, Mapping

import numpy as np

from mmm.analysis.prior import Absurd, PriorPredictive
from mmm.reporting.notation.estimate import Estimate
from mmm.reporting.notation.formatter import Formatter

_Say = Callable[[tuple[float, ...], str, Formatter], tuple[str, str]]


def absurd_words(one: Absurd, fmt: Formatter) -> tuple[str, str]:
    """What is absurd as a sentence, and what to do. Raises KeyError for an unknown kind."""
    return _SENTENCES[one.kind](one.values, fmt.label(one.name), fmt)


def _above(values: tuple[float, ...], _: str, fmt: Formatter) -> tuple[str, str]:
    said = (
        f"In {fmt.percent(values[0], 0)} of what is believed, media alone bring more than the whole outcome; 5% "
        f"lie above {fmt.percent(values[1], 0)} of it."
    )
    return said, "State lower or narrower returns: model.roas, or model.channels.NAME.roas of the largest channels."


def _negative(values: tuple[float, ...], _: str, fmt: Formatter) -> tuple[str, str]:
    return (
        f"Without media the outcome would be negative with a probability of {fmt.percent(values[0], 0)} a period.",
        "Lower model.baseline.intercept_scale or seasonality_scale, or the returns that leave so little to the rest.",
    )


def _return_range(values: tuple[float, ...], name: str, fmt: Formatter) -> tuple[str, str]:
    said = (
        f"{name}: a return from {fmt.ratio_range(*values[:2])}; few channels bring less than 0.05 "
        "or more than 20 for each 1 spent."
    )
    return (
        said,
        f"State what is known of it in model.channels.{name}.roas, and look whether spend and outcome have one unit.",
    )


def _known(values: tuple[float, ...], name: str, fmt: Formatter) -> tuple[str, str]:
    return (
        f"{name}: its return is believed to lie between {fmt.ratio_range(*values[:2])}, and the data hardly move that.",
        "Widen it (model.priors_from.widen for a file), or give the measurement as an experiment with its error.",
    )


def _one_share(values: tuple[float, ...], name: str, fmt: Formatter) -> tuple[str, str]:
    return (
        f"{name} alone may bring {fmt.percent(values[1], 0)} of the outcome (5% lie above).",
        f"State model.channels.{name}.roas or share lower, where nobody in the business would believe that.",
    )


def _beyond(values: tuple[float, ...], name: str, fmt: Formatter) -> tuple[str, str]:
    said = (
        f"{name}: half of an effect takes at least {fmt.fine(values[0])} periods, and the look-back ends after "
        f"{fmt.number(values[1])}."
    )
    return said, "Lengthen model.lookback, or state a faster carryover (alpha, half_life, scale)."


def _straight(values: tuple[float, ...], name: str, fmt: Formatter) -> tuple[str, str]:
    said = (
        f"{name}: half of the largest effect needs {fmt.money_range(*values[:2])} a period, and at most "
        f"{fmt.money(values[2])} was spent: the curve is straight, and a plan would put all money there."
    )
    return said, f"State model.channels.{name}.saturation.half lower (unit: money)."


def _flat(values: tuple[float, ...], name: str, fmt: Formatter) -> tuple[str, str]:
    said = (
        f"{name}: half of the largest effect is reached at {fmt.money_range(*values[:2])} a period, and never less "
        f"than {fmt.money(values[2])} was spent: all of it would be saturated."
    )
    return said, f"State model.channels.{name}.saturation.half higher (unit: money)."


def _far(values: tuple[float, ...], _: str, fmt: Formatter) -> tuple[str, str]:
    said = (
        f"Outcomes of a period are believed between {fmt.outcome_range(values[1], values[2])}, "
        f"{fmt.number(values[0])} times as wide as the data spread."
    )
    return said, "Narrow the baseline's scales (model.baseline) or the returns."


def _outside(values: tuple[float, ...], _: str, fmt: Formatter) -> tuple[str, str]:
    return (
        f"Only {fmt.percent(values[0], 0)} of the observed periods lie in what is believed of them (90% should).",
        "Widen what was narrowed: returns, effects of controls, or the baseline's scales.",
    )


_SENTENCES: Mapping[str, _Say] = {
    "media above the whole outcome": _above,
    "negative baseline": _negative,
    "return out of range": _return_range,
    "return known beforehand": _known,
    "share of one channel": _one_share,
    "carryover beyond the look-back": _beyond,
    "curve straight where money was": _straight,
    "curve flat where money was": _flat,
    "outcomes far beyond the data": _far,
    "data outside what is believed": _outside,
}


def ends_words(unit: str, lower: float, upper: float, fmt: Formatter) -> tuple[str, str]:
    """The two ends of a parameter's interval in its unit."""
    if unit == "money":
        return fmt.money(lower, short=True), fmt.money(upper, short=True)
    if unit == "outcome":
        return fmt.outcome(lower, short=True), fmt.outcome(upper, short=True)
    if unit in ("share", "percent"):
        return fmt.percent(lower), fmt.percent(upper)
    return fmt.fine(lower), fmt.fine(upper)


def unit_words(unit: str, name: str, found: PriorPredictive, fmt: Formatter) -> str:
    """What the numbers of a parameter count."""
    dataset = found.fit.dataset
    if unit == "media":
        return dataset.media_unit[dataset.channels.index(name)]
    known = {
        "money": dataset.currency,
        "return": f"{dataset.currency} for each {fmt.one} spent",
        "share": "of the outcome",
        "percent": "",
        "periods": f"{fmt.period}s",
        "outcome": f"{fmt.outcome_unit} a {fmt.period}",
    }
    return known.get(unit, "")


def lead_words(found: PriorPredictive, fmt: Formatter) -> str:
    """What is believed in all, as a sentence."""
    lower, median, upper = np.quantile(found.media_share, [0.05, 0.5, 0.95])
    share = Estimate(float(median), float(lower), float(upper))
    return (
        f"Before any outcome is looked at, media are believed to bring {fmt.percent(share)} of it "
        f"({fmt.percent_range(share)}). "
        + (
            f"{len(found.absurd)} of these beliefs should be looked at."
            if len(found.absurd) > 1
            else "One of these beliefs should be looked at."
            if found.absurd
            else "None of these beliefs is absurd."
        )
    )

"""The answers under the chapters' questions, written by rules from tables of numbers.

An answer's first line is its conclusion, which heads slides and the brief; what supports it follows on the second.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from mmm.reporting.languages.words import mark
from mmm.reporting.notation.estimate import Estimate
from mmm.reporting.notation.formatter import Formatter
from mmm.reporting.notation.identity import Point

_FEWEST_QUARTERS = 2


def drivers(parts: pd.DataFrame, media: Estimate, total: float, outcome: str, fmt: Formatter) -> str:
    """What the outcome is made of. ``parts``: index component, columns ``kind``, ``mean``; ``media`` their sum."""
    without = float(parts.loc[parts["kind"] != "media", "mean"].sum())
    channels = parts[parts["kind"] == "media"]["mean"].sort_values(ascending=False)
    share = media.times(1 / total, "past/media/share")
    whole = fmt.outcome(Point(total, "past/total"))
    if fmt.money_outcome:
        whole = fmt.t("{amount} of {outcome}", amount=whole, outcome=outcome, of_outcome=fmt.t.of(outcome))
    values = {
        "total": whole,
        "without": fmt.outcome(Point(without, "past/without")),
        "share_without": fmt.percent(Point(without / total, "past/without/share")),
        "media": fmt.outcome(media),
        "share": fmt.percent(share),
        "ends": fmt.percent_range(share),
        "names": fmt.join([fmt.label(str(c)) for c in channels.index[:2]]),
    }
    first = fmt.t("Of {total}, {without} ({share_without}) would have come without paid media.", **values)
    if len(channels) > 1:
        added = fmt.t(
            "Media added {media}, or {share} (90% interval {ends}), most of it through {names}.",
            **values,
        )
    else:
        added = fmt.t("Media added {media}, or {share} (90% interval {ends}).", **values)
    return f"{first}\n{added}"


def unpaid(channels: pd.DataFrame, fmt: Formatter) -> Iterator[str]:
    """A sentence on each channel without a cost. ``channels``: index channel, ``effect`` and ``share`` with bounds."""
    for name, line in channels.iterrows():
        took = float(line["effect"]) < 0
        effect, share = (
            Estimate(float(line[what]), float(line[f"{what}_lower"]), float(line[f"{what}_upper"])).times(
                -1.0 if took else 1.0, f"past/{name}/{what}"
            )
            for what in ("effect", "share")
        )
        values = {
            "name": fmt.label(str(name)),
            "amount": fmt.outcome(effect),
            "share": fmt.percent(share),
            "ends": fmt.percent_range(share),
        }
        if took:
            yield fmt.t("{name} took {amount}, or {share} of the outcome (90% interval {ends}).", **values)
        else:
            yield fmt.t(
                "{name} brought {amount}, or {share} of the outcome (90% interval {ends}). It has no price, so that no "
                "return is told.",
                **values,
            )


def returns(channels: pd.DataFrame, overall: Estimate, fmt: Formatter) -> str:
    """Average and next unit's return. ``channels``: index channel, ``roas`` and ``marginal_roas`` with bounds."""
    order = channels["marginal_roas"].astype(float).sort_values(ascending=False)
    best, worst = (_next(channels, str(order.index[i])) for i in (0, -1))
    least = worst.mean
    values = {
        "amount": fmt.next_amount,
        "best": fmt.label(str(order.index[0])),
        "worst": fmt.label(str(order.index[-1])),
        "most": fmt.returned(best),
        "least": fmt.returned(worst),
    }
    average = fmt.t(
        "On average each {amount} of media won {won} (90% interval {ends}).",
        amount=fmt.next_amount,
        won=fmt.returned(overall),
        ends=fmt.returned_range(overall),
    )
    if len(channels) == 1:
        return f"{fmt.t('The next {amount} would win {most}.', **values)}\n{average}"
    if fmt.value_returns and least < fmt.break_even:
        costs = mark(
            "The next {amount} wins most on {best} ({most}) and least on {worst} ({least}, less than it costs)."
        )
        at_margin = mark(
            "The next {amount} wins most on {best} ({most}) and least on {worst} ({least}, too little at this margin "
            "to pay for itself)."
        )
        then = fmt.t(costs if fmt.break_even == 1 else at_margin, **values)
    else:
        then = fmt.t("The next {amount} wins most on {best} ({most}) and least on {worst} ({least}).", **values)
    return f"{then}\n{average}"


def over_time(quarters: pd.DataFrame, fmt: Formatter) -> Iterator[str]:
    """A sentence a channel whose effect varies in time: its best and its worst quarter, and how sure that is."""
    for name, own in quarters.groupby("channel", sort=False):
        if len(own) < _FEWEST_QUARTERS:
            continue
        lines = own.to_dict("records")
        best, worst = (pick(lines, key=lambda line: float(line["roas"])) for pick in (max, min))
        most, least = _return_of(best), _return_of(worst)
        yield fmt.t(
            "{channel}: each {amount} spent in {best} won {most} ({ends}), in {worst} {least} ({lows}); the former was "
            "better with a probability of {probability}.",
            amount=fmt.next_amount,
            channel=fmt.label(str(name)),
            best=best["quarter"],
            most=fmt.returned(most),
            ends=fmt.returned_range(most),
            worst=worst["quarter"],
            least=fmt.returned(least),
            lows=fmt.returned_range(least),
            probability=fmt.probability(float(best["above_least"])),
        )


def _return_of(line: Mapping[Any, Any]) -> Estimate:
    return Estimate(*(float(line[f"roas{end}"]) for end in ("", "_lower", "_upper")))


def _next(channels: pd.DataFrame, name: str) -> Estimate:
    """What the next money wins on a channel."""
    line = pd.Series(channels.loc[name])
    ends = (float(line[f"marginal_roas{end}"]) for end in ("", "_lower", "_upper"))
    return Estimate(*ends, q=f"past/{name}/marginal_roas")


def _nearest_ceiling(channels: pd.DataFrame, fmt: Formatter) -> str:
    """The channel that reached most of its largest effect, among those whose curve has one."""
    reached = channels["saturation"].astype(float).dropna().sort_values(ascending=False)
    if reached.empty:
        return ""
    highest = str(reached.index[0])
    line = pd.Series(channels.loc[highest])
    level = Estimate(
        *(float(line[f"saturation{end}"]) for end in ("", "_lower", "_upper")), q=f"past/{highest}/saturation"
    )
    return " " + fmt.t(
        "{highest} is closest to its ceiling: {level} of it is reached.",
        highest=fmt.label(highest),
        level=fmt.percent(level),
    )


def saturation(channels: pd.DataFrame, fmt: Formatter) -> str:
    """Where money runs into its ceiling: the channel that reached most of it, and what the next money wins there.

    The next unit's return relative to the average one says where more money wins less than before.
    """
    ratio = (channels["marginal_roas"] / channels["roas"]).replace([np.inf, -np.inf], np.nan).dropna().sort_values()
    if ratio.empty:
        return fmt.t("Too little is known of the curves to say.")
    tired = [fmt.label(str(c)) for c in ratio.index[ratio < 0.5]]
    fresh = [fmt.label(str(c)) for c in ratio.index[ratio > 0.75]]
    values = {
        "first": fmt.label(str(ratio.index[0])),
        "amount": fmt.next_amount,
        "share": fmt.percent(Point(float(ratio.iloc[0]), f"past/{ratio.index[0]}/next_over_average"), 0),
    }
    if tired:
        text = fmt.plural(
            "{names} is well past the steep part of the curve: on {first} the next {amount} wins {share} of what an "
            "average one wins.",
            "{names} are well past the steep part of the curve: on {first} the next {amount} wins {share} of what an "
            "average one wins.",
            len(tired),
            names=fmt.join(tired),
            **values,
        )
    else:
        text = fmt.t(
            "On no channel the next {amount} wins less than half of what an average one wins; it is least on {first}, "
            "with {share}.",
            **values,
        )
    text += _nearest_ceiling(channels, fmt)
    if fresh:
        text += " " + fmt.plural(
            "{names} still has room.", "{names} still have room.", len(fresh), names=fmt.join(fresh)
        )
    return text


def budgets(curve: pd.DataFrame, planned: float, fmt: Formatter) -> str:
    """What more or less money would change. ``curve``: ``budget``, ``outcome`` of the best plan at each budget."""
    x, y = curve["budget"].to_numpy(dtype=float), curve["outcome"].to_numpy(dtype=float)
    here = float(np.interp(planned, x, y))
    step = 0.1 * planned
    values = {
        "step": fmt.money(step),
        "gained": fmt.outcome(float(np.interp(planned + step, x, y)) - here),
        "lost": fmt.outcome(here - float(np.interp(planned - step, x, y))),
    }
    more, less = planned + step <= x.max() * 1.0001, planned - step >= x.min() * 0.9999
    if more and less:
        first = fmt.t("{step} more would win {gained} more; {step} less would cost {lost}.", **values)
    elif more:
        first = fmt.t("{step} more would win {gained} more.", **values)
    elif less:
        first = fmt.t("{step} less would cost {lost}.", **values)
    else:
        return fmt.t("The table compares plans at several budgets.")
    return f"{first}\n{fmt.t('Each budget is split in its own best way.')}"


def belief(passed: bool, warned: int, error: float, inside: int, held_out: int, fmt: Formatter) -> str:
    """Whether to believe the model, in plain words."""
    if not passed:
        start = fmt.t("The model did not pass its checks: do not decide on it.")
    elif warned:
        start = fmt.plural(
            "The model passed its checks, with {n} reservation.",
            "The model passed its checks, with {n} reservations.",
            warned,
        )
    else:
        start = fmt.t("The model passed all its checks.")
    if not held_out or not math.isfinite(error):
        return start
    return f"{start}\n{forecast(error, inside, held_out, fmt)}"


def forecast(error: float, inside: int, held_out: int, fmt: Formatter) -> str:
    """How well the periods that the model had not seen were forecast."""
    return fmt.plural(
        "Asked to forecast {periods} that it had not seen, the model was off by {error} on average, and {inside} of "
        "{n} actual value lay in its 90% interval.",
        "Asked to forecast {periods} that it had not seen, the model was off by {error} on average, and {inside} of "
        "{n} actual values lay in its 90% interval.",
        held_out,
        periods=fmt.rows(held_out),
        error=fmt.percent(Point(error, "fit/holdout_error"), 1),
        inside=inside,
    )


def data(periods: int, geos: int, warnings: int, fmt: Formatter) -> str:
    """What was read and whether anything in it stands out."""
    values = {"periods": fmt.periods(periods)}
    values["where"] = fmt.plural(" from {n} region", " from {n} regions", geos) if geos > 1 else ""
    if not warnings:
        return fmt.t("{periods} of data{where} were checked before the model saw them; nothing stood out.", **values)
    return fmt.plural(
        "{periods} of data{where} were checked before the model saw them; {n} point to know is given below. Nothing "
        "was changed.",
        "{periods} of data{where} were checked before the model saw them; {n} points to know are given below. Nothing "
        "was changed.",
        warnings,
        **values,
    )

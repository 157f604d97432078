"""The one-sentence answers under the chapters' questions, written by rules from tables of numbers."""

import math

import numpy as np
import pandas as pd

from mmm.reporting.decision import Estimate
from mmm.reporting.format import Formatter, join, plural


def drivers(parts: pd.DataFrame, media: Estimate, total: float, outcome: str, fmt: Formatter) -> str:
    """What the outcome is made of. ``parts``: index component, columns ``kind``, ``mean``; ``media`` their sum."""
    without = float(parts.loc[parts["kind"] != "media", "mean"].sum())
    channels = parts[parts["kind"] == "media"]["mean"].sort_values(ascending=False)
    share = Estimate(*(v / total for v in media))
    text = (
        f"Of {fmt.outcome(total)}{_noun(outcome, fmt)}, {fmt.outcome(without)} ({fmt.percent(without / total)}) would "
        f"have come without paid media. Media added {fmt.outcome(media.mean)}, or {fmt.percent(share.mean)} "
        f"(90% interval {fmt.percent(share.lower)} to {fmt.percent(share.upper)})"
    )
    if len(channels) > 1:
        text += f", most of it through {join([fmt.label(str(c)) for c in channels.index[:2]])}"
    return text + "."


def _noun(outcome: str, fmt: Formatter) -> str:
    return f" of {outcome}" if fmt.money_outcome else ""


def returns(channels: pd.DataFrame, overall: Estimate, fmt: Formatter) -> str:
    """Average and next unit's return. ``channels``: index channel, ``roas`` and ``marginal_roas`` with bounds."""
    order = channels["marginal_roas"].astype(float).sort_values(ascending=False)
    best, worst = str(order.index[0]), str(order.index[-1])
    most, least = float(order.iloc[0]), float(order.iloc[-1])
    text = (
        f"On average each {fmt.next_amount} of media won {fmt.returned(overall.mean)} "
        f"(90% interval {fmt.returned_range(overall.lower, overall.upper)})."
    )
    if len(channels) == 1:
        return f"{text} The next {fmt.next_amount} would win {fmt.returned(most)}."
    text += (
        f" The next {fmt.next_amount} wins most on {fmt.label(best)} ({fmt.returned(most)}) and "
        f"least on {fmt.label(worst)} ({fmt.returned(least)}"
    )
    below = fmt.value_returns and least < 1
    return text + (", less than it costs)." if below else ").")


def saturation(channels: pd.DataFrame, fmt: Formatter) -> str:
    """Where money runs into its ceiling: the next unit's return relative to the average one."""
    ratio = (channels["marginal_roas"] / channels["roas"]).replace([np.inf, -np.inf], np.nan).dropna().sort_values()
    if ratio.empty:
        return "Too little is known of the curves to say."
    tired = [str(c) for c in ratio.index[ratio < 0.5]]
    fresh = [str(c) for c in ratio.index[ratio > 0.75]]
    first = str(ratio.index[0])
    share = fmt.percent(float(ratio.iloc[0]), 0)
    if tired:
        names = join([fmt.label(c) for c in tired])
        verb = "is" if len(tired) == 1 else "are"
        text = f"{names} {verb} well past the steep part of the curve"
        text += f": on {fmt.label(first)} the next {fmt.next_amount} wins {share} of what an average one wins."
    else:
        text = (
            f"No channel is close to its ceiling; {fmt.label(first)} is the closest, where the next {fmt.next_amount} "
            f"wins {share} of what an average one wins."
        )
    if fresh:
        verb = "has" if len(fresh) == 1 else "have"
        text += f" {join([fmt.label(c) for c in fresh])} still {verb} room."
    return text


def budgets(curve: pd.DataFrame, planned: float, fmt: Formatter) -> str:
    """What more or less money would change. ``curve``: ``budget``, ``outcome`` of the best plan at each budget."""
    x, y = curve["budget"].to_numpy(dtype=float), curve["outcome"].to_numpy(dtype=float)
    here = float(np.interp(planned, x, y))
    step = 0.1 * planned
    parts = []
    if planned + step <= x.max() * 1.0001:
        gained = float(np.interp(planned + step, x, y)) - here
        parts.append(f"{fmt.money(step)} more would win {fmt.outcome(gained)} more")
    if planned - step >= x.min() * 0.9999:
        lost = here - float(np.interp(planned - step, x, y))
        parts.append(f"{fmt.money(step)} less would cost {fmt.outcome(lost)}")
    if not parts:
        return "The table compares plans at several budgets."
    text = f"{parts[0][0].upper()}{parts[0][1:]}" + (f"; {parts[1]}" if len(parts) > 1 else "") + "."
    return f"{text} Each budget is split in its own best way."


def belief(passed: bool, warned: bool, error: float, inside: int, held_out: int, fmt: Formatter) -> str:
    """Whether to believe the model, in plain words."""
    start = (
        "The model did not pass its checks: do not decide on it."
        if not passed
        else "The model passed its checks, with a reservation."
        if warned
        else "The model passed all its checks."
    )
    if not held_out or not math.isfinite(error):
        return start
    return (
        f"{start} Asked to forecast {plural(held_out, fmt.period)} that it had not seen, it was off by "
        f"{fmt.percent(error, 1)} on average, and {inside} of {held_out} actual values lay in its 90% interval."
    )


def data(periods: int, geos: int, warnings: int, fmt: Formatter) -> str:
    """What was read and whether anything in it stands out."""
    where = f" from {plural(geos, 'region')}" if geos > 1 else ""
    start = f"{plural(periods, fmt.period)} of data{where} were checked before the model saw them"
    if not warnings:
        return f"{start}; nothing stood out."
    listed = "is" if warnings == 1 else "are"
    return f"{start}; {plural(warnings, 'point')} to know {listed} given below. Nothing was changed."

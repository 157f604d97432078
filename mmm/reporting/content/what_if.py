"""What the sliders need: the planner's own response curves, by posterior draw, small enough to travel in the page.

Effects add up over channels, so a plan's outcome is a sum of one curve a channel: the outcome that a total over the
horizon wins, split over weeks and regions as in the plan's pattern. Each curve is kept as values and slopes at a few
levels and interpolated by cubic Hermite polynomials, in the browser and in :func:`outcome_draws` alike.
"""

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from babel.numbers import get_currency_precision

from mmm.arrays import Floats
from mmm.planning.by_spend import curve_draws
from mmm.planning.result import Plan, interval
from mmm.reporting.design.look import Look
from mmm.reporting.notation.formatter import Formatter

_POINTS = 15
_POINTS_MANY = 11
_MANY_CHANNELS = 12
_MOST_CURVES = 2400
_FEWEST_DRAWS = 100


def payload(plan: Plan, fmt: Formatter, look: Look, draws: int) -> dict[str, Any]:
    """Curves by posterior draw, today's and the recommended plan, and the notation, as JSON data.

    At most ``draws`` draws are kept, fewer with many channels: every k-th in the order of the plan's gain, so that
    the gain's distribution stays what the report says it is.
    """
    problem = plan.problem
    today, planned = problem.reference_totals, plan.money.sum(axis=(0, 1))
    # A page with many channels stays light enough to be mailed.
    wanted = min(draws, max(_FEWEST_DRAWS, _MOST_CURVES // len(problem.channels)))
    chosen = _spread_draws(plan.decisive_gain.draws, wanted)
    found = curve_draws(plan, chosen, _POINTS if len(problem.channels) <= _MANY_CHANNELS else _POINTS_MANY)
    seen = problem.observed_peak_total
    return {
        "version": 1,
        "channels": [
            {
                "name": name,
                "label": fmt.label(name),
                "colour": look.channels[name],
                "today": float(today[c]),
                "planned": float(planned[c]),
                "top": float(found.levels[c, -1]),
                "seen": float(seen[c] / found.peak[c]) if found.peak[c] > 0 else 0.0,
            }
            for c, name in enumerate(problem.channels)
        ],
        "draws": len(chosen),
        "points": found.levels.shape[1],
        "values": _pack(found.value),
        "slopes": _pack(found.slope),
        "reference": _pack(plan.reference_draws[chosen][:, None, None]),
        "reported": _reported(plan),
        "money": fmt.money_outcome,
        "margin": plan.margin,
        "money_patterns": fmt.patterns(money=True),
        "outcome_patterns": fmt.patterns(money=fmt.money_outcome),
        "separators": [fmt.number(1000.0)[1:-3], fmt.number(0.5, 1)[1:-1]],
        "percent": fmt.percent_sign,
        "cents": get_currency_precision(fmt.currency) and 2,
        "texts": _texts(fmt, fmt.periods(plan.horizon)),
    }


def _reported(plan: Plan) -> dict[str, dict[str, list[float]]]:
    """What the report says of the recommended plan and of today's, on all draws: mean, lower and upper end.

    The sliders rest on fewer draws; they are moved by what that makes different here, so that one plan has one value.
    """
    gain, zero = plan.gain, [0.0, 0.0, 0.0]
    return {
        "planned": {
            "won": list(interval(plan.outcome_draws)),
            "gain": [gain.mean, gain.lower, gain.upper],
            "chance": [plan.decisive_gain.probability],
        },
        "today": {"won": list(interval(plan.reference_draws)), "gain": zero, "chance": [0.0]},
    }


def _texts(fmt: Formatter, horizon: str) -> dict[str, str]:
    """What the sliders say; places in braces are filled in by the browser."""
    t = fmt.t
    return {
        "heading": t("Try it yourself"),
        "intro": t(
            "Move money and see at once what it is expected to win over {horizon}, and how sure that is. The numbers "
            "are those of the planner.",
            horizon=horizon,
        ),
        "won": t("Won by media"),
        "gain": t("Against today’s plan"),
        "chance": t("Chance to beat today’s plan"),
        "spend": t("Money spent"),
        "recommended_plan": t("Recommended plan"),
        "todays_plan": t("Today’s plan"),
        "reset": t("Reset"),
        "hold": t("Keep the total"),
        "today": t("today"),
        "recommended": t("recommended"),
        "lock": t("Lock"),
        "locked": t("Locked"),
        "lock_channel": t("Lock {name}", name="{name}"),
        "total": t("Total"),
        "csv": t("Save as CSV"),
        "link": t("Copy link to this plan"),
        "copied": t("The link is in the clipboard."),
        "address": t("The address of this page now leads to this plan."),
        "saved": t("{file} was saved.", file="plan.csv"),
        "strip": t("Change against today’s plan: {change}, {range}", change="{change}", range="{range}"),
        "same": t("same plan"),
        "net_more": t("net of the money spent more"),
        "net_less": t("net of the money spent less"),
        "against": t("{change} against today", change="{change}"),
        "as_today": t("as today"),
        "beyond": t("beyond what was seen"),
        "interval": t("90% interval {ends}", ends="{ends}"),
        "span": t("{first} to {last}", first="{first}", last="{last}"),
        "above": t("more than {share}", share="{share}"),
        "below": t("less than {share}", share="{share}"),
    }


def _spread_draws(gain: Floats, wanted: int) -> npt.NDArray[np.intp]:
    """Positions of ``wanted`` draws, evenly spaced in the order of ``gain``."""
    order = np.argsort(gain, kind="stable")
    if len(order) <= wanted:
        return np.asarray(order)
    middle = (np.arange(wanted) + 0.5) * len(order) / wanted
    return np.asarray(order[middle.astype(int)])


def _pack(values: Floats) -> str:
    """[draw, channel, level] as base64 of little-endian 32-bit floats, channel first."""
    return base64.b64encode(np.ascontiguousarray(values.transpose(1, 0, 2), dtype="<f4").tobytes()).decode("ascii")


def outcome_draws(data: Mapping[str, Any], spend: Mapping[str, float]) -> Floats:
    """Outcome won by draw, as the browser computes it: the check of what is embedded against the planner."""
    n, k = int(data["draws"]), int(data["points"])
    shape = (len(data["channels"]), n, k)
    values, slopes = (
        np.frombuffer(base64.b64decode(data[name]), dtype="<f4").reshape(shape) for name in ("values", "slopes")
    )
    total = np.zeros(n)
    for c, channel in enumerate(data["channels"]):
        top = float(channel["top"])
        x = min(max(spend[channel["name"]], 0.0), top)
        levels = (np.arange(k) / (k - 1)) ** 2 * top
        i = min(int(np.sqrt(x / top) * (k - 1)), k - 2)
        width = levels[i + 1] - levels[i]
        t = (x - levels[i]) / width
        a, b = values[c, :, i].astype(float), values[c, :, i + 1].astype(float)
        da, db = slopes[c, :, i] * width, slopes[c, :, i + 1] * width
        total += (
            (2 * t**3 - 3 * t**2 + 1) * a + (t**3 - 2 * t**2 + t) * da + (-2 * t**3 + 3 * t**2) * b + (t**3 - t**2) * db
        )
    return total

"""Sentences on tests, timing, scenarios and more or less money, written by rules from the planner's tables."""

import pandas as pd

from mmm.reporting.content.alternatives import Foresight
from mmm.reporting.content.material import ScenarioLine
from mmm.reporting.languages.words import mark
from mmm.reporting.notation.estimate import Estimate
from mmm.reporting.notation.formatter import Formatter
from mmm.reporting.notation.identity import Point

_SURE = 0.95


def tests(found: Foresight, fmt: Formatter) -> str:
    """What perfect knowledge of one channel's curve would be worth to this decision, and which test that suggests."""
    t = fmt.t
    if found.test is None:
        return t(
            "Knowing any channel’s curve exactly would hardly change this decision: for this plan alone, no test is "
            "worth its cost."
        )
    table = found.information
    lines = [
        t(
            "Not knowing the curve of {name} exactly costs this decision {amount} on average: no test of it is worth "
            "more for this plan alone.",
            name=fmt.label(found.test),
            amount=fmt.outcome(Point(float(table["value"].iloc[0]), f"plan/{found.test}/information")),
        )
    ]
    if len(table) > 1 and float(table["value"].iloc[1]) > 0:
        second = fmt.outcome(Point(float(table["value"].iloc[1]), f"plan/{table.index[1]}/information"))
        lines.append(t("Next comes {name} with {amount}.", name=fmt.label(str(table.index[1])), amount=second))
    lines.append(
        t(
            "Knowing every curve would be worth {amount}.",
            amount=fmt.outcome(Point(found.everything, "plan/everything")),
        )
    )
    return " ".join(lines)


def timing(found: Foresight, fmt: Formatter) -> str:
    """What the best timing wins over even spend, each channel's total held."""
    if found.timing is None:
        return ""
    gain = found.pulsing
    even = float(found.timing["even"].sum())
    values = {
        "times": fmt.number(found.peak, 0 if found.peak == round(found.peak) else 1),
        "amount": fmt.outcome(gain),
        "ends": fmt.outcome_range(gain),
        "share": fmt.percent(gain.mean / even),
    }
    if gain.mean <= 0.001 * even:
        weekly = mark(
            "Pulsing would win next to nothing over even spend: with the money of each channel as planned, no timing "
            "with at most {times} times the even spend in a week brings noticeably more."
        )
        daily = mark(
            "Pulsing would win next to nothing over even spend: with the money of each channel as planned, no timing "
            "with at most {times} times the even spend in a day brings noticeably more."
        )
        return fmt.t(fmt.by_period(weekly, daily), **values)
    weekly = mark(
        "With the money of each channel as planned, the best timing (at most {times} times the even spend in a week) "
        "would win {amount} more than even spend (90% interval {ends}), or {share}."
    )
    daily = mark(
        "With the money of each channel as planned, the best timing (at most {times} times the even spend in a day) "
        "would win {amount} more than even spend (90% interval {ends}), or {share}."
    )
    planned = float(found.timing["as_reference"].sum()) - even
    amount = fmt.outcome(abs(planned))
    if planned >= 0:
        rhythm = fmt.t("Today’s rhythm wins {amount} more than even spend.", amount=amount)
    else:
        rhythm = fmt.t("Today’s rhythm wins {amount} less than even spend.", amount=amount)
    return f"{fmt.t(fmt.by_period(weekly, daily), **values)} {rhythm}"


def money(found: Foresight, fmt: Formatter) -> str:
    """What the next and the last money earn, and the most profitable budget."""
    parts = []
    for name, text in (
        ("next", mark("The next {amount} would win {won} (90% interval {ends}).")),
        ("last", mark("The last {amount} of the plan win {won} (90% interval {ends}).")),
    ):
        if name not in found.steps.index:
            continue
        line = pd.Series(found.steps.loc[name])
        step = Estimate(*(float(line[f"effect{end}"]) for end in ("", "_lower", "_upper")), q=f"step/{name}/effect")
        ends, won = fmt.outcome_range(step), fmt.outcome(step)
        amount = fmt.money(Point(float(line["money"]), f"step/{name}/money"))
        parts.append(fmt.t(text, amount=amount, won=won, ends=ends))
    if found.best_budget is not None:
        text = mark("The most profitable total within the limits of the channels is {amount}.")
        parts.append(fmt.t(text, amount=fmt.money(Point(found.best_budget, "plan/best_budget"))))
    return " ".join(parts)


def scenarios(lines: tuple[ScenarioLine, ...], fmt: Formatter) -> str:
    """Which scenario does best against today's plan, and which surely lose."""
    others = lines[2:]
    if not others:
        return ""
    planned = lines[1]
    best = max(others, key=lambda line: line.decisive.mean)
    text = fmt.t(
        "Of the scenarios, “{name}” does best against today’s plan: {change} (90% interval {ends}){net}; this plan "
        "brings {planned}.",
        name=best.name,
        change=fmt.outcome(best.decisive, sign=True),
        ends=fmt.outcome_range(best.decisive),
        net="" if best.net is None else fmt.t(", net of the money spent"),
        planned=fmt.outcome(planned.decisive, sign=True),
    )
    losing = [fmt.t("“{name}”", name=line.name) for line in others if line.probability < 1 - _SURE]
    if losing:
        text += " " + fmt.plural(
            "{names} very likely does worse than today’s plan.",
            "{names} very likely do worse than today’s plan.",
            len(losing),
            names=fmt.join(losing),
        )
    return text

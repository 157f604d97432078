"""Sentences on tests, timing, scenarios and more or less money, written by rules from the planner's tables."""

import pandas as pd

from mmm.reporting.foresight import Foresight
from mmm.reporting.format import Formatter, join
from mmm.reporting.material import ScenarioLine

_SURE = 0.95


def tests(found: Foresight, fmt: Formatter) -> str:
    """What perfect knowledge of one channel's curve would be worth to this decision, and which test that suggests."""
    if found.test is None:
        return (
            "Knowing any channel’s curve exactly would hardly change this decision: for this plan alone, no test is "
            "worth its cost."
        )
    table = found.information
    text = (
        f"Not knowing the curve of {fmt.label(found.test)} exactly costs this decision "
        f"{fmt.outcome(float(table['value'].iloc[0]))} on average: no test of it is worth more for this plan alone."
    )
    if len(table) > 1 and float(table["value"].iloc[1]) > 0:
        second = str(table.index[1])
        text += f" Next comes {fmt.label(second)} with {fmt.outcome(float(table['value'].iloc[1]))}."
    return f"{text} Knowing every curve would be worth {fmt.outcome(found.everything)}."


def timing(found: Foresight, fmt: Formatter) -> str:
    """What the best timing wins over even spend, each channel's total held."""
    if found.timing is None:
        return ""
    gain, times = found.pulsing, fmt.number(found.peak, 0 if found.peak == round(found.peak) else 1)
    even = float(found.timing["even"].sum())
    if gain.mean <= 0.001 * even:
        return (
            f"Pulsing would win next to nothing over even spend: with the money of each channel as planned, no timing "
            f"with at most {times} times the even spend in a {fmt.period} brings noticeably more."
        )
    text = (
        f"With the money of each channel as planned, the best timing (at most {times} times the even spend in a "
        f"{fmt.period}) would win {fmt.outcome(gain.mean)} more than even spend (90% interval "
        f"{fmt.outcome_range(gain.lower, gain.upper)}), or {fmt.percent(gain.mean / even)}."
    )
    planned = float(found.timing["as_reference"].sum()) - even
    side = "more" if planned >= 0 else "less"
    text += f" Today’s rhythm wins {fmt.outcome(abs(planned))} {side} than even spend."
    return text


def money(found: Foresight, fmt: Formatter) -> str:
    """What the next and the last money earn, and the most profitable budget."""
    parts = []
    steps = found.steps
    for name, word in (("next", "The next"), ("last", "The last")):
        if name not in steps.index:
            continue
        line = pd.Series(steps.loc[name])
        ends = fmt.outcome_range(float(line["effect_lower"]), float(line["effect_upper"]))
        amount, won = fmt.money(float(line["money"])), fmt.outcome(float(line["effect"]))
        verb = "would win" if name == "next" else "of the plan win"
        parts.append(f"{word} {amount} {verb} {won} (90% interval {ends}).")
    if found.best_budget is not None:
        parts.append(f"The most profitable total within the limits of the channels is {fmt.money(found.best_budget)}.")
    return " ".join(parts)


def scenarios(lines: tuple[ScenarioLine, ...], fmt: Formatter) -> str:
    """Which scenario does best against today's plan, and which surely lose."""
    others = lines[2:]
    if not others:
        return ""
    planned = lines[1]
    best = max(others, key=lambda line: line.decisive.mean)
    net = "" if best.net is None else ", net of the money spent"
    text = (
        f"Of the scenarios, “{best.name}” does best against today’s plan: {fmt.outcome(best.decisive.mean, sign=True)}"
    )
    text += f" (90% interval {fmt.outcome_range(best.decisive.lower, best.decisive.upper)}){net}"
    text += f"; this plan brings {fmt.outcome(planned.decisive.mean, sign=True)}."
    losing = [f"“{line.name}”" for line in others if line.probability < 1 - _SURE]
    if losing:
        text += f" {join(losing)} very likely {'does' if len(losing) == 1 else 'do'} worse than today’s plan."
    return text

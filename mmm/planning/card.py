"""A plan as a card for notebooks: what to do, what it brings, how sure that is, and the money by channel."""

import math
from html import escape

import pandas as pd

from mmm.digits import amount, interval
from mmm.planning.advice import verdict_sentence
from mmm.planning.moves import extrapolation
from mmm.planning.result import Plan, chance

_LOOK = (
    "border:1px solid #8884;border-radius:8px;padding:12px 16px;max-width:860px;font-size:13px;line-height:1.45;"
    "font-variant-numeric:tabular-nums"
)
_CELL = "padding:3px 10px;text-align:right;border-top:1px solid #8883"


def card(plan: Plan) -> str:
    """HTML that stands alone; all texts from the data are escaped."""
    gain = plan.decisive_gain
    ends = (gain.mean, gain.lower, gain.upper)
    first, low, high = (amount(value, *ends, sign=True) for value in ends)
    unspent = f"{amount(plan.unspent)} unspent" if plan.unspent else ""
    tiles = [
        ("Spend", f"{amount(plan.spend)} {plan.problem.currency}", unspent),
        ("Expected gain", f"{first} {plan.unit}", f"90% interval {low} to {high}"),
        ("Chance of a gain", chance(gain.probability), f"worst 5%: {amount(gain.worst5, sign=True)}"),
        ("Certificate", plan.certificate.kind, plan.certificate.words()),
    ]
    shown = "".join(
        f'<div style="flex:1 1 150px"><div style="opacity:.7">{escape(label)}</div>'
        f'<div style="font-size:16px;font-weight:600">{escape(value)}</div>'
        f'<div style="opacity:.7;font-size:11px">{escape(note)}</div></div>'
        for label, value, note in tiles
    )
    title = f"{plan.name}: {plan.horizon} periods from {plan.dates[0]:%Y-%m-%d}"
    return (
        f'<div style="{_LOOK}"><div style="opacity:.7">{escape(title)}</div>'
        f'<p style="margin:4px 0 10px;font-size:14px">{escape(verdict_sentence(plan))}</p>'
        f'<div style="display:flex;flex-wrap:wrap;gap:12px;margin-bottom:10px">{shown}</div>'
        f"{_table(plan)}{_beyond(plan)}</div>"
    )


def _table(plan: Plan) -> str:
    """Money and effect by channel, with a bar from today's spend to the plan's."""
    most = float(plan.allocation[["reference", "spend"]].to_numpy().max()) or 1.0
    heads = ("channel", "today", "plan", "change", "", f"effect ({plan.unit})", "direction")
    first = "".join(f'<th style="{_CELL};border-top:0">{escape(head)}</th>' for head in heads)
    rows = []
    for name, line in plan.allocation.iterrows():
        today, spend = float(line["reference"]), float(line["spend"])
        low, high = 100 * min(today, spend) / most, 100 * max(today, spend) / most
        colour = "#2e7d32" if spend >= today else "#b3541e"
        at = "position:absolute;height:9px"
        bar = (
            '<div style="position:relative;width:130px;height:9px;background:#8882">'
            f'<div style="{at};left:{low:.1f}%;width:{high - low:.1f}%;background:{colour}"></div>'
            f'<div style="{at};left:{100 * spend / most:.1f}%;width:2px;background:currentColor"></div></div>'
        )
        ends = interval(line["effect"], line["effect_lower"], line["effect_upper"])
        texts = (str(name), amount(today), amount(spend), amount(spend - today, sign=True))
        cells = "".join(f'<td style="{_CELL}">{escape(text)}</td>' for text in texts)
        cells += f'<td style="{_CELL}">{bar}</td>'
        cells += "".join(f'<td style="{_CELL}">{escape(text)}</td>' for text in (ends, _direction(line)))
        rows.append(f"<tr>{cells}</tr>")
    return (
        f'<table style="border-collapse:collapse"><thead><tr>{first}</tr></thead><tbody>{"".join(rows)}</tbody></table>'
    )


def _direction(line: "pd.Series[float]") -> str:
    share = float(line["probability_direction"])
    if math.isnan(share):
        return ""
    return f"more: {chance(share)}" if line["change"] >= 0 else f"less: {chance(1 - share)}"


def _beyond(plan: Plan) -> str:
    """A warning where the plan leaves what was ever observed."""
    beyond = extrapolation(plan)
    if beyond.empty:
        return ""
    said = ", ".join(f"{name} ({row['ratio']:.1f} x its largest period)" for name, row in beyond.iterrows())
    return f'<p style="margin:8px 0 0">Beyond what was ever observed: {escape(said)}.</p>'

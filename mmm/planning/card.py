"""A plan as a card for notebooks: what to do, what it brings, how sure that is, and the money by channel."""

from dataclasses import dataclass
from html import escape

import pandas as pd

from mmm.digits import amount, interval

_LOOK = (
    "border:1px solid #8884;border-radius:8px;padding:12px 16px;max-width:860px;font-size:13px;line-height:1.45;"
    "font-variant-numeric:tabular-nums"
)
_CELL = "padding:3px 10px;text-align:right;border-top:1px solid #8883"


@dataclass(frozen=True)
class Card:
    """What a plan's card shows, in words; ``allocation`` as in the plan, one of ``directions`` for each of its rows."""

    title: str
    sentence: str
    tiles: tuple[tuple[str, str, str], ...]
    unit: str
    allocation: pd.DataFrame
    directions: tuple[str, ...]
    beyond: str


def card(content: Card) -> str:
    """HTML that stands alone; all texts from the data are escaped."""
    shown = "".join(
        f'<div style="flex:1 1 150px"><div style="opacity:.7">{escape(label)}</div>'
        f'<div style="font-size:16px;font-weight:600">{escape(value)}</div>'
        f'<div style="opacity:.7;font-size:11px">{escape(note)}</div></div>'
        for label, value, note in content.tiles
    )
    return (
        f'<div style="{_LOOK}"><div style="opacity:.7">{escape(content.title)}</div>'
        f'<p style="margin:4px 0 10px;font-size:14px">{escape(content.sentence)}</p>'
        f'<div style="display:flex;flex-wrap:wrap;gap:12px;margin-bottom:10px">{shown}</div>'
        f"{_table(content)}{_beyond(content.beyond)}</div>"
    )


def _table(content: Card) -> str:
    """Money and effect by channel, with a bar from today's spend to the plan's."""
    most = float(content.allocation[["reference", "spend"]].to_numpy().max()) or 1.0
    heads = ("channel", "today", "plan", "change", "", f"effect ({content.unit})", "direction")
    first = "".join(f'<th style="{_CELL};border-top:0">{escape(head)}</th>' for head in heads)
    rows = []
    for (name, line), way in zip(content.allocation.iterrows(), content.directions, strict=True):
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
        cells += "".join(f'<td style="{_CELL}">{escape(text)}</td>' for text in (ends, way))
        rows.append(f"<tr>{cells}</tr>")
    return (
        f'<table style="border-collapse:collapse"><thead><tr>{first}</tr></thead><tbody>{"".join(rows)}</tbody></table>'
    )


def _beyond(said: str) -> str:
    """A warning where the plan leaves what was ever observed."""
    return f'<p style="margin:8px 0 0">Beyond what was ever observed: {escape(said)}.</p>' if said else ""

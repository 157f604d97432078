"""A dataset as a small HTML card."""

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mmm.data.dataset import Dataset

_MOST_NAMES = 12


def card(dataset: "Dataset") -> str:
    """What the panel holds, in one table; every name from the data is escaped."""
    spend = dataset.data["spend"].sum(("date", "geo")).to_numpy()
    channels = [
        f"{name} ({amount:,.0f} {dataset.currency}{'' if unit == dataset.currency else f', {unit}'})"
        for name, amount, unit in zip(dataset.channels, spend, dataset.media_unit, strict=True)
    ]
    hidden = int((~dataset.data["observed"]).sum())
    rows = [
        ("Outcome", f"{dataset.outcome_name} in {dataset.outcome_unit}"),
        (
            "Periods",
            f"{len(dataset.dates)} ({dataset.frequency}), {dataset.dates[0].date()} to {dataset.dates[-1].date()}",
        ),
        ("Geos", _listed(dataset.geos)),
        ("Channels", _listed(channels)),
        ("Controls", _listed(dataset.controls) or "none"),
        ("Not observed", f"{hidden} rows" if hidden else "none"),
        ("Fingerprint", dataset.fingerprint[:12]),
    ]
    body = "".join(
        f"<tr><th style='text-align:left'>{escape(label)}</th><td style='text-align:left'>{escape(text)}</td></tr>"
        for label, text in rows
    )
    return f"<table><caption>Dataset</caption>{body}</table>"


def _listed(names: "tuple[str, ...] | list[str]") -> str:
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more

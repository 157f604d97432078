"""Amounts that cannot be what they are taken for: spend above the outcome, another unit, exposure given as money."""

import re
from collections.abc import Iterator, Mapping

import numpy as np

from mmm.data.dataset import Dataset
from mmm.data.problems import yaml_text
from mmm.data.quality.report import Finding
from mmm.data.quality.tenfold import FloatArray
from mmm.digits import amount

_TINY_TOTAL = 1e-3
"""All spend together below this share of the outcome's value: one of the two is in another unit."""
_TINY_CHANNEL = 1e-3
_FAR_BELOW = 60.0
"""A channel's usual spend below that of the others by this factor may be in thousands."""
_JUMP = 20.0
_FEWEST = 5
_MEDIA_WORD = re.compile(
    r"(^|[^a-z])(impr|impressions?|views?|visits?|sessions?|grps?|trps?|reach|sent|sends|opens?|opened|"
    r"kontakte|[ck]licks?)([^a-z]|$)"
)
_MONEY_WORD = re.compile(r"spen[dt]|cost|budget|invest|amount|price|fee|eur|usd|gbp|chf|money|kosten|ausgaben")


def unit_findings(dataset: Dataset, columns: Mapping[str, str]) -> Iterator[Finding]:
    """Findings on the scale of whole channels; ``columns`` gives the spend column of each channel, where known."""
    spend = dataset.data["spend"].to_numpy()
    totals = spend.sum(axis=(0, 1))
    worth = _worth(dataset)
    for name in dataset.channels:
        column = columns.get(name, "").casefold()
        if not _MEDIA_WORD.search(column) or _MONEY_WORD.search(column):
            continue
        yield Finding(
            "warning",
            "media_as_spend",
            f"{name} takes column '{columns[name]}' for its spend, whose name is that of exposure, not of money.",
            f"Give the column of the money as spend, and this one as media: data.channels: {{{yaml_text(name)}: "
            f"{{spend: ..., media: {yaml_text(columns[name])}}}}}. Media without a cost have a role of their own: "
            "organic.",
            channel=name,
        )
    if worth > 0:
        yield from _against_outcome(dataset, totals, worth)
    yield from _small_beside_others(dataset, spend, totals, worth)
    for c, name in enumerate(dataset.channels):
        if _scrambled(spend[:, :, c]):
            yield _thousandfold(name, "spend", name)
    if _scrambled(np.nan_to_num(dataset.data["outcome"].to_numpy())):
        yield _thousandfold(dataset.outcome_name, "values", None)


def _worth(dataset: Dataset) -> float:
    """Value of the whole outcome in currency; 0 where it is not known."""
    if not dataset.has_value:
        return 0.0
    return float(np.nansum(dataset.data["outcome"].to_numpy() * dataset.data["value_per_unit"].to_numpy()))


def _against_outcome(dataset: Dataset, totals: FloatArray, worth: float) -> Iterator[Finding]:
    money, share = dataset.currency, float(totals.sum()) / worth
    above = [name for name, total in zip(dataset.channels, totals, strict=True) if total > worth]
    advice = (
        "Check that spend is money, in the same currency and unit as the outcome (thousands, cents?), and that points "
        "and commas were read rightly: data.csv.decimal, data.csv.thousands."
    )
    for name in above:
        total = float(totals[dataset.channels.index(name)])
        yield Finding(
            "warning",
            "spend_above_outcome",
            f"{name} spends {amount(total)} {money}, {total / worth:.0%} of what the whole outcome is worth "
            f"({amount(worth)} {money}).",
            advice,
            channel=name,
        )
    if not above and share > 1:
        said = f"The channels together spend {share:.0%} of what the whole outcome is worth."
        yield Finding("warning", "spend_above_outcome", said, advice)
    if 0 < share < _TINY_TOTAL:
        said = (
            f"All spend together is {share:.2g} of what the outcome is worth ({amount(float(totals.sum()))} {money})."
        )
        yield Finding("warning", "spend_far_below_outcome", said, advice)


def _small_beside_others(dataset: Dataset, spend: FloatArray, totals: FloatArray, worth: float) -> Iterator[Finding]:
    """Channels whose usual spend is far below that of every other one, as thousands beside units are."""
    if len(dataset.channels) < 2:
        return
    active = spend > 0
    usual = np.array(
        [np.median(spend[:, :, c][active[:, :, c]]) for c in range(spend.shape[2]) if active[:, :, c].any()]
    )
    if usual.size < spend.shape[2]:
        return
    for c, name in enumerate(dataset.channels):
        others = np.delete(usual, c)
        if usual[c] * _FAR_BELOW < np.median(others) and (worth <= 0 or totals[c] < _TINY_CHANNEL * worth):
            yield Finding(
                "warning",
                "other_unit",
                f"{name} spends {amount(float(usual[c]))} {dataset.currency} in a usual {dataset.frequency.unit}, "
                f"where other channels spend {amount(float(np.median(others)))}: is it in thousands?",
                "If so, multiply the column by 1000 at the source. If it is that small, join it with a similar "
                "channel: little can be learned of it.",
                channel=name,
            )


def _scrambled(values: FloatArray) -> bool:
    """Whole numbers beside a thousandfold smaller ones with three decimals: thousands points read as decimals."""
    found = values[(values > 0) & (values < 1000)]
    if found.size < _FEWEST or found.size < (values > 0).sum():
        return False
    whole = found == np.round(found)
    large, small = found[whole & (found >= 100)], found[~whole]
    if min(large.size, small.size) < _FEWEST or not np.allclose(small, np.round(small, 3), rtol=0, atol=1e-9):
        return False
    thirds = np.abs(small * 100 - np.round(small * 100)) > 1e-6
    return bool(thirds.mean() > 0.7 and np.median(large) > _JUMP * np.median(small))


def _thousandfold(name: str, what: str, channel: str | None) -> Finding:
    return Finding(
        "warning",
        "scrambled_thousands",
        f"The {what} of {name} are whole numbers below 1000 beside numbers with three decimals that are a thousand "
        f"times smaller: as when thousands points were read as decimal points before the file was written.",
        "Read the source again with its thousands sign stated (pandas: thousands='.', decimal=',').",
        channel=channel,
    )

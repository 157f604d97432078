"""Returns of the spend of single quarters, where effects vary in time: was spring better than autumn?"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from mmm.analysis.effects import effect, observed_in
from mmm.analysis.intervals import columns
from mmm.arrays import Floats
from mmm.errors import SettingsError
from mmm.inference.fit import Fit
from mmm.model.response import ResponseDraws

_LEAST_DAYS = 28
COLUMNS = ("channel", "quarter", "spend", "roas", "roas_lower", "roas_upper", "above_before", "above_least")


def returns_in(fit: Fit, draws: ResponseDraws, spans: Sequence[slice]) -> tuple[Floats, Floats]:
    """Returns [n, span, c] of what was spent in each span of rows, carryover after it included, and spend [span, c].

    In currency where the outcome has a value, else in units of the outcome; NaN where nothing was spent.
    """
    found, spent = [], []
    for rows in spans:
        panel = observed_in(fit, rows)
        worth = panel.value if fit.dataset.has_value else panel.ones
        money = panel.spend.sum(axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            found.append(np.where(money > 0, effect(draws, panel, worth).sum(axis=1) / money, np.nan))
        spent.append(money)
    return np.stack(found, axis=1), np.array(spent)


def quarters(fit: Fit) -> dict[str, slice]:
    """Rows of the calendar quarters of the observed panel by name, such as 2024 Q2; none of less than four weeks."""
    window = fit.window
    named = fit.dataset.dates[window].to_period("Q")
    out = {}
    for quarter in named.unique():
        rows = window.start + np.flatnonzero(named == quarter)
        if len(rows) * fit.dataset.frequency.days >= _LEAST_DAYS:
            out[f"{quarter.year} Q{quarter.quarter}"] = slice(int(rows[0]), int(rows[-1]) + 1)
    return out


def quarter_table(fit: Fit, draws: ResponseDraws) -> pd.DataFrame:
    """Return of every quarter's spend, of the channels whose effect varies in time; empty where none does.

    Columns: channel, quarter, spend, roas with its 90% interval, and the probabilities that the return is above that of
    the quarter before (``above_before``), and above that of the channel's quarter with the lowest mean
    (``above_least``); NaN for the first, and for the lowest itself. Only quarters in which the channel ran.
    """
    varying = fit.spec.varying
    names = [] if varying is None else [c for c in draws.channels if varying.path_of(c) >= 0]
    if not names:
        return pd.DataFrame({name: pd.Series(dtype=object if name in COLUMNS[:2] else float) for name in COLUMNS})
    rest = draws.only(names)
    found = quarters(fit)
    returns, spent = returns_in(replace(fit, dataset=fit.dataset.with_channels(names)), rest, list(found.values()))
    tables = []
    for c, channel in enumerate(names):
        ran = np.flatnonzero(spent[:, c] > 0)
        own = returns[:, ran, c]
        least = int(own.mean(axis=0).argmin())
        before = np.concatenate([[np.nan], (own[:, 1:] > own[:, :-1]).mean(axis=0)])
        above = (own > own[:, [least]]).mean(axis=0)
        above[least] = np.nan
        table: dict[str, object] = {
            "channel": channel,
            "quarter": [list(found)[q] for q in ran],
            "spend": spent[ran, c],
        }
        table |= columns("roas", own) | {"above_before": before, "above_least": above}
        tables.append(pd.DataFrame(table))
    return pd.concat(tables, ignore_index=True)


def better(
    fit: Fit, channel: str, first: tuple[str, str], second: tuple[str, str], max_draws: int = 1000
) -> pd.DataFrame:
    """Whether a channel's money returned more in one span of time than in another, such as two campaigns.

    Spans are first and last date, both inside. One row each: span, spend, roas with its 90% interval, and ``better``,
    the probability that its return is above the other's. Raises SettingsError for a channel that has no cost, and for
    a span without spend.
    """
    if channel not in fit.paid.dataset.channels:
        raise SettingsError(f"'{channel}' is no channel with a cost; the fit has {list(fit.paid.dataset.channels)}.")
    one = replace(fit, dataset=fit.dataset.with_channels([channel]))
    dates, window = fit.dataset.dates, fit.window
    spans = []
    for start, end in (first, second):
        inside = np.flatnonzero(
            (dates[: window.stop] >= pd.Timestamp(start)) & (dates[: window.stop] <= pd.Timestamp(end))
        )
        inside = inside[inside >= window.start]
        if not inside.size:
            raise SettingsError(
                f"No period of the data ({dates[window.start]:%Y-%m-%d} on) starts in {start} to {end}."
            )
        spans.append(slice(int(inside[0]), int(inside[-1]) + 1))
    returns, spend = returns_in(one, fit.response(max_draws).only([channel]), spans)
    for (start, end), money in zip((first, second), spend[:, 0], strict=True):
        if not money > 0:
            raise SettingsError(f"'{channel}' spent nothing from {start} to {end}, so that there is no return.")
    own = returns[:, :, 0]
    above = float((own[:, 0] > own[:, 1]).mean())
    table: dict[str, object] = {"span": [f"{a} to {b}" for a, b in (first, second)], "spend": spend[:, 0]}
    return pd.DataFrame(table | columns("roas", own) | {"better": [above, 1.0 - above]})

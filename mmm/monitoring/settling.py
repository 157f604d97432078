"""What a plan brought, when its horizon is over: beside its promise, with spending and the market split off.

The gain over the reference plan is estimated by the refreshed fit, money really spent and reference plan on the same
draws. Its difference to the promise falls into three parts that add up: spending otherwise than planned, prices other
than reckoned with, and what was learned of the effects since. The outcome is another question, told apart: what the
plan's own model expected of the money as planned, what spending otherwise changed of that, and what actually came on
top (the market, and all else that the model did not know).
"""

from dataclasses import replace

import numpy as np
import pandas as pd

from mmm.arrays import Floats
from mmm.data.dataset import Dataset
from mmm.errors import DataError, PlanError
from mmm.inference.fit import Fit
from mmm.monitoring.expected import Expected, as_fitted, expect
from mmm.monitoring.look import spent_of
from mmm.monitoring.window import Fits, Window, window
from mmm.planning.worth import UnitWorth
from mmm.register.ledger import Settlement, Spread
from mmm.register.made import promise_of
from mmm.register.queries import Entry
from mmm.register.record import Content


def settlement(
    entry: Entry, fits: Fits, dataset: Dataset, chain: tuple[str, ...] = (), worth: UnitWorth | None = None
) -> Settlement:
    """What the plan brought. Raises PlanError where its horizon is not over, DataError where data do not fit it."""
    content = entry.content
    actual = spent_of(content, dataset)
    if len(actual) < len(content.dates):
        raise PlanError(
            f"Plan {entry.id} is under way: {len(actual)} of its {len(content.dates)} {content.period}s are in the "
            "data. It is settled when its horizon is over."
        )
    view = window(fits.now, content, dataset, worth)
    money, today = content.money, content.today
    more = float(actual.sum() - today.sum())

    at_paid = {name: view.effect(m) for name, m in (("actual", actual), ("plan", money), ("today", today))}
    reckoned = view.effect(money, paid=False) - view.effect(today, paid=False)
    gain = view.worth(at_paid["actual"] - at_paid["today"], more)
    planned_gain = view.worth(at_paid["plan"] - at_paid["today"], float(money.sum() - today.sum()))
    reckoned_gain = view.worth(reckoned, float(money.sum() - today.sum()))
    learned = reckoned_gain - _paired(content.promise.draws, len(reckoned_gain))
    expected, planned_outcome = _outcomes(fits.then, content, dataset, view)
    total = expected.expected.sum(axis=1)
    noisy = total + np.random.default_rng(1).normal(0.0, np.sqrt(expected.noise.sum()), len(total))
    return Settlement(
        plan=entry.id,
        analysis=content.analysis,
        title=content.title,
        first=content.dates[0],
        last=content.last_day,
        currency=content.currency,
        outcome_unit=content.outcome_unit,
        promise=content.promise,
        unscaled=content.promise.mean / content.kept if content.kept > 0 else content.promise.mean,
        settled=promise_of(gain, content.promise.what, content.promise.unit),
        spending=Spread.of(gain - planned_gain),
        prices=Spread.of(planned_gain - reckoned_gain),
        learned=_centred(learned, float(reckoned_gain.mean()) - content.promise.mean),
        planned=content.total,
        spent=float(actual.sum()),
        reference=float(today.sum()),
        expected=Spread.of(planned_outcome),
        deviation=Spread.of(total - planned_outcome),
        surprise=_centred(expected.actual.sum() - noisy, float(expected.actual.sum() - total.mean())),
        outcome=float(expected.actual.sum()),
        chain=chain,
        fit=fits.now.key,
        data=dataset.fingerprint,
    )


def _paired(draws: tuple[float, ...], n: int) -> Floats:
    """The promise's draws [n], shuffled: they come from another fit than the gain's, and count as independent."""
    return np.resize(np.random.default_rng(2).permutation(np.array(draws)), n)


def _centred(draws: Floats, mean: float) -> Spread:
    """The spread of draws about a mean that is known without their noise."""
    return Spread.of(draws - draws.mean() + mean)


def _outcomes(fit: Fit, content: Content, dataset: Dataset, view: Window) -> tuple[Expected, Floats]:
    """What the plan's own model expects: of the money as spent, and draws [n] of the money as planned."""
    now = as_fitted(fit, dataset)
    first, last = pd.Timestamp(content.dates[0]), pd.Timestamp(content.dates[-1])
    start = int(now.dates.searchsorted(first))
    rows = slice(start, start + len(content.dates))
    data = now.data.copy(deep=True)
    prices = dict(zip(view.problem.channels, np.moveaxis(view.paid, 2, 0), strict=True))
    for c, name in enumerate(now.channels):
        if name in content.channels and name in prices:
            data["media"].values[rows, :, c] = content.money[..., content.channels.index(name)] * prices[name]
    draws = min(1000, fit.draws().response().n)
    spent = expect(fit, now, first, last, draws)
    planned = expect(fit, replace(now, data=data), first, last, draws)
    if spent is None or planned is None or len(spent.dates) < len(content.dates):
        have = 0 if spent is None else len(spent.dates)
        raise DataError(
            f"The outcome of {len(content.dates) - have} of the plan's {len(content.dates)} {content.period}s is not "
            "in the data: it is settled when all are."
        )
    return spent, np.asarray(planned.expected.sum(axis=1))

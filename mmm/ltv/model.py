"""The Bayesian model of purchases and orders: BG/NBD and gamma-gamma, cells pooled in part, sampled by NUTS.

Every parameter of a cell (a channel, or a channel and segment) is a common level plus a deviation of each of its
levels, whose spread is learned. Pooled so are the logarithms of the mean rate r / alpha, of r, of the mean order and of
the mean first one, and the log odds of the dropout a / (a + b). How much customers differ beyond that (a + b, p, q) is
the same everywhere.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from mmm.arrays import Floats
from mmm.ltv.purchases import Purchasing, Spending

if TYPE_CHECKING:
    import pymc as pm

_SPREAD = (0.35, 0.5)
"""Median and log-scale of the lognormal prior of a spread between channels: 0.15 to 0.8 (90%). Away from 0, where the
sampler would meet a funnel."""


@dataclass(frozen=True)
class Cells:
    """Cells of customers that share parameters: ``levels[factor]`` [cell] numbers each cell's level of a factor.

    ``names`` are the levels by factor, such as {"channel": ("email", "search")}; without factors there is one cell.
    """

    names: Mapping[str, Sequence[str]]
    levels: Mapping[str, np.ndarray]

    @property
    def size(self) -> int:
        return max((len(level) for level in self.levels.values()), default=1)


@dataclass(frozen=True)
class History:
    """What of the customers enters the two models, as arrays by name; sums over customers who count alike."""

    purchases: Mapping[str, np.ndarray]
    orders: Mapping[str, np.ndarray]


def history(customers: pd.DataFrame, cells: int) -> History:
    """From a row a customer: cell, x, last, weeks, mean (NaN without repeat orders), first."""
    by_count = customers.groupby(["cell", "x"], as_index=False).size()
    never, again = customers[customers["x"] == 0], customers[customers["x"] > 0]
    never = never.groupby(["cell", "weeks"], as_index=False).size()
    again = again.groupby(["cell", "x", "last", "weeks"], as_index=False).size()
    observed = (customers["x"].sum() + 0.5) / max(float(customers["weeks"].sum()), 1e-12)
    purchases = {
        **_arrays("count", by_count, x="x", number="size"),
        **_arrays("never", never, weeks="weeks", number="size"),
        **_arrays("again", again, x="x", last="last", weeks="weeks", number="size"),
        "centre": np.asarray(np.log(observed)),
    }
    return History(purchases, _orders(customers, cells))


def _orders(customers: pd.DataFrame, cells: int) -> dict[str, np.ndarray]:
    paid = customers[(customers["x"] > 0) & (customers["mean"] > 0)]
    paid = paid.assign(total=paid["x"] * paid["mean"])
    times = paid.groupby("x").size()
    first = customers.groupby("cell")["first"].agg(["size", "mean"]).reindex(range(cells)).fillna(0.0)
    everyone = max(float(customers["first"].mean()), 1e-12)
    return {
        **_arrays("paid", paid, x="x", total="total"),
        "times": times.index.to_numpy(dtype=np.float64),
        "times_number": times.to_numpy(dtype=np.float64),
        "log_total": np.asarray(float(paid["x"] @ np.log(paid["total"]))),
        "order_centre": np.asarray(np.log(paid["total"].sum() / paid["x"].sum())),
        "first_number": first["size"].to_numpy(dtype=np.float64),
        "first_mean": first["mean"].to_numpy(dtype=np.float64),
        "first_centre": np.asarray(np.log(everyone)),
        "variation": np.asarray(float(customers["first"].std()) / everyone),
    }


def _arrays(name: str, frame: pd.DataFrame, **columns: str) -> dict[str, np.ndarray]:
    found = {f"{name}_{key}": frame[column].to_numpy(dtype=np.float64) for key, column in columns.items()}
    return {f"{name}_cell": frame["cell"].to_numpy(dtype=np.int64), **found}


def purchase_model(seen: History, cells: Cells) -> "pm.Model":
    """BG/NBD; priors: mean rate within a factor of 5 of the observed one, dropout 0.06 to 0.77, r 0.1 to 2.6 (90%).

    The likelihood, Fader, Hardie and Lee (2005), equation 6, is summed over customers who share what a part depends on.
    """
    import pymc as pm
    import pytensor.tensor as pt

    with pm.Model() as model:
        data = {name: pm.Data(name, array) for name, array in seen.purchases.items()}
        rate = pt.exp(_pooled("log_rate", cells, data["centre"], 1.0))
        r = pm.Deterministic("r", pt.exp(_pooled("log_r", cells, np.log(0.5), 1.0)))
        dropout = pm.math.sigmoid(_pooled("logit_dropout", cells, -0.8, 1.2))
        strength = pt.exp(pm.Normal("log_strength", np.log(3.0), 1.0))
        a = pm.Deterministic("a", dropout * strength)
        b = pm.Deterministic("b", (1.0 - dropout) * strength)
        alpha = pm.Deterministic("alpha", r / rate)
        x, cell = data["count_x"], data["count_cell"]
        common = r * pt.log(alpha) - pt.gammaln(r) + pt.gammaln(strength) - pt.gammaln(b)
        each = pt.gammaln(r[cell] + x) + pt.gammaln(b[cell] + x) - pt.gammaln(strength + x) + common[cell]
        found = pt.sum(data["count_number"] * each)
        cell = data["never_cell"]
        found -= pt.sum(data["never_number"] * r[cell] * pt.log(alpha[cell] + data["never_weeks"]))
        x, cell = data["again_x"], data["again_cell"]
        stayed = (r[cell] + x) * pt.log(alpha[cell] + data["again_weeks"])
        left = stayed - (r[cell] + x) * pt.log(alpha[cell] + data["again_last"])
        left += pt.log(a[cell]) - pt.log(b[cell] + x - 1.0)
        pm.Potential("purchases", found + pt.sum(data["again_number"] * (pt.softplus(left) - stayed)))
    return model


def order_model(seen: History, cells: Cells) -> "pm.Model":
    """Gamma-gamma; priors: mean orders within a factor of 3 of the observed one, p 0.8 to 21, q 1.6 to 17 (90%).

    The likelihood is equation 1a of Fader and Hardie (2013) less what depends on no parameter. The mean of first
    orders, which no gamma-gamma describes, has its own level: a cell's is normal around it.
    """
    import pymc as pm
    import pytensor.tensor as pt

    with pm.Model() as model:
        data = {name: pm.Data(name, array) for name, array in seen.orders.items()}
        order = pt.exp(_pooled("log_order", cells, data["order_centre"], 0.7))
        p = pm.Deterministic("p", pt.exp(pm.Normal("log_p", np.log(4.0), 1.0)))
        q = pm.Deterministic("q", 1.0 + pt.exp(pm.Normal("log_q_less_1", np.log(3.0), 1.0)))
        gamma = pm.Deterministic("gamma", order * (q - 1.0) / p)
        times = data["times"]
        each = pt.gammaln(p * times + q) - pt.gammaln(p * times) - pt.gammaln(q)
        x, scale = data["paid_x"], gamma[data["paid_cell"]]
        rest = q * pt.log(scale) - (p * x + q) * pt.log(scale + data["paid_total"])
        pm.Potential("orders", pt.sum(data["times_number"] * each) + p * data["log_total"] + pt.sum(rest))
        first = pm.Deterministic("first", pt.exp(_pooled("log_first", cells, data["first_centre"], 0.7)))
        sd = first * data["variation"] / pt.sqrt(pt.maximum(data["first_number"], 1.0))
        off = -0.5 * ((data["first_mean"] - first) / sd) ** 2 - pt.log(sd)
        pm.Potential("firsts", pt.sum(pt.switch(pt.gt(data["first_number"], 0), off, 0.0)))
    return model


def _pooled(name: str, cells: Cells, centre: Any, spread: float) -> Any:
    """A parameter [cell] on the scale on which it is pooled; of the model that is being made."""
    import pymc as pm
    import pytensor.tensor as pt

    value = pm.Normal(name, centre, spread) * np.ones(cells.size)
    for factor, level in cells.levels.items():
        if len(cells.names[factor]) > 1:
            # Deviations add up to 0, so that the common level is one of the channels and not apart from them.
            sd = pm.LogNormal(f"{name}_{factor}_sd", np.log(_SPREAD[0]), _SPREAD[1])
            deviation = pm.ZeroSumNormal(f"{name}_{factor}", sigma=sd, shape=len(cells.names[factor]))
            value = value + deviation[pt.as_tensor(level)]
    return value


def purchasing(posterior: xr.Dataset) -> Purchasing:
    """Draws [draw, cell]."""
    return Purchasing(*(flat(posterior[name]) for name in ("r", "alpha", "a", "b")))


def spending(posterior: xr.Dataset) -> Spending:
    """Draws [draw, cell]; p and q are the same in all cells."""
    gamma = flat(posterior["gamma"])
    p, q = (np.broadcast_to(posterior[name].values.reshape(-1, 1), gamma.shape) for name in ("p", "q"))
    return Spending(p, q, gamma)


def flat(array: xr.DataArray) -> Floats:
    """Chains one after the other: [draw, cell]."""
    return np.asarray(array.values, dtype=np.float64).reshape(-1, array.shape[-1])

"""Customers with known rates: who came by which channel and when, and every order they made."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from mmm.files import write_whole
from mmm.tables import csv_text


@dataclass(frozen=True)
class CustomerTruth:
    """Customers of one channel, time in weeks: purchases at rate Gamma(r, r / rate), leaving after each with
    probability Beta(a, b); orders Gamma(p, nu), nu ~ Gamma(q, gamma). ``first`` scales the first order."""

    customers: int
    rate: float
    r: float
    a: float
    b: float
    p: float
    q: float
    gamma: float
    first: float = 1.0

    @property
    def order(self) -> float:
        """Mean order after the first."""
        return self.p * self.gamma / (self.q - 1.0)


@dataclass(frozen=True)
class Cohorts:
    """``channels`` by name; customers come evenly over the first ``arrive`` of ``weeks`` weeks from ``start``."""

    channels: Mapping[str, CustomerTruth]
    weeks: int = 104
    arrive: int = 78
    start: str = "2022-01-03"


def simulate_orders(cohorts: Cohorts, seed: int) -> pd.DataFrame:
    """Orders in order of time: id, customer, channel, date, value. One purchase after the other, customer by customer.

    A day holds the orders of its 24 hours: the first order is made on the day on which its customer comes.
    """
    rng = np.random.default_rng(seed)
    parts = []
    for name, truth in cohorts.channels.items():
        begins = rng.integers(0, 7 * cohorts.arrive, truth.customers).astype(np.float64)
        rate = rng.gamma(truth.r, truth.rate / truth.r, truth.customers)
        leaves = rng.beta(truth.a, truth.b, truth.customers)
        nu = rng.gamma(truth.q, 1.0 / truth.gamma, truth.customers)
        who, when, first = np.arange(truth.customers), begins, True
        while who.size:
            value = rng.gamma(truth.p, 1.0 / nu[who]) * (truth.first if first else 1.0)
            parts.append(pd.DataFrame({"channel": name, "customer": who, "day": np.floor(when), "value": value}))
            # Nobody leaves before a repeat purchase.
            stays = np.ones(who.size, bool) if first else rng.random(who.size) >= leaves[who]
            with np.errstate(divide="ignore"):
                when = when + 7 * rng.exponential(1.0, who.size) / rate[who]
            stays &= when < 7 * cohorts.weeks
            who, when, first = who[stays], when[stays], False
    orders = pd.concat(parts, ignore_index=True).sort_values("day", kind="stable", ignore_index=True)
    dates = pd.Timestamp(cohorts.start) + pd.to_timedelta(orders["day"].astype(int), unit="D")
    return pd.DataFrame(
        {
            "order_id": [f"o{i:07d}" for i in range(len(orders))],
            "customer_id": orders["channel"].str[:2] + "-" + orders["customer"].map("{:06d}".format),
            "channel": orders["channel"],
            "date": dates.dt.strftime("%Y-%m-%d"),
            "value": orders["value"].round(2),
        }
    )


def true_value(truth: CustomerTruth, weeks: float, discount: float, draws: int = 400_000) -> float:
    """Expected discounted money of a new customer's first ``weeks``, the first order included, from drawn customers.

    ``discount`` is the continuous rate of a week. Given rate and dropout, purchases come at rate exp(-rate dropout t).
    """
    rng = np.random.default_rng(20)
    rate = rng.gamma(truth.r, truth.rate / truth.r, draws)
    fade = rate * rng.beta(truth.a, truth.b, draws) + discount
    later = rate * -np.expm1(-fade * weeks) / fade
    return truth.order * (truth.first + float(later.mean()))


def shop(scale: float = 1.0) -> Cohorts:
    """Four channels whose customers differ: search returns, social leaves early, e-mail buys often, TV spends most."""

    def size(number: int) -> int:
        return max(20, round(scale * number))

    return Cohorts(
        {
            "search": CustomerTruth(size(900), rate=0.06, r=0.6, a=0.7, b=2.6, p=6.0, q=4.0, gamma=18.0, first=1.1),
            "social": CustomerTruth(size(700), rate=0.045, r=0.4, a=1.2, b=1.8, p=5.0, q=4.0, gamma=16.0),
            "email": CustomerTruth(size(250), rate=0.10, r=0.9, a=0.6, b=3.6, p=6.0, q=4.0, gamma=15.0),
            "tv": CustomerTruth(size(120), rate=0.05, r=0.6, a=0.8, b=2.4, p=6.0, q=3.6, gamma=24.0, first=1.2),
        }
    )


def write_cohorts(cohorts: Cohorts, seed: int, folder: Path) -> list[Path]:
    """Write ``orders.csv`` and ``truth.json``: every channel's parameters, and a customer's value in 52, 104 and 156
    weeks in money, undiscounted. Raises OSError."""
    truth = {
        name: asdict(channel)
        | {f"value_{weeks}": round(true_value(channel, weeks, 0.0), 2) for weeks in (52, 104, 156)}
        for name, channel in cohorts.channels.items()
    }
    document = {"weeks": cohorts.weeks, "start": cohorts.start, "channels": truth}
    return [
        write_whole(folder / "orders.csv", csv_text(simulate_orders(cohorts, seed))),
        write_whole(folder / "truth.json", json.dumps(document, indent=1) + "\n"),
    ]

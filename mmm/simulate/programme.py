"""An e-mail programme inside a shop's media: campaigns of known effect, their costs, a ledger, journeys and orders.

A panel of three channels, of which e-mail is made of campaigns. All that stands beside the panel agrees with it: the
campaigns' e-mails are the panel's, and the ledger's media its spend, month by month.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mmm.files import write_whole
from mmm.simulate.cohorts import Cohorts, CustomerTruth, simulate_orders
from mmm.simulate.generate import Simulated
from mmm.simulate.world import Adstock, Baseline, Channel, Control, Flighting, MediaUnit, Noise, Saturation, World
from mmm.tables import csv_text

PRICE_PER_THOUSAND = 2.0
"""Of e-mails, as the panel books them."""


@dataclass(frozen=True)
class Campaign:
    """One campaign: its type, its share of all e-mails, the effect of one relative to the mean one, clicks a thousand,
    and costs beyond the platform's: of an issue a week, and of a thousand e-mails."""

    category: str
    share: float
    effect: float
    clicks: float
    issue: float
    per_thousand: float


CAMPAIGNS: Mapping[str, Campaign] = {
    "weekly news": Campaign("newsletter", 0.42, 0.7, 9.0, 260.0, 0.05),
    "offers": Campaign("promotion", 0.26, 1.6, 21.0, 120.0, 0.05),
    "welcome series": Campaign("welcome", 0.08, 2.9, 34.0, 30.0, 0.60),
    "win back": Campaign("win-back", 0.11, 0.5, 6.0, 40.0, 0.90),
    "magazine": Campaign("magazine", 0.13, 0.9, 26.0, 340.0, 0.05),
}


def programme_world(seed: int = 1) -> World:
    """Search, social and e-mail of one shop; e-mail is counted in e-mails."""
    return World(
        name="email",
        note="An e-mail programme",
        channels=(
            Channel("search", 9_000.0, roas=2.4, adstock=Adstock(alpha=0.2, max_lag=8), saturation=Saturation(k=1.6)),
            Channel(
                "social",
                6_000.0,
                roas=1.5,
                flighting=Flighting("pulses", off_weeks=3, floor=0.2),
                adstock=Adstock(alpha=0.4, max_lag=8),
            ),
            Channel(
                "email",
                900.0,
                roas=9.0,
                flighting=Flighting("always_on", variation=0.45),
                adstock=Adstock(alpha=0.15, max_lag=8),
                saturation=Saturation(k=1.8),
                unit=MediaUnit("emails", PRICE_PER_THOUSAND, geo_sd=0.0, drift_sd=0.0),
            ),
        ),
        baseline=Baseline(weekly_outcome=160_000.0, trend=0.02, drift_sd=0.01),
        controls=(Control("promo", "promotion", effect=0.04, sd=0.2),),
        noise=Noise(0.015),
        seed=seed,
    )


def campaign_rows(simulated: Simulated, seed: int) -> pd.DataFrame:
    """A row a week and campaign: e-mails, platform, content, list, people and testing costs, clicks and orders.

    E-mails and the platform's costs add up to the panel's. Orders are counted in proportion to the campaigns' true
    effect, clicks are not: who clicks most sells least in the magazine.
    """
    rng = np.random.default_rng([seed, 7])
    frame = simulated.frame
    sent, money = frame["email_emails"].to_numpy(dtype=float), frame["email_spend"].to_numpy(dtype=float)
    mean = np.array([one.share for one in CAMPAIGNS.values()])
    shares = rng.dirichlet(60.0 * mean, len(sent))
    parts = []
    for k, (name, one) in enumerate(CAMPAIGNS.items()):
        own = sent * shares[:, k]
        thousands = own / 1000
        parts.append(
            pd.DataFrame(
                {
                    "week": frame["date"],
                    "channel": "email",
                    "campaign": name,
                    "type": one.category,
                    "platform": "Sendwell",
                    "emails": own,
                    "platform_cost": money * shares[:, k],
                    "content_cost": one.issue,
                    "list_cost": one.per_thousand * thousands,
                    "people_cost": 90.0 + 0.8 * one.issue,
                    "testing_cost": 0.1 * one.issue,
                    "clicks": rng.poisson(one.clicks * thousands),
                    "orders": rng.poisson(0.35 * one.effect * thousands),
                }
            )
        )
    rows = pd.concat(parts, ignore_index=True).sort_values(["week", "campaign"], kind="stable", ignore_index=True)
    cents = [name for name in rows.columns if name.endswith("_cost")]
    return rows.assign(**{name: rows[name].round(4) for name in [*cents, "emails"]})


def platform_bill(volume: float) -> float:
    """What the platform charges a month: 90 and 2.4 a thousand e-mails up to a million, 1.7 for those beyond."""
    return round(90 + 0.0024 * min(volume, 1e6) + 0.0017 * max(0.0, volume - 1e6), 2)


def ledger_rows(simulated: Simulated, campaigns: pd.DataFrame) -> pd.DataFrame:
    """Cost lines by month: media of search and social, the platform's bill, the programme's other costs, and rent."""
    frame = simulated.frame.assign(month=pd.to_datetime(simulated.frame["date"]).dt.to_period("M"))
    inside = campaigns.assign(month=pd.to_datetime(campaigns["week"]).dt.to_period("M"))
    lines: list[tuple[str, float, str, str, str]] = []
    for month in pd.PeriodIndex(frame["month"].unique()):
        day = f"{month.end_time:%Y-%m-%d}"
        rows, own = frame[frame["month"] == month], inside[inside["month"] == month]
        for channel, vendor in (("search", "Findit"), ("social", "Chatter")):
            lines.append((day, float(rows[f"{channel}_spend"].sum()), "media", vendor, channel))
        lines.append((day, platform_bill(float(own["emails"].sum())), "mailing platform", "Sendwell", ""))
        for account, column in (("copy and design", "content"), ("address checks", "list"), ("split tests", "testing")):
            lines.append((day, float(own[f"{column}_cost"].sum()), account, "Studio Nord", ""))
        lines.append((day, float(own["people_cost"].sum()), "e-mail team", "", ""))
        lines += [(day, 2600.0, "analytics", "Insight", ""), (day, 1200.0, "office rent", "", "")]
    table = pd.DataFrame(lines, columns=["date", "amount", "account", "vendor", "channel"])
    return table.assign(amount=table["amount"].map("{:.2f}".format), invoice=[f"L-{i:05d}" for i in range(len(table))])


def programme_cohorts(scale: float = 1.0) -> Cohorts:
    """Customers by the channel that brought them: those of e-mail come back most, those of social least."""

    def size(number: int) -> int:
        return max(40, round(scale * number))

    return Cohorts(
        {
            "search": CustomerTruth(size(500), rate=0.06, r=0.7, a=0.7, b=2.6, p=6.0, q=4.0, gamma=20.0),
            "social": CustomerTruth(size(350), rate=0.04, r=0.5, a=1.1, b=1.9, p=5.0, q=4.0, gamma=16.0),
            "email": CustomerTruth(size(220), rate=0.10, r=0.9, a=0.6, b=3.6, p=6.0, q=4.0, gamma=18.0),
        }
    )


_OPENS, _CLOSES = {"search": 0.35, "social": 0.5, "email": 0.15}, {"search": 0.6, "social": 0.1, "email": 0.3}


def touch_rows(orders: pd.DataFrame, seed: int, others: int = 2500) -> pd.DataFrame:
    """Touches before orders, and of persons who bought nothing: social opens journeys, search and e-mail close them."""
    rng = np.random.default_rng([seed, 11])
    names = list(_OPENS)
    first = orders.drop_duplicates("customer_id")
    moments = pd.to_datetime(first["date"]).to_numpy()
    last = rng.choice(pd.to_datetime(orders["date"]).to_numpy(), others)
    persons = [*first["customer_id"], *(f"x-{i:06d}" for i in range(others))]
    ends = np.concatenate([moments, last])
    rows = []
    for person, end in zip(persons, ends, strict=True):
        count = 1 + rng.geometric(0.5)
        back = np.sort(rng.uniform(0.01, 25.0, count))[::-1]
        for place, days in enumerate(back):
            weights = _CLOSES if place == count - 1 else _OPENS
            channel = names[rng.choice(3, p=list(weights.values()))]
            rows.append((person, pd.Timestamp(end) - pd.Timedelta(days=float(days)), channel))
    table = pd.DataFrame(rows, columns=["person", "time", "channel"])
    return table.assign(time=table["time"].dt.strftime("%Y-%m-%d %H:%M:%S"))


def true_shares() -> dict[str, float]:
    """Every campaign's share of e-mail's effect, its e-mails times the effect of one."""
    weight = {name: one.share * one.effect for name, one in CAMPAIGNS.items()}
    return {name: value / sum(weight.values()) for name, value in weight.items()}


def write_programme(simulated: Simulated, seed: int, folder: Path) -> list[Path]:
    """Write ``campaigns.csv``, ``ledger.csv``, ``orders.csv``, ``touches.csv`` and ``campaign_truth.json``.

    Raises OSError.
    """
    campaigns = campaign_rows(simulated, seed)
    orders = simulate_orders(programme_cohorts(), seed)
    truth: dict[str, Any] = {"share_of_effect": true_shares()}
    return [
        write_whole(folder / "campaigns.csv", csv_text(campaigns)),
        write_whole(folder / "ledger.csv", csv_text(ledger_rows(simulated, campaigns))),
        write_whole(folder / "orders.csv", csv_text(orders)),
        write_whole(folder / "touches.csv", csv_text(touch_rows(orders, seed))),
        write_whole(folder / "campaign_truth.json", json.dumps(truth, indent=1) + "\n"),
    ]

"""A market that moves by more than paid media: a newsletter, a rival, the price and discounts; and its calendar."""

import numpy as np
import pandas as pd

from mmm.simulate.generate import Simulated
from mmm.simulate.world import Adstock, Baseline, Channel, Control, Flighting, Noise, Saturation, World

AHEAD = 13


def treatments_world(seed: int = 0) -> World:
    """A shop with two paid channels, a newsletter that nobody pays for, and a rival whose advertising takes sales.

    The price moves by 4% around 10 EUR with an elasticity of -1.5; one week in seven has a discount of 10 to 30%.
    """
    return World(
        name="treatments",
        note="A shop with a newsletter, a rival, prices and discounts.",
        channels=(
            Channel("tv", 30_000.0, 1.6, flighting=Flighting("bursts"), adstock=Adstock(alpha=0.5, max_lag=13)),
            Channel("search", 22_000.0, 2.8, adstock=Adstock(alpha=0.2, max_lag=13), saturation=Saturation(k=1.8)),
            Channel(
                "newsletter", 80_000.0, 0.55, flighting=Flighting("pulses", off_weeks=3, floor=0.2),
                adstock=Adstock(alpha=0.3, max_lag=13), role="organic",
            ),
            Channel(
                "rival", 60_000.0, -0.7, flighting=Flighting("bursts", on_weeks=4, off_weeks=5),
                adstock=Adstock(alpha=0.4, max_lag=13), role="competitor",
            ),
        ),
        baseline=Baseline(weekly_outcome=900_000.0, drift_sd=0.015),
        controls=(
            Control("price", centre=10.0, sd=0.4, effect=-0.06),
            Control("discount", "promotion", sd=0.2, effect=0.09, frequency=1 / 7),
        ),
        noise=Noise(sd=0.02),
        seed=seed,
    )  # fmt: skip


def calendar_ahead(simulated: Simulated) -> pd.DataFrame:
    """The shop's calendar of the next weeks: price, two weeks of discount, mailings, and what the rival announced."""
    frame = simulated.frame
    last = pd.Timestamp(frame["date"].max())
    weeks = np.arange(AHEAD)
    usual = {name: float(frame[f"{name}_contacts"].tail(AHEAD).mean()) for name in ("newsletter", "rival")}
    return pd.DataFrame(
        {
            "date": pd.date_range(last, periods=AHEAD + 1, freq="7D")[1:],
            "price": np.where(weeks < AHEAD // 2, 9.9, 10.2),
            "discount": np.where(np.isin(weeks, (3, 9)), 0.2, 0.0),
            "newsletter_contacts": np.round(usual["newsletter"] * (1.0 + 0.5 * (weeks % 4 == 0))),
            "rival_contacts": np.round(1.2 * usual["rival"] * np.ones(AHEAD)),
        }
    )

"""The embedded demo: a retailer with eight regions whose truth is known."""

import pandas as pd

from mmm.simulate.generate import simulate
from mmm.simulate.world import (
    Adstock,
    Baseline,
    Channel,
    Control,
    Flighting,
    MediaUnit,
    Noise,
    Saturation,
    World,
)

REGIONS = ("north", "north_east", "east", "south_east", "south", "south_west", "west", "centre")
_POPULATION = (2_900_000, 1_700_000, 1_350_000, 2_200_000, 3_600_000, 2_450_000, 4_100_000, 1_950_000)

DEMO_SEED = 20220103


_STAGGERED = Flighting("bursts", variation=0.2, on_weeks=5, off_weeks=5, geo_noise=0.2, staggered=True)
_CHANNELS = (
    Channel(
        "tv",
        weekly_spend=130_000.0,
        roas=1.5,
        flighting=_STAGGERED,
        adstock=Adstock(alpha=0.65),
        saturation=Saturation(k=0.45),
        geo_sd=0.2,
        unit=MediaUnit("impressions", cost_per_thousand=11.0),
    ),
    Channel(
        "search",
        weekly_spend=90_000.0,
        roas=3.2,
        flighting=Flighting("demand_following", variation=0.3, follow=0.12, geo_noise=0.25),
        adstock=Adstock(alpha=0.15),
        saturation=Saturation(k=2.0),
        geo_sd=0.15,
    ),
    Channel(
        "social",
        weekly_spend=65_000.0,
        roas=2.8,
        flighting=Flighting("pulses", variation=0.3, off_weeks=3, floor=0.35, geo_noise=0.3, staggered=True),
        adstock=Adstock(alpha=0.4),
        saturation=Saturation(k=2.5),
        geo_sd=0.2,
        unit=MediaUnit("impressions", cost_per_thousand=6.5),
    ),
    Channel(
        "display",
        weekly_spend=55_000.0,
        roas=0.7,
        flighting=Flighting("heavy_tailed", variation=0.5, geo_noise=0.3),
        adstock=Adstock(alpha=0.3),
        saturation=Saturation(k=0.7),
        geo_sd=0.2,
    ),
    Channel(
        "email",
        weekly_spend=22_000.0,
        roas=4.5,
        flighting=Flighting("always_on", variation=0.35, geo_noise=0.3),
        adstock=Adstock(alpha=0.1),
        saturation=Saturation(k=2.0),
        geo_sd=0.15,
    ),
    Channel(
        "out_of_home",
        weekly_spend=45_000.0,
        roas=1.3,
        flighting=Flighting("bursts", variation=0.15, on_weeks=4, off_weeks=9, geo_noise=0.2, staggered=True),
        adstock=Adstock(alpha=0.55),
        saturation=Saturation(k=1.2),
        geo_sd=0.2,
    ),
)


def demo_world(seed: int = DEMO_SEED) -> World:
    """A retailer with about 350 million EUR of revenue a year, of which it spends 6% on six paid channels.

    Television and display are bought beyond their use; social, e-mail and search would carry more. Television and
    social come with impressions. Price index and promotions are recorded; a smooth drift of demand is not.
    """
    return World(
        name="demo_retailer",
        note="A retailer that overspends on television and display.",
        channels=_CHANNELS,
        weeks=156,
        geos=REGIONS,
        population=tuple(float(p) for p in _POPULATION),
        baseline=Baseline(
            weekly_outcome=5_700_000.0,
            level_sd=0.12,
            trend=0.025,
            season=((0.07, -0.045), (0.035, 0.015)),
            drift_sd=0.025,
            drift_weeks=26.0,
        ),
        controls=(
            Control("price", kind="index", effect=-0.02, centre=100.0, sd=2.5, geo_share=0.3),
            Control("promo", kind="promotion", effect=0.05, sd=0.2, frequency=0.17),
        ),
        noise=Noise(sd=0.03),
        seed=seed,
    )


def demo_frame(seed: int = DEMO_SEED) -> pd.DataFrame:
    """The demo's data as a company would hand them over; see :func:`mmm.simulate.simulate` for the columns."""
    return simulate(demo_world(seed)).frame

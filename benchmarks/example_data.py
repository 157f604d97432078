"""Data of ``configs/examples`` that are ours: small worlds of the simulator, written beside their settings.

``make example-data`` writes configs/examples/data anew: a retailer whose revenue is known by month, one whose channels
have parts, one with prices, promotions, a newsletter and a competitor, one by day, one whose video is known by
reach and frequency, one whose television works by way of branded queries, one
with two outcomes, and one that went dark on search in four of sixteen regions. Seeds are fixed: the data are the same
everywhere.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from mmm import load_dataset, load_settings, read_tests
from mmm.model.calendar.events import black_friday
from mmm.model.calendar.holidays import holidays_of
from mmm.simulate import (
    daily_shop,
    demo_world,
    funnel_world,
    reached_shop,
    simulate,
    simulate_funnel,
    treatments_world,
)
from mmm.simulate.world import LiftTest, Noise, World

FOLDER = Path(__file__).parents[1] / "configs/examples/data"


def national(seed: int) -> World:
    """The demo retailer in one market."""
    return replace(demo_world(seed=seed), weeks=158, geos=("national",), population=None)


def monthly() -> dict[str, pd.DataFrame]:
    """Media by week, and revenue by month: the days of each month of the weekly revenue."""
    frame = simulate(national(11)).frame.drop(columns=["geo", "population"])
    days = pd.date_range(frame["date"].iloc[0], periods=7 * len(frame))
    daily = pd.Series(np.repeat(frame["revenue"].to_numpy() / 7, 7), days)
    months = daily.groupby(daily.index.to_period("M")).agg(["sum", "count"])
    whole = months[months["count"] == months.index.days_in_month]
    sales = pd.DataFrame({"month": whole.index.astype(str), "revenue": whole["sum"].round(2).to_numpy()})
    return {"monthly_media.csv": frame.drop(columns="revenue"), "monthly_revenue.csv": sales}


def nested() -> dict[str, pd.DataFrame]:
    """Paid social as two platforms with two campaigns each, whose returns differ within them."""
    world = national(12)
    social = next(channel for channel in world.channels if channel.name == "social")
    returns = {"meta_prospecting": 1.6, "meta_retargeting": 2.4, "tiktok_video": 1.1, "tiktok_shop": 1.4}
    parts = tuple(
        replace(social, name=name, roas=roas, beta=None, weekly_spend=social.weekly_spend * share, unit=None)
        for (name, roas), share in zip(returns.items(), (0.4, 0.2, 0.25, 0.15), strict=True)
    )
    others = tuple(channel for channel in world.channels if channel.name in ("tv", "search", "display"))
    frame = simulate(replace(world, channels=(*others, *parts))).frame
    return {"nested.csv": frame.drop(columns=["geo", "population"])}


def treatments() -> dict[str, pd.DataFrame]:
    """Price, promotion, newsletter and competitor."""
    frame = simulate(treatments_world()).frame
    return {"treatments.csv": frame.drop(columns=[c for c in ("geo", "population") if c in frame])}


def daily() -> dict[str, pd.DataFrame]:
    """Two years by day, with the holidays of Germany and Black Friday."""
    sales = [day for year in (2023, 2024) for day in black_friday(year)]
    return {"daily.csv": daily_shop(6, off=holidays_of("DE", range(2023, 2025)), sales=sales).frame}


def reached() -> dict[str, pd.DataFrame]:
    """Video by persons reached and contacts of each."""
    return {"reach_frequency.csv": reached_shop(2).frame}


def funnel() -> dict[str, pd.DataFrame]:
    """Television and video that move branded queries, which were not measured in some weeks."""
    frame = simulate_funnel(funnel_world()).frame
    return {"funnel.csv": frame.drop(columns=["geo", "population"])}


def two_outcomes() -> dict[str, pd.DataFrame]:
    """Revenue with new and with existing customers of the same media; what neither explains goes together a little."""
    world = national(13)
    new = simulate(world)
    returns = {"tv": 0.5, "search": 0.3, "social": 0.2, "display": 0.1, "email": 3.0, "out_of_home": 0.2}
    channels = tuple(replace(c, roas=returns.get(c.name, 0.3), beta=None) for c in world.channels)
    frame = new.frame.drop(columns=["geo", "population"]).rename(columns={"revenue": "new_revenue"})
    expected = 0.5 * simulate(replace(world, channels=channels)).truth.expected[:, 0]
    unexplained = frame["new_revenue"].to_numpy() - new.truth.expected[:, 0]
    noise = 0.02 * expected.mean() * np.random.default_rng(13).standard_normal(len(expected))
    frame.insert(2, "existing_revenue", np.round(expected + 0.2 * unexplained + noise, 2))
    return {"two_outcomes.csv": frame}


REGIONS = (
    "Aalborg", "Bremen", "Cork", "Dresden", "Essen", "Faro", "Ghent", "Haarlem", "Innsbruck", "Jena", "Kassel", "Lyon",
    "Malmo", "Nantes", "Oulu", "Porto",
)  # fmt: skip
DARK = ("Dresden", "Faro", "Haarlem", "Porto")
"""A quarter of the outcome, in regions that the others follow closely before the test."""


def tested() -> dict[str, pd.DataFrame]:
    """Sixteen regions, four channels; six weeks without search in four regions, eight weeks before the end."""
    world = demo_world(seed=14)
    search, *others = (c for name in ("search", "tv", "social", "display") for c in world.channels if c.name == name)
    channels = (replace(search, weekly_spend=250_000.0), *others)
    test = LiftTest("search off", "search", "go_dark", first=114, weeks=6, geos=DARK)
    made = replace(
        world, channels=channels, geos=REGIONS, population=None, weeks=128, tests=(test,), noise=Noise(0.015)
    )
    groups = {name: "treated" if name in DARK else "control" for name in REGIONS}
    assigned = pd.DataFrame({"region": list(groups), "group": list(groups.values())})
    return {"experiment.csv": simulate(made).frame, "experiment_groups.csv": assigned}


def write(folder: Path) -> None:
    """Write all of them into ``folder``, which is made if missing."""
    folder.mkdir(parents=True, exist_ok=True)
    made = (monthly, nested, treatments, daily, reached, funnel, two_outcomes, tested)
    for name, frame in (item for make in made for item in make().items()):
        frame.to_csv(folder / name, index=False, lineterminator="\n")
    settings = load_settings(FOLDER.parent / "experiment.yaml").with_base(folder.parent)
    read = read_tests(settings, load_dataset(settings))
    read.evidence.to_csv(folder / "experiment_tests.csv", index=False, lineterminator="\n")


if __name__ == "__main__":
    write(FOLDER)

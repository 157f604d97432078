"""Study: is what is not paid media found too? Twenty worlds of each item, fitted by one model that is told of it.

Items: holidays and events by week; days of the week, months and holidays by day; newsletter, rival, price (which works
two weeks later) and discounts; many controls under shrinkage; reach and frequency. Results are kept by world, so that
an interrupted study goes on; ``--page`` writes docs/studies/breadth.md from what is there. Parts of channels and
outcomes by month have studies of their own (nested_study.py, coarse_study.py).
"""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mmm.analysis import analyse
from mmm.assessment.recovery import priors_of, roas_draws
from mmm.assessment.resume import kept
from mmm.data.dataset import Dataset
from mmm.data.load import from_frame
from mmm.data.settings import DataSettings
from mmm.inference.fit import Fit
from mmm.inference.mix import fit_mixture
from mmm.inference.settings import SamplerSettings
from mmm.model.calendar.events import black_friday
from mmm.model.calendar.holidays import holidays_of
from mmm.model.mixture import make_mixture
from mmm.model.settings import ModelSettings
from mmm.simulate import Channel, Control, Flighting, daily_shop, data_settings, random_world, reached_shop, simulate
from mmm.simulate.formulas import Array
from mmm.simulate.world import Adstock

SEED, WEEKS, CHANNELS = 20261201, 104, 3
PAGE = Path(__file__).parents[1] / "docs" / "studies" / "breadth.md"
SAMPLER = SamplerSettings(draws=300, tune=300, chains=2, attempts=1)
Row = tuple[str, float, float, float, float]
"""What it is, its truth, and the 5%, 50% and 95% quantiles of its posterior."""


@dataclass(frozen=True)
class Told:
    """A world as the model is told of it, its true returns, and what else is asked of the fit."""

    dataset: Dataset
    model: Mapping[str, Any]
    roas: Mapping[str, float]
    further: Callable[[Fit], list[Row]]


def settings(model: Mapping[str, Any]) -> ModelSettings:
    """One model with normal noise, and what an item states."""
    return ModelSettings.model_validate({"mixture": None, "likelihood": "normal"} | dict(model))


def row(name: str, truth: float, draws: Array) -> Row:
    """The truth beside the posterior."""
    low, middle, high = np.quantile(draws, [0.05, 0.5, 0.95]).tolist()
    return name, float(truth), low, middle, high


def coefficients(fit: Fit, name: str, dim: str) -> tuple[list[str], Array]:
    """Labels, and draws [n, label] relative to the usual outcome of a period."""
    found = fit.members[0].posterior[name]
    draws = found.transpose(..., dim).values.reshape(-1, found.sizes[dim])
    return [str(label) for label in found[dim].values], draws


def relative(dataset: Dataset, level: float) -> float:
    """The usual outcome without media over the mean outcome, by which the model's coefficients are meant."""
    return level / float(dataset.outcome_rate.mean())


def base_world(seed: int, **changes: Any) -> Any:
    """A national world of two years with three channels, returns and curves from the model's priors."""
    rng = np.random.default_rng([SEED, seed])
    world = random_world(rng, priors_of(settings({})), weeks=WEEKS, channels=CHANNELS)
    return replace(world, **changes), rng


def holidays_and_events(seed: int) -> Told:
    """Weeks with the holidays of the United States, a relaunch, a strike, and Black Friday."""
    world, rng = base_world(seed)
    simulated = simulate(world)
    frame, level = simulated.frame.copy(), world.baseline.weekly_outcome
    first = pd.DatetimeIndex(frame["date"])
    days = first.to_numpy()[:, None] + np.arange(7) * np.timedelta64(1, "D")
    share: dict[str, Array] = {}
    for name, of in holidays_of("US", range(2022, 2024)).items():
        part = np.isin(days, np.array(of, dtype="datetime64[ns]")).mean(axis=1)
        share |= {name: part} if part.any() else {}
    sale = np.array([day for year in (2022, 2023) for day in black_friday(year)], dtype="datetime64[ns]")
    share["Black Friday"] = np.isin(days, sale).mean(axis=1)
    share["relaunch"] = (days >= np.datetime64("2023-03-01")).mean(axis=1)
    share["strike"] = ((days >= np.datetime64("2022-09-14")) & (days < np.datetime64("2022-10-05"))).mean(axis=1)
    own = {"Black Friday": rng.normal(0, 0.5), "relaunch": rng.normal(0, 0.1), "strike": rng.normal(0, 0.3)}
    common = abs(rng.normal(0, 0.3))
    effect = {name: own.get(name, rng.normal(0, common)) for name in share}
    frame["revenue"] += level * sum(effect[name] * part for name, part in share.items())
    dataset = from_frame(frame, DataSettings.model_validate(data_settings(simulated)))
    events = [
        {"name": "Black Friday", "kind": "black_friday"},
        {"name": "relaunch", "kind": "step", "start": "2023-03-01"},
        {"name": "strike", "start": "2022-09-14", "end": "2022-10-04"},
    ]

    def further(fit: Fit) -> list[Row]:
        out, unit = [], relative(dataset, level)
        for what, term, dim in (("holiday", "public_holidays", "holiday_name"), ("event", "events", "event_name")):
            names, draws = coefficients(fit, term, dim)
            out += [row(what, unit * effect[n], draws[:, i]) for i, n in enumerate(names) if n in effect]
        return out

    truth = dict(zip(simulated.truth.channels, simulated.truth.roas.tolist(), strict=True))
    calendar = {"holidays": {"country": "US"}, "events": events}
    return Told(dataset, {"baseline": {"calendar": calendar}}, truth, further)


def by_day(seed: int) -> Told:
    """A shop by day: days of the week, months, a trend that bends, holidays and Black Friday."""
    rng = np.random.default_rng([SEED, seed, 7])
    off = {name: days for name, days in holidays_of("DE", range(2023, 2025)).items() if days}
    sales = [day for year in (2023, 2024) for day in black_friday(year)]
    shop = daily_shop(SEED + seed, 420, off=off, sales=sales, weekdays=rng.normal(0.0, 0.15, 7).tolist())
    document = {"source": "a.csv", "target": {"column": "revenue"}, "currency": "EUR"}
    channels = {name: f"{name}_spend" for name in shop.roas}
    dataset = from_frame(shop.frame, DataSettings.model_validate(document | {"channels": channels}))
    calendar = {
        "holidays": {"country": "DE"}, "events": [{"name": "sale", "kind": "black_friday"}], "months": {},
        "changepoints": {},
    }  # fmt: skip

    def further(fit: Fit) -> list[Row]:
        unit = relative(dataset, shop.level)
        out = []
        for what, term, dim in (
            ("day of the week", "days_of_week", "weekday"),
            ("month", "months_of_year", "month"),
        ):
            _, draws = coefficients(fit, term, str(fit.members[0].posterior[term].dims[-1]) or dim)
            centred = draws - draws.mean(axis=1, keepdims=True)
            key = "weekday {}" if what == "day of the week" else "month {}"
            first = 0 if what == "day of the week" else 1
            truth = [shop.effects[key.format(i + first)] for i in range(draws.shape[1])]
            out += [row(what, unit * t, centred[:, i]) for i, t in enumerate(truth)]
        names, draws = coefficients(fit, "public_holidays", "holiday_name")
        seen = {n for n in names if n in shop.effects and any(d in set(dataset.dates.date) for d in off[n])}
        out += [row("holiday", unit * shop.effects[n], draws[:, names.index(n)]) for n in sorted(seen)]
        _, draws = coefficients(fit, "events", "event_name")
        return [*out, row("event", unit * shop.effects["sale"], draws[:, 0])]

    return Told(dataset, {"lookback": "28 days", "baseline": {"calendar": calendar}}, shop.roas, further)


def treatments(seed: int) -> Told:
    """A newsletter, a rival, a price that works two weeks later, and discounts."""
    world, rng = base_world(seed)
    total = world.baseline.weekly_outcome * WEEKS
    shares = np.exp(rng.normal(np.log(0.025), np.log(5.0) / 1.645, 2))
    contacts, elasticity = 80_000.0, float(rng.normal(-1.5, 1.0 / 1.645))
    free = tuple(
        Channel(
            name, contacts, float(sign * share * total / (contacts * WEEKS)), role=role,
            flighting=Flighting("bursts", on_weeks=4, off_weeks=5), adstock=Adstock(alpha=0.4, max_lag=13),
        )
        for name, role, sign, share in (("newsletter", "organic", 1, shares[0]), ("rival", "competitor", -1, shares[1]))
    )  # fmt: skip
    off = float(rng.normal(0.5, 0.4 / 1.645))
    controls = (
        Control("price", centre=10.0, sd=0.4, effect=elasticity * 0.04),
        Control("discount", "promotion", sd=0.2, effect=off * 0.2, frequency=1 / 7),
    )
    simulated = simulate(replace(world, channels=(*world.channels, *free), controls=controls))
    frame = simulated.frame.copy()
    # What works in a week was the price of two weeks before, which is not in the first rows.
    frame["price"] = frame["price"].shift(-2)
    frame = frame.iloc[2:].assign(price=lambda f: f["price"].ffill())
    data = data_settings(simulated)
    data["controls"] = {"price": {"column": "price", "lag": "2 weeks"}, "discount": "discount"}
    dataset = from_frame(frame, DataSettings.model_validate(data))
    unit = relative(dataset, world.baseline.weekly_outcome)
    media = {c.name: float(frame[f"{c.name}_contacts"].sum()) * float(c.roas or 0.0) for c in free}
    stated = {
        "price": {"elasticity": {"lower": -2.5, "upper": -0.5}},
        "discount": {"effect": {"lower": 0.1, "upper": 0.9}},
    }

    def further(fit: Fit) -> list[Row]:
        found = analyse(fit, 600)
        level = float(dataset.outcome_rate.mean())
        price, discount = found.controls.loc["price"], found.controls.loc["discount"]
        out = [ends("price", unit * elasticity, price, "elasticity")]
        out += [ends("discount", unit * off, discount / level, "per_unit")]
        return out + [ends(name, worth, found.unpaid.loc[name], "effect") for name, worth in media.items()]

    truth = dict(zip(simulated.truth.channels, simulated.truth.roas.tolist(), strict=True))
    return Told(dataset, {"baseline": {"controls": stated}}, {c.name: truth[c.name] for c in world.channels}, further)


def ends(name: str, truth: float, line: "pd.Series[Any]", column: str) -> Row:
    """A row of a table of the analysis, whose centre is a mean."""
    low, middle, high = (float(line[f"{column}{end}"]) for end in ("_lower", "", "_upper"))
    return name, float(truth), low, middle, high


def shrunk(seed: int) -> Told:
    """Twenty controls, of which three matter."""
    world, rng = base_world(seed)
    matter = rng.choice(20, 3, replace=False)
    effects = {int(k): float(rng.choice([-1.0, 1.0]) * rng.uniform(0.02, 0.06)) for k in matter}
    controls = tuple(Control(f"driver_{k}", centre=100.0, sd=3.0, effect=effects.get(k, 0.0)) for k in range(20))
    simulated = simulate(replace(world, controls=controls))
    dataset = from_frame(simulated.frame, DataSettings.model_validate(data_settings(simulated)))

    def further(fit: Fit) -> list[Row]:
        names, draws = coefficients(fit, "shrunk_control", "shrunk_control_name")
        unit, out = relative(dataset, world.baseline.weekly_outcome), []
        for i, name in enumerate(names):
            k = int(name.removeprefix("driver_"))
            scale = fit.spec.baseline.each_control[dataset.controls.index(name)].scale
            what = "control that matters" if k in effects else "control that does not"
            out.append(row(what, unit * effects.get(k, 0.0), draws[:, i] * 3.0 / scale))
        return out

    truth = dict(zip(simulated.truth.channels, simulated.truth.roas.tolist(), strict=True))
    return Told(dataset, {"baseline": {"shrinkage": {"relevant": 3}}}, truth, further)


def reach_and_frequency(seed: int) -> Told:
    """Video by persons reached and contacts of each, beside television and search."""
    shop = reached_shop(SEED + seed, WEEKS)
    video = {"role": "reach_frequency", "spend": "video_spend", "media": "video_reach", "frequency": "video_frequency"}
    document = {
        "source": "a.csv", "target": {"column": "revenue"}, "currency": "EUR",
        "channels": {"tv": "tv_spend", "search": "search_spend", "video": video},
    }  # fmt: skip
    dataset = from_frame(shop.frame, DataSettings.model_validate(document))

    def further(fit: Fit) -> list[Row]:
        posterior = fit.members[0].posterior
        half, slope = (posterior[name].values.ravel() for name in ("half_frequency", "hill_slope"))
        best = np.maximum(1.0, half * np.maximum(slope - 1.0, 0.0) ** (1.0 / slope))
        return [row("best frequency", shop.best_frequency, best)]

    return Told(dataset, {}, shop.roas, further)


ITEMS: dict[str, Callable[[int], Told]] = {
    "holidays and events, by week": holidays_and_events,
    "days, months and holidays, by day": by_day,
    "newsletter, rival, price, discount": treatments,
    "20 controls under shrinkage": shrunk,
    "reach and frequency": reach_and_frequency,
}
_IN_POINTS = ("holiday", "event", "day of the week", "month", "price", "discount", "control", "best frequency")


def one(item: str, seed: int) -> dict[str, Any]:
    """Truth and posterior of every return, and of what the item adds."""
    told = ITEMS[item](seed)
    fit = fit_mixture(told.dataset, make_mixture(told.dataset, settings(told.model)), SAMPLER)
    draws = roas_draws(fit)[:, -1]
    names = list(fit.dataset.channels)
    rows = [row("ROAS", truth, draws[:, names.index(name)]) for name, truth in told.roas.items()]
    return {"rows": [*rows, *told.further(fit)]}


def summary(results: Mapping[str, list[dict[str, Any]]]) -> list[str]:
    """Lines of the table."""
    lines = [
        "| item | of | worlds | 90% intervals hold | median error | half width |",
        "|---|---|---|---|---|---|",
    ]
    for item, found in results.items():
        rows = [one_row for result in found for one_row in result["rows"]]
        for name in dict.fromkeys(one_row[0] for one_row in rows):
            x = np.array([one_row[1:] for one_row in rows if one_row[0] == name])
            inside = np.mean((x[:, 1] <= x[:, 0]) & (x[:, 0] <= x[:, 3]))
            error, half = np.abs(x[:, 2] - x[:, 0]), (x[:, 3] - x[:, 1]) / 2
            if name.startswith(_IN_POINTS):
                said = f"{np.median(error):.3f} | {np.median(half):.3f}"
            else:
                said = f"{np.median(error / np.abs(x[:, 0])):.0%} | {np.median(half / np.abs(x[:, 0])):.0%}"
            lines.append(f"| {item} | {name} | {len(found)} | {inside:.0%} of {len(x)} | {said} |")
    return lines


def drawn_outside(results: Mapping[str, list[dict[str, Any]]]) -> str:
    """How many returns of the worlds by week lie outside the prior's own interval, which intervals rarely hold."""
    by_week = [r for result in results[next(iter(ITEMS))] for r in result["rows"] if r[0] == "ROAS"]
    prior = settings({}).roas
    outside = [r for r in by_week if not prior.lower <= r[1] <= prior.upper]
    missed, both = (sum(not r[2] <= r[1] <= r[4] for r in rows) for rows in (by_week, outside))
    return (
        f"Of the {len(by_week)} returns of the first item's worlds {len(outside)} were drawn outside the prior's own "
        f"90% interval, where one in ten is expected; {both} of the {missed} that are missed are among them: channels "
        "of which the data say little have about that interval."
    )


def all_controls(results: Mapping[str, list[dict[str, Any]]]) -> str:
    """What intervals hold of all controls under shrinkage, of which those that matter are pulled towards nothing."""
    shrunken = [r for result in results[list(ITEMS)[3]] for r in result["rows"] if r[0].startswith("control")]
    held = float(np.mean([r[2] <= r[1] <= r[4] for r in shrunken]))
    return (
        f"Intervals of all {len(shrunken)} controls under shrinkage hold {held:.0%}. Those that matter are held less "
        "often than the others, as whatever is shrunk is pulled towards nothing: a control that is known to work is "
        "better stated (`model.baseline.controls`)."
    )


PREFACE = f"""# Recovery of what is not paid media

Made by `make study-breadth` (benchmarks/breadth_study.py; seeds [{SEED}, 0], ...). By week: national worlds of {WEEKS}
weeks and {CHANNELS} channels drawn from the model's priors, to which the item is added, the same for the first, third
and fourth item; by day: 420 days and two channels. One model with normal noise that is told of the item,
{SAMPLER.chains} chains of {SAMPLER.draws} draws. Errors and half widths are medians: of returns and of what newsletter
and rival brought relative to the truth; of days, events, discounts and controls in the outcome's usual level (0.010 is
1%; a control by one sd), of the price in its elasticity, of the best frequency in contacts. A right 90% interval holds
between 78% and 100% of 20, 83% and 97% of 60, and 86% and 94% of 180 in 19 of 20 rows. Channels' parts:
[nested.md](nested.md); outcomes by month: [coarse.md](coarse.md); families: [families.md](families.md).
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=20)
    parser.add_argument("--work", type=Path, default=Path(".mmm/breadth-study"))
    parser.add_argument("--items", nargs="*", type=int, help="numbers of the items, from 0; all by default")
    parser.add_argument("--page", action="store_true", help="write the page from what was run, and run nothing")
    asked = parser.parse_args()
    names = [name for i, name in enumerate(ITEMS) if not asked.items or i in asked.items]
    results: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    for seed in range(asked.worlds):
        for i, name in enumerate(ITEMS):
            path = asked.work / f"{i}-{seed:02d}.json"
            if name not in names or (asked.page and not path.exists()):
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            key = f"{SEED} {seed} {name} {SAMPLER.draws}"
            results[name].append(kept(path, key, lambda name=name, seed=seed: one(name, seed)))  # type: ignore[misc]
            print(name, seed, "there", flush=True)
    said = {name: found for name, found in results.items() if found}
    names = list(ITEMS)
    remarks = [words(said) for name, words in ((names[0], drawn_outside), (names[3], all_controls)) if name in said]
    text = "\n".join([PREFACE, *summary(said), *(part for remark in remarks for part in ("", remark)), ""])
    if asked.page:
        PAGE.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()

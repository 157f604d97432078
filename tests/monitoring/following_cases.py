"""Plans that were followed, on a panel whose fit holds the truth of the media."""

import datetime as dt
from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr
from register_cases import promise

from mmm.data.dataset import Dataset
from mmm.inference.fit import Fit
from mmm.register.queries import Entry
from mmm.register.record import Content, Past
from mmm.register.settings import RegisterSettings

WEEKS, SEEN = 13, 9


def plan_of(dataset: Dataset, **changes: Any) -> Content:
    """The plan of the panel's last weeks: what was really spent in them, and four weeks more like their last."""
    dates = [day.date() for day in dataset.dates[-SEEN:]]
    dates += [dates[-1] + dt.timedelta(weeks=i + 1) for i in range(WEEKS - SEEN)]
    spend = dataset.data["spend"].values
    money = np.concatenate([spend[-SEEN:], np.repeat(spend[-1:], WEEKS - SEEN, axis=0)])
    past = Past(dates=(dates[0] - dt.timedelta(weeks=1),), spend=(tuple(spend[-SEEN - 1].sum(axis=0).tolist()),))
    values: dict[str, Any] = {
        "analysis": "demo", "title": "Demo", "currency": "EUR", "outcome_unit": "EUR", "period": "week",
        "dates": dates, "geos": dataset.geos, "channels": dataset.channels, "spend": money.tolist(),
        "reference": money.tolist(), "past": past, "total_budget": float(money.sum()), "verdict": "equal",
        "promise": promise(), "effect": promise(), "settings": {}, "rules": RegisterSettings(), "fit": "f" * 64,
        "data": "d" * 64,
    }  # fmt: skip
    return Content.model_validate({**values, **changes})


def wide(fit: Fit) -> Fit:
    """The fit with two hundred draws that differ a little, as those of a posterior do."""
    member = fit.main
    few = member.tree["posterior"].to_dataset()
    times = 200 // (few.sizes["chain"] * few.sizes["draw"])
    posterior = xr.concat([few] * times, dim="draw")
    rng = np.random.default_rng(2)
    shape = posterior["log_beta"].shape
    posterior["log_beta"] = posterior["log_beta"] + 0.2 * rng.standard_normal((*shape[:2], 1, shape[-1]))
    stats = xr.Dataset({"diverging": (("chain", "draw"), np.zeros(shape[:2], dtype=bool))})
    tree = xr.DataTree.from_dict({"posterior": posterior, "sample_stats": stats})
    return replace(fit, members=(replace(member, tree=tree),))


def entry_of(content: Content, name: str = "demo-1", state: str = "active") -> Entry:
    return Entry(name, state, "Anna", content, "0" * 64, ())

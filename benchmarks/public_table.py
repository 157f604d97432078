"""Data that were not made here, in one table: this model and its peers by default, and told of what the data call for.

``python benchmarks/public_table.py ../shared/data`` fits worlds with a known truth (at most one assumption broken in
each), Meridian's panel with reach and frequency, and two national panels whose last quarter is hidden. Every cell of
the table is made once and kept, so that an interrupted run goes on; ``--minutes`` ends it before a new cell, ``--page``
prints the table of docs/public_data.md from what is there. Peers: ``make peers``.
"""

import argparse
import json
import textwrap
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
from wide_holdout import SHRUNK, panel

from mmm.analysis.effects import effect, observed
from mmm.assessment.holdout import judge
from mmm.assessment.recovery import file_case
from mmm.assessment.resume import kept
from mmm.data.dataset import Dataset
from mmm.data.load import from_frame, load
from mmm.data.quality import quality_report
from mmm.data.settings import DataSettings
from mmm.errors import FitError
from mmm.inference.mix import fit_mixture
from mmm.inference.settings import SamplerSettings
from mmm.model.mixture import make_mixture
from mmm.model.settings import ModelSettings
from mmm.model.spec import without_inactive_channels
from mmm.study.peers import PEERS, PeerSettings, problem, run_peer
from mmm.study.worlds import StudyWorld

SAMPLER = SamplerSettings(draws=300, tune=300, chains=2, attempts=1)
PEER = PeerSettings(draws=400, tune=500, limit=3600.0, cpu_limit=900)
HIDDEN = 13
EARLIER = (1, 2, 3)
"""Quarters by which the panel of a retailer also ends earlier: one quarter may be luck."""
OURS = "workbench"


@dataclass(frozen=True)
class Told:
    """A data set as methods are told of it.

    ``item`` in words; ``model`` is the workbench's. ``peers`` are the variants of the scripts in benchmarks/peers by
    method, and ``more`` arrays that these read; a method that is not named has no feature for the case.
    """

    item: str
    dataset: Dataset
    model: ModelSettings
    peers: Mapping[str, str] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """Data with the truth by channel, or with a last quarter that is hidden."""

    told: tuple[Told, ...]
    truth: Mapping[str, float] = field(default_factory=dict)


DEFAULTS = dict.fromkeys(PEERS, "default")
CARRYOVER = {"family": "weibull", "shape": {"lower": 1, "upper": 4}, "scale": {"lower": 2, "upper": 15}}
STATED: dict[str, tuple[str, dict[str, Any], dict[str, str]]] = {
    "adstock_misspec": (
        "carryover that peaks late, look-back of 39 weeks",
        {"lookback": "39 weeks", "adstock": CARRYOVER},
        {"PyMC-Marketing": "weibull", "Meridian": "binomial"},
    ),
    "heavy_tailed_noise": (
        "Student-t noise",
        {"likelihood": "student_t"},
        {"PyMC-Marketing": "student_t"},
    ),
    "time_varying_beta": (
        "effects that vary in time",
        {"varying": {}},
        {"PyMC-Marketing": "varying"},
    ),
}
"""By world: the item in words, the workbench's model, and the peers' variants."""


def by_default(data: Dataset, model: ModelSettings, **more: Any) -> Told:
    return Told("defaults", data, model, DEFAULTS, more)


def world(folder: Path, name: str) -> Case:
    """A national world of 156 weeks with true returns."""
    found = file_case(folder / "worlds" / f"{name}.csv", ModelSettings())
    usual = by_default(found.dataset, found.model)
    told: list[Told] = [usual]
    if name in STATED:
        item, model, peers = STATED[name]
        told.append(Told(item, found.dataset, stated(model), peers))
    if name == "mixed_data_errors":
        told.append(mended(found.dataset))
    if name in ("multicollinearity", "reach_frequency"):
        told.append(_other_roles(folder / "worlds" / f"{name}.csv", name, found.model))
    return Case(tuple(told), found.truth)


def stated(model: Mapping[str, Any]) -> ModelSettings:
    return ModelSettings.model_validate(dict(model))


def mended(data: Dataset) -> Told:
    """An event, or a column of a control, for each week in which ``mmm check`` finds a shock of the outcome."""
    found = [f for f in quality_report(data).findings if "shock" in f.code]
    days = sorted({day for finding in found for day in finding.dates})
    week = pd.Timedelta(days=6)
    events = [
        {"name": f"shock {i + 1}", "start": str(day.date()), "end": str((day + week).date())}
        for i, day in enumerate(days)
    ]
    columns = np.stack([(data.dates == day).astype(float) for day in days], axis=1)[:, None, :]
    model = stated({"baseline": {"calendar": {"events": events}}})
    return Told("an event for each shock that `mmm check` finds", data, model, DEFAULTS, {"dummies": columns})


def _other_roles(csv: Path, name: str, model: ModelSettings) -> Told:
    """Channels that always run together as parts of one; television by reach and frequency."""
    frame = pd.read_csv(csv)
    names = [c.removeprefix("spend_") for c in frame if c.startswith("spend_")]
    channels: dict[str, Any] = {c: f"spend_{c}" for c in names}
    controls = [c for c in frame if c.startswith("control_")]
    if name == "multicollinearity":
        channels = {c: {"spend": column, "within": "media"} for c, column in channels.items()}
        item, peers, more = "parts of one channel", {}, {}
    else:
        channels["TV"] = {
            "role": "reach_frequency", "spend": "spend_TV", "media": "reach", "frequency": "control_Frequency"
        }  # fmt: skip
        frame["reach"] = frame["spend_TV"]
        controls.remove("control_Frequency")
        item, peers = "reach and frequency", {"Meridian": "reach"}
        often = frame["control_Frequency"].to_numpy()[:, None, None]
        more = {"reach_channel": "TV", "reach": frame["spend_TV"].to_numpy()[:, None, None], "frequency": often}
    document = {"source": csv.name, "date": "week", "target": {"column": "y"}, "currency": "EUR"}
    data = from_frame(frame, DataSettings.model_validate(document | {"channels": channels, "controls": controls}))
    return Told(item, data, model, peers, more)


def meridian_panel(folder: Path) -> Case:
    """Twenty regions whose fourth channel is known by reach and frequency; a week's shock is common to all of them."""
    path = folder / "reach_frequency" / "geo_media_rf.csv"
    names = [f"Channel{i}" for i in range(4)]
    plain: dict[str, Any] = {
        n: {"spend": f"{n}_spend", "media": f"{n}_impression", "media_unit": "impressions"} for n in names
    }
    by_reach = {
        "role": "reach_frequency", "spend": "Channel3_spend", "media": "Channel3_reach", "media_unit": "persons",
        "frequency": "Channel3_frequency",
    }  # fmt: skip

    def read(channels: dict[str, Any]) -> Dataset:
        document = {
            "source": path.name, "date": "time", "geo": "geo", "population": "population", "currency": "USD",
            "target": {"column": "conversions", "kind": "kpi", "value_per_unit": "revenue_per_conversion"},
            "channels": channels, "controls": ["competitor_activity_score_control", "sentiment_score_control"],
        }  # fmt: skip
        return load(DataSettings.model_validate(document), path.parent)

    usual, told = read(plain), read(plain | {"Channel3": by_reach})
    truth = json.loads((path.parent / "geo_media_rf_truth.json").read_text(encoding="utf-8"))["true_roi_by_channel"]
    value = usual.data["value_per_unit"].values
    reached = told.data["media"].values[:, :, 3:]
    more = {"value": value, "reach_channel": "Channel3", "reach": reached, "frequency": told.exposures[:, :, 3:]}
    by_region = {name: {"by_geo": 1.0} for name in usual.controls}
    shocks = stated({"mixture": None, "baseline": {"calendar": {"common_shocks": {}}, "controls": by_region}})
    return Case(
        (
            by_default(usual, ModelSettings(), value=value),
            Told("reach and frequency", told, ModelSettings(), {"Meridian": "reach"}, more),
            Told("and shocks that regions share, controls that differ between them, one model", told, shocks),
        ),
        dict(zip(names, truth, strict=True)),
    )


def retail(folder: Path, back: int = 0) -> Case:
    """A national retailer less its last ``back`` quarters: newsletter and competitor as controls and by roles."""
    frame = pd.read_csv(folder / "retail_national" / "dt_simulated_weekly.csv")
    channels: dict[str, Any] = {
        "TV": "tv_S", "Out of home": "ooh_S", "Print": "print_S",
        "Facebook": {"spend": "facebook_S", "media": "facebook_I"},
        "Search": {"spend": "search_S", "media": "search_clicks_P"},
    }  # fmt: skip
    events = {"Events": {"column": "events", "categorical": True, "reference": "na"}}
    rival = {"Competitor sales": "competitor_sales_B"}
    organic = {"Newsletter": {"role": "organic", "media": "newsletter"}}
    competitor = {"Competitor": {"role": "competitor", "media": "competitor_sales_B"}}
    document = {"source": "a.csv", "date": "DATE", "currency": "EUR", "target": {"column": "revenue"}}

    def read(channels: dict[str, Any], controls: dict[str, Any]) -> Dataset:
        settings = DataSettings.model_validate(document | {"channels": channels, "controls": controls})
        return from_frame(frame, settings).between(None, str(last.date()))

    last = pd.to_datetime(frame["DATE"]).sort_values().iloc[-1 - HIDDEN * back]
    usual = read(channels, events | rival | {"Newsletter": "newsletter"})
    model = stated({"baseline": {"calendar": {"holidays": {"country": "DE"}}}})
    without = {"dropped": np.array([k for k, name in enumerate(usual.controls) if name == "Newsletter"])}
    sent = frame["newsletter"].to_numpy(dtype=float)[: len(usual.dates), None, None]
    item, more = "holidays, newsletter organic", {"organic_channel": "Newsletter", "organic": sent} | without
    return Case(
        (
            by_default(usual, ModelSettings()),
            Told(item, read(channels | organic, events | rival), model, {"Meridian": "organic"}, more),
            Told("and the competitor by its role", read(channels | organic | competitor, events), model),
        )[: 1 if back else 3]
    )


def wide(folder: Path) -> Case:
    """Thirteen media and the controls that move."""
    data, _ = without_inactive_channels(panel(folder / "wide_national" / "data.csv", 0, last_year=False))
    model = stated({"baseline": SHRUNK})
    shrunk = Told("controls under shrinkage", data, model, {"PyMC-Marketing": "r2d2"})
    return Case((by_default(data, ModelSettings()), shrunk))


WORLDS = (
    "clean", "adstock_misspec", "heavy_tailed_noise", "mixed_data_errors", "multicollinearity", "reach_frequency",
    "synergy", "time_varying_beta",
)  # fmt: skip
CASES: dict[str, Callable[[Path], Case]] = {
    **{f"worlds/{name}": partial(world, name=name) for name in WORLDS},
    "reach_frequency": meridian_panel,
    "retail_national": retail,
    **{f"retail_national, {back} earlier": partial(retail, back=back) for back in EARLIER},
    "wide_national": wide,
}


def ours(case: Case, told: Told) -> dict[str, Any]:
    """Intervals of the returns, or the score of the hidden quarter."""
    data = told.dataset
    if case.truth:
        fit = fit_mixture(data, make_mixture(data, told.model), SAMPLER)
        draws, seen = fit.response(1000), observed(fit)
        worth = seen.value if data.has_value else seen.ones
        with np.errstate(divide="ignore", invalid="ignore"):
            roas = effect(draws, seen, worth).sum(axis=1) / seen.spend.sum(axis=0)
        return {"intervals": ends(dict(zip(data.channels, roas.T, strict=True)), case.truth)}
    training = data.with_outcome_hidden(HIDDEN)
    found = judge(fit_mixture(training, make_mixture(training, told.model), SAMPLER), data, HIDDEN)
    return {"error": found.error, "inside": found.coverage, "naive": found.naive_error}


def ends(draws: Mapping[str, Any], truth: Mapping[str, float]) -> dict[str, list[float]]:
    """Truth, and the 5%, 50% and 95% quantiles, by channel."""
    return {c: [t, *np.quantile(np.asarray(draws[c]), [0.05, 0.5, 0.95]).tolist()] for c, t in truth.items()}


def theirs(case: Case, told: Told, name: str) -> dict[str, Any]:
    """The same of a peer, in its own environment."""
    hidden = 0 if case.truth else HIDDEN
    plain = case.told[0].dataset
    asked = problem(StudyWorld("public", plain, hidden, np.empty(0))) | dict(told.more)
    asked["paid"] = plain.data["spend"].values.sum(axis=(0, 1)) > 0
    if "PyMC" in name and "value" in asked:
        asked["outcome"] = asked["outcome"] * asked["value"]
    if "dropped" in asked:
        asked["control"] = np.delete(asked["control"], asked.pop("dropped"), axis=2)
    if "dummies" in asked:
        asked["control"] = np.concatenate([asked["control"], asked.pop("dummies")], axis=2)
    with TemporaryDirectory() as folder:
        given, result = Path(folder) / "problem.npz", Path(folder) / "result"
        np.savez(given, **asked)
        run_peer(PEERS[name], PEER, given, result, variant=told.peers[name])
        found = np.load(f"{result}.npz")
        said = json.loads(Path(f"{result}.json").read_text(encoding="utf-8"))["warnings"]
        if case.truth:
            names = [str(c) for c in plain.channels]
            draws = dict(zip(names, found["roas"].T, strict=True))
            return {"intervals": ends(draws, case.truth), "warnings": said}
        draws = found["forecast"]
    actual = plain.data["outcome"].values[-HIDDEN:].sum(axis=1)
    low, high = np.quantile(draws, [0.05, 0.95], axis=0)
    error = float(np.abs(draws.mean(axis=0) - actual).sum() / np.abs(actual).sum())
    return {"error": error, "inside": float(((low <= actual) & (actual <= high)).mean()), "warnings": said}


def cell(found: Mapping[str, Any] | None) -> str:
    """What the table says of a result."""
    if found is None:
        return "-"
    if "failed" in found:
        return textwrap.shorten(str(found["failed"]), 90, placeholder=" ...")
    doubt = " (R-hat)" if any("R-hat" in words for words in found.get("warnings", ())) else ""
    if "error" in found:
        return f"{found['error']:.1%}, {found['inside']:.0%} inside{doubt}"
    rows = np.array(list(found["intervals"].values()))
    inside = int(((rows[:, 1] <= rows[:, 0]) & (rows[:, 0] <= rows[:, 3])).sum())
    width = float(np.median(np.log(rows[:, 3] / np.maximum(rows[:, 1], 1e-12))))
    return f"{inside} of {len(rows)}, {np.median(np.abs(rows[:, 2] / rows[:, 0] - 1)):.0%}, x{np.exp(width):.1f}{doubt}"


def made(case: Case, told: Told, method: str) -> dict[str, Any]:
    """A cell's result; a peer that stops is a result too."""
    try:
        return ours(case, told) if method == OURS else theirs(case, told, method)
    except FitError as error:
        return {"failed": " ".join(str(error).split())[:300]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--work", type=Path, default=Path(".mmm/public-table"))
    parser.add_argument("--minutes", type=float, default=1e9)
    parser.add_argument("--only", nargs="*", default=list(CASES))
    parser.add_argument("--methods", nargs="*", default=[OURS, *PEERS])
    parser.add_argument("--page", action="store_true", help="print what is there, make nothing")
    asked = parser.parse_args()
    asked.work.mkdir(parents=True, exist_ok=True)
    until = time.monotonic() + 60 * asked.minutes
    print(f"| data | told | {' | '.join((OURS, *PEERS))} |\n|---|---|---|---|---|")
    for name in asked.only:
        case = CASES[name](asked.folder)
        for told in case.told:
            cells = []
            for method in (OURS, *PEERS):
                file = asked.work / f"{name.replace('/', '-')}-{case.told.index(told)}-{method}.json"
                if method != OURS and method not in told.peers:
                    cells.append(None)
                elif asked.page or method not in asked.methods or time.monotonic() > until:
                    cells.append(json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {"failed": "?"})
                else:
                    key = f"{name} {told.item} {method}"
                    cells.append(kept(file, key, partial(made, case, told, method)))
            naive = "" if case.truth else f" (last year's values {seasonal(case):.1%})"
            print(f"| {name}{naive} | {told.item} | {' | '.join(map(cell, cells))} |", flush=True)


def seasonal(case: Case) -> float:
    """Error of last year's values on the hidden quarter."""
    outcome = case.told[0].dataset.data["outcome"].values.sum(axis=1)
    return float(np.abs(outcome[-HIDDEN:] - outcome[-HIDDEN - 52 : -52]).sum() / outcome[-HIDDEN:].sum())


if __name__ == "__main__":
    main()

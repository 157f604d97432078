"""Analyses whose fits are in the store without any sampling: draws around the truth of a simulated world.

The whole path from settings to report then runs in seconds, on any number of channels and with any names.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from mmm.data.dataset import Dataset
from mmm.inference.convergence import GROUP, by_parameter
from mmm.inference.fit import Fit, Member
from mmm.inference.keys import fit_key, made_of, versions
from mmm.inference.store import save
from mmm.model import response
from mmm.model.baseline import terms
from mmm.model.draws import response_draws, stacked
from mmm.model.evidence import NO_EVIDENCE
from mmm.model.mixture import make_mixture
from mmm.model.spec import ModelSpec, without_inactive_channels
from mmm.settings import Settings, load_dataset, load_evidence, settings_from
from mmm.simulate import (
    Adstock,
    Baseline,
    Channel,
    Control,
    Flighting,
    Noise,
    Saturation,
    World,
    data_settings,
    simulate,
)

CHAINS, DRAWS = 4, 150
_ROAS = (1.5, 3.0, 0.7, 2.4, 1.2, 4.0)
_HALF = (0.5, 2.0, 0.8, 2.5, 1.2, 2.0)


@dataclass(frozen=True)
class Case:
    """What varies: channel names, geos, how far the draws spread, whether they fail the gate, settings on top."""

    channels: Sequence[str] = ("tv", "search", "display")
    geos: int = 2
    weeks: int = 78
    spread: float = 0.15
    diverging: bool = False
    value_per_unit: float | None = 1.0
    """1 for revenue; None for a KPI without value; else the value of an order."""
    scale: float = 1.0
    """What the outcome is multiplied by: 1e-8 makes orders a rate. For a KPI without value."""
    currency: str = "EUR"
    spend: float = 60_000.0
    paused: Sequence[str] = ()
    """Channels without spend in the last half year."""
    young: Sequence[str] = ()
    """Channels without spend before the last ten weeks."""
    settings: Mapping[str, Any] = field(default_factory=dict)


FITTED = ("model", "sampler", "data", "experiments")
"""Sections of the settings on which data and fits hang: what else is asked of them needs no others."""


def make_settings(case: Case, folder: Path) -> Settings:
    """Writes the world's data to ``folder``, puts both fits into its store, and returns the settings."""
    prepare(case, folder)
    return settings_of(case, folder, folder)


def basis_of(case: Case) -> Case:
    """``case`` with no other settings than those on which data and fits hang."""
    return replace(case, settings={key: case.settings[key] for key in FITTED if key in case.settings})


def settings_of(case: Case, folder: Path, base: Path) -> Settings:
    """The settings, as if read in ``base``, of an analysis whose data and fits are in ``folder``."""
    world = _world(case)
    document: dict[str, Any] = {"name": "synthetic", "title": "Synthetic shop", "data": data_settings(simulate(world))}
    # The world's channels have plain names; the analysis gives them the case's.
    columns = document["data"]["channels"]
    document["data"]["channels"] = dict(zip(case.channels, columns.values(), strict=True))
    document["data"] |= {"currency": case.currency, "source": str(folder / "data.csv")}
    if case.value_per_unit is None:
        document["data"]["target"] = {"column": world.outcome, "kind": "kpi", "unit": world.outcome}
    document |= {
        "model": {"lookback": "8 weeks", "mixture": None},
        "sampler": {"draws": DRAWS, "chains": CHAINS, "store": str(folder / "store")},
        # Draws around the truth say little of how well a fit would forecast.
        "gate": {"ess_bulk_min": 300, "ess_tail_min": 300, "r_hat_max": 1.05, "naive_warn": 0.0, "naive_fail": 0.0},
        "plan": {"curve_points": 5, "draws": 200},
        **case.settings,
        # Pictures for slides take longer than all the rest of a page.
        "report": {"figures": False, **case.settings.get("report", {})},
    }
    return settings_from(document, base=base)


def prepare(case: Case, folder: Path) -> None:
    """Writes the world's data to ``folder``, and both fits to its store."""
    world = _world(case)
    frame = simulate(world).frame
    frame[world.outcome] *= case.scale
    dates = sorted(frame["date"].unique())
    for i, name in enumerate(case.channels):
        own = [c for c in frame.columns if c.startswith(f"c{i}_")]
        if name in case.paused:
            frame.loc[frame["date"] >= dates[-26], own] = 0.0
        if name in case.young:
            frame.loc[frame["date"] < dates[-10], own] = 0.0
    frame.to_csv(folder / "data.csv", index=False)
    settings = settings_of(case, folder, folder)
    dataset = load_dataset(settings)
    evidence = load_evidence(settings, dataset)
    for seen in (dataset, dataset.with_outcome_hidden(13)):
        used, excluded = without_inactive_channels(seen)
        for place, member in enumerate(make_mixture(used, settings.model).members):
            for told in {NO_EVIDENCE, evidence.known_to(seen)}:
                key = fit_key(used, member.spec, settings.sampler, told)
                made = _fit(used, member.spec, settings, case, place)
                made = replace(made, evidence=told, key=key, excluded=excluded)
                save(made, Path(settings.sampler.store) / key)


def _world(case: Case) -> World:
    def channel(i: int) -> Channel:
        return Channel(
            f"c{i}",
            weekly_spend=case.spend * (0.4 + 0.6 * ((i * 7) % 5) / 4),
            roas=_ROAS[i % 6] / (case.value_per_unit or 1.0),
            flighting=Flighting("always_on", variation=0.4, geo_noise=0.2),
            adstock=Adstock(alpha=0.3 + 0.05 * (i % 4)),
            saturation=Saturation(k=_HALF[i % 6]),
        )

    money = case.value_per_unit == 1.0
    return World(
        name="synthetic",
        channels=tuple(channel(i) for i in range(len(case.channels))),
        weeks=case.weeks,
        geos=tuple(f"region_{g}" for g in range(case.geos)) if case.geos > 1 else ("total",),
        population=tuple(1e6 + 3e5 * g for g in range(case.geos)) if case.geos > 1 else None,
        outcome="revenue" if money else "orders",
        value_per_unit=case.value_per_unit or 1.0,
        baseline=Baseline(weekly_outcome=max(2.0, len(case.channels)) * 6e5 / (case.value_per_unit or 1.0)),
        controls=(Control("price", kind="index", effect=-0.02, centre=100.0, sd=2.5),),
        noise=Noise(sd=0.03),
        seed=len(case.channels),
    )


def _fit(dataset: Dataset, spec: ModelSpec, settings: Settings, case: Case, place: int) -> Fit:
    """Draws around plausible values; coefficients of the baseline by least squares on what media leave over."""
    rng = np.random.default_rng(7 + place)
    geos, channels = list(spec.geos), list(spec.channel_names)
    c = len(channels)
    shape = (CHAINS, DRAWS)

    def near(centre: np.ndarray, relative: float) -> np.ndarray:
        return np.asarray(centre * np.exp(relative * rng.standard_normal((*shape, *np.shape(centre)))))

    alpha = 0.3 + 0.05 * (np.arange(c) % 4)
    half = np.array([_HALF[i % 6] for i in range(c)])
    # Later models of a mixture give each channel the return of the one before.
    roas = np.roll([case.scale * _ROAS[i % 6] for i in range(c)], place)
    level = near(roas, case.spread)
    draws: dict[str, Any] = {
        "adstock_alpha": (("chain", "draw", "channel"), np.clip(near(alpha, 0.1), 0.01, 0.95)),
        "half_saturation": (("chain", "draw", "channel"), near(half, 0.2)),
        "log_beta": (("chain", "draw", "geo", "channel"), np.zeros((*shape, len(geos), c))),
    }
    sloped = [
        name
        for name, channel in zip(channels, spec.channels, strict=True)
        if channel.saturation.family == "hill_sloped"
    ]
    if sloped:
        # Half of the draws are S-shaped.
        slopes = near(np.full(len(sloped), 1.2), 0.3)
        draws["hill_slope"] = (("chain", "draw", "sloped"), slopes)
    spend = dataset.data["spend"].values.sum(axis=(0, 1))
    value = dataset.data["value_per_unit"].values[0, 0] if dataset.has_value else 1.0
    flat = stacked(
        xr.Dataset(draws, coords={"geo": geos, "channel": channels} | ({"sloped": sloped} if sloped else {}))
    )
    media = dataset.data["media"].values
    once = response.totals(response_draws(spec, flat), media, np.ones(media.shape[:2]))
    share = once.sum(axis=1) * value / spend
    shift = np.log(level / share.reshape(*shape, c))
    draws["log_beta"] = (("chain", "draw", "geo", "channel"), np.repeat(shift[:, :, None, :], len(geos), axis=2))
    effect = response.contributions(_mean_draw(spec, draws, geos, channels), media)[0].sum(axis=2)
    draws |= _baseline(dataset, spec, effect, near)
    index = {"chain": np.arange(CHAINS), "draw": np.arange(DRAWS)}
    draws["roas"] = (("chain", "draw", "channel"), level)
    posterior = xr.Dataset(draws, coords={**index, "geo": geos, "channel": channels})
    flags = np.zeros(shape, dtype=bool)
    flags[:, :: 2 if case.diverging else DRAWS + 1] = case.diverging
    energy = rng.standard_normal(shape)
    stats = xr.Dataset({"diverging": (("chain", "draw"), flags), "energy": (("chain", "draw"), energy)}, index)
    key = fit_key(dataset, spec, settings.sampler)
    elpd = -1.0 - 0.05 * place + 0.3 * rng.standard_normal(len(dataset.dates))
    good = np.full(len(elpd), 0.1)
    by_chain = {
        name: (("chain", "date"), np.tile(v, (CHAINS, 1)))
        for name, v in (("elpd_by_chain", elpd), ("k_by_chain", good))
    }
    loo = xr.Dataset({"elpd": ("date", elpd), "k": ("date", good), **by_chain}, {"date": dataset.dates})
    tree = xr.DataTree.from_dict({"posterior": posterior, "sample_stats": stats, "loo": loo})
    tree[GROUP] = xr.DataTree(by_parameter(tree))
    seconds = {"compile": 1.0, "sample": 2.0, "total": 3.0}
    member = Member(spec, tree, key, settings.sampler.engine, seconds=seconds, made_of=made_of(spec, settings.sampler))
    return Fit(dataset, (member,), settings.sampler.seed, key, versions=versions())


def _mean_draw(spec: ModelSpec, draws: dict[str, Any], geos: list[str], channels: list[str]) -> response.ResponseDraws:
    one = {name: (dims[1:], values.mean(axis=0)[:1]) for name, (dims, values) in draws.items()}
    flat = xr.Dataset(one, coords={"geo": geos, "channel": channels}).rename(draw="sample")
    return response_draws(spec, flat)


def _baseline(dataset: Dataset, spec: ModelSpec, effect: np.ndarray, near: Any) -> dict[str, Any]:
    """Terms of the baseline by least squares, with a little noise on every coefficient."""
    scale = np.array(spec.outcome_scale)
    seen = dataset.data["observed"].values.astype(bool)
    left = (dataset.data["outcome"].values - effect) / scale
    found = terms(spec, dataset.dates, dataset.data["control"].values)
    t, g = left.shape
    blocks = []
    for term in found:
        if term.dim == "geo":
            blocks.append(np.tile(np.eye(g), (t, 1)).reshape(t, g, g))
        else:
            design = term.design if term.design.ndim == 3 else np.repeat(term.design[:, None, :], g, axis=1)
            blocks.append(design)
    design = np.concatenate(blocks, axis=2)[seen]
    ridge = 1e-2 * np.eye(design.shape[1])
    y = left[seen]
    solved = np.linalg.solve(design.T @ design + ridge, design.T @ y)
    noise = float(np.std(y - design @ solved))
    out: dict[str, Any] = {}
    start = 0
    for term, block in zip(found, blocks, strict=True):
        values = solved[start : start + block.shape[2]]
        start += block.shape[2]
        jitter = near(np.ones(len(values)), 0.01) - 1.0
        out[term.name] = (("chain", "draw", term.dim), values + noise * jitter)
        if term.scale is not None:
            out[term.scale.name] = (("chain", "draw"), near(np.array(0.02), 0.1))
    out["sigma"] = (("chain", "draw"), near(np.array(noise), 0.05))
    return out

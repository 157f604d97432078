"""Priors of the channels' effects: on the return where there is cost and value, else on the share of the outcome."""

from typing import Literal

import numpy as np
import numpy.typing as npt

from mmm.arrays import Floats
from mmm.data.dataset import Dataset
from mmm.model.priors import LogNormalPrior
from mmm.model.settings import ChannelModelSettings, ModelSettings
from mmm.model.within import direct_part, reaching

# P(all channels together explain more than the whole outcome) under the default prior stays below this.
_MOST_OVERSHOOT = 0.04


def costs(dataset: Dataset) -> npt.NDArray[np.bool_]:
    """Whether spend is the price of a channel, by channel."""
    return np.array([role.costs for role in dataset.channel_roles])


def signs(dataset: Dataset, settings: ModelSettings) -> tuple[Literal[-1, 1], ...]:
    """Sign of each channel's effect on the outcome: what settings state, else its role's."""
    stated = {name: own.sign for name, own in settings.channels.items()}
    known: dict[str | None, Literal[-1, 1]] = {"positive": 1, "negative": -1}
    pairs = zip(dataset.channels, dataset.channel_roles, strict=True)
    return tuple(known.get(stated.get(name), role.sign) for name, role in pairs)


def window_outcome(dataset: Dataset, inside: slice, kind: str) -> float:
    """The outcome observed in the rows ``inside``, as money where priors are on the return."""
    outcome = np.nan_to_num(dataset.data["outcome"].values[inside])
    if kind == "roas":
        outcome = outcome * dataset.data["value_per_unit"].values[inside]
    return float(outcome.sum())


def effect_priors(
    dataset: Dataset, settings: ModelSettings, inside: slice
) -> tuple[Literal["roas", "share"], list[LogNormalPrior], list[float]]:
    """Kind, prior and denominator of every channel's effect; default priors are capped together."""
    kind: Literal["roas", "share"] = (
        "roas"
        if settings.effect_prior == "roas" or (settings.effect_prior == "auto" and dataset.has_value)
        else "share"
    )
    spend = dataset.data["spend"].values[inside].sum(axis=(0, 1))
    total = window_outcome(dataset, inside, kind)
    priced = costs(dataset)
    # What has no cost has no return: its prior is on its share of the outcome, whatever that of the others is on.
    denominators = np.where(priced & (kind == "roas"), spend, total)
    medians, sigmas = _default_effects(settings, kind, spend, priced)
    to_share = denominators / total
    worth = window_outcome(dataset, inside, "roas")
    own = [
        _own_effect(settings.channels.get(c, ChannelModelSettings()), spend[i] / worth, to_share[i])
        for i, c in enumerate(dataset.channels)
    ]
    free = np.array([o is None for o in own])
    counted = free & (np.array(signs(dataset, settings)) > 0)
    factor = _overshoot_factor(medians[counted] * to_share[counted], sigmas[counted]) if counted.any() else 1.0
    effects = [
        o if o is not None else LogNormalPrior.from_median(float(m * f), float(s))
        for o, m, s, f in zip(own, medians, sigmas, np.where(counted, factor, 1.0), strict=True)
    ]
    through = reaching(settings)
    effects = [direct_part(e) if name in through else e for name, e in zip(dataset.channels, effects, strict=True)]
    return kind, effects, [float(d) for d in denominators]


def _default_effects(
    settings: ModelSettings, kind: str, spend: Floats, costs: npt.NDArray[np.bool_]
) -> tuple[Floats, Floats]:
    """Medians and sigmas [c] of the priors that nobody states."""
    paid, unpaid = int(costs.sum()), int((~costs).sum())
    medians = np.full(len(spend), settings.unpaid_share / max(unpaid, 1))
    sigmas = np.full(len(spend), settings.share_sigma)
    if kind == "roas":
        medians[costs], sigmas[costs] = settings.roas.median, settings.roas.sigma
    elif paid:
        # Half by spend, half evenly: large channels are expected to do more, small ones are not written off.
        medians[costs] = settings.media_share * (0.5 * spend / spend.sum() + 0.5 / paid)[costs]
    return medians, sigmas


def _own_effect(own: ChannelModelSettings, spend_share: float, to_share: float) -> LogNormalPrior | None:
    """The channel's stated prior in the terms of its effect: ``to_share`` is a share of the outcome per unit of it,
    ``spend_share`` the spend over the outcome's value, a share per unit of ROAS."""
    stated = own.roas if own.roas is not None else own.share
    if stated is None:
        return None
    factor = (spend_share if own.roas is not None else 1.0) / to_share
    return LogNormalPrior(lower=stated.lower * factor, upper=stated.upper * factor)


def _overshoot_factor(share_medians: np.ndarray, sigmas: np.ndarray) -> float:
    """Largest factor up to 1 on the medians for which P(sum of shares > 1) stays below the limit.

    The sum is homogeneous in the factor, so its quantile gives the answer at once. Draws are fixed by a seed: the
    factor is a constant of the model.
    """
    z = np.random.default_rng(20240101).standard_normal((20_000, len(sigmas)))
    quantile = np.quantile((share_medians * np.exp(sigmas * z)).sum(axis=1), 1 - _MOST_OVERSHOOT)
    return float(min(1.0, 1.0 / quantile))

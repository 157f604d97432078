"""Panels of which one channel has a given role, and fits of them whose draws are those of the prior."""

from dataclasses import replace

import engine_cases as cases
import numpy as np
import xarray as xr

from mmm.data.dataset import Dataset
from mmm.data.role import PAID, Role
from mmm.inference.engine import log_posterior
from mmm.inference.engine.draws import posterior
from mmm.inference.engine.prior_draws import unconstrained_draws
from mmm.inference.fit import Fit, Member
from mmm.model.settings import ModelSettings
from mmm.model.spec import ModelSpec, make_spec

OWN = "c1"


def believed(role: Role) -> ModelSettings:
    """The tests' settings; a channel known by reach and frequency, or a mediator, has no curve of media."""
    base = cases.settings()
    if "frequency" not in role.needs and not role.mediates:
        return base
    own = base.channels[OWN].model_copy(update={"saturation": None})
    return base.model_copy(update={"channels": {**base.channels, OWN: own}})


def panel(role: Role, shape: str = "geo") -> Dataset:
    """The tests' panel, in which one channel has the role."""
    data = cases.dataset(shape)
    roles = tuple(role.name if name == OWN else PAID for name in data.channels)
    values = data.data.copy(deep=True)
    units = data.media_unit
    if "media" in role.needs:
        units = tuple("mails" if name == OWN else unit for name, unit in zip(data.channels, units, strict=True))
    if not role.costs:
        values["spend"].loc[{"channel": OWN}] = 0.0
    if "frequency" in role.needs:
        often = 1.0 + np.random.default_rng(6).gamma(2.0, 1.0, values["media"].shape)
        often[:, :, [name != OWN for name in data.channels]] = np.nan
        values["exposures"] = ("date", "geo", "channel"), often
    return replace(data, data=values, roles=roles, media_unit=units)


def posterior_of_prior(spec: ModelSpec, data: Dataset) -> xr.Dataset:
    """Draws of the prior as if they were a posterior."""
    problem = log_posterior(spec, data)
    return posterior(problem, unconstrained_draws(problem, 120, 1)[None], 2)


def fit_of(role: Role) -> Fit:
    """A fit whose draws are those of the prior."""
    return fit_of_prior(panel(role), believed(role))


def fit_of_prior(data: Dataset, settings: ModelSettings) -> Fit:
    """The same of any panel and settings."""
    spec = make_spec(data, settings)
    draws = posterior_of_prior(spec, data)
    stats = xr.Dataset({"diverging": (("chain", "draw"), np.zeros((1, 120), dtype=bool))})
    tree = xr.DataTree.from_dict({"posterior": draws, "sample_stats": stats})
    return Fit(data, (Member(spec, tree, "prior", "none"),), seed=1, key="prior")

"""A preview: a quick look at what a fit would say, and not a fit. Nothing may be decided on it."""

import time
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from mmm.data.dataset import Dataset
from mmm.errors import FitError
from mmm.model.evidence import NO_EVIDENCE, Evidence
from mmm.model.spec import ModelSpec, without_inactive_channels


@dataclass(frozen=True, repr=False)
class Preview:
    """Draws from the Laplace approximation of one model's posterior: a normal distribution around the mode.

    It is not a :class:`~mmm.inference.fit.Fit` and has none of its methods: gate, analysis and planner refuse it.
    ``posterior`` has the variables and dims of a fit's member with one chain, ``seconds`` the time it took.
    """

    dataset: Dataset
    spec: ModelSpec
    posterior: xr.Dataset
    seconds: float

    @property
    def label(self) -> str:
        """What whatever shows a preview must show with it."""
        return "PREVIEW, not a fit: a normal approximation around the mode of one model; nothing may be decided on it"

    @property
    def effects(self) -> pd.DataFrame:
        """ROAS (or share of the outcome) by channel: median and 90% interval; the label is in ``attrs``."""
        values = self.posterior[self.spec.effect_kind].values.reshape(-1, len(self.spec.channels))
        low, median, high = np.quantile(values, [0.05, 0.5, 0.95], axis=0)
        name = self.spec.effect_kind
        table = pd.DataFrame(
            {name: median, f"{name}_lower": low, f"{name}_upper": high},
            index=pd.Index(self.spec.channel_names, name="channel"),
        )
        table.attrs["label"] = self.label
        return table

    def __repr__(self) -> str:
        return f"<{self.label}>\n{self.effects.to_string(float_format=lambda v: f'{v:.3g}')}"

    def _repr_html_(self) -> str:
        return f"<div><strong>{self.label}</strong>{self.effects.to_html(float_format=lambda v: f'{v:.3g}')}</div>"


def preview(
    dataset: Dataset, spec: ModelSpec, evidence: Evidence = NO_EVIDENCE, *, count: int = 1000, seed: int = 0
) -> Preview:
    """A look at the posterior of ``spec`` in about a second: ``count`` draws from its Laplace approximation.

    Good for the order of magnitude of the effects. Intervals come out wrong where the posterior is skewed or has
    several modes, and nothing tells where that is: for that there is :func:`mmm.inference.sample.fit_model`.
    """
    from mmm.inference import engine

    started = time.perf_counter()
    used = dataset if dataset.channels == spec.channel_names else without_inactive_channels(dataset)[0]
    tree = engine.preview(spec, used, evidence, count=count, seed=seed)
    return Preview(used, spec, tree["posterior"].to_dataset(), time.perf_counter() - started)


def refuse_preview(fit: object) -> None:
    """Raise FitError for a preview where only a fit may go."""
    if isinstance(fit, Preview):
        raise FitError(
            f"This is a {fit.label}. Gate, analysis, plan and report need a fit: make one with mmm.fit, or with "
            "'mmm fit' without --preview."
        )

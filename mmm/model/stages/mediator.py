"""A mediator: media move it, and it moves the outcome.

With m = f(media) + its own course, and the outcome = direct(media) + theta A(m) + ..., A a carryover of its own, what a
channel brings in all is direct(x) + theta A(f(x)): the outcome is linear in the mediator, so that the ways add up.
(Product of coefficients, as in Baron and Kenny 1986; by draw, so that no normality of the product is assumed.)
"""

from dataclasses import replace

import numpy as np

from mmm.data.dataset import Dataset
from mmm.data.steps import FROM, UNTIL
from mmm.errors import SettingsError
from mmm.model.kinds import saturation_kind
from mmm.model.response import ResponseDraws
from mmm.model.settings import ChannelModelSettings, ModelSettings
from mmm.model.stage import Stage, scaled


def _panel(dataset: Dataset, settings: ModelSettings, name: str) -> Dataset:
    """The panel whose outcome is the mediator, where it was measured, with the channels that reach it."""
    stage, place = settings.stages[name], dataset.channels.index(name)
    values, gaps = dataset.data["media"].values[:, :, place], dataset.gaps[:, :, place]
    controls = list(dataset.controls if stage.controls is None else stage.controls)
    chosen = dataset.with_channels(list(stage.reached_by))
    data = chosen.data.sel(control_name=controls).drop_vars([v for v in (FROM, UNTIL, "gaps") if v in chosen.data])
    data = data.assign(
        outcome=data["outcome"].copy(data=np.where(gaps, np.nan, values)),
        observed=data["observed"].copy(data=~gaps),
        value_per_unit=data["value_per_unit"].copy(data=np.full(values.shape, np.nan)),
    )
    unit = dataset.media_unit[place]
    return replace(chosen, data=data, outcome_name=name, outcome_unit=unit, outcome_kind="kpi", notes=(), future=None)


def _believed(settings: ModelSettings, name: str) -> ModelSettings:
    """Families of the channels as in the analysis, priors on their shares of the mediator."""
    channels = {}
    for channel, stated in settings.stages[name].reached_by.items():
        own = settings.channels.get(channel, ChannelModelSettings())
        families = {key: getattr(own, key) for key in ("adstock", "saturation", "order", "lookback")}
        channels[channel] = stated.model_copy(
            update={key: value for key, value in families.items() if getattr(stated, key) is None}
        )
    base = settings.baseline.model_copy(update={"controls": {}})
    return settings.model_copy(
        update={"channels": channels, "stages": {}, "effect_prior": "share", "baseline": base, "priors_from": None}
    )


def _way(direct: ResponseDraws, name: str, own: ResponseDraws) -> ResponseDraws:
    """What the stage says of the mediator, times what a unit of it brings, carried over as the mediator's is."""
    place = direct.channels.index(name)
    kinds, lags = np.unique(direct.saturation_kind[:, place]), int(direct.lookbacks[place])
    if not np.array_equal(kinds, [saturation_kind("none")]):
        raise SettingsError(f"model.channels.{name}.saturation: a mediator works in a straight line. Remove it.")
    per_unit = direct.log_beta[:, :, place] - np.log(direct.media_scale[:, place])
    way = scaled(own, per_unit)
    if lags == 0:
        return way
    return replace(way, after=np.repeat(direct.carryover(place)[:, None, :], len(own.channels), axis=1))


RECORD = Stage(
    name="mediator",
    meaning="Media move it on the way to the outcome, such as branded queries: direct and mediated returns add up.",
    panel=_panel,
    believed=_believed,
    way=_way,
)

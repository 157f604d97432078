"""What the equation of the outcome takes of the mediators among its channels, as ordinary settings of channels.

A stated return, or the default one, is of all that a channel brings. What goes straight to the outcome is a part of it
that may be nearly nothing where media work through a mediator, so that the prior of a channel which reaches one has a
lower end ten times as low.
"""

from collections.abc import Collection

from mmm.data.dataset import Dataset
from mmm.errors import SettingsError
from mmm.model.priors import LogNormalPrior
from mmm.model.settings import (
    ChannelModelSettings,
    ModelSettings,
    SaturationSettings,
    StageSettings,
)
from mmm.suggest import suggestion

LEAST_DIRECT = 0.1
"""Of a return's lower end, how much may be direct of a channel that also reaches a mediator."""


def with_stages(dataset: Dataset, settings: ModelSettings) -> ModelSettings:
    """The settings with each mediator as a channel of a straight line.

    Raises SettingsError where a stage is no mediator of the data, or names channels or controls that are not there.
    """
    _check(dataset, settings)
    if not dataset.mediators:
        return settings
    channels = dict(settings.channels)
    for name in dataset.mediators:
        channels[name] = _mediator(name, settings)
    return settings.model_copy(update={"channels": channels})


def _mediator(name: str, settings: ModelSettings) -> ChannelModelSettings:
    own, stage = settings.channels.get(name, ChannelModelSettings()), settings.stages.get(name)
    if own.saturation is not None or own.sign is not None:
        raise SettingsError(
            f"model.channels.{name}: a mediator works in a straight line and does not lower the outcome. Remove "
            "saturation and sign; what its own media do is stated in model.stages."
        )
    usual = StageSettings(reached_by={name: ChannelModelSettings()}) if stage is None else stage
    return own.model_copy(
        update={
            "adstock": usual.carryover if own.adstock is None else own.adstock,
            "saturation": SaturationSettings(family="none"),
            "order": "carryover_first",
            "share": usual.share if own.share is None else own.share,
        }
    )


def reaching(settings: ModelSettings) -> set[str]:
    """Channels that reach a mediator."""
    return {channel for stage in settings.stages.values() for channel in stage.reached_by}


def without(settings: ModelSettings, channels: Collection[str]) -> ModelSettings:
    """The settings without these channels, and without the stages that nothing else reaches."""
    known = {name: own for name, own in settings.channels.items() if name not in channels}
    stages = {}
    for name, stage in settings.stages.items():
        left = {channel: own for channel, own in stage.reached_by.items() if channel not in channels}
        if left and name not in channels:
            stages[name] = stage.model_copy(update={"reached_by": left})
    return settings.model_copy(update={"channels": known, "stages": stages})


def of_part(settings: ModelSettings, part: float) -> ModelSettings:
    """The settings of one of several outcomes: a stated return is of all of them, of which it has this part."""

    def own(prior: LogNormalPrior) -> LogNormalPrior:
        return LogNormalPrior(lower=part * prior.lower, upper=part * prior.upper)

    channels = {
        name: stated if stated.roas is None else stated.model_copy(update={"roas": own(stated.roas)})
        for name, stated in settings.channels.items()
    }
    return settings.model_copy(update={"roas": own(settings.roas), "channels": channels})


def direct_part(whole: LogNormalPrior) -> LogNormalPrior:
    """The prior of a direct effect, of that of all that a channel brings."""
    return LogNormalPrior(lower=LEAST_DIRECT * whole.lower, upper=whole.upper)


def whole_part(direct: LogNormalPrior) -> LogNormalPrior:
    """The prior of all that a channel brings, of that of its direct effect."""
    return LogNormalPrior(lower=direct.lower / LEAST_DIRECT, upper=direct.upper)


def _check(dataset: Dataset, settings: ModelSettings) -> None:
    for name, stage in settings.stages.items():
        if name not in dataset.mediators:
            raise SettingsError(
                f"model.stages names '{name}', no channel of the role 'mediator'. State its column in the data: "
                f"data.channels: {{{name}: {{role: mediator, media: COLUMN}}}}. {suggestion(name, dataset.mediators)}"
            )
        known = [channel for channel in dataset.channels if channel not in dataset.mediators]
        for channel in stage.reached_by:
            if channel not in known:
                raise SettingsError(
                    f"model.stages.{name}.reached_by names '{channel}', no channel that moves a mediator. "
                    f"{suggestion(channel, known)}"
                )
        for control in stage.controls or ():
            if control not in dataset.controls:
                raise SettingsError(
                    f"model.stages.{name}.controls names '{control}', no control of the data. "
                    f"{suggestion(control, dataset.controls)}"
                )

"""The models of a mixture: one spec for each member of the settings, differing only in what the settings leave open."""

from typing import Literal

from pydantic import Field

from mmm.data.dataset import Dataset
from mmm.model.settings import AdstockSettings, MemberSettings, MixtureSettings, ModelSettings, SaturationSettings
from mmm.model.spec import ModelSpec, make_spec
from mmm.section import Section

SINGLE = "model"
"""Name of the one member where there is no mixture."""


class NamedSpec(Section):
    """A member's name and its spec."""

    name: str
    spec: ModelSpec


class Mixture(Section):
    """Specs to fit together, and how their fits are weighted (see MixtureSettings)."""

    members: tuple[NamedSpec, ...] = Field(min_length=1)
    weighting: Literal["stacking", "pseudo_bma", "equal"] = "stacking"
    floor: float = 0.0


def single(spec: ModelSpec) -> Mixture:
    """The mixture of one spec."""
    return Mixture(members=(NamedSpec(name=SINGLE, spec=spec),))


def make_mixture(dataset: Dataset, settings: ModelSettings) -> Mixture:
    """Pin every member of the settings for a panel; members that come out the same are kept once, by the first name.

    Raises what :func:`mmm.model.spec.make_spec` raises.
    """
    if settings.mixture is None:
        return single(make_spec(dataset, settings))
    found: dict[str, ModelSpec] = {}
    for name, member in settings.mixture.members.items():
        spec = make_spec(dataset, settings_of(settings, member))
        if spec not in found.values():
            found[name] = spec
    members = tuple(NamedSpec(name=name, spec=spec) for name, spec in found.items())
    if len(members) == 1:
        return single(members[0].spec)
    wanted: MixtureSettings = settings.mixture
    return Mixture(members=members, weighting=wanted.weighting, floor=wanted.floor)


def settings_of(settings: ModelSettings, member: MemberSettings) -> ModelSettings:
    """The settings of one member as those of a single model: what is ``auto`` is set, all else stays."""

    def adstock(own: AdstockSettings) -> AdstockSettings:
        return own.model_copy(update={"family": member.adstock}) if own.open else own

    def saturation(own: SaturationSettings) -> SaturationSettings:
        return own.model_copy(update={"family": member.saturation, "slope": member.slope}) if own.open else own

    channels = {
        name: own.model_copy(
            update={
                "adstock": None if own.adstock is None else adstock(own.adstock),
                "saturation": None if own.saturation is None else saturation(own.saturation),
            }
        )
        for name, own in settings.channels.items()
    }
    base = settings.baseline
    return settings.model_copy(
        update={
            "mixture": None,
            "adstock": adstock(settings.adstock),
            "saturation": saturation(settings.saturation),
            "channels": channels,
            "baseline": base.model_copy(update={"drift": member.drift}) if base.drift == "auto" else base,
        }
    )

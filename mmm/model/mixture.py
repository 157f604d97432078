"""The models of a mixture: one spec for each member of the settings, differing only in what the settings leave open."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Literal

from pydantic import Field

from mmm.data.dataset import Dataset
from mmm.model.evidence import NO_EVIDENCE, Evidence
from mmm.model.settings import OPEN, AdstockSettings, MemberSettings, MixtureSettings, ModelSettings, SaturationSettings
from mmm.model.spec import ModelSpec, make_spec
from mmm.model.within import without
from mmm.section import Section

SINGLE = "model"
"""Name of the one member where there is no mixture."""


class NamedSpec(Section):
    """A member's name and its spec."""

    name: str
    spec: ModelSpec


class Mixture(Section):
    """Specs to fit together, what all of them are told of, and how their fits are weighted (see MixtureSettings).

    ``open_noise``: whether the noise of all members may become Student-t's, where that predicts clearly better.
    """

    members: tuple[NamedSpec, ...] = Field(min_length=1)
    evidence: Evidence = NO_EVIDENCE
    weighting: Literal["stacking", "pseudo_bma", "equal"] = "pseudo_bma"
    floor: float = 0.0
    open_noise: bool = False

    def heavy_tailed(self) -> "Mixture":
        """The same with Student-t noise in every member."""
        specs = (m.spec.model_copy(update={"likelihood": "student_t"}) for m in self.members)
        members = tuple(m.model_copy(update={"spec": s}) for m, s in zip(self.members, specs, strict=True))
        return self.model_copy(update={"members": members, "open_noise": False})


@dataclass(frozen=True)
class Beliefs:
    """What a fit of any part of the data starts from: the model's settings, and experiments."""

    model: ModelSettings
    evidence: Evidence = NO_EVIDENCE

    def mixture(self, dataset: Dataset) -> Mixture:
        """The models to fit on ``dataset``, told of all experiments."""
        return make_mixture(dataset, self.model, self.evidence)

    def with_noise(self, likelihood: Literal["normal", "student_t"]) -> "Beliefs":
        """The same with this noise, whatever the settings leave open: for fits that judge one that has decided."""
        return replace(self, model=self.model.model_copy(update={"likelihood": likelihood}))

    def only(self, members: Collection[str]) -> "Beliefs":
        """The same with only these members of the mixture; unchanged where none of them is a member."""
        mixture = self.model.mixture
        kept = {} if mixture is None else {n: m for n, m in mixture.members.items() if n in members}
        if mixture is None or not kept:
            return self
        fewer = mixture.model_copy(update={"members": kept})
        return replace(self, model=self.model.model_copy(update={"mixture": fewer}))

    def training(self, dataset: Dataset, excluded: tuple[str, ...]) -> Mixture:
        """The models to fit on an earlier part of the data, told of the experiments that had ended by then.

        ``excluded`` are channels that this part does not have.
        """
        return make_mixture(dataset, without(self.model, excluded), self.evidence.known_to(dataset))


def single(spec: ModelSpec, evidence: Evidence = NO_EVIDENCE) -> Mixture:
    """The mixture of one spec."""
    return Mixture(members=(NamedSpec(name=SINGLE, spec=spec),), evidence=evidence)


def make_mixture(dataset: Dataset, settings: ModelSettings, evidence: Evidence = NO_EVIDENCE) -> Mixture:
    """Pin every member of the settings for a panel; members that come out the same are kept once, by the first name.

    Raises what :func:`mmm.model.spec.make_spec` raises.
    """
    if settings.mixture is None:
        return single(make_spec(dataset, settings), evidence)
    found: dict[str, ModelSpec] = {}
    for name, member in settings.mixture.members.items():
        spec = make_spec(dataset, settings_of(settings, member))
        if spec not in found.values():
            found[name] = spec
    members = tuple(NamedSpec(name=name, spec=spec) for name, spec in found.items())
    if len(members) == 1:
        return single(members[0].spec, evidence)
    wanted: MixtureSettings = settings.mixture
    return Mixture(
        members=members,
        evidence=evidence,
        weighting=wanted.weighting,
        floor=wanted.floor,
        open_noise=settings.likelihood == "auto",
    )


def settings_of(settings: ModelSettings, member: MemberSettings) -> ModelSettings:
    """The settings of one member as those of a single model: what is ``auto`` is set, all else stays."""

    def adstock(own: AdstockSettings) -> AdstockSettings:
        return own.member(member.adstock, {})

    def saturation(own: SaturationSettings) -> SaturationSettings:
        return own.member(member.saturation, member.curve_priors)

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
            "order": member.order if settings.order == OPEN else settings.order,
            "channels": channels,
            "baseline": base.model_copy(update={"drift": member.drift}) if base.drift == "auto" else base,
        }
    )

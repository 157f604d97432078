"""A Fit: what was learned, with everything that it was learned from. It neither samples nor plots."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from mmm.cards import facts, lines, listed
from mmm.data.dataset import Dataset
from mmm.errors import FitError
from mmm.inference.convergence import Convergence
from mmm.model.draws import Draws, stacked
from mmm.model.evidence import NO_EVIDENCE, Evidence
from mmm.model.mixture import SINGLE
from mmm.model.response import ResponseDraws
from mmm.model.spec import ModelSpec
from mmm.model.stage import STAGES, Ways, composed

if TYPE_CHECKING:
    import pymc as pm

FORMAT_VERSION = 3

NEGLIGIBLE = 0.01
"""A member with less weight gives no draws and is not asked by the gate: with it or without it, results are the same
to within what a hundredth of the draws can move."""

_SHARED = (
    "effect_kind", "channel_names", "roles", "geos", "controls", "lookback", "window", "outcome_scale", "media_scale",
)  # fmt: skip


@dataclass(frozen=True)
class Member:
    """One model of a fit: its spec, its draws and its weight in the mixture.

    ``tree`` is an ArviZ DataTree with the groups ``posterior`` and ``sample_stats`` (dims chain, draw, ...) and, where
    it was made, ``loo``: by period (dim date) the log density ``elpd`` of the period's outcome under the other periods
    and the Pareto shape ``k`` of that estimate, and ``convergence``: R-hat and effective draws (dim parameter).
    ``made_of`` is what the key holds besides data, spec and experiments; empty where it was not made by sampling.
    ``seconds`` holds the time of compiling and sampling, ``converged``
    how well the chains agree (None in fits of earlier versions).
    """

    spec: ModelSpec
    tree: xr.DataTree
    key: str
    engine: str
    name: str = SINGLE
    weight: float = 1.0
    seconds: dict[str, float] = field(default_factory=dict)
    converged: Convergence | None = None
    made_of: Mapping[str, Any] = field(default_factory=dict)

    @property
    def posterior(self) -> xr.Dataset:
        return self.tree["posterior"].to_dataset()

    @property
    def short(self) -> str:
        """In words, by what the chains fall short of agreeing; "" where they agree or nothing is known of it."""
        return "" if self.converged is None else self.converged.short

    @property
    def left_out(self) -> bool:
        """Whether the member was left out of the mixture, as its chains do not agree; then it has no weight at all."""
        return self.weight == 0.0 and self.failed

    @property
    def failed(self) -> bool:
        """Whether the sample is not to be used, as far as is known."""
        sizes = self.tree["posterior"].sizes
        return self.converged is not None and self.converged.failed(sizes["chain"] * sizes["draw"])

    @property
    def counts(self) -> bool:
        """Whether the member's weight is large enough to give draws."""
        return self.weight >= NEGLIGIBLE

    def samples(self, max_draws: int | None = None) -> xr.Dataset:
        """Posterior with chains joined to ``sample``, evenly thinned."""
        return stacked(self.posterior, max_draws)


@dataclass(frozen=True)
class StageFit:
    """The fit of a stage (:mod:`mmm.model.stage`): ``kind`` is its record's name, ``worth`` what a unit of it is worth
    in units of the outcome, where it adds to it."""

    kind: str
    name: str
    fit: "Fit"
    worth: float = 1.0


@dataclass(frozen=True, repr=False)
class Fit:
    """Posterior draws with their dataset and the specs that they belong to: one model, or a weighted mixture.

    ``evidence`` are the experiments that all members were told of.
    ``excluded`` names channels of the dataset that were left out, as nothing could be learned of them. ``versions``
    decide whether a stored fit is reused, never whether it can be read. ``made_of`` says how the members were weighted.
    ``notes`` say what happened in the weighting. ``stages`` are the fits of further equations by which media reach
    the outcome as well: what :meth:`response` gives is the effect through all of them.
    Raises FitError where the members are not of the same panel or their weights do not add up to one.
    """

    dataset: Dataset
    members: tuple[Member, ...]
    seed: int
    key: str
    evidence: Evidence = NO_EVIDENCE
    excluded: tuple[str, ...] = ()
    versions: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    format_version: int = FORMAT_VERSION
    made_of: Mapping[str, Any] = field(default_factory=dict)
    stages: tuple[StageFit, ...] = ()

    def __post_init__(self) -> None:
        total = sum(member.weight for member in self.members)
        if not self.members or abs(total - 1.0) > 1e-6:
            raise FitError(f"The weights of a fit's members add up to {total:.6g}; the rule is 1.")
        for member in self.members[1:]:
            for name in _SHARED:
                if getattr(member.spec, name) != getattr(self.members[0].spec, name):
                    raise FitError(f"The members of a fit differ in {name}, which belongs to the panel they share.")

    @property
    def main(self) -> Member:
        """The member with the largest weight."""
        return max(self.members, key=lambda member: member.weight)

    @property
    def counted(self) -> tuple[Member, ...]:
        """The members that give draws, the heaviest first."""
        found = [member for member in self.members if member.counts] or [self.main]
        return tuple(sorted(found, key=lambda member: -member.weight))

    @property
    def spec(self) -> ModelSpec:
        """The main member's spec: for what all members share (labels, scales, window, priors of the effects)."""
        return self.main.spec

    @property
    def seconds(self) -> dict[str, float]:
        """Times by step, summed over members."""
        names = dict.fromkeys(name for member in self.members for name in member.seconds)
        return {name: sum(member.seconds.get(name, 0.0) for member in self.members) for name in names}

    @property
    def engine(self) -> str:
        return ", ".join(dict.fromkeys(member.engine for member in self.members))

    @property
    def window(self) -> slice:
        """Periods of the dataset from the first that an observed outcome covers to the last."""
        return self.dataset.window

    def to_pymc(self) -> "pm.Model":
        """The plain PyMC model of the main member, its data and experiments included, to change or to sample."""
        # Imported here: PyMC takes seconds, and reading a fit must not.
        from mmm.model.build import build

        return build(self.spec, self.dataset, self.evidence)

    def draws(self, max_draws: int | None = None) -> Draws:
        """Posterior draws of the mixture: of each member evenly thinned, as many as its weight says.

        Without ``max_draws`` as many as keep every member's share exact; a draw is never used twice.
        """
        members = self.counted
        weights = np.array([member.weight for member in members])
        weights /= weights.sum()
        have = np.array([member.posterior.sizes["chain"] * member.posterior.sizes["draw"] for member in members])
        most = int(np.floor((have / weights).min()))
        counts = shares(weights, most if max_draws is None else min(most, max_draws))
        parts = [(m.spec, m.samples(int(n))) for m, n in zip(members, counts, strict=True) if n]
        return Draws(tuple(parts))

    def response(self, max_draws: int | None = None) -> ResponseDraws:
        """The media response of (at most ``max_draws`` of) the posterior draws, in the channels of the dataset.

        Through all stages; what the outcome's own equation says alone is that of :meth:`draws`.
        """
        direct = self.draws(max_draws).response()
        if not self.stages:
            return direct.only(self.dataset.channels)
        ways = [Ways(s.kind, s.name, s.fit.draws(max_draws).response(), s.worth) for s in self.stages]
        return composed(direct, ways, self.seed).only(self.dataset.channels)

    @property
    def of_first_outcome(self) -> "Fit":
        """The same without further outcomes: what is to be held against measurements of the first one."""
        kept = tuple(stage for stage in self.stages if not STAGES[stage.kind].beside)
        return self if len(kept) == len(self.stages) else replace(self, stages=kept)

    @property
    def lookback(self) -> int:
        """Periods after which nothing is left of any spend, on all ways to the outcome."""
        return self.response(1).lookback if self.stages else self.spec.lookback

    @property
    def paid(self) -> "Fit":
        """This fit as those see it who ask for money: with the channels that spend is the price of.

        For :meth:`response` and the observed panel; outcomes are expected of the whole fit alone.
        """
        return replace(self, dataset=self.dataset.with_channels(self.spec.paid))

    def of(self, member: Member) -> "Fit":
        """The fit of one member alone."""
        return replace(self, members=(replace(member, weight=1.0),), key=member.key, notes=())

    def __repr__(self) -> str:
        return lines("Fit", self._facts())

    def _repr_html_(self) -> str:
        return facts("Fit", self._facts())

    def _facts(self) -> list[tuple[str, str]]:
        sizes = self.main.tree["posterior"].sizes
        models = [f"{member.name} ({member.weight:.0%})" for member in self.members]
        rows = [
            ("Periods", f"{self.spec.window[0]} to {self.spec.window[1]}"),
            ("Geos", listed(self.spec.geos)),
            ("Channels", listed(self.spec.channel_names)),
            ("Models by weight", listed(models)),
            ("Draws", f"{sizes['chain']} chains of {sizes['draw']} of every model ({self.engine} engine)"),
            ("Key", self.key[:12]),
        ]
        if self.excluded:
            rows.insert(3, ("Left out", f"{listed(self.excluded)}: never used, so that nothing can be learned"))
        return rows


def shares(weights: np.ndarray, total: int) -> np.ndarray:
    """Whole numbers that add up to ``total`` in proportion to ``weights``: the largest remainders are rounded up."""
    exact = weights * total
    counts = np.floor(exact + 1e-9).astype(int)
    order = np.argsort(counts - exact, kind="stable")
    counts[order[: total - int(counts.sum())]] += 1
    return counts

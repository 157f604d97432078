"""``mmm.fit``: from a panel and what is believed to a fit that can be judged, read, predicted from and planned on."""

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Unpack

import xarray as xr

from mmm.analysis import Analysis
from mmm.analysis.ahead import Held, NewData
from mmm.analysis.predict import predict
from mmm.api.sections import Sections, of_dataset, with_sections
from mmm.assessment.gate import GateReport, demand_pass
from mmm.data.dataset import Dataset
from mmm.errors import FitError, SettingsError
from mmm.inference import fit as inference
from mmm.inference.mix import combine
from mmm.inference.posterior import posterior_tree
from mmm.model.mixture import Mixture, NamedSpec
from mmm.reporting.runs.inputs import checked_request
from mmm.settings import Settings
from mmm.settings.read import require_fitting
from mmm.settings.request import lenses_of
from mmm.suggest import suggestion
from mmm.workflow import Judgement, Request, analysed, fitted, judged
from mmm.workflow.lenses import RULE, SeenThrough, seen_through

Say = Callable[[str], None]


@dataclass(frozen=True, repr=False)
class Fit(inference.Fit):
    """What was learned, with what was asked: posterior draws of one model or of a weighted mixture.

    ``posterior`` and :meth:`predict` give draws; ``judgement``, ``gate`` and ``analysis`` are made when they are first
    asked for, and kept beside the fit in its store, where the next one to ask finds them.
    """

    settings: Settings = field(kw_only=True, repr=False)
    request: Request = field(kw_only=True, repr=False)

    @cached_property
    def posterior(self) -> xr.DataTree:
        """The draws as an ArviZ DataTree; :func:`mmm.inference.posterior.posterior_tree` names its groups."""
        return posterior_tree(self)

    @cached_property
    def judgement(self) -> Judgement:
        """Everything that says whether to believe the fit: gate, held-out forecast, signals, experiments beside it.

        For the held-out forecast a second fit is made, without the outcome of the last weeks.
        """
        return judged(self.request).judgement

    @property
    def gate(self) -> GateReport:
        """Whether the fit may be believed, check by check."""
        return self.judgement.gate

    @cached_property
    def analysis(self) -> Analysis:
        """Contributions, returns, response curves and fit, as tables with 90% intervals."""
        return analysed(self, self.request.store)

    def lenses(self, rule: str = RULE) -> SeenThrough:
        """The same money through the other lenses of the settings: costs, campaigns, customers' value, journeys.

        ``table`` has a row a channel: media, fully loaded and value-based ROAS, and the share that journeys credit by
        ``rule``; ``frames`` are the tables of each lens by name. Found beside the fit, or made and kept there.

        Raises GateError where the gate failed, SettingsError where there is no other lens, DataError with what is wrong
        with the files of one.
        """
        asked = lenses_of(self.settings, self.request.worth, rule)
        if not asked.any:
            raise SettingsError(
                "fit.lenses: the settings have no other lens. Add costs, campaigns, ltv, attribution or "
                "plan.customer_value; docs/lenses.md shows them."
            )
        demand_pass(self.gate, self.request.gate)
        return seen_through(self, self.analysis, asked, self.request.store)

    def predict(self, new_data: NewData = None, *, controls: Held = None, max_draws: int = 1000) -> xr.Dataset:
        """Draws of the outcome, dims chain, draw, date, geo: of the observed periods, or of those in ``new_data``.

        See :func:`mmm.analysis.predict.predict`.
        """
        return predict(self, new_data, controls=controls, max_draws=max_draws)

    def only(self, *models: str) -> inference.Fit:
        """The fit of some models of the mixture alone, weighted anew; nothing is sampled.

        It is for comparing: no judgement belongs to it, so that a plan of it is made without asking the gate. Raises
        SettingsError for a model that the fit does not have.
        """
        known = [member.name for member in self.members]
        for name in models:
            if name not in known:
                raise SettingsError(f"fit.only: the fit has no model '{name}'. {suggestion(name, known)}")
        if not models:
            raise SettingsError(f"fit.only: name at least one model. Known: {', '.join(known)}.")
        chosen = [member for member in self.members if member.name in models]
        alone = [self._plain().of(member) for member in chosen]
        specs = tuple(NamedSpec(name=member.name, spec=member.spec) for member in chosen)
        mixture = self.request.beliefs.mixture(self.request.dataset)
        weighting = {"weighting": mixture.weighting, "floor": mixture.floor}
        return combine(alone, Mixture(members=specs, evidence=self.evidence, **weighting))

    def without(self, *models: str) -> inference.Fit:
        """The fit without some models of the mixture, as :meth:`only` of the others."""
        left = [member.name for member in self.members if member.name not in models]
        if not left:
            raise FitError("fit.without: that leaves no model. Name fewer of them.")
        return self.only(*left)

    def _plain(self) -> inference.Fit:
        return inference.Fit(**{f.name: getattr(self, f.name) for f in fields(inference.Fit)})


def fit(
    dataset: Dataset,
    settings: Settings | None = None,
    *,
    progress: bool = False,
    say: Say = lambda _: None,
    **sections: Unpack[Sections],
) -> Fit:
    """Fit a panel: sample the posterior, or find the same fit in the store (``sampler["store"]``).

    ``settings`` are those of a file (:func:`mmm.load_settings`). Sections by keyword go on top of them, or of the
    defaults, each as its settings object or as a mapping: ``mmm.fit(dataset, model={"lookback": "8 weeks",
    "channels": {"tv": {"roas": {"lower": 0.5, "upper": 2}}}}, sampler={"draws": 500})``. The keys are those of a
    settings file.

    ``say`` receives lines on what happens (``say=print``), ``progress`` shows the sampler's bar. Raises SettingsError
    that lists every problem by key, DataError where experiments do not fit the panel, FitError where sampling fails.
    """
    if not isinstance(dataset, Dataset):
        raise SettingsError(
            f"mmm.fit: dataset is a {type(dataset).__name__}; the rule is a Dataset. Make one with "
            "mmm.from_frame(table, outcome=..., channels=..., currency=...) or mmm.load(path, ...)."
        )
    chosen = (
        with_sections(settings or of_dataset(dataset), sections, "mmm.fit") if sections or not settings else settings
    )
    require_fitting(chosen, dataset)
    request = checked_request(chosen, dataset)
    found = fitted(request, progress=progress, say=say)
    known = {f.name: getattr(found, f.name) for f in fields(inference.Fit)}
    return Fit(**known, settings=chosen, request=request)

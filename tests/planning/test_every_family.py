"""Every family in a plan: no other plan is better than what is proven, and the sliders of the report agree."""

from dataclasses import replace

import numpy as np
import pytest

from mmm.model.families import ADSTOCKS, SATURATIONS, Adstock, Family, Saturation
from mmm.model.kinds import adstock_kind, saturation_kind
from mmm.model.priors import BetaPrior
from mmm.model.response_planner import always_concave, turning
from mmm.planning.planner import decide
from mmm.planning.prepare import Prepared
from mmm.planning.problem import PlanProblem
from mmm.planning.settings import PlanSettings
from mmm.reporting.content.what_if import outcome_draws, payload
from mmm.reporting.design.look import make_look
from mmm.reporting.notation.formatter import Formatter
from mmm.settings.report import ReportSettings

_DRAWS = 100
_SHOWN = 101
pairs = pytest.mark.parametrize(
    ("adstock", "saturation"),
    [(a, s) for a in ADSTOCKS for s in SATURATIONS if a.name == "geometric" or s.name == "hill"],
    ids=lambda family: family.name,
)


def drawn(family: Family, rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Draws from the default priors of the family's parameters, [n, c, k]; one unused number where it has none."""
    found = []
    for parameter in family.parameters:
        prior = parameter.prior
        if isinstance(prior, BetaPrior):
            found.append(rng.beta(prior.alpha, prior.beta, shape))
        else:
            found.append(np.exp(prior.mu + prior.sigma * rng.standard_normal(shape)))
    return np.stack(found or [np.ones(shape)], axis=-1)


def posed(made_up: PlanProblem, adstock: Adstock, saturation: Saturation) -> PlanProblem:
    """The tests' problem of two channels with these families."""
    rng, draws = np.random.default_rng(7), made_up.draws
    shape = draws.adstock_kind.shape
    return replace(
        made_up,
        draws=replace(
            draws,
            adstock_kind=np.full(shape, adstock_kind(adstock.name, normalised=True)),
            adstock_par=drawn(adstock, rng, shape),
            saturation_kind=np.full(shape, saturation_kind(saturation.name)),
            saturation_par=drawn(saturation, rng, shape),
        ),
    )


@pairs
def test_no_plan_of_a_grid_beats_the_certificate(problem, adstock: Adstock, saturation: Saturation) -> None:
    found = posed(problem(channels=2, draws=_DRAWS), adstock, saturation)
    budget = 1.2 * float(found.reference_totals.sum())
    settings = PlanSettings(
        objective="expected_outcome", total_budget=budget, spend_all=True, bounds=(0.0, 4.0), draws=_DRAWS, time_limit=5
    )
    made = decide(Prepared(found, None), settings)
    best = float(made.outcome_draws.mean())
    assert made.certificate.kind in ("exact", "gap")
    proven = best + made.certificate.gap * abs(best) + 1e-6 * abs(best)
    grid = np.linspace(0.0, 1.0, _SHOWN)
    most = 4.0 * found.reference_totals
    for share in grid:
        totals = np.array([share * budget, (1.0 - share) * budget])
        if (totals <= most).all():
            won = float(found.effect_draws(found.pattern * totals).sum(axis=1).mean())
            assert won <= proven, (totals, won, best, made.certificate)
    parameters = found.draws.saturation_par.reshape(-1, found.draws.saturation_par.shape[-1]).T
    shape = saturation.shape(*parameters[: len(saturation.parameters)])
    assert always_concave(found.draws) == bool((np.asarray(shape.turn) <= 0).all())
    assert (turning(found.draws).ravel() == (np.asarray(shape.turn) > 0)).all()


@pairs
def test_the_sliders_of_the_report_agree_with_the_planner(problem, adstock: Adstock, saturation: Saturation) -> None:
    found = posed(problem(channels=2, draws=_DRAWS), adstock, saturation)
    settings = PlanSettings(objective="expected_outcome", draws=_DRAWS, time_limit=5)
    made = decide(Prepared(found, None), settings)
    fmt = Formatter(currency="EUR", outcome_unit="EUR", money_outcome=True)
    data = payload(made, fmt, make_look(ReportSettings(), found.channels), _DRAWS)
    order = np.argsort(made.decisive_gain.draws, kind="stable")
    tops = np.array([c["top"] for c in data["channels"]])
    rng = np.random.default_rng(3)
    for _ in range(10):
        spend = tops * (0.05 + 0.9 * rng.random(2))
        exact = found.effect_draws(found.pattern * spend).sum(axis=1)[order]
        embedded = outcome_draws(data, dict(zip(found.channels, spend, strict=True)))
        np.testing.assert_allclose(embedded, exact, rtol=2e-2, atol=2e-3 * np.abs(exact).max())
        assert embedded.mean() == pytest.approx(float(exact.mean()), rel=2e-3)

"""Signs left free: planted losses are found, effects of the assumed sign are not taken for losses, errors by hand."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from mmm.assessment import free_signs as refit
from mmm.assessment.free_signs import free_signs
from mmm.assessment.identification import identification_checks
from mmm.assessment.settings import GateSettings
from mmm.assessment.signals import SCORES, Signals
from mmm.model.mixture import make_mixture
from mmm.model.panel import panel
from mmm.model.settings import ModelSettings
from mmm.simulate import library_world, simulate
from mmm.simulate.world import Adstock, World


def found(world: World, dataset_of):
    dataset = dataset_of(simulate(world))
    return free_signs(dataset, make_mixture(dataset, ModelSettings()).members[0].spec)


def changed(world: World, channel: str, **changes: object) -> World:
    channels = (replace(c, **changes) if c.name == channel else c for c in world.channels)
    return replace(world, channels=tuple(channels))


@pytest.mark.parametrize("geos", [1, 3])
@pytest.mark.parametrize("channel", ["tv", "radio"])
def test_a_channel_that_loses_money_is_named_and_no_other(geos: int, channel: str, dataset_of) -> None:
    table = found(changed(library_world("well_specified", geos=geos, replicate=90), channel, roas=-3.0), dataset_of)
    assert table["against"].idxmax() == channel
    assert table.loc[channel, "against"] > 4.0
    assert abs(table.loc[channel, "opposite"] + 3.0) < 4.0 * table.loc[channel, "opposite_error"]
    assert (table["against"].drop(channel) < 3.0).all()


@pytest.mark.parametrize("kind", ["delayed_carryover", "heavy_tails", "hidden_demand", "collinear_flighting"])
def test_worlds_without_a_loss_are_not_suspected(kind: str, dataset_of) -> None:
    for replicate in (91, 92, 93):
        assert (
            found(library_world(kind, replicate=replicate), dataset_of)["against"] < GateSettings().opposite_sign_fail
        ).all()


def test_a_late_effect_is_no_loss(dataset_of) -> None:
    """In the weeks of its bursts a channel seems to lower the outcome where its effect comes after them."""
    late = changed(library_world("well_specified", replicate=94), "tv", roas=4.0, adstock=Adstock("delayed", 0.8, 5.0))
    assert (found(late, dataset_of)["against"] < 3.0).all()


def test_what_competitors_bring_is_against_their_sign(dataset_of) -> None:
    world = changed(library_world("well_specified", replicate=95), "tv", roas=3.0)
    data = dataset_of(simulate(world))
    spec = make_mixture(data, ModelSettings()).members[0].spec
    rivals = spec.model_copy(
        update={"channels": tuple(c.model_copy(update={"role": "competitor"}) for c in spec.channels)}
    )
    gains, losses = free_signs(data, spec), free_signs(data, rivals)
    assert gains.loc["tv", "against"] < 3.0 < losses.loc["tv", "against"]
    assert losses.loc["tv", "opposite"] > 0 >= gains.loc["tv", "opposite"]


def test_the_refit_is_least_squares_and_its_error_newey_and_west(small_world, dataset_of) -> None:
    """With priors that say nothing, against formulas written out on plain columns."""
    dataset = dataset_of(simulate(small_world(1)))
    spec = make_mixture(dataset, ModelSettings()).members[0].spec
    data = panel(spec, dataset)
    known = refit._refit(spec, data, refit._media(spec, data))
    wide = replace(known.known, precision=0.0 * known.known.precision)
    known = replace(known, known=wide)
    columns = list(known.chosen)
    _, effects = known.known.fit(columns)
    media = np.stack([known.media.path(k)[:, 0] for k in columns], axis=1)
    # The baseline as rows that pull its coefficients to zero.
    base = known.base[:, 0]
    sigma = known.known.sigma
    prior = np.linalg.inv(known.inner) - base.T @ base
    root = np.linalg.cholesky(0.5 * (prior + prior.T)).T
    design = np.block([[media, base], [np.zeros((len(root), len(columns))), root]])
    solved = np.linalg.lstsq(design, np.append(known.outcome[:, 0], np.zeros(len(root))), rcond=None)[0]
    np.testing.assert_allclose(effects, solved[: len(columns)], rtol=1e-6)
    residual = known.outcome[:, 0] - np.column_stack([media, base]) @ solved
    inverse = np.linalg.inv(design.T @ design)
    pulls = (np.column_stack([media, base]) @ inverse[:, len(columns) - 1]) * residual
    lags = int(np.ceil(0.75 * len(pulls) ** (1 / 3)))
    meat = sum(
        (1 - abs(i - j) / (lags + 1)) * pulls[i] * pulls[j]
        for i in range(len(pulls))
        for j in range(len(pulls))
        if abs(i - j) <= lags
    )
    error = np.sqrt(max(meat, sigma**2 * inverse[len(columns) - 1, len(columns) - 1]))
    assert known.error(refit._Found(columns, effects, 0.0)) == pytest.approx(error, rel=1e-5)


def test_errors_that_remember_widen_the_error() -> None:
    rng = np.random.default_rng(5)
    shocks = rng.standard_normal(400)
    walk = np.array([sum(0.7**k * shocks[t - k] for k in range(min(t, 30) + 1)) for t in range(400)])
    assert refit._long_run(walk) > 2.0 * float(walk @ walk)
    assert refit._long_run(shocks) < 2.0 * float(shocks @ shocks)


@pytest.mark.parametrize(("against", "status"), [(2.9, "pass"), (3.1, "warn"), (4.1, "fail")])
def test_the_gate_names_the_channel_the_numbers_and_the_next_step(against: float, status: str) -> None:
    calm = {"overlap": 0.3, "surprise": 0.5, "together": -0.1, "prior": 0.1, "family": 0.0, "quarter": np.nan}
    calm |= {"direction": 0.97, "robustness": 0.2, **dict.fromkeys(SCORES, 0.5)}
    rows = pd.DataFrame(dict.fromkeys(("tv", "search"), calm)).T.assign(opposite=0.0, opposite_error=0.0, against=0.0)
    rows.loc["search", ["opposite", "opposite_error", "against"]] = [-4.6, 0.5, against]
    check = identification_checks(Signals(rows, {"step": 1.0, "tails": 0.1}), GateSettings())[0]
    assert (check.name, check.status) == ("sign", status)
    assert check.channels == (() if status == "pass" else ("search",))
    if status != "pass":
        assert "the effect of search" in check.summary
        assert "is -4.60 with a standard error of 0.50" in check.summary
        assert check.advice.startswith("search: the model cannot express this")

"""Each check of the gate on draws whose defects are known."""

from dataclasses import replace

import arviz as az
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from pydantic import ValidationError

from mmm.assessment.checks import (
    PROBLEMS,
    Check,
    baseline_check,
    coverage_check,
    last_year_check,
    sampler_checks,
    scale_check,
)
from mmm.assessment.holdout import Forecast, HoldoutResult, score
from mmm.assessment.paired import chance_of_worse
from mmm.assessment.settings import GateSettings
from mmm.errors import DataError, FitError
from mmm.inference.convergence import ess, r_hat, scalars

SETTINGS = GateSettings()


def good_draws(chains: int = 4, draws: int = 500) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((chains, draws, 3))


def tree(values: np.ndarray, diverging: int = 0, energy: np.ndarray | None = None) -> xr.DataTree:
    chains, draws = values.shape[:2]
    flags = np.zeros(chains * draws, dtype=bool)
    flags[:diverging] = True
    moved = np.random.default_rng(9).standard_normal((chains, draws)) if energy is None else energy
    made: xr.DataTree = az.from_dict(
        {
            "posterior": {"roas": values, "fixed": np.full((chains, draws), 2.0)},
            "sample_stats": {"diverging": flags.reshape(chains, draws), "energy": moved},
        },
        coords={"channel": ["tv", "search", "social"]},
        dims={"roas": ["channel"]},
    )
    return made


def found(name: str, made: xr.DataTree, settings: GateSettings = SETTINGS) -> Check:
    return {check.name: check for check in sampler_checks(made, settings)}[name]


def test_good_draws_pass_every_check() -> None:
    checks = sampler_checks(tree(good_draws()), SETTINGS)
    assert [check.name for check in checks] == ["r_hat", "ess_bulk", "ess_tail", "divergences", "e_bfmi"]
    assert {check.status for check in checks} == {"pass"}
    assert {check.advice for check in checks} == {""}
    assert all(check.value is not None and check.summary.endswith(".") for check in checks)


def test_constants_of_the_model_are_not_parameters() -> None:
    assert scalars(tree(good_draws())["posterior"].to_dataset()).names == ("roas[tv]", "roas[search]", "roas[social]")
    with pytest.raises(FitError, match="no sampled parameter"):
        scalars(tree(np.ones((2, 10, 3)))["posterior"].to_dataset())


def test_a_chain_elsewhere_fails_r_hat_and_names_the_parameter() -> None:
    values = good_draws()
    values[1, :, 2] += 3.0
    check = found("r_hat", tree(values))
    assert check.status == "fail"
    assert "roas[social]" in check.summary
    assert "sampler.draws" in check.advice
    assert check.value is not None
    assert check.value > 1.1


def test_a_chain_with_another_spread_fails_r_hat() -> None:
    values = good_draws()
    values[0, :, 0] *= 6.0
    assert found("r_hat", tree(values)).status == "fail"


def test_a_stuck_chain_and_broken_draws_fail() -> None:
    stuck = good_draws()
    stuck[2, :, 1] = 0.3
    broken = good_draws()
    broken[0, 7, 1] = np.nan
    for values in (stuck, broken):
        assert found("r_hat", tree(values)).value == np.inf
        assert found("ess_bulk", tree(values)).value == 0.0
        assert found("ess_bulk", tree(values)).status == "fail"


def test_one_chain_is_warned_of() -> None:
    check = found("r_hat", tree(good_draws(chains=1, draws=2000)))
    assert check.status == "warn"
    assert "sampler.chains" in check.advice
    drifting = good_draws(chains=1, draws=2000) + np.linspace(0.0, 2.0, 2000)[:, None]
    assert found("r_hat", tree(drifting)).status == "fail"


def test_sticky_chains_fail_effective_sample_size() -> None:
    rng, values = np.random.default_rng(4), np.empty((4, 1000, 3))
    values[:, 0] = rng.standard_normal((4, 3))
    for t in range(1, 1000):
        values[:, t] = 0.9 * values[:, t - 1] + np.sqrt(0.19) * rng.standard_normal((4, 3))
    check = found("ess_bulk", tree(values))
    assert check.status == "fail"
    assert check.value is not None
    assert 100 < check.value < 400  # 4000 draws are worth 4000 / 19 independent ones
    assert found("ess_tail", tree(values)).status == "fail"
    assert "sampler.draws" in check.advice


def test_statistics_are_arviz_s() -> None:
    values = good_draws()
    flat = scalars(tree(values)["posterior"].to_dataset())
    np.testing.assert_allclose(r_hat(flat), [az.rhat(values[:, :, k]) for k in range(3)])
    np.testing.assert_allclose(
        ess(flat, "tail"), [az.ess(values[:, :, k], method="tail", prob=(0.05, 0.95)) for k in range(3)]
    )


@pytest.mark.parametrize(("count", "status"), [(0, "pass"), (1, "warn"), (2, "warn"), (3, "fail")])
def test_divergences(count: int, status: str) -> None:
    # 2000 draws: up to 0.1% is 2.
    check = found("divergences", tree(good_draws(), diverging=count))
    assert check.status == status
    assert check.summary.startswith(f"{count} of 2,000")


def test_slow_energy_fails() -> None:
    rng = np.random.default_rng(5)
    walk = np.cumsum(rng.standard_normal((4, 500)), axis=1)
    assert found("e_bfmi", tree(good_draws(), energy=walk)).status == "fail"
    dead = found("e_bfmi", tree(good_draws(), energy=np.zeros((4, 500))))
    assert (dead.status, dead.value) == ("fail", None)


def _baseline(share_of_periods: float, probability: float) -> np.ndarray:
    """100 draws of 100 periods: in the share given the baseline is negative with the probability given."""
    draws = np.ones((100, 100))
    draws[: round(100 * probability), : round(100 * share_of_periods)] = -1.0
    return draws


@pytest.mark.parametrize(
    ("periods", "probability", "status"),
    [
        (0.0, 0.0, "pass"),
        (1.0, 0.10, "pass"),
        (0.05, 1.0, "pass"),
        (0.06, 0.11, "warn"),
        (0.06, 0.50, "warn"),
        (0.06, 0.51, "fail"),
        (1.0, 1.0, "fail"),
    ],
)
def test_negative_baseline(periods: float, probability: float, status: str) -> None:
    check = baseline_check(_baseline(periods, probability), SETTINGS)
    assert check.status == status
    assert (check.advice == "") == (status == "pass")


@pytest.mark.parametrize(
    ("ratio", "status"), [(1.0, "pass"), (2.9, "pass"), (0.3, "warn"), (3.1, "warn"), (0.09, "fail"), (1000.0, "fail")]
)
def test_scales(ratio: float, status: str) -> None:
    check = scale_check({"outcome": 1.1, "media of tv": ratio, "media of search": 0.95}, SETTINGS)
    assert check.status == status
    assert (check.advice == "") == (status == "pass")
    if status != "pass":
        assert check.value == ratio
        assert "media of tv" in check.summary


def _forecast(spread: float, geos: int = 2, periods: int = 13) -> Forecast:
    rng = np.random.default_rng(6)
    return Forecast(
        dates=pd.date_range("2024-01-01", periods=periods, freq="7D"),
        geos=tuple("abcdefgh"[:geos]),
        draws=100.0 + spread * rng.standard_normal((400, periods, geos)),
        actual=100.0 + rng.standard_normal((periods, geos)),
        history=geos * 100.0 + rng.standard_normal(110),
        season=52,
    )


def _result(spread: float) -> HoldoutResult:
    return score(_forecast(spread), r_hat=1.0)


def test_a_calibrated_forecast_passes_and_a_sure_one_warns() -> None:
    assert coverage_check(_result(1.0), SETTINGS).status == "pass"
    sure = coverage_check(_result(0.2), SETTINGS)
    assert sure.status == "warn"
    assert "surer than it should be" in sure.advice


def test_coverage_needs_a_converged_fit_and_a_result() -> None:
    unfinished = coverage_check(replace(_result(1.0), r_hat=1.2), SETTINGS)
    assert unfinished.status == "warn"
    assert "not converged" in unfinished.advice
    missing = coverage_check(None, SETTINGS)
    assert (missing.status, missing.value) == ("warn", None)


def test_a_good_total_does_not_hide_bad_geos() -> None:
    forecast = _forecast(1.0, geos=4)
    swapped = forecast.actual + np.array([9.0, -9.0, 9.0, -9.0])
    result = score(replace(forecast, actual=swapped), r_hat=1.0)
    assert result.coverage > 0.7
    assert result.cell_coverage == 0.0
    assert coverage_check(result, SETTINGS).status == "warn"


def test_scores_of_a_holdout_by_hand() -> None:
    draws = np.tile(np.arange(101.0)[:, None, None], (1, 2, 1))
    forecast = Forecast(
        dates=pd.date_range("2024-01-01", periods=2, freq="7D"),
        geos=("all",),
        draws=draws,
        actual=np.array([[50.0], [96.0]]),
        history=np.array([10.0, 20.0]),
        season=52,
    )
    result = score(forecast, r_hat=1.0)
    assert result.coverage == 0.5
    assert result.error == pytest.approx((0 + 46) / 2 / 73)
    assert result.naive_crps == pytest.approx((30 + 76) / 2)
    assert result.total["lower"].tolist() == [5.0, 5.0]
    assert result.skill > 0
    assert not result.seasonal
    assert "better than repeating the last value" in result.summary


def test_cells_not_observed_are_left_out_of_totals_and_coverage() -> None:
    forecast = _forecast(1.0)
    actual = forecast.actual.copy()
    actual[0] = np.nan
    actual[1:, 1] = np.nan
    result = score(replace(forecast, actual=actual), r_hat=1.0)
    assert len(result.dates) == len(result.total) == len(result.cells) == 12
    assert result.total["mean"].between(95, 105).all()
    with pytest.raises(DataError, match="cannot be judged"):
        score(replace(forecast, actual=np.full_like(actual, np.nan)), r_hat=1.0)


def _against_last_year(off: float, naive: float, wobble: float = 0.2, seasonal: bool = True) -> HoldoutResult:
    """A forecast that is off by a share of the outcome, and last year's values by another, in thirteen weeks."""
    actual = np.full(13, 100.0)
    swing = np.cos(2.0 * np.arange(13))

    def values(share: float, sign: float) -> np.ndarray:
        return actual * (1 + share * (1 + sign * wobble * swing))

    total = pd.DataFrame({"actual": actual, "mean": values(off, 1.0), "naive": values(naive, -1.0)})
    errors = {name: float(np.abs(total[name] - 100).mean() / 100) for name in ("mean", "naive")}
    empty = pd.DataFrame()
    dates = pd.date_range("2024-01-01", periods=13, freq="7D")
    return HoldoutResult(
        dates, ("all",), total, empty, 0.9, 0.9, 1.0, 1.0, errors["mean"], errors["naive"], 1.0, seasonal=seasonal
    )


def test_a_forecast_worse_than_last_year_beyond_chance_fails() -> None:
    """Off by 29% where last year's values are off by 15%, every week anew: the data cannot decide."""
    check = last_year_check(_against_last_year(0.288, 0.153), SETTINGS)
    assert check.status == "fail"
    assert check.value is not None
    assert check.value < 0.05
    assert "28." in check.summary or "29." in check.summary
    assert "cannot decide" in check.advice
    assert check.said == "Past values repeated forecast better than the model"


def test_a_forecast_as_good_as_last_year_or_better_passes() -> None:
    for result in (_against_last_year(0.05, 0.15), _against_last_year(0.1, 0.1, wobble=0.9)):
        check = last_year_check(result, SETTINGS)
        assert check.status == "pass"
        assert check.said == check.title
        assert check.advice == ""


def test_without_a_year_of_history_the_last_value_never_stops_an_analysis() -> None:
    check = last_year_check(_against_last_year(0.3, 0.1, seasonal=False), SETTINGS)
    assert check.status == "warn"
    assert "last value" in check.summary


@pytest.mark.parametrize("memory", [0.0, 0.7])
def test_chance_alone_seldom_makes_a_forecast_look_worse(memory: float) -> None:
    """Two forecasts as good as each other, whose errors last: as many false alarms as the level says, about."""
    rng = np.random.default_rng(4)

    def errors() -> np.ndarray:
        path = np.zeros(60)
        for t in range(1, 60):
            path[t] = memory * path[t - 1] + rng.standard_normal()
        return np.abs(path[-13:])

    alarms = np.mean([chance_of_worse(errors(), errors()) < 0.05 for _ in range(600)])
    assert alarms < 0.09
    seen = np.mean([chance_of_worse(3 * errors(), errors()) < 0.05 for _ in range(200)])
    assert seen > 0.25


def test_too_few_periods_say_nothing_and_certain_differences_are_certain() -> None:
    assert np.isnan(chance_of_worse(np.ones(5), np.zeros(5)))
    assert chance_of_worse(np.ones(13), np.zeros(13)) < 1e-6
    assert chance_of_worse(np.zeros(13), np.zeros(13)) == 1.0


def test_what_does_not_pass_is_told_as_the_problem() -> None:
    """Never the fact that would hold if it passed."""
    draws = tree(good_draws())
    checks = [*sampler_checks(draws, SETTINGS), last_year_check(_against_last_year(0.05, 0.15), SETTINGS)]
    for check in checks:
        told = replace(check, status="warn").said
        assert told == PROBLEMS[check.name] != check.title
        assert replace(check, status="pass").said == check.title


def test_thresholds_are_those_of_the_documents() -> None:
    assert SETTINGS.model_dump() == {
        "override": False,
        "r_hat_max": 1.01,
        "ess_bulk_min": 400.0,
        "ess_tail_min": 400.0,
        "e_bfmi_min": 0.3,
        "divergences_warn_share": 0.001,
        "holdout": "13 weeks",
        "coverage_min": 0.7,
        "coverage_max": 1.0,
        "naive_warn": 0.25,
        "naive_fail": 0.05,
        "negative_baseline_warn": 0.1,
        "negative_baseline_fail": 0.5,
        "negative_baseline_periods": 0.05,
        "experiment_tail": 0.05,
        "overlap_max": 0.92,
        "prior_shift_max": 0.45,
        "surprise_max": 2.0,
        "together_max": 0.3,
        "family_max": 0.35,
        "quarter_max": 1.5,
        "robustness_min": 0.02,
        "direction_sure": 0.9,
        "score_max": 3.25,
        "step_max": 4.0,
        "tails_max": 3.0,
        "opposite_sign_warn": 3.0,
        "opposite_sign_fail": 4.0,
        "scale_warn": 3.0,
        "scale_fail": 10.0,
        "graph": None,
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"coverage_min": 0.9, "coverage_max": 0.8},
        {"negative_baseline_warn": 0.6},
        {"scale_warn": 20.0},
        {"rhat": 1.1},
        {"r_hat_max": 1.0},
    ],
)
def test_thresholds_that_make_no_sense_are_refused(changes: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        GateSettings(**changes)

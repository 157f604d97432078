"""Models side by side: densities left out against ArviZ, differences and errors by hand, what is refused."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import arviz as az
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.special import logsumexp
from seeds import seeded

from mmm.analysis import analyse
from mmm.assessment.backtest import Backtest
from mmm.assessment.comparison import Compared, Comparison, compared, left_out_of
from mmm.data.dataset import Dataset
from mmm.errors import DataError, SettingsError
from mmm.inference.fit import Fit
from mmm.inference.loo import leave_one_out
from mmm.inference.mix import fit_mixture
from mmm.model.draws import expected_outcome, log_density, stacked
from mmm.model.mixture import Beliefs
from mmm.model.settings import ModelSettings
from mmm.reporting.runs.models_page import models_page, returns_words, verdict_words
from mmm.settings import Settings
from mmm.settings.read import settings_from
from mmm.settings.request import compared_by
from mmm.simulate import simulate

BASE = {"lookback": "6 weeks", "baseline": {"seasonality_order": 1}, "mixture": None}
DOCUMENT = {
    "name": "x",
    "data": {
        "source": "demo",
        "target": {"column": "revenue"},
        "currency": "EUR",
        "channels": {"tv": "tv_spend"},
        "controls": ["price"],
    },
}


@pytest.fixture(scope="module")
def dataset(small_world: Any, dataset_of: Any) -> Dataset:
    world = small_world(1)
    found: Dataset = dataset_of(simulate(replace(world, channels=world.channels[:2])))
    return found


def _fit(dataset: Dataset, **changes: Any) -> Fit:
    beliefs = Beliefs(ModelSettings.model_validate({**BASE, **changes}))
    return fit_mixture(dataset, beliefs.mixture(dataset), seeded(draws=100, tune=200, chains=2))


@pytest.fixture(scope="module")
def models(dataset: Dataset) -> dict[str, Compared]:
    fits = {
        "seasonal": _fit(dataset),
        "<b>flat</b>": _fit(dataset, baseline={"seasonality_order": 0, "drift": None}),
        "late": _fit(dataset, adstock={"family": "delayed"}),
    }
    return {name: Compared(fit, analyse(fit)) for name, fit in fits.items()}


@pytest.fixture(scope="module")
def found(models: dict[str, Compared]) -> Comparison:
    return compared(models)


def _densities(fit: Fit) -> xr.DataTree:
    """What ArviZ takes: the log density of every period, over geos, under the draws that are compared."""
    member, rows = fit.main, fit.dataset.rows(fit.dataset.window)
    samples = stacked(member.posterior, 1000)
    mean = expected_outcome(member.spec, samples, fit.dataset, fit.dataset.window, fit.seed)
    outcome = fit.dataset.data["outcome"].values[rows.places]
    cells = log_density(member.spec, samples, mean, outcome, rows.spans).sum(axis=2)
    return xr.DataTree.from_dict(
        {
            "posterior": xr.Dataset({"sigma": (("chain", "draw"), samples["sigma"].values[None])}),
            "log_likelihood": xr.Dataset({"y": (("chain", "draw", "date"), cells[None])}),
        }
    )


@pytest.mark.filterwarnings("ignore:Estimated shape parameter")
def test_sums_differences_and_errors_are_those_of_arviz(models: dict[str, Compared]) -> None:
    # ArviZ counts every period, so that a pair is compared here as it is.
    theirs = az.compare({name: _densities(one.fit) for name, one in models.items()}, round_to="none")
    parts = {name: left_out_of(one.fit) for name, one in models.items()}
    for name, part in parts.items():
        assert float(part["elpd"].sum()) == pytest.approx(theirs.loc[name, "elpd"], rel=1e-9)
    everything = {name: _with_loo(one, parts[name].assign(k=parts[name]["k"] * 0)) for name, one in models.items()}
    ours = compared(everything).table
    assert list(ours.index) == list(theirs.index)
    for name in models:
        assert ours.loc[name, "behind"] == pytest.approx(-theirs.loc[name, "elpd_diff"], abs=1e-6)
        assert ours.loc[name, "behind_error"] == pytest.approx(theirs.loc[name, "dse"], rel=1e-6, abs=1e-9)
        assert ours.loc[name, "elpd_error"] == pytest.approx(theirs.loc[name, "se"], rel=1e-6)
        assert ours.loc[name, "weight"] == pytest.approx(theirs.loc[name, "weight"], abs=0.02)


def _with_loo(one: Compared, loo: xr.Dataset) -> Compared:
    tree = one.fit.main.tree.copy()
    tree["loo"] = xr.DataTree(loo)
    return replace(one, fit=replace(one.fit, members=(replace(one.fit.main, tree=tree),)))


def test_periods_that_cannot_be_believed_count_for_no_model(models: dict[str, Compared]) -> None:
    parts = {name: left_out_of(one.fit) for name, one in models.items()}
    k = np.zeros(parts["late"].sizes["date"])
    k[3] = 0.9
    given = {name: _with_loo(one, parts[name].assign(k=("date", k * 0))) for name, one in models.items()}
    given["late"] = _with_loo(models["late"], parts["late"].assign(k=("date", k)))
    made = compared(given)
    assert (made.left_out, made.believable, int(made.table.loc["late", "unsure"])) == (1, True, 1)
    kept = np.delete(parts["seasonal"]["elpd"].values, 3)
    assert made.table.loc["seasonal", "elpd"] == pytest.approx(kept.sum())
    doubtful = _with_loo(models["late"], parts["late"].assign(k=("date", k * 0 + 0.9)))
    unsure = compared({**given, "late": doubtful})
    assert not unsure.believable
    assert "cannot be told from the draws" in verdict_words(unsure)[0]


def test_a_mixture_has_the_density_of_its_members_by_weight(models: dict[str, Compared]) -> None:
    one, two = models["seasonal"].fit, models["late"].fit
    members = (replace(one.main, name="a", weight=0.3), replace(two.main, name="b", weight=0.7))
    mixed = left_out_of(replace(one, members=members))
    parts = [leave_one_out(m.spec, m.posterior, one.dataset, one.seed)["elpd"].values for m in members]
    expected = logsumexp(np.stack(parts) + np.log([[0.3], [0.7]]), axis=0)
    np.testing.assert_allclose(mixed["elpd"].values, expected)


def _refreshes(crps: dict[str, list[float]]) -> Backtest:
    rows = [
        {"origin": pd.Timestamp(day), "date": pd.Timestamp(day) + pd.Timedelta(weeks=i), "crps": value}
        for day, values in crps.items()
        for i, value in enumerate(values, start=1)
    ]
    frame = pd.DataFrame(rows).assign(actual=1.0, lower=0.5, upper=2.0, crps_naive=8.0)
    return Backtest(frame, pd.DataFrame())


def test_forecasts_ahead_are_compared_refresh_by_refresh(models: dict[str, Compared]) -> None:
    days = ("2024-01-01", "2024-03-04", "2024-05-06")
    good = {day: [2.0, 2.0, 2.0] for day in days}
    bad = {day: [4.0 + shift] * 3 for day, shift in zip(days, (-0.2, 0.0, 0.2), strict=True)}
    # Three refreshes that are worse by 1.8, 2 and 2.2: 2 on average, with a standard error of 0.2 / sqrt(3).
    made = compared(
        {
            "seasonal": replace(models["seasonal"], backtest=_refreshes(good)),
            "late": replace(models["late"], backtest=_refreshes(bad)),
        }
    )
    line = made.table.loc["late"]
    assert (line["crps"], line["worse"], line["coverage"], line["skill"]) == pytest.approx((4.0, 2.0, 1.0, 0.5))
    assert line["worse_error"] == pytest.approx(0.2 / np.sqrt(3))
    assert line["chance"] < 0.025
    assert not line["possible"]
    assert made.table.loc["seasonal", "possible"]
    few = {day: [3.0, 3.0, 3.0] for day in days[:2]}
    two = compared(
        {
            "seasonal": replace(models["seasonal"], backtest=_refreshes(good)),
            "late": replace(models["late"], backtest=_refreshes(few)),
        }
    )
    assert np.isnan(two.table.loc["late", "worse_error"])
    assert two.table.loc["late", "worse"] == 1.0


def test_without_refreshes_nothing_is_said_of_them(found: Comparison) -> None:
    assert found.table["crps"].isna().all()
    assert (found.table["possible"] == found.table["near"]).all()


def test_models_of_other_outcomes_are_refused(models: dict[str, Compared], dataset: Dataset) -> None:
    data = dataset.data.copy(deep=True)
    data["outcome"] = data["outcome"] * 2
    doubled = replace(models["late"], fit=replace(models["late"].fit, dataset=replace(dataset, data=data)))
    with pytest.raises(DataError, match="'late' and 'seasonal' are not of the same outcome"):
        compared({"seasonal": models["seasonal"], "late": doubled})
    with pytest.raises(DataError, match="two models at least"):
        compared({"seasonal": models["seasonal"]})


def test_the_page_tells_both_and_takes_names_for_text(found: Comparison, dataset: Dataset) -> None:
    page = models_page(found, Settings.model_validate(DOCUMENT), dataset)
    assert "Which model predicts best?" in page
    assert "&lt;b&gt;flat&lt;/b&gt;" in page
    assert "<b>flat</b>" not in page
    assert "CRPS ahead" not in page
    assert "http://" not in page.replace("http://www.w3.org", "")


def test_returns_that_depend_on_the_model_are_said_to(found: Comparison) -> None:
    fmt: Any = SimpleNamespace(join=", ".join, label=str)
    table = found.table.assign(near=True, possible=True)
    returns = found.returns.copy()
    channel = str(returns["channel"].iloc[0])
    mine = returns["channel"] == channel
    returns.loc[mine, ["roas_lower", "roas_upper"]] = [[1.0, 2.0], [3.0, 4.0], [1.5, 3.5]]
    apart = replace(found, table=table, returns=returns)
    assert apart.apart() == [channel]
    assert f"say returns of {channel} that do not even overlap" in returns_words(apart, fmt)
    returns.loc[mine, ["roas_lower", "roas_upper"]] = [[1.0, 3.2], [3.0, 4.0], [1.5, 3.5]]
    assert channel not in replace(apart, returns=returns).apart()
    alone = replace(found, table=found.table.assign(near=False, possible=False))
    assert "One model alone is left" in returns_words(alone, fmt)


@pytest.mark.parametrize(
    ("models", "words"),
    [
        ({"a": {}}, "models are 2 to 12; these are 1"),
        ({"a": {}, "b": {"plan.margin": 0.3}}, "b changes 'plan.margin', which is no part of a model"),
    ],
)
def test_what_cannot_be_compared_is_a_mistake_in_the_settings(models: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        settings_from({**DOCUMENT, "comparison": {"models": models}})


def test_changes_are_those_of_a_parameter(tmp_path: Any) -> None:
    asked = {"as it is": {}, "late": {"model.adstock": {"family": "delayed"}, "model.mixture": None}}
    settings = settings_from({**DOCUMENT, "comparison": {"models": asked}}, base=tmp_path)
    own = compared_by(settings)
    assert own["as it is"] == settings.model_copy(update={"comparison": None})
    assert own["late"].model.mixture is None
    assert own["late"].base == tmp_path
    with pytest.raises(SettingsError, match=r"comparison\.models\.b with model\.adstok.*Did you mean 'adstock'"):
        compared_by(settings_from({**DOCUMENT, "comparison": {"models": {"a": {}, "b": {"model.adstok": 1}}}}))
    with pytest.raises(SettingsError, match=r"add comparison\.models"):
        compared_by(settings_from(DOCUMENT))

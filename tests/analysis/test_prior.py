"""What is believed before the data: quantiles as stated, units, what is absurd, and what a fit hands on."""

from pathlib import Path

import engine_cases as cases
import numpy as np
import pytest
import role_cases

from mmm.analysis.prior import Absurd, PriorPredictive, as_priors, prior_fit, prior_predictive
from mmm.data.dataset import Dataset
from mmm.data.role import ROLES
from mmm.errors import DataError
from mmm.model.given import with_priors_from
from mmm.model.levels import mean_level
from mmm.model.mixture import make_mixture
from mmm.model.parts_settings import PriorFile
from mmm.model.priors import BetaPrior, LogNormalPrior, widened
from mmm.model.settings import AdstockSettings, BaselineSettings, ChannelModelSettings, ModelSettings
from mmm.reporting.content.from_fit import notation
from mmm.reporting.runs.priors_page import priors_page
from mmm.reporting.sentences.priors import _SENTENCES, absurd_words
from mmm.settings import Settings


@pytest.fixture(scope="module")
def data() -> Dataset:
    return cases.dataset("national", channels=3)


def believed(data: Dataset, draws: int = 800, **changes: object) -> PriorPredictive:
    settings = ModelSettings(mixture=None, lookback="5 weeks", **changes)
    return prior_predictive(data, make_mixture(data, settings), draws=draws, seed=3)


def kinds(found: PriorPredictive) -> set[str]:
    return {one.kind for one in found.absurd}


def test_returns_are_believed_as_stated_and_levels_in_money(data: Dataset) -> None:
    own = {"c1": ChannelModelSettings(roas=LogNormalPrior(lower=0.5, upper=2.0))}
    found = believed(data, 4000, channels=own)
    table = found.parameters.set_index(["name", "meaning"])
    line = table.loc[("c1", "return")]
    assert (line["lower"], line["upper"]) == pytest.approx((0.5, 2.0), rel=0.1)
    level = table.loc[("c1", "half-saturation, in a period")]
    assert level["unit"] == "money"
    # Spend drives these channels, so that a relative level of one is the mean spend of an active period.
    mean = mean_level(data, "c1", 45)
    assert mean == pytest.approx(data.data["spend"].values[:, 0, 1][data.data["spend"].values[:, 0, 1] > 0].mean())
    assert (level["lower"] / mean, level["upper"] / mean) == pytest.approx((0.2, 6.0), rel=0.15)
    retention = table.loc[("c1", "retention per period")]
    assert (retention["lower"], retention["upper"]) == pytest.approx(BetaPrior(alpha=2.0, beta=2.5).interval, abs=0.03)


def test_media_without_a_cost_and_controls_are_told_in_business_units() -> None:
    data = role_cases.panel(ROLES["organic"], "national")
    data.data["control"][:, :, 0] = 10.0 + data.data["control"][:, :, 0]
    stated = {
        "channels": {"c1": {"share": {"lower": 0.02, "upper": 0.10}}},
        "baseline": {"controls": {"price": {"elasticity": {"lower": -2.0, "upper": -0.5}}}},
    }
    settings = ModelSettings.model_validate({"mixture": None, "lookback": "5 weeks"} | stated)
    found = prior_predictive(data, make_mixture(data, settings), draws=4000, seed=3)
    table = found.parameters.set_index(["name", "meaning"])
    share = table.loc[("c1", "share of the outcome")]
    assert (share["lower"], share["upper"]) == pytest.approx((0.02, 0.10), rel=0.1)
    price = table.loc[("price", "for 1% more")]
    assert (price["lower"], price["upper"]) == pytest.approx((-0.020, -0.005), rel=0.1)
    unit = table.loc[("price", "for one more unit")]
    usual, mean = np.nanmean(data.data["outcome"].values), data.data["control"].values[:, :, 0].mean()
    assert unit["lower"] == pytest.approx(-2.0 * usual / mean, rel=0.1)


def test_every_absurd_belief_is_named(data: Dataset) -> None:
    assert kinds(believed(data)) <= {"data outside what is believed"}
    many = believed(data, roas=LogNormalPrior(lower=4.0, upper=60.0), channels={
        c: ChannelModelSettings(roas=LogNormalPrior(lower=4.0, upper=60.0)) for c in data.channels
    })  # fmt: skip
    assert {"media above the whole outcome", "return out of range", "share of one channel"} <= kinds(many)
    sure = believed(data, channels={"c1": ChannelModelSettings(roas=LogNormalPrior(lower=1.0, upper=1.2))})
    assert [one.name for one in sure.absurd if one.kind == "return known beforehand"] == ["c1"]
    loose = believed(data, baseline=BaselineSettings(intercept_scale=2.0, seasonality_scale=50.0))
    assert {"negative baseline", "outcomes far beyond the data"} <= kinds(loose)
    slow = AdstockSettings.model_validate({"family": "geometric", "half_life": {"lower": 30.0, "upper": 60.0}})
    half = {"family": "hill", "half": {"lower": 4e4, "upper": 6e4, "unit": "money"}}
    own = ChannelModelSettings.model_validate({"adstock": slow, "saturation": half})
    assert {"curve straight where money was", "carryover beyond the look-back"} <= kinds(
        believed(data, channels={"c1": own})
    )
    little = {c: ChannelModelSettings(roas=LogNormalPrior(lower=0.01, upper=0.02)) for c in data.channels}
    tight = BaselineSettings(intercept_scale=1e-3, trend=False, seasonality_order=0, drift=None, control_scale=1e-3)
    assert "data outside what is believed" in kinds(believed(data, baseline=tight, noise_scale=0.01, channels=little))
    flat = {"saturation": {"family": "hill", "half": {"lower": 0.01, "upper": 0.02, "unit": "money"}}}
    assert "curve flat where money was" in kinds(
        believed(data, channels={"c1": ChannelModelSettings.model_validate(flat)})
    )


def test_every_kind_has_a_sentence_with_a_next_step(data: Dataset) -> None:
    settings = Settings.model_validate({"name": "x", "data": {"source": "demo", **_DATA}})
    fmt = notation(settings, data)
    for kind in _SENTENCES:
        said, advice = absurd_words(Absurd(kind, "c1", (0.2, 3.0, 4.0)), fmt)
        assert (said[-1], advice[-1]) == (".", ".")
        assert len(advice) > 30


_DATA = {
    "layout": "wide", "date": "date", "currency": "EUR", "target": {"column": "y", "kind": "revenue"},
    "channels": {c: {"spend": c} for c in ("c0", "c1", "c2")},
}  # fmt: skip


def test_the_page_tells_all_of_it(data: Dataset) -> None:
    found = believed(data, 200, channels={"c1": ChannelModelSettings(roas=LogNormalPrior(lower=1.0, upper=1.2))})
    page = priors_page(found, Settings.model_validate({"name": "x", "data": {"source": "demo", **_DATA}}))
    assert "Return known beforehand" in page
    assert page.count("<svg role") >= 6
    for part in found.parameters["meaning"].unique():
        assert part in page


def test_what_was_learned_is_believed_again(data: Dataset, tmp_path: Path) -> None:
    fit = prior_fit(data, make_mixture(data, ModelSettings(mixture=None, lookback="5 weeks")), draws=2000, seed=1)
    table = as_priors(fit)
    assert set(table.loc[table["name"] == "c0", "parameter"]) == {"roas", "alpha", "half"}
    file = tmp_path / "learned.csv"
    table.to_csv(file, index=False)
    made = with_priors_from(ModelSettings(priors_from=PriorFile(source="learned.csv")), data, tmp_path)
    again = made.channels["c0"]
    assert again.roas is not None
    stated = table.set_index(["name", "parameter"]).loc[("c0", "roas")]
    assert (again.roas.lower, again.roas.upper) == pytest.approx((stated["lower"], stated["upper"]))
    assert again.saturation.priors["half"].unit == "media"
    assert again.adstock.priors["alpha"].interval[1] == pytest.approx(
        table.set_index(["name", "parameter"]).loc[("c0", "alpha"), "upper"], rel=1e-3
    )


def test_intervals_are_widened_on_their_scale_and_settings_go_first(data: Dataset, tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text(
        "name,parameter,lower,upper\nc0,roas,0.5,2\nc1,roas,0.5,2\nc0,alpha,0.3,0.6\nprice,elasticity,-2,-1\n"
    )
    own = {"c1": ChannelModelSettings(roas=LogNormalPrior(lower=1.0, upper=3.0))}
    file = PriorFile(source="p.csv", widen=2.0)
    priced = cases.dataset("national", channels=3)
    made = with_priors_from(ModelSettings(priors_from=file, channels=own), priced, tmp_path)
    assert made.channels["c0"].roas == LogNormalPrior(lower=0.25, upper=4.0)
    assert made.channels["c1"].roas == own["c1"].roas
    assert made.baseline.controls["price"].elasticity.lower == -2.5
    lower, upper = widened(0.3, 0.6, 2.0, "logit")
    assert made.channels["c0"].adstock.priors["alpha"].interval == pytest.approx((lower, upper), rel=1e-3)
    assert np.log(lower / (1 - lower)) < np.log(0.3 / 0.7)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("tv,roas,1,2", r"line 2: 'tv' is no channel and no control"),
        ("c0,rows,1,2", r"line 2: a channel has no parameter 'rows'. Did you mean 'roas'"),
        ("c0,roas,2,1", r"roas from 2 to 1; the rule is 0 < lower < upper"),
        ("c0,alpha,0.5,1.5", r"the rule is 0 < lower < upper < 1"),
        ("c0,roas,x,2", r"lower is 'x', no number"),
        ("c0,roas,1,2\nc0,share,0.1,0.2", r"line 3: roas or share of 'c0' stands in line 2 too"),
        ("price,scale,1,2", r"a control has no parameter 'scale'"),
    ],
)
def test_rows_that_cannot_be_used_are_listed(rows: str, said: str, data: Dataset, tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text(f"name,parameter,lower,upper\n{rows}\n")
    with pytest.raises(DataError, match=said):
        with_priors_from(ModelSettings(priors_from=PriorFile(source="p.csv")), data, tmp_path)


@pytest.mark.parametrize(("lower", "upper"), [(0.1, 0.8), (0.02, 0.1), (0.9, 0.97), (0.01, 0.99), (0.0001, 0.0002)])
def test_a_share_is_stated_by_its_interval(lower: float, upper: float) -> None:
    assert BetaPrior.from_interval(lower, upper).interval == pytest.approx((lower, upper), rel=1e-3)
    settings = ModelSettings.model_validate({"adstock": {"alpha": {"lower": lower, "upper": upper}}})
    assert settings.adstock.chosen.name == "geometric"
    assert settings.adstock.priors["alpha"] == BetaPrior.from_interval(lower, upper)

"""Reading a test: the effect is found, intervals are as good as placebos say, and what cannot be read says why."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from panels import TREATED, panel, regions, run

from mmm.errors import DataError
from mmm.experiments import GeoPanel, MethodSettings, read_out
from mmm.experiments.evidence import as_experiment, evidence_row
from mmm.experiments.panel import Span, pose
from mmm.experiments.placebo import Choice, coverage, groups_like, p_values, power, quantile, run_placebos, spans_before

FAST = MethodSettings(placebos=5)


@pytest.fixture(scope="module")
def dark():
    """A go-dark test that took a fifth of the outcome."""
    return read_out(panel(-0.2), run(), FAST)


def refused(source: GeoPanel, test, method: MethodSettings = FAST) -> str:
    with pytest.raises(DataError) as caught:
        read_out(source, test, method)
    return str(caught.value)


def test_the_effect_is_found_within_its_interval(dark) -> None:
    data = panel(-0.2)
    outcome = data.outcome[-6:, data.mask(TREATED)]
    truth = float((outcome - outcome / 0.8).sum())
    lower, upper = dark.interval
    # One test is one draw of chance: within 99% of its errors.
    assert abs(dark.effect - truth) < 2.58 * dark.error
    assert lower < dark.effect < upper < 0
    assert upper - lower < 0.5 * abs(truth)
    assert dark.brought == -dark.effect > 0
    assert dark.path.loc[dark.path["part"] == "counted", "observed"].sum() == pytest.approx(outcome.sum())


def test_intervals_hold_about_as_often_as_they_say(dark) -> None:
    assert dark.table["coverage"].astype(float).between(0.8, 1.0).all()
    assert dark.placebos.windows == 21


def test_the_money_that_was_withheld_is_what_the_controls_say_was_usual(dark) -> None:
    data = panel()
    usual = data.spend[0, data.mask(TREATED)].sum() * 6
    assert dark.delivery.moved == pytest.approx(usual)
    assert dark.delivery.spent == 0.0


def test_the_evidence_row_is_one_that_the_model_reads(dark) -> None:
    row = evidence_row(dark, TREATED)
    read = as_experiment(row)
    assert (row["start"], row["end"], row["counted_until"]) == ("2023-08-14", "2023-09-24", "2023-09-24")
    assert read.geos == TREATED
    assert read.outcome == pytest.approx(dark.brought, rel=1e-5)
    assert read.error == pytest.approx((dark.interval[1] - dark.interval[0]) / 2 / 1.645, rel=1e-3)


def test_outcome_counted_after_the_test_is_in_the_row() -> None:
    data, test = panel(-0.2), run(end=88)
    data.spend[88:] = data.spend[0]
    row = evidence_row(read_out(data, test, FAST), ())
    assert (row["end"], row["counted_until"]) == ("2023-09-10", "2023-09-24")


def test_the_conformal_interval_is_offered_with_its_coverage(dark) -> None:
    kept = float(dark.table["kept_block"][dark.chosen])
    assert (dark.conformal is not None) == (0.85 <= kept <= 0.95)


def test_block_p_values_are_ranks_among_shifts() -> None:
    data = panel(0.5)
    treated = data.mask(TREATED)
    posed = pose(data.outcome, Span(0, 84, 90), treated[None], ~treated[None], index=True)
    from mmm.experiments.estimators import ESTIMATORS

    whole = posed.question.throughout(posed.question.y)
    block, iid = p_values(whole, 84, ESTIMATORS["did"])[0]
    residual = np.abs(ESTIMATORS["did"].answer(whole).effect(whole)[0])
    shifts = [np.roll(residual, s)[84:].sum() for s in range(90)]
    assert block == pytest.approx(np.mean(np.array(shifts) >= shifts[0] - 1e-12))
    assert iid == pytest.approx(0.001)


def test_power_grows_with_the_effect_and_is_a_tenth_without_one() -> None:
    data = panel(0.0)
    found = run_placebos(data, data.mask(TREATED), Span(0, 84, 90), Choice(groups=10))
    chances = power(*found.column(("did",)), np.array([0.0, 0.02, 0.05, 0.2]))
    assert chances[0] == pytest.approx(0.1, abs=0.02)
    assert list(chances) == sorted(chances)
    assert chances[-1] == 1.0


def test_coverage_is_of_windows_that_the_interval_does_not_know() -> None:
    """A window in which everything is off is not covered, although it makes the quantile of the others large."""
    share = np.concatenate([np.full(20, 5.0), np.linspace(0.1, 1.0, 180)])
    window = np.repeat(np.arange(10), 20)
    held = coverage(share, np.ones(200), window)
    assert not held[:20].any()
    assert held[20:].mean() > 0.95
    assert quantile(np.arange(1.0, 100.0)) == 90.0


def test_windows_end_before_the_test_and_groups_are_like_the_treated() -> None:
    spans = spans_before(0, 84, 6, 24)
    assert spans[-1].stop == 84
    assert spans[0].start >= 28
    size = np.arange(14.0)
    treated = np.isin(np.arange(14), (0, 13))
    groups = groups_like(treated, np.ones(14, dtype=bool), size, 50, np.random.default_rng(0))
    assert (groups.sum(axis=1) == 2).all()
    assert groups[:, :7].any(axis=1).all()
    assert groups[:, 7:].any(axis=1).all()


def test_spill_over_and_neighbours_are_told(dark) -> None:
    near = read_out(panel(-0.2), run(near=("r02", "r03")), FAST)
    assert near.robustness.without_near == pytest.approx(near.effect, rel=0.3)
    assert dark.robustness.strayed_p > 0.01
    data = panel(-0.2)
    data.outcome[-6:, ~data.mask(TREATED)] *= np.where(np.arange(11) < 6, 0.8, 1.0)
    assert read_out(data, run(), replace_method("did")).robustness.strayed_p < 0.01


def replace_method(name: str) -> MethodSettings:
    return MethodSettings(placebos=5, estimator=name)


def test_spend_that_did_not_change_is_no_test() -> None:
    data = panel()
    data.spend[:] = data.spend[0]
    assert "nothing was withheld" in refused(data, run())
    assert "nothing was added" in refused(data, run("heavy_up"))
    data.spend[-6:] = 0.0
    assert "controls went dark as well" in refused(data, run())


def test_a_hold_out_whose_controls_saw_the_channel_is_none() -> None:
    data = panel()
    assert "spent nothing" in refused(data, run("hold_out"))
    data.spend[:] = data.spend[0]
    assert "its controls spent" in refused(data, run("hold_out"))


def test_regions_that_left_before_the_test_stop_it() -> None:
    data = panel()
    data.outcome[-12:-6, data.mask(TREATED)] *= 1.5
    assert "had left their controls already" in refused(data, run())


def test_regions_that_nothing_resembles_stop_it() -> None:
    data = panel()
    wild = np.random.default_rng(1).standard_normal((90, 3))
    data.outcome[:, data.mask(TREATED)] *= np.exp(0.6 * wild)
    assert "times as much as groups like them" in refused(data, run())


def test_too_short_a_history_stops_it() -> None:
    data = panel()
    short = GeoPanel(data.dates[-20:], data.regions, data.outcome[-20:], data.spend[-20:], 7)
    assert "windows like it" in refused(short, run(span=Span(0, 14, 20), end=20))


def test_a_region_without_outcome_is_named() -> None:
    data = panel()
    data.outcome[:84, 4] = 0.0
    assert "'r04' is 0 on average" in refused(data, run())


def test_a_wanted_estimator_that_does_not_pass_is_refused(dark) -> None:
    poor = [name for name, row in dark.table.iterrows() if not row["passes"]]
    for name in poor:
        assert "Set desk.method.estimator: auto" in refused(panel(-0.2), run(), replace_method(str(name)))


def test_gaps_are_refused_with_their_place() -> None:
    data = panel()
    holes = data.outcome.copy()
    holes[3, 2] = np.nan
    with pytest.raises(DataError, match="no outcome for 'r02' on 2022-01-24"):
        replace(data, outcome=holes)
    with pytest.raises(DataError, match=r"7, 14 days apart"):
        replace(data, dates=data.dates[:-1].append(pd.DatetimeIndex([data.dates[-1] + pd.Timedelta(days=7)])))
    assert regions(3) == ("r00", "r01", "r02")

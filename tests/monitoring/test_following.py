"""Plans that are corrected and settled: on a fit whose draws surround the truth."""

import datetime as dt
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import xarray as xr
from following_cases import SEEN, WEEKS, entry_of, plan_of, wide

from mmm.data.dataset import Dataset
from mmm.errors import DataError, PlanError, SettingsError
from mmm.inference.fit import Fit
from mmm.monitoring.replanning import Wish, correct, corrected
from mmm.monitoring.settings import ReplanSettings
from mmm.monitoring.settling import settlement
from mmm.monitoring.window import Fits, window
from mmm.planning import PlanSettings
from mmm.planning.rest import Rest, rest_settings
from mmm.register.made import promise_of
from mmm.register.record import Content
from mmm.reporting.runs.ledger_page import page
from mmm.settings.report import ReportSettings

PLAN = PlanSettings.model_validate({"objective": "expected_outcome", "draws": 200, "discrepancy": None})
FREE = ReplanSettings(days_between=0, cost_share=0.0, max_moved=0.3, probability=0.6)


@pytest.fixture(scope="module")
def fit(known: Any) -> Fit:
    return wide(known.fit)


@pytest.fixture(scope="module")
def dataset(known: Any) -> Dataset:
    return known.dataset


@pytest.fixture(scope="module")
def content(dataset: Dataset) -> Content:
    return plan_of(dataset, settings={"plan": PLAN.model_dump(mode="json")})


def _lopsided(content: Content, channel: int) -> Content:
    """The plan with a fifth of one channel's money ahead, and the rest of it on the next one."""
    money = content.money
    moved = 0.8 * money[SEEN:, :, channel]
    money[SEEN:, :, channel] -= moved
    money[SEEN:, :, (channel + 1) % money.shape[2]] += moved
    return _with_money(content, money)


def _with_money(content: Content, money: np.ndarray) -> Content:
    return Content.model_validate(content.model_dump() | {"spend": money.tolist()})


def test_money_that_is_left_goes_where_it_wins_more(fit: Fit, dataset: Dataset, content: Content) -> None:
    view = window(fit, content, dataset)
    ahead = content.money[SEEN:]
    for channel in range(3):
        wrong = _lopsided(content, channel)
        found = correct(wrong, Fits(fit, fit), dataset, Wish(PLAN, FREE))
        table = found.table
        assert found.left == pytest.approx(wrong.total - found.actual.sum())
        assert table["corrected"].sum() <= found.left * (1 + 1e-9)
        # The limits hold against the plan as it goes on, and what is spent stays spent.
        assert (table["corrected"] <= 1.5 * table["going_on"] * (1 + 1e-6)).all()
        assert (table["corrected"] >= 0.5 * table["going_on"] * (1 - 1e-6)).all()
        assert table["change"].clip(lower=0).sum() <= 0.3 * found.left * (1 + 1e-6)
        assert found.plan is not None
        assert found.net is not None
        assert found.net.mean > 0
        # By another way than the planner's: the whole horizon with the money spent, both ways ahead.
        changed = np.concatenate([found.actual, found.plan.money])
        stayed = np.concatenate([found.actual, found.plan.problem.reference])
        difference = view.effect(changed) - view.effect(stayed)
        assert difference.mean() == pytest.approx(found.plan.gain_draws.mean(), rel=0.05)
        if found.verdict == "change":
            made = corrected(entry_of(wrong), found, view, {"fit": "g" * 64, "data": "e" * 64})
            assert (made.replaces, made.since) == ("demo-1", SEEN)
            np.testing.assert_allclose(made.money[:SEEN], found.actual)
            np.testing.assert_allclose(made.today, content.today)
            assert made.correction is not None
            assert made.correction.mean == pytest.approx(found.net.mean)
    assert ahead.shape[0] == WEEKS - SEEN


def _other(fit: Fit, change: np.ndarray) -> Fit:
    """The fit with every channel's log effect changed by so much."""
    member = fit.main
    posterior = member.tree["posterior"].to_dataset()
    posterior["log_beta"] = posterior["log_beta"] + change
    tree = xr.DataTree.from_dict({"posterior": posterior, "sample_stats": member.tree["sample_stats"].to_dataset()})
    return replace(fit, members=(replace(member, tree=tree),))


def test_a_change_is_worth_it_by_both_models_or_left(fit: Fit, dataset: Dataset, content: Content) -> None:
    """Money of a channel is missing ahead; the plan's own model thinks little of all channels that would grow."""
    wrong = _lopsided(content, 0)
    alone = correct(wrong, Fits(fit, fit), dataset, Wish(PLAN, FREE))
    assert (alone.verdict, alone.net_then) == ("change", None)
    same = correct(wrong, Fits(_other(fit, np.zeros(content.money.shape[2])), fit), dataset, Wish(PLAN, FREE))
    assert same.verdict == "change"
    assert same.net_then is not None
    assert same.net_then.mean == pytest.approx(alone.net.mean, rel=0.05)  # type: ignore[union-attr]

    doubting = _other(fit, np.where(alone.table["change"].to_numpy() > 0, -4.0, 0.0))
    found = correct(wrong, Fits(doubting, fit), dataset, Wish(PLAN, FREE))
    assert found.verdict == "stay"
    assert found.net is not None
    assert found.plan is not None
    assert found.net_then is not None
    assert found.net.mean == pytest.approx(alone.net.mean)  # type: ignore[union-attr]
    assert re.search(
        r"by the model of today and of \d+% by the one that the plan was made on, and 60%", found.reasons[0]
    )
    # By another way: the whole horizon on the plan's own model.
    view, ahead = window(doubting, wrong, dataset), found.plan
    changed, stayed = (np.concatenate([found.actual, m]) for m in (ahead.money, ahead.problem.reference))
    gain = float((view.effect(changed) - view.effect(stayed)).mean()) - (changed.sum() - stayed.sum())
    assert found.net_then.mean == pytest.approx(gain, rel=0.05)


def test_a_gain_that_does_not_pay_for_the_change_is_left(fit: Fit, dataset: Dataset, content: Content) -> None:
    wrong = _lopsided(content, 0)
    paid = correct(wrong, Fits(fit, fit), dataset, Wish(PLAN, FREE))
    assert paid.net is not None
    dear = FREE.model_copy(update={"cost": 2 * paid.net.upper})
    found = correct(wrong, Fits(fit, fit), dataset, Wish(PLAN, dear))
    assert found.verdict == "stay"
    assert found.net is not None
    assert found.net.mean == pytest.approx(paid.net.mean - 2 * paid.net.upper, rel=1e-6)
    assert "not more than 0" in found.reasons[0]
    sure = FREE.model_copy(update={"gain": paid.net.mean * 0.999, "probability": 0.95})
    found = correct(wrong, Fits(fit, fit), dataset, Wish(PLAN, sure))
    assert found.verdict == "stay"
    assert "95% is asked for" in found.reasons[0]


def test_too_soon_nothing_is_asked(fit: Fit, dataset: Dataset, content: Content) -> None:
    limits = FREE.model_copy(update={"days_between": 7 * SEEN + 1})
    found = correct(content, Fits(fit, fit), dataset, Wish(PLAN, limits))
    assert (found.verdict, found.plan) == ("stay", None)
    soonest = content.dates[0] + dt.timedelta(days=7 * SEEN + 1)
    assert f"ask again for {soonest}" in found.reasons[0]
    # A plan that corrected another counts from the day on which it did.
    later = content.model_copy(update={"since": SEEN - 1})
    assert correct(later, Fits(fit, fit), dataset, Wish(PLAN, FREE.model_copy(update={"days_between": 8}))).plan is None


def test_pool_and_contingency_change_what_may_be_spent(fit: Fit, dataset: Dataset, content: Content) -> None:
    limits = FREE.model_copy(update={"pool": 1e5, "contingency": 0.25})
    found = correct(content, Fits(fit, fit), dataset, Wish(PLAN, limits))
    assert found.plan is not None
    assert found.plan.total_budget == pytest.approx(0.75 * found.left + 1e5)
    assert found.plan.reference_spend == pytest.approx(0.75 * found.left + 1e5)


def test_what_was_spent_is_taken_off_limits_in_money(dataset: Dataset) -> None:
    settings = PlanSettings.model_validate(
        {
            "channels": {"tv": {"minimum": 100, "maximum": 900}, "search": {"fixed": True}},
            "groups": {"brand": {"channels": ["tv", "search"], "maximum": 1000, "minimum": 200}},
            "demand_factor": [1.0] * 9 + [1.1, 1.2, 1.3, 1.4],
        }
    )
    rest = _rest(dataset, today=(400.0, 400.0))
    found = rest_settings(settings, rest, 500.0)
    assert found.horizon == "4 weeks"
    assert (found.channels["tv"].minimum, found.channels["tv"].maximum) == (0.0, 750.0)
    assert found.channels["search"].fixed
    assert (found.groups["brand"].minimum, found.groups["brand"].maximum) == (0.0, 550.0)
    assert found.demand_factor == (1.1, 1.2, 1.3, 1.4)


def _rest(dataset: Dataset, today: tuple[float, float]) -> Rest:
    """Of two channels with 250 ahead each; 150 of tv and 300 of search are spent."""
    spent = np.array([150.0, 300.0])
    return Rest(("tv", "search"), np.ones((4, 1, 2)), spent, np.array(today), 9, 500.0, dataset.frequency)


@pytest.mark.parametrize(
    ("plan", "today", "tv", "search"),
    [
        # Half to twice of 400 over the whole horizon, less what is spent; going on is 250.
        ({}, (400.0, 550.0), (50.0, 650.0), (0.0, 800.0)),
        # A plan that is at its bound goes no further, whatever the correction's own limits are.
        ({"bounds": (0.5, 2.0)}, (200.0, 200.0), (0.0, 250.0), (0.0, 250.0)),
        ({"bounds": (0.9, 1.1)}, (400.0, 500.0), (210.0, 290.0), (150.0, 250.0)),
        (
            {"bounds": (0.9, 1.1), "channels": {"tv": {"relative": (0.5, 1.5)}}},
            (400.0, 500.0),
            (50.0, 450.0),
            (150.0, 250.0),
        ),
        ({"max_increase": 0.2, "min_retained": 0.8}, (400.0, 550.0), (170.0, 330.0), (140.0, 360.0)),
        # Amounts stand, and leave the other side open where they are beyond its relative limit.
        (
            {"bounds": (0.9, 1.1), "channels": {"tv": {"minimum": 900}, "search": {"maximum": 310}}},
            (400.0, 550.0),
            (750.0, None),
            (None, 10.0),
        ),
        # More money than the reference plan's: twice it is twice the reference mix at that size.
        ({}, (100.0, 375.0), (0.0, 250.0), (0.0, 1200.0)),
    ],
)
def test_relative_limits_hold_over_the_whole_horizon(
    dataset: Dataset,
    plan: dict[str, Any],
    today: tuple[float, float],
    tv: tuple[float | None, float | None],
    search: tuple[float | None, float | None],
) -> None:
    found = rest_settings(PlanSettings.model_validate(plan), _rest(dataset, today), 500.0).channels
    for name, (least, most) in (("tv", tv), ("search", search)):
        assert found[name].minimum == pytest.approx(least), name
        assert found[name].maximum == pytest.approx(most), name
        assert found[name].relative is None


def test_a_plan_not_begun_or_over_is_not_corrected(fit: Fit, dataset: Dataset, content: Content) -> None:
    before = dataset.between(None, str(dataset.dates[-SEEN - 1].date()))
    with pytest.raises(PlanError, match="make a new plan"):
        correct(content, Fits(fit, fit), before, Wish(PLAN, FREE))
    over = plan_of(dataset, dates=content.dates[:SEEN], spend=content.money[:SEEN].tolist(),
                   reference=content.today[:SEEN].tolist())  # fmt: skip
    with pytest.raises(PlanError, match="horizon is over"):
        correct(over, Fits(fit, fit), dataset, Wish(PLAN, FREE))


def test_settings_of_a_correction_are_checked() -> None:
    with pytest.raises((SettingsError, ValueError), match=r"contingency|less than 1"):
        ReplanSettings(contingency=1.0)


# Settling


def _over(dataset: Dataset, fit: Fit, **changes: Any) -> Content:
    """A plan whose horizon is over, whose reference has half the money of its first channel, with its promise."""
    whole = plan_of(dataset, settings={"plan": PLAN.model_dump(mode="json")})
    today = whole.money[:SEEN].copy()
    today[..., 0] *= 0.5
    values = {"dates": whole.dates[:SEEN], "spend": whole.money[:SEEN].tolist(), "reference": today.tolist()}
    bare = Content.model_validate(whole.model_dump() | values)
    view = window(fit, bare, dataset)
    gain = view.effect(bare.money, paid=False) - view.effect(bare.today, paid=False)
    promise = promise_of(gain, "outcome", "EUR")
    return bare.model_copy(update={"promise": promise, "effect": promise, **changes})


def test_parts_of_what_a_plan_brought_add_up(fit: Fit, dataset: Dataset) -> None:
    content = _over(dataset, fit)
    made = settlement(entry_of(content), Fits(fit, fit), dataset)
    # Spent to the letter and the same fit: what came is what was promised, but for prices.
    assert made.spending.mean == pytest.approx(0.0, abs=1e-6 * abs(made.promise.mean))
    assert made.learned.mean == pytest.approx(0.0, abs=1e-6 * abs(made.promise.mean))
    total = made.promise.mean + made.spending.mean + made.prices.mean + made.learned.mean
    assert total == pytest.approx(made.settled.mean, rel=1e-6)
    assert made.expected.mean + made.deviation.mean + made.surprise.mean == pytest.approx(made.outcome, rel=1e-9)
    assert made.outcome == pytest.approx(float(dataset.data["outcome"].values[-SEEN:].sum()))
    assert made.held


def test_money_spent_otherwise_is_split_off(fit: Fit, dataset: Dataset) -> None:
    content = _over(dataset, fit)
    planned = content.money
    planned[..., 0] *= 2.0  # the plan wanted twice of what was spent on the first channel
    content = _with_money(content, planned)
    made = settlement(entry_of(content), Fits(fit, fit), dataset)
    assert made.spending.upper < 0
    assert made.deviation.upper < 0
    assert made.spent == pytest.approx(float(dataset.data["spend"].values[-SEEN:].sum()))
    total = made.promise.mean + made.spending.mean + made.prices.mean + made.learned.mean
    assert total == pytest.approx(made.settled.mean, rel=1e-6)


def test_effects_that_turned_out_smaller_are_learned(fit: Fit, dataset: Dataset) -> None:
    content = _over(dataset, fit)
    posterior = fit.main.tree["posterior"].to_dataset()
    weaker = fit.main.tree.copy()
    weaker["posterior"] = type(weaker)(posterior.assign(log_beta=posterior["log_beta"] - np.log(2.0)))
    now = replace(fit, members=(replace(fit.main, tree=weaker),))
    made = settlement(entry_of(content), Fits(fit, now), dataset)
    assert made.settled.mean == pytest.approx(0.5 * made.promise.mean, rel=0.1)
    assert made.learned.mean == pytest.approx(made.settled.mean - made.promise.mean - made.prices.mean, rel=1e-6)
    assert made.learned.mean < 0


def test_a_missing_outcome_waits(fit: Fit, dataset: Dataset) -> None:
    content = _over(dataset, fit)
    data = dataset.data.copy(deep=True)
    data["observed"].values[-1] = False
    with pytest.raises(DataError, match=r"The outcome of 1 of the plan's 9 weeks"):
        settlement(entry_of(content), Fits(fit, fit), replace(dataset, data=data))
    with pytest.raises(PlanError, match="is under way: 9 of its 13 weeks"):
        settlement(entry_of(plan_of(dataset)), Fits(fit, fit), dataset)


def test_the_page_of_the_ledger_tells_both(fit: Fit, dataset: Dataset) -> None:
    made = settlement(entry_of(_over(dataset, fit, title="<b>Demo</b> & co")), Fits(fit, fit), dataset, ("demo-0",))
    html = page([made], ReportSettings())
    assert "The promise held" in html
    assert "It corrected demo-0." in html
    assert "1 of 1 promises held" in html
    assert "<b>Demo</b>" not in html

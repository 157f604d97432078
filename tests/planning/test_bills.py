"""Vendors' bills in plans: tiers, fees and minima against brute force, and the bound of the certificate against it."""

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import mmm
from mmm.costs import VendorSettings, schedule_of
from mmm.errors import PlanError, SettingsError
from mmm.planning.bills import Bill, _continuous, bills_of, paid
from mmm.planning.pieces import added
from mmm.planning.planner import decide
from mmm.planning.prepare import Prepared
from mmm.planning.settings import ChannelVendor, PlanSettings
from mmm.settings import settings_from

MARGINAL = {"tiers": [{"to": 40, "price": 1.5}, {"to": 90, "price": 0.8, "fee": 6}, {"price": 0.5}], "fixed": 5}
ALL_UNITS = {"kind": "all_units", "tiers": [{"to": 49, "price": 1.3}, {"to": 99, "price": 1.0}, {"price": 0.8}]}
COMMITTED = {"tiers": [{"to": 60, "price": 0.9}, {"to": 150, "price": 1.4}], "minimum": 50, "discount": 0.1}


def vendor(asked, **changes):
    return VendorSettings.model_validate({"unit": "units", **asked, **changes})


def bill(asked, channel=0, rows=(0,), **changes):
    made = vendor(asked, **changes)
    schedule = schedule_of(made)
    whole = _continuous(schedule.with_purchases() if made.prepaid else schedule)
    return Bill(channel, "some", "units", np.array(rows), whole, pd.Timestamp("2024-01-01"))


def test_a_bill_is_the_schedules_cost_in_every_whole_unit():
    for asked in (MARGINAL, ALL_UNITS, COMMITTED, {**ALL_UNITS, "prepaid": True}):
        made, schedule = bill(asked).pieces, schedule_of(vendor(asked))
        exact = schedule.with_purchases() if asked.get("prepaid") else schedule
        units = np.arange(0, 151)
        assert made.at(units.astype(float)) == pytest.approx([float(exact.cost(int(u))) for u in units], abs=1e-9)
    assert bill(COMMITTED).pieces.most == 150


def test_sums_and_hulls_of_pieces():
    one, two = bill(ALL_UNITS).pieces.of(0.7), bill(MARGINAL).pieces.of(1.3)
    whole = added([one, two])
    y = np.linspace(0.31, 180, 997)
    assert whole.at(y) == pytest.approx(one.at(y) + two.at(y))
    cut = whole.until(160.0)
    below = np.max([slope * y + base for slope, base in cut.hull()], axis=0)
    inside = y < 160
    assert (below <= whole.at(y) + 1e-9)[inside].all()
    corners = np.concatenate([cut.first, cut.last])
    touched = np.max([slope * corners + base for slope, base in cut.hull()], axis=0)
    assert np.isclose(touched, cut.base[[*range(len(cut.base))] * 2] + np.tile(cut.price, 2) * corners).sum() >= 2


def billed(single, hill, bills, seed=0, slope=1.0):
    rng = np.random.default_rng(seed)
    n, c = 120, 2
    beta = np.exp(rng.normal(0, 0.3, (n, c)) + np.log([260.0, 300.0]))
    half = np.exp(rng.normal(0, 0.2, (n, c)) + np.log([70.0, 90.0]))
    made = single(hill(beta, half, np.full((n, c), slope)), np.array([80.0, 80.0]))
    return Prepared(replace(made, bills=tuple(bills)), None)


def outcome(problem, money):
    return problem.effect_draws(np.asarray(money, dtype=float)[None, None, :]).sum(axis=1)


def brute(problem, total, price, top=160):
    """The best expected outcome less price times money over whole units of both channels."""
    best = -np.inf
    curves = [
        np.array([outcome(problem, [m if c == i else 0.0 for i in range(2)]).mean() for m in range(top + 1)])
        for c in range(2)
    ]
    for first, second in itertools.product(range(40, top + 1), repeat=2):
        money = problem.spent(np.array([[[float(first), float(second)]]]))
        if money <= total + 1e-9:
            best = max(best, curves[0][first] + curves[1][second] - price * money)
    return best


@pytest.mark.parametrize("slope", [1.0, 2.2])
@pytest.mark.parametrize(
    "bills",
    [
        [bill(MARGINAL)],
        [bill(ALL_UNITS)],
        [bill(ALL_UNITS, prepaid=True), bill(COMMITTED, channel=1)],
        [bill(COMMITTED), bill(MARGINAL, channel=1)],
    ],
    ids=["marginal", "all units", "prepaid and committed", "committed and marginal"],
)
def test_plans_on_bills_are_the_best_of_all(single, hill, bills, slope):
    made = billed(single, hill, bills, slope=slope)
    total = made.problem.spent(made.problem.reference)
    plan = decide(made, PlanSettings(objective="expected_outcome", margin=1.0, total_budget=total, gap=1e-4))
    value = plan.outcome_draws.mean() - plan.spend
    best = brute(made.problem, total, 1.0)
    assert plan.spend <= total * (1 + 1e-6)
    assert plan.certificate.kind in ("exact", "gap")
    assert value >= best - 2e-4 * plan.outcome_draws.mean()
    assert plan.certificate.bound >= best - 1e-6
    assert plan.certificate.value == pytest.approx(value, rel=1e-4)
    assert plan.allocation["spend"].sum() == pytest.approx(plan.spend)


def test_a_threshold_is_reached_where_more_costs_less(single, hill):
    # 95 units cost 95, 100 cost 80: nobody stops before the threshold.
    made = billed(single, hill, [bill(ALL_UNITS)])
    plan = decide(made, PlanSettings(objective="expected_outcome", margin=1.0, total_budget=180.0))
    assert np.ceil(plan.bills["volume"].iloc[0]) >= 100
    assert plan.bills["piece"].iloc[0] == 3


@pytest.mark.parametrize("detail", ["geo", "week"])
def test_bills_by_month_of_plans_in_detail(prepared, detail):
    made = prepared(channels=2, geos=2, draws=60, horizon=4)
    problem = made.problem
    volume = problem.reference[:2, :, 0].sum()
    tiers = {"kind": "all_units", "tiers": [{"to": int(volume), "price": 1.2}, {"price": 0.7}]}
    bills = tuple(bill(tiers, rows=rows) for rows in ((0, 1), (2, 3)))
    made = Prepared(replace(problem, bills=bills), None)
    total = made.problem.spent(problem.reference)
    asked = PlanSettings(objective="expected_outcome", margin=1.0, detail=detail, total_budget=total, gap=5e-3)
    plan = decide(made, asked)
    assert plan.spend <= total * (1 + 1e-6)
    worth = plan.outcome_draws.mean() - plan.spend
    assert plan.certificate.value == pytest.approx(worth, rel=2e-3)
    assert plan.certificate.gap <= 0.02
    # No plan that holds both bills on stated pieces does better than the bound.
    for scale in (0.6, 0.9, 1.1, 1.4):
        for other in (0.6, 1.0):
            money = problem.reference * np.array([scale, other])
            if made.problem.spent(money) <= total:
                got = problem.effect_draws(money).sum(axis=1).mean() - made.problem.spent(money)
                assert got <= plan.certificate.bound + 1e-6
                assert got <= worth + 0.02 * plan.outcome_draws.mean()


def test_careful_plans_on_bills_keep_their_bound_and_budget(single, hill):
    made = billed(single, hill, [bill(MARGINAL), bill(COMMITTED, channel=1)])
    total = made.problem.spent(made.problem.reference)
    plan = decide(made, PlanSettings(margin=1.0, total_budget=total, draws=120))
    assert plan.certificate.kind in ("exact", "gap")
    assert plan.spend <= total * (1 + 1e-6)
    assert plan.certificate.bound >= plan.certificate.value


def test_a_budget_below_what_is_committed_is_no_plan(single, hill):
    made = billed(single, hill, [bill(COMMITTED, minimum=200.0)])
    with pytest.raises(PlanError, match="total budget is at most 150"):
        decide(made, PlanSettings(objective="expected_outcome", margin=1.0, total_budget=150.0))


def test_bills_are_split_over_cells_by_volume_and_nothing_is_lost():
    money, unit = np.ones((2, 3, 2)), np.full((2, 3, 2), 10.0)
    unit[0, 0, 0] = 40.0
    found = paid([bill(MARGINAL, rows=(0,))], money, unit)
    cost = float(schedule_of(vendor(MARGINAL)).cost(60))
    assert found[0, :, 0].sum() == pytest.approx(cost)
    assert found[0, 0, 0] == pytest.approx(cost * 40 / 60)
    assert (found[1] == 1).all()
    assert (found[:, :, 1] == 1).all()
    idle = paid([bill(MARGINAL, rows=(0, 1))], np.zeros((2, 3, 2)), unit)
    assert idle[:, :, 0].sum() == pytest.approx(5.0)  # the fixed fee is due whatever is used


def test_months_are_those_in_which_periods_begin_and_parts_of_them_are_billed_in_part(known):
    dataset = known.dataset
    tiers = {"unit": dataset.media_unit[0], "tiers": [{"price": 0.5}], "fixed": 100}
    vendors = {dataset.channels[0]: ChannelVendor.model_validate({**tiers, "name": "sendwell"})}
    found = bills_of(dataset, vendors, "month", 13)
    assert [row for made in found for row in made.rows] == list(range(13))
    assert {made.vendor for made in found} == {"sendwell"}
    dates = dataset.frequency.following(dataset.dates[-1], 13)
    for made in found:
        month = dates[made.rows[0]].to_period("M")
        mondays = pd.date_range(month.start_time, month.end_time, freq=f"W-{dates[0]:%a}".upper())
        assert made.pieces.at(0.0) == pytest.approx(100 * len(made.rows) / len(mondays))
    assert len(bills_of(dataset, vendors, "period", 13)) == 13
    assert bills_of(dataset, vendors, "horizon", 13)[0].pieces.at(0.0) == 100


def in_money(dataset):
    """A channel whose media are its money."""
    return next(name for name, unit in zip(dataset.channels, dataset.media_unit, strict=True) if unit == "EUR")


def test_plans_of_a_fit_count_what_the_vendor_of_the_settings_charges(known):
    name = in_money(known.dataset)
    free = mmm.plan(known.fit, objective="expected_outcome")
    today = float(free.allocation.loc[name, "reference"])
    # A flat tenth beyond the price of today: the same plan costs as much more, and the budget holds it.
    vendors = {name: {"unit": "EUR", "tiers": [{"price": 1.1}], "fixed": 10, "name": "agency"}}
    plan = mmm.plan(known.fit, objective="expected_outcome", vendors=vendors, billing="horizon")
    assert plan.reference_spend == pytest.approx(free.reference_spend + 0.1 * today + 10)
    assert plan.total_budget == pytest.approx(plan.reference_spend)
    assert plan.spend <= plan.total_budget * (1 + 1e-9)
    assert plan.schedule["spend"].sum() == pytest.approx(plan.spend)
    assert plan.bills.loc[0, "bill"] == pytest.approx(plan.allocation.loc[name, "spend"])
    assert plan.certificate.kind in ("exact", "gap")
    assert any("what agency charges" in str(note) for note in plan.notes)


@pytest.mark.parametrize(
    ("vendors", "message"),
    [
        ({"nobody": {"unit": "EUR", "tiers": [{"price": 1}]}}, "channel 'nobody', which the model does not have"),
        ({"c0": {"unit": "e-mails", "tiers": [{"price": 1}]}}, "prices for 'e-mails', but the channel's media"),
        ({"c0": "sendwell"}, "names the vendor 'sendwell', whose prices are not given"),
        ({"c0": {"unit": "EUR", "tiers": [{"to": 5, "price": 1}]}}, "but 'search' sells"),
    ],
)
def test_vendors_that_do_not_fit_are_refused_before_anything_is_fitted(known, vendors, message):
    named = {in_money(known.dataset) if name == "c0" else name: asked for name, asked in vendors.items()}
    with pytest.raises(SettingsError, match=message):
        mmm.plan(known.fit, objective="expected_outcome", vendors=named)


def test_names_of_vendors_are_those_of_the_costs():
    document = {
        "name": "shop",
        "data": {
            "source": "demo", "date": "date", "geo": "geo", "target": {"column": "revenue", "kind": "revenue"},
            "currency": "EUR", "channels": {"email": "email_spend"},
        },
        "costs": {"vendors": {"sendwell": {"unit": "EUR", "tiers": [{"price": 1.0}]}}},
        "plan": {"vendors": {"email": "sendwell"}},
    }  # fmt: skip
    found = settings_from(document).plan.vendors["email"]
    assert (found.name, found.unit) == ("sendwell", "EUR")
    with pytest.raises(SettingsError, match=r"'sendwel' is not among costs\.vendors\. Did you mean 'sendwell'"):
        settings_from({**document, "plan": {"vendors": {"email": "sendwel"}}})
    with pytest.raises(SettingsError, match="a factor on its cost"):
        settings_from({**document, "plan": {**document["plan"], "cost_factor": {"email": 1.1}}})

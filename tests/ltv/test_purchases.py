"""Expected purchases and values against the published formula, and against customers drawn one by one."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import hyp2f1

from mmm.ltv.future import remaining, simulated
from mmm.ltv.learn import Learned
from mmm.ltv.model import Cells
from mmm.ltv.purchases import Purchasing, Spending
from mmm.ltv.settings import LtvSettings
from mmm.ltv.value import payback, value_curve, weekly_rate
from mmm.simulate.cohorts import CustomerTruth, shop, true_value

PUBLISHED = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}
ORDERS = {"p": 6.25, "q": 3.74, "gamma": 15.44}
TRANSACTIONS = {"source": "orders.csv", "person": "customer_id", "time": "date", "value": "value"}


def settings(**changes):
    return LtvSettings.model_validate({"transactions": TRANSACTIONS, "horizons": ["52 weeks", "104 weeks"]} | changes)


def known(*truths: CustomerTruth, n: int = 1) -> Learned:
    """The truth as if it had been learned, one cell a channel."""
    columns = {name: np.array([[getattr(t, name) for t in truths]] * n) for name in ("r", "a", "b", "p", "q", "gamma")}
    alpha = np.array([[t.r / t.rate for t in truths]] * n)
    first = np.array([[t.first * t.order for t in truths]] * n)
    orders = Spending(columns["p"], columns["q"], columns["gamma"])
    return Learned(Purchasing(columns["r"], alpha, columns["a"], columns["b"]), orders, first, {})


@pytest.mark.parametrize("a", [0.793, 0.999, 1.0, 1.6])
@pytest.mark.parametrize("weeks", [1.0, 39.0, 260.0])
def test_expected_purchases_are_those_of_the_published_formula(a, weeks):
    r, alpha, b = 0.243, 4.414, 2.426
    one = Purchasing(*(np.array(value) for value in (r, alpha, a, b)))
    found = one.expected(np.array([weeks]))[0]
    # Equation 9 of the paper; at a = 1 it is 0 / 0 and is approached.
    near = a + 1e-6 if a == 1.0 else a
    hyper = hyp2f1(r, b, near + b - 1, weeks / (alpha + weeks))
    expected = (near + b - 1) / (near - 1) * (1 - (alpha / (alpha + weeks)) ** r * hyper)
    assert found == pytest.approx(expected, rel=1e-5)


def test_one_customer_of_the_paper():
    # Fader, Hardie and Lee (2005), note on the spreadsheet: customer 0001, x = 2, t_x = 30.43, T = 38.86.
    one = Purchasing(*(np.array(value) for value in PUBLISHED.values()))
    alive = one.alive(np.array(2.0), np.array(30.43), np.array(38.86))
    future = alive * one.given(np.array(2.0), np.array(38.86)).expected(np.array([39.0]))[0]
    assert future == pytest.approx(1.226, abs=5e-4)
    assert one.alive(np.array(0.0), np.array(0.0), np.array(38.86)) == 1.0


def test_mean_order_of_the_paper():
    # Fader and Hardie (2013): the mean order is 35.3 or so; with no history it is the population's.
    orders = Spending(*(np.array(value) for value in ORDERS.values()))
    assert orders.mean == pytest.approx(6.25 * 15.44 / 2.74)
    assert orders.given(np.array(0.0), np.array(0.0)).mean == orders.mean
    weight = 6.25 * 2 / (6.25 * 2 + 2.74)
    assert orders.given(np.array(2.0), np.array(22.35)).mean == pytest.approx(
        weight * 22.35 + (1 - weight) * orders.mean
    )


def test_value_of_new_customers_is_that_of_drawn_ones():
    names = list(shop().channels)
    truths = list(shop().channels.values())
    cells = Cells({"channel": tuple(names)}, {"channel": np.arange(4)})
    curve = value_curve(known(*truths), cells, np.ones(4), settings(margin=0.5))
    for name, truth in shop().channels.items():
        for weeks in (52, 104):
            expected = 0.5 * true_value(truth, weeks, weekly_rate(0.1), 100_000)
            assert curve.of("channel", name)[0, weeks] == pytest.approx(expected, rel=0.01)
    assert curve.of("channel")[0] == pytest.approx(np.mean([curve.of("channel", n)[0] for n in names], axis=0))


def test_payback_is_the_first_week_that_brings_the_cost():
    curve = np.array([[10.0, 12.0, 14.0], [10.0, 11.0, 11.5]])
    assert payback(curve, 12.0).tolist() == [1.0, np.inf]
    assert payback(curve, 9.0).tolist() == [0.0, 0.0]


def test_known_customers_are_simulated_as_they_are_expected():
    truth = shop().channels["search"]
    rows = [(1, 0, 4, 20.0, 30.0, 25.0), (2, 0, 0, 0.0, 12.0, np.nan), (3, 0, 1, 3.0, 80.0, 60.0)]
    customers = pd.DataFrame(rows, columns=["person", "cell", "x", "last", "weeks", "mean"])
    learned = known(truth, n=40_000)
    purchases, money = simulated(learned, customers, 52.0, np.arange(3), 1)
    left = remaining(learned, customers, 52.0, 0.0, 2)
    assert purchases.mean(axis=0) == pytest.approx(left.by_customer["purchases"].to_numpy(), rel=0.03)
    assert money.mean(axis=0) == pytest.approx(left.by_customer["value"].to_numpy(), rel=0.05)
    one = Purchasing(*(part[0, 0] for part in vars(learned.purchasing).values()))
    x, last, weeks = (customers[name].to_numpy(dtype=float) for name in ("x", "last", "weeks"))
    exact = one.alive(x, last, weeks) * one.given(x, weeks).expected(np.array([52.0]))[:, 0]
    assert left.by_customer["purchases"].to_numpy() == pytest.approx(exact, rel=0.02)
    discounted = remaining(learned, customers, 52.0, weekly_rate(0.1), 2)
    assert (discounted.by_customer["value"] < left.by_customer["value"]).all()

"""One usage under every vendor's prices, and returns with all costs in them, by hand values."""

import numpy as np
import pytest
from pydantic import ValidationError

from mmm.costs import CostsSettings, compare, loaded_returns
from mmm.costs.settings import UsageSettings, VendorSettings
from mmm.errors import DataError

VENDORS = {
    "now": {"unit": "e-mails", "tiers": [{"price": 0.01}], "features": ["api"]},
    "tiers": {
        "unit": "e-mails",
        "tiers": [{"to": 1000, "price": 0.01}, {"to": 5000, "price": 0.005}, {"price": 0.001}],
        "features": ["api", "tests"],
        "switching": 90,
    },
    "flat": {"unit": "e-mails", "tiers": [{"to": 2500, "fee": 8}], "fixed": 1, "features": ["api"]},
    "bare": {"unit": "e-mails", "tiers": [{"price": 0.0001}]},
    "texts": {"unit": "texts", "tiers": [{"price": 0.05}]},
}
USAGE = {"unit": "e-mails", "current": "now", "volumes": [1000, 3000], "features": ["api"]}


def made(volumes=None, **changes):
    vendors = {name: VendorSettings.model_validate(document) for name, document in VENDORS.items()}
    return compare(UsageSettings.model_validate(USAGE | changes), vendors, volumes)


def test_hand_values_without_spread():
    table = made().table
    assert list(table.index) == ["now", "tiers", "flat", "bare"]
    # Two months, 10 and 30, are 240 a year; 10 and 20 are 180.
    assert table.loc[["now", "tiers"], "cost_per_year"].tolist() == pytest.approx([240, 180])
    assert table.loc["tiers", ["saving", "first_year", "chance"]].tolist() == pytest.approx([60, -30, 0])
    assert table.loc["now", ["saving", "first_year", "switching"]].tolist() == [0, 0, 0]
    assert "sells at most 2,500 e-mails a period, too few in 100% of cases" in table.loc["flat", "obstacles"]
    assert table.loc["bare", "obstacles"] == "lacks api"
    assert table.loc["flat", ["cost_per_year", "saving", "chance", "utilisation"]].isna().all()


def test_utilisation_and_unused_tiers():
    usage = UsageSettings.model_validate(USAGE | {"volumes": [500, 2000]})
    found = compare(usage, {name: VendorSettings.model_validate(VENDORS[name]) for name in ("now", "flat", "tiers")})
    # The flat fee buys 2,500 a month: 2,500 of 5,000 are used.
    assert found.table.loc["flat", "utilisation"] == 0.5
    assert found.table.loc["now", "utilisation"] == 1
    assert found.tiers.query("vendor == 'tiers'")["units"].tolist() == [1500, 1000, 0]
    assert found.tiers.query("vendor == 'tiers'")["periods"].tolist() == [1, 1, 0]


def test_a_saving_is_over_the_same_draws():
    # Costs spread widely, but on the same volumes the tiers never cost more: of independent draws some would say so.
    table = made(spread=0.5).table
    row = table.loc["tiers"]
    assert 0 < row["saving_lower"] < row["saving"] < row["saving_upper"]
    assert row["first_year"] == pytest.approx(row["saving"] - 90)
    assert 0 < row["chance"] < 1
    volumes = np.array([[1000.0, 3000.0], [1000.0, 1000.0]])
    given = made(volumes).table.loc["tiers"]
    assert given["saving"] == pytest.approx((60 + 0) / 2)
    assert given["saving_upper"] == pytest.approx(57)  # the 95% quantile of 0 and 60
    with pytest.raises(DataError, match="finite and 0 or more"):
        made(volumes - 2000)


def test_prepaid_units_are_bought_as_is_cheapest():
    dear = {"unit": "e-mails", "tiers": [{"to": 9_999, "price": 0.01}, {"price": 0.008}], "kind": "all_units"}
    usage = UsageSettings.model_validate(USAGE | {"volumes": [9_900], "current": "metered", "features": []})
    vendors = {"metered": dear, "prepaid": dear | {"prepaid": True}}
    found = compare(usage, {name: VendorSettings.model_validate(v) for name, v in vendors.items()})
    assert found.table["cost_per_year"].tolist() == pytest.approx([99 * 12, 80 * 12])
    assert found.table["utilisation"].tolist() == pytest.approx([9_900 / 12_375, 0.99])
    assert found.tiers.query("vendor == 'prepaid'")["units"].tolist() == [0, 10_000]


def test_usage_needs_its_vendor():
    for current, said in (("nobody", "'nobody' is not among vendors"), ("texts", "counts e-mails")):
        with pytest.raises(ValidationError, match=said):
            CostsSettings.model_validate({"vendors": VENDORS, "usage": {"mail": USAGE | {"current": current}}})


def test_loaded_returns_by_hand():
    effects = np.array([[100.0, 10.0], [300.0, 30.0]])
    found = loaded_returns(effects, ["tv", "email"], np.array([100.0, 0.0]), np.array([160.0, 8.0]), margin=0.5)
    tv, email = found.loc["tv"], found.loc["email"]
    assert (tv["media_roas"], tv["loaded_roas"], tv["profit"]) == (2.0, 1.25, -60.0)
    assert (tv["profit_lower"], tv["profit_upper"]) == pytest.approx((0.5 * 110 - 160, 0.5 * 290 - 160))
    assert tv["chance_of_profit"] == 0
    assert np.isnan(email["media_roas"])
    assert (email["loaded_roas"], email["chance_of_profit"]) == (2.5, 0.5)


@pytest.mark.parametrize(
    ("media", "whole", "said"),
    [([1.0], [1.0, 1.0], r"got \(2, 2\)"), ([2.0, 1.0], [1.0, 1.0], "not so for tv"), ([-1.0, 0], [1.0, 1.0], "tv")],
)
def test_costs_that_cannot_be(media, whole, said):
    with pytest.raises(DataError, match=said):
        loaded_returns(np.ones((2, 2)), ["tv", "email"], np.array(media), np.array(whole))

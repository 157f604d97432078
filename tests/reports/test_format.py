"""Numbers as text: values that a reader can check by hand."""

import datetime as dt
from dataclasses import replace

import pytest

from mmm.data.dataset import Dataset
from mmm.reporting.content.from_fit import labels_of, outcome_words
from mmm.reporting.notation.formatter import Formatter
from mmm.reporting.notation.labels import readable
from mmm.settings.report import ReportSettings

EUR = Formatter("EUR", "EUR", money_outcome=True)
ORDERS = Formatter("USD", "orders", money_outcome=False)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "€0"),
        (0.4, "€0.40"),
        (12.4, "€12.40"),
        (1234.4, "€1,234"),
        (9994, "€9,994"),
        (9999, "€10\u00a0thousand"),
        (999_400, "€999\u00a0thousand"),
        (999_600, "€1.00\u00a0million"),
        (1_238_471.3, "€1.24\u00a0million"),
        (-35_000, "−€35\u00a0thousand"),
        (2_400_000_000, "€2.40\u00a0billion"),
        (float("nan"), "n/a"),
    ],
)
def test_money_is_rounded_for_reading(value: float, text: str) -> None:
    assert EUR.money(value) == text


def test_a_sign_stands_before_the_currency() -> None:
    assert EUR.money(1_240_000, sign=True, short=True) == "+€1.24m"
    assert EUR.money(-1_240_000, sign=True, short=True) == "−€1.24m"
    assert EUR.money(0, sign=True) == "€0"


def test_interval_ends_share_one_unit() -> None:
    assert EUR.money_range(852_000, 1_613_000) == "€0.85 to €1.61\u00a0million"
    assert (
        Formatter("EUR", "EUR", money_outcome=True, language="de").money_range(99e3, 312e3)
        == "99 bis 312\u00a0Tsd.\u00a0€"
    )


def test_a_symbol_before_each_end_asks_for_the_scale_after_each() -> None:
    """€99 to €312 thousand may be read as ninety-nine euros."""
    assert EUR.money_range(-200_000, 800_000) == "−€200\u00a0thousand to €800\u00a0thousand"
    assert EUR.money_range(99_000, 312_000, short=True) == "€99k to €312k"
    assert EUR.money_range(852_000, 1_613_000, short=True) == "€0.85m to €1.61m"


def test_interval_ends_that_nearly_agree_get_more_decimals() -> None:
    assert EUR.money_range(1_201_000, 1_204_000) == "€1.201 to €1.204\u00a0million"


def test_currency_without_decimals() -> None:
    yen = Formatter("JPY", "JPY", money_outcome=True)
    assert yen.money(85.4) == "¥85"


def test_unknown_currency_is_written_by_its_code() -> None:
    assert Formatter("CHF", "CHF", money_outcome=True).money(1_500_000) == "CHF\u00a01.50\u00a0million"


def test_outcome_in_its_own_unit() -> None:
    assert ORDERS.outcome(12_300) == "12\u00a0thousand orders"
    assert ORDERS.outcome_range(100, 2_400) == "100 to 2,400 orders"
    assert ORDERS.outcome(1_200, short=True) == "1,200"


@pytest.mark.parametrize(
    ("notation", "text"),
    [("1,234.5", "1,234.5"), ("1.234,5", "1.234,5"), ("1 234,5", "1\u202f234,5"), ("1'234.5", "1’234.5")],
)
def test_notations(notation: str, text: str) -> None:
    fmt = Formatter("EUR", "EUR", money_outcome=True, numbers=notation)  # type: ignore[arg-type]
    assert fmt.number(1234.5, 1) == text


def test_minus_zero_is_zero() -> None:
    assert EUR.number(-0.2) == "0"
    assert EUR.axis([-0.0, 1_000_000], money=True) == ["€0", "€1m"]


def test_probability_never_claims_certainty() -> None:
    assert EUR.probability(1.0) == "more than 99%"
    assert EUR.probability(0.0) == "less than 1%"
    assert EUR.probability(0.973) == "97%"


def test_axis_uses_one_scale_and_the_fewest_decimals() -> None:
    assert EUR.axis([0, 500_000, 1_000_000], money=True) == ["€0", "€0.5m", "€1.0m"]
    assert EUR.axis([0, 200, 400], money=False) == ["0", "200", "400"]


def test_dates() -> None:
    day = dt.date(2025, 5, 5)
    assert EUR.date(day) == "5 May 2025"
    assert Formatter("EUR", "EUR", money_outcome=True, dates="05.05.2025").date(day) == "05.05.2025"


def test_lists_of_names() -> None:
    assert EUR.join([]) == ""
    assert EUR.join(["TV"]) == "TV"
    assert EUR.join(["TV", "Search"]) == "TV and Search"
    assert EUR.join(["a", "b", "c", "d", "e", "f"]) == "a, b, c and 3 others"


def test_singular_and_plural() -> None:
    assert EUR.periods(1) == "1 week"
    assert EUR.periods(13) == "13 weeks"


def test_column_names_become_words_and_chosen_names_stay() -> None:
    labels = readable(["out_of_home", "tv", "e-mail", "TV Spots", "=cmd", "-x", "__", "東京"], {})
    assert labels["out_of_home"] == "Out of home"
    assert labels["tv"] == "TV"
    assert labels["e-mail"] == "E-mail"
    for name in ("TV Spots", "=cmd", "-x", "__", "東京"):
        assert labels[name] == name


def test_names_that_would_read_the_same_stay() -> None:
    assert readable(["paid_search", "Paid search"], {}) == {"paid_search": "paid_search", "Paid search": "Paid search"}


def test_what_a_plan_gains_is_named_after_all_outcomes(known) -> None:
    dataset: Dataset = replace(known.dataset, outcome_name="new_revenue", outcome_kind="revenue")
    both = replace(dataset, outcomes=(("existing_customers", dataset),))
    assert outcome_words(dataset, EUR) == ("new revenue", "new revenue")
    assert outcome_words(both, EUR) == ("new revenue", "new revenue and existing customers")
    report = ReportSettings(labels={"new_revenue": "revenue from new", "existing_customers": "existing customers"})
    told = replace(EUR, labels=labels_of(both, report))
    assert outcome_words(both, told) == ("revenue from new", "revenue from new and existing customers")

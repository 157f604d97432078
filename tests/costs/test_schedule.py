"""Prices as an exact function of the volume, held against arithmetic that walks through every unit."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from mmm.costs.schedule import schedule_of
from mmm.costs.settings import VendorSettings

TIERS = [{"to": 100, "price": 1.0}, {"to": 300, "price": 0.8}, {"price": 0.5}]


def vendor(tiers=TIERS, **changes):
    return VendorSettings.model_validate({"unit": "e-mails", "tiers": tiers} | changes)


def counted(v: VendorSettings, volume: int) -> Fraction:
    """The charge by counting units one by one, straight from the words of the settings."""
    units = max(volume, v.least_volume)
    exact = lambda number: Fraction(repr(float(number)))  # noqa: E731
    tiers, start = [], 0
    for tier in v.tiers:
        tiers.append((start, tier.to, exact(tier.price), exact(tier.fee)))
        start = (tier.to or 0) + 1
    holds = next(i for i, (first, last, _, _) in enumerate(tiers) if first <= units and (last is None or units <= last))
    if v.kind == "all_units":
        charge = tiers[holds][3] + units * tiers[holds][2]
    else:
        charge = sum((fee for _, _, _, fee in tiers[: holds + 1]), Fraction(0))
        for unit in range(1, units + 1):
            charge += next(price for first, last, price, _ in tiers if first <= unit and (last is None or unit <= last))
    return exact(v.fixed) + max(exact(v.minimum), (1 - exact(v.discount)) * charge)


def test_hand_values():
    marginal = schedule_of(vendor())
    assert [marginal.cost(v) for v in (0, 100, 101, 300, 400)] == [0, 100, Fraction("100.8"), 260, 310]
    whole = schedule_of(vendor(kind="all_units", fixed=10))
    assert [whole.cost(v) for v in (0, 100, 101, 300, 400)] == [10, 110, Fraction("90.8"), 250, 210]
    assert whole.breakpoints == (101, 301)
    # 10% off, at least 45: reached at 50 units, 0.9 each.
    least = schedule_of(vendor(discount=0.1, minimum=45))
    assert (least.cost(0), least.cost(50), least.cost(51)) == (45, 45, Fraction("45.9"))
    assert least.breakpoints == (50, 101, 301)


def test_a_tenth_is_a_tenth():
    priced = schedule_of(vendor([{"price": 0.1}]))
    assert priced.cost(3) == Fraction(3, 10)
    assert 3 * 0.1 != 0.3  # what doubles would say


def test_all_units_discounts_make_more_cost_less():
    prices = vendor([{"to": 9_999, "price": 0.01}, {"price": 0.008}], kind="all_units")
    schedule = schedule_of(prices)
    assert schedule.cost(9_900) == 99
    assert schedule.purchase(9_900) == (10_000, 80)
    assert schedule.purchase(8_000) == (8_000, 80)  # of equals the fewest
    assert schedule.bargains() == ((8_001, 9_999, 10_000),)
    bought = schedule.with_purchases()
    assert [bought.cost(v) for v in (8_000, 8_001, 10_000, 10_001)] == [80, 80, 80, Fraction("80.008")]
    assert bought.breakpoints == (8_001, 10_000)  # flat at 80 between them
    assert schedule.reach(9_900) == 12_375  # 99 at 0.008


def test_what_the_money_would_have_bought():
    flat = schedule_of(vendor([{"to": 10_000, "fee": 50}, {"to": 50_000, "fee": 120}], kind="all_units"))
    assert (flat.reach(1), flat.reach(10_001), flat.most) == (10_000, 50_000, 50_000)
    assert schedule_of(vendor([{"fee": 50}])).reach(7) is None
    assert schedule_of(vendor(minimum=80)).reach(10) == 80
    assert schedule_of(vendor()).reach(250) == 250


def test_volumes_beyond_the_last_tier_or_none():
    schedule = schedule_of(vendor([{"to": 10, "price": 1}]))
    assert schedule.costs(np.array([[0.0, 9.2], [10.0, 10.1]])).tolist() == [[0, 10], [10, np.inf]]
    with pytest.raises(ValueError, match="at most 10 units"):
        schedule.cost(11)
    for wrong in (-1.0, float("nan")):
        with pytest.raises(ValueError, match="0 or more"):
            schedule.costs(np.array([wrong]))


AMOUNT = st.decimals(0, 20, places=2).map(float)


@st.composite
def vendors(draw):
    steps = draw(st.lists(st.integers(1, 12), max_size=4))
    ends = [int(end) for end in np.cumsum(steps)]
    last = draw(st.one_of(st.none(), st.integers(20, 60).map(lambda extra: sum(steps) + extra)))
    tiers = [{"to": to, "price": draw(AMOUNT), "fee": draw(st.sampled_from([0, 0, 5.5, 30]))} for to in [*ends, last]]
    changes = {"kind": draw(st.sampled_from(["marginal", "all_units"])), "minimum": draw(AMOUNT) * 4}
    changes |= {"fixed": draw(AMOUNT), "discount": draw(st.sampled_from([0.0, 0.07, 0.25]))}
    return vendor(tiers, least_volume=draw(st.integers(0, 15)), **changes)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(vendors())
def test_pieces_are_the_settings_words_at_every_volume(priced):
    schedule = schedule_of(priced)
    largest = schedule.most or 70
    truth = [counted(priced, volume) for volume in range(largest + 1)]
    assert [schedule.cost(volume) for volume in range(largest + 1)] == truth
    np.testing.assert_allclose(schedule.costs(np.arange(largest + 1.0)), [float(cost) for cost in truth], rtol=1e-12)
    # Pieces follow each other, and a breakpoint is where something changes.
    ends = [piece.last for piece in schedule.pieces[:-1]]
    assert [first - 1 for first in schedule.breakpoints] == ends
    for before, after in zip(schedule.pieces, schedule.pieces[1:], strict=False):
        assert (before.base, before.price) != (after.base, after.price)
    if schedule.most is None:
        return
    cheapest = [min(truth[volume:]) for volume in range(largest + 1)]
    bought = schedule.with_purchases()
    assert [bought.cost(volume) for volume in range(largest + 1)] == cheapest
    for volume in range(largest + 1):
        units, cost = schedule.purchase(volume)
        assert (cost, truth[units]) == (cheapest[volume], cheapest[volume])
        assert schedule.reach(volume) == max(w for w in range(largest + 1) if truth[w] <= truth[volume])
    dear = {volume for first, last, _ in schedule.bargains() for volume in range(first, last + 1)}
    assert dear == {volume for volume in range(largest + 1) if cheapest[volume] < truth[volume]}
    assert all(truth[units] == cheapest[first] for first, _, units in schedule.bargains())


@pytest.mark.parametrize(
    ("tiers", "said"),
    [
        ([{"to": 100, "price": 1}, {"start": 100, "price": 0.5}], "overlap at units 100 to 100.*write to: 99"),
        ([{"to": 100, "price": 1}, {"start": 151, "price": 0.5}], "units 101 to 150 are in no tier"),
        ([{"start": 11, "price": 1}], "units 1 to 10 are in no tier"),
        ([{"price": 1}, {"price": 0.5}], "tier 1 has no last unit"),
        ([{"to": 100, "price": 1}, {"to": 90, "price": 0.5}], "tier 2 ends at 90, before it begins at 101"),
    ],
)
def test_tiers_that_overlap_or_leave_gaps_are_named(tiers, said):
    with pytest.raises(ValidationError, match=said):
        vendor(tiers)


def test_a_first_tier_may_begin_at_one_and_a_commitment_must_be_for_sale():
    assert schedule_of(vendor([{"start": 1, "to": 10, "price": 2}])).cost(0) == 0
    with pytest.raises(ValidationError, match="more than the 10 of the last tier"):
        vendor([{"to": 10, "price": 1}], least_volume=11)

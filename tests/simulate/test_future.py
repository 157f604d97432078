"""Plans scored against the truth, and the oracle's allocation."""

import itertools

import numpy as np
import pytest

from mmm.errors import SettingsError
from mmm.simulate import (
    Adstock,
    Budget,
    Channel,
    Flighting,
    MediaUnit,
    Saturation,
    Synergy,
    Truth,
    World,
    best_allocation,
    simulate,
    spend_profile,
)


def _world(*channels: Channel, **more: object) -> Truth:
    return simulate(World(channels=channels, weeks=60, seed=5, **more)).truth  # type: ignore[arg-type]


def _curves(*shapes: Saturation) -> Truth:
    rates = (1.0, 2.0, 3.0)
    return _world(
        *(
            Channel(f"c{i}", 1000.0, roas=rates[i], saturation=shape, adstock=Adstock(alpha=0.3 * i, max_lag=8))
            for i, shape in enumerate(shapes)
        )
    )


def test_a_plan_after_a_pause_follows_the_curve() -> None:
    flat = Channel("tv", 1000.0, adstock=Adstock(alpha=0.0, max_lag=2), saturation=Saturation(k=2.0))
    truth = _world(flat)
    beta, scale = truth.mechanism.beta[0, 0], truth.mechanism.scale[0] * truth.mechanism.size[0]
    # Once the mean in the first period, nothing in the second: 1 / (2 + 1) of the full effect.
    np.testing.assert_allclose(truth.response(np.array([scale, 0.0])[:, None, None]), beta / 3)


def test_response_leaves_the_carry_in_out_but_feels_it() -> None:
    truth = _curves(Saturation(k=0.5), Saturation(k=0.5))
    nothing = np.zeros((5, 1, 2))
    assert truth.response(nothing) == 0.0
    plan = truth.reference_plan(5)
    # The same plan from rest brings more, as nothing has saturated the channel that carries over yet.
    rested = truth.mechanism.joint_effect(plan[:0], plan, np.ones((5, 2))).sum()
    assert truth.response(plan) < rested
    np.testing.assert_allclose(truth.response_by_channel(plan).sum(), truth.response(plan))


def test_response_counts_the_carryover_after_the_plan() -> None:
    truth = _world(Channel("tv", 1000.0, adstock=Adstock(alpha=0.7, max_lag=20), saturation=Saturation(k=1e6)))
    plan = np.full((4, 1, 1), 500.0)
    # On a straight line every unit of money brings the same, whenever it is spent.
    np.testing.assert_allclose(truth.response(plan), 2000.0 * truth.roas[0], rtol=1e-3)


def test_response_rises_with_spend_at_a_falling_rate() -> None:
    truth = _curves(Saturation(k=1.0), Saturation(k=1.0))
    plan = truth.reference_plan(8)
    values = [truth.response(level * plan) for level in np.linspace(0.0, 3.0, 7)]
    steps = np.diff(values)
    assert (steps > 0).all()
    assert (np.diff(steps) < 0).all()


def test_future_media_are_bought_at_the_last_prices() -> None:
    channel = Channel("tv", 1000.0, unit=MediaUnit(cost_per_thousand=5.0, drift_sd=0.3))
    truth = _world(channel, geos=("a", "b"))
    expected = truth.spend[-13:, :, 0].sum(axis=0) / truth.media[-13:, :, 0].sum(axis=0)
    np.testing.assert_allclose(truth.future_price[:, 0], expected)


def test_money_becomes_media_before_it_acts() -> None:
    unit = MediaUnit(cost_per_thousand=5.0, geo_sd=0.0, drift_sd=0.0)
    truth = _world(Channel("tv", 1000.0, roas=2.0, unit=unit, saturation=Saturation(k=1e6)))
    np.testing.assert_allclose(truth.response(np.full((3, 1, 1), 400.0)), 2.0 * 1200.0, rtol=1e-2)


def test_unusable_plans_are_refused() -> None:
    truth = _curves(Saturation(), Saturation())
    with pytest.raises(SettingsError, match="shape"):
        truth.response(np.zeros((4, 2)))
    with pytest.raises(SettingsError, match="negative"):
        truth.response(np.full((4, 1, 2), -1.0))
    with pytest.raises(SettingsError, match="horizon"):
        truth.reference_plan(61)


def test_profile_is_the_reference_mix_and_even_for_a_paused_channel() -> None:
    rare = Channel("rare", 100.0, flighting=Flighting("bursts", on_weeks=1, off_weeks=200))
    truth = _world(Channel("tv", 1000.0), rare)
    truth.spend[-4:, :, 1] = 0.0
    profile = spend_profile(truth, 4)
    np.testing.assert_allclose(profile.sum(axis=(0, 1)), 1.0)
    np.testing.assert_allclose(profile[:, 0, 1], 0.25)
    assert truth.spend[:, :, 1].sum() == 0.0  # it never ran, so the population decides
    np.testing.assert_allclose(profile[:, 0, 0], truth.spend[-4:, 0, 0] / truth.spend[-4:, 0, 0].sum())


def test_straight_lines_fill_the_best_channel_first() -> None:
    straight = Saturation(k=1e7)
    truth = _curves(straight, straight, straight)
    found = best_allocation(truth, Budget(1000.0, np.zeros(3), np.array([900.0, 700.0, 200.0])))
    np.testing.assert_allclose(found.spend, [100.0, 700.0, 200.0], atol=0.01)
    np.testing.assert_allclose(found.response, truth.response(found.plan))


def test_no_money_goes_where_a_margin_does_not_pay_for_it() -> None:
    straight = Saturation(k=1e7)
    truth = _curves(straight, straight, straight)
    limits = np.zeros(3), np.full(3, 500.0)
    found = best_allocation(truth, Budget(2000.0, *limits), margin=0.45)
    # Returns of 1, 2 and 3 at a margin of 45%: only the third earns its money back.
    np.testing.assert_allclose(found.spend, [0.0, 0.0, 500.0], atol=0.01)
    forced = best_allocation(truth, Budget(1200.0, *limits), margin=0.45, spend_all=True)
    np.testing.assert_allclose(forced.spend, [200.0, 500.0, 500.0], atol=0.01)


@pytest.mark.parametrize("slope", [1.0, 3.0])
def test_the_oracle_beats_every_point_of_a_fine_grid(slope: float) -> None:
    truth = _curves(*(Saturation(k=k, slope=slope) for k in (0.6, 1.5, 2.5)))
    total, lower, upper = 30_000.0, np.full(3, 2_000.0), np.full(3, 24_000.0)
    found = best_allocation(truth, Budget(total, lower, upper))
    assert found.spend.sum() <= total * (1 + 1e-9)
    profile, best = spend_profile(truth, 13), 0.0
    for a, b in itertools.product(np.linspace(2_000.0, 24_000.0, 23), repeat=2):
        rest = total - a - b
        if lower[2] <= rest <= upper[2]:
            best = max(best, truth.response(profile * np.array([a, b, rest])))
    assert found.response >= best * (1 - 1e-5)
    assert found.response < best * 1.02


def test_the_oracle_knows_synergies() -> None:
    channels = (
        Channel("tv", 1000.0, roas=1.0, saturation=Saturation(k=1.0)),
        Channel("search", 1000.0, roas=1.2, saturation=Saturation(k=1.0)),
        Channel("radio", 1000.0, roas=1.1, saturation=Saturation(k=1.0)),
    )
    bounds = np.full(3, 5_000.0), np.full(3, 20_000.0)
    alone = best_allocation(_world(*channels), Budget(30_000.0, *bounds))
    helped = best_allocation(_world(*channels, synergies=(Synergy("search", "tv", 1.5),)), Budget(30_000.0, *bounds))
    assert helped.spend[0] > alone.spend[0] + 500.0
    assert helped.spend[2] < alone.spend[2] - 500.0


@pytest.mark.parametrize(
    ("budget", "message"),
    [
        (Budget(10.0, np.array([6.0, 6.0]), np.array([9.0, 9.0])), "lower bounds sum"),
        (Budget(10.0, np.array([6.0, 1.0]), np.array([5.0, 9.0])), "not above the upper"),
        (Budget(10.0, np.zeros(3), np.ones(3)), "each of the 2 channels"),
    ],
)
def test_impossible_budgets_are_refused(budget: Budget, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        best_allocation(_curves(Saturation(), Saturation()), budget)
